/* links: common/error.c common/lines.c common/names.c common/record.c xwhelper/keeper/plan.c */
/* When machines are suspended that nobody uses: the lab's word, and else the configuration's. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <string.h>

#include "common/config.h"
#include "xwhelper/keeper/plan.h"

/* Large; one is enough for all tests. */
static struct xw_plan plan;

static int parse(const char *suspend)
{
    char text[512];

    snprintf(
        text, sizeof(text),
        "xworlds-plan 1\nlab firewall\n%ssegment outside\nmachine router\nimage tiny "
        "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef\nmemory 128\nvcpus 1\n"
        "order 1\ngateway -\nforward 1\ninterface outside 10.1.0.1/24\nend\n",
        suspend);
    return xw_plan_parse(text, strlen(text), &plan, NULL);
}

static void a_lab_may_leave_it_to_the_configuration(void **state)
{
    const struct xw_config config = {.suspend_after = 45};

    (void)state;
    assert_int_equal(parse(""), 0);
    assert_int_equal(xw_plan_suspend_after(&plan, &config), 45);
}

static void what_a_lab_says_goes_before(void **state)
{
    const struct xw_config config = {.suspend_after = 45};
    char most[64];

    (void)state;
    assert_int_equal(parse("suspend-after 30\n"), 0);
    assert_int_equal(xw_plan_suspend_after(&plan, &config), 30);
    assert_int_equal(parse("suspend-after 0\n"), 0);
    assert_int_equal(xw_plan_suspend_after(&plan, &config), 0);
    snprintf(most, sizeof(most), "suspend-after %u\n", XW_SUSPEND_AFTER_MAX);
    assert_int_equal(parse(most), 0);
    assert_int_equal(xw_plan_suspend_after(&plan, &config), XW_SUSPEND_AFTER_MAX);
}

static void what_means_nothing_is_no_plan(void **state)
{
    char more[64];

    (void)state;
    snprintf(more, sizeof(more), "suspend-after %u\n", XW_SUSPEND_AFTER_MAX + 1);
    assert_true(parse(more) < 0);
    assert_true(parse("suspend-after -1\n") < 0);
    assert_true(parse("suspend-after\n") < 0);
    assert_true(parse("suspend-after 30\nsuspend-after 30\n") < 0);
    assert_int_equal(parse("suspend-after 30\n"), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_lab_may_leave_it_to_the_configuration),
        cmocka_unit_test(what_a_lab_says_goes_before),
        cmocka_unit_test(what_means_nothing_is_no_plan),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
