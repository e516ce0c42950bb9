/* links: xwhelper/keeper/host.c common/config.c common/config_file.c common/error.c common/lines.c common/names.c common/request.c */
/*
 * xworlds.conf line by line; what becomes of libvirt's errors; and what is opened: with libvirt's
 * test driver in the place of the host's.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <libvirt/virterror.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/paths.h"
#include "tests/unit/private_root.h"
#include "xwhelper/keeper/host.h"

/* --- libvirt, linked before the library ------------------------------------------------------ */

static struct {
    bool gone;          /* nothing can be opened */
    int alive;          /* what virConnectIsAlive() says */
    virErrorPtr last;   /* what virSaveLastError() says; NULL: its own */
    const char *opened; /* the way of the last connection */
} fake;

/* A function of the library's own. */
static void *real(const char *name)
{
    void *found = dlsym(RTLD_NEXT, name);

    assert_non_null(found);
    return found;
}

static virConnectPtr open_test(const char *uri, const char *way)
{
    virConnectPtr (*open_any)(const char *) = NULL;

    assert_string_equal(uri, "qemu:///system");
    fake.opened = way;
    *(void **)&open_any = real(way);
    return open_any(fake.gone ? "qemu+unix:///system?socket=/nonexistent" : "test:///default");
}

virConnectPtr virConnectOpen(const char *name)
{
    return open_test(name, "virConnectOpen");
}

virConnectPtr virConnectOpenReadOnly(const char *name)
{
    return open_test(name, "virConnectOpenReadOnly");
}

int virConnectIsAlive(virConnectPtr libvirt)
{
    assert_non_null(libvirt);
    return fake.alive;
}

virErrorPtr virSaveLastError(void)
{
    virErrorPtr (*save)(void) = NULL;

    *(void **)&save = real("virSaveLastError");
    return fake.last ? fake.last : save();
}

void virFreeError(virErrorPtr error)
{
    void (*free_any)(virErrorPtr) = NULL;

    *(void **)&free_any = real("virFreeError");
    if (error != fake.last)
        free_any(error);
}

/* --- the configuration ----------------------------------------------------------------------- */

static void configure(const char *text)
{
    int fd = open(XW_CONFIG_PATH, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);

    assert_true(fd >= 0);
    assert_int_equal(write(fd, text, strlen(text)), strlen(text));
    close(fd);
}

static int begin(void **state)
{
    (void)state;
    fake.alive = 1;
    return xw_test_private_root("/etc") < 0 || mkdir("/etc/xworlds", 0755) < 0 ? -1 : 0;
}

static void without_a_file_all_is_as_usual(void **state)
{
    struct xw_config config;
    struct xw_error err = {0};

    (void)state;
    unlink(XW_CONFIG_PATH);
    assert_int_equal(xw_config_read(XW_CONFIG_PATH, &config, &err), 0);
    assert_true(config.audit_required);
    assert_int_equal(config.stop_grace, 30);
    assert_int_equal(config.keep_closed, 30);
    assert_int_equal(config.per_user, 32);
    assert_int_equal(config.in_all, 512);
    assert_int_equal(config.user.machines, 32);
    assert_int_equal(config.user.memory, 8192);
    assert_int_equal(config.user.vcpus, 32);
    assert_int_equal(config.memory_reserve, 512);
    assert_int_equal(config.disk_reserve, 512);
    assert_int_equal(config.disk_rate, 100);
    assert_int_equal(config.disk_operations, 2000);
    assert_int_equal(config.world_disk, 0);
}

static void every_setting_is_read(void **state)
{
    struct xw_config config;
    struct xw_error err = {0};

    (void)state;
    configure("\n  # all of them\n\taudit=prefer\nstop-grace = 3600 # an hour\nper-user = 1\n"
              "in-all = 65536\r\naccelerator = tcg\nkeep-closed = 0");
    assert_int_equal(xw_config_read(XW_CONFIG_PATH, &config, &err), 0);
    assert_false(config.audit_required);
    assert_int_equal(config.stop_grace, 3600);
    assert_int_equal(config.keep_closed, 0);
    assert_int_equal(config.per_user, 1);
    assert_int_equal(config.in_all, 65536);
    assert_string_equal(config.accelerator, "qemu");
    configure("machines-per-user = 1\nmemory-per-user = 1073741824\nvcpus-per-user = 65536\n"
              "memory-reserve = 0\ndisk-reserve = 1073741824\n");
    assert_int_equal(xw_config_read(XW_CONFIG_PATH, &config, &err), 0);
    assert_int_equal(config.user.machines, 1);
    assert_int_equal(config.user.memory, 1073741824);
    assert_int_equal(config.user.vcpus, 65536);
    assert_int_equal(config.memory_reserve, 0);
    assert_int_equal(config.disk_reserve, 1073741824);
    configure("disk-rate-per-machine = 65536\ndisk-operations-per-machine = 10\n"
              "disk-per-world = 16\n");
    assert_int_equal(xw_config_read(XW_CONFIG_PATH, &config, &err), 0);
    assert_int_equal(config.disk_rate, 65536);
    assert_int_equal(config.disk_operations, 10);
    assert_int_equal(config.world_disk, 16);
    configure("disk-rate-per-machine = none\ndisk-operations-per-machine = none\n");
    assert_int_equal(xw_config_read(XW_CONFIG_PATH, &config, &err), 0);
    assert_int_equal(config.disk_rate + config.disk_operations, 0);
    configure("machines-per-user = none\nmemory-per-user = none\nvcpus-per-user = none\n");
    assert_int_equal(xw_config_read(XW_CONFIG_PATH, &config, &err), 0);
    assert_int_equal(config.user.machines + config.user.memory + config.user.vcpus, 0);
    configure("audit = require\n");
    assert_int_equal(xw_config_read(XW_CONFIG_PATH, &config, &err), 0);
    assert_true(config.audit_required);
}

static void what_is_no_setting_is_refused(void **state)
{
    static const struct {
        const char *text;
        const char *what;
    } wrong[] = {
        {"audit = yes\n", "conf:1: audit is require or prefer, not \"yes\""},
        {"audit =\n", "conf:1: audit is require or prefer, not \"\""},
        {"\nstop-grace = 0\n", "conf:2: stop-grace is a number from 1 to 3600, not \"0\""},
        {"stop-grace = 3601\n", "conf:1: stop-grace is a number from 1 to 3600, not \"3601\""},
        {"stop-grace = 30s\n", "conf:1: stop-grace is a number from 1 to 3600, not \"30s\""},
        {"per-user = 0\n", "conf:1: per-user is a number from 1 to 65536, not \"0\""},
        {"in-all = 65537\n", "conf:1: in-all is a number from 1 to 65536, not \"65537\""},
        {"machines-per-user = 0\n",
         "conf:1: machines-per-user is a number from 1 to 65536 or none, not \"0\""},
        {"memory-per-user = 1073741825\n",
         "conf:1: memory-per-user is a number from 1 to 1073741824 or none, not \"1073741825\""},
        {"vcpus-per-user = many\n",
         "conf:1: vcpus-per-user is a number from 1 to 65536 or none, not \"many\""},
        {"memory-reserve = none\n",
         "conf:1: memory-reserve is a number from 0 to 1073741824, not \"none\""},
        {"disk-reserve = -1\n",
         "conf:1: disk-reserve is a number from 0 to 1073741824, not \"-1\""},
        {"disk-rate-per-machine = 0\n",
         "conf:1: disk-rate-per-machine is a number from 1 to 65536 or none, not \"0\""},
        {"disk-operations-per-machine = 9\n", "is a number from 10 to 10000000 or none"},
        {"disk-per-world = 15\n", "conf:1: disk-per-world is a number from 16 to 1073741824"},
        {"keep-closed = 36501\n", "conf:1: keep-closed is a number from 0 to 36500"},
        {"in_all = 5\n", "conf:1: \"in_all\" is not a setting; see xworlds.conf(5)"},
        {"= 5\n", "conf:1: \"\" is not a setting; see xworlds.conf(5)"},
        {"audit require\n", "conf:1: a line is \"key = value\""},
        {"# fine\naudit # = require\n", "conf:2: a line is \"key = value\""},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
        struct xw_config config;
        struct xw_error err = {0};
        configure(wrong[i].text);
        assert_int_equal(xw_config_read(XW_CONFIG_PATH, &config, &err), -EBADMSG);
        assert_non_null(strstr(err.text, wrong[i].what));
    }
}

/* Not to be read is not the same as not to be there: no limit may fall away by it. */
static void a_file_that_cannot_be_read_is_an_error(void **state)
{
    struct xw_config config;
    struct xw_error err = {0};

    (void)state;
    unlink(XW_CONFIG_PATH);
    assert_int_equal(symlink(XW_CONFIG_PATH, XW_CONFIG_PATH), 0);
    assert_int_equal(xw_config_read(XW_CONFIG_PATH, &config, &err), -ELOOP);
    assert_non_null(strstr(err.text, "can't be opened"));
    assert_int_equal(unlink(XW_CONFIG_PATH), 0);
    /* A directory opens and doesn't read. */
    assert_int_equal(mkdir(XW_CONFIG_PATH, 0755), 0);
    assert_int_equal(xw_config_read(XW_CONFIG_PATH, &config, &err), -EIO);
    assert_int_equal(rmdir(XW_CONFIG_PATH), 0);
}

/* --- libvirt --------------------------------------------------------------------------------- */

static void each_way_is_opened(void **state)
{
    struct xw_host *host = NULL;
    struct xw_error err = {0};

    (void)state;
    configure("stop-grace = 7\naccelerator = tcg\n");
    assert_int_equal(xw_host_open(&host, &err), 0);
    assert_string_equal(fake.opened, "virConnectOpen");
    assert_non_null(xw_host_libvirt(host));
    assert_int_equal(xw_host_config(host)->stop_grace, 7);
    xw_host_close(host);
    xw_host_close(NULL);
    /* The reader has no file to open, and so no configuration. */
    configure("nonsense\n");
    assert_int_equal(xw_host_open_read_only(&host, &err), 0);
    assert_string_equal(fake.opened, "virConnectOpenReadOnly");
    xw_host_close(host);
    fake.opened = NULL;
    host = NULL;
    assert_int_equal(xw_host_open(&host, &err), -EBADMSG);
    assert_null(fake.opened);
    assert_null(host);
    configure("");
}

static void without_libvirt_it_is_try_again(void **state)
{
    struct xw_host *host = NULL;
    struct xw_error err = {0};
    char said[256] = "";
    int before = dup(STDERR_FILENO);
    int ends[2];

    (void)state;
    fake.gone = true;
    assert_int_equal(pipe2(ends, O_NONBLOCK), 0);
    assert_true(dup2(ends[1], STDERR_FILENO) >= 0);
    int rc = xw_host_open(&host, &err);
    assert_true(dup2(before, STDERR_FILENO) >= 0);
    fake.gone = false;
    assert_int_equal(rc, -EAGAIN);
    assert_null(host);
    assert_memory_equal(err.text, "libvirt is not answering: ", 26);
    /* libvirt itself prints nothing beside it. */
    assert_int_equal(read(ends[0], said, sizeof(said) - 1), -1);
    close(before);
    close(ends[0]);
    close(ends[1]);
}

static void errors_have_their_codes(void **state)
{
    static const struct {
        int code;
        int number; /* the error's first, an errno */
        bool connected;
        int alive;
        int expected;
    } cases[] = {
        {VIR_ERR_NO_DOMAIN, 0, true, 1, -ENOENT},
        {VIR_ERR_NO_DOMAIN, 0, true, 0, -ENOENT},
        {VIR_ERR_OPERATION_FAILED, 0, true, 0, -EAGAIN},
        {VIR_ERR_OPERATION_FAILED, 0, true, -1, -EAGAIN},
        {VIR_ERR_OPERATION_FAILED, 0, true, 1, -EIO},
        {VIR_ERR_OPERATION_FAILED, ENOSPC, true, 1, -EIO},
        {VIR_ERR_SYSTEM_ERROR, ENOSPC, true, 1, -ENOSPC},
        {VIR_ERR_SYSTEM_ERROR, EDQUOT, true, 1, -ENOSPC},
        {VIR_ERR_SYSTEM_ERROR, EACCES, true, 1, -EIO},
        {VIR_ERR_RPC, 0, false, 1, -EAGAIN},
        {VIR_ERR_SYSTEM_ERROR, 0, false, 1, -EAGAIN},
        {VIR_ERR_INTERNAL_ERROR, 0, false, 1, -EAGAIN},
        {VIR_ERR_AUTH_FAILED, 0, false, 1, -EIO},
    };
    char words[] = "its words";
    struct xw_host *host = NULL;
    struct xw_error err = {0};

    (void)state;
    assert_int_equal(xw_host_open(&host, &err), 0);
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        virError error = {.code = cases[i].code, .int1 = cases[i].number, .message = words};
        fake.last = &error;
        fake.alive = cases[i].alive;
        assert_int_equal(
            xw_libvirt_fail(cases[i].connected ? host : NULL, &err, "Asking for %s", "web"),
            cases[i].expected);
        assert_int_equal(err.code, cases[i].expected);
        assert_string_equal(err.text, "Asking for web: its words");
    }
    virError wordless = {.code = VIR_ERR_OPERATION_FAILED};
    fake.last = &wordless;
    fake.alive = 1;
    assert_int_equal(xw_libvirt_fail(host, &err, "Asking"), -EIO);
    assert_string_equal(err.text, "Asking: libvirt gives no reason");
    /* No error at all is remembered. */
    fake.last = NULL;
    virResetLastError();
    assert_int_equal(xw_libvirt_fail(host, &err, "Asking"), -EIO);
    assert_string_equal(err.text, "Asking: libvirt gives no reason");
    xw_host_close(host);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(without_a_file_all_is_as_usual),
        cmocka_unit_test(every_setting_is_read),
        cmocka_unit_test(what_is_no_setting_is_refused),
        cmocka_unit_test(a_file_that_cannot_be_read_is_an_error),
        cmocka_unit_test(each_way_is_opened),
        cmocka_unit_test(without_libvirt_it_is_try_again),
        cmocka_unit_test(errors_have_their_codes),
    };

    return cmocka_run_group_tests(tests, begin, NULL);
}
