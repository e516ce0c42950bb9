#include "xwsh/command_run.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "xwsh/checkpoint.h"
#include "xwsh/confirm.h"
#include "xwsh/console.h"
#include "xwsh/gate.h"
#include "xwsh/help.h"
#include "xwsh/instructor.h"
#include "xwsh/json.h"
#include "xwsh/print.h"
#include "xwsh/target.h"
#include "xwsh/wait.h"

#ifndef XW_VERSION
#define XW_VERSION "0.1"
#endif

enum xw_exit xw_command_refuse(const struct xw_session *session)
{
    xw_session_complain(session, XW_REFUSED_TEXT);
    return XW_EXIT_REFUSED;
}

enum xw_exit xw_command_request(const struct xw_session *session, const struct xw_command *command,
                                const struct xw_arguments *arguments, struct xw_request *request)
{
    *request = (struct xw_request){.verb = command->verb,
                                   .force = (arguments->options & XW_OPTION_FORCE) != 0};
    if (command->operands_min == 0)
        return XW_EXIT_OK;
    int rc = xw_target_parse(arguments->operand[0], request);
    if (rc == -EDOM) {
        xw_help_usage(stderr, command);
        return XW_EXIT_USAGE;
    }
    if (rc < 0)
        return xw_command_refuse(session);
    struct xw_error err = {0};
    if (xw_checkpoint_name(request, arguments->count > 1 ? arguments->operand[1] : NULL, &err) <
            0 ||
        xw_checkpoint_note(request, arguments->text, &err) < 0) {
        xw_session_complain(session, err.text);
        return XW_EXIT_USAGE;
    }
    return XW_EXIT_OK;
}

/* How a request is told while it runs. */
struct telling {
    const struct xw_session *session;
    const struct xw_request *request;
    struct xw_progress progress;
    bool results; /* print results as they come */
};

static void format_subject(const struct telling *telling, const char *machine, char *subject,
                           size_t size)
{
    char world[XW_WORLD_SIZE];

    snprintf(subject, size, "%s%s%s", xw_target_world(telling->request, world), *machine ? "/" : "",
             machine);
}

static void print_result(const struct telling *telling, const struct xw_message *message)
{
    char subject[XW_WORLD_SIZE + XW_NAME_SIZE];
    char text[XW_ERROR_TEXT_MAX];
    char safe[XW_SAFE_SIZE(XW_ERROR_TEXT_MAX)];

    format_subject(telling, message->subject, subject, sizeof(subject));
    snprintf(text, sizeof(text), "%s: %s", subject, message->text);
    if (message->kind == XW_MESSAGE_FAIL) {
        fflush(stdout);
        xw_session_complain(telling->session, text);
        return;
    }
    xw_safe_text(xw_session_out_charset(telling->session), text, safe, sizeof(safe));
    puts(safe);
    fflush(stdout);
}

static void tell(const struct xw_message *message, void *data)
{
    struct telling *telling = data;
    char subject[XW_WORLD_SIZE + XW_NAME_SIZE];

    switch (message->kind) {
    case XW_MESSAGE_PROGRESS:
        format_subject(telling, message->subject, subject, sizeof(subject));
        xw_progress_show(&telling->progress, subject, message->text);
        break;
    case XW_MESSAGE_DONE:
    case XW_MESSAGE_FAIL:
        xw_progress_clear(&telling->progress);
        if (telling->results)
            print_result(telling, message);
        break;
    default:
        xw_progress_clear(&telling->progress);
        break;
    }
}

enum xw_exit xw_command_ask(const struct xw_session *session, const struct xw_request *request,
                            bool results, struct xw_model *model)
{
    return xw_command_ask_until(session, request, results, -1, model);
}

enum xw_exit xw_command_ask_until(const struct xw_session *session,
                                  const struct xw_request *request, bool results, int64_t deadline,
                                  struct xw_model *model)
{
    struct xw_error err = {0};
    struct telling telling = {.session = session,
                              .request = request,
                              .progress = {.session = session},
                              .results = results};
    enum xw_exit code =
        xw_gate_run_until(session->signal_fd, request, deadline, model, tell, &telling, &err);

    xw_progress_clear(&telling.progress);
    if (code != XW_EXIT_OK && err.text[0])
        xw_session_complain(session, err.text);
    return code;
}

enum xw_exit xw_command_check_json(const struct xw_session *session, enum xw_exit code, int rc)
{
    if (rc < 0)
        xw_session_complain(session, "out of memory");
    return rc < 0 ? XW_EXIT_FAILED : code;
}

/* What a list or a status has answered, as it was asked for. */
static enum xw_exit print_answer(const struct xw_session *session, const struct xw_request *request,
                                 const struct xw_model *model, unsigned int options)
{
    const bool worlds = request->verb == XW_VERB_LIST;
    const bool checkpoints = request->verb == XW_VERB_CHECKPOINTS;
    char world[XW_WORLD_SIZE];
    int rc = 0;

    if (options & XW_OPTION_JSON)
        rc = worlds        ? xw_json_worlds(model)
             : checkpoints ? xw_json_checkpoints(request, model)
                           : xw_json_machines(request, model);
    else if (worlds)
        xw_print_worlds(session, model);
    else if (checkpoints)
        xw_print_checkpoints(session, model);
    else if (options & XW_OPTION_TOPOLOGY)
        rc = xw_print_topology(session, model, xw_target_world(request, world),
                               (options & XW_OPTION_PLAIN) != 0);
    else
        xw_print_machines(session, model, xw_target_world(request, world));
    return xw_command_check_json(session, XW_EXIT_OK, rc);
}

enum xw_exit xw_run_list(const struct xw_session *session, const struct xw_command *command,
                         const struct xw_arguments *arguments)
{
    const unsigned int options = arguments->options;
    struct xw_model model = {0};
    struct xw_request request;

    if (options & XW_OPTION_LAB)
        return xw_run_list_lab(session, command, arguments);
    if ((options & XW_OPTION_PLAIN) && !(options & XW_OPTION_TOPOLOGY)) {
        xw_help_usage(stderr, command);
        return XW_EXIT_USAGE;
    }
    enum xw_exit code = xw_command_request(session, command, arguments, &request);

    if (code == XW_EXIT_OK)
        code = xw_command_ask(session, &request, false, &model);
    if (code == XW_EXIT_OK)
        code = print_answer(session, &request, &model, options);
    xw_model_clear(&model);
    return code;
}

enum xw_exit xw_run_action(const struct xw_session *session, const struct xw_command *command,
                           const struct xw_arguments *arguments)
{
    struct xw_model model = {0};
    struct xw_request request;
    struct xw_wait wait;
    bool json = (arguments->options & XW_OPTION_JSON) != 0;
    enum xw_exit code = xw_wait_options(session, command, arguments, &wait);

    if (code == XW_EXIT_OK)
        code = xw_command_request(session, command, arguments, &request);
    if (code == XW_EXIT_OK)
        code = xw_confirm(session, &request, (arguments->options & XW_OPTION_YES) != 0);
    if (code == XW_EXIT_OK)
        code = xw_wait_begin(session, &request, &wait);
    if (code == XW_EXIT_OK) {
        code = xw_command_ask_until(session, &request, !json, wait.deadline, &model);
        if (code != XW_EXIT_TRY_AGAIN && code != XW_EXIT_TIMEOUT)
            code = xw_wait_for(session, &request, &wait, &model, json, code);
    }
    if (json && (code == XW_EXIT_OK || model.result_count > 0))
        code = xw_command_check_json(session, code, xw_json_results(&request, &model));
    xw_wait_end(&wait);
    xw_model_clear(&model);
    return code;
}

/* Its first operand is what is to be done; the others are those of that verb. */
enum xw_exit xw_run_checkpoint(const struct xw_session *session, const struct xw_command *command,
                               const struct xw_arguments *arguments)
{
    static const struct {
        const char *word;
        enum xw_verb verb;
        size_t operands;
    } actions[] = {{"create", XW_VERB_CHECKPOINT_CREATE, 2},
                   {"list", XW_VERB_CHECKPOINTS, 1},
                   {"delete", XW_VERB_CHECKPOINT_DELETE, 2}};
    struct xw_command action = *command;
    struct xw_arguments rest = *arguments;

    rest.count--;
    memmove(rest.operand, rest.operand + 1, rest.count * sizeof(rest.operand[0]));
    for (size_t i = 0; i < sizeof(actions) / sizeof(actions[0]); i++) {
        action.verb = actions[i].verb;
        if (strcmp(arguments->operand[0], actions[i].word) != 0 ||
            rest.count != actions[i].operands ||
            (rest.text && action.verb != XW_VERB_CHECKPOINT_CREATE))
            continue;
        return action.verb == XW_VERB_CHECKPOINTS ? xw_run_list(session, &action, &rest)
                                                  : xw_run_action(session, &action, &rest);
    }
    xw_help_usage(stderr, command);
    return XW_EXIT_USAGE;
}

enum xw_exit xw_run_console(const struct xw_session *session, const struct xw_command *command,
                            const struct xw_arguments *arguments)
{
    struct xw_error err = {0};
    struct xw_request request;
    enum xw_exit code = xw_command_request(session, command, arguments, &request);

    /* Where a console wants the password, so do the other two. */
    request.verb = XW_VERB_CONSOLE;
    if (code == XW_EXIT_OK)
        code = xw_confirm(session, &request, false);
    if (code != XW_EXIT_OK)
        return code;
    request.verb = arguments->options & XW_OPTION_TAKE ? XW_VERB_TAKE : command->verb;
    struct xw_console_end end;
    code =
        xw_console_run(session, &request, (arguments->options & XW_OPTION_RECORD) != 0, &end, &err);
    if (session->quiet)
        *session->quiet = end.quiet;
    if (code != XW_EXIT_OK)
        xw_session_complain(session, err.text);
    /* Who only looks may have looked at a machine that is off, and had nothing else to see it by.
     */
    else if (session->in_tty || command->verb == XW_VERB_WATCH)
        fprintf(stderr, "%s\n", err.text);
    return code;
}

enum xw_exit xw_run_help(const struct xw_session *session, const struct xw_command *command,
                         const struct xw_arguments *arguments)
{
    (void)command;
    if (arguments->count == 0) {
        xw_help_overview(stdout);
        return XW_EXIT_OK;
    }
    const struct xw_command *about = xw_command_find(arguments->operand[0]);
    if (!about)
        return xw_command_unknown(session, arguments->operand[0]);
    xw_help_command(stdout, about);
    return XW_EXIT_OK;
}

enum xw_exit xw_run_version(const struct xw_session *session, const struct xw_command *command,
                            const struct xw_arguments *arguments)
{
    (void)session;
    (void)command;
    (void)arguments;
    puts("xwsh " XW_VERSION " (protocol " XW_PROTOCOL_VERSION ")");
    return XW_EXIT_OK;
}
