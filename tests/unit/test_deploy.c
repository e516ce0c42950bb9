/* links: xwhelper/keeper/world_deploy.c xwhelper/keeper/world_destroy.c xwhelper/keeper/world.c xwhelper/keeper/owner_record.c xwhelper/keeper/machine.c xwhelper/keeper/machine_xml.c xwhelper/keeper/host.c common/config.c common/record.c common/lines.c common/names.c common/error.c */
/*
 * Worlds made, mended and destroyed on libvirt's test driver; what is left when a step fails, and
 * that the same command goes on from there.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/paths.h"
#include "tests/unit/breaking_libvirt.h"
#include "tests/unit/private_root.h"
#include "tests/unit/small_files.h"
#include "xwhelper/keeper/bridge.h"
#include "xwhelper/keeper/image.h"
#include "xwhelper/keeper/machine.h"
#include "xwhelper/keeper/overlay.h"
#include "xwhelper/keeper/world.h"

enum { UID = 1001 };

#define WORLD  XW_WORLDS_DIR "/fw/alice"
#define RECORD XW_OWNERS_DIR "/1001"

static char done[2048];
static int image_rc;
static struct xw_plan plan;
static bool plan_is_there;

static void note(const char *what, const char *which)
{
    size_t used = strlen(done);

    snprintf(done + used, sizeof(done) - used, "%s %s; ", what, which);
}

int xw_image_check(const char *name, const char *id, struct xw_image *image, struct xw_error *err)
{
    (void)id;
    *image = (struct xw_image){.name = "tiny", .disk = "disk.qcow2"};
    if (image_rc < 0 || xw_fault_strikes("image"))
        return xw_fail(err, image_rc < 0 ? image_rc : -ESTALE, "the image %s has changed", name);
    return 0;
}

int xw_bridge_remove(const char *name, struct xw_error *err)
{
    note("bridge", name);
    return xw_fault_strikes("bridge") ? xw_fail(err, -EBUSY, "no bridge") : 0;
}

int xw_overlay_fresh(const char *image, const char *path, struct xw_error *err)
{
    (void)image;
    note("fresh", strrchr(path, '/') + 1);
    if (xw_fault_strikes("overlay"))
        return xw_fail(err, -xw_fault.number, "no overlay");
    int fd = open(path, O_WRONLY | O_CREAT | O_EXCL, 0600);
    assert_true(fd >= 0);
    close(fd);
    return 0;
}

int xw_plan_read(int labs_fd, const char *lab, struct xw_plan *read_plan, struct xw_error *err)
{
    (void)labs_fd;
    (void)err;
    assert_string_equal(lab, "fw");
    *read_plan = plan;
    return plan_is_there ? 0 : -ENOENT;
}

XW_FAULTY(fchmod, (int fd, mode_t mode), fd, mode);
XW_FAULTY(fsync, (int fd), fd);
XW_FAULTY(fflush, (FILE * file), file);
XW_FAULTY(fclose, (FILE * file), file);
XW_FAULTY(rename, (const char *from, const char *to), from, to);
XW_FAULTY(unlinkat, (int fd, const char *name, int flags), fd, name, flags);
XW_FAULTY(rmdir, (const char *path), path);
XW_FAULTY(lstat, (const char *path, struct stat *info), path, info);

/* --- libvirt --------------------------------------------------------------------------------- */

static virConnectPtr kept;

/* What was defined, by name. */
static struct {
    char name[128];
    char *xml;
} defined[8];

static char **definition_of(const char *name)
{
    size_t i = 0;

    while (defined[i].name[0] && strcmp(defined[i].name, name) != 0)
        i++;
    assert_true(i < 8);
    snprintf(defined[i].name, sizeof(defined[i].name), "%s", name);
    return &defined[i].xml;
}

virConnectPtr virConnectOpen(const char *name)
{
    REAL(virConnectPtr, virConnectOpen, (const char *));

    (void)name;
    return real("test:///default");
}

virDomainPtr virDomainDefineXML(virConnectPtr libvirt, const char *xml)
{
    REAL(virDomainPtr, virDomainDefineXML, (virConnectPtr, const char *));
    const char *name = strstr(xml, "<name>") + 6;
    const char *uuid = strstr(xml, "<uuid>");
    char machine[128];
    char simple[512];

    if (breaks("virDomainDefineXML"))
        return NULL;
    snprintf(machine, sizeof(machine), "%.*s", (int)strcspn(name, "<"), name);
    note("define", strrchr(machine, ':') + 1);
    char **kept_xml = definition_of(machine);
    free(*kept_xml);
    *kept_xml = strdup(xml);
    snprintf(
        simple, sizeof(simple),
        "<domain type='test'><name>%s</name>%.*s</uuid><memory>8192</memory><os><type>hvm</type>"
        "</os></domain>",
        machine, 6 + VIR_UUID_STRING_BUFLEN - 1, uuid);
    return real(libvirt, simple);
}

char *virDomainGetXMLDesc(virDomainPtr domain, unsigned int flags)
{
    char *xml = *definition_of(virDomainGetName(domain));

    assert_int_equal(flags, VIR_DOMAIN_XML_INACTIVE);
    return breaks("virDomainGetXMLDesc") || !xml ? NULL : strdup(xml);
}

BREAKING(virDomainPtr, NULL, virDomainLookupByName, (virConnectPtr libvirt, const char *name),
         libvirt, name);
BREAKING(int, -1, virDomainIsActive, (virDomainPtr domain), domain);
BREAKING(int, -1, virConnectListAllDomains,
         (virConnectPtr libvirt, virDomainPtr **domains, unsigned int flags), libvirt, domains,
         flags);

int virDomainUndefineFlags(virDomainPtr domain, unsigned int flags)
{
    REAL(int, virDomainUndefineFlags, (virDomainPtr, unsigned int));

    assert_int_equal(flags, VIR_DOMAIN_UNDEFINE_MANAGED_SAVE |
                                VIR_DOMAIN_UNDEFINE_SNAPSHOTS_METADATA | VIR_DOMAIN_UNDEFINE_NVRAM);
    note("undefine", strrchr(virDomainGetName(domain), ':') + 1);
    if (xw_fault_strikes("gone before")) {
        real(domain, 0);
        /* With the error that a look-up leaves. */
        return virDomainLookupByName(kept, virDomainGetName(domain)) ? 0 : -1;
    }
    return breaks("virDomainUndefineFlags") ? -1 : real(domain, VIR_DOMAIN_UNDEFINE_MANAGED_SAVE);
}

int virDomainDestroy(virDomainPtr domain)
{
    REAL(int, virDomainDestroy, (virDomainPtr));

    note("plug", strrchr(virDomainGetName(domain), ':') + 1);
    if (xw_fault_strikes("went off before")) {
        real(domain);
        return real(domain);
    }
    return breaks("virDomainDestroy") ? -1 : real(domain);
}

/* --- a world --------------------------------------------------------------------------------- */

static struct xw_host *host;
static char words[512];
static enum xw_deploy_result result;

static int deploy(void)
{
    struct xw_error err = {0};

    done[0] = '\0';
    result = (enum xw_deploy_result)77;
    int rc = xw_world_deploy(host, &plan, "alice", UID, &result, &err);
    snprintf(words, sizeof(words), "%.511s", err.text);
    return rc;
}

static int destroy(bool force)
{
    struct xw_error err = {0};

    done[0] = '\0';
    int rc = xw_world_destroy(host, "fw", "alice", UID, force, &err);
    snprintf(words, sizeof(words), "%.511s", err.text);
    return rc;
}

static virDomainPtr domain_of(const char *owner, const char *machine)
{
    char name[128];

    snprintf(name, sizeof(name), "xw:fw:%s:%s", owner, machine);
    return virDomainLookupByName(kept, name);
}

static bool is_defined(const char *machine)
{
    virDomainPtr domain = domain_of("alice", machine);

    if (domain)
        virDomainFree(domain);
    return domain != NULL;
}

static void power(const char *machine, bool on)
{
    virDomainPtr domain = domain_of("alice", machine);

    assert_non_null(domain);
    assert_int_equal(on ? virDomainCreate(domain) : virDomainDestroy(domain), 0);
    virDomainFree(domain);
}

static void assert_whole(void)
{
    struct stat info;

    assert_true(is_defined("web") && is_defined("client"));
    assert_int_equal(access(WORLD "/web.qcow2", F_OK), 0);
    assert_int_equal(access(WORLD "/client.qcow2", F_OK), 0);
    assert_string_equal(content(WORLD "/owner"), "uid 1001\n");
    assert_int_equal(stat(WORLD "/owner", &info), 0);
    assert_int_equal(info.st_mode & 07777, 0600);
    assert_string_equal(content(RECORD), "xworlds-owner 1\nuid 1001\nname alice\nlab fw\nend\n");
    assert_int_equal(access(WORLD "/owner.new", F_OK), -1);
}

static void assert_nothing(void)
{
    assert_false(is_defined("web") || is_defined("client"));
    assert_int_equal(access(WORLD, F_OK), -1);
    assert_int_equal(access(RECORD, F_OK), -1);
}

static int begin_all(void **state)
{
    static const char *const made[] = {XW_STATE_DIR, XW_WORLDS_DIR, XW_OWNERS_DIR, XW_LABS_DIR};
    struct xw_error err = {0};

    (void)state;
    if (xw_test_private_root("/var/lib") < 0 ||
        mount("tmpfs", "/etc", "tmpfs", 0, "mode=755") < 0 ||
        mount("tmpfs", "/run", "tmpfs", 0, "mode=755") < 0 || mkdir("/etc/xworlds", 0755) < 0 ||
        mkdir(XW_RUN_DIR, 0755) < 0 || mkdir(XW_CONSOLE_DIR, 0755) < 0)
        return -1;
    for (size_t i = 0; i < sizeof(made) / sizeof(made[0]); i++) {
        if (mkdir(made[i], 0755) < 0)
            return -1;
    }
    virSetErrorFunc(NULL, print_nothing);
    strcpy(plan.lab, "fw");
    plan.machine_count = 2;
    strcpy(plan.machines[0].name, "web");
    strcpy(plan.machines[1].name, "client");
    for (size_t i = 0; i < 2; i++) {
        strcpy(plan.machines[i].image, "tiny");
        plan.machines[i].memory = 16;
        plan.machines[i].vcpus = 1;
    }
    plan.segment_count = 1;
    strcpy(plan.segments[0], "one");
    plan.machines[0].interface_count = 1;
    strcpy(plan.machines[0].interfaces[0].segment, "one");
    kept = virConnectOpen("test:///default");
    return kept && xw_host_open(&host, &err) == 0 ? 0 : -1;
}

static int begin(void **state)
{
    (void)state;
    xw_fault_set(NULL, 0, 0);
    image_rc = 0;
    plan_is_there = true;
    destroy(true);
    return access(WORLD, F_OK) < 0 ? 0 : -1;
}

/* --- tests ----------------------------------------------------------------------------------- */

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
        {"fclose", 1, EIO, -EIO, "The owner can't be recorded"},
        {"rename", 1, EACCES, -EACCES, "The owner can't be recorded"},
        {"overlay", 1, ENOSPC, -ENOSPC, "no overlay; make room on the disk"},
        {"overlay", 2, EIO, -EIO, "no overlay"},
        {"lstat", 2, EACCES, -EACCES, "web.qcow2 can't be looked at"},
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

#define FRESH(test) cmocka_unit_test_setup(test, begin)

int main(void)
{
    const struct CMUnitTest tests[] = {
        FRESH(made_mended_and_there),
        FRESH(what_runs_is_not_defined_again),
        FRESH(a_world_that_is_anothers),
        FRESH(an_image_that_has_changed),
        FRESH(steps_that_fail),
        FRESH(destroyed),
        FRESH(others_stay),
        FRESH(foreign_bridges_stay),
        FRESH(steps_of_destroying_that_fail),
    };

    return cmocka_run_group_tests(tests, begin_all, NULL);
}
