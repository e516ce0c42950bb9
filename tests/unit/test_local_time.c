/* links: xwadm/local_time.c */
/*
 * Times of a place's clock: their form, and what they are in UTC where clocks are put forward and
 * back. The zones are given as rules (tzset(3)), so that no data base is needed.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "xwadm/local_time.h"

static void the_form(void **state)
{
    static const struct {
        const char *text;
        const char *wrong; /* a part; NULL: right */
    } cases[] = {
        {"2026-12-01 08:00", NULL},
        {"1971-01-01 00:00", NULL},
        {"9998-12-31 23:59", NULL},
        {"2028-02-29 12:30", NULL},
        {"2000-02-29 12:30", NULL},
        {"", "write it as"},
        {"2026-12-01", "write it as"},
        {"2026-12-01T08:00", "write it as"},
        {"2026-12-01 08:00 ", "write it as"},
        {" 2026-12-01 08:0", "write it as"},
        {"2026-12-01 08:00Z", "write it as"},
        {"2026-12-01 8:00", "write it as"},
        {"2026-12-1  08:00", "write it as"},
        {"2026/12/01 08:00", "write it as"},
        {"2026-12/01 08:00", "write it as"},
        {"2026-12-01 08.00", "write it as"},
        {"+026-12-01 08:00", "write it as"},
        {"2026-1a-01 08:00", "write it as"},
        {"2026-12-0: 08:00", "write it as"},
        {"2026-12-01 -8:00", "write it as"},
        {"2026-12-01 08:0/", "write it as"},
        {"1970-12-31 23:59", "year"},
        {"9999-01-01 00:00", "year"},
        {"2026-00-01 08:00", "month must be"},
        {"2026-13-01 08:00", "month must be"},
        {"2026-12-00 08:00", "no such day"},
        {"2026-12-32 08:00", "no such day"},
        {"2026-11-31 08:00", "no such day"},
        {"2026-02-29 08:00", "no such day"},
        {"2100-02-29 08:00", "no such day"},
        {"2026-12-01 24:00", "time of day"},
        {"2026-12-01 08:60", "time of day"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct xw_local_time local;
        char text[XW_LOCAL_TIME_SIZE];
        const char *wrong = xw_local_time_read(cases[i].text, &local);
        if ((wrong == NULL) != (cases[i].wrong == NULL) ||
            (wrong && !strstr(wrong, cases[i].wrong)))
            fail_msg("\"%s\": %s", cases[i].text, wrong ? wrong : "taken");
        if (wrong)
            continue;
        xw_local_time_write(&local, text);
        assert_string_equal(text, cases[i].text);
    }
}

#define UTC        "UTC0"
#define BERLIN     "CET-1CEST,M3.5.0,M10.5.0/3"
#define NEWYORK    "EST5EDT,M3.2.0,M11.1.0"
#define LORD_HOWE  "<+1030>-10:30<+11>-11,M10.1.0,M4.1.0" /* half an hour */
#define AUCKLAND   "NZST-12NZDT,M9.5.0,M4.1.0/3"
#define KIRITIMATI "<+14>-14"

static const struct {
    const char *zone;
    const char *text;
    int found;
    time_t first, last;
} times[] = {
    {UTC, "1971-01-01 00:00", 1, 31536000, 31536000},
    {UTC, "2026-12-01 08:00", 1, 1796112000, 1796112000},
    {UTC, "9998-12-31 23:59", 1, 253370764740, 253370764740},
    {BERLIN, "2026-12-01 08:00", 1, 1796108400, 1796108400},
    {BERLIN, "2026-07-01 08:00", 1, 1782885600, 1782885600},
    /* Put forward on 29 March 2026, from 02:00 to 03:00. */
    {BERLIN, "2026-03-29 01:59", 1, 1774745940, 1774745940},
    {BERLIN, "2026-03-29 02:00", 0, 0, 0},
    {BERLIN, "2026-03-29 02:30", 0, 0, 0},
    {BERLIN, "2026-03-29 02:59", 0, 0, 0},
    {BERLIN, "2026-03-29 03:00", 1, 1774746000, 1774746000},
    /* Put back on 25 October 2026, from 03:00 to 02:00. */
    {BERLIN, "2026-10-25 01:59", 1, 1792886340, 1792886340},
    {BERLIN, "2026-10-25 02:00", 2, 1792886400, 1792890000},
    {BERLIN, "2026-10-25 02:59", 2, 1792889940, 1792893540},
    {BERLIN, "2026-10-25 03:00", 1, 1792893600, 1792893600},
    {NEWYORK, "2026-03-08 02:15", 0, 0, 0},
    {NEWYORK, "2026-11-01 01:15", 2, 1793510100, 1793513700},
    {NEWYORK, "2026-11-01 02:00", 1, 1793516400, 1793516400},
    {LORD_HOWE, "2026-10-04 02:15", 0, 0, 0},
    {LORD_HOWE, "2026-10-04 02:30", 1, 1791041400, 1791041400},
    {LORD_HOWE, "2026-04-05 01:45", 2, 1775313900, 1775315700},
    {AUCKLAND, "2026-09-27 02:30", 0, 0, 0},
    {AUCKLAND, "2026-04-05 02:30", 2, 1775309400, 1775313000},
    {KIRITIMATI, "2026-12-01 08:00", 1, 1796061600, 1796061600},
};

static void clocks_that_are_put_forward_and_back(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(times) / sizeof(times[0]); i++) {
        struct xw_local_time local;
        time_t first = 0;
        time_t last = 0;
        setenv("TZ", times[i].zone, 1);
        tzset();
        assert_null(xw_local_time_read(times[i].text, &local));
        int found = xw_local_time_find(&local, &first, &last);
        if (found != times[i].found || first != times[i].first || last != times[i].last)
            fail_msg("%s in %s: %d, %lld and %lld", times[i].text, times[i].zone, found,
                     (long long)first, (long long)last);
    }
}

/* Every quarter of an hour of two years, there and back. */
static void every_time_is_found_again(void **state)
{
    static const char *const zones[] = {UTC, BERLIN, NEWYORK, LORD_HOWE, AUCKLAND, KIRITIMATI};

    (void)state;
    for (size_t i = 0; i < sizeof(zones) / sizeof(zones[0]); i++) {
        setenv("TZ", zones[i], 1);
        tzset();
        for (time_t when = 1767225600; when < 1767225600 + 2 * 365 * 86400L; when += 2700) {
            struct tm parts;
            time_t first = 0;
            time_t last = 0;
            assert_non_null(localtime_r(&when, &parts));
            const struct xw_local_time local = {
                (unsigned int)parts.tm_year + 1900, (unsigned int)parts.tm_mon + 1,
                (unsigned int)parts.tm_mday, (unsigned int)parts.tm_hour,
                (unsigned int)parts.tm_min};
            int found = xw_local_time_find(&local, &first, &last);
            assert_true(found == 1 || found == 2);
            assert_true(first == when || last == when);
            assert_true(found == 2 ? first < last : first == last);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_form),
        cmocka_unit_test(clocks_that_are_put_forward_and_back),
        cmocka_unit_test(every_time_is_found_again),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
