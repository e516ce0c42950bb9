/* links: common/error.c common/names.c xwadm/holders.c */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <grp.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "xwadm/holders.h"

enum { SOMEBODY = 61001, ANOTHER = 61002, GROUP = 62001, OTHER_GROUP = 62002 };

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static const gid_t group[] = {GROUP};
static const struct xw_held theirs = {SOMEBODY, group, 1};

/* What a process's status would say; NULL-terminated. */
static int read_lines(struct xw_process *process, const char *const *lines)
{
    int rc = 0;

    for (; *lines && rc == 0; lines++)
        rc = xw_process_line(process, *lines);
    return rc;
}

static void what_counts_is_uid_and_group_together(void **state)
{
    static const struct {
        const char *lines[5];
        bool holds;
    } cases[] = {
        {{"Uid:\t61001\t61001\t61001\t61001\n", "Gid:\t100\t100\t100\t100\n",
          "Groups:\t100 62001 \n"},
         true},
        {{"Uid:\t61001\t0\t0\t0\n", "Gid:\t100\t0\t0\t0\n", "Groups:\t62001 \n"}, true},
        {{"Uid:\t0\t61001\t0\t0\n", "Gid:\t0\t0\t0\t0\n", "Groups:\t1 2 62001 3 \n"}, true},
        {{"Uid:\t0\t0\t61001\t0\n", "Gid:\t0\t0\t0\t0\n", "Groups:\t62001\n"}, true},
        {{"Uid:\t0\t0\t0\t61001\n", "Gid:\t0\t0\t62001\t0\n", "Groups:\t\n"}, true},
        {{"Uid:\t61001\t61001\t61001\t61001\n", "Gid:\t62001\t62001\t62001\t62001\n", "Groups:\n"},
         true},
        {{"Uid:\t61001\t61001\t61001\t61001\n", "Gid:\t100\t100\t100\t100\n",
          "Groups:\t100 6200 62002 620011 \n"},
         false},
        {{"Uid:\t61002\t61002\t61002\t61002\n", "Gid:\t62001\t62001\t62001\t62001\n",
          "Groups:\t62001 \n"},
         false},
        {{"Uid:\t0\t0\t0\t0\n", "Gid:\t62001\t0\t0\t0\n", "Groups:\t62001 61001 \n"}, false},
        {{"Name:\tUid:\\t61001\n", "Uid:\t1\t1\t1\t1\n", "Gid:\t62001\t1\t1\t1\n", "Groups:\t1 \n"},
         false},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct xw_process process = {0};
        assert_int_equal(read_lines(&process, cases[i].lines), 0);
        if (xw_process_holds(&process, &theirs) != cases[i].holds)
            fail_msg("case %zu: %s", i, cases[i].holds ? "holds it" : "doesn't hold it");
        xw_process_clear(&process);
    }
}

static void what_isnt_as_the_kernel_writes_it_is_refused(void **state)
{
    static const char *const wrong[] = {
        "Uid:\t1\t2\t3\n",    "Uid:\t-1\t2\t3\t4\n", "Uid:\t4294967296\t1\t1\t1\n",
        "Uid:\tx\t1\t1\t1\n", "Gid:\t1\t2\t3\n",     "Gid:\t1\t2\t3\t4\t5\n",
        "PPid:\t\n",          "PPid:\t4294967295\n", "Gid:\t99999999999999999999\t1\t1\t1\n"};

    (void)state;
    for (size_t i = 0; i < COUNT(wrong); i++) {
        struct xw_process process = {0};
        if (xw_process_line(&process, wrong[i]) != -EBADMSG)
            fail_msg("\"%s\" is taken", wrong[i]);
        xw_process_clear(&process);
    }
    struct xw_process process = {0};
    assert_int_equal(xw_process_line(&process, "PPid:\t17\n"), 0);
    assert_int_equal(process.parent, 17);
}

/* Starts a process of that uid with that group, which waits until it is killed. */
static pid_t start(uid_t uid, gid_t supplementary)
{
    int ready[2];
    char byte;

    assert_int_equal(pipe(ready), 0);
    pid_t pid = fork();
    if (pid == 0) {
        const gid_t gids[] = {61000, supplementary};
        if (setgroups(2, gids) < 0 || setresgid(61000, 61000, 61000) < 0 ||
            setresuid(uid, uid, uid) < 0 || write(ready[1], "", 1) != 1)
            _exit(1);
        for (;;)
            pause();
    }
    close(ready[1]);
    assert_int_equal(read(ready[0], &byte, 1), 1);
    close(ready[0]);
    return pid;
}

static void end(pid_t pid)
{
    kill(pid, SIGKILL);
    waitpid(pid, NULL, 0);
}

struct looking {
    pid_t pid;
    size_t seen;
    bool right;
};

static int look(const struct xw_process *process, int pidfd, void *data)
{
    struct looking *looking = data;
    struct pollfd ended = {.fd = pidfd, .events = POLLIN};

    if (process->pid != looking->pid)
        return 0;
    looking->seen++;
    looking->right = xw_process_holds(process, &theirs) && process->parent == getpid() &&
                     poll(&ended, 1, 0) == 0;
    return 0;
}

static void processes_are_found_by_their_credentials(void **state)
{
    struct xw_error err = {0};

    (void)state;
    if (geteuid() != 0)
        skip();
    assert_int_equal(xw_holders_count(&theirs, &err), 0);
    pid_t holder = start(SOMEBODY, GROUP);
    pid_t without = start(SOMEBODY, OTHER_GROUP);
    pid_t neighbour = start(ANOTHER, GROUP);
    ssize_t count = xw_holders_count(&theirs, &err);
    struct looking looking = {.pid = holder};
    int rc = xw_processes(look, &looking, &err);
    /* One that has ended and isn't waited for yet holds nothing. */
    pid_t ended = start(SOMEBODY, GROUP);
    kill(ended, SIGKILL);
    siginfo_t info;
    waitid(P_PID, (id_t)ended, &info, WEXITED | WNOWAIT);
    ssize_t with_ended = xw_holders_count(&theirs, &err);
    end(ended);
    end(holder);
    end(without);
    end(neighbour);
    assert_int_equal(count, 1);
    assert_int_equal(rc, 0);
    assert_int_equal(looking.seen, 1);
    assert_true(looking.right);
    assert_int_equal(with_ended, 1);
    assert_int_equal(xw_holders_count(&theirs, &err), 0);
}

static int stop_at_once(const struct xw_process *process, int pidfd, void *data)
{
    (void)process, (void)pidfd;
    ++*(size_t *)data;
    return -ECANCELED;
}

static void a_failure_stops_and_is_told(void **state)
{
    struct xw_error err = {0};
    size_t visits = 0;

    (void)state;
    assert_int_equal(xw_processes(stop_at_once, &visits, &err), -ECANCELED);
    assert_int_equal(visits, 1);
    assert_int_equal(err.code, -ECANCELED);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_counts_is_uid_and_group_together),
        cmocka_unit_test(what_isnt_as_the_kernel_writes_it_is_refused),
        cmocka_unit_test(processes_are_found_by_their_credentials),
        cmocka_unit_test(a_failure_stops_and_is_told),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
