/*
 * Why the rule of access answers as it does for one person and one lab. The answer is the rule's
 * own: this asks common/access.h, and only then looks which condition it was. No I/O.
 */
#ifndef XW_XWADM_EXPLAIN_H
#define XW_XWADM_EXPLAIN_H

#include <stdbool.h>
#include <sys/types.h>

#include "common/access.h"
#include "common/record.h"

enum xw_why {
    XW_WHY_WORLD,         /* in a student group or named, with a world */
    XW_WHY_TEAM,          /* in a team that has a world: with the one above, all that is allowed */
    XW_WHY_NO_WORLD,      /* in a student group or named; no world has been made yet */
    XW_WHY_NO_TEAM_WORLD, /* in a team of which no world has been made yet */
    XW_WHY_INSTRUCTOR,    /* none of these, but in an instructors' group or named as one of them */
    XW_WHY_LEFT,          /* has a world, and is in none of the groups, nor named, any more */
    XW_WHY_NO_GROUP,      /* no world, in none of the groups, and not named */
    XW_WHY_OTHER_ACCOUNT, /* the same, but the file names another account of this uid or name */
    XW_WHY_OTHER_NAME,    /* the uid's record is another's, who had the uid before */
    XW_WHY_RECORD,        /* the uid's record can't be read */
    XW_WHY_NAME,          /* a name beyond the grammar of owners */
    XW_WHY_ROOT,          /* uid 0 has xwadm */
    XW_WHY_REFUSED,       /* the rule refuses for a reason that is none of these */
    XW_WHY_COUNT
};

struct xw_explanation {
    enum xw_decision decision; /* may they see and use a world of their own, or their team's? */
    enum xw_why why;
    bool student, team, instructor; /* by group or name, whatever else is the case */
    gid_t student_by, team_by,
        instructor_by;            /* the first such group of the lab; 0: by name alone */
    bool named, instructor_named; /* in the lab's file */
    const struct xw_named *other; /* whom it names, with XW_WHY_OTHER_ACCOUNT */
};

/* How a person stands with the records. */
struct xw_claimant {
    struct xw_caller caller;      /* with the name of the uid, by the host's data base of users */
    int owner_rc;                 /* of reading the uid's record: 0, -ENOENT, or what went wrong */
    const struct xw_owner *owner; /* with owner_rc 0 */
    size_t team_count;            /* records of groups; those of the lab's teams count */
    const struct xw_owner *teams;
};

void xw_explain(const struct xw_claimant *claimant, const struct xw_access *access,
                struct xw_explanation *explanation);

/* A word for programs: "world", "no_world", ... */
const char *xw_why_word(enum xw_why why);

#endif
