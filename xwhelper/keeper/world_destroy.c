#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/cleanup.h"
#include "common/paths.h"
#include "xwhelper/keeper/bridge.h"
#include "xwhelper/keeper/machine.h"
#include "xwhelper/keeper/notice.h"
#include "xwhelper/keeper/owner_record.h"
#include "xwhelper/keeper/partition.h"
#include "xwhelper/keeper/quota.h"
#include "xwhelper/keeper/world.h"

/* The domains of one world. */
struct domains {
    virDomainPtr *all; /* the first `count` are the world's */
    size_t count;
};

static void free_domains(struct domains *domains)
{
    for (size_t i = 0; i < domains->count; i++)
        virDomainFree(domains->all[i]);
    free(domains->all);
}

static int find_domains(struct xw_host *host, const char *lab, const char *owner,
                        struct domains *domains, struct xw_error *err)
{
    char prefix[XW_DOMAIN_NAME_SIZE];
    int length = snprintf(prefix, sizeof(prefix), "xw:%s:%s:", lab, owner);
    int listed = virConnectListAllDomains(xw_host_libvirt(host), &domains->all, 0);

    if (listed < 0)
        return xw_libvirt_fail(host, err, "The domains can't be listed");
    for (int i = 0; i < listed; i++) {
        virDomainPtr domain = domains->all[i];
        if (strncmp(virDomainGetName(domain), prefix, (size_t)length) == 0)
            domains->all[domains->count++] = domain;
        else
            virDomainFree(domain);
    }
    return 0;
}

/* Turns a domain off. It may have stopped by itself in between. */
static int turn_off(struct xw_host *host, virDomainPtr domain, struct xw_error *err)
{
    /* Before what may fail: asking for a name, too, makes libvirt forget its last error. */
    const char *name = virDomainGetName(domain);
    struct xw_error stopping = {0};

    if (virDomainDestroy(domain) == 0)
        return 0;
    int rc = xw_libvirt_fail(host, &stopping, "Domain %s can't be stopped", name);
    return virDomainIsActive(domain) == 0 ? 0 : xw_fail(err, rc, "%s", stopping.text);
}

/* None is turned off unless all may be. */
static int stop_domains(struct xw_host *host, const struct domains *domains, bool force,
                        struct xw_error *err)
{
    int rc = 0;

    for (size_t i = 0; i < domains->count; i++) {
        const char *name = virDomainGetName(domains->all[i]);
        int active = virDomainIsActive(domains->all[i]);
        if (active < 0)
            return xw_libvirt_fail(host, err, "Asking for domain %s", name);
        if (active && !force)
            return xw_fail(err, -EBUSY, "%s is running; stop it first, or use force",
                           strrchr(name, ':') + 1);
    }
    for (size_t i = 0; rc == 0 && force && i < domains->count; i++) {
        if (virDomainIsActive(domains->all[i]) != 0)
            rc = turn_off(host, domains->all[i], err);
    }
    return rc;
}

/* The bridges that a definition names, so that they go even when the plan has gone before. */
static int remove_bridges_of(virDomainPtr domain, struct xw_error *err)
{
    static const char before[] = "<source bridge='";
    XW_AUTO_FREE char *xml = virDomainGetXMLDesc(domain, VIR_DOMAIN_XML_INACTIVE);

    for (const char *at = xml ? strstr(xml, before) : NULL; at; at = strstr(at, before)) {
        char bridge[XW_BRIDGE_SIZE];
        at += sizeof(before) - 1;
        size_t length = strcspn(at, "'");
        if (length >= sizeof(bridge) || strncmp(at, "xw-", 3) != 0)
            continue;
        memcpy(bridge, at, length);
        bridge[length] = '\0';
        int rc = xw_bridge_remove(bridge, err);
        if (rc < 0)
            return rc;
    }
    return 0;
}

static int undefine(struct xw_host *host, virDomainPtr domain, struct xw_error *err)
{
    char uuid[VIR_UUID_STRING_BUFLEN];
    char console[PATH_MAX];
    const char *name = virDomainGetName(domain);

    if (virDomainGetUUIDString(domain, uuid) == 0) {
        snprintf(console, sizeof(console), "%s/%s", XW_CONSOLE_DIR, uuid);
        unlink(console);
        xw_notice_remove(console);
    }
    if (virDomainUndefineFlags(domain, VIR_DOMAIN_UNDEFINE_MANAGED_SAVE |
                                           VIR_DOMAIN_UNDEFINE_SNAPSHOTS_METADATA |
                                           VIR_DOMAIN_UNDEFINE_NVRAM) == 0)
        return 0;
    struct xw_error undefining = {0};
    int rc = xw_libvirt_fail(host, &undefining, "Domain %s can't be undefined", name);
    return rc == -ENOENT ? 0 : xw_fail(err, rc, "%s", undefining.text);
}

/* The bridges of the lab's plan, if there still is one: domains may be missing. */
static int remove_planned_bridges(const char *lab, const char *owner, struct xw_error *err)
{
    XW_AUTO_CLOSE int labs_fd = open(XW_LABS_DIR, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (labs_fd < 0)
        return 0;
    XW_AUTO_FREE struct xw_plan *plan = malloc(sizeof(*plan));
    if (!plan)
        return xw_fail(err, -ENOMEM, "There is not enough memory on the host");
    if (xw_plan_read(labs_fd, lab, plan, NULL) < 0)
        return 0;

    for (size_t i = 0; i < plan->segment_count; i++) {
        char bridge[XW_BRIDGE_SIZE];
        xw_segment_bridge(lab, owner, plan->segments[i], bridge);
        int rc = xw_bridge_remove(bridge, err);
        if (rc < 0)
            return rc;
    }
    return 0;
}

/* Everything in the world's directory but the owner's name, which the last step needs. */
static int remove_files(const char *path, struct xw_error *err)
{
    XW_AUTO_CLOSEDIR DIR *directory = opendir(path);
    if (!directory)
        return errno == ENOENT ? 0 : xw_fail_errno(err, -errno, "%s can't be opened", path);

    const struct dirent *entry;
    while (errno = 0, (entry = readdir(directory))) {
        const char *name = entry->d_name;
        if (strcmp(name, ".") == 0 || strcmp(name, "..") == 0 || strcmp(name, "owner") == 0)
            continue;
        if (unlinkat(dirfd(directory), name, 0) < 0 && errno != ENOENT)
            return xw_fail_errno(err, -errno, "%s/%s can't be removed", path, name);
    }
    return errno ? xw_fail_errno(err, -errno, "%s can't be read", path) : 0;
}

static int remove_directory(const char *path, struct xw_error *err)
{
    XW_AUTO_CLOSE int fd = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (fd < 0)
        return errno == ENOENT ? 0 : xw_fail_errno(err, -errno, "%s can't be opened", path);
    if ((unlinkat(fd, "owner", 0) < 0 && errno != ENOENT) || rmdir(path) < 0)
        return xw_fail_errno(err, -errno, "%s can't be removed", path);
    return xw_sync_parent(path, err);
}

/* The bridges of domains and of the plan: a machine has none before it is started. */
static int remove_bridges(const struct domains *domains, const char *lab, const char *owner,
                          struct xw_error *err)
{
    int rc = 0;

    for (size_t i = 0; rc == 0 && i < domains->count; i++)
        rc = remove_bridges_of(domains->all[i], err);
    return rc == 0 ? remove_planned_bridges(lab, owner, err) : rc;
}

/* What the kernel has kept for the world: its cgroup, and its project's limit. */
static void let_go(const char *lab, const char *owner)
{
    xw_partition_remove(lab, owner);
    if (xw_quota_set(lab, owner, 0, NULL) < 0)
        return; /* the next world of this name gets the limit of then */
}

static int remove_world(struct xw_host *host, const char *lab, const char *owner, id_t number,
                        bool was_started, bool force, struct xw_error *err)
{
    __attribute__((cleanup(free_domains))) struct domains domains = {0};
    char path[PATH_MAX];

    int rc = xw_world_path(lab, owner, path, sizeof(path));
    if (rc < 0)
        return xw_fail_errno(err, rc, "The world %s of %s", lab, owner);
    rc = find_domains(host, lab, owner, &domains, err);
    if (rc < 0)
        return rc;
    int exists = xw_world_exists(lab, owner, err);
    if (exists < 0)
        return exists;
    if (domains.count == 0 && !exists)
        return xw_fail(err, -ENOENT, "There is no world %s of %s", lab, owner);

    rc = stop_domains(host, &domains, force, err);
    if (rc == 0 && was_started)
        rc = remove_bridges(&domains, lab, owner, err);
    for (size_t i = 0; rc == 0 && i < domains.count; i++)
        rc = undefine(host, domains.all[i], err);
    if (rc == 0 && was_started)
        let_go(lab, owner);
    if (rc == 0)
        rc = remove_files(path, err);
    if (rc == 0)
        rc = xw_owner_revoke(number, owner, lab, err);
    return rc == 0 ? remove_directory(path, err) : rc;
}

int xw_world_take_back(struct xw_host *host, const char *lab, const char *owner, id_t number,
                       struct xw_error *err)
{
    return remove_world(host, lab, owner, number, false, false, err);
}

int xw_world_destroy_locked(struct xw_host *host, const char *lab, const char *owner, id_t number,
                            bool force, struct xw_error *err)
{
    return remove_world(host, lab, owner, number, true, force, err);
}

int xw_world_destroy(struct xw_host *host, const char *lab, const char *owner, id_t number,
                     bool force, struct xw_error *err)
{
    XW_AUTO_CLOSE int lock = xw_world_lock(lab, owner, err);

    return lock < 0 ? lock : xw_world_destroy_locked(host, lab, owner, number, force, err);
}
