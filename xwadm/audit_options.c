#include "xwadm/audit_options.h"

#include <pwd.h>
#include <string.h>
#include <time.h>

#include "common/exitcode.h"
#include "common/names.h"
#include "xwadm/audit_time.h"
#include "xwadm/command.h"
#include "xwadm/say.h"

static bool names_machine(const char *machines, const char *name)
{
    size_t length = strlen(name);

    if (!machines || strcmp(machines, "*") == 0)
        return machines != NULL;
    for (const char *at = machines; *at;) {
        size_t here = strcspn(at, ",");
        if (here == length && strncmp(at, name, length) == 0)
            return true;
        at += here + (at[here] == ',');
    }
    return false;
}

/* A side that says so is enough: a record that lies about the rest must not hide the request. */
static bool side_fits(const struct xw_audit_options *options, const struct xw_audit_side *side)
{
    return side->present && (!options->has_user || side->uid == options->user) &&
           (!options->lab || strcmp(side->lab, options->lab) == 0) &&
           (!options->machine || names_machine(side->machines, options->machine));
}

static bool is_refusal(const struct xw_audit_event *event)
{
    for (int i = 0; i < XW_AUDIT_SOURCES; i++) {
        const struct xw_audit_side *side = &event->side[i];
        if (side->present && (side->refused || side->malformed || side->code == XW_EXIT_REFUSED ||
                              side->code == XW_EXIT_LIMITED))
            return true;
    }
    return event->phase == XW_AUDIT_MALFORMED;
}

bool xw_audit_wanted(const struct xw_audit_options *options, const struct xw_audit_event *event)
{
    uint64_t when = xw_audit_event_time(event);
    char dispute[8];

    if (when < options->since || (options->until && when >= options->until))
        return false;
    if (options->session >= 0 && event->session != options->session)
        return false;
    if (!side_fits(options, &event->side[XW_AUDIT_GATE]) &&
        !side_fits(options, &event->side[XW_AUDIT_KEEPER]))
        return false;
    xw_audit_event_dispute(event, dispute, sizeof(dispute));
    return (!options->refused || is_refusal(event)) && (!options->disagreements || *dispute);
}

static int take_user(struct xw_audit_options *options, const char *text)
{
    const struct passwd *user = getpwnam(text);
    unsigned long uid;

    if (user) {
        options->user = user->pw_uid;
    } else if (xw_number(text, UINT32_MAX - 1, &uid) == 0) {
        options->user = (uid_t)uid;
    } else {
        xw_note("this host has no user \"%.40s\"; one that is gone can be named by uid", text);
        return XW_EXIT_REFUSED;
    }
    options->has_user = true;
    return XW_EXIT_OK;
}

static int take_name(const char **where, const char *what, const char *text)
{
    if (!xw_name_ok(text))
        return xw_bad_name(what, text);
    *where = text;
    return XW_EXIT_OK;
}

static int take_time(uint64_t *when, const char *text)
{
    if (xw_audit_when(text, time(NULL), when) == 0)
        return XW_EXIT_OK;
    xw_note("audit: \"%.40s\" is no time: today, yesterday, all, 2h, 7d, 2026-11-24 or "
            "\"2026-11-24 10:30\"",
            text);
    return XW_EXIT_USAGE;
}

static int take_session(struct xw_audit_options *options, const char *text)
{
    unsigned long number;

    if (xw_number(text, UINT32_MAX - 1, &number) < 0) {
        xw_note("audit: a session is a number, as the column SESSION shows it");
        return XW_EXIT_USAGE;
    }
    options->session = (long)number;
    return XW_EXIT_OK;
}

static int take_option(struct xw_audit_options *options, int option)
{
    switch (option) {
    case 'u':
        return take_user(options, optarg);
    case 'l':
        return take_name(&options->lab, "a lab", optarg);
    case 'm':
        return take_name(&options->machine, "a machine", optarg);
    case 's':
        options->has_since = true;
        return take_time(&options->since, optarg);
    case 't':
        return take_time(&options->until, optarg);
    case 'n':
        return take_session(options, optarg);
    case 'r':
        options->refused = true;
        return XW_EXIT_OK;
    case 'd':
        options->disagreements = true;
        return XW_EXIT_OK;
    case 'f':
        options->follow = true;
        return XW_EXIT_OK;
    case 'j':
        options->json = true;
        return XW_EXIT_OK;
    case 'L':
        options->log_path = optarg;
        return XW_EXIT_OK;
    case 'J':
        options->journal_path = optarg;
        return XW_EXIT_OK;
    default:
        return XW_EXIT_USAGE;
    }
}

int xw_audit_options_read(int argc, char **argv, struct xw_audit_options *options)
{
    static const struct option known[] = {{"user", required_argument, NULL, 'u'},
                                          {"lab", required_argument, NULL, 'l'},
                                          {"machine", required_argument, NULL, 'm'},
                                          {"since", required_argument, NULL, 's'},
                                          {"until", required_argument, NULL, 't'},
                                          {"session", required_argument, NULL, 'n'},
                                          {"refused", no_argument, NULL, 'r'},
                                          {"disagreements", no_argument, NULL, 'd'},
                                          {"follow", no_argument, NULL, 'f'},
                                          {"json", no_argument, NULL, 'j'},
                                          {"log", required_argument, NULL, 'L'},
                                          {"journal", required_argument, NULL, 'J'},
                                          {0}};
    int option;

    *options = (struct xw_audit_options){.session = -1};
    while ((option = xw_option(argc, argv, known)) != -1) {
        int code = take_option(options, option);
        if (code != XW_EXIT_OK)
            return code;
    }
    if (!xw_operands_ok(argc, argv, 0, 0, ""))
        return XW_EXIT_USAGE;
    if (!options->has_since && xw_audit_when("today", time(NULL), &options->since) < 0)
        return XW_EXIT_FAILED;
    return XW_EXIT_OK;
}
