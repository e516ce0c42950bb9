/*
 * Worlds that the keeper was still making when the login went on (prepared.h). Nobody tells the
 * menu when it has ended; a world is in the list as soon as it is whole.
 */
#include <stdio.h>
#include <string.h>

#include "xwsh/menu_state.h"
#include "xwsh/pump.h"

enum { MS = 1000, NOBODY_WAITS = -1 };

void xw_menu_prepared_begin(struct xw_menu *menu)
{
    menu->made_since = NOBODY_WAITS;
    if (menu->session->prepared == XW_PREPARED_READY)
        return;
    xw_menu_tell(menu, menu->session->prepared == XW_PREPARED_FAILED,
                 xw_prepared_text(menu->session->prepared));
    if (menu->session->prepared == XW_PREPARED_LATER)
        menu->made_since = xw_pump_now();
}

bool xw_menu_prepared_waits(const struct xw_menu *menu)
{
    const int64_t longest = (int64_t)xw_verb_info(XW_VERB_PREPARE)->deadline * MS;

    return menu->made_since != NOBODY_WAITS && xw_pump_now() - menu->made_since < longest;
}

bool xw_menu_has_world(const struct xw_model *model, const struct xw_world *world)
{
    for (size_t i = 0; i < model->world_count; i++) {
        if (strcmp(model->worlds[i].lab, world->lab) == 0 &&
            strcmp(model->worlds[i].owner, world->owner) == 0)
            return true;
    }
    return false;
}

void xw_menu_prepared_compare(struct xw_menu *menu, const struct xw_model *fresh)
{
    const struct xw_model *last = &menu->model[XW_PAGE_WORLDS];
    char text[XW_ERROR_TEXT_MAX];

    /* What is in the first list was there before. */
    if (menu->page != XW_PAGE_WORLDS || !menu->loaded[XW_PAGE_WORLDS] ||
        !xw_menu_prepared_waits(menu))
        return;
    for (size_t i = 0; i < fresh->world_count; i++) {
        if (xw_menu_has_world(last, &fresh->worlds[i]))
            continue;
        snprintf(text, sizeof(text), "%s is ready.", fresh->worlds[i].lab);
        xw_menu_tell(menu, false, text);
    }
}

void xw_menu_prepared_describe(const struct xw_menu *menu, char *text, size_t size)
{
    long seconds = (long)((xw_pump_now() - menu->made_since) / MS);

    if (menu->made_since == NOBODY_WAITS)
        snprintf(text, size, "%s", "");
    else if (xw_menu_prepared_waits(menu))
        snprintf(text, size, "Your worlds are being made and appear here by themselves ... %ld s",
                 seconds);
    else
        snprintf(text, size,
                 "Your worlds are still not here. Leave and log in again; if that "
                 "doesn't help, tell your instructor.");
}
