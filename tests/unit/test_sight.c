/* links: xwhelper/reader/sight.c common/names.c */
/*
 * Which domains of the host somebody may hear of (T-E9): exactly those of machines of their worlds,
 * and of all worlds of the labs that they look after.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <string.h>

#include "xwhelper/reader/sight.h"

static const struct xw_access fw = {.lab = "fw", .machine_count = 2, .machines = {"web", "router"}};
static const struct xw_access other = {.lab = "other", .machine_count = 1, .machines = {"web"}};
static const struct xw_sight alices[] = {{&fw, "alice"}, {&fw, "@blue"}};
static const struct xw_sight tinas[] = {{&other, "tina"}, {&fw, ""}};

static void theirs(void **state)
{
    static const struct {
        const char *domain;
        bool alice, tina;
    } cases[] = {
        {"xw:fw:alice:web", true, true},
        {"xw:fw:alice:router", true, true},
        {"xw:fw:@blue:web", true, true},
        {"xw:fw:bob:web", false, true},
        {"xw:fw:@red:web", false, true},
        {"xw:other:tina:web", false, true},
        {"xw:other:alice:web", false, false},
        {"xw:other:bob:web", false, false},
        /* A user is no team of that name, a machine must be one of the lab. */
        {"xw:fw:blue:web", false, true},
        {"xw:fw:@alice:web", false, true},
        {"xw:fw:alice:mail", false, false},
        {"xw:fw:alic:web", false, true},
        {"xw:fw:alicea:web", false, true},
        {"xw:f:alice:web", false, false},
        {"xw:fww:alice:web", false, false},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct xw_seen seen;
        if (xw_sight_has(alices, 2, cases[i].domain, &seen) != cases[i].alice ||
            xw_sight_has(tinas, 2, cases[i].domain, &seen) != cases[i].tina)
            fail_msg("%s", cases[i].domain);
        assert_false(xw_sight_has(alices, 0, cases[i].domain, &seen));
    }
}

static void parts(void **state)
{
    struct xw_seen seen;

    (void)state;
    assert_true(xw_sight_has(alices, 2, "xw:fw:@blue:router", &seen));
    assert_string_equal(seen.lab, "fw");
    assert_string_equal(seen.owner, "@blue");
    assert_string_equal(seen.machine, "router");
}

/* Anybody who may define domains may call one as they like. */
static void no_machine_of_ours(void **state)
{
    static const char *const names[] = {"",
                                        "xw",
                                        "xw:",
                                        "xw::",
                                        "xw:::",
                                        "xw:fw",
                                        "xw:fw:alice",
                                        "xw:fw:alice:",
                                        "xw:fw::web",
                                        "xw::alice:web",
                                        "XW:fw:alice:web",
                                        "x:fw:alice:web",
                                        "fw:alice:web",
                                        " xw:fw:alice:web",
                                        "xw:fw:alice:web:",
                                        "xw:fw:alice:web:web",
                                        "xw:fw:alice:web ",
                                        "xw:fw:alice:web\n",
                                        "xw:fw:alice:Web",
                                        "xw:fw:al ice:web",
                                        "xw:fw:alice\n:web",
                                        "xw:fw:@:web",
                                        "xw:fw:*:web",
                                        "xw: fw:alice:web",
                                        "xw:fw:alice: web"};
    char longer[200];
    struct xw_seen seen;

    (void)state;
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        if (xw_sight_has(alices, 2, names[i], &seen) || xw_sight_has(tinas, 2, names[i], &seen))
            fail_msg("\"%s\"", names[i]);
    }
    /* Parts that are too long, each in turn. */
    for (int part = 0; part < 3; part++) {
        snprintf(longer, sizeof(longer), "xw:fw%s:alice%s:web%s",
                 part == 0 ? "012345678901234567890123456789abcde" : "",
                 part == 1 ? "012345678901234567890123456789abcde" : "",
                 part == 2 ? "012345678901234567890123456789abcde" : "");
        assert_false(xw_sight_has(tinas, 2, longer, &seen));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(theirs),
        cmocka_unit_test(parts),
        cmocka_unit_test(no_machine_of_ours),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
