/* The fields of a line of the protocol. */
#ifndef XW_XWSH_MESSAGE_FIELDS_H
#define XW_XWSH_MESSAGE_FIELDS_H

#include <stdbool.h>
#include <stddef.h>

enum { XW_FIELDS_MAX = 9 };

/*
 * Cuts line into count fields at single spaces. With rest, the last field is the remainder of the
 * line with its spaces, and may be empty or missing. Returns whether it has so many.
 */
bool xw_fields_split(char *line, char *fields[XW_FIELDS_MAX], int count, bool rest);

/* Copies a field. Returns whether it has room. */
bool xw_fields_copy(char *to, size_t size, const char *from);

#endif
