/*
 * The map: a world's page with its topology drawn in the place of the list. The cursor is on a
 * machine as in the list, and the keys do the same. What is larger than the screen follows it; the
 * segments' names stay at the top.
 */
#include <curses.h>
#include <stddef.h>

#include "xwsh/menu_state.h"
#include "xwsh/world_topology.h"

enum {
    TEXT_SIZE = 4096,
    LEFT = 1,
    BESIDE = 5 /* columns beside a box that are to be seen: its lines and a segment */
};

chtype xw_menu_look(enum xw_mark mark)
{
    switch (mark) {
    case XW_MARK_TITLE:
        return A_BOLD;
    case XW_MARK_GOOD:
        return (chtype)COLOR_PAIR(XW_PAIR_GOOD);
    case XW_MARK_BUSY:
        return (chtype)COLOR_PAIR(XW_PAIR_BUSY);
    case XW_MARK_BAD:
        return (chtype)COLOR_PAIR(XW_PAIR_BAD);
    default:
        return A_NORMAL;
    }
}

/*
 * Where what is shown of a row or column begins, so that start..start+length is within it, with up
 * to `most` before and after where there is room.
 */
static int follow(int first, int start, int length, int most, int total, int shown)
{
    const int room = shown > length ? (shown - length) / 2 : 0;
    const int margin = room < most ? room : most;

    start -= margin;
    length += 2 * margin;
    if (start + length > first + shown)
        first = start + length - shown;
    if (start < first)
        first = start;
    if (first > total - shown)
        first = total - shown;
    return first > 0 ? first : 0;
}

/* Draws columns `from` and on of a row of the picture, each run of one mark in its look. */
static void draw_row(const struct xw_picture *picture, int row, int from, int screen_row)
{
    const int width = COLS - LEFT - 1;
    const int to = from + width < picture->columns ? from + width : picture->columns;
    const struct xw_picture_cell *cells = picture->cells + (ptrdiff_t)row * picture->columns;
    char text[TEXT_SIZE];

    for (int start = from, end; start < to; start = end) {
        for (end = start + 1; end < to && cells[end].mark == cells[start].mark; end++)
            continue;
        chtype look = xw_menu_look((enum xw_mark)cells[start].mark);
        xw_picture_text(picture, row, start, end, text, sizeof(text));
        attron(look);
        mvaddstr(screen_row, LEFT + start - from, text);
        attroff(look);
    }
}

/* Shows where the cursor is: on the name of the machine, across its box. */
static void draw_cursor(const struct xw_topology_box *box, int row, int column)
{
    int from = column + 1;
    int to = column + box->columns - 1;

    from = from < LEFT ? LEFT : from;
    to = to > COLS - 1 ? COLS - 1 : to;
    if (from < to)
        mvchgat(row + 1, from, to - from, A_REVERSE, 0, NULL);
}

static void draw_drawing(struct xw_menu *menu, const struct xw_drawing *drawing)
{
    const struct xw_picture *picture = &drawing->picture;
    const struct xw_topology_box *box = &drawing->boxes[menu->cursor[XW_PAGE_MACHINES]];
    const int top = LINES >= 8 ? 2 : 1;
    const int height = LINES - 1 - xw_menu_key_rows(menu) - top;
    const int head = drawing->head + box->rows <= height ? drawing->head : 0;
    const int body = height - head;
    const int width = COLS - LEFT - 1;

    menu->map_row =
        follow(menu->map_row, box->row - head, box->rows, 1, picture->rows - head, body);
    menu->map_column =
        follow(menu->map_column, box->column, box->columns, BESIDE, picture->columns, width);
    for (int i = 0; i < head; i++)
        draw_row(picture, i, menu->map_column, top + i);
    for (int i = 0; i < body && head + menu->map_row + i < picture->rows; i++)
        draw_row(picture, head + menu->map_row + i, menu->map_column, top + head + i);
    const int row = top + box->row - menu->map_row;
    if (row + 1 >= top + head && row + 1 < top + height)
        draw_cursor(box, row, LEFT + box->column - menu->map_column);
    if (top > 1 && (height < picture->rows || width < picture->columns))
        xw_menu_put(menu, 1, LEFT, COLS - 2,
                    "The map is larger than the screen: it moves with Up and Down, k and j.");
}

void xw_menu_draw_map(struct xw_menu *menu)
{
    struct xw_drawing drawing;

    if (xw_world_draw(&menu->model[XW_PAGE_MACHINES], menu->session->charset, COLS - LEFT - 1,
                      &drawing) == 0)
        draw_drawing(menu, &drawing);
    else
        xw_menu_put(menu, 1, LEFT, COLS - 2, "There is not enough memory for the map.");
    xw_drawing_free(&drawing);
}
