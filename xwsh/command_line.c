/* From words to a command of the table, its options and operands. */
#include <stdio.h>
#include <string.h>

#include "xwsh/commands.h"
#include "xwsh/help.h"
#include "xwsh/options.h"
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

/* The option of this word, which may have its value behind a "="; or NULL. */
static const struct xw_option_info *find_option(const char *word)
{
    const size_t length = strcspn(word, "=");
    size_t count;
    const struct xw_option_info *options = xw_options(&count);

    for (size_t i = 0; i < count; i++) {
        const struct xw_option_info *option = &options[i];
        bool takes = option->value != XW_VALUE_NONE && word[1] == '-';
        if (strncmp(word, option->name, length) == 0 && option->name[length] == '\0' &&
            (word[length] == '\0' || takes))
            return option;
    }
    return NULL;
}

/* Its value, in the same word or the next one, which is taken then; NULL where none is. */
static const char *take_value(const struct xw_option_info *option, size_t count,
                              const char *const *word, size_t *at)
{
    const char *equals = word[*at][1] == '-' ? strchr(word[*at], '=') : NULL;

    if (equals)
        return equals + 1;
    if (option->value == XW_VALUE_MAY)
        return "";
    return *at + 1 < count ? word[++*at] : NULL;
}

/* Notes an option, which may be given once where it has a value. Returns whether that works. */
static bool take_option(const struct xw_option_info *option, size_t count, const char *const *word,
                        size_t *at, struct xw_arguments *arguments)
{
    const struct {
        enum xw_option option;
        const char **value;
    } values[] = {{XW_OPTION_LAB, &arguments->lab},
                  {XW_OPTION_TEXT, &arguments->text},
                  {XW_OPTION_WAIT, &arguments->wait},
                  {XW_OPTION_TIMEOUT, &arguments->timeout},
                  {XW_OPTION_LINES, &arguments->lines}};

    for (size_t i = 0; i < sizeof(values) / sizeof(values[0]); i++) {
        if (values[i].option != option->option)
            continue;
        if (*values[i].value || !(*values[i].value = take_value(option, count, word, at)))
            return false;
    }
    arguments->options |= (unsigned int)option->option;
    return true;
}

/* Sorts words into options and operands. Returns whether the command takes them. */
static bool sort_arguments(const struct xw_command *command, size_t count, const char *const *word,
                           struct xw_arguments *arguments)
{
    bool options_end = false;

    for (size_t i = 0; i < count; i++) {
        const struct xw_option_info *option = options_end ? NULL : find_option(word[i]);
        if (options_end || word[i][0] != '-' || word[i][1] == '\0') {
            if (arguments->count == command->operands_max)
                return false;
            arguments->operand[arguments->count++] = word[i];
        } else if (strcmp(word[i], "--") == 0) {
            options_end = true;
        } else if (!option || !(option->option & command->options) ||
                   !take_option(option, count, word, &i, arguments)) {
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
