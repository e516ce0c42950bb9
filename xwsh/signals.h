/*
 * Signals as events: they are blocked and read from a descriptor, so that no code of ours ever
 * runs in a signal handler and every way out restores the terminal.
 */
#ifndef XW_XWSH_SIGNALS_H
#define XW_XWSH_SIGNALS_H

enum xw_signal {
    XW_SIGNAL_NONE,
    XW_SIGNAL_RESIZE,    /* SIGWINCH */
    XW_SIGNAL_INTERRUPT, /* SIGINT, SIGQUIT */
    XW_SIGNAL_HANGUP     /* SIGHUP, SIGTERM */
};

/* Blocks them, ignores SIGPIPE and SIGXFSZ, and returns the non-blocking descriptor or a negative
 * errno. */
int xw_signals_open(void);

/* The next signal that has come, or XW_SIGNAL_NONE. */
enum xw_signal xw_signals_next(int signal_fd);

#endif
