/* A console that is entered from the menu. */
#include <curses.h>
#include <unistd.h>

#include "xwsh/console.h"
#include "xwsh/menu_state.h"
#include "xwsh/pump.h"
#include "xwsh/tty.h"

void xw_menu_open_console(struct xw_menu *menu)
{
    const struct xw_machine *machine =
        xw_model_machine(&menu->model[menu->page], xw_menu_name_at_cursor(menu));
    struct xw_request request;

    if (!xw_menu_request(menu, XW_VERB_CONSOLE, false, &request))
        return;
    xw_menu_ask(menu, &request);
    if (machine && machine->state == XW_STATE_OFF && !menu->action.gate)
        menu->mode = XW_MODE_OFFER;
    else
        xw_menu_guard(menu);
}

void xw_menu_console_after(struct xw_menu *menu, enum xw_exit code)
{
    const bool next = menu->console_next;

    menu->console_next = false;
    if (!next || code != XW_EXIT_OK || menu->mode != XW_MODE_BROWSE)
        return;
    xw_menu_ask(menu, &menu->action.request);
    menu->pending.verb = XW_VERB_CONSOLE;
    xw_menu_guard(menu);
}

void xw_menu_run_console(struct xw_menu *menu)
{
    struct xw_error err = {0};
    struct xw_console_end end;
    int rows;
    int columns;

    xw_menu_boot_end(menu);
    def_prog_mode();
    endwin();
    enum xw_exit code = xw_console_run(menu->session, &menu->pending, false, &end, &err);
    reset_prog_mode();
    xw_tty_size(STDOUT_FILENO, &rows, &columns);
    resizeterm(rows, columns);
    clearok(curscr, TRUE);
    flushinp();
    menu->keys = (struct xw_keys){0};
    xw_menu_tell(menu, code != XW_EXIT_OK, err.text);
    menu->mode = end.closed ? XW_MODE_NOTICE : XW_MODE_BROWSE;
    menu->next_refresh = 0;
    menu->last_key = xw_pump_now();
    if (menu->settings->lock_ms > 0 && end.quiet >= menu->settings->lock_ms)
        xw_menu_lock(menu);
}
