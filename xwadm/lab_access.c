#include "xwadm/lab_access.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>

#include "common/names.h"
#include "xwadm/confined.h"
#include "xwadm/people.h"

/* What is needed to read a line. */
struct reading {
    struct xw_record_lines *lines;
    const struct xw_lab_lookup *lookup;
    struct xw_problems *problems;
};

bool xw_lab_placed(struct xw_record_lines *lines, const char *key, struct xw_place *at,
                   char rest[XW_LAB_REST_SIZE])
{
    char text[XW_LAB_REST_SIZE + 32];
    unsigned long line, column;

    if (!xw_record_text(lines, key, text, sizeof(text)))
        return false;
    char *column_text = strchr(text, ' ');
    char *rest_text = column_text ? strchr(column_text + 1, ' ') : NULL;
    if (!rest_text)
        return xw_record_refuse_taken(lines, "\"%s\" takes a place and a value", key);
    *column_text++ = '\0';
    *rest_text++ = '\0';
    if (xw_number(text, UINT_MAX, &line) < 0 || xw_number(column_text, UINT_MAX, &column) < 0 ||
        !xw_text_ok(rest_text) || strlen(rest_text) >= XW_LAB_REST_SIZE)
        return xw_record_refuse_taken(lines, "\"%s\" takes a place and a value", key);
    *at = (struct xw_place){.line = (unsigned int)line, .column = (unsigned int)column};
    memcpy(rest, rest_text, strlen(rest_text) + 1);
    return true;
}

/* Adds a gid in ascending order, once. */
static void add_group(struct xw_lab_gids *groups, gid_t gid)
{
    size_t i = 0;

    while (i < groups->count && groups->gids[i] < gid)
        i++;
    if (i < groups->count && groups->gids[i] == gid)
        return;
    memmove(&groups->gids[i + 1], &groups->gids[i], (groups->count - i) * sizeof(gid_t));
    groups->gids[i] = gid;
    groups->count++;
}

/* Whether a group can have a record of its own, which teams and instructors do (owner_record.h). */
static bool can_be_owner(const char *group)
{
    char owner[XW_NAME_SIZE];

    return snprintf(owner, sizeof(owner), "@%s", group) < (int)sizeof(owner) && xw_owner_ok(owner);
}

/* A key of the lines from the child, and what the file says for the other kind instead. */
struct role {
    const char *key;
    const char *other;
};

static void read_group(const struct reading *reading, const struct role *role, bool has_record,
                       struct xw_lab_gids *groups)
{
    struct xw_problems *problems = reading->problems;
    struct xw_place at = {0};
    char name[XW_LAB_REST_SIZE];
    gid_t gid = 0;
    uid_t uid = 0;
    struct xw_error why = {0};

    if (groups->count == XW_GROUPS_PER_LAB_MAX) {
        xw_record_refuse(reading->lines, "there are too many groups");
        return;
    }
    if (!xw_lab_placed(reading->lines, role->key, &at, name))
        return;
    if (has_record && !can_be_owner(name)) {
        xw_problem_add(problems, at,
                       "the group \"%.40s\" can't be one of %ss: that takes a name of small "
                       "letters, digits, - and _, at most 31",
                       name, role->key);
        return;
    }
    int rc = reading->lookup->group(name, &gid, &why);
    if (rc == -ENOENT && reading->lookup->user(name, &uid, NULL) == 0)
        xw_problem_add(problems, at,
                       "this host has no group \"%.40s\", but a user of that name; name single "
                       "users in \"%s\"",
                       name, role->other);
    else if (rc == -ENOENT)
        xw_problem_add(problems, at,
                       "this host has no group \"%.40s\"; make it with groupadd(8), or correct "
                       "the name",
                       name);
    else if (rc < 0)
        xw_problem_add(problems, at, "the group \"%.40s\" can't be looked up: %s", name, why.text);
    else if (gid == 0)
        xw_problem_add(problems, at, "the group \"%.40s\" is root's own; name a group of %ss", name,
                       role->key);
    else
        add_group(groups, gid);
}

/* Adds a user in ascending order of uids, once. */
static void add_user(struct xw_lab_users *users, uid_t uid, const char *name, struct xw_place at,
                     struct xw_problems *problems)
{
    size_t i = 0;

    while (i < users->count && users->items[i].uid < uid)
        i++;
    struct xw_named *user = &users->items[i];
    if (i < users->count && user->uid == uid) {
        if (strcmp(user->name, name) != 0)
            xw_problem_add(problems, at, "the users \"%s\" and \"%s\" have one uid; name one",
                           user->name, name);
        return;
    }
    memmove(user + 1, user, (users->count - i) * sizeof(*user));
    user->uid = uid;
    memcpy(user->name, name, strlen(name) + 1);
    users->count++;
}

/* Takes the number of a user who was found, or says why it can't be one of a lab. */
static void take_user(struct xw_problems *problems, struct xw_lab_users *users, const char *name,
                      uid_t uid, struct xw_place at)
{
    if (uid == 0)
        xw_problem_add(problems, at,
                       "the user \"%s\" is root, who has xwadm(8) and no worlds; name a person",
                       name);
    else if (uid < XW_FIRST_UID || uid == XW_NOBODY)
        xw_problem_add(problems, at, "\"%s\" is a system user; name an account of a person", name);
    else
        add_user(users, uid, name, at, problems);
}

static void read_user(const struct reading *reading, const struct role *role,
                      struct xw_lab_users *users)
{
    const struct xw_lab_lookup *lookup = reading->lookup;
    struct xw_problems *problems = reading->problems;
    struct xw_place at = {0};
    char name[XW_LAB_REST_SIZE] = "";
    uid_t uid = 0;
    gid_t gid = 0;
    struct xw_error why = {0};

    if (users->count == XW_USERS_PER_LAB_MAX) {
        xw_record_refuse(reading->lines, "there are too many users");
        return;
    }
    if (!xw_lab_placed(reading->lines, role->key, &at, name))
        return;
    if (!xw_owner_ok(name) || xw_is_team(name)) {
        xw_problem_add(problems, at,
                       "\"%.40s\" can't be a user of a lab: that takes a name of small letters, "
                       "digits, - and _, at most 32",
                       name);
        return;
    }
    int rc = lookup->user(name, &uid, &why);
    if (rc == 0)
        take_user(problems, users, name, uid, at);
    else if (rc == -ENOENT && lookup->group(name, &gid, NULL) == 0)
        xw_problem_add(problems, at,
                       "this host has no user \"%s\", but a group of that name; name groups in "
                       "\"%s\"",
                       name, role->other);
    else if (rc == -ENOENT)
        xw_problem_add(problems, at,
                       "this host has no user \"%s\"; make the account with adduser(8), or "
                       "correct the name",
                       name);
    else
        xw_problem_add(problems, at, "the user \"%s\" can't be looked up: %s", name, why.text);
}

static void write_users(const struct xw_lab_users *users, const char *key, struct xw_buffer *out)
{
    for (size_t i = 0; i < users->count; i++)
        xw_buffer_add(out, "%s %lu %s\n", key, (unsigned long)users->items[i].uid,
                      users->items[i].name);
}

bool xw_lab_people_read(struct xw_lab_people *people, struct xw_record_lines *lines,
                        const struct xw_lab_lookup *lookup, struct xw_problems *problems)
{
    static const struct role student = {"student", "users"}, user = {"user", "students"},
                             team = {"team", "users"},
                             instructor = {"instructor", "instructor-users"},
                             instructor_user = {"instructor-user", "instructors"};
    const struct reading reading = {lines, lookup, problems};

    if (xw_record_at(lines, student.key))
        read_group(&reading, &student, false, &people->students);
    else if (xw_record_at(lines, user.key))
        read_user(&reading, &user, &people->users);
    else if (xw_record_at(lines, team.key))
        read_group(&reading, &team, true, &people->teams);
    else if (xw_record_at(lines, instructor.key))
        read_group(&reading, &instructor, true, &people->instructors);
    else if (xw_record_at(lines, instructor_user.key))
        read_user(&reading, &instructor_user, &people->instructor_users);
    else
        return false;
    return true;
}

static void write_groups(const struct xw_lab_gids *groups, const char *key, struct xw_buffer *out)
{
    for (size_t i = 0; i < groups->count; i++)
        xw_buffer_add(out, "%s %lu\n", key, (unsigned long)groups->gids[i]);
}

void xw_lab_people_write(const struct xw_lab_people *people, struct xw_buffer *out)
{
    write_groups(&people->students, "student", out);
    write_users(&people->users, "user", out);
    write_groups(&people->teams, "team", out);
    write_groups(&people->instructors, "instructor", out);
    write_users(&people->instructor_users, "instructor-user", out);
}
