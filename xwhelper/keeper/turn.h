/*
 * Turns: of one user's requests few are served at once, so that one who sends many slows down their
 * own and not those of the others. A request more waits until one of that user's has ended, or for
 * a second: one that only waits for libvirt (a stop, with its grace time) holds nobody up for
 * longer, and an open console has no turn at all.
 */
#ifndef XW_KEEPER_TURN_H
#define XW_KEEPER_TURN_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "xwhelper/keeper/journal.h"

enum { XW_TURNS = 1 };

/* For how long a turn is waited for, and how long one counts, in microseconds. */
#define XW_TURN_USEC 1000000

/* A request under way, as the listener knows it. Times are of xw_journal_clock(). */
struct xw_running {
    pid_t pid;
    uid_t uid;
    pid_t peer_pid;
    uint64_t began;
    uint64_t turn; /* when it was given its turn; 0: it waits */
    size_t note;   /* which of the notes is its */
};

/* How many turns a user has at once: half of the processors, but 1 to 4. */
size_t xw_turns_of_user(void);

/* The one of uid's requests that has waited longest, if fewer than `turns` are served; else NULL.
 */
struct xw_running *xw_turn_next(struct xw_running *running, size_t count,
                                const struct xw_note *notes, size_t turns, uid_t uid, uint64_t now);

/* In the listener: the process with that note need not wait, or no longer. */
void xw_turn_give(struct xw_running *running, struct xw_note *notes, uint64_t now);

/* In the child: waits for its turn. */
void xw_turn_wait(struct xw_note *note);

#endif
