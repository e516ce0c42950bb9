/* links: xwhelper/keeper/turn.c common/names.c common/request.c */
/*
 * Turns: whose it is next, for every order and age of two users' requests; and how many a user has
 * at once on which host.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <sched.h>
#include <stdbool.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "xwhelper/keeper/turn.h"

enum { ALICE = 61001, BOB = 61002, NOW = 10 * XW_TURN_USEC };

static size_t processors;

int sched_getaffinity(pid_t pid, size_t size, cpu_set_t *set)
{
    assert_int_equal(pid, 0);
    assert_int_equal(size, sizeof(*set));
    CPU_ZERO(set);
    for (size_t i = 0; i < processors; i++)
        CPU_SET(i, set);
    errno = EINVAL;
    return processors ? 0 : -1;
}

static void turns_for_processors(void **state)
{
    static const struct {
        size_t processors, turns;
    } cases[] = {{1, 1}, {2, 1}, {3, 1}, {4, 2}, {7, 3}, {8, 4}, {9, 4}, {64, 4}, {0, 4}};

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        processors = cases[i].processors;
        assert_int_equal(xw_turns_of_user(), cases[i].turns);
    }
}

static const uint64_t began[] = {30, 10, 40, 20};

/* Four requests, each waiting, just served, served for nearly a second or for one, decided, a
 * console. */
enum kind { WAITS, NEW, YOUNG, OLD, LISTED, CONSOLE, REFUSED_CONSOLE, ASKED_CONSOLE, KINDS };

static void make(enum kind kind, uid_t uid, size_t i, struct xw_running *running,
                 struct xw_note *notes)
{
    static const uint64_t turns[KINDS] = {[NEW] = NOW,
                                          [YOUNG] = NOW - XW_TURN_USEC + 1,
                                          [OLD] = NOW - XW_TURN_USEC,
                                          [LISTED] = NOW,
                                          [CONSOLE] = NOW,
                                          [REFUSED_CONSOLE] = NOW,
                                          [ASKED_CONSOLE] = NOW};

    *running =
        (struct xw_running){.uid = uid, .began = began[i], .turn = turns[kind], .note = 3 - i};
    notes[3 - i] = (struct xw_note){.parsed = kind >= LISTED};
    notes[3 - i].decided = kind >= LISTED && kind != ASKED_CONSOLE;
    notes[3 - i].request.verb = kind >= CONSOLE ? XW_VERB_CONSOLE : XW_VERB_LIST;
}

static void whose_turn_it_is(void **state)
{
    static struct xw_running running[4];
    static struct xw_note notes[4];
    size_t given = 0;

    (void)state;
    for (int all = 0; all < KINDS * KINDS * KINDS * KINDS * 16; all++) {
        int rest = all / 16, served = 0, waits = -1;
        for (size_t i = 0; i < 4; i++, rest /= KINDS) {
            enum kind kind = (enum kind)(rest % KINDS);
            bool hers = (all >> i) & 1;
            make(kind, hers ? ALICE : BOB, i, &running[i], notes);
            served +=
                hers && (kind == NEW || kind == YOUNG || kind == LISTED || kind == ASKED_CONSOLE);
            if (hers && kind == WAITS && (waits < 0 || began[i] < began[waits]))
                waits = (int)i;
        }
        for (size_t turns = 1; turns <= 4; turns++) {
            const struct xw_running *next = xw_turn_next(running, 4, notes, turns, ALICE, NOW);
            if (waits >= 0 && served < (int)turns)
                assert_ptr_equal(next, &running[waits]);
            else
                assert_null(next);
            given += next != NULL;
        }
    }
    assert_true(given > 1000);
}

static void a_turn_is_given_once(void **state)
{
    static struct xw_running running[2] = {{.uid = ALICE, .began = 2, .note = 1},
                                           {.uid = ALICE, .began = 1, .note = 0}};
    static struct xw_note notes[2];

    (void)state;
    struct xw_running *first = xw_turn_next(running, 2, notes, 1, ALICE, NOW);
    assert_ptr_equal(first, &running[1]);
    xw_turn_give(first, notes, NOW);
    assert_int_equal(notes[0].turn, 1);
    assert_int_equal(notes[1].turn, 0);
    assert_null(xw_turn_next(running, 2, notes, 1, ALICE, NOW + XW_TURN_USEC - 1));
    assert_ptr_equal(xw_turn_next(running, 2, notes, 1, ALICE, NOW + XW_TURN_USEC), &running[0]);
    /* It returns at once. */
    xw_turn_wait(&notes[0]);
}

/* What futex(2) comes to, one after the other: 0, or an errno. */
static const int *answers;
static size_t waited;

long syscall(long number, ...)
{
    assert_int_equal(number, SYS_futex);
    if (!answers)
        return 0;
    errno = answers[waited++];
    return errno ? -1 : 0;
}

/* Woken for nothing it waits again; what else there is ends the wait, as its time does. */
static void a_wait_that_ends_early(void **state)
{
    static const int cases[][4] = {{EAGAIN, EINTR, ETIMEDOUT, 0}, {0, 0, ETIMEDOUT, 0}, {ENOSYS}};
    static const size_t waits[] = {3, 3, 1};
    struct xw_note note = {.turn = 0};

    (void)state;
    for (size_t i = 0; i < 3; i++) {
        answers = cases[i];
        waited = 0;
        xw_turn_wait(&note);
        assert_int_equal(waited, waits[i]);
    }
    answers = NULL;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(turns_for_processors),
        cmocka_unit_test(whose_turn_it_is),
        cmocka_unit_test(a_turn_is_given_once),
        cmocka_unit_test(a_wait_that_ends_early),
    };

    return cmocka_run_group_tests_name("turn", tests, NULL, NULL);
}
