/*
 * What tests of the keeper's verbs share: the world fw/alice of three machines on libvirt's test
 * driver, what the driver can't do, and a job. For one test program each, which includes it once:
 * it defines functions of libvirt's and the keeper's bridges, images and overlays.
 */
#ifndef XW_TESTS_VERB_JOB_H
#define XW_TESTS_VERB_JOB_H

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
#include "xwhelper/keeper/admission.h"
#include "xwhelper/keeper/bridge.h"
#include "xwhelper/keeper/image.h"
#include "xwhelper/keeper/overlay.h"
#include "xwhelper/keeper/quota.h"
#include "xwhelper/keeper/verbs.h"
#include "xwhelper/keeper/world.h"

/* What is done besides libvirt's own, in order: bridges and overlays. */
static char done[512];
static int image_rc;
static char defined_as[256];
static bool gone; /* nothing answers where libvirt should */
static virConnectPtr kept;
static int held; /* domains of libvirt's that were not given back */

static inline void note(const char *what, const char *which)
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

static int overlay_rc = -ENOSPC; /* what becomes of one that fails */

int xw_overlay_fresh(const char *image, const char *path, struct xw_error *err)
{
    assert_string_equal(image, "tiny");
    note("fresh", strrchr(path, '/') + 1);
    return xw_fault_strikes("overlay") ? xw_fail(err, overlay_rc, "no overlay") : 0;
}

/* A world that has used up its share of the disk. */
static bool share_full;

int xw_quota_has_room(const char *lab, const char *owner, struct xw_error *err)
{
    assert_string_equal(lab, "fw");
    assert_string_equal(owner, "alice");
    return share_full ? xw_fail(err, -EDQUOT, "no share") : 0;
}

/* The lock is any descriptor: that it is open when a machine starts shows that it was held. */
static int admitted;            /* what admission says */
static const char *turned_away; /* whom it says that of; NULL: everybody */
static int lock_held = -1;
static int locks_taken;
static const char *starts_meanwhile; /* by somebody else, while it is admitted */
static bool created_under_lock;

int xw_admission_lock(struct xw_error *err)
{
    if (xw_fault_strikes("admission lock"))
        return xw_fail(err, -EIO, "no lock");
    locks_taken++;
    lock_held = open("/dev/null", O_RDONLY | O_CLOEXEC);
    return lock_held;
}

static inline void power(const char *machine, bool on);

int xw_admission_check(struct xw_host *host, int lock, const struct xw_plan *of,
                       const struct xw_plan_machine *planned, const char *name,
                       struct xw_error *err)
{
    (void)host;
    assert_int_equal(lock, lock_held);
    assert_string_equal(of->lab, "fw");
    assert_string_equal(name, "alice");
    note("admit", planned->name);
    if (starts_meanwhile)
        power(starts_meanwhile, true);
    return admitted < 0 && (!turned_away || strcmp(turned_away, planned->name) == 0)
               ? xw_fail(err, admitted, "not started: no room")
               : 0;
}

/* --- libvirt --------------------------------------------------------------------------------- */

virConnectPtr virConnectOpen(const char *name)
{
    REAL(virConnectPtr, virConnectOpen, (const char *));

    (void)name;
    return real(gone ? "qemu+unix:///system?socket=/nonexistent" : "test:///default");
}

/* Like xw_fault_set(): libvirt goes with that call; with "" and 0, it has gone, but still answers.
 */
static inline void libvirt_goes_with(const char *call, int nth)
{
    xw_fault_set(call, nth, ENOTCONN);
}

int virConnectIsAlive(virConnectPtr libvirt)
{
    (void)libvirt;
    return gone || (xw_fault.number == ENOTCONN && xw_fault.count >= xw_fault.nth) ? 0 : 1;
}

virDomainPtr virDomainLookupByName(virConnectPtr libvirt, const char *name)
{
    REAL(virDomainPtr, virDomainLookupByName, (virConnectPtr, const char *));
    virDomainPtr domain = breaks("virDomainLookupByName") ? NULL : real(libvirt, name);

    held += domain != NULL;
    return domain;
}

int virDomainFree(virDomainPtr domain)
{
    REAL(int, virDomainFree, (virDomainPtr));

    assert_non_null(domain);
    held--;
    return real(domain);
}

BREAKING(int, -1, virDomainIsActive, (virDomainPtr domain), domain);

/* Until it runs, nobody else may count. */
int virDomainCreate(virDomainPtr domain)
{
    REAL(int, virDomainCreate, (virDomainPtr));

    created_under_lock = lock_held >= 0 && fcntl(lock_held, F_GETFD) >= 0;
    return breaks("virDomainCreate") ? -1 : real(domain);
}

/* A machine of which a save that was cut off has left something, though it runs. */
static const char *leftover;

static inline bool has_leftover(virDomainPtr domain)
{
    return leftover && strcmp(strrchr(virDomainGetName(domain), ':') + 1, leftover) == 0;
}

int virDomainHasManagedSaveImage(virDomainPtr domain, unsigned int flags)
{
    REAL(int, virDomainHasManagedSaveImage, (virDomainPtr, unsigned int));

    if (breaks("virDomainHasManagedSaveImage"))
        return -1;
    return has_leftover(domain) ? 1 : real(domain, flags);
}

/* Without a saved memory it fails, as with QEMU's driver; the test driver's does not. */
int virDomainManagedSaveRemove(virDomainPtr domain, unsigned int flags)
{
    REAL(int, virDomainManagedSaveRemove, (virDomainPtr, unsigned int));

    if (has_leftover(domain) && !breaks("virDomainManagedSaveRemove")) {
        leftover = NULL;
        return 0;
    }
    return breaks("virDomainManagedSaveRemove") || virDomainHasManagedSaveImage(domain, 0) != 1
               ? -1
               : real(domain, flags);
}

/* A disk that took no more. */
static bool disk_full;

int virDomainGetState(virDomainPtr domain, int *state, int *reason, unsigned int flags)
{
    REAL(int, virDomainGetState, (virDomainPtr, int *, int *, unsigned int));

    if (breaks("virDomainGetState"))
        return -1;
    if (!disk_full)
        return real(domain, state, reason, flags);
    *state = VIR_DOMAIN_PAUSED;
    *reason = VIR_DOMAIN_PAUSED_IOERROR;
    return 0;
}

int virDomainResume(virDomainPtr domain)
{
    note("resume", strrchr(virDomainGetName(domain), ':') + 1);
    return breaks("virDomainResume") ? -1 : 0;
}

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
    virDomainPtr domain = real(libvirt, simple);
    held += domain != NULL;
    return domain;
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

/*
 * Runs a verb; what it said is in `said`, its error's words in the last line. Whatever came of it,
 * each domain that libvirt gave has been given back.
 */
static inline int run(verb_function verb, const char *machines, bool force)
{
    struct xw_error err = {0};
    const int before = held;
    const struct xw_job job = {
        .peer = ends[0], .viewer = -1, .request = &request, .owner = &owner, .plan = &plan};

    memset(said, 0, sizeof(said));
    done[0] = '\0';
    request = (struct xw_request){.force = force};
    assert_int_equal(xw_request_set_machines(&request, machines), 0);
    int rc = verb(&job, &err);
    assert_int_equal(held, before);
    ssize_t n = recv(ends[1], said, sizeof(said) - 256, MSG_DONTWAIT);
    if (rc < 0)
        snprintf(said + (n < 0 ? 0 : n), 256, "(%.200s)", err.text);
    return rc;
}

static inline virDomainPtr domain_of(const char *machine)
{
    char name[128];

    snprintf(name, sizeof(name), "xw:fw:alice:%s", machine);
    return virDomainLookupByName(kept, name);
}

static inline bool runs(const char *machine)
{
    virDomainPtr domain = domain_of(machine);
    bool active = domain && virDomainIsActive(domain) == 1;

    if (domain)
        virDomainFree(domain);
    return active;
}

static inline void power(const char *machine, bool on)
{
    virDomainPtr domain = domain_of(machine);

    assert_non_null(domain);
    if (runs(machine) != on)
        assert_int_equal(on ? virDomainCreate(domain) : virDomainDestroy(domain), 0);
    virDomainFree(domain);
}

#define PLAIN_CONFIG                                                                               \
    "accelerator = tcg\nstop-grace = 1\n"                                                          \
    "disk-rate-per-machine = none\ndisk-operations-per-machine = none\n"

static inline void configure(const char *text)
{
    int fd = open(XW_CONFIG_PATH, O_WRONLY | O_CREAT | O_TRUNC, 0644);

    assert_int_equal(write(fd, text, strlen(text)), strlen(text));
    close(fd);
}

static inline void write_owner(const char *text)
{
    int fd = open(XW_WORLDS_DIR "/fw/alice/owner", O_WRONLY | O_CREAT | O_TRUNC, 0600);

    assert_int_equal(write(fd, text, strlen(text)), strlen(text));
    close(fd);
}

static inline int begin_all(void **state)
{
    static const char *const machines[] = {"web", "router", "client"};

    (void)state;
    if (xw_test_private_root("/etc") < 0 || mkdir("/etc/xworlds", 0755) < 0 ||
        mount("tmpfs", "/var/lib", "tmpfs", 0, "mode=755") < 0 || mkdir(XW_STATE_DIR, 0755) < 0 ||
        mkdir(XW_WORLDS_DIR, 0711) < 0 || mkdir(XW_WORLDS_DIR "/fw", 0711) < 0 ||
        mount("tmpfs", "/run", "tmpfs", 0, "mode=755") < 0 ||
        mount("tmpfs", XW_CGROUP_DIR, "tmpfs", 0, "mode=755") < 0 ||
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

static inline int begin(void **state)
{
    (void)state;
    xw_fault_set(NULL, 0, 0);
    image_rc = 0;
    admitted = 0;
    turned_away = NULL;
    leftover = NULL;
    disk_full = false;
    share_full = false;
    overlay_rc = -ENOSPC;
    gone = false;
    heeds = true;
    configure(PLAIN_CONFIG);
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

static inline void all_on(void)
{
    power("web", true);
    power("router", true);
    power("client", true);
}

#define FRESH(test) cmocka_unit_test_setup(test, begin)

#endif
