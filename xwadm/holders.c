#include "xwadm/holders.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/pidfd.h>

#include "common/cleanup.h"
#include "common/names.h"

enum { PATH_SIZE = 64, DIGITS = 12 };

void xw_process_clear(struct xw_process *process)
{
    free(process->gids);
    process->gids = NULL;
    process->gid_count = 0;
}

/* The next number of a line, or false; *text moves on. */
static bool next_number(const char **text, unsigned long *value)
{
    char *end;

    *text += strspn(*text, " \t");
    if (**text < '0' || **text > '9')
        return false;
    errno = 0;
    *value = strtoul(*text, &end, 10);
    *text = end;
    return errno == 0 && *value <= UINT_MAX;
}

static int take_uids(struct xw_process *process, const char *text)
{
    unsigned long value;

    for (int i = 0; i < XW_PROCESS_UIDS; i++) {
        if (!next_number(&text, &value))
            return -EBADMSG;
        process->uids[i] = (uid_t)value;
    }
    return 0;
}

/* Adds the numbers of a line to the groups; returns how many. */
static int take_gids(struct xw_process *process, const char *text)
{
    unsigned long value;
    int count = 0;

    for (; next_number(&text, &value); count++) {
        if ((process->gid_count & (process->gid_count - 1)) == 0) {
            size_t room = process->gid_count ? 2 * process->gid_count : 1;
            gid_t *more = reallocarray(process->gids, room, sizeof(*more));
            if (!more)
                return -ENOMEM;
            process->gids = more;
        }
        process->gids[process->gid_count++] = (gid_t)value;
    }
    return count;
}

int xw_process_line(struct xw_process *process, const char *line)
{
    unsigned long value;
    int rc;

    if (strncmp(line, "PPid:", 5) == 0) {
        line += 5;
        if (!next_number(&line, &value) || value > INT_MAX)
            return -EBADMSG;
        process->parent = (pid_t)value;
    } else if (strncmp(line, "Uid:", 4) == 0) {
        return take_uids(process, line + 4);
    } else if (strncmp(line, "Gid:", 4) == 0) {
        rc = take_gids(process, line + 4);
        return rc < 0 ? rc : rc == XW_PROCESS_GIDS ? 0 : -EBADMSG;
    } else if (strncmp(line, "Groups:", 7) == 0) {
        rc = take_gids(process, line + 7);
        return rc < 0 ? rc : 0;
    }
    return 0;
}

bool xw_process_holds(const struct xw_process *process, const struct xw_held *held)
{
    bool theirs = false;

    for (int i = 0; i < XW_PROCESS_UIDS; i++)
        theirs = theirs || process->uids[i] == held->uid;
    for (size_t i = 0; theirs && i < process->gid_count; i++) {
        for (size_t j = 0; j < held->gid_count; j++) {
            if (process->gids[i] == held->gids[j])
                return true;
        }
    }
    return false;
}

static int read_status(struct xw_process *process)
{
    char path[PATH_SIZE];
    XW_AUTO_FREE char *line = NULL;
    size_t size = 0;
    int rc = 0;

    snprintf(path, sizeof(path), "/proc/%d/status", (int)process->pid);
    XW_AUTO_FCLOSE FILE *file = fopen(path, "re");
    if (!file)
        return -errno;
    while (rc == 0 && getline(&line, &size, file) >= 0)
        rc = xw_process_line(process, line);
    if (rc == 0 && ferror(file))
        rc = -EIO;
    return rc < 0 ? rc : process->gid_count < XW_PROCESS_GIDS ? -EBADMSG : 0;
}

bool xw_process_ended(int pidfd)
{
    struct pollfd ended = {.fd = pidfd, .events = POLLIN};

    return poll(&ended, 1, 0) != 0;
}

static int visit_one(pid_t pid, xw_process_visit visit, void *data)
{
    struct xw_process process = {.pid = pid};
    XW_AUTO_CLOSE int pidfd = pidfd_open(pid, 0);

    if (pidfd < 0)
        return errno == ESRCH ? 0 : -errno;
    int rc = read_status(&process);
    if (rc == 0 && !xw_process_ended(pidfd))
        rc = visit(&process, pidfd, data);
    xw_process_clear(&process);
    /* What has ended meanwhile can't be examined, and need not be. */
    return rc < 0 && xw_process_ended(pidfd) ? 0 : rc;
}

int xw_processes(xw_process_visit visit, void *data, struct xw_error *err)
{
    XW_AUTO_CLOSEDIR DIR *proc = opendir("/proc");
    const struct dirent *entry;
    unsigned long pid;
    int rc = 0;

    if (!proc)
        return xw_fail_errno(err, -errno, "/proc can't be opened");
    while (errno = 0, rc == 0 && (entry = readdir(proc))) {
        if (xw_number(entry->d_name, INT_MAX, &pid) == 0 && pid > 0)
            rc = visit_one((pid_t)pid, visit, data);
        if (rc < 0)
            return xw_fail_errno(err, rc, "the process %lu can't be examined", pid);
    }
    return errno ? xw_fail_errno(err, -errno, "/proc can't be read") : 0;
}

struct counting {
    const struct xw_held *held;
    ssize_t count;
};

static int count_one(const struct xw_process *process, int pidfd, void *data)
{
    struct counting *counting = data;

    (void)pidfd;
    counting->count += xw_process_holds(process, counting->held);
    return 0;
}

ssize_t xw_holders_count(const struct xw_held *held, struct xw_error *err)
{
    struct counting counting = {.held = held};
    int rc = xw_processes(count_one, &counting, err);

    return rc < 0 ? rc : counting.count;
}
