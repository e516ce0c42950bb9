#include "xwhelper/keeper/presence.h"

#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/pidfd.h>
#include <time.h>

#include "common/cleanup.h"
#include "common/names.h"

enum { PATH_SIZE = 64, MILLISECONDS = 1000, NANOSECONDS_PER_MS = 1000000 };

static int64_t now_ms(void)
{
    struct timespec now;

    if (clock_gettime(CLOCK_MONOTONIC, &now) < 0)
        abort();
    return (int64_t)now.tv_sec * MILLISECONDS + now.tv_nsec / NANOSECONDS_PER_MS;
}

/*
 * Whether the process is that person's and has not ended: 1, or 0, as for one that is gone. One
 * that can't be looked at may be anybody's: a negative errno.
 */
static int is_theirs(unsigned long pid, uid_t uid)
{
    char path[PATH_SIZE];
    char line[256];

    snprintf(path, sizeof(path), "/proc/%lu/status", pid);
    XW_AUTO_FCLOSE FILE *file = fopen(path, "re");
    if (!file)
        return errno == ENOENT || errno == ESRCH ? 0 : -errno;
    while (errno = 0, fgets(line, sizeof(line), file)) {
        if (strncmp(line, "State:\tZ", 8) == 0 || strncmp(line, "State:\tX", 8) == 0)
            return 0;
        if (strncmp(line, "Uid:\t", 5) == 0)
            return strtoul(line + 5, NULL, 10) == uid;
    }
    /* It has ended since it was opened. */
    return errno == ESRCH ? 0 : -errno;
}

/*
 * systemd's ProtectProc= mounts a /proc in which other users' processes aren't (proc(5), hidepid):
 * nobody would seem to be here.
 */
static int check_visible(struct xw_error *err)
{
    XW_AUTO_FCLOSE FILE *file = fopen("/proc/self/mountinfo", "re");
    char line[4096];

    if (!file)
        return xw_fail_errno(err, -errno, "/proc/self/mountinfo can't be opened");
    while (fgets(line, sizeof(line), file)) {
        if (strstr(line, " /proc ") && strstr(line, "hidepid=") && !strstr(line, "hidepid=off"))
            return xw_fail(err, -EPERM,
                           "The keeper doesn't see who is logged in; suspend-on-logout takes "
                           "ProtectProc=default in its unit, see xworlds.conf(5)");
    }
    return 0;
}

/* A pidfd of one of the person's processes; -ESRCH: there is none; or another negative errno. */
static int find_one(uid_t uid)
{
    XW_AUTO_CLOSEDIR DIR *proc = opendir("/proc");
    const struct dirent *entry;
    unsigned long pid;

    if (!proc)
        return -errno;
    while (errno = 0, (entry = readdir(proc)) != NULL) {
        if (xw_number(entry->d_name, INT_MAX, &pid) < 0 || pid == 0)
            continue;
        int rc = is_theirs(pid, uid);
        if (rc < 0)
            return rc;
        if (rc == 0)
            continue;
        int fd = pidfd_open((pid_t)pid, 0);
        if (fd >= 0 || errno != ESRCH)
            return fd >= 0 ? fd : -errno;
    }
    return errno ? -errno : -ESRCH;
}

int xw_presence_wait(uid_t uid, unsigned int seconds, struct xw_error *err)
{
    const int64_t deadline = now_ms() + (int64_t)seconds * MILLISECONDS;

    int rc = check_visible(err);
    if (rc < 0)
        return rc;
    for (;;) {
        XW_AUTO_CLOSE int one = find_one(uid);
        if (one == -ESRCH)
            return 1;
        if (one < 0)
            return xw_fail_errno(err, one, "The processes of the uid %u can't be looked at", uid);
        struct pollfd ended = {.fd = one, .events = POLLIN};
        int64_t left = deadline - now_ms();
        if (left <= 0 || poll(&ended, 1, (int)left) == 0)
            return 0;
    }
}
