/* links: xwsh/render.c xwsh/draw.c xwsh/replay.c xwsh/safe_text.c */
/*
 * A guest's output, rendered and drawn: the drawing has our own sequences and text in it and
 * nothing else, and a terminal that is given it shows what a terminal that was there all the time
 * would.
 */
#include <locale.h>
#include <wchar.h>

#include "tests/fuzz/fuzz.h"
#include "tests/unit/rendered.h"
#include "xwsh/replay.h"

/* A mark that combines with nothing. */
static bool is_bare_mark(const struct xw_cell *cell)
{
    return cell->characters[0] && wcwidth((wchar_t)cell->characters[0]) == 0;
}

static void compare(const struct xw_screen *is, const struct xw_screen *drawn, int rows,
                    int columns)
{
    int pages = is->alternate ? 2 : 1;

    MUST(is->alternate == drawn->alternate && is->hidden == drawn->hidden);
    MUST(is->cursor_keys == drawn->cursor_keys && is->keypad == drawn->keypad);
    MUST(is->paste == drawn->paste && is->stays == drawn->stays);
    MUST(is->pen.attributes == drawn->pen.attributes);
    for (int i = 0; i < pages; i++) {
        MUST(is->cursors[i].row == drawn->cursors[i].row);
        MUST(is->cursors[i].column == drawn->cursors[i].column);
    }
    /* Of a wide character, the left half counts. */
    for (int i = 0; i < pages * rows * columns; i++)
        MUST((i % columns > 0 && is->cells[i - 1].columns == 2) ||
             xw_test_same_cell(&is->cells[i], &drawn->cells[i]) ||
             (is_bare_mark(&is->cells[i]) && drawn->cells[i].characters[0] == '?'));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    /* The first two bytes choose the window. */
    int rows = size > 0 ? XW_RENDER_ROWS_MIN + data[0] % 40 : 24;
    int columns = size > 1 ? XW_RENDER_COLUMNS_MIN + data[1] % 120 : 80;
    const char *bytes = size > 2 ? (const char *)data + 2 : "";
    size_t count = size > 2 ? size - 2 : 0;
    static const char *locale;

    if (!locale)
        locale = setlocale(LC_CTYPE, "C.UTF-8");
    MUST(locale);
    size_t whole = xw_replay_whole(bytes, count);
    MUST(whole <= count && count - whole <= 64);
    struct xw_screen *screen = xw_test_render(bytes, whole, rows, columns);
    char *text = xw_draw(screen, rows, columns, XW_CHARSET_UTF8, "");
    MUST(text && !xw_test_foreign(text));
    struct xw_screen *drawn = xw_test_render(text, strlen(text), rows, columns);
    compare(screen, drawn, rows, columns);
    free(text);
    text = xw_draw(screen, rows, columns, XW_CHARSET_ASCII, "Connected.\n");
    MUST(text && !xw_test_foreign(text));
    for (const char *at = text; *at; at++)
        MUST((unsigned char)*at < 0x7f);
    free(text);
    free(drawn);
    free(screen);
    return 0;
}
