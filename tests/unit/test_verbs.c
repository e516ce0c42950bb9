/* links: xwhelper/keeper/power.c xwhelper/keeper/stop.c xwhelper/keeper/revert.c xwhelper/keeper/job.c xwhelper/keeper/definition.c xwhelper/keeper/lifecycle.c xwhelper/keeper/reply.c xwhelper/keeper/world.c xwhelper/keeper/machine.c xwhelper/keeper/machine_xml.c xwhelper/keeper/host.c common/config.c common/record.c common/lines.c common/names.c common/request.c common/error.c */
/*
 * start, stop, reboot and revert on libvirt's test driver: what becomes of machines in each of
 * their states, what is said of each, and what an error of libvirt's makes of the rest.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <fcntl.h>
#include <libvirt/virterror.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/exitcode.h"
#include "common/paths.h"
#include "tests/unit/breaking_libvirt.h"
#include "tests/unit/private_root.h"
#include "xwhelper/keeper/bridge.h"
#include "xwhelper/keeper/image.h"
#include "xwhelper/keeper/overlay.h"
#include "xwhelper/keeper/reply.h"
#include "xwhelper/keeper/verbs.h"
#include "xwhelper/keeper/world.h"

/* What is done besides libvirt's own, in order: bridges and overlays. */
static char done[512];
static int image_rc;
static char defined_as[32];
static bool gone; /* libvirt's connection */
static virConnectPtr kept;

static void note(const char *what, const char *which)
{
    size_t used = strlen(done);

    snprintf(done + used, sizeof(done) - used, "%s %s; ", what, which);
}

int xw_image_check(const char *name, const char *id, struct xw_image *image, struct xw_error *err)
{
    (void)id;
    *image = (struct xw_image){.name = "tiny", .disk = "disk.qcow2"};
    assert_string_equal(name, "tiny");
    return image_rc < 0 ? xw_fail(err, image_rc, "the image has changed") : 0;
}

int xw_bridge_ensure(const char *name, struct xw_error *err)
{
    note("bridge", name);
    return xw_fault_strikes("bridge") ? xw_fail(err, -EPERM, "no bridge") : 0;
}

int xw_overlay_fresh(const char *image, const char *path, struct xw_error *err)
{
    assert_string_equal(image, "tiny");
    note("fresh", strrchr(path, '/') + 1);
    return xw_fault_strikes("overlay") ? xw_fail(err, -ENOSPC, "no overlay") : 0;
}

/* --- libvirt --------------------------------------------------------------------------------- */

virConnectPtr virConnectOpen(const char *name)
{
    REAL(virConnectPtr, virConnectOpen, (const char *));

    (void)name;
    return real(gone ? "qemu+unix:///system?socket=/nonexistent" : "test:///default");
}

int virConnectIsAlive(virConnectPtr libvirt)
{
    (void)libvirt;
    return gone ? 0 : 1;
}

BREAKING(virDomainPtr, NULL, virDomainLookupByName, (virConnectPtr libvirt, const char *name),
         libvirt, name);
BREAKING(int, -1, virDomainIsActive, (virDomainPtr domain), domain);
BREAKING(int, -1, virDomainCreate, (virDomainPtr domain), domain);
BREAKING(int, -1, virDomainHasManagedSaveImage, (virDomainPtr domain, unsigned int flags), domain,
         flags);
BREAKING(int, -1, virDomainManagedSaveRemove, (virDomainPtr domain, unsigned int flags), domain,
         flags);

/* What the driver doesn't do: a reset; and a button that a guest may not heed. */
static bool heeds;

int virDomainReset(virDomainPtr domain, unsigned int flags)
{
    (void)flags;
    note("reset", virDomainGetName(domain));
    return breaks("virDomainReset") ? -1 : 0;
}

int virDomainReboot(virDomainPtr domain, unsigned int flags)
{
    assert_int_equal(flags, VIR_DOMAIN_REBOOT_ACPI_POWER_BTN);
    note("reboot", virDomainGetName(domain));
    return breaks("virDomainReboot") ? -1 : 0;
}

int virDomainShutdownFlags(virDomainPtr domain, unsigned int flags)
{
    REAL(int, virDomainShutdownFlags, (virDomainPtr, unsigned int));

    assert_int_equal(flags, VIR_DOMAIN_SHUTDOWN_ACPI_POWER_BTN);
    note("button", strrchr(virDomainGetName(domain), ':') + 1);
    if (breaks("virDomainShutdownFlags"))
        return -1;
    return heeds ? real(domain, 0) : 0;
}

int virDomainDestroy(virDomainPtr domain)
{
    REAL(int, virDomainDestroy, (virDomainPtr));

    note("plug", strrchr(virDomainGetName(domain), ':') + 1);
    if (xw_fault_strikes("went off before")) {
        real(domain);
        real(domain);
        return -1;
    }
    return breaks("virDomainDestroy") ? -1 : real(domain);
}

/* The driver knows a simpler machine of the same name. */
virDomainPtr virDomainDefineXML(virConnectPtr libvirt, const char *xml)
{
    REAL(virDomainPtr, virDomainDefineXML, (virConnectPtr, const char *));
    char simple[512];
    const char *name = strstr(xml, "<name>");

    if (breaks("virDomainDefineXML"))
        return NULL;
    assert_non_null(name);
    snprintf(defined_as, sizeof(defined_as), "%.*s", (int)strcspn(xml, ">") + 1, xml);
    note("define", defined_as);
    char machine[128];
    char uuid[VIR_UUID_STRING_BUFLEN + 16] = "";
    snprintf(machine, sizeof(machine), "%.*s", (int)strcspn(name + 6, "<"), name + 6);
    virDomainPtr before = virDomainLookupByName(libvirt, machine);
    if (before) {
        char text[VIR_UUID_STRING_BUFLEN];
        assert_int_equal(virDomainGetUUIDString(before, text), 0);
        snprintf(uuid, sizeof(uuid), "<uuid>%s</uuid>", text);
        virDomainFree(before);
    }
    snprintf(simple, sizeof(simple),
             "<domain type='test'><name>%s</name>%s<memory>8192</memory><os><type>hvm</type></os>"
             "</domain>",
             machine, uuid);
    return real(libvirt, simple);
}

char *virDomainGetXMLDesc(virDomainPtr domain, unsigned int flags)
{
    assert_int_equal(flags, VIR_DOMAIN_XML_INACTIVE);
    (void)domain;
    return breaks("virDomainGetXMLDesc") ? NULL : strdup(defined_as);
}

/* --- a job ----------------------------------------------------------------------------------- */

static struct xw_plan plan;
static struct xw_request request;
static struct xw_owner owner = {.uid = 1001, .name = "alice"};
static int ends[2];
static char said[2048];

typedef int (*verb_function)(const struct xw_job *, struct xw_error *);

/* Runs a verb; what it said is in `said`, its error's words in the last line. */
static int run(verb_function verb, const char *machines, bool force)
{
    struct xw_error err = {0};
    const struct xw_job job = {
        .peer = ends[0], .viewer = -1, .request = &request, .owner = &owner, .plan = &plan};

    memset(said, 0, sizeof(said));
    done[0] = '\0';
    request = (struct xw_request){.force = force};
    assert_int_equal(xw_request_set_machines(&request, machines), 0);
    int rc = verb(&job, &err);
    ssize_t n = recv(ends[1], said, sizeof(said) - 256, MSG_DONTWAIT);
    if (rc < 0)
        snprintf(said + (n < 0 ? 0 : n), 256, "(%.200s)", err.text);
    return rc;
}

static virDomainPtr domain_of(const char *machine)
{
    char name[128];

    snprintf(name, sizeof(name), "xw:fw:alice:%s", machine);
    return virDomainLookupByName(kept, name);
}

static bool runs(const char *machine)
{
    virDomainPtr domain = domain_of(machine);
    bool active = domain && virDomainIsActive(domain) == 1;

    if (domain)
        virDomainFree(domain);
    return active;
}

static void power(const char *machine, bool on)
{
    virDomainPtr domain = domain_of(machine);

    assert_non_null(domain);
    if (runs(machine) != on)
        assert_int_equal(on ? virDomainCreate(domain) : virDomainDestroy(domain), 0);
    virDomainFree(domain);
}

static void configure(const char *text)
{
    int fd = open(XW_CONFIG_PATH, O_WRONLY | O_CREAT | O_TRUNC, 0644);

    assert_int_equal(write(fd, text, strlen(text)), strlen(text));
    close(fd);
}

static void write_owner(const char *text)
{
    int fd = open(XW_WORLDS_DIR "/fw/alice/owner", O_WRONLY | O_CREAT | O_TRUNC, 0600);

    assert_int_equal(write(fd, text, strlen(text)), strlen(text));
    close(fd);
}

static int begin_all(void **state)
{
    static const char *const machines[] = {"web", "router", "client"};

    (void)state;
    if (xw_test_private_root("/etc") < 0 || mkdir("/etc/xworlds", 0755) < 0 ||
        mount("tmpfs", "/var/lib", "tmpfs", 0, "mode=755") < 0 || mkdir(XW_STATE_DIR, 0755) < 0 ||
        mkdir(XW_WORLDS_DIR, 0711) < 0 || mkdir(XW_WORLDS_DIR "/fw", 0711) < 0 ||
        mkdir(XW_WORLDS_DIR "/fw/alice", 0711) < 0 || socketpair(AF_UNIX, SOCK_STREAM, 0, ends) < 0)
        return -1;
    strcpy(plan.lab, "fw");
    plan.machine_count = 3;
    for (size_t i = 0; i < 3; i++) {
        strcpy(plan.machines[i].name, machines[i]);
        strcpy(plan.machines[i].image, "tiny");
        plan.machines[i].memory = 16;
        plan.machines[i].vcpus = 1;
        plan.machines[i].order = i == 1 ? 0 : 1; /* router, client, web */
    }
    plan.machines[1].interface_count = 2;
    strcpy(plan.machines[1].interfaces[0].segment, "one");
    strcpy(plan.machines[1].interfaces[1].segment, "two");
    virSetErrorFunc(NULL, print_nothing);
    /* The driver's world lasts as long as somebody has it open. */
    kept = virConnectOpen("test:///default");
    return kept ? 0 : -1;
}

static int begin(void **state)
{
    (void)state;
    xw_fault_set(NULL, 0, 0);
    image_rc = 0;
    gone = false;
    heeds = true;
    configure("accelerator = tcg\nstop-grace = 1\n");
    write_owner("uid 1001\n");
    snprintf(defined_as, sizeof(defined_as), "<domain type='qemu'>");
    for (size_t i = 0; i < 3; i++) {
        char xml[128];
        snprintf(xml, sizeof(xml), "<domain type='qemu'><name>xw:fw:alice:%s</name>",
                 plan.machines[i].name);
        virDomainPtr domain = domain_of(plan.machines[i].name);
        if (!domain)
            domain = virDomainDefineXML(kept, xml);
        if (!domain)
            return -1;
        if (virDomainHasManagedSaveImage(domain, 0))
            virDomainManagedSaveRemove(domain, 0);
        virDomainFree(domain);
        power(plan.machines[i].name, false);
    }
    return 0;
}

/* --- start ----------------------------------------------------------------------------------- */

static void machines_are_started_in_order(void **state)
{
    (void)state;
    assert_int_equal(run(xw_verb_start, "*", false), 0);
    assert_string_equal(said, "done router started\ndone client started\ndone web started\n");
    assert_true(runs("router") && runs("client") && runs("web"));
    assert_int_equal(run(xw_verb_start, "web,router", false), 0);
    assert_string_equal(said, "done router was running already\ndone web was running already\n");
    power("web", false);
    power("client", false);
    assert_int_equal(run(xw_verb_start, "web", false), 0);
    assert_string_equal(said, "done web started\n");
    assert_false(runs("client"));
    /* Both bridges of the one with two interfaces. */
    assert_int_equal(run(xw_verb_start, "router", false), 0);
    assert_int_equal(strlen(done), 2 * strlen("bridge xw-aaaaaaaaaaaa; "));
}

static void a_definition_that_is_not_current(void **state)
{
    (void)state;
    assert_int_equal(run(xw_verb_start, "web", false), 0);
    assert_null(strstr(done, "define"));
    power("web", false);
    snprintf(defined_as, sizeof(defined_as), "<domain type='kvm'>");
    assert_int_equal(run(xw_verb_start, "web", false), 0);
    assert_non_null(strstr(done, "define <domain type='qemu'>"));
    /* What runs, or has its memory saved, keeps its definition. */
    snprintf(defined_as, sizeof(defined_as), "<domain type='kvm'>");
    assert_int_equal(run(xw_verb_start, "web", false), 0);
    assert_null(strstr(done, "define"));
    virDomainPtr domain = domain_of("web");
    assert_int_equal(virDomainManagedSave(domain, 0), 0);
    assert_int_equal(run(xw_verb_start, "web", false), 0);
    assert_null(strstr(done, "define"));
    assert_true(runs("web"));
    /* One that is not there is made. */
    power("web", false);
    assert_int_equal(virDomainUndefine(domain), 0);
    virDomainFree(domain);
    assert_int_equal(run(xw_verb_start, "web", false), 0);
    assert_non_null(strstr(done, "define <domain type='qemu'>"));
    assert_true(runs("web"));
}

XW_FAULTY_MEMORY;

/* Each call that can fail: one machine's failure stops no other. */
static void what_fails_is_one_machines(void **state)
{
    static const struct {
        const char *call;
        int nth;
        const char *what;
    } faults[] = {
        {"bridge", 1, "fail router no bridge\n"},
        {"bridge", 2, "fail router no bridge\n"},
        {"virDomainLookupByName", 1, "fail router Asking for router: "},
        {"virDomainIsActive", 1, "fail router Asking for router: "},
        {"virDomainHasManagedSaveImage", 1, "fail router Asking for router: "},
        {"virDomainGetXMLDesc", 1, "fail router Asking for router: "},
        {"virDomainCreate", 1, "fail router Starting router: "},
    };

    for (size_t i = 0; i < sizeof(faults) / sizeof(faults[0]); i++) {
        begin(state);
        xw_fault_set(faults[i].call, faults[i].nth, 0);
        assert_int_equal(run(xw_verb_start, "*", false), XW_EXIT_FAILED);
        assert_memory_equal(said, faults[i].what, strlen(faults[i].what));
        assert_non_null(strstr(said, "\ndone client started\ndone web started\n"));
        assert_false(runs("router"));
    }
    begin(state);
    snprintf(defined_as, sizeof(defined_as), "<domain type='kvm'>");
    xw_fault_set("virDomainDefineXML", 1, 0);
    assert_int_equal(run(xw_verb_start, "router", false), XW_EXIT_FAILED);
    assert_memory_equal(said, "fail router Defining router: ", 29);
    xw_fault_set("open_memstream", 1, ENOMEM);
    assert_int_equal(run(xw_verb_start, "router", false), XW_EXIT_FAILED);
    assert_string_equal(said, "fail router There is not enough memory on the host\n");
    assert_false(runs("router"));
    image_rc = -ESTALE;
    assert_int_equal(run(xw_verb_start, "router,web", false), XW_EXIT_FAILED);
    assert_string_equal(said,
                        "fail router the image has changed\nfail web the image has changed\n");
    assert_string_equal(done, "");
}

/* The request ends with it: 75, and nothing is tried any more. */
static void libvirt_that_is_gone(void **state)
{
    static const verb_function verbs[] = {xw_verb_start, xw_verb_stop, xw_verb_reboot,
                                          xw_verb_revert};

    for (size_t i = 0; i < sizeof(verbs) / sizeof(verbs[0]); i++) {
        begin(state);
        gone = true;
        assert_int_equal(run(verbs[i], "*", false), -EAGAIN);
        assert_memory_equal(said, "(libvirt is not answering: ", 27);
        configure("nonsense\n");
        assert_int_equal(run(verbs[i], "*", false), -EBADMSG);
    }
    begin(state);
    image_rc = -EAGAIN;
    assert_int_equal(run(xw_verb_start, "*", false), -EAGAIN);
    assert_string_equal(said, "(the image has changed)");
}

/* Under the lock it is asked again whose the world is. */
static void a_world_that_is_anothers(void **state)
{
    static const verb_function verbs[] = {xw_verb_start, xw_verb_stop, xw_verb_reboot,
                                          xw_verb_revert};

    for (size_t i = 0; i < sizeof(verbs) / sizeof(verbs[0]); i++) {
        begin(state);
        write_owner("uid 1002\n");
        assert_int_equal(run(verbs[i], "*", true), -EPERM);
        assert_string_equal(said, "(" XW_REFUSED_TEXT ")");
        write_owner("nonsense\n");
        assert_int_equal(run(verbs[i], "*", true), -EBADMSG);
        assert_string_equal(done, "");
    }
    assert_int_equal(unlink(XW_WORLDS_DIR "/fw/alice/owner"), 0);
    assert_int_equal(run(xw_verb_start, "*", false), -ENOENT);
}

/* --- stop ------------------------------------------------------------------------------------ */

static void all_on(void)
{
    power("web", true);
    power("router", true);
    power("client", true);
}

static void machines_are_stopped_backwards(void **state)
{
    (void)state;
    all_on();
    power("client", false);
    assert_int_equal(run(xw_verb_stop, "*", true), 0);
    assert_string_equal(said, "done client was off already\ndone web stopped by force\n"
                              "done router stopped by force\n");
    assert_string_equal(done, "plug web; plug router; ");
    assert_false(runs("web") || runs("router"));
    all_on();
    assert_int_equal(run(xw_verb_stop, "web,router", false), 0);
    assert_string_equal(done, "button web; button router; ");
    assert_non_null(strstr(said, "progress web shutting down, for at most 1 s\n"));
    assert_non_null(strstr(said, "done web stopped\n"));
    assert_non_null(strstr(said, "done router stopped\n"));
    assert_true(runs("client"));
    assert_false(runs("web") || runs("router"));
}

static void who_does_not_heed_the_button(void **state)
{
    (void)state;
    all_on();
    heeds = false;
    assert_int_equal(run(xw_verb_stop, "web", false), 0);
    assert_string_equal(said, "progress web shutting down, for at most 1 s\n"
                              "done web did not shut down and was stopped by force\n");
    assert_false(runs("web"));
    /* A button that can't be pressed is no failure. */
    xw_fault_set("virDomainShutdownFlags", 1, 0);
    assert_int_equal(run(xw_verb_stop, "client", false), 0);
    assert_non_null(strstr(said, "done client did not shut down and was stopped by force\n"));
}

static void what_fails_when_stopping(void **state)
{
    (void)state;
    all_on();
    xw_fault_set("virDomainDestroy", 1, 0);
    assert_int_equal(run(xw_verb_stop, "*", true), XW_EXIT_FAILED);
    assert_memory_equal(said, "fail web Stopping web: ", 23);
    assert_non_null(strstr(said, "\ndone client stopped by force\ndone router stopped by force\n"));
    assert_true(runs("web"));
    all_on();
    xw_fault_set("went off before", 1, 0);
    assert_int_equal(run(xw_verb_stop, "web", true), 0);
    assert_string_equal(said, "done web stopped by force\n");
    all_on();
    xw_fault_set("virDomainIsActive", 1, 0);
    assert_int_equal(run(xw_verb_stop, "web,client", true), XW_EXIT_FAILED);
    assert_memory_equal(said, "fail web Asking for web: ", 25);
    assert_false(runs("client"));
    xw_fault_set("virDomainLookupByName", 1, 0);
    assert_int_equal(run(xw_verb_stop, "web", true), XW_EXIT_FAILED);
    assert_memory_equal(said, "fail web Asking for web: ", 25);
    /* Not defined is off. */
    begin(state);
    virDomainPtr domain = domain_of("web");
    assert_int_equal(virDomainUndefine(domain), 0);
    virDomainFree(domain);
    assert_int_equal(run(xw_verb_stop, "web", true), 0);
    assert_string_equal(said, "done web was off already\n");
}

/* --- reboot ---------------------------------------------------------------------------------- */

static void machines_are_rebooted(void **state)
{
    (void)state;
    all_on();
    power("client", false);
    assert_int_equal(run(xw_verb_reboot, "web,client", false), XW_EXIT_FAILED);
    assert_string_equal(said,
                        "fail client client is off; start it instead\ndone web is rebooting\n");
    assert_string_equal(done, "reboot xw:fw:alice:web; ");
    assert_int_equal(run(xw_verb_reboot, "web", true), 0);
    assert_string_equal(said, "done web was reset\n");
    assert_string_equal(done, "reset xw:fw:alice:web; ");
    xw_fault_set("virDomainReset", 1, 0);
    assert_int_equal(run(xw_verb_reboot, "web", true), XW_EXIT_FAILED);
    assert_memory_equal(said, "fail web Rebooting web: ", 24);
    xw_fault_set("virDomainReboot", 1, 0);
    assert_int_equal(run(xw_verb_reboot, "web", false), XW_EXIT_FAILED);
    assert_memory_equal(said, "fail web Rebooting web: ", 24);
    xw_fault_set("virDomainIsActive", 1, 0);
    assert_int_equal(run(xw_verb_reboot, "web", false), XW_EXIT_FAILED);
    assert_memory_equal(said, "fail web Asking for web: ", 25);
    xw_fault_set("virDomainLookupByName", 1, 0);
    assert_int_equal(run(xw_verb_reboot, "web", false), XW_EXIT_FAILED);
    assert_memory_equal(said, "fail web Asking for web: ", 25);
}

/* --- revert ---------------------------------------------------------------------------------- */

static void machines_are_reverted(void **state)
{
    (void)state;
    power("web", true);
    assert_int_equal(run(xw_verb_revert, "*", false), 0);
    assert_string_equal(said, "done web is pristine and starts again\ndone client is pristine\n"
                              "done router is pristine\n");
    assert_string_equal(done,
                        "plug web; fresh web.qcow2; fresh client.qcow2; fresh router.qcow2; ");
    assert_true(runs("web"));
    assert_false(runs("client"));
    /* Old memory must not meet the new disk. */
    virDomainPtr domain = domain_of("web");
    assert_int_equal(virDomainManagedSave(domain, 0), 0);
    assert_int_equal(run(xw_verb_revert, "web", false), 0);
    assert_string_equal(said, "done web is pristine\n");
    assert_int_equal(virDomainHasManagedSaveImage(domain, 0), 0);
    assert_false(runs("web"));
    /* One that libvirt doesn't know has a disk all the same. */
    assert_int_equal(virDomainUndefine(domain), 0);
    virDomainFree(domain);
    assert_int_equal(run(xw_verb_revert, "web", false), 0);
    assert_string_equal(said, "done web is pristine\n");
    assert_string_equal(done, "fresh web.qcow2; ");
}

/* Until it is off and without memory, the disk stays as it is. */
static void what_fails_when_reverting(void **state)
{
    static const struct {
        const char *call;
        bool saved;
        const char *what;
    } faults[] = {
        {"virDomainLookupByName", false, "fail web Asking for web: "},
        {"virDomainIsActive", false, "fail web Asking for web: "},
        {"virDomainDestroy", false, "fail web Stopping web: "},
        {"virDomainHasManagedSaveImage", false, "fail web Dropping the saved memory of web: "},
        {"virDomainManagedSaveRemove", true, "fail web Dropping the saved memory of web: "},
    };

    for (size_t i = 0; i < sizeof(faults) / sizeof(faults[0]); i++) {
        begin(state);
        power("web", true);
        if (faults[i].saved) {
            virDomainPtr domain = domain_of("web");
            assert_int_equal(virDomainManagedSave(domain, 0), 0);
            virDomainFree(domain);
        }
        xw_fault_set(faults[i].call, 1, 0);
        assert_int_equal(run(xw_verb_revert, "web,client", false), XW_EXIT_FAILED);
        assert_memory_equal(said, faults[i].what, strlen(faults[i].what));
        assert_null(strstr(done, "fresh web"));
        assert_non_null(strstr(done, "fresh client"));
    }
    begin(state);
    image_rc = -ESTALE;
    power("web", true);
    assert_int_equal(run(xw_verb_revert, "web", false), XW_EXIT_FAILED);
    assert_string_equal(done, "");
    assert_true(runs("web"));
    image_rc = 0;
    xw_fault_set("overlay", 1, 0);
    assert_int_equal(run(xw_verb_revert, "web", false), XW_EXIT_FAILED);
    assert_string_equal(said, "fail web no overlay\n");
    begin(state);
    power("web", true);
    xw_fault_set("virDomainCreate", 1, 0);
    assert_int_equal(run(xw_verb_revert, "web", false), XW_EXIT_FAILED);
    assert_memory_equal(said, "fail web web is pristine, but could not be started again: ", 58);
    begin(state);
    power("web", true);
    xw_fault_set("went off before", 1, 0);
    assert_int_equal(run(xw_verb_revert, "web", false), 0);
}

#define FRESH(test) cmocka_unit_test_setup(test, begin)

int main(void)
{
    const struct CMUnitTest tests[] = {
        FRESH(machines_are_started_in_order), FRESH(a_definition_that_is_not_current),
        FRESH(what_fails_is_one_machines),    FRESH(libvirt_that_is_gone),
        FRESH(a_world_that_is_anothers),      FRESH(machines_are_stopped_backwards),
        FRESH(who_does_not_heed_the_button),  FRESH(what_fails_when_stopping),
        FRESH(machines_are_rebooted),         FRESH(machines_are_reverted),
        FRESH(what_fails_when_reverting),
    };

    return cmocka_run_group_tests(tests, begin_all, NULL);
}
