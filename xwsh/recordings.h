/*
 * Where a user's own recordings are: .local/share/xworlds/recordings in the home directory
 * (XDG Base Directory Specification), made with the user's rights, which are all that xwsh has.
 *
 * Every step into it is a directory of the user's own and no link, the last one nobody else's to
 * write; a recording is a plain file of the user's own with a name of ours. Whoever records holds a
 * lock on the file (fcntl(2), F_OFD_SETLK), so that the others can tell.
 */
#ifndef XW_XWSH_RECORDINGS_H
#define XW_XWSH_RECORDINGS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <time.h>

#include "common/error.h"

/* "firewall-web-2026-11-30-171459.cast" with its end. */
enum { XW_RECORDING_NAME_SIZE = 160 };

/* How many a user may have. */
enum { XW_RECORDINGS_MAX = 1000 };

struct xw_recordings_limits {
    uint64_t one; /* bytes of one recording */
    uint64_t all; /* bytes of all of a user's together; 0: no limit */
};

struct xw_recording {
    char name[XW_RECORDING_NAME_SIZE];
    uint64_t size;
    time_t written; /* last */
    bool runs;
};

/*
 * Opens the directory below the home directory of that path or, where it is NULL, of the real uid.
 * make: what is missing of it is made. Returns a descriptor, to be closed; -ENOENT, without words,
 * where there is none and none was to be made; or another negative errno.
 */
int xw_recordings_open(const char *home, bool make, struct xw_error *err);

/* Whether there is room for one more. Returns how many bytes that may have, or a negative errno. */
int64_t xw_recordings_room(int directory, const struct xw_recordings_limits *limits,
                           struct xw_error *err);

/*
 * Makes an empty file, mode 0600, named after what is recorded (letters, digits, @ _ -) and when.
 * Returns a locked descriptor for appending, with the name and how many bytes it may have, or a
 * negative errno.
 */
int xw_recordings_make(int directory, const struct xw_recordings_limits *limits, const char *what,
                       time_t now, char name[XW_RECORDING_NAME_SIZE], uint64_t *room,
                       struct xw_error *err);

/* All of them by name, to be freed. Returns 0 or a negative errno. */
int xw_recordings_list(int directory, struct xw_recording **list, size_t *count,
                       struct xw_error *err);

/*
 * Opens one for reading. In a directory of which there is none (a negative number) there is none.
 * Returns a descriptor; -ENOENT, also for what is no recording; or another negative errno.
 */
int xw_recordings_read(int directory, const char *name, struct xw_error *err);

/* Removes one that is not running. Returns 0, -EBUSY, or as xw_recordings_read() does. */
int xw_recordings_remove(int directory, const char *name, struct xw_error *err);

#endif
