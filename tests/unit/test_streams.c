/* links: xwhelper/keeper/streams.c */
/*
 * How many streams of events there may be, by the limits of the configuration and the notes of all
 * requests (T-E9).
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "xwhelper/keeper/streams.h"

enum { ALICE = 1001, BOB = 1002, NOTES = 8 };

static void a_part_of_what_there_is(void **state)
{
    static const struct {
        unsigned int per_user, in_all, of_user, streams;
    } cases[] = {
        {32, 512, 8, 256}, {1, 1, 1, 1}, {3, 2, 1, 1},
        {4, 3, 1, 1},      {8, 4, 2, 2}, {65536, 65536, 16384, 32768},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        const struct xw_config config = {.per_user = cases[i].per_user, .in_all = cases[i].in_all};
        assert_int_equal(xw_streams_of_user(&config), cases[i].of_user);
        assert_int_equal(xw_streams_in_all(&config), cases[i].streams);
    }
}

static void add(struct xw_note *note, uid_t uid, enum xw_verb verb, bool parsed)
{
    *note = (struct xw_note){.uid = uid, .parsed = parsed};
    note->request.verb = verb;
}

static void ones_own_and_all_count(void **state)
{
    static struct xw_note notes[NOTES];
    const struct xw_streams streams = {NOTES - 1, 2, 4};

    (void)state;
    /* Each has what asks in it: one stream fits, two do, three don't; of Bob's there is none. */
    add(&notes[0], ALICE, XW_VERB_EVENTS, true);
    assert_true(xw_streams_fit(&streams, notes, ALICE));
    add(&notes[3], ALICE, XW_VERB_EVENTS, true);
    assert_true(xw_streams_fit(&streams, notes, ALICE));
    add(&notes[6], ALICE, XW_VERB_EVENTS, true);
    assert_false(xw_streams_fit(&streams, notes, ALICE));
    assert_true(xw_streams_fit(&streams, notes, BOB));
    /* Other verbs, and what has not been read yet, are none. */
    add(&notes[6], ALICE, XW_VERB_CONSOLE, true);
    add(&notes[1], ALICE, XW_VERB_LIST, true);
    add(&notes[2], ALICE, XW_VERB_EVENTS, false);
    assert_true(xw_streams_fit(&streams, notes, ALICE));
    /* Everybody's. */
    add(&notes[4], BOB, XW_VERB_EVENTS, true);
    add(&notes[5], BOB, XW_VERB_EVENTS, true);
    assert_true(xw_streams_fit(&streams, notes, BOB));
    add(&notes[6], 1003, XW_VERB_EVENTS, true);
    assert_false(xw_streams_fit(&streams, notes, 1003));
    assert_false(xw_streams_fit(&streams, notes, ALICE));
    /* What is behind those in use is not looked at. */
    add(&notes[6], 0, XW_VERB_LIST, false);
    add(&notes[7], ALICE, XW_VERB_EVENTS, true);
    assert_true(xw_streams_fit(&streams, notes, ALICE));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_part_of_what_there_is),
        cmocka_unit_test(ones_own_and_all_count),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
