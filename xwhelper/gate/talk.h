/*
 * The gate's talk with the keeper: one line out, with the viewer's descriptor where there is one,
 * and the keeper's lines passed on to xwsh until `end`.
 */
#ifndef XW_GATE_TALK_H
#define XW_GATE_TALK_H

#include "common/request.h"

/* Sends the request; viewer is -1 where none goes along. Returns 0 or a negative errno. */
int xw_gate_send(int keeper, const struct xw_request *request, int viewer);

/*
 * Passes lines on until `end` or the end of the stream, or until the keeper is some seconds over
 * the verb's deadline, which it keeps itself. opened is called once when the line `open` has gone
 * by; from then on there is no deadline. Returns the code of `end`, or XW_EXIT_TRY_AGAIN (and says
 * why) without one.
 */
int xw_gate_pass_on(int keeper, unsigned int deadline, void (*opened)(void *), void *data);

/* Writes one line of the protocol to xwsh; what can't be written is dropped. */
void xw_gate_say(const char *format, ...) __attribute__((format(printf, 1, 2)));

#endif
