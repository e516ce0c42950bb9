/* links: common/error.c common/names.c common/request.c xwadm/holders.c xwadm/connections.c xwadm/hang_up.c */
/*
 * Who is ended, and who isn't, and how each ends. Without the product's accounts, since a unit test
 * runs anywhere: the relay's is looked up here.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <grp.h>
#include <pwd.h>
#include <signal.h>
#include <stdbool.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "common/paths.h"
#include "xwadm/hang_up.h"

enum {
    SOMEBODY = 61011,
    ANOTHER = 61012,
    RELAY = 61013,
    READER = 61014,
    OWN = 61000,
    GROUP = 62011,
    OTHERS = 62012
};

static const gid_t group[] = {GROUP};
static const struct xw_held theirs = {SOMEBODY, group, 1};

static bool no_relay_account, no_reader_account;

/* In place of the C library's. */
struct passwd *getpwnam(const char *name)
{
    static struct passwd relay = {.pw_uid = RELAY};
    static struct passwd reader = {.pw_uid = READER};

    if (strcmp(name, XW_READER_USER) == 0)
        return no_reader_account ? NULL : &reader;
    return strcmp(name, XW_RELAY_USER) == 0 && !no_relay_account ? &relay : NULL;
}

enum manner {
    USUAL,    /* ends with SIGHUP */
    STUBBORN, /* ignores SIGHUP and SIGTERM */
    STOPPED,
    PARENT,  /* of one that ends with SIGHUP; says when it got one itself */
    BREEDING /* ignores both, and makes another like it when it gets one of them */
};

static _Noreturn void breed(int ready)
{
    sigset_t set;
    int number;

    sigemptyset(&set);
    sigaddset(&set, SIGHUP);
    sigaddset(&set, SIGTERM);
    sigprocmask(SIG_BLOCK, &set, NULL);
    if (write(ready, "", 1) != 1)
        _exit(1);
    /* Each makes one, so that it stays a line of them. */
    for (bool made = false;;) {
        if (sigwait(&set, &number) == 0 && !made)
            made = fork() > 0;
    }
}

/* When the parent was hung up; shared with it. */
static struct timespec *hung_up;

static void note_hang_up(int number)
{
    (void)number;
    clock_gettime(CLOCK_MONOTONIC, hung_up);
    _exit(0);
}

static void be_parent(void)
{
    struct sigaction action = {.sa_handler = note_hang_up};

    /* SIGTERM, which comes at the same time, would end it first. */
    sigfillset(&action.sa_mask);
    if (fork() > 0)
        sigaction(SIGHUP, &action, NULL);
}

static _Noreturn void live(enum manner manner, int ready)
{
    if (manner == BREEDING)
        breed(ready);
    if (manner == STUBBORN)
        signal(SIGHUP, SIG_IGN);
    if (manner == STUBBORN)
        signal(SIGTERM, SIG_IGN);
    if (manner == PARENT)
        be_parent();
    if (write(ready, "", 1) != 1)
        _exit(1);
    for (;;)
        pause();
}

static pid_t start(uid_t uid, gid_t supplementary, enum manner manner)
{
    int ready[2];
    char byte;

    assert_int_equal(pipe(ready), 0);
    pid_t pid = fork();
    if (pid == 0) {
        const gid_t gids[] = {OWN, supplementary};
        if (setgroups(2, gids) < 0 || setresgid(OWN, OWN, OWN) < 0 || setresuid(uid, uid, uid) < 0)
            _exit(1);
        live(manner, ready[1]);
    }
    close(ready[1]);
    for (int i = 0; i < (manner == PARENT ? 2 : 1); i++)
        assert_int_equal(read(ready[0], &byte, 1), 1);
    close(ready[0]);
    if (manner == STOPPED) {
        kill(pid, SIGSTOP);
        waitpid(pid, NULL, WUNTRACED);
    }
    return pid;
}

/* The signal that ended it; 0: it lives. */
static int ended_by(pid_t pid)
{
    int status;

    return waitpid(pid, &status, WNOHANG) == pid && WIFSIGNALED(status) ? WTERMSIG(status) : 0;
}

static void end(pid_t pid)
{
    kill(pid, SIGKILL);
    waitpid(pid, NULL, 0);
}

static long milliseconds(const struct timespec *from, const struct timespec *to)
{
    return (to->tv_sec - from->tv_sec) * 1000 + (to->tv_nsec - from->tv_nsec) / 1000000;
}

static void those_with_the_group_end_and_others_go_on(void **state)
{
    struct xw_hung_up done;
    struct xw_error err = {0};

    (void)state;
    if (geteuid() != 0)
        skip();
    pid_t usual = start(SOMEBODY, GROUP, USUAL);
    pid_t stubborn = start(SOMEBODY, GROUP, STUBBORN);
    pid_t stopped = start(SOMEBODY, GROUP, STOPPED);
    struct timespec began;
    pid_t parent = start(SOMEBODY, GROUP, PARENT);
    pid_t without = start(SOMEBODY, OTHERS, USUAL);
    pid_t neighbour = start(ANOTHER, GROUP, USUAL);
    clock_gettime(CLOCK_MONOTONIC, &began);
    int rc = xw_hang_up(&theirs, &done, &err);
    ssize_t left = xw_holders_count(&theirs, &err);
    int by[] = {ended_by(usual),  ended_by(stubborn), ended_by(stopped),
                ended_by(parent), ended_by(without),  ended_by(neighbour)};
    end(without);
    end(neighbour);
    assert_int_equal(rc, 0);
    assert_int_equal(left, 0);
    /* The parent's child is the fifth. */
    assert_int_equal(done.processes, 5);
    assert_int_equal(done.consoles, 0);
    assert_int_equal(done.under_way, 0);
    /* Where the machine is busy, the second signal comes before it has taken the first. */
    assert_true(by[0] == SIGHUP || by[0] == SIGTERM);
    assert_int_equal(by[1], SIGKILL);
    assert_true(by[2] == SIGHUP || by[2] == SIGTERM);
    /* Not before a second had passed, though its child ended: it may have something to do then. */
    assert_int_equal(by[3], 0);
    assert_true(milliseconds(&began, hung_up) >= 1000);
    assert_int_equal(by[4], 0);
    assert_int_equal(by[5], 0);
}

static void who_makes_others_gains_no_time(void **state)
{
    struct xw_hung_up done;
    struct xw_error err = {0};
    struct timespec before, after;

    (void)state;
    if (geteuid() != 0)
        skip();
    pid_t first = start(SOMEBODY, GROUP, BREEDING);
    clock_gettime(CLOCK_MONOTONIC, &before);
    int rc = xw_hang_up(&theirs, &done, &err);
    clock_gettime(CLOCK_MONOTONIC, &after);
    int by = ended_by(first);
    assert_int_equal(rc, 0);
    assert_int_equal(xw_holders_count(&theirs, &err), 0);
    assert_int_equal(by, SIGKILL);
    assert_true(done.processes > 1);
    assert_true(milliseconds(&before, &after) < 10000);
}

static void nobody_there_is_done_at_once(void **state)
{
    struct xw_hung_up done = {1, 1, 1};
    struct xw_error err = {0};

    (void)state;
    if (geteuid() != 0)
        skip();
    assert_int_equal(xw_hang_up(&theirs, &done, &err), 0);
    assert_int_equal(done.processes + done.consoles + done.under_way, 0);
    no_relay_account = true;
    int rc = xw_hang_up(&theirs, &done, &err);
    no_relay_account = false;
    assert_int_equal(rc, -ENOENT);
    assert_string_equal(err.text, "there is no account xwrelay; install xworlds again");
    no_reader_account = true;
    rc = xw_hang_up(&theirs, &done, &err);
    no_reader_account = false;
    assert_int_equal(rc, -ENOENT);
    assert_string_equal(err.text, "there is no account xwread; install xworlds again");
}

static int set_up(void **state)
{
    (void)state;
    hung_up =
        mmap(NULL, sizeof(*hung_up), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    /* Whose parent has ended is ours to wait for. */
    return hung_up == MAP_FAILED ? -1 : prctl(PR_SET_CHILD_SUBREAPER, 1);
}

static int reap_all(void **state)
{
    (void)state;
    while (waitpid(-1, NULL, WNOHANG) > 0)
        ;
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(those_with_the_group_end_and_others_go_on),
        cmocka_unit_test(who_makes_others_gains_no_time),
        cmocka_unit_test(nobody_there_is_done_at_once),
    };

    return cmocka_run_group_tests(tests, set_up, reap_all);
}
