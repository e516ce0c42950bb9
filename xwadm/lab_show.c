#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/cleanup.h"
#include "common/clock.h"
#include "common/exitcode.h"
#include "common/names.h"
#include "common/paths.h"
#include "xwadm/command.h"
#include "xwadm/files.h"
#include "xwadm/lab_topology.h"
#include "xwadm/lab_view.h"
#include "xwadm/named.h"
#include "xwadm/say.h"
#include "xwadm/window.h"

enum { LINE_SIZE = 2048 };

static void print_groups(const char *label, const gid_t *gids, size_t count)
{
    char name[XW_GROUP_TEXT_SIZE];

    for (size_t i = 0; i < count; i++) {
        xw_group_text(gids[i], name);
        xw_say("%-13s %s", i ? "" : label, name);
    }
}

/* Single ones, by the names that they had when the lab was applied. */
static void print_users(const char *label, const struct xw_named *users, size_t count)
{
    static const char *const words[] = {
        [XW_NAMED_THERE] = "user",
        [XW_NAMED_CHANGED] = "user; not that account any more: correct the file, or apply it again",
        [XW_NAMED_UNKNOWN] = "user; can't be looked up now",
    };

    for (size_t i = 0; i < count; i++)
        xw_say("%-13s %s (%s)", i ? "" : label, users[i].name, words[xw_named_find(&users[i])]);
}

/* Nothing where there is no limit. */
static void print_limits(const struct xw_limits *limits)
{
    char text[128] = "";
    size_t used = 0;

    if (limits->machines)
        used += (size_t)snprintf(text, sizeof(text), ", %u machines", limits->machines);
    if (limits->memory)
        used += (size_t)snprintf(text + used, sizeof(text) - used, ", %u MiB", limits->memory);
    if (limits->vcpus)
        used += (size_t)snprintf(text + used, sizeof(text) - used, ", %u CPU", limits->vcpus);
    if (used > 0)
        xw_say("At once:      %s, in all worlds together", text + 2);
    if (limits->checkpoints)
        xw_say("Checkpoints:  %u of each machine", limits->checkpoints);
}

/* Nothing where the host's setting holds. */
static void print_suspend(const struct xw_plan *plan)
{
    if (plan->says_suspend && plan->suspend_after == 0)
        xw_say("Suspended:    never");
    else if (plan->says_suspend)
        xw_say("Suspended:    after %u min without work", plan->suspend_after);
}

static void print_copy_limit(const struct xw_plan *plan)
{
    if (plan->copy_limit == 0)
        xw_say("Copying:      off");
    else
        xw_say("Copying:      files of at most %u MiB at a time", plan->copy_limit);
}

static void print_window(const struct xw_access *access)
{
    const struct xw_window window = xw_access_window(NULL, access, xw_clock_now());
    char when[XW_WHEN_SIZE];
    char now[XW_WINDOW_TEXT_SIZE];

    if (access->opens) {
        xw_when_text(access->opens, when);
        xw_say("Opens:        %s", when);
    }
    if (access->closes) {
        xw_when_text(access->closes, when);
        xw_say("Closes:       %s", when);
        xw_say("Grace:        %lld min", (long long)access->grace / 60);
    }
    xw_window_text(&window, now);
    xw_say("Now:          %s", *now ? now : "open");
}

/* Calls tell for each owner of a world whose closing has been extended. */
static int each_extension(const struct xw_lab_view *view,
                          void (*tell)(const char *, time_t, void *), void *data,
                          struct xw_error *err)
{
    struct xw_owner owner;
    int rc = 0;

    for (size_t i = 0; i < view->worlds.count && rc == 0; i++) {
        const char *name = view->worlds.items[i].owner;
        rc = xw_extension_read(view->name, name, &owner, err);
        time_t until = xw_access_extension(&owner, view->name);
        if (until)
            tell(name, until, data);
    }
    return rc;
}

static void print_extension(const char *owner, time_t until, void *data)
{
    bool *first = data;
    char when[XW_WHEN_SIZE];

    xw_when_text(until, when);
    xw_say("%-13s %s until %s", *first ? "Extended:" : "", owner, when);
    *first = false;
}

static void add_extension(const char *owner, time_t until, void *data)
{
    struct json_object *extension = xw_json_need(json_object_new_object());

    xw_json_text(extension, "owner", owner);
    xw_json_time(extension, "until", until);
    json_object_array_add(data, extension);
}

static void print_machine(const struct xw_plan_machine *machine)
{
    char addresses[LINE_SIZE] = "";
    size_t used = 0;

    for (size_t i = 0; i < machine->interface_count && used < sizeof(addresses); i++) {
        const struct xw_plan_interface *interface = &machine->interfaces[i];
        int n = snprintf(addresses + used, sizeof(addresses) - used, "%s%s%s%s", i ? ", " : "",
                         interface->segment, interface->address[0] ? " " : "", interface->address);
        used += n > 0 ? (size_t)n : 0;
    }
    xw_say("  %-16s %-12s %6u MiB  %2u CPU  order %-4u %s%s%s", machine->name, machine->image,
           machine->memory, machine->vcpus, machine->order, addresses,
           machine->forward ? " (forwards)" : "", machine->graphics ? " (graphics)" : "");
}

static int print_text(const struct xw_lab_view *view, struct xw_error *err)
{
    const struct xw_access *access = &view->access;
    char worlds[XW_WORLDS_TEXT_SIZE];
    bool first = true;

    xw_worlds_text(&view->worlds, worlds);
    xw_say("Lab:          %s", view->name);
    xw_say("Title:        %s", access->title);
    print_groups("Students:", access->students, access->student_count);
    print_users(access->student_count ? "" : "Students:", access->users, access->user_count);
    print_groups("Teams:", access->teams, access->team_count);
    print_groups("Instructors:", access->instructors, access->instructor_count);
    print_users(access->instructor_count ? "" : "Instructors:", access->instructor_users,
                access->instructor_user_count);
    print_window(access);
    int rc = each_extension(view, print_extension, &first, err);
    for (size_t i = 0; i < view->plan.segment_count; i++)
        xw_say("%-13s %s", i ? "" : "Segments:", view->plan.segments[i]);
    print_limits(&view->plan.limits);
    print_suspend(&view->plan);
    print_copy_limit(&view->plan);
    xw_say("Worlds:       %s", view->worlds.count ? worlds : "none");
    xw_say("Machines:");
    for (size_t i = 0; i < view->plan.machine_count; i++)
        print_machine(&view->plan.machines[i]);
    return rc;
}

static struct json_object *machine_json(const struct xw_plan_machine *machine)
{
    struct json_object *object = xw_json_need(json_object_new_object());
    struct json_object *interfaces = xw_json_need(json_object_new_array());

    for (size_t i = 0; i < machine->interface_count; i++) {
        struct json_object *interface = xw_json_need(json_object_new_object());
        xw_json_text(interface, "segment", machine->interfaces[i].segment);
        if (machine->interfaces[i].address[0])
            xw_json_text(interface, "address", machine->interfaces[i].address);
        json_object_array_add(interfaces, interface);
    }
    xw_json_text(object, "name", machine->name);
    xw_json_text(object, "image", machine->image);
    xw_json_text(object, "image_id", machine->image_id);
    xw_json_number(object, "memory_bytes", machine->memory * 1048576ULL);
    xw_json_number(object, "vcpus", machine->vcpus);
    xw_json_number(object, "order", machine->order);
    xw_json_bool(object, "forward", machine->forward);
    xw_json_bool(object, "graphics", machine->graphics);
    if (machine->gateway[0])
        xw_json_text(object, "gateway", machine->gateway);
    json_object_object_add(object, "interfaces", interfaces);
    return object;
}

static struct json_object *limits_json(const struct xw_limits *limits)
{
    struct json_object *object = xw_json_need(json_object_new_object());

    if (limits->machines)
        xw_json_number(object, "machines", limits->machines);
    if (limits->memory)
        xw_json_number(object, "memory_bytes", limits->memory * 1048576ULL);
    if (limits->vcpus)
        xw_json_number(object, "vcpus", limits->vcpus);
    if (limits->checkpoints)
        xw_json_number(object, "checkpoints_per_machine", limits->checkpoints);
    return object;
}

static int print_json(const struct xw_lab_view *view, struct xw_error *err)
{
    struct json_object *object = xw_json_new();
    struct json_object *segments = xw_json_need(json_object_new_array());
    struct json_object *machines = xw_json_need(json_object_new_array());
    struct json_object *owners = xw_json_need(json_object_new_array());
    struct json_object *extensions = xw_json_need(json_object_new_array());

    for (size_t i = 0; i < view->plan.segment_count; i++)
        json_object_array_add(segments,
                              xw_json_need(json_object_new_string(view->plan.segments[i])));
    for (size_t i = 0; i < view->plan.machine_count; i++)
        json_object_array_add(machines, machine_json(&view->plan.machines[i]));
    for (size_t i = 0; i < view->worlds.count; i++)
        json_object_array_add(owners,
                              xw_json_need(json_object_new_string(view->worlds.items[i].owner)));
    int rc = each_extension(view, add_extension, extensions, err);
    xw_lab_view_json(view, object);
    json_object_object_add(object, "limits", limits_json(&view->plan.limits));
    if (view->plan.says_suspend)
        xw_json_number(object, "suspend_after_seconds", view->plan.suspend_after * 60ULL);
    xw_json_number(object, "copy_limit_bytes", view->plan.copy_limit * 1048576ULL);
    json_object_object_add(object, "segments", segments);
    json_object_object_add(object, "machines", machines);
    json_object_object_add(object, "world_owners", owners);
    json_object_object_add(object, "extensions", extensions);
    xw_json_print(object);
    return rc;
}

/* What is shown of the lab. */
enum form { TEXT, JSON, DRAWN, IN_WORDS };

static int print(const struct xw_lab_view *view, enum form form, struct xw_error *err)
{
    switch (form) {
    case JSON:
        return print_json(view, err);
    case DRAWN:
    case IN_WORDS:
        return xw_lab_topology_print(&view->plan, form == IN_WORDS, err);
    default:
        return print_text(view, err);
    }
}

static int show(const char *name, enum form form, struct xw_error *err)
{
    XW_AUTO_CLOSE int labs_fd = xw_directory_open(XW_LABS_DIR, err);
    struct xw_lab_view *view;

    if (labs_fd < 0)
        return labs_fd;
    view = calloc(1, sizeof(*view));
    if (!view)
        return xw_fail(err, -ENOMEM, "there is not enough memory");
    int rc = xw_lab_view_read(labs_fd, name, view, err);
    if (rc == 0 && view->rc < 0)
        rc = xw_fail(err, -EBADMSG, "the lab \"%s\": %s; apply it again", name, view->trouble.text);
    if (rc == 0)
        rc = print(view, form, err);
    xw_lab_view_free(view);
    free(view);
    return rc;
}

/* Returns false after having complained. */
static bool options_ok(int argc, char **argv, enum form *form)
{
    static const struct option options[] = {{"json", no_argument, NULL, 'j'},
                                            {"topology", no_argument, NULL, 't'},
                                            {"plain", no_argument, NULL, 'p'},
                                            {0}};
    bool json = false;
    bool topology = false;
    bool plain = false;
    int option;

    while ((option = xw_option(argc, argv, options)) != -1) {
        if (option == '?')
            return false;
        json = json || option == 'j';
        topology = topology || option == 't';
        plain = plain || option == 'p';
    }
    if (plain && !topology)
        xw_note("--plain goes with --topology");
    *form = json ? JSON : plain ? IN_WORDS : topology ? DRAWN : TEXT;
    return topology || !plain;
}

static int run(int argc, char **argv)
{
    struct xw_error err = {0};
    enum form form;

    if (!options_ok(argc, argv, &form) || !xw_operands_ok(argc, argv, 1, 1, "the lab's name"))
        return XW_EXIT_USAGE;
    if (!xw_name_ok(argv[optind]))
        return xw_bad_name("a lab", argv[optind]);
    int rc = show(argv[optind], form, &err);
    if (rc == 0)
        return XW_EXIT_OK;
    xw_complain(&err);
    return rc == -ENOENT ? XW_EXIT_REFUSED : XW_EXIT_FAILED;
}

const struct xw_command xw_command_lab_show = {
    .name = "lab show",
    .arguments = "LAB [--topology [--plain]] [--json]",
    .summary = "show what a lab consists of",
    .help = "Show a lab as it is applied: groups and single users, when it is open and for\n"
            "whom longer, segments, machines with their images and addresses, and its worlds.\n"
            "\n"
            "  --topology  draw its segments, and its machines on them\n"
            "  --plain     the same in sentences\n"
            "  --json      for programs; memory in bytes\n"
            "\n"
            "Examples:\n"
            "  xwadm lab show firewall\n"
            "  xwadm lab show firewall --topology\n",
    .run = run,
};
