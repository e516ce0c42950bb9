#include "xwsh/events.h"

#include <errno.h>
#include <sys/socket.h>
#include <unistd.h>

static void drop(struct xw_events *events)
{
    xw_gate_close(events->gate);
    if (events->socket >= 0)
        close(events->socket);
    events->gate = NULL;
    events->socket = -1;
    events->turned = events->turned || events->stands;
    events->stands = false;
    events->lines = (struct xw_lines){0};
}

/* One that has stood for a while was in order. */
static void fail(struct xw_events *events, int64_t now)
{
    const bool stood = events->stands && now - events->since >= XW_EVENTS_PAUSE_MAX_MS;

    drop(events);
    if (stood || events->pause == 0)
        events->pause = XW_EVENTS_PAUSE_MS;
    events->retry_at = now + events->pause;
    events->pause *= 2;
    if (events->pause > XW_EVENTS_PAUSE_MAX_MS)
        events->pause = XW_EVENTS_PAUSE_MAX_MS;
}

static void ask(struct xw_events *events, int64_t now)
{
    const struct xw_request request = {.verb = XW_VERB_EVENTS};
    struct xw_error err = {0};
    int ends[2];

    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, ends) < 0) {
        fail(events, now);
        return;
    }
    int rc = xw_gate_open(&request, ends[1], true, &events->gate, &err);
    /* Only the keeper's copy may stay open, or its closing would never be seen. */
    close(ends[1]);
    events->socket = ends[0];
    if (rc < 0)
        fail(events, now);
}

/* Why one can't be had is nobody's to see: the lists are asked for as if there were none. */
static void take_messages(struct xw_events *events, int64_t now)
{
    struct xw_message message;
    struct xw_error err = {0};
    int rc = 0;

    while (events->gate && (rc = xw_gate_next(events->gate, &message, &err)) > 0) {
        if (message.kind == XW_MESSAGE_END) {
            rc = -EPIPE;
            break;
        }
        if (message.kind == XW_MESSAGE_OPEN && !events->stands) {
            events->stands = events->turned = true;
            events->since = now;
        }
    }
    if (rc < 0)
        fail(events, now);
}

void xw_events_wait(const struct xw_events *events, struct pollfd wait[XW_EVENTS_WAITS])
{
    wait[0] = (struct pollfd){.fd = events->gate ? xw_gate_fd(events->gate) : -1, .events = POLLIN};
    wait[1] = (struct pollfd){.fd = events->stands ? events->socket : -1, .events = POLLIN};
}

int64_t xw_events_retry_at(const struct xw_events *events)
{
    return events->gate ? -1 : events->retry_at;
}

void xw_events_take(struct xw_events *events, int64_t now)
{
    if (!events->gate && now >= events->retry_at)
        ask(events, now);
    take_messages(events, now);
    if (events->stands &&
        (xw_lines_fill(&events->lines, events->socket) < 0 || events->lines.at_end))
        fail(events, now);
}

bool xw_events_next(struct xw_events *events, struct xw_event *event, int64_t now)
{
    char *line = NULL;

    if (!events->turned && events->stands) {
        int rc = xw_lines_next(&events->lines, &line);
        if (rc > 0 && xw_event_parse(line, event) == 0 && event->kind != XW_EVENT_LOST)
            return true;
        if (rc != 0)
            fail(events, now);
    }
    if (!events->turned)
        return false;
    events->turned = false;
    *event = (struct xw_event){.kind = XW_EVENT_CHANGED};
    return true;
}

void xw_events_renew(struct xw_events *events)
{
    drop(events);
    events->turned = false;
    events->retry_at = 0;
}

void xw_events_end(struct xw_events *events)
{
    drop(events);
    *events = XW_EVENTS_NONE;
}
