/*
 * The menu for terminals that can't place their cursor, and for people who don't want it to
 * move: numbered lists and one line of input at a time.
 */
#ifndef XW_XWSH_PROMPT_H
#define XW_XWSH_PROMPT_H

#include "common/exitcode.h"
#include "xwsh/session.h"
#include "xwsh/settings.h"

/* Runs until the person leaves or is gone. Standard input and output are a terminal. */
enum xw_exit xw_prompt_run(const struct xw_session *session, const struct xw_settings *settings);

#endif
