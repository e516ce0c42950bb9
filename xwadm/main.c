/*
 * xwadm: what the administrator of the host does with images, labs and worlds.
 */
#include <errno.h>
#include <fcntl.h>
#include <locale.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/exitcode.h"
#include "xwadm/command.h"
#include "xwadm/files.h"
#include "xwadm/say.h"
#include "xwsh/suggest.h"

#ifndef XW_VERSION
#define XW_VERSION "0.1"
#endif

enum { NAME_SIZE = 32, SHOWN_MAX = 40 };

static const struct xw_command *const commands[] = {
    &xw_command_image_add,    &xw_command_image_list, &xw_command_image_show,
    &xw_command_image_remove, &xw_command_lab_check,  &xw_command_lab_apply,
    &xw_command_lab_list,     &xw_command_lab_show,   &xw_command_lab_remove,
    &xw_command_deploy,       &xw_command_destroy,    &xw_command_status,
    &xw_command_prepare,      &xw_command_extend,     &xw_command_tick,
    &xw_command_purge,        &xw_command_audit,      &xw_command_grant,
    &xw_command_revoke,       &xw_command_who_can,    &xw_command_what_can,
};

enum { COMMANDS = sizeof(commands) / sizeof(commands[0]) };

extern char **environ;

static bool is_kept(const char *variable)
{
    return strncmp(variable, "TERM=", 5) == 0 || strncmp(variable, "LANG=", 5) == 0 ||
           strncmp(variable, "LC_", 3) == 0;
}

/*
 * The environment is the caller's, and libraries look into it (libvirt for its socket's place):
 * only the terminal's name and the language stay. Returns 0 or -1.
 */
static int clean_environment(void)
{
    size_t kept = 0;

    for (char **variable = environ; variable && *variable; variable++) {
        if (is_kept(*variable))
            environ[kept++] = *variable;
    }
    if (environ)
        environ[kept] = NULL;
    return setenv("PATH", "/usr/sbin:/usr/bin:/sbin:/bin", 1);
}

/* Descriptors 0 to 2 are open, so that no file of ours becomes one of them. Returns 0 or -1. */
static int open_standard_files(void)
{
    for (;;) {
        int fd = open("/dev/null", O_RDWR);
        if (fd < 0)
            return -1;
        if (fd > STDERR_FILENO)
            return close(fd);
    }
}

int xw_option(int argc, char **argv, const struct option *options)
{
    opterr = 0;
    int found = getopt_long(argc, argv, "", options, NULL);

    if (found != '?' && found != ':')
        return found;
    const char *wrong = argv[optind - 1];
    for (const struct option *option = options; option->name; option++) {
        if (option->val == optopt && optopt) {
            xw_note("%s: %s %s; see `xwadm help %s`", argv[0], wrong,
                    option->has_arg == no_argument ? "takes no value" : "needs a value", argv[0]);
            return '?';
        }
    }
    xw_note("%s: there is no option %.*s; see `xwadm help %s`", argv[0], SHOWN_MAX, wrong, argv[0]);
    return '?';
}

bool xw_json_option(int argc, char **argv, bool *json)
{
    static const struct option options[] = {{"json", no_argument, NULL, 'j'}, {0}};
    int option;

    *json = false;
    while ((option = xw_option(argc, argv, options)) == 'j')
        *json = true;
    return option == -1;
}

bool xw_operands_ok(int argc, char **argv, int min, int max, const char *expected)
{
    int count = argc - optind;

    if (count >= min && count <= max)
        return true;
    if (count < min)
        xw_note("%s: %s is missing; see `xwadm help %s`", argv[0], expected, argv[0]);
    else
        xw_note("%s: \"%.*s\" is one argument too many; see `xwadm help %s`", argv[0], SHOWN_MAX,
                argv[optind + max], argv[0]);
    return false;
}

int xw_bad_name(const char *what, const char *name)
{
    xw_note("\"%.*s\" can't be %s's name: small letters, digits and -, at most 32", SHOWN_MAX, name,
            what);
    return XW_EXIT_USAGE;
}

static void print_overview(void)
{
    puts("Usage: xwadm COMMAND [ARGUMENT]...\n"
         "\n"
         "Install images, compile lab files, and make the worlds of a lab.\n");
    for (size_t i = 0; i < COMMANDS; i++)
        printf("  %-14s %s\n", commands[i]->name, commands[i]->summary);
    puts("  help COMMAND   explain a command\n"
         "\n"
         "A first lab, from nothing to worlds for everybody in its groups:\n"
         "  xwadm image add /srv/images/tiny\n"
         "  xwadm lab check /etc/xworlds/labs.d/firewall.yaml\n"
         "  xwadm lab apply /etc/xworlds/labs.d/firewall.yaml\n"
         "  xwadm deploy firewall --all\n"
         "  xwadm status firewall\n"
         "\n"
         "Exit status: 0 done, 1 failed, 2 wrong usage, 3 no such thing, 75 try again.\n"
         "More: xwadm(8), xworlds-lab(5).");
}

static void print_help(const struct xw_command *command)
{
    printf("Usage: xwadm %s %s\n\n%s", command->name, command->arguments, command->help);
}

/* The command that the words from argv[0] on begin with; *words: how many they are. */
static const struct xw_command *find(int argc, char **argv, int *words)
{
    char name[NAME_SIZE];

    for (*words = argc > 1 ? 2 : 1; *words >= 1; --*words) {
        int n = *words == 2 ? snprintf(name, sizeof(name), "%s %s", argv[0], argv[1])
                            : snprintf(name, sizeof(name), "%s", argv[0]);
        for (size_t i = 0; i < COMMANDS && n > 0 && n < NAME_SIZE; i++) {
            if (strcmp(commands[i]->name, name) == 0)
                return commands[i];
        }
    }
    return NULL;
}

/* Says that there is no such command, and what was perhaps meant. */
static int unknown(int argc, char **argv)
{
    const char *names[COMMANDS];
    char typed[2 * SHOWN_MAX + 2];

    for (size_t i = 0; i < COMMANDS; i++)
        names[i] = commands[i]->name;
    bool group = strcmp(argv[0], "image") == 0 || strcmp(argv[0], "lab") == 0;
    if (group && argc > 1)
        snprintf(typed, sizeof(typed), "%.*s %.*s", SHOWN_MAX, argv[0], SHOWN_MAX, argv[1]);
    else
        snprintf(typed, sizeof(typed), "%.*s", SHOWN_MAX, argv[0]);
    const char *near = xw_suggest(typed, names, COMMANDS);
    if (near)
        xw_note("there is no command \"%s\"; did you mean `xwadm %s`?", typed, near);
    else
        xw_note("there is no command \"%s\"; `xwadm help` shows them all", typed);
    return XW_EXIT_USAGE;
}

static int help(int argc, char **argv)
{
    int words;

    if (argc == 0) {
        print_overview();
        return XW_EXIT_OK;
    }
    const struct xw_command *command = find(argc, argv, &words);
    if (!command)
        return unknown(argc, argv);
    print_help(command);
    return XW_EXIT_OK;
}

/* Whether --help is among the arguments, before any "--". */
static bool wants_help(int argc, char **argv)
{
    for (int i = 0; i < argc && strcmp(argv[i], "--") != 0; i++) {
        if (strcmp(argv[i], "--help") == 0)
            return true;
    }
    return false;
}

static int run(const struct xw_command *command, int words, int argc, char **argv)
{
    if (geteuid() != 0 || getuid() != 0) {
        xw_note("only root can do this; try `sudo xwadm %s`", command->name);
        return XW_EXIT_FAILED;
    }
    /* The command sees its whole name as argv[0], whether that is one word or two. */
    argv[words - 1] = (char *)command->name;
    return command->run(argc - words + 1, argv + words - 1);
}

static int dispatch(int argc, char **argv)
{
    int words;

    if (argc == 0) {
        print_overview();
        return XW_EXIT_USAGE;
    }
    if (strcmp(argv[0], "help") == 0)
        return help(argc - 1, argv + 1);
    if (strcmp(argv[0], "--version") == 0 || strcmp(argv[0], "version") == 0) {
        puts("xwadm " XW_VERSION);
        return XW_EXIT_OK;
    }
    if (strcmp(argv[0], "--help") == 0)
        return help(0, argv);
    const struct xw_command *command = find(argc, argv, &words);
    if (!command)
        return unknown(argc, argv);
    if (wants_help(argc - words, argv + words)) {
        print_help(command);
        return XW_EXIT_OK;
    }
    return run(command, words, argc, argv);
}

int main(int argc, char **argv)
{
    if (argc < 1 || open_standard_files() < 0 || clean_environment() < 0) {
        xw_note("this program can't begin: %s", strerror(errno));
        return XW_EXIT_FAILED;
    }
    setlocale(LC_CTYPE, "");
    umask(S_IWGRP | S_IWOTH);
    xw_interrupt_setup();
    /* libvirt's client writes to a daemon that may just have gone: an error, and no signal. */
    if (signal(SIGPIPE, SIG_IGN) == SIG_ERR)
        return XW_EXIT_FAILED;
    int code = dispatch(argc - 1, argv + 1);
    if (fflush(stdout) != 0 || ferror(stdout)) {
        xw_note("the output can't be written: %s", strerror(errno));
        return code ? code : XW_EXIT_FAILED;
    }
    return code;
}
