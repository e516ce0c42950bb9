/*
 * What happens to the machines that one may see, as it happens: the verb `events`, for a caller
 * with a loop of its own, which never waits for it. Where it can't be had, or ends, it is asked for
 * again by itself, less and less often; the caller asks for lists meanwhile.
 */
#ifndef XW_XWSH_EVENTS_H
#define XW_XWSH_EVENTS_H

#include <poll.h>
#include <stdbool.h>
#include <stdint.h>

#include "common/names.h"
#include "xwsh/gate.h"
#include "xwsh/lines.h"
#include "xwsh/model.h"

/* What is waited after one that failed or ended, in milliseconds: at first, and at most. */
enum { XW_EVENTS_PAUSE_MS = 1000, XW_EVENTS_PAUSE_MAX_MS = 300000 };

enum xw_event_kind {
    XW_EVENT_STATE,   /* a machine is in that state now */
    XW_EVENT_CHANGED, /* anything may have changed: lists from before are old */
    XW_EVENT_LOST     /* the stream ends; never given by xw_events_next() */
};

struct xw_event {
    enum xw_event_kind kind;
    char lab[XW_NAME_SIZE]; /* STATE */
    char owner[XW_NAME_SIZE];
    char machine[XW_NAME_SIZE];
    enum xw_state state;
};

/* Parses one line of the stream, without its newline; it is written into. Returns 0 or -EBADMSG. */
int xw_event_parse(char *line, struct xw_event *event);

/* Start with XW_EVENTS_NONE, end with xw_events_end(). */
struct xw_events {
    struct xw_gate *gate; /* NULL: none is asked for */
    int socket;
    bool stands; /* whatever happens now is told */
    bool turned; /* it has begun to stand, or has ended: to be told as XW_EVENT_CHANGED */
    int64_t since;
    int64_t pause;
    int64_t retry_at; /* milliseconds, monotonic */
    struct xw_lines lines;
};

#define XW_EVENTS_NONE                                                                             \
    (struct xw_events)                                                                             \
    {                                                                                              \
        .socket = -1                                                                               \
    }

/* What to wait for; -1 where there is nothing. */
enum { XW_EVENTS_WAITS = 2 };
void xw_events_wait(const struct xw_events *events, struct pollfd wait[XW_EVENTS_WAITS]);

/* When it is asked for again; -1 while it is there. */
int64_t xw_events_retry_at(const struct xw_events *events);

/* Asks for it if it is time and there is none; takes what has come, without waiting. */
void xw_events_take(struct xw_events *events, int64_t now);

/* The next of what has been taken. Returns whether there is one. */
bool xw_events_next(struct xw_events *events, struct xw_event *event, int64_t now);

/* Asks anew, at once, for who has a fresh list: what is told of is decided when it is asked for. */
void xw_events_renew(struct xw_events *events);

void xw_events_end(struct xw_events *events);

#endif
