/*
 * What `grant` and `revoke` have in common: a lab, people, and the groups that it is about.
 */
#ifndef XW_XWADM_GRANT_COMMON_H
#define XW_XWADM_GRANT_COMMON_H

#include <stdbool.h>

#include "common/error.h"
#include "common/record.h"
#include "xwadm/member.h"
#include "xwadm/membership.h"

struct xw_grant {
    /* The command line. */
    bool instructors;
    bool now;
    const char *group; /* NULL: the only one, or all of them */
    /* What it is about. */
    int labs_fd;
    struct xw_access access;
    struct xw_lab_groups groups;
    struct xw_members people; /* in the order that they were named */
};

/*
 * Reads the options and operands (LAB USER...) of either command, and finds all of that before
 * anything is changed. Returns an exit code, having complained; with XW_EXIT_OK, *grant is filled.
 * xw_grant_close() in any case.
 */
int xw_grant_open(struct xw_grant *grant, int argc, char **argv, bool may_now);

/* Whether the lab's file names this user, as a student or, with --instructor, an instructor. */
bool xw_grant_names(const struct xw_grant *grant, const struct xw_member *member);

void xw_grant_close(struct xw_grant *grant);

#endif
