/*
 * The system calls of a run as text, so that two runs can be compared. Addresses, sizes and
 * descriptors are left out.
 */
#ifndef XW_HOSTILE_SIGNATURE_H
#define XW_HOSTILE_SIGNATURE_H

#include <stdbool.h>

#include "tests/hostile/drive.h"

/*
 * A line for each call: its number, the path that it names, how it failed. With `paths`, only calls
 * that name one: what the loader does by itself differs with its variables, what it opens must not.
 * The caller frees it.
 */
char *signature(const struct drive_result *result, bool paths);

/* The number of the first line in which two signatures differ, 0 if they are equal. */
unsigned int signature_difference(const char *left, const char *right);

/* A copy of line `number` of a signature in a buffer. */
void signature_line(const char *text, unsigned int number, char *line, size_t size);

#endif
