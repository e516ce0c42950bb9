/* links: xwhelper/relay/stream.c common/copy_frame.c */
/*
 * T-J8. A stream's relay: bytes of both sides, whole and in order and no more than its buffers
 * hold, and ends that stall, go, and take away what was announced. The filter has a test of its
 * own.
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

#include "common/copy_frame.h"

#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

enum { MUCH = 2000000, PIECE = 30000, MACHINE = 3, TIMER = 6, ENDED_WELL = 0 };

const struct xw_policy xw_relay_viewer_policy, xw_relay_console_policy, xw_relay_stream_policy;

void xw_relay_console(void)
{
    abort();
}

void xw_relay_viewer(void)
{
    abort();
}

/* What the relay's process is seen and disturbed by. */
static struct world {
    bool confined;
    pid_t relay;
    unsigned long turns;
    volatile bool steals; /* what is there to read is taken away before it is read */
    bool interrupted;     /* every second call of poll, recvmsg and send */
    unsigned long calls[3];
} * world;

static int machine, viewer, gate, timer;
static const char *asked_kind = "stream";
static int stolen_from;
static pid_t relay;

bool xw_policy_enter(const struct xw_policy *policy)
{
    world->confined = policy == &xw_relay_stream_policy;
    world->relay = getpid();
    return true;
}

static bool is_interrupted(int which)
{
    return world->relay == getpid() && world->interrupted && ++world->calls[which] % 2 != 0;
}

int poll(struct pollfd *fds, nfds_t count, int timeout)
{
    int (*libc)(struct pollfd *, nfds_t, int) = NULL;

    *(void **)&libc = dlsym(RTLD_NEXT, "poll");
    if (world->relay == getpid())
        world->turns++;
    if (is_interrupted(0)) {
        errno = EINTR;
        return -1;
    }
    return libc(fds, count, timeout);
}

ssize_t recvmsg(int fd, struct msghdr *message, int flags)
{
    ssize_t (*libc)(int, struct msghdr *, int) = NULL;
    char byte;

    *(void **)&libc = dlsym(RTLD_NEXT, "recvmsg");
    if (world->relay == getpid() && world->steals && fd == 4) {
        world->steals = false;
        if (read(fd, &byte, 1) != 1)
            abort();
    }
    if (is_interrupted(1)) {
        errno = EINTR;
        return -1;
    }
    return libc(fd, message, flags);
}

ssize_t send(int fd, const void *bytes, size_t length, int flags)
{
    ssize_t (*libc)(int, const void *, size_t, int) = NULL;

    *(void **)&libc = dlsym(RTLD_NEXT, "send");
    if (fd != 5 && is_interrupted(2)) {
        errno = EINTR;
        return -1;
    }
    return libc(fd, bytes, length, flags);
}

static int begin(void **state)
{
    (void)state;
    if (!world)
        world =
            mmap(NULL, sizeof(*world), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    memset(world, 0, sizeof(*world));
    return 0;
}

static _Noreturn void be_relay(int pairs[3][2])
{
    int aside[4];
    char name[] = "xwrelay", kind[24];
    char *argv[] = {name, kind, NULL};

    snprintf(kind, sizeof(kind), "%s", asked_kind);

    signal(SIGABRT, SIG_DFL);
    signal(SIGPIPE, SIG_DFL);
    for (int i = 0; i < 3; i++)
        aside[i] = fcntl(pairs[i][1], F_DUPFD, 64);
    aside[3] = fcntl(timer, F_DUPFD, 64);
    for (int i = 0; i < 4; i++)
        dup2(aside[i], MACHINE + i);
    close_range(TIMER + 1, ~0U, 0);
    alarm(120);
    int code = relay_main(2, argv);
    _exit(code ? code : world->confined && prctl(PR_GET_DUMPABLE) == 0 ? 0 : 50);
}

/* Starts the relay, which has said that it is open. */
static void start(void)
{
    int *const ours[] = {&machine, &viewer, &gate};
    const struct timeval patience = {.tv_sec = 10};
    int pairs[3][2];
    char line[6] = "";

    for (int i = 0; i < 3; i++)
        assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pairs[i]), 0);
    timer = eventfd(0, EFD_CLOEXEC);
    fflush(NULL);
    relay = fork();
    if (relay == 0)
        be_relay(pairs);
    for (int i = 0; i < 3; i++) {
        *ours[i] = pairs[i][0];
        /* The student's end of the pair, and the relay's as the student holds it besides. */
        if (i == 1)
            stolen_from = pairs[i][1];
        else
            close(pairs[i][1]);
        setsockopt(*ours[i], SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
        setsockopt(*ours[i], SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof(patience));
    }
    assert_int_equal(recv(gate, line, 5, MSG_WAITALL), 5);
    assert_string_equal(line, "open\n");
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
    const int all[] = {machine, viewer, gate, timer, stolen_from};
    for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
        if (all[i] >= 0)
            close(all[i]);
    }
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

static void passes(int from, int to, const char *text)
{
    char got[64];
    size_t length = strlen(text);

    assert_int_equal(send(from, text, length, 0), length);
    assert_int_equal(recv(to, got, length, MSG_WAITALL), length);
    assert_memory_equal(got, text, length);
}

/* As much as is taken of nothing in particular. Returns how much. */
static size_t stuff(int fd)
{
    static char nothing[PIECE];
    struct pollfd room = {.fd = fd, .events = POLLOUT};
    size_t sum = 0;
    ssize_t n;

    while (poll(&room, 1, 300) == 1 && (n = send(fd, nothing, sizeof(nothing), MSG_DONTWAIT)) > 0)
        sum += (size_t)n;
    return sum;
}

static void both_ways(void **state)
{
    (void)state;
    for (int interrupted = 0; interrupted < 2; interrupted++) {
        begin(state);
        world->interrupted = interrupted;
        start();
        passes(machine, viewer, "RFB 003.008\n");
        passes(viewer, machine, "RFB 003.008\n");
        passes(machine, viewer, "\1\1");
        assert_int_equal(send(viewer, "last", 4, 0), 4);
        close(stolen_from);
        close(viewer);
        stolen_from = viewer = -1;
        char got[4];
        assert_int_equal(recv(machine, got, 4, MSG_WAITALL), 4);
        assert_int_equal(finish(), ENDED_WELL);
        assert_string_equal(said, "end 0\n");
        /* It slept in between. */
        assert_true(world->turns < 100);
    }
}

/* Sends while there is room, and takes a piece now and then; numbered, so that none can be lost. */
static void much(int from, int to)
{
    static unsigned char bytes[MUCH], got[MUCH];
    size_t sent = 0;
    size_t came = 0;

    for (size_t i = 0; i < MUCH; i++)
        bytes[i] = (unsigned char)(i * 7 + i / 251);
    memset(got, 0, sizeof(got));
    while (came < MUCH) {
        ssize_t n;
        while (sent < MUCH && (n = send(from, bytes + sent, MUCH - sent, MSG_DONTWAIT)) > 0)
            sent += (size_t)n;
        n = recv(to, got + came, MUCH - came < PIECE ? MUCH - came : PIECE, 0);
        assert_true(n > 0);
        came += (size_t)n;
        /* The other way is open meanwhile. */
        passes(to, from, "x");
    }
    assert_memory_equal(got, bytes, MUCH);
}

static void more_than_any_buffer(void **state)
{
    (void)state;
    start();
    much(machine, viewer);
    much(viewer, machine);
    close(machine);
    machine = -1;
    assert_int_equal(finish(), ENDED_WELL);
    assert_true(world->turns < 4000);
}

/* Who doesn't read holds the other side back, and not the other way; nothing spins meanwhile. */
static void nobody_reads(void **state)
{
    (void)state;
    const size_t bound = 2000000;

    start();
    assert_in_range(stuff(machine), 1, bound);
    passes(viewer, machine, "the other way is open");
    assert_in_range(stuff(viewer), 1, bound);
    unsigned long turns = world->turns;
    poll(NULL, 0, 200);
    assert_true(world->turns - turns < 10);
    /* With both ways full, it is over when the viewer has gone. */
    close(stolen_from);
    close(viewer);
    stolen_from = viewer = -1;
    assert_int_equal(finish(), ENDED_WELL);
    assert_string_equal(said, "end 0\n");
}

/* Nor is it kept by a machine that takes nothing, when only what is for it waits. */
static void a_machine_that_hangs(void **state)
{
    (void)state;
    start();
    assert_true(stuff(viewer) > 0);
    close(stolen_from);
    close(viewer);
    stolen_from = viewer = -1;
    assert_int_equal(finish(), ENDED_WELL);
}

static void the_machine_stops(void **state)
{
    static char got[MUCH];

    (void)state;
    for (int full = 0; full < 2; full++) {
        begin(state);
        start();
        /* What it wrote last is not lost, though what was for it has nobody who takes it. */
        size_t size = full ? stuff(machine) : 3;
        if (!full)
            assert_int_equal(send(machine, "bye", 3, 0), 3);
        if (full)
            stuff(viewer);
        close(machine);
        machine = -1;
        assert_int_equal(recv(viewer, got, size, MSG_WAITALL), size);
        assert_int_equal(finish(), ENDED_WELL);
        assert_string_equal(said, "end 0\n");
        assert_true(world->turns < 2000);
    }
}

/* A viewer who says no more has what it said passed on, and then it is over. */
static void the_viewer_has_finished(void **state)
{
    char got[5];

    (void)state;
    start();
    assert_int_equal(send(viewer, "done\n", 5, 0), 5);
    shutdown(viewer, SHUT_WR);
    assert_int_equal(recv(machine, got, 5, MSG_WAITALL), 5);
    assert_int_equal(recv(machine, got, 5, 0), 0);
    assert_int_equal(finish(), ENDED_WELL);
}

static void the_lab_closes(void **state)
{
    (void)state;
    for (int full = 0; full < 2; full++) {
        begin(state);
        start();
        passes(machine, viewer, "x");
        if (full) {
            stuff(machine);
            stuff(viewer);
        }
        assert_int_equal(eventfd_write(timer, 1), 0);
        assert_int_equal(finish(), ENDED_WELL);
        assert_string_equal(said, "progress - the lab has closed\nend 0\n");
    }
}

/* The viewer's socket is the student's, too: what poll(2) has announced may be gone. */
static void a_student_who_takes_it_away(void **state)
{
    (void)state;
    start();
    world->steals = true;
    assert_int_equal(send(viewer, "s", 1, 0), 1);
    for (int i = 0; world->steals && i < 1000; i++)
        poll(NULL, 0, 10);
    assert_false(world->steals);
    passes(machine, viewer, "it goes on");
    passes(viewer, machine, "both ways");
    assert_int_equal(eventfd_write(timer, 1), 0);
    assert_int_equal(finish(), ENDED_WELL);
    assert_string_equal(said, "progress - the lab has closed\nend 0\n");
}

static void the_gate_goes(void **state)
{
    (void)state;
    start();
    passes(machine, viewer, "x");
    close(gate);
    gate = -1;
    assert_int_equal(finish(), ENDED_WELL);
}

/* The number of descriptors that a process has. */
static size_t held_by(pid_t pid)
{
    char path[64];
    size_t count = 0;

    for (int fd = 0; fd < 64; fd++) {
        snprintf(path, sizeof(path), "/proc/%d/fd/%d", (int)pid, fd);
        count += faccessat(AT_FDCWD, path, F_OK, AT_SYMLINK_NOFOLLOW) == 0;
    }
    return count;
}

/* A descriptor that a student sends along is not had, and the bytes are. */
static void no_descriptor_is_taken(void **state)
{
    union {
        struct cmsghdr header;
        char space[CMSG_SPACE(sizeof(int))];
    } control = {.space = {0}};
    struct iovec data = {.iov_base = (char[]){"x"}, .iov_len = 1};
    struct msghdr message = {.msg_iov = &data,
                             .msg_iovlen = 1,
                             .msg_control = &control,
                             .msg_controllen = sizeof(control.space)};
    char byte;

    (void)state;
    start();
    passes(viewer, machine, "x");
    size_t before = held_by(relay);
    assert_true(before >= 4);
    int along = timer;
    control.header.cmsg_level = SOL_SOCKET;
    control.header.cmsg_type = SCM_RIGHTS;
    control.header.cmsg_len = CMSG_LEN(sizeof(int));
    memcpy(CMSG_DATA(&control.header), &along, sizeof(int));
    assert_int_equal(sendmsg(viewer, &message, 0), 1);
    assert_int_equal(recv(machine, &byte, 1, MSG_WAITALL), 1);
    passes(viewer, machine, "x");
    assert_int_equal(held_by(relay), before);
    close(machine);
    machine = -1;
    assert_int_equal(finish(), ENDED_WELL);
}

/* What is sent to one side until that is over comes out at the other: how many bytes. */
static uint64_t flood(int from, int to, uint64_t most)
{
    static char bytes[65536];
    struct pollfd sides[2] = {{.fd = from}, {.fd = to, .events = POLLIN}};
    uint64_t sent = 0;
    uint64_t came = 0;

    for (;;) {
        size_t now = most - sent < sizeof(bytes) ? (size_t)(most - sent) : sizeof(bytes);
        sides[0].events = now > 0 ? POLLOUT : 0;
        if (poll(sides, 2, 500) == 0)
            return came;
        ssize_t n = now > 0 ? send(from, bytes, now, MSG_NOSIGNAL | MSG_DONTWAIT) : 0;
        const bool gone = (n < 0 && errno != EAGAIN) || (sides[0].revents & POLLHUP);
        sent += n > 0 ? (uint64_t)n : 0;
        n = recv(to, bytes, sizeof(bytes), MSG_DONTWAIT);
        if (n == 0 || (n < 0 && (gone || errno != EAGAIN)))
            return came;
        came += n > 0 ? (uint64_t)n : 0;
    }
}

/* T-H11 */
static void files_have_a_limit(void **state)
{
    static const struct {
        const char *kind;
        bool put;
        bool into;
    } cases[] = {{"copy-to=1", true, true},
                 {"copy-to=1", true, false},
                 {"copy-from=1", false, true},
                 {"copy-from=1", false, false}};

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        const struct xw_copy_passage passage = xw_copy_passage(cases[i].put, 1 << 20);
        const uint64_t most = cases[i].into ? passage.to_machine : passage.from_machine;
        for (unsigned int more = 0; more < 2; more++) {
            begin(state);
            asked_kind = cases[i].kind;
            start();
            int *from = cases[i].into ? &viewer : &machine;
            int *to = cases[i].into ? &machine : &viewer;
            uint64_t came = flood(*from, *to, most + more);
            if (!more)
                assert_int_equal(came, most);
            assert_true(came <= most);
            if (!more) {
                close(machine);
                machine = -1;
            }
            assert_int_equal(finish(), ENDED_WELL);
            assert_string_equal(said, more ? "error more than the 1 MiB that this lab lets be "
                                             "copied at a time\nend 4\n"
                                           : "end 0\n");
        }
    }
    asked_kind = "stream";
}

/* What is no kind, or has no limit, does nothing. */
static void kinds_of_relays(void **state)
{
    static const char *const none[] = {"copy-to", "copy-to=",  "copy-to=0", "copy-from=x",
                                       "copy=1",  "copy-from", "",          "streams"};
    char name[] = "xwrelay";

    (void)state;
    for (size_t i = 0; i < sizeof(none) / sizeof(none[0]); i++) {
        char kind[24];
        char *argv[] = {name, kind, NULL};
        snprintf(kind, sizeof(kind), "%s", none[i]);
        assert_int_equal(relay_main(2, argv), XW_EXIT_USAGE);
    }
    assert_int_equal(relay_main(1, (char *[]){name, NULL}), XW_EXIT_USAGE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(both_ways, begin),
        cmocka_unit_test_setup(more_than_any_buffer, begin),
        cmocka_unit_test_setup(nobody_reads, begin),
        cmocka_unit_test_setup(a_machine_that_hangs, begin),
        cmocka_unit_test_setup(the_machine_stops, begin),
        cmocka_unit_test_setup(the_viewer_has_finished, begin),
        cmocka_unit_test_setup(the_lab_closes, begin),
        cmocka_unit_test_setup(a_student_who_takes_it_away, begin),
        cmocka_unit_test_setup(the_gate_goes, begin),
        cmocka_unit_test_setup(no_descriptor_is_taken, begin),
        cmocka_unit_test_setup(files_have_a_limit, begin),
        cmocka_unit_test_setup(kinds_of_relays, begin),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
