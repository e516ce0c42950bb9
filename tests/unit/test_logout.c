/* links: xwhelper/keeper/logout.c xwhelper/keeper/reply.c common/error.c */
/*
 * suspend, after a logout (T-L9): whose worlds it is about, which of them stay on, and what is done
 * in which order. What is below is the test's.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <pwd.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include "common/exitcode.h"
#include "common/record.h"
#include "xwhelper/keeper/confine.h"
#include "xwhelper/keeper/notice.h"
#include "xwhelper/keeper/presence.h"
#include "xwhelper/keeper/suspend.h"
#include "xwhelper/keeper/verbs.h"
#include "xwhelper/keeper/world.h"

enum { ALICE = 1001, OWNERS = 71, LABS = 72 };

static int ends[2];
static char steps[512];
static char logged[1024]; /* on stderr */
static struct xw_error failure;

/* What is so. */
static struct {
    uid_t uid;
    int presence, owner_rc, host_rc, plan_rc, exists, lock_rc, look_rc;
    int suspends; /* what suspending one gives; of lab two only */
    bool says_suspend;
    unsigned int suspend_after;
    const char *open; /* the machine whose console is */
} so;

static void step(const char *what)
{
    assert_true(strlen(steps) + strlen(what) + 2 < sizeof(steps));
    strcat(strcat(steps, what), " ");
}

/* --- what it calls --------------------------------------------------------------------------- */

struct passwd *getpwnam(const char *name)
{
    static struct passwd account;

    account.pw_uid = so.uid;
    return strcmp(name, "alice") == 0 ? &account : NULL;
}

/* Who has logged out has been let go by then. */
int xw_presence_wait(uid_t uid, unsigned int seconds, struct xw_error *err)
{
    char said[64] = "";
    char byte;

    assert_int_equal(uid, ALICE);
    assert_int_equal(seconds, 15);
    assert_int_equal(recv(ends[1], said, sizeof(said) - 1, MSG_DONTWAIT), strlen("end 0\n"));
    assert_string_equal(said, "end 0\n");
    assert_int_equal(recv(ends[1], &byte, 1, MSG_DONTWAIT), 0);
    step("wait");
    return so.presence < 0 ? xw_fail(err, so.presence, "it can't be known") : so.presence;
}

int xw_owner_read(int owners, uid_t uid, struct xw_owner *owner, struct xw_error *err)
{
    assert_int_equal(owners, OWNERS);
    assert_int_equal(uid, ALICE);
    *owner = (struct xw_owner){
        .uid = uid, .name = "alice", .lab_count = 3, .labs = {"one", "two", "three"}};
    return so.owner_rc < 0 ? xw_fail(err, so.owner_rc, "the record is wrong") : 0;
}

void xw_confine_change(const struct xw_request *request)
{
    step(request->verb == XW_VERB_SUSPEND ? "confine" : "confine-wrongly");
}

int xw_host_open(struct xw_host **host, struct xw_error *err)
{
    *host = NULL;
    step("open");
    return so.host_rc < 0 ? xw_fail(err, so.host_rc, "libvirt is not answering") : 0;
}

void xw_host_close(struct xw_host *host)
{
    assert_null(host);
    step("close");
}

/* Only lab two is as the test says; the others are there and have nothing of their own. */
static bool is_two(const char *lab)
{
    return strcmp(lab, "two") == 0;
}

int xw_plan_read(int labs, const char *lab, struct xw_plan *plan, struct xw_error *err)
{
    assert_int_equal(labs, LABS);
    *plan = (struct xw_plan){.machine_count = 2};
    snprintf(plan->lab, sizeof(plan->lab), "%s", lab);
    strcpy(plan->machines[0].name, "web");
    strcpy(plan->machines[1].name, "client");
    if (!is_two(lab))
        return 0;
    plan->says_suspend = so.says_suspend;
    plan->suspend_after = so.suspend_after;
    return so.plan_rc < 0 ? xw_fail(err, so.plan_rc, "the plan is wrong") : 0;
}

int xw_world_exists(const char *lab, const char *owner, struct xw_error *err)
{
    assert_string_equal(owner, "alice");
    if (!is_two(lab))
        return 1;
    return so.exists < 0 ? xw_fail(err, so.exists, "it can't be looked at") : so.exists;
}

int xw_world_lock(const char *lab, const char *owner, struct xw_error *err)
{
    assert_string_equal(owner, "alice");
    step("lock");
    if (is_two(lab) && so.lock_rc < 0)
        return xw_fail(err, so.lock_rc, "no lock");
    return dup(STDERR_FILENO);
}

int xw_notice_look(const struct xw_machine *machine, struct xw_notice_state *state)
{
    assert_string_equal(machine->owner, "alice");
    *state = (struct xw_notice_state){0};
    if (!is_two(machine->lab))
        return 0;
    state->open = so.open && strcmp(so.open, machine->machine) == 0;
    return so.look_rc;
}

int xw_suspend_machines(int peer, struct xw_host *host, const char *lab, const char *owner,
                        const struct xw_plan *plan, struct xw_error *err)
{
    assert_int_equal(peer, ends[0]);
    assert_null(host);
    assert_string_equal(owner, "alice");
    assert_string_equal(plan->lab, lab);
    step(lab);
    return is_two(lab) && so.suspends ? xw_fail(err, so.suspends, "no room") : 0;
}

/* --- a request ------------------------------------------------------------------------------- */

static int begin(void **state)
{
    (void)state;
    memset(&so, 0, sizeof(so));
    so.uid = ALICE;
    so.presence = so.exists = 1;
    failure = (struct xw_error){0};
    return 0;
}

static int suspend(const char *name)
{
    struct xw_request request = {.verb = XW_VERB_SUSPEND};
    int log = memfd_create("log", MFD_CLOEXEC);
    int before = dup(STDERR_FILENO);

    steps[0] = '\0';
    snprintf(request.owner, sizeof(request.owner), "%s", name);
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, ends), 0);
    dup2(log, STDERR_FILENO);
    int rc = xw_verb_suspend(ends[0], &request, OWNERS, LABS, &failure);
    dup2(before, STDERR_FILENO);
    ssize_t n = pread(log, logged, sizeof(logged) - 1, 0);
    logged[n < 0 ? 0 : n] = '\0';
    close(before);
    close(log);
    close(ends[0]);
    close(ends[1]);
    return rc;
}

#define BEFORE  "wait confine open "
#define ALL     BEFORE "lock one lock two lock three close "
#define NOT_TWO BEFORE "lock one lock three close "

static void all_that_nobody_has_open(void **state)
{
    (void)state;
    assert_int_equal(suspend("alice"), XW_EXIT_OK);
    assert_string_equal(steps, ALL);
    assert_string_equal(logged, "");
    /* A lab that says after how long, and one that says never. */
    so.says_suspend = true;
    so.suspend_after = 60;
    assert_int_equal(suspend("alice"), XW_EXIT_OK);
    assert_string_equal(steps, ALL);
    so.suspend_after = 0;
    assert_int_equal(suspend("alice"), XW_EXIT_OK);
    assert_string_equal(steps, NOT_TWO);
    assert_string_equal(logged, "");
}

static void what_stays_on(void **state)
{
    (void)state;
    so.open = "client";
    assert_int_equal(suspend("alice"), XW_EXIT_OK);
    assert_string_equal(steps, BEFORE "lock one lock lock three close ");
    so.open = NULL;
    /* No world of the lab: nothing is made for its lock. */
    so.exists = 0;
    assert_int_equal(suspend("alice"), XW_EXIT_OK);
    assert_string_equal(steps, NOT_TWO);
    assert_string_equal(logged, "");
}

/* Nobody listens any more: the log has it, and the other worlds are suspended all the same. */
static void what_fails_is_logged(void **state)
{
    static const struct {
        int *what;
        const char *steps;
        const char *why;
    } rows[] = {
        {&so.plan_rc, NOT_TWO, "the plan is wrong"},
        {&so.exists, NOT_TWO, "it can't be looked at"},
        {&so.lock_rc, BEFORE "lock one lock lock three close ", "no lock"},
        {&so.look_rc, BEFORE "lock one lock lock three close ",
         "Whether the console of web is open can't be known: Input/output error"},
        {&so.suspends, ALL, "no room"},
    };

    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        char line[256];
        begin(state);
        *rows[i].what = -EIO;
        assert_int_equal(suspend("alice"), XW_EXIT_FAILED);
        assert_string_equal(steps, rows[i].steps);
        snprintf(line, sizeof(line),
                 "<4>two/alice stays on after the logout, in part or in whole: %s\n", rows[i].why);
        assert_string_equal(logged, line);
    }
    so.suspends = XW_EXIT_FAILED;
    assert_int_equal(suspend("alice"), XW_EXIT_FAILED);
    assert_string_equal(steps, ALL);
    /* Without libvirt the others aren't tried. */
    so.suspends = -EAGAIN;
    assert_int_equal(suspend("alice"), XW_EXIT_FAILED);
    assert_string_equal(steps, BEFORE "lock one lock two close ");
}

static void who_is_still_here(void **state)
{
    (void)state;
    so.presence = 0;
    assert_int_equal(suspend("alice"), XW_EXIT_OK);
    assert_string_equal(steps, "wait ");
    so.presence = -EPERM;
    assert_int_equal(suspend("alice"), -EPERM);
    assert_string_equal(failure.text, "it can't be known");
    assert_string_equal(steps, "wait ");
}

static void who_has_no_world(void **state)
{
    (void)state;
    assert_int_equal(suspend("nobody"), -ENOENT);
    assert_string_equal(failure.text, "There is no user nobody who could have a world");
    so.uid = 0;
    assert_int_equal(suspend("alice"), -ENOENT);
    assert_string_equal(steps, "");
    so.uid = ALICE;
    so.owner_rc = -ENOENT;
    assert_int_equal(suspend("alice"), XW_EXIT_OK);
    assert_string_equal(steps, "wait ");
    so.owner_rc = -EBADMSG;
    assert_int_equal(suspend("alice"), -EBADMSG);
    assert_string_equal(steps, "wait ");
    so.owner_rc = 0;
    so.host_rc = -EAGAIN;
    assert_int_equal(suspend("alice"), -EAGAIN);
    assert_string_equal(steps, BEFORE);
}

#define FRESH(test) cmocka_unit_test_setup(test, begin)

int main(void)
{
    const struct CMUnitTest tests[] = {
        FRESH(all_that_nobody_has_open), FRESH(what_stays_on),    FRESH(what_fails_is_logged),
        FRESH(who_is_still_here),        FRESH(who_has_no_world),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
