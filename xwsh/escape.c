#include "xwsh/escape.h"

#include <string.h>

/* Whether the bytes are ^], as the byte or as one of the sequences for it, and nothing else. */
static bool is_escape_key(const char *bytes, size_t count)
{
    static const char *const forms[] = {"\x1d", "\x1b[93;5u", "\x1b[27;5;93~"};

    for (size_t i = 0; i < sizeof(forms) / sizeof(forms[0]); i++) {
        if (strlen(forms[i]) == count && memcmp(forms[i], bytes, count) == 0)
            return true;
    }
    return false;
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

bool xw_escape_scan(struct xw_escape *escape, const char *bytes, size_t count, size_t size,
                    bool waiting)
{
    bool alone = !waiting && !escape->filled && !escape->pasting;

    if (alone && is_escape_key(bytes, count))
        return true;
    escape->filled = count == size;
    for (size_t i = 0; i < count; i++)
        follow_marks(escape, bytes[i]);
    return false;
}
