/*
 * The people whose worlds a command is about, from users and groups of this host: users, and teams
 * by the names of their groups with an '@'.
 */
#ifndef XW_XWADM_PEOPLE_H
#define XW_XWADM_PEOPLE_H

#include <grp.h>
#include <pwd.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "common/error.h"
#include "common/names.h"
#include "common/record.h"

/* login.defs(5), UID_MIN on Debian: what is below is no person. */
#define XW_FIRST_UID 1000

struct xw_person {
    char name[XW_NAME_SIZE];
    id_t number; /* uid, or a team's gid */
};

struct xw_people {
    size_t count;
    struct xw_person *items;
};

/*
 * Looks a user up: sets *user (the C library's, until the next look-up), to NULL where the host has
 * no such user. Returns 0, or an errno where there was no answer, as from a directory server.
 */
int xw_user_find(const char *name, const struct passwd **user, struct xw_error *err);

/* The group of a team's name, "@blue", as xw_user_find() looks a user up. */
int xw_team_find(const char *name, const struct group **group, struct xw_error *err);

/*
 * Adds one user, or "@TEAM". -ENOENT: there is none. A system user (uid below 1000) or one whose
 * name can't be an owner's is -EINVAL.
 */
int xw_people_add_user(struct xw_people *people, const char *name, struct xw_error *err);

/*
 * Adds the members of a group: those that it lists and those whose primary group it is. System
 * users are left out with a word. -ENOENT: there is no such group.
 */
int xw_people_add_group(struct xw_people *people, const char *name, struct xw_error *err);
int xw_people_add_gid(struct xw_people *people, gid_t gid, struct xw_error *err);

/*
 * Adds a user whom a lab's file names; one whose account isn't that any more is left out with a
 * word.
 */
int xw_people_add_named(struct xw_people *people, const struct xw_named *named,
                        struct xw_error *err);

/* Adds the team whose group this is. -ENOENT: there is no such group. */
int xw_people_add_team(struct xw_people *people, gid_t gid, struct xw_error *err);

/* Sorts by name and removes those who are there twice. */
void xw_people_sort(struct xw_people *people);

/* Whether the lab gives a world to the user, by a student group or by name, or to the team. */
bool xw_person_is_granted(const struct xw_person *person, const struct xw_access *access);

/* Whether a user is one of those whom a lab's file names. */
bool xw_person_is_named(const struct xw_person *person, const struct xw_named *users, size_t count);

/* Whether a user is in one of these groups (getgrouplist(3)), or a team's group is one of them. */
bool xw_person_in_groups(const struct xw_person *person, const gid_t *gids, size_t count);

/* Notes that a world will be seen by nobody as long as the lab isn't for its owner, if that is so.
 */
void xw_person_note_outsider(const struct xw_person *person, const struct xw_access *access);

void xw_people_free(struct xw_people *people);

#define XW_AUTO_PEOPLE __attribute__((cleanup(xw_people_free))) struct xw_people

#endif
