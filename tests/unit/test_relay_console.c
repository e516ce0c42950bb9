/* links: xwhelper/relay/console.c xwhelper/relay/seat.c xwhelper/relay/ring.c */
/*
 * A console's relay with one viewer and with many: who sees and types what, who is told, and that
 * nobody is kept waiting by one who is slow, stopped or gone.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "xwhelper/relay/frame.h"
#include "xwhelper/relay/join.h"
#include "xwhelper/relay/notice.h"
#include "xwhelper/relay/relay.h"
#include "xwhelper/relay/ring.h"
#include "xwhelper/relay/seat.h"

enum { GUEST = 3, JOIN = 4, LOCK = 5, NOTICE = 6, HISTORY = 7, SEATS = 16, MUCH = 900000 };

static int guest = -1, join = -1, notice = -1;
static pid_t relay;

/* A relay to which the keeper gives a pipe's reading end, or -1. */
static int start(int history)
{
    int guest_ends[2];
    int join_ends[2];

    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, guest_ends) < 0 ||
        socketpair(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0, join_ends) < 0)
        return -1;
    char name[] = "/tmp/relay-XXXXXX";
    char fifo[64];
    if (!mkdtemp(name))
        return -1;
    snprintf(fifo, sizeof(fifo), "%s/fifo", name);
    if (mkfifo(fifo, 0600) < 0 || (notice = open(fifo, O_RDWR | O_NONBLOCK | O_CLOEXEC)) < 0)
        return -1;
    unlink(fifo);
    rmdir(name);
    fflush(NULL);
    relay = fork();
    if (relay == 0) {
        int aside[] = {fcntl(guest_ends[1], F_DUPFD, 64), fcntl(join_ends[1], F_DUPFD, 64),
                       fcntl(notice, F_DUPFD, 64), fcntl(history, F_DUPFD, 64)};
        dup2(aside[0], GUEST);
        dup2(aside[1], JOIN);
        dup2(aside[2], NOTICE);
        close(LOCK);
        close_range(NOTICE + 1, ~0U, history < 0 ? 0 : CLOSE_RANGE_CLOEXEC);
        if (history >= 0)
            dup2(aside[3], HISTORY);
        close_range(HISTORY + 1, ~0U, 0);
        alarm(120);
        xw_relay_console();
        _exit(0);
    }
    close(guest_ends[1]);
    close(join_ends[1]);
    const struct timeval patience = {.tv_sec = 10};
    guest = guest_ends[0];
    join = join_ends[0];
    setsockopt(guest, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
    return 0;
}

static int begin(void **state)
{
    (void)state;
    return start(-1);
}

static bool has_ended(void)
{
    siginfo_t info = {0};

    return waitid(P_PID, (id_t)relay, &info, WEXITED | WNOHANG | WNOWAIT) == 0 && info.si_pid != 0;
}

static int end(void **state)
{
    int status;

    (void)state;
    close(guest);
    close(join);
    close(notice);
    return waitpid(relay, &status, 0) == relay && status == 0 ? 0 : -1;
}

/* The keeper brings `length` bytes about somebody, with these descriptors. */
static void bring(const void *who, size_t length, const int *fds, size_t count)
{
    union {
        struct cmsghdr header;
        char space[CMSG_SPACE(4 * sizeof(int))];
    } control = {.space = {0}};
    char copy[128] = {0};
    struct iovec data = {.iov_base = copy, .iov_len = length};
    struct msghdr message = {.msg_iov = &data, .msg_iovlen = 1};

    memcpy(copy, who, length < sizeof(struct xw_join) ? length : sizeof(struct xw_join));
    if (count > 0) {
        message.msg_control = &control;
        message.msg_controllen = CMSG_SPACE(count * sizeof(int));
        struct cmsghdr *header = CMSG_FIRSTHDR(&message);
        header->cmsg_level = SOL_SOCKET;
        header->cmsg_type = SCM_RIGHTS;
        header->cmsg_len = CMSG_LEN(count * sizeof(int));
        memcpy(CMSG_DATA(header), fds, count * sizeof(int));
    }
    assert_int_equal(sendmsg(join, &message, 0), length);
}

static int come(const char *name, enum xw_join_mode mode)
{
    struct xw_join who = {.mode = (unsigned char)mode};
    const struct timeval patience = {.tv_sec = 10};
    int ends[2];

    snprintf(who.name, sizeof(who.name), "%s", name);
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends), 0);
    bring(&who, sizeof(who), &ends[1], 1);
    close(ends[1]);
    setsockopt(ends[0], SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
    return ends[0];
}

/* One frame; kind, or 0 at the end. */
static char next_frame(int fd, char bytes[XW_FRAME_MAX + 1], size_t *length)
{
    unsigned char head[XW_FRAME_HEAD];

    if (recv(fd, head, sizeof(head), MSG_WAITALL) != (ssize_t)sizeof(head))
        return 0;
    *length = (size_t)head[1] << 8 | head[2];
    assert_true(*length > 0 && *length <= XW_FRAME_MAX);
    assert_int_equal(recv(fd, bytes, *length, MSG_WAITALL), *length);
    bytes[*length] = '\0';
    return (char)head[0];
}

/* The next frame is exactly this. */
static void gets(int fd, char kind, const char *text)
{
    char bytes[XW_FRAME_MAX + 1] = "";
    size_t length = 0;

    assert_int_equal(next_frame(fd, bytes, &length), kind);
    assert_string_equal(bytes, text);
}

static void is_accepted(int fd)
{
    char byte = '\0';

    assert_int_equal(recv(fd, &byte, 1, 0), 1);
    assert_int_equal(byte, XW_RELAY_ACCEPTS);
}

/* Somebody who comes alone. */
static int come_alone(void)
{
    int fd = come("alice", XW_JOIN_WRITE);

    is_accepted(fd);
    gets(fd, XW_FRAME_WORDS, "open\n");
    return fd;
}

static void guest_says(const char *text)
{
    assert_int_equal(send(guest, text, strlen(text), 0), strlen(text));
}

static void guest_hears(const char *text)
{
    char bytes[64] = "";

    assert_int_equal(recv(guest, bytes, strlen(text), MSG_WAITALL), strlen(text));
    assert_string_equal(bytes, text);
}

static void types(int fd, const char *text)
{
    assert_int_equal(send(fd, text, strlen(text), MSG_NOSIGNAL), strlen(text));
}

static void one_viewer(void **state)
{
    int alice = come_alone();

    (void)state;
    guest_says("login: ");
    gets(alice, XW_FRAME_GUEST, "login: ");
    types(alice, "root\r");
    guest_hears("root\r");
    /* With the last one it ends. */
    close(alice);
    assert_int_equal(recv(guest, &(char){0}, 1, 0), 0);
}

static void everybody_sees_and_types(void **state)
{
    int alice = come_alone();
    int bob = come("bob", XW_JOIN_WRITE);

    (void)state;
    is_accepted(bob);
    gets(bob, XW_FRAME_WORDS, "viewer alice write\n");
    gets(bob, XW_FRAME_WORDS, "open\n");
    gets(alice, XW_FRAME_WORDS, "viewer bob write\n");
    guest_says("# ");
    gets(alice, XW_FRAME_GUEST, "# ");
    gets(bob, XW_FRAME_GUEST, "# ");
    types(alice, "a");
    guest_hears("a");
    types(bob, "b");
    guest_hears("b");
    /* The first leaves, the second goes on. */
    close(alice);
    gets(bob, XW_FRAME_WORDS, "left alice write\n");
    guest_says("x");
    gets(bob, XW_FRAME_GUEST, "x");
    types(bob, "y");
    guest_hears("y");
    assert_false(has_ended());
    close(bob);
}

static void who_watches_types_nothing(void **state)
{
    int alice = come_alone();
    int carol = come("carol", XW_JOIN_WATCH);

    (void)state;
    is_accepted(carol);
    gets(carol, XW_FRAME_WORDS, "viewer alice write\n");
    gets(carol, XW_FRAME_WORDS, "open\n");
    gets(alice, XW_FRAME_WORDS, "viewer carol watch\n");
    for (int i = 0; i < 100; i++)
        types(carol, "no ");
    types(alice, "yes");
    guest_hears("yes");
    usleep(50000);
    types(alice, "!");
    guest_hears("!");
    guest_says("seen");
    gets(carol, XW_FRAME_GUEST, "seen");
    close(carol);
    gets(alice, XW_FRAME_GUEST, "seen");
    gets(alice, XW_FRAME_WORDS, "left carol watch\n");
    close(alice);
}

static void who_takes_over_types_alone(void **state)
{
    int alice = come_alone();
    int tina = come("tina", XW_JOIN_TAKE);

    (void)state;
    gets(alice, XW_FRAME_WORDS, "viewer tina take\n");
    types(alice, "no");
    usleep(50000);
    types(tina, "yes");
    guest_hears("yes");
    /* Another one takes over from her; she has it again when that one leaves. */
    int theo = come("theo", XW_JOIN_TAKE);
    gets(alice, XW_FRAME_WORDS, "viewer theo take\n");
    types(tina, "no");
    types(alice, "no");
    usleep(50000);
    types(theo, "theo");
    guest_hears("theo");
    close(theo);
    gets(alice, XW_FRAME_WORDS, "left theo take\n");
    types(tina, "tina");
    guest_hears("tina");
    close(tina);
    gets(alice, XW_FRAME_WORDS, "left tina take\n");
    types(alice, "alice");
    guest_hears("alice");
    close(alice);
}

/* Reads frames until the guest's last byte; returns how many bytes of the guest, in order. */
static size_t read_numbers(int fd, uint32_t *last, bool *skipped)
{
    static char all[MUCH];
    char bytes[XW_FRAME_MAX + 1];
    size_t length;
    size_t used = 0;
    char kind;

    while ((kind = next_frame(fd, bytes, &length)) != 0) {
        if (kind == XW_FRAME_WORDS) {
            *skipped = *skipped || strstr(bytes, "some output was left out");
            continue;
        }
        assert_true(used + length <= sizeof(all));
        memcpy(all + used, bytes, length);
        used += length;
        if (bytes[length - 1] == '.')
            break;
    }
    if (used >= 9)
        *last = (uint32_t)strtoul(all + used - 9, NULL, 10);
    for (size_t at = 8; !*skipped && at + 8 < used; at += 8)
        assert_int_equal(strtoul(all + at, NULL, 10), strtoul(all + at - 8, NULL, 10) + 1);
    return used;
}

/* Numbered lines of 8 bytes, and a full stop; in a process of their own. */
static pid_t flood(uint32_t count)
{
    fflush(NULL);
    pid_t pid = fork();

    if (pid != 0)
        return pid;
    for (uint32_t i = 0; i < count; i++) {
        char line[16];
        snprintf(line, sizeof(line), "%07u\n", i);
        if (send(guest, line, 8, 0) != 8)
            _exit(1);
    }
    _exit(send(guest, ".", 1, 0) != 1);
}

/* One who takes nothing keeps neither the other nor the guest, and is told what they have missed.
 */
static void one_who_is_stopped(void **state)
{
    int alice = come_alone();
    int bob = come("bob", XW_JOIN_WRITE);
    uint32_t last = 0;
    bool skipped = false;
    int status;

    (void)state;
    gets(alice, XW_FRAME_WORDS, "viewer bob write\n");
    pid_t flooding = flood(100000);
    assert_int_equal(read_numbers(alice, &last, &skipped), 800001);
    assert_int_equal(last, 99999);
    assert_false(skipped);
    assert_int_equal(waitpid(flooding, &status, 0), flooding);
    assert_int_equal(status, 0);
    /* Bob has what his socket held, and then the newest. */
    is_accepted(bob);
    assert_true(read_numbers(bob, &last, &skipped) < 800001);
    assert_true(skipped);
    assert_int_equal(last, 99999);
    types(bob, "b");
    guest_hears("b");
    close(alice);
    close(bob);
}

/* Alone, too: the machine is held for a second, and then goes on. */
static void nobody_takes_anything(void **state)
{
    int alice = come_alone();
    uint32_t last = 0;
    bool skipped = false;
    int status;

    (void)state;
    pid_t flooding = flood(100000);
    assert_int_equal(waitpid(flooding, &status, 0), flooding);
    assert_int_equal(status, 0);
    assert_true(read_numbers(alice, &last, &skipped) < 800001);
    assert_true(skipped);
    close(alice);
}

/* One viewer who reads slowly loses nothing: the guest has the viewer's pace. */
static void one_who_is_slow(void **state)
{
    int alice = come_alone();
    uint32_t last = 0;
    bool skipped = false;

    (void)state;
    pid_t flooding = flood(60000);
    usleep(300000);
    assert_int_equal(read_numbers(alice, &last, &skipped), 480001);
    assert_false(skipped);
    assert_int_equal(last, 59999);
    waitpid(flooding, NULL, 0);
    close(alice);
}

/* What a viewer typed before leaving still reaches a guest that takes it late; one that takes
 * nothing doesn't keep the relay. */
static void the_last_keys(void **state)
{
    static char keys[4096];
    int alice = come_alone();
    size_t sent = 0;
    size_t got = 0;
    ssize_t n;

    (void)state;
    memset(keys, 'k', sizeof(keys));
    for (int i = 0; i < 20; i++) {
        while ((n = send(alice, keys, sizeof(keys), MSG_DONTWAIT)) > 0)
            sent += (size_t)n;
        usleep(10000);
    }
    close(alice);
    usleep(100000);
    assert_false(has_ended());
    /* Somebody else comes meanwhile, and hears nothing of it. */
    int bob = come("bob", XW_JOIN_WATCH);
    is_accepted(bob);
    gets(bob, XW_FRAME_WORDS, "open\n");
    while (got < sent && (n = recv(guest, keys, sizeof(keys), 0)) > 0)
        got += (size_t)n;
    assert_int_equal(got, sent);
    close(bob);
    assert_int_equal(recv(guest, keys, 1, 0), 0);
}

static void keys_that_nobody_takes(void **state)
{
    static const char keys[4096];
    int alice = come_alone();

    (void)state;
    for (int i = 0; i < 20; i++) {
        while (send(alice, keys, sizeof(keys), MSG_DONTWAIT) > 0)
            continue;
        usleep(10000);
    }
    close(alice);
    for (int i = 0; i < 100 && !has_ended(); i++)
        usleep(100000);
    assert_true(has_ended());
}

static void the_machine_stops(void **state)
{
    int alice = come_alone();
    int bob = come("bob", XW_JOIN_WRITE);
    char bytes[XW_FRAME_MAX + 1];
    size_t length;

    (void)state;
    is_accepted(bob);
    guest_says("bye");
    shutdown(guest, SHUT_RDWR);
    gets(alice, XW_FRAME_WORDS, "viewer bob write\n");
    gets(alice, XW_FRAME_GUEST, "bye");
    assert_int_equal(next_frame(alice, bytes, &length), 0);
    close(alice);
    close(bob);
}

/* Only so many at once; the next is told, and one more has room when one has left. */
static void the_console_is_full(void **state)
{
    int fds[SEATS];
    char text[256] = "";

    (void)state;
    for (int i = 0; i < SEATS; i++)
        fds[i] = come("alice", XW_JOIN_WRITE);
    int late = come("bob", XW_JOIN_WRITE);
    assert_true(recv(late, text, sizeof(text) - 1, 0) > 0);
    assert_non_null(strstr(text, "error sixteen people are at this console already"));
    assert_non_null(strstr(text, "\nend 75\n"));
    close(late);
    close(fds[3]);
    usleep(50000);
    late = come("bob", XW_JOIN_WRITE);
    is_accepted(late);
    close(late);
    for (int i = 0; i < SEATS; i++) {
        if (i != 3)
            close(fds[i]);
    }
}

static struct timespec marked(void)
{
    struct stat info;

    assert_int_equal(fstat(notice, &info), 0);
    return info.st_mtim;
}

static void notify(unsigned char byte)
{
    assert_int_equal(write(notice, &byte, 1), 1);
}

/* Notices reach everybody who looks on; what somebody types leaves a mark, and nothing else does.
 */
static void notices(void **state)
{
    int alice = come_alone();
    int carol = come("carol", XW_JOIN_WATCH);

    (void)state;
    is_accepted(carol);
    gets(carol, XW_FRAME_WORDS, "viewer alice write\n");
    gets(carol, XW_FRAME_WORDS, "open\n");
    gets(alice, XW_FRAME_WORDS, "viewer carol watch\n");
    notify(5);
    gets(alice, XW_FRAME_WORDS,
         "progress - nothing has happened in this world for a while; in 5 min it is suspended, "
         "unless you type something\n");
    notify(251);
    notify(XW_NOTICE_TRAFFIC);
    notify(XW_NOTICE_STAYS);
    gets(alice, XW_FRAME_WORDS, "progress - the world could not be suspended, and goes on\n");
    notify(XW_NOTICE_SUSPENDING);
    gets(alice, XW_FRAME_WORDS,
         "progress - the world is being suspended; start or console lets it go on where it was\n");
    struct timespec first = marked();
    usleep(20000);
    types(carol, "x");
    guest_says("more");
    gets(alice, XW_FRAME_GUEST, "more");
    struct timespec second = marked();
    assert_memory_equal(&first, &second, sizeof(first));
    types(alice, "y");
    guest_hears("y");
    for (int i = 0; i < 100 && memcmp(&first, &second, sizeof(first)) == 0; i++) {
        usleep(10000);
        second = marked();
    }
    assert_memory_not_equal(&first, &second, sizeof(first));
    close(carol);
    close(alice);
}

/* What only the keeper could send wrongly changes nothing, and no descriptor of it stays. */
static void what_is_no_viewer(void **state)
{
    struct xw_join who = {.name = "mallory"};
    int alice = come_alone();
    int ends[2];

    (void)state;
    for (int i = 0; i < 6; i++) {
        assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends), 0);
        const int two[] = {ends[1], ends[1]};
        who = (struct xw_join){.name = "mallory"};
        if (i == 1)
            who.mode = XW_JOIN_MODES;
        if (i == 2)
            memset(who.name, 'm', sizeof(who.name));
        bring(&who,
              i == 3   ? 3
              : i == 4 ? sizeof(who) + 1
                       : sizeof(who),
              two,
              i == 0   ? 0
              : i == 5 ? 2
                       : 1);
        close(ends[1]);
        /* Closed by the relay, and nothing has been said. */
        char byte;
        assert_int_equal(recv(ends[0], &byte, 1, 0), 0);
        close(ends[0]);
    }
    guest_says("on");
    gets(alice, XW_FRAME_GUEST, "on");
    close(alice);
}

/* The history of a guest: numbered lines of 8 bytes, the last of them up to `end`. */
static void number(char *bytes, size_t count, size_t end)
{
    for (size_t i = 0; i < count; i += 8) {
        char line[16];
        snprintf(line, sizeof(line), "%07zu\n", (end - count + i) / 8);
        memcpy(bytes + i, line, 8);
    }
}

/* A relay that is given the end of so many bytes. */
static void start_with(size_t count)
{
    static char bytes[2 * XW_RELAY_HISTORY_MAX];
    int ends[2];

    number(bytes, count, count);
    assert_int_equal(pipe(ends), 0);
    assert_true(fcntl(ends[1], F_SETPIPE_SZ, sizeof(bytes)) >= (int)sizeof(bytes));
    assert_int_equal(write(ends[1], bytes, count), count);
    close(ends[1]);
    assert_int_equal(start(ends[0]), 0);
    close(ends[0]);
}

/* Reads so many bytes of the guest, which are these, in frames that end with them. */
static void takes(int fd, const char *bytes, size_t count)
{
    static char all[XW_RELAY_HISTORY_MAX];
    size_t used = 0;

    while (used < count) {
        char frame[XW_FRAME_MAX + 1];
        size_t length = 0;
        assert_int_equal(next_frame(fd, frame, &length), XW_FRAME_GUEST);
        assert_true(length <= count - used);
        memcpy(all + used, frame, length);
        used += length;
    }
    assert_memory_equal(all, bytes, count);
}

/* The first viewer has what the keeper knew, the next that and what came since, each to the byte.
 */
static void what_was_before(void **state)
{
    char bytes[808];

    (void)state;
    start_with(800);
    int alice = come("alice", XW_JOIN_WRITE);
    is_accepted(alice);
    gets(alice, XW_FRAME_WORDS, "history 800\n");
    gets(alice, XW_FRAME_WORDS, "open\n");
    number(bytes, 800, 800);
    takes(alice, bytes, 800);
    guest_says("0000100\n");
    gets(alice, XW_FRAME_GUEST, "0000100\n");
    int bob = come("bob", XW_JOIN_WATCH);
    is_accepted(bob);
    gets(bob, XW_FRAME_WORDS, "viewer alice write\n");
    gets(bob, XW_FRAME_WORDS, "history 808\n");
    gets(bob, XW_FRAME_WORDS, "open\n");
    number(bytes, 808, 808);
    takes(bob, bytes, 808);
    gets(alice, XW_FRAME_WORDS, "viewer bob watch\n");
    guest_says("live");
    gets(alice, XW_FRAME_GUEST, "live");
    gets(bob, XW_FRAME_GUEST, "live");
    close(alice);
    close(bob);
}

/* Nobody has more than the bound, whatever the pipe holds and whatever came since. */
static void what_was_before_has_a_bound(void **state)
{
    static char bytes[XW_RELAY_HISTORY_MAX];
    char line[64];

    (void)state;
    snprintf(line, sizeof(line), "history %d\n", XW_RELAY_HISTORY_MAX);
    start_with(XW_RELAY_HISTORY_MAX + 8000);
    int alice = come("alice", XW_JOIN_WRITE);
    is_accepted(alice);
    gets(alice, XW_FRAME_WORDS, line);
    gets(alice, XW_FRAME_WORDS, "open\n");
    number(bytes, sizeof(bytes), XW_RELAY_HISTORY_MAX);
    takes(alice, bytes, sizeof(bytes));
    guest_says("12345678");
    gets(alice, XW_FRAME_GUEST, "12345678");
    int bob = come("bob", XW_JOIN_WRITE);
    is_accepted(bob);
    gets(bob, XW_FRAME_WORDS, "viewer alice write\n");
    gets(bob, XW_FRAME_WORDS, line);
    gets(bob, XW_FRAME_WORDS, "open\n");
    memmove(bytes, bytes + 8, sizeof(bytes) - 8);
    memcpy(bytes + sizeof(bytes) - 8, "12345678", 8);
    takes(bob, bytes, sizeof(bytes));
    close(alice);
    close(bob);
}

/* A seat that is left behind in its history still gets as many bytes as it was promised. */
static void left_behind_before_it_is_live(void **state)
{
    static struct xw_ring ring;
    static struct xw_seat seat;
    const struct xw_join who = {.name = "alice"};
    static char sink[XW_SEAT_OUT];
    uint64_t got = 0;
    int ends[2];

    (void)state;
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends), 0);
    xw_ring_added(&ring, 100000);
    xw_seat_take(&seat, ends[1], &who, &ring);
    assert_int_equal(seat.live - seat.next, XW_RELAY_HISTORY_MAX);
    seat.next += 1000;
    xw_ring_added(&ring, XW_RING_SIZE - XW_RELAY_HISTORY_MAX + 1000);
    xw_seat_skip(&seat, &ring);
    assert_int_equal(ring.end - seat.next, XW_RING_SIZE);
    assert_false(seat.skipped);
    xw_ring_added(&ring, 1);
    xw_seat_skip(&seat, &ring);
    assert_true(seat.skipped);
    assert_int_equal(seat.live - seat.next, XW_RELAY_HISTORY_MAX - 1000);
    assert_int_equal(seat.live, ring.end);
    /* In what is live, the newest is what follows. */
    seat.next = seat.live;
    seat.skipped = false;
    xw_ring_added(&ring, XW_RING_SIZE + 1);
    xw_seat_skip(&seat, &ring);
    assert_int_equal(seat.next, ring.end);
    while (xw_seat_waits(&seat, &ring)) {
        bool taken;
        assert_int_equal(xw_seat_send(&seat, &ring, &taken), 0);
        ssize_t n = recv(ends[0], sink, sizeof(sink), MSG_DONTWAIT);
        got += n > 0 ? (uint64_t)n : 0;
    }
    assert_true(got < 1000);
    close(ends[0]);
    close(ends[1]);
}

#define STARTED(test) cmocka_unit_test_setup_teardown(test, NULL, end)
#define FRESH(test)   cmocka_unit_test_setup_teardown(test, begin, end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        FRESH(one_viewer),
        FRESH(everybody_sees_and_types),
        FRESH(who_watches_types_nothing),
        FRESH(who_takes_over_types_alone),
        FRESH(one_who_is_stopped),
        FRESH(nobody_takes_anything),
        FRESH(one_who_is_slow),
        FRESH(the_last_keys),
        FRESH(keys_that_nobody_takes),
        FRESH(the_machine_stops),
        FRESH(the_console_is_full),
        FRESH(notices),
        FRESH(what_is_no_viewer),
        STARTED(what_was_before),
        STARTED(what_was_before_has_a_bound),
        cmocka_unit_test(left_behind_before_it_is_live),
    };

    signal(SIGPIPE, SIG_IGN);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
