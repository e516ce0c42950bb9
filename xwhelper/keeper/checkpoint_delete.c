/*
 * checkpoint-delete: the record says first that a checkpoint is no longer there to go back to, then
 * its state is removed from the overlay.
 */
#include <errno.h>
#include <stdlib.h>

#include "common/cleanup.h"
#include "common/exitcode.h"
#include "xwhelper/keeper/checkpoint.h"
#include "xwhelper/keeper/reply.h"

/* Each machine that is named has it, or nothing is done; of a whole world, those that do. */
static int mark(const struct xw_job *job, const struct xw_plan_machine **chosen, size_t *count,
                struct xw_checkpoints *checkpoints, struct xw_error *err)
{
    const char *name = job->request->checkpoint;
    size_t having = 0;

    for (size_t i = 0; i < *count; i++) {
        struct xw_checkpoint *checkpoint = xw_checkpoints_find(checkpoints, chosen[i]->name, name);
        if (checkpoint) {
            checkpoint->state = XW_CHECKPOINT_DELETING;
            chosen[having++] = chosen[i];
        } else if (!job->request->whole_world) {
            return xw_fail(err, -ENOENT, "nothing was deleted: %s has no checkpoint %s",
                           chosen[i]->name, name);
        }
    }
    *count = having;
    return having > 0 ? xw_checkpoints_write(checkpoints, err)
                      : xw_fail(err, -ENOENT,
                                "nothing was deleted: no machine of %s has a "
                                "checkpoint %s",
                                job->plan->lab, name);
}

int xw_verb_checkpoint_delete(const struct xw_job *job, struct xw_error *err)
{
    static struct xw_checkpoints checkpoints; /* too large for the stack */
    const struct xw_plan_machine *chosen[XW_MACHINES_MAX] = {NULL};
    size_t count = xw_job_machines(job, chosen);
    struct xw_host *host = NULL;
    XW_AUTO_CLOSE int lock = xw_job_lock(job, err);

    if (lock < 0)
        return lock;
    int rc = xw_checkpoints_read(job->plan->lab, job->owner->name, &checkpoints, err);
    if (rc == 0)
        rc = xw_host_open(&host, err);
    if (rc < 0)
        return rc;
    rc = mark(job, chosen, &count, &checkpoints, err);
    if (rc == 0)
        rc = xw_checkpoints_mend(host, job, &checkpoints, err);
    xw_host_close(host);
    for (size_t i = 0; i < count && rc == 0; i++)
        xw_reply(job->peer, "done %s has no checkpoint %s any more", chosen[i]->name,
                 job->request->checkpoint);
    return rc;
}
