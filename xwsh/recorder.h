/*
 * Recording a console on which one is: what the machine shows there, not what is typed. A recording
 * begins with the screen as it is then and goes into a file of one's own (recordings.h, cast.h).
 *
 * The last 64 KiB of what the machine has written are kept for that screen, whether or not anything
 * is recorded.
 */
#ifndef XW_XWSH_RECORDER_H
#define XW_XWSH_RECORDER_H

#include <stdbool.h>
#include <stddef.h>

#include "common/error.h"
#include "common/request.h"
#include "xwsh/session.h"

struct xw_recorder;

/* For the console that the request names. Returns it, to be freed, or NULL without memory. */
struct xw_recorder *xw_recorder_new(const struct xw_session *session,
                                    const struct xw_request *request);

/* Ends a recording that runs, too. NULL is none. */
void xw_recorder_free(struct xw_recorder *recorder);

/* Whether a recording could begin, now. Returns 0 or a negative errno. */
int xw_recorder_check(struct xw_error *err);

/* Begins one; text has the words for it, or why it can't be. */
void xw_recorder_begin(struct xw_recorder *recorder, char text[XW_ERROR_TEXT_MAX]);

/* Ends the one that runs; text says where it is. */
void xw_recorder_end(struct xw_recorder *recorder, char text[XW_ERROR_TEXT_MAX]);

/*
 * At the end of a console: ends the one that runs, and says where it is, or again why it has ended
 * before. Returns whether there is anything to be told.
 */
bool xw_recorder_close(struct xw_recorder *recorder, char text[XW_ERROR_TEXT_MAX]);

bool xw_recorder_runs(const struct xw_recorder *recorder);

/* The name of the one that runs or, else, of the last one; "" before there was any. */
const char *xw_recorder_name(const struct xw_recorder *recorder);

/* What the machine wrote before this viewer came, or again: it counts for the screen only. */
void xw_recorder_was(struct xw_recorder *recorder, const char *bytes, size_t count);

/* The terminal shows that screen anew: what is recorded does, too. */
void xw_recorder_redraw(struct xw_recorder *recorder);

/* What the machine has written and the terminal was given; a new size of it; a line of ours. */
void xw_recorder_saw(struct xw_recorder *recorder, const char *bytes, size_t count);
void xw_recorder_resized(struct xw_recorder *recorder);
void xw_recorder_said(struct xw_recorder *recorder, const char *words);

/*
 * Whether the recording has ended by itself since this was last asked: because it is as large as it
 * may be, or can't be written any more. *err has the words then.
 */
bool xw_recorder_has_failed(struct xw_recorder *recorder, struct xw_error *err);

#endif
