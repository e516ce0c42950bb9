/*
 * Where the host's users and groups come from: its own files, which the system's tools change, or
 * elsewhere (LDAP, SSSD, any other source of nsswitch.conf(5)), which are only read here.
 */
#ifndef XW_XWADM_NAME_SOURCES_H
#define XW_XWADM_NAME_SOURCES_H

#include <stdbool.h>
#include <sys/types.h>

#include "common/error.h"

#define XW_GROUP_FILE   "/etc/group"
#define XW_SOURCES_FILE "/etc/nsswitch.conf"

/* What a file in the form of group(5) says. */
struct xw_local_group {
    bool found; /* there is a group of this name */
    gid_t gid;
    bool lists; /* the user is among its members */
};

/*
 * Looks a group and a user in it up in a file, and nowhere else. Returns 0, or an errno with words
 * where the file can't be read.
 */
int xw_local_group_look(const char *path, const char *group, const char *user,
                        struct xw_local_group *look, struct xw_error *err);

/*
 * Whether users or groups may come from elsewhere than the host's files, by a file in the form of
 * nsswitch.conf(5): then not all of them need be listed when all are asked for. True as well when
 * it can't be read, false when there is none (the C library's default are the files).
 */
bool xw_names_come_from_elsewhere(const char *path);

#endif
