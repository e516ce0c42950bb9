#include "xwsh/guest.h"

enum { ALTERNATE_SCREEN = 1049, PARAMETER_MAX = 65535 };

/* ESC, ENQ, SO and the C1 codes: everything else is text or moves the cursor within the window. */
static bool touches(unsigned char byte)
{
    return byte == 0x1b || byte == 0x05 || byte == 0x0e || (byte >= 0x80 && byte <= 0x9f);
}

static void follow_parameters(struct xw_guest *guest, unsigned char byte)
{
    if (byte >= '0' && byte <= '9') {
        guest->parameter = guest->parameter * 10 + (unsigned int)(byte - '0');
        if (guest->parameter > PARAMETER_MAX)
            guest->parameter = PARAMETER_MAX;
        return;
    }
    guest->has_1049 = guest->has_1049 || guest->parameter == ALTERNATE_SCREEN;
    guest->parameter = 0;
    if (byte == ';')
        return;
    if (guest->has_1049 && (byte == 'h' || byte == 'l'))
        guest->alternate = byte == 'h';
    guest->state = XW_GUEST_TEXT;
}

static void follow(struct xw_guest *guest, unsigned char byte)
{
    if (byte == 0x1b) {
        guest->state = XW_GUEST_ESCAPE;
        return;
    }
    switch (guest->state) {
    case XW_GUEST_TEXT:
        break;
    case XW_GUEST_ESCAPE:
        guest->state = byte == '[' ? XW_GUEST_CSI : XW_GUEST_TEXT;
        break;
    case XW_GUEST_CSI:
        guest->state = byte == '?' ? XW_GUEST_PRIVATE : XW_GUEST_TEXT;
        guest->parameter = 0;
        guest->has_1049 = false;
        break;
    case XW_GUEST_PRIVATE:
        follow_parameters(guest, byte);
        break;
    }
}

void xw_guest_follow(struct xw_guest *guest, const char *bytes, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        guest->touched = guest->touched || touches((unsigned char)bytes[i]);
        follow(guest, (unsigned char)bytes[i]);
    }
}
