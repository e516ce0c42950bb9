#include "xwsh/commands.h"

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
#include "xwsh/recordings_command.h"
#include "xwsh/target.h"

#ifndef XW_VERSION
#define XW_VERSION "0.1"
#endif

static enum xw_exit run_list(const struct xw_session *session, const struct xw_command *command,
                             const struct xw_arguments *arguments);
static enum xw_exit run_action(const struct xw_session *session, const struct xw_command *command,
                               const struct xw_arguments *arguments);
static enum xw_exit run_checkpoint(const struct xw_session *session,
                                   const struct xw_command *command,
                                   const struct xw_arguments *arguments);
static enum xw_exit run_console(const struct xw_session *session, const struct xw_command *command,
                                const struct xw_arguments *arguments);
static enum xw_exit run_help(const struct xw_session *session, const struct xw_command *command,
                             const struct xw_arguments *arguments);
static enum xw_exit run_version(const struct xw_session *session, const struct xw_command *command,
                                const struct xw_arguments *arguments);

#define SET "WORLD[/MACHINE,...]"

static const struct xw_command commands[] = {
    {.name = "list",
     .operands = "",
     .options = XW_OPTION_LAB | XW_OPTION_JSON,
     .verb = XW_VERB_LIST,
     .summary = "your worlds",
     .details =
         "Lists your worlds: how many machines each has, how many of them run, and when the\n"
         "lab opens or closes. A team's world, which its members share, is LAB:@TEAM.\n"
         "Instructors see with --lab all worlds of a lab, and when each was last used.\n\n"
         "  list\n"
         "  list --json          the same for a program\n"
         "  list --lab firewall  every world of it, for its instructors\n",
     .run = run_list},
    {.name = "status",
     .operands = "WORLD",
     .operands_min = 1,
     .operands_max = 1,
     .options = XW_OPTION_JSON,
     .verb = XW_VERB_STATUS,
     .summary = "the machines of a world",
     .details =
         "Lists the machines of a world: state, memory, addresses; and when the lab opens or\n"
         "closes.\n\n"
         "  status firewall\n"
         "  status firewall:@blue    the world that the team blue shares\n"
         "  status firewall --json\n",
     .run = run_list},
    {.name = "start",
     .operands = SET,
     .operands_min = 1,
     .operands_max = 1,
     .options = XW_OPTION_JSON,
     .verb = XW_VERB_START,
     .summary = "start machines",
     .details =
         "Starts machines. Those that run already go on; one that is suspended goes on where\n"
         "it was, in about a second.\n\n"
         "  start firewall               all machines of the world\n"
         "  start firewall/router        one\n"
         "  start firewall/web,client    two\n",
     .run = run_action},
    {.name = "stop",
     .operands = SET,
     .operands_min = 1,
     .operands_max = 1,
     .options = XW_OPTION_FORCE | XW_OPTION_JSON,
     .verb = XW_VERB_STOP,
     .summary = "shut machines down",
     .details = "Asks machines to shut down, and switches off those that have not done so after a\n"
                "while. With --force they are switched off at once: what they had not written\n"
                "to their disks is lost. A suspended machine stays so, but for --force: then what\n"
                "was saved of its memory is thrown away.\n\n"
                "  stop firewall\n"
                "  stop firewall/web --force\n",
     .run = run_action},
    {.name = "reboot",
     .operands = SET,
     .operands_min = 1,
     .operands_max = 1,
     .options = XW_OPTION_FORCE | XW_OPTION_JSON,
     .verb = XW_VERB_REBOOT,
     .summary = "restart machines",
     .details =
         "Asks machines to restart, and does not wait for it. With --force they are reset at\n"
         "once: what they had not written to their disks is lost.\n\n"
         "  reboot firewall/router\n"
         "  reboot firewall/router --force\n",
     .run = run_action},
    {.name = "console",
     .operands = "WORLD/MACHINE",
     .operands_min = 1,
     .operands_max = 1,
     .options = XW_OPTION_TAKE | XW_OPTION_RECORD,
     .verb = XW_VERB_CONSOLE,
     .summary = "use a machine's serial console",
     .details =
         "Connects your terminal to the serial console of a machine. Press Enter if nothing\n"
         "shows. ^] (Ctrl and ]) leaves, or shows what else there is; the machine goes on.\n"
         "If its world is suspended, that goes on first, where it was.\n"
         "Several can be at one console: everybody sees the same, and everybody can type.\n"
         "With --take an instructor is the only one who types, until they leave.\n"
         "With --record, or by ^] and r, what the machine shows is recorded; see 'help\n"
         "recordings'.\n\n"
         "  console firewall/router      from your computer: ssh -t HOST console ...\n"
         "  console firewall/router --record\n",
     .run = run_console},
    {.name = "watch",
     .operands = "WORLD/MACHINE",
     .operands_min = 1,
     .operands_max = 1,
     .options = XW_OPTION_RECORD,
     .verb = XW_VERB_WATCH,
     .summary = "look at a machine's console without typing",
     .details = "Shows the serial console of a machine. Your keys go nowhere; who is at the\n"
                "console is told that you watch. ^] (Ctrl and ]) leaves.\n\n"
                "  watch firewall/router        from your computer: ssh -t HOST watch ...\n",
     .run = run_console},
    {.name = "recordings",
     .operands = "[get|delete NAME]",
     .operands_max = 2,
     .options = XW_OPTION_JSON,
     .summary = "your recordings of consoles",
     .details =
         "Lists what you have recorded of consoles, by ^] and r there or by console --record;\n"
         "prints one, for a file on your computer; or deletes one. What the machine shows is\n"
         "recorded, not your keys: a password is in it only where the machine shows it. The\n"
         "format is that of asciinema, whose players show it: asciicast v2.\n\n"
         "  recordings\n"
         "  recordings get NAME          from your computer: ssh HOST recordings get NAME >NAME\n"
         "                               then: asciinema play NAME\n"
         "  recordings delete NAME\n",
     .run = xw_run_recordings},
    {.name = "checkpoint",
     .operands = "create|list|delete " SET " [NAME]",
     .operands_min = 2,
     .operands_max = 3,
     .options = XW_OPTION_TEXT | XW_OPTION_YES | XW_OPTION_JSON,
     .verb = XW_VERB_CHECKPOINTS,
     .summary = "keep states to go back to",
     .details =
         "Keeps the state of machines under a name, so that 'revert' can bring it back: the\n"
         "disk, and of a machine that runs its memory, too. Those of a whole world are all of\n"
         "one instant. A name has small letters, digits and hyphens; -m adds a line of text.\n"
         "Deleting one changes nothing in the machine. On a terminal you are asked first,\n"
         "unless you give --yes. A lab may want your password, which takes a terminal.\n\n"
         "  checkpoint create firewall/web works -m 'before I touch nginx'\n"
         "  checkpoint create firewall works         all its machines, at one instant\n"
         "  checkpoint list firewall                 add --json for a program\n"
         "  revert firewall/web works\n"
         "  checkpoint delete firewall/web works\n",
     .run = run_checkpoint},
    {.name = "revert",
     .operands = SET " [CHECKPOINT]",
     .operands_min = 1,
     .operands_max = 2,
     .options = XW_OPTION_YES | XW_OPTION_JSON,
     .verb = XW_VERB_REVERT,
     .summary = "put machines back to a state",
     .details =
         "Puts machines back to the state in which you got them, or to a checkpoint of yours.\n"
         "Everything that has been changed since then is lost; checkpoints stay. On a\n"
         "terminal you are asked first, unless you give --yes. A lab may want your\n"
         "password, which takes a terminal.\n\n"
         "  revert firewall/web\n"
         "  revert firewall/web works    to the checkpoint 'works'\n"
         "  revert firewall --yes        the whole world, without a question\n",
     .run = run_action},
    {.name = "who-can",
     .operands = "LAB",
     .operands_min = 1,
     .operands_max = 1,
     .options = XW_OPTION_JSON,
     .verb = XW_VERB_GRANTS,
     .teaching = true,
     .summary = "who may use a lab",
     .details = "Lists who may use a lab that you look after: the groups of its students, teams\n"
                "and instructors, with their members; users whom its file names; when it opens\n"
                "or closes, and for whom later.\n\n"
                "  who-can firewall\n"
                "  who-can firewall --json\n",
     .run = xw_run_who_can},
    {.name = "extend",
     .operands = "LAB USER TIME|--none",
     .operands_min = 2,
     .operands_max = 4,
     .options = XW_OPTION_NONE,
     .verb = XW_VERB_EXTEND,
     .teaching = true,
     .summary = "keep a lab open for one user",
     .details =
         "Keeps a lab that you look after open for one user or @TEAM, longer than for others.\n"
         "TIME is 30m, 12h, 2d or 1w, counted from the closing or, once that is past, from now;\n"
         "or a time of the lab's host. It takes the place of an earlier one. --none takes it "
         "back.\n"
         "The world must be there.\n\n"
         "  extend firewall alice 2d\n"
         "  extend firewall @blue 2026-12-03 08:00\n"
         "  extend firewall alice --none\n",
     .run = xw_run_extend},
    {.name = "prepare",
     .operands = "LAB USER...",
     .operands_min = 2,
     .operands_max = XW_WORDS_MAX,
     .verb = XW_VERB_DEPLOY,
     .teaching = true,
     .summary = "make worlds before their owners log in",
     .details =
         "Makes the worlds of these users or @TEAMs in a lab that you look after, as their next\n"
         "login would. What is there already stays as it is, and nothing is started.\n\n"
         "  prepare firewall alice bob\n"
         "  prepare firewall @blue\n",
     .run = xw_run_prepare},
    {.name = "help",
     .operands = "[COMMAND]",
     .operands_max = 1,
     .summary = "explain a command",
     .details = "Lists the commands, or explains one with examples.\n\n"
                "  help\n"
                "  help revert\n",
     .run = run_help},
    {.name = "version",
     .operands = "",
     .summary = "print the version",
     .details = "Prints the version of this program and of the protocol that it speaks.\n",
     .run = run_version},
};

enum { COMMANDS = sizeof(commands) / sizeof(commands[0]) };

const struct xw_command *xw_commands(size_t *count)
{
    *count = COMMANDS;
    return commands;
}

enum xw_exit xw_command_refuse(const struct xw_session *session)
{
    xw_session_complain(session, XW_REFUSED_TEXT);
    return XW_EXIT_REFUSED;
}

/* Makes the request of a command. Returns XW_EXIT_OK, or the code with the reason printed. */
static enum xw_exit make_request(const struct xw_session *session, const struct xw_command *command,
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
    struct xw_error err = {0};
    struct telling telling = {.session = session,
                              .request = request,
                              .progress = {.session = session},
                              .results = results};
    enum xw_exit code = xw_gate_run(session->signal_fd, request, model, tell, &telling, &err);

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

static enum xw_exit run_list(const struct xw_session *session, const struct xw_command *command,
                             const struct xw_arguments *arguments)
{
    struct xw_model model = {0};
    struct xw_request request;
    char world[XW_WORLD_SIZE];
    bool json = (arguments->options & XW_OPTION_JSON) != 0;
    bool worlds = command->verb == XW_VERB_LIST;
    bool checkpoints = command->verb == XW_VERB_CHECKPOINTS;

    if (arguments->options & XW_OPTION_LAB)
        return xw_run_list_lab(session, command, arguments);
    enum xw_exit code = make_request(session, command, arguments, &request);

    if (code == XW_EXIT_OK)
        code = xw_command_ask(session, &request, false, &model);
    if (code == XW_EXIT_OK && json)
        code = xw_command_check_json(session, code,
                                     worlds        ? xw_json_worlds(&model)
                                     : checkpoints ? xw_json_checkpoints(&request, &model)
                                                   : xw_json_machines(&request, &model));
    else if (code == XW_EXIT_OK && worlds)
        xw_print_worlds(session, &model);
    else if (code == XW_EXIT_OK && checkpoints)
        xw_print_checkpoints(session, &model);
    else if (code == XW_EXIT_OK)
        xw_print_machines(session, &model, xw_target_world(&request, world));
    xw_model_clear(&model);
    return code;
}

static enum xw_exit run_action(const struct xw_session *session, const struct xw_command *command,
                               const struct xw_arguments *arguments)
{
    struct xw_model model = {0};
    struct xw_request request;
    bool json = (arguments->options & XW_OPTION_JSON) != 0;
    enum xw_exit code = make_request(session, command, arguments, &request);

    if (code == XW_EXIT_OK)
        code = xw_confirm(session, &request, (arguments->options & XW_OPTION_YES) != 0);
    if (code != XW_EXIT_OK)
        return code;
    code = xw_command_ask(session, &request, !json, &model);
    if (json && (code == XW_EXIT_OK || model.result_count > 0))
        code = xw_command_check_json(session, code, xw_json_results(&request, &model));
    xw_model_clear(&model);
    return code;
}

/* Its first operand is what is to be done; the others are those of that verb. */
static enum xw_exit run_checkpoint(const struct xw_session *session,
                                   const struct xw_command *command,
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
        return action.verb == XW_VERB_CHECKPOINTS ? run_list(session, &action, &rest)
                                                  : run_action(session, &action, &rest);
    }
    xw_help_usage(stderr, command);
    return XW_EXIT_USAGE;
}

static enum xw_exit run_console(const struct xw_session *session, const struct xw_command *command,
                                const struct xw_arguments *arguments)
{
    struct xw_error err = {0};
    struct xw_request request;
    enum xw_exit code = make_request(session, command, arguments, &request);

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
    else if (session->in_tty)
        fprintf(stderr, "%s\n", err.text);
    return code;
}

static enum xw_exit run_help(const struct xw_session *session, const struct xw_command *command,
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

static enum xw_exit run_version(const struct xw_session *session, const struct xw_command *command,
                                const struct xw_arguments *arguments)
{
    (void)session;
    (void)command;
    (void)arguments;
    puts("xwsh " XW_VERSION " (protocol " XW_PROTOCOL_VERSION ")");
    return XW_EXIT_OK;
}
