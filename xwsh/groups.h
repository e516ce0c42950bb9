/*
 * The groups of a lab by name, with their members, and the users whom its file names, as the host's
 * data bases of groups and users have them (nsswitch.conf(5)): looked up here, without privilege,
 * since the gate knows numbers only.
 */
#ifndef XW_XWSH_GROUPS_H
#define XW_XWSH_GROUPS_H

#include <stddef.h>

#include "common/error.h"
#include "xwsh/model.h"

#define XW_GROUP_NAME_SIZE 256

struct xw_group_view {
    char name[XW_GROUP_NAME_SIZE]; /* or its number, where it has none any more; unsafe to show */
    char *members;                 /* joined by commas; unsafe to show */
};

/*
 * Looks up the groups and users of model->grants, in the same order. Members are those whom a group
 * lists and those whose primary group it is; a directory need not list all of them. A user is the
 * one member, or there is none: the account is not the one that was named. Returns 0 with *groups,
 * to be freed with xw_groups_free(), or -ENOMEM.
 */
int xw_groups_look_up(const struct xw_model *model, struct xw_group_view **groups);

void xw_groups_free(struct xw_group_view *groups, size_t count);

#endif
