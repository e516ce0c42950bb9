/*
 * --wait: a command that changes machines ends when they are what they were to become.
 *
 * login    the console of each shows a login prompt that it has printed since (boots.h); of one
 *          that ran before, and is not restarted, the prompt that stands there counts
 * running  each runs
 * off      each is off
 */
#ifndef XW_XWSH_WAIT_H
#define XW_XWSH_WAIT_H

#include <stdbool.h>
#include <stdint.h>

#include "xwsh/boots.h"
#include "xwsh/commands.h"

/* Seconds, by default and at most. */
enum { XW_WAIT_DEFAULT = 300, XW_WAIT_MAX = 86400 };

enum xw_wait_for { XW_WAIT_NOT, XW_WAIT_LOGIN, XW_WAIT_RUNNING, XW_WAIT_OFF };

/* Start with { 0 }, end with xw_wait_end(). */
struct xw_wait {
    enum xw_wait_for what;
    unsigned int seconds;   /* the limit */
    int64_t began;          /* milliseconds, monotonic */
    int64_t deadline;       /* -1 with XW_WAIT_NOT */
    struct xw_model before; /* the machines, as they were */
    struct xw_boots boots;
};

/*
 * Reads --wait and --timeout as the verb of the command takes them. Returns XW_EXIT_OK, or
 * XW_EXIT_USAGE with the reason printed.
 */
enum xw_exit xw_wait_options(const struct xw_session *session, const struct xw_command *command,
                             const struct xw_arguments *arguments, struct xw_wait *wait);

/*
 * To be called before the request is made, and confirmed: looks at what the machines are now.
 * Returns the exit code, with the reason printed where it isn't XW_EXIT_OK.
 */
enum xw_exit xw_wait_begin(const struct xw_session *session, const struct xw_request *request,
                           struct xw_wait *wait);

/*
 * Waits for those that the request has worked for; code is what that has come to. What has come of
 * the waiting is noted in model->results and, unless quiet, told on standard error. Returns the
 * exit code of both: XW_EXIT_TIMEOUT where all that went wrong is that the time was over.
 */
enum xw_exit xw_wait_for(const struct xw_session *session, const struct xw_request *request,
                         struct xw_wait *wait, struct xw_model *model, bool quiet,
                         enum xw_exit code);

void xw_wait_end(struct xw_wait *wait);

#endif
