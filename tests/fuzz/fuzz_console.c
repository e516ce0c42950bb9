/* links: xwsh/guest.c xwsh/escape.c */
/*
 * What flows through a console, both ways, in pieces of any size: what is remembered of it must
 * not depend on where the pieces end.
 */
#include "tests/fuzz/fuzz.h"
#include "xwsh/escape.h"
#include "xwsh/guest.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const char *bytes = (const char *)data;
    struct xw_guest whole = {0};
    struct xw_guest pieces = {0};
    struct xw_escape escape = {0};

    xw_guest_follow(&whole, bytes, size);
    for (size_t at = 0; at < size;) {
        size_t length = 1 + (size_t)data[at] % 7;
        if (length > size - at)
            length = size - at;
        xw_guest_follow(&pieces, bytes + at, length);
        bool leaves = xw_escape_scan(&escape, bytes + at, length, 8, at + length < size);
        /* One ^] is an order to leave only if it stands alone; see escape.h for its two long forms.
         */
        if (leaves && length == 1)
            MUST(data[at] == 0x1d && at + length == size);
        at += length;
    }
    MUST(whole.touched == pieces.touched && whole.alternate == pieces.alternate);
    return 0;
}
