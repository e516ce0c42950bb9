#include "xwsh/wait.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "common/paths.h"
#include "xwsh/confirm.h"
#include "xwsh/print.h"
#include "xwsh/pump.h"
#include "xwsh/settings.h"
#include "xwsh/signals.h"
#include "xwsh/target.h"

enum { TICK_MS = 1000, SUBJECT_SIZE = XW_WORLD_SIZE + XW_NAME_SIZE };

static const char *const names[] = {
    [XW_WAIT_LOGIN] = "login", [XW_WAIT_RUNNING] = "running", [XW_WAIT_OFF] = "off"};

/* --- options --------------------------------------------------------------------------------- */

/* What a verb can be waited for: the first is meant where none is named. */
static const struct {
    enum xw_verb verb;
    enum xw_wait_for what[2];
    const char *words;
} takes[] = {
    {XW_VERB_START, {XW_WAIT_LOGIN, XW_WAIT_RUNNING}, "--wait=login or --wait=running"},
    {XW_VERB_REVERT, {XW_WAIT_LOGIN, XW_WAIT_RUNNING}, "--wait=login or --wait=running"},
    {XW_VERB_REBOOT, {XW_WAIT_LOGIN, XW_WAIT_NOT}, "--wait=login: a machine runs all the while"},
    {XW_VERB_STOP, {XW_WAIT_OFF, XW_WAIT_NOT}, "--wait=off"},
};

/* Returns XW_WAIT_NOT, with *words set, where the verb doesn't take it. */
static enum xw_wait_for choose(enum xw_verb verb, const char *value, const char **words)
{
    for (size_t i = 0; i < sizeof(takes) / sizeof(takes[0]); i++) {
        if (takes[i].verb != verb)
            continue;
        *words = takes[i].words;
        if (!*value)
            return takes[i].what[0];
        for (size_t k = 0; k < 2; k++) {
            enum xw_wait_for what = takes[i].what[k];
            if (what != XW_WAIT_NOT && strcmp(names[what], value) == 0)
                return what;
        }
    }
    return XW_WAIT_NOT;
}

static enum xw_exit refuse(const struct xw_session *session, const char *text)
{
    xw_session_complain(session, text);
    return XW_EXIT_USAGE;
}

enum xw_exit xw_wait_options(const struct xw_session *session, const struct xw_command *command,
                             const struct xw_arguments *arguments, struct xw_wait *wait)
{
    unsigned long seconds = XW_WAIT_DEFAULT;
    const char *words = "";
    char text[XW_ERROR_TEXT_MAX];

    *wait = (struct xw_wait){.deadline = -1};
    if (!arguments->wait)
        return arguments->timeout ? refuse(session, "--timeout is how long --wait waits; add that")
                                  : XW_EXIT_OK;
    wait->what = choose(command->verb, arguments->wait, &words);
    if (wait->what == XW_WAIT_NOT) {
        snprintf(text, sizeof(text), "%s can't wait for '%.40s'; it takes %s", command->name,
                 arguments->wait, words);
        return refuse(session, text);
    }
    if (command->verb == XW_VERB_REVERT && arguments->count > 1)
        return refuse(session, "--wait is for a boot, and a checkpoint brings a machine back as it "
                               "was: on, with its memory, or off");
    if (arguments->timeout &&
        (xw_number(arguments->timeout, XW_WAIT_MAX, &seconds) < 0 || seconds == 0)) {
        snprintf(text, sizeof(text), "--timeout takes whole seconds, 1 to %d", XW_WAIT_MAX);
        return refuse(session, text);
    }
    wait->seconds = (unsigned int)seconds;
    return XW_EXIT_OK;
}

/* --- before ---------------------------------------------------------------------------------- */

/* The machines of the request's world as they are. */
static enum xw_exit ask_status(const struct xw_session *session, const struct xw_request *request,
                               int64_t deadline, struct xw_model *model)
{
    struct xw_request status = {.verb = XW_VERB_STATUS};
    struct xw_error err = {0};

    memcpy(status.lab, request->lab, sizeof(status.lab));
    memcpy(status.owner, request->owner, sizeof(status.owner));
    enum xw_exit code =
        xw_gate_run_until(session->signal_fd, &status, deadline, model, NULL, NULL, &err);
    if (code != XW_EXIT_OK && err.text[0])
        xw_session_complain(session, err.text);
    return code;
}

/* What was asked for the password already is not asked for it again. */
static enum xw_exit guard_console(const struct xw_session *session,
                                  const struct xw_request *request)
{
    struct xw_request console = *request;
    struct xw_settings settings;
    struct xw_error err = {0};

    console.verb = XW_VERB_CONSOLE;
    if (xw_settings_read(XW_CONFIG_PATH, &settings, &err) < 0) {
        xw_session_complain(session, err.text);
        return XW_EXIT_TRY_AGAIN;
    }
    return xw_settings_guard(&settings, request->verb) ? XW_EXIT_OK
                                                       : xw_confirm(session, &console, false);
}

/* Returns 0, -EINTR, or -ETIMEDOUT; on the terminal it says how far it is. */
static int run_boots(const struct xw_session *session, struct xw_wait *wait,
                     struct xw_progress *progress,
                     void (*show)(struct xw_wait *wait, struct xw_progress *progress))
{
    while (!xw_boots_step(&wait->boots)) {
        struct pollfd fds[XW_BOOTS_WAITS + 1] = {{.fd = session->signal_fd, .events = POLLIN}};
        int64_t left = wait->deadline - xw_pump_now();
        int timeout = xw_boots_timeout(&wait->boots);
        enum xw_signal signal;

        if (show)
            show(wait, progress);
        if (left <= 0)
            return -ETIMEDOUT;
        if (timeout < 0 || timeout > TICK_MS)
            timeout = show && session->err_tty ? TICK_MS : timeout;
        if (timeout < 0 || timeout > left)
            timeout = (int)left;
        xw_boots_wait(&wait->boots, fds + 1);
        if (poll(fds, XW_BOOTS_WAITS + 1, timeout) < 0 && errno != EINTR)
            return -errno;
        while ((signal = xw_signals_next(session->signal_fd)) != XW_SIGNAL_NONE) {
            if (signal != XW_SIGNAL_RESIZE)
                return -EINTR;
        }
    }
    return 0;
}

enum xw_exit xw_wait_begin(const struct xw_session *session, const struct xw_request *request,
                           struct xw_wait *wait)
{
    if (wait->what == XW_WAIT_NOT)
        return XW_EXIT_OK;
    if (wait->what == XW_WAIT_LOGIN) {
        enum xw_exit guarded = guard_console(session, request);
        if (guarded != XW_EXIT_OK)
            return guarded;
    }
    wait->began = xw_pump_now();
    wait->deadline = wait->began + (int64_t)wait->seconds * 1000;
    enum xw_exit code = ask_status(session, request, wait->deadline, &wait->before);
    if (code != XW_EXIT_OK || wait->what != XW_WAIT_LOGIN)
        return code;
    if (xw_boots_choose(&wait->boots, request, &wait->before, true) < 0)
        return xw_command_check_json(session, XW_EXIT_FAILED, -ENOMEM);
    xw_boots_mark(&wait->boots);
    int rc = run_boots(session, wait, NULL, NULL);
    if (rc == 0)
        return XW_EXIT_OK;
    xw_session_complain(session, rc == -ETIMEDOUT ? "the time is over, and nothing was begun"
                                                  : "interrupted; nothing was begun");
    return rc == -ETIMEDOUT ? XW_EXIT_TIMEOUT : XW_EXIT_FAILED;
}

/* --- after ----------------------------------------------------------------------------------- */

static unsigned int seconds_until(const struct xw_wait *wait, int64_t when)
{
    return when > wait->began ? (unsigned int)((when - wait->began) / 1000) : 0;
}

static const char *subject_of(const struct xw_request *request, const char *machine,
                              char text[SUBJECT_SIZE])
{
    char world[XW_WORLD_SIZE];

    snprintf(text, SUBJECT_SIZE, "%s/%s", xw_target_world(request, world), machine);
    return text;
}

/* A line for each that is ready. */
static void tell_ready(struct xw_wait *wait, struct xw_progress *progress)
{
    char subject[SUBJECT_SIZE];

    for (size_t i = 0; i < wait->boots.count; i++) {
        struct xw_boot *boot = &wait->boots.boot[i];
        if (boot->state != XW_BOOT_READY || boot->told)
            continue;
        xw_progress_clear(progress);
        fprintf(stderr, "%s: login prompt after %u s\n",
                subject_of(&wait->boots.world, boot->machine, subject),
                seconds_until(wait, boot->done_at));
        boot->told = true;
    }
}

static void show_boots(struct xw_wait *wait, struct xw_progress *progress)
{
    const struct xw_boot *boot = xw_boots_coming(&wait->boots);
    char subject[SUBJECT_SIZE];
    char text[XW_ERROR_TEXT_MAX];
    int used = 0;

    tell_ready(wait, progress);
    if (!boot || !progress->session->err_tty)
        return;
    if (wait->boots.count > 1)
        used = snprintf(text, sizeof(text), "(%zu of %zu ready) ", xw_boots_ready(&wait->boots),
                        wait->boots.count);
    snprintf(text + used, sizeof(text) - (size_t)used, "booting, %u s: %.300s",
             seconds_until(wait, xw_pump_now()), boot->last);
    xw_progress_show(progress, subject_of(&wait->boots.world, boot->machine, subject), text);
}

/* How the waiting for one machine has ended; reason "": well. */
static enum xw_exit note(struct xw_result *result, unsigned int seconds, const char *reason,
                         enum xw_exit code)
{
    result->waited = true;
    result->seconds = seconds;
    snprintf(result->reason, sizeof(result->reason), "%s", reason);
    return code;
}

static enum xw_exit note_boot(const struct xw_wait *wait, int ended, struct xw_result *result)
{
    const struct xw_boot *boot = xw_boots_find(&wait->boots, result->machine);
    const int64_t now = xw_pump_now();
    unsigned int seconds = seconds_until(wait, boot && boot->done ? boot->done_at : now);
    if (!boot)
        return note(result, seconds,
                    "it was not on, and revert starts none that isn't: 'start --wait' does",
                    XW_EXIT_FAILED);
    if (boot->state == XW_BOOT_READY)
        return note(result, seconds, "", XW_EXIT_OK);
    if (boot->state == XW_BOOT_FAILED)
        return note(result, seconds, boot->reason, XW_EXIT_FAILED);
    if (ended != -ETIMEDOUT)
        return note(result, seconds, "interrupted; it goes on", XW_EXIT_FAILED);
    return note(result, seconds,
                boot->ran ? "no login prompt on its console in time; it ran before, and somebody "
                            "may be logged in there: 'watch' shows it"
                          : "no login prompt on its console in time; it goes on, and 'log' shows "
                            "how far it is",
                XW_EXIT_TIMEOUT);
}

/* Of two codes the one that tells more: that the time was over, where that is all. */
static enum xw_exit worse(enum xw_exit a, enum xw_exit b)
{
    return a == XW_EXIT_OK || (a == XW_EXIT_TIMEOUT && b != XW_EXIT_OK) ? b : a;
}

static enum xw_exit wait_for_logins(const struct xw_session *session, struct xw_wait *wait,
                                    struct xw_model *model, bool quiet)
{
    struct xw_progress progress = {.session = session};
    enum xw_exit code = XW_EXIT_OK;

    for (size_t i = 0; i < model->result_count; i++) {
        if (!model->results[i].done)
            xw_boots_drop(&wait->boots, model->results[i].machine);
    }
    if (!quiet && !session->err_tty && wait->boots.count > 0)
        fprintf(stderr, "waiting for login prompts, %u s at most\n", wait->seconds);
    xw_boots_await(&wait->boots);
    int rc = run_boots(session, wait, &progress, quiet ? NULL : show_boots);
    if (!quiet)
        tell_ready(wait, &progress);
    xw_progress_clear(&progress);
    for (size_t i = 0; i < model->result_count; i++) {
        if (model->results[i].done)
            code = worse(code, note_boot(wait, rc, &model->results[i]));
    }
    return code;
}

/* What the request has come to is asked for once: it ends when the machines are what they are. */
static enum xw_exit check_states(const struct xw_session *session, const struct xw_request *request,
                                 const struct xw_wait *wait, struct xw_model *model)
{
    struct xw_model now = {0};
    enum xw_exit code = ask_status(session, request, wait->deadline, &now);
    char text[XW_ERROR_TEXT_MAX];

    for (size_t i = 0; code != XW_EXIT_TRY_AGAIN && i < model->result_count; i++) {
        struct xw_result *result = &model->results[i];
        const struct xw_machine *machine = xw_model_machine(&now, result->machine);
        unsigned int seconds = seconds_until(wait, xw_pump_now());
        if (!result->done || !machine)
            continue;
        enum xw_state state = machine->state;
        bool reached = wait->what == XW_WAIT_OFF
                           ? state == XW_STATE_OFF || state == XW_STATE_MISSING
                           : state == XW_STATE_RUNNING;
        snprintf(text, sizeof(text), "it is %s, and not %s", xw_state_name(state),
                 names[wait->what]);
        code = worse(code, note(result, seconds, reached ? "" : text,
                                reached ? XW_EXIT_OK : XW_EXIT_FAILED));
    }
    xw_model_clear(&now);
    return code;
}

static void complain(const struct xw_session *session, const struct xw_request *request,
                     const struct xw_model *model)
{
    char text[SUBJECT_SIZE + XW_ERROR_TEXT_MAX + 4];
    char subject[SUBJECT_SIZE];

    fflush(stdout);
    for (size_t i = 0; i < model->result_count; i++) {
        const struct xw_result *result = &model->results[i];
        if (!*result->reason)
            continue;
        snprintf(text, sizeof(text), "%s: %s", subject_of(request, result->machine, subject),
                 result->reason);
        xw_session_complain(session, text);
    }
}

enum xw_exit xw_wait_for(const struct xw_session *session, const struct xw_request *request,
                         struct xw_wait *wait, struct xw_model *model, bool quiet,
                         enum xw_exit code)
{
    if (wait->what == XW_WAIT_NOT || model->result_count == 0)
        return code;
    code = worse(code, wait->what == XW_WAIT_LOGIN ? wait_for_logins(session, wait, model, quiet)
                                                   : check_states(session, request, wait, model));
    if (!quiet)
        complain(session, request, model);
    return code;
}

void xw_wait_end(struct xw_wait *wait)
{
    xw_boots_end(&wait->boots, XW_WATCHER_LEAVE_MS);
    xw_model_clear(&wait->before);
    *wait = (struct xw_wait){.deadline = -1};
}
