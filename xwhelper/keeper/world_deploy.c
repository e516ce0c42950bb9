#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "common/cleanup.h"
#include "common/paths.h"
#include "xwhelper/keeper/image.h"
#include "xwhelper/keeper/machine.h"
#include "xwhelper/keeper/overlay.h"
#include "xwhelper/keeper/owner_record.h"
#include "xwhelper/keeper/partition.h"
#include "xwhelper/keeper/quota.h"
#include "xwhelper/keeper/world.h"

/* What one deployment works with. */
struct deployment {
    struct xw_host *host;
    const struct xw_plan *plan;
    const char *owner;
    id_t number; /* uid, or a team's gid */
    bool is_new; /* there was no such world before */
    bool made_something;
};

static const char *kind_of(const char *owner)
{
    return xw_is_team(owner) ? "gid" : "uid";
}

static int write_world_owner(struct deployment *deployment, const char *path, struct xw_error *err)
{
    char name[PATH_MAX];
    char aside[PATH_MAX];

    snprintf(name, sizeof(name), "%s/%s/%s/owner", XW_WORLDS_DIR, deployment->plan->lab,
             deployment->owner);
    snprintf(aside, sizeof(aside), "%s/%s/%s/owner.new", XW_WORLDS_DIR, deployment->plan->lab,
             deployment->owner);
    FILE *file = fopen(aside, "we");
    int rc = file && fchmod(fileno(file), 0600) == 0 ? 0 : -errno;

    if (file) {
        if (rc == 0 && (fprintf(file, "%s %u\n", kind_of(deployment->owner),
                                (unsigned int)deployment->number) < 0 ||
                        fflush(file) != 0 || fsync(fileno(file)) < 0))
            rc = -errno;
        if (fclose(file) != 0 && rc == 0)
            rc = -errno;
    }
    if (rc == 0 && rename(aside, name) < 0)
        rc = -errno;
    if (rc < 0) {
        unlink(aside);
        return xw_fail_errno(err, rc, "The owner can't be recorded in %s", path);
    }
    deployment->made_something = true;
    return xw_sync_parent(name, err);
}

/* Makes the world's directory and its owner's name in it. */
static int make_world(struct deployment *deployment, struct xw_error *err)
{
    const char *lab = deployment->plan->lab;
    char path[PATH_MAX];
    id_t number = (id_t)-1;

    int rc = xw_world_path(lab, deployment->owner, path, sizeof(path));
    if (rc < 0)
        return xw_fail_errno(err, rc, "The world %s of %s", lab, deployment->owner);
    rc = xw_world_directory(path, err);
    if (rc < 0)
        return rc;

    struct xw_error reading = {0};
    rc = xw_world_owner(lab, deployment->owner, &number, &reading);
    if (rc == -ENOENT)
        rc = write_world_owner(deployment, path, err);
    else if (rc < 0)
        rc = xw_fail(err, rc, "%s", reading.text);
    else if (number != deployment->number)
        rc = xw_fail(err, -EEXIST,
                     "The world %s of %s belongs to the %s %u, not %u; an "
                     "administrator must destroy it first",
                     lab, deployment->owner, kind_of(deployment->owner), (unsigned int)number,
                     (unsigned int)deployment->number);
    return rc;
}

static int make_overlay(struct deployment *deployment, const struct xw_machine *machine,
                        const char *image, struct xw_error *err)
{
    char path[PATH_MAX];
    struct stat status;

    int rc = xw_machine_overlay_path(machine, path, sizeof(path));
    if (rc < 0)
        return xw_fail_errno(err, rc, "The overlay of machine %s", machine->machine);
    if (lstat(path, &status) == 0)
        return 0;
    if (errno != ENOENT)
        return xw_fail_errno(err, -errno, "%s can't be looked at", path);
    deployment->made_something = true;
    return xw_overlay_fresh(image, path, err);
}

/*
 * Defines what isn't running. libvirt fills definitions in, so that whether one has changed is
 * seen by comparing what it says before and after.
 */
static int define(struct deployment *deployment, const char *name, const char *xml,
                  struct xw_error *err)
{
    virConnectPtr libvirt = xw_host_libvirt(deployment->host);
    XW_AUTO_FREE char *before = NULL;
    XW_AUTO_FREE char *after = NULL;
    virDomainPtr domain = virDomainLookupByName(libvirt, name);

    if (domain) {
        int active = virDomainIsActive(domain);
        if (active == 0)
            before = virDomainGetXMLDesc(domain, VIR_DOMAIN_XML_INACTIVE);
        int rc = active < 0 ? xw_libvirt_fail(deployment->host, err, "Domain %s", name) : 0;
        virDomainFree(domain);
        if (active != 0)
            return rc;
    } else {
        struct xw_error looking = {0};
        int rc = xw_libvirt_fail(deployment->host, &looking, "Domain %s", name);
        if (rc != -ENOENT)
            return xw_fail(err, rc, "%s", looking.text);
    }

    domain = virDomainDefineXML(libvirt, xml);
    if (!domain)
        return xw_libvirt_fail(deployment->host, err, "Domain %s can't be defined", name);
    if (before)
        after = virDomainGetXMLDesc(domain, VIR_DOMAIN_XML_INACTIVE);
    virDomainFree(domain);
    if (!before || !after || strcmp(before, after) != 0)
        deployment->made_something = true;
    return 0;
}

static int deploy_machine(struct deployment *deployment, const struct xw_plan_machine *planned,
                          struct xw_error *err)
{
    const struct xw_machine machine = {deployment->plan->lab, deployment->owner, planned->name};
    char name[XW_DOMAIN_NAME_SIZE];
    struct xw_image image;

    int rc = xw_image_check(planned->image, planned->image_id, &image, err);
    if (rc < 0)
        return rc;
    rc = make_overlay(deployment, &machine, planned->image, err);
    if (rc < 0)
        return rc;

    const struct xw_config *config = xw_host_config(deployment->host);
    const struct xw_bounds bounds = xw_bounds_find(config);
    XW_AUTO_FREE char *xml = xw_machine_xml(&machine, deployment->plan, planned, &image,
                                            config->accelerator, &bounds, err);
    if (!xml)
        return err && err->code < 0 ? err->code : -ENOMEM;
    xw_machine_domain(&machine, name);
    return define(deployment, name, xml, err);
}

/* All images before anything is made: a world is not begun that can't be finished. */
static int check_images(const struct xw_plan *plan, struct xw_error *err)
{
    for (size_t i = 0; i < plan->machine_count; i++) {
        struct xw_image image;
        int rc = xw_image_check(plan->machines[i].image, plan->machines[i].image_id, &image, err);
        if (rc < 0)
            return rc;
    }
    return 0;
}

/*
 * Before there is anything in the world that would not count. A keeper that may not limit it (its
 * unit decides that) still gives it its project; who may gives that its limit.
 */
static int limit_disk(struct deployment *deployment, struct xw_error *err)
{
    struct xw_error why = {0};
    int rc = xw_quota_set(deployment->plan->lab, deployment->owner,
                          xw_host_config(deployment->host)->world_disk, &why);

    if (rc == -EPERM)
        fprintf(stderr, "%s (xworlds.conf(5), disk-per-world)\n", why.text);
    return rc >= 0 || rc == -EPERM ? 0 : xw_fail(err, rc, "%s", why.text);
}

/* Makes what is missing. */
static int build(struct deployment *deployment, struct xw_error *err)
{
    const struct xw_plan *plan = deployment->plan;

    int rc = make_world(deployment, err);
    if (rc == 0)
        rc = limit_disk(deployment, err);
    for (size_t i = 0; rc == 0 && i < plan->machine_count; i++)
        rc = deploy_machine(deployment, &plan->machines[i], err);
    return rc == 0 ? xw_owner_grant(deployment->number, deployment->owner, plan->lab, err) : rc;
}

/*
 * Says what went wrong, and takes a world back that would stay half-made: it was not there before.
 * Without libvirt that can't be done; the same command completes the world then.
 */
static int give_up(const struct deployment *deployment, int code, const struct xw_error *why,
                   struct xw_error *err)
{
    const bool full = code == -ENOSPC || code == -EDQUOT;
    struct xw_error removing = {0};

    if (deployment->is_new && code != -EAGAIN &&
        xw_world_take_back(deployment->host, deployment->plan->lab, deployment->owner,
                           deployment->number, &removing) < 0)
        return xw_fail(err, code, "%s; and what was made of the world is still there (%s)",
                       why->text, removing.text);
    return xw_fail(err, code, "%s%s", why->text,
                   full ? "; make room on the disk, then the same command goes on" : "");
}

int xw_world_deploy(struct xw_host *host, const struct xw_plan *plan, const char *owner,
                    id_t number, enum xw_deploy_result *result, struct xw_error *err)
{
    struct deployment deployment = {.host = host, .plan = plan, .owner = owner, .number = number};
    struct xw_error why = {0};
    XW_AUTO_CLOSE int lock = xw_world_lock(plan->lab, owner, err);
    if (lock < 0)
        return lock;

    int rc = xw_owner_check(number, owner, err);
    if (rc == 0)
        rc = check_images(plan, err);
    if (rc < 0)
        return rc;
    /* Not a guess: what is new is taken back where it can't be completed. */
    rc = xw_world_exists(plan->lab, owner, err);
    if (rc < 0)
        return rc;
    deployment.is_new = rc == 0;
    rc = build(&deployment, &why);
    if (rc < 0)
        return give_up(&deployment, rc, &why, err);
    *result = deployment.is_new           ? XW_DEPLOY_MADE
              : deployment.made_something ? XW_DEPLOY_MENDED
                                          : XW_DEPLOY_PRESENT;
    return 0;
}
