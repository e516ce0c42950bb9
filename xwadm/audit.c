/*
 * xwadm audit: reads both trails, joins them, and shows what was asked for.
 */
#include "xwadm/audit.h"

#include <errno.h>
#include <json-c/json.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/exitcode.h"
#include "xwadm/audit_options.h"
#include "xwadm/audit_reader.h"
#include "xwadm/command.h"
#include "xwadm/files.h"
#include "xwadm/say.h"

/* The two records of a request are written within moments of each other. */
enum { SLACK_USEC = 60000000, PARTNER_USEC = 2000000, TURN_MS = 250 };

struct audit {
    struct xw_audit_options options;
    struct xw_audit_reader *reader;
    struct xw_audit_events *events;
    struct json_object *list;
    size_t shown;
    size_t disputed;
};

static void show(struct audit *audit, const struct xw_audit_event *event)
{
    char dispute[8];

    if (!xw_audit_wanted(&audit->options, event))
        return;
    xw_audit_event_dispute(event, dispute, sizeof(dispute));
    audit->disputed += *dispute != '\0';
    if (!audit->options.json && audit->shown == 0)
        xw_audit_print_heading();
    audit->shown++;
    if (!audit->options.json) {
        xw_audit_print_line(event);
    } else if (audit->options.follow) {
        struct json_object *object = xw_json_new();
        json_object_object_add(object, "request", xw_audit_to_json(event));
        puts(json_object_to_json_string_ext(object, JSON_C_TO_STRING_PLAIN |
                                                        JSON_C_TO_STRING_NOSLASHESCAPE));
        json_object_put(object);
    } else {
        json_object_array_add(audit->list, xw_audit_to_json(event));
    }
}

static int take(enum xw_audit_source source, struct xw_audit_event *read, void *data)
{
    struct audit *audit = data;
    const struct xw_audit_options *options = &audit->options;
    uint64_t when = read->side[source].when;

    if (when + SLACK_USEC < options->since ||
        (options->until && when > options->until + SLACK_USEC))
        return 0;
    return xw_audit_events_add(audit->events, source, read);
}

static uint64_t monotonic(void)
{
    struct timespec now = {0};

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000000 + (uint64_t)now.tv_nsec / 1000;
}

/* Whether an event can be shown: it is whole, or its other half has had its time. */
static bool is_due(const struct xw_audit_event *event, uint64_t now)
{
    return (event->side[XW_AUDIT_GATE].present && event->side[XW_AUDIT_KEEPER].present) ||
           now - event->arrived > PARTNER_USEC;
}

static void show_due(struct audit *audit, bool every)
{
    struct xw_audit_event **all;
    size_t count;
    size_t due = 0;
    uint64_t now = monotonic();

    xw_audit_events_sort(audit->events, &all, &count);
    /* In order: one that waits for its other half holds up those after it, for at most 2 s. */
    while (due < count && (every || is_due(all[due], now)))
        show(audit, all[due++]);
    xw_audit_events_drop(audit->events, due);
}

static int follow(struct audit *audit, struct xw_error *err)
{
    int rc = 1;

    while (rc == 1 && !xw_interrupted()) {
        show_due(audit, false);
        if (fflush(stdout) != 0)
            return xw_fail_errno(err, -errno, "Writing");
        rc = xw_audit_reader_next(audit->reader, TURN_MS, take, audit, err);
        rc = rc == -EINTR ? 1 : rc;
    }
    return rc < 0 ? rc : 0;
}

static void sum_up(const struct audit *audit)
{
    if (audit->shown == 0 && !audit->options.follow && !audit->options.json)
        xw_note("nothing of this kind is in the logs");
    if (audit->disputed > 0)
        xw_note("the two trails disagree %zu time%s: see xwadm(8), AUDIT", audit->disputed,
                audit->disputed == 1 ? "" : "s");
}

static void print_list(struct audit *audit)
{
    struct json_object *object = xw_json_new();

    xw_json_bool(object, "has_audit_log", xw_audit_reader_has(audit->reader, XW_AUDIT_GATE));
    xw_json_bool(object, "has_journal", xw_audit_reader_has(audit->reader, XW_AUDIT_KEEPER));
    xw_json_number(object, "disagreement_count", audit->disputed);
    json_object_object_add(object, "requests", audit->list);
    xw_json_print(object);
}

static int run_audit(struct audit *audit, struct xw_error *err)
{
    audit->events = xw_audit_events_new();
    if (!audit->events)
        return xw_fail(err, -ENOMEM, "there is not enough memory");
    const struct xw_audit_options *options = &audit->options;
    const struct xw_audit_trails trails = {options->log_path, options->journal_path,
                                           options->since > SLACK_USEC ? options->since - SLACK_USEC
                                                                       : 0};
    audit->reader = xw_audit_reader_start(&trails, options->follow, err);
    if (!audit->reader)
        return err->code;
    if (audit->options.follow)
        return follow(audit, err);
    int rc;
    do
        rc = xw_audit_reader_next(audit->reader, -1, take, audit, err);
    while (rc == -EINTR && !xw_interrupted());
    if (rc < 0)
        return err->code ? rc : xw_fail_errno(err, rc, "Reading the trails");
    audit->list = audit->options.json ? xw_json_need(json_object_new_array()) : NULL;
    show_due(audit, true);
    if (audit->options.json)
        print_list(audit);
    return 0;
}

static int run(int argc, char **argv)
{
    struct audit audit = {0};
    struct xw_error err = {0};
    int code = xw_audit_options_read(argc, argv, &audit.options);

    if (code != XW_EXIT_OK)
        return code;
    int rc = run_audit(&audit, &err);
    if (rc < 0)
        code = xw_complain(&err);
    else
        sum_up(&audit);
    xw_audit_reader_stop(audit.reader);
    xw_audit_events_free(audit.events);
    return code;
}

const struct xw_command xw_command_audit = {
    .name = "audit",
    .arguments = "[--user USER] [--lab LAB] [--machine MACHINE] [--session N]\n"
                 "                   [--since TIME] [--until TIME] [--refused] [--disagreements]\n"
                 "                   [--follow] [--json] [--log FILE] [--journal DIRECTORY]",
    .summary = "who did what to which machine, and when",
    .help = "Show what was asked of the lab: who, when, which world and machines, how it ended.\n"
            "Two trails are read and joined: the gate's records in the audit log, the keeper's\n"
            "entries in the journal. Where they disagree, NOTE says how.\n"
            "\n"
            "  --user USER       of this user (a name or uid)\n"
            "  --lab LAB         about this lab\n"
            "  --machine MACHINE about this machine, whole worlds included\n"
            "  --session N       of one login session\n"
            "  --since TIME      from then on: today (the default), yesterday, all, 30m, 2h, 7d,\n"
            "                    2026-11-24, \"2026-11-24 10:30\"; with Z at the end it is UTC\n"
            "  --until TIME      before then\n"
            "  --refused         what was not allowed, not found, or beyond a limit\n"
            "  --disagreements   where the two trails disagree\n"
            "  --follow          go on with what happens from now, until interrupted\n"
            "  --json            for programs; with --follow, one object a line\n"
            "  --log FILE        another audit log than the system's\n"
            "  --journal DIRECTORY  another journal than the system's\n"
            "\n"
            "Examples:\n"
            "  xwadm audit --refused\n"
            "  xwadm audit --lab firewall --machine web --since 7d\n"
            "  xwadm audit --session 12 --since all\n",
    .run = run,
};
