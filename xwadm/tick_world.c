/*
 * One world of a pass: locked, looked at again, stopped as the keeper stops it.
 */
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/cleanup.h"
#include "common/clock.h"
#include "common/names.h"
#include "xwadm/closing.h"
#include "xwadm/due.h"
#include "xwadm/idle_take.h"
#include "xwadm/tick.h"
#include "xwhelper/keeper/host.h"
#include "xwhelper/keeper/lifecycle.h"
#include "xwhelper/keeper/reply.h"
#include "xwhelper/keeper/suspend.h"
#include "xwhelper/keeper/verbs.h"
#include "xwhelper/keeper/world.h"

/* Seconds, besides the grace time; and what saving a world's memory may take. */
enum { LIBVIRT_WAIT = 60, SAVE_WAIT = 900 };

/* Only what signal-safety(7) allows. */
static void is_locked(int number)
{
    (void)number;
    _exit(XW_TICK_LOCKED);
}

static void hangs(int number)
{
    (void)number;
    _exit(XW_TICK_HANGS);
}

/* The process ends by this handler, unless it is called again before. */
static void limit(unsigned int seconds, void (*handler)(int))
{
    const struct sigaction action = {.sa_handler = handler};

    alarm(0);
    if (sigaction(SIGALRM, &action, NULL) < 0)
        abort();
    alarm(seconds);
}

/* Asked again under the lock: an extension may have come while it was waited for. */
static int is_due(const struct xw_world_name *world, int labs, bool *due)
{
    struct xw_closing closing = {.labs = labs, .now = xw_clock_now()};
    struct xw_window window;
    int rc = xw_closing_window(&closing, world, &window);

    *due = rc == 0 && xw_due_stop(&window);
    return rc;
}

struct plans {
    struct xw_plan running;
    struct xw_plan lab; /* empty where it can't be read */
};

/*
 * The machines that are on, also those that the lab's plan doesn't have any more; in the plan's
 * order where there is one.
 */
static void plan_running(const struct xw_world_name *world, int labs,
                         const struct xw_domains *domains, struct plans *plans)
{
    struct xw_plan *running = &plans->running;

    if (xw_plan_read(labs, world->lab, &plans->lab, NULL) < 0)
        plans->lab.machine_count = 0;
    memcpy(running->lab, world->lab, sizeof(running->lab));
    for (size_t i = 0; i < domains->count && running->machine_count < XW_MACHINES_MAX; i++) {
        const struct xw_domain *domain = &domains->items[i];
        if (!domain->running || strcmp(domain->lab, world->lab) != 0 ||
            strcmp(domain->owner, world->owner) != 0)
            continue;
        struct xw_plan_machine *machine = &running->machines[running->machine_count++];
        memcpy(machine->name, domain->machine, sizeof(machine->name));
        const struct xw_plan_machine *planned = xw_plan_machine(&plans->lab, domain->machine);
        machine->order = planned ? planned->order : 0;
    }
}

static int stop_running(const struct xw_world_name *world, int labs, int peer,
                        const struct xw_domains *domains, struct xw_host *host,
                        struct xw_error *err)
{
    const struct xw_request request = {.verb = XW_VERB_STOP, .whole_world = true};
    struct xw_owner owner = {.uid = (uid_t)-1};
    XW_AUTO_FREE struct plans *plans = calloc(1, sizeof(*plans));

    if (!plans)
        return xw_fail(err, -ENOMEM, "there is not enough memory");
    plan_running(world, labs, domains, plans);
    memcpy(owner.name, world->owner, sizeof(owner.name));
    const struct xw_job job = {
        .peer = peer, .viewer = -1, .request = &request, .owner = &owner, .plan = &plans->running};
    limit(xw_host_config(host)->stop_grace + LIBVIRT_WAIT, hangs);
    return xw_stop_machines(&job, host, err);
}

static int stop(const struct xw_world_name *world, int labs, int peer, struct xw_error *err)
{
    XW_AUTO_DOMAINS domains = {0};
    struct xw_host *host = NULL;

    limit(LIBVIRT_WAIT, hangs);
    int rc = xw_lifecycle_init(err);
    if (rc == 0)
        rc = xw_host_open(&host, err);
    if (rc < 0)
        return rc;
    rc = xw_domains_read(host, &domains, err);
    if (rc == 0)
        rc = stop_running(world, labs, peer, &domains, host, err);
    xw_host_close(host);
    return rc;
}

int xw_tick_stop(const struct xw_world_name *world, int labs, int peer)
{
    struct xw_error err = {0};
    bool due = false;

    limit(XW_TICK_LOCK_WAIT, is_locked);
    XW_AUTO_CLOSE int lock = xw_world_lock(world->lab, world->owner, &err);
    int rc = lock;
    if (rc >= 0) {
        alarm(0);
        rc = is_due(world, labs, &due);
        if (rc < 0)
            return XW_EXIT_FAILED;
    }
    if (due)
        rc = stop(world, labs, peer, &err);
    return rc < 0 ? xw_reply_failure(peer, &err) : due ? rc : XW_EXIT_OK;
}

static int suspend_all(struct xw_host *host, const struct xw_idle_world *seen, int labs, int peer,
                       struct xw_error *err)
{
    XW_AUTO_FREE struct xw_plan *plan = malloc(sizeof(*plan));

    if (!plan)
        return xw_fail(err, -ENOMEM, "there is not enough memory");
    bool planned = xw_plan_read(labs, seen->lab, plan, NULL) == 0;
    limit(SAVE_WAIT, hangs);
    return xw_suspend_machines(peer, host, seen->lab, seen->owner, planned ? plan : NULL, err);
}

/* Seen again under the lock: somebody may have come back while it was waited for. */
static int suspend(const struct xw_idle_world *seen, int labs, int peer, struct xw_error *err)
{
    XW_AUTO_IDLE now = {0};
    struct xw_host *host = NULL;

    limit(LIBVIRT_WAIT, hangs);
    int rc = xw_host_open(&host, err);
    if (rc < 0)
        return rc;
    rc = xw_idle_take(host, seen->lab, seen->owner, &now, err);
    if (rc == 0 && now.count == 1 && xw_idle_untouched(seen, &now.worlds[0]))
        rc = suspend_all(host, seen, labs, peer, err);
    xw_host_close(host);
    return rc;
}

int xw_tick_suspend(const struct xw_idle_world *seen, int labs, int peer)
{
    struct xw_error err = {0};

    limit(XW_TICK_LOCK_WAIT, is_locked);
    XW_AUTO_CLOSE int lock = xw_world_lock(seen->lab, seen->owner, &err);
    int rc = lock < 0 ? lock : suspend(seen, labs, peer, &err);
    return rc < 0 ? xw_reply_failure(peer, &err) : rc;
}
