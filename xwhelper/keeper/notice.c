#include "xwhelper/keeper/notice.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/cleanup.h"

enum { PATH_SIZE = PATH_MAX + 8 };

static int path_of(const struct xw_machine *machine, char path[PATH_SIZE])
{
    char console[PATH_MAX];
    int rc = xw_machine_console_path(machine, console, sizeof(console));

    if (rc == 0)
        snprintf(path, PATH_SIZE, "%s.notice", console);
    return rc;
}

int xw_notice_make(const struct xw_machine *machine, struct xw_error *err)
{
    char path[PATH_SIZE];
    int rc = path_of(machine, path);

    if (rc == 0 && mkfifo(path, 0600) < 0 && errno != EEXIST)
        rc = -errno;
    /* For reading and writing, so that it never ends for who waits for it (fifo(7)). */
    int fd = rc == 0 ? open(path, O_RDWR | O_NONBLOCK | O_NOFOLLOW | O_CLOEXEC) : rc;
    if (fd >= 0)
        return fd;
    return xw_fail_errno(err, rc < 0 ? rc : -errno,
                         "The notices of the console of %s can't be "
                         "opened",
                         machine->machine);
}

/* Fails with ENXIO where nobody has it open for reading. */
static int open_for_writing(const struct xw_machine *machine)
{
    char path[PATH_SIZE];
    int rc = path_of(machine, path);

    if (rc < 0)
        return rc;
    int fd = open(path, O_WRONLY | O_NONBLOCK | O_NOFOLLOW | O_CLOEXEC);
    return fd >= 0 ? fd : errno == ENOENT ? -ENXIO : -errno;
}

int xw_notice_send(const struct xw_machine *machine, unsigned char notice)
{
    XW_AUTO_CLOSE int fd = open_for_writing(machine);

    if (fd < 0)
        return fd;
    return write(fd, &notice, 1) == 1 ? 0 : -errno;
}

int xw_notice_look(const struct xw_machine *machine, struct xw_notice_state *state)
{
    char path[PATH_SIZE];
    struct stat info;
    XW_AUTO_CLOSE int fd = open_for_writing(machine);

    *state = (struct xw_notice_state){.open = fd >= 0};
    if (fd < 0 && fd != -ENXIO)
        return fd;
    int rc = path_of(machine, path);
    if (rc < 0)
        return rc;
    if (stat(path, &info) < 0)
        return errno == ENOENT ? 0 : -errno;
    state->when = (uint64_t)info.st_mtim.tv_sec * 1000000000 + (uint64_t)info.st_mtim.tv_nsec;
    return 0;
}

void xw_notice_remove(const char *console)
{
    char path[PATH_SIZE];

    snprintf(path, sizeof(path), "%s.notice", console);
    unlink(path);
}
