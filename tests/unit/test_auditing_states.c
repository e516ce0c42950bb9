/* links: xwhelper/keeper/auditing.c */
/*
 * What the keeper makes of libaudit's answers; tests/unit/test_auditing.c asks the real kernel,
 * which gives one of them.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <libaudit.h>

#include "xwhelper/keeper/auditing.h"

enum { SOCKET = 42 };

static struct {
    int fd;
    int enabled;
    int asked;
    int closed;
} kernel;

int audit_open(void)
{
    return kernel.fd;
}

int audit_is_enabled(int fd)
{
    assert_int_equal(fd, SOCKET);
    kernel.asked++;
    return kernel.enabled;
}

void audit_close(int fd)
{
    assert_int_equal(fd, SOCKET);
    kernel.closed++;
}

/* 2: locked, and on (audit_set_enabled(3)). */
static void each_answer_has_its_word(void **state)
{
    static const struct {
        int enabled;
        enum xw_auditing auditing;
        const char *word;
    } cases[] = {
        {-1, XW_AUDITING_UNKNOWN, "unknown"},
        {0, XW_AUDITING_OFF, "off"},
        {1, XW_AUDITING_ON, "on"},
        {2, XW_AUDITING_ON, "on"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        kernel.fd = SOCKET;
        kernel.enabled = cases[i].enabled;
        kernel.asked = kernel.closed = 0;
        assert_int_equal(xw_auditing(), cases[i].auditing);
        assert_string_equal(xw_auditing_word(cases[i].auditing), cases[i].word);
        assert_int_equal(kernel.asked, 1);
        assert_int_equal(kernel.closed, 1);
    }
}

static void without_a_socket_nothing_is_known(void **state)
{
    (void)state;
    kernel.fd = -1;
    kernel.enabled = 1;
    kernel.asked = kernel.closed = 0;
    assert_int_equal(xw_auditing(), XW_AUDITING_UNKNOWN);
    assert_int_equal(kernel.asked + kernel.closed, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_answer_has_its_word),
        cmocka_unit_test(without_a_socket_nothing_is_known),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
