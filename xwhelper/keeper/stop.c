/*
 * stop: the power button for all machines, then one grace time for all of them together, then
 * the plug for what is left. Backwards by boot order.
 */
#include <errno.h>

#include "common/cleanup.h"
#include "common/exitcode.h"
#include "xwhelper/keeper/lifecycle.h"
#include "xwhelper/keeper/partition.h"
#include "xwhelper/keeper/reply.h"
#include "xwhelper/keeper/verbs.h"

struct stopping {
    const struct xw_job *job;
    struct xw_host *host;
    size_t count; /* of the machines that were not off */
    const char *names[XW_MACHINES_MAX];
    struct xw_lifecycle_wait waits[XW_MACHINES_MAX];
    int code; /* exit code so far */
};

/* A machine's failure stops no other, unless libvirt has gone. */
static int machine_failed(struct stopping *stopping, const char *name, const struct xw_error *why,
                          struct xw_error *err)
{
    if (why->code == -EAGAIN)
        return xw_fail(err, why->code, "%s", why->text);
    xw_reply(stopping->job->peer, "fail %s %s", name, why->text);
    stopping->code = XW_EXIT_FAILED;
    return 0;
}

/*
 * One that doesn't run. What was saved of a suspended one's memory can't be shut down: it is kept,
 * or, by force, thrown away as the plug would have done.
 */
static int tell_off(const struct stopping *stopping, const char *name, virDomainPtr domain,
                    struct xw_error *err)
{
    int saved = domain ? virDomainHasManagedSaveImage(domain, 0) : 0;

    if (saved > 0 && stopping->job->request->force)
        saved = virDomainManagedSaveRemove(domain, 0) < 0 ? -1 : 2;
    if (saved < 0)
        return xw_libvirt_fail(stopping->host, err, "Asking for what is saved of %s", name);
    static const char *const words[] = {
        "was off already",
        "is suspended, and stays so: start lets it go on where it was, a stop "
        "by force throws that away",
        "was suspended; what was saved of it is thrown away, and it is off"};
    xw_reply(stopping->job->peer, "done %s %s", name, words[saved]);
    return 0;
}

/*
 * What is saved of one that runs is of no use to anybody: a save that was cut off. It would make
 * the machine seem suspended when it is off.
 */
static int drop_leftover(const struct stopping *stopping, const char *name, virDomainPtr domain,
                         struct xw_error *err)
{
    int saved = virDomainHasManagedSaveImage(domain, 0);

    return saved < 0 || (saved > 0 && virDomainManagedSaveRemove(domain, 0) < 0)
               ? xw_libvirt_fail(stopping->host, err, "Dropping what is saved of %s", name)
               : 0;
}

/* Finds a machine's domain; one that is off is done with. */
static int find(struct stopping *stopping, const char *name, virDomainPtr domain,
                struct xw_error *err)
{
    int active = domain ? virDomainIsActive(domain) : 0;

    if (active < 0 || (!domain && virGetLastErrorCode() != VIR_ERR_NO_DOMAIN)) {
        int rc = xw_libvirt_fail(stopping->host, err, "Asking for %s", name);
        if (domain)
            virDomainFree(domain);
        return rc;
    }
    int rc =
        active ? drop_leftover(stopping, name, domain, err) : tell_off(stopping, name, domain, err);
    if (active && rc == 0) {
        stopping->names[stopping->count] = name;
        stopping->waits[stopping->count++].domain = domain;
    } else if (domain) {
        virDomainFree(domain);
    }
    return rc;
}

static int find_all(struct stopping *stopping, struct xw_error *err)
{
    const struct xw_plan_machine *chosen[XW_MACHINES_MAX];
    size_t count = xw_job_machines(stopping->job, chosen);
    int rc = 0;

    while (rc == 0 && count-- > 0) {
        struct xw_error why = {0};
        const char *name = chosen[count]->name;
        virDomainPtr domain = xw_job_find(stopping->host, stopping->job, chosen[count]);
        if (find(stopping, name, domain, &why) < 0)
            rc = machine_failed(stopping, name, &why, err);
    }
    return rc;
}

static void tell_stopped(size_t index, void *data)
{
    const struct stopping *stopping = data;

    xw_reply(stopping->job->peer, "done %s stopped", stopping->names[index]);
}

/* A button that can't be pressed is no failure: the plug comes after it. */
static int shut_down(struct stopping *stopping, struct xw_error *err)
{
    unsigned int grace = xw_host_config(stopping->host)->stop_grace;

    for (size_t i = 0; i < stopping->count; i++) {
        xw_reply(stopping->job->peer, "progress %s shutting down, for at most %u s",
                 stopping->names[i], grace);
        if (virDomainShutdownFlags(stopping->waits[i].domain, VIR_DOMAIN_SHUTDOWN_ACPI_POWER_BTN) <
                0 &&
            xw_libvirt_fail(stopping->host, err, "Stopping %s", stopping->names[i]) == -EAGAIN)
            return -EAGAIN;
    }
    return xw_lifecycle_wait_off(stopping->host, stopping->waits, stopping->count, grace,
                                 tell_stopped, stopping, err);
}

static int pull_plug(struct stopping *stopping, size_t i, struct xw_error *err)
{
    virDomainPtr domain = stopping->waits[i].domain;
    const char *name = stopping->names[i];

    if (virDomainDestroy(domain) < 0) {
        struct xw_error why = {0};
        int rc = xw_libvirt_fail(stopping->host, &why, "Stopping %s", name);
        /* It may have gone off by itself just before. */
        if (rc == -EAGAIN || virDomainIsActive(domain) != 0)
            return machine_failed(stopping, name, &why, err);
    }
    xw_reply(stopping->job->peer, "done %s %s", name,
             stopping->job->request->force ? "stopped by force"
                                           : "did not shut down and was stopped by force");
    return 0;
}

int xw_stop_machines(const struct xw_job *job, struct xw_host *host, struct xw_error *err)
{
    struct stopping stopping = {.job = job, .host = host, .code = XW_EXIT_OK};
    int rc = find_all(&stopping, err);

    if (rc == 0 && !job->request->force)
        rc = shut_down(&stopping, err);
    for (size_t i = 0; rc == 0 && i < stopping.count; i++) {
        if (!stopping.waits[i].off)
            rc = pull_plug(&stopping, i, err);
    }
    for (size_t i = 0; i < stopping.count; i++)
        virDomainFree(stopping.waits[i].domain);
    xw_partition_remove(job->plan->lab, job->owner->name);
    return rc < 0 ? rc : stopping.code;
}

int xw_verb_stop(const struct xw_job *job, struct xw_error *err)
{
    struct xw_host *host = NULL;
    XW_AUTO_CLOSE int lock = xw_job_lock(job, err);

    if (lock < 0)
        return lock;
    int rc = xw_lifecycle_init(err);
    if (rc == 0)
        rc = xw_host_open(&host, err);
    if (rc < 0)
        return rc;
    rc = xw_stop_machines(job, host, err);
    xw_host_close(host);
    return rc;
}
