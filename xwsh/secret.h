/*
 * A line that a person types unseen, in memory that is wiped.
 */
#ifndef XW_XWSH_SECRET_H
#define XW_XWSH_SECRET_H

#include <stdbool.h>
#include <stddef.h>

enum { XW_SECRET_MAX = 511 }; /* bytes; PAM_MAX_RESP_SIZE with its end */

/* Start with { 0 }. */
struct xw_secret {
    size_t length;
    bool too_long; /* more was typed than it can hold: it is then no secret at all */
    char text[XW_SECRET_MAX + 1];
};

void xw_secret_add(struct xw_secret *secret, char byte);

/* Takes the last character away: all the bytes that it has in UTF-8. */
void xw_secret_erase(struct xw_secret *secret);

/* Forgets everything, without a trace in memory. */
void xw_secret_wipe(struct xw_secret *secret);

/* What was typed, or "" where it was too long. */
const char *xw_secret_text(const struct xw_secret *secret);

#endif
