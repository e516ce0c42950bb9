/*
 * One line that tells how far a long command is, rewritten in place on a terminal; a line for each
 * step where the output is not one. Safe to call from several threads.
 */
#ifndef XW_XWADM_PROGRESS_H
#define XW_XWADM_PROGRESS_H

#include <stddef.h>

struct xw_progress;

/* Returns NULL when memory is short; the other functions take that. */
struct xw_progress *xw_progress_start(size_t total);

/* A step begins: shown on a terminal. */
void xw_progress_begin(struct xw_progress *progress, const char *what);

/* A step is done, with this result: counted on a terminal, a line where there is none. */
void xw_progress_done(struct xw_progress *progress, const char *what, const char *result);

/* Removes the line and frees. */
void xw_progress_end(struct xw_progress *progress);

#endif
