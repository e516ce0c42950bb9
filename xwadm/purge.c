#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/cleanup.h"
#include "common/clock.h"
#include "common/exitcode.h"
#include "common/names.h"
#include "common/paths.h"
#include "xwadm/closing.h"
#include "xwadm/command.h"
#include "xwadm/due.h"
#include "xwadm/files.h"
#include "xwadm/patience.h"
#include "xwadm/purge_list.h"
#include "xwadm/say.h"
#include "xwadm/window.h"
#include "xwadm/worlds.h"
#include "xwhelper/keeper/host.h"
#include "xwhelper/keeper/world.h"

struct order {
    const char *lab;  /* NULL: all labs */
    const char *user; /* NULL: everybody */
    bool yes;
    bool dry_run;
    bool json;
    unsigned int days; /* keep-closed */
    int labs;
};

/* What has come of it so far. */
struct outcome {
    bool failed;
    bool try_again;
};

/* The worlds that are to go. Of those that can't be judged it is said why, and they stay. */
static int find_due(const struct order *order, struct xw_purge_list *list, struct outcome *outcome,
                    struct xw_error *err)
{
    struct xw_closing closing = {.labs = order->labs, .now = xw_clock_now()};
    XW_AUTO_WORLDS worlds = {0};

    int rc = xw_worlds_read(order->lab, &worlds, err);
    for (size_t i = 0; i < worlds.count && rc == 0; i++) {
        struct xw_window window;
        if (order->user && strcmp(worlds.items[i].owner, order->user) != 0)
            continue;
        if (xw_closing_window(&closing, &worlds.items[i], &window) < 0)
            outcome->failed = true;
        else if (xw_due_purge(&window, order->days, closing.now))
            rc = xw_purge_list_add(list, &worlds.items[i], &window, err);
    }
    return rc;
}

/* Returns whether it may begin. */
static bool confirm(const struct order *order, const struct xw_purge_list *list)
{
    char answer[16] = "";

    if (order->yes)
        return true;
    if (!isatty(STDIN_FILENO)) {
        xw_note("without a terminal, add --yes to remove %s. Nothing has been removed",
                list->count == 1 ? "this world" : "these worlds");
        return false;
    }
    fflush(stdout);
    fprintf(stderr,
            "This removes %s with all disks and everything that was done on them.\n"
            "It can't be undone. Type \"purge\" to go on: ",
            list->count == 1 ? "this world" : "these worlds");
    fflush(stderr);
    if (!fgets(answer, sizeof(answer), stdin))
        fputc('\n', stderr);
    answer[strcspn(answer, "\n")] = '\0';
    if (strcmp(answer, "purge") == 0)
        return true;
    xw_note("that is not \"purge\". Nothing has been removed");
    return false;
}

/* Asked again under the world's lock: 1, or 0 where it stays, or a negative errno, already noted.
 */
static int is_due_still(const struct order *order, struct xw_purge_world *world)
{
    struct xw_closing closing = {.labs = order->labs, .now = xw_clock_now()};
    struct xw_window window;
    int rc = xw_closing_window(&closing, &world->name, &window);

    return rc < 0 ? rc : xw_due_purge(&window, order->days, closing.now);
}

static int remove_locked(const struct xw_world_name *name, struct xw_host *host,
                         struct xw_error *err)
{
    id_t number = (id_t)-1;
    struct xw_error removing = {0};

    int rc = xw_worlds_number(name->lab, name->owner, &number, err);
    if (rc < 0)
        return rc;
    rc = xw_world_destroy_locked(host, name->lab, name->owner, number, false, &removing);
    if (rc == -EBUSY)
        return xw_fail(err, rc, "machines run; they are stopped by `xwadm tick`");
    return rc == 0 || rc == -ENOENT ? 0 : xw_fail(err, rc, "%s", removing.text);
}

static void remove_one(const struct order *order, struct xw_purge_world *world,
                       struct xw_host *host, struct outcome *outcome)
{
    struct xw_error err = {0};
    const struct xw_world_name *name = &world->name;

    world->result = "failed";
    XW_AUTO_CLOSE int lock = xw_world_lock(name->lab, name->owner, &err);
    int rc = lock < 0 ? lock : is_due_still(order, world);
    if (rc == 0) {
        world->result = "kept";
        xw_note("%s/%s: its time has changed meanwhile, it stays", name->lab, name->owner);
        return;
    }
    if (rc > 0)
        rc = remove_locked(name, host, &err);
    if (rc == 0) {
        world->result = "removed";
        if (!order->json)
            xw_say("%s/%s: removed", name->lab, name->owner);
        return;
    }
    if (err.code < 0)
        xw_note("%s/%s: %s", name->lab, name->owner, err.text);
    outcome->failed = true;
    outcome->try_again = outcome->try_again || rc == -EAGAIN;
}

static int remove_all(const struct order *order, struct xw_purge_list *list,
                      struct outcome *outcome)
{
    struct xw_host *host = NULL;
    struct xw_error err = {0};

    xw_patience_begin();
    if (xw_host_open(&host, &err) < 0)
        return xw_complain(&err);
    for (size_t i = 0; i < list->count && !xw_interrupted(); i++) {
        xw_patience_begin();
        remove_one(order, &list->items[i], host, outcome);
    }
    xw_patience_end();
    xw_host_close(host);
    if (xw_interrupted()) {
        xw_note("interrupted; the same command goes on with it");
        outcome->failed = true;
    }
    return XW_EXIT_OK;
}

static void print_json(const struct order *order, const struct xw_purge_list *list)
{
    struct json_object *object = xw_json_new();

    xw_json_bool(object, "dry_run", order->dry_run);
    xw_json_number(object, "keep_closed_days", order->days);
    json_object_object_add(object, "worlds", xw_purge_list_json(list));
    xw_json_print(object);
}

/* Shows, asks, removes. Returns an exit code. */
static int purge_list(const struct order *order, struct xw_purge_list *list,
                      struct outcome *outcome)
{
    int code = XW_EXIT_OK;

    if (!order->json && list->count > 0)
        xw_purge_list_print(list);
    if (!order->dry_run && list->count > 0) {
        if (!confirm(order, list))
            return XW_EXIT_FAILED;
        code = remove_all(order, list, outcome);
    }
    if (order->json)
        print_json(order, list);
    else if (list->count == 0)
        xw_note("there is no world that has been closed for %u day%s", order->days,
                order->days == 1 ? "" : "s");
    if (code != XW_EXIT_OK || outcome->try_again)
        return code != XW_EXIT_OK ? code : XW_EXIT_TRY_AGAIN;
    return outcome->failed ? XW_EXIT_FAILED : XW_EXIT_OK;
}

/* A lab that is named must be there. */
static int check_lab(const struct order *order, struct xw_error *err)
{
    struct xw_access access;

    if (order->lab && xw_access_read(order->labs, order->lab, &access, NULL) == -ENOENT)
        return xw_fail(err, -ENOENT, "there is no lab \"%s\"; `xwadm lab list` shows them all",
                       order->lab);
    return 0;
}

static int purge(struct order *order)
{
    struct xw_error err = {0};
    struct xw_config config;
    struct outcome outcome = {0};
    XW_AUTO_PURGE_LIST list = {0};
    XW_AUTO_CLOSE int labs = xw_directory_open(XW_LABS_DIR, &err);

    order->labs = labs;
    int rc = labs < 0 ? labs : xw_config_read(XW_CONFIG_PATH, &config, &err);
    if (rc == 0)
        rc = check_lab(order, &err);
    if (rc == -ENOENT) {
        xw_complain(&err);
        return XW_EXIT_REFUSED;
    }
    if (rc == 0) {
        order->days = config.keep_closed;
        rc = find_due(order, &list, &outcome, &err);
    }
    return rc < 0 ? xw_complain(&err) : purge_list(order, &list, &outcome);
}

static bool take_option(struct order *order, int option)
{
    switch (option) {
    case 'u':
        order->user = optarg;
        return true;
    case 'y':
        order->yes = true;
        return true;
    case 'n':
        order->dry_run = true;
        return true;
    case 'j':
        order->json = true;
        return true;
    default:
        return false;
    }
}

static int run(int argc, char **argv)
{
    static const struct option options[] = {{"user", required_argument, NULL, 'u'},
                                            {"yes", no_argument, NULL, 'y'},
                                            {"dry-run", no_argument, NULL, 'n'},
                                            {"json", no_argument, NULL, 'j'},
                                            {0}};
    struct order order = {0};
    int option;

    while ((option = xw_option(argc, argv, options)) != -1) {
        if (!take_option(&order, option))
            return XW_EXIT_USAGE;
    }
    if (!xw_operands_ok(argc, argv, 0, 1, ""))
        return XW_EXIT_USAGE;
    order.lab = optind < argc ? argv[optind] : NULL;
    if (order.lab && !xw_name_ok(order.lab))
        return xw_bad_name("a lab", order.lab);
    if (order.json && !order.yes && !order.dry_run) {
        xw_note("%s: with --json nothing is asked: add --yes or --dry-run", argv[0]);
        return XW_EXIT_USAGE;
    }
    return purge(&order);
}

const struct xw_command xw_command_purge = {
    .name = "purge",
    .arguments = "[LAB] [--user USER] [--yes] [--dry-run] [--json]",
    .summary = "remove worlds that have been closed for long",
    .help =
        "Remove the worlds of LAB, or of all labs, that have been closed for keep-closed days of\n"
        "xworlds.conf(5): machines, disks, everything that was done on them. The days count from\n"
        "the end of the lab's grace time, or of the owner's extension. First shows which they "
        "are:\n"
        "since when they are closed, what they take on the disk, when a disk was last written to.\n"
        "Then asks; what is removed is what was shown, and not what has been extended meanwhile "
        "or\n"
        "has machines that run.\n"
        "\n"
        "  --user USER  only this user's, or @TEAM's\n"
        "  --yes        don't ask; needed where there is no terminal\n"
        "  --dry-run    only show them\n"
        "  --json       for programs; takes --yes or --dry-run\n"
        "\n"
        "What was cut short, the same command completes. Exit status 1 means that some were not\n"
        "removed or could not be judged, 3 that there is no such lab, 75 that libvirt was not\n"
        "answering.\n"
        "\n"
        "Examples:\n"
        "  xwadm purge --dry-run\n"
        "  xwadm purge firewall --user alice\n",
    .run = run,
};
