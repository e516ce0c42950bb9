#include "xwhelper/keeper/history.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/cleanup.h"
#include "xwhelper/relay/frame.h"

enum { STEP_MS = 5, SUFFIX_SIZE = 4 };

static int open_file(const char *path)
{
    struct stat info;
    int fd = open(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);

    if (fd >= 0 && (fstat(fd, &info) < 0 || !S_ISREG(info.st_mode))) {
        close(fd);
        return -1;
    }
    return fd;
}

/* Whether it was rotated between the two: what was the newest is then the one before. */
static bool is_same(int newest, int before)
{
    struct stat a = {0};
    struct stat b = {0};

    return fstat(newest, &a) == 0 && fstat(before, &b) == 0 && a.st_dev == b.st_dev &&
           a.st_ino == b.st_ino;
}

struct xw_history xw_history_open(const struct xw_machine *machine)
{
    struct xw_history history = {-1, -1};
    char path[PATH_MAX];
    char older[PATH_MAX + SUFFIX_SIZE];

    if (xw_machine_log_path(machine, path, sizeof(path)) < 0)
        return history;
    snprintf(older, sizeof(older), "%s.0", path);
    history.newest = open_file(path);
    history.before = open_file(older);
    if (is_same(history.newest, history.before)) {
        close(history.newest);
        history.newest = open_file(path);
    }
    return history;
}

/* 0 where there is none. */
static off_t size_of(int fd)
{
    struct stat info;

    return fstat(fd, &info) == 0 ? info.st_size : 0;
}

/* Bytes that wait in the console's stream; they stay there. */
static off_t count_waiting(int guest)
{
    static char bytes[XW_HISTORY_PEEK];
    ssize_t n = recv(guest, bytes, sizeof(bytes), MSG_PEEK | MSG_DONTWAIT);

    return n < 0 ? 0 : n;
}

/*
 * How much of the two files, taken as one, is from before the console was opened; before: the size
 * of the older.
 */
static off_t find_end(int newest, off_t before, int guest)
{
    off_t end = 0;
    off_t size = -1;
    int still = 0;

    for (int waited = 0; still < XW_HISTORY_STILL_MS && waited < XW_HISTORY_PATIENCE_MS;
         waited += STEP_MS) {
        off_t now = size_of(newest);
        /* Looked at after the log: by then it has at least what the log has. */
        off_t waiting = count_waiting(guest);
        if (waiting < XW_HISTORY_PEEK && before + now - waiting > end)
            end = before + now - waiting;
        still = now == size ? still + STEP_MS : 0;
        size = now;
        poll(NULL, 0, STEP_MS);
    }
    return end;
}

static bool read_part(int fd, off_t from, off_t to, char *bytes)
{
    return from >= to || pread(fd, bytes, (size_t)(to - from), from) == (ssize_t)(to - from);
}

/* A pipe with these bytes, of which the last are kept where not all have room. */
static int fill_pipe(const char *bytes, size_t count)
{
    int ends[2];

    if (pipe2(ends, O_NONBLOCK | O_CLOEXEC) < 0)
        return -errno;
    XW_AUTO_CLOSE int in = ends[1];
    int room = fcntl(in, F_GETPIPE_SZ);
    size_t fits = room < 0 ? 0 : (size_t)room < count ? (size_t)room : count;
    if (fits > 0 && write(in, bytes + count - fits, fits) == (ssize_t)fits)
        return ends[0];
    close(ends[0]);
    return -EIO;
}

int xw_history_take(const struct xw_history *history, int guest)
{
    static char bytes[XW_RELAY_HISTORY_MAX];

    if (history->newest < 0 && history->before < 0)
        return -ENOENT;
    const off_t before = size_of(history->before);
    const off_t end = find_end(history->newest, before, guest);
    const off_t begin = end > XW_RELAY_HISTORY_MAX ? end - XW_RELAY_HISTORY_MAX : 0;
    const off_t middle = before < begin ? begin : before < end ? before : end;
    if (end == 0)
        return -ENODATA;
    if (!read_part(history->before, begin, middle, bytes) ||
        !read_part(history->newest, middle - before, end - before, bytes + (middle - begin)))
        return -EIO;
    return fill_pipe(bytes, (size_t)(end - begin));
}
