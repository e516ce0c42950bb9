/* links: xwhelper/keeper/world_deploy.c xwhelper/keeper/world_destroy.c xwhelper/keeper/world.c xwhelper/keeper/owner_record.c xwhelper/keeper/machine.c xwhelper/keeper/machine_xml.c xwhelper/keeper/host.c common/config.c common/record.c common/lines.c common/names.c common/error.c */
/*
 * Worlds destroyed on libvirt's test driver, whole or not; what is left when a step fails, and that
 * the same command goes on from there.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tests/unit/deployed_world.h"

static void destroyed(void **state)
{
    (void)state;
    assert_int_equal(deploy(), 0);
    char console[128];
    const struct xw_machine web = {"fw", "alice", "web"};
    assert_int_equal(xw_machine_console_path(&web, console, sizeof(console)), 0);
    int fd = open(console, O_WRONLY | O_CREAT, 0600);
    close(fd);
    power("web", true);
    assert_int_equal(destroy(false), -EBUSY);
    assert_string_equal(words, "web is running; stop it first, or use force");
    assert_whole();
    assert_int_equal(destroy(true), 0);
    assert_non_null(strstr(done, "plug web; "));
    assert_null(strstr(done, "plug client"));
    assert_non_null(strstr(done, "undefine web; "));
    assert_non_null(strstr(done, "undefine client; "));
    /* Of the definition, and of the plan. */
    const char *bridge = strstr(done, "bridge xw-");
    assert_non_null(bridge);
    assert_non_null(strstr(bridge + 1, "bridge xw-"));
    assert_nothing();
    assert_int_equal(access(console, F_OK), -1);
    assert_int_equal(destroy(true), -ENOENT);
    assert_string_equal(words, "There is no world fw of alice");
    /* Without a plan the definitions tell the bridges. */
    assert_int_equal(deploy(), 0);
    plan_is_there = false;
    assert_int_equal(destroy(false), 0);
    bridge = strstr(done, "bridge xw-");
    assert_non_null(bridge);
    assert_null(strstr(bridge + 1, "bridge xw-"));
    assert_nothing();
}

/* Another owner's, and one of a name that begins with the same letters. */
static void others_stay(void **state)
{
    struct xw_error err = {0};

    (void)state;
    assert_int_equal(deploy(), 0);
    assert_int_equal(xw_world_deploy(host, &plan, "alice2", 1002, &result, &err), 0);
    assert_int_equal(destroy(true), 0);
    assert_nothing();
    virDomainPtr domain = domain_of("alice2", "web");
    assert_non_null(domain);
    virDomainFree(domain);
    assert_int_equal(access(XW_WORLDS_DIR "/fw/alice2/web.qcow2", F_OK), 0);
    assert_int_equal(xw_world_destroy(host, "fw", "alice2", 1002, true, &err), 0);
}

/* A bridge in a definition that is not ours is left alone. */
static void foreign_bridges_stay(void **state)
{
    (void)state;
    assert_int_equal(deploy(), 0);
    char **xml = definition_of("xw:fw:alice:client");
    free(*xml);
    *xml =
        strdup("<domain type='kvm'><source bridge='br0'/><source bridge='xw-much-too-long-name'/>"
               "<source bridge='xw-ours'/></domain>");
    plan_is_there = false;
    assert_int_equal(destroy(true), 0);
    assert_non_null(strstr(done, "bridge xw-ours; "));
    assert_null(strstr(done, "br0"));
    assert_null(strstr(done, "too-long"));
}

/* Each step of destroying fails once; the same command goes on. */
static void steps_of_destroying_that_fail(void **state)
{
    static const struct {
        const char *call;
        int nth;
        int number;
        int expected;
        const char *what;
    } faults[] = {
        {"virConnectListAllDomains", 1, 0, -EIO, "The domains can't be listed"},
        {"virDomainIsActive", 1, 0, -EIO, "Asking for domain xw:fw:alice:"},
        {"virDomainDestroy", 1, 0, -EIO, "web can't be stopped: invalid connection"},
        {"virDomainUndefineFlags", 1, 0, -EIO, "can't be undefined"},
        {"virDomainUndefineFlags", 2, 0, -EIO, "can't be undefined"},
        {"bridge", 1, 0, -EBUSY, "no bridge"},
        {"bridge", 2, 0, -EBUSY, "no bridge"},
        {"unlinkat", 1, EIO, -EIO, "can't be removed"},
        {"unlinkat", 3, EIO, -EIO, "owners/1001 can't be removed"},
        {"unlinkat", 4, EIO, -EIO, "alice can't be removed"},
        {"rmdir", 1, EBUSY, -EBUSY, "alice can't be removed"},
    };

    for (size_t i = 0; i < sizeof(faults) / sizeof(faults[0]); i++) {
        begin(state);
        assert_int_equal(deploy(), 0);
        power("web", true);
        xw_fault_set(faults[i].call, faults[i].nth, faults[i].number);
        int rc = destroy(true);
        xw_fault_set(NULL, 0, 0);
        if (rc != faults[i].expected || !strstr(words, faults[i].what))
            fail_msg("%s %d: %d, %s", faults[i].call, faults[i].nth, rc, words);
        assert_int_equal(access(WORLD, F_OK), 0);
        assert_int_equal(destroy(true), 0);
        assert_nothing();
    }
    /* What went by itself is as good. */
    static const char *const gone[] = {"went off before", "gone before"};
    for (size_t i = 0; i < sizeof(gone) / sizeof(gone[0]); i++) {
        begin(state);
        assert_int_equal(deploy(), 0);
        if (i == 0)
            power("web", true);
        xw_fault_set(gone[i], 1, 0);
        if (destroy(true) < 0)
            fail_msg("%s: %s", gone[i], words);
        xw_fault_set(NULL, 0, 0);
        assert_nothing();
    }
    begin(state);
    assert_int_equal(deploy(), 0);
    xw_fault_set("unlinkat", 1, ENOENT);
    assert_true(destroy(true) <= 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        FRESH(destroyed),
        FRESH(others_stay),
        FRESH(foreign_bridges_stay),
        FRESH(steps_of_destroying_that_fail),
    };

    return cmocka_run_group_tests(tests, begin_all, NULL);
}
