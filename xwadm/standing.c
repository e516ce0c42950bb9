#include "xwadm/standing.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/clock.h"
#include "common/paths.h"
#include "xwadm/files.h"
#include "xwadm/holders.h"
#include "xwadm/membership.h"
#include "xwadm/name_sources.h"
#include "xwadm/say.h"
#include "xwadm/window.h"

int xw_survey_begin(struct xw_survey *survey, struct xw_error *err)
{
    struct xw_error why = {0};

    *survey = (struct xw_survey){.labs_fd = xw_directory_open(XW_LABS_DIR, err), .owners_fd = -1};
    if (survey->labs_fd < 0)
        return survey->labs_fd;
    survey->owners_fd = xw_directory_open(XW_OWNERS_DIR, err);
    if (survey->owners_fd < 0)
        return survey->owners_fd;
    survey->elsewhere = xw_names_come_from_elsewhere(XW_SOURCES_FILE);
    survey->domains_rc = xw_domains_ask(&survey->domains, &why);
    if (survey->domains_rc < 0)
        xw_complain(&why);
    return 0;
}

void xw_survey_end(struct xw_survey *survey)
{
    xw_domains_free(&survey->domains);
    if (survey->labs_fd >= 0)
        close(survey->labs_fd);
    if (survey->owners_fd >= 0)
        close(survey->owners_fd);
}

static bool has_world(const struct xw_lab_view *lab, const char *owner)
{
    for (size_t i = 0; i < lab->worlds.count; i++) {
        if (strcmp(lab->worlds.items[i].owner, owner) == 0)
            return true;
    }
    return false;
}

/*
 * Who has left all groups may still have one in a login that was begun before: for a world of their
 * own, which is there still, or for a team's.
 */
static int count_held(struct xw_standing *standing, struct xw_error *err)
{
    const struct xw_access *access = &standing->lab->access;
    const enum xw_why why = standing->explanation.why;
    gid_t gids[2 * XW_GROUPS_PER_LAB_MAX];
    const struct xw_held held = {standing->member->uid, gids, xw_lab_groups_all(access, gids)};

    if (why != XW_WHY_LEFT && (why != XW_WHY_NO_GROUP || access->team_count == 0))
        return 0;
    ssize_t count = xw_holders_count(&held, err);
    if (count > 0)
        standing->held = (size_t)count;
    return count < 0 ? (int)count : 0;
}

/* The records of the lab's teams that the person is in. One that can't be read is as none. */
static int read_teams(const struct xw_survey *survey, struct xw_standing *standing,
                      struct xw_error *err)
{
    const struct xw_access *access = &standing->lab->access;

    standing->teams = calloc(access->team_count + 1, sizeof(*standing->teams));
    if (!standing->teams)
        return xw_fail(err, -ENOMEM, "there is not enough memory");
    for (size_t i = 0; i < access->team_count; i++) {
        struct xw_owner *team = &standing->teams[standing->team_count];
        if (xw_member_in(standing->member, access->teams[i]) &&
            xw_owner_read_group(survey->owners_fd, access->teams[i], team, NULL) == 0)
            standing->team_count++;
    }
    return 0;
}

/* The record of the owner of the world that it is about; NULL where there is none. */
static const struct xw_owner *record_of_world(const struct xw_standing *standing)
{
    for (size_t i = 0; standing->explanation.why == XW_WHY_TEAM && i < standing->team_count; i++) {
        if (standing->teams[i].gid == standing->explanation.team_by)
            return &standing->teams[i];
    }
    return standing->owner_rc == 0 ? &standing->owner : NULL;
}

static void explain(struct xw_standing *standing)
{
    const struct xw_member *member = standing->member;
    const struct xw_claimant claimant = {
        .caller = {member->uid, member->groups, member->group_count},
        .name = member->name,
        .owner_rc = standing->owner_rc,
        .owner = &standing->owner,
        .team_count = standing->team_count,
        .teams = standing->teams,
    };

    xw_explain(&claimant, &standing->lab->access, &standing->explanation);
    const struct xw_owner *owner = record_of_world(standing);
    standing->window = xw_access_window(owner, &standing->lab->access, xw_clock_now());
    if (standing->explanation.why == XW_WHY_TEAM)
        snprintf(standing->world, sizeof(standing->world), "%s", owner->name);
}

int xw_standing_find(const struct xw_survey *survey, const struct xw_lab_view *lab,
                     const struct xw_member *member, struct xw_standing *standing,
                     struct xw_error *err)
{
    int rc = 0;

    *standing = (struct xw_standing){
        .member = member,
        .lab = lab,
        .has_domains = survey->domains_rc == 0,
        .owner_rc = -ENOENT,
        .explanation = {.decision = XW_DECISION_REFUSE, .why = XW_WHY_NO_GROUP},
    };
    snprintf(standing->world, sizeof(standing->world), "%s", member->name);
    if (member->exists) {
        standing->owner_rc =
            xw_owner_read(survey->owners_fd, member->uid, &standing->owner, &standing->trouble);
        rc = read_teams(survey, standing, err);
    }
    if (rc == 0 && member->exists) {
        explain(standing);
        rc = count_held(standing, err);
    }
    standing->has_world = has_world(lab, standing->world);
    standing->running = xw_domains_running(&survey->domains, lab->name, standing->world);
    return rc;
}

void xw_standing_clear(struct xw_standing *standing)
{
    free(standing->teams);
    standing->teams = NULL;
}

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

/* Of the students and teams: who of them is a member has a world. */
static void add_student_groups(const struct xw_access *access, struct xw_buffer *text)
{
    char name[XW_GROUP_TEXT_SIZE];

    for (size_t i = 0; i < access->student_count + access->team_count; i++) {
        bool team = i >= access->student_count;
        xw_group_text(team ? access->teams[i - access->student_count] : access->students[i], name);
        xw_buffer_add(text, "%s%s%s", i ? ", " : "", team ? "team " : "", name);
    }
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
    add_group(standing->member, standing->explanation.student_by, text);
    xw_buffer_add(text, "; %s `xwadm deploy %s --user %s`", way_to_world(standing),
                  standing->lab->name, standing->member->name);
}

static void add_reason(const struct xw_standing *standing, struct xw_buffer *text)
{
    const struct xw_member *member = standing->member;

    switch (standing->explanation.why) {
    case XW_WHY_WORLD:
        add_group(member, standing->explanation.student_by, text);
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
        add_group(member, standing->explanation.instructor_by, text);
        break;
    case XW_WHY_LEFT:
        xw_buffer_add(text, "has a world, but is in no student group any more: ");
        add_student_groups(&standing->lab->access, text);
        break;
    case XW_WHY_NO_GROUP:
        xw_buffer_add(text, "in no group of the lab: ");
        add_student_groups(&standing->lab->access, text);
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

void xw_standing_why(const struct xw_standing *standing, struct xw_buffer *text)
{
    const struct xw_explanation *explanation = &standing->explanation;
    const struct xw_member *member = standing->member;

    if (!member->exists) {
        xw_buffer_add(text, standing->has_world
                                ? "has a world, but this host has no such user any more"
                                : "a group lists the name, but this host has no such user");
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
        add_group(member, explanation->instructor_by, text);
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
    if (explanation->student)
        add_group_json(object, "student_group", explanation->student_by);
    xw_json_bool(object, "team", explanation->team);
    if (explanation->team)
        add_group_json(object, "team_group", explanation->team_by);
    xw_json_bool(object, "instructor", explanation->instructor);
    if (explanation->instructor)
        add_group_json(object, "instructor_group", explanation->instructor_by);
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
