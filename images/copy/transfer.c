#include "transfer.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "archive.h"

/* What a put writes to: a file beside its place, or tar. */
struct sink {
    int fd;
    struct archive archive; /* with fd < 0 */
    char place[PATH_MAX];
    char aside[PATH_MAX + 8];
};

static int answer(struct port *port, const struct xw_copy_request *request, enum xw_copy_kind kind,
                  const char *words)
{
    unsigned char frame[XW_COPY_FRAME];
    struct xw_copy_answer told = {.good = words == NULL};

    memcpy(told.token, request->token, sizeof(told.token));
    snprintf(told.words, sizeof(told.words), "%s", words ? words : "");
    return port_send(port, frame, xw_copy_write_answer(frame, kind, &told), false);
}

/* "PATH: why", in the room that an answer has. */
static const char *say(char *words, const char *path, const char *why)
{
    snprintf(words, XW_COPY_WORDS_SIZE, "%.150s: %s", path, why);
    return words;
}

static int write_all(int fd, const unsigned char *bytes, size_t count)
{
    while (count > 0) {
        ssize_t n = write(fd, bytes, count);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return n < 0 ? -errno : -EIO;
        bytes += n;
        count -= (size_t)n;
    }
    return 0;
}

/* --- Into the machine ------------------------------------------------------------------------- */

/* A file that is there keeps its owner and mode; a link to it stays. */
static const char *open_aside(struct sink *sink, const char *path, char *words)
{
    struct stat info;

    if (!realpath(path, sink->place))
        snprintf(sink->place, sizeof(sink->place), "%s", path);
    const bool there = stat(sink->place, &info) == 0;
    if ((there && S_ISDIR(info.st_mode)) || path[strlen(path) - 1] == '/')
        return say(words, path, there ? "is a directory; say which file in it" : strerror(ENOENT));
    if (there && !S_ISREG(info.st_mode))
        return say(words, path, "is no regular file");
    snprintf(sink->aside, sizeof(sink->aside), "%s.XXXXXX", sink->place);
    sink->fd = mkostemp(sink->aside, O_CLOEXEC);
    if (sink->fd < 0)
        return say(words, path, strerror(errno));
    if (fchmod(sink->fd, there ? info.st_mode & 07777 : 0644) < 0 ||
        (there && fchown(sink->fd, info.st_uid, info.st_gid) < 0)) {
        say(words, path, strerror(errno));
        close(sink->fd);
        unlink(sink->aside);
        return words;
    }
    return NULL;
}

static const char *open_sink(struct sink *sink, const struct xw_copy_request *request, char *words)
{
    struct stat info;

    *sink = (struct sink){.fd = -1};
    if (!request->tar)
        return open_aside(sink, request->path, words);
    if (stat(request->path, &info) < 0)
        return say(words, request->path, strerror(errno));
    if (!S_ISDIR(info.st_mode))
        return say(words, request->path, "is no directory; an archive is unpacked below one");
    int rc = archive_unpack(&sink->archive, request->path);
    return rc < 0 ? say(words, "tar", strerror(-rc)) : NULL;
}

/* keep: the host has sent all of it. Returns NULL or what has gone wrong. */
static const char *close_sink(struct sink *sink, bool keep, char *words)
{
    const char *why = NULL;

    if (sink->fd < 0)
        return archive_end(&sink->archive, !keep, words, XW_COPY_WORDS_SIZE) < 0 ? words : NULL;
    if (keep && fsync(sink->fd) < 0)
        why = say(words, sink->place, strerror(errno));
    if (close(sink->fd) < 0 && keep && !why)
        why = say(words, sink->place, strerror(errno));
    if (keep && !why && rename(sink->aside, sink->place) < 0)
        why = say(words, sink->place, strerror(errno));
    if (!keep || why)
        unlink(sink->aside);
    return why;
}

/*
 * Writes what comes. Returns 0 at its end, -EPIPE where the host has gone, 1 at another request;
 * another negative errno where it can't be written.
 */
static int take_data(struct port *port, const struct sink *sink, struct xw_copy_request *next)
{
    const int fd = sink->fd < 0 ? sink->archive.bytes : sink->fd;
    struct xw_copy_frame frame;

    while (port_next(port, &frame) == 1) {
        if (frame.kind == XW_COPY_END)
            return 0;
        if (frame.kind == XW_COPY_REQUEST && xw_copy_read_request(&frame, next) == 0)
            return 1;
        int rc = frame.kind == XW_COPY_DATA ? write_all(fd, frame.bytes, frame.length) : 0;
        if (rc < 0)
            return rc == -EPIPE ? -EIO : rc;
    }
    return -EPIPE;
}

static int put(struct port *port, const struct xw_copy_request *request,
               struct xw_copy_request *next)
{
    char words[XW_COPY_WORDS_SIZE] = "";
    struct sink sink;
    const char *why = open_sink(&sink, request, words);

    if (answer(port, request, XW_COPY_READY, why) < 0 && !why) {
        close_sink(&sink, false, words);
        return 0;
    }
    if (why)
        return 0;
    int rc = take_data(port, &sink, next);
    const bool gone = rc == 1 || rc == -EPIPE;
    /* tar that has ended before its archive has said why; a disk that is full has no other words.
     */
    const bool whole = rc == 0 || (!gone && sink.fd < 0);
    why = close_sink(&sink, whole, words);
    if (rc < 0 && !gone && !why)
        why = say(words, request->path, strerror(-rc));
    if (!gone)
        answer(port, request, XW_COPY_DONE, why);
    return rc == 1;
}

/* --- Out of the machine ----------------------------------------------------------------------- */

/* Fills a frame, so that only the last one isn't full. Returns its bytes, 0 at the end, -errno. */
static ssize_t read_chunk(int fd, unsigned char *bytes)
{
    size_t used = 0;

    while (used < XW_COPY_CHUNK) {
        ssize_t n = read(fd, bytes + used, XW_COPY_CHUNK - used);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return -errno;
        if (n == 0)
            break;
        used += (size_t)n;
    }
    return (ssize_t)used;
}

/* Returns 0, -EPIPE where the host has gone or asks for something else, or another errno. */
static int send_data(struct port *port, int fd)
{
    unsigned char frame[XW_COPY_FRAME];
    unsigned char bytes[XW_COPY_CHUNK];
    ssize_t n;

    while ((n = read_chunk(fd, bytes)) > 0) {
        const size_t count = xw_copy_write(frame, XW_COPY_DATA, bytes, (size_t)n);
        if (port_send(port, frame, count, true) < 0)
            return -EPIPE;
    }
    return n < 0 && n == -EPIPE ? -EIO : (int)n;
}

/* Opens what is asked for: *fd, or where that stays negative the archive. */
static const char *open_source(const struct xw_copy_request *request, int *fd,
                               struct archive *archive, char *words)
{
    struct stat info;

    *fd = -1;
    if (request->tar) {
        if (lstat(request->path, &info) < 0)
            return say(words, request->path, strerror(errno));
        int rc = archive_pack(archive, request->path);
        return rc < 0 ? say(words, "tar", strerror(-rc)) : NULL;
    }
    /* Something that isn't a regular file could make this wait for ever. */
    *fd = open(request->path, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
    if (*fd < 0)
        return say(words, request->path, strerror(errno));
    if (fstat(*fd, &info) == 0 && S_ISREG(info.st_mode))
        return NULL;
    close(*fd);
    return say(words, request->path,
               S_ISDIR(info.st_mode) ? "is a directory; --tar copies it with what is in it"
                                     : "is no regular file");
}

static int get(struct port *port, const struct xw_copy_request *request)
{
    unsigned char end[XW_COPY_FRAME];
    char words[XW_COPY_WORDS_SIZE] = "";
    struct archive archive = {0};
    int fd;
    const char *why = open_source(request, &fd, &archive, words);
    int rc = answer(port, request, XW_COPY_READY, why);

    if (why)
        return 0;
    if (rc == 0)
        rc = send_data(port, fd < 0 ? archive.bytes : fd);
    if (rc < 0 && rc != -EPIPE)
        why = say(words, request->path, strerror(-rc));
    if (fd >= 0)
        close(fd);
    else if (archive_end(&archive, rc < 0, words, sizeof(words)) < 0 && rc == 0)
        why = words;
    if (rc != -EPIPE && port_send(port, end, xw_copy_write(end, XW_COPY_END, NULL, 0), true) == 0)
        answer(port, request, XW_COPY_DONE, why);
    return 0;
}

int transfer_serve(struct port *port, const struct xw_copy_request *request,
                   struct xw_copy_request *next)
{
    return request->put ? put(port, request, next) : get(port, request);
}
