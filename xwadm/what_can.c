#include <errno.h>
#include <stdlib.h>

#include "common/exitcode.h"
#include "common/lines.h"
#include "common/names.h"
#include "xwadm/command.h"
#include "xwadm/files.h"
#include "xwadm/member.h"
#include "xwadm/say.h"
#include "xwadm/standing.h"

static void print_line(const struct xw_standing *standing)
{
    char world[XW_STANDING_WORLD_SIZE];
    XW_AUTO_BUFFER why = {0};

    xw_standing_world(standing, world);
    xw_standing_why(standing, &why);
    xw_say("%-20s %-10s %-14s  %s", standing->lab->name, xw_standing_may(standing), world,
           why.text ? why.text : "");
}

static void add_json(const struct xw_standing *standing, struct json_object *labs)
{
    struct json_object *object = xw_json_need(json_object_new_object());

    xw_json_text(object, "lab", standing->lab->name);
    xw_standing_json(standing, object);
    json_object_array_add(labs, object);
}

static int show_standing(const struct xw_survey *survey, const struct xw_lab_view *lab,
                         const struct xw_member *member, struct json_object *labs,
                         struct xw_error *err)
{
    struct xw_standing standing;
    int rc = xw_standing_find(survey, lab, member, &standing, err);

    if (rc == 0 && labs)
        add_json(&standing, labs);
    else if (rc == 0)
        print_line(&standing);
    xw_standing_clear(&standing);
    return rc;
}

/* One lab's line. A lab whose records can't be read refuses everybody. */
static int show_lab(const struct xw_survey *survey, const char *name,
                    const struct xw_member *member, struct json_object *labs, struct xw_error *err)
{
    struct xw_lab_view *lab = xw_lab_view_new();
    int rc = xw_lab_view_read(survey->labs_fd, name, lab, err);

    if (rc == 0 && lab->rc < 0)
        xw_note("the lab \"%s\" is open to nobody: %s; apply it again", name, lab->trouble.text);
    else if (rc == 0)
        rc = show_standing(survey, lab, member, labs, err);
    xw_lab_view_free(lab);
    free(lab);
    return rc;
}

static int show_labs(const struct xw_survey *survey, const struct xw_member *member,
                     struct json_object *labs, struct xw_error *err)
{
    char(*names)[XW_NAME_SIZE] = NULL;
    ssize_t count = xw_directory_names(survey->labs_fd, xw_name_ok, &names, err);
    int rc = count < 0 ? (int)count : 0;

    if (!labs && count > 0)
        xw_say("%-20s %-10s %-14s  %s", "LAB", "MAY", "WORLD", "WHY");
    for (ssize_t i = 0; i < count && rc == 0; i++)
        rc = show_lab(survey, names[i], member, labs, err);
    if (rc == 0 && !labs && count == 0)
        xw_note("no lab is applied; `xwadm help lab apply` tells how");
    free(names);
    return rc;
}

static int show_member(const struct xw_survey *survey, const struct xw_member *member, bool json,
                       struct xw_error *err)
{
    struct json_object *labs = json ? xw_json_need(json_object_new_array()) : NULL;
    int rc = show_labs(survey, member, labs, err);

    if (rc < 0 || !json) {
        json_object_put(labs);
        return rc;
    }
    struct json_object *object = xw_json_new();
    xw_json_text(object, "user", member->name);
    xw_json_number(object, "uid", member->uid);
    xw_json_bool(object, "libvirt_answers", survey->domains_rc == 0);
    json_object_object_add(object, "labs", labs);
    xw_json_print(object);
    return 0;
}

static int show(const char *name, bool json)
{
    struct xw_error err = {0};
    struct xw_survey survey = {.labs_fd = -1, .owners_fd = -1};
    XW_AUTO_MEMBERS people = {0};
    int rc = xw_members_add(&people, name, &err);

    if (rc == 0 && !people.items[0].exists)
        rc = xw_fail(&err, -ENOENT, "this host has no user \"%.40s\"", name);
    if (rc == 0)
        rc = xw_survey_begin(&survey, &err);
    if (rc == 0)
        rc = show_member(&survey, &people.items[0], json, &err);
    xw_survey_end(&survey);
    if (rc == 0)
        return survey.domains_rc < 0 ? xw_exit_of(survey.domains_rc) : XW_EXIT_OK;
    xw_complain(&err);
    return rc == -ENOENT ? XW_EXIT_REFUSED : xw_exit_of(rc);
}

static int run(int argc, char **argv)
{
    bool json;

    if (!xw_json_option(argc, argv, &json) || !xw_operands_ok(argc, argv, 1, 1, "the user's name"))
        return XW_EXIT_USAGE;
    if (!xw_text_ok(argv[optind])) {
        xw_note("what-can: that can't be a user's name");
        return XW_EXIT_USAGE;
    }
    return show(argv[optind], json);
}

const struct xw_command xw_command_what_can = {
    .name = "what-can",
    .arguments = "USER [--json]",
    .summary = "show which labs a user may use, and why",
    .help =
        "Show for every lab whether USER may use it at the next login, why or why not, and what\n"
        "runs in the world. The answer is that of the rule by which gate and keeper decide.\n"
        "\n"
        "  MAY     yes, not yet (no world so far), instructor, no\n"
        "  --json  for programs\n"
        "\n"
        "Exit status 75 means that libvirt was not answering: what runs is unknown then.\n"
        "\n"
        "Example:\n"
        "  xwadm what-can alice\n",
    .run = run,
};
