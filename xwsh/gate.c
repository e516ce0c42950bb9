#include "xwsh/gate.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/cleanup.h"
#include "common/clock.h"
#include "common/paths.h"
#include "xwsh/lines.h"
#include "xwsh/pump.h"
#include "xwsh/signals.h"
#include "xwsh/target.h"
#include "xwsh/when.h"

enum { CONSOLE_FD = 3, ARGUMENTS_MAX = 7, NUMBER_SIZE = 24 };

struct xw_gate {
    int fd;
    bool greeted;
    bool ended;
    struct xw_lines lines;
};

/* What the arguments point into. */
struct words {
    char world[XW_WORLD_SIZE];
    char machines[XW_TARGET_SIZE];
    char until[NUMBER_SIZE];
    char checkpoint[XW_CHECKPOINT_OPTION_SIZE];
};

static void make_arguments(const struct xw_request *request, struct words *words,
                           const char *argv[ARGUMENTS_MAX])
{
    const struct xw_verb_info *verb = xw_verb_info(request->verb);
    size_t count = 0;

    argv[count++] = "xwhelper";
    argv[count++] = verb->name;
    if (verb->scope != XW_SCOPE_NONE)
        argv[count++] = xw_target_world(request, words->world);
    if (verb->scope == XW_SCOPE_SET || verb->scope == XW_SCOPE_ONE)
        argv[count++] = xw_target_machines(request, words->machines);
    if (request->verb == XW_VERB_EXTEND) {
        snprintf(words->until, sizeof(words->until), "%lld", (long long)request->until);
        argv[count++] = words->until;
    }
    if (request->force)
        argv[count++] = "--force";
    if (*xw_request_checkpoint(request, words->checkpoint))
        argv[count++] = words->checkpoint;
    argv[count] = NULL;
}

static int add_actions(posix_spawn_file_actions_t *actions, int out, int console_fd, bool quiet)
{
    int rc = posix_spawn_file_actions_addopen(actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);

    if (rc == 0)
        rc = posix_spawn_file_actions_adddup2(actions, out, STDOUT_FILENO);
    if (rc == 0 && quiet)
        rc = posix_spawn_file_actions_addopen(actions, STDERR_FILENO, "/dev/null", O_WRONLY, 0);
    if (rc == 0 && console_fd >= 0)
        rc = posix_spawn_file_actions_adddup2(actions, console_fd, CONSOLE_FD);
    if (rc == 0)
        rc = posix_spawn_file_actions_addclosefrom_np(actions, console_fd >= 0 ? CONSOLE_FD + 1
                                                                               : CONSOLE_FD);
    return rc;
}

/* The gate starts with every signal at its default and none blocked. */
static int set_signals(posix_spawnattr_t *attributes)
{
    sigset_t set;

    sigfillset(&set);
    int rc = posix_spawnattr_setsigdefault(attributes, &set);
    sigemptyset(&set);
    if (rc == 0)
        rc = posix_spawnattr_setsigmask(attributes, &set);
    if (rc == 0)
        rc = posix_spawnattr_setflags(attributes, POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSIGMASK);
    return rc;
}

/* Returns 0 or a positive errno, as posix_spawn(3) does. */
static int spawn(const struct xw_request *request, int out, int console_fd, bool quiet)
{
    static char *const no_environment[] = {NULL};
    struct words words;
    const char *argv[ARGUMENTS_MAX];
    posix_spawn_file_actions_t actions;
    posix_spawnattr_t attributes;
    pid_t pid;
    int rc = posix_spawn_file_actions_init(&actions);

    if (rc != 0)
        return rc;
    rc = posix_spawnattr_init(&attributes);
    if (rc != 0) {
        posix_spawn_file_actions_destroy(&actions);
        return rc;
    }
    make_arguments(request, &words, argv);
    rc = add_actions(&actions, out, console_fd, quiet);
    if (rc == 0)
        rc = set_signals(&attributes);
    if (rc == 0)
        rc = posix_spawn(&pid, XW_GATE_PATH, &actions, &attributes, (char *const *)argv,
                         no_environment);
    posix_spawnattr_destroy(&attributes);
    posix_spawn_file_actions_destroy(&actions);
    return rc;
}

int xw_gate_open(const struct xw_request *request, int console_fd, bool quiet,
                 struct xw_gate **gate, struct xw_error *err)
{
    int ends[2];
    struct xw_gate *opened = calloc(1, sizeof(*opened));

    if (!opened)
        return xw_fail(err, -ENOMEM, "out of memory");
    if (pipe2(ends, O_CLOEXEC) < 0) {
        free(opened);
        return xw_fail_errno(err, -errno, "cannot make a pipe");
    }
    int rc = spawn(request, ends[1], console_fd, quiet);
    close(ends[1]);
    if (rc == 0 && fcntl(ends[0], F_SETFL, O_NONBLOCK) < 0)
        rc = errno;
    if (rc != 0) {
        close(ends[0]);
        free(opened);
        return xw_fail_errno(err, -rc, "the lab's helper %s cannot be run; tell an administrator",
                             XW_GATE_PATH);
    }
    opened->fd = ends[0];
    *gate = opened;
    return 0;
}

int xw_gate_fd(const struct xw_gate *gate)
{
    return gate->fd;
}

static int next_line(struct xw_gate *gate, char **line)
{
    int rc = xw_lines_next(&gate->lines, line);

    if (rc != 0)
        return rc;
    rc = xw_lines_fill(&gate->lines, gate->fd);
    return rc < 0 ? rc : xw_lines_next(&gate->lines, line);
}

static int explain(int rc, struct xw_error *err)
{
    if (rc == -EPROTO)
        return xw_fail(err, rc,
                       "the lab's helper and this program are of different versions: the host is "
                       "being upgraded; try again in a minute, then tell an administrator");
    return xw_fail(err, rc,
                   "the lab's helper gave an answer that is not understood; tell an administrator");
}

int xw_gate_next(struct xw_gate *gate, struct xw_message *message, struct xw_error *err)
{
    for (;;) {
        char *line = NULL;
        int rc = next_line(gate, &line);
        if (rc == 0 && gate->lines.at_end)
            return xw_fail(err, -EPIPE, "the lab's helper ended without an answer; try again");
        if (rc <= 0)
            return rc < 0 ? explain(rc, err) : 0;
        rc = gate->ended ? -EBADMSG : xw_message_parse(line, message);
        bool hello = rc == 0 && message->kind == XW_MESSAGE_HELLO;
        if (rc == 0 && hello == gate->greeted)
            rc = -EBADMSG;
        if (rc < 0)
            return explain(rc, err);
        gate->greeted = true;
        gate->ended = message->kind == XW_MESSAGE_END;
        if (!hello)
            return 1;
    }
}

void xw_gate_close(struct xw_gate *gate)
{
    if (!gate)
        return;
    close(gate->fd);
    free(gate);
}

/* Words for a request that failed without any. */
static void explain_code(enum xw_exit code, const struct xw_model *model, struct xw_error *err)
{
    if (code == XW_EXIT_OK || err->text[0])
        return;
    for (size_t i = 0; i < model->result_count; i++) {
        if (!model->results[i].done)
            return;
    }
    if (code == XW_EXIT_REFUSED)
        xw_fail(err, -EACCES, XW_REFUSED_TEXT);
    else if (code == XW_EXIT_TRY_AGAIN)
        xw_fail(err, -EAGAIN, "the lab can't do this right now; try again in a minute");
    else
        xw_fail(err, -EIO, "it failed, and the lab's helper did not say why");
}

/* When it would have been allowed, where the gate has said so. */
static void explain_limit(const struct xw_model *model, struct xw_error *err)
{
    char text[XW_ERROR_TEXT_MAX];

    if (model->window_count == 0)
        return;
    const struct xw_lab_window *told = &model->windows[0];
    xw_when_refusal(told->world, &told->window, xw_clock_now(), text, sizeof(text));
    xw_fail(err, -EACCES, "%s", text);
}

int xw_gate_take(const struct xw_message *message, struct xw_model *model, enum xw_exit *code,
                 struct xw_error *err)
{
    if (message->kind == XW_MESSAGE_ERROR && !err->text[0])
        xw_fail(err, -EIO, "%s", message->text);
    if (message->kind == XW_MESSAGE_END) {
        *code = message->code;
        if (*code == XW_EXIT_OK)
            *err = (struct xw_error){0};
        if (*code == XW_EXIT_LIMITED)
            explain_limit(model, err);
        explain_code(*code, model, err);
        return 1;
    }
    int rc = xw_model_add(model, message);
    if (rc == -ENOMEM)
        return xw_fail(err, rc, "out of memory");
    return rc < 0 ? explain(rc, err) : 0;
}

/*
 * Waits for the gate or a signal. Returns 0, or -EINTR, -EPIPE or -ETIMEDOUT where the caller
 * should leave.
 */
static int wait_for(int signal_fd, const struct xw_gate *gate, int64_t deadline)
{
    struct pollfd wait[2] = {{.fd = gate->fd, .events = POLLIN},
                             {.fd = signal_fd, .events = POLLIN}};

    int64_t left = deadline < 0 ? -1 : deadline - xw_pump_now();
    if (deadline >= 0 && left <= 0)
        return -ETIMEDOUT;
    if (poll(wait, 2, (int)left) < 0 && errno != EINTR)
        return -errno;
    for (;;) {
        switch (xw_signals_next(signal_fd)) {
        case XW_SIGNAL_NONE:
            return 0;
        case XW_SIGNAL_INTERRUPT:
            return -EINTR;
        case XW_SIGNAL_HANGUP:
            return -EPIPE;
        case XW_SIGNAL_RESIZE:
            break;
        }
    }
}

static enum xw_exit give_up(int why, const struct xw_request *request, struct xw_error *err)
{
    char world[XW_WORLD_SIZE];
    const bool late = why == -ETIMEDOUT;
    const char *word = late ? "the time is over" : "interrupted";

    if (xw_verb_info(request->verb)->changes)
        xw_fail(err, why, "%s; what had begun goes on: 'status %s' shows it", word,
                xw_target_world(request, world));
    else
        xw_fail(err, why, "%s", word);
    return late ? XW_EXIT_TIMEOUT : XW_EXIT_FAILED;
}

static void close_gate(struct xw_gate *const *gate)
{
    xw_gate_close(*gate);
}

enum xw_exit xw_gate_run(int signal_fd, const struct xw_request *request, struct xw_model *model,
                         xw_gate_observer *observe, void *data, struct xw_error *err)
{
    return xw_gate_run_until(signal_fd, request, -1, model, observe, data, err);
}

enum xw_exit xw_gate_run_until(int signal_fd, const struct xw_request *request, int64_t deadline,
                               struct xw_model *model, xw_gate_observer *observe, void *data,
                               struct xw_error *err)
{
    __attribute__((cleanup(close_gate))) struct xw_gate *gate = NULL;
    struct xw_message message = {0};

    if (xw_gate_open(request, -1, false, &gate, err) < 0 || !gate)
        return XW_EXIT_TRY_AGAIN;
    for (;;) {
        enum xw_exit code = XW_EXIT_TRY_AGAIN;
        int rc = xw_gate_next(gate, &message, err);
        if (rc < 0)
            return XW_EXIT_TRY_AGAIN;
        if (rc == 0) {
            rc = wait_for(signal_fd, gate, deadline);
            if (rc < 0)
                return give_up(rc, request, err);
            continue;
        }
        if (observe)
            observe(&message, data);
        rc = xw_gate_take(&message, model, &code, err);
        if (rc != 0)
            return code;
    }
}
