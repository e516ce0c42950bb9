/*
 * A test's own root: a user and a mount namespace in which it is uid 0 and may mount, whoever runs
 * it, so that what needs files of root in fixed places can be tested without touching the machine.
 */
#ifndef XW_TESTS_PRIVATE_ROOT_H
#define XW_TESTS_PRIVATE_ROOT_H

#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <unistd.h>

static inline int xw_test_write(const char *path, const char *text)
{
    int fd = open(path, O_WRONLY | O_CLOEXEC);
    ssize_t length = (ssize_t)strlen(text);
    int rc = fd >= 0 && write(fd, text, (size_t)length) == length ? 0 : -1;

    if (fd >= 0)
        close(fd);
    return rc;
}

/*
 * Enters the namespaces and covers the directory with an empty file system, and the machine's
 * cgroups, of which it may have some like ours. Returns 0 or -1.
 */
static inline int xw_test_private_root(const char *directory)
{
    char map[64];
    unsigned int uid = geteuid();
    unsigned int gid = getegid();
    int flags = uid == 0 ? CLONE_NEWNS : CLONE_NEWNS | CLONE_NEWUSER;

    if (unshare(flags) < 0)
        return -1;
    if (uid != 0) {
        snprintf(map, sizeof(map), "0 %u 1", uid);
        if (xw_test_write("/proc/self/setgroups", "deny") < 0 ||
            xw_test_write("/proc/self/uid_map", map) < 0)
            return -1;
        snprintf(map, sizeof(map), "0 %u 1", gid);
        if (xw_test_write("/proc/self/gid_map", map) < 0)
            return -1;
    }
    if (mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0)
        return -1;
    if (mount("tmpfs", "/sys/fs/cgroup", "tmpfs", MS_NOSUID | MS_NODEV, "mode=755") < 0)
        return -1;
    return mount("tmpfs", directory, "tmpfs", MS_NOSUID | MS_NODEV, "mode=755");
}

#endif
