/* links: xwhelper/keeper/world_deploy.c xwhelper/keeper/world_destroy.c xwhelper/keeper/world.c xwhelper/keeper/owner_record.c xwhelper/keeper/partition.c xwhelper/keeper/machine.c xwhelper/keeper/machine_xml.c xwhelper/keeper/notice.c xwhelper/keeper/host.c common/config.c common/config_file.c common/record.c common/lines.c common/names.c common/request.c common/error.c xwhelper/keeper/lock.c */
/*
 * Worlds destroyed on libvirt's test driver, whole or not; what is left when a step fails, and that
 * the same command goes on from there.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <limits.h>

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
    limits = 0;
    xw_fault_set("quota", 1, EPERM);
    assert_int_equal(destroy(true), 0);
    /* What can't be taken away of it is no reason to keep the world. */
    assert_int_equal(limits, 1);
    assert_int_equal(limited, 0);
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
               "<source bridge='xw-sixteen-chars'/><source bridge='xw-fifteen-char'/>"
               "<source bridge='xw-ours'/></domain>");
    plan_is_there = false;
    assert_int_equal(destroy(true), 0);
    assert_non_null(strstr(done, "bridge xw-fifteen-char; bridge xw-ours; "));
    assert_null(strstr(done, "br0"));
    assert_null(strstr(done, "too-long"));
    assert_null(strstr(done, "sixteen"));
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
        {"lstat", 1, EACCES, -EACCES, "worlds/fw/alice can't be looked at"},
        {"readdir", 1, EIO, -EIO, "worlds/fw/alice can't be read"},
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
}

/* What went by itself is as good. */
static void what_is_gone_already(void **state)
{
    static const struct {
        const char *what;
        int nth;
    } gone[] = {{"went off before", 1}, {"gone before", 1},    {"removed before", 1},
                {"removed before", 2},  {"removed before", 3}, {"removed before", 4}};

    for (size_t i = 0; i < sizeof(gone) / sizeof(gone[0]); i++) {
        begin(state);
        assert_int_equal(deploy(), 0);
        if (i == 0)
            power("web", true);
        xw_fault_set(gone[i].what, gone[i].nth, 0);
        if (destroy(true) < 0)
            fail_msg("%s %d: %s", gone[i].what, gone[i].nth, words);
        xw_fault_set(NULL, 0, 0);
        assert_nothing();
    }
}

/* A machine that stays on keeps its world, and what comes after it stays as it is. */
static void one_that_cant_be_turned_off(void **state)
{
    (void)state;
    assert_int_equal(deploy(), 0);
    power("web", true);
    power("client", true);
    xw_fault_set("virDomainDestroy", 1, 0);
    assert_int_equal(destroy(true), -EIO);
    xw_fault_set(NULL, 0, 0);
    assert_non_null(strstr(words, "can't be stopped: invalid connection"));
    assert_memory_equal(done, "plug ", 5);
    assert_null(strstr(done + 5, "plug"));
    assert_whole();
    assert_int_equal(destroy(true), 0);
    assert_nothing();
}

static size_t count_bridges(void)
{
    size_t count = 0;

    for (const char *at = done; (at = strstr(at, "bridge xw-")); at++)
        count++;
    return count;
}

/* Of every definition and every segment of the plan; one that can't be removed keeps the world. */
static void all_bridges_go(void **state)
{
    for (int nth = 1; nth <= 4; nth++) {
        begin(state);
        plan.segment_count = 2;
        plan.machines[1].interface_count = 1;
        assert_int_equal(deploy(), 0);
        xw_fault_set("bridge", nth, 0);
        assert_int_equal(destroy(false), -EBUSY);
        xw_fault_set(NULL, 0, 0);
        assert_whole();
        assert_int_equal(destroy(false), 0);
        assert_int_equal(count_bridges(), 4);
        assert_nothing();
    }
    /* No lab at all, any more: the definitions tell them. */
    assert_int_equal(deploy(), 0);
    assert_int_equal(rename(XW_LABS_DIR, XW_STATE_DIR "/moved"), 0);
    assert_int_equal(destroy(false), 0);
    assert_int_equal(rename(XW_STATE_DIR "/moved", XW_LABS_DIR), 0);
    assert_int_equal(count_bridges(), 2);
    assert_nothing();
}

static void undefine(const char *name)
{
    virDomainPtr domain = virDomainLookupByName(kept, name);

    assert_non_null(domain);
    if (virDomainIsActive(domain))
        assert_int_equal(virDomainDestroy(domain), 0);
    assert_int_equal(virDomainUndefine(domain), 0);
    virDomainFree(domain);
}

/* A world is destroyed by what is there of it: files without domains, domains without files. */
static void half_a_world(void **state)
{
    (void)state;
    assert_int_equal(deploy(), 0);
    assert_int_equal(rename(WORLD, XW_STATE_DIR "/moved"), 0);
    assert_int_equal(destroy(false), 0);
    assert_nothing();
    assert_int_equal(rename(XW_STATE_DIR "/moved", WORLD), 0);
    assert_int_equal(destroy(false), 0);
    assert_nothing();
    /* libvirt has none of anybody. */
    assert_int_equal(deploy(), 0);
    undefine("xw:fw:alice:web");
    undefine("xw:fw:alice:client");
    undefine("test");
    assert_int_equal(destroy(false), 0);
    assert_nothing();
    /* What is in a world's place and no directory is nobody's to remove. */
    assert_int_equal(deploy(), 0);
    assert_int_equal(rename(WORLD, XW_STATE_DIR "/moved"), 0);
    put(WORLD, "");
    assert_int_equal(destroy(false), -ENOTDIR);
    assert_non_null(strstr(words, "worlds/fw/alice can't be opened"));
    assert_int_equal(unlink(WORLD), 0);
    assert_int_equal(rename(XW_STATE_DIR "/moved", WORLD), 0);
    assert_int_equal(destroy(false), 0);
    assert_nothing();
}

/* libvirt is not asked for what can't be a world. */
static void a_name_that_is_too_long(void **state)
{
    static char owner[PATH_MAX];
    struct xw_error err = {0};

    (void)state;
    memset(owner, 'a', sizeof(owner) - 1);
    xw_fault_set("virConnectListAllDomains", 1, 0);
    assert_int_equal(xw_world_take_back(host, "fw", owner, UID, &err), -ENAMETOOLONG);
    assert_int_equal(xw_world_take_back(host, "fw", "alice", UID, &err), -EIO);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        FRESH(destroyed),
        FRESH(others_stay),
        FRESH(foreign_bridges_stay),
        FRESH(steps_of_destroying_that_fail),
        FRESH(what_is_gone_already),
        FRESH(one_that_cant_be_turned_off),
        FRESH(all_bridges_go),
        FRESH(half_a_world),
        FRESH(a_name_that_is_too_long),
    };

    return cmocka_run_group_tests(tests, begin_all, NULL);
}
