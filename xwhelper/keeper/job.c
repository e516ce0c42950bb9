/*
 * The machines of a request, in order, under the world's lock.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/cleanup.h"
#include "common/exitcode.h"
#include "xwhelper/keeper/machine.h"
#include "xwhelper/keeper/reply.h"
#include "xwhelper/keeper/verbs.h"
#include "xwhelper/keeper/world.h"

static int by_order(const void *left, const void *right)
{
    const struct xw_plan_machine *a = *(const struct xw_plan_machine *const *)left;
    const struct xw_plan_machine *b = *(const struct xw_plan_machine *const *)right;

    return a->order != b->order ? (a->order < b->order ? -1 : 1) : strcmp(a->name, b->name);
}

size_t xw_job_machines(const struct xw_job *job, const struct xw_plan_machine **chosen)
{
    size_t count = 0;

    for (size_t i = 0; i < job->plan->machine_count; i++) {
        const struct xw_plan_machine *machine = &job->plan->machines[i];
        bool wanted = job->request->whole_world;
        for (size_t j = 0; j < job->request->machine_count && !wanted; j++)
            wanted = strcmp(job->request->machines[j], machine->name) == 0;
        if (wanted)
            chosen[count++] = machine;
    }
    /* NOLINTNEXTLINE(bugprone-sizeof-expression): what is sorted are pointers */
    qsort(chosen, count, sizeof(*chosen), by_order);
    return count;
}

/* Reports one machine's failure; true when the request as a whole must end with it. */
static bool machine_failed(const struct xw_job *job, const char *name, const struct xw_error *err)
{
    if (err->code == -EAGAIN)
        return true;
    xw_reply(job->peer, "fail %s %s", name, err->text);
    return false;
}

/* A limit alone is told by an exit code of its own; anything else that failed counts more. */
static int worse(int code, int failure)
{
    return failure == -EDQUOT && code != XW_EXIT_FAILED ? XW_EXIT_LIMITED : XW_EXIT_FAILED;
}

int xw_job_lock(const struct xw_job *job, struct xw_error *err)
{
    const char *lab = job->plan->lab;
    struct xw_error reading = {0};
    const id_t owner = job->owner->gid ? job->owner->gid : job->owner->uid;
    id_t number;
    int lock = xw_world_lock(lab, job->owner->name, err);

    if (lock < 0)
        return lock;
    int rc = xw_world_owner(lab, job->owner->name, &number, &reading);
    if (rc == 0 && number == owner)
        return lock;
    close(lock);
    return rc < 0 ? xw_fail(err, rc, "%s", reading.text) : xw_refuse(err);
}

int xw_job_on(struct xw_host *host, const struct xw_job *job, xw_machine_verb verb, bool backwards,
              struct xw_error *err)
{
    const struct xw_plan_machine *chosen[XW_MACHINES_MAX] = {NULL};
    size_t count = xw_job_machines(job, chosen);
    int code = XW_EXIT_OK;
    int rc = 0;

    for (size_t i = 0; i < count; i++) {
        const struct xw_plan_machine *planned = chosen[backwards ? count - 1 - i : i];
        struct xw_error failure = {0};
        rc = verb(host, job, planned, &failure);
        if (rc < 0) {
            code = worse(code, failure.code);
            if (machine_failed(job, planned->name, &failure)) {
                *err = failure;
                break;
            }
        }
    }
    return rc == -EAGAIN ? -EAGAIN : code;
}

int xw_job_each(const struct xw_job *job, xw_machine_verb verb, bool backwards,
                struct xw_error *err)
{
    struct xw_host *host;
    XW_AUTO_CLOSE int lock = xw_job_lock(job, err);

    if (lock < 0)
        return lock;
    int rc = xw_host_open(&host, err);
    if (rc < 0)
        return rc;
    rc = xw_job_on(host, job, verb, backwards, err);
    xw_host_close(host);
    return rc;
}

virDomainPtr xw_job_find(struct xw_host *host, const struct xw_job *job,
                         const struct xw_plan_machine *planned)
{
    const struct xw_machine machine = {job->plan->lab, job->owner->name, planned->name};
    char name[XW_DOMAIN_NAME_SIZE];

    xw_machine_domain(&machine, name);
    return virDomainLookupByName(xw_host_libvirt(host), name);
}
