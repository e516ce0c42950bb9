/*
 * Speaking to the keeper without a gate: what a gate that has been taken over can do.
 */
#ifndef XW_HOSTILE_TALK_H
#define XW_HOSTILE_TALK_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "tests/hostile/drive.h"

gid_t helper_group(void);

/* As a gate that has been taken over: the student's uid and groups, the helper's gid. */
struct drive_user taken_over(const struct drive_user *student);

/* A descriptor or a negative errno. */
int connect_keeper(void);

/* Sends bytes with descriptors; false when the keeper has closed. */
bool send_with(int keeper, const char *bytes, size_t size, const int *fds, size_t count);

/* Reads to the end of the stream, for some seconds at most; the text ends with NUL. */
void read_reply(int keeper, char *text, size_t size);

#endif
