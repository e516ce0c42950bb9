/*
 * A world of two machines that a test deploys and destroys on libvirt's test driver, with what is
 * done besides libvirt's own noted in order, and each step ready to fail.
 */
#ifndef XW_TESTS_DEPLOYED_WORLD_H
#define XW_TESTS_DEPLOYED_WORLD_H

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
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
#include "xwhelper/keeper/quota.h"
#include "xwhelper/keeper/world.h"

enum { UID = 1001 };

#define WORLD  XW_WORLDS_DIR "/fw/alice"
#define LOCK   XW_WORLDS_DIR "/fw/.alice.lock"
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

/* The last limit of the world's disk, in MiB, and whether the directory was there then. */
static unsigned int limited;
static size_t limits;

int xw_quota_set(const char *lab, const char *owner, unsigned int limit, struct xw_error *err)
{
    char path[PATH_MAX];

    snprintf(path, sizeof(path), XW_WORLDS_DIR "/%s/%s", lab, owner);
    if (access(path, F_OK) < 0)
        return xw_fail(err, -ENOENT, "no such world");
    limited = limit;
    limits++;
    return xw_fault_strikes("quota") ? xw_fail(err, -errno, "no quota") : limit > 0;
}

int xw_overlay_fresh(const char *image, const char *path, struct xw_error *err)
{
    (void)image;
    note("fresh", strrchr(path, '/') + 1);
    if (xw_fault_strikes("overlay"))
        return xw_fail(err, -errno, "no overlay");
    int fd = open(path, O_WRONLY | O_CREAT | O_EXCL, 0600);
    assert_true(fd >= 0);
    close(fd);
    return 0;
}

int xw_plan_read(int labs_fd, const char *lab, struct xw_plan *read_plan, struct xw_error *err)
{
    (void)err;
    assert_true(fcntl(labs_fd, F_GETFD) >= 0);
    assert_string_equal(lab, "fw");
    *read_plan = plan;
    return plan_is_there ? 0 : -ENOENT;
}

XW_FAULTY(fchmod, (int fd, mode_t mode), fd, mode);
XW_FAULTY(fsync, (int fd), fd);
XW_FAULTY(fflush, (FILE * file), file);
XW_FAULTY(fclose, (FILE * file), file);
XW_FAULTY(rename, (const char *from, const char *to), from, to);
XW_FAULTY(rmdir, (const char *path), path);
XW_FAULTY(lstat, (const char *path, struct stat *info), path, info);
XW_FAULTY_AS(struct dirent *, NULL, readdir, (DIR * directory), directory);
XW_FAULTY_MEMORY;

int unlinkat(int fd, const char *name, int flags)
{
    int (*libc)(int, const char *, int) = NULL;

    *(void **)&libc = dlsym(RTLD_NEXT, "unlinkat");
    if (xw_fault_strikes("removed before")) {
        libc(fd, name, flags);
        return libc(fd, name, flags);
    }
    return xw_fault_strikes("unlinkat") ? -1 : libc(fd, name, flags);
}

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
BREAKING(int, 0, virConnectIsAlive, (virConnectPtr libvirt), libvirt);
BREAKING(int, -1, virConnectListAllDomains,
         (virConnectPtr libvirt, virDomainPtr **domains, unsigned int flags), libvirt, domains,
         flags);

/* The machine's name in a domain's, or the whole of another one. */
static inline const char *machine_of(virDomainPtr domain)
{
    const char *name = virDomainGetName(domain);
    const char *colon = strrchr(name, ':');

    return colon ? colon + 1 : name;
}

int virDomainUndefineFlags(virDomainPtr domain, unsigned int flags)
{
    REAL(int, virDomainUndefineFlags, (virDomainPtr, unsigned int));

    assert_int_equal(flags, VIR_DOMAIN_UNDEFINE_MANAGED_SAVE |
                                VIR_DOMAIN_UNDEFINE_SNAPSHOTS_METADATA | VIR_DOMAIN_UNDEFINE_NVRAM);
    note("undefine", machine_of(domain));
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

    note("plug", machine_of(domain));
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

static inline int deploy(void)
{
    struct xw_error err = {0};

    done[0] = '\0';
    result = (enum xw_deploy_result)77;
    int rc = xw_world_deploy(host, &plan, "alice", UID, &result, &err);
    snprintf(words, sizeof(words), "%.511s", err.text);
    return rc;
}

static inline int destroy(bool force)
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

static inline bool is_defined(const char *machine)
{
    virDomainPtr domain = domain_of("alice", machine);

    if (domain)
        virDomainFree(domain);
    return domain != NULL;
}

static inline void power(const char *machine, bool on)
{
    virDomainPtr domain = domain_of("alice", machine);

    assert_non_null(domain);
    assert_int_equal(on ? virDomainCreate(domain) : virDomainDestroy(domain), 0);
    virDomainFree(domain);
}

static inline void assert_whole(void)
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

static inline void assert_nothing(void)
{
    assert_false(is_defined("web") || is_defined("client"));
    assert_int_equal(access(WORLD, F_OK), -1);
    assert_int_equal(access(RECORD, F_OK), -1);
}

static inline int begin_all(void **state)
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
    strcpy(plan.segments[0], "one");
    strcpy(plan.segments[1], "two");
    plan.machines[0].interface_count = 1;
    strcpy(plan.machines[0].interfaces[0].segment, "one");
    strcpy(plan.machines[1].interfaces[0].segment, "two");
    kept = virConnectOpen("test:///default");
    return kept && xw_host_open(&host, &err) == 0 ? 0 : -1;
}

static inline int begin(void **state)
{
    (void)state;
    xw_fault_set(NULL, 0, 0);
    image_rc = 0;
    plan_is_there = true;
    plan.segment_count = 1;
    plan.machines[1].interface_count = 0;
    destroy(true);
    return access(WORLD, F_OK) < 0 ? 0 : -1;
}

#define FRESH(test) cmocka_unit_test_setup(test, begin)

#endif
