/*
 * The terminal: modes, size, what undoes a guest's doings, and lines typed by a person.
 */
#ifndef XW_XWSH_TTY_H
#define XW_XWSH_TTY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <termios.h>

#include "xwsh/guest.h"

/* The largest window that is believed: TIOCSWINSZ takes 65535 x 65535 from anybody. */
enum { XW_TTY_ROWS_MAX = 500, XW_TTY_COLUMNS_MAX = 1000 };

/* The window of fd in characters; 24 x 80 where it is not known. */
void xw_tty_size(int fd, int *rows, int *columns);

/* Whether terminfo says that a terminal of this type can place its cursor and clear itself. */
bool xw_tty_is_capable(const char *term);

/* Saves the modes and sets raw ones (cfmakeraw(3)). Returns 0 or a negative errno. */
int xw_tty_raw(int fd, struct termios *saved);

/* Puts saved modes back and drops input that nobody has read. */
void xw_tty_restore(int fd, const struct termios *saved);

/* Writes all of it. Returns 0 or a negative errno. */
int xw_write_all(int fd, const void *bytes, size_t size);

/* Writes what a console needs at its start: the window's title is pushed to be put back. */
void xw_tty_enter_guest(int fd);

/*
 * Undoes xw_tty_enter_guest() and, if the guest has touched the terminal, whatever it may have
 * left there, in the middle of a sequence too: alternate
 * screen, mouse and focus reports, bracketed paste, keypad and cursor keys, character sets,
 * colours, cursor, wrapping, scroll region, title, palette. Sources: ECMA-48, the VT510 manual
 * (DECSTR), XTerm Control Sequences, console_codes(4).
 */
void xw_tty_leave_guest(int fd, const char *term, const struct xw_guest *guest);

/*
 * Reads away the answers that the terminal still owes to queries of a guest, so that they don't
 * become keys: asks for the cursor's place after putting it where the guest can't know, and reads
 * up to that answer (a terminal answers in order), or until a second has passed. To be called in
 * raw mode. in and out are the terminal.
 */
void xw_tty_settle(int in, int out);

/*
 * Shows the prompt and reads one line from standard input, in the terminal's own line mode,
 * without its newline. Typed text that has been waiting is dropped first when fresh is true.
 * Returns 0; -EINTR (^C or ^\), -EPIPE (end of input, hang-up, SIGTERM), -EMSGSIZE (too long).
 */
int xw_tty_read_line(int signal_fd, const char *prompt, bool fresh, char *line, size_t size);

/* The same until a moment of the monotonic clock in milliseconds (-1: for ever): -ETIMEDOUT then.
 */
int xw_tty_read_line_until(int signal_fd, const char *prompt, bool fresh, int64_t deadline,
                           char *line, size_t size);

/*
 * The same, with nothing of it shown. What was typed before is dropped, and so is what is still
 * waiting at the end. line holds nothing after a failure.
 */
int xw_tty_read_secret(int signal_fd, const char *prompt, int64_t deadline, char *line,
                       size_t size);

#endif
