#include "xwadm/people.h"

#include <errno.h>
#include <grp.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/access.h"
#include "xwadm/confined.h"
#include "xwadm/say.h"

enum { SHOWN_MAX = 40, GROUPS_FIRST = 64, GROUPS_MOST = 65536 };

void xw_people_free(struct xw_people *people)
{
    free(people->items);
    *people = (struct xw_people){0};
}

/*
 * Whether a look-up ended without an answer (getpwnam(3), ERRORS): that is not the answer that
 * there is no such name.
 */
static bool is_no_answer(int code)
{
    return code == EINTR || code == EIO || code == EMFILE || code == ENFILE || code == ENOMEM ||
           code == ERANGE;
}

int xw_user_find(const char *name, const struct passwd **user, struct xw_error *err)
{
    errno = 0;
    *user = getpwnam(name);
    return !*user && is_no_answer(errno)
               ? xw_fail_errno(err, -errno, "the user \"%.*s\" can't be looked up", SHOWN_MAX, name)
               : 0;
}

int xw_team_find(const char *name, const struct group **group, struct xw_error *err)
{
    errno = 0;
    *group = getgrnam(name + 1);
    return !*group && is_no_answer(errno)
               ? xw_fail_errno(err, -errno, "the group \"%.*s\" can't be looked up", SHOWN_MAX,
                               name + 1)
               : 0;
}

static int append(struct xw_people *people, const char *name, id_t number, struct xw_error *err)
{
    struct xw_person *items = reallocarray(people->items, people->count + 1, sizeof(*items));

    if (!items)
        return xw_fail(err, -ENOMEM, "there is not enough memory");
    people->items = items;
    struct xw_person *person = &items[people->count++];
    snprintf(person->name, sizeof(person->name), "%s", name);
    person->number = number;
    return 0;
}

static int add_team(struct xw_people *people, const struct group *group, struct xw_error *err)
{
    char name[XW_NAME_SIZE];

    if (snprintf(name, sizeof(name), "@%s", group->gr_name) >= (int)sizeof(name) ||
        !xw_owner_ok(name))
        return xw_fail(err, -EINVAL,
                       "the name of group \"%.*s\" can't be a team's: small letters, digits, - "
                       "and _, at most 31",
                       SHOWN_MAX, group->gr_name);
    return append(people, name, group->gr_gid, err);
}

/* The group that a lab knows by its number, as its `what`. */
static int find_group_of_lab(gid_t gid, const char *what, const struct group **group,
                             struct xw_error *err)
{
    errno = 0;
    *group = getgrgid(gid);
    if (!*group && is_no_answer(errno))
        return xw_fail_errno(err, -errno, "the group %lu can't be looked up", (unsigned long)gid);
    if (!*group)
        return xw_fail(err, -ENOENT, "the lab's %s %lu doesn't exist any more; apply the lab again",
                       what, (unsigned long)gid);
    return 0;
}

int xw_people_add_team(struct xw_people *people, gid_t gid, struct xw_error *err)
{
    const struct group *group;
    int rc = find_group_of_lab(gid, "team", &group, err);

    return rc < 0 ? rc : add_team(people, group, err);
}

static int add(struct xw_people *people, const struct passwd *user, struct xw_error *err)
{
    if (user->pw_uid < XW_FIRST_UID || user->pw_uid == XW_NOBODY)
        return xw_fail(err, -EINVAL, "%.*s is a system user; worlds are for people", SHOWN_MAX,
                       user->pw_name);
    if (!xw_owner_ok(user->pw_name) || xw_is_team(user->pw_name))
        return xw_fail(err, -EINVAL,
                       "the name of user \"%.*s\" can't be an owner's: small letters, digits, - "
                       "and _, at most 32",
                       SHOWN_MAX, user->pw_name);
    return append(people, user->pw_name, user->pw_uid, err);
}

static int add_named_team(struct xw_people *people, const char *name, struct xw_error *err)
{
    const struct group *group;
    int rc = xw_team_find(name, &group, err);

    if (rc < 0)
        return rc;
    if (!group)
        return xw_fail(err, -ENOENT, "this host has no group \"%.*s\"", SHOWN_MAX, name + 1);
    return add_team(people, group, err);
}

int xw_people_add_user(struct xw_people *people, const char *name, struct xw_error *err)
{
    const struct passwd *user;

    if (xw_is_team(name))
        return add_named_team(people, name, err);
    int rc = xw_user_find(name, &user, err);

    if (rc < 0)
        return rc;
    if (!user)
        return xw_fail(err, -ENOENT, "this host has no user \"%.*s\"", SHOWN_MAX, name);
    return add(people, user, err);
}

/* Adds a member of a group; one who can't have a world is told and left out. */
static int add_member(struct xw_people *people, const struct passwd *user, struct xw_error *err)
{
    struct xw_error why = {0};
    int rc = add(people, user, &why);

    if (rc == -EINVAL) {
        xw_note("left out: %s", why.text);
        return 0;
    }
    return rc < 0 ? xw_fail(err, rc, "%s", why.text) : 0;
}

static int add_listed(struct xw_people *people, char **names, struct xw_error *err)
{
    int rc = 0;

    for (; *names && rc == 0; names++) {
        const struct passwd *user;
        rc = xw_user_find(*names, &user, err);
        if (rc == 0 && user)
            rc = add_member(people, user, err);
        else if (rc == 0)
            xw_note("left out: the group lists \"%.*s\", but this host has no such user", SHOWN_MAX,
                    *names);
    }
    return rc;
}

static int add_primary(struct xw_people *people, gid_t gid, struct xw_error *err)
{
    const struct passwd *user;
    int rc = 0;

    setpwent();
    while (errno = 0, rc == 0 && (user = getpwent())) {
        if (user->pw_gid == gid)
            rc = add_member(people, user, err);
    }
    if (rc == 0 && is_no_answer(errno))
        rc = xw_fail_errno(err, -errno, "the users can't be listed");
    endpwent();
    return rc;
}

static int add_group(struct xw_people *people, const struct group *group, struct xw_error *err)
{
    gid_t gid = group->gr_gid;
    int rc = add_listed(people, group->gr_mem, err);

    return rc < 0 ? rc : add_primary(people, gid, err);
}

int xw_people_add_group(struct xw_people *people, const char *name, struct xw_error *err)
{
    errno = 0;
    const struct group *group = getgrnam(name);

    if (!group && is_no_answer(errno))
        return xw_fail_errno(err, -errno, "the group \"%.*s\" can't be looked up", SHOWN_MAX, name);
    if (!group)
        return xw_fail(err, -ENOENT, "this host has no group \"%.*s\"", SHOWN_MAX, name);
    return add_group(people, group, err);
}

int xw_people_add_gid(struct xw_people *people, gid_t gid, struct xw_error *err)
{
    const struct group *group;
    int rc = find_group_of_lab(gid, "group", &group, err);

    return rc < 0 ? rc : add_group(people, group, err);
}

int xw_people_add_named(struct xw_people *people, const struct xw_named *named,
                        struct xw_error *err)
{
    const struct passwd *user;
    int rc = xw_user_find(named->name, &user, err);

    if (rc < 0)
        return rc;
    if (user && user->pw_uid == named->uid)
        return add_member(people, user, err);
    xw_note("left out: %s has not the uid %lu any more with which the lab's file names them; "
            "correct the file, or apply it again",
            named->name, (unsigned long)named->uid);
    return 0;
}

static int compare(const void *a, const void *b)
{
    const struct xw_person *first = a;
    const struct xw_person *second = b;

    return strcmp(first->name, second->name);
}

void xw_people_sort(struct xw_people *people)
{
    size_t kept = 0;

    if (people->count == 0)
        return;
    qsort(people->items, people->count, sizeof(*people->items), compare);
    for (size_t i = 0; i < people->count; i++) {
        if (kept == 0 || compare(&people->items[kept - 1], &people->items[i]) != 0)
            people->items[kept++] = people->items[i];
    }
    people->count = kept;
}

/* All groups of a user; the caller frees *groups. Returns how many, or -1. */
static int list_groups(const char *name, gid_t primary, gid_t **groups)
{
    for (int room = GROUPS_FIRST; room <= GROUPS_MOST; room *= 2) {
        gid_t *more = reallocarray(*groups, (size_t)room, sizeof(*more));
        int count = room;
        if (!more)
            return -1;
        *groups = more;
        if (getgrouplist(name, primary, more, &count) >= 0)
            return count;
    }
    return -1;
}

static bool is_one_of(gid_t gid, const gid_t *gids, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (gids[i] == gid)
            return true;
    }
    return false;
}

bool xw_person_is_granted(const struct xw_person *person, const struct xw_access *access)
{
    return xw_is_team(person->name)
               ? is_one_of(person->number, access->teams, access->team_count)
               : xw_person_in_groups(person, access->students, access->student_count) ||
                     xw_person_is_named(person, access->users, access->user_count);
}

bool xw_person_is_named(const struct xw_person *person, const struct xw_named *users, size_t count)
{
    const struct xw_caller caller = {.uid = person->number, .name = person->name};

    return !xw_is_team(person->name) && xw_access_names(&caller, users, count);
}

bool xw_person_in_groups(const struct xw_person *person, const gid_t *gids, size_t count)
{
    if (xw_is_team(person->name))
        return is_one_of(person->number, gids, count);
    const struct passwd *user = getpwnam(person->name);
    gid_t *groups = NULL;
    bool found = false;

    int group_count = user ? list_groups(person->name, user->pw_gid, &groups) : -1;
    for (int i = 0; i < group_count && !found; i++)
        found = is_one_of(groups[i], gids, count);
    free(groups);
    return found;
}

void xw_person_note_outsider(const struct xw_person *person, const struct xw_access *access)
{
    if (xw_person_is_granted(person, access))
        return;
    if (xw_is_team(person->name))
        xw_note(
            "%s is no team of the lab \"%s\", and its members will not see the world before that "
            "changes",
            person->name, access->lab);
    else
        xw_note("%s is in no student group of the lab \"%s\" nor named in its file, and will not "
                "see the world before that changes",
                person->name, access->lab);
}
