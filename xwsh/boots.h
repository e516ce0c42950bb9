/*
 * Machines that boot, until the console of each shows a login prompt. They are looked at as viewers
 * by the verb `watch` (watcher.h), eight at the same time, by a caller with a loop of its own.
 *
 * A log has more than one boot in it. So the logs are looked at twice: before the machines are
 * started, for a mark (log_mark.h), and afterwards; a prompt counts when it is behind the mark.
 */
#ifndef XW_XWSH_BOOTS_H
#define XW_XWSH_BOOTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/error.h"
#include "common/names.h"
#include "common/request.h"
#include "xwsh/log_lines.h"
#include "xwsh/log_mark.h"
#include "xwsh/watcher.h"

enum {
    XW_BOOTS_AT_ONCE = 8,
    XW_BOOTS_WAITS = XW_BOOTS_AT_ONCE * XW_WATCHER_WAITS,
    XW_BOOTS_RETRY_MS = 1000 /* after which one that can't be looked at now is tried again */
};

enum xw_boot_state { XW_BOOT_COMING, XW_BOOT_READY, XW_BOOT_FAILED };

struct xw_boot {
    char machine[XW_NAME_SIZE];
    bool ran;  /* before: then the prompt that stands there counts */
    bool done; /* with what is being done: the mark is set, or the state is final */
    bool told; /* the caller's */
    enum xw_boot_state state;
    char reason[XW_ERROR_TEXT_MAX]; /* XW_BOOT_FAILED: why; unsafe to show */
    int64_t done_at;                /* milliseconds, monotonic */
    char last[XW_LOG_LINE_SIZE];    /* the last line that it has written; unsafe to show */
    int64_t retry_at;
    struct xw_watcher watcher;
    struct xw_log_mark mark;
    struct xw_log_lines lines;
    bool passed;   /* what was there before the console was opened has been taken */
    char *history; /* that, until it is whole */
    size_t history_count;
};

/* Start with { 0 }, end with xw_boots_end(). */
struct xw_boots {
    struct xw_request world; /* whose machines they are */
    bool quiet;              /* as in xw_gate_open() */
    bool marking;            /* or waiting for prompts */
    bool busy;               /* between a beginning and its end */
    size_t count;
    struct xw_boot *boot;
};

/* Adds a machine. Returns 0 or -ENOMEM. */
int xw_boots_add(struct xw_boots *boots, const char *machine, bool ran);

/*
 * Adds those of a world's machines, as the model has them before the request is made, that it makes
 * boot; with standing also those of a start or a reboot that it need not: whose prompt stands there
 * already, or whose request is going to fail. Returns 0 or -ENOMEM, with those that were added.
 */
int xw_boots_choose(struct xw_boots *boots, const struct xw_request *request,
                    const struct xw_model *model, bool standing);

/* The one of that name, or NULL. */
const struct xw_boot *xw_boots_find(const struct xw_boots *boots, const char *machine);

/* Takes one out again that has been added, if it is there. */
void xw_boots_drop(struct xw_boots *boots, const char *machine);

/* Begins to set the marks of those that did not run; or, then, to wait for prompts. */
void xw_boots_mark(struct xw_boots *boots);
void xw_boots_await(struct xw_boots *boots);

/* Does what can be done without waiting. Returns whether all are done. */
bool xw_boots_step(struct xw_boots *boots);

/* What to wait for, XW_BOOTS_WAITS of them, and for how long at most (-1: without end). */
void xw_boots_wait(const struct xw_boots *boots, struct pollfd wait[XW_BOOTS_WAITS]);
int xw_boots_timeout(const struct xw_boots *boots);

/* How many have shown their prompt; and the first that is still to do so, or NULL. */
size_t xw_boots_ready(const struct xw_boots *boots);
const struct xw_boot *xw_boots_coming(const struct xw_boots *boots);

/* Leaves all of them, waiting as xw_watcher_close() does, and forgets them. */
void xw_boots_end(struct xw_boots *boots, int patience);

#endif
