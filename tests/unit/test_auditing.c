/* links: xwhelper/keeper/auditing.c */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <libaudit.h>
#include <sched.h>
#include <sys/wait.h>
#include <unistd.h>

#include "xwhelper/keeper/auditing.h"

/* What a child of the test sees, after having done something. */
static int seen_after(int (*first)(void))
{
    int status;
    pid_t child = fork();

    if (child == 0) {
        if (first && first() < 0)
            _exit(100);
        /* A new pid namespace is its maker's children's. */
        pid_t inner = fork();
        if (inner == 0)
            _exit((int)xw_auditing());
        if (waitpid(inner, &status, 0) != inner || !WIFEXITED(status))
            _exit(101);
        _exit(WEXITSTATUS(status));
    }
    if (waitpid(child, &status, 0) != child || !WIFEXITED(status))
        return -1;
    return WEXITSTATUS(status);
}

/* The real kernel, switched on and off; it is left as it was found. */
static void the_kernel_is_asked(void **state)
{
    (void)state;
    enum xw_auditing found = xw_auditing();
    int fd = audit_open();

    if (geteuid() != 0 || fd < 0 || found == XW_AUDITING_UNKNOWN) {
        /* Where the kernel doesn't say, neither do we. */
        assert_int_equal(found, XW_AUDITING_UNKNOWN);
        return;
    }
    if (found == XW_AUDITING_OFF) {
        assert_true(audit_set_enabled(fd, 1) > 0);
        enum xw_auditing on = xw_auditing();
        assert_true(audit_set_enabled(fd, 0) > 0);
        assert_int_equal(on, XW_AUDITING_ON);
    }
    /* Where it is on, somebody wants it so. */
    assert_int_equal(xw_auditing(), found);
    assert_int_equal(seen_after(NULL), found);
    audit_close(fd);
}

static int new_pid_namespace(void)
{
    return unshare(CLONE_NEWPID | (geteuid() == 0 ? 0 : CLONE_NEWUSER));
}

static int drop_root(void)
{
    return geteuid() == 0 ? setresuid(65534, 65534, 65534) : 0;
}

static void what_the_kernel_does_not_say_is_unknown(void **state)
{
    (void)state;
    assert_int_equal(seen_after(new_pid_namespace), XW_AUDITING_UNKNOWN);
    /* libaudit gives a caller without root "off" for the kernel's EPERM: as good. */
    assert_int_not_equal(seen_after(drop_root), XW_AUDITING_ON);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_kernel_is_asked),
        cmocka_unit_test(what_the_kernel_does_not_say_is_unknown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
