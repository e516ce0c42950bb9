#include "xwsh/log.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "xwsh/confirm.h"
#include "xwsh/json.h"
#include "xwsh/log_lines.h"
#include "xwsh/safe_text.h"
#include "xwsh/signals.h"
#include "xwsh/target.h"
#include "xwsh/watcher.h"

/* A line that doesn't end is shown, with --follow, when nothing has come for so long. */
enum { PAUSE_MS = 200, CHUNK = 4096, LINES_MAX = 1000000 };

struct log {
    const struct xw_session *session;
    const struct xw_request *request;
    struct xw_watcher watcher;
    struct xw_log_lines lines;
    char **line; /* those from before */
    size_t count;
    bool out_of_memory;
    char shown[XW_SAFE_SIZE(XW_LOG_LINE_SIZE)]; /* of the line that has not ended */
};

/* --- what was there before ------------------------------------------------------------------- */

/* Room for one line more. */
static bool grow(struct log *log)
{
    const size_t step = 1024;

    if (log->count % step != 0)
        return true;
    char **grown = reallocarray(log->line, log->count + step, sizeof(*grown));
    if (!grown)
        return false;
    log->line = grown;
    return true;
}

static void keep_line(const char *text, void *data)
{
    struct log *log = data;
    char *copy = !log->out_of_memory && grow(log) ? strdup(text) : NULL;

    if (copy)
        log->line[log->count++] = copy;
    else
        log->out_of_memory = true;
}

enum waited { COMES, TIME_IS_OVER, LEAVES };

/* Waits for the watcher, a signal, or the end of whoever reads. */
static enum waited wait_for(const struct log *log, int timeout)
{
    enum { SIGNALS = XW_WATCHER_WAITS, OUTPUT, WAITS };
    struct pollfd wait[WAITS] = {[SIGNALS] = {.fd = log->session->signal_fd, .events = POLLIN},
                                 [OUTPUT] = {.fd = STDOUT_FILENO}};
    enum xw_signal signal;

    xw_watcher_wait(&log->watcher, wait);
    int rc = poll(wait, WAITS, timeout);
    if (rc < 0 && errno != EINTR)
        return LEAVES;
    while ((signal = xw_signals_next(log->session->signal_fd)) != XW_SIGNAL_NONE) {
        if (signal != XW_SIGNAL_RESIZE)
            return LEAVES;
    }
    if (wait[OUTPUT].revents & (POLLERR | POLLHUP | POLLNVAL))
        return LEAVES;
    return rc == 0 ? TIME_IS_OVER : COMES;
}

/* Returns 0, -EINTR, or -ENODATA where it is over before anything was to be had. */
static int take_history(struct log *log)
{
    char bytes[CHUNK];
    bool live = false;

    while (!xw_watcher_is_live(&log->watcher)) {
        ssize_t n = xw_watcher_take(&log->watcher, bytes, sizeof(bytes), &live);
        if (n < 0)
            return log->watcher.opened ? 0 : (int)n;
        if (n > 0)
            xw_log_lines_take(&log->lines, bytes, (size_t)n, keep_line, log);
        else if (!xw_watcher_is_live(&log->watcher) && wait_for(log, -1) == LEAVES)
            return -EINTR;
    }
    return 0;
}

/* --- text ------------------------------------------------------------------------------------ */

/* Makes what is shown of a line this, and it alone; what stands there already is not repeated. */
static void show(struct log *log, const char *text)
{
    char safe[sizeof(log->shown)];
    size_t same = strlen(log->shown);

    xw_safe_text(xw_session_out_charset(log->session), text, safe, sizeof(safe));
    if (strncmp(safe, log->shown, same) != 0) {
        putchar('\n');
        same = 0;
    }
    fputs(safe + same, stdout);
    memcpy(log->shown, safe, strlen(safe) + 1);
}

static void print_line(const char *text, void *data)
{
    struct log *log = data;

    show(log, text);
    putchar('\n');
    log->shown[0] = '\0';
}

static void show_current(struct log *log)
{
    char text[XW_LOG_LINE_SIZE];

    show(log, xw_log_lines_current(&log->lines, text));
    fflush(stdout);
}

/* What comes, until the machine stops, somebody interrupts it, or nobody reads it any more. */
static void follow(struct log *log)
{
    enum waited waited = COMES;
    char bytes[CHUNK];
    ssize_t n = 0;
    bool pending = true;
    bool live;

    while (waited != LEAVES && !ferror(stdout) &&
           (n = xw_watcher_take(&log->watcher, bytes, sizeof(bytes), &live)) >= 0) {
        xw_log_lines_take(&log->lines, bytes, (size_t)n, print_line, log);
        pending = pending || n > 0;
        if (waited == TIME_IS_OVER && n == 0) {
            show_current(log);
            pending = false;
        }
        if (n == 0)
            waited = wait_for(log, pending ? PAUSE_MS : -1);
    }
    show_current(log);
    if (*log->shown)
        putchar('\n');
    fflush(stdout);
    if (n < 0)
        xw_session_complain(log->session, xw_watcher_words(&log->watcher));
}

/* --- the command ----------------------------------------------------------------------------- */

/* The last of them that were asked for; all where there are fewer. */
static char *const *choose(const struct log *log, unsigned long most, size_t *count)
{
    *count = log->count < most ? log->count : most;
    return log->line ? log->line + (log->count - *count) : NULL;
}

static enum xw_exit print(struct log *log, const struct xw_arguments *arguments, unsigned long most)
{
    const bool json = (arguments->options & XW_OPTION_JSON) != 0;
    const bool follows = (arguments->options & XW_OPTION_FOLLOW) != 0;
    char current[XW_LOG_LINE_SIZE];
    size_t count;

    /* Whoever reads this may take their time, and nobody is to be told meanwhile that we watch. */
    if (!follows)
        xw_watcher_close(&log->watcher, XW_WATCHER_LEAVE_MS);
    /* What has not ended is a line, too; with --follow it may go on. */
    if (!follows && *xw_log_lines_current(&log->lines, current))
        keep_line(current, log);
    if (log->out_of_memory)
        return xw_command_check_json(log->session, XW_EXIT_FAILED, -ENOMEM);
    char *const *line = choose(log, most, &count);
    if (json)
        return xw_command_check_json(log->session, XW_EXIT_OK,
                                     xw_json_log(log->request, line, count));
    for (size_t i = 0; i < count; i++)
        print_line(line[i], log);
    if (follows)
        follow(log);
    return XW_EXIT_OK;
}

static enum xw_exit run(struct log *log, const struct xw_arguments *arguments, unsigned long most)
{
    struct xw_error err = {0};
    const char *machine = log->request->machines[0];

    if (xw_watcher_open(&log->watcher, log->request, machine, false, &err) < 0) {
        xw_session_complain(log->session, err.text);
        return XW_EXIT_TRY_AGAIN;
    }
    int rc = take_history(log);
    if (rc == -EINTR) {
        xw_session_complain(log->session, "interrupted");
        return XW_EXIT_FAILED;
    }
    if (rc < 0) {
        xw_session_complain(log->session, xw_watcher_words(&log->watcher));
        return log->watcher.code == XW_EXIT_OK ? XW_EXIT_FAILED : log->watcher.code;
    }
    return print(log, arguments, most);
}

enum xw_exit xw_run_log(const struct xw_session *session, const struct xw_command *command,
                        const struct xw_arguments *arguments)
{
    struct xw_request request;
    unsigned long most = LINES_MAX;

    if (arguments->lines && xw_number(arguments->lines, LINES_MAX, &most) < 0) {
        xw_session_complain(session, "--lines takes a number: of the last lines, how many");
        return XW_EXIT_USAGE;
    }
    if ((~arguments->options & (XW_OPTION_JSON | XW_OPTION_FOLLOW)) == 0) {
        xw_session_complain(session, "--json gives one document, and with --follow it has no end");
        return XW_EXIT_USAGE;
    }
    enum xw_exit code = xw_command_request(session, command, arguments, &request);
    /* Where a console wants the password, so does what was on it. */
    request.verb = XW_VERB_CONSOLE;
    if (code == XW_EXIT_OK)
        code = xw_confirm(session, &request, false);
    if (code != XW_EXIT_OK)
        return code;
    struct log *log = calloc(1, sizeof(*log));
    if (!log)
        return xw_command_check_json(session, XW_EXIT_FAILED, -ENOMEM);
    log->session = session;
    log->request = &request;
    log->watcher = XW_WATCHER_NONE;
    code = run(log, arguments, most);
    xw_watcher_close(&log->watcher, XW_WATCHER_LEAVE_MS);
    for (size_t i = 0; i < log->count; i++)
        free(log->line[i]);
    free(log->line);
    free(log);
    return code;
}
