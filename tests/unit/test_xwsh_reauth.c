/* links: xwsh/reauth.c xwsh/reauth_pam.c common/error.c */
/*
 * The password asked for again, with the real libpam and services of the test's own: what each
 * result of PAM's comes to, whatever a module asks, prints, or does not come back from.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <poll.h>
#include <security/_pam_types.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/unit/private_root.h"
#include "xwsh/reauth.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* What pam_wrapper has at its end. */
const char *__lsan_default_suppressions(void);
const char *__lsan_default_suppressions(void)
{
    return "leak:libpam_wrapper.so";
}

static char asking[512]; /* the module of tests/pam/asking.c */

static void put_file(const char *path, const char *text)
{
    FILE *file = fopen(path, "we");

    assert_non_null(file);
    assert_true(fputs(text, file) >= 0);
    assert_int_equal(fclose(file), 0);
}

/* The service's lines for auth, where ASKING stands for the module that asks, and for account. */
static void put_service(const char *auth, const char *account)
{
    char path[256];
    char text[2048];
    const char *at = strstr(auth, "ASKING");
    int before = at ? (int)(at - auth) : (int)strlen(auth);

    snprintf(text, sizeof(text), "%.*s%s%s\naccount %s\n", before, auth, at ? asking : "",
             at ? at + strlen("ASKING") : "", account);
    snprintf(path, sizeof(path), "%s/xwsh", getenv("PAM_WRAPPER_RUNTIME_DIR"));
    put_file(path, text);
    put_file("/etc/pam.d/xwsh", text);
}

/* What an attempt has said and asked, one letter and text a line, and how it ended. */
struct outcome {
    enum xw_reauth_kind kind;
    char text[XW_REAUTH_TEXT_MAX + 1];
    char said[4096];
};

static void wait_for_event(const struct xw_reauth *reauth, struct xw_reauth_event *event)
{
    while (!xw_reauth_next(reauth, event)) {
        struct pollfd wait = {.fd = reauth->fd, .events = POLLIN};
        assert_int_equal(poll(&wait, 1, 60000), 1);
    }
}

/* Answers each question with the next of the answers; without one left, with "". */
static struct outcome attempt(const char *user, const char *const *answers)
{
    struct outcome outcome = {0};
    struct xw_reauth_event event;
    struct xw_reauth reauth;
    struct xw_error err = {0};

    assert_int_equal(xw_reauth_open(user, &reauth, &err), 0);
    for (;;) {
        wait_for_event(&reauth, &event);
        if (event.kind != XW_REAUTH_ASK && event.kind != XW_REAUTH_ASK_SHOWN &&
            event.kind != XW_REAUTH_TELL)
            break;
        size_t used = strlen(outcome.said);
        snprintf(outcome.said + used, sizeof(outcome.said) - used, "%c%s\n", (char)event.kind,
                 event.text);
        if (event.kind != XW_REAUTH_TELL)
            xw_reauth_answer(&reauth, answers && *answers ? *answers++ : "");
    }
    xw_reauth_close(&reauth);
    assert_int_equal(reauth.fd, -1);
    outcome.kind = event.kind;
    snprintf(outcome.text, sizeof(outcome.text), "%s", event.text);
    return outcome;
}

static struct outcome attempt_one(const char *answer)
{
    return attempt("alice", (const char *const[]){answer, NULL});
}

/* pam_debug(8) has a word for each of PAM's results. */
static const struct result {
    const char *word;
    int status;
} results[] = {
    {"success", PAM_SUCCESS},
    {"open_err", PAM_OPEN_ERR},
    {"symbol_err", PAM_SYMBOL_ERR},
    {"service_err", PAM_SERVICE_ERR},
    {"system_err", PAM_SYSTEM_ERR},
    {"buf_err", PAM_BUF_ERR},
    {"perm_denied", PAM_PERM_DENIED},
    {"auth_err", PAM_AUTH_ERR},
    {"cred_insufficient", PAM_CRED_INSUFFICIENT},
    {"authinfo_unavail", PAM_AUTHINFO_UNAVAIL},
    {"user_unknown", PAM_USER_UNKNOWN},
    {"maxtries", PAM_MAXTRIES},
    {"new_authtok_reqd", PAM_NEW_AUTHTOK_REQD},
    {"acct_expired", PAM_ACCT_EXPIRED},
    {"session_err", PAM_SESSION_ERR},
    {"cred_unavail", PAM_CRED_UNAVAIL},
    {"cred_expired", PAM_CRED_EXPIRED},
    {"cred_err", PAM_CRED_ERR},
    {"no_module_data", PAM_NO_MODULE_DATA},
    {"conv_err", PAM_CONV_ERR},
    {"authtok_err", PAM_AUTHTOK_ERR},
    {"authtok_recover_err", PAM_AUTHTOK_RECOVERY_ERR},
    {"authtok_lock_busy", PAM_AUTHTOK_LOCK_BUSY},
    {"authtok_disable_aging", PAM_AUTHTOK_DISABLE_AGING},
    {"try_again", PAM_TRY_AGAIN},
    {"ignore", PAM_IGNORE},
    {"abort", PAM_ABORT},
    {"authtok_expired", PAM_AUTHTOK_EXPIRED},
    {"module_unknown", PAM_MODULE_UNKNOWN},
    {"bad_item", PAM_BAD_ITEM},
    {"conv_again", PAM_CONV_AGAIN},
    {"incomplete", PAM_INCOMPLETE},
};

static bool is_wrong(int status)
{
    return status == PAM_AUTH_ERR || status == PAM_USER_UNKNOWN || status == PAM_MAXTRIES;
}

static void every_result_of_auth(void **state)
{
    char line[1024];

    (void)state;
    assert_int_equal(COUNT(results), _PAM_RETURN_VALUES);
    for (size_t i = 0; i < COUNT(results); i++) {
        bool yes = results[i].status == PAM_SUCCESS;
        snprintf(line, sizeof(line), "auth [default=done] pam_debug.so auth=%s", results[i].word);
        put_service(line, "required pam_permit.so");
        struct outcome unasked = attempt_one(NULL);
        assert_int_equal(unasked.kind, yes ? XW_REAUTH_UNASKED : XW_REAUTH_FAILED);
        assert_memory_equal(unasked.said, "tauth=", 6);
        snprintf(line, sizeof(line),
                 "auth required ASKING off=sesame\nauth [default=done] pam_debug.so auth=%s",
                 results[i].word);
        put_service(line, "required pam_permit.so");
        struct outcome asked = attempt_one("sesame");
        assert_int_equal(asked.kind, yes                           ? XW_REAUTH_PASSED
                                     : is_wrong(results[i].status) ? XW_REAUTH_WRONG
                                                                   : XW_REAUTH_FAILED);
        assert_memory_equal(asked.said, "psesame\ntauth=", 14);
        /* The control: with a wrong answer nothing makes it right. */
        assert_int_not_equal(attempt_one("Sesame").kind, XW_REAUTH_PASSED);
    }
}

static void every_result_of_account(void **state)
{
    char line[256];

    (void)state;
    for (size_t i = 0; i < COUNT(results); i++) {
        bool yes = results[i].status == PAM_SUCCESS || results[i].status == PAM_NEW_AUTHTOK_REQD;
        snprintf(line, sizeof(line), "[default=done] pam_debug.so acct=%s", results[i].word);
        put_service("auth required ASKING off=sesame", line);
        assert_int_equal(attempt_one("sesame").kind, yes ? XW_REAUTH_PASSED : XW_REAUTH_FAILED);
        assert_int_equal(attempt_one("wrong").kind, XW_REAUTH_WRONG);
    }
}

static void every_kind_of_message(void **state)
{
    static const char *const right[] = {"one", "two", NULL};
    static const char *const swapped[] = {"two", "one", NULL};

    (void)state;
    put_service("auth required ASKING info=hello off=one error=beware on=two",
                "required pam_permit.so");
    struct outcome outcome = attempt("alice", right);
    assert_int_equal(outcome.kind, XW_REAUTH_PASSED);
    assert_string_equal(outcome.said, "thello\npone\ntbeware\netwo\n");
    assert_int_equal(attempt("alice", swapped).kind, XW_REAUTH_WRONG);
    assert_int_equal(attempt("alice", NULL).kind, XW_REAUTH_WRONG);
}

static void a_message_of_no_known_style_and_too_many_fail(void **state)
{
    (void)state;
    put_service("auth required ASKING off=one style=7", "required pam_permit.so");
    assert_int_equal(attempt_one("one").kind, XW_REAUTH_FAILED);
    put_service("auth required ASKING many", "required pam_permit.so");
    struct outcome outcome = attempt_one(NULL);
    assert_int_equal(outcome.kind, XW_REAUTH_FAILED);
    assert_string_equal(outcome.said, "");
}

static void long_questions_and_answers(void **state)
{
    char text[XW_REAUTH_ANSWER_MAX + 1];
    char line[1024];

    (void)state;
    memset(text, 'x', sizeof(text) - 1);
    text[sizeof(text) - 1] = '\0';
    snprintf(line, sizeof(line), "auth required ASKING off=%s", text);
    put_service(line, "required pam_permit.so");
    assert_int_equal(attempt_one(text).kind, XW_REAUTH_PASSED);
    text[0] = 'y';
    assert_int_equal(attempt_one(text).kind, XW_REAUTH_WRONG);
}

static void a_service_that_cannot_be_used_fails(void **state)
{
    (void)state;
    put_service("auth required /nowhere/pam_none.so", "required pam_permit.so");
    assert_int_equal(attempt_one(NULL).kind, XW_REAUTH_FAILED);
    put_service("auth required pam_deny.so", "required pam_permit.so");
    assert_int_equal(attempt_one(NULL).kind, XW_REAUTH_FAILED);
    put_service("nonsense", "required pam_permit.so");
    assert_int_equal(attempt_one(NULL).kind, XW_REAUTH_FAILED);
}

/* A module may rename the user: what is proven then is another account. */
static void another_user_fails(void **state)
{
    (void)state;
    put_service("auth required ASKING off=sesame user=bob", "required pam_permit.so");
    assert_int_equal(attempt_one("sesame").kind, XW_REAUTH_FAILED);
    assert_int_equal(attempt("bob", (const char *const[]){"sesame", NULL}).kind, XW_REAUTH_PASSED);
}

static void a_module_that_ends_the_process_fails(void **state)
{
    (void)state;
    put_service("auth required ASKING off=sesame crash", "required pam_permit.so");
    struct outcome outcome = attempt_one("sesame");
    assert_int_equal(outcome.kind, XW_REAUTH_FAILED);
    assert_string_equal(outcome.text, "the check ended without a result");
}

static void what_a_module_prints_goes_nowhere(void **state)
{
    int ends[2];
    char byte;

    (void)state;
    put_service("auth required ASKING off=sesame print", "required pam_permit.so");
    assert_int_equal(pipe2(ends, O_CLOEXEC | O_NONBLOCK), 0);
    fflush(stdout);
    int out = dup(STDOUT_FILENO);
    int error = dup(STDERR_FILENO);
    dup2(ends[1], STDOUT_FILENO);
    dup2(ends[1], STDERR_FILENO);
    struct outcome outcome = attempt_one("sesame");
    dup2(out, STDOUT_FILENO);
    dup2(error, STDERR_FILENO);
    assert_int_equal(outcome.kind, XW_REAUTH_PASSED);
    assert_int_equal(read(ends[0], &byte, 1), -1);
    assert_int_equal(errno, EAGAIN);
    close(ends[0]);
    close(ends[1]);
    close(out);
    close(error);
}

static void closing_ends_a_module_that_hangs(void **state)
{
    struct xw_reauth_event event;
    struct xw_reauth reauth;
    struct xw_error err = {0};

    (void)state;
    put_service("auth required ASKING off=sesame hang", "required pam_permit.so");
    for (int answered = 0; answered < 2; answered++) {
        assert_int_equal(xw_reauth_open("alice", &reauth, &err), 0);
        wait_for_event(&reauth, &event);
        assert_int_equal(event.kind, XW_REAUTH_ASK);
        if (answered)
            xw_reauth_answer(&reauth, "sesame");
        struct pollfd process = {.fd = dup(reauth.process), .events = POLLIN};
        assert_int_equal(poll(&process, 1, 50), 0);
        xw_reauth_close(&reauth);
        assert_int_equal(poll(&process, 1, 60000), 1);
        close(process.fd);
    }
    /* Closing what doesn't run is nothing. */
    xw_reauth_close(&reauth);
}

/* The attempt holds no descriptor of its parent's: a gate must see when nobody listens any more. */
static void the_process_keeps_nothing_of_its_parent_open(void **state)
{
    struct xw_reauth_event event;
    struct xw_reauth reauth;
    struct xw_error err = {0};
    int ends[2];

    (void)state;
    put_service("auth required ASKING off=sesame", "required pam_permit.so");
    assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
    /* Beyond the low numbers, which the attempt takes for itself. */
    int low = ends[0];
    ends[0] = fcntl(low, F_DUPFD_CLOEXEC, 20);
    close(low);
    assert_int_equal(xw_reauth_open("alice", &reauth, &err), 0);
    wait_for_event(&reauth, &event);
    close(ends[0]);
    struct pollfd wait = {.fd = ends[1], .events = POLLOUT};
    assert_int_equal(poll(&wait, 1, 60000), 1);
    assert_true(wait.revents & POLLERR);
    close(ends[1]);
    xw_reauth_close(&reauth);
}

static void words_for_what_went_wrong(void **state)
{
    struct xw_reauth_event event = {.kind = XW_REAUTH_WRONG, .text = "Authentication failure"};
    struct xw_error err = {0};

    (void)state;
    xw_reauth_explain(&event, &err);
    assert_string_equal(err.text, "that was not your password");
    event.kind = XW_REAUTH_FAILED;
    xw_reauth_explain(&event, &err);
    assert_string_equal(err.text,
                        "your password could not be checked: Authentication failure; tell "
                        "an administrator");
}

static int set_up(void **state)
{
    char self[256] = {0};

    (void)state;
    if (readlink("/proc/self/exe", self, sizeof(self) - 1) < 0)
        return -1;
    snprintf(asking, sizeof(asking), "%s/pam_asking.so", dirname(self));
    if (xw_test_private_root("/etc") < 0 || mkdir("/etc/pam.d", 0755) < 0)
        return -1;
    put_file("/etc/nsswitch.conf", "passwd: files\n");
    put_file("/etc/passwd", "alice:x:1001:100::/:/bin/sh\nbob:x:1002:100::/:/bin/sh\n");
    /* As xwsh does (signals.h). */
    signal(SIGCHLD, SIG_IGN);
    signal(SIGPIPE, SIG_IGN);
    alarm(300); /* a wait without a bound ends the test */
    return 0;
}

/* pam_wrapper reads its variables when it is loaded; see pam_stack.h. */
static void wrap_pam(char *argv[])
{
    static const char *const variables[][2] = {{"PAM_WRAPPER", "1"},
                                               {"PAM_WRAPPER_SERVICE_DIR", "/etc/pam.d"},
                                               {"PAM_WRAPPER_DISABLE_DEEPBIND", "1"},
                                               {"UID_WRAPPER_DISABLE_DEEPBIND", "1"}};

    if (getenv("PAM_WRAPPER"))
        return;
    for (size_t i = 0; i < COUNT(variables); i++) {
        if (setenv(variables[i][0], variables[i][1], 1) < 0)
            abort();
    }
    execv("/proc/self/exe", argv);
    abort();
}

int main(int argc, char *argv[])
{
    (void)argc;
    wrap_pam(argv);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_result_of_auth),
        cmocka_unit_test(every_result_of_account),
        cmocka_unit_test(every_kind_of_message),
        cmocka_unit_test(a_message_of_no_known_style_and_too_many_fail),
        cmocka_unit_test(long_questions_and_answers),
        cmocka_unit_test(a_service_that_cannot_be_used_fails),
        cmocka_unit_test(another_user_fails),
        cmocka_unit_test(a_module_that_ends_the_process_fails),
        cmocka_unit_test(what_a_module_prints_goes_nowhere),
        cmocka_unit_test(closing_ends_a_module_that_hangs),
        cmocka_unit_test(the_process_keeps_nothing_of_its_parent_open),
        cmocka_unit_test(words_for_what_went_wrong),
    };

    return cmocka_run_group_tests(tests, set_up, NULL);
}
