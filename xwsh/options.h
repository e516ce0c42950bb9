/* The options of all commands. */
#ifndef XW_XWSH_OPTIONS_H
#define XW_XWSH_OPTIONS_H

#include <stddef.h>

#include "xwsh/commands.h"

enum xw_option_value {
    XW_VALUE_NONE,
    XW_VALUE_MAY, /* behind a "=" */
    XW_VALUE_MUST /* there, or as the next word */
};

struct xw_option_info {
    const char *name;
    enum xw_option option;
    enum xw_option_value value;
    const char *usage; /* as the usage of a command has it; NULL: its operands say it */
};

/* The table, in the order of a usage. */
const struct xw_option_info *xw_options(size_t *count);

#endif
