/* links: xwsh/events.c xwsh/event_line.c xwsh/lines.c xwsh/message.c xwsh/message_fields.c xwsh/message_machine.c common/names.c common/request.c common/error.c */
/*
 * The stream of events in xwsh: its lines, what becomes of one that is broken, and when it is asked
 * for again. The gate is the test's.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "xwsh/events.h"

static int parse(const char *text, struct xw_event *event)
{
    char line[512];

    snprintf(line, sizeof(line), "%s", text);
    return xw_event_parse(line, event);
}

static void lines_that_are(void **state)
{
    struct xw_event event;

    (void)state;
    assert_int_equal(parse("changed", &event), 0);
    assert_int_equal(event.kind, XW_EVENT_CHANGED);
    assert_int_equal(parse("lost", &event), 0);
    assert_int_equal(event.kind, XW_EVENT_LOST);
    assert_int_equal(parse("state fw @blue web disk-full", &event), 0);
    assert_int_equal(event.kind, XW_EVENT_STATE);
    assert_string_equal(event.lab, "fw");
    assert_string_equal(event.owner, "@blue");
    assert_string_equal(event.machine, "web");
    assert_int_equal(event.state, XW_STATE_DISK_FULL);
}

static void lines_that_are_not(void **state)
{
    static const char *const lines[] = {
        "",
        " ",
        "changed ",
        "changed 1",
        "Changed",
        "lost lost",
        "state",
        "state fw alice web",
        "state fw alice web ",
        "state fw alice web running ",
        "state fw alice web running now",
        "state  fw alice web running",
        "state fw alice web Running",
        "state fw alice web sleeping",
        "state fw alice Web running",
        "state fw al:ice web running",
        "state fw @ web running",
        "state Fw alice web running",
        "state fw alice web\x1b[2J running",
        "state fw alice 012345678901234567890123456789012 running",
        "machine fw alice web running 128 -",
        "end 0",
        "state fw alice web running\tx",
    };
    struct xw_event event;

    (void)state;
    for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
        if (parse(lines[i], &event) != -EBADMSG)
            fail_msg("\"%s\"", lines[i]);
    }
}

/* --- the gate -------------------------------------------------------------------------------- */

struct xw_gate {
    int unused;
};

static struct xw_gate gate;
static int keepers = -1; /* the keeper's end of the stream */
static int asked, closed, open_rc;
static const enum xw_message_kind *says; /* up to XW_MESSAGE_HELLO */

int xw_gate_open(const struct xw_request *request, int fd, bool quiet, struct xw_gate **opened,
                 struct xw_error *err)
{
    (void)err;
    assert_int_equal(request->verb, XW_VERB_EVENTS);
    assert_true(quiet);
    asked++;
    if (open_rc < 0)
        return open_rc;
    keepers = dup(fd);
    *opened = &gate;
    return 0;
}

int xw_gate_fd(const struct xw_gate *which)
{
    assert_ptr_equal(which, &gate);
    return 99;
}

int xw_gate_next(struct xw_gate *which, struct xw_message *message, struct xw_error *err)
{
    (void)err;
    assert_ptr_equal(which, &gate);
    if (*says == XW_MESSAGE_HELLO)
        return 0;
    if (*says == XW_MESSAGE_WORLD)
        return -EBADMSG;
    message->kind = *says++;
    message->code = XW_EXIT_TRY_AGAIN;
    return 1;
}

void xw_gate_close(struct xw_gate *which)
{
    closed += which != NULL;
}

static void tell(const char *text)
{
    assert_int_equal(write(keepers, text, strlen(text)), strlen(text));
}

static void keeper_ends(void)
{
    close(keepers);
    keepers = -1;
}

static const enum xw_message_kind quiet[] = {XW_MESSAGE_HELLO};
static const enum xw_message_kind opens[] = {XW_MESSAGE_OPEN, XW_MESSAGE_HELLO};
static const enum xw_message_kind refuses[] = {XW_MESSAGE_ERROR, XW_MESSAGE_END};
static const enum xw_message_kind nonsense[] = {XW_MESSAGE_WORLD};

static struct xw_events events;
static struct xw_event event;

static int begin(void **state)
{
    (void)state;
    events = XW_EVENTS_NONE;
    asked = closed = open_rc = 0;
    says = quiet;
    return 0;
}

static int end(void **state)
{
    (void)state;
    xw_events_end(&events);
    if (keepers >= 0)
        keeper_ends();
    return 0;
}

/* Asks at once, and stands when it is told so. */
static void stand(int64_t now)
{
    says = opens;
    xw_events_take(&events, now);
    assert_true(events.stands);
    assert_true(xw_events_next(&events, &event, now));
    assert_int_equal(event.kind, XW_EVENT_CHANGED);
    assert_false(xw_events_next(&events, &event, now));
}

static void it_stands_when_it_is_told(void **state)
{
    struct pollfd wait[XW_EVENTS_WAITS];

    (void)state;
    assert_int_equal(xw_events_retry_at(&events), 0);
    xw_events_take(&events, 5);
    assert_int_equal(asked, 1);
    assert_false(events.stands);
    assert_false(xw_events_next(&events, &event, 5));
    /* What comes before it stands waits. */
    xw_events_wait(&events, wait);
    assert_int_equal(wait[0].fd, 99);
    assert_int_equal(wait[1].fd, -1);
    assert_int_equal(xw_events_retry_at(&events), -1);
    stand(6);
    assert_int_equal(asked, 1);
    xw_events_wait(&events, wait);
    assert_int_equal(wait[1].fd, events.socket);
    tell("state fw alice web off\nstate fw alice web run");
    xw_events_take(&events, 7);
    assert_true(xw_events_next(&events, &event, 7));
    assert_int_equal(event.state, XW_STATE_OFF);
    assert_false(xw_events_next(&events, &event, 7));
    tell("ning\nchanged\n");
    xw_events_take(&events, 8);
    assert_true(xw_events_next(&events, &event, 8));
    assert_int_equal(event.state, XW_STATE_RUNNING);
    assert_true(xw_events_next(&events, &event, 8));
    assert_int_equal(event.kind, XW_EVENT_CHANGED);
    assert_false(xw_events_next(&events, &event, 8));
}

/* One line more in each turn than a buffer has, and a stream that never ends. */
static void no_turn_is_without_end(void **state)
{
    size_t count = 0;

    (void)state;
    stand(1);
    for (int i = 0; i < 250; i++)
        tell("state fw alice web off\n");
    xw_events_take(&events, 2);
    while (xw_events_next(&events, &event, 2))
        count++;
    assert_true(count > 100 && count <= XW_LINE_MAX / 23);
    for (int i = 0; i < 5; i++) {
        xw_events_take(&events, 2);
        while (xw_events_next(&events, &event, 2))
            count++;
    }
    assert_int_equal(count, 250);
}

static void what_breaks_it_ends_it(void **state)
{
    static char long_line[XW_LINE_MAX + 1];
    static const char nul[] = "changed\0\n";

    (void)state;
    memset(long_line, 'x', XW_LINE_MAX);
    for (int i = 0; i < 6; i++) {
        begin(NULL);
        stand(1);
        if (i == 4)
            assert_int_equal(write(keepers, nul, sizeof(nul) - 1), sizeof(nul) - 1);
        else if (i == 5)
            keeper_ends();
        else
            tell(i == 0 ? "lost\n" : i == 1 ? "statement\n" : i == 2 ? long_line : "\n");
        xw_events_take(&events, 2);
        /* Lists from before are old, once. */
        assert_true(xw_events_next(&events, &event, 2));
        assert_int_equal(event.kind, XW_EVENT_CHANGED);
        assert_false(xw_events_next(&events, &event, 2));
        assert_false(events.stands);
        assert_null(events.gate);
        assert_int_equal(closed, 1);
        assert_int_equal(xw_events_retry_at(&events), 2 + XW_EVENTS_PAUSE_MS);
        end(NULL);
    }
}

/* The pause becomes longer, up to a limit, and is short again after one that was in order. */
static void it_is_asked_for_less_and_less(void **state)
{
    int64_t now = 1000, pause = XW_EVENTS_PAUSE_MS;

    (void)state;
    for (int i = 0; i < 12; i++) {
        says = i % 3 == 0 ? refuses : i % 3 == 1 ? nonsense : quiet;
        open_rc = i % 3 == 2 ? -EAGAIN : 0;
        xw_events_take(&events, now);
        assert_int_equal(asked, i + 1);
        assert_false(xw_events_next(&events, &event, now));
        assert_int_equal(xw_events_retry_at(&events), now + pause);
        if (keepers >= 0)
            keeper_ends();
        /* Not before. */
        xw_events_take(&events, now + pause - 1);
        assert_int_equal(asked, i + 1);
        now += pause;
        pause = pause * 2 < XW_EVENTS_PAUSE_MAX_MS ? pause * 2 : XW_EVENTS_PAUSE_MAX_MS;
    }
    assert_int_equal(pause, XW_EVENTS_PAUSE_MAX_MS);
    open_rc = 0;
    stand(now);
    keeper_ends();
    xw_events_take(&events, now + XW_EVENTS_PAUSE_MAX_MS);
    assert_false(events.stands);
    assert_int_equal(xw_events_retry_at(&events),
                     now + XW_EVENTS_PAUSE_MAX_MS + XW_EVENTS_PAUSE_MS);
}

static void it_is_renewed_at_once(void **state)
{
    (void)state;
    stand(1);
    keeper_ends();
    xw_events_renew(&events);
    assert_int_equal(closed, 1);
    assert_false(xw_events_next(&events, &event, 2));
    assert_int_equal(xw_events_retry_at(&events), 0);
    stand(2);
    assert_int_equal(asked, 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(lines_that_are),
        cmocka_unit_test(lines_that_are_not),
        cmocka_unit_test_setup_teardown(it_stands_when_it_is_told, begin, end),
        cmocka_unit_test_setup_teardown(no_turn_is_without_end, begin, end),
        cmocka_unit_test_setup_teardown(what_breaks_it_ends_it, begin, end),
        cmocka_unit_test_setup_teardown(it_is_asked_for_less_and_less, begin, end),
        cmocka_unit_test_setup_teardown(it_is_renewed_at_once, begin, end),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
