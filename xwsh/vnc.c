#include "xwsh/vnc.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "common/cleanup.h"
#include "xwsh/confirm.h"
#include "xwsh/gate.h"
#include "xwsh/pump.h"
#include "xwsh/resume.h"
#include "xwsh/signals.h"
#include "xwsh/target.h"

/* How long the gate may take to bring a display that has closed to its end in good order. */
enum { LAST_WORDS_MS = 5000 };

struct display {
    const struct xw_session *session;
    const char *target;
    struct xw_gate *gate;
    struct xw_model model;
    struct xw_pump pump;
    bool opened;
    bool gate_ended;
    char note[XW_ERROR_TEXT_MAX]; /* what was last said of it */
    enum xw_exit code;
    struct xw_error *err;
};

/* Takes all messages that are there. */
static void take_messages(struct display *display)
{
    struct xw_message message;
    int rc = 0;

    while (!display->gate_ended && (rc = xw_gate_next(display->gate, &message, display->err)) > 0) {
        if (message.kind == XW_MESSAGE_PROGRESS)
            snprintf(display->note, sizeof(display->note), "%s", message.text);
        display->opened = display->opened || message.kind == XW_MESSAGE_OPEN;
        rc = xw_gate_take(&message, &display->model, &display->code, display->err);
        if (rc < 0)
            break;
        display->gate_ended = rc == 1;
    }
    if (rc < 0) {
        display->code = XW_EXIT_TRY_AGAIN;
        display->gate_ended = true;
    }
}

static enum xw_pump_end take_signals(const struct display *display)
{
    for (;;) {
        switch (xw_signals_next(display->session->signal_fd)) {
        case XW_SIGNAL_NONE:
            return XW_PUMP_GOES_ON;
        case XW_SIGNAL_HANGUP:
        case XW_SIGNAL_INTERRUPT:
            return XW_PUMP_GONE;
        case XW_SIGNAL_RESIZE:
            break;
        }
    }
}

enum { MACHINE, INPUT, OUTPUT, GATE, SIGNALS, WAITS };

/* Fills the poll set; before it is open, nothing is moved. */
static void prepare_wait(const struct display *display, struct pollfd wait[WAITS])
{
    const struct xw_pump *pump = &display->pump;
    short machine = POLLIN;

    if (pump->count > 0)
        machine |= POLLOUT;
    wait[MACHINE] = (struct pollfd){.fd = display->opened ? pump->socket : -1, .events = machine};
    wait[INPUT] = (struct pollfd){
        .fd = display->opened && xw_pump_wants_input(pump) ? STDIN_FILENO : -1, .events = POLLIN};
    /* No event asked for: that nobody reads our output any more is always told. */
    wait[OUTPUT] = (struct pollfd){.fd = STDOUT_FILENO};
    wait[GATE] = (struct pollfd){.fd = display->gate_ended ? -1 : xw_gate_fd(display->gate),
                                 .events = POLLIN};
    wait[SIGNALS] = (struct pollfd){.fd = display->session->signal_fd, .events = POLLIN};
}

static enum xw_pump_end pump_once(struct display *display)
{
    struct pollfd wait[WAITS];
    enum xw_pump_end end = XW_PUMP_GOES_ON;

    prepare_wait(display, wait);
    if (poll(wait, WAITS, -1) < 0)
        return errno == EINTR ? XW_PUMP_GOES_ON : XW_PUMP_GONE;
    if (wait[SIGNALS].revents)
        end = take_signals(display);
    if (end == XW_PUMP_GOES_ON && wait[INPUT].revents)
        end = xw_pump_from_input(&display->pump);
    if (end == XW_PUMP_GOES_ON && (wait[MACHINE].revents & POLLOUT))
        end = xw_pump_to_guest(&display->pump);
    if (end == XW_PUMP_GOES_ON && (wait[MACHINE].revents & ~POLLOUT))
        end = xw_pump_from_guest(&display->pump);
    if (end == XW_PUMP_GOES_ON && wait[OUTPUT].revents)
        end = XW_PUMP_GONE;
    if (end == XW_PUMP_GOES_ON && wait[GATE].revents)
        take_messages(display);
    return end;
}

static void wait_for_last_words(struct display *display)
{
    const int64_t deadline = xw_pump_now() + LAST_WORDS_MS;

    for (take_messages(display); !display->gate_ended; take_messages(display)) {
        struct pollfd wait = {.fd = xw_gate_fd(display->gate), .events = POLLIN};
        int64_t left = deadline - xw_pump_now();
        if (left <= 0 || poll(&wait, 1, (int)left) <= 0)
            return;
    }
}

static enum xw_exit conclude(struct display *display, enum xw_pump_end end)
{
    if (end == XW_PUMP_GONE) {
        xw_fail(display->err, -EPIPE, "interrupted: nobody reads the display any more");
        return XW_EXIT_FAILED;
    }
    wait_for_last_words(display);
    if (display->gate_ended && display->code != XW_EXIT_OK)
        return display->code;
    *display->err = (struct xw_error){0};
    if (!display->pump.in_ended)
        fprintf(stderr, "The display of %s has closed: %s.\n", display->target,
                *display->note ? display->note : "the machine has stopped or was restarted");
    return XW_EXIT_OK;
}

static enum xw_exit run(struct display *display, const struct xw_request *request, int *theirs)
{
    enum xw_pump_end end = XW_PUMP_GOES_ON;
    int rc = xw_gate_open(request, *theirs, false, &display->gate, display->err);

    /* Only the gate's copy may stay open, or its closing would never be seen. */
    close(*theirs);
    *theirs = -1;
    if (rc < 0)
        return XW_EXIT_TRY_AGAIN;
    while (end == XW_PUMP_GOES_ON && (display->opened || !display->gate_ended))
        end = pump_once(display);
    if (!display->opened && display->gate_ended)
        return display->code == XW_EXIT_OK ? XW_EXIT_TRY_AGAIN : display->code;
    return conclude(display, end);
}

/* Once; opened: whether it was. */
static enum xw_exit show(const struct xw_session *session, const struct xw_request *request,
                         bool *opened, struct xw_error *err)
{
    char target[XW_TARGET_SIZE];
    int ends[2];

    *opened = false;
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) < 0) {
        xw_fail_errno(err, -errno, "cannot make a socket");
        return XW_EXIT_FAILED;
    }
    XW_AUTO_CLOSE int ours = ends[0];
    XW_AUTO_CLOSE int theirs = ends[1];
    struct display display = {.session = session,
                              .target = xw_target_format(request, target),
                              .pump = {.socket = ours},
                              .code = XW_EXIT_TRY_AGAIN,
                              .err = err};
    enum xw_exit code = run(&display, request, &theirs);
    *opened = display.opened;
    xw_model_clear(&display.model);
    xw_gate_close(display.gate);
    return code;
}

/* A machine that is suspended goes on first. */
static enum xw_exit show_awake(const struct xw_session *session, const struct xw_request *request,
                               struct xw_error *err)
{
    bool opened;
    bool suspended;
    enum xw_exit code = show(session, request, &opened, err);

    if (code != XW_EXIT_FAILED || opened)
        return code;
    enum xw_exit resumed = xw_resume(session, request, &suspended, err);
    if (!suspended)
        return code;
    return resumed == XW_EXIT_OK ? show(session, request, &opened, err) : resumed;
}

/* With the command as it is to be typed; in an address of socat's a ":" has a meaning. */
static enum xw_exit teach(const struct xw_request *request)
{
    char target[XW_TARGET_SIZE];
    char quoted[2 * XW_TARGET_SIZE];
    size_t used = 0;

    xw_target_format(request, target);
    for (const char *at = target; *at; at++)
        used += (size_t)snprintf(quoted + used, sizeof(quoted) - used, "%s%c",
                                 *at == ':' ? "\\" : "", *at);
    fprintf(stderr,
            "xwsh: a screen is for a VNC viewer, not for a terminal. On your own computer, with\n"
            "socat and a viewer installed, and HOST as you write it for ssh:\n\n"
            "  xworlds-vnc HOST %s\n\n"
            "which does the same as these two:\n\n"
            "  socat TCP-LISTEN:5901,bind=127.0.0.1 EXEC:'ssh HOST vnc %s' &\n"
            "  vncviewer 127.0.0.1:1\n",
            target, quoted);
    return XW_EXIT_USAGE;
}

enum xw_exit xw_run_vnc(const struct xw_session *session, const struct xw_command *command,
                        const struct xw_arguments *arguments)
{
    struct xw_error err = {0};
    struct xw_request request;
    enum xw_exit code = xw_command_request(session, command, arguments, &request);

    if (code != XW_EXIT_OK)
        return code;
    if (session->in_tty || session->out_tty)
        return teach(&request);
    /* Where a serial console wants the password, so does this one. */
    request.verb = XW_VERB_CONSOLE;
    code = xw_confirm(session, &request, false);
    if (code != XW_EXIT_OK)
        return code;
    request.verb = command->verb;
    code = show_awake(session, &request, &err);
    if (code != XW_EXIT_OK)
        xw_session_complain(session, err.text);
    return code;
}
