/*
 * What a pass of tick has done, in words or for programs.
 */
#include <string.h>
#include <sys/wait.h>

#include "xwadm/say.h"
#include "xwadm/tick.h"
#include "xwsh/lines.h"

/* A world that is being reported. */
struct story {
    struct xw_tick_report *report;
    const struct xw_world_name *world;
    const struct xw_window *window; /* NULL: it is suspended */
    struct json_object *machines;   /* NULL: lines of text */
};

static void add_machine(const struct story *story, const char *machine, const char *result,
                        const char *text)
{
    struct json_object *object = xw_json_need(json_object_new_object());

    xw_json_text(object, "name", machine);
    xw_json_text(object, "result", result);
    xw_json_text(object, "text", text);
    json_object_array_add(story->machines, object);
}

/* A machine that is off now, or would be. */
static void tell(const struct story *story, const char *machine, const char *result,
                 const char *text)
{
    if (story->machines)
        add_machine(story, machine, result, text);
    else
        xw_say("%s/%s/%s: %s", story->world->lab, story->world->owner, machine, text);
}

static void tell_failed(const struct story *story, const char *machine, const char *text)
{
    const bool whole = strcmp(machine, "-") == 0;

    story->report->failed = true;
    xw_note("%s/%s%s%s: %s", story->world->lab, story->world->owner, whole ? "" : "/",
            whole ? "" : machine, text);
    if (story->machines)
        add_machine(story, machine, "failed", text);
}

/* "KIND MACHINE TEXT", or "error TEXT". What is in progress, or was so before, is no news. */
static void tell_line(const struct story *story, char *line)
{
    char *first = strchr(line, ' ');
    char *second = first ? strchr(first + 1, ' ') : NULL;

    if (!second)
        return;
    if (strncmp(line, "error ", 6) == 0)
        xw_note("%s/%s: %s", story->world->lab, story->world->owner, first + 1);
    *first = '\0';
    *second = '\0';
    if (strcmp(line, "fail") == 0)
        tell_failed(story, first + 1, second + 1);
    else if (strcmp(line, "done") == 0 && strcmp(second + 1, "was off already") != 0)
        tell(story, first + 1, story->window ? "stopped" : "suspended", second + 1);
}

static void tell_lines(const struct story *story, int fd)
{
    struct xw_lines lines = {0};
    char *line;

    while (!lines.at_end && xw_lines_fill(&lines, fd) == 0) {
        while (xw_lines_next(&lines, &line) == 1)
            tell_line(story, line);
    }
}

/* What kept a process from doing its work; NULL: nothing, or it has told so itself. */
static const char *trouble_of(int status)
{
    if (!WIFEXITED(status))
        return "cut off; the next pass goes on with it";
    switch (WEXITSTATUS(status)) {
    case XW_TICK_LOCKED:
        return "is being worked on; the next pass looks after it";
    case XW_TICK_HANGS:
        return "libvirt doesn't answer; the next pass goes on with it";
    default:
        return NULL;
    }
}

static void count(struct xw_tick_report *report, int status)
{
    const int code = WIFEXITED(status) ? WEXITSTATUS(status) : XW_EXIT_FAILED;

    if (code == XW_TICK_LOCKED || code == XW_TICK_HANGS || code == XW_EXIT_TRY_AGAIN)
        report->try_again = true;
    else if (code != XW_EXIT_OK)
        report->failed = true;
}

static struct story begin(struct xw_tick_report *report, const struct xw_world_name *world,
                          const struct xw_window *window)
{
    return (struct story){report, world, window,
                          report->worlds ? xw_json_need(json_object_new_array()) : NULL};
}

static void end(const struct story *story, const char *trouble)
{
    if (trouble)
        xw_note("%s/%s: %s", story->world->lab, story->world->owner, trouble);
    if (!story->machines)
        return;
    if (json_object_array_length(story->machines) == 0 && !trouble) {
        json_object_put(story->machines);
        return;
    }
    struct json_object *object = xw_json_need(json_object_new_object());
    xw_json_text(object, "lab", story->world->lab);
    xw_json_text(object, "owner", story->world->owner);
    if (story->window)
        xw_json_time(object, "ended", story->window->ends);
    if (trouble)
        xw_json_text(object, "trouble", trouble);
    json_object_object_add(object, "machines", story->machines);
    json_object_array_add(story->report->worlds, object);
}

void xw_tick_report_stopped(struct xw_tick_report *report, const struct xw_world_name *world,
                            const struct xw_window *window, int fd, int status)
{
    const struct story story = begin(report, world, window);

    tell_lines(&story, fd);
    count(report, status);
    end(&story, trouble_of(status));
}

void xw_tick_report_due(struct xw_tick_report *report, const struct xw_world_name *world,
                        const struct xw_window *window, const struct xw_domains *domains)
{
    const struct story story = begin(report, world, window);

    for (size_t i = 0; i < domains->count; i++) {
        const struct xw_domain *domain = &domains->items[i];
        if (domain->running && strcmp(domain->lab, world->lab) == 0 &&
            strcmp(domain->owner, world->owner) == 0)
            tell(&story, domain->machine, "due",
                 window ? "would be stopped" : "would be suspended");
    }
    end(&story, NULL);
}
