/*
 * Follows what a guest writes to the terminal, as far as leaving its console must know: whether
 * there is anything to undo, and whether the cursor is to come back from an alternate screen.
 * A guest can mislead the latter; nothing worse than a misplaced cursor comes of it.
 */
#ifndef XW_XWSH_GUEST_H
#define XW_XWSH_GUEST_H

#include <stdbool.h>
#include <stddef.h>

enum xw_guest_state {
    XW_GUEST_TEXT,
    XW_GUEST_ESCAPE,  /* after ESC */
    XW_GUEST_CSI,     /* after ESC [ */
    XW_GUEST_PRIVATE, /* in the parameters after ESC [ ? */
};

/* Start with { 0 }. */
struct xw_guest {
    bool touched;   /* it has sent something that sets a mode, or that a terminal answers */
    bool alternate; /* it has switched to the alternate screen with mode 1049, and not back */
    enum xw_guest_state state;
    unsigned int parameter;
    bool has_1049; /* among the parameters so far */
};

void xw_guest_follow(struct xw_guest *guest, const char *bytes, size_t count);

#endif
