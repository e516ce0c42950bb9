#include "xwsh/boots.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "xwsh/pump.h"

enum { CHUNK = 4096 };

int xw_boots_add(struct xw_boots *boots, const char *machine, bool ran)
{
    struct xw_boot *grown = reallocarray(boots->boot, boots->count + 1, sizeof(struct xw_boot));

    if (!grown)
        return -ENOMEM;
    boots->boot = grown;
    struct xw_boot *boot = &boots->boot[boots->count++];
    *boot = (struct xw_boot){.ran = ran, .watcher = XW_WATCHER_NONE};
    snprintf(boot->machine, sizeof(boot->machine), "%s", machine);
    return 0;
}

/* Whether it has booted, or did when it was suspended. */
static bool has_booted(enum xw_state state)
{
    return state != XW_STATE_OFF && state != XW_STATE_CRASHED && state != XW_STATE_MISSING;
}

static bool is_meant(const struct xw_request *request, const struct xw_machine *machine)
{
    if (strcmp(machine->lab, request->lab) != 0)
        return false;
    for (size_t i = 0; i < request->machine_count; i++) {
        if (strcmp(request->machines[i], machine->name) == 0)
            return true;
    }
    return request->whole_world;
}

/* Whether the request makes a machine that it means boot, which ran before or did not. */
static bool boots_by(const struct xw_request *request, const struct xw_machine *machine, bool ran)
{
    switch (request->verb) {
    case XW_VERB_START:
        return !ran;
    case XW_VERB_REBOOT:
        return ran;
    case XW_VERB_REVERT:
        return ran && machine->state != XW_STATE_SUSPENDED && !*request->checkpoint;
    default:
        return false;
    }
}

int xw_boots_choose(struct xw_boots *boots, const struct xw_request *request,
                    const struct xw_model *model, bool standing)
{
    int rc = 0;

    boots->world = *request;
    for (size_t i = 0; i < model->machine_count && rc == 0; i++) {
        const struct xw_machine *machine = &model->machines[i];
        const bool ran = has_booted(machine->state);
        const bool stands = standing && request->verb != XW_VERB_REVERT;
        if (is_meant(request, machine) && (stands || boots_by(request, machine, ran)))
            rc = xw_boots_add(boots, machine->name, ran && request->verb == XW_VERB_START);
    }
    return rc;
}

/* --- one machine ----------------------------------------------------------------------------- */

static void leave(struct xw_boot *boot, int patience)
{
    xw_watcher_close(&boot->watcher, patience);
    free(boot->history);
    boot->history = NULL;
    boot->history_count = 0;
}

static void finish(struct xw_boot *boot, enum xw_boot_state state, const char *reason)
{
    boot->state = state;
    boot->done = true;
    boot->done_at = xw_pump_now();
    snprintf(boot->reason, sizeof(boot->reason), "%s", reason);
}

/* What was written before this boot is only shown. */
static void pass_line(const char *line, void *data)
{
    struct xw_boot *boot = data;

    if (*line)
        snprintf(boot->last, sizeof(boot->last), "%s", line);
}

static void take_line(const char *line, void *data)
{
    struct xw_boot *boot = data;

    pass_line(line, data);
    if (!boot->done && xw_log_is_prompt(line))
        finish(boot, XW_BOOT_READY, "");
}

static void look_at_current(struct xw_boot *boot)
{
    char text[XW_LOG_LINE_SIZE];

    take_line(xw_log_lines_current(&boot->lines, text), boot);
}

/* What was written before the console was opened has come as a whole. */
static void take_history(struct xw_boot *boot)
{
    const char *bytes = boot->history ? boot->history : "";
    size_t count = boot->history_count;
    size_t begin = boot->ran ? count : xw_log_mark_find(&boot->mark, bytes, count);

    if (boot->ran)
        xw_log_lines_take(&boot->lines, bytes, count, pass_line, boot);
    xw_log_lines_take(&boot->lines, bytes + begin, count - begin, take_line, boot);
    free(boot->history);
    boot->history = NULL;
    boot->history_count = 0;
    look_at_current(boot);
}

static int keep(struct xw_boot *boot, const char *bytes, size_t count)
{
    char *grown = realloc(boot->history, boot->history_count + count);

    if (!grown)
        return -ENOMEM;
    memcpy(grown + boot->history_count, bytes, count);
    boot->history = grown;
    boot->history_count += count;
    return 0;
}

/* The console is not to be had, or has closed. */
static void end_watching(const struct xw_boots *boots, struct xw_boot *boot)
{
    const struct xw_watcher *watcher = &boot->watcher;
    char text[XW_ERROR_TEXT_MAX];

    if (!watcher->opened && watcher->code == XW_EXIT_TRY_AGAIN) {
        boot->retry_at = xw_pump_now() + XW_BOOTS_RETRY_MS;
    } else if (boots->marking) {
        boot->done = true;
    } else if (watcher->opened) {
        if (!boot->passed)
            take_history(boot);
        snprintf(text, sizeof(text), "%s before it showed a login prompt",
                 xw_watcher_words(watcher));
        if (!boot->done)
            finish(boot, XW_BOOT_FAILED, text);
    } else {
        finish(boot, XW_BOOT_FAILED, xw_watcher_words(watcher));
    }
    leave(boot, 0);
}

/* Everything from before has come. */
static void pass_history(const struct xw_boots *boots, struct xw_boot *boot)
{
    boot->passed = true;
    if (boots->marking)
        boot->done = true;
    else
        take_history(boot);
}

static void take(const struct xw_boots *boots, struct xw_boot *boot, const char *bytes,
                 size_t count, bool live)
{
    if (count > 0 && !live && boots->marking)
        xw_log_mark_take(&boot->mark, bytes, count);
    else if (count > 0 && !live && keep(boot, bytes, count) < 0)
        finish(boot, XW_BOOT_FAILED, "out of memory");
    if (!boot->passed && !boot->done && xw_watcher_is_live(&boot->watcher))
        pass_history(boots, boot);
    if (!live || boot->done || count == 0)
        return;
    xw_log_lines_take(&boot->lines, bytes, count, take_line, boot);
    look_at_current(boot);
}

static void step_one(const struct xw_boots *boots, struct xw_boot *boot)
{
    char bytes[CHUNK];
    bool live = false;
    ssize_t n = 1;

    while (n > 0 && !boot->done) {
        n = xw_watcher_take(&boot->watcher, bytes, sizeof(bytes), &live);
        if (n >= 0)
            take(boots, boot, bytes, (size_t)n, live);
    }
    if (n < 0)
        end_watching(boots, boot);
    else if (boot->done)
        leave(boot, 0);
}

/* --- all of them ----------------------------------------------------------------------------- */

static bool is_watched(const struct xw_boot *boot)
{
    return boot->watcher.gate != NULL;
}

/* Anew, whatever was before; only a mark is of use later. */
static void begin(struct xw_boots *boots, bool marking)
{
    boots->marking = marking;
    boots->busy = true;
    for (size_t i = 0; i < boots->count; i++) {
        struct xw_boot *boot = &boots->boot[i];
        leave(boot, 0);
        boot->state = XW_BOOT_COMING;
        boot->done = marking && boot->ran;
        boot->passed = false;
        boot->retry_at = 0;
        boot->last[0] = '\0';
        boot->lines = (struct xw_log_lines){0};
        if (marking)
            boot->mark = (struct xw_log_mark){0};
    }
}

void xw_boots_mark(struct xw_boots *boots)
{
    begin(boots, true);
}

void xw_boots_await(struct xw_boots *boots)
{
    begin(boots, false);
}

static void open_next(const struct xw_boots *boots, struct xw_boot *boot)
{
    struct xw_error err = {0};

    if (xw_watcher_open(&boot->watcher, &boots->world, boot->machine, boots->quiet, &err) == 0)
        return;
    leave(boot, 0);
    if (boots->marking)
        boot->done = true;
    else
        finish(boot, XW_BOOT_FAILED, err.text);
}

bool xw_boots_step(struct xw_boots *boots)
{
    const int64_t now = xw_pump_now();
    size_t watched = 0;
    bool all = true;

    for (size_t i = 0; i < boots->count; i++) {
        if (is_watched(&boots->boot[i]))
            step_one(boots, &boots->boot[i]);
        watched += is_watched(&boots->boot[i]);
    }
    for (size_t i = 0; i < boots->count; i++) {
        struct xw_boot *boot = &boots->boot[i];
        if (boot->done)
            continue;
        if (!is_watched(boot) && watched < XW_BOOTS_AT_ONCE && now >= boot->retry_at) {
            open_next(boots, boot);
            watched += is_watched(boot);
        }
        all = all && boot->done;
    }
    boots->busy = boots->busy && !all;
    return all;
}

void xw_boots_wait(const struct xw_boots *boots, struct pollfd wait[XW_BOOTS_WAITS])
{
    size_t used = 0;

    for (size_t i = 0; i < boots->count && used < XW_BOOTS_WAITS; i++) {
        if (!is_watched(&boots->boot[i]))
            continue;
        xw_watcher_wait(&boots->boot[i].watcher, wait + used);
        used += XW_WATCHER_WAITS;
    }
    while (used < XW_BOOTS_WAITS)
        wait[used++] = (struct pollfd){.fd = -1};
}

int xw_boots_timeout(const struct xw_boots *boots)
{
    const int64_t now = xw_pump_now();
    int64_t least = -1;
    size_t watched = 0;

    for (size_t i = 0; boots->busy && i < boots->count; i++) {
        const struct xw_boot *boot = &boots->boot[i];
        int64_t left = boot->retry_at > now ? boot->retry_at - now : 0;
        watched += is_watched(boot);
        if (!boot->done && !is_watched(boot) && boot->retry_at > 0 && (least < 0 || left < least))
            least = left;
    }
    return watched < XW_BOOTS_AT_ONCE ? (int)least : -1;
}

size_t xw_boots_ready(const struct xw_boots *boots)
{
    size_t ready = 0;

    for (size_t i = 0; i < boots->count; i++)
        ready += boots->boot[i].state == XW_BOOT_READY;
    return ready;
}

const struct xw_boot *xw_boots_coming(const struct xw_boots *boots)
{
    for (size_t i = 0; i < boots->count; i++) {
        if (boots->boot[i].state == XW_BOOT_COMING)
            return &boots->boot[i];
    }
    return NULL;
}

const struct xw_boot *xw_boots_find(const struct xw_boots *boots, const char *machine)
{
    for (size_t i = 0; i < boots->count; i++) {
        if (strcmp(boots->boot[i].machine, machine) == 0)
            return &boots->boot[i];
    }
    return NULL;
}

void xw_boots_drop(struct xw_boots *boots, const char *machine)
{
    const struct xw_boot *found = xw_boots_find(boots, machine);

    if (!found)
        return;
    struct xw_boot *boot = &boots->boot[found - boots->boot];
    leave(boot, 0);
    boots->count--;
    memmove(boot, boot + 1, (size_t)(boots->boot + boots->count - boot) * sizeof(*boot));
}

void xw_boots_end(struct xw_boots *boots, int patience)
{
    for (size_t i = 0; i < boots->count; i++)
        leave(&boots->boot[i], patience);
    free(boots->boot);
    *boots = (struct xw_boots){0};
}
