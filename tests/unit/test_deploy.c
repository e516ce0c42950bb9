/* links: xwhelper/keeper/world_deploy.c xwhelper/keeper/world_destroy.c xwhelper/keeper/world.c xwhelper/keeper/owner_record.c xwhelper/keeper/partition.c xwhelper/keeper/machine.c xwhelper/keeper/machine_xml.c xwhelper/keeper/notice.c xwhelper/keeper/host.c common/config.c common/config_file.c common/record.c common/lines.c common/names.c common/request.c common/error.c xwhelper/keeper/lock.c */
/*
 * Worlds made and mended on libvirt's test driver; what is left when a step fails, and that the
 * same command goes on from there.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tests/unit/deployed_world.h"

static void made_mended_and_there(void **state)
{
    struct stat before;
    struct stat after;

    (void)state;
    assert_int_equal(deploy(), 0);
    assert_int_equal(result, XW_DEPLOY_MADE);
    assert_string_equal(done, "fresh web.qcow2; define web; fresh client.qcow2; define client; ");
    assert_whole();
    assert_int_equal(deploy(), 0);
    assert_int_equal(result, XW_DEPLOY_PRESENT);
    assert_null(strstr(done, "fresh"));
    /* What is missing is made, and nothing else. */
    assert_int_equal(stat(WORLD "/client.qcow2", &before), 0);
    assert_int_equal(unlink(WORLD "/web.qcow2"), 0);
    assert_int_equal(deploy(), 0);
    assert_int_equal(result, XW_DEPLOY_MENDED);
    assert_int_equal(stat(WORLD "/client.qcow2", &after), 0);
    assert_true(before.st_ino == after.st_ino);
    virDomainPtr domain = domain_of("alice", "client");
    assert_int_equal(virDomainUndefine(domain), 0);
    virDomainFree(domain);
    assert_int_equal(deploy(), 0);
    assert_int_equal(result, XW_DEPLOY_MENDED);
    assert_whole();
    assert_int_equal(unlink(WORLD "/owner"), 0);
    assert_int_equal(deploy(), 0);
    assert_int_equal(result, XW_DEPLOY_MENDED);
    assert_int_equal(unlink(RECORD), 0);
    assert_int_equal(deploy(), 0);
    assert_whole();
    /* Another definition than before. */
    plan.machines[1].memory = 32;
    assert_int_equal(deploy(), 0);
    assert_int_equal(result, XW_DEPLOY_MENDED);
    plan.machines[1].memory = 16;
}

/* What runs keeps its definition. */
static void what_runs_is_not_defined_again(void **state)
{
    (void)state;
    assert_int_equal(deploy(), 0);
    power("web", true);
    assert_int_equal(deploy(), 0);
    assert_int_equal(result, XW_DEPLOY_PRESENT);
    assert_string_equal(done, "define client; ");
}

/* A team's world beside that of a user of its name and number: neither touches the other's. */
static void a_teams_world(void **state)
{
    struct xw_error err = {0};

    (void)state;
    assert_int_equal(deploy(), 0);
    assert_int_equal(xw_world_deploy(host, &plan, "@alice", UID, &result, &err), 0);
    assert_int_equal(result, XW_DEPLOY_MADE);
    assert_string_equal(content(XW_WORLDS_DIR "/fw/@alice/owner"), "gid 1001\n");
    assert_string_equal(content(XW_OWNERS_DIR "/g1001"),
                        "xworlds-owner 1\ngid 1001\nname @alice\nlab fw\nend\n");
    virDomainPtr domain = domain_of("@alice", "web");
    assert_non_null(domain);
    virDomainFree(domain);
    assert_int_equal(xw_world_deploy(host, &plan, "@alice", UID + 1, &result, &err), -EEXIST);
    assert_non_null(strstr(err.text, "belongs to the gid 1001, not 1002"));
    assert_int_equal(xw_world_deploy(host, &plan, "@mallory", UID, &result, &err), -EEXIST);
    assert_non_null(strstr(err.text, "The gid 1001 belonged to @alice"));
    assert_int_equal(xw_world_destroy(host, "fw", "@alice", UID, false, &err), 0);
    assert_int_equal(access(XW_WORLDS_DIR "/fw/@alice", F_OK), -1);
    assert_int_equal(access(XW_OWNERS_DIR "/g1001", F_OK), -1);
    unlink(XW_WORLDS_DIR "/fw/.@alice.lock");
    unlink(XW_WORLDS_DIR "/fw/.@mallory.lock");
    assert_whole();
}

static void a_world_that_is_anothers(void **state)
{
    struct xw_error err = {0};

    (void)state;
    assert_int_equal(deploy(), 0);
    assert_int_equal(xw_world_deploy(host, &plan, "alice", 1002, &result, &err), -EEXIST);
    assert_non_null(strstr(err.text, "belongs to the uid 1001, not 1002"));
    assert_int_equal(xw_world_deploy(host, &plan, "mallory", UID, &result, &err), -EEXIST);
    assert_non_null(strstr(err.text, "The uid 1001 belonged to alice"));
    assert_int_equal(access(XW_WORLDS_DIR "/fw/mallory", F_OK), -1);
    assert_whole();
    int fd = open(WORLD "/owner", O_WRONLY | O_TRUNC);
    assert_int_equal(write(fd, "x\n", 2), 2);
    close(fd);
    assert_int_equal(deploy(), -EBADMSG);
    assert_non_null(strstr(words, "is not a line"));
    assert_int_equal(unlink(WORLD "/owner"), 0);
}

/* All images before anything is made. */
static void an_image_that_has_changed(void **state)
{
    (void)state;
    xw_fault_set("image", 2, 0);
    assert_int_equal(deploy(), -ESTALE);
    assert_string_equal(done, "");
    assert_nothing();
    /* In between, when the first is made. */
    xw_fault_set("image", 4, 0);
    assert_int_equal(deploy(), -ESTALE);
    assert_string_equal(words, "the image tiny has changed");
    assert_nothing();
}

/* A new world that fails goes away again; one that was there stays. */
static void steps_that_fail(void **state)
{
    static const struct {
        const char *call;
        int nth;
        int number;
        int expected;
        const char *what;
    } faults[] = {
        {"fchmod", 1, EPERM, -EPERM, "The owner can't be recorded"},
        {"fflush", 1, ENOSPC, -ENOSPC, "; make room on the disk, then the same command goes on"},
        {"fsync", 1, EDQUOT, -EDQUOT, "; make room on the disk, then the same command goes on"},
        {"fsync", 2, EIO, -EIO, "The owner can't be recorded"},
        {"fsync", 3, EIO, -EIO, "worlds/fw/alice can't be put on the disk"},
        {"fclose", 1, EIO, -EIO, "The owner can't be recorded"},
        {"rename", 1, EACCES, -EACCES, "The owner can't be recorded"},
        {"quota", 1, EIO, -EIO, "no quota"},
        {"overlay", 1, ENOSPC, -ENOSPC, "no overlay; make room on the disk"},
        {"overlay", 2, EIO, -EIO, "no overlay"},
        {"lstat", 1, EACCES, -EACCES, "worlds/fw/alice can't be looked at"},
        {"lstat", 2, EACCES, -EACCES, "web.qcow2 can't be looked at"},
        {"open_memstream", 1, ENOMEM, -ENOMEM, "There is not enough memory on the host"},
        {"virDomainLookupByName", 1, 0, -EIO, "Domain xw:fw:alice:web: "},
        {"virDomainDefineXML", 1, 0, -EIO, "Domain xw:fw:alice:web can't be defined: "},
        {"virDomainDefineXML", 2, 0, -EIO, "Domain xw:fw:alice:client can't be defined: "},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(faults) / sizeof(faults[0]); i++) {
        xw_fault_set(faults[i].call, faults[i].nth, faults[i].number);
        int rc = deploy();
        xw_fault_set(NULL, 0, 0);
        if (rc != faults[i].expected || !strstr(words, faults[i].what))
            fail_msg("%s %d: %d, %s", faults[i].call, faults[i].nth, rc, words);
        if (faults[i].expected != -ENOSPC && faults[i].expected != -EDQUOT)
            assert_null(strstr(words, "make room"));
        /* It has no bridges, and who deploys may have no right over any. */
        assert_null(strstr(done, "bridge"));
        assert_nothing();
    }
    assert_int_equal(deploy(), 0);
    assert_int_equal(unlink(WORLD "/web.qcow2"), 0);
    xw_fault_set("overlay", 1, EIO);
    assert_int_equal(deploy(), -EIO);
    xw_fault_set(NULL, 0, 0);
    assert_true(is_defined("web"));
    assert_int_equal(access(WORLD "/client.qcow2", F_OK), 0);
    xw_fault_set("virDomainIsActive", 1, 0);
    assert_int_equal(deploy(), -EIO);
    xw_fault_set(NULL, 0, 0);
    assert_int_equal(deploy(), 0);
    assert_whole();
}

/* What comes of a failure isn't told in its place. */
static void configure(const char *text)
{
    int fd = open(XW_CONFIG_PATH, O_WRONLY | O_CREAT | O_TRUNC, 0644);

    assert_int_equal(write(fd, text, strlen(text)), strlen(text));
    close(fd);
    xw_host_close(host);
    assert_int_equal(xw_host_open(&host, NULL), 0);
}

/* The keeper may not have the right to it; then the world is there without. */
static void the_disk_of_a_world_is_limited(void **state)
{
    (void)state;
    assert_int_equal(deploy(), 0);
    assert_int_equal(limited, 0);
    configure("disk-per-world = 24\n");
    assert_int_equal(deploy(), 0);
    assert_int_equal(limited, 24);
    assert_int_equal(result, XW_DEPLOY_PRESENT);
    xw_fault_set("quota", 1, EPERM);
    assert_int_equal(deploy(), 0);
    assert_whole();
    configure("");
}

static void the_first_failure_is_told(void **state)
{
    static const struct {
        const char *first;
        int number;
        const char *second;
    } faults[] = {{"fchmod", EPERM, "fflush"},
                  {"fchmod", EPERM, "fclose"},
                  {"fflush", ENOSPC, "fclose"},
                  {"fclose", EDQUOT, "unlinkat"}};

    (void)state;
    for (size_t i = 0; i < sizeof(faults) / sizeof(faults[0]); i++) {
        xw_fault_set(faults[i].first, 1, faults[i].number);
        xw_fault_also(faults[i].second, 1, EIO);
        int rc = deploy();
        xw_fault_set(NULL, 0, 0);
        if (rc != -faults[i].number || !strstr(words, strerror(faults[i].number)))
            fail_msg("%s and %s: %d, %s", faults[i].first, faults[i].second, rc, words);
        destroy(false);
        assert_nothing();
    }
    /* What can't be taken back is told besides; the same command completes it. */
    xw_fault_set("overlay", 2, EIO);
    xw_fault_also("rmdir", 1, EBUSY);
    assert_int_equal(deploy(), -EIO);
    xw_fault_set(NULL, 0, 0);
    assert_memory_equal(words, "no overlay; and what was made of the world is still there (", 59);
    assert_int_equal(deploy(), 0);
    assert_whole();
}

/* A world that has lost its owner's name gets it whole, or not at all. */
static void an_owner_is_recorded_whole(void **state)
{
    static const struct {
        const char *call;
        int number;
    } faults[] = {{"fchmod", EPERM}, {"fflush", ENOSPC}, {"fclose", EIO}, {"rename", EACCES}};

    (void)state;
    assert_int_equal(deploy(), 0);
    assert_int_equal(unlink(WORLD "/owner"), 0);
    for (size_t i = 0; i < sizeof(faults) / sizeof(faults[0]); i++) {
        xw_fault_set(faults[i].call, 1, faults[i].number);
        assert_int_equal(deploy(), -faults[i].number);
        xw_fault_set(NULL, 0, 0);
        assert_int_equal(access(WORLD "/owner", F_OK), -1);
        assert_int_equal(access(WORLD "/owner.new", F_OK), -1);
    }
    assert_int_equal(mkdir(WORLD "/owner.new", 0700), 0);
    assert_int_equal(deploy(), -EISDIR);
    assert_non_null(strstr(words, "The owner can't be recorded in " WORLD ": "));
    assert_int_equal(rmdir(WORLD "/owner.new"), 0);
    assert_int_equal(deploy(), 0);
    assert_int_equal(result, XW_DEPLOY_MENDED);
    assert_whole();
}

/* Nothing can be taken back without libvirt; the same command completes the world. */
static void libvirt_that_goes_in_between(void **state)
{
    (void)state;
    xw_fault_set("virDomainDefineXML", 2, 0);
    xw_fault_also("virConnectIsAlive", 1, 0);
    assert_int_equal(deploy(), -EAGAIN);
    xw_fault_set(NULL, 0, 0);
    assert_memory_equal(words, "Domain xw:fw:alice:client can't be defined: ", 44);
    assert_null(strstr(words, "still there"));
    assert_true(is_defined("web"));
    assert_int_equal(deploy(), 0);
    assert_int_equal(result, XW_DEPLOY_MENDED);
    assert_string_equal(done, "define web; define client; ");
    assert_whole();
}

/* Where libvirt doesn't say what it has, a definition may have been another one. */
static void a_definition_that_is_not_told(void **state)
{
    (void)state;
    assert_int_equal(deploy(), 0);
    for (int nth = 1; nth <= 2; nth++) {
        xw_fault_set("virDomainGetXMLDesc", nth, 0);
        assert_int_equal(deploy(), 0);
        assert_int_equal(result, XW_DEPLOY_MENDED);
        assert_int_equal(deploy(), 0);
        assert_int_equal(result, XW_DEPLOY_PRESENT);
    }
}

/* Without the world's lock nothing is made. */
static void a_world_that_cant_be_locked(void **state)
{
    (void)state;
    assert_int_equal(rename(LOCK, LOCK ".kept"), 0);
    assert_int_equal(symlink(LOCK ".kept", LOCK), 0);
    assert_int_equal(deploy(), -ELOOP);
    assert_non_null(strstr(words, ".alice.lock can't be opened"));
    assert_string_equal(done, "");
    assert_nothing();
    assert_int_equal(rename(LOCK ".kept", LOCK), 0);
    assert_int_equal(deploy(), 0);
    assert_whole();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        FRESH(made_mended_and_there),
        FRESH(what_runs_is_not_defined_again),
        FRESH(a_teams_world),
        FRESH(a_world_that_is_anothers),
        FRESH(an_image_that_has_changed),
        FRESH(steps_that_fail),
        FRESH(the_disk_of_a_world_is_limited),
        FRESH(the_first_failure_is_told),
        FRESH(an_owner_is_recorded_whole),
        FRESH(libvirt_that_goes_in_between),
        FRESH(a_definition_that_is_not_told),
        FRESH(a_world_that_cant_be_locked),
    };

    return cmocka_run_group_tests(tests, begin_all, NULL);
}
