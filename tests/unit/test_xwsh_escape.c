/* links: xwsh/escape.c */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "xwsh/escape.h"

enum { SIZE = 64 };

static size_t typed(struct xw_escape *escape, const char *bytes)
{
    return xw_escape_scan(escape, bytes, strlen(bytes), SIZE, false);
}

static void alone_it_leaves(void **state)
{
    struct xw_escape escape = {0};

    (void)state;
    assert_false(typed(&escape, "ls\r"));
    assert_int_equal(typed(&escape, "\x1d"), 1);
    assert_int_equal(typed(&escape, "\x1b[93;5u"), 7);
    assert_int_equal(typed(&escape, "\x1b[27;5;93~"), 10);
}

/* What is typed so quickly that it comes together. */
static void one_key_may_come_with_it(void **state)
{
    struct xw_escape escape = {0};

    (void)state;
    assert_int_equal(typed(&escape, "\x1d"
                                    "d"),
                     1);
    assert_int_equal(typed(&escape, "\x1d\x1d"), 1);
    assert_int_equal(typed(&escape, "\x1b[93;5ud"), 7);
    assert_int_equal(xw_escape_scan(&escape, "\x1d?", 2, SIZE, true), 0);
    assert_int_equal(typed(&escape, "\x1b[200~"), 0);
    assert_int_equal(typed(&escape, "\x1d"
                                    "d"),
                     0);
}

static void among_others_it_does_not(void **state)
{
    struct xw_escape escape = {0};

    (void)state;
    assert_false(typed(&escape, "a\x1d"));
    assert_false(typed(&escape, "\x1d\x1d\x1d"));
    assert_false(typed(&escape, "\x1d"
                                "bc"));
    assert_false(typed(&escape, "\x1b[93;6u"));
    assert_false(xw_escape_scan(&escape, "\x1d", 1, SIZE, true));
}

static void after_a_full_read_it_does_not(void **state)
{
    struct xw_escape escape = {0};
    char full[SIZE];

    (void)state;
    memset(full, 'x', sizeof(full));
    assert_false(xw_escape_scan(&escape, full, sizeof(full), SIZE, false));
    assert_false(typed(&escape, "\x1d"));
    assert_true(typed(&escape, "\x1d"));
}

static void in_a_bracketed_paste_it_does_not(void **state)
{
    struct xw_escape escape = {0};
    const char *start = "\x1b[200~";

    (void)state;
    assert_false(typed(&escape, "\x1b[200~text"));
    assert_false(typed(&escape, "\x1d"));
    assert_false(typed(&escape, "more\x1b[201~"));
    assert_true(typed(&escape, "\x1d"));
    for (const char *at = start; *at; at++)
        assert_false(xw_escape_scan(&escape, at, 1, SIZE, false));
    assert_false(typed(&escape, "\x1d"));
    assert_false(typed(&escape, "\x1b\x1b[201~"));
    assert_true(typed(&escape, "\x1d"));
}

static void other_sequences_are_no_paste(void **state)
{
    struct xw_escape escape = {0};

    (void)state;
    assert_false(typed(&escape, "\x1b[20~\x1b[2004~\x1b[201~\x1b[00~"));
    assert_true(typed(&escape, "\x1d"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(alone_it_leaves),
                                       cmocka_unit_test(one_key_may_come_with_it),
                                       cmocka_unit_test(among_others_it_does_not),
                                       cmocka_unit_test(after_a_full_read_it_does_not),
                                       cmocka_unit_test(in_a_bracketed_paste_it_does_not),
                                       cmocka_unit_test(other_sequences_are_no_paste)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
