/*
 * What pam_xworlds(8) leaves for xwsh to say. sshd(8) keeps what a session's modules say until the
 * session's first process has a terminal and no command, and drops it where there is a command
 * (session.c of OpenSSH 9.2: do_exec_pty() alone calls do_login(), which asks check_quietlogin());
 * ForceCommand is one. What it does hand on is PAM's environment, pam_putenv(3). So the module
 * tells in a variable what has become of the worlds, and xwsh has the words.
 */
#ifndef XW_XWSH_PREPARED_H
#define XW_XWSH_PREPARED_H

#define XW_PREPARED_VARIABLE "XWORLDS_PREPARED"

#define XW_PREPARED_LATER_TEXT                                                                     \
    "Your worlds are still being made; they appear in the list when they are ready."
#define XW_PREPARED_FAILED_TEXT                                                                    \
    "Your worlds could not all be made; what is in the list works, for the rest ask your "         \
    "instructor."

enum xw_prepared {
    XW_PREPARED_READY, /* or nobody has said otherwise */
    XW_PREPARED_LATER, /* the keeper was at it when the login went on */
    XW_PREPARED_FAILED
};

/* What pam_putenv(3) is given; NULL where there is nothing to tell. */
const char *xw_prepared_setting(enum xw_prepared prepared);

/*
 * From the variable's value, or NULL. Whoever logs in may be able to set it (AcceptEnv); it
 * changes a sentence and no more.
 */
enum xw_prepared xw_prepared_read(const char *value);

/* The sentence, or NULL. */
const char *xw_prepared_text(enum xw_prepared prepared);

#endif
