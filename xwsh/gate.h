/*
 * The gate: the only program that xwsh itself ever executes, and the only way to anything
 * (docs/protocols.md).
 */
#ifndef XW_XWSH_GATE_H
#define XW_XWSH_GATE_H

#include <stdbool.h>
#include <stdint.h>

#include "common/error.h"
#include "common/exitcode.h"
#include "common/request.h"
#include "xwsh/model.h"

struct xw_gate;

/*
 * Executes the gate for a request, with an empty environment, standard input and, where quiet,
 * standard error from /dev/null, its standard output read by us, and console_fd (-1: none) as
 * descriptor 3. The caller keeps console_fd. Returns 0 and *gate, to be closed with
 * xw_gate_close(), or a negative errno.
 */
int xw_gate_open(const struct xw_request *request, int console_fd, bool quiet,
                 struct xw_gate **gate, struct xw_error *err);

/* Readable when xw_gate_next() has something to do. */
int xw_gate_fd(const struct xw_gate *gate);

/*
 * The next message, without waiting; its texts are valid until the next call. The first line of
 * the protocol is checked and kept back. Returns 1; 0 where there is none yet; a negative errno
 * when the gate broke the protocol or ended without an `end` line: close it then.
 */
int xw_gate_next(struct xw_gate *gate, struct xw_message *message, struct xw_error *err);

/* Closes our end of the pipe, which tells the gate that nobody listens any more. NULL is fine. */
void xw_gate_close(struct xw_gate *gate);

/* Sees every message as it comes; data is the caller's. */
typedef void xw_gate_observer(const struct xw_message *message, void *data);

/*
 * One request from beginning to end. What is told goes into *model (added to what is there) and
 * to observe (may be NULL). Returns the exit code; err has the words whenever it is not
 * XW_EXIT_OK, unless failures of single machines in model->results say it already.
 */
enum xw_exit xw_gate_run(int signal_fd, const struct xw_request *request, struct xw_model *model,
                         xw_gate_observer *observe, void *data, struct xw_error *err);

/* The same until a moment of the monotonic clock in milliseconds (-1: for ever): XW_EXIT_TIMEOUT
 * then. */
enum xw_exit xw_gate_run_until(int signal_fd, const struct xw_request *request, int64_t deadline,
                               struct xw_model *model, xw_gate_observer *observe, void *data,
                               struct xw_error *err);

/*
 * What a request's messages come to, for a caller with a loop of its own: feeds one message to
 * the model and notes an `error` line in err. Returns 0, 1 after the last message with *code set,
 * or a negative errno.
 */
int xw_gate_take(const struct xw_message *message, struct xw_model *model, enum xw_exit *code,
                 struct xw_error *err);

#endif
