#include "xwsh/options.h"

static const struct xw_option_info options[] = {
    {"--lab", XW_OPTION_LAB, XW_VALUE_MUST, "--lab LAB"},
    {"-m", XW_OPTION_TEXT, XW_VALUE_MUST, "-m TEXT"},
    {"--topology", XW_OPTION_TOPOLOGY, XW_VALUE_NONE, "--topology"},
    {"--plain", XW_OPTION_PLAIN, XW_VALUE_NONE, "--plain"},
    {"--force", XW_OPTION_FORCE, XW_VALUE_NONE, "--force"},
    {"--take", XW_OPTION_TAKE, XW_VALUE_NONE, "--take"},
    {"--record", XW_OPTION_RECORD, XW_VALUE_NONE, "--record"},
    {"--tar", XW_OPTION_TAR, XW_VALUE_NONE, "--tar"},
    {"--yes", XW_OPTION_YES, XW_VALUE_NONE, "--yes"},
    {"--lines", XW_OPTION_LINES, XW_VALUE_MUST, "--lines N"},
    {"--follow", XW_OPTION_FOLLOW, XW_VALUE_NONE, "--follow"},
    {"--wait", XW_OPTION_WAIT, XW_VALUE_MAY, "--wait[=STATE]"},
    {"--timeout", XW_OPTION_TIMEOUT, XW_VALUE_MUST, "--timeout SECONDS"},
    {"--json", XW_OPTION_JSON, XW_VALUE_NONE, "--json"},
    {"--none", XW_OPTION_NONE, XW_VALUE_NONE, NULL},
};

const struct xw_option_info *xw_options(size_t *count)
{
    *count = sizeof(options) / sizeof(options[0]);
    return options;
}
