/*
 * A recording of a terminal in asciicast v2 (https://docs.asciinema.org/manual/asciicast/v2/): a
 * line of JSON that says what it is, then a line for each event, [seconds, what, data]: "o" what
 * was written to the terminal, "r" a new size of its window, "m" a mark with words.
 *
 * Each line is written whole and at once, or not at all, so what is there at any moment is a
 * recording. Everything is ASCII; a character that comes in pieces is written when it is whole, and
 * bytes that are no UTF-8 become U+FFFD, as asciinema's own recorder has them.
 *
 * Times are microseconds of the monotonic clock; one that is before the last counts as the last.
 */
#ifndef XW_XWSH_CAST_H
#define XW_XWSH_CAST_H

#include <stddef.h>
#include <stdint.h>
#include <time.h>

struct xw_cast;

struct xw_cast_head {
    int columns;
    int rows;
    time_t when;       /* it begins, UTC */
    const char *title; /* UTF-8 */
    const char *term;  /* the terminal's type, or "" */
};

/*
 * Begins one in an empty file that is open for appending and stays the caller's: limit is how many
 * bytes it may have. Returns 0 and the recording, to be freed, or what the functions below return.
 */
int xw_cast_begin(int fd, const struct xw_cast_head *head, uint64_t limit, int64_t now,
                  struct xw_cast **cast);

/*
 * Each returns 0; -EFBIG where the line would go beyond the limit; -ENOMEM; or whatever write(2)
 * failed with. After a failure the file ends with the line before.
 */
int xw_cast_output(struct xw_cast *cast, int64_t now, const char *bytes, size_t count);
int xw_cast_resize(struct xw_cast *cast, int64_t now, int columns, int rows);
int xw_cast_mark(struct xw_cast *cast, int64_t now, const char *words);

/*
 * The end: what was left of a character, and a mark, so that a player knows how long it lasted.
 * These have room beyond the limit.
 */
int xw_cast_end(struct xw_cast *cast, int64_t now);

/* How many bytes have been written. */
uint64_t xw_cast_size(const struct xw_cast *cast);

/* NULL is none. */
void xw_cast_free(struct xw_cast *cast);

#endif
