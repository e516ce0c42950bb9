/* links: xwsh/when.c */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "xwsh/when.h"

/* Berlin's clock. */
static int begin(void **state)
{
    (void)state;
    return setenv("TZ", "CET-1CEST,M3.5.0,M10.5.0/3", 1);
}

#define WHEN 1796108400 /* Tue 1 Dec 2026 08:00 there */

enum { HOUR = 3600, DAY = 86400 };

static void windows_in_words(void **state)
{
    static const struct {
        struct xw_window window;
        time_t now;
        const char *text;
    } cases[] = {
        {{XW_WINDOW_BEFORE, WHEN, 0, 0}, WHEN - 60, "opens Tue 1 Dec 08:00"},
        {{XW_WINDOW_BEFORE, WHEN, WHEN + DAY, 0}, WHEN - 300 * DAY, "opens Tue 1 Dec 08:00"},
        {{XW_WINDOW_BEFORE, WHEN, 0, 0}, WHEN - 400 * DAY, "opens Tue 1 Dec 2026 08:00"},
        /* In summer the clock is another. */
        {{XW_WINDOW_BEFORE, 1782885600, 0, 0}, WHEN, "opens Wed 1 Jul 08:00"},
        {{XW_WINDOW_OPEN, 5, 0, 0}, WHEN, ""},
        {{XW_WINDOW_OPEN, 5, WHEN, WHEN}, WHEN - 10 * DAY, "closes Tue 1 Dec 08:00"},
        {{XW_WINDOW_OPEN, 5, WHEN, WHEN}, WHEN - DAY, "closes Tue 1 Dec 08:00"},
        {{XW_WINDOW_OPEN, 5, WHEN, WHEN}, WHEN - DAY + 1, "closes in 23 h"},
        {{XW_WINDOW_OPEN, 0, WHEN, WHEN}, WHEN - 4 * HOUR + 1, "closes in 3 h"},
        {{XW_WINDOW_OPEN, 0, WHEN, WHEN}, WHEN - HOUR, "closes in 1 h"},
        {{XW_WINDOW_OPEN, 0, WHEN, WHEN}, WHEN - HOUR + 1, "closes in 59 min"},
        {{XW_WINDOW_OPEN, 0, WHEN, WHEN}, WHEN - 60, "closes in 1 min"},
        {{XW_WINDOW_OPEN, 0, WHEN, WHEN}, WHEN - 59, "closes in less than a minute"},
        {{XW_WINDOW_OPEN, 0, WHEN, WHEN}, WHEN + 5, "closes in less than a minute"},
        {{XW_WINDOW_GRACE, 0, WHEN, WHEN + HOUR}, WHEN + 5, "closed since Tue 1 Dec 08:00"},
        {{XW_WINDOW_CLOSED, 0, WHEN, WHEN}, WHEN + 5, "closed since Tue 1 Dec 08:00"},
        {{XW_WINDOW_CLOSED, 0, WHEN, WHEN}, WHEN + 31 * DAY, "closed since Tue 1 Dec 2026 08:00"},
    };
    char text[XW_WHEN_SIZE];

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        xw_when_text(&cases[i].window, cases[i].now, text);
        if (strcmp(text, cases[i].text) != 0)
            fail_msg("%zu: \"%s\", not \"%s\"", i, text, cases[i].text);
    }
    xw_when_text(NULL, WHEN, text);
    assert_string_equal(text, "");
}

static void refusals(void **state)
{
    const struct xw_window before = {XW_WINDOW_BEFORE, WHEN, 0, 0};
    const struct xw_window grace = {XW_WINDOW_GRACE, 0, WHEN, WHEN + HOUR};
    const struct xw_window closed = {XW_WINDOW_CLOSED, 0, WHEN, WHEN};
    char text[256];

    (void)state;
    xw_when_refusal("fw", &before, WHEN - 5, text, sizeof(text));
    assert_string_equal(text,
                        "fw opens Tue 1 Dec 08:00; until then you can look at it and no more");
    xw_when_refusal("fw", &closed, WHEN + 5, text, sizeof(text));
    assert_string_equal(text, "fw is closed since Tue 1 Dec 08:00; you can look at it still, and "
                              "ask your instructor for more time");
    xw_when_refusal("fw", &grace, WHEN + 5, text, sizeof(text));
    assert_non_null(strstr(text, "fw is closed since Tue 1 Dec 08:00"));
}

static void times_for_programs(void **state)
{
    char text[XW_RFC3339_SIZE];

    (void)state;
    xw_when_rfc3339(WHEN, text);
    assert_string_equal(text, "2026-12-01T07:00:00Z");
    xw_when_rfc3339(253402905599, text);
    assert_string_equal(text, "10000-01-07T23:59:59Z");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(windows_in_words),
        cmocka_unit_test(refusals),
        cmocka_unit_test(times_for_programs),
    };

    return cmocka_run_group_tests(tests, begin, NULL);
}
