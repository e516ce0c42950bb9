#include <curses.h>
#include <stdio.h>
#include <string.h>

#include "common/clock.h"
#include "xwsh/checkpoint.h"
#include "xwsh/menu_state.h"
#include "xwsh/pump.h"
#include "xwsh/target.h"
#include "xwsh/when.h"

/* What takes less has no bar. */
enum { LINE_SIZE = XW_SAFE_SIZE(1024), TWO_ROWS_FROM = 20, BAR_AFTER_MS = 500 };

static const char *const help_lines[] = {
    "Up Down j k    move",
    "Enter          open the world; on a machine, its console",
    "c              console   (^] leaves it: Ctrl and ])",
    "s              start the machine",
    "t              stop it (asks it to shut down)",
    "r              reboot it",
    "v              revert it to how you got it (asks for its name first)",
    "S  T  V        start, stop, revert the whole world",
    "p              its checkpoints: n makes one, Enter goes back to one, d deletes",
    "m              the map: how the machines are connected; m again: the list",
    "q  Esc         back; q on the list of worlds leaves. Esc first ends looking at a boot",
    "",
    "Every action is a command, too:  ssh HOST start firewall/router",
    "'ssh HOST help' lists the commands.",
    "",
    "Any key goes back.",
};

static const char *const world_hints[] = {"Enter open", "S start", "T stop", "V revert"};
static const char *const machine_hints[] = {"c console", "s start",       "t stop",    "r reboot",
                                            "v revert",  "p checkpoints", "S T V all", "m map"};
static const char *const map_hints[] = {"c console", "s start",       "t stop",    "r reboot",
                                        "v revert",  "p checkpoints", "S T V all", "m list"};
static const char *const checkpoint_hints[] = {"n new", "Enter go back to it", "d delete"};

int xw_menu_put(const struct xw_menu *menu, int row, int column, int columns, const char *text)
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

/* The title of a world's lab, or of a lab, where the list of worlds has told it. */
static const char *title_of(const struct xw_menu *menu, const char *about)
{
    const struct xw_model *told = &menu->model[XW_PAGE_WORLDS];
    size_t length = strcspn(about, ":");

    for (size_t i = 0; i < told->world_count; i++) {
        if (strcmp(told->worlds[i].address, about) == 0)
            return told->worlds[i].title;
    }
    for (size_t i = 0; i < told->lab_count; i++) {
        const char *lab = told->labs[i].lab;
        if (strncmp(lab, about, length) == 0 && lab[length] == '\0')
            return told->labs[i].title;
    }
    return "";
}

static void draw_bar(const struct xw_menu *menu)
{
    char text[XW_TITLE_MAX + XW_WORLD_SIZE + XW_WHEN_SIZE + 32];
    char when[XW_WHEN_SIZE];
    const bool lab = menu->page == XW_PAGE_LAB;
    const char *about = lab ? menu->lab : menu->world;
    const char *title = title_of(menu, about);

    xw_when_text(xw_model_window(&menu->model[menu->page], about), xw_clock_now(), when);
    if (menu->page == XW_PAGE_WORLDS)
        snprintf(text, sizeof(text), " Your worlds");
    else if (menu->page == XW_PAGE_CHECKPOINTS)
        snprintf(text, sizeof(text), " %s/%s: checkpoints", menu->world, menu->machine);
    else
        snprintf(text, sizeof(text), " %s%s%s%s%s%s%s", lab ? "All worlds of " : "", about,
                 *when ? " (" : "", when, *when ? ")" : "", *title ? ": " : "", title);
    attron(A_REVERSE);
    mvhline(0, 0, ' ', COLS);
    xw_menu_put(menu, 0, 0, COLS - 1, text);
    attroff(A_REVERSE);
}

struct hints {
    const char *const *hint;
    size_t count;
};

static struct hints hints_of(const struct xw_menu *menu)
{
    static const struct hints pages[XW_PAGE_COUNT] = {
        [XW_PAGE_WORLDS] = {world_hints, sizeof(world_hints) / sizeof(world_hints[0])},
        [XW_PAGE_LAB] = {world_hints, sizeof(world_hints) / sizeof(world_hints[0])},
        [XW_PAGE_MACHINES] = {machine_hints, sizeof(machine_hints) / sizeof(machine_hints[0])},
        [XW_PAGE_CHECKPOINTS] = {checkpoint_hints,
                                 sizeof(checkpoint_hints) / sizeof(checkpoint_hints[0])}};
    static const struct hints map = {map_hints, sizeof(map_hints) / sizeof(map_hints[0])};

    return menu->page == XW_PAGE_MACHINES && menu->map ? map : pages[menu->page];
}

/* What the first row of keys begins with. */
static const char *first_hint(const struct xw_menu *menu)
{
    return menu->page == XW_PAGE_WORLDS ? "? help  q leave" : "? help  q back";
}

/* How many of the hints, from one on, fit in a row that has so many columns in it already. */
static size_t hints_in_row(const struct hints *hints, size_t from, int column)
{
    size_t count = 0;

    for (; from + count < hints->count; count++) {
        column += (column > 0 ? 2 : 0) + (int)strlen(hints->hint[from + count]);
        if (column > COLS - 1)
            break;
    }
    return count;
}

int xw_menu_key_rows(const struct xw_menu *menu)
{
    const struct hints hints = hints_of(menu);

    return menu->mode != XW_MODE_NOTICE && LINES >= TWO_ROWS_FROM &&
                   hints_in_row(&hints, 0, (int)strlen(first_hint(menu))) < hints.count
               ? 2
               : 1;
}

static void draw_keys(const struct xw_menu *menu)
{
    const struct hints hints = hints_of(menu);
    const int rows = xw_menu_key_rows(menu);
    size_t next = 0;

    if (menu->mode == XW_MODE_NOTICE) {
        xw_menu_put(menu, LINES - 1, 0, COLS - 1, "^] (Ctrl and ]) or Esc goes back to the menu.");
        return;
    }
    int column = xw_menu_put(menu, LINES - rows, 0, COLS - 1, first_hint(menu));
    for (int row = LINES - rows; row < LINES; row++, column = 0) {
        for (size_t count = hints_in_row(&hints, next, column); count > 0; count--, next++) {
            int width = (int)strlen(hints.hint[next]);
            column += column > 0 ? 2 : 0;
            column += xw_menu_put(menu, row, column, width, hints.hint[next]);
        }
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
    const int top = LINES - xw_menu_key_rows(menu) - count;
    for (int i = 0; i < count; i++) {
        char part[XW_ERROR_TEXT_MAX];
        snprintf(part, sizeof(part), "%.*s", (int)length[i], line[i]);
        move(top + i, 0);
        clrtoeol();
        xw_menu_put(menu, top + i, 0, COLS - 1, part);
    }
}

/* What stands there where there is nothing to say: how to see the screen of this machine. */
static void describe_screen(const struct xw_menu *menu, char *text, size_t size)
{
    const char *name = menu->page == XW_PAGE_MACHINES ? xw_menu_name_at_cursor(menu) : "";
    const struct xw_machine *machine = xw_model_machine(&menu->model[XW_PAGE_MACHINES], name);

    *text = '\0';
    if (machine && machine->graphics)
        snprintf(text, size, "%s has a screen, too. On your own computer: xworlds-vnc HOST %s/%s",
                 name, menu->world, name);
}

static void draw_message(const struct xw_menu *menu)
{
    char text[XW_ERROR_TEXT_MAX];
    chtype look = A_NORMAL;

    if (menu->action.gate && menu->mode != XW_MODE_NOTICE) {
        const int64_t now = xw_pump_now();
        char bar[XW_MENU_BAR_SIZE];
        int used = 0;
        if (now - menu->action.started >= BAR_AFTER_MS)
            used =
                snprintf(text, sizeof(text), "%s ", xw_menu_bar(now - menu->action.started, bar));
        xw_job_describe(&menu->action, now, text + used, sizeof(text) - (size_t)used);
    } else if (xw_menu_boot_shows(menu) && menu->mode == XW_MODE_BROWSE && !menu->is_error) {
        int used =
            snprintf(text, sizeof(text), "%.200s%s", menu->message, *menu->message ? "  " : "");
        xw_menu_boot_describe(menu, text + used, sizeof(text) - (size_t)used);
    } else if (!*menu->message) {
        describe_screen(menu, text, sizeof(text));
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
    if (menu->mode == XW_MODE_NAME)
        snprintf(text, sizeof(text),
                 "Save %s under a name: small letters, digits, hyphens. Esc: no.", target);
    else if (menu->pending.verb == XW_VERB_CHECKPOINT_DELETE)
        snprintf(text, sizeof(text), "Delete the checkpoint %s of %s? Esc: no.",
                 menu->pending.checkpoint, target);
    else if (*menu->pending.checkpoint)
        snprintf(text, sizeof(text),
                 "Revert %s to %s? What was changed since then is lost. Esc: no.", target,
                 menu->pending.checkpoint);
    else if (menu->pending.verb == XW_VERB_REVERT)
        snprintf(text, sizeof(text), "Revert %s? What was changed on disk is lost. Esc: no.",
                 target);
    else
        snprintf(text, sizeof(text), "%s %s? Esc: no.", xw_checkpoint_words(menu->pending.verb),
                 target);
    attron(A_BOLD);
    xw_menu_put(menu, LINES - 2, 0, COLS - 1, text);
    attroff(A_BOLD);
    if (menu->mode == XW_MODE_NAME)
        snprintf(text, sizeof(text), "Name: ");
    else
        snprintf(text, sizeof(text), "Type %s: ", xw_target_word(&menu->pending));
    int column = xw_menu_put(menu, LINES - 1, 0, COLS - 2, text);
    column += xw_menu_put(menu, LINES - 1, column, COLS - 1 - column, menu->typed);
    move(LINES - 1, column < COLS ? column : COLS - 1);
}

/* The question that stands, at the end of the line the cursor, and what is typed where it may be.
 */
static void draw_answer(const struct xw_menu *menu, int row)
{
    const struct xw_dialog *dialog = &menu->dialog;

    if (dialog->stage != XW_DIALOG_ASKS) {
        xw_menu_put(menu, row, 0, COLS - 1, dialog->stage == XW_DIALOG_WAITS ? "Checking ..." : "");
        return;
    }
    int column = xw_menu_put(menu, row, 0, COLS - 2, dialog->question);
    if (dialog->shown)
        column += xw_menu_put(menu, row, column, COLS - 1 - column, xw_secret_text(&dialog->typed));
    move(row, column < COLS ? column : COLS - 1);
}

static void draw_password(const struct xw_menu *menu)
{
    char text[2 * XW_TARGET_SIZE];
    char target[XW_TARGET_SIZE];
    char suffix[XW_NAME_SIZE + 1];

    snprintf(text, sizeof(text), "Your password, to %s %s%s. Esc: no.  %.200s",
             xw_checkpoint_words(menu->pending.verb), xw_target_format(&menu->pending, target),
             xw_checkpoint_suffix(&menu->pending, suffix), menu->dialog.told);
    attron(A_BOLD);
    xw_menu_put(menu, LINES - 2, 0, COLS - 1, text);
    attroff(A_BOLD);
    draw_answer(menu, LINES - 1);
}

/* Nothing of what the menu knows is on this screen. */
static void draw_lock(const struct xw_menu *menu)
{
    char text[XW_USER_MAX + 64];

    attron(A_REVERSE);
    mvhline(0, 0, ' ', COLS);
    xw_menu_put(menu, 0, 1, COLS - 2, "Locked");
    attroff(A_REVERSE);
    snprintf(text, sizeof(text), "No key came for a while, %s.", menu->settings->user);
    if (LINES >= 6)
        xw_menu_put(menu, 2, 1, COLS - 2, text);
    xw_menu_put(menu, LINES - 3, 0, COLS - 1, menu->dialog.told);
    draw_answer(menu, LINES - 2);
    int column = getcurx(stdscr);
    xw_menu_put(menu, LINES - 1, 0, COLS - 1,
                menu->dialog.stage == XW_DIALOG_RESTS ? "Enter unlock  ^C leave" : "^C leave");
    move(LINES - 2, column);
}

static void draw_help(const struct xw_menu *menu)
{
    int count = (int)(sizeof(help_lines) / sizeof(help_lines[0]));

    attron(A_REVERSE);
    mvhline(0, 0, ' ', COLS);
    xw_menu_put(menu, 0, 1, COLS - 2, "Help");
    attroff(A_REVERSE);
    for (int i = 0; i < count && 1 + i < LINES; i++)
        xw_menu_put(menu, LINES > count + 1 ? 2 + i : 1 + i, 1, COLS - 2, help_lines[i]);
}

void xw_menu_draw(struct xw_menu *menu)
{
    bool asks = menu->mode == XW_MODE_CONFIRM || menu->mode == XW_MODE_NAME;

    erase();
    curs_set(asks || menu->dialog.stage == XW_DIALOG_ASKS ? 1 : 0);
    if (LINES < 4 || COLS < 12) {
        xw_menu_put(menu, 0, 0, COLS, "Too small");
    } else if (menu->mode == XW_MODE_LOCKED) {
        draw_lock(menu);
    } else if (menu->mode == XW_MODE_HELP) {
        draw_help(menu);
    } else {
        draw_bar(menu);
        if (menu->page == XW_PAGE_MACHINES && menu->map && xw_menu_rows(menu) > 0)
            xw_menu_draw_map(menu);
        else
            xw_menu_draw_list(menu);
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
