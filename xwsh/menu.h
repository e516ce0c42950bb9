/*
 * The menu: a list of worlds, and a world's machines with what they are doing now.
 */
#ifndef XW_XWSH_MENU_H
#define XW_XWSH_MENU_H

#include "common/exitcode.h"
#include "xwsh/session.h"
#include "xwsh/settings.h"

/*
 * Runs until the person leaves or is gone, and leaves the terminal as it was. Standard input and
 * output are a terminal. Returns 0 and sets *code, or -ENOTTY, with nothing shown, where curses
 * can't use this terminal.
 */
int xw_menu_run(const struct xw_session *session, const struct xw_settings *settings,
                enum xw_exit *code);

#endif
