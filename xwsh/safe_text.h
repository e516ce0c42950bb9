/*
 * Text from elsewhere (guests, lab files, other users, the command line) made safe to show.
 *
 * What a terminal could act on, or what would hide or reorder other text, becomes visible: C0,
 * DEL, C1, invalid UTF-8, and Unicode's format characters and line separators (general categories
 * Cf, Zl, Zp; Unicode Standard Annex #9 for the bidirectional ones) are written as \x1b, \u202e or
 * \U000e0041.
 */
#ifndef XW_XWSH_SAFE_TEXT_H
#define XW_XWSH_SAFE_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum xw_charset {
    XW_CHARSET_ASCII, /* characters beyond ASCII become '?' */
    XW_CHARSET_UTF8
};

/* The buffer that holds whatever becomes of n bytes: one byte becomes four at most. */
#define XW_SAFE_SIZE(n) (4 * (n) + 1)

/*
 * Reads one character of NUL-terminated UTF-8. Returns its length in bytes and sets *code, or
 * returns 0 where the bytes are no valid encoding (RFC 3629: no surrogates, nothing overlong,
 * nothing above U+10FFFF) or the text ends.
 */
size_t xw_utf8_decode(const char *text, uint32_t *code);

/* Writes the UTF-8 of a code point that is one, without a terminating NUL. Returns its length. */
#define XW_UTF8_MAX 4
size_t xw_utf8_encode(uint32_t code, char utf8[XW_UTF8_MAX]);

/* How many of the last bytes begin a character whose rest has still to come: 0 to 3. */
size_t xw_utf8_unfinished(const char *bytes, size_t count);

/* Whether a code point is a character, and one that is shown as it is. */
bool xw_code_is_shown(uint32_t code);

/*
 * Writes the safe form of text into safe (size bytes, at least 1), always terminated; what has no
 * room is cut after a whole character. Returns the length written.
 */
size_t xw_safe_text(enum xw_charset charset, const char *text, char *safe, size_t size);

/* How many terminal columns a safe text takes; needs the locale of the terminal (wcwidth(3)). */
int xw_safe_columns(const char *safe);

/*
 * Copies a safe text, cut to that many columns; a cut text ends in an ellipsis ('~' in ASCII).
 * Returns the columns taken.
 */
int xw_safe_fit(enum xw_charset charset, const char *safe, int columns, char *fitted, size_t size);

#endif
