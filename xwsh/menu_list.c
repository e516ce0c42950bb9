/* The list in the middle of the screen: worlds, machines, or checkpoints. */
#include <curses.h>
#include <stdio.h>
#include <string.h>

#include "common/clock.h"
#include "xwsh/checkpoint.h"
#include "xwsh/menu_state.h"
#include "xwsh/when.h"
#include "xwsh/world_topology.h"

enum { LAST_USE_WIDTH = 21 };

const char *xw_menu_row_name(const struct xw_menu *menu, size_t row)
{
    const struct xw_model *model = &menu->model[menu->page];

    if (menu->page == XW_PAGE_MACHINES)
        return model->machines[row].name;
    if (menu->page == XW_PAGE_CHECKPOINTS)
        return model->saved[row].name;
    if (row >= model->world_count)
        return model->labs[row - model->world_count].lab;
    return menu->page == XW_PAGE_LAB ? model->worlds[row].owner : model->worlds[row].address;
}

/* The width of the column of names: as wide as the longest, a third of the window at most. */
static int name_width(const struct xw_menu *menu)
{
    int width = 7;

    for (size_t i = 0; i < xw_menu_rows(menu); i++) {
        int length = (int)strlen(xw_menu_row_name(menu, i));
        width = length > width ? length : width;
    }
    return width > COLS / 3 ? COLS / 3 : width;
}

static chtype window_look(const struct xw_window *window)
{
    return window->state == XW_WINDOW_OPEN ? (chtype)COLOR_PAIR(XW_PAIR_BUSY)
                                           : (chtype)COLOR_PAIR(XW_PAIR_BAD);
}

static void draw_world(const struct xw_menu *menu, int row, int width, chtype look,
                       const struct xw_world *world)
{
    const bool lab = menu->page == XW_PAGE_LAB;
    const struct xw_window *window = xw_model_window(&menu->model[menu->page], world->address);
    char text[64];
    char when[XW_WHEN_SIZE];
    int column = width + 18;

    xw_menu_put(menu, row, 1, width, lab ? world->owner : world->address);
    snprintf(text, sizeof(text), "%lu of %lu run", world->running, world->machines);
    xw_menu_put(menu, row, width + 3, 13, text);
    if (lab) {
        xw_when_date(world->last_use, xw_clock_now(), when);
        xw_menu_put(menu, row, column, LAST_USE_WIDTH, world->last_use ? when : "-");
        column += LAST_USE_WIDTH + 2;
    }
    xw_when_text(window, xw_clock_now(), when);
    if (*when) {
        chtype colour = look == A_NORMAL ? window_look(window) : A_NORMAL;
        attron(colour);
        column += xw_menu_put(menu, row, column, COLS - column - 1, when) + 2;
        attroff(colour);
    }
    xw_menu_put(menu, row, column, COLS - column - 1, world->title);
}

/* A lab that one looks after. */
static void draw_lab(const struct xw_menu *menu, int row, int width,
                     const struct xw_lab_instructed *lab)
{
    xw_menu_put(menu, row, 1, width, lab->lab);
    xw_menu_put(menu, row, width + 3, 13, "all worlds");
    xw_menu_put(menu, row, width + 18, COLS - width - 19, lab->title);
}

static void draw_machine(const struct xw_menu *menu, int row, int width, chtype look,
                         const struct xw_machine *machine)
{
    char text[64];
    char addresses[XW_ADDRESSES_MAX];
    int column = width + 3;
    chtype colour = look == A_NORMAL ? xw_menu_look(xw_state_mark(machine->state)) : A_NORMAL;

    xw_menu_put(menu, row, 1, width, machine->name);
    attron(colour);
    xw_menu_put(menu, row, column, 9, xw_state_name(machine->state));
    attroff(colour);
    column += 11;
    if (COLS >= 60) {
        snprintf(text, sizeof(text), "%lu MiB", machine->memory);
        xw_menu_put(menu, row, column, 10, text);
        column += 12;
    }
    column += xw_menu_put(menu, row, column, COLS - column - 1,
                          xw_machine_addresses(machine, addresses)) +
              2;
    if (machine->state == XW_STATE_SUSPENDED && column < COLS - 1)
        xw_menu_put(menu, row, column, COLS - column - 1, "(resumes in about a second)");
}

static void draw_saved(const struct xw_menu *menu, int row, int width, const struct xw_saved *saved)
{
    char text[XW_RFC3339_SIZE];
    char size[XW_SIZE_SIZE];
    int column = width + 3;

    xw_menu_put(menu, row, 1, width, saved->name);
    xw_when_rfc3339(saved->made, text);
    xw_menu_put(menu, row, column, 20, text);
    column += 22;
    xw_menu_put(menu, row, column, 6, saved->memory ? "memory" : "disk");
    column += 8;
    if (COLS >= 60) {
        xw_checkpoint_size(saved->size, size);
        xw_menu_put(menu, row, column, 10, size);
        column += 12;
    }
    xw_menu_put(menu, row, column, COLS - column - 1, saved->text);
}

static void draw_heading(const struct xw_menu *menu, int row, int width)
{
    static const char *const name[] = {"WORLD", "OWNER", "MACHINE", "NAME"};

    attron(A_BOLD);
    xw_menu_put(menu, row, 1, width, name[menu->page]);
    if (menu->page == XW_PAGE_CHECKPOINTS) {
        xw_menu_put(menu, row, width + 3, 20, "MADE");
        xw_menu_put(menu, row, width + 25, 6, "OF");
        xw_menu_put(menu, row, width + 33, 10, COLS >= 60 ? "SIZE" : "TEXT");
        if (COLS >= 60)
            xw_menu_put(menu, row, width + 45, COLS, "TEXT");
    } else if (menu->page != XW_PAGE_MACHINES) {
        xw_menu_put(menu, row, width + 3, 13, "MACHINES");
        xw_menu_put(menu, row, width + 18, COLS, menu->page == XW_PAGE_LAB ? "LAST USE" : "TITLE");
    } else {
        xw_menu_put(menu, row, width + 3, 9, "STATE");
        xw_menu_put(menu, row, width + 14, 10, COLS >= 60 ? "MEMORY" : "ADDRESSES");
        if (COLS >= 60)
            xw_menu_put(menu, row, width + 26, COLS, "ADDRESSES");
    }
    attroff(A_BOLD);
}

/* Moves the first row so that `height` rows are full where they can be, and show the cursor. */
static void keep_in_view(struct xw_menu *menu, size_t height)
{
    size_t *first = &menu->first[menu->page];
    size_t cursor = menu->cursor[menu->page];
    size_t rows = xw_menu_rows(menu);
    size_t last_first = rows > height ? rows - height : 0;

    if (*first > last_first)
        *first = last_first;
    if (cursor < *first)
        *first = cursor;
    if (cursor >= *first + height)
        *first = cursor - height + 1;
}

static const char *empty_text(const struct xw_menu *menu, const char *being_made)
{
    if (!menu->loaded[menu->page])
        return "Asking the lab ...";
    if (menu->refresh_failed)
        return "The list can't be had now. It is asked for again by itself.";
    if (menu->page == XW_PAGE_MACHINES)
        return "This world has no machines.";
    if (menu->page == XW_PAGE_CHECKPOINTS)
        return "No checkpoint yet: n saves the machine as it is now, to go back to.";
    if (menu->page == XW_PAGE_WORLDS && *being_made)
        return being_made;
    return menu->page == XW_PAGE_WORLDS
               ? "No worlds yet. They appear by themselves when a course gives you a lab."
               : "This lab has no worlds yet. They appear when somebody who has it logs in.";
}

/*
 * What somebody needs who has never been here. Nobody is remembered for this: it is said where
 * there is room for it, until a machine runs.
 */
static void draw_welcome(const struct xw_menu *menu, int row, int height)
{
    static const char *const lines[] = {
        "Welcome. Each row is a world: a few machines of your own; you are root in them.",
        "Enter opens it; in it, Enter on a machine starts it and gives you its console.",
        "Ctrl and ] leave a console. What you break, v takes back to how you got it.",
    };
    const struct xw_model *model = &menu->model[menu->page];
    const int count = (int)(sizeof(lines) / sizeof(lines[0]));
    unsigned long running = 0;

    for (size_t i = 0; i < model->world_count; i++)
        running += model->worlds[i].running;
    if (menu->page != XW_PAGE_WORLDS || model->world_count == 0 || running > 0 || COLS < 80 ||
        height < count + 2)
        return;
    for (int i = 0; i < count; i++)
        xw_menu_put(menu, row + 1 + i, 1, COLS - 1, lines[i]);
}

void xw_menu_draw_list(struct xw_menu *menu)
{
    const struct xw_model *model = &menu->model[menu->page];
    size_t rows = xw_menu_rows(menu);
    char being_made[XW_ERROR_TEXT_MAX];
    int top = LINES >= 8 ? 2 : 1;
    int width = name_width(menu);

    if (LINES >= 6 && rows > 0)
        draw_heading(menu, top++, width);
    int height = LINES - 1 - xw_menu_key_rows(menu) - top;
    if (height < 1)
        height = 1;
    if (rows == 0) {
        xw_menu_prepared_describe(menu, being_made, sizeof(being_made));
        xw_menu_put(menu, top, 1, COLS - 2, empty_text(menu, being_made));
    }
    keep_in_view(menu, (size_t)height);
    for (size_t i = menu->first[menu->page]; i < rows && height > 0; i++, height--, top++) {
        bool here = i == menu->cursor[menu->page];
        chtype look = here ? A_REVERSE : A_NORMAL;
        attron(look);
        if (here)
            mvhline(top, 0, ' ', COLS);
        if (menu->page == XW_PAGE_MACHINES)
            draw_machine(menu, top, width, look, &model->machines[i]);
        else if (menu->page == XW_PAGE_CHECKPOINTS)
            draw_saved(menu, top, width, &model->saved[i]);
        else if (i < model->world_count)
            draw_world(menu, top, width, look, &model->worlds[i]);
        else
            draw_lab(menu, top, width, &model->labs[i - model->world_count]);
        attroff(look);
    }
    draw_welcome(menu, top, height);
}
