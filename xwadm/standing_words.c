/*
 * How a person stands with a lab, in words and for programs.
 */
#include <stdio.h>
#include <string.h>

#include "xwadm/membership.h"
#include "xwadm/say.h"
#include "xwadm/standing.h"
#include "xwadm/window.h"

const char *xw_standing_may(const struct xw_standing *standing)
{
    switch (standing->explanation.why) {
    case XW_WHY_WORLD:
    case XW_WHY_TEAM:
        return "yes";
    case XW_WHY_NO_WORLD:
    case XW_WHY_NO_TEAM_WORLD:
        return "not yet";
    case XW_WHY_INSTRUCTOR:
        return "instructor";
    default:
        return "no";
    }
}

void xw_standing_world(const struct xw_standing *standing, char text[XW_STANDING_WORLD_SIZE])
{
    const size_t machines = standing->lab->plan.machine_count;

    if (!standing->has_world)
        snprintf(text, XW_STANDING_WORLD_SIZE, "none");
    else if (standing->has_domains)
        snprintf(text, XW_STANDING_WORLD_SIZE, "%zu of %zu running", standing->running, machines);
    else
        snprintf(text, XW_STANDING_WORLD_SIZE, "%zu machines", machines);
}

/* "in cs530 (primary group)" */
static void add_group(const struct xw_member *member, gid_t gid, struct xw_buffer *text)
{
    char name[XW_GROUP_TEXT_SIZE];

    xw_group_text(gid, name);
    xw_buffer_add(text, "in %s%s", name, member->primary == gid ? " (primary group)" : "");
}

/* "in cs530", "named in the lab's file", or both; by is 0 where there is no such group. */
static void add_grounds(const struct xw_member *member, gid_t by, bool named,
                        struct xw_buffer *text)
{
    if (by)
        add_group(member, by, text);
    if (named)
        xw_buffer_add(text, "%snamed in the lab's file", by ? ", and " : "");
}

/* Of the students and teams, by name, too: who of them is a member has a world. */
static void add_lack(const struct xw_access *access, const char *any_more, struct xw_buffer *text)
{
    char name[XW_GROUP_TEXT_SIZE];
    const bool groups = access->student_count + access->team_count > 0;

    if (groups)
        xw_buffer_add(text, "in no %s%s: ", *any_more ? "student group" : "group of the lab",
                      any_more);
    for (size_t i = 0; i < access->student_count + access->team_count; i++) {
        bool team = i >= access->student_count;
        xw_group_text(team ? access->teams[i - access->student_count] : access->students[i], name);
        xw_buffer_add(text, "%s%s%s", i ? ", " : "", team ? "team " : "", name);
    }
    if (access->user_count > 0)
        xw_buffer_add(text, "%snot named in the lab's file%s", groups ? "; and " : "", any_more);
}

/* "in the team blue", and where there are several in which others */
static void add_teams(const struct xw_standing *standing, struct xw_buffer *text)
{
    const struct xw_access *access = &standing->lab->access;
    char name[XW_GROUP_TEXT_SIZE];

    xw_group_text(standing->explanation.team_by, name);
    xw_buffer_add(text, "in the team %s", name);
    for (size_t i = 0; i < access->team_count; i++) {
        if (access->teams[i] == standing->explanation.team_by ||
            !xw_member_in(standing->member, access->teams[i]))
            continue;
        xw_group_text(access->teams[i], name);
        xw_buffer_add(text, ", and %s", name);
    }
}

static void add_no_team_world(const struct xw_standing *standing, struct xw_buffer *text)
{
    char name[XW_GROUP_TEXT_SIZE];

    add_teams(standing, text);
    xw_group_text(standing->explanation.team_by, name);
    xw_buffer_add(text, "; its world is made %s `xwadm deploy %s --user @%s`",
                  standing->window.state == XW_WINDOW_CLOSED
                      ? "only by"
                      : "at the next login of a member, or by",
                  standing->lab->name, name);
}

/* As the keeper's prepare has it: a login makes no world of a lab that has closed. */
static const char *way_to_world(const struct xw_standing *standing)
{
    if (standing->has_world)
        return "the world isn't complete:";
    return standing->window.state == XW_WINDOW_CLOSED
               ? "the lab has closed, a world is only made by"
               : "the world is made at the next login, or by";
}

static void add_no_world(const struct xw_standing *standing, struct xw_buffer *text)
{
    add_grounds(standing->member, standing->explanation.student_by, standing->explanation.named,
                text);
    xw_buffer_add(text, "; %s `xwadm deploy %s --user %s`", way_to_world(standing),
                  standing->lab->name, standing->member->name);
}

static void add_reason(const struct xw_standing *standing, struct xw_buffer *text)
{
    const struct xw_member *member = standing->member;
    const struct xw_explanation *explanation = &standing->explanation;

    switch (explanation->why) {
    case XW_WHY_WORLD:
        add_grounds(member, explanation->student_by, explanation->named, text);
        break;
    case XW_WHY_NO_WORLD:
        add_no_world(standing, text);
        break;
    case XW_WHY_TEAM:
        add_teams(standing, text);
        break;
    case XW_WHY_NO_TEAM_WORLD:
        add_no_team_world(standing, text);
        break;
    case XW_WHY_INSTRUCTOR:
        add_grounds(member, explanation->instructor_by, explanation->instructor_named, text);
        break;
    case XW_WHY_LEFT:
        xw_buffer_add(text, "has a world, but is ");
        add_lack(&standing->lab->access, " any more", text);
        break;
    case XW_WHY_NO_GROUP:
        add_lack(&standing->lab->access, "", text);
        break;
    case XW_WHY_OTHER_ACCOUNT:
        xw_buffer_add(text,
                      "the lab's file names %s with the uid %lu, and this is another account: "
                      "apply it again if the same person is meant",
                      explanation->other->name, (unsigned long)explanation->other->uid);
        break;
    case XW_WHY_OTHER_NAME:
        xw_buffer_add(text,
                      "the uid %lu was %s's, whose worlds are still there: destroy them first",
                      (unsigned long)member->uid, standing->owner.name);
        break;
    case XW_WHY_RECORD:
        xw_buffer_add(text, "%s", standing->trouble.text);
        break;
    case XW_WHY_NAME:
        xw_buffer_add(text, "this name can't be an owner's: small letters, digits, - and _, at "
                            "most 32");
        break;
    case XW_WHY_ROOT:
        xw_buffer_add(text, "uid 0 never may: root has xwadm");
        break;
    default:
        xw_buffer_add(text, "refused by the rule of access");
    }
}

/* When a student may use the lab; one who teaches it may at any time. */
static void add_window(const struct xw_standing *standing, struct xw_buffer *text)
{
    char window[XW_WINDOW_TEXT_SIZE];

    if (standing->explanation.instructor ||
        (!standing->explanation.student && !standing->explanation.team))
        return;
    xw_window_text(&standing->window, window);
    if (window[0])
        xw_buffer_add(text, "; %s%s", window,
                      standing->window.state == XW_WINDOW_OPEN ? "" : ": may only look");
}

static bool names(const struct xw_named *users, size_t count, const char *name)
{
    size_t i = 0;

    while (i < count && strcmp(users[i].name, name) != 0)
        i++;
    return i < count;
}

/* Of a name without an account. */
static void add_missing(const struct xw_standing *standing, struct xw_buffer *text)
{
    const struct xw_access *access = &standing->lab->access;
    const char *name = standing->member->name;

    if (names(access->users, access->user_count, name) ||
        names(access->instructor_users, access->instructor_user_count, name))
        xw_buffer_add(text, "named in the lab's file, but this host has no such user any more");
    else if (standing->has_world)
        xw_buffer_add(text, "has a world, but this host has no such user any more");
    else
        xw_buffer_add(text, "a group lists the name, but this host has no such user");
}

void xw_standing_why(const struct xw_standing *standing, struct xw_buffer *text)
{
    const struct xw_explanation *explanation = &standing->explanation;
    const struct xw_member *member = standing->member;

    if (!member->exists) {
        add_missing(standing, text);
        return;
    }
    add_reason(standing, text);
    add_window(standing, text);
    if (explanation->team && explanation->why != XW_WHY_TEAM &&
        explanation->why != XW_WHY_NO_TEAM_WORLD) {
        xw_buffer_add(text, "; ");
        add_teams(standing, text);
    }
    if (explanation->instructor && explanation->why != XW_WHY_INSTRUCTOR) {
        xw_buffer_add(text, "; instructor: ");
        add_grounds(member, explanation->instructor_by, explanation->instructor_named, text);
    }
    if (standing->held > 0)
        xw_buffer_add(text,
                      "; but a login that is open still has the group, and may: `xwadm revoke %s "
                      "%s --now`",
                      standing->lab->name, member->name);
}

static void add_group_json(struct json_object *object, const char *key, gid_t gid)
{
    char name[XW_GROUP_TEXT_SIZE];

    xw_group_text(gid, name);
    xw_json_text(object, key, name);
}

void xw_standing_json(const struct xw_standing *standing, struct json_object *object)
{
    const struct xw_explanation *explanation = &standing->explanation;
    XW_AUTO_BUFFER why = {0};

    xw_standing_why(standing, &why);
    xw_json_bool(object, "allowed", explanation->decision == XW_DECISION_ALLOW);
    xw_json_text(object, "reason",
                 standing->member->exists ? xw_why_word(explanation->why) : "no_user");
    xw_json_text(object, "why", why.text ? why.text : "");
    xw_json_bool(object, "student", explanation->student);
    if (explanation->student && explanation->student_by)
        add_group_json(object, "student_group", explanation->student_by);
    xw_json_bool(object, "named", explanation->named);
    xw_json_bool(object, "team", explanation->team);
    if (explanation->team)
        add_group_json(object, "team_group", explanation->team_by);
    xw_json_bool(object, "instructor", explanation->instructor);
    if (explanation->instructor && explanation->instructor_by)
        add_group_json(object, "instructor_group", explanation->instructor_by);
    xw_json_bool(object, "instructor_named", explanation->instructor_named);
    xw_window_json(&standing->window, object);
    xw_json_bool(object, "has_world", standing->has_world);
    if (standing->has_world)
        xw_json_text(object, "world_owner", standing->world);
    if (standing->has_world)
        xw_json_number(object, "machine_count", standing->lab->plan.machine_count);
    if (standing->has_world && standing->has_domains)
        xw_json_number(object, "running_count", standing->running);
    xw_json_number(object, "open_login_processes", standing->held);
}
