/*
 * For the tests of what is rendered and drawn: a screen in memory of its own, and the rules that
 * whatever is drawn keeps, whatever it was made of.
 */
#ifndef XW_TESTS_RENDERED_H
#define XW_TESTS_RENDERED_H

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "xwsh/draw.h"
#include "xwsh/render.h"

static inline struct xw_screen *xw_test_render(const char *bytes, size_t count, int rows,
                                               int columns)
{
    /* One for all: the fuzz target renders thousands a second. */
    static char memory[4 << 20];
    size_t size = xw_render_memory(rows, columns);
    struct xw_screen *screen = calloc(1, xw_screen_size(rows, columns));

    if (!screen || size > sizeof(memory))
        abort();
    xw_render(bytes, count, rows, columns, screen, memory, size);
    return screen;
}

/* The length of one of our own sequences at text, or 0 where it is none of them. */
static inline size_t xw_test_own_sequence(const char *text)
{
    static const char *const whole[] = {"\x1b[r",      "\x1b[J",    "\x1b[H",     "\x1b[2J",
                                        "\x1b=",       "\x1b[?7l",  "\x1b[?7h",   "\x1b[?1h",
                                        "\x1b[?2004h", "\x1b[?25l", "\x1b[?1049h"};
    size_t digits = strspn(text + 2, "0123456789;");

    for (size_t i = 0; i < sizeof(whole) / sizeof(whole[0]); i++) {
        if (strncmp(text, whole[i], strlen(whole[i])) == 0)
            return strlen(whole[i]);
    }
    return text[1] == '[' && digits > 0 && text[2 + digits] && strchr("mHGr", text[2 + digits])
               ? digits + 3
               : 0;
}

/* Where the first thing is that doesn't belong into a drawing, or NULL. */
static inline const char *xw_test_foreign(const char *text)
{
    while (*text) {
        uint32_t code;
        size_t length = *text == '\x1b'                  ? xw_test_own_sequence(text)
                        : *text == '\r' || *text == '\n' ? 1
                                                         : xw_utf8_decode(text, &code);
        if (length == 0)
            return text;
        if (*text != '\x1b' && *text != '\r' && *text != '\n' && !xw_code_is_shown(code))
            return text;
        text += length;
    }
    return NULL;
}

static inline bool xw_test_same_colour(const struct xw_colour *a, const struct xw_colour *b)
{
    return a->kind == b->kind && a->red == b->red && a->green == b->green && a->blue == b->blue;
}

/* Whether both look the same; what can't be shown is a question mark on the second. */
static inline bool xw_test_same_cell(const struct xw_cell *a, const struct xw_cell *b)
{
    const uint8_t visible = XW_ATTRIBUTE_REVERSE | XW_ATTRIBUTE_UNDERLINE | XW_ATTRIBUTE_STRIKE;
    uint32_t is = a->columns && a->characters[0] ? a->characters[0] : ' ';
    uint32_t other = b->columns && b->characters[0] ? b->characters[0] : ' ';

    if (is != other && other != '?')
        return false;
    if (is == ' ')
        return xw_test_same_colour(&a->pen.background, &b->pen.background) &&
               (a->pen.attributes & visible) == (b->pen.attributes & visible);
    return a->pen.attributes == b->pen.attributes &&
           xw_test_same_colour(&a->pen.foreground, &b->pen.foreground) &&
           xw_test_same_colour(&a->pen.background, &b->pen.background);
}

#endif
