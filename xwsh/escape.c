#include "xwsh/escape.h"

#include <string.h>

/*
 * The length of ^], as the byte or as one of the sequences for it, where the bytes are that and one
 * more at most; else 0.
 */
static size_t escape_key(const char *bytes, size_t count)
{
    static const char *const forms[] = {"\x1d", "\x1b[93;5u", "\x1b[27;5;93~"};

    for (size_t i = 0; i < sizeof(forms) / sizeof(forms[0]); i++) {
        const size_t length = strlen(forms[i]);
        if (count >= length && count <= length + 1 && memcmp(forms[i], bytes, length) == 0)
            return length;
    }
    return 0;
}

/* Follows the marks of a bracketed paste, which differ in one digit, across reads. */
static void follow_marks(struct xw_escape *escape, char byte)
{
    static const char mark[] = "\x1b[20?~";
    enum { DIGIT = 4, LAST = 5 };

    if (byte == mark[0]) {
        escape->matched = 1;
        return;
    }
    if (escape->matched == DIGIT && byte == (escape->pasting ? '1' : '0')) {
        escape->matched++;
    } else if (escape->matched > 0 && escape->matched != DIGIT && byte == mark[escape->matched]) {
        if (escape->matched == LAST)
            escape->pasting = !escape->pasting;
        escape->matched = escape->matched == LAST ? 0 : escape->matched + 1;
    } else {
        escape->matched = 0;
    }
}

size_t xw_escape_scan(struct xw_escape *escape, const char *bytes, size_t count, size_t size,
                      bool waiting)
{
    const bool alone = !waiting && !escape->filled && !escape->pasting;
    const size_t length = alone ? escape_key(bytes, count) : 0;

    if (length > 0)
        return length;
    escape->filled = count == size;
    for (size_t i = 0; i < count; i++)
        follow_marks(escape, bytes[i]);
    return 0;
}
