/* links: xwhelper/gate/talk.c common/request.c common/names.c */
/*
 * The gate between keeper and xwsh: what is passed on, when it gives up, and what a keeper or a
 * reader that does not behave can make of it. Time is the test's own.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "common/exitcode.h"
#include "tests/unit/faults.h"
#include "xwhelper/gate/talk.h"

#define ID    "0123456789abcdef"
#define BROKE "error the lab's keeper broke off; try again in a moment\nend 75\n"

static struct {
    time_t now;       /* seconds */
    int asked;        /* the timeout of the last poll() for the keeper, in ms */
    int stalled;      /* the timeout of the last poll() for xwsh */
    int passes;       /* how many seconds go by when nothing comes */
    short out_events; /* what becomes of xwsh's pipe, where not 0 */
    size_t most;      /* how much a write takes at once; 0: all */
} world;

int clock_gettime(clockid_t clock, struct timespec *now)
{
    /* cmocka's own measuring. */
    if (clock != CLOCK_MONOTONIC)
        return (int)syscall(SYS_clock_gettime, clock, now);
    *now = (struct timespec){.tv_sec = world.now};
    return xw_fault_strikes("clock_gettime") ? -1 : 0;
}

int poll(struct pollfd *fds, nfds_t count, int timeout)
{
    int (*libc)(struct pollfd *, nfds_t, int) = NULL;

    *(void **)&libc = dlsym(RTLD_NEXT, "poll");
    assert_int_equal(count, 1);
    if (fds[0].fd == STDOUT_FILENO) {
        world.stalled = timeout;
        if (xw_fault_strikes("poll for xwsh"))
            return -1;
        if (!world.out_events)
            return libc(fds, count, 0);
        fds[0].revents = world.out_events;
        errno = EINTR; /* of a call before */
        return world.out_events == POLLNVAL ? 0 : 1;
    }
    world.asked = timeout;
    if (xw_fault_strikes("poll"))
        return -1;
    int rc = libc(fds, count, 0);
    if (rc == 0) {
        if (timeout < 0) /* would wait for ever */
            abort();
        world.now += world.passes;
    }
    return rc;
}

ssize_t write(int fd, const void *bytes, size_t length)
{
    ssize_t (*libc)(int, const void *, size_t) = NULL;

    *(void **)&libc = dlsym(RTLD_NEXT, "write");
    if (fd == STDOUT_FILENO && xw_fault_strikes("write"))
        return errno == 0 ? 0 : -1;
    return libc(fd, bytes, world.most && length > world.most ? world.most : length);
}

ssize_t read(int fd, void *bytes, size_t length)
{
    ssize_t (*libc)(int, void *, size_t) = NULL;

    *(void **)&libc = dlsym(RTLD_NEXT, "read");
    return xw_fault_strikes("read") ? -1 : libc(fd, bytes, length);
}

ssize_t sendmsg(int fd, const struct msghdr *message, int flags)
{
    ssize_t (*libc)(int, const struct msghdr *, int) = NULL;

    *(void **)&libc = dlsym(RTLD_NEXT, "sendmsg");
    return xw_fault_strikes("sendmsg") ? 1 : libc(fd, message, flags);
}

/* --- the two ends ---------------------------------------------------------------------------- */

static int keeper;      /* the gate's end */
static int ours;        /* the keeper's */
static int from_gate;   /* what xwsh reads */
static int real_stdout; /* the test's */
static int opened;

static int begin(void **state)
{
    int ends[2];
    int pipe_ends[2];

    (void)state;
    memset(&world, 0, sizeof(world));
    world.now = 1000;
    world.passes = 1;
    xw_fault_set(NULL, 0, 0);
    opened = 0;
    if (socketpair(AF_UNIX, SOCK_STREAM, 0, ends) < 0 || pipe2(pipe_ends, O_NONBLOCK) < 0)
        return -1;
    keeper = ends[0];
    ours = ends[1];
    from_gate = pipe_ends[0];
    fflush(stdout);
    real_stdout = dup(STDOUT_FILENO);
    if (dup2(pipe_ends[1], STDOUT_FILENO) < 0)
        return -1;
    close(pipe_ends[1]);
    return 0;
}

static void give_back(void)
{
    fflush(stdout);
    if (real_stdout >= 0) {
        dup2(real_stdout, STDOUT_FILENO);
        close(real_stdout);
        real_stdout = -1;
    }
}

static int end(void **state)
{
    (void)state;
    xw_fault_set(NULL, 0, 0);
    give_back();
    close(from_gate);
    close(keeper);
    close(ours);
    return 0;
}

/* What xwsh has been told since. */
static const char *told(void)
{
    static char text[16384];
    ssize_t n = read(from_gate, text, sizeof(text) - 1);

    text[n < 0 ? 0 : n] = '\0';
    return text;
}

static void keeper_says(const char *text)
{
    assert_int_equal(send(ours, text, strlen(text), 0), strlen(text));
}

static void on_open(void *data)
{
    assert_ptr_equal(data, &opened);
    ++*(int *)data;
}

static int pass_on(unsigned int deadline)
{
    return xw_gate_pass_on(keeper, deadline, on_open, &opened);
}

/* --- passing on ------------------------------------------------------------------------------ */

static void lines_are_passed_on_until_the_end(void **state)
{
    (void)state;
    keeper_says("world a b 1 1 x\nprogress - y\nend 4\nmore\n");
    assert_int_equal(pass_on(10), 4);
    assert_string_equal(told(), "world a b 1 1 x\nprogress - y\nend 4\n");
    assert_int_equal(opened, 0);
}

static void a_stream_that_ends_is_broken_off(void **state)
{
    (void)state;
    keeper_says("world a b 1 1 x\nend 0");
    shutdown(ours, SHUT_WR);
    assert_int_equal(pass_on(10), XW_EXIT_TRY_AGAIN);
    assert_string_equal(told(), "world a b 1 1 x\n" BROKE);
}

static void codes_of_the_end(void **state)
{
    (void)state;
    keeper_says("end 126\nend 255\nend -1\nend \nend x\nend  0\nending 0\nen 0\ndone5\nend 125\n");
    assert_int_equal(pass_on(10), 125);
    assert_non_null(strstr(told(), "\nend 125\n"));
}

static void the_keeper_has_its_deadline_and_some_seconds(void **state)
{
    (void)state;
    assert_int_equal(pass_on(10), XW_EXIT_TRY_AGAIN);
    assert_string_equal(told(), BROKE);
    /* From 1000 on, 15 s; what is left is asked for each time. */
    assert_int_equal(world.now, 1015);
    assert_int_equal(world.asked, 1000);
    world.now = 1000;
    world.passes = 15;
    assert_int_equal(pass_on(10), XW_EXIT_TRY_AGAIN);
    assert_int_equal(world.asked, 15000);
    assert_int_equal(world.now, 1015);
    world.passes = 100;
    assert_int_equal(pass_on(10), XW_EXIT_TRY_AGAIN);
}

static void a_console_has_no_deadline(void **state)
{
    (void)state;
    keeper_says("open\nopen\nend 0\n");
    assert_int_equal(pass_on(10), 0);
    assert_int_equal(opened, 1);
    assert_string_equal(told(), "open\nopen\nend 0\n");
    opened = 0;
    keeper_says("opened\nend 0\n");
    assert_int_equal(pass_on(10), 0);
    assert_int_equal(opened, 0);
    told();
    /* After it has opened it waits without an end; the keeper's end is one. */
    keeper_says("open\n");
    shutdown(ours, SHUT_WR);
    assert_int_equal(pass_on(10), XW_EXIT_TRY_AGAIN);
    assert_int_equal(world.asked, -1);
    assert_string_equal(told(), "open\n" BROKE);
}

/* The guest's user thinks for a while. */
static void on_open_time_passes(void *data)
{
    on_open(data);
    world.now += 1000;
    keeper_says("end 7\n");
}

static void a_console_goes_on_after_its_deadline(void **state)
{
    (void)state;
    keeper_says("open\n");
    assert_int_equal(xw_gate_pass_on(keeper, 10, on_open_time_passes, &opened), 7);
    assert_string_equal(told(), "open\nend 7\n");
}

static void a_line_without_end(void **state)
{
    static char text[2 * XW_LINE_MAX];

    (void)state;
    memset(text, 'x', sizeof(text) - 1);
    keeper_says(text);
    assert_int_equal(pass_on(10), XW_EXIT_TRY_AGAIN);
    assert_string_equal(told(), BROKE);
}

static void the_longest_line(void **state)
{
    char text[XW_LINE_MAX + 1];

    (void)state;
    memset(text, 'x', sizeof(text));
    text[XW_LINE_MAX - 1] = '\n';
    text[XW_LINE_MAX] = '\0';
    keeper_says(text);
    keeper_says("end 0\n");
    assert_int_equal(pass_on(10), 0);
    assert_int_equal(strlen(told()), XW_LINE_MAX + 6);
}

static void interrupted_calls_are_made_again(void **state)
{
    static const char *const calls[] = {"poll", "read", "write", "poll for xwsh"};

    (void)state;
    for (size_t i = 0; i < sizeof(calls) / sizeof(calls[0]); i++) {
        keeper_says("one\nend 0\n");
        xw_fault_set(calls[i], 1, EINTR);
        assert_int_equal(pass_on(10), 0);
        assert_int_equal(xw_fault.count >= 1, 1);
        xw_fault_set(NULL, 0, 0);
        assert_string_equal(told(), "one\nend 0\n");
    }
    /* What fails otherwise is the end. */
    keeper_says("one\nend 0\n");
    xw_fault_set("poll", 1, ENOMEM);
    assert_int_equal(pass_on(10), XW_EXIT_TRY_AGAIN);
    assert_string_equal(told(), BROKE);
    xw_fault_set("read", 1, ECONNRESET);
    assert_int_equal(pass_on(10), XW_EXIT_TRY_AGAIN);
    xw_fault_set(NULL, 0, 0);
    assert_string_equal(told(), BROKE);
}

/* --- speaking -------------------------------------------------------------------------------- */

static void what_is_said_is_one_line(void **state)
{
    static char text[2 * XW_LINE_MAX];

    (void)state;
    xw_gate_say("error %s %d", "no", 5);
    assert_string_equal(told(), "error no 5\n");
    memset(text, 'x', sizeof(text) - 1);
    xw_gate_say("%s", text);
    const char *line = told();
    assert_int_equal(strlen(line), XW_LINE_MAX - 1);
    assert_int_equal(line[XW_LINE_MAX - 2], '\n');
    text[XW_LINE_MAX - 2] = '\0';
    xw_gate_say("%s", text);
    assert_int_equal(strlen(told()), XW_LINE_MAX - 1);
    world.most = 7;
    text[20] = '\0';
    xw_gate_say("%s", text);
    assert_string_equal(told(), "xxxxxxxxxxxxxxxxxxxx\n");
}

/* Nothing more is said, lest an answer that lost something come to an end; the gate goes on. */
static void a_reader_that_does_not_read(void **state)
{
    static const short events[] = {POLLERR, POLLHUP, POLLNVAL /* the time has passed */};
    int kept = fcntl(STDOUT_FILENO, F_DUPFD, 64);

    (void)state;
    for (size_t i = 0; i < sizeof(events) / sizeof(events[0]); i++) {
        world.out_events = events[i];
        xw_gate_say("dropped");
        assert_int_equal(world.stalled, 30000);
        assert_int_equal(fcntl(STDOUT_FILENO, F_GETFD), -1);
        assert_int_equal(dup2(kept, STDOUT_FILENO), STDOUT_FILENO);
    }
    world.out_events = 0;
    for (int i = 0; i < 3; i++) {
        xw_fault_set(i < 2 ? "write" : "poll for xwsh", 1, i ? EPIPE : 0);
        xw_gate_say("dropped");
        assert_int_equal(fcntl(STDOUT_FILENO, F_GETFD), -1);
        assert_int_equal(dup2(kept, STDOUT_FILENO), STDOUT_FILENO);
    }
    xw_fault_set(NULL, 0, 0);
    assert_string_equal(told(), "");
    xw_gate_say("taken");
    assert_string_equal(told(), "taken\n");
    close(kept);
}

/* --- the request ----------------------------------------------------------------------------- */

static const struct xw_request request = {
    .verb = XW_VERB_STATUS, .lab = "firewall", .owner = "alice", .id = ID};

/* What arrives at the keeper; returns how many descriptors, and the first. */
static size_t arrives(char *line, size_t size, int *fd)
{
    union {
        struct cmsghdr header;
        char space[CMSG_SPACE(4 * sizeof(int))];
    } control;
    struct iovec data = {line, size - 1};
    struct msghdr message = {.msg_iov = &data,
                             .msg_iovlen = 1,
                             .msg_control = &control,
                             .msg_controllen = sizeof(control)};
    ssize_t n = recvmsg(ours, &message, MSG_DONTWAIT);

    line[n < 0 ? 0 : n] = '\0';
    const struct cmsghdr *header = CMSG_FIRSTHDR(&message);
    if (!header)
        return 0;
    assert_int_equal(header->cmsg_type, SCM_RIGHTS);
    memcpy(fd, CMSG_DATA(header), sizeof(int));
    return (header->cmsg_len - CMSG_LEN(0)) / sizeof(int);
}

static void the_request_is_one_message(void **state)
{
    char line[XW_LINE_MAX];
    int fd = -1;
    char byte;

    (void)state;
    assert_int_equal(xw_gate_send(keeper, &request, -1), 0);
    assert_int_equal(arrives(line, sizeof(line), &fd), 0);
    assert_string_equal(line, "1 status firewall alice - - " ID "\n");
    /* Descriptor 0 is one, too. */
    int kept = dup(0);
    assert_true(dup2(from_gate, 0) == 0);
    assert_int_equal(xw_gate_send(keeper, &request, 0), 0);
    assert_int_equal(arrives(line, sizeof(line), &fd), 1);
    assert_true(dup2(kept, 0) == 0);
    close(kept);
    xw_gate_say("x");
    assert_int_equal(read(fd, &byte, 1), 1);
    assert_int_equal(byte, 'x');
    close(fd);
}

static void a_request_that_is_not_sent(void **state)
{
    (void)state;
    xw_fault_set("sendmsg", 1, 0);
    assert_int_equal(xw_gate_send(keeper, &request, -1), -EIO);
    close(ours);
    assert_int_equal(xw_gate_send(keeper, &request, -1), -EPIPE);
    assert_int_equal(xw_gate_send(-1, &request, -1), -EBADF);
}

#define WITH_ENDS(test) cmocka_unit_test_setup_teardown(test, begin, end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_ENDS(lines_are_passed_on_until_the_end),
        WITH_ENDS(a_stream_that_ends_is_broken_off),
        WITH_ENDS(codes_of_the_end),
        WITH_ENDS(the_keeper_has_its_deadline_and_some_seconds),
        WITH_ENDS(a_console_has_no_deadline),
        WITH_ENDS(a_console_goes_on_after_its_deadline),
        WITH_ENDS(a_line_without_end),
        WITH_ENDS(the_longest_line),
        WITH_ENDS(interrupted_calls_are_made_again),
        WITH_ENDS(what_is_said_is_one_line),
        WITH_ENDS(a_reader_that_does_not_read),
        WITH_ENDS(the_request_is_one_message),
        WITH_ENDS(a_request_that_is_not_sent),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
