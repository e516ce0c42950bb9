/*
 * The grammar of names. Whatever is not in it never becomes a path, a domain name or XML.
 */
#ifndef XW_COMMON_NAMES_H
#define XW_COMMON_NAMES_H

#include <stdbool.h>
#include <stddef.h>

#define XW_NAME_MAX       32 /* bytes of a lab, machine, segment, checkpoint or owner name */
#define XW_REQUEST_ID_LEN 16
#define XW_NOTE_MAX       120 /* bytes of what is said of a checkpoint */

/* A name with its end; the size of every buffer that holds one. */
#define XW_NAME_SIZE (XW_NAME_MAX + 1)

/* [a-z0-9][a-z0-9-]*, at most 32 bytes: lab, machine, segment, checkpoint, image. */
bool xw_name_ok(const char *name);

/*
 * The name of a user by Debian's rule (adduser.conf(5), NAME_REGEX; useradd(8)):
 * [a-z_][a-z0-9_-]*, at most 32 bytes. A team's owner name is this with '@' in front.
 */
bool xw_owner_ok(const char *name);

/* Whether an owner's name is a team's; what follows the '@' is the group's. */
static inline bool xw_is_team(const char *owner)
{
    return owner[0] == '@';
}

/* The index of a name in count of them, or count where it isn't there. */
size_t xw_names_find(const char (*names)[XW_NAME_SIZE], size_t count, const char *name);

/* 16 lower-case hexadecimal digits. */
bool xw_request_id_ok(const char *text);

/*
 * Reads a decimal number: digits only, no sign, no leading zero, 0 to max.
 * Returns 0 and sets *value, or -EINVAL (not such a number) or -ERANGE (above max).
 */
int xw_number(const char *text, unsigned long max, unsigned long *value);

#endif
