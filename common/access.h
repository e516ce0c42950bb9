/*
 * Who may do what: one pure function, the same file in gate and keeper.
 */
#ifndef XW_COMMON_ACCESS_H
#define XW_COMMON_ACCESS_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>
#include <time.h>

#include "common/record.h"
#include "common/request.h"

/*
 * What the kernel says of the caller, and the name that goes with the uid: by the host's data base
 * of users, or by the record of the uid, which the keeper has compared with that. Borrowed.
 */
struct xw_caller {
    uid_t uid;
    const gid_t *groups;
    size_t group_count;
    const char *name; /* NULL or "": not known, so that no lab names them */
};

enum xw_decision {
    XW_DECISION_REFUSE, /* not found or not allowed */
    XW_DECISION_ALLOW,
    XW_DECISION_LIMIT /* theirs, but not at this time */
};

enum xw_window_state {
    XW_WINDOW_OPEN,
    XW_WINDOW_BEFORE, /* it opens later */
    XW_WINDOW_GRACE,  /* closed, and consoles that were opened before go on */
    XW_WINDOW_CLOSED
};

/* A lab's window for one owner; UTC seconds, 0 where there is no such time. */
struct xw_window {
    enum xw_window_state state;
    time_t opens;
    time_t closes; /* with the owner's extension */
    time_t ends;   /* of consoles that are open at closing: closes and the grace time */
};

/*
 * What a lab's window is at a time. owner may be NULL: nobody's extension. The first second of
 * `opens` is open, that of `closes` is not. It depends on nothing but the three: a clock that is
 * set moves the window with it, in both directions.
 */
struct xw_window xw_access_window(const struct xw_owner *owner, const struct xw_access *access,
                                  time_t now);

/*
 * Writes the protocol's line about a window (docs/protocols.md), without its newline; owner is ""
 * for the caller's own world and that of nobody in particular. Returns whether there is anything to
 * tell: false for a lab that is always open.
 */
#define XW_WINDOW_LINE_SIZE 128
bool xw_window_line(const char *lab, const char *owner, const struct xw_window *window,
                    char line[XW_WINDOW_LINE_SIZE]);

/* What is said with XW_DECISION_LIMIT. */
const char *xw_window_refusal(const struct xw_window *window);

/*
 * Decides a request. access is the record of the lab that the request names, NULL where it names
 * none or there is no such lab; owner is the record of the owner that it names, NULL where there is
 * none or it isn't the caller's to know; for `list` it is the record of the caller's own uid. now
 * is the time of the request. Anything not expressly allowed is refused.
 *
 * A world is used by its owner: the user, or who is in the team's group, as long as the lab is for
 * them. What would be allowed while the lab is open is XW_DECISION_LIMIT while it is not: whatever
 * changes a world, and consoles. Who instructs the lab may use every world of it at any time, and
 * alone asks what is known of all of them. No I/O, no state.
 */
enum xw_decision xw_access_decide(const struct xw_caller *caller, const struct xw_request *request,
                                  const struct xw_owner *owner, const struct xw_access *access,
                                  time_t now);

/* The time to which the owner's world of this lab has been extended; 0: it hasn't. */
time_t xw_access_extension(const struct xw_owner *owner, const char *lab);

/*
 * Whether the record lists the lab as one with a world, or as one that the user or the group's
 * members look after. Only with one of the two is the lab's own record opened: whoever asks for
 * another's lab causes what one that doesn't exist causes, and no more.
 */
bool xw_access_lists(const struct xw_owner *owner, const char *lab);
bool xw_access_concerns(const struct xw_owner *owner, const char *lab);

/*
 * What a lab gives to the caller by group or by name, whether there is a world yet or not: a world
 * of his or her own, the world of this group, or the worlds of others to look after. Nothing to
 * uid 0. Who is named has both the uid and the name: a uid that was given to another gives nothing.
 */
bool xw_access_names(const struct xw_caller *caller, const struct xw_named *users, size_t count);
bool xw_access_grants(const struct xw_caller *caller, const struct xw_access *access);
bool xw_access_grants_team(const struct xw_caller *caller, const struct xw_access *access,
                           gid_t team);
bool xw_access_instructs(const struct xw_caller *caller, const struct xw_access *access);

/*
 * Whether this owner's world of this lab is the caller's to see as their own: the rule of `list`,
 * and the part of xw_access_decide() that is about the lab.
 */
enum xw_decision xw_access_to_lab(const struct xw_caller *caller, const struct xw_owner *owner,
                                  const struct xw_access *access);

#endif
