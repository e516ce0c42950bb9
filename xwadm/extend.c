#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "common/access.h"
#include "common/cleanup.h"
#include "common/clock.h"
#include "common/exitcode.h"
#include "common/names.h"
#include "common/paths.h"
#include "common/record.h"
#include "xwadm/command.h"
#include "xwadm/extension.h"
#include "xwadm/files.h"
#include "xwadm/people.h"
#include "xwadm/say.h"
#include "xwadm/window.h"
#include "xwhelper/keeper/owner_record.h"

/* What is asked: an extension by `how`, or none where that is NULL. */
struct extending {
    const char *lab;
    const char *user;
    const char *how;
};

static int find_until(const struct extending *extending, const struct xw_access *access,
                      time_t *until, struct xw_error *err)
{
    *until = 0;
    return extending->how ? xw_extension_find(extending->lab, extending->how, access->closes,
                                              xw_clock_now(), until, err)
                          : 0;
}

static void tell(const struct extending *extending, const struct xw_access *access, time_t until)
{
    char when[XW_WHEN_SIZE];
    char now[XW_WINDOW_TEXT_SIZE];

    if (until) {
        xw_when_text(until, when);
        xw_say("The lab \"%s\" is open for %s until %s.", extending->lab, extending->user, when);
        return;
    }
    const struct xw_window window = xw_access_window(NULL, access, xw_clock_now());
    xw_window_text(&window, now);
    xw_say("The lab \"%s\" is for %s as for the others: %s.", extending->lab, extending->user,
           *now ? now : "open");
}

static int extend(const struct extending *extending, int labs, struct xw_error *err)
{
    struct xw_access access;
    XW_AUTO_PEOPLE people = {0};
    time_t until = 0;

    int rc = xw_access_read(labs, extending->lab, &access, err);
    if (rc == -ENOENT)
        return xw_fail(err, rc, "there is no lab \"%s\"; `xwadm lab list` shows them all",
                       extending->lab);
    if (rc == 0)
        rc = xw_people_add_user(&people, extending->user, err);
    if (rc == 0)
        rc = find_until(extending, &access, &until, err);
    if (rc < 0 || people.count == 0)
        return rc;
    rc = xw_owner_extend(people.items[0].number, extending->user, extending->lab, until, err);
    if (rc == -ENOENT)
        return xw_fail(
            err, rc, "%s has no world of the lab \"%s\"; make it first: xwadm deploy %s --user %s",
            extending->user, extending->lab, extending->lab, extending->user);
    if (rc < 0)
        return rc;
    tell(extending, &access, until);
    if (until)
        xw_person_note_outsider(&people.items[0], &access);
    return 0;
}

static int run(int argc, char **argv)
{
    static const struct option options[] = {{"none", no_argument, NULL, 'n'}, {0}};
    struct xw_error err = {0};
    bool none = false;
    int option;

    while ((option = xw_option(argc, argv, options)) != -1) {
        if (option == '?')
            return XW_EXIT_USAGE;
        none = true;
    }
    if (!xw_operands_ok(argc, argv, none ? 2 : 3, none ? 2 : 3,
                        none ? "a lab's or user's name" : "the lab, the user or the time"))
        return XW_EXIT_USAGE;
    const struct extending extending = {argv[optind], argv[optind + 1],
                                        none ? NULL : argv[optind + 2]};
    if (!xw_name_ok(extending.lab))
        return xw_bad_name("a lab", extending.lab);
    XW_AUTO_CLOSE int labs = xw_directory_open(XW_LABS_DIR, &err);
    int rc = labs < 0 ? labs : extend(&extending, labs, &err);
    if (rc == 0)
        return XW_EXIT_OK;
    int code = xw_complain(&err);
    return rc == -ENOENT ? XW_EXIT_REFUSED : rc == -EDOM ? XW_EXIT_USAGE : code;
}

const struct xw_command xw_command_extend = {
    .name = "extend",
    .arguments = "LAB USER (TIME | --none)",
    .summary = "let a user use a lab after it has closed",
    .help =
        "Keep LAB open for USER alone, or @TEAM, longer than it is for others. TIME is either\n"
        "\n"
        "  30m, 12h, 2d, 1w  so much more than the lab's closing, or than now once that is\n"
        "                    past; days and weeks are those of the calendar\n"
        "  '2026-12-03 08:00'  a time of this host's clock; of one that is there twice, because\n"
        "                    the clock is put back, the second\n"
        "  --none            takes an extension back\n"
        "\n"
        "It takes the place of an earlier one, and counts from the next request on; a console\n"
        "that is open ends when it would have. There must be a world of theirs.\n"
        "\n"
        "Examples:\n"
        "  xwadm extend firewall alice 2d\n"
        "  xwadm extend firewall alice '2026-12-03 08:00'\n"
        "  xwadm extend firewall alice --none\n",
    .run = run,
};
