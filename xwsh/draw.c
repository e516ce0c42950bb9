#include "xwsh/draw.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <wchar.h>

/* Box drawing of Unicode: one character of ASCII for each. */
enum { BOX_FIRST = 0x2500, BOX_LAST = 0x257f, COMBINING_FIRST = 0x300, COLOURS = 8 };

struct canvas {
    FILE *text;
    int rows;
    int columns;
    enum xw_charset charset;
    struct xw_pen pen; /* as the terminal has it */
};

static bool is_same_colour(const struct xw_colour *a, const struct xw_colour *b)
{
    return a->kind == b->kind &&
           (a->kind == XW_COLOUR_DEFAULT ||
            (a->red == b->red &&
             (a->kind == XW_COLOUR_INDEXED || (a->green == b->green && a->blue == b->blue))));
}

static bool is_same_pen(const struct xw_pen *a, const struct xw_pen *b)
{
    return a->attributes == b->attributes && is_same_colour(&a->foreground, &b->foreground) &&
           is_same_colour(&a->background, &b->background);
}

/*
 * One colour; base is 30 for the foreground and 40 for the background. In a sequence of its own:
 * all attributes and two colours together have more parameters than some terminals take.
 */
static void put_colour(FILE *text, const struct xw_colour *colour, int base)
{
    switch (colour->kind) {
    case XW_COLOUR_INDEXED:
        if (colour->red < COLOURS)
            fprintf(text, "\x1b[%dm", base + colour->red);
        else if (colour->red < 2 * COLOURS)
            fprintf(text, "\x1b[%dm", base + 60 + colour->red - COLOURS);
        else
            fprintf(text, "\x1b[%d;5;%dm", base + 8, colour->red);
        break;
    case XW_COLOUR_RGB:
        fprintf(text, "\x1b[%d;2;%d;%d;%dm", base + 8, colour->red, colour->green, colour->blue);
        break;
    default:
        break;
    }
}

static void set_pen(struct canvas *canvas, const struct xw_pen *pen)
{
    static const struct {
        uint8_t attribute;
        const char *parameter;
    } attributes[] = {{XW_ATTRIBUTE_BOLD, ";1"},      {XW_ATTRIBUTE_ITALIC, ";3"},
                      {XW_ATTRIBUTE_UNDERLINE, ";4"}, {XW_ATTRIBUTE_BLINK, ";5"},
                      {XW_ATTRIBUTE_REVERSE, ";7"},   {XW_ATTRIBUTE_STRIKE, ";9"}};

    if (is_same_pen(pen, &canvas->pen))
        return;
    canvas->pen = *pen;
    fputs("\x1b[0", canvas->text);
    for (size_t i = 0; i < sizeof(attributes) / sizeof(attributes[0]); i++) {
        if (pen->attributes & attributes[i].attribute)
            fputs(attributes[i].parameter, canvas->text);
    }
    fputc('m', canvas->text);
    put_colour(canvas->text, &pen->foreground, 30);
    put_colour(canvas->text, &pen->background, 40);
}

static void place(const struct canvas *canvas, int row, int column)
{
    fprintf(canvas->text, "\x1b[%d;%dH", row + 1, column + 1);
}

static const char *box_in_ascii(uint32_t code)
{
    switch (code) {
    case 0x2500:
    case 0x2501:
    case 0x2550:
        return "-";
    case 0x2502:
    case 0x2503:
    case 0x2551:
        return "|";
    default:
        return "+";
    }
}

static void put_utf8(FILE *text, uint32_t code)
{
    char utf8[XW_UTF8_MAX];
    const size_t length = xw_utf8_encode(code, utf8);

    fwrite(utf8, 1, length, text);
}

/* What is drawn for a character: itself, or something harmless that takes as many columns. */
static void put_first(const struct canvas *canvas, uint32_t code, int columns, bool last)
{
    int width = code < COMBINING_FIRST ? 1 : wcwidth((wchar_t)code);
    /*
     * A mark with no character to stand on would go to the one before. A half of a wide one in the
     * last column would go to the next line, as a whole.
     */
    bool fits = width != 0 && (!last || width == 1);

    if (xw_code_is_shown(code) && fits && (code < 0x80 || canvas->charset == XW_CHARSET_UTF8))
        put_utf8(canvas->text, code);
    else if (code >= BOX_FIRST && code <= BOX_LAST)
        fputs(box_in_ascii(code), canvas->text);
    else
        fputs(columns == 2 ? "??" : "?", canvas->text);
}

/* The text of a cell. */
static void put_characters(const struct canvas *canvas, const struct xw_cell *cell, bool last)
{
    if (cell->columns == 0 || cell->characters[0] == 0) {
        fputc(' ', canvas->text);
        return;
    }
    put_first(canvas, cell->characters[0], cell->columns, last);
    if (canvas->charset != XW_CHARSET_UTF8)
        return;
    for (int i = 1; i < XW_CELL_CHARACTERS && cell->characters[i]; i++) {
        if (cell->characters[i] >= COMBINING_FIRST && xw_code_is_shown(cell->characters[i]) &&
            wcwidth((wchar_t)cell->characters[i]) == 0)
            put_utf8(canvas->text, cell->characters[i]);
    }
}

static bool is_blank(const struct xw_cell *cell)
{
    static const uint8_t visible =
        XW_ATTRIBUTE_REVERSE | XW_ATTRIBUTE_UNDERLINE | XW_ATTRIBUTE_STRIKE;

    return (cell->characters[0] == 0 || cell->characters[0] == ' ') && cell->columns > 0 &&
           cell->pen.background.kind == XW_COLOUR_DEFAULT && !(cell->pen.attributes & visible);
}

/* How many cells of a row there are to draw. */
static int length_of(const struct xw_cell *row, int columns)
{
    while (columns > 0 && is_blank(&row[columns - 1]))
        columns--;
    return columns;
}

/*
 * Draws cells of the row that the cursor is in, and beginning where it is. A cell of no columns is
 * the right half of a wide character, or what is left of one.
 */
static void put_cells(struct canvas *canvas, const struct xw_cell *row, int from, int to)
{
    for (int i = from; i < to;) {
        const struct xw_cell *cell = &row[i];
        /* The terminal may have other widths than the emulation. */
        bool sure =
            cell->columns < 2 && cell->characters[0] < COMBINING_FIRST && cell->characters[1] == 0;

        set_pen(canvas, &cell->pen);
        put_characters(canvas, cell, i == canvas->columns - 1);
        i += cell->columns == 2 ? 2 : 1;
        if (!sure && i < canvas->columns)
            fprintf(canvas->text, "\x1b[%dG", i + 1);
    }
}

static void put_row(struct canvas *canvas, const struct xw_cell *row)
{
    static const struct xw_pen plain;

    put_cells(canvas, row, 0, length_of(row, canvas->columns));
    set_pen(canvas, &plain);
}

/* The guest's cursor; what of it is beyond the window is brought back. */
static struct xw_cursor cursor_of(const struct xw_screen *screen, enum xw_page page, int rows,
                                  int columns)
{
    struct xw_cursor cursor = screen->cursors[page];

    cursor.row = cursor.row < 0 ? 0 : cursor.row < rows ? cursor.row : rows - 1;
    cursor.column = cursor.column < 0 ? 0 : cursor.column < columns ? cursor.column : columns - 1;
    cursor.wraps = cursor.wraps && cursor.column == columns - 1;
    return cursor;
}

/* Puts the cursor into a row of the terminal; page: the guest's cells. */
static void put_cursor(struct canvas *canvas, const struct xw_cell *page,
                       const struct xw_cursor *cursor, int row)
{
    const struct xw_cell *cells = page + (ptrdiff_t)cursor->row * canvas->columns;
    int column = cursor->column;

    /* What comes after the last character, once more, is the next line. */
    if (cursor->wraps && cells[column].columns == 0 && column > 0)
        column--;
    place(canvas, row, column);
    if (cursor->wraps)
        put_cells(canvas, cells, column, canvas->columns);
}

static int count_lines(const char *words)
{
    int count = 0;

    for (; (words = strchr(words, '\n')) != NULL; words++)
        count++;
    return count;
}

static void put_words(const struct canvas *canvas, const char *words)
{
    fputs("\x1b[?7l", canvas->text);
    for (const char *end; (end = strchr(words, '\n')) != NULL; words = end + 1)
        fprintf(canvas->text, "%.*s\r\n", (int)(end - words), words);
    fputs("\x1b[?7h", canvas->text);
}

/* Up with what is on the terminal, which keeps it as lines that have scrolled away. */
static void push_away(const struct canvas *canvas)
{
    fputs("\x1b[0m\x1b[r", canvas->text);
    place(canvas, canvas->rows - 1, 0);
    for (int i = 0; i < canvas->rows; i++)
        fputs("\r\n", canvas->text);
    place(canvas, 0, 0);
    fputs("\x1b[J", canvas->text);
}

/* How many rows there are to draw: to the last with anything in it, and to the cursor's. */
static int used_rows(const struct canvas *canvas, const struct xw_cell *page, int cursor_row)
{
    int row = canvas->rows - 1;

    while (row > cursor_row &&
           length_of(page + (ptrdiff_t)row * canvas->columns, canvas->columns) == 0)
        row--;
    return row + 1;
}

/* Returns in which row of the terminal the cursor is. */
static int put_main(struct canvas *canvas, const struct xw_screen *screen, const char *words)
{
    struct xw_cursor cursor = cursor_of(screen, XW_PAGE_MAIN, canvas->rows, canvas->columns);
    int used = used_rows(canvas, screen->cells, cursor.row);
    int lines = count_lines(words);

    push_away(canvas);
    for (int i = 0; i < used; i++) {
        if (i > 0)
            fputs("\r\n", canvas->text);
        if (i == cursor.row)
            put_words(canvas, words);
        put_row(canvas, screen->cells + (ptrdiff_t)i * canvas->columns);
    }
    /* So many lines have gone; so many are to go, that the cursor comes to its row. */
    int gone = used + lines > canvas->rows ? used + lines - canvas->rows : 0;
    int due = lines < cursor.row ? lines : cursor.row;
    place(canvas, canvas->rows - 1, 0);
    for (; gone < due; gone++)
        fputs("\r\n", canvas->text);
    int row = cursor.row + lines - gone;
    if (row < 0)
        row = 0;
    put_cursor(canvas, screen->cells, &cursor, row);
    return row;
}

static void put_alternate(struct canvas *canvas, const struct xw_screen *screen)
{
    const struct xw_cell *page = screen->cells + (ptrdiff_t)canvas->rows * canvas->columns;
    static const struct xw_pen plain;

    set_pen(canvas, &plain);
    fputs("\x1b[?1049h\x1b[H\x1b[2J", canvas->text);
    for (int i = 0; i < canvas->rows; i++) {
        place(canvas, i, 0);
        put_row(canvas, page + (ptrdiff_t)i * canvas->columns);
    }
}

static bool has_margins(const struct xw_screen *screen, int rows)
{
    return screen->top >= 0 && screen->top < screen->bottom - 1 && screen->bottom <= rows &&
           (screen->top > 0 || screen->bottom < rows);
}

static void put_modes(const struct canvas *canvas, const struct xw_screen *screen)
{
    if (screen->cursor_keys)
        fputs("\x1b[?1h", canvas->text);
    if (screen->keypad)
        fputs("\x1b=", canvas->text);
    if (screen->paste)
        fputs("\x1b[?2004h", canvas->text);
    if (screen->stays)
        fputs("\x1b[?7l", canvas->text);
    if (screen->hidden)
        fputs("\x1b[?25l", canvas->text);
}

static void put_screen(struct canvas *canvas, const struct xw_screen *screen, const char *words)
{
    enum xw_page shown = screen->alternate ? XW_PAGE_ALTERNATE : XW_PAGE_MAIN;
    struct xw_cursor cursor = cursor_of(screen, shown, canvas->rows, canvas->columns);
    int row = put_main(canvas, screen, words);

    if (screen->alternate) {
        put_alternate(canvas, screen);
        row = cursor.row;
    }
    /* Margins are rows of the guest's; setting them moves the cursor. */
    if (row == cursor.row && has_margins(screen, canvas->rows))
        fprintf(canvas->text, "\x1b[%d;%dr", screen->top + 1, screen->bottom);
    put_modes(canvas, screen);
    put_cursor(canvas, screen->cells + (ptrdiff_t)shown * canvas->rows * canvas->columns, &cursor,
               row);
    set_pen(canvas, &screen->pen);
}

char *xw_draw(const struct xw_screen *screen, int rows, int columns, enum xw_charset charset,
              const char *words)
{
    char *text = NULL;
    size_t size = 0;
    FILE *stream = open_memstream(&text, &size);
    struct canvas canvas = {stream, rows, columns, charset, {0}};

    if (!stream)
        return NULL;
    put_screen(&canvas, screen, words);
    bool failed = ferror(stream) != 0;
    if (fclose(stream) != 0 || failed) {
        free(text);
        return NULL;
    }
    return text;
}

bool xw_draw_is_blank(const struct xw_screen *screen, int rows, int columns)
{
    size_t page = (size_t)rows * (size_t)columns;
    const struct xw_cell *cells = screen->cells + (screen->alternate ? page : 0);

    for (size_t i = 0; i < page; i++) {
        if (!is_blank(&cells[i]))
            return false;
    }
    return true;
}

bool xw_draw_touches(const struct xw_screen *screen, int rows)
{
    static const struct xw_pen plain;

    return screen->alternate || screen->hidden || screen->cursor_keys || screen->keypad ||
           screen->paste || screen->stays || has_margins(screen, rows) ||
           !is_same_pen(&screen->pen, &plain);
}
