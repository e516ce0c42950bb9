#include "xwsh/menu.h"

#include <curses.h>
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "xwsh/menu_state.h"
#include "xwsh/pump.h"
#include "xwsh/signals.h"
#include "xwsh/tty.h"

/*
 * How often the lists are asked for anew, in milliseconds. Each time is a request with an audit
 * record, so a menu that nobody touches asks less often, and one that is told what happens only for
 * what libvirt has no event of: checkpoints, worlds that are made, times that are changed.
 */
enum {
    REFRESH_MACHINES_MS = 2000,
    REFRESH_WORLDS_MS = 10000,
    REFRESH_IDLE_MS = 30000,
    REFRESH_TOLD_MS = 60000,
    REFRESH_AGAIN_MS = 250, /* at the earliest, where something has happened meanwhile */
    IDLE_AFTER_MS = 120000
};

/* How often the seconds of a running action are drawn anew, and what ncurses waits after ESC. */
enum { TICK_MS = 500, ESCAPE_DELAY_MS = 50, OWN_WAITS = 5 };
enum { ALL_WAITS = OWN_WAITS + XW_EVENTS_WAITS + XW_BOOTS_WAITS };

size_t xw_menu_rows(const struct xw_menu *menu)
{
    const struct xw_model *model = &menu->model[menu->page];

    switch (menu->page) {
    case XW_PAGE_MACHINES:
        return model->machine_count;
    case XW_PAGE_CHECKPOINTS:
        return model->saved_count;
    default:
        return model->world_count + model->lab_count;
    }
}

void xw_menu_tell(struct xw_menu *menu, bool is_error, const char *text)
{
    snprintf(menu->message, sizeof(menu->message), "%s", text);
    menu->is_error = is_error;
}

const char *xw_menu_name_at_cursor(const struct xw_menu *menu)
{
    const struct xw_model *model = &menu->model[menu->page];
    size_t cursor = menu->cursor[menu->page];

    switch (menu->page) {
    case XW_PAGE_MACHINES:
        return cursor < model->machine_count ? model->machines[cursor].name : "";
    case XW_PAGE_CHECKPOINTS:
        return cursor < model->saved_count ? model->saved[cursor].name : "";
    default:
        return cursor < model->world_count ? model->worlds[cursor].address : "";
    }
}

const char *xw_menu_lab_at_cursor(const struct xw_menu *menu)
{
    const struct xw_model *model = &menu->model[menu->page];
    size_t cursor = menu->cursor[menu->page];

    if (menu->page == XW_PAGE_MACHINES || cursor < model->world_count ||
        cursor - model->world_count >= model->lab_count)
        return "";
    return model->labs[cursor - model->world_count].lab;
}

/* Takes a fresh list, with the cursor staying on what it is on. */
static void take_list(struct xw_menu *menu, struct xw_model *fresh)
{
    char name[XW_WORLD_SIZE];
    char lab[XW_NAME_SIZE];
    size_t *cursor = &menu->cursor[menu->page];

    snprintf(name, sizeof(name), "%s", xw_menu_name_at_cursor(menu));
    xw_menu_prepared_compare(menu, fresh);
    xw_menu_events_compare(menu, fresh);
    snprintf(lab, sizeof(lab), "%s", xw_menu_lab_at_cursor(menu));
    xw_model_replace(&menu->model[menu->page], fresh);
    menu->loaded[menu->page] = true;
    size_t rows = xw_menu_rows(menu);
    size_t old = *cursor;
    for (*cursor = 0; *cursor < rows; ++*cursor) {
        if (strcmp(xw_menu_name_at_cursor(menu), name) == 0 &&
            strcmp(xw_menu_lab_at_cursor(menu), lab) == 0)
            return;
    }
    *cursor = old < rows ? old : rows > 0 ? rows - 1 : 0;
}

enum xw_menu_page xw_menu_page_before(const struct xw_menu *menu)
{
    switch (menu->page) {
    case XW_PAGE_MACHINES:
        return menu->back;
    case XW_PAGE_CHECKPOINTS:
        return XW_PAGE_MACHINES;
    default:
        return XW_PAGE_WORLDS;
    }
}

void xw_menu_show_page(struct xw_menu *menu, enum xw_menu_page page)
{
    xw_job_stop(&menu->refresh);
    menu->page = page;
    menu->console_next = false;
    menu->next_refresh = 0;
}

static void start_refresh(struct xw_menu *menu)
{
    struct xw_request request = {.verb = XW_VERB_LIST};
    int64_t now = xw_pump_now();
    int64_t pause = REFRESH_WORLDS_MS;

    if (menu->page == XW_PAGE_MACHINES) {
        request.verb = XW_VERB_STATUS;
        xw_request_set_world(&request, menu->world);
        pause = REFRESH_MACHINES_MS;
    } else if (menu->page == XW_PAGE_LAB) {
        request.verb = XW_VERB_WORLDS;
        xw_request_set_world(&request, menu->lab);
    } else if (menu->page == XW_PAGE_CHECKPOINTS) {
        request.verb = XW_VERB_CHECKPOINTS;
        xw_request_set_world(&request, menu->world);
        xw_request_set_machines(&request, menu->machine);
    } else if (xw_menu_prepared_waits(menu)) {
        pause = REFRESH_MACHINES_MS;
    }
    if (menu->events.stands && !xw_menu_prepared_waits(menu))
        pause = REFRESH_TOLD_MS;
    else if (now - menu->last_key > IDLE_AFTER_MS && !menu->action.gate)
        pause = REFRESH_IDLE_MS;
    menu->began_refresh = now;
    menu->next_refresh = now + pause;
    menu->outdated = false;
    if (xw_job_start(&menu->refresh, &request) < 0)
        xw_menu_tell(menu, true, menu->refresh.err.text);
}

static void end_refresh(struct xw_menu *menu, enum xw_exit code)
{
    if (menu->outdated)
        menu->next_refresh = menu->began_refresh + REFRESH_AGAIN_MS;
    if (code == XW_EXIT_OK) {
        take_list(menu, &menu->refresh.model);
        if (menu->refresh_failed)
            xw_menu_tell(menu, false, "");
        menu->refresh_failed = false;
        return;
    }
    xw_menu_tell(menu, true, menu->refresh.err.text);
    menu->refresh_failed = true;
    if (xw_pump_now() - menu->last_key <= IDLE_AFTER_MS)
        menu->next_refresh = xw_pump_now() + REFRESH_MACHINES_MS;
    menu->loaded[menu->page] = true;
    if (code == XW_EXIT_REFUSED && menu->page != XW_PAGE_WORLDS)
        xw_menu_show_page(menu, xw_menu_page_before(menu));
}

static void end_action(struct xw_menu *menu, enum xw_exit code)
{
    char text[XW_ERROR_TEXT_MAX];

    xw_job_conclude(&menu->action, code, text, sizeof(text));
    xw_menu_tell(menu, code != XW_EXIT_OK, text);
    xw_menu_boot_acted(menu);
    menu->next_refresh = 0;
    xw_menu_console_after(menu, code);
}

void xw_menu_start_action(struct xw_menu *menu, const struct xw_request *request)
{
    if (menu->action.gate) {
        beep();
    } else if (xw_job_start(&menu->action, request) < 0) {
        xw_menu_tell(menu, true, menu->action.err.text);
    } else {
        xw_menu_tell(menu, false, "");
        xw_menu_boot_begin(menu, request);
    }
}

/* All keys that wait. ncurses gives ERR both for "none" and when the terminal is gone. */
static void take_keys(struct xw_menu *menu)
{
    int got;

    while (!menu->leaving && !xw_dialog_has_input(menu) && (got = getch()) != ERR) {
        int key = got == KEY_RESIZE ? XW_KEY_NONE : xw_keys_take(&menu->keys, got, xw_pump_now());
        if (key != XW_KEY_NONE)
            xw_menu_take_key(menu, key);
    }
}

static void take_signals(struct xw_menu *menu)
{
    enum xw_signal signal;
    int rows;
    int columns;

    while ((signal = xw_signals_next(menu->session->signal_fd)) != XW_SIGNAL_NONE) {
        if (signal == XW_SIGNAL_HANGUP)
            menu->leaving = true;
        if (signal != XW_SIGNAL_RESIZE)
            continue;
        xw_tty_size(STDOUT_FILENO, &rows, &columns);
        resizeterm(rows, columns);
        clearok(curscr, TRUE);
    }
}

static int sooner(int a, int64_t b)
{
    if (b < 0)
        b = 0;
    return a < 0 || b < a ? (int)b : a;
}

static int next_timeout(const struct xw_menu *menu)
{
    int64_t now = xw_pump_now();
    int timeout = xw_keys_timeout(&menu->keys, now);

    if (!menu->refresh.gate && menu->mode != XW_MODE_LOCKED)
        timeout = sooner(timeout, menu->next_refresh - now);
    if (xw_menu_events_due(menu) >= 0)
        timeout = sooner(timeout, xw_menu_events_due(menu) - now);
    if (menu->action.gate || xw_menu_boot_shows(menu) || xw_menu_prepared_waits(menu))
        timeout = sooner(timeout, TICK_MS);
    if (xw_boots_timeout(&menu->boots) >= 0)
        timeout = sooner(timeout, xw_boots_timeout(&menu->boots));
    if (menu->dialog.stage != XW_DIALOG_RESTS)
        timeout = sooner(timeout, menu->dialog.deadline - now);
    if (xw_menu_lock_at(menu) >= 0)
        timeout = sooner(timeout, xw_menu_lock_at(menu) - now);
    return timeout;
}

static void take_jobs(struct xw_menu *menu)
{
    enum xw_exit code = XW_EXIT_FAILED;

    if (menu->action.gate && xw_job_step(&menu->action, &code))
        end_action(menu, code);
    if (menu->refresh.gate && xw_job_step(&menu->refresh, &code))
        end_refresh(menu, code);
    /* Nobody sees a list behind the lock, and each is a request with an audit record. */
    if (!menu->refresh.gate && menu->mode != XW_MODE_LOCKED && xw_pump_now() >= menu->next_refresh)
        start_refresh(menu);
}

/*
 * All that was typed. A key that comes when the time was over already finds the menu locked,
 * however late we notice.
 */
static void take_input(struct xw_menu *menu, bool waits)
{
    int64_t lock_at = xw_menu_lock_at(menu);

    if (lock_at >= 0 && xw_pump_now() >= lock_at)
        xw_menu_lock(menu);
    else if (waits && xw_dialog_has_input(menu))
        xw_dialog_take_input(menu);
    else if (waits)
        take_keys(menu);
    int key = xw_keys_settle(&menu->keys, xw_pump_now());
    if (key != XW_KEY_NONE)
        xw_menu_take_key(menu, key);
}

/* One turn: waits, then keys before anything else, so that none ever waits for the lab. */
static void turn(struct xw_menu *menu)
{
    struct pollfd wait[ALL_WAITS] = {
        {.fd = STDIN_FILENO, .events = POLLIN},
        {.fd = menu->session->signal_fd, .events = POLLIN},
        {.fd = menu->action.gate ? xw_gate_fd(menu->action.gate) : -1, .events = POLLIN},
        {.fd = menu->refresh.gate ? xw_gate_fd(menu->refresh.gate) : -1, .events = POLLIN},
        {.fd = menu->dialog.reauth.fd, .events = POLLIN}};

    xw_events_wait(&menu->events, wait + OWN_WAITS);
    xw_boots_wait(&menu->boots, wait + OWN_WAITS + XW_EVENTS_WAITS);
    if (poll(wait, ALL_WAITS, next_timeout(menu)) < 0 && errno != EINTR)
        menu->leaving = true;
    take_signals(menu);
    if (wait[0].revents & (POLLHUP | POLLERR | POLLNVAL))
        menu->leaving = true;
    if (!menu->leaving)
        take_input(menu, wait[0].revents & POLLIN);
    if (!menu->leaving)
        xw_dialog_step(menu);
    if (!menu->leaving)
        xw_menu_events_step(menu);
    if (!menu->leaving)
        take_jobs(menu);
    if (!menu->leaving)
        xw_menu_boot_step(menu);
}

/*
 * Starts curses with a window of the size that we believe. ncurses would take any number from the
 * terminal, and take terminals without a size in terminfo for unusable if told not to ask; what
 * it heeds before both is the environment, which nobody else reads here.
 */
static SCREEN *open_screen(const struct xw_session *session)
{
    char rows_text[16];
    char columns_text[16];
    int rows;
    int columns;

    xw_tty_size(STDOUT_FILENO, &rows, &columns);
    snprintf(rows_text, sizeof(rows_text), "%d", rows);
    snprintf(columns_text, sizeof(columns_text), "%d", columns);
    if (setenv("LINES", rows_text, 1) < 0 || setenv("COLUMNS", columns_text, 1) < 0)
        return NULL;
    SCREEN *screen = newterm(session->term, stdout, stdin);
    unsetenv("LINES");
    unsetenv("COLUMNS");
    return screen;
}

static void set_up_screen(const struct xw_session *session)
{
    raw();
    noecho();
    nonl();
    nodelay(stdscr, TRUE);
    keypad(stdscr, TRUE);
    set_escdelay(ESCAPE_DELAY_MS);
    if (session->colour && has_colors() && start_color() == OK && use_default_colors() == OK) {
        init_pair(XW_PAIR_GOOD, COLOR_GREEN, -1);
        init_pair(XW_PAIR_BUSY, COLOR_YELLOW, -1);
        init_pair(XW_PAIR_BAD, COLOR_RED, -1);
    }
}

int xw_menu_run(const struct xw_session *session, const struct xw_settings *settings,
                enum xw_exit *code)
{
    static struct xw_menu menu;

    SCREEN *screen = open_screen(session);
    if (!screen)
        return -ENOTTY;
    set_up_screen(session);
    menu = (struct xw_menu){.session = session,
                            .settings = settings,
                            .last_key = xw_pump_now(),
                            .events = XW_EVENTS_NONE,
                            .dialog = {.reauth = XW_REAUTH_NONE}};
    xw_menu_prepared_begin(&menu);
    start_refresh(&menu);
    while (!menu.leaving) {
        xw_menu_draw(&menu);
        turn(&menu);
    }
    bool busy = menu.action.gate != NULL;
    char world[XW_WORLD_SIZE];
    xw_target_world(&menu.action.request, world);
    xw_dialog_end(&menu);
    xw_menu_boot_end(&menu);
    xw_events_end(&menu.events);
    xw_job_stop(&menu.refresh);
    xw_job_stop(&menu.action);
    for (int i = 0; i < XW_PAGE_COUNT; i++)
        xw_model_clear(&menu.model[i]);
    endwin();
    delscreen(screen);
    if (busy)
        fprintf(stderr, "What had begun in %s goes on; 'status %s' shows it.\n", world, world);
    *code = XW_EXIT_OK;
    return 0;
}
