/* links: common/error.c xwadm/tool.c */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "xwadm/tool.h"

/* A shell stands for the tool; what it is given is what a tool would be given. */
static int run(const char *script, unsigned int seconds, struct xw_error *err)
{
    const char *const argv[] = {"/bin/sh", "-c", script, NULL};

    *err = (struct xw_error){0};
    return xw_tool_run(argv, seconds, err);
}

static void its_status_is_the_result(void **state)
{
    struct xw_error err;

    (void)state;
    assert_int_equal(run("exit 0", 10, &err), 0);
    assert_int_equal(err.code, 0);
    assert_int_equal(run("echo first >&2; echo the reason >&2; exit 3", 10, &err), -EIO);
    assert_string_equal(err.text, "/bin/sh failed: the reason");
    assert_int_equal(run("exit 1", 10, &err), -EIO);
    assert_string_equal(err.text, "/bin/sh failed: it gave no reason");
    assert_int_equal(run("echo out; exit 1", 10, &err), -EIO);
    assert_string_equal(err.text, "/bin/sh failed: it gave no reason");
    assert_int_equal(run("kill -9 $$", 10, &err), -EIO);
    assert_string_equal(err.text, "/bin/sh died of signal 9");
}

static void much_is_said_and_the_end_counts(void **state)
{
    struct xw_error err;

    (void)state;
    assert_int_equal(
        run("yes a long line of words | head -c 100000 >&2; printf '\\nlast\\033[2J\\n\\n' "
            ">&2; exit 1",
            20, &err),
        -EIO);
    assert_string_equal(err.text, "/bin/sh failed: last?[2J");
}

static void a_missing_tool_is_told(void **state)
{
    const char *const argv[] = {"/nonexistent/gpasswd", "-a", NULL};
    struct xw_error err = {0};

    (void)state;
    assert_int_equal(xw_tool_run(argv, 10, &err), -ENOENT);
    assert_string_equal(err.text, "/nonexistent/gpasswd can't be executed; is it installed?");
}

static void one_that_hangs_is_stopped(void **state)
{
    struct xw_error err;

    (void)state;
    assert_int_equal(run("trap '' TERM; while :; do sleep 1; done", 1, &err), -ETIMEDOUT);
    assert_string_equal(err.text, "/bin/sh took longer than 1 seconds and was stopped");
}

static void it_gets_nothing_of_ours(void **state)
{
    struct xw_error err;
    int fd = open("/dev/null", O_RDONLY); /* without O_CLOEXEC */

    (void)state;
    assert_true(fd >= 0);
    assert_int_equal(setenv("XW_TEST_SECRET", "1", 1), 0);
    assert_int_equal(setenv("LD_PRELOAD", "", 1), 0);
    /* The environment that it began with is in /proc, whatever the shell makes of it. */
    assert_int_equal(run("test \"$(tr '\\0' ' ' </proc/$$/environ)\" = "
                         "'PATH=/usr/sbin:/usr/bin:/sbin:/bin LC_ALL=C '",
                         10, &err),
                     0);
    assert_int_equal(run("test -z \"$(cat)\"", 10, &err), 0);
    assert_int_equal(
        run("for n in 3 4 5 6 7 8 9; do test ! -e /proc/$$/fd/$n || exit 1; done", 10, &err), 0);
    /* A group of its own: an interrupt from the terminal is ours alone. */
    assert_int_equal(run("test $(ps -o pgid= -p $$) = $$", 10, &err), 0);
    close(fd);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(its_status_is_the_result),
        cmocka_unit_test(much_is_said_and_the_end_counts),
        cmocka_unit_test(a_missing_tool_is_told),
        cmocka_unit_test(one_that_hangs_is_stopped),
        cmocka_unit_test(it_gets_nothing_of_ours),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
