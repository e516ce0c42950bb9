#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/cleanup.h"
#include "common/exitcode.h"
#include "common/names.h"
#include "common/paths.h"
#include "xwadm/choice.h"
#include "xwadm/command.h"
#include "xwadm/domains.h"
#include "xwadm/files.h"
#include "xwadm/patience.h"
#include "xwadm/people.h"
#include "xwadm/progress.h"
#include "xwadm/say.h"
#include "xwadm/worlds.h"
#include "xwhelper/keeper/host.h"
#include "xwhelper/keeper/world.h"

struct order {
    const char *lab;
    bool force;
    bool yes;
    struct xw_choice choice;
};

static bool is_chosen(const struct order *order, const struct xw_people *members, const char *owner)
{
    if (order->choice.all)
        return true;
    for (size_t i = 0; i < order->choice.user_count; i++) {
        if (strcmp(order->choice.users[i], owner) == 0)
            return true;
    }
    for (size_t i = 0; i < members->count; i++) {
        if (strcmp(members->items[i].name, owner) == 0)
            return true;
    }
    return false;
}

static bool has_world(const struct xw_worlds *worlds, const char *owner)
{
    for (size_t i = 0; i < worlds->count; i++) {
        if (strcmp(worlds->items[i].owner, owner) == 0)
            return true;
    }
    return false;
}

static int add_world(struct xw_worlds *worlds, const struct xw_world_name *world,
                     struct xw_error *err)
{
    struct xw_world_name *items = reallocarray(worlds->items, worlds->count + 1, sizeof(*items));

    if (!items)
        return xw_fail(err, -ENOMEM, "there is not enough memory");
    worlds->items = items;
    items[worlds->count++] = *world;
    return 0;
}

/*
 * The chosen worlds: those with files, and those of which only domains are left, as after a
 * destruction that was cut short.
 */
static int choose(const struct order *order, const struct xw_domains *domains,
                  struct xw_worlds *chosen, struct xw_error *err)
{
    XW_AUTO_WORLDS all = {0};
    XW_AUTO_PEOPLE members = {0};
    int rc = 0;

    for (size_t i = 0; i < order->choice.group_count && rc == 0; i++)
        rc = xw_people_add_group(&members, order->choice.groups[i], err);
    if (rc == 0)
        rc = xw_worlds_read(order->lab, &all, err);
    for (size_t i = 0; i < all.count && rc == 0; i++) {
        if (is_chosen(order, &members, all.items[i].owner))
            rc = add_world(chosen, &all.items[i], err);
    }
    for (size_t i = 0; i < domains->count && rc == 0; i++) {
        struct xw_world_name world;
        memcpy(world.lab, domains->items[i].lab, sizeof(world.lab));
        memcpy(world.owner, domains->items[i].owner, sizeof(world.owner));
        if (strcmp(world.lab, order->lab) == 0 && !has_world(chosen, world.owner) &&
            is_chosen(order, &members, world.owner))
            rc = add_world(chosen, &world, err);
    }
    return rc;
}

/* Users that were named but have no world of the lab. */
static void tell_missing(const struct order *order, const struct xw_worlds *chosen)
{
    for (size_t i = 0; i < order->choice.user_count; i++) {
        if (!has_world(chosen, order->choice.users[i]))
            xw_note("%.40s has no world of the lab \"%s\"", order->choice.users[i], order->lab);
    }
}

static int refuse_running(const struct order *order, const struct xw_worlds *chosen,
                          const struct xw_domains *domains)
{
    XW_AUTO_WORLDS running = {0};
    char text[XW_WORLDS_TEXT_SIZE];

    for (size_t i = 0; i < chosen->count; i++) {
        if (xw_domains_running(domains, order->lab, chosen->items[i].owner) > 0 &&
            add_world(&running, &chosen->items[i], NULL) < 0)
            return -ENOMEM;
    }
    if (running.count == 0 || order->force)
        return 0;
    xw_worlds_text(&running, text);
    xw_note("machines run in %s; stop them first, or add --force to turn them off. Nothing has "
            "been destroyed",
            text);
    return -EBUSY;
}

/* Asks for the lab's name. Returns whether it was given. */
static bool confirm(const struct order *order, const struct xw_worlds *chosen)
{
    char answer[64] = "";
    char text[XW_WORLDS_TEXT_SIZE];

    if (order->yes)
        return true;
    if (!isatty(STDIN_FILENO)) {
        xw_note("without a terminal, add --yes to destroy %zu world%s. Nothing has been destroyed",
                chosen->count, chosen->count == 1 ? "" : "s");
        return false;
    }
    xw_worlds_text(chosen, text);
    fprintf(stderr,
            "This destroys %s with all disks, checkpoints and everything that was done on them.\n"
            "It can't be undone. Type the lab's name to go on: ",
            text);
    fflush(stderr);
    if (!fgets(answer, sizeof(answer), stdin))
        fputc('\n', stderr);
    answer[strcspn(answer, "\n")] = '\0';
    if (strcmp(answer, order->lab) == 0)
        return true;
    xw_note("that is not the lab's name. Nothing has been destroyed");
    return false;
}

/* What became of the worlds. */
struct tally {
    size_t destroyed, failed, untried;
    bool try_again;          /* libvirt was not answering, at least once */
    struct xw_error *errors; /* one for each world */
};

static void destroy_one(const struct order *order, const struct xw_world_name *world,
                        struct xw_host *host, struct xw_progress *progress, struct xw_error *err)
{
    char what[2 * XW_NAME_SIZE];

    snprintf(what, sizeof(what), "%s/%s", order->lab, world->owner);
    xw_progress_begin(progress, what);
    id_t number = (id_t)-1;
    int rc = xw_worlds_number(order->lab, world->owner, &number, err);
    if (rc == 0)
        rc = xw_world_destroy(host, order->lab, world->owner, number, order->force, err);
    /* Somebody else was quicker. */
    if (rc == -ENOENT)
        *err = (struct xw_error){0};
    xw_progress_done(progress, what, err->code < 0 ? "failed" : "destroyed");
}

static void run_all(const struct order *order, const struct xw_worlds *chosen, struct xw_host *host,
                    struct tally *tally)
{
    struct xw_progress *progress = xw_progress_start(chosen->count);

    for (size_t i = 0; i < chosen->count; i++) {
        struct xw_error *err = &tally->errors[i];
        if (xw_interrupted()) {
            tally->untried++;
            continue;
        }
        xw_patience_begin();
        destroy_one(order, &chosen->items[i], host, progress, err);
        tally->destroyed += err->code == 0;
        tally->failed += err->code < 0;
        tally->try_again = tally->try_again || err->code == -EAGAIN;
    }
    xw_patience_end();
    xw_progress_end(progress);
}

static int report(const struct order *order, const struct xw_worlds *chosen,
                  const struct tally *tally)
{
    for (size_t i = 0; i < chosen->count; i++) {
        if (tally->errors[i].code < 0)
            xw_note("%s/%s: %s", order->lab, chosen->items[i].owner, tally->errors[i].text);
    }
    if (tally->failed == 0 && tally->untried == 0)
        xw_say("%zu world%s destroyed.", tally->destroyed, tally->destroyed == 1 ? "" : "s");
    else
        xw_say("%zu worlds: %zu destroyed, %zu failed, %zu not tried.", chosen->count,
               tally->destroyed, tally->failed, tally->untried);
    if (tally->try_again)
        return XW_EXIT_TRY_AGAIN;
    return tally->failed || tally->untried ? XW_EXIT_FAILED : XW_EXIT_OK;
}

static int destroy_all(const struct order *order, const struct xw_worlds *chosen,
                       struct xw_host *host)
{
    struct tally tally = {.errors = calloc(chosen->count, sizeof(*tally.errors))};

    if (!tally.errors) {
        xw_note("there is not enough memory");
        return XW_EXIT_FAILED;
    }
    run_all(order, chosen, host, &tally);
    int code = report(order, chosen, &tally);
    free(tally.errors);
    return code;
}

static int destroy_with(const struct order *order, struct xw_host *host)
{
    XW_AUTO_DOMAINS domains = {0};
    XW_AUTO_WORLDS chosen = {0};
    struct xw_error err = {0};

    int rc = xw_domains_read(host, &domains, &err);
    xw_patience_end();
    if (rc == 0)
        rc = choose(order, &domains, &chosen, &err);
    if (rc < 0) {
        xw_complain(&err);
        return rc == -ENOENT ? XW_EXIT_REFUSED : xw_exit_of(rc);
    }
    tell_missing(order, &chosen);
    if (chosen.count == 0) {
        xw_note("there is no such world of the lab \"%s\"; `xwadm status` shows them all",
                order->lab);
        return XW_EXIT_REFUSED;
    }
    if (refuse_running(order, &chosen, &domains) < 0 || !confirm(order, &chosen))
        return XW_EXIT_FAILED;
    return destroy_all(order, &chosen, host);
}

static int destroy(const struct order *order)
{
    struct xw_host *host = NULL;
    struct xw_error err = {0};

    xw_patience_begin();
    if (xw_host_open(&host, &err) < 0)
        return xw_complain(&err);
    int code = destroy_with(order, host);
    xw_host_close(host);
    return code;
}

static int parse_and_run(int argc, char **argv, struct order *order)
{
    static const struct option options[] = {
        XW_CHOICE_OPTIONS, {"force", no_argument, NULL, 'f'}, {"yes", no_argument, NULL, 'y'}, {0}};
    int option;

    while ((option = xw_option(argc, argv, options)) != -1) {
        if (option == 'f')
            order->force = true;
        else if (option == 'y')
            order->yes = true;
        else if (option == '?')
            return XW_EXIT_USAGE;
        else if (!xw_choice_add(&order->choice, option, optarg))
            return XW_EXIT_FAILED;
    }
    if (!xw_operands_ok(argc, argv, 1, 1, "the lab's name") ||
        !xw_choice_ok(&order->choice, argv[0]))
        return XW_EXIT_USAGE;
    if (!xw_name_ok(argv[optind]))
        return xw_bad_name("a lab", argv[optind]);
    order->lab = argv[optind];
    return destroy(order);
}

static int run(int argc, char **argv)
{
    struct order order = {0};
    int code = parse_and_run(argc, argv, &order);

    xw_choice_free(&order.choice);
    return code;
}

const struct xw_command xw_command_destroy = {
    .name = "destroy",
    .arguments = "LAB (--user USER... | --group GROUP... | --all) [--force] [--yes]",
    .summary = "destroy worlds with everything in them",
    .help = "Destroy the worlds of LAB that belong to these people: machines, disks, checkpoints,\n"
            "all that was done on them. Asks first: the lab's name must be typed.\n"
            "\n"
            "  --user USER    this user's, or @TEAM's; can be repeated\n"
            "  --group GROUP  those of this group's members; can be repeated\n"
            "  --all          all worlds of the lab\n"
            "  --force        turn off machines that run; without it such worlds are refused\n"
            "  --yes          don't ask; needed where there is no terminal\n"
            "\n"
            "What was cut short, the same command completes. Exit status 1 means that some\n"
            "failed, 3 that there is no such world, 75 that libvirt was not answering.\n"
            "\n"
            "Examples:\n"
            "  xwadm destroy firewall --user alice\n"
            "  xwadm destroy firewall --all --force --yes     # at the end of the term\n",
    .run = run,
};
