#include "xwsh/keys.h"

#include <stdbool.h>

/* Bytes of one sequence come in one go, or over a slow line nearly so. */
enum { ESCAPE_MS = 100, SEQUENCE_MS = 500 };

static enum xw_keys_state after_escape(int byte)
{
    switch (byte) {
    case '[':
        return XW_KEYS_CSI;
    case 'O':
        return XW_KEYS_SS3;
    case 'P': /* DCS */
    case 'X': /* SOS */
    case ']': /* OSC */
    case '^': /* PM */
    case '_': /* APC */
        return XW_KEYS_STRING;
    case 0x1b:
        return XW_KEYS_ESCAPE;
    default: /* Alt and a key, which means nothing here */
        return XW_KEYS_PLAIN;
    }
}

static bool is_final(int byte)
{
    return byte >= 0x40 && byte <= 0x7e;
}

int xw_keys_take(struct xw_keys *keys, int got, int64_t now)
{
    if (now - keys->at > SEQUENCE_MS)
        keys->state = XW_KEYS_PLAIN;
    keys->at = now;
    if (got > 0xff) {
        keys->state = XW_KEYS_PLAIN;
        return got;
    }
    switch (keys->state) {
    case XW_KEYS_PLAIN:
        if (got != 0x1b)
            return got;
        keys->state = XW_KEYS_ESCAPE;
        break;
    case XW_KEYS_ESCAPE:
        keys->state = after_escape(got);
        break;
    case XW_KEYS_CSI:
        if (got == 0x1b)
            keys->state = XW_KEYS_ESCAPE;
        else if (is_final(got))
            keys->state = XW_KEYS_PLAIN;
        break;
    case XW_KEYS_SS3:
        keys->state = XW_KEYS_PLAIN;
        break;
    case XW_KEYS_STRING:
        if (got == 0x1b)
            keys->state = XW_KEYS_STRING_ESCAPE;
        else if (got == 0x07)
            keys->state = XW_KEYS_PLAIN;
        break;
    case XW_KEYS_STRING_ESCAPE:
        keys->state = got == '\\' ? XW_KEYS_PLAIN : XW_KEYS_STRING;
        break;
    }
    return XW_KEY_NONE;
}

int xw_keys_settle(struct xw_keys *keys, int64_t now)
{
    if (keys->state != XW_KEYS_ESCAPE || now - keys->at < ESCAPE_MS)
        return XW_KEY_NONE;
    keys->state = XW_KEYS_PLAIN;
    return XW_KEY_ESCAPE;
}

int xw_keys_timeout(const struct xw_keys *keys, int64_t now)
{
    if (keys->state != XW_KEYS_ESCAPE)
        return -1;
    int64_t left = keys->at + ESCAPE_MS - now;
    return left > 0 ? (int)left : 0;
}
