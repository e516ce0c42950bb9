/*
 * Which worlds are idle: the part of a pass that looks, judges and warns.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/cleanup.h"
#include "common/paths.h"
#include "xwadm/files.h"
#include "xwadm/idle_take.h"
#include "xwadm/patience.h"
#include "xwadm/say.h"
#include "xwadm/tick.h"
#include "xwhelper/keeper/notice.h"

#define LOOK_NAME "look"

enum { MS_PER_MINUTE = 60000 };

struct looking {
    int labs;
    bool dry_run;
    struct xw_config config;
    struct xw_idle_look before;
    struct xw_idle_look now;
    char lab[XW_NAME_SIZE]; /* the lab whose plan was asked for last */
    unsigned int after;     /* its minutes */
    struct xw_plan *plan;
};

/* The minutes of a world's lab; 0, after noting why, where that can't be known. */
static unsigned int minutes_of(struct looking *looking, const char *lab)
{
    struct xw_error err = {0};

    if (strcmp(looking->lab, lab) == 0)
        return looking->after;
    snprintf(looking->lab, sizeof(looking->lab), "%s", lab);
    if (xw_plan_read(looking->labs, lab, looking->plan, &err) == 0) {
        looking->after = xw_plan_suspend_after(looking->plan, &looking->config);
    } else {
        xw_note("the idle worlds of the lab \"%s\" stay on: %s", lab, err.text);
        looking->after = 0;
    }
    return looking->after;
}

/* Warns whoever has a console of the world open; what that marks on the console is no traffic. */
static void warn(struct xw_idle_world *world, unsigned int minutes)
{
    for (size_t i = 0; i < world->count; i++) {
        struct xw_idle_machine *seen = &world->machines[i];
        const struct xw_machine machine = {world->lab, world->owner, seen->name};
        struct xw_notice_state state;

        if (!seen->open)
            continue;
        if (xw_notice_send(&machine, (unsigned char)minutes) < 0)
            return;
        if (xw_notice_look(&machine, &state) == 0)
            seen->traffic = state.when;
        world->warned = 0;
    }
}

/* A copy of a world as it was seen. */
static int add_due(struct xw_idle_look *due, const struct xw_idle_world *world,
                   struct xw_error *err)
{
    bool enough = xw_idle_add_world(due, world->lab, world->owner);

    for (size_t i = 0; enough && i < world->count; i++)
        enough = xw_idle_add_machine(due, &world->machines[i]);
    return enough ? 0 : xw_fail(err, -ENOMEM, "there is not enough memory");
}

static int judge(struct looking *looking, struct xw_idle_world *world, struct xw_idle_look *due,
                 struct xw_error *err)
{
    const struct xw_idle_limits limits = {
        .after = (int64_t)minutes_of(looking, world->lab) * MS_PER_MINUTE,
        .warning = (int64_t)looking->config.suspend_warning * MS_PER_MINUTE,
        .cpu = looking->config.suspend_cpu};
    const struct xw_idle_world *before = xw_idle_find(&looking->before, world->lab, world->owner);

    switch (xw_idle_judge(before, world, looking->now.taken - looking->before.taken, &limits)) {
    case XW_IDLE_WARN:
        if (!looking->dry_run)
            warn(world, looking->config.suspend_warning);
        return 0;
    case XW_IDLE_SUSPEND:
        /* One that can't be suspended is left alone for as long again. */
        world->idle = 0;
        world->warned = XW_IDLE_UNWARNED;
        return add_due(due, world, err);
    default:
        return 0;
    }
}

/* Two passes one upon the other: the first one's look is kept, and the next pass measures from it.
 */
static bool is_too_soon(const struct looking *looking)
{
    int64_t elapsed = looking->now.taken - looking->before.taken;

    return elapsed >= 0 && elapsed < XW_IDLE_LEAST_MS;
}

static int take(struct xw_idle_look *look, struct xw_error *err)
{
    struct xw_host *host = NULL;

    xw_patience_begin();
    int rc = xw_host_open_read_only(&host, err);
    if (rc == 0)
        rc = xw_idle_take(host, NULL, NULL, look, err);
    xw_host_close(host);
    xw_patience_end();
    return rc;
}

/* A look that can't be read is as none: every world's time begins anew. */
static void read_before(int directory, struct looking *looking)
{
    struct xw_error err = {0};

    if (xw_idle_read(directory, LOOK_NAME, &looking->before, &err) < 0)
        xw_note("what the pass before saw is lost: %s", err.text);
}

static int look(struct looking *looking, struct xw_idle_look *due, struct xw_error *err)
{
    XW_AUTO_CLOSE int directory = xw_directory_open(XW_IDLE_DIR, err);
    if (directory < 0)
        return directory;
    XW_AUTO_CLOSE int lock = xw_directory_lock(directory, XW_LOCK_ALONE, "idle worlds", err);
    if (lock < 0)
        return lock;

    read_before(directory, looking);
    int rc = take(&looking->now, err);
    if (rc < 0 || is_too_soon(looking))
        return rc;
    for (size_t i = 0; rc == 0 && i < looking->now.count; i++)
        rc = judge(looking, &looking->now.worlds[i], due, err);
    /* Before anything is suspended: nothing is, of which it isn't known that it was warned. */
    return rc == 0 && !looking->dry_run ? xw_idle_write(directory, LOOK_NAME, &looking->now, err)
                                        : rc;
}

/* Whether any lab's worlds are to be suspended: for others nothing is looked at. */
static bool is_in_use(int labs, const struct xw_config *config, struct xw_plan *plan)
{
    char(*names)[XW_NAME_SIZE] = NULL;
    bool used = config->suspend_after > 0;
    ssize_t count = used ? 0 : xw_directory_names(labs, xw_name_ok, &names, NULL);

    for (ssize_t i = 0; i < count && !used; i++)
        used = xw_plan_read(labs, names[i], plan, NULL) == 0 &&
               xw_plan_suspend_after(plan, config) > 0;
    free(names);
    return used;
}

int xw_tick_look(int labs, bool dry_run, struct xw_idle_look *due, struct xw_error *err)
{
    XW_AUTO_FREE struct xw_plan *plan = malloc(sizeof(*plan));
    struct looking looking = {.labs = labs, .dry_run = dry_run, .plan = plan};

    if (!plan)
        return xw_fail(err, -ENOMEM, "there is not enough memory");
    int rc = xw_config_read(XW_CONFIG_PATH, &looking.config, err);
    if (rc == 0 && is_in_use(labs, &looking.config, plan))
        rc = look(&looking, due, err);
    xw_idle_free(&looking.before);
    xw_idle_free(&looking.now);
    if (rc < 0)
        xw_idle_free(due);
    return rc;
}
