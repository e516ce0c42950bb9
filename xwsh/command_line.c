/* From words to a command of the table, its options and operands. */
#include <stdio.h>
#include <string.h>

#include "xwsh/commands.h"
#include "xwsh/help.h"
#include "xwsh/suggest.h"

enum { NAMES_MAX = 32 };

const struct xw_command *xw_command_find(const char *name)
{
    size_t count;
    const struct xw_command *command = xw_commands(&count);

    for (size_t i = 0; i < count; i++) {
        if (strcmp(command[i].name, name) == 0)
            return &command[i];
    }
    return NULL;
}

enum xw_exit xw_command_unknown(const struct xw_session *session, const char *name)
{
    const char *names[NAMES_MAX];
    char text[XW_ERROR_TEXT_MAX];
    size_t count;
    const struct xw_command *command = xw_commands(&count);

    for (size_t i = 0; i < count && i < NAMES_MAX; i++)
        names[i] = command[i].name;
    const char *near = xw_suggest(name, names, count < NAMES_MAX ? count : NAMES_MAX);
    if (near)
        snprintf(text, sizeof(text), "unknown command '%.40s'; did you mean '%s'?", name, near);
    else
        snprintf(text, sizeof(text),
                 "unknown command '%.40s'; this is the lab's own command set, and 'help' lists it",
                 name);
    xw_session_complain(session, text);
    return XW_EXIT_USAGE;
}

/* The option of this name, or 0. */
static unsigned int find_option(const char *word)
{
    if (strcmp(word, "--json") == 0)
        return XW_OPTION_JSON;
    if (strcmp(word, "--force") == 0)
        return XW_OPTION_FORCE;
    if (strcmp(word, "--yes") == 0)
        return XW_OPTION_YES;
    if (strcmp(word, "--none") == 0)
        return XW_OPTION_NONE;
    if (strcmp(word, "--lab") == 0 || strncmp(word, "--lab=", 6) == 0)
        return XW_OPTION_LAB;
    if (strcmp(word, "--take") == 0)
        return XW_OPTION_TAKE;
    if (strcmp(word, "--record") == 0)
        return XW_OPTION_RECORD;
    return 0;
}

/* The value of --lab, in the same word or the next one, which is taken then; NULL where none is. */
static const char *take_value(size_t count, const char *const *word, size_t *at)
{
    const char *equals = strchr(word[*at], '=');

    if (equals)
        return equals + 1;
    return *at + 1 < count ? word[++*at] : NULL;
}

/* Sorts words into options and operands. Returns whether the command takes them. */
static bool sort_arguments(const struct xw_command *command, size_t count, const char *const *word,
                           struct xw_arguments *arguments)
{
    bool options_end = false;

    for (size_t i = 0; i < count; i++) {
        unsigned int option = find_option(word[i]);
        if (options_end || word[i][0] != '-') {
            if (arguments->count == command->operands_max)
                return false;
            arguments->operand[arguments->count++] = word[i];
        } else if (strcmp(word[i], "--") == 0) {
            options_end = true;
        } else if (strcmp(word[i], "-m") == 0 && command->options & XW_OPTION_TEXT &&
                   !arguments->text && i + 1 < count) {
            arguments->text = word[++i];
        } else if (option & command->options) {
            arguments->options |= option;
            if (option == XW_OPTION_LAB && !(arguments->lab = take_value(count, word, &i)))
                return false;
        } else {
            return false;
        }
    }
    return arguments->count >= command->operands_min;
}

enum xw_exit xw_commands_run(const struct xw_session *session, size_t count,
                             const char *const *word)
{
    struct xw_arguments arguments = {0};
    const struct xw_command *command = xw_command_find(word[0]);

    if (!command)
        return xw_command_unknown(session, word[0]);
    if (count == 2 && strcmp(word[1], "--help") == 0) {
        xw_help_command(stdout, command);
        return XW_EXIT_OK;
    }
    if (!sort_arguments(command, count - 1, word + 1, &arguments)) {
        xw_help_usage(stderr, command);
        return XW_EXIT_USAGE;
    }
    return command->run(session, command, &arguments);
}
