/*
 * revert: back to pristine. All fresh overlays of an image are the same bytes, so pristine is the
 * image's template, copied aside and renamed into place: interrupted anywhere, the overlay is the
 * old one or the new one. A machine that ran is started again.
 */
#include <errno.h>
#include <limits.h>
#include <unistd.h>

#include "common/cleanup.h"
#include "xwhelper/keeper/admission.h"
#include "xwhelper/keeper/definition.h"
#include "xwhelper/keeper/machine.h"
#include "xwhelper/keeper/overlay.h"
#include "xwhelper/keeper/quota.h"
#include "xwhelper/keeper/reply.h"
#include "xwhelper/keeper/verbs.h"

/*
 * Off, and without a managed save: old memory must not meet the reverted disk. One that runs gives
 * *lock: until it runs again, which it does without being admitted, nobody else may count.
 */
static int put_off(struct xw_host *host, virDomainPtr domain, const char *name, int *lock,
                   struct xw_error *err)
{
    int active = virDomainIsActive(domain);
    if (active < 0)
        return xw_libvirt_fail(host, err, "Asking for %s", name);
    if (active)
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

static int revert_one(struct xw_host *host, const struct xw_job *job,
                      const struct xw_plan_machine *planned, struct xw_error *err)
{
    const struct xw_machine machine = {job->plan->lab, job->owner->name, planned->name};
    char path[PATH_MAX];
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
        rc = xw_machine_overlay_path(&machine, path, sizeof(path));
    if (rc == 0)
        rc = put_fresh(job, planned->image, path, err);
    if (rc == 0 && was_running)
        rc = start_again(host, job, planned, &image, err);
    if (rc == 0)
        xw_reply(job->peer, "done %s is pristine%s", planned->name,
                 was_running ? " and starts again" : "");
    if (domain)
        virDomainFree(domain);
    return rc;
}

int xw_verb_revert(const struct xw_job *job, struct xw_error *err)
{
    return xw_job_each(job, revert_one, true, err);
}
