#include <errno.h>
#include <stdlib.h>

#include "common/exitcode.h"
#include "common/names.h"
#include "xwadm/command.h"
#include "xwadm/member.h"
#include "xwadm/name_sources.h"
#include "xwadm/say.h"
#include "xwadm/standing.h"

static int add_named(struct xw_members *people, const struct xw_named *users, size_t count,
                     struct xw_error *err)
{
    int rc = 0;

    for (size_t i = 0; i < count && rc == 0; i++)
        rc = xw_members_add(people, users[i].name, err);
    return rc;
}

/* Everybody of the lab's groups, or named in its file, and each user who has a world. */
static int find_people(const struct xw_lab_view *lab, struct xw_members *people,
                       struct xw_error *err)
{
    const struct xw_access *access = &lab->access;
    int rc = xw_members_add_groups(people, access->students, access->student_count, err);

    if (rc == 0)
        rc = xw_members_add_groups(people, access->teams, access->team_count, err);
    if (rc == 0)
        rc = xw_members_add_groups(people, access->instructors, access->instructor_count, err);
    if (rc == 0)
        rc = add_named(people, access->users, access->user_count, err);
    if (rc == 0)
        rc = add_named(people, access->instructor_users, access->instructor_user_count, err);
    for (size_t i = 0; i < lab->worlds.count && rc == 0; i++) {
        const char *owner = lab->worlds.items[i].owner;
        rc = xw_is_team(owner) ? 0 : xw_members_add(people, owner, err);
    }
    xw_members_sort(people);
    return rc;
}

static void print_line(const struct xw_standing *standing)
{
    char world[XW_STANDING_WORLD_SIZE];
    XW_AUTO_BUFFER why = {0};

    xw_standing_world(standing, world);
    xw_standing_why(standing, &why);
    xw_say("%-20s %-10s %-14s  %s", standing->member->name, xw_standing_may(standing), world,
           why.text ? why.text : "");
}

static void add_json(const struct xw_standing *standing, struct json_object *people)
{
    struct json_object *object = xw_json_need(json_object_new_object());

    xw_json_text(object, "user", standing->member->name);
    if (standing->member->exists)
        xw_json_number(object, "uid", standing->member->uid);
    xw_standing_json(standing, object);
    json_object_array_add(people, object);
}

static int show_people(const struct xw_survey *survey, const struct xw_lab_view *lab,
                       const struct xw_members *people, struct json_object *list,
                       struct xw_error *err)
{
    struct xw_standing standing;
    int rc = 0;

    if (!list && people->count > 0)
        xw_say("%-20s %-10s %-14s  %s", "USER", "MAY", "WORLD", "WHY");
    for (size_t i = 0; i < people->count && rc == 0; i++) {
        rc = xw_standing_find(survey, lab, &people->items[i], &standing, err);
        if (rc == 0 && list)
            add_json(&standing, list);
        else if (rc == 0)
            print_line(&standing);
        xw_standing_clear(&standing);
    }
    return rc;
}

static void finish(const struct xw_survey *survey, const struct xw_lab_view *lab, bool nobody,
                   struct json_object *list)
{
    if (list) {
        struct json_object *object = xw_json_new();
        xw_json_text(object, "lab", lab->name);
        xw_json_bool(object, "libvirt_answers", survey->domains_rc == 0);
        xw_json_bool(object, "complete", !survey->elsewhere);
        json_object_object_add(object, "people", list);
        xw_json_print(object);
        return;
    }
    if (nobody)
        xw_note("nobody is in the groups of the lab %s; `xwadm help grant` tells how to add some",
                lab->name);
    if (survey->elsewhere)
        xw_note("users or groups come from elsewhere, too (" XW_SOURCES_FILE
                "), which need not list all of them: members may be missing here; `xwadm what-can "
                "USER` asks about one");
}

static int show_lab(const struct xw_survey *survey, const struct xw_lab_view *lab, bool json,
                    struct xw_error *err)
{
    XW_AUTO_MEMBERS people = {0};

    if (lab->rc < 0)
        return xw_fail(err, -EBADMSG, "the lab \"%s\": %s; apply it again", lab->name,
                       lab->trouble.text);
    int rc = find_people(lab, &people, err);
    if (rc < 0)
        return rc;
    struct json_object *list = json ? xw_json_need(json_object_new_array()) : NULL;
    rc = show_people(survey, lab, &people, list, err);
    if (rc == 0)
        finish(survey, lab, people.count == 0, list);
    else
        json_object_put(list);
    return rc;
}

static int show(const char *name, bool json)
{
    struct xw_error err = {0};
    struct xw_survey survey;
    struct xw_lab_view *lab = xw_lab_view_new();
    int rc = xw_survey_begin(&survey, &err);

    if (rc == 0)
        rc = xw_lab_view_read(survey.labs_fd, name, lab, &err);
    if (rc == 0)
        rc = show_lab(&survey, lab, json, &err);
    xw_lab_view_free(lab);
    free(lab);
    xw_survey_end(&survey);
    if (rc == 0)
        return survey.domains_rc < 0 ? xw_exit_of(survey.domains_rc) : XW_EXIT_OK;
    xw_complain(&err);
    return rc == -ENOENT ? XW_EXIT_REFUSED : xw_exit_of(rc);
}

static int run(int argc, char **argv)
{
    bool json;

    if (!xw_json_option(argc, argv, &json) || !xw_operands_ok(argc, argv, 1, 1, "the lab's name"))
        return XW_EXIT_USAGE;
    if (!xw_name_ok(argv[optind]))
        return xw_bad_name("a lab", argv[optind]);
    return show(argv[optind], json);
}

const struct xw_command xw_command_who_can = {
    .name = "who-can",
    .arguments = "LAB [--json]",
    .summary = "show who may use a lab, and why",
    .help =
        "Show everybody who is in a group of LAB, is named in its file or has a world of it:\n"
        "whether they may use it at their next login, why, and what runs in their world. The "
        "answer is that of the rule\n"
        "by which gate and keeper decide.\n"
        "\n"
        "  MAY         yes, not yet (no world so far), instructor, no\n"
        "  --json      for programs\n"
        "\n"
        "A directory (LDAP, SSSD) need not list all of its users and members: who is missing for\n"
        "that may be asked about with `xwadm what-can USER`.\n"
        "\n"
        "Exit status 75 means that libvirt was not answering: what runs is unknown then.\n"
        "\n"
        "Example:\n"
        "  xwadm who-can firewall\n",
    .run = run,
};
