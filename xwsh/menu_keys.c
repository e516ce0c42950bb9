/* What the keys of the menu do. */
#include <curses.h>
#include <stdio.h>
#include <string.h>

#include "xwsh/checkpoint.h"
#include "xwsh/menu_state.h"
#include "xwsh/pump.h"

bool xw_menu_request(const struct xw_menu *menu, enum xw_verb verb, bool whole,
                     struct xw_request *request)
{
    const char *name = xw_menu_name_at_cursor(menu);
    bool worlds = menu->page != XW_PAGE_MACHINES;

    *request = (struct xw_request){.verb = verb};
    if (!*name && (worlds || !whole))
        return false;
    return xw_request_set_world(request, worlds ? name : menu->world) == 0 &&
           xw_request_set_machines(request, whole ? "*" : name) == 0;
}

void xw_menu_ask(struct xw_menu *menu, const struct xw_request *request)
{
    menu->pending = *request;
    menu->confirmed = false;
    menu->typed[0] = '\0';
    menu->console_next = false;
}

static void act(struct xw_menu *menu, enum xw_verb verb, bool whole)
{
    struct xw_request request;

    if (*xw_menu_lab_at_cursor(menu)) {
        xw_menu_tell(menu, false, "Enter opens the lab; in it, S, T and V are for a whole world.");
        return;
    }
    if (menu->page != XW_PAGE_MACHINES && !whole) {
        xw_menu_tell(menu, false, "Enter opens the world; S, T and V are for all its machines.");
        return;
    }
    if (!xw_menu_request(menu, verb, whole, &request))
        return;
    if (menu->action.gate) {
        snprintf(menu->action.note, sizeof(menu->action.note), "(one thing at a time)");
        beep();
        return;
    }
    xw_menu_ask(menu, &request);
    if (verb == XW_VERB_REVERT)
        menu->mode = XW_MODE_CONFIRM;
    else
        xw_menu_guard(menu);
}

/* Forgets what a page showed: it is about something else from now on. */
static void clear_page(struct xw_menu *menu, enum xw_menu_page page)
{
    xw_model_clear(&menu->model[page]);
    menu->loaded[page] = false;
    menu->cursor[page] = 0;
}

/* The list of the machine of the row. */
static void open_checkpoints(struct xw_menu *menu)
{
    const char *name = xw_menu_name_at_cursor(menu);

    if (menu->page != XW_PAGE_MACHINES || !*name)
        return;
    snprintf(menu->machine, sizeof(menu->machine), "%s", name);
    clear_page(menu, XW_PAGE_CHECKPOINTS);
    xw_menu_tell(menu, false, "");
    xw_menu_show_page(menu, XW_PAGE_CHECKPOINTS);
}

/* Shows the machines of a world as a map, or as a list again. */
static void turn_map(struct xw_menu *menu)
{
    if (menu->page == XW_PAGE_MACHINES)
        menu->map = !menu->map;
    else
        xw_menu_tell(menu, false, "The map is on the page of a world: Enter opens one.");
}

/* Begins what is to be done with the checkpoint of the row, or with a new one. */
static void begin_with_checkpoint(struct xw_menu *menu, enum xw_verb verb)
{
    bool is_new = verb == XW_VERB_CHECKPOINT_CREATE;
    const char *name = is_new ? "" : xw_menu_name_at_cursor(menu);

    if (!is_new && !*name)
        return;
    if (menu->action.gate) {
        snprintf(menu->action.note, sizeof(menu->action.note), "(one thing at a time)");
        beep();
        return;
    }
    xw_menu_ask(menu, &(struct xw_request){.verb = verb});
    xw_request_set_world(&menu->pending, menu->world);
    snprintf(menu->pending.checkpoint, sizeof(menu->pending.checkpoint), "%s", name);
    xw_request_set_machines(&menu->pending, menu->machine);
    menu->mode = is_new ? XW_MODE_NAME : XW_MODE_CONFIRM;
}

/* Returns whether the key was one of the page of checkpoints. */
static bool take_checkpoint_key(struct xw_menu *menu, int key)
{
    switch (key) {
    case '\r':
    case '\n':
    case KEY_ENTER:
    case 'v':
        begin_with_checkpoint(menu, XW_VERB_REVERT);
        return true;
    case 'n':
        begin_with_checkpoint(menu, XW_VERB_CHECKPOINT_CREATE);
        return true;
    case 'd':
        begin_with_checkpoint(menu, XW_VERB_CHECKPOINT_DELETE);
        return true;
    case 's':
    case 'S':
    case 't':
    case 'T':
    case 'r':
    case 'V':
    case KEY_RIGHT:
        xw_menu_tell(menu, false, "That is for machines; q goes back to them.");
        return true;
    default:
        return false;
    }
}

void xw_menu_perform(struct xw_menu *menu)
{
    menu->mode = XW_MODE_BROWSE;
    if (menu->pending.verb == XW_VERB_CONSOLE)
        xw_menu_run_console(menu);
    else
        xw_menu_start_action(menu, &menu->pending);
}

static void open_lab(struct xw_menu *menu, const char *lab)
{
    if (strcmp(menu->lab, lab) != 0) {
        snprintf(menu->lab, sizeof(menu->lab), "%s", lab);
        clear_page(menu, XW_PAGE_LAB);
    }
    xw_menu_tell(menu, false, "");
    xw_menu_show_page(menu, XW_PAGE_LAB);
}

static void open_world(struct xw_menu *menu, const char *world)
{
    if (strcmp(menu->world, world) != 0) {
        snprintf(menu->world, sizeof(menu->world), "%s", world);
        clear_page(menu, XW_PAGE_MACHINES);
    }
    menu->back = menu->page;
    xw_menu_tell(menu, false, "");
    xw_menu_show_page(menu, XW_PAGE_MACHINES);
}

static void open_row(struct xw_menu *menu)
{
    const char *name = xw_menu_name_at_cursor(menu);
    const char *lab = xw_menu_lab_at_cursor(menu);

    if (*lab)
        open_lab(menu, lab);
    else if (*name && menu->page == XW_PAGE_MACHINES)
        xw_menu_open_console(menu);
    else if (*name)
        open_world(menu, name);
}

/* The keys that end a program elsewhere don't end this one; they shall not seem dead. */
static void tell_way_out(struct xw_menu *menu)
{
    xw_menu_tell(menu, false,
                 menu->page == XW_PAGE_WORLDS ? "q leaves."
                                              : "q goes back, and from the list of worlds leaves.");
}

static void tell_no_meaning(struct xw_menu *menu, int key)
{
    char text[64];

    if (key > ' ' && key < 0x7f)
        snprintf(text, sizeof(text), "%c means nothing here; ? explains the keys.", key);
    else
        snprintf(text, sizeof(text), "That key means nothing here; ? explains the keys.");
    xw_menu_tell(menu, false, text);
}

static void go_back(struct xw_menu *menu, int key)
{
    if (menu->page != XW_PAGE_WORLDS)
        xw_menu_show_page(menu, xw_menu_page_before(menu));
    else if (key == 'q')
        menu->leaving = true;
    else
        tell_way_out(menu);
}

static void move_cursor(struct xw_menu *menu, long by)
{
    size_t rows = xw_menu_rows(menu);
    size_t *cursor = &menu->cursor[menu->page];

    if (rows == 0)
        return;
    if (by < 0)
        *cursor -= (size_t)-by < *cursor ? (size_t)-by : *cursor;
    else
        *cursor = (size_t)by < rows - 1 - *cursor ? *cursor + (size_t)by : rows - 1;
}

/* Returns whether the key was one that moves. */
static bool take_moving_key(struct xw_menu *menu, int key)
{
    long page = LINES > 6 ? LINES - 5 : 1;

    switch (key) {
    case KEY_UP:
    case 'k':
        move_cursor(menu, -1);
        return true;
    case KEY_DOWN:
    case 'j':
        move_cursor(menu, 1);
        return true;
    case KEY_PPAGE:
        move_cursor(menu, -page);
        return true;
    case KEY_NPAGE:
        move_cursor(menu, page);
        return true;
    case KEY_HOME:
        move_cursor(menu, -(long)XW_WORLDS_MAX);
        return true;
    case KEY_END:
        move_cursor(menu, XW_WORLDS_MAX);
        return true;
    default:
        return false;
    }
}

/* Returns whether the key was one that acts. */
static bool take_acting_key(struct xw_menu *menu, int key)
{
    static const struct {
        int key;
        enum xw_verb verb;
        bool whole;
    } actions[] = {
        {'s', XW_VERB_START, false}, {'S', XW_VERB_START, true},   {'t', XW_VERB_STOP, false},
        {'T', XW_VERB_STOP, true},   {'r', XW_VERB_REBOOT, false}, {'v', XW_VERB_REVERT, false},
        {'V', XW_VERB_REVERT, true},
    };

    for (size_t i = 0; i < sizeof(actions) / sizeof(actions[0]); i++) {
        if (actions[i].key == key) {
            act(menu, actions[i].verb, actions[i].whole);
            return true;
        }
    }
    return false;
}

static void take_browse_key(struct xw_menu *menu, int key)
{
    bool checkpoints = menu->page == XW_PAGE_CHECKPOINTS;

    if (take_moving_key(menu, key) ||
        (checkpoints ? take_checkpoint_key(menu, key) : take_acting_key(menu, key)))
        return;
    switch (key) {
    case '\r':
    case '\n':
    case KEY_ENTER:
    case KEY_RIGHT:
        open_row(menu);
        break;
    case 'c':
        if (menu->page == XW_PAGE_MACHINES)
            xw_menu_open_console(menu);
        break;
    case 'p':
        open_checkpoints(menu);
        break;
    case 'm':
        turn_map(menu);
        break;
    case XW_KEY_ESCAPE:
        if (xw_menu_boot_shows(menu)) {
            xw_menu_boot_end(menu);
            break;
        }
        go_back(menu, key);
        break;
    case 'q':
    case KEY_LEFT:
        go_back(menu, key);
        break;
    case '/':
        xw_menu_search_begin(menu);
        break;
    case '?':
    case 'h':
    case KEY_F(1):
        menu->mode = XW_MODE_HELP;
        break;
    case 'L' - '@':
        clearok(curscr, TRUE);
        menu->next_refresh = 0;
        break;
    case 'C' - '@':
    case 'D' - '@':
    case 'Z' - '@':
    case '\\' - '@':
        tell_way_out(menu);
        break;
    default:
        tell_no_meaning(menu, key);
        break;
    }
}

void xw_menu_take_key(struct xw_menu *menu, int key)
{
    menu->last_key = xw_pump_now();
    if (xw_dialog_has_input(menu)) {
        xw_dialog_take_key(menu, key);
    } else if (xw_menu_asks(menu)) {
        xw_menu_take_answer(menu, key);
    } else if (menu->mode == XW_MODE_SEARCH) {
        xw_menu_search_take_key(menu, key);
    } else if (menu->mode == XW_MODE_HELP) {
        menu->mode = XW_MODE_BROWSE;
    } else if (menu->mode == XW_MODE_NOTICE) {
        if (key == XW_KEY_ESCAPE || key == ']' - '@')
            menu->mode = XW_MODE_BROWSE;
    } else {
        if (!menu->action.gate)
            xw_menu_tell(menu, false, "");
        take_browse_key(menu, key);
    }
}
