/* links: common/error.c */
/*
 * The relay: bytes in both directions, whole and in order, with ends that stall, break off and go.
 * The filter has a test of its own.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#define main relay_main
int relay_main(void);
#include "xwhelper/relay/main.c"
#undef main

#include <dlfcn.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>

enum { MUCH = 400000, ENDED_WELL = 0 };

const struct xw_policy xw_relay_policy;

/* What the relay's process is disturbed by. */
static struct world {
    bool confined;
    pid_t relay;
    bool stays_dumpable;
    bool dumpable_fails;
    int calls[3];    /* of poll, read and send */
    int interrupted; /* which of them is interrupted at its third call; -1: none */
    int number;      /* the errno */
    unsigned long turns;
} * world;

bool xw_policy_enter(const struct xw_policy *policy)
{
    world->confined = policy == &xw_relay_policy;
    world->relay = getpid();
    return true;
}

static bool strikes(int which)
{
    /* The test's own calls don't count. */
    if (world->relay != getpid() || ++world->calls[which] != 3 || world->interrupted != which)
        return false;
    errno = world->number;
    return true;
}

int poll(struct pollfd *fds, nfds_t count, int timeout)
{
    int (*libc)(struct pollfd *, nfds_t, int) = NULL;

    *(void **)&libc = dlsym(RTLD_NEXT, "poll");
    if (world->relay == getpid())
        world->turns++;
    return strikes(0) ? -1 : libc(fds, count, timeout);
}

ssize_t read(int fd, void *bytes, size_t length)
{
    ssize_t (*libc)(int, void *, size_t) = NULL;

    *(void **)&libc = dlsym(RTLD_NEXT, "read");
    return strikes(1) ? -1 : libc(fd, bytes, length);
}

ssize_t send(int fd, const void *bytes, size_t length, int flags)
{
    ssize_t (*libc)(int, const void *, size_t, int) = NULL;

    *(void **)&libc = dlsym(RTLD_NEXT, "send");
    return strikes(2) ? -1 : libc(fd, bytes, length, flags);
}

int prctl(int option, ...)
{
    va_list args;

    va_start(args, option);
    unsigned long value = va_arg(args, unsigned long);
    va_end(args);
    int (*libc)(int, ...) = NULL;
    *(void **)&libc = dlsym(RTLD_NEXT, "prctl");
    if (option == PR_SET_DUMPABLE && (world->stays_dumpable || world->dumpable_fails))
        return world->dumpable_fails ? -1 : 0;
    return libc(option, value, 0, 0, 0);
}

/* --- the ends -------------------------------------------------------------------------------- */

static int guest, viewer, gate;
static int timer = -1;  /* what the relay takes for one: readable when its time has come */
static int notice = -1; /* the FIFO: both ends */
static pid_t relay;
static bool no_timer;
static bool no_notice;

static int begin(void **state)
{
    (void)state;
    if (!world)
        world =
            mmap(NULL, sizeof(*world), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    memset(world, 0, sizeof(*world));
    world->interrupted = -1;
    return 0;
}

/* Opened for reading and writing, without waiting, as the keeper does. */
static void make_fifo(void)
{
    char name[] = "/tmp/relay-XXXXXX";

    if (notice >= 0)
        close(notice);
    assert_non_null(mkdtemp(name));
    int directory = open(name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    assert_int_equal(mkfifoat(directory, "fifo", 0600), 0);
    notice = openat(directory, "fifo", O_RDWR | O_NONBLOCK | O_CLOEXEC);
    assert_true(notice >= 0);
    unlinkat(directory, "fifo", 0);
    close(directory);
    rmdir(name);
}

static void start(void)
{
    int pairs[3][2];

    for (int i = 0; i < 3; i++)
        assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pairs[i]), 0);
    if (timer >= 0)
        close(timer);
    timer = eventfd(0, EFD_CLOEXEC);
    make_fifo();
    fflush(NULL);
    relay = fork();
    if (relay == 0) {
        int aside[3];
        int clock = fcntl(timer, F_DUPFD, 64);
        int fifo = fcntl(notice, F_DUPFD, 64);
        signal(SIGABRT, SIG_DFL);
        signal(SIGPIPE, SIG_DFL);
        prctl(PR_SET_DUMPABLE, 1);
        for (int i = 0; i < 3; i++)
            aside[i] = fcntl(pairs[i][1], F_DUPFD, 64);
        for (int i = 0; i < 3; i++)
            dup2(aside[i], GUEST + i);
        dup2(clock, TIMER);
        if (no_timer)
            close(TIMER);
        close(GATE + 1);
        dup2(fifo, NOTICE);
        if (no_notice)
            close(NOTICE);
        close_range(NOTICE + 1, ~0U, 0);
        alarm(120);
        int code = relay_main();
        _exit(code ? code : world->confined && prctl(PR_GET_DUMPABLE) == 0 ? 0 : 50);
    }
    int *const ours[] = {&guest, &viewer, &gate};
    const struct timeval patience = {.tv_sec = 10};
    for (int i = 0; i < 3; i++) {
        close(pairs[i][1]);
        *ours[i] = pairs[i][0];
        setsockopt(pairs[i][0], SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
        setsockopt(pairs[i][0], SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof(patience));
    }
}

/* Its end: the code, or 128 + the signal; what it said to the gate. */
static char said[256];

static int finish(void)
{
    int status;
    size_t used = 0;
    ssize_t n;

    assert_int_equal(waitpid(relay, &status, 0), relay);
    memset(said, 0, sizeof(said));
    while (gate >= 0 && (n = recv(gate, said + used, sizeof(said) - 1 - used, 0)) > 0)
        used += (size_t)n;
    close(guest);
    close(viewer);
    if (gate >= 0)
        close(gate);
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

static void await_open(void)
{
    char line[5];

    assert_int_equal(recv(gate, line, 5, MSG_WAITALL), 5);
    assert_memory_equal(line, "open\n", 5);
}

static void passes(int from, int to, const char *text)
{
    char got[64];
    size_t length = strlen(text);

    assert_int_equal(send(from, text, length, 0), length);
    assert_int_equal(recv(to, got, length, MSG_WAITALL), length);
    assert_memory_equal(got, text, length);
}

static void both_ways(void **state)
{
    (void)state;
    start();
    await_open();
    passes(guest, viewer, "login: ");
    passes(viewer, guest, "root\n");
    passes(guest, viewer, "# ");
    close(viewer);
    assert_int_equal(finish(), ENDED_WELL);
    assert_string_equal(said, "end 0\n");
    /* It slept in between. */
    assert_true(world->turns < 100);
}

static void the_machine_stops(void **state)
{
    char got[8];

    (void)state;
    start();
    await_open();
    assert_int_equal(send(guest, "bye", 3, 0), 3);
    close(guest);
    /* What it said last is not lost. */
    assert_int_equal(recv(viewer, got, 3, MSG_WAITALL), 3);
    assert_int_equal(finish(), ENDED_WELL);
    assert_string_equal(said, "progress - the machine has stopped\nend 0\n");
}

/* The time comes when it likes: the clock is the test's. */
static void the_lab_closes(void **state)
{
    static char text[MUCH];

    (void)state;
    start();
    await_open();
    passes(guest, viewer, "login: ");
    passes(viewer, guest, "root\n");
    assert_int_equal(eventfd_write(timer, 1), 0);
    assert_int_equal(finish(), ENDED_WELL);
    assert_string_equal(said, "progress - the lab has closed\nend 0\n");
    /* It was over when it began; and with both ways full, and nobody who reads. */
    for (int i = 0; i < 2; i++) {
        begin(state);
        start();
        while (i && send(guest, text, sizeof(text), MSG_DONTWAIT) > 0)
            continue;
        while (i && send(viewer, text, sizeof(text), MSG_DONTWAIT) > 0)
            continue;
        assert_int_equal(eventfd_write(timer, 1), 0);
        await_open();
        assert_int_equal(finish(), ENDED_WELL);
        assert_string_equal(said, "progress - the lab has closed\nend 0\n");
    }
    /* A timer that isn't one is no reason to go on for ever. */
    begin(state);
    no_timer = true;
    start();
    no_timer = false;
    await_open();
    assert_int_equal(finish(), ENDED_WELL);
}

static void the_gate_goes(void **state)
{
    (void)state;
    start();
    await_open();
    close(gate);
    gate = -1;
    assert_int_equal(finish(), ENDED_WELL);
}

static void the_gate_is_gone_at_once(void **state)
{
    (void)state;
    start();
    close(gate);
    gate = -1;
    assert_int_equal(finish(), ENDED_WELL);
}

/* More than any buffer, to an end that reads late: nothing is lost, and nothing spins. */
static void much(int from, int to)
{
    static unsigned char out[MUCH];
    static unsigned char in[MUCH];
    size_t sent = 0;
    size_t got = 0;

    for (size_t i = 0; i < MUCH; i++)
        out[i] = (unsigned char)(i * 7 + i / 251);
    while (got < MUCH) {
        ssize_t n;
        while (sent < MUCH && (n = send(from, out + sent, MUCH - sent, MSG_DONTWAIT)) > 0)
            sent += (size_t)n;
        usleep(1000);
        /* The other way is open meanwhile. */
        passes(to, from, "x");
        n = recv(to, in + got, MUCH - got < 30000 ? MUCH - got : 30000, 0);
        assert_true(n > 0);
        got += (size_t)n;
    }
    assert_memory_equal(in, out, MUCH);
}

static void an_end_that_reads_late(void **state)
{
    (void)state;
    start();
    await_open();
    much(guest, viewer);
    much(viewer, guest);
    assert_true(world->turns < 20000);
    unsigned long before = world->turns;
    /* The buffer of one way is full, and nobody reads: it waits. */
    static char text[MUCH];
    while (send(guest, text, sizeof(text), MSG_DONTWAIT) > 0) {
    }
    usleep(200000);
    assert_true(world->turns - before < 1000);
    shutdown(viewer, SHUT_RDWR);
    close(viewer);
    assert_int_equal(finish(), ENDED_WELL);
}

/* The viewer's last bytes reach the guest, though it takes them late. */
static void the_last_bytes_of_a_viewer(void **state)
{
    static char text[MUCH];
    size_t sent = 0;
    size_t got = 0;
    ssize_t n;

    (void)state;
    start();
    await_open();
    while ((n = send(viewer, text, sizeof(text), MSG_DONTWAIT)) > 0)
        sent += (size_t)n;
    usleep(20000);
    while ((n = send(viewer, text, sizeof(text), MSG_DONTWAIT)) > 0)
        sent += (size_t)n;
    shutdown(viewer, SHUT_WR);
    while (got < sent && (n = recv(guest, text, sizeof(text), 0)) > 0)
        got += (size_t)n;
    assert_int_equal(got, sent);
    assert_int_equal(finish(), ENDED_WELL);
    assert_string_equal(said, "end 0\n");
    assert_true(world->turns < 5000);
}

/* Sends until the relay holds some of it, because `to` is full; returns how much. */
static size_t until_held_back(int from, int to)
{
    static const char text[1000];
    size_t sent = 0;
    int there = 0;

    while (there == (int)sent) {
        assert_int_equal(send(from, text, sizeof(text), 0), sizeof(text));
        sent += sizeof(text);
        for (int i = 0; i < 500 && there < (int)sent; i++) {
            usleep(1000);
            assert_int_equal(ioctl(to, FIONREAD, &there), 0);
        }
    }
    return sent;
}

/* One end has gone while the relay holds bytes of it: it waits, asleep, until they are taken. */
static void what_is_held_when_an_end_goes(void **state)
{
    static char text[MUCH];

    for (int which = 0; which < 4; which++) {
        size_t got = 0;
        ssize_t n;
        begin(state);
        start();
        await_open();
        const int from = which & 1 ? guest : viewer;
        const int to = which & 1 ? viewer : guest;
        size_t sent = until_held_back(from, to);
        /* It sends no more; or takes nothing any more, either, which poll() says without being
         * asked. */
        shutdown(from, which & 2 ? SHUT_RDWR : SHUT_WR);
        usleep(100000);
        unsigned long before = world->turns;
        usleep(100000);
        assert_true(world->turns - before < 10);
        while (got < sent && (n = recv(to, text, sizeof(text), 0)) > 0)
            got += (size_t)n;
        assert_int_equal(got, sent);
        assert_int_equal(finish(), ENDED_WELL);
    }
}

static void interrupted_calls(void **state)
{
    for (int which = 0; which < 3; which++) {
        for (int i = 0; i < 3; i++) {
            static const int numbers[] = {EINTR, EAGAIN, EIO};
            begin(state);
            world->interrupted = which;
            world->number = numbers[i];
            start();
            await_open();
            /* poll() says no EAGAIN. */
            if (numbers[i] == EINTR || (which > 0 && numbers[i] == EAGAIN)) {
                passes(guest, viewer, "a");
                passes(viewer, guest, "b");
                passes(guest, viewer, "c");
                passes(viewer, guest, "d");
                close(viewer);
            } else {
                /* Bytes until it has ended, however many it takes at once. */
                siginfo_t info = {0};
                while (waitid(P_PID, (id_t)relay, &info, WEXITED | WNOHANG | WNOWAIT) == 0 &&
                       info.si_pid == 0) {
                    send(guest, "a", 1, MSG_NOSIGNAL | MSG_DONTWAIT);
                    send(viewer, "b", 1, MSG_NOSIGNAL | MSG_DONTWAIT);
                    usleep(2000);
                }
            }
            assert_int_equal(finish(), ENDED_WELL);
            if (strcmp(said, "end 0\n") != 0)
                fail_msg("call %d, errno %d: %s", which, numbers[i], said);
        }
    }
}

static void it_can_not_be_read(void **state)
{
    (void)state;
    world->stays_dumpable = true;
    start();
    assert_int_equal(finish(), 128 + SIGABRT);
    begin(NULL);
    world->dumpable_fails = true;
    start();
    assert_int_equal(finish(), 128 + SIGABRT);
}

/* What the gate has been told, after `open`, until it has come to an end with this text. */
static void await_words(const char *text)
{
    char words[600] = "";
    size_t used = 0;

    while (!strstr(words, text)) {
        ssize_t n = recv(gate, words + used, sizeof(words) - 1 - used, 0);
        assert_true(n > 0);
        used += (size_t)n;
    }
}

static void notify(unsigned char byte)
{
    assert_int_equal(write(notice, &byte, 1), 1);
}

/* Notices reach the gate, and neither the guest nor the viewer gets a byte. */
static void it_is_told(void **state)
{
    (void)state;
    start();
    await_open();
    notify(5);
    await_words("progress - nothing has happened in this world for a while; in 5 min it is "
                "suspended, unless you type something\n");
    notify(XW_NOTICE_MINUTES_MAX);
    await_words("in 250 min");
    notify(XW_NOTICE_STAYS);
    await_words("progress - the world could not be suspended, and goes on\n");
    /* What means nothing, and its own mark, is passed over. */
    notify(251);
    notify(XW_NOTICE_TRAFFIC);
    passes(guest, viewer, "login: ");
    passes(viewer, guest, "alice\n");
    close(guest);
    assert_int_equal(finish(), ENDED_WELL);
    assert_string_equal(said, "progress - the machine has stopped\nend 0\n");
}

/* The reason is said once, and the stop that follows isn't another one. */
static void it_is_suspended(void **state)
{
    (void)state;
    start();
    await_open();
    notify(XW_NOTICE_SUSPENDING);
    await_words("progress - the world is being suspended");
    close(guest);
    assert_int_equal(finish(), ENDED_WELL);
    assert_string_equal(said, "end 0\n");
    /* One that then could not be suspended, and stops later, says that it has stopped. */
    start();
    await_open();
    notify(XW_NOTICE_SUSPENDING);
    notify(XW_NOTICE_STAYS);
    await_words("and goes on\n");
    close(guest);
    assert_int_equal(finish(), ENDED_WELL);
    assert_string_equal(said, "progress - the machine has stopped\nend 0\n");
}

static struct timespec marked(void)
{
    struct stat info;

    assert_int_equal(fstat(notice, &info), 0);
    return info.st_mtim;
}

/* The FIFO is marked at the start and by what the viewer types, not by what the guest writes. */
static void it_marks_traffic(void **state)
{
    const struct timespec pause = {0, 20000000}; /* the kernel's clock of files is coarse */
    char byte;

    (void)state;
    start();
    await_open();
    passes(guest, viewer, "login: ");
    struct timespec first = marked();
    nanosleep(&pause, NULL);
    passes(guest, viewer, "more");
    passes(guest, viewer, "and more");
    struct timespec second = marked();
    assert_memory_equal(&first, &second, sizeof(first));
    passes(viewer, guest, "x");
    second = marked();
    assert_memory_not_equal(&first, &second, sizeof(first));
    /* No byte stays in it. */
    passes(guest, viewer, "y");
    assert_int_equal(read(notice, &byte, 1), -1);
    close(guest);
    assert_int_equal(finish(), ENDED_WELL);
}

/* Without its FIFO it doesn't turn in circles. */
static void the_fifo_is_gone(void **state)
{
    (void)state;
    no_notice = true;
    start();
    assert_int_equal(finish(), ENDED_WELL);
    no_notice = false;
    assert_string_equal(said, "open\nend 0\n");
}

#define FRESH(test) cmocka_unit_test_setup(test, begin)

int main(void)
{
    const struct CMUnitTest tests[] = {
        FRESH(both_ways),
        FRESH(the_machine_stops),
        FRESH(the_lab_closes),
        FRESH(the_gate_goes),
        FRESH(the_gate_is_gone_at_once),
        FRESH(an_end_that_reads_late),
        FRESH(the_last_bytes_of_a_viewer),
        FRESH(what_is_held_when_an_end_goes),
        FRESH(interrupted_calls),
        FRESH(it_can_not_be_read),
        FRESH(it_is_told),
        FRESH(it_is_suspended),
        FRESH(it_marks_traffic),
        FRESH(the_fifo_is_gone),
    };

    begin(NULL);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
