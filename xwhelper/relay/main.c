/*
 * The relay: moves a console's bytes, with nothing but the descriptors that the keeper opened for
 * it. No libvirt, no file, no socket of its own. There is one for each open console, which has the
 * guest's end, and one for each viewer, which has what the viewer gave.
 */
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>

#include "common/exitcode.h"
#include "xwhelper/relay/policy.h"
#include "xwhelper/relay/relay.h"

int main(int argc, char *argv[])
{
    bool console = argc == 2 && strcmp(argv[1], "console") == 0;

    if (!console && (argc != 2 || strcmp(argv[1], "viewer") != 0))
        return XW_EXIT_USAGE;
    if (console && prctl(PR_SET_NAME, "xwrelay-console") < 0)
        abort();
    if (prctl(PR_SET_DUMPABLE, 0) < 0 || prctl(PR_GET_DUMPABLE) != 0)
        abort();
    xw_policy_enter(console ? &xw_relay_console_policy : &xw_relay_viewer_policy);
    if (console)
        xw_relay_console();
    else
        xw_relay_viewer();
    return XW_EXIT_OK;
}
