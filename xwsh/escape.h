/*
 * Finds ^], which leaves a console, in what is typed, and not in what is pasted.
 *
 * The rule: ^] leaves when it is typed alone, or with the one key behind it that says what to do.
 * That is: one read(2) gave exactly this byte, or it and one more (ssh sends together what is typed
 * quickly), nothing is waiting behind that, the read before did not fill its buffer (a long paste
 * comes in full ones), and it is not inside a bracketed paste (ESC [ 200 ~ to ESC [ 201 ~), which
 * the terminal marks where the guest asked for it. Any other ^] goes to the guest.
 *
 * A guest can make the terminal send keys as sequences (XTerm's modifyOtherKeys, the keyboard
 * protocol of kitty); the two forms of ^] in these count like the byte itself.
 */
#ifndef XW_XWSH_ESCAPE_H
#define XW_XWSH_ESCAPE_H

#include <stdbool.h>
#include <stddef.h>

/* Start with { 0 }. */
struct xw_escape {
    bool pasting;   /* inside a bracketed paste */
    bool filled;    /* the last read filled its buffer */
    size_t matched; /* bytes of a paste mark seen so far */
};

/*
 * Takes what one read(2) gave (count of at most size bytes); waiting tells whether more is there
 * already. Returns 0 when all of it is for the guest; else nothing is, and so many bytes are ^]:
 * what is behind them, if anything, is the key.
 */
size_t xw_escape_scan(struct xw_escape *escape, const char *bytes, size_t count, size_t size,
                      bool waiting);

#endif
