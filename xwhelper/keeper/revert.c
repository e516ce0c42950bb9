/*
 * revert: back to pristine, or to a checkpoint. All fresh overlays of an image are the same bytes,
 * so pristine is the image's template, copied aside and renamed into place: interrupted anywhere,
 * the overlay is the old one or the new one. The overlay of a machine that has checkpoints holds
 * them; it stays, and pristine is the snapshot that the template brought. A machine that ran is
 * started again; one that goes back to a checkpoint is then what it was: on with its memory, or
 * off.
 */
#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/cleanup.h"
#include "xwhelper/keeper/admission.h"
#include "xwhelper/keeper/checkpoint.h"
#include "xwhelper/keeper/definition.h"
#include "xwhelper/keeper/machine.h"
#include "xwhelper/keeper/overlay.h"
#include "xwhelper/keeper/quota.h"
#include "xwhelper/keeper/reply.h"
#include "xwhelper/keeper/verbs.h"

/*
 * Off, and without a managed save: old memory must not meet the reverted disk. One that runs gives
 * *lock, unless it is held already: until it runs again, which it does without being admitted,
 * nobody else may count.
 */
static int put_off(struct xw_host *host, virDomainPtr domain, const char *name, int *lock,
                   struct xw_error *err)
{
    int active = virDomainIsActive(domain);
    if (active < 0)
        return xw_libvirt_fail(host, err, "Asking for %s", name);
    if (active && *lock < 0)
        *lock = xw_admission_lock(err);
    if (active && *lock < 0)
        return *lock;
    if (active && virDomainDestroy(domain) < 0 && virDomainIsActive(domain) != 0)
        return xw_libvirt_fail(host, err, "Stopping %s", name);
    int saved = virDomainHasManagedSaveImage(domain, 0);
    if (saved < 0 || (saved && virDomainManagedSaveRemove(domain, 0) < 0))
        return xw_libvirt_fail(host, err, "Dropping the saved memory of %s", name);
    return 0;
}

static int start_again(struct xw_host *host, const struct xw_job *job,
                       const struct xw_plan_machine *planned, const struct xw_image *image,
                       struct xw_error *err)
{
    const struct xw_machine machine = {job->plan->lab, job->owner->name, planned->name};
    virDomainPtr domain;
    int rc = xw_definition_ensure(host, &machine, job->plan, planned, image, &domain, err);

    if (rc < 0)
        return rc;
    if (virDomainCreate(domain) < 0)
        rc = xw_libvirt_fail(host, err, "%s is pristine, but could not be started again",
                             planned->name);
    virDomainFree(domain);
    return rc;
}

/*
 * Where the world has no room left for both, the old overlay goes first: of it, nothing is wanted
 * any more. (A keeper that is killed right then leaves none, which reverting again makes.)
 */
static int put_fresh(const struct xw_job *job, const char *image, const char *path,
                     struct xw_error *err)
{
    int rc = xw_overlay_fresh(image, path, err);

    if ((rc != -EDQUOT && rc != -ENOSPC) ||
        xw_quota_has_room(job->plan->lab, job->owner->name, NULL) == 0)
        return rc;
    if (unlink(path) < 0 && errno != ENOENT)
        return rc;
    *err = (struct xw_error){0};
    return xw_overlay_fresh(image, path, err);
}

/* Its disk as it was in the beginning; its checkpoints stay. */
static int make_pristine(struct xw_host *host, const struct xw_job *job,
                         const struct xw_plan_machine *planned, struct xw_error *err)
{
    const struct xw_machine machine = {job->plan->lab, job->owner->name, planned->name};
    struct xw_checkpoint_site site = {0};
    char path[PATH_MAX];

    if (xw_checkpoints_of(job->checkpoints, planned->name) == 0) {
        int rc = xw_machine_overlay_path(&machine, path, sizeof(path));
        return rc < 0 ? rc : put_fresh(job, planned->image, path, err);
    }
    int rc = xw_checkpoint_open(host, job, planned, &site, err);
    if (rc == 0)
        rc = xw_checkpoint_restore(&site, XW_PRISTINE, false, err);
    xw_checkpoint_close(&site);
    return rc;
}

static int revert_one(struct xw_host *host, const struct xw_job *job,
                      const struct xw_plan_machine *planned, struct xw_error *err)
{
    struct xw_image image;
    XW_AUTO_CLOSE int lock = -1;
    virDomainPtr domain = xw_job_find(host, job, planned);

    if (!domain && virGetLastErrorCode() != VIR_ERR_NO_DOMAIN)
        return xw_libvirt_fail(host, err, "Asking for %s", planned->name);
    int rc = xw_image_check(planned->image, planned->image_id, &image, err);
    if (rc == 0 && domain)
        rc = put_off(host, domain, planned->name, &lock, err);
    bool was_running = lock >= 0;
    if (rc == 0)
        rc = make_pristine(host, job, planned, err);
    if (rc == 0 && was_running)
        rc = start_again(host, job, planned, &image, err);
    if (rc == 0)
        xw_reply(job->peer, "done %s is pristine%s%s", planned->name,
                 was_running ? " and starts again" : "",
                 xw_checkpoints_of(job->checkpoints, planned->name) > 0
                     ? "; its checkpoints are still there"
                     : "");
    if (domain)
        virDomainFree(domain);
    return rc;
}

/*
 * Memory goes on only in the machine that it was saved from: another definition would be another
 * machine, and a world's checkpoint could bring back devices that the lab has taken away.
 */
static int check_definition(const struct xw_checkpoint_site *site,
                            const struct xw_checkpoint *checkpoint, struct xw_error *err)
{
    if (!checkpoint->memory || strcmp(checkpoint->definition, site->definition) == 0)
        return 0;
    return xw_fail(err, -ESTALE,
                   "nothing was reverted: %s is defined otherwise than when its checkpoint %s was "
                   "made, and that memory can't go on in it; revert to a checkpoint that was made "
                   "of it when it was off, or to pristine",
                   checkpoint->machine, checkpoint->name);
}

/* All machines of the request can go back, or nothing is done. */
static int check_all(struct xw_host *host, const struct xw_job *job, struct xw_error *err)
{
    const struct xw_plan_machine *chosen[XW_MACHINES_MAX] = {NULL};
    size_t count = xw_job_machines(job, chosen);
    const char *name = job->request->checkpoint;
    int rc = 0;

    for (size_t i = 0; i < count && rc == 0; i++) {
        struct xw_checkpoint_site site = {0};
        const struct xw_checkpoint *checkpoint =
            xw_checkpoints_find(job->checkpoints, chosen[i]->name, name);

        if (!checkpoint)
            return xw_fail(err, -ENOENT, "nothing was reverted: %s has no checkpoint %s",
                           chosen[i]->name, name);
        rc = xw_checkpoint_open(host, job, chosen[i], &site, err);
        if (rc == 0)
            rc = check_definition(&site, checkpoint, err);
        xw_checkpoint_close(&site);
    }
    return rc;
}

static int to_checkpoint(struct xw_host *host, const struct xw_job *job,
                         const struct xw_plan_machine *planned, struct xw_error *err)
{
    const struct xw_checkpoint *checkpoint =
        xw_checkpoints_find(job->checkpoints, planned->name, job->request->checkpoint);
    struct xw_checkpoint_site site = {0};
    XW_AUTO_CLOSE int lock = -1;
    int rc = xw_checkpoint_open(host, job, planned, &site, err);

    if (rc == 0 && checkpoint->memory)
        rc = xw_job_may_start(host, job, planned, &lock, err);
    if (rc == 0)
        rc = put_off(host, site.domain, planned->name, &lock, err);
    if (rc == 0)
        rc = xw_checkpoint_restore(&site, checkpoint->name, checkpoint->memory, err);
    if (rc == 0)
        xw_reply(job->peer, "done %s is as it was at %s, and %s", planned->name, checkpoint->name,
                 checkpoint->memory ? "runs" : "off");
    xw_checkpoint_close(&site);
    return rc;
}

static int revert_all(struct xw_host *host, const struct xw_job *job, struct xw_error *err)
{
    const char *name = job->request->checkpoint;
    const bool named = *name && strcmp(name, XW_PRISTINE) != 0;
    int rc = xw_checkpoints_mend(host, job, job->checkpoints, err);

    if (rc == 0 && named)
        rc = check_all(host, job, err);
    return rc < 0 ? rc : xw_job_on(host, job, named ? to_checkpoint : revert_one, true, err);
}

int xw_verb_revert(const struct xw_job *job, struct xw_error *err)
{
    static struct xw_checkpoints checkpoints; /* too large for the stack */
    struct xw_job with = *job;
    struct xw_host *host = NULL;

    with.checkpoints = &checkpoints;
    XW_AUTO_CLOSE int lock = xw_job_lock(job, err);
    if (lock < 0)
        return lock;
    int rc = xw_checkpoints_read(job->plan->lab, job->owner->name, &checkpoints, err);
    if (rc == 0)
        rc = xw_host_open(&host, err);
    if (rc < 0)
        return rc;
    rc = revert_all(host, &with, err);
    xw_host_close(host);
    return rc;
}
