/*
 * What one run of xwsh knows of its surroundings: the one context that everything else is given.
 */
#ifndef XW_XWSH_SESSION_H
#define XW_XWSH_SESSION_H

#include <stdbool.h>
#include <stdint.h>

#include "common/error.h"
#include "xwsh/prepared.h"
#include "xwsh/safe_text.h"
#include "xwsh/words.h"

#define XW_TERM_MAX 64

struct xw_session {
    int signal_fd;              /* the signals of signals.h arrive here */
    bool in_tty;                /* standard input is a terminal */
    bool out_tty;               /* standard output is */
    bool err_tty;               /* standard error is */
    bool capable;               /* the terminal can place its cursor and clear itself */
    bool colour;                /* NO_COLOR is not set */
    enum xw_charset charset;    /* for what goes to the terminal; a pipe always gets UTF-8 */
    char term[XW_TERM_MAX + 1]; /* a TERM that is a plain name, else "" */
    bool has_original;          /* sshd set SSH_ORIGINAL_COMMAND (sshd_config(5), ForceCommand) */
    char original[XW_COMMAND_MAX + 1]; /* its text, cut where it is too long for a command */
    enum xw_prepared prepared;         /* what the login has left to be told */
    int64_t *quiet; /* where a command says how long no key came; NULL: nobody asks */
};

/*
 * Takes what is used of the environment (SSH_ORIGINAL_COMMAND, TERM, NO_COLOR, XWORLDS_PREPARED,
 * and LC_ALL, LC_CTYPE and LANG for the locale), clears the environment, and prepares the process:
 * descriptors 0 to 2 open, no core dumps (they would hold what was on a console), working directory
 * /, signals as signals.h says. Returns 0 or a negative errno.
 */
int xw_session_start(struct xw_session *session, struct xw_error *err);

/* The charset for text written to standard output, or to standard error. */
enum xw_charset xw_session_out_charset(const struct xw_session *session);
enum xw_charset xw_session_err_charset(const struct xw_session *session);

/* Prints "xwsh: TEXT" to standard error, made safe. */
void xw_session_complain(const struct xw_session *session, const char *text);

#endif
