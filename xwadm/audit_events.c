#include <errno.h>
#include <search.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "common/exitcode.h"
#include "xwadm/audit.h"

struct xw_audit_events {
    void *tree; /* of those with an id */
    struct xw_audit_event **all;
    size_t count;
    size_t room;
};

static int compare(const void *left, const void *right)
{
    const struct xw_audit_event *a = left;
    const struct xw_audit_event *b = right;
    int order = strcmp(a->id, b->id);

    return order ? order : (int)a->phase - (int)b->phase;
}

static uint64_t monotonic(void)
{
    struct timespec now = {0};

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000000 + (uint64_t)now.tv_nsec / 1000;
}

struct xw_audit_events *xw_audit_events_new(void)
{
    return calloc(1, sizeof(struct xw_audit_events));
}

void xw_audit_event_clear(struct xw_audit_event *event)
{
    for (int i = 0; i < XW_AUDIT_SOURCES; i++)
        free(event->side[i].machines);
    free(event->domains);
    memset(event, 0, sizeof(*event));
}

void xw_audit_events_drop(struct xw_audit_events *events, size_t count)
{
    if (count == 0)
        return; /* there may be no list at all */
    for (size_t i = 0; i < count; i++) {
        struct xw_audit_event *event = events->all[i];
        struct xw_audit_event *const *found = tfind(event, &events->tree, compare);
        if (found && *found == event)
            tdelete(event, &events->tree, compare);
        xw_audit_event_clear(event);
        free(event);
    }
    events->count -= count;
    memmove(events->all, events->all + count, events->count * sizeof(struct xw_audit_event *));
}

void xw_audit_events_free(struct xw_audit_events *events)
{
    if (!events)
        return;
    if (events->count > 0)
        xw_audit_events_drop(events, events->count);
    free(events->all);
    free(events);
}

static struct xw_audit_event *append(struct xw_audit_events *events)
{
    if (events->count == events->room) {
        size_t room = events->room ? 2 * events->room : 256;
        struct xw_audit_event **all =
            reallocarray(events->all, room, sizeof(struct xw_audit_event *));
        if (!all)
            return NULL;
        events->all = all;
        events->room = room;
    }
    struct xw_audit_event *event = calloc(1, sizeof(*event));
    if (event)
        events->all[events->count++] = event;
    return event;
}

/* The event that still lacks this source, or NULL. */
static struct xw_audit_event *find(const struct xw_audit_events *events,
                                   enum xw_audit_source source, const struct xw_audit_event *read)
{
    struct xw_audit_event *const *found = *read->id ? tfind(read, &events->tree, compare) : NULL;

    return found && !(*found)->side[source].present ? *found : NULL;
}

int xw_audit_events_add(struct xw_audit_events *events, enum xw_audit_source source,
                        struct xw_audit_event *read)
{
    struct xw_audit_event *event = find(events, source, read);

    if (event) {
        event->side[source] = read->side[source];
        if (source == XW_AUDIT_GATE) {
            event->login = read->login;
            event->session = read->session;
            memcpy(event->terminal, read->terminal, sizeof(event->terminal));
        } else {
            event->domains = read->domains;
        }
    } else {
        event = append(events);
        if (!event)
            return -ENOMEM;
        *event = *read;
        event->arrived = monotonic();
        if (*event->id && !tsearch(event, &events->tree, compare)) {
            events->count--;
            free(event);
            return -ENOMEM;
        }
    }
    event->side[source].present = true;
    memset(read, 0, sizeof(*read));
    return 0;
}

uint64_t xw_audit_event_time(const struct xw_audit_event *event)
{
    const struct xw_audit_side *gate = &event->side[XW_AUDIT_GATE];

    return gate->present ? gate->when : event->side[XW_AUDIT_KEEPER].when;
}

static int by_time(const void *left, const void *right)
{
    uint64_t a = xw_audit_event_time(*(struct xw_audit_event *const *)left);
    uint64_t b = xw_audit_event_time(*(struct xw_audit_event *const *)right);

    return a < b ? -1 : a > b;
}

void xw_audit_events_sort(struct xw_audit_events *events, struct xw_audit_event ***all,
                          size_t *count)
{
    if (events->count > 1)
        qsort(events->all, events->count, sizeof(struct xw_audit_event *), by_time);
    *all = events->all;
    *count = events->count;
}

const struct xw_audit_side *xw_audit_event_side(const struct xw_audit_event *event)
{
    const struct xw_audit_side *keeper = &event->side[XW_AUDIT_KEEPER];

    return keeper->present ? keeper : &event->side[XW_AUDIT_GATE];
}

const char *xw_audit_event_result(const struct xw_audit_event *event)
{
    const struct xw_audit_side *side = xw_audit_event_side(event);

    if (side->signal)
        return "killed";
    if (side->malformed)
        return "malformed";
    switch (side->code) {
    case XW_EXIT_OK:
        return event->phase == XW_AUDIT_OPEN ? "opened" : "done";
    case XW_EXIT_USAGE:
        return "usage";
    case XW_EXIT_REFUSED:
        return "refused";
    case XW_EXIT_LIMITED:
        return "limited";
    case XW_EXIT_TRY_AGAIN:
        return "try-again";
    default:
        return "failed";
    }
}

/* The gate's record without an entry of the keeper: right where the keeper was not asked. */
static const char *gate_alone(const struct xw_audit_event *event)
{
    const struct xw_audit_side *gate = &event->side[XW_AUDIT_GATE];
    bool nobody = strcmp(gate->owner, "_nobody") == 0 && strcmp(gate->op, "list") == 0;

    if (gate->refused || gate->code == XW_EXIT_TRY_AGAIN || nobody ||
        event->phase == XW_AUDIT_MALFORMED)
        return "";
    return "in the audit log, not in the journal";
}

/* The reverse: right where root asked, who needs no gate. */
static const char *keeper_alone(const struct xw_audit_event *event)
{
    const struct xw_audit_side *keeper = &event->side[XW_AUDIT_KEEPER];

    if (keeper->uid == 0 || (!*event->id && !keeper->malformed))
        return "";
    return "in the journal, not in the audit log";
}

static void compare_sides(const struct xw_audit_side *gate, const struct xw_audit_side *keeper,
                          char *text, size_t size)
{
    const struct {
        const char *what;
        const char *gate;
        const char *keeper;
    } words[] = {
        {"verb", gate->op, keeper->op},
        {"lab", gate->lab, keeper->lab},
        {"owner", gate->owner, keeper->owner},
        {"machines", gate->machines, keeper->machines},
    };

    if (gate->uid != keeper->uid) {
        snprintf(text, size, "uid: the audit log says %u, the journal %u", (unsigned int)gate->uid,
                 (unsigned int)keeper->uid);
        return;
    }
    for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
        if (words[i].gate && words[i].keeper && strcmp(words[i].gate, words[i].keeper) != 0) {
            snprintf(text, size, "%s: the audit log says %.40s, the journal %.40s", words[i].what,
                     words[i].gate, words[i].keeper);
            return;
        }
    }
    if (gate->refused)
        snprintf(text, size, "the audit log says refused, but the keeper was asked");
    else if (!keeper->signal && gate->code != keeper->code)
        snprintf(text, size, "exit code: the audit log says %d, the journal %d", gate->code,
                 keeper->code);
}

void xw_audit_event_dispute(const struct xw_audit_event *event, char *text, size_t size)
{
    const struct xw_audit_side *gate = &event->side[XW_AUDIT_GATE];
    const struct xw_audit_side *keeper = &event->side[XW_AUDIT_KEEPER];

    text[0] = '\0';
    if (!keeper->present)
        snprintf(text, size, "%s", gate_alone(event));
    else if (!gate->present)
        snprintf(text, size, "%s", keeper_alone(event));
    else
        compare_sides(gate, keeper, text, size);
}
