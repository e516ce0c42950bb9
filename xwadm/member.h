/*
 * People by the host's data base of users, with the groups that a login of theirs would have:
 * everybody, system users and root included, since the rule of access is about everybody.
 */
#ifndef XW_XWADM_MEMBER_H
#define XW_XWADM_MEMBER_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "common/error.h"

struct xw_member {
    char *name;
    bool exists; /* the host has such a user: the rest is set */
    uid_t uid;
    gid_t primary;
    size_t group_count; /* the primary one among them */
    gid_t *groups;
};

struct xw_members {
    size_t count;
    struct xw_member *items;
};

/* Adds a person by name, whether there is one or not. Returns 0 or an errno: no answer. */
int xw_members_add(struct xw_members *members, const char *name, struct xw_error *err);

/*
 * Adds who can be listed as a member of one of these groups: those whom a group lists, and those
 * whose primary group one is.
 */
int xw_members_add_groups(struct xw_members *members, const gid_t *gids, size_t count,
                          struct xw_error *err);

/* Sorts by name. */
void xw_members_sort(struct xw_members *members);

bool xw_member_in(const struct xw_member *member, gid_t gid);

void xw_members_free(struct xw_members *members);

#define XW_AUTO_MEMBERS __attribute__((cleanup(xw_members_free))) struct xw_members

#endif
