/* links: xwhelper/keeper/quota.c xwhelper/keeper/world.c xwhelper/keeper/machine.c xwhelper/keeper/lock.c common/record.c common/lines.c common/names.c common/error.c */
/*
 * A world's share of the disk (T-L7), on a file system that has projects because the test says so.
 * A real one: tests/vm/suite/48-fairness.bats.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <dirent.h>
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/quota.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "common/paths.h"
#include "tests/unit/faults.h"
#include "tests/unit/private_root.h"
#include "xwhelper/keeper/quota.h"
#include "xwhelper/keeper/world.h"

#define WORLD XW_WORLDS_DIR "/fw/alice"

enum { FILES = 8, BLOCK = 4096, DISK = 100 }; /* MiB */

/* What the file system has been told, by inode. */
static struct {
    ino_t inode[FILES];
    struct fsxattr attributes[FILES];
    size_t count;
    size_t changes;
    int get_error, set_error, limit_error, stat_error;
    uint64_t limit; /* KiB */
    uint32_t project;
    size_t limits_set;
    bool enforced;
    uint64_t used; /* MiB of the project */
    bool mounted;  /* the world is a file system of its own, and smaller */
} disk;

XW_FAULTY_AS(DIR *, NULL, fdopendir, (int fd), fd);

/* How a call ends; of one that succeeds errno says nothing. */
static int outcome(int error)
{
    errno = error ? error : EIO;
    return error ? -1 : 0;
}

static struct fsxattr *attributes_of(int fd)
{
    struct stat status;
    size_t i = 0;

    assert_int_equal(fstat(fd, &status), 0);
    while (i < disk.count && disk.inode[i] != status.st_ino)
        i++;
    if (i == disk.count) {
        assert_true(disk.count < FILES);
        disk.inode[disk.count++] = status.st_ino;
    }
    return &disk.attributes[i];
}

int ioctl(int fd, unsigned long request, ...)
{
    va_list args;

    va_start(args, request);
    struct fsxattr *attributes = va_arg(args, struct fsxattr *);
    va_end(args);
    int error = request == FS_IOC_FSGETXATTR ? disk.get_error : disk.set_error;
    if (!error && request == FS_IOC_FSGETXATTR) {
        *attributes = *attributes_of(fd);
    } else if (!error) {
        assert_int_equal(request, FS_IOC_FSSETXATTR);
        disk.changes++;
        *attributes_of(fd) = *attributes;
    }
    return outcome(error);
}

/* Libraries have calls of their own to make. */
long syscall(long number, ...)
{
    long (*libc)(long, ...) = NULL;
    long arguments[6];
    va_list args;

    va_start(args, number);
    for (size_t i = 0; i < 6; i++)
        arguments[i] = va_arg(args, long);
    va_end(args);
    *(void **)&libc = dlsym(RTLD_NEXT, "syscall");
    if (number != SYS_quotactl_fd)
        return libc(number, arguments[0], arguments[1], arguments[2], arguments[3], arguments[4],
                    arguments[5]);
    const uint32_t command = (uint32_t)arguments[1];
    const struct dqblk *wanted = NULL;
    memcpy(&wanted, &arguments[3], sizeof(wanted));
    assert_true((int)arguments[0] >= 0);
    assert_int_equal(command >> SUBCMDSHIFT, Q_SETQUOTA);
    assert_int_equal(command & SUBCMDMASK, 2);
    if (disk.limit_error)
        return outcome(disk.limit_error);
    assert_int_equal(wanted->dqb_valid, QIF_BLIMITS);
    assert_int_equal(wanted->dqb_bsoftlimit, 0);
    disk.limit = wanted->dqb_bhardlimit;
    disk.project = (uint32_t)arguments[2];
    disk.limits_set++;
    return outcome(0);
}

int fstatvfs(int fd, struct statvfs *status)
{
    const struct fsxattr *attributes = attributes_of(fd);

    errno = disk.stat_error;
    if (errno)
        return -1;
    memset(status, 0, sizeof(*status));
    status->f_frsize = BLOCK;
    status->f_blocks = ((uint64_t)DISK << 20) / BLOCK;
    status->f_bavail = status->f_blocks / 2;
    if (disk.enforced && disk.limit && attributes->fsx_projid == disk.project &&
        (attributes->fsx_xflags & FS_XFLAG_PROJINHERIT)) {
        status->f_blocks = (disk.limit << 10) / BLOCK;
        status->f_bavail = status->f_blocks - (disk.used << 20) / BLOCK;
    }
    struct stat directory;
    struct stat world;
    if (disk.mounted && fstat(fd, &directory) == 0 && stat(WORLD, &world) == 0 &&
        directory.st_ino == world.st_ino) {
        status->f_fsid = 2;
        status->f_blocks /= 2;
    }
    return 0;
}

static void touch(const char *path)
{
    int fd = open(path, O_WRONLY | O_CREAT, 0600);

    assert_true(fd >= 0);
    close(fd);
}

static int begin(void **state)
{
    (void)state;
    memset(&disk, 0, sizeof(disk));
    disk.enforced = true;
    xw_fault_set(NULL, 0, 0);
    return xw_test_private_root("/var/lib") < 0 || mkdir(XW_STATE_DIR, 0755) < 0 ||
                   mkdir(XW_WORLDS_DIR, 0755) < 0 || mkdir(XW_WORLDS_DIR "/fw", 0755) < 0 ||
                   mkdir(WORLD, 0755) < 0
               ? -1
               : 0;
}

static int end(void **state)
{
    (void)state;
    return umount("/var/lib");
}

static void projects_of_worlds(void **state)
{
    (void)state;
    /* Never to be changed: files have it. */
    assert_int_equal(xw_quota_project("firewall", "alice"), 0xf184f3a2U);
    assert_int_not_equal(xw_quota_project("firewall", "@alice"), 0xf184f3a2U);
    assert_int_not_equal(xw_quota_project("firewal", "lalice"), 0xf184f3a2U);
    assert_true(xw_quota_project("a", "b") >> 31);
}

static void a_world_gets_its_share(void **state)
{
    const uint32_t project = xw_quota_project("fw", "alice");
    struct xw_error err = {0};
    struct xw_quota quota;

    (void)state;
    touch(WORLD "/web.qcow2");
    assert_int_equal(symlink("web.qcow2", WORLD "/link"), 0);
    assert_int_equal(xw_quota_set("fw", "alice", 24, &err), 1);
    assert_int_equal(disk.limit, 24 * 1024);
    assert_int_equal(disk.project, project);
    /* The directory, whose project is inherited, and its file. */
    assert_int_equal(disk.changes, 2);
    int fd = open(WORLD, O_RDONLY);
    assert_int_equal(attributes_of(fd)->fsx_projid, project);
    assert_int_equal(attributes_of(fd)->fsx_xflags, FS_XFLAG_PROJINHERIT);
    close(fd);
    fd = open(WORLD "/web.qcow2", O_RDONLY);
    assert_int_equal(attributes_of(fd)->fsx_projid, project);
    assert_int_equal(attributes_of(fd)->fsx_xflags, 0);
    close(fd);
    disk.used = 10;
    assert_int_equal(xw_quota_ask("fw", "alice", &quota, &err), 0);
    assert_int_equal(quota.limit, 24);
    assert_int_equal(quota.left, 14);
    /* Again, and another one: nothing but the limit is written. */
    assert_int_equal(xw_quota_set("fw", "alice", 48, &err), 1);
    assert_int_equal(disk.changes, 2);
    assert_int_equal(disk.limit, 48 * 1024);
    /* It goes when it isn't wanted any more. */
    assert_int_equal(xw_quota_set("fw", "alice", 0, &err), 0);
    assert_int_equal(disk.limit, 0);
    assert_int_equal(disk.limits_set, 3);
    assert_string_equal(err.text, "");
}

static void nothing_is_touched_without_a_limit(void **state)
{
    struct xw_error err = {0};
    struct xw_quota quota;

    (void)state;
    assert_int_equal(xw_quota_set("fw", "alice", 0, &err), 0);
    assert_int_equal(disk.changes + disk.limits_set, 0);
    assert_int_equal(xw_quota_ask("fw", "alice", &quota, &err), 0);
    assert_int_equal(quota.limit, 0);
    assert_int_equal(xw_quota_has_room("fw", "alice", &err), 0);
}

/* A world on a smaller file system of its own has no share of this one. */
static void a_world_that_is_mounted(void **state)
{
    struct xw_quota quota;

    (void)state;
    disk.mounted = true;
    assert_int_equal(xw_quota_ask("fw", "alice", &quota, NULL), 0);
    assert_int_equal(quota.limit, 0);
}

/* Where the files can't be looked at, they stay out; nothing is left open. */
static void files_that_can_not_be_listed(void **state)
{
    struct xw_error err = {0};

    (void)state;
    int before = dup(STDIN_FILENO);
    close(before);
    xw_fault_set("fdopendir", 1, ENOMEM);
    assert_int_equal(xw_quota_set("fw", "alice", 24, &err), 1);
    int after = dup(STDIN_FILENO);
    close(after);
    assert_int_equal(after, before);
    assert_int_equal(disk.changes, 1);
}

/* A directory that was another project's before. */
static void another_project_is_replaced(void **state)
{
    struct xw_error err = {0};
    int fd = open(WORLD, O_RDONLY);

    (void)state;
    *attributes_of(fd) = (struct fsxattr){.fsx_projid = 7, .fsx_xflags = FS_XFLAG_PROJINHERIT};
    close(fd);
    assert_int_equal(xw_quota_set("fw", "alice", 0, &err), 0);
    assert_int_equal(disk.changes, 0);
    assert_int_equal(xw_quota_set("fw", "alice", 24, &err), 1);
    assert_int_equal(disk.changes, 1);
    /* Its own, but not inherited. */
    fd = open(WORLD, O_RDONLY);
    attributes_of(fd)->fsx_xflags = 0;
    close(fd);
    assert_int_equal(xw_quota_set("fw", "alice", 24, &err), 1);
    assert_int_equal(disk.changes, 2);
}

static void file_systems_without(void **state)
{
    static const struct {
        int get, set, limit;
    } rows[] = {{ENOTTY, 0, 0}, {0, EOPNOTSUPP, 0}, {0, EINVAL, 0},
                {0, 0, ESRCH},  {0, 0, ENOSYS},     {0, 0, EOPNOTSUPP}};

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct xw_error err = {0};
        disk.count = 0;
        memset(disk.attributes, 0, sizeof(disk.attributes));
        disk.get_error = rows[i].get;
        disk.set_error = rows[i].set;
        disk.limit_error = rows[i].limit;
        assert_int_equal(xw_quota_set("fw", "alice", 24, &err), 0);
        assert_string_equal(err.text, "");
        assert_int_equal(disk.limits_set, 0);
    }
    /* Mounted without prjquota, ext4 counts and takes the limit, and doesn't care. */
    disk.get_error = disk.set_error = disk.limit_error = 0;
    disk.enforced = false;
    assert_int_equal(xw_quota_set("fw", "alice", 24, NULL), 0);
    assert_int_equal(disk.limits_set, 1);
}

static void what_fails(void **state)
{
    struct xw_error err = {0};
    struct xw_quota quota;

    (void)state;
    disk.limit_error = EPERM;
    assert_int_equal(xw_quota_set("fw", "alice", 24, &err), -EPERM);
    assert_non_null(
        strstr(err.text, "The disk that the world fw of alice takes can't be limited: "));
    /* It has its project for who may limit that. */
    assert_int_equal(disk.changes, 1);
    disk.limit_error = 0;
    disk.stat_error = EIO;
    assert_int_equal(xw_quota_set("fw", "alice", 24, &err), -EIO);
    assert_int_equal(xw_quota_ask("fw", "alice", &quota, &err), -EIO);
    /* Nobody is kept from their machines by a question that has no answer. */
    assert_int_equal(xw_quota_has_room("fw", "alice", NULL), 0);
    disk.stat_error = 0;
    disk.set_error = EDQUOT;
    disk.count = 0;
    memset(disk.attributes, 0, sizeof(disk.attributes));
    assert_int_equal(xw_quota_set("fw", "alice", 24, &err), -EDQUOT);
    assert_int_equal(xw_quota_set("fw", "bob", 24, &err), -ENOENT);
    assert_int_equal(xw_quota_ask("fw", "bob", &quota, &err), -ENOENT);
}

static void a_share_that_is_used_up(void **state)
{
    struct xw_error err = {0};

    (void)state;
    assert_int_equal(xw_quota_set("fw", "alice", 24, &err), 1);
    disk.used = 20;
    assert_int_equal(xw_quota_has_room("fw", "alice", &err), 0);
    disk.used = 21;
    assert_int_equal(xw_quota_has_room("fw", "alice", &err), -EDQUOT);
    assert_non_null(strstr(err.text, "has used up the 24 MiB of the host's disk that it may take"));
    disk.enforced = false;
    assert_int_equal(xw_quota_has_room("fw", "alice", &err), 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(projects_of_worlds),
        TEST(a_world_gets_its_share),
        TEST(nothing_is_touched_without_a_limit),
        TEST(a_world_that_is_mounted),
        TEST(files_that_can_not_be_listed),
        TEST(another_project_is_replaced),
        TEST(file_systems_without),
        TEST(what_fails),
        TEST(a_share_that_is_used_up),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
