/*
 * What `help`, `--help` and wrong usage print.
 */
#ifndef XW_XWSH_HELP_H
#define XW_XWSH_HELP_H

#include <stdio.h>

#include "xwsh/commands.h"

/* How xwsh is used: its commands, one line each. */
void xw_help_overview(FILE *to);

/* One command: usage, what it does, examples. */
void xw_help_command(FILE *to, const struct xw_command *command);

/* "usage: stop WORLD[/MACHINE,...] [--force] [--json]" */
void xw_help_usage(FILE *to, const struct xw_command *command);

#endif
