#include "xwsh/picture.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <wchar.h>

enum { TEXT_MAX = 1024 };

int xw_picture_new(struct xw_picture *picture, int rows, int columns)
{
    size_t cells = (size_t)rows * (size_t)columns;

    *picture =
        (struct xw_picture){rows, columns, calloc(cells ? cells : 1, sizeof(*picture->cells))};
    return picture->cells ? 0 : -ENOMEM;
}

void xw_picture_free(struct xw_picture *picture)
{
    free(picture->cells);
    *picture = (struct xw_picture){0};
}

static struct xw_picture_cell *cell_at(const struct xw_picture *picture, int row, int column)
{
    if (row < 0 || row >= picture->rows || column < 0 || column >= picture->columns)
        return NULL;
    return &picture->cells[(size_t)row * (size_t)picture->columns + (size_t)column];
}

void xw_picture_set(struct xw_picture *picture, int row, int column, uint32_t code,
                    enum xw_mark mark)
{
    struct xw_picture_cell *cell = cell_at(picture, row, column);

    if (cell)
        *cell = (struct xw_picture_cell){code, (uint8_t)mark};
}

uint32_t xw_picture_at(const struct xw_picture *picture, int row, int column)
{
    const struct xw_picture_cell *cell = cell_at(picture, row, column);

    return cell ? cell->code : 0;
}

/* The columns of a character of a safe text, as xw_safe_columns() counts them. */
static int width_of(uint32_t code)
{
    int width = code < 0x80 ? 1 : wcwidth((wchar_t)code);

    return width < 0 ? 1 : width;
}

void xw_picture_put(struct xw_picture *picture, int row, int column, int columns,
                    enum xw_charset charset, const char *text, enum xw_mark mark)
{
    char safe[TEXT_MAX];
    char fitted[TEXT_MAX];
    uint32_t code;

    xw_safe_text(charset, text, safe, sizeof(safe));
    xw_safe_fit(charset, safe, columns, fitted, sizeof(fitted));
    for (const char *at = fitted; *at;) {
        size_t length = xw_utf8_decode(at, &code);
        if (length == 0)
            return;
        int width = width_of(code);
        at += length;
        if (width > 0)
            xw_picture_set(picture, row, column, code, mark);
        if (width == 2)
            xw_picture_set(picture, row, column + 1, XW_CELL_HALF, mark);
        column += width;
    }
}

int xw_picture_width(enum xw_charset charset, const char *text)
{
    char safe[TEXT_MAX];

    xw_safe_text(charset, text, safe, sizeof(safe));
    return xw_safe_columns(safe);
}

void xw_picture_text(const struct xw_picture *picture, int row, int from, int to, char *text,
                     size_t size)
{
    size_t used = 0;

    for (int column = from; column < to && size - used > XW_UTF8_MAX; column++) {
        uint32_t code = xw_picture_at(picture, row, column);
        bool half = xw_picture_at(picture, row, column + 1) == XW_CELL_HALF;
        if (code == XW_CELL_HALF && column > from)
            continue;
        if (code == 0 || code == XW_CELL_HALF || (half && column + 1 == to))
            code = ' ';
        used += xw_utf8_encode(code, text + used);
    }
    text[used] = '\0';
}

/* Where the blanks at the end of a row begin. */
static int end_of(const struct xw_picture *picture, int row)
{
    int end = picture->columns;

    while (end > 0 && (xw_picture_at(picture, row, end - 1) == 0 ||
                       xw_picture_at(picture, row, end - 1) == ' '))
        end--;
    return end;
}

char *xw_picture_lines(const struct xw_picture *picture)
{
    size_t size = (size_t)picture->columns * XW_UTF8_MAX + XW_UTF8_MAX + 1;
    size_t used = 0;
    char *lines = malloc((size_t)picture->rows * size + 1);

    if (!lines)
        return NULL;
    lines[0] = '\0';
    for (int row = 0; row < picture->rows; row++) {
        xw_picture_text(picture, row, 0, end_of(picture, row), lines + used, size);
        used += strlen(lines + used);
        lines[used++] = '\n';
        lines[used] = '\0';
    }
    return lines;
}
