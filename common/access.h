/*
 * Who may do what: one pure function, the same file in gate and keeper.
 */
#ifndef XW_COMMON_ACCESS_H
#define XW_COMMON_ACCESS_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "common/record.h"
#include "common/request.h"

/* What the kernel says of the caller. groups are borrowed. */
struct xw_caller {
    uid_t uid;
    const gid_t *groups;
    size_t group_count;
};

enum xw_decision {
    XW_DECISION_REFUSE, /* not found or not allowed */
    XW_DECISION_ALLOW
};

/*
 * Decides a request. owner is the record of the caller's own uid, NULL where there is none;
 * access is the record of the lab that the request names, NULL where it names none or there is no
 * such lab. Anything not expressly allowed is refused. No I/O, no state.
 */
enum xw_decision xw_access_decide(const struct xw_caller *caller, const struct xw_request *request,
                                  const struct xw_owner *owner, const struct xw_access *access);

/*
 * Whether the record lists the lab. Only then is the lab's own record opened: whoever asks for
 * another's lab causes what one that doesn't exist causes, and no more.
 */
bool xw_access_lists(const struct xw_owner *owner, const char *lab);

/*
 * What a lab gives to the caller by group, whether there is a world yet or not: a world of his or
 * her own, or the worlds of others to look after. Nothing to uid 0.
 */
bool xw_access_grants(const struct xw_caller *caller, const struct xw_access *access);
bool xw_access_instructs(const struct xw_caller *caller, const struct xw_access *access);

/*
 * Whether a world of this lab is the caller's to see: the rule of `list`, and the part of
 * xw_access_decide() that is about the lab.
 */
enum xw_decision xw_access_to_lab(const struct xw_caller *caller, const struct xw_owner *owner,
                                  const struct xw_access *access);

#endif
