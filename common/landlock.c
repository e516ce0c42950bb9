#include "common/landlock.h"

#include <fcntl.h>
#include <linux/landlock.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

/* What the headers of Debian 12 don't name yet; include/uapi/linux/landlock.h. */
enum {
    FS_TRUNCATE = 1 << 14,
    FS_IOCTL_DEV = 1 << 15,
    NET_BIND_TCP = 1 << 0,
    NET_CONNECT_TCP = 1 << 1,
    SCOPE_ABSTRACT_UNIX_SOCKET = 1 << 0,
    SCOPE_SIGNAL = 1 << 1
};

struct ruleset {
    uint64_t handled_access_fs;
    uint64_t handled_access_net;
    uint64_t scoped;
};

enum {
    FILE_READ = LANDLOCK_ACCESS_FS_READ_FILE,
    FILE_WRITE = FILE_READ | LANDLOCK_ACCESS_FS_WRITE_FILE | FS_TRUNCATE | FS_IOCTL_DEV,
    FILE_ALL = FILE_WRITE | LANDLOCK_ACCESS_FS_EXECUTE, /* what a rule on a plain file may name */
    DIR_READ = FILE_READ | LANDLOCK_ACCESS_FS_READ_DIR,
    DIR_CHANGE = FILE_WRITE | DIR_READ | LANDLOCK_ACCESS_FS_MAKE_REG | LANDLOCK_ACCESS_FS_MAKE_DIR |
                 LANDLOCK_ACCESS_FS_MAKE_SOCK | LANDLOCK_ACCESS_FS_REMOVE_FILE |
                 LANDLOCK_ACCESS_FS_REMOVE_DIR | LANDLOCK_ACCESS_FS_REFER
};

int xw_landlock_version(void)
{
    long version = syscall(SYS_landlock_create_ruleset, NULL, 0, LANDLOCK_CREATE_RULESET_VERSION);

    return version < 0 ? 0 : (int)version;
}

/* The first 13 rights are those of version 1; each later version adds its own. */
static struct ruleset everything(int version)
{
    struct ruleset all = {.handled_access_fs = (1 << 13) - 1};

    if (version >= 2)
        all.handled_access_fs |= LANDLOCK_ACCESS_FS_REFER;
    if (version >= 3)
        all.handled_access_fs |= FS_TRUNCATE;
    if (version >= 4)
        all.handled_access_net = NET_BIND_TCP | NET_CONNECT_TCP;
    if (version >= 5)
        all.handled_access_fs |= FS_IOCTL_DEV;
    if (version >= 6)
        all.scoped = SCOPE_ABSTRACT_UNIX_SOCKET | SCOPE_SIGNAL;
    return all;
}

static uint64_t access_of(unsigned int kind)
{
    switch (kind & ~(unsigned int)XW_REACH_IF_THERE) {
    case XW_REACH_EXECUTE:
        return DIR_READ | LANDLOCK_ACCESS_FS_EXECUTE;
    case XW_REACH_WRITE:
        return DIR_READ | FILE_WRITE;
    case XW_REACH_CHANGE:
        return DIR_CHANGE;
    case XW_REACH_FIFOS:
        return DIR_CHANGE | LANDLOCK_ACCESS_FS_MAKE_FIFO;
    default:
        return DIR_READ;
    }
}

static int add_path(int rules, const struct xw_reach *reach, uint64_t handled)
{
    struct landlock_path_beneath_attr beneath = {
        .parent_fd = open(reach->path, O_PATH | O_CLOEXEC),
        .allowed_access = access_of(reach->kind) & handled,
    };
    struct stat info;

    if (beneath.parent_fd < 0)
        return errno == ENOENT && (reach->kind & XW_REACH_IF_THERE) ? 0 : -errno;
    int rc = fstat(beneath.parent_fd, &info) < 0 ? -errno : 0;
    if (rc == 0 && !S_ISDIR(info.st_mode))
        beneath.allowed_access &= FILE_ALL;
    if (rc == 0 &&
        syscall(SYS_landlock_add_rule, rules, LANDLOCK_RULE_PATH_BENEATH, &beneath, 0) < 0)
        rc = -errno;
    close(beneath.parent_fd);
    return rc;
}

/* Attributes that an older kernel doesn't know are 0, which it accepts beyond its own size. */
int xw_landlock_enter(const struct xw_reach *reach)
{
    int version = xw_landlock_version();
    struct ruleset all = everything(version);

    if (version == 0)
        return XW_LANDLOCK_NONE;
    int rules = (int)syscall(SYS_landlock_create_ruleset, &all, sizeof(all), 0);
    if (rules < 0)
        return -errno;
    int rc = 0;
    for (; reach->kind != XW_REACH_END && rc == 0; reach++)
        rc = add_path(rules, reach, all.handled_access_fs);
    if (rc == 0 && syscall(SYS_landlock_restrict_self, rules, 0) < 0)
        rc = -errno;
    close(rules);
    return rc;
}
