/*
 * The tracer's half of the driver (ptrace(2)); x86-64.
 */
#ifndef XW_HOSTILE_TRACER_H
#define XW_HOSTILE_TRACER_H

#include <sys/types.h>

#include "tests/hostile/drive.h"

/*
 * Follows a child that has asked to be traced and stopped itself: from its execve on, until it has
 * ended or was released. Fills the calls and the audit messages of the result.
 */
void tracer_follow(pid_t pid, const struct drive_tracer *tracer, struct drive_result *result);

/*
 * Waits for the end of a child until `deadline` (milliseconds of CLOCK_MONOTONIC). Returns 1 with
 * its status, which tracer_follow() may have collected already, or 0.
 */
int tracer_wait(pid_t pid, int *status, long deadline);

#endif
