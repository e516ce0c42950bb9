#include "xwadm/idle.h"

#include <string.h>

enum { NS_PER_MS = 1000000, PERCENT = 100 };

static bool is_same(const struct xw_idle_machine *before, const struct xw_idle_machine *now)
{
    return strcmp(before->name, now->name) == 0 && before->run == now->run &&
           before->network == now->network && before->log == now->log &&
           before->open == now->open && before->traffic == now->traffic;
}

bool xw_idle_untouched(const struct xw_idle_world *before, const struct xw_idle_world *now)
{
    if (before->count != now->count)
        return false;
    for (size_t i = 0; i < now->count; i++) {
        if (!is_same(&before->machines[i], &now->machines[i]))
            return false;
    }
    return true;
}

/* The same machines, as xw_idle_untouched() has found. */
static bool has_worked(const struct xw_idle_world *before, const struct xw_idle_world *now,
                       int64_t elapsed, unsigned int percent)
{
    const uint64_t most = (uint64_t)elapsed * (NS_PER_MS / PERCENT) * percent;

    for (size_t i = 0; i < now->count; i++) {
        const uint64_t cpu = before->machines[i].cpu;
        if (now->machines[i].cpu < cpu || now->machines[i].cpu - cpu > most)
            return true;
    }
    return false;
}

static bool is_open(const struct xw_idle_world *world)
{
    bool open = false;

    for (size_t i = 0; i < world->count; i++)
        open = open || world->machines[i].open;
    return open;
}

enum xw_idle_verdict xw_idle_judge(const struct xw_idle_world *before, struct xw_idle_world *now,
                                   int64_t elapsed, const struct xw_idle_limits *limits)
{
    now->idle = 0;
    now->warned = XW_IDLE_UNWARNED;
    if (!before || elapsed < XW_IDLE_LEAST_MS || !xw_idle_untouched(before, now) ||
        has_worked(before, now, elapsed, limits->cpu))
        return XW_IDLE_STAYS;

    const int64_t counted = elapsed < XW_IDLE_MOST_MS ? elapsed : XW_IDLE_MOST_MS;
    now->idle = before->idle + counted;
    if (before->warned != XW_IDLE_UNWARNED)
        now->warned = before->warned + counted;
    if (limits->after == 0 || now->count == 0)
        return XW_IDLE_STAYS;
    if (!is_open(now))
        return now->idle >= limits->after ? XW_IDLE_SUSPEND : XW_IDLE_STAYS;
    if (now->warned == XW_IDLE_UNWARNED)
        return now->idle >= limits->after - limits->warning ? XW_IDLE_WARN : XW_IDLE_STAYS;
    return now->idle >= limits->after && now->warned >= limits->warning ? XW_IDLE_SUSPEND
                                                                        : XW_IDLE_STAYS;
}
