#include "xwhelper/gate/talk.h"

#include <errno.h>
#include <poll.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "common/exitcode.h"

/* How long xwsh may leave its pipe full before the gate stops talking to it, in ms. */
enum { STALLED_READER = 30000 };

static void write_out(const char *text, size_t length)
{
    struct pollfd out = {.fd = STDOUT_FILENO, .events = POLLOUT};

    while (length > 0) {
        if (poll(&out, 1, STALLED_READER) <= 0 || !(out.revents & POLLOUT))
            return;
        ssize_t n = write(STDOUT_FILENO, text, length);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return;
        text += n;
        length -= (size_t)n;
    }
}

void xw_gate_say(const char *format, ...)
{
    char line[XW_LINE_MAX];
    va_list args;

    va_start(args, format);
    int n = vsnprintf(line, sizeof(line) - 1, format, args);
    va_end(args);
    if (n < 0)
        return;
    size_t length = strnlen(line, sizeof(line) - 2);
    line[length++] = '\n';
    write_out(line, length);
}

int xw_gate_send(int keeper, const struct xw_request *request, int viewer)
{
    char line[XW_LINE_MAX];
    int length = xw_request_format(request, line);
    union {
        struct cmsghdr header;
        char space[CMSG_SPACE(sizeof(int))];
    } control = {.space = {0}};

    if (length < 0)
        return length;
    struct iovec data = {.iov_base = line, .iov_len = (size_t)length};
    struct msghdr message = {.msg_iov = &data, .msg_iovlen = 1};
    if (viewer >= 0) {
        message.msg_control = &control;
        message.msg_controllen = sizeof(control.space);
        struct cmsghdr *header = CMSG_FIRSTHDR(&message);
        header->cmsg_level = SOL_SOCKET;
        header->cmsg_type = SCM_RIGHTS;
        header->cmsg_len = CMSG_LEN(sizeof(int));
        memcpy(CMSG_DATA(header), &viewer, sizeof(int));
    }
    ssize_t n = sendmsg(keeper, &message, MSG_NOSIGNAL);
    return n < 0 ? -errno : n == length ? 0 : -EIO;
}

/* Looks at one whole line; returns true and sets *code at `end`. */
static bool look_at(char *line, int *code, void (*opened)(void *), void *data)
{
    unsigned long value;

    if (strcmp(line, "open") == 0 && opened)
        opened(data);
    if (strncmp(line, "end ", 4) != 0 || xw_number(line + 4, 125, &value) < 0)
        return false;
    *code = (int)value;
    return true;
}

int xw_gate_pass_on(int keeper, void (*opened)(void *), void *data)
{
    char buffer[XW_LINE_MAX];
    size_t used = 0;
    int code = XW_EXIT_TRY_AGAIN;

    while (used < sizeof(buffer)) {
        ssize_t n = read(keeper, buffer + used, sizeof(buffer) - used);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            break;
        used += (size_t)n;
        char *newline;
        while ((newline = memchr(buffer, '\n', used)) != NULL) {
            size_t length = (size_t)(newline - buffer) + 1;
            write_out(buffer, length);
            *newline = '\0';
            if (look_at(buffer, &code, opened, data))
                return code;
            used -= length;
            memmove(buffer, newline + 1, used);
        }
    }
    xw_gate_say("error the lab's keeper broke off; try again in a moment");
    xw_gate_say("end %d", XW_EXIT_TRY_AGAIN);
    return XW_EXIT_TRY_AGAIN;
}
