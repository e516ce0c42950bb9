#include "xwsh/console_once.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "common/cleanup.h"
#include "xwsh/company.h"
#include "xwsh/console_keys.h"
#include "xwsh/gate.h"
#include "xwsh/history.h"
#include "xwsh/print.h"
#include "xwsh/pump.h"
#include "xwsh/recorder.h"
#include "xwsh/signals.h"
#include "xwsh/target.h"
#include "xwsh/tty.h"

/*
 * How long the gate may take to bring a console that has closed, or that has been left, to its
 * end in good order.
 */
enum { LAST_WORDS_MS = 5000, LEAVE_MS = 1000 };
enum { GREETING_MAX = XW_COMPANY_TEXT_MAX + XW_TARGET_SIZE + 256 };

struct console {
    const struct xw_session *session;
    struct xw_console_visit *visit;
    const char *target; /* firewall/router */
    enum xw_verb verb;  /* how this viewer is there */
    struct xw_company company;
    bool opened;
    size_t history;     /* how many of the guest's bytes are from before */
    int64_t menu_until; /* ^] was typed, and a key is waited for until then; 0: it wasn't */
    struct xw_gate *gate;
    bool raw; /* the terminal is in raw mode: lines need their own carriage return */
    char note[XW_ERROR_TEXT_MAX]; /* the last thing that the gate said about the machine */
    bool gate_ended;
    struct xw_recorder *recorder;
    enum xw_exit code;     /* once gate_ended */
    struct xw_model model; /* what `done` and `fail` lines tell */
    struct xw_error *err;
};

/* While the guest is shown: on a line of its own between what the guest writes. */
static void show(const struct console *console, const char *text)
{
    char safe[XW_SAFE_SIZE(XW_COMPANY_TEXT_MAX)];

    xw_safe_text(xw_session_err_charset(console->session), text, safe, sizeof(safe));
    if (console->raw)
        fprintf(stderr, "\r\n[%s: %s]\r\n", console->target, safe);
}

/* The same of what is news in a recording, too. */
static void announce(const struct console *console, const char *text)
{
    show(console, text);
    xw_recorder_said(console->recorder, text);
}

/* What has to be told where there is no terminal, too. */
static void tell(const struct console *console, const char *text)
{
    show(console, text);
    if (!console->raw)
        xw_session_complain(console->session, text);
}

/* Keeps what the gate says about the machine, and shows it at once. */
static void note(struct console *console, const char *text)
{
    snprintf(console->note, sizeof(console->note), "%s", text);
    announce(console, console->note);
}

static enum xw_viewer_mode mode_of(enum xw_verb verb)
{
    return verb == XW_VERB_WATCH  ? XW_VIEWER_WATCHES
           : verb == XW_VERB_TAKE ? XW_VIEWER_TAKES
                                  : XW_VIEWER_WRITES;
}

/* Somebody else has come or left, or was there before this viewer. */
static void take_viewer(struct console *console, const struct xw_message *message)
{
    char text[XW_COMPANY_TEXT_MAX];
    bool joined = message->kind == XW_MESSAGE_VIEWER;

    if (joined)
        xw_company_join(&console->company, &message->viewer);
    else
        xw_company_leave(&console->company, &message->viewer);
    if (console->opened)
        announce(console, xw_company_news(&console->company, &message->viewer, joined,
                                          mode_of(console->verb), text));
}

/* Takes all messages that are there. Returns 0, 1 when `open` was among them, or -errno. */
static int take_messages(struct console *console, struct xw_progress *progress)
{
    struct xw_message message;
    bool opened = false;
    int rc = 0;

    while (!console->gate_ended && !opened &&
           (rc = xw_gate_next(console->gate, &message, console->err)) > 0) {
        if (message.kind == XW_MESSAGE_PROGRESS && progress)
            xw_progress_show(progress, console->target, message.text);
        else if (message.kind == XW_MESSAGE_PROGRESS)
            note(console, message.text);
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
static int wait_for_open(struct console *console)
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
static void prepare_wait(const struct console *console, const struct xw_pump *pump,
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
static enum xw_pump_end take_signals(const struct console *console)
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

/* Lines, whether the terminal is in raw mode or not. */
static void put_lines(const char *text)
{
    for (const char *end; (end = strchr(text, '\n')) != NULL; text = end + 1)
        fprintf(stderr, "%.*s\r\n", (int)(end - text), text);
}

static void show_help(const struct console *console)
{
    fputs("\r\n", stderr);
    put_lines(xw_console_help(console->verb));
}

/* One key after ^]. */
static enum xw_pump_end obey(struct console *console, struct xw_pump *pump)
{
    char bytes[XW_PUMP_CHUNK];
    char text[XW_COMPANY_TEXT_MAX];
    char words[XW_ERROR_TEXT_MAX];
    ssize_t got = read(STDIN_FILENO, bytes, sizeof(bytes));

    if (got < 0 && (errno == EAGAIN || errno == EINTR))
        return XW_PUMP_GOES_ON;
    if (got <= 0)
        return XW_PUMP_GONE;
    console->menu_until = 0;
    xw_pump_note_quiet(pump);
    if (xw_pump_is_escape(pump, bytes, (size_t)got))
        return XW_PUMP_LEFT;
    switch (xw_console_key(bytes, (size_t)got, console->verb)) {
    case XW_CONSOLE_LEAVES:
        return XW_PUMP_LEFT;
    case XW_CONSOLE_GIVES:
        console->visit->next = XW_VERB_WATCH;
        return XW_PUMP_LEFT;
    case XW_CONSOLE_TAKES:
        console->visit->next = XW_VERB_TAKE;
        return XW_PUMP_LEFT;
    case XW_CONSOLE_WHO:
        show(console, xw_company_list(&console->company, text));
        return XW_PUMP_GOES_ON;
    case XW_CONSOLE_BREAK:
        show(console, xw_console_break());
        return XW_PUMP_GOES_ON;
    case XW_CONSOLE_RECORDS:
        if (xw_recorder_runs(console->recorder))
            xw_recorder_end(console->recorder, words);
        else
            xw_recorder_begin(console->recorder, words);
        tell(console, words);
        return XW_PUMP_GOES_ON;
    case XW_CONSOLE_HELP:
        show_help(console);
        return XW_PUMP_GOES_ON;
    case XW_CONSOLE_LITERAL:
        return xw_pump_type(pump, "\x1d", 1);
    case XW_CONSOLE_STAYS:
        break;
    }
    return xw_pump_type(pump, bytes, (size_t)got);
}

static enum xw_pump_end take_input(struct console *console, struct xw_pump *pump)
{
    if (console->menu_until > 0)
        return obey(console, pump);
    enum xw_pump_end end = xw_pump_from_input(pump);
    if (end != XW_PUMP_ESCAPE)
        return end;
    show(console, xw_console_menu(console->verb, xw_recorder_runs(console->recorder)));
    console->menu_until = xw_pump_now() + XW_CONSOLE_MENU_MS;
    return XW_PUMP_GOES_ON;
}

/* How long to wait for anything, in milliseconds; -1 for ever. */
static int timeout(const struct console *console, const struct xw_pump *pump)
{
    int limit = xw_pump_timeout(pump);

    if (console->menu_until == 0)
        return limit;
    int64_t left = console->menu_until - xw_pump_now();
    if (left < 0)
        left = 0;
    return limit >= 0 && limit < left ? limit : (int)left;
}

static enum xw_pump_end pump_once(struct console *console, struct xw_pump *pump)
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
        tell(console, why.text);
    return end;
}

/* What is said at the beginning; with a hint where nothing else is to be seen. */
static void make_greeting(const struct console *console, const char *hint, char words[GREETING_MAX])
{
    char text[XW_COMPANY_TEXT_MAX];
    bool watches = console->verb == XW_VERB_WATCH;
    bool taken = console->verb == XW_VERB_CONSOLE && xw_company_taken(&console->company);
    bool alone = console->company.count == 0;

    snprintf(words, GREETING_MAX, "%s %s%s\n%s%s%s%s%s", watches ? "Watching" : "Connected to",
             console->target,
             watches ? "; your keys go nowhere. Press ^] (Ctrl and ]) to leave."
                     : ". Press ^] (Ctrl and ]) to leave.",
             watches ? "" : hint,
             alone ? "" : "Also here: ", alone ? "" : xw_company_list(&console->company, text),
             alone ? "" : ".\n",
             taken ? "Your keys do nothing until the one who has taken over leaves.\n" : "");
}

/* The screen as the guest left it, with the greeting. */
static int show_history(const struct console *console, struct xw_pump *pump, const char *words,
                        const char *hinting)
{
    XW_AUTO_FREE char *bytes = malloc(console->history);

    if (!bytes) {
        pump->passed_over = console->history;
        return -ENOMEM;
    }
    int rc = xw_history_show(console->session, pump, bytes, console->history, words, hinting);
    if (rc == 0)
        xw_recorder_was(console->recorder, bytes, console->history);
    return rc;
}

/* That screen, where there is one, or the greeting alone. */
static void begin(const struct console *console, struct xw_pump *pump, bool shown)
{
    char words[GREETING_MAX];
    char hinting[GREETING_MAX];

    make_greeting(console, "", words);
    make_greeting(console, "If nothing shows, press Enter.\n", hinting);
    if (console->history == 0 || !shown) {
        put_lines(hinting);
    } else if (show_history(console, pump, words, hinting) < 0) {
        put_lines("The last screen can't be shown.\n");
        put_lines(hinting);
    }
}

static void saw(void *data, const char *bytes, size_t count)
{
    xw_recorder_saw(data, bytes, count);
}

/* What is recorded begins with that screen, or shows it again after another way of being there. */
static void begin_recording(const struct console *console, struct xw_pump *pump)
{
    char words[XW_ERROR_TEXT_MAX];

    pump->saw = saw;
    pump->data = console->recorder;
    xw_recorder_redraw(console->recorder);
    if (!console->visit->record)
        return;
    console->visit->record = false;
    xw_recorder_begin(console->recorder, words);
    tell(console, words);
}

/* Moves bytes until something ends it, with the terminal raw meanwhile and as before after it. */
static enum xw_pump_end attend(struct console *console, int socket)
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
        begin(console, &pump, shown);
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

static void wait_for_last_words(struct console *console, int64_t limit)
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

static enum xw_exit conclude(struct console *console, int socket, enum xw_pump_end end)
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

static enum xw_exit run(struct console *console, const struct xw_request *request, int ours,
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
    struct console console = {.session = visit->session,
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
