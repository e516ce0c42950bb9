#include "xwhelper/keeper/quota.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/fs.h>
#include <stdbool.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <sys/quota.h>
#include <sys/statvfs.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "common/cleanup.h"
#include "common/paths.h"
#include "xwhelper/keeper/machine.h"
#include "xwhelper/keeper/world.h"

enum {
    KIB_PER_MIB = 1024, /* what the kernel counts limits in: QIF_DQBLKSIZE */
    LEAST_ROOM = 4      /* MiB */
};

uint32_t xw_quota_project(const char *lab, const char *owner)
{
    const struct xw_machine world = {lab, owner, ""};
    uuid_t hash = {0};

    xw_machine_uuid(&world, hash);
    return 0x80000000U | (uint32_t)hash[0] << 24 | (uint32_t)hash[1] << 16 |
           (uint32_t)hash[2] << 8 | hash[3];
}

static bool is_unsupported(int rc)
{
    return rc == -ENOTTY || rc == -EOPNOTSUPP || rc == -EINVAL || rc == -ENOSYS || rc == -ESRCH;
}

/* The file's project, which what is made in a directory inherits. Returns 0 or an errno. */
static int give_project(int fd, uint32_t project, bool inherit)
{
    struct fsxattr attributes;
    const uint32_t flags = inherit ? FS_XFLAG_PROJINHERIT : 0;

    if (ioctl(fd, FS_IOC_FSGETXATTR, &attributes) < 0)
        return -errno;
    if (attributes.fsx_projid == project && (attributes.fsx_xflags & flags) == flags)
        return 0;
    attributes.fsx_projid = project;
    attributes.fsx_xflags |= flags;
    return ioctl(fd, FS_IOC_FSSETXATTR, &attributes) < 0 ? -errno : 0;
}

static bool has_project(int fd, uint32_t project)
{
    struct fsxattr attributes;

    return ioctl(fd, FS_IOC_FSGETXATTR, &attributes) == 0 && attributes.fsx_projid == project;
}

/* Files that were there before their directory had a project; those that can't be opened stay out.
 */
static void give_files(int directory, uint32_t project)
{
    int again = openat(directory, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    XW_AUTO_CLOSEDIR DIR *entries = again >= 0 ? fdopendir(again) : NULL;
    const struct dirent *entry;

    if (!entries && again >= 0)
        close(again);
    while (entries && (entry = readdir(entries))) {
        if (entry->d_type != DT_REG)
            continue;
        XW_AUTO_CLOSE int fd =
            openat(directory, entry->d_name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
        if (fd >= 0 && give_project(fd, project, false) < 0)
            continue;
    }
}

static int set_limit(int fd, uint32_t project, unsigned int limit)
{
    struct dqblk wanted = {.dqb_bhardlimit = (uint64_t)limit * KIB_PER_MIB,
                           .dqb_bsoftlimit = 0,
                           .dqb_valid = QIF_BLIMITS};

    return syscall(SYS_quotactl_fd, fd, XW_SET_PROJECT_LIMIT, project, &wanted) < 0 ? -errno : 0;
}

static unsigned long long mib(unsigned long long blocks, unsigned long long size)
{
    return blocks * size >> 20;
}

/* Of a directory whose project has a limit in force, the file system speaks as if it were so large.
 */
static int ask(int fd, struct xw_quota *quota, struct xw_error *err)
{
    struct statvfs world;
    struct statvfs all;
    XW_AUTO_CLOSE int parent = openat(fd, "..", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

    if (parent < 0 || fstatvfs(fd, &world) < 0 || fstatvfs(parent, &all) < 0)
        return xw_fail_errno(err, -errno, "The room on the disk can't be asked for");
    *quota = (struct xw_quota){0};
    if (world.f_fsid == all.f_fsid && world.f_blocks < all.f_blocks) {
        quota->limit = mib(world.f_blocks, world.f_frsize);
        quota->left = mib(world.f_bavail, world.f_frsize);
    }
    return 0;
}

int xw_quota_ask(const char *lab, const char *owner, struct xw_quota *quota, struct xw_error *err)
{
    XW_AUTO_CLOSE int fd = xw_world_open(lab, owner, err);

    return fd < 0 ? fd : ask(fd, quota, err);
}

int xw_quota_set(const char *lab, const char *owner, unsigned int limit, struct xw_error *err)
{
    const uint32_t project = xw_quota_project(lab, owner);
    struct xw_quota quota = {0};
    XW_AUTO_CLOSE int fd = xw_world_open(lab, owner, err);

    if (fd < 0)
        return fd;
    if (limit == 0 && !has_project(fd, project))
        return 0;
    int rc = give_project(fd, project, true);
    if (rc == 0)
        give_files(fd, project);
    if (rc == 0)
        rc = set_limit(fd, project, limit);
    if (is_unsupported(rc))
        return 0;
    if (rc < 0)
        return xw_fail_errno(err, rc, "The disk that the world %s of %s takes can't be limited",
                             lab, owner);
    /* A file system that only counts takes a limit, too. */
    rc = ask(fd, &quota, err);
    return rc < 0 ? rc : quota.limit > 0;
}

int xw_quota_has_room(const char *lab, const char *owner, struct xw_error *err)
{
    struct xw_quota quota = {0};

    if (xw_quota_ask(lab, owner, &quota, NULL) < 0 || quota.limit == 0 || quota.left >= LEAST_ROOM)
        return 0;
    return xw_fail(
        err, -EDQUOT,
        "this world has used up the %llu MiB of the host's disk that it may take; revert "
        "a machine of it, which gives its room back, or tell your instructor",
        quota.limit);
}
