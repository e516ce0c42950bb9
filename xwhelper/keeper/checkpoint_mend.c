/*
 * What was begun and not completed: by a keeper child that was killed, a libvirt that went away, a
 * host that lost its power. The record says of each checkpoint whether it is kept.
 */
#include <errno.h>
#include <string.h>

#include "xwhelper/keeper/checkpoint.h"

/* Paused by us or by libvirt, which was saving it: the record says that no one else did. */
static int let_go_on(const struct xw_checkpoint_site *site, struct xw_error *err)
{
    const char *state = xw_machine_state(site->domain);

    if (!state)
        return xw_libvirt_fail(site->host, err, "Asking for %s", site->name);
    if (strcmp(state, "paused") == 0 && virDomainResume(site->domain) < 0)
        return xw_libvirt_fail(site->host, err, "Letting %s go on", site->name);
    return 0;
}

static int mend_one(struct xw_host *host, const struct xw_job *job,
                    const struct xw_checkpoint *checkpoint, struct xw_error *err)
{
    const struct xw_plan_machine *planned = xw_plan_machine(job->plan, checkpoint->machine);
    struct xw_checkpoint_site site = {0};

    /* A machine that the lab no longer has is never started again. */
    if (!planned)
        return 0;
    int rc = xw_checkpoint_open(host, job, planned, &site, err);
    if (rc == 0 && checkpoint->state == XW_CHECKPOINT_MAKING)
        rc = let_go_on(&site, err);
    if (rc == 0)
        rc = xw_checkpoint_drop(&site, checkpoint->name, err);
    xw_checkpoint_close(&site);
    return rc;
}

int xw_checkpoints_mend(struct xw_host *host, const struct xw_job *job,
                        struct xw_checkpoints *checkpoints, struct xw_error *err)
{
    int rc = 0;

    for (size_t i = 0; i < checkpoints->count && rc == 0; i++) {
        if (checkpoints->items[i].state != XW_CHECKPOINT_KEPT)
            rc = mend_one(host, job, &checkpoints->items[i], err);
    }
    if (rc < 0 || xw_checkpoints_remove_unkept(checkpoints) == 0)
        return rc;
    return xw_checkpoints_write(checkpoints, err);
}
