#include "xwhelper/keeper/turn.h"

#include <errno.h>
#include <limits.h>
#include <linux/futex.h>
#include <sched.h>
#include <stdbool.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

enum { TURNS_MAX = 4 };

size_t xw_turns_of_user(void)
{
    cpu_set_t processors;

    /* It fails with more than 1,024 of them. */
    if (sched_getaffinity(0, sizeof(processors), &processors) < 0)
        return TURNS_MAX;
    const size_t half = (size_t)CPU_COUNT(&processors) / 2;
    return half < 1 ? 1 : half > TURNS_MAX ? TURNS_MAX : half;
}

/* An open console is a relay, which may be there for hours. */
static bool is_console(const struct xw_note *note)
{
    return note->parsed && xw_verb_info(note->request.verb)->takes_descriptor && note->decided;
}

static bool counts(const struct xw_running *running, const struct xw_note *notes, uint64_t now)
{
    return running->turn && now - running->turn < XW_TURN_USEC &&
           !is_console(&notes[running->note]);
}

struct xw_running *xw_turn_next(struct xw_running *running, size_t count,
                                const struct xw_note *notes, size_t turns, uid_t uid, uint64_t now)
{
    struct xw_running *first = NULL;
    size_t served = 0;

    for (size_t i = 0; i < count; i++) {
        if (running[i].uid != uid)
            continue;
        served += counts(&running[i], notes, now);
        if (!running[i].turn && (!first || running[i].began < first->began))
            first = &running[i];
    }
    return served < turns ? first : NULL;
}

/* futex(2), which the C library has no function for. */
void xw_turn_give(struct xw_running *running, struct xw_note *notes, uint64_t now)
{
    uint32_t *turn = &notes[running->note].turn;

    running->turn = now;
    __atomic_store_n(turn, 1, __ATOMIC_RELEASE);
    syscall(SYS_futex, turn, FUTEX_WAKE, INT_MAX, NULL, NULL, 0);
}

void xw_turn_wait(struct xw_note *note)
{
    struct timespec until;

    if (clock_gettime(CLOCK_MONOTONIC, &until) < 0)
        return;
    until.tv_sec += XW_TURN_USEC / 1000000;
    /* Of this kind the time is absolute: a wait that ends early is begun again as it was. */
    while (!__atomic_load_n(&note->turn, __ATOMIC_ACQUIRE)) {
        if (syscall(SYS_futex, &note->turn, FUTEX_WAIT_BITSET, 0, &until, NULL,
                    FUTEX_BITSET_MATCH_ANY) < 0 &&
            errno != EAGAIN && errno != EINTR)
            return;
    }
}
