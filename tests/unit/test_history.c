/* links: xwhelper/keeper/history.c xwhelper/keeper/machine.c common/names.c common/error.c */
/*
 * What a machine wrote before its console was opened: the end of the log, up to where the console
 * itself begins, with a log that is late, rotated, missing, or no file of its kind.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/paths.h"
#include "tests/unit/faults.h"
#include "tests/unit/private_root.h"
#include "xwhelper/keeper/history.h"
#include "xwhelper/relay/frame.h"

static const struct xw_machine web = {"fw", "alice", "web"};
static char path[PATH_MAX];
static char older[PATH_MAX + 8];
static int console[2];                       /* QEMU's end, and ours */
static char taken[2 * XW_RELAY_HISTORY_MAX]; /* what the pipe held */
static int turns;                            /* of the wait; in the n-th, `step` is done */
static void (*step)(int turn);

static bool small; /* pipes are, as for a user who has many */
static bool odd;   /* ... or are none whose size can be asked for */

int pipe2(int ends[2], int flags)
{
    int (*libc)(int[2], int) = NULL;

    *(void **)&libc = dlsym(RTLD_NEXT, "pipe2");
    int rc = xw_fault_strikes("pipe2") ? -1 : libc(ends, flags);
    if (rc == 0 && small)
        assert_int_equal(fcntl(ends[1], F_SETPIPE_SZ, 4096), 4096);
    if (rc == 0 && odd)
        assert_int_equal(dup2(console[0], ends[1]), ends[1]);
    return rc;
}

XW_FAULTY_AS(ssize_t, 1, pread, (int fd, void *bytes, size_t count, off_t from), fd, bytes, count,
             from);

/* The wait, in which the rest of the world goes on. */
int poll(struct pollfd *fds, nfds_t count, int timeout)
{
    (void)fds;
    assert_int_equal(count, 0);
    assert_true(timeout > 0);
    turns++;
    if (step)
        step(turns);
    return 0;
}

static int opened;   /* how often the newest log was */
static bool rotates; /* virtlogd does, before the older file is opened */
static void append(const char *to, const char *text);

int open(const char *name, int flags, ...)
{
    int (*libc)(const char *, int, ...) = NULL;
    va_list arguments;

    *(void **)&libc = dlsym(RTLD_NEXT, "open");
    va_start(arguments, flags);
    int mode = flags & O_CREAT ? va_arg(arguments, int) : 0;
    va_end(arguments);
    opened += strcmp(name, path) == 0 && !(flags & O_CREAT);
    if (rotates && strcmp(name, older) == 0) {
        rotates = false;
        assert_int_equal(rename(path, older), 0);
        append(path, "two ");
    }
    return libc(name, flags, mode);
}

static void append(const char *to, const char *text)
{
    int fd = open(to, O_WRONLY | O_APPEND | O_CREAT, 0600);

    assert_int_equal(write(fd, text, strlen(text)), strlen(text));
    close(fd);
}

static void says(const char *text)
{
    assert_int_equal(send(console[0], text, strlen(text), 0), strlen(text));
}

static int begin_all(void **state)
{
    (void)state;
    if (xw_test_private_root("/var/lib") < 0 || mkdir("/var/lib/xworlds", 0755) < 0 ||
        mkdir(XW_WORLDS_DIR, 0755) < 0 || mkdir(XW_WORLDS_DIR "/fw", 0755) < 0 ||
        mkdir(XW_WORLDS_DIR "/fw/alice", 0755) < 0 ||
        xw_machine_log_path(&web, path, sizeof(path)) < 0)
        return -1;
    snprintf(older, sizeof(older), "%s.0", path);
    return strcmp(path, XW_WORLDS_DIR "/fw/alice/web.log");
}

static int begin(void **state)
{
    (void)state;
    xw_fault_set(NULL, 0, 0);
    turns = 0;
    small = false;
    odd = false;
    opened = 0;
    step = NULL;
    unlink(path);
    unlink(older);
    rmdir(path);
    return socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, console);
}

static int end(void **state)
{
    (void)state;
    close(console[0]);
    return close(console[1]);
}

/* What is handed to the relay; or the error. */
static ssize_t take(const struct xw_history *history)
{
    int fd = xw_history_take(history, console[1]);
    ssize_t used = 0;
    ssize_t n;

    memset(taken, 0, sizeof(taken));
    if (fd < 0)
        return fd;
    while ((n = read(fd, taken + used, sizeof(taken) - 1 - (size_t)used)) > 0)
        used += n;
    /* Its other end is closed. */
    assert_int_equal(n, 0);
    close(fd);
    return used;
}

/* How many descriptors are open, of as many as a test ever has. */
static int descriptors(void)
{
    int count = 0;

    for (int fd = 0; fd < 64; fd++)
        count += fcntl(fd, F_GETFD) >= 0;
    return count;
}

static ssize_t open_and_take(void)
{
    const int before = descriptors();
    struct xw_history history = xw_history_open(&web);
    ssize_t rc = take(&history);

    if (history.newest >= 0)
        close(history.newest);
    if (history.before >= 0)
        close(history.before);
    assert_int_equal(descriptors(), before);
    return rc;
}

static void a_guest_that_is_quiet(void **state)
{
    (void)state;
    append(path, "Welcome\r\nweb login: ");
    assert_int_equal(open_and_take(), 20);
    assert_string_equal(taken, "Welcome\r\nweb login: ");
    assert_true(turns >= XW_HISTORY_STILL_MS / 5 && turns < XW_HISTORY_PATIENCE_MS / 5);
}

static void there_is_no_log(void **state)
{
    (void)state;
    assert_int_equal(open_and_take(), -ENOENT);
    assert_int_equal(turns, 0);
    append(path, "");
    assert_int_equal(open_and_take(), -ENODATA);
}

/* What came over the console is not given again, whether the log has it or not. */
static void a_guest_that_speaks(void **state)
{
    (void)state;
    append(path, "before after");
    says("after");
    assert_int_equal(open_and_take(), 7);
    assert_string_equal(taken, "before ");
    says(" and");
    assert_int_equal(open_and_take(), 3);
    assert_string_equal(taken, "bef");
    /* It stays in the console. */
    char bytes[16] = "";
    assert_int_equal(recv(console[1], bytes, sizeof(bytes), 0), 9);
    assert_string_equal(bytes, "after and");
}

static void the_log_catches_up(int turn)
{
    if (turn == 2)
        append(path, "late ");
    if (turn == 4)
        says("live ");
    if (turn == 6)
        append(path, "live ");
}

static void a_log_that_is_late(void **state)
{
    (void)state;
    append(path, "early ");
    step = the_log_catches_up;
    assert_int_equal(open_and_take(), 11);
    assert_string_equal(taken, "early late ");
}

/* Console and log as they race; the log is always behind. */
static void flood(int turn)
{
    says("0123456789");
    if (turn > 1)
        append(path, "0123456789");
}

static void a_guest_that_does_not_stop(void **state)
{
    (void)state;
    append(path, "before ");
    step = flood;
    assert_int_equal(open_and_take(), 7);
    assert_string_equal(taken, "before ");
    assert_int_equal(turns, XW_HISTORY_PATIENCE_MS / 5);
}

static void it_has_a_bound(void **state)
{
    static char bytes[3 * XW_RELAY_HISTORY_MAX + 1];

    (void)state;
    for (size_t i = 0; i < sizeof(bytes) - 1; i++)
        bytes[i] = (char)('a' + i % 23);
    append(path, bytes);
    says("xyz");
    assert_int_equal(open_and_take(), XW_RELAY_HISTORY_MAX);
    assert_memory_equal(taken, bytes + 2 * XW_RELAY_HISTORY_MAX - 3, XW_RELAY_HISTORY_MAX);
    /* Over the edge of two files. */
    assert_int_equal(rename(path, older), 0);
    append(path, "0123456789");
    assert_int_equal(open_and_take(), XW_RELAY_HISTORY_MAX);
    assert_memory_equal(taken, bytes + 2 * XW_RELAY_HISTORY_MAX + 7, XW_RELAY_HISTORY_MAX - 7);
    assert_memory_equal(taken + XW_RELAY_HISTORY_MAX - 7, "0123456", 7);
    /* Where the pipe is small, the newest is kept. */
    small = true;
    assert_int_equal(open_and_take(), 4096);
    assert_memory_equal(taken, bytes + 3 * XW_RELAY_HISTORY_MAX - 4089, 4089);
    assert_memory_equal(taken + 4089, "0123456", 7);
}

static void it_was_rotated(void **state)
{
    (void)state;
    append(older, "one ");
    append(path, "two ");
    assert_int_equal(open_and_take(), 8);
    assert_string_equal(taken, "one two ");
    /* Opened once: meanwhile it might have been rotated away. */
    assert_int_equal(opened, 1);
    /* The console began before the new file did. */
    says("xtwo ");
    assert_int_equal(open_and_take(), 3);
    assert_string_equal(taken, "one");
    /* The new one is not there yet. */
    assert_int_equal(unlink(path), 0);
    assert_int_equal(recv(console[1], taken, 5, 0), 5);
    assert_int_equal(open_and_take(), 4);
    assert_string_equal(taken, "one ");
}

/* Opened between the two names: one file is not taken twice. */
static void it_is_rotated_meanwhile(void **state)
{
    (void)state;
    append(path, "one ");
    rotates = true;
    assert_int_equal(open_and_take(), 8);
    assert_string_equal(taken, "one two ");
}

static void what_is_no_log(void **state)
{
    (void)state;
    append("/var/lib/secret", "secret");
    assert_int_equal(symlink("/var/lib/secret", path), 0);
    assert_int_equal(symlink("/var/lib/secret", older), 0);
    assert_int_equal(open_and_take(), -ENOENT);
    unlink(path);
    unlink(older);
    assert_int_equal(mkfifo(path, 0600), 0);
    assert_int_equal(open_and_take(), -ENOENT);
    unlink(path);
    assert_int_equal(mkdir(path, 0700), 0);
    assert_int_equal(open_and_take(), -ENOENT);
    rmdir(path);
    /* The positive control. */
    append(path, "log");
    assert_int_equal(open_and_take(), 3);
}

static void what_fails(void **state)
{
    (void)state;
    append(path, "log");
    xw_fault_set("pipe2", 1, EMFILE);
    assert_int_equal(open_and_take(), -EMFILE);
    xw_fault_set("pread", 1, EIO);
    assert_int_equal(open_and_take(), -EIO);
    odd = true;
    assert_int_equal(open_and_take(), -EIO);
    odd = false;
    const struct xw_machine nowhere = {"fw", "alice", "db"};
    struct xw_history history = xw_history_open(&nowhere);
    assert_true(history.newest < 0 && history.before < 0);
}

#define FRESH(test) cmocka_unit_test_setup_teardown(test, begin, end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        FRESH(a_guest_that_is_quiet),
        FRESH(there_is_no_log),
        FRESH(a_guest_that_speaks),
        FRESH(a_log_that_is_late),
        FRESH(a_guest_that_does_not_stop),
        FRESH(it_has_a_bound),
        FRESH(it_was_rotated),
        FRESH(it_is_rotated_meanwhile),
        FRESH(what_is_no_log),
        FRESH(what_fails),
    };

    return cmocka_run_group_tests(tests, begin_all, NULL);
}
