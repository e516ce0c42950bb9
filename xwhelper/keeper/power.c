/*
 * start and reboot.
 */
#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "common/cleanup.h"
#include "xwhelper/keeper/admission.h"
#include "xwhelper/keeper/bridge.h"
#include "xwhelper/keeper/definition.h"
#include "xwhelper/keeper/machine.h"
#include "xwhelper/keeper/quota.h"
#include "xwhelper/keeper/reply.h"
#include "xwhelper/keeper/verbs.h"
#include "xwhelper/keeper/world.h"

static int ensure_bridges(const struct xw_job *job, const struct xw_plan_machine *planned,
                          struct xw_error *err)
{
    for (size_t i = 0; i < planned->interface_count; i++) {
        char bridge[XW_BRIDGE_SIZE];
        xw_segment_bridge(job->plan->lab, job->owner->name, planned->interfaces[i].segment, bridge);
        int rc = xw_bridge_ensure(bridge, err);
        if (rc < 0)
            return rc;
    }
    return 0;
}

/* 1, 0, or a negative errno where libvirt doesn't say. */
static int runs_already(struct xw_host *host, const struct xw_job *job,
                        const struct xw_plan_machine *planned, struct xw_error *err)
{
    virDomainPtr domain = xw_job_find(host, job, planned);

    if (!domain && virGetLastErrorCode() == VIR_ERR_NO_DOMAIN)
        return 0;
    int active = domain ? virDomainIsActive(domain) : -1;
    int rc = active < 0 ? xw_libvirt_fail(host, err, "Asking for %s", planned->name) : active;
    if (domain)
        virDomainFree(domain);
    return rc;
}

/*
 * Before anything is changed. *lock is held until the machine runs, so that nobody else counts
 * meanwhile; a machine that runs already needs none.
 */
static int admit(struct xw_host *host, const struct xw_job *job,
                 const struct xw_plan_machine *planned, int *lock, struct xw_error *err)
{
    int runs = runs_already(host, job, planned, err);
    if (runs != 0)
        return runs < 0 ? runs : 0;
    int rc = xw_quota_has_room(job->plan->lab, job->owner->name, err);
    if (rc < 0)
        return rc;
    *lock = xw_admission_lock(err);
    if (*lock < 0)
        return *lock;
    return xw_admission_check(host, *lock, job->plan, planned, job->owner->name, err);
}

/* Whether a checkpoint was begun of it, which pauses it, and never completed. */
static bool was_left_paused(const struct xw_job *job, const char *machine)
{
    XW_AUTO_FREE struct xw_checkpoints *checkpoints = calloc(1, sizeof(*checkpoints));

    return checkpoints &&
           xw_checkpoints_read(job->plan->lab, job->owner->name, checkpoints, NULL) == 0 &&
           xw_checkpoints_making(checkpoints, machine);
}

/* One that runs; or that was paused on a full disk, or by us, and goes on where it was. */
static int go_on(struct xw_host *host, const struct xw_job *job,
                 const struct xw_plan_machine *planned, virDomainPtr domain, struct xw_error *err)
{
    const char *state = xw_machine_state(domain);
    bool full = state && strcmp(state, XW_MACHINE_DISK_FULL) == 0;
    bool left = state && strcmp(state, "paused") == 0 && was_left_paused(job, planned->name);

    if (!full && !left)
        xw_reply(job->peer, "done %s was running already", planned->name);
    else if (xw_quota_has_room(job->plan->lab, job->owner->name, err) < 0)
        return err->code;
    else if (virDomainResume(domain) < 0)
        return xw_libvirt_fail(host, err, "Letting %s go on", planned->name);
    else
        xw_reply(job->peer, "done %s goes on; %s", planned->name,
                 full ? "the disk was full" : "a checkpoint of it was never completed");
    return 0;
}

/* From the beginning, or where it was when it was suspended: libvirt restores a managed save. */
static int create(struct xw_host *host, const struct xw_job *job,
                  const struct xw_plan_machine *planned, virDomainPtr domain, struct xw_error *err)
{
    int saved = virDomainHasManagedSaveImage(domain, 0);

    if (saved < 0)
        return xw_libvirt_fail(host, err, "Asking for %s", planned->name);
    if (saved)
        xw_reply(job->peer, "progress %s is suspended, and resumes", planned->name);
    if (virDomainCreate(domain) == 0) {
        xw_reply(job->peer, "done %s %s", planned->name,
                 saved ? "goes on where it was" : "started");
        return 0;
    }
    return saved ? xw_libvirt_fail(host, err,
                                   "%s does not resume (stop it by force to throw its saved memory "
                                   "away, then start boots it)",
                                   planned->name)
                 : xw_libvirt_fail(host, err, "Starting %s", planned->name);
}

int xw_job_may_start(struct xw_host *host, const struct xw_job *job,
                     const struct xw_plan_machine *planned, int *lock, struct xw_error *err)
{
    int rc = admit(host, job, planned, lock, err);

    return rc < 0 ? rc : ensure_bridges(job, planned, err);
}

static int start_one(struct xw_host *host, const struct xw_job *job,
                     const struct xw_plan_machine *planned, struct xw_error *err)
{
    const struct xw_machine machine = {job->plan->lab, job->owner->name, planned->name};
    struct xw_image image;
    virDomainPtr domain = NULL;
    XW_AUTO_CLOSE int lock = -1;
    int rc = xw_image_check(planned->image, planned->image_id, &image, err);

    if (rc == 0)
        rc = xw_job_may_start(host, job, planned, &lock, err);
    if (rc == 0)
        rc = xw_definition_ensure(host, &machine, job->plan, planned, &image, &domain, err);
    if (rc < 0)
        return rc;
    if (virDomainIsActive(domain) == 1)
        rc = go_on(host, job, planned, domain, err);
    else
        rc = create(host, job, planned, domain, err);
    virDomainFree(domain);
    return rc;
}

int xw_verb_start(const struct xw_job *job, struct xw_error *err)
{
    return xw_job_each(job, start_one, false, err);
}

/* Why one that doesn't run isn't rebooted. */
static int refuse_reboot(struct xw_host *host, virDomainPtr domain, const char *name,
                         struct xw_error *err)
{
    int saved = virDomainHasManagedSaveImage(domain, 0);

    if (saved < 0)
        return xw_libvirt_fail(host, err, "Asking for %s", name);
    return xw_fail(err, -EINVAL, "%s is %s; start it%s", name, saved ? "suspended" : "off",
                   saved ? ", and reboot it then" : " instead");
}

static int reboot_one(struct xw_host *host, const struct xw_job *job,
                      const struct xw_plan_machine *planned, struct xw_error *err)
{
    virDomainPtr domain = xw_job_find(host, job, planned);
    int rc = 0;

    if (!domain)
        return xw_libvirt_fail(host, err, "Asking for %s", planned->name);
    int active = virDomainIsActive(domain);
    if (active < 0)
        rc = xw_libvirt_fail(host, err, "Asking for %s", planned->name);
    else if (!active)
        rc = refuse_reboot(host, domain, planned->name, err);
    else if (job->request->force ? virDomainReset(domain, 0) < 0
                                 : virDomainReboot(domain, VIR_DOMAIN_REBOOT_ACPI_POWER_BTN) < 0)
        rc = xw_libvirt_fail(host, err, "Rebooting %s", planned->name);
    else
        xw_reply(job->peer, "done %s %s", planned->name,
                 job->request->force ? "was reset" : "is rebooting");
    virDomainFree(domain);
    return rc;
}

int xw_verb_reboot(const struct xw_job *job, struct xw_error *err)
{
    return xw_job_each(job, reboot_one, false, err);
}
