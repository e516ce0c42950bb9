/* links: xwhelper/keeper/presence.c common/names.c common/error.c */
/*
 * Whether a person is still here: what can't be looked at is no sign that they have gone.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <dirent.h>
#include <stdio.h>
#include <sys/pidfd.h>
#include <unistd.h>

#include "tests/unit/faults.h"
#include "xwhelper/keeper/presence.h"

XW_FAULTY_AS(FILE *, NULL, fopen, (const char *path, const char *mode), path, mode);
XW_FAULTY_AS(DIR *, NULL, opendir, (const char *path), path);
XW_FAULTY_AS(struct dirent *, NULL, readdir, (DIR * directory), directory);
XW_FAULTY(pidfd_open, (pid_t pid, unsigned int flags), pid, flags);

/* Nobody's, wherever this runs. */
static const uid_t absent = 4000000000U;

static int look(uid_t uid)
{
    struct xw_error err = {0};
    int rc = xw_presence_wait(uid, 0, &err);

    assert_true(rc >= 0 || err.code == rc);
    return rc;
}

static void here_or_not(void **state)
{
    (void)state;
    xw_fault_set(NULL, 0, 0);
    assert_int_equal(look(absent), 1);
    assert_int_equal(look(getuid()), 0);
}

/* The nth call of each fails, until there are no more. */
static void never_gone_by_an_error(void **state)
{
    static const char *const calls[] = {"fopen", "opendir", "readdir", "pidfd_open"};

    (void)state;
    for (size_t i = 0; i < sizeof(calls) / sizeof(calls[0]); i++) {
        for (int nth = 1; nth == 1 || xw_fault.count >= nth - 1; nth++) {
            xw_fault_set(calls[i], nth, EMFILE);
            assert_int_not_equal(look(getuid()), 1);
            if (strcmp(calls[i], "pidfd_open") == 0)
                break;
            xw_fault_set(calls[i], nth, EMFILE);
            int rc = look(absent);
            assert_true(xw_fault.count < nth ? rc == 1 : rc == -EMFILE);
        }
    }
}

/* What has ended between being listed and being looked at is nobody's. */
static void ended_meanwhile(void **state)
{
    (void)state;
    xw_fault_set("fopen", 2, ENOENT);
    assert_int_equal(look(absent), 1);
    xw_fault_set("fopen", 2, ESRCH);
    assert_int_equal(look(absent), 1);
    assert_int_equal(xw_fault.count > 2, 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(here_or_not),
        cmocka_unit_test(never_gone_by_an_error),
        cmocka_unit_test(ended_meanwhile),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
