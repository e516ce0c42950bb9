/*
 * A picture made of characters: cells of a fixed grid, drawn into and read out as text. No terminal
 * and no I/O. What a cell means besides its character is a mark; whoever shows the picture gives a
 * mark its look.
 */
#ifndef XW_XWSH_PICTURE_H
#define XW_XWSH_PICTURE_H

#include <stddef.h>
#include <stdint.h>

#include "xwsh/safe_text.h"

enum xw_mark {
    XW_MARK_NONE,
    XW_MARK_TITLE,
    XW_MARK_GOOD, /* of a machine: it runs */
    XW_MARK_OFF,
    XW_MARK_BUSY, /* on its way, or held */
    XW_MARK_BAD
};

struct xw_picture_cell {
    uint32_t code; /* of the character; 0: blank, XW_CELL_HALF: the right half of a wide one */
    uint8_t mark;  /* enum xw_mark */
};

enum { XW_CELL_HALF = 1 };

struct xw_picture {
    int rows;
    int columns;
    struct xw_picture_cell *cells; /* rows of `columns` each */
};

/* Makes a blank picture. Returns 0 or -ENOMEM, and then nothing is to be freed. */
int xw_picture_new(struct xw_picture *picture, int rows, int columns);

void xw_picture_free(struct xw_picture *picture);

/* Sets a cell; one outside the picture is nothing. The character takes one column. */
void xw_picture_set(struct xw_picture *picture, int row, int column, uint32_t code,
                    enum xw_mark mark);

/* The character of a cell; 0 outside the picture. */
uint32_t xw_picture_at(const struct xw_picture *picture, int row, int column);

/*
 * Writes text, made safe for the charset and cut to so many columns. Marks that stand on another
 * character are left out.
 */
void xw_picture_put(struct xw_picture *picture, int row, int column, int columns,
                    enum xw_charset charset, const char *text, enum xw_mark mark);

/* How many columns a text takes when it is put. */
int xw_picture_width(enum xw_charset charset, const char *text);

/*
 * The text of the cells from..to-1 of a row, in UTF-8, terminated; blanks are spaces, and so is the
 * half of a wide character whose other half isn't asked for. What has no room is cut after a whole
 * character.
 */
void xw_picture_text(const struct xw_picture *picture, int row, int from, int to, char *text,
                     size_t size);

/* All rows as lines, without blanks at their ends. Returns the text, which the caller frees; NULL
 * without memory. */
char *xw_picture_lines(const struct xw_picture *picture);

#endif
