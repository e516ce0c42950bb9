/*
 * What a terminal shows and has been told: what becomes of a console's output in render.h, and what
 * draw.h draws.
 *
 * It comes out of a process that a guest may have taken over (replay.h). So whoever reads one
 * believes nothing of it but that it is of the size that it was made for.
 */
#ifndef XW_XWSH_SCREEN_H
#define XW_XWSH_SCREEN_H

#include <stddef.h>
#include <stdint.h>

enum { XW_CELL_CHARACTERS = 6 };

enum xw_colour_kind { XW_COLOUR_DEFAULT, XW_COLOUR_INDEXED, XW_COLOUR_RGB };

struct xw_colour {
    uint8_t kind;
    uint8_t red; /* or the index */
    uint8_t green;
    uint8_t blue;
};

enum xw_attribute {
    XW_ATTRIBUTE_BOLD = 1,
    XW_ATTRIBUTE_ITALIC = 2,
    XW_ATTRIBUTE_UNDERLINE = 4,
    XW_ATTRIBUTE_BLINK = 8,
    XW_ATTRIBUTE_REVERSE = 16,
    XW_ATTRIBUTE_STRIKE = 32
};

struct xw_pen {
    uint8_t attributes;
    struct xw_colour foreground;
    struct xw_colour background;
};

struct xw_cell {
    uint32_t characters[XW_CELL_CHARACTERS]; /* Unicode: one and those combined with it; 0 ends */
    uint8_t columns;                         /* 2 for a wide one, 0 for the place behind it */
    struct xw_pen pen;
};

struct xw_cursor {
    int row; /* from 0 */
    int column;
    uint8_t wraps; /* behind the last column: the next character goes to the next line */
};

/* The alternate screen lies over the main one, which is as it was before. */
enum xw_page { XW_PAGE_MAIN, XW_PAGE_ALTERNATE, XW_PAGES };

/* No bool: whatever byte is there is a number. */
struct xw_screen {
    uint8_t whole; /* set last */
    uint8_t alternate;
    uint8_t hidden;      /* the cursor */
    uint8_t cursor_keys; /* DECCKM: cursor keys send what applications want */
    uint8_t keypad;      /* DECKPAM: and so does the keypad */
    uint8_t paste;       /* pastes are bracketed */
    uint8_t stays;       /* no wrapping at the right edge */
    int top;             /* of the lines that scroll; from 0 */
    int bottom;          /* the line behind them */
    struct xw_pen pen;   /* of what is written next */
    struct xw_cursor cursors[XW_PAGES];
    struct xw_cell cells[]; /* rows times columns of the main screen, then of the alternate one */
};

static inline size_t xw_screen_size(int rows, int columns)
{
    return sizeof(struct xw_screen) +
           (size_t)XW_PAGES * (size_t)rows * (size_t)columns * sizeof(struct xw_cell);
}

#endif
