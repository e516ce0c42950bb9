#include "xwhelper/keeper/admission.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/statvfs.h>

#include "common/paths.h"
#include "xwhelper/keeper/lock.h"

enum { KIB_PER_MIB = 1024, MEMORY_STATS_MAX = 16 };

/* What runs on the host. */
struct running {
    struct xw_running *items;
    size_t count;
};

int xw_admission_lock(struct xw_error *err)
{
    static const char path[] = XW_WORLDS_DIR "/.admission.lock";

    return xw_lock_file(AT_FDCWD, path, path, path, err);
}

/* "xw:LAB:OWNER:MACHINE" into its parts; another name leaves them empty. */
static void split_name(const char *name, struct xw_running *running)
{
    char *parts[] = {running->lab, running->owner, running->machine};

    if (strncmp(name, "xw:", 3) != 0)
        return;
    name += 3;
    for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++) {
        size_t length = strcspn(name, ":");

        snprintf(parts[i], XW_NAME_SIZE, "%.*s", (int)length, name);
        name += length + (name[length] == ':');
    }
}

/* One domain; one that has ended meanwhile uses nothing. */
static int count_domain(struct xw_host *host, virDomainPtr domain, struct running *running,
                        struct xw_error *err)
{
    struct xw_running *item = &running->items[running->count];
    virDomainInfo info;

    if (virDomainGetInfo(domain, &info) < 0)
        return virGetLastErrorCode() == VIR_ERR_NO_DOMAIN
                   ? 0
                   : xw_libvirt_fail(host, err, "Counting the machines that run");
    *item = (struct xw_running){.memory = info.maxMem / KIB_PER_MIB, .vcpus = info.nrVirtCpu};
    split_name(virDomainGetName(domain), item);
    running->count++;
    return 0;
}

/* The caller frees running->items. */
static int count_running(struct xw_host *host, struct running *running, struct xw_error *err)
{
    virDomainPtr *domains;
    int count =
        virConnectListAllDomains(xw_host_libvirt(host), &domains, VIR_CONNECT_LIST_DOMAINS_ACTIVE);

    if (count < 0)
        return xw_libvirt_fail(host, err, "Counting the machines that run");
    running->items = calloc((size_t)count + 1, sizeof(*running->items));
    int rc = running->items ? 0 : xw_fail(err, -ENOMEM, "Counting the machines: memory is short");
    for (int i = 0; i < count; i++) {
        if (running->items && rc == 0)
            rc = count_domain(host, domains[i], running, err);
        virDomainFree(domains[i]);
    }
    free(domains);
    return rc;
}

/*
 * The host's memory, in MiB: all, and what is free or would be given back by the page cache
 * (libvirt-host.h, VIR_NODE_MEMORY_STATS_*; it wants to be asked first how many there are).
 */
static int look_at_memory(struct xw_host *host, struct xw_admission *admission,
                          struct xw_error *err)
{
    virConnectPtr libvirt = xw_host_libvirt(host);
    virNodeMemoryStats stats[MEMORY_STATS_MAX];
    int count = 0;

    if (virNodeGetMemoryStats(libvirt, VIR_NODE_MEMORY_STATS_ALL_CELLS, NULL, &count, 0) < 0)
        return xw_libvirt_fail(host, err, "Asking for the host's memory");
    if (count > MEMORY_STATS_MAX)
        return xw_fail(err, -ERANGE,
                       "libvirt has %d numbers for the host's memory; at most %d "
                       "are expected",
                       count, MEMORY_STATS_MAX);
    if (virNodeGetMemoryStats(libvirt, VIR_NODE_MEMORY_STATS_ALL_CELLS, stats, &count, 0) < 0)
        return xw_libvirt_fail(host, err, "Asking for the host's memory");
    for (int i = 0; i < count; i++) {
        if (strcmp(stats[i].field, VIR_NODE_MEMORY_STATS_TOTAL) == 0)
            admission->memory = stats[i].value / KIB_PER_MIB;
        else if (strcmp(stats[i].field, VIR_NODE_MEMORY_STATS_FREE) == 0 ||
                 strcmp(stats[i].field, VIR_NODE_MEMORY_STATS_BUFFERS) == 0 ||
                 strcmp(stats[i].field, VIR_NODE_MEMORY_STATS_CACHED) == 0)
            admission->memory_available += stats[i].value / KIB_PER_MIB;
    }
    return 0;
}

/* The lock is on the disk that holds the worlds. */
static int look_at_disk(int lock, struct xw_admission *admission, struct xw_error *err)
{
    struct statvfs disk;

    if (fstatvfs(lock, &disk) < 0)
        return xw_fail_errno(err, -errno, "The space on the disk of %s can't be asked for",
                             XW_WORLDS_DIR);
    admission->disk_available = (unsigned long long)disk.f_bavail * disk.f_frsize >> 20;
    return 0;
}

int xw_admission_check(struct xw_host *host, int lock, const struct xw_plan *plan,
                       const struct xw_plan_machine *planned, const char *owner,
                       struct xw_error *err)
{
    const struct xw_config *config = xw_host_config(host);
    struct xw_running wanted = {.memory = planned->memory, .vcpus = planned->vcpus};
    struct running running = {NULL, 0};
    struct xw_admission admission = {.user = &config->user,
                                     .lab = &plan->limits,
                                     .memory_reserve = config->memory_reserve,
                                     .disk_reserve = config->disk_reserve,
                                     .wanted = &wanted};

    snprintf(wanted.lab, sizeof(wanted.lab), "%s", plan->lab);
    snprintf(wanted.owner, sizeof(wanted.owner), "%s", owner);
    snprintf(wanted.machine, sizeof(wanted.machine), "%s", planned->name);
    int rc = count_running(host, &running, err);
    if (rc == 0)
        rc = look_at_memory(host, &admission, err);
    if (rc == 0)
        rc = look_at_disk(lock, &admission, err);
    admission.running = running.items;
    admission.running_count = running.count;
    if (rc == 0)
        rc = xw_admission_decide(&admission, err);
    free(running.items);
    return rc;
}
