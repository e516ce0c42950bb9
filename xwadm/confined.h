/*
 * Running what reads hostile data where it can do no harm.
 */
#ifndef XW_XWADM_CONFINED_H
#define XW_XWADM_CONFINED_H

#include <stddef.h>
#include <sys/types.h>

#include "common/error.h"
#include "xwadm/buffer.h"

/* Debian's nobody, by number: nothing is looked up, and nothing on the host should be its own. */
#define XW_NOBODY 65534

/* Turns length bytes of input into an answer: memory only, no descriptor, no file, no other call.
 */
typedef void (*xw_confined_work)(const char *input, size_t length, struct xw_buffer *answer);

/*
 * Runs work in a child of the uid and gid nobody, without groups, capabilities, descriptors other
 * than the pipe for its answer, and system calls other than those that get memory, write to that
 * pipe and end; with little memory and processor time. The input is the child's by fork(2).
 * Only root can call this. Returns 0 and the answer (at most 256 KiB, freed by the caller), or
 * -ETIMEDOUT (10 s), -EMSGSIZE (the answer is larger), -EPROTO (the child died), -EINTR
 * (interrupted) or another errno.
 */
int xw_confined_run(xw_confined_work work, const char *input, size_t length,
                    struct xw_buffer *answer, struct xw_error *err);

/*
 * Runs a program as nobody, without groups, capabilities and ways to new ones, with an empty
 * environment. fd becomes its descriptor 3, everything but 0 (/dev/null), 1, 2 and 3 is closed.
 * argv[0] is the absolute path. What it writes to 1 goes to output, the last line of what it
 * writes to 2 into the error. The same errors; when it exits with other than 0: -ENOSPC if it says
 * that the disk is full, otherwise -EIO.
 */
int xw_confined_exec(const char *const argv[], int fd, struct xw_buffer *output,
                     struct xw_error *err);

#endif
