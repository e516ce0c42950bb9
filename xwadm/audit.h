/*
 * Who did what to which machine: the two trails of a request, joined by its id. The gate's is in
 * the audit log (xwhelper/gate/audit.h), the keeper's in the journal (xwhelper/keeper/journal.h).
 */
#ifndef XW_XWADM_AUDIT_H
#define XW_XWADM_AUDIT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "common/error.h"
#include "common/names.h"

/* The ends of a request: both trails have one record of each. */
enum xw_audit_phase { XW_AUDIT_REQUEST, XW_AUDIT_OPEN, XW_AUDIT_CLOSE, XW_AUDIT_MALFORMED };

enum xw_audit_source { XW_AUDIT_GATE, XW_AUDIT_KEEPER, XW_AUDIT_SOURCES };

/* What one trail says. Names are in their grammar, or "?" where they weren't. */
struct xw_audit_side {
    bool present;
    uint64_t when; /* microseconds since 1970 */
    uid_t uid;
    char op[16]; /* the verb, or "-" */
    char lab[XW_NAME_SIZE];
    char owner[XW_NAME_SIZE];
    char *machines; /* "*", "-" or names joined by commas; freed with the event */
    bool refused;   /* decision=refuse */
    int code;       /* exit code, -1 where there is none */
    int signal;     /* keeper: what ended the process, or 0 */
    bool malformed; /* keeper: what was said was no request */
    uint64_t duration;
};

struct xw_audit_event {
    char id[XW_REQUEST_ID_LEN + 1]; /* "" where the keeper read no request */
    enum xw_audit_phase phase;
    struct xw_audit_side side[XW_AUDIT_SOURCES];
    /* of the kernel, by the gate's record */
    uid_t login;  /* auid; (uid_t)-1 where unset */
    long session; /* -1 where unset */
    char terminal[32];
    char *domains;    /* uuids, joined by commas, by the keeper's entry; or NULL */
    uint64_t arrived; /* when the first of the two was read (CLOCK_MONOTONIC, microseconds) */
};

/* All events, found by id and phase. */
struct xw_audit_events;

struct xw_audit_events *xw_audit_events_new(void);
void xw_audit_events_free(struct xw_audit_events *events);

/*
 * Puts what one source says into the event of this id and phase, which is made if there is none;
 * an event without an id is always new. A second record of one source is an event of its own, so
 * that nothing hides it. *read is emptied. Returns 0 or -ENOMEM.
 */
int xw_audit_events_add(struct xw_audit_events *events, enum xw_audit_source source,
                        struct xw_audit_event *read);

void xw_audit_event_clear(struct xw_audit_event *event);

/* Sorts by time; *all is the events' own array of *count. */
void xw_audit_events_sort(struct xw_audit_events *events, struct xw_audit_event ***all,
                          size_t *count);

/* Forgets the first `count` of the sorted array. */
void xw_audit_events_drop(struct xw_audit_events *events, size_t count);

/* When it happened: the gate's time, or the keeper's where there is no other. */
uint64_t xw_audit_event_time(const struct xw_audit_event *event);

/* The side to show: the keeper's, whose identity is the kernel's word; the gate's without it. */
const struct xw_audit_side *xw_audit_event_side(const struct xw_audit_event *event);

/* done, failed, refused, limited, try-again, killed, malformed, usage */
const char *xw_audit_event_result(const struct xw_audit_event *event);

/*
 * Where the trails disagree, in words, or "" where they agree or where one of them is rightly
 * alone: what the gate refused or could not pass on, and what root asked for.
 */
void xw_audit_event_dispute(const struct xw_audit_event *event, char *text, size_t size);

/* --- the two sources ------------------------------------------------------------------------ */

typedef int (*xw_audit_take)(enum xw_audit_source source, struct xw_audit_event *read, void *data);

/* The audit log: a file that grows and, with its default place, the rotated ones before it. */
struct xw_audit_log;

/* path NULL: the system's. Opens as the caller; reads later. NULL with err filled. */
struct xw_audit_log *xw_audit_log_open(const char *path, uid_t gate, struct xw_error *err);

/* Reads what there is since the last time, rotation included. Returns 0 or what take returned. */
int xw_audit_log_read(struct xw_audit_log *log, xw_audit_take take, void *data,
                      struct xw_error *err);
void xw_audit_log_close(struct xw_audit_log *log);

struct xw_audit_journal;

/* directory NULL: the system's journal. since: microseconds since 1970, 0 for all. */
struct xw_audit_journal *xw_audit_journal_open(const char *directory, uint64_t since,
                                               struct xw_error *err);
int xw_audit_journal_read(struct xw_audit_journal *journal, xw_audit_take take, void *data,
                          struct xw_error *err);

/* Waits until there may be more, at most so many microseconds. */
int xw_audit_journal_wait(struct xw_audit_journal *journal, uint64_t usec);
void xw_audit_journal_close(struct xw_audit_journal *journal);

/* --- showing -------------------------------------------------------------------------------- */

void xw_audit_print_heading(void);
void xw_audit_print_line(const struct xw_audit_event *event);

struct json_object;
struct json_object *xw_audit_to_json(const struct xw_audit_event *event);

#endif
