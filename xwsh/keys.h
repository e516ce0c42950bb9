/*
 * Keys, with terminal sequences that are none taken out.
 *
 * What a terminal sends by itself (answers to a guest's queries that come late, focus and mouse
 * reports, marks of a paste) begins with ESC and would otherwise be taken for the key Esc and some
 * letters. A whole such sequence (ECMA-48: CSI, SS3, and the strings DCS, SOS, OSC, PM, APC) counts
 * as nothing here.
 */
#ifndef XW_XWSH_KEYS_H
#define XW_XWSH_KEYS_H

#include <stdint.h>

enum { XW_KEY_NONE = -1, XW_KEY_ESCAPE = 27 };

enum xw_keys_state {
    XW_KEYS_PLAIN,
    XW_KEYS_ESCAPE, /* ESC has come: the key, or the start of a sequence */
    XW_KEYS_CSI,
    XW_KEYS_SS3,
    XW_KEYS_STRING,
    XW_KEYS_STRING_ESCAPE
};

/* Start with { 0 }. */
struct xw_keys {
    enum xw_keys_state state;
    int64_t at; /* when the last byte came */
};

/*
 * Takes what curses' getch(3) gave (a byte, or a KEY_ code above 255) at a time in milliseconds.
 * Returns the key that it is, or XW_KEY_NONE where it belongs to a sequence or may yet.
 */
int xw_keys_take(struct xw_keys *keys, int got, int64_t now);

/*
 * To be called when nothing more waits: returns XW_KEY_ESCAPE when an ESC has stood alone for
 * long enough to be the key, else XW_KEY_NONE.
 */
int xw_keys_settle(struct xw_keys *keys, int64_t now);

/* Milliseconds after which xw_keys_settle() will have something to tell; -1 for never. */
int xw_keys_timeout(const struct xw_keys *keys, int64_t now);

#endif
