/*
 * Who is in the groups that a lab names, and changing it: with gpasswd(1), for groups in the host's
 * own file only.
 */
#ifndef XW_XWADM_MEMBERSHIP_H
#define XW_XWADM_MEMBERSHIP_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "common/error.h"
#include "common/record.h"
#include "xwadm/member.h"

#define XW_GROUP_NAME_SIZE 256

struct xw_lab_group {
    gid_t gid;
    char name[XW_GROUP_NAME_SIZE];
};

struct xw_lab_groups {
    size_t count;
    struct xw_lab_group items[2 * XW_GROUPS_PER_LAB_MAX];
    gid_t gids[2 * XW_GROUPS_PER_LAB_MAX]; /* the same numbers */
};

/*
 * The groups that give a world to somebody: of the lab's students, then its teams, each once.
 * Returns how many.
 */
size_t xw_lab_groups_all(const struct xw_access *access, gid_t gids[2 * XW_GROUPS_PER_LAB_MAX]);

/*
 * The groups of the lab's students and teams, or of its instructors; only that one where a name is
 * given. Groups that don't exist any more are left out with a word. -ENOENT: there are none of that
 * kind, or none of that name.
 */
int xw_lab_groups_find(const struct xw_access *access, bool instructors, const char *only,
                       struct xw_lab_groups *groups, struct xw_error *err);

/* "cs530, cs531" */
#define XW_LAB_GROUPS_TEXT_SIZE 300
void xw_lab_groups_text(const struct xw_lab_groups *groups, char text[XW_LAB_GROUPS_TEXT_SIZE]);

/* Notes the other labs that are opened by one of the groups. */
void xw_lab_groups_note_others(int labs_fd, const char *lab, const struct xw_lab_groups *groups);

enum xw_membership {
    XW_MEMBERSHIP_NONE,
    XW_MEMBERSHIP_LISTED,
    XW_MEMBERSHIP_PRIMARY /* by the user's own entry, which gpasswd doesn't change */
};

enum xw_membership xw_membership_of(const struct xw_member *member, gid_t gid);

/*
 * Whether gpasswd can change who is in the group: it stands in /etc/group. 0, or -EREMOTE (it comes
 * from elsewhere: LDAP, SSSD) or another errno; what to do there is in the words.
 */
int xw_membership_is_ours(const struct xw_lab_group *group, struct xw_error *err);

/*
 * Adds a user to a group, or takes the user out, and reads in /etc/group that it is so. Returns 0,
 * or an errno with words; then the file is as it was, unless gpasswd says otherwise.
 */
int xw_membership_change(const struct xw_lab_group *group, const char *user, bool add,
                         struct xw_error *err);

#endif
