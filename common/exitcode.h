/*
 * The exit codes of every program of ours, and the codes of the protocol's `end` line.
 * 255 is ssh(1)'s own and is never used.
 */
#ifndef XW_COMMON_EXITCODE_H
#define XW_COMMON_EXITCODE_H

enum xw_exit {
    XW_EXIT_OK = 0,
    XW_EXIT_FAILED = 1,
    XW_EXIT_USAGE = 2,
    XW_EXIT_REFUSED = 3,    /* not found or not allowed: one answer for both */
    XW_EXIT_LIMITED = 4,    /* refused by quota or time window */
    XW_EXIT_TRY_AGAIN = 75, /* sysexits.h: EX_TEMPFAIL */
    XW_EXIT_PASSWORD = 77,  /* of xwsh alone: the password was wanted, not given (EX_NOPERM) */
    XW_EXIT_TIMEOUT = 124   /* of xwsh alone: what --wait waits for didn't come (timeout(1)) */
};

/* The one message that goes with XW_EXIT_REFUSED. */
#define XW_REFUSED_TEXT "not found or not allowed"

/* Those that go with XW_EXIT_LIMITED, for the time window. */
#define XW_NOT_OPEN_TEXT "this lab is not open yet; until then you can look at it and no more"
#define XW_CLOSED_TEXT                                                                             \
    "this lab is closed; you can look at it still, and ask your instructor for more time"

#endif
