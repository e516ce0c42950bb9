/* links: xwhelper/relay/seat.c xwhelper/relay/ring.c */
/*
 * One viewer as the console's relay sees them, and the ring of the guest's last bytes: at each
 * limit of both.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "tests/unit/faults.h"
#include "xwhelper/relay/frame.h"
#include "xwhelper/relay/seat.h"

XW_FAULTY_AS(ssize_t, -1, send, (int fd, const void *bytes, size_t length, int flags), fd, bytes,
             length, flags);
XW_FAULTY_AS(ssize_t, -1, recv, (int fd, void *bytes, size_t length, int flags), fd, bytes, length,
             flags);

static struct xw_ring ring;
static struct xw_seat seat;
static int viewer = -1;
static char got[4 * XW_RING_SIZE];
static char expected[4 * XW_RING_SIZE];

static const struct xw_join alice = {.name = "alice"};

/* What the guest's byte of a number is. */
static char byte_at(uint64_t number)
{
    return (char)(unsigned char)(number % 251);
}

static void guest_says(size_t count)
{
    while (count > 0) {
        size_t size;
        char *room = xw_ring_room(&ring, &size);
        size_t piece = size < count ? size : count;
        for (size_t i = 0; i < piece; i++)
            room[i] = byte_at(ring.end + i);
        xw_ring_added(&ring, piece);
        count -= piece;
    }
}

static int begin(void **state)
{
    int ends[2];

    (void)state;
    memset(&ring, 0, sizeof(ring));
    memset(&seat, 0x5a, sizeof(seat));
    xw_fault_set(NULL, 0, 0);
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) < 0)
        return -1;
    viewer = ends[1];
    xw_seat_take(&seat, ends[0], &alice, &ring);
    return 0;
}

static int end(void **state)
{
    (void)state;
    close(seat.fd);
    if (viewer >= 0)
        close(viewer);
    return 0;
}

/* Everything that is there for the viewer. */
static size_t take_all(void)
{
    size_t used = 0;
    ssize_t n;

    while ((n = recv(viewer, got + used, sizeof(got) - used, MSG_DONTWAIT)) > 0)
        used += (size_t)n;
    return used;
}

static size_t put_frame(size_t used, char kind, const char *bytes, size_t length)
{
    expected[used] = kind;
    expected[used + 1] = (char)(unsigned char)(length >> 8);
    expected[used + 2] = (char)(unsigned char)length;
    memcpy(expected + used + XW_FRAME_HEAD, bytes, length);
    return used + XW_FRAME_HEAD + length;
}

/* Frames of the guest's bytes from a number to another. */
static size_t put_guest(size_t used, uint64_t from, uint64_t to)
{
    static char bytes[XW_FRAME_MAX];

    while (from < to) {
        size_t length = to - from < XW_FRAME_MAX ? (size_t)(to - from) : XW_FRAME_MAX;
        for (size_t i = 0; i < length; i++)
            bytes[i] = byte_at(from + i);
        used = put_frame(used, XW_FRAME_GUEST, bytes, length);
        from += length;
    }
    return used;
}

static size_t put_words(size_t used, const char *line)
{
    return put_frame(used, XW_FRAME_WORDS, line, strlen(line));
}

static void sends(int rc, bool takes)
{
    bool taken = !takes;

    assert_int_equal(xw_seat_send(&seat, &ring, &taken), rc);
    assert_int_equal(taken, takes);
}

static void viewer_has(size_t length)
{
    assert_int_equal(take_all(), length);
    assert_memory_equal(got, expected, length);
    assert_false(xw_seat_waits(&seat, &ring));
}

static void a_viewer_sits_down(void **state)
{
    (void)state;
    assert_true(xw_seat_waits(&seat, &ring));
    assert_string_equal(seat.who.name, "alice");
    assert_false(seat.skipped || seat.leaving);
    assert_int_equal(seat.keys_start + seat.keys_end, 0);
    sends(0, true);
    assert_int_equal(take_all(), 1);
    assert_int_equal(got[0], XW_RELAY_ACCEPTS);
    assert_false(xw_seat_waits(&seat, &ring));
    sends(0, false);
}

static void what_the_guest_says(void **state)
{
    static const size_t steps[] = {1, XW_FRAME_MAX - 1, XW_FRAME_MAX, XW_FRAME_MAX + 1, 100000};

    (void)state;
    sends(0, true);
    take_all();
    for (size_t i = 0; i < sizeof(steps) / sizeof(steps[0]); i++) {
        uint64_t before = ring.end;
        guest_says(steps[i]);
        assert_true(xw_seat_waits(&seat, &ring));
        sends(0, true);
        viewer_has(put_guest(0, before, ring.end));
    }
}

/* Words come in their place between the guest's bytes, each whole. */
static void what_is_told(void **state)
{
    char longest[XW_FRAME_WORDS_MAX + 2];

    (void)state;
    expected[0] = XW_RELAY_ACCEPTS;
    memset(longest, 'x', sizeof(longest));
    longest[XW_FRAME_WORDS_MAX] = '\0';
    xw_seat_tell(&seat, "");
    xw_seat_tell(&seat, "open\n");
    xw_seat_tell(&seat, longest);
    longest[XW_FRAME_WORDS_MAX] = 'x';
    longest[XW_FRAME_WORDS_MAX + 1] = '\0';
    xw_seat_tell(&seat, longest);
    guest_says(3);
    sends(0, true);
    longest[XW_FRAME_WORDS_MAX] = '\0';
    viewer_has(put_guest(put_words(put_words(1, "open\n"), longest), 0, 3));
}

/* A line that has no room is lost; one that just has is not. */
static void the_room_for_words(void **state)
{
    char line[XW_FRAME_WORDS_MAX + 1];
    size_t used = 1;

    (void)state;
    expected[0] = XW_RELAY_ACCEPTS;
    memset(line, 'x', sizeof(line));
    line[XW_FRAME_WORDS_MAX] = '\0';
    while (used + XW_FRAME_HEAD + XW_FRAME_WORDS_MAX <= XW_SEAT_OUT) {
        xw_seat_tell(&seat, line);
        used = put_words(used, line);
    }
    size_t left = XW_SEAT_OUT - used - XW_FRAME_HEAD;
    assert_true(left > 0 && left + 1 < XW_FRAME_WORDS_MAX);
    line[left + 1] = '\0';
    xw_seat_tell(&seat, line);
    line[left] = '\0';
    xw_seat_tell(&seat, line);
    used = put_words(used, line);
    assert_int_equal(used, XW_SEAT_OUT);
    xw_seat_tell(&seat, "y");
    assert_int_equal(seat.out_end, XW_SEAT_OUT);
    sends(0, true);
    viewer_has(used);
    /* Then there is room again. */
    xw_seat_tell(&seat, "y");
    sends(0, true);
    viewer_has(put_words(0, "y"));
}

/* One who takes only a part gets the rest later, and nothing twice. */
static void who_takes_a_part(void **state)
{
    const int small = 4096;
    size_t used = 0;

    (void)state;
    assert_int_equal(setsockopt(seat.fd, SOL_SOCKET, SO_SNDBUF, &small, sizeof(small)), 0);
    guest_says(50000);
    sends(0, true);
    assert_true(xw_seat_waits(&seat, &ring));
    sends(0, false);
    for (int i = 0; i < 100 && xw_seat_waits(&seat, &ring); i++) {
        ssize_t n = recv(viewer, got + used, 5000, MSG_DONTWAIT);
        used += n > 0 ? (size_t)n : 0;
        sends(0, n > 0);
        if (i == 0)
            xw_seat_tell(&seat, "told\n");
    }
    ssize_t n;
    while ((n = recv(viewer, got + used, sizeof(got) - used, MSG_DONTWAIT)) > 0)
        used += (size_t)n;
    expected[0] = XW_RELAY_ACCEPTS;
    const size_t length = 1 + put_guest(0, 0, 50000) + XW_FRAME_HEAD + 5;
    assert_int_equal(used, length);
    assert_int_equal(got[0], XW_RELAY_ACCEPTS);
    assert_int_equal(seat.next, ring.end);
}

static void who_is_gone(void **state)
{
    (void)state;
    xw_fault_set("send", 1, EINTR);
    sends(0, false);
    xw_fault_set("send", 1, EAGAIN);
    sends(0, false);
    assert_true(xw_seat_waits(&seat, &ring));
    close(viewer);
    viewer = -1;
    sends(-EPIPE, false);
}

#define SKIPPED "progress - some output was left out: it came faster than you take it\n"

static void who_is_left_behind(void **state)
{
    (void)state;
    sends(0, true);
    take_all();
    /* Everything that is due is still there: just. */
    guest_says(XW_RING_SIZE);
    xw_seat_skip(&seat, &ring);
    assert_int_equal(seat.next, 0);
    assert_false(seat.skipped);
    guest_says(1);
    assert_int_equal(xw_ring_begin(&ring), 1);
    xw_seat_skip(&seat, &ring);
    assert_true(seat.skipped);
    assert_int_equal(seat.next, ring.end);
    /* Told once, until they have caught up. */
    guest_says(XW_RING_SIZE + 1);
    xw_seat_skip(&seat, &ring);
    sends(0, true);
    viewer_has(put_words(0, SKIPPED));
    assert_true(seat.skipped);
    guest_says(XW_FRAME_MAX + 1);
    sends(0, true);
    viewer_has(put_guest(0, ring.end - XW_FRAME_MAX - 1, ring.end));
    assert_false(seat.skipped);
    guest_says(XW_RING_SIZE + 1);
    xw_seat_skip(&seat, &ring);
    sends(0, true);
    viewer_has(put_words(0, SKIPPED));
}

/* With some of it sent and some still due, they haven't caught up. */
static void who_has_not_caught_up(void **state)
{
    const int small = 4096;

    (void)state;
    sends(0, true);
    take_all();
    guest_says(XW_RING_SIZE + 1);
    xw_seat_skip(&seat, &ring);
    assert_int_equal(setsockopt(seat.fd, SOL_SOCKET, SO_SNDBUF, &small, sizeof(small)), 0);
    guest_says(XW_RING_SIZE / 2);
    sends(0, true);
    assert_true(seat.next < ring.end);
    assert_true(seat.skipped);
}

static void keys_are_taken(void **state)
{
    (void)state;
    assert_int_equal(xw_seat_read(&seat), 0);
    assert_int_equal(seat.keys_end, 0);
    assert_int_equal(send(viewer, "ls\r", 3, 0), 3);
    xw_fault_set("recv", 1, EINTR);
    assert_int_equal(xw_seat_read(&seat), 0);
    assert_int_equal(seat.keys_end, 0);
    assert_int_equal(xw_seat_read(&seat), 0);
    assert_int_equal(seat.keys_end - seat.keys_start, 3);
    assert_memory_equal(seat.keys, "ls\r", 3);
    /* Not before the last of these have gone. */
    assert_int_equal(send(viewer, "x", 1, 0), 1);
    seat.keys_start = 2;
    assert_int_equal(xw_seat_read(&seat), 0);
    assert_int_equal(seat.keys_end, 3);
    seat.keys_start = 3;
    assert_int_equal(xw_seat_read(&seat), 0);
    assert_int_equal(seat.keys_start, 0);
    assert_int_equal(seat.keys_end, 1);
    assert_int_equal(seat.keys[0], 'x');
    seat.keys_start = 1;
    xw_fault_set("recv", 1, ECONNRESET);
    assert_int_equal(xw_seat_read(&seat), -ECONNRESET);
    close(viewer);
    viewer = -1;
    assert_int_equal(xw_seat_read(&seat), -EPIPE);
}

static void the_ring(void **state)
{
    static char bytes[XW_RING_SIZE + 8];
    size_t size;

    (void)state;
    assert_ptr_equal(xw_ring_room(&ring, &size), ring.data);
    assert_int_equal(size, XW_RING_SIZE);
    guest_says(XW_RING_SIZE - 3);
    assert_int_equal(xw_ring_begin(&ring), 0);
    assert_ptr_equal(xw_ring_room(&ring, &size), ring.data + XW_RING_SIZE - 3);
    assert_int_equal(size, 3);
    guest_says(8);
    assert_int_equal(xw_ring_begin(&ring), 5);
    /* All of it, across the edge; the last; and no more than there is room for. */
    for (uint64_t from = 5; from < ring.end; from += XW_RING_SIZE - 1 - from % 2) {
        size_t count = (size_t)(ring.end - from);
        memset(bytes, 0x7f, sizeof(bytes));
        assert_int_equal(xw_ring_copy(&ring, from, bytes, sizeof(bytes)), count);
        for (size_t i = 0; i < count; i++)
            assert_int_equal(bytes[i], byte_at(from + i));
        assert_int_equal(bytes[count], 0x7f);
    }
    memset(bytes, 0x7f, sizeof(bytes));
    assert_int_equal(xw_ring_copy(&ring, XW_RING_SIZE - 2, bytes, 4), 4);
    for (size_t i = 0; i < 4; i++)
        assert_int_equal(bytes[i], byte_at(XW_RING_SIZE - 2 + i));
    assert_int_equal(bytes[4], 0x7f);
    assert_int_equal(xw_ring_copy(&ring, 100, bytes, 2), 2);
    assert_int_equal(bytes[0], byte_at(100));
    assert_int_equal(xw_ring_copy(&ring, ring.end, bytes, 2), 0);
}

#define FRESH(test) cmocka_unit_test_setup_teardown(test, begin, end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        FRESH(a_viewer_sits_down), FRESH(what_the_guest_says),   FRESH(what_is_told),
        FRESH(the_room_for_words), FRESH(who_takes_a_part),      FRESH(who_is_gone),
        FRESH(who_is_left_behind), FRESH(who_has_not_caught_up), FRESH(keys_are_taken),
        FRESH(the_ring),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
