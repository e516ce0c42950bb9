/* links: xwsh/prepared.c */
/*
 * What the PAM module leaves for xwsh, from one to the other.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "xwsh/prepared.h"

static void what_is_set_is_what_is_read(void **state)
{
    (void)state;
    for (int i = XW_PREPARED_LATER; i <= XW_PREPARED_FAILED; i++) {
        const char *setting = xw_prepared_setting((enum xw_prepared)i);
        assert_memory_equal(setting, XW_PREPARED_VARIABLE "=", strlen(XW_PREPARED_VARIABLE "="));
        assert_int_equal(xw_prepared_read(strchr(setting, '=') + 1), i);
        assert_non_null(xw_prepared_text((enum xw_prepared)i));
    }
}

static void anything_else_says_nothing(void **state)
{
    static const char *const values[] = {NULL,       "",      "=",           "late",    "later ",
                                         "failed\n", "LATER", "laterfailed", "\033[2J", "%s%n"};

    (void)state;
    for (size_t i = 0; i < sizeof(values) / sizeof(values[0]); i++)
        assert_int_equal(xw_prepared_read(values[i]), XW_PREPARED_READY);
    assert_null(xw_prepared_setting(XW_PREPARED_READY));
    assert_null(xw_prepared_text(XW_PREPARED_READY));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_set_is_what_is_read),
        cmocka_unit_test(anything_else_says_nothing),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
