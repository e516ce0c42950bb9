/*
 * The password on a terminal that is used line by line: before a command, and at the numbered
 * menu. The other menu has menu_password.c.
 */
#ifndef XW_XWSH_PASSWORD_H
#define XW_XWSH_PASSWORD_H

#include "common/error.h"
#include "xwsh/session.h"
#include "xwsh/settings.h"

/*
 * Has the person prove once that the account is theirs: by its password, or, where the account is
 * one without (settings->by_word) or PAM asks for nothing, by typing `word`; a word of NULL has
 * been typed already. Standard input and output are a terminal. Returns 0; -EACCES (not proven);
 * -EINTR (^C, or a minute without an answer); -EPIPE (the terminal is gone); err has the words.
 */
int xw_password_prove(const struct xw_session *session, const struct xw_settings *settings,
                      const char *word, struct xw_error *err);

#endif
