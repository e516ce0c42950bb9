/* links: xwadm/extension.c xwadm/local_time.c common/error.c common/lines.c common/names.c */
/*
 * Until when a user's extension goes, by a clock that is given: so much more, or a time of the
 * host's.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "xwadm/extension.h"

/* Berlin's clock, which is put forward on 29 March and back on 25 October 2026. */
static int begin(void **state)
{
    (void)state;
    return setenv("TZ", "CET-1CEST,M3.5.0,M10.5.0/3", 1);
}

enum { HOUR = 3600, DAY = 86400 };

#define CLOSES 1796108400 /* 2026-12-01 08:00 */

static void times_that_are_right(void **state)
{
    static const struct {
        const char *text;
        time_t closes, now, until;
    } cases[] = {
        {"30m", CLOSES, CLOSES - DAY, CLOSES + 1800},
        {"12h", CLOSES, CLOSES - DAY, CLOSES + 12 * HOUR},
        {"2d", CLOSES, CLOSES - DAY, CLOSES + 2 * DAY},
        {"1w", CLOSES, CLOSES - DAY, CLOSES + 7 * DAY},
        {"10000m", CLOSES, CLOSES - DAY, CLOSES + 600000},
        {"1m", CLOSES, CLOSES, CLOSES + 60},
        /* Once it has closed, from now. */
        {"1m", CLOSES, CLOSES + 1, CLOSES + 61},
        {"2d", CLOSES, CLOSES + 5 * DAY + 7, CLOSES + 7 * DAY + 7},
        /* A day is one of the calendar: these have 23 and 25 hours. */
        {"1d", 1774681200, 0, 1774681200 + 23 * HOUR}, /* from 2026-03-28 08:00 */
        {"1d", 1792821600, 0, 1792821600 + 25 * HOUR}, /* from 2026-10-24 08:00 */
        {"24h", 1792821600, 0, 1792821600 + DAY},
        {"1w", 1792821600, 0, 1792821600 + 7 * DAY + HOUR},
        /* To a time that there isn't: not before it. */
        {"1d", 1774661400, 0, 1774747800}, /* from 2026-03-28 02:30 to 03:30 */
        {"2026-12-03 08:00", CLOSES, CLOSES, CLOSES + 2 * DAY},
        {"2026-07-01 08:00", CLOSES, CLOSES, 1782885600},
        /* That is there twice: the second. */
        {"2026-10-25 02:30", CLOSES, CLOSES, 1792891800},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        time_t until = 0;
        const char *wrong = xw_extension_time(cases[i].text, cases[i].closes, cases[i].now, &until);
        if (wrong || until != cases[i].until)
            fail_msg("%zu, %s: %s, %lld", i, cases[i].text, wrong ? wrong : "right",
                     (long long)until);
    }
}

static void times_that_are_wrong(void **state)
{
    static const struct {
        const char *text;
        const char *part;
    } cases[] = {
        {"", "write 30m"},
        {"2", "write 30m"},
        {"d", "write 30m"},
        {"2s", "write 30m"},
        {"2days", "write 30m"},
        {"2 d", "write 30m"},
        {"+2d", "write 30m"},
        {"tomorrow", "write 30m"},
        {"-2d", "write it as YYYY-MM-DD HH:MM"},
        {"2026-12-03", "write it as YYYY-MM-DD HH:MM"},
        {"0d", "from 1 to 10000"},
        {"02d", "from 1 to 10000"},
        {"10001h", "from 1 to 10000"},
        {"99999999d", "too long"},
        {"18446744073709551617d", "too long"},
        {"2026-13-03 08:00", "month"},
        {"2026-03-29 02:30", "put forward"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        time_t until = 0;
        const char *wrong = xw_extension_time(cases[i].text, CLOSES, CLOSES, &until);
        if (!wrong || !strstr(wrong, cases[i].part))
            fail_msg("\"%s\": %s", cases[i].text, wrong ? wrong : "taken");
    }
    /* Beyond what a record takes. */
    time_t until;
    assert_non_null(xw_extension_time("10000w", 253370764740, CLOSES, &until));
}

/* What is no extension is said in words, with the closing that it would have to be after. */
static void extensions_of_a_lab(void **state)
{
    static const struct {
        const char *text;
        time_t closes, now;
        int rc;
        const char *words;
    } cases[] = {
        {"2d", CLOSES, CLOSES - DAY, 0, ""},
        {"2d", 0, CLOSES, -ERANGE, "the lab \"fw\" doesn't close: there is nothing to extend"},
        {"soon", CLOSES, CLOSES - DAY, -EDOM, "\"soon\": write 30m"},
        {"2026-12-01 07:00", CLOSES, CLOSES - DAY, -ERANGE,
         "the lab \"fw\" is open until 2026-12-01 08:00 CET for everybody: give a later time"},
        {"2026-12-01 09:00", CLOSES, CLOSES + DAY, -ERANGE, "that time is past"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct xw_error err = {0};
        time_t until = 0;
        assert_int_equal(
            xw_extension_find("fw", cases[i].text, cases[i].closes, cases[i].now, &until, &err),
            cases[i].rc);
        assert_int_equal(strncmp(err.text, cases[i].words, strlen(cases[i].words)), 0);
        if (cases[i].rc == 0)
            assert_int_equal(until, cases[i].closes + 2 * DAY);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(times_that_are_right),
        cmocka_unit_test(times_that_are_wrong),
        cmocka_unit_test(extensions_of_a_lab),
    };

    return cmocka_run_group_tests(tests, begin, NULL);
}
