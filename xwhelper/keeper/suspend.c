#include "xwhelper/keeper/suspend.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/statvfs.h>

#include "common/cleanup.h"
#include "common/exitcode.h"
#include "xwhelper/keeper/admission.h"
#include "xwhelper/keeper/machine.h"
#include "xwhelper/keeper/notice.h"
#include "xwhelper/keeper/reply.h"

/*
 * libvirt keeps managed saves below it, in qemu/save: a directory that only QEMU's account may pass
 * through, and root with capabilities that we don't have.
 */
#define SAVE_DIR "/var/lib/libvirt"

enum { KIB_PER_MIB = 1024 };

struct suspending {
    int peer;
    struct xw_host *host;
    const char *lab;
    const char *owner;
    const struct xw_plan *plan;
    virDomainPtr *domains; /* those of the world that run */
    size_t count;
};

static const char *machine_of(virDomainPtr domain)
{
    return strrchr(virDomainGetName(domain), ':') + 1;
}

static int by_name(const void *left, const void *right)
{
    return strcmp(virDomainGetName(*(const virDomainPtr *)left),
                  virDomainGetName(*(const virDomainPtr *)right));
}

/* Keeps the world's own of all domains that run, by name. */
static int find_running(struct suspending *world, struct xw_error *err)
{
    char prefix[XW_DOMAIN_NAME_SIZE];
    int length = snprintf(prefix, sizeof(prefix), "xw:%s:%s:", world->lab, world->owner);
    int listed = virConnectListAllDomains(xw_host_libvirt(world->host), &world->domains,
                                          VIR_CONNECT_LIST_DOMAINS_ACTIVE);

    if (listed < 0)
        return xw_libvirt_fail(world->host, err, "The machines can't be listed");
    for (int i = 0; i < listed; i++) {
        virDomainPtr domain = world->domains[i];
        if (strncmp(virDomainGetName(domain), prefix, (size_t)length) == 0)
            world->domains[world->count++] = domain;
        else
            virDomainFree(domain);
    }
    /* NOLINTNEXTLINE(bugprone-sizeof-expression): what is sorted are pointers */
    qsort(world->domains, world->count, sizeof(*world->domains), by_name);
    return 0;
}

static void free_domains(struct suspending *world)
{
    for (size_t i = 0; i < world->count; i++)
        virDomainFree(world->domains[i]);
    free(world->domains);
}

/* Whether the disk takes the memory of them all and keeps its reserve. */
static int check_room(struct suspending *world, unsigned long long memory, struct xw_error *err)
{
    const unsigned long long reserve = xw_host_config(world->host)->disk_reserve;
    struct statvfs disk;

    if (statvfs(SAVE_DIR, &disk) < 0)
        return xw_fail_errno(err, -errno, "The space in " SAVE_DIR " can't be asked for");
    unsigned long long room = (unsigned long long)disk.f_bavail * disk.f_frsize >> 20;
    if (room >= memory + reserve)
        return 0;
    return xw_fail(err, -ENOSPC,
                   "Saving the memory takes up to %llu MiB of the disk with " SAVE_DIR
                   ", which has %llu MiB left, %llu of them in reserve",
                   memory, room, reserve);
}

/* Nothing is changed before it is known that all of them can go. */
static int check_all(struct suspending *world, struct xw_error *err)
{
    unsigned long long memory = 0;

    for (size_t i = 0; i < world->count; i++) {
        const char *name = machine_of(world->domains[i]);
        virDomainInfo info;
        if (virDomainGetInfo(world->domains[i], &info) < 0)
            return xw_libvirt_fail(world->host, err, "Asking for %s", name);
        if (info.state != VIR_DOMAIN_RUNNING && info.state != VIR_DOMAIN_BLOCKED)
            return xw_fail(err, -EBUSY, "%s is neither running nor off", name);
        memory += info.maxMem / KIB_PER_MIB;
    }
    return world->count > 0 ? check_room(world, memory, err) : 0;
}

/* Whoever isn't there need not be told, and whoever can't be told is suspended all the same. */
static void tell_consoles(const struct suspending *world, size_t from, enum xw_notice notice)
{
    for (size_t i = from; i < world->count; i++) {
        const struct xw_machine machine = {world->lab, world->owner, machine_of(world->domains[i])};
        (void)xw_notice_send(&machine, (unsigned char)notice);
    }
}

/* Returns 0, also for one that has gone off by itself. */
static int save(struct suspending *world, size_t i, struct xw_error *err)
{
    struct xw_error saving = {0};
    const char *name = machine_of(world->domains[i]);

    xw_reply(world->peer, "progress %s its memory is being saved", name);
    if (virDomainManagedSave(world->domains[i], VIR_DOMAIN_SAVE_RUNNING) == 0)
        return 0;
    int rc = xw_libvirt_fail(world->host, &saving, "Saving the memory of %s", name);
    if (rc != -EAGAIN && virDomainIsActive(world->domains[i]) == 0)
        return 0;
    return xw_fail(err, rc, "%s", saving.text);
}

/* Its memory was given back when it was saved: it is admitted like any other that starts. */
static int go_on(struct suspending *world, size_t i, struct xw_error *err)
{
    const char *name = machine_of(world->domains[i]);
    const struct xw_plan_machine *planned = world->plan ? xw_plan_machine(world->plan, name) : NULL;
    XW_AUTO_CLOSE int lock = xw_admission_lock(err);
    int rc = lock < 0 ? lock : 0;

    if (rc == 0 && planned)
        rc = xw_admission_check(world->host, lock, world->plan, planned, world->owner, err);
    if (rc == 0 && virDomainCreate(world->domains[i]) < 0)
        rc = xw_libvirt_fail(world->host, err, "Letting %s go on", name);
    return rc;
}

/* One that went off by itself is not, and stays off; of one that can't be asked about, it is taken
 * so. */
static bool is_saved(virDomainPtr domain)
{
    return virDomainHasManagedSaveImage(domain, 0) != 0;
}

/* One could not be saved: those before it go on again. */
static void take_back(struct suspending *world, size_t saved)
{
    for (size_t i = 0; i < saved; i++) {
        const char *name = machine_of(world->domains[i]);
        struct xw_error err = {0};
        if (!is_saved(world->domains[i]))
            continue;
        if (go_on(world, i, &err) < 0)
            xw_reply(world->peer, "fail %s stays suspended: %s", name, err.text);
        else
            xw_reply(world->peer, "progress %s goes on", name);
    }
    tell_consoles(world, saved, XW_NOTICE_STAYS);
}

static int save_all(struct suspending *world, struct xw_error *err)
{
    struct xw_error failure = {0};
    size_t saved = 0;
    int rc = 0;

    tell_consoles(world, 0, XW_NOTICE_SUSPENDING);
    while (rc == 0 && saved < world->count) {
        rc = save(world, saved, &failure);
        saved += rc == 0;
    }
    for (size_t i = 0; rc == 0 && i < saved; i++) {
        if (is_saved(world->domains[i]))
            xw_reply(world->peer, "done %s suspended", machine_of(world->domains[i]));
    }
    if (rc == 0)
        return XW_EXIT_OK;
    xw_fail(err, rc, "%s", failure.text);
    if (rc == -EAGAIN)
        return rc;
    xw_reply(world->peer, "fail %s %s", machine_of(world->domains[saved]), failure.text);
    take_back(world, saved);
    return XW_EXIT_FAILED;
}

int xw_suspend_machines(int peer, struct xw_host *host, const char *lab, const char *owner,
                        const struct xw_plan *plan, struct xw_error *err)
{
    struct suspending world = {
        .peer = peer, .host = host, .lab = lab, .owner = owner, .plan = plan};
    struct xw_error refused = {0};
    int rc = find_running(&world, err);

    if (rc < 0)
        return rc;
    rc = check_all(&world, &refused);
    if (rc == 0) {
        rc = save_all(&world, err);
    } else {
        xw_fail(err, rc, "%s", refused.text);
        if (rc != -EAGAIN) {
            xw_reply(peer, "fail - %s", refused.text);
            rc = XW_EXIT_FAILED;
        }
    }
    free_domains(&world);
    return rc;
}
