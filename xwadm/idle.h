/*
 * Whether a world has nothing to do: the rule that `xwadm tick` goes by. Pure: no I/O, no clock.
 * What machines have done is counted since they started (CPU time, bytes), so two looks at them
 * tell what happened in between, however long that was and whoever looked.
 */
#ifndef XW_XWADM_IDLE_H
#define XW_XWADM_IDLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/names.h"

enum {
    XW_IDLE_LEAST_MS = 10000, /* two looks that are nearer to each other than this say nothing */
    XW_IDLE_MOST_MS = 300000, /* and no longer time than this is counted for one pair of them */
    XW_IDLE_UNWARNED = -1
};

/* What a running machine has done until a moment. */
struct xw_idle_machine {
    char name[XW_NAME_SIZE];
    uint64_t run;     /* libvirt's id of the domain: another one at each start */
    uint64_t cpu;     /* nanoseconds */
    uint64_t network; /* bytes that its interfaces have received and sent */
    uint64_t log;     /* bytes of the console's log */
    bool open;        /* somebody has the console open */
    uint64_t traffic; /* a mark that changes when something is typed there, or it is opened */
};

/* A world's machines that run, by name, and what has come of it so far. */
struct xw_idle_world {
    char lab[XW_NAME_SIZE];
    char owner[XW_NAME_SIZE];
    int64_t idle;   /* for how many milliseconds nothing has been done */
    int64_t warned; /* for how many its open consoles have been warned, or XW_IDLE_UNWARNED */
    size_t count;
    struct xw_idle_machine *machines;
};

/* xworlds.conf(5), suspend-after and its like. */
struct xw_idle_limits {
    int64_t after;    /* milliseconds; 0: never */
    int64_t warning;  /* milliseconds */
    unsigned int cpu; /* percent of a processor for each machine */
};

enum xw_idle_verdict {
    XW_IDLE_STAYS,
    XW_IDLE_WARN,   /* its open consoles are to be warned; then now->warned is to be 0 */
    XW_IDLE_SUSPEND /* all of it */
};

/* Whether the same machines run in both and none has had bytes in between; CPU time isn't looked
 * at. */
bool xw_idle_untouched(const struct xw_idle_world *before, const struct xw_idle_world *now);

/*
 * Judges a world by a look before (NULL: there was none) and one now, `elapsed` milliseconds later
 * by a clock that nobody sets; fills now->idle and now->warned.
 *   Busy: another set of machines or one that was started again; a byte on the network or the
 *   console; a console opened or left; more CPU time than the limit; counters that went backwards.
 *   The time then begins anew, and so does the warning.
 *   Otherwise the time in between is added, XW_IDLE_MOST_MS at most.
 *   Suspended when idle for `after`, and, where a console is open, warned for `warning`; warned
 *   (once) when idle for `after` less `warning`.
 * elapsed must be XW_IDLE_LEAST_MS at least; less, or a negative one (the host has booted since),
 * is as without a look before.
 */
enum xw_idle_verdict xw_idle_judge(const struct xw_idle_world *before, struct xw_idle_world *now,
                                   int64_t elapsed, const struct xw_idle_limits *limits);

#endif
