/* links: xwhelper/relay/viewer.c */
/*
 * A viewer's relay: keys and frames, whole and in order, with ends that stall, break off and go,
 * and a console's relay that has been taken over. The filter has a test of its own.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#define main relay_main
int relay_main(int argc, char *argv[]);
#include "xwhelper/relay/main.c"
#undef main

#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "xwhelper/relay/frame.h"

enum { MUCH = 400000, ENDED_WELL = 0, GUEST = 3, VIEWER = 4, GATE = 5, TIMER = 6 };

const struct xw_policy xw_relay_viewer_policy, xw_relay_console_policy, xw_relay_stream_policy;

void xw_relay_console(void)
{
    abort();
}

void xw_relay_stream(void)
{
    abort();
}

void xw_relay_copy(bool put, unsigned int limit)
{
    (void)put;
    (void)limit;
    abort();
}

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
    world->confined = policy == &xw_relay_viewer_policy;
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
static int timer = -1; /* what the relay takes for one: readable when its time has come */
static pid_t relay;
static bool no_timer;

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

static void start(void)
{
    int pairs[3][2];

    for (int i = 0; i < 3; i++)
        assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pairs[i]), 0);
    if (timer >= 0)
        close(timer);
    timer = eventfd(0, EFD_CLOEXEC);
    fflush(NULL);
    relay = fork();
    if (relay == 0) {
        int aside[3];
        int clock = fcntl(timer, F_DUPFD, 64);
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
        close_range(TIMER + 1, ~0U, 0);
        alarm(120);
        char name[] = "xwrelay", kind[] = "viewer";
        char *argv[] = {name, kind, NULL};
        int code = relay_main(2, argv);
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

/* What a console's relay sends. */
static void frame(char kind, const char *bytes, size_t length)
{
    char all[XW_FRAME_HEAD + XW_FRAME_MAX];

    all[0] = kind;
    all[1] = (char)(unsigned char)(length >> 8);
    all[2] = (char)(unsigned char)length;
    memcpy(all + XW_FRAME_HEAD, bytes, length);
    assert_int_equal(send(guest, all, XW_FRAME_HEAD + length, MSG_NOSIGNAL),
                     XW_FRAME_HEAD + length);
}

static void await_open(void)
{
    char line[5];

    frame(XW_FRAME_WORDS, "open\n", 5);
    assert_int_equal(recv(gate, line, 5, MSG_WAITALL), 5);
    assert_memory_equal(line, "open\n", 5);
}

static void passes(int from, int to, const char *text)
{
    char got[64];
    size_t length = strlen(text);

    if (from == guest)
        frame(XW_FRAME_GUEST, text, length);
    else
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
    frame(XW_FRAME_GUEST, "bye", 3);
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
        for (size_t at = 0; i && at + 4 <= sizeof(text); at += 4)
            memcpy(text + at, "g\0\1a", 4);
        while (i && send(guest, text, sizeof(text), MSG_DONTWAIT) > 0)
            continue;
        while (i && send(viewer, text, sizeof(text), MSG_DONTWAIT) > 0)
            continue;
        assert_int_equal(eventfd_write(timer, 1), 0);
        assert_int_equal(finish(), ENDED_WELL);
        assert_string_equal(said, "progress - the lab has closed\nend 0\n");
    }
    /* A timer that isn't one is no reason to go on for ever. */
    begin(state);
    no_timer = true;
    start();
    no_timer = false;
    assert_int_equal(finish(), ENDED_WELL);
}

/* The reason is said once, and the stop that follows isn't another one. */
static void it_is_suspended(void **state)
{
    static const char suspends[] = XW_RELAY_SUSPENDS "; more\n", stays[] = XW_RELAY_STAYS "\n",
                      left[] = "left bob write\n";

    (void)state;
    for (int goes_on = 0; goes_on < 2; goes_on++) {
        begin(state);
        start();
        await_open();
        frame(XW_FRAME_WORDS, suspends, sizeof(suspends) - 1);
        if (goes_on)
            frame(XW_FRAME_WORDS, stays, sizeof(stays) - 1);
        frame(XW_FRAME_WORDS, left, sizeof(left) - 1);
        close(guest);
        assert_int_equal(finish(), ENDED_WELL);
        assert_int_equal(strstr(said, "the machine has stopped") != NULL, goes_on);
    }
}

/* Only by whole words, and not by what an earlier frame has left where they end. */
static void words_that_begin_the_same(void **state)
{
    static const char suspends[] = XW_RELAY_SUSPENDS, stays[] = XW_RELAY_STAYS;
    const size_t first = XW_FRAME_HEAD + sizeof(suspends) - 1;
    const size_t both = first + XW_FRAME_HEAD + sizeof(stays) - 1;
    char line[sizeof(suspends) + sizeof(stays)];
    char frames[256] = {XW_FRAME_WORDS, 0, sizeof(suspends) - 1};

    memcpy(frames + XW_FRAME_HEAD, suspends, sizeof(suspends) - 1);
    frames[first] = XW_FRAME_WORDS;
    frames[first + 2] = sizeof(stays) - 1;
    memcpy(frames + first + XW_FRAME_HEAD, stays, sizeof(stays) - 1);
    for (int cut = 0; cut < 2; cut++) {
        const size_t length = sizeof(suspends) - 1 - (cut ? 9 : 0);
        begin(state);
        start();
        assert_int_equal(send(guest, frames, both, 0), both);
        assert_int_equal(recv(gate, line, both - (size_t)2 * XW_FRAME_HEAD, MSG_WAITALL),
                         both - (size_t)2 * XW_FRAME_HEAD);
        frame(XW_FRAME_WORDS, suspends, length);
        assert_int_equal(recv(gate, line, length, MSG_WAITALL), length);
        close(guest);
        assert_int_equal(finish(), ENDED_WELL);
        assert_string_equal(said, cut ? "progress - the machine has stopped\nend 0\n" : "end 0\n");
    }
}

/* What comes in one piece goes on in one turn, and may be as long as it may be. */
static void frames_that_come_together(void **state)
{
    static char longest[XW_FRAME_MAX], got[XW_FRAME_MAX + 2];
    char words[XW_FRAME_WORDS_MAX];

    (void)state;
    start();
    await_open();
    assert_int_equal(send(guest, "g\0\1ag\0\1bw\0\2x\ng\0\1c", 17, 0), 17);
    assert_int_equal(recv(viewer, got, 3, MSG_WAITALL), 3);
    assert_memory_equal(got, "abc", 3);
    assert_int_equal(recv(gate, words, 2, MSG_WAITALL), 2);
    memset(longest, 'l', sizeof(longest));
    frame(XW_FRAME_GUEST, longest, sizeof(longest));
    assert_int_equal(recv(viewer, got, sizeof(longest), MSG_WAITALL), sizeof(longest));
    frame(XW_FRAME_WORDS, longest, sizeof(words));
    assert_int_equal(recv(gate, words, sizeof(words), MSG_WAITALL), sizeof(words));
    close(viewer);
    assert_int_equal(finish(), ENDED_WELL);
    assert_string_equal(said, "end 0\n");
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

/* Frames of all lengths, and words between them; bytes are numbered so that none can be lost. */
static size_t make_frames(unsigned char *out, unsigned char *bytes, size_t count)
{
    size_t used = 0;
    size_t done = 0;

    for (size_t i = 0; i < count; i++)
        bytes[i] = (unsigned char)(i * 7 + i / 251);
    for (size_t length = 1; done < count; length = (length * 5 + 3) % XW_FRAME_MAX + 1) {
        size_t here = length < count - done ? length : count - done;
        out[used++] = XW_FRAME_GUEST;
        out[used++] = (unsigned char)(here >> 8);
        out[used++] = (unsigned char)here;
        memcpy(out + used, bytes + done, here);
        used += here;
        done += here;
        memcpy(out + used, "w\0\2x\n", 5);
        used += 5;
    }
    return used;
}

/* More than any buffer, to a viewer that reads late: nothing is lost, and nothing spins. */
static void a_viewer_that_reads_late(void **state)
{
    static unsigned char frames[4 * MUCH], bytes[MUCH], got[MUCH];
    size_t size = make_frames(frames, bytes, MUCH);
    size_t sent = 0;
    size_t came = 0;

    (void)state;
    start();
    await_open();
    while (came < MUCH) {
        ssize_t n;
        while (sent < size && (n = send(guest, frames + sent, size - sent, MSG_DONTWAIT)) > 0)
            sent += (size_t)n;
        usleep(1000);
        /* The other way is open meanwhile. */
        passes(viewer, guest, "x");
        n = recv(viewer, got + came, MUCH - came < 30000 ? MUCH - came : 30000, 0);
        assert_true(n > 0);
        came += (size_t)n;
    }
    assert_memory_equal(got, bytes, MUCH);
    assert_true(world->turns < 20000);
    /* Nobody reads: it waits. */
    unsigned long before = world->turns;
    while (send(guest, frames, size, MSG_DONTWAIT) > 0) {
    }
    usleep(200000);
    assert_true(world->turns - before < 1000);
    close(viewer);
    assert_int_equal(finish(), ENDED_WELL);
}

/* The viewer's last keys reach the console, though it takes them late. */
static void the_last_keys_of_a_viewer(void **state)
{
    static char text[MUCH];
    size_t sent = 0;
    size_t got = 0;
    ssize_t n;

    (void)state;
    start();
    await_open();
    for (int i = 0; i < 2; i++) {
        while ((n = send(viewer, text, sizeof(text), MSG_DONTWAIT)) > 0)
            sent += (size_t)n;
        usleep(20000);
    }
    shutdown(viewer, SHUT_WR);
    unsigned long before = world->turns;
    usleep(100000);
    assert_true(world->turns - before < 10);
    while (got < sent && (n = recv(guest, text, sizeof(text), 0)) > 0)
        got += (size_t)n;
    assert_int_equal(got, sent);
    assert_int_equal(finish(), ENDED_WELL);
    assert_string_equal(said, "end 0\n");
    assert_true(world->turns < 5000);
}

static void type(const char *text, size_t length)
{
    assert_int_equal(send(viewer, text, length, 0), length);
}

static void say(const char *text, size_t length)
{
    frame(XW_FRAME_GUEST, text, length);
}

/*
 * Sends through the relay to who takes nothing, until no more arrives: some is in the relay then.
 * Returns how many bytes were sent.
 */
static size_t pile_up(void (*give)(const char *text, size_t length), int taker)
{
    static const char text[1000];
    size_t sent = 0;
    int before = -1;
    int waiting = 0;

    while (waiting != before) {
        before = waiting;
        sent += sizeof(text);
        give(text, sizeof(text));
        usleep(5000);
        assert_int_equal(ioctl(taker, FIONREAD, &waiting), 0);
    }
    return sent;
}

/* Takes all that is piled up there, to its end. Returns how much it was. */
static size_t drain(int from)
{
    char text[1000];
    size_t got = 0;
    ssize_t n;

    while ((n = recv(from, text, sizeof(text), 0)) > 0)
        got += (size_t)n;
    return got;
}

/* One who has gone is not asked again, while a console that takes nothing has still to get some. */
static void one_who_has_gone_is_not_asked(void **state)
{
    (void)state;
    start();
    await_open();
    size_t sent = pile_up(type, guest);
    shutdown(viewer, SHUT_WR);
    usleep(20000);
    unsigned long turns = world->turns;
    usleep(100000);
    assert_true(world->turns - turns < 10);
    assert_int_equal(drain(guest), sent);
    assert_int_equal(finish(), ENDED_WELL);
    assert_string_equal(said, "end 0\n");
}

/* With both ways full, whoever goes leaves what the other takes later: all of it. */
static void what_is_left_of_who_has_gone(void **state)
{
    static unsigned char frames[4 * MUCH], bytes[MUCH], got[4 * MUCH];
    size_t size = make_frames(frames, bytes, MUCH);
    size_t guests = 0;
    size_t came = 0;
    size_t sent = 0;
    ssize_t n;

    (void)state;
    start();
    await_open();
    for (int i = 0; i < 2; i++) {
        while (sent < size && (n = send(guest, frames + sent, size - sent, MSG_DONTWAIT)) > 0)
            sent += (size_t)n;
        usleep(20000);
    }
    close(guest);
    usleep(20000);
    for (size_t at = 0; at + XW_FRAME_HEAD < sent;) {
        size_t length = (size_t)frames[at + 1] << 8 | frames[at + 2];
        size_t here = sent - at - XW_FRAME_HEAD < length ? sent - at - XW_FRAME_HEAD : length;
        guests += frames[at] == XW_FRAME_GUEST ? here : 0;
        at += XW_FRAME_HEAD + length;
    }
    while ((n = recv(viewer, got + came, sizeof(got) - came, 0)) > 0)
        came += (size_t)n;
    assert_int_equal(came, guests);
    assert_int_equal(finish(), ENDED_WELL);
    /* The other way round. */
    begin(state);
    start();
    await_open();
    sent = came = 0;
    for (int i = 0; i < 2; i++) {
        while ((n = send(viewer, got, sizeof(got), MSG_DONTWAIT)) > 0)
            sent += (size_t)n;
        usleep(20000);
    }
    close(viewer);
    usleep(20000);
    while ((n = recv(guest, got, sizeof(got), 0)) > 0)
        came += (size_t)n;
    assert_int_equal(came, sent);
    assert_int_equal(finish(), ENDED_WELL);
}

/* Of a frame that isn't whole yet the rest is waited for, asleep; at the end nobody waits for it.
 */
static void a_part_of_a_frame(void **state)
{
    static const struct {
        const char *bytes;
        size_t length;
        size_t passed;
    } cases[] = {{"g\0", 2, 0}, {"g\0\5ab", 5, 2}, {"w\0\3x", 4, 0}};

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        char got[8];
        begin(state);
        start();
        await_open();
        assert_int_equal(send(guest, cases[i].bytes, cases[i].length, 0), cases[i].length);
        usleep(20000);
        unsigned long before = world->turns;
        usleep(100000);
        assert_true(world->turns - before < 10);
        shutdown(guest, SHUT_WR);
        if (cases[i].passed)
            assert_int_equal(recv(viewer, got, cases[i].passed, MSG_WAITALL), cases[i].passed);
        assert_int_equal(recv(viewer, got, sizeof(got), 0), 0);
        assert_int_equal(finish(), ENDED_WELL);
        assert_string_equal(said, "progress - the machine has stopped\nend 0\n");
    }
}

/* What the guest has said last, while the viewer takes nothing, comes when they do. */
static void the_last_of_a_guest(void **state)
{
    (void)state;
    start();
    await_open();
    size_t sent = pile_up(say, viewer);
    close(guest);
    usleep(20000);
    assert_int_equal(drain(viewer), sent);
    assert_int_equal(finish(), ENDED_WELL);
    assert_string_equal(said, "progress - the machine has stopped\nend 0\n");
}

/* Words and bytes of the guest keep apart, in whatever pieces they come. */
static void words_are_not_the_guests(void **state)
{
    static const char frames[] = "w\0\012viewer a\n\ng\0\5left\n";
    char got[16] = "";
    char line[16] = "";

    (void)state;
    start();
    for (size_t i = 0; i < sizeof(frames) - 1; i++) {
        assert_int_equal(send(guest, frames + i, 1, 0), 1);
        usleep(2000);
    }
    assert_int_equal(recv(viewer, got, 5, MSG_WAITALL), 5);
    assert_string_equal(got, "left\n");
    assert_int_equal(recv(gate, line, 10, MSG_WAITALL), 10);
    assert_string_equal(line, "viewer a\n\n");
    close(viewer);
    assert_int_equal(finish(), ENDED_WELL);
    assert_string_equal(said, "end 0\n");
}

/* A console's relay that has been taken over: what is no frame ends it, with nothing passed on. */
static void what_is_no_frame(void **state)
{
    static const struct {
        const char *bytes;
        size_t length;
    } cases[] = {{"g\0\0", 3},  {"w\0\0", 3},   {"w\0\241", 3},  {"w\1\0", 3},
                 {"x\0\1y", 4}, {"g\040\1", 3}, {"g\377\377", 3}};

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        char got[8];
        begin(state);
        start();
        await_open();
        assert_int_equal(send(guest, cases[i].bytes, cases[i].length, 0), cases[i].length);
        assert_int_equal(recv(viewer, got, sizeof(got), 0), 0);
        assert_int_equal(finish(), ENDED_WELL);
        assert_string_equal(said, "end 0\n");
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
            /* poll() says no EAGAIN. */
            if (numbers[i] == EINTR || (which > 0 && numbers[i] == EAGAIN)) {
                await_open();
                passes(guest, viewer, "a");
                passes(viewer, guest, "b");
                passes(guest, viewer, "c");
                passes(viewer, guest, "d");
                close(viewer);
            } else {
                siginfo_t info = {0};
                while (waitid(P_PID, (id_t)relay, &info, WEXITED | WNOHANG | WNOWAIT) == 0 &&
                       info.si_pid == 0) {
                    send(guest, "g\0\1a", 4, MSG_NOSIGNAL | MSG_DONTWAIT);
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

static void what_it_is_not_started_as(void **state)
{
    char name[] = "xwrelay", viewer_word[] = "viewer", other[] = "both";
    char *const none[] = {name, NULL}, *const wrong[] = {name, other, NULL},
                *const more[] = {name, viewer_word, other, NULL};

    (void)state;
    assert_int_equal(relay_main(1, (char **)none), 2);
    assert_int_equal(relay_main(2, (char **)wrong), 2);
    assert_int_equal(relay_main(3, (char **)more), 2);
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

#define FRESH(test) cmocka_unit_test_setup(test, begin)

int main(void)
{
    const struct CMUnitTest tests[] = {
        FRESH(both_ways),
        FRESH(the_machine_stops),
        FRESH(the_lab_closes),
        FRESH(it_is_suspended),
        FRESH(words_that_begin_the_same),
        FRESH(frames_that_come_together),
        FRESH(the_gate_goes),
        FRESH(the_gate_is_gone_at_once),
        FRESH(a_viewer_that_reads_late),
        FRESH(the_last_keys_of_a_viewer),
        FRESH(one_who_has_gone_is_not_asked),
        FRESH(what_is_left_of_who_has_gone),
        FRESH(the_last_of_a_guest),
        FRESH(a_part_of_a_frame),
        FRESH(words_are_not_the_guests),
        FRESH(what_is_no_frame),
        FRESH(what_it_is_not_started_as),
        FRESH(interrupted_calls),
        FRESH(it_can_not_be_read),
    };

    begin(NULL);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
