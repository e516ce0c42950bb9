#include "xwsh/secret.h"

#include <string.h>

void xw_secret_add(struct xw_secret *secret, char byte)
{
    if (byte == '\0' || secret->length == XW_SECRET_MAX) {
        secret->too_long = true;
        return;
    }
    secret->text[secret->length++] = byte;
}

static bool is_continuation(char byte)
{
    return ((unsigned char)byte & 0xc0) == 0x80;
}

void xw_secret_erase(struct xw_secret *secret)
{
    bool more = secret->length > 0;

    while (more) {
        char *last = &secret->text[--secret->length];
        more = is_continuation(*last) && secret->length > 0;
        *last = '\0';
    }
}

void xw_secret_wipe(struct xw_secret *secret)
{
    explicit_bzero(secret, sizeof(*secret));
}

const char *xw_secret_text(const struct xw_secret *secret)
{
    return secret->too_long ? "" : secret->text;
}
