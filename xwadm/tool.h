/*
 * Running a program of the system as root, for what only it should change.
 */
#ifndef XW_XWADM_TOOL_H
#define XW_XWADM_TOOL_H

#include "common/error.h"

/*
 * Executes argv[0], an absolute path, without a shell: /dev/null to read, an environment of PATH
 * and LC_ALL=C, no other descriptor, a process group of its own (what interrupts us doesn't
 * interrupt it half-way). Waits for at most so many seconds. Returns 0 if it exited with 0; -ENOENT
 * (it can't be executed), -ETIMEDOUT (it was killed), -EIO (another status: the last line that it
 * wrote to its standard error is in the error) or another errno.
 */
int xw_tool_run(const char *const argv[], unsigned int seconds, struct xw_error *err);

#endif
