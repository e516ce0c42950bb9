#include "xwsh/lines.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

int xw_lines_fill(struct xw_lines *lines, int fd)
{
    if (lines->start > 0) {
        lines->used -= lines->start;
        memmove(lines->buffer, lines->buffer + lines->start, lines->used);
        lines->start = 0;
    }
    size_t room = sizeof(lines->buffer) - lines->used;
    if (room == 0)
        return 0;
    ssize_t got = read(fd, lines->buffer + lines->used, room);
    if (got < 0)
        return errno == EAGAIN || errno == EINTR ? 0 : -errno;
    if (got == 0)
        lines->at_end = true;
    lines->used += (size_t)got;
    return 0;
}

int xw_lines_next(struct xw_lines *lines, char **line)
{
    char *start = lines->buffer + lines->start;
    size_t waiting = lines->used - lines->start;
    char *end = memchr(start, '\n', waiting);

    if (!end) {
        if (waiting == sizeof(lines->buffer))
            return -EMSGSIZE;
        return lines->at_end && waiting > 0 ? -EBADMSG : 0;
    }
    lines->start += (size_t)(end - start) + 1;
    *end = '\0';
    if (strlen(start) != (size_t)(end - start))
        return -EBADMSG;
    *line = start;
    return 1;
}
