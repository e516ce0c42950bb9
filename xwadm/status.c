#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/cleanup.h"
#include "common/clock.h"
#include "common/exitcode.h"
#include "common/names.h"
#include "common/paths.h"
#include "common/record.h"
#include "xwadm/command.h"
#include "xwadm/domains.h"
#include "xwadm/enforced.h"
#include "xwadm/files.h"
#include "xwadm/say.h"
#include "xwadm/window.h"
#include "xwadm/worlds.h"
#include "xwhelper/keeper/image.h"
#include "xwhelper/keeper/plan.h"

/* What is the same for all worlds of a lab; worlds come sorted by lab, so one is enough. */
struct lab_state {
    char lab[XW_NAME_SIZE];
    int plan_rc; /* 0, or why there is no plan */
    struct xw_plan plan;
    struct xw_access access; /* empty where it can't be read, as its trouble says */
    int image_rc;            /* 0, or what is wrong with an image */
    struct xw_error trouble; /* of plan or image */
};

struct report {
    int labs_fd;
    time_t now;
    bool has_domains; /* libvirt answered */
    bool unread;      /* something that is there couldn't be read, and was said */
    struct xw_domains domains;
    struct lab_state *state;
    struct json_object *worlds; /* NULL: a table */
};

static void read_state(struct report *report, const char *lab)
{
    struct lab_state *state = report->state;
    struct xw_image image;

    memset(state, 0, sizeof(*state));
    snprintf(state->lab, sizeof(state->lab), "%s", lab);
    state->plan_rc = xw_plan_read(report->labs_fd, lab, &state->plan, &state->trouble);
    if (state->plan_rc == 0)
        state->plan_rc = xw_access_read(report->labs_fd, lab, &state->access, &state->trouble);
    if (state->plan_rc == -ENOENT)
        xw_fail(&state->trouble, -ENOENT, "the lab \"%s\" isn't applied any more", lab);
    report->unread = report->unread || (state->plan_rc < 0 && state->plan_rc != -ENOENT);
    for (size_t i = 0; i < state->plan.machine_count && state->image_rc == 0; i++)
        state->image_rc = xw_image_check(state->plan.machines[i].image,
                                         state->plan.machines[i].image_id, &image, &state->trouble);
    if (state->image_rc < 0)
        xw_note("the lab \"%s\": %s", lab, state->trouble.text);
    else if (state->plan_rc < 0)
        xw_note("%s", state->trouble.text);
}

static size_t count_defined(const struct report *report, const struct xw_world_name *world)
{
    size_t defined = 0;

    for (size_t i = 0; i < report->state->plan.machine_count; i++)
        defined += xw_domains_find(&report->domains, world->lab, world->owner,
                                   report->state->plan.machines[i].name) != NULL;
    return defined;
}

static const char *note_of(const struct report *report, const struct xw_world_name *world)
{
    const int image_rc = report->state->image_rc;

    if (image_rc < 0)
        return image_rc == -ESTALE || image_rc == -ENOENT ? "image changed or gone"
                                                          : "image can't be read";
    if (report->state->plan_rc < 0)
        return report->state->plan_rc == -ENOENT ? "lab not applied" : "lab can't be read";
    if (report->has_domains && count_defined(report, world) < report->state->plan.machine_count)
        return "incomplete: deploy again";
    return "";
}

static void print_line(const struct report *report, const struct xw_world_name *world,
                       size_t running, const char *note, const struct xw_window *window)
{
    char machines[24];
    char running_text[24];
    char when[XW_WINDOW_TEXT_SIZE];

    snprintf(machines, sizeof(machines), "%zu", report->state->plan.machine_count);
    snprintf(running_text, sizeof(running_text), "%zu", running);
    xw_window_text(window, when);
    xw_say("%-20s %-20s %8s %7s%s%s%s%s", world->lab, world->owner,
           report->state->plan_rc < 0 ? "?" : machines, report->has_domains ? running_text : "?",
           *when ? "  " : "", when, *note ? "  " : "", note);
}

static struct json_object *machines_json(const struct report *report,
                                         const struct xw_world_name *world)
{
    struct json_object *machines = xw_json_need(json_object_new_array());

    for (size_t i = 0; i < report->state->plan.machine_count; i++) {
        const char *name = report->state->plan.machines[i].name;
        const struct xw_domain *domain =
            xw_domains_find(&report->domains, world->lab, world->owner, name);
        struct json_object *machine = xw_json_need(json_object_new_object());
        xw_json_text(machine, "name", name);
        if (report->has_domains) {
            xw_json_bool(machine, "defined", domain != NULL);
            xw_json_bool(machine, "running", domain && domain->running);
        }
        json_object_array_add(machines, machine);
    }
    return machines;
}

static void add_json(const struct report *report, const struct xw_world_name *world, size_t running,
                     const char *note, const struct xw_window *window)
{
    struct json_object *object = xw_json_need(json_object_new_object());

    xw_json_text(object, "lab", world->lab);
    xw_json_text(object, "owner", world->owner);
    xw_json_number(object, "machine_count", report->state->plan.machine_count);
    if (report->has_domains)
        xw_json_number(object, "running_count", running);
    json_object_object_add(object, "machines", machines_json(report, world));
    xw_window_json(window, object);
    if (*note)
        xw_json_text(object, "trouble",
                     *report->state->trouble.text ? report->state->trouble.text : note);
    json_object_array_add(report->worlds, object);
}

/* The lab's window for the owner of a world; without the extension where that can't be read. */
static struct xw_window window_of(struct report *report, const struct xw_world_name *world)
{
    struct xw_owner owner;
    struct xw_error err = {0};

    if (xw_extension_read(world->lab, world->owner, &owner, &err) < 0) {
        report->unread = true;
        xw_note("%s/%s: an extension can't be looked up: %s", world->lab, world->owner, err.text);
    }
    return xw_access_window(&owner, &report->state->access, report->now);
}

static void show_world(struct report *report, const struct xw_world_name *world)
{
    if (strcmp(report->state->lab, world->lab) != 0)
        read_state(report, world->lab);
    size_t running = xw_domains_running(&report->domains, world->lab, world->owner);
    const char *note = note_of(report, world);
    const struct xw_window window = window_of(report, world);
    if (report->worlds)
        add_json(report, world, running, note, &window);
    else
        print_line(report, world, running, note, &window);
}

static void show(struct report *report, const struct xw_worlds *worlds, const char *lab)
{
    if (!report->worlds && worlds->count > 0)
        xw_say("%-20s %-20s %8s %7s", "LAB", "OWNER", "MACHINES", "RUNNING");
    for (size_t i = 0; i < worlds->count; i++)
        show_world(report, &worlds->items[i]);
    if (report->worlds) {
        struct json_object *object = xw_json_new();
        xw_json_bool(object, "libvirt_answers", report->has_domains);
        json_object_object_add(object, "worlds", report->worlds);
        report->unread = !xw_tell_unenforced(worlds, object) || report->unread;
        xw_json_print(object);
    } else if (worlds->count == 0) {
        xw_note("there are no worlds%s%s; `xwadm help deploy` tells how to make some",
                lab ? " of the lab " : "", lab ? lab : "");
    } else {
        report->unread = !xw_tell_unenforced(worlds, NULL) || report->unread;
    }
}

/* Asks libvirt; without its answer the rest is shown all the same. */
static int read_domains(struct report *report)
{
    struct xw_error err = {0};
    int rc = xw_domains_ask(&report->domains, &err);

    if (rc < 0) {
        xw_domains_free(&report->domains);
        xw_complain(&err);
    }
    report->has_domains = rc == 0;
    return rc;
}

/* A lab that is named must be there, or have worlds still. */
static int check_lab(const struct report *report, const char *lab, const struct xw_worlds *worlds,
                     struct xw_error *err)
{
    struct xw_access access;

    if (lab && worlds->count == 0 && xw_access_read(report->labs_fd, lab, &access, NULL) == -ENOENT)
        return xw_fail(err, -ENOENT, "there is no lab \"%s\"; `xwadm lab list` shows them all",
                       lab);
    return 0;
}

static int fill_and_show(struct report *report, const char *lab, bool json, struct xw_error *err)
{
    XW_AUTO_WORLDS worlds = {0};

    int rc = xw_worlds_read(lab, &worlds, err);
    if (rc == 0)
        rc = check_lab(report, lab, &worlds, err);
    if (rc < 0) {
        xw_complain(err);
        return rc == -ENOENT ? XW_EXIT_REFUSED : XW_EXIT_FAILED;
    }
    int libvirt_rc = read_domains(report);
    report->worlds = json ? xw_json_need(json_object_new_array()) : NULL;
    show(report, &worlds, lab);
    xw_domains_free(&report->domains);
    if (libvirt_rc < 0)
        return xw_exit_of(libvirt_rc);
    return report->unread ? XW_EXIT_FAILED : XW_EXIT_OK;
}

static int status(const char *lab, bool json)
{
    struct xw_error err = {0};
    XW_AUTO_CLOSE int labs = xw_directory_open(XW_LABS_DIR, &err);
    struct report report = {.labs_fd = labs, .now = xw_clock_now()};

    if (labs < 0)
        return xw_complain(&err);
    report.state = calloc(1, sizeof(*report.state));
    if (!report.state) {
        xw_note("there is not enough memory");
        return XW_EXIT_FAILED;
    }
    int code = fill_and_show(&report, lab, json, &err);
    free(report.state);
    return code;
}

static int run(int argc, char **argv)
{
    bool json;

    if (!xw_json_option(argc, argv, &json) || !xw_operands_ok(argc, argv, 0, 1, ""))
        return XW_EXIT_USAGE;
    const char *lab = optind < argc ? argv[optind] : NULL;
    if (lab && !xw_name_ok(lab))
        return xw_bad_name("a lab", lab);
    return status(lab, json);
}

const struct xw_command xw_command_status = {
    .name = "status",
    .arguments = "[LAB] [--json]",
    .summary = "show all worlds and what runs in them",
    .help =
        "Show the worlds of LAB, or of all labs: how many machines each has and how many run,\n"
        "when the lab opens, or closes for its owner, and what is wrong with it: an image that has "
        "changed or gone, a lab that isn't\n"
        "applied, machines that are missing.\n"
        "\n"
        "  --json  for programs, with every machine\n"
        "\n"
        "Exit status 75 means that libvirt was not answering: what runs is unknown then. 1 means\n"
        "that something else could not be read, and is missing from what is shown.\n"
        "\n"
        "Examples:\n"
        "  xwadm status\n"
        "  xwadm status firewall --json | jq '.worlds[] | select(.running_count > 0) | .owner'\n",
    .run = run,
};
