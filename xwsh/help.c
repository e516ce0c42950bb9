#include "xwsh/help.h"

static const struct {
    enum xw_option option;
    const char *name;
} option_names[] = {
    {XW_OPTION_FORCE, "--force"}, {XW_OPTION_YES, "--yes"}, {XW_OPTION_JSON, "--json"}};

void xw_help_usage(FILE *to, const struct xw_command *command)
{
    fprintf(to, "usage: %s%s%s", command->name, *command->operands ? " " : "", command->operands);
    for (size_t i = 0; i < sizeof(option_names) / sizeof(option_names[0]); i++) {
        if (command->options & option_names[i].option)
            fprintf(to, " [%s]", option_names[i].name);
    }
    fputc('\n', to);
}

void xw_help_command(FILE *to, const struct xw_command *command)
{
    xw_help_usage(to, command);
    fprintf(to, "\n%s", command->details);
}

void xw_help_overview(FILE *to)
{
    size_t count;
    const struct xw_command *command = xw_commands(&count);

    fputs("Your lab's worlds: start, use and revert their machines.\n\n", to);
    for (size_t i = 0; i < count; i++) {
        char form[64];
        snprintf(form, sizeof(form), "%s %s", command[i].name, command[i].operands);
        fprintf(to, "  %-34s %s\n", form, command[i].summary);
    }
    fputs("\nA WORLD is a name that 'list' shows; WORLD/MACHINE is one of its machines,\n"
          "WORLD/web,client two of them. 'help COMMAND' tells more, with examples.\n"
          "With a terminal and no command there is a menu: ssh -t HOST\n",
          to);
}
