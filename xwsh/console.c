#include "xwsh/console_state.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

#include "common/cleanup.h"
#include "xwsh/console_keys.h"
#include "xwsh/print.h"
#include "xwsh/signals.h"
#include "xwsh/target.h"
#include "xwsh/tty.h"

/*
 * How long the gate may take to bring a console that has closed, or that has been left, to its
 * end in good order.
 */
enum { LAST_WORDS_MS = 5000, LEAVE_MS = 1000 };

static enum xw_viewer_mode mode_of(enum xw_verb verb)
{
    return verb == XW_VERB_WATCH  ? XW_VIEWER_WATCHES
           : verb == XW_VERB_TAKE ? XW_VIEWER_TAKES
                                  : XW_VIEWER_WRITES;
}

/* Somebody else has come or left, or was there before this viewer. */
static void take_viewer(struct xw_console *console, const struct xw_message *message)
{
    char text[XW_COMPANY_TEXT_MAX];
    bool joined = message->kind == XW_MESSAGE_VIEWER;

    if (joined)
        xw_company_join(&console->company, &message->viewer);
    else
        xw_company_leave(&console->company, &message->viewer);
    if (console->opened)
        xw_console_announce(console, xw_company_news(&console->company, &message->viewer, joined,
                                                     mode_of(console->verb), text));
}

/* Takes all messages that are there. Returns 0, 1 when `open` was among them, or -errno. */
static int take_messages(struct xw_console *console, struct xw_progress *progress)
{
    struct xw_message message;
    bool opened = false;
    int rc = 0;

    while (!console->gate_ended && !opened &&
           (rc = xw_gate_next(console->gate, &message, console->err)) > 0) {
        if (message.kind == XW_MESSAGE_PROGRESS && progress)
            xw_progress_show(progress, console->target, message.text);
        else if (message.kind == XW_MESSAGE_PROGRESS)
            xw_console_note(console, message.text);
        else if (message.kind == XW_MESSAGE_VIEWER || message.kind == XW_MESSAGE_LEFT)
            take_viewer(console, &message);
        else if (message.kind == XW_MESSAGE_HISTORY && !console->opened)
            console->history = message.history;
        opened = message.kind == XW_MESSAGE_OPEN;
        console->opened = console->opened || opened;
        rc = xw_gate_take(&message, &console->model, &console->code, console->err);
        if (rc < 0)
            break;
        console->gate_ended = rc == 1;
    }
    if (rc < 0) {
        console->code = XW_EXIT_TRY_AGAIN;
        console->gate_ended = true;
        return rc;
    }
    return opened;
}

/* Waits until the console is open. Returns 0 or, with code and err set, a negative errno. */
static int wait_for_open(struct xw_console *console)
{
    struct xw_progress progress = {.session = console->session};

    for (;;) {
        struct pollfd wait[2] = {{.fd = xw_gate_fd(console->gate), .events = POLLIN},
                                 {.fd = console->session->signal_fd, .events = POLLIN}};
        int rc = take_messages(console, &progress);
        if (rc != 0 || console->gate_ended) {
            xw_progress_clear(&progress);
            return rc == 1 ? 0 : -ECONNREFUSED;
        }
        poll(wait, 2, -1);
        enum xw_signal signal = xw_signals_next(console->session->signal_fd);
        if (signal == XW_SIGNAL_INTERRUPT || signal == XW_SIGNAL_HANGUP) {
            xw_progress_clear(&progress);
            console->code = XW_EXIT_FAILED;
            return xw_fail(console->err, -EINTR, "interrupted");
        }
    }
}

enum { GUEST, INPUT, OUTPUT, GATE, SIGNALS, WAITS };

/* Fills the poll set; a descriptor of -1 is passed over by poll(2). */
static void prepare_wait(const struct xw_console *console, const struct xw_pump *pump,
                         struct pollfd wait[WAITS])
{
    short guest_events = POLLIN;

    if (pump->count > 0)
        guest_events |= POLLOUT;
    wait[GUEST] = (struct pollfd){.fd = pump->socket, .events = guest_events};
    wait[INPUT] = (struct pollfd){.fd = STDIN_FILENO, .events = POLLIN};
    if (!xw_pump_wants_input(pump) && console->menu_until == 0)
        wait[INPUT].fd = -1;
    /* No event asked for: an error or hang-up of the reader of our output is always told. */
    wait[OUTPUT] = (struct pollfd){.fd = STDOUT_FILENO};
    wait[GATE] = (struct pollfd){.fd = xw_gate_fd(console->gate), .events = POLLIN};
    if (console->gate_ended)
        wait[GATE].fd = -1;
    wait[SIGNALS] = (struct pollfd){.fd = console->session->signal_fd, .events = POLLIN};
}

/* Signals come only from outside: in raw mode no key makes one. */
static enum xw_pump_end take_signals(const struct xw_console *console)
{
    for (;;) {
        switch (xw_signals_next(console->session->signal_fd)) {
        case XW_SIGNAL_NONE:
            return XW_PUMP_GOES_ON;
        case XW_SIGNAL_HANGUP:
            return XW_PUMP_GONE;
        case XW_SIGNAL_INTERRUPT:
            return XW_PUMP_LEFT;
        case XW_SIGNAL_RESIZE:
            xw_recorder_resized(console->recorder);
            break;
        }
    }
}

/* What was typed after ^]. */
static enum xw_pump_end obey(struct xw_console *console, struct xw_pump *pump, const char *bytes,
                             size_t count)
{
    char text[XW_COMPANY_TEXT_MAX];
    char words[XW_ERROR_TEXT_MAX];

    console->menu_until = 0;
    switch (xw_console_key(bytes, count, console->verb)) {
    case XW_CONSOLE_LEAVES:
        return XW_PUMP_LEFT;
    case XW_CONSOLE_GIVES:
        console->visit->next = XW_VERB_WATCH;
        return XW_PUMP_LEFT;
    case XW_CONSOLE_TAKES:
        console->visit->next = XW_VERB_TAKE;
        return XW_PUMP_LEFT;
    case XW_CONSOLE_WHO:
        xw_console_show(console, xw_company_list(&console->company, text));
        return XW_PUMP_GOES_ON;
    case XW_CONSOLE_BREAK:
        xw_console_show(console, xw_console_break());
        return XW_PUMP_GOES_ON;
    case XW_CONSOLE_RECORDS:
        if (xw_recorder_runs(console->recorder))
            xw_recorder_end(console->recorder, words);
        else
            xw_recorder_begin(console->recorder, words);
        xw_console_tell(console, words);
        return XW_PUMP_GOES_ON;
    case XW_CONSOLE_HELP:
        xw_console_show_help(console);
        return XW_PUMP_GOES_ON;
    case XW_CONSOLE_LITERAL:
        return xw_pump_type(pump, "\x1d", 1);
    case XW_CONSOLE_STAYS:
        break;
    }
    return xw_pump_type(pump, bytes, count);
}

static enum xw_pump_end take_key(struct xw_console *console, struct xw_pump *pump)
{
    char bytes[XW_PUMP_CHUNK];
    ssize_t got = read(STDIN_FILENO, bytes, sizeof(bytes));

    if (got < 0 && (errno == EAGAIN || errno == EINTR))
        return XW_PUMP_GOES_ON;
    if (got <= 0)
        return XW_PUMP_GONE;
    xw_pump_note_quiet(pump);
    if (xw_pump_escape(pump, bytes, (size_t)got) > 0)
        return XW_PUMP_LEFT;
    return obey(console, pump, bytes, (size_t)got);
}

static enum xw_pump_end take_input(struct xw_console *console, struct xw_pump *pump)
{
    if (console->menu_until > 0)
        return take_key(console, pump);
    enum xw_pump_end end = xw_pump_from_input(pump);
    if (end != XW_PUMP_ESCAPE)
        return end;
    if (pump->key)
        return obey(console, pump, &pump->key, 1);
    xw_console_show(console, xw_console_menu(console->verb, xw_recorder_runs(console->recorder)));
    console->menu_until = xw_pump_now() + XW_CONSOLE_MENU_MS;
    return XW_PUMP_GOES_ON;
}

/* How long to wait for anything, in milliseconds; -1 for ever. */
static int timeout(const struct xw_console *console, const struct xw_pump *pump)
{
    int limit = xw_pump_timeout(pump);

    if (console->menu_until == 0)
        return limit;
    int64_t left = console->menu_until - xw_pump_now();
    if (left < 0)
        left = 0;
    return limit >= 0 && limit < left ? limit : (int)left;
}

static enum xw_pump_end pump_once(struct xw_console *console, struct xw_pump *pump)
{
    struct pollfd wait[WAITS];
    enum xw_pump_end end = XW_PUMP_GOES_ON;
    struct xw_error why = {0};

    prepare_wait(console, pump, wait);
    if (poll(wait, WAITS, timeout(console, pump)) < 0 && errno != EINTR)
        return XW_PUMP_GONE;
    if (wait[SIGNALS].revents)
        end = take_signals(console);
    if (end == XW_PUMP_GOES_ON && wait[INPUT].revents)
        end = take_input(console, pump);
    if (end == XW_PUMP_GOES_ON && console->menu_until > 0 && xw_pump_now() >= console->menu_until)
        end = XW_PUMP_LEFT;
    if (end == XW_PUMP_GOES_ON && (wait[GUEST].revents & POLLOUT))
        end = xw_pump_to_guest(pump);
    if (end == XW_PUMP_GOES_ON && (wait[GUEST].revents & ~POLLOUT))
        end = xw_pump_from_guest(pump);
    if (end == XW_PUMP_GOES_ON && wait[OUTPUT].revents)
        end = XW_PUMP_GONE;
    if (end == XW_PUMP_GOES_ON && wait[GATE].revents)
        (void)take_messages(console, NULL);
    if (xw_recorder_has_failed(console->recorder, &why))
        xw_console_tell(console, why.text);
    return end;
}

static void saw(void *data, const char *bytes, size_t count)
{
    xw_recorder_saw(data, bytes, count);
}

/* What is recorded begins with that screen, or shows it again after another way of being there. */
static void begin_recording(const struct xw_console *console, struct xw_pump *pump)
{
    char words[XW_ERROR_TEXT_MAX];

    pump->saw = saw;
    pump->data = console->recorder;
    xw_recorder_redraw(console->recorder);
    if (!console->visit->record)
        return;
    console->visit->record = false;
    xw_recorder_begin(console->recorder, words);
    xw_console_tell(console, words);
}

/* Moves bytes until something ends it, with the terminal raw meanwhile and as before after it. */
static enum xw_pump_end attend(struct xw_console *console, int socket)
{
    const struct xw_session *session = console->session;
    struct xw_pump pump = {
        .socket = socket, .in_tty = session->in_tty, .watching = console->verb == XW_VERB_WATCH};
    struct termios saved;
    enum xw_pump_end end = XW_PUMP_GOES_ON;
    bool shown = session->in_tty && session->out_tty && *session->term && session->capable;

    pump.moved_at = xw_pump_now();
    pump.typed_at = pump.moved_at;
    /* Who reads what the guest says from now on, by a program, has no use for what was before. */
    pump.passed_over = shown ? 0 : console->history;
    if (session->in_tty)
        console->raw = xw_tty_raw(STDIN_FILENO, &saved) == 0;
    if (shown)
        xw_tty_enter_guest(STDOUT_FILENO);
    if (session->in_tty)
        xw_console_greet(console, &pump, shown);
    begin_recording(console, &pump);
    while (end == XW_PUMP_GOES_ON)
        end = pump_once(console, &pump);
    xw_pump_note_quiet(&pump);
    console->visit->end->quiet = pump.quiet;
    if (shown)
        xw_tty_leave_guest(STDOUT_FILENO, session->term, &pump.guest);
    if (shown && pump.guest.touched && end != XW_PUMP_GONE)
        xw_tty_settle(STDIN_FILENO, STDOUT_FILENO);
    if (console->raw) {
        xw_tty_restore(STDIN_FILENO, &saved);
        console->raw = false;
        fputs("\n", stderr);
    }
    return end;
}

static void wait_for_last_words(struct xw_console *console, int64_t limit)
{
    int64_t deadline = xw_pump_now() + limit;

    while (take_messages(console, NULL) >= 0 && !console->gate_ended) {
        struct pollfd wait[2] = {{.fd = xw_gate_fd(console->gate), .events = POLLIN},
                                 {.fd = console->session->signal_fd, .events = POLLIN}};
        int64_t left = deadline - xw_pump_now();
        if (left <= 0 || poll(wait, 2, (int)left) <= 0)
            return;
        if (wait[1].revents && take_signals(console) != XW_PUMP_GOES_ON)
            return;
    }
}

static enum xw_exit conclude(struct xw_console *console, int socket, enum xw_pump_end end)
{
    struct xw_error *err = console->err;

    switch (end) {
    case XW_PUMP_LEFT:
        shutdown(socket, SHUT_RDWR);
        wait_for_last_words(console, LEAVE_MS);
        *err = (struct xw_error){0};
        if (xw_recorder_runs(console->recorder))
            xw_fail(err, 0, "Left %s; recorded: %s", console->target,
                    xw_recorder_name(console->recorder));
        else
            xw_fail(err, 0, "Left the console of %s; the machine goes on.", console->target);
        return XW_EXIT_OK;
    case XW_PUMP_GONE:
        xw_fail(err, -EPIPE, "interrupted: the terminal is gone, or nobody reads the output");
        return XW_EXIT_FAILED;
    default:
        break;
    }
    wait_for_last_words(console, LAST_WORDS_MS);
    if (console->gate_ended && console->code != XW_EXIT_OK)
        return console->code;
    *err = (struct xw_error){0};
    xw_fail(err, 0, "The console of %s has closed: %.300s.", console->target,
            *console->note ? console->note : "the machine has stopped or was restarted");
    return XW_EXIT_OK;
}

static enum xw_exit run(struct xw_console *console, const struct xw_request *request, int ours,
                        int *theirs)
{
    int rc = xw_gate_open(request, *theirs, false, &console->gate, console->err);

    /* Only the gate's copy may stay open, or its closing would never be seen. */
    close(*theirs);
    *theirs = -1;
    if (rc < 0)
        return XW_EXIT_TRY_AGAIN;
    if (wait_for_open(console) < 0)
        return console->code == XW_EXIT_OK ? XW_EXIT_TRY_AGAIN : console->code;
    console->visit->end->opened = true;
    enum xw_pump_end end = attend(console, ours);
    console->visit->end->closed = end == XW_PUMP_CLOSED;
    return conclude(console, ours, end);
}

enum xw_exit xw_console_once(struct xw_console_visit *visit, const struct xw_request *request,
                             struct xw_error *err)
{
    char target[XW_TARGET_SIZE];
    int ends[2];

    visit->next = request->verb;
    *visit->end = (struct xw_console_end){0};
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) < 0) {
        xw_fail_errno(err, -errno, "cannot make a socket");
        return XW_EXIT_FAILED;
    }
    XW_AUTO_CLOSE int ours = ends[0];
    XW_AUTO_CLOSE int theirs = ends[1];
    struct xw_console console = {.session = visit->session,
                                 .visit = visit,
                                 .target = xw_target_format(request, target),
                                 .verb = request->verb,
                                 .recorder = visit->recorder,
                                 .code = XW_EXIT_TRY_AGAIN,
                                 .err = err};
    enum xw_exit code = run(&console, request, ours, &theirs);
    xw_model_clear(&console.model);
    xw_gate_close(console.gate);
    return code;
}
