/*
 * How a checkpoint is named and told of, on the command line and in the menu.
 */
#ifndef XW_XWSH_CHECKPOINT_H
#define XW_XWSH_CHECKPOINT_H

#include <stddef.h>

#include "common/error.h"
#include "common/request.h"

/* Sets the request's checkpoint; NULL: none. Returns 0, or -EINVAL with what a name may be. */
int xw_checkpoint_name(struct xw_request *request, const char *name, struct xw_error *err);

/* Sets what is said of it; NULL: nothing. Returns 0, or -EINVAL with what may be said. */
int xw_checkpoint_note(struct xw_request *request, const char *text, struct xw_error *err);

/* A verb as it is typed: "checkpoint create". */
const char *xw_checkpoint_words(enum xw_verb verb);

/* " works" behind a target, or "". Returns buffer. */
const char *xw_checkpoint_suffix(const struct xw_request *request, char buffer[XW_NAME_SIZE + 1]);

/* "72 MiB" */
#define XW_SIZE_SIZE 24
void xw_checkpoint_size(unsigned long long bytes, char text[XW_SIZE_SIZE]);

#endif
