/* links: common/access.c common/request.c common/names.c common/record.c common/lines.c common/error.c xwhelper/keeper/auditing_rule.c xwhelper/keeper/authority.c xwhelper/keeper/plan.c xwhelper/keeper/reply.c */
/*
 * The broker: what it is asked, what it does of that, and when it ends. The process, its connection
 * and the records are real; the verbs, the filter and the data base of users are the test's. Each
 * order is also one that a process could send that was taken over (T-J7).
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <grp.h>
#include <linux/futex.h>
#include <pwd.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include "xwhelper/keeper/broker.c"

#include "common/clock.h"
#include "tests/unit/lab_records.h"

#define HASH "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

enum { ALICE = 1001, TINA = 1004, TEACHERS = 2005, NOTES = 4096 };
enum { LATER = 9000 };

/* What is seen of the broker, whatever ends it. */
struct seen {
    uint32_t steps; /* how many there were: a futex */
    uint32_t go_on; /* it may: a futex */
    char called[256];
    char alarms[64];
    char left_open[64]; /* of what it had to close */
    pid_t pid;
};
static struct seen *seen;

static struct {
    bool holds_before;  /* before it reads */
    bool holds_in_verb; /* until go_on */
    bool no_process;
    bool audit_required;
    int verb_rc;
    bool refused; /* by the verb */
    bool is_present;
    const char *name_of_tina;
} so;

static int peer, journal_fd, started;

/* Not for ever: what should have been ended meanwhile goes on, and shows. */
static void wait_while(uint32_t *word, uint32_t value)
{
    const struct timespec patience = {.tv_sec = 10};

    while (__atomic_load_n(word, __ATOMIC_ACQUIRE) == value) {
        if (syscall(SYS_futex, word, FUTEX_WAIT, value, &patience, NULL, 0) < 0 &&
            errno == ETIMEDOUT)
            return;
    }
}

static void wake(uint32_t *word)
{
    __atomic_add_fetch(word, 1, __ATOMIC_RELEASE);
    syscall(SYS_futex, word, FUTEX_WAKE, INT32_MAX, NULL, NULL, 0);
}

static void called(const char *what)
{
    strncat(seen->called, what, sizeof(seen->called) - strlen(seen->called) - 2);
    strcat(seen->called, " ");
    wake(&seen->steps);
}

/* --- what it calls ---------------------------------------------------------------------------- */

time_t xw_clock_now(void)
{
    return 5000;
}

pid_t fork(void)
{
    return so.no_process ? errno = EAGAIN, -1 : _Fork();
}

unsigned int alarm(unsigned int seconds)
{
    size_t used = strlen(seen->alarms);

    snprintf(seen->alarms + used, sizeof(seen->alarms) - used, "%u ", seconds);
    return 0;
}

static void still_open(const char *what, int fd)
{
    if (fcntl(fd, F_GETFD) >= 0)
        strcat(seen->left_open, what);
}

static void still_ignored(const char *what, int number)
{
    struct sigaction action;

    if (sigaction(number, NULL, &action) < 0 || action.sa_handler != SIG_DFL)
        strcat(seen->left_open, what);
}

void xw_confine_broker(void)
{
    seen->pid = getpid();
    still_ignored("SIGALRM ", SIGALRM);
    still_ignored("SIGIO ", SIGIO);
    still_open("peer ", peer);
    still_open("journal ", journal_fd);
    called("confine-broker");
    if (so.holds_before)
        wait_while(&seen->go_on, 0);
}

void xw_notes_unmap(struct xw_note *notes, size_t count)
{
    called((void *)notes == (void *)seen && count == NOTES ? "unmap" : "unmap-wrongly");
}

int xw_config_read(const char *path, struct xw_config *config, struct xw_error *err)
{
    (void)path, (void)err;
    config->audit_required = so.audit_required;
    return 0;
}

static int verb(const struct xw_authority *authority, const struct xw_request *request,
                struct xw_error *err)
{
    char text[128];

    snprintf(text, sizeof(text), "%s/%s/%s/%lld/by-%u", xw_verb_info(request->verb)->name,
             authority->access.lab, request->owner, (long long)request->until,
             (unsigned int)authority->caller.uid);
    called(text);
    if (so.holds_in_verb)
        wait_while(&seen->go_on, 0);
    if (so.refused)
        return xw_refuse(err);
    if (so.verb_rc < 0)
        return xw_fail(err, so.verb_rc, "no room");
    called("did-it");
    return 0;
}

int xw_verb_extend(const struct xw_authority *authority, const struct xw_request *request,
                   struct xw_error *err)
{
    return verb(authority, request, err);
}

int xw_verb_deploy(const struct xw_authority *authority, const struct xw_request *request,
                   const struct xw_plan *plan, enum xw_deploy_result *result, struct xw_error *err)
{
    *result = so.is_present ? XW_DEPLOY_PRESENT : XW_DEPLOY_MADE;
    return strcmp(plan->lab, request->lab) == 0 ? verb(authority, request, err) : -EIO;
}

int xw_world_owner(const char *lab, const char *owner, id_t *number, struct xw_error *err)
{
    (void)err;
    *number = ALICE;
    return strcmp(owner, "alice") == 0 && strcmp(lab, "none") != 0 ? 0 : -ENOENT;
}

struct passwd *getpwuid(uid_t uid)
{
    static struct passwd account;

    account.pw_name = (char *)(size_t)(uid == TINA ? so.name_of_tina : NULL);
    return account.pw_name ? &account : NULL;
}

struct group *getgrgid(gid_t gid)
{
    (void)gid;
    return NULL;
}

/* --- one of them ------------------------------------------------------------------------------ */

static const gid_t teachers[] = {100, TEACHERS};
static struct xw_caller caller;
static enum xw_auditing auditing;

static int start(void)
{
    const struct xw_broker_case what = {.caller = &caller,
                                        .owners = xw_record_directory(XW_OWNERS_DIR),
                                        .auditing = auditing,
                                        .peer = peer,
                                        .journal = journal_fd,
                                        .notes = (struct xw_note *)(void *)seen,
                                        .note_count = NOTES};
    const pid_t asks = getpid();

    started = xw_broker_start(&what);
    /* Who was served by the listener goes on, and no other process in its place. */
    if (getpid() != asks)
        kill(asks, SIGKILL);
    close(what.owners);
    return started;
}

/* With SIGCHLD ignored, waiting ends when the last child has ended. */
static void await_end(void)
{
    int status;

    assert_int_equal(waitpid(-1, &status, 0), -1);
    assert_int_equal(errno, ECHILD);
}

static int begin(void **state)
{
    (void)state;
    memset(seen, 0, sizeof(*seen));
    memset(&so, 0, sizeof(so));
    so.name_of_tina = "tina";
    so.audit_required = true;
    auditing = XW_AUDITING_ON;
    caller = (struct xw_caller){TINA, teachers, 2, NULL};
    /* As whoever started the listener may have left them. */
    if (signal(SIGALRM, SIG_IGN) == SIG_ERR || signal(SIGIO, SIG_IGN) == SIG_ERR)
        return -1;
    peer = open("/dev/null", O_RDWR | O_CLOEXEC);
    journal_fd = open("/dev/null", O_RDWR | O_CLOEXEC);
    started = -1;
    return peer < 0 || journal_fd < 0 ? -1 : 0;
}

static int end(void **state)
{
    (void)state;
    close(peer);
    close(journal_fd);
    return 0;
}

static struct xw_broker_order order_of(enum xw_verb verb, const char *lab, const char *owner,
                                       time_t until)
{
    struct xw_broker_order order = {.verb = verb, .until = until};

    snprintf(order.lab, sizeof(order.lab), "%s", lab);
    snprintf(order.owner, sizeof(order.owner), "%s", owner);
    return order;
}

/* Sends these bytes to a new broker; returns the size of what it answers, 0 when it just ends. */
static ssize_t say(const void *bytes, size_t size, struct xw_broker_result *result)
{
    seen->called[0] = '\0';
    assert_true(start() >= 0);
    assert_int_equal(send(started, bytes, size, MSG_NOSIGNAL), size);
    ssize_t n = read(started, result, sizeof(*result));
    close(started);
    await_end();
    return n;
}

static ssize_t say_order(struct xw_broker_order order, struct xw_broker_result *result)
{
    return say(&order, sizeof(order), result);
}

static int ask(enum xw_verb verb, const char *owner, time_t until, bool *present,
               struct xw_error *err)
{
    struct xw_request request = {.verb = verb, .lab = "fw", .until = until};

    snprintf(request.owner, sizeof(request.owner), "%s", owner);
    assert_true(start() >= 0);
    int rc = xw_broker_ask(started, &request, present, err);
    close(started);
    await_end();
    return rc;
}

/* --- tests ------------------------------------------------------------------------------------ */

#define WAITS "unmap confine-broker "

static void what_is_its_own_is_done(void **state)
{
    struct xw_error err = {.text = "as it was"};
    bool present = true;

    (void)state;
    assert_int_equal(ask(XW_VERB_EXTEND, "alice", LATER, &present, &err), 0);
    assert_string_equal(err.text, "as it was");
    assert_string_equal(seen->called, WAITS "extend/fw/alice/9000/by-1004 did-it ");
    assert_string_equal(seen->alarms, "30 30 ");
    assert_string_equal(seen->left_open, "");
    begin(NULL);
    assert_int_equal(ask(XW_VERB_EXTEND, "alice", 0, &present, &err), 0);
    assert_string_equal(seen->called, WAITS "extend/fw/alice/0/by-1004 did-it ");
    begin(NULL);
    assert_int_equal(ask(XW_VERB_DEPLOY, "nobody", 0, &present, &err), 0);
    assert_string_equal(seen->called, WAITS "deploy/fw/nobody/0/by-1004 did-it ");
    assert_string_equal(seen->alarms, "30 120 ");
    assert_false(present);
    so.is_present = true;
    assert_int_equal(ask(XW_VERB_DEPLOY, "@blue", 0, &present, &err), 0);
    assert_true(present);
}

static void what_it_fails_with_is_told(void **state)
{
    struct xw_error err = {0};
    bool present;

    (void)state;
    so.verb_rc = -ENOSPC;
    assert_int_equal(ask(XW_VERB_DEPLOY, "alice", 0, &present, &err), -ENOSPC);
    assert_int_equal(err.code, -ENOSPC);
    assert_string_equal(err.text, "no room");
    assert_false(err.refused);
    so.refused = true;
    assert_int_equal(ask(XW_VERB_EXTEND, "alice", LATER, &present, &err), -EPERM);
    assert_true(err.refused);
    /* What changes something is audited, or not done; whoever has looked before. */
    so.refused = false;
    auditing = XW_AUDITING_OFF;
    begin(NULL);
    auditing = XW_AUDITING_OFF;
    assert_int_equal(ask(XW_VERB_EXTEND, "alice", LATER, &present, &err), -EAGAIN);
    assert_non_null(strstr(err.text, "auditing is off"));
    assert_string_equal(seen->called, WAITS);
    so.audit_required = false;
    assert_int_equal(ask(XW_VERB_EXTEND, "alice", LATER, &present, &err), 0);
}

/* The two verbs, names in the grammar that end, a time where there is one; else it just ends. */
static void what_is_no_order(void **state)
{
    static const enum xw_verb others[] = {
        XW_VERB_LIST,    XW_VERB_START, XW_VERB_REVERT, XW_VERB_CONSOLE, XW_VERB_TAKE,
        XW_VERB_PREPARE, XW_VERB_RELAY, XW_VERB_COUNT,  XW_VERB_SUSPEND, (enum xw_verb)0x7fffffff};
    static const char *const labs[] = {"", "FW", "../fw", "fw/", "fw\n", "-fw"};
    static const char *const owners[] = {"", "@", "../alice", "alice/", "Alice:", "a b", "alice\n"};
    static char large[4096];
    struct xw_broker_order order = order_of(XW_VERB_EXTEND, "fw", "alice", LATER);
    struct xw_broker_result result;

    (void)state;
    const size_t sizes[] = {1, sizeof(order) - 1, sizeof(order) + 1, 2 * sizeof(order), 4096};
    memcpy(large, &order, sizeof(order));
    for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
        assert_int_equal(say(large, sizes[i], &result), 0);
        assert_string_equal(seen->called, WAITS);
    }
    for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++) {
        assert_int_equal(say_order(order_of(others[i], "fw", "alice", 0), &result), 0);
        assert_string_equal(seen->called, WAITS);
    }
    for (size_t i = 0; i < sizeof(labs) / sizeof(labs[0]); i++) {
        assert_int_equal(say_order(order_of(XW_VERB_EXTEND, labs[i], "alice", LATER), &result), 0);
        assert_string_equal(seen->called, WAITS);
    }
    for (size_t i = 0; i < sizeof(owners) / sizeof(owners[0]); i++) {
        assert_int_equal(say_order(order_of(XW_VERB_DEPLOY, "fw", owners[i], 0), &result), 0);
        assert_string_equal(seen->called, WAITS);
    }
    order.until = -1;
    assert_int_equal(say_order(order, &result), 0);
    order.until = XW_TIME_MAX + 1;
    assert_int_equal(say_order(order, &result), 0);
    assert_int_equal(say_order(order_of(XW_VERB_DEPLOY, "fw", "alice", 1), &result), 0);
    assert_string_equal(seen->called, WAITS);
    order = order_of(XW_VERB_EXTEND, "fw", "alice", LATER);
    memset(order.lab, 'a', sizeof(order.lab));
    assert_int_equal(say_order(order, &result), 0);
    order = order_of(XW_VERB_EXTEND, "fw", "alice", LATER);
    memset(order.owner, 'a', sizeof(order.owner));
    assert_int_equal(say_order(order, &result), 0);
    assert_string_equal(seen->called, WAITS);
    /* The controls: the last that still are. */
    order.until = XW_TIME_MAX;
    memset(order.owner, 'a', sizeof(order.owner));
    order.owner[XW_NAME_MAX] = '\0';
    assert_int_equal(say_order(order, &result), sizeof(result));
    assert_true(result.error.refused); /* there is no such owner */
    order = order_of(XW_VERB_EXTEND, "fw", "alice", XW_TIME_MAX);
    assert_int_equal(say_order(order, &result), sizeof(result));
    assert_int_equal(result.code, 0);
}

static void assert_refused(struct xw_broker_order order)
{
    struct xw_broker_result result;

    assert_int_equal(say_order(order, &result), sizeof(result));
    assert_int_equal(result.code, -EPERM);
    assert_true(result.error.refused);
    assert_string_equal(result.error.text, XW_REFUSED_TEXT);
    assert_string_equal(seen->called, WAITS);
}

/* By the kernel's groups and its own reading of the records, whatever was decided before. */
static void what_its_caller_may_not_ask_for(void **state)
{
    const gid_t others[] = {100};

    (void)state;
    assert_refused(order_of(XW_VERB_EXTEND, "other", "alice", LATER));
    assert_refused(order_of(XW_VERB_DEPLOY, "other", "alice", 0));
    assert_refused(order_of(XW_VERB_DEPLOY, "none", "alice", 0));
    assert_refused(order_of(XW_VERB_EXTEND, "fw", "nobody", LATER));
    assert_refused(order_of(XW_VERB_EXTEND, "fw", "@blue", LATER));
    /* In a group that looks after no lab; a uid that was somebody else's. */
    caller = (struct xw_caller){TINA, others, 1, NULL};
    assert_refused(order_of(XW_VERB_EXTEND, "fw", "alice", LATER));
    assert_refused(order_of(XW_VERB_DEPLOY, "fw", "alice", 0));
    caller = (struct xw_caller){ALICE, teachers, 2, NULL};
    assert_refused(order_of(XW_VERB_EXTEND, "fw", "alice", LATER));
}

/* Starts it anew with an order, and waits until it is in the midst of that. */
static void start_work(const struct xw_broker_order *order)
{
    begin(NULL);
    so.holds_in_verb = true;
    assert_true(start() >= 0);
    assert_int_equal(send(started, order, sizeof(*order), 0), sizeof(*order));
    for (uint32_t step = 0; step < 3; step++)
        wait_while(&seen->steps, step);
}

static void it_ends_with_who_asks(void **state)
{
    struct xw_broker_order order = order_of(XW_VERB_DEPLOY, "fw", "alice", 0);

    (void)state;
    /* While it waits. */
    assert_true(start() >= 0);
    close(started);
    await_end();
    assert_string_equal(seen->called, WAITS);
    /* Between what it was sent and its reading of that. */
    begin(NULL);
    so.holds_before = true;
    assert_true(start() >= 0);
    assert_int_equal(send(started, &order, sizeof(order), 0), sizeof(order));
    close(started);
    wake(&seen->go_on);
    await_end();
    assert_string_equal(seen->called, WAITS);
    /* While it works; it would otherwise wait for ever. */
    start_work(&order);
    assert_int_equal(kill(seen->pid, 0), 0);
    close(started);
    await_end();
    assert_string_equal(seen->called, WAITS "deploy/fw/alice/0/by-1004 ");
}

/* There is one order. */
static void it_takes_nothing_more(void **state)
{
    struct xw_broker_order order = order_of(XW_VERB_DEPLOY, "fw", "alice", 0);

    (void)state;
    so.holds_before = true;
    assert_true(start() >= 0);
    assert_int_equal(send(started, &order, sizeof(order), 0), sizeof(order));
    assert_int_equal(send(started, &order, sizeof(order), 0), sizeof(order));
    wake(&seen->go_on);
    await_end();
    close(started);
    assert_string_equal(seen->called, WAITS);
    start_work(&order);
    assert_int_equal(send(started, "x", 1, 0), 1);
    await_end();
    close(started);
    assert_string_equal(seen->called, WAITS "deploy/fw/alice/0/by-1004 ");
}

static void where_there_is_none(void **state)
{
    const struct xw_request request = {.verb = XW_VERB_DEPLOY, .lab = "fw", .owner = "alice"};
    struct xw_error err = {0};
    struct rlimit limit, none;
    bool present;

    (void)state;
    int next = dup(peer);
    close(next);
    so.no_process = true;
    assert_int_equal(start(), -EAGAIN);
    assert_int_equal(xw_broker_ask(started, &request, &present, &err), -EAGAIN);
    assert_non_null(strstr(err.text, "no room for another process"));
    so.no_process = false;
    /* Both ends have been closed, which came after the records' directory. */
    assert_int_equal(fcntl(next + 1, F_GETFD), -1);
    assert_int_equal(fcntl(next + 2, F_GETFD), -1);
    assert_int_equal(getrlimit(RLIMIT_NOFILE, &limit), 0);
    none = limit;
    none.rlim_cur = (rlim_t)next + 2; /* the records' directory, and one end of two */
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &none), 0);
    assert_int_equal(start(), -EMFILE);
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &limit), 0);
    int same = dup(peer);
    close(same);
    assert_int_equal(same, next);
    assert_string_equal(seen->called, "");
}

/* A connection on which somebody else answers. */
static void answers_that_are_none(void **state)
{
    const struct xw_request request = {.verb = XW_VERB_DEPLOY, .lab = "fw", .owner = "alice"};
    struct xw_broker_result result = {.code = 1};
    struct xw_error err = {0};
    bool present;
    int fds[2];

    (void)state;
    for (int i = 0; i < 3; i++) {
        assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, fds), 0);
        if (i == 0)
            assert_int_equal(send(fds[1], &result, sizeof(result), 0), sizeof(result));
        else if (i == 1)
            assert_int_equal(send(fds[1], &result, sizeof(result) - 1, 0), sizeof(result) - 1);
        else
            shutdown(fds[1], SHUT_RDWR);
        assert_int_equal(xw_broker_ask(fds[0], &request, &present, &err), -EAGAIN);
        assert_non_null(strstr(err.text, "broke off"));
        close(fds[0]);
        close(fds[1]);
    }
    /* A text without an end gets one. */
    result.code = -EIO;
    memset(&result.error, 'x', sizeof(result.error));
    assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, fds), 0);
    assert_int_equal(send(fds[1], &result, sizeof(result), 0), sizeof(result));
    assert_int_equal(xw_broker_ask(fds[0], &request, &present, &err), -EIO);
    assert_int_equal(strlen(err.text), sizeof(err.text) - 1);
    close(fds[0]);
    close(fds[1]);
}

static void make_lab(const char *lab, const char *instructors)
{
    xw_test_lab_access(lab, 7, instructors);
    xw_test_lab_plan(lab, HASH);
}

static int make_records(void **state)
{
    (void)state;
    seen = mmap(NULL, sizeof(*seen), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (seen == MAP_FAILED || xw_test_records_begin() < 0)
        return -1;
    make_lab("fw", "instructor 2005\n");
    make_lab("other", "instructor 2099\n");
    put(XW_OWNERS_DIR "/1001", "xworlds-owner 1\nuid 1001\nname alice\nlab fw\nlab other\nend\n");
    put(XW_OWNERS_DIR "/g2005", "xworlds-owner 1\ngid 2005\nname @ta\ninstructs fw\nend\n");
    return 0;
}

#define FRESH(test) cmocka_unit_test_setup_teardown(test, begin, end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        FRESH(what_is_its_own_is_done), FRESH(what_it_fails_with_is_told),
        FRESH(what_is_no_order),        FRESH(what_its_caller_may_not_ask_for),
        FRESH(it_ends_with_who_asks),   FRESH(it_takes_nothing_more),
        FRESH(where_there_is_none),     FRESH(answers_that_are_none),
    };

    if (geteuid() != 0) {
        puts("1..0 # SKIP records are root's");
        return 0;
    }
    return cmocka_run_group_tests(tests, make_records, NULL);
}
