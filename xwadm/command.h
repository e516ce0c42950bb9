/*
 * xwadm's subcommands: what main() dispatches to, and what they share.
 */
#ifndef XW_XWADM_COMMAND_H
#define XW_XWADM_COMMAND_H

#include <getopt.h>
#include <stdbool.h>

struct xw_command {
    const char *name;      /* "image add" */
    const char *arguments; /* for the synopsis */
    const char *summary;   /* one line */
    const char *help;      /* what it does, its options, examples; ends with a newline */
    /* argv[0] is the name; returns an exit code of common/exitcode.h */
    int (*run)(int argc, char **argv);
};

extern const struct xw_command xw_command_image_add;
extern const struct xw_command xw_command_image_list;
extern const struct xw_command xw_command_image_show;
extern const struct xw_command xw_command_image_remove;
extern const struct xw_command xw_command_lab_check;
extern const struct xw_command xw_command_lab_apply;
extern const struct xw_command xw_command_lab_list;
extern const struct xw_command xw_command_lab_show;
extern const struct xw_command xw_command_lab_remove;
extern const struct xw_command xw_command_deploy;
extern const struct xw_command xw_command_destroy;
extern const struct xw_command xw_command_status;
extern const struct xw_command xw_command_prepare;
extern const struct xw_command xw_command_extend;
extern const struct xw_command xw_command_tick;
extern const struct xw_command xw_command_purge;
extern const struct xw_command xw_command_audit;
extern const struct xw_command xw_command_grant;
extern const struct xw_command xw_command_revoke;
extern const struct xw_command xw_command_who_can;
extern const struct xw_command xw_command_what_can;

/*
 * getopt_long(3) for long options, ended by an entry of zeros: gives an option's val, -1 behind the
 * last, '?' after having complained. Operands may stand between options; they are from optind on.
 */
int xw_option(int argc, char **argv, const struct option *options);

/* For a command whose only option is --json: false after having complained. */
bool xw_json_option(int argc, char **argv, bool *json);

/* Whether there are min to max operands; complains otherwise, naming what is expected. */
bool xw_operands_ok(int argc, char **argv, int min, int max, const char *expected);

/* Complains that a name is not one of the grammar; returns XW_EXIT_USAGE. */
int xw_bad_name(const char *what, const char *name);

#endif
