/* links: xwadm/audit_time.c common/names.c */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <stdlib.h>

#include "xwadm/audit_time.h"

/* 2026-11-24 19:00:00 UTC, which is 14:00:00 in New York. */
static const time_t now = 1795546800;

static int in_new_york(void **state)
{
    (void)state;
    if (setenv("TZ", "America/New_York", 1) < 0)
        return -1;
    tzset();
    return 0;
}

static uint64_t when(const char *text)
{
    uint64_t usec = 1;

    assert_int_equal(xw_audit_when(text, now, &usec), 0);
    assert_int_equal(usec % 1000000, 0);
    return usec / 1000000;
}

static void words(void **state)
{
    (void)state;
    assert_int_equal(when("today"), now - 14L * 3600);
    assert_int_equal(when("yesterday"), now - (14 + 24) * 3600L);
    assert_int_equal(when("all"), 0);
}

static void ago(void **state)
{
    (void)state;
    assert_int_equal(when("45s"), now - 45);
    assert_int_equal(when("30m"), now - 1800);
    assert_int_equal(when("2h"), now - 7200);
    assert_int_equal(when("7d"), now - 7L * 86400);
}

static void dates(void **state)
{
    (void)state;
    assert_int_equal(when("2026-11-24"), now - 14L * 3600);
    assert_int_equal(when("2026-11-24 13:30"), now - 1800);
    assert_int_equal(when("2026-11-24T13:30:15"), now - 1785);
    assert_int_equal(when("2026-11-24T18:30:00Z"), now - 1800);
    assert_int_equal(when("2026-11-24 19:00Z"), now);
    /* In July New York is four hours behind, whatever it is now. */
    assert_int_equal(when("2026-07-01 00:00"), when("2026-07-01T04:00:00Z"));
}

static void nonsense(void **state)
{
    static const char *const texts[] = {"",    "h",           "2",      "2w",
                                        "-2h", "2h ",         "02h",    "2026-13-01",
                                        "now", "2026-11-24x", "today ", "99999999999999999999d"};
    uint64_t usec;

    (void)state;
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        if (xw_audit_when(texts[i], now, &usec) != -EINVAL)
            fail_msg("\"%s\" was taken for a time", texts[i]);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(words),
        cmocka_unit_test(ago),
        cmocka_unit_test(dates),
        cmocka_unit_test(nonsense),
    };

    return cmocka_run_group_tests(tests, in_new_york, NULL);
}
