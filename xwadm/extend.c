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
    char when[XW_WHEN_SIZE];
    const time_t now = xw_clock_now();

    *until = 0;
    if (!extending->how)
        return 0;
    if (!access->closes)
        return xw_fail(err, -ERANGE, "the lab \"%s\" doesn't close: there is nothing to extend",
                       extending->lab);
    const char *wrong = xw_extension_time(extending->how, access->closes, now, until);
    if (wrong)
        return xw_fail(err, -EDOM, "\"%.40s\": %s", extending->how, wrong);
    xw_when_text(access->closes, when);
    if (*until <= access->closes)
        return xw_fail(err, -ERANGE,
                       "the lab \"%s\" is open until %s for everybody: give a later time",
                       extending->lab, when);
    return *until > now ? 0 : xw_fail(err, -ERANGE, "that time is past: give a later one");
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

/* A user outside the lab's groups gains nothing by it before that changes. */
static void tell_outsider(const struct xw_person *person, const struct xw_access *access)
{
    if (!xw_person_in_groups(person, access->students, access->student_count))
        xw_note("%s is in no student group of the lab \"%s\", and will not see the world before "
                "that changes",
                person->name, access->lab);
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
    rc = xw_owner_extend(people.items[0].uid, extending->user, extending->lab, until, err);
    if (rc == -ENOENT)
        return xw_fail(
            err, rc, "%s has no world of the lab \"%s\"; make it first: xwadm deploy %s --user %s",
            extending->user, extending->lab, extending->lab, extending->user);
    if (rc < 0)
        return rc;
    tell(extending, &access, until);
    if (until)
        tell_outsider(&people.items[0], &access);
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
        "Keep LAB open for USER alone, longer than it is for others. TIME is either\n"
        "\n"
        "  30m, 12h, 2d, 1w  so much more than the lab's closing, or than now once that is\n"
        "                    past; days and weeks are those of the calendar\n"
        "  '2026-12-03 08:00'  a time of this host's clock; of one that is there twice, because\n"
        "                    the clock is put back, the second\n"
        "  --none            takes an extension back\n"
        "\n"
        "It takes the place of an earlier one, and counts from the next request on; a console\n"
        "that is open ends when it would have. The user must have a world of the lab.\n"
        "\n"
        "Examples:\n"
        "  xwadm extend firewall alice 2d\n"
        "  xwadm extend firewall alice '2026-12-03 08:00'\n"
        "  xwadm extend firewall alice --none\n",
    .run = run,
};
