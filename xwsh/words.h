/*
 * A command line split into words, by rules of our own. No shell is ever involved, and nothing is
 * expanded:
 *
 *   - words are separated by spaces and tabs;
 *   - between single quotes every character stands for itself;
 *   - between double quotes too, but \" is " and \\ is \;
 *   - outside quotes a backslash makes the next character stand for itself;
 *   - every other character (; | & $ ` * ? ~ < > ( ) { } #) is an ordinary part of a word;
 *   - a control character, a quote that isn't closed and a backslash at the end are errors.
 */
#ifndef XW_XWSH_WORDS_H
#define XW_XWSH_WORDS_H

#include <stddef.h>

#include "common/error.h"

#define XW_COMMAND_MAX 4096 /* bytes of a command line with its end */
#define XW_WORDS_MAX   64

struct xw_words {
    size_t count;
    char *word[XW_WORDS_MAX + 1]; /* NULL after the last; into text */
    char text[XW_COMMAND_MAX];
};

/*
 * Splits line. Returns 0 (an empty line has 0 words), -E2BIG (too long or too many words) or
 * -EINVAL (see above). line is not kept.
 */
int xw_words_split(const char *line, struct xw_words *words, struct xw_error *err);

#endif
