/*
 * The user's password, asked for again through PAM (service "xwsh").
 *
 * PAM's modules run in a process of their own, forked for one attempt: whatever they do to signals
 * and descriptors, and however long they take, a menu goes on being drawn and a terminal is always
 * put back. Nothing is executed in it but what the service's modules execute, which is
 * unix_chkpwd(8) for pam_unix(8). It speaks to its parent over a socket, in messages of one byte
 * that says what it is and a text; the process ends when either end is closed.
 *
 * Whoever has the uid can do with both processes as they like (ptrace apart): this keeps a stranger
 * at an unlocked terminal from a person's worlds, and nothing from the account itself.
 */
#ifndef XW_XWSH_REAUTH_H
#define XW_XWSH_REAUTH_H

#include "common/error.h"

/* Bytes of a question (PAM_MAX_MSG_SIZE) and of an answer (PAM_MAX_RESP_SIZE, with its end). */
enum { XW_REAUTH_TEXT_MAX = 512, XW_REAUTH_ANSWER_MAX = 511 };

/* How long the check may take once an answer was given, in milliseconds. */
enum { XW_REAUTH_CHECK_MS = 60000 };

enum xw_reauth_kind {
    XW_REAUTH_ASK = 'p',       /* text asks for something that must not be seen */
    XW_REAUTH_ASK_SHOWN = 'e', /* text asks for something that may be */
    XW_REAUTH_TELL = 't',      /* text is to be shown */
    XW_REAUTH_PASSED = 'y',    /* proven; this and all below end the attempt */
    XW_REAUTH_UNASKED = 'u',   /* PAM let it pass without a question: nothing is proven */
    XW_REAUTH_WRONG = 'n',     /* that was not the password */
    XW_REAUTH_FAILED = 'x'     /* it could not be checked, or the account may not be used: text */
};

/* Only PASSED is a yes. */
struct xw_reauth_event {
    enum xw_reauth_kind kind;
    char text[XW_REAUTH_TEXT_MAX + 1]; /* unsafe to show */
};

struct xw_reauth {
    int fd;      /* readable when xw_reauth_next() has something to do; -1: no attempt */
    int process; /* a pidfd */
};

#define XW_REAUTH_NONE ((struct xw_reauth){-1, -1})

/* Begins an attempt for the user. Returns 0 or a negative errno. */
int xw_reauth_open(const char *user, struct xw_reauth *reauth, struct xw_error *err);

/*
 * The next event, without waiting. Returns 1, or 0 where there is none yet. An attempt that has
 * ended without saying how has failed.
 */
int xw_reauth_next(const struct xw_reauth *reauth, struct xw_reauth_event *event);

/* Answers the question that was asked. A failure shows as the end of the attempt. */
void xw_reauth_answer(const struct xw_reauth *reauth, const char *answer);

/* Ends an attempt at any point, also one that doesn't run. */
void xw_reauth_close(struct xw_reauth *reauth);

/* What an attempt that has ended with anything but PASSED comes to, in words. */
void xw_reauth_explain(const struct xw_reauth_event *event, struct xw_error *err);

#endif
