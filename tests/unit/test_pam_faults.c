/* links: common/error.c */
/*
 * T-I2: each call of the PAM module made to fail in turn. It never lets in and never stands aside
 * for that; whom it isn't for is not concerned.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <unistd.h>

#include "tests/unit/pam_stack.h"

static const char *const names[] = {
#define XW_PAM_NAME(name) #name,
    XW_PAM_CALLS(XW_PAM_NAME)
#undef XW_PAM_NAME
};

/* Makes the nth call of one kind fail; whether there was one. *status is what came back. */
static bool disturb(const char *user, enum entry entry, int kind, int nth, int with_errno,
                    int *status)
{
    forget();
    faults->call = kind;
    faults->nth = nth;
    faults->with_errno = with_errno;
    *status = call(user, entry);
    return faults->hit;
}

/* Every call of every kind, one after the other; how many there were. */
static int fail_each(const char *user, enum entry entry, bool (*good)(int status))
{
    int total = 0;
    int status;

    for (int kind = 0; kind < XW_PAM_CALL_COUNT; kind++) {
        for (int nth = 1; disturb(user, entry, kind, nth, 0, &status); nth++) {
            if (!good(status))
                print_message("# %s %d failed: %s\n", names[kind], nth, pam_strerror(NULL, status));
            assert_true(good(status));
            assert_true(faults->log[0] != '\0');
            total++;
        }
    }
    return total;
}

/* Nor is a refusal true, with its reason, where the reason isn't known. */
static bool is_error(int status)
{
    return status != PAM_SUCCESS && status != PAM_IGNORE && status != PAM_PERM_DENIED;
}

static bool is_denied(int status)
{
    return status == PAM_PERM_DENIED || status == PAM_SYSTEM_ERR || status == PAM_BUF_ERR ||
           status == PAM_USER_UNKNOWN || status == PAM_SERVICE_ERR;
}

#define CLOSED_FIREWALL                                                                            \
    "xworlds-access 1\nlab firewall\ntitle A firewall\nstudent 2001\ncloses 978307200\n"           \
    "machine router\nend\n"

/* T-I2 */
static void no_failure_lets_anybody_in(void **state)
{
    (void)state;
    put_service(faulty, "");
    put_file(CONF, "# nothing\n");
    forget();
    assert_int_equal(call("alice", ACCOUNT), PAM_SUCCESS);
    int total = fail_each("alice", ACCOUNT, is_error);
    assert_true(total >= 15);
    print_message("# account, let in: %d failures\n", total);
    forget();
    assert_int_equal(call("tina", ACCOUNT), PAM_SUCCESS);
    fail_each("tina", ACCOUNT, is_error);
    /* One whose lab has closed, and who has more time by a record of her own. */
    (void)mkdir("/var/lib/xworlds/owners", 0755);
    put_file(ACCESS, CLOSED_FIREWALL);
    put_file("/var/lib/xworlds/owners/1001", "xworlds-owner 1\nuid 1001\nname alice\n"
                                             "lab firewall\nuntil 4102444800\nend\n");
    forget();
    assert_int_equal(call("alice", ACCOUNT), PAM_SUCCESS);
    assert_true(fail_each("alice", ACCOUNT, is_error) > total);
    put_file(ACCESS, FIREWALL);
    forget();
    assert_int_equal(call("bob", ACCOUNT), PAM_PERM_DENIED);
    total = fail_each("bob", ACCOUNT, is_denied);
    print_message("# account, refused: %d failures\n", total);
}

/* T-I2: the conversation, ours and the service's own, fails while somebody is refused. */
static void who_cannot_be_told_is_refused_all_the_same(void **state)
{
    int status;

    (void)state;
    put_service(faulty, "");
    assert_true(disturb("bob", ACCOUNT, XW_PAM_pam_prompt, 1, 0, &status));
    assert_int_equal(status, PAM_PERM_DENIED);
    conversation_fails = true;
    forget();
    assert_int_equal(call("bob", ACCOUNT), PAM_PERM_DENIED);
    assert_string_equal(told, "");
    assert_non_null(strstr(faults->log, "can't be told"));
    keeper_start(SILENT);
    put_service(faulty, "prepare_timeout=1");
    assert_int_equal(call("alice", OPEN), PAM_SESSION_ERR);
    conversation_fails = false;
    assert_int_equal(call("alice", OPEN), PAM_SUCCESS);
    keeper_stop();
}

/* T-I2 */
static void no_failure_opens_a_session(void **state)
{
    (void)state;
    put_service(faulty, "prepare_timeout=1");
    keeper_start(READY);
    forget();
    assert_int_equal(call("alice", OPEN), PAM_SUCCESS);
    int total = fail_each("alice", OPEN, is_error);
    assert_true(total >= 12);
    print_message("# session: %d failures\n", total);
    forget();
    assert_int_equal(call("alice", CLOSE), PAM_SUCCESS);
    total = fail_each("alice", CLOSE, is_error);
    assert_true(total >= 4);
    /* With worlds that are to be suspended. */
    const int quiet = total;
    put_file(CONF, "suspend-on-logout = yes\n");
    keeper_start(READY);
    forget();
    assert_int_equal(call("alice", CLOSE), PAM_SUCCESS);
    total = fail_each("alice", CLOSE, is_error);
    assert_true(total > quiet);
    print_message("# logout: %d failures\n", total);
    put_file(CONF, "# nothing\n");
    keeper_stop();
}

/* T-I2: what failed or is not done yet is told in two ways, each of which may fail. */
static void no_failure_hides_what_became_of_the_worlds(void **state)
{
    static const enum keeper kinds[] = {FAILS, SILENT};
    int status;

    (void)state;
    put_service(faulty, "prepare_timeout=1");
    for (size_t i = 0; i < 2; i++) {
        keeper_start(kinds[i]);
        forget();
        assert_int_equal(call("alice", OPEN), kinds[i] == FAILS ? PAM_SESSION_ERR : PAM_SUCCESS);
        assert_int_equal(faults->counts[XW_PAM_pam_putenv], 1);
        assert_true(disturb("alice", OPEN, XW_PAM_pam_putenv, 1, 0, &status));
        assert_int_equal(status, PAM_SESSION_ERR);
        assert_non_null(strstr(faults->log, "xwsh can't be told"));
    }
    keeper_stop();
}

/* What a signal interrupts goes on. */
static void an_interrupted_call_is_made_again(void **state)
{
    static const int kinds[] = {XW_PAM_connect, XW_PAM_poll, XW_PAM_read};
    int status;

    (void)state;
    put_service(faulty, "");
    keeper_start(READY);
    for (size_t i = 0; i < 3; i++) {
        assert_true(disturb("alice", OPEN, kinds[i], 1, EINTR, &status));
        assert_int_equal(status, PAM_SUCCESS);
    }
    assert_true(disturb("alice", ACCOUNT, XW_PAM_read, 1, EINTR, &status));
    assert_int_equal(status, PAM_SUCCESS);
    keeper_stop();
}

static void only_these_were_called(const int *kinds, size_t count)
{
    for (int kind = 0; kind < XW_PAM_CALL_COUNT; kind++) {
        bool allowed = false;
        for (size_t i = 0; i < count; i++)
            allowed = allowed || kinds[i] == kind;
        if (!allowed && faults->counts[kind] > 0)
            print_message("# called: %s\n", names[kind]);
        assert_true(allowed || faults->counts[kind] == 0);
    }
}

/* T-I2: the rules come before anything of ours is opened or asked. */
static void whom_it_is_not_for_depends_on_nothing_of_ours(void **state)
{
    static const int for_root[] = {XW_PAM_pam_get_item, XW_PAM_pam_modutil_getpwnam};
    static const int for_staff[] = {XW_PAM_pam_get_item, XW_PAM_pam_modutil_getpwnam,
                                    XW_PAM_calloc,       XW_PAM_malloc,
                                    XW_PAM_getgrouplist, XW_PAM_getgrnam_r};
    static const char *const options[] = {"",        "debug",       "nonsense",
                                          "groups=", "maintenance", "config=/nowhere"};

    (void)state;
    for (size_t i = 0; i < 6; i++) {
        put_service(faulty, options[i]);
        for (enum entry e = ACCOUNT; e <= CLOSE; e++) {
            forget();
            assert_int_equal(call("root", e), PAM_IGNORE);
            only_these_were_called(for_root, 2);
            forget();
            assert_int_equal(call("staff", e), PAM_IGNORE);
            only_these_were_called(for_staff, 6);
            assert_string_equal(told, "");
        }
    }
    /* Not knowing who somebody is is neither of the rules. */
    put_service(faulty, "");
    assert_true(fail_each("staff", ACCOUNT, is_error) >= 6);
}

/* A mistake in the stack is in the log, for whoever logs in. */
static void an_unknown_option_is_an_error_in_the_log(void **state)
{
    (void)state;
    put_service(faulty, "gruops=cs530");
    forget();
    assert_int_equal(call("alice", ACCOUNT), PAM_SERVICE_ERR);
    assert_non_null(strstr(faults->log, "3 in the PAM stack: \"gruops=cs530\" is not an option"));
    forget();
    assert_int_equal(call("root", ACCOUNT), PAM_IGNORE);
    assert_non_null(strstr(faults->log, "3 in the PAM stack"));
    put_service(faulty, "");
    forget();
    assert_int_equal(call("alice", ACCOUNT), PAM_SUCCESS);
    assert_string_equal(faults->log, "");
}

int main(int argc, char *argv[])
{
    (void)argc;
    wrap_pam(argv);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(no_failure_lets_anybody_in),
        cmocka_unit_test(who_cannot_be_told_is_refused_all_the_same),
        cmocka_unit_test(no_failure_opens_a_session),
        cmocka_unit_test(no_failure_hides_what_became_of_the_worlds),
        cmocka_unit_test(an_interrupted_call_is_made_again),
        cmocka_unit_test(whom_it_is_not_for_depends_on_nothing_of_ours),
        cmocka_unit_test(an_unknown_option_is_an_error_in_the_log),
    };

    return cmocka_run_group_tests(tests, set_up_stack, NULL);
}
