#include "xwsh/safe_text.h"

#include <stdio.h>
#include <string.h>
#include <wchar.h>

struct range {
    uint32_t first;
    uint32_t last;
};

/* Sorted. Cf, Zl, Zp, C1, the invisible fillers of Hangul, non-characters of the first plane. */
static const struct range hidden[] = {
    {0x0000, 0x001f},   {0x007f, 0x009f},   {0x00ad, 0x00ad},   {0x0600, 0x0605},
    {0x061c, 0x061c},   {0x06dd, 0x06dd},   {0x070f, 0x070f},   {0x0890, 0x0891},
    {0x08e2, 0x08e2},   {0x115f, 0x1160},   {0x180b, 0x180f},   {0x200b, 0x200f},
    {0x2028, 0x202e},   {0x2060, 0x206f},   {0x3164, 0x3164},   {0xfdd0, 0xfdef},
    {0xfeff, 0xfeff},   {0xffa0, 0xffa0},   {0xfff0, 0xfffb},   {0xfffe, 0xffff},
    {0x110bd, 0x110bd}, {0x110cd, 0x110cd}, {0x13430, 0x1343f}, {0x1bca0, 0x1bca3},
    {0x1d173, 0x1d17a}, {0xe0000, 0xe0fff},
};

static bool is_hidden(uint32_t code)
{
    for (size_t i = 0; i < sizeof(hidden) / sizeof(hidden[0]); i++) {
        if (code < hidden[i].first)
            return false;
        if (code <= hidden[i].last)
            return true;
    }
    return (code & 0xfffe) == 0xfffe;
}

bool xw_code_is_shown(uint32_t code)
{
    return code <= 0x10ffff && (code < 0xd800 || code > 0xdfff) && !is_hidden(code);
}

size_t xw_utf8_decode(const char *text, uint32_t *code)
{
    static const uint32_t smallest[] = {0, 0, 0x80, 0x800, 0x10000};
    unsigned char lead = (unsigned char)text[0];
    size_t length = lead < 0x80 ? 1 : lead < 0xc0 ? 0 : lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : 4;

    if (lead == 0 || length == 0 || lead > 0xf4)
        return 0;
    uint32_t value = length == 1 ? lead : lead & (0x7fu >> length);
    for (size_t i = 1; i < length; i++) {
        unsigned char next = (unsigned char)text[i];
        if ((next & 0xc0) != 0x80)
            return 0;
        value = value << 6 | (next & 0x3f);
    }
    if (value < smallest[length] || value > 0x10ffff || (value >= 0xd800 && value <= 0xdfff))
        return 0;
    *code = value;
    return length;
}

size_t xw_utf8_encode(uint32_t code, char utf8[XW_UTF8_MAX])
{
    static const unsigned char lead[] = {0, 0, 0xc0, 0xe0, 0xf0};
    const size_t length = code < 0x80 ? 1 : code < 0x800 ? 2 : code < 0x10000 ? 3 : 4;

    for (size_t i = length; i-- > 1; code >>= 6)
        utf8[i] = (char)(0x80 | (code & 0x3f));
    utf8[0] = (char)(lead[length == 1 ? 0 : length] | code);
    return length;
}

size_t xw_utf8_unfinished(const char *bytes, size_t count)
{
    for (size_t back = 1; back <= 3 && back <= count; back++) {
        unsigned char byte = (unsigned char)bytes[count - back];
        size_t length = byte >= 0xf0 ? 4 : byte >= 0xe0 ? 3 : byte >= 0xc2 ? 2 : 1;
        if ((byte & 0xc0) != 0x80)
            return byte <= 0xf4 && length > back ? back : 0;
    }
    return 0;
}

/* Writes what is shown for the character at text into piece; returns the bytes consumed. */
static size_t show(enum xw_charset charset, const char *text, char piece[16])
{
    uint32_t code = 0;
    size_t length = xw_utf8_decode(text, &code);

    if (length == 0) {
        snprintf(piece, 16, "\\x%02x", (unsigned int)(unsigned char)text[0]);
        return 1;
    }
    if (!is_hidden(code)) {
        bool as_is = length == 1 || charset == XW_CHARSET_UTF8;
        snprintf(piece, 16, "%.*s", as_is ? (int)length : 1, as_is ? text : "?");
    } else if (code < 0x80) {
        snprintf(piece, 16, "\\x%02x", (unsigned int)code);
    } else {
        snprintf(piece, 16, code > 0xffff ? "\\U%08x" : "\\u%04x", (unsigned int)code);
    }
    return length;
}

size_t xw_safe_text(enum xw_charset charset, const char *text, char *safe, size_t size)
{
    size_t used = 0;

    while (*text) {
        char piece[16];
        text += show(charset, text, piece);
        size_t length = strlen(piece);
        if (length >= size - used)
            break;
        memcpy(safe + used, piece, length);
        used += length;
    }
    safe[used] = '\0';
    return used;
}

/* The columns of one character, and its length in bytes through *length. */
static int character_columns(const char *safe, size_t *length)
{
    uint32_t code = 0;

    *length = xw_utf8_decode(safe, &code);
    if (*length <= 1) {
        *length = 1;
        return 1;
    }
    int columns = wcwidth((wchar_t)code);
    return columns < 0 ? 1 : columns;
}

int xw_safe_columns(const char *safe)
{
    int columns = 0;

    while (*safe) {
        size_t length;
        columns += character_columns(safe, &length);
        safe += length;
    }
    return columns;
}

int xw_safe_fit(enum xw_charset charset, const char *safe, int columns, char *fitted, size_t size)
{
    const char *mark = charset == XW_CHARSET_UTF8 ? "\xe2\x80\xa6" : "~";
    bool whole = xw_safe_columns(safe) <= columns;
    int room = whole ? columns : columns - 1;
    int taken = 0;
    size_t used = 0;

    fitted[0] = '\0';
    if (columns <= 0)
        return 0;
    while (*safe) {
        size_t length;
        int width = character_columns(safe, &length);
        if (taken + width > room || used + length + strlen(mark) >= size)
            break;
        memcpy(fitted + used, safe, length);
        used += length;
        taken += width;
        safe += length;
    }
    fitted[used] = '\0';
    if (*safe && used + strlen(mark) < size) {
        memcpy(fitted + used, mark, strlen(mark) + 1);
        taken++;
    }
    return taken;
}
