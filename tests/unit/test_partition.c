/* links: xwhelper/keeper/partition.c xwhelper/keeper/machine.c common/error.c */
/*
 * Worlds' cgroups, on directories that look like the kernel's.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/paths.h"
#include "tests/unit/private_root.h"
#include "xwhelper/keeper/partition.h"

#define ROOT     XW_CGROUP_DIR
#define MACHINED "/usr/share/dbus-1/system-services/org.freedesktop.machine1.service"

static const char *const all[] = {"cpu", "cpuacct", "cpuset", "memory", "blkio"};
enum { ALL = sizeof(all) / sizeof(all[0]) };

static void put(const char *path, const char *text)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0644);

    assert_true(fd >= 0);
    assert_int_equal(write(fd, text, strlen(text)), strlen(text));
    close(fd);
}

static void get(const char *path, char text[64])
{
    int fd = open(path, O_RDONLY);

    assert_true(fd >= 0);
    ssize_t length = read(fd, text, 63);
    assert_true(length >= 0);
    text[length] = '\0';
    close(fd);
}

static void cover(const char *directory)
{
    assert_int_equal(mount("tmpfs", directory, "tmpfs", 0, "mode=755"), 0);
}

/* A host with cgroup v1 and no systemd. A real cpuset has its settings; here they are written. */
static int begin(void **state)
{
    (void)state;
    if (xw_test_private_root("/run") < 0)
        return -1;
    cover("/usr/share/dbus-1/system-services");
    cover("/sys/fs/cgroup");
    for (size_t i = 0; i < ALL; i++) {
        char path[128];
        snprintf(path, sizeof(path), ROOT "/%s", all[i]);
        assert_int_equal(mkdir(path, 0755), 0);
    }
    put(ROOT "/cpu/cpu.shares", "1024\n");
    put(ROOT "/cpuset/cpuset.cpus", "0-1\n");
    put(ROOT "/cpuset/cpuset.mems", "0\n");
    return 0;
}

static int end(void **state)
{
    (void)state;
    return umount(ROOT) < 0 || umount("/usr/share/dbus-1/system-services") < 0 || umount("/run") < 0
               ? -1
               : 0;
}

/* What the kernel makes with a cpuset. */
static void fill_cpuset(const char *group)
{
    char path[256];

    snprintf(path, sizeof(path), ROOT "/cpuset/%s", group);
    assert_true(mkdir(path, 0755) == 0 || errno == EEXIST);
    snprintf(path, sizeof(path), ROOT "/cpuset/%s/cpuset.cpus", group);
    put(path, "");
    snprintf(path, sizeof(path), ROOT "/cpuset/%s/cpuset.mems", group);
    put(path, "");
}

static void group_of(const char *lab, const char *owner, char group[128])
{
    char partition[XW_PARTITION_SIZE];

    xw_world_partition(lab, owner, partition);
    snprintf(group, 128, XW_PARTITIONS_DIR "/%s.partition", partition + strlen("/machine/xw/"));
}

static size_t count_groups(const char *group)
{
    size_t count = 0;

    for (size_t i = 0; i < ALL; i++) {
        char path[256];
        snprintf(path, sizeof(path), ROOT "/%s/%s", all[i], group);
        count += access(path, F_OK) == 0;
    }
    return count;
}

static void prepare(void)
{
    struct xw_error err = {0};

    fill_cpuset("machine");
    fill_cpuset(XW_PARTITIONS_DIR);
    assert_int_equal(xw_partitions_prepare(&err), 0);
    assert_string_equal(err.text, "");
    assert_int_equal(count_groups(XW_PARTITIONS_DIR), ALL);
    assert_int_equal(xw_partitions_find(), XW_PARTITIONS_OURS);
}

static void the_keeper_makes_them(void **state)
{
    struct xw_error err = {0};
    char group[128];
    char path[256];
    char text[64];

    (void)state;
    assert_int_equal(xw_partitions_find(), XW_PARTITIONS_NONE);
    prepare();
    group_of("firewall", "alice", group);
    assert_int_equal(count_groups(group), 0);
    fill_cpuset(group);
    /* Twice: the second finds all of it. */
    for (int i = 0; i < 2; i++) {
        assert_int_equal(xw_partition_ensure("firewall", "alice", &err), 0);
        assert_int_equal(count_groups(group), ALL);
    }
    snprintf(path, sizeof(path), ROOT "/cpuset/%s/cpuset.cpus", group);
    get(path, text);
    assert_string_equal(text, "0-1\n");
    snprintf(path, sizeof(path), ROOT "/cpuset/%s/cpuset.mems", group);
    get(path, text);
    assert_string_equal(text, "0\n");
    /* No hierarchy that isn't mounted is made up. */
    assert_int_equal(access(ROOT "/freezer", F_OK), -1);
}

static void an_empty_one_is_removed(void **state)
{
    struct xw_error err = {0};
    char group[128];
    char other[128];
    char path[300];

    (void)state;
    prepare();
    group_of("firewall", "alice", group);
    group_of("firewall", "bob", other);
    assert_int_equal(rmdir(ROOT "/cpuset/machine"), -1);
    /* Without the cpuset's settings, which only the kernel's rmdir(2) takes along. */
    snprintf(path, sizeof(path), "rm -rf " ROOT "/cpuset");
    assert_int_equal(system(path), 0);
    assert_int_equal(xw_partition_ensure("firewall", "alice", &err), 0);
    assert_int_equal(xw_partition_ensure("firewall", "bob", &err), 0);
    xw_partition_remove("firewall", "alice");
    assert_int_equal(count_groups(group), 0);
    assert_int_equal(count_groups(other), ALL - 1);
    assert_int_equal(count_groups(XW_PARTITIONS_DIR), ALL - 1);
    xw_partition_remove("firewall", "alice");
}

/* The kernel says EBUSY of a cgroup with one in it, as of a mount point here. */
static void one_in_use_is_left(void **state)
{
    struct xw_error err = {0};
    char group[128];
    char path[300];

    (void)state;
    prepare();
    assert_int_equal(system("rm -rf " ROOT "/cpuset"), 0);
    group_of("firewall", "alice", group);
    assert_int_equal(xw_partition_ensure("firewall", "alice", &err), 0);
    snprintf(path, sizeof(path), ROOT "/cpu/%s", group);
    cover(path);
    xw_partition_remove("firewall", "alice");
    assert_int_equal(count_groups(group), ALL - 1);
    assert_int_equal(umount(path), 0);
}

static void systemd_makes_them(void **state)
{
    struct xw_error err = {0};
    char group[128];

    (void)state;
    assert_int_equal(mkdir("/run/systemd", 0755), 0);
    assert_int_equal(mkdir("/run/systemd/system", 0755), 0);
    /* Without systemd-machined libvirt makes cgroups by itself. */
    assert_int_equal(xw_partitions_find(), XW_PARTITIONS_NONE);
    put(MACHINED, "");
    assert_int_equal(xw_partitions_find(), XW_PARTITIONS_SYSTEMD);
    assert_int_equal(xw_partitions_prepare(&err), 0);
    assert_int_equal(xw_partition_ensure("firewall", "alice", &err), 0);
    group_of("firewall", "alice", group);
    assert_int_equal(count_groups("machine"), 0);
    xw_partition_remove("firewall", "alice");
}

static void a_host_that_has_none(void **state)
{
    struct xw_error err = {0};

    (void)state;
    assert_int_equal(unlink(ROOT "/cpu/cpu.shares"), 0);
    assert_int_equal(xw_partitions_prepare(&err), -EOPNOTSUPP);
    assert_non_null(strstr(err.text, "neither systemd-machined nor"));
    assert_int_equal(xw_partition_ensure("firewall", "alice", &err), -EOPNOTSUPP);
    assert_int_equal(count_groups("machine"), 0);
}

static void one_that_cannot_be_made(void **state)
{
    struct xw_error err = {0};
    char group[128];

    (void)state;
    prepare();
    /* A cpuset whose settings nobody has made. */
    assert_int_equal(xw_partition_ensure("firewall", "alice", &err), -ENOENT);
    group_of("firewall", "alice", group);
    assert_non_null(strstr(err.text, "The cgroup " ROOT "/cpuset/" XW_PARTITIONS_DIR));
    assert_int_equal(mount(ROOT "/memory", ROOT "/memory", NULL, MS_BIND, NULL), 0);
    assert_int_equal(mount(NULL, ROOT "/memory", NULL, MS_REMOUNT | MS_BIND | MS_RDONLY, NULL), 0);
    fill_cpuset(group);
    assert_int_equal(xw_partition_ensure("firewall", "alice", &err), -EROFS);
    assert_non_null(strstr(err.text, "The cgroup " ROOT "/memory/" XW_PARTITIONS_DIR));
    assert_int_equal(umount(ROOT "/memory"), 0);
    /* The same of a cpuset. */
    group_of("firewall", "bob", group);
    assert_int_equal(mount(ROOT "/cpuset", ROOT "/cpuset", NULL, MS_BIND, NULL), 0);
    assert_int_equal(mount(NULL, ROOT "/cpuset", NULL, MS_REMOUNT | MS_BIND | MS_RDONLY, NULL), 0);
    assert_int_equal(xw_partition_ensure("firewall", "bob", &err), -EROFS);
    assert_int_equal(umount(ROOT "/cpuset"), 0);
}

/* What a cpuset's parent has, also where that is nothing; without it there is nothing to have. */
static void what_a_cpuset_inherits(void **state)
{
    struct xw_error err = {0};
    char group[128];
    char path[256];
    char text[64];

    (void)state;
    prepare();
    group_of("firewall", "alice", group);
    fill_cpuset(group);
    put(ROOT "/cpuset/" XW_PARTITIONS_DIR "/cpuset.cpus", "");
    assert_int_equal(xw_partition_ensure("firewall", "alice", &err), 0);
    snprintf(path, sizeof(path), ROOT "/cpuset/%s/cpuset.cpus", group);
    assert_int_equal(unlink(path), 0);
    assert_int_equal(xw_partition_ensure("firewall", "alice", &err), -ENOENT);
    put(path, "7\n");
    assert_int_equal(unlink(ROOT "/cpuset/" XW_PARTITIONS_DIR "/cpuset.cpus"), 0);
    assert_int_equal(xw_partition_ensure("firewall", "alice", &err), -ENOENT);
    get(path, text);
    assert_string_equal(text, "7\n");
}

static void what_bounds_machines(void **state)
{
    struct xw_config config = {.disk_rate = 7, .disk_operations = 8};

    (void)state;
    struct xw_bounds bounds = xw_bounds_find(&config);
    assert_false(bounds.partition);
    assert_false(bounds.memory_limit);
    assert_int_equal(bounds.disk_rate, 7);
    assert_int_equal(bounds.disk_operations, 8);
    prepare();
    put(ROOT "/memory/memory.soft_limit_in_bytes", "1\n");
    bounds = xw_bounds_find(&config);
    assert_true(bounds.partition);
    assert_true(bounds.memory_limit);
    /* cgroup v2 says which controllers there are in one line. */
    assert_int_equal(unlink(ROOT "/memory/memory.soft_limit_in_bytes"), 0);
    put(ROOT "/cgroup.controllers", "cpuset cpu io memory pids\n");
    assert_true(xw_bounds_find(&config).memory_limit);
    put(ROOT "/cgroup.controllers", "cpuset cpu io memory2 pids\n");
    assert_false(xw_bounds_find(&config).memory_limit);
    put(ROOT "/cgroup.controllers", "");
    assert_false(xw_bounds_find(&config).memory_limit);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(the_keeper_makes_them),  TEST(an_empty_one_is_removed), TEST(one_in_use_is_left),
        TEST(systemd_makes_them),     TEST(a_host_that_has_none),    TEST(one_that_cannot_be_made),
        TEST(what_a_cpuset_inherits), TEST(what_bounds_machines),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
