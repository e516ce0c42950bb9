#include "xwsh/help.h"

#include "xwsh/options.h"

void xw_help_usage(FILE *to, const struct xw_command *command)
{
    size_t count;
    const struct xw_option_info *options = xw_options(&count);

    fprintf(to, "usage: %s%s%s", command->name, *command->operands ? " " : "", command->operands);
    for (size_t i = 0; i < count; i++) {
        if (options[i].usage && (command->options & (unsigned int)options[i].option))
            fprintf(to, " [%s]", options[i].usage);
    }
    fputc('\n', to);
}

void xw_help_command(FILE *to, const struct xw_command *command)
{
    xw_help_usage(to, command);
    fprintf(to, "\n%s", command->details);
}

static void list_commands(FILE *to, bool teaching)
{
    size_t count;
    const struct xw_command *command = xw_commands(&count);

    for (size_t i = 0; i < count; i++) {
        char form[64];
        if (command[i].teaching != teaching)
            continue;
        snprintf(form, sizeof(form), "%s %s", command[i].name, command[i].operands);
        fprintf(to, "  %-34s %s\n", form, command[i].summary);
    }
}

void xw_help_overview(FILE *to)
{
    fputs("Your lab's worlds: start, use and revert their machines.\n\n", to);
    list_commands(to, false);
    fputs(
        "\nFor instructors of a lab, who also use its WORLDs as LAB:OWNER; 'list --lab LAB' shows\n"
        "them all:\n\n",
        to);
    list_commands(to, true);
    fputs("\nA WORLD is a name that 'list' shows; WORLD/MACHINE is one of its machines,\n"
          "WORLD/web,client two of them. A team's is LAB:@TEAM, also LAB alone where you have no\n"
          "other of it. 'help COMMAND' tells more, with examples.\n"
          "With a terminal and no command there is a menu: ssh -t HOST\n",
          to);
}
