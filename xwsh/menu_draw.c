#include <curses.h>
#include <stdio.h>
#include <string.h>

#include "common/clock.h"
#include "xwsh/menu_state.h"
#include "xwsh/pump.h"
#include "xwsh/target.h"
#include "xwsh/when.h"

enum { LINE_SIZE = XW_SAFE_SIZE(1024) };

static const char *const help_lines[] = {
    "Up Down j k    move",
    "Enter          open the world; on a machine, its console",
    "c              console   (^] leaves it: Ctrl and ])",
    "s              start the machine",
    "t              stop it (asks it to shut down)",
    "r              reboot it",
    "v              revert it to how you got it (asks for its name first)",
    "S  T  V        start, stop, revert the whole world",
    "q  Esc         back; q on the list of worlds leaves",
    "",
    "Every action is a command, too:  ssh HOST start firewall/router",
    "'ssh HOST help' lists the commands.",
    "",
    "Any key goes back.",
};

static const char *const world_hints[] = {"Enter open", "S start", "T stop", "V revert"};
static const char *const machine_hints[] = {"Enter console", "s start",  "t stop",
                                            "r reboot",      "v revert", "S T V all"};

/* Draws text, made safe, at most `columns` wide; returns the columns taken. */
static int draw(const struct xw_menu *menu, int row, int column, int columns, const char *text)
{
    char safe[LINE_SIZE];
    char fitted[LINE_SIZE + 4];

    if (column + columns > COLS)
        columns = COLS - column;
    if (columns <= 0 || row < 0 || row >= LINES)
        return 0;
    xw_safe_text(menu->session->charset, text, safe, sizeof(safe));
    int taken = xw_safe_fit(menu->session->charset, safe, columns, fitted, sizeof(fitted));
    mvaddstr(row, column, fitted);
    return taken;
}

static void draw_bar(const struct xw_menu *menu)
{
    char text[XW_TITLE_MAX + XW_NAME_SIZE + XW_WHEN_SIZE + 8];
    char when[XW_WHEN_SIZE];
    const struct xw_model *worlds = &menu->model[XW_PAGE_WORLDS];
    const char *title = "";

    for (size_t i = 0; i < worlds->world_count; i++) {
        if (strcmp(worlds->worlds[i].lab, menu->world) == 0)
            title = worlds->worlds[i].title;
    }
    xw_when_text(xw_model_window(&menu->model[menu->page], menu->world), xw_clock_now(), when);
    if (menu->page == XW_PAGE_WORLDS)
        snprintf(text, sizeof(text), " Your worlds");
    else
        snprintf(text, sizeof(text), " %s%s%s%s%s%s", menu->world, *when ? " (" : "", when,
                 *when ? ")" : "", *title ? ": " : "", title);
    attron(A_REVERSE);
    mvhline(0, 0, ' ', COLS);
    draw(menu, 0, 0, COLS - 1, text);
    attroff(A_REVERSE);
}

static void draw_keys(const struct xw_menu *menu)
{
    bool worlds = menu->page == XW_PAGE_WORLDS;

    if (menu->mode == XW_MODE_NOTICE) {
        draw(menu, LINES - 1, 0, COLS - 1, "^] (Ctrl and ]) or Esc goes back to the menu.");
        return;
    }
    const char *const *hint = worlds ? world_hints : machine_hints;
    size_t count = worlds ? sizeof(world_hints) / sizeof(world_hints[0])
                          : sizeof(machine_hints) / sizeof(machine_hints[0]);
    int row = LINES - 1;
    int column = draw(menu, row, 0, COLS - 1, worlds ? "? help  q leave" : "? help  q back");

    for (size_t i = 0; i < count; i++) {
        int width = (int)strlen(hint[i]);
        if (column + 2 + width > COLS - 1)
            break;
        column += 2 + draw(menu, row, column + 2, width, hint[i]);
    }
}

static chtype state_look(enum xw_state state)
{
    switch (state) {
    case XW_STATE_RUNNING:
        return (chtype)COLOR_PAIR(XW_PAIR_GOOD);
    case XW_STATE_STARTING:
    case XW_STATE_STOPPING:
    case XW_STATE_PAUSED:
    case XW_STATE_SUSPENDED:
        return (chtype)COLOR_PAIR(XW_PAIR_BUSY);
    case XW_STATE_DISK_FULL:
    case XW_STATE_CRASHED:
    case XW_STATE_MISSING:
        return (chtype)COLOR_PAIR(XW_PAIR_BAD);
    default:
        return A_NORMAL;
    }
}

/* The width of the column of names: as wide as the longest, a third of the window at most. */
static int name_width(const struct xw_menu *menu)
{
    const struct xw_model *model = &menu->model[menu->page];
    int width = 7;

    for (size_t i = 0; i < xw_menu_rows(menu); i++) {
        const char *name =
            menu->page == XW_PAGE_WORLDS ? model->worlds[i].lab : model->machines[i].name;
        int length = (int)strlen(name);
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
    const struct xw_window *window = xw_model_window(&menu->model[XW_PAGE_WORLDS], world->lab);
    char text[64];
    char when[XW_WHEN_SIZE];
    int column = width + 18;

    draw(menu, row, 1, width, world->lab);
    snprintf(text, sizeof(text), "%lu of %lu run", world->running, world->machines);
    draw(menu, row, width + 3, 13, text);
    xw_when_text(window, xw_clock_now(), when);
    if (*when) {
        chtype colour = look == A_NORMAL ? window_look(window) : A_NORMAL;
        attron(colour);
        column += draw(menu, row, column, COLS - column - 1, when) + 2;
        attroff(colour);
    }
    draw(menu, row, column, COLS - column - 1, world->title);
}

static void draw_machine(const struct xw_menu *menu, int row, int width, chtype look,
                         const struct xw_machine *machine)
{
    char text[64];
    int column = width + 3;
    chtype colour = look == A_NORMAL ? state_look(machine->state) : A_NORMAL;

    draw(menu, row, 1, width, machine->name);
    attron(colour);
    draw(menu, row, column, 9, xw_state_name(machine->state));
    attroff(colour);
    column += 11;
    if (COLS >= 60) {
        snprintf(text, sizeof(text), "%lu MiB", machine->memory);
        draw(menu, row, column, 10, text);
        column += 12;
    }
    column += draw(menu, row, column, COLS - column - 1, machine->addresses) + 2;
    if (machine->state == XW_STATE_SUSPENDED && column < COLS - 1)
        draw(menu, row, column, COLS - column - 1, "(resumes in about a second)");
}

static void draw_heading(const struct xw_menu *menu, int row, int width)
{
    attron(A_BOLD);
    draw(menu, row, 1, width, menu->page == XW_PAGE_WORLDS ? "WORLD" : "MACHINE");
    if (menu->page == XW_PAGE_WORLDS) {
        draw(menu, row, width + 3, 13, "MACHINES");
        draw(menu, row, width + 18, COLS, "TITLE");
    } else {
        draw(menu, row, width + 3, 9, "STATE");
        draw(menu, row, width + 14, 10, COLS >= 60 ? "MEMORY" : "ADDRESSES");
        if (COLS >= 60)
            draw(menu, row, width + 26, COLS, "ADDRESSES");
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
    if (menu->page == XW_PAGE_WORLDS && *being_made)
        return being_made;
    return menu->page == XW_PAGE_WORLDS
               ? "No worlds yet. They appear by themselves when a course gives you a lab."
               : "This world has no machines.";
}

static void draw_list(struct xw_menu *menu)
{
    const struct xw_model *model = &menu->model[menu->page];
    size_t rows = xw_menu_rows(menu);
    char being_made[XW_ERROR_TEXT_MAX];
    int top = LINES >= 8 ? 2 : 1;
    int width = name_width(menu);

    if (LINES >= 6 && rows > 0)
        draw_heading(menu, top++, width);
    int height = LINES - 2 - top;
    if (height < 1)
        height = 1;
    if (rows == 0) {
        xw_menu_prepared_describe(menu, being_made, sizeof(being_made));
        draw(menu, top, 1, COLS - 2, empty_text(menu, being_made));
    }
    keep_in_view(menu, (size_t)height);
    for (size_t i = menu->first[menu->page]; i < rows && height > 0; i++, height--, top++) {
        bool here = i == menu->cursor[menu->page];
        chtype look = here ? A_REVERSE : A_NORMAL;
        attron(look);
        if (here)
            mvhline(top, 0, ' ', COLS);
        if (menu->page == XW_PAGE_WORLDS)
            draw_world(menu, top, width, look, &model->worlds[i]);
        else
            draw_machine(menu, top, width, look, &model->machines[i]);
        attroff(look);
    }
}

/* How many bytes of the text go on a line of so many columns: up to a space where one is near. */
static size_t line_length(const struct xw_menu *menu, const char *text, int columns)
{
    char part[XW_ERROR_TEXT_MAX];
    char safe[LINE_SIZE];
    size_t whole = strlen(text);
    size_t fits = 0;

    for (size_t i = 1; i <= whole && i < sizeof(part); i++) {
        if (text[i] != ' ' && text[i] != '\0')
            continue;
        snprintf(part, sizeof(part), "%.*s", (int)i, text);
        xw_safe_text(menu->session->charset, part, safe, sizeof(safe));
        if (xw_safe_columns(safe) > columns)
            break;
        fits = i;
    }
    return fits > 0 ? fits : whole;
}

/* Draws the message in the lines above the keys: one, or up to three where they are to spare. */
static void draw_lines(const struct xw_menu *menu, const char *text)
{
    enum { LINES_MAX = 3 };
    const char *line[LINES_MAX];
    size_t length[LINES_MAX];
    int most = LINES >= 16 ? LINES_MAX : 1;
    int count = 0;

    while (*text && count < most) {
        line[count] = text;
        length[count] = count + 1 < most ? line_length(menu, text, COLS - 1) : strlen(text);
        text += length[count];
        text += strspn(text, " ");
        count++;
    }
    for (int i = 0; i < count; i++) {
        char part[XW_ERROR_TEXT_MAX];
        snprintf(part, sizeof(part), "%.*s", (int)length[i], line[i]);
        move(LINES - 1 - count + i, 0);
        clrtoeol();
        draw(menu, LINES - 1 - count + i, 0, COLS - 1, part);
    }
}

static void draw_message(const struct xw_menu *menu)
{
    char text[XW_ERROR_TEXT_MAX];
    chtype look = A_NORMAL;

    if (menu->action.gate && menu->mode != XW_MODE_NOTICE) {
        xw_job_describe(&menu->action, xw_pump_now(), text, sizeof(text));
    } else {
        snprintf(text, sizeof(text), "%s", menu->message);
        look = menu->is_error ? (chtype)COLOR_PAIR(XW_PAIR_BAD) | A_BOLD : A_NORMAL;
    }
    attron(look);
    draw_lines(menu, text);
    attroff(look);
}

static void draw_question(const struct xw_menu *menu)
{
    char text[2 * XW_TARGET_SIZE];
    char target[XW_TARGET_SIZE];

    xw_target_format(&menu->pending, target);
    if (menu->pending.verb == XW_VERB_REVERT)
        snprintf(text, sizeof(text), "Revert %s? What was changed on disk is lost. Esc: no.",
                 target);
    else
        snprintf(text, sizeof(text), "%s %s? Esc: no.", xw_verb_info(menu->pending.verb)->name,
                 target);
    attron(A_BOLD);
    draw(menu, LINES - 2, 0, COLS - 1, text);
    attroff(A_BOLD);
    snprintf(text, sizeof(text), "Type %s: ", xw_menu_word(&menu->pending));
    int column = draw(menu, LINES - 1, 0, COLS - 2, text);
    column += draw(menu, LINES - 1, column, COLS - 1 - column, menu->typed);
    move(LINES - 1, column < COLS ? column : COLS - 1);
}

/* The question that stands, at the end of the line the cursor, and what is typed where it may be.
 */
static void draw_answer(const struct xw_menu *menu, int row)
{
    const struct xw_dialog *dialog = &menu->dialog;

    if (dialog->stage != XW_DIALOG_ASKS) {
        draw(menu, row, 0, COLS - 1, dialog->stage == XW_DIALOG_WAITS ? "Checking ..." : "");
        return;
    }
    int column = draw(menu, row, 0, COLS - 2, dialog->question);
    if (dialog->shown)
        column += draw(menu, row, column, COLS - 1 - column, xw_secret_text(&dialog->typed));
    move(row, column < COLS ? column : COLS - 1);
}

static void draw_password(const struct xw_menu *menu)
{
    char text[2 * XW_TARGET_SIZE];
    char target[XW_TARGET_SIZE];

    snprintf(text, sizeof(text), "Your password, to %s %s. Esc: no.  %.200s",
             xw_verb_info(menu->pending.verb)->name, xw_target_format(&menu->pending, target),
             menu->dialog.told);
    attron(A_BOLD);
    draw(menu, LINES - 2, 0, COLS - 1, text);
    attroff(A_BOLD);
    draw_answer(menu, LINES - 1);
}

/* Nothing of what the menu knows is on this screen. */
static void draw_lock(const struct xw_menu *menu)
{
    char text[XW_USER_MAX + 64];

    attron(A_REVERSE);
    mvhline(0, 0, ' ', COLS);
    draw(menu, 0, 1, COLS - 2, "Locked");
    attroff(A_REVERSE);
    snprintf(text, sizeof(text), "No key came for a while, %s.", menu->settings->user);
    if (LINES >= 6)
        draw(menu, 2, 1, COLS - 2, text);
    draw(menu, LINES - 3, 0, COLS - 1, menu->dialog.told);
    draw_answer(menu, LINES - 2);
    int column = getcurx(stdscr);
    draw(menu, LINES - 1, 0, COLS - 1,
         menu->dialog.stage == XW_DIALOG_RESTS ? "Enter unlock  ^C leave" : "^C leave");
    move(LINES - 2, column);
}

static void draw_help(const struct xw_menu *menu)
{
    int count = (int)(sizeof(help_lines) / sizeof(help_lines[0]));

    attron(A_REVERSE);
    mvhline(0, 0, ' ', COLS);
    draw(menu, 0, 1, COLS - 2, "Help");
    attroff(A_REVERSE);
    for (int i = 0; i < count && 1 + i < LINES; i++)
        draw(menu, LINES > count + 1 ? 2 + i : 1 + i, 1, COLS - 2, help_lines[i]);
}

void xw_menu_draw(struct xw_menu *menu)
{
    bool asks = menu->mode == XW_MODE_CONFIRM;

    erase();
    curs_set(asks || menu->dialog.stage == XW_DIALOG_ASKS ? 1 : 0);
    if (LINES < 4 || COLS < 12) {
        draw(menu, 0, 0, COLS, "Too small");
    } else if (menu->mode == XW_MODE_LOCKED) {
        draw_lock(menu);
    } else if (menu->mode == XW_MODE_HELP) {
        draw_help(menu);
    } else {
        draw_bar(menu);
        draw_list(menu);
        if (asks) {
            draw_question(menu);
        } else if (menu->mode == XW_MODE_PASSWORD) {
            draw_password(menu);
        } else {
            draw_message(menu);
            draw_keys(menu);
        }
    }
    refresh();
}
