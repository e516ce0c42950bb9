/* Looking for a row of the list by a part of what it says. */
#include <curses.h>
#include <stdio.h>
#include <string.h>

#include "xwsh/menu_state.h"

/* Whether a row's name, or what else tells it from others, has the text in it, in either case. */
static bool row_has(const struct xw_menu *menu, size_t row, const char *text)
{
    const struct xw_model *model = &menu->model[menu->page];
    char addresses[XW_ADDRESSES_MAX];
    const char *more;

    if (menu->page == XW_PAGE_MACHINES)
        more = xw_machine_addresses(&model->machines[row], addresses);
    else if (menu->page == XW_PAGE_CHECKPOINTS)
        more = model->saved[row].text;
    else
        more = row < model->world_count ? model->worlds[row].title
                                        : model->labs[row - model->world_count].title;
    return strcasestr(xw_menu_row_name(menu, row), text) || strcasestr(more, text);
}

/*
 * Puts the cursor on the next row that has it, from a row on, this one included, and around the
 * end; back < rows: on the one before. Where none has it the cursor stays.
 */
static void find(struct xw_menu *menu, size_t from, bool back)
{
    const size_t rows = xw_menu_rows(menu);

    menu->found = false;
    for (size_t i = 0; i < rows && !menu->found; i++) {
        size_t row = (from + (back ? rows - i : i)) % rows;
        menu->found = row_has(menu, row, menu->typed);
        if (menu->found)
            menu->cursor[menu->page] = row;
    }
}

void xw_menu_search_begin(struct xw_menu *menu)
{
    if (xw_menu_rows(menu) == 0)
        return;
    menu->mode = XW_MODE_SEARCH;
    menu->typed[0] = '\0';
    menu->found = true;
    menu->search_from = menu->cursor[menu->page];
}

void xw_menu_search_take_key(struct xw_menu *menu, int key)
{
    size_t *cursor = &menu->cursor[menu->page];
    const size_t rows = xw_menu_rows(menu);

    switch (key) {
    case '\r':
    case '\n':
    case KEY_ENTER:
        menu->mode = XW_MODE_BROWSE;
        break;
    case XW_KEY_ESCAPE:
    case 'C' - '@':
        menu->mode = XW_MODE_BROWSE;
        *cursor = menu->search_from < rows ? menu->search_from : 0;
        break;
    case KEY_DOWN:
        find(menu, *cursor + 1, false);
        break;
    case KEY_UP:
        find(menu, *cursor + rows - 1, true);
        break;
    default:
        if (xw_menu_type(menu, key))
            find(menu, menu->search_from, false);
        break;
    }
}

void xw_menu_search_draw(const struct xw_menu *menu)
{
    attron(A_BOLD);
    xw_menu_put(menu, LINES - 2, 0, COLS - 1,
                menu->found ? "Up Down next  Enter stay here  Esc go back"
                            : "No row has that in it. Backspace takes a letter back.");
    attroff(A_BOLD);
    xw_menu_draw_typed(menu, "Find: ");
}
