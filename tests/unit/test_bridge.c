/* links: xwhelper/keeper/bridge.c common/error.c */
/*
 * Bridges, in a network namespace of the test's own.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <net/if.h>
#include <sched.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <unistd.h>

#include "common/paths.h"
#include "tests/unit/faults.h"
#include "tests/unit/private_root.h"
#include "xwhelper/keeper/bridge.h"

#define NAME "xw-aaaaaaaaaaaa" /* 15 characters, the most */

/* A kernel without IPv6, or one that doesn't let a setting be written. */
int open(const char *path, int flags, ...)
{
    va_list args;
    int (*libc)(const char *, int, ...) = NULL;

    va_start(args, flags);
    int mode = flags & O_CREAT ? va_arg(args, int) : 0;
    va_end(args);
    *(void **)&libc = dlsym(RTLD_NEXT, "open");
    if ((strstr(path, "/disable_ipv6") && xw_fault_strikes("disable_ipv6")) ||
        (strstr(path, "/group_fwd_mask") && xw_fault_strikes("group_fwd_mask")))
        return -1;
    return libc(path, flags, mode);
}

static int begin(void **state)
{
    (void)state;
    /* /proc/sys/net is that of who opened /proc, but a /sys is to be mounted for each namespace. */
    return xw_test_private_root("/var/lib") < 0 || unshare(CLONE_NEWNET) < 0 ||
                   mount("sysfs", "/sys", "sysfs", 0, NULL) < 0
               ? -1
               : 0;
}

static int flags_of(const char *name)
{
    struct ifreq request = {0};
    int fd = socket(AF_UNIX, SOCK_DGRAM, 0);

    memcpy(request.ifr_name, name, strlen(name));
    int rc = ioctl(fd, SIOCGIFFLAGS, &request);
    close(fd);
    return rc < 0 ? -1 : request.ifr_flags;
}

static bool has_ipv6(const char *name)
{
    char path[128];
    char value = '?';

    snprintf(path, sizeof(path), "/proc/sys/net/ipv6/conf/%s/disable_ipv6", name);
    int fd = open(path, O_RDONLY);
    assert_true(fd >= 0);
    assert_int_equal(read(fd, &value, 1), 1);
    close(fd);
    return value == '0';
}

static void set_down(const char *name)
{
    struct ifreq request = {0};
    int fd = socket(AF_UNIX, SOCK_DGRAM, 0);

    memcpy(request.ifr_name, name, strlen(name));
    assert_int_equal(ioctl(fd, SIOCSIFFLAGS, &request), 0);
    close(fd);
}

static size_t count_descriptors(void)
{
    size_t count = 0;

    for (int fd = 0; fd < 64; fd++)
        count += fcntl(fd, F_GETFD) >= 0;
    return count;
}

static void a_bridge_comes_and_goes(void **state)
{
    struct xw_error err = {0};
    size_t before = count_descriptors();

    (void)state;
    assert_int_equal(flags_of(NAME), -1);
    assert_int_equal(xw_bridge_ensure(NAME, &err), 0);
    assert_true(flags_of(NAME) & IFF_UP);
    assert_false(has_ipv6(NAME));
    char mask[16] = "";
    int fd = open(XW_INTERFACES_DIR "/" NAME "/bridge/group_fwd_mask", O_RDONLY);
    assert_true(read(fd, mask, sizeof(mask) - 1) > 0);
    assert_string_equal(mask, "0x4000\n");
    close(fd);
    /* Again, and when it is there but down. */
    assert_int_equal(xw_bridge_ensure(NAME, &err), 0);
    set_down(NAME);
    assert_int_equal(xw_bridge_ensure(NAME, &err), 0);
    assert_true(flags_of(NAME) & IFF_UP);
    assert_int_equal(xw_bridge_remove(NAME, &err), 0);
    assert_int_equal(flags_of(NAME), -1);
    assert_int_equal(xw_bridge_remove(NAME, &err), 0);
    assert_int_equal(err.code, 0);
    assert_string_equal(err.text, "");
    assert_int_equal(count_descriptors(), before);
}

static void settings_that_are_not_there(void **state)
{
    struct xw_error err = {0};

    (void)state;
    xw_fault_set("disable_ipv6", 1, ENOENT);
    assert_int_equal(xw_bridge_ensure(NAME, &err), 0);
    assert_true(flags_of(NAME) & IFF_UP);
    assert_int_equal(xw_bridge_remove(NAME, &err), 0);
    xw_fault_set("disable_ipv6", 1, EROFS);
    assert_int_equal(xw_bridge_ensure(NAME, &err), -EROFS);
    assert_non_null(strstr(err.text, "IPv6 can't be disabled on bridge " NAME));
    assert_false(flags_of(NAME) & IFF_UP);
    /* A bridge that hands LLDP to the host is not set up, whatever the reason. */
    xw_fault_set("group_fwd_mask", 1, ENOENT);
    assert_int_equal(xw_bridge_ensure(NAME, &err), -ENOENT);
    assert_non_null(strstr(err.text, "LLDP"));
    assert_false(flags_of(NAME) & IFF_UP);
    xw_fault_set(NULL, 0, 0);
    assert_int_equal(xw_bridge_remove(NAME, &err), 0);
}

static void names_that_do_not_fit(void **state)
{
    struct xw_error err = {0};

    (void)state;
    assert_int_equal(xw_bridge_ensure(NAME "a", &err), -ENAMETOOLONG);
    assert_int_equal(xw_bridge_remove(NAME "a", &err), -ENAMETOOLONG);
    assert_non_null(strstr(err.text, "too long"));
    assert_int_equal(flags_of(NAME), -1);
}

/* What has the name and is no bridge stays, and is told. */
static void what_is_no_bridge_stays(void **state)
{
    struct xw_error err = {0};

    (void)state;
    assert_true(xw_bridge_remove("lo", &err) < 0);
    assert_non_null(strstr(err.text, "Bridge lo can't be removed"));
    assert_true(flags_of("lo") >= 0);
}

/* Calls that the kernel refuses are told, each in its words. */
static int without_capability(void *data)
{
    struct xw_error err = {0};

    (void)data;
    if (setresuid(65534, 65534, 65534) < 0)
        return 1;
    if (xw_bridge_ensure(NAME, &err) != -EPERM || !strstr(err.text, "can't be made"))
        return 2;
    return 0;
}

static void a_refusal_is_told(void **state)
{
    (void)state;
    if (geteuid() != 0)
        skip();
    assert_int_equal(without_capability(NULL), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_bridge_comes_and_goes), cmocka_unit_test(settings_that_are_not_there),
        cmocka_unit_test(names_that_do_not_fit),   cmocka_unit_test(what_is_no_bridge_stays),
        cmocka_unit_test(a_refusal_is_told), /* the last: it can't be root again */
    };

    return cmocka_run_group_tests(tests, begin, NULL);
}
