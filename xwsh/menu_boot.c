/*
 * Machines of the world that is shown, while they boot after an action: what each has written last,
 * until it shows a login prompt. Nobody waits for this, and Esc ends the looking.
 */
#include <stdio.h>

#include "xwsh/menu_state.h"
#include "xwsh/pump.h"

/* How many places the block has that moves in a bar. */
enum { BLOCK = 3, STEP_MS = 500 };

void xw_menu_boot_begin(struct xw_menu *menu, const struct xw_request *request)
{
    const struct xw_model *model = &menu->model[XW_PAGE_MACHINES];

    xw_menu_boot_end(menu);
    /* What may be on a console is behind the password then. */
    if (menu->page != XW_PAGE_MACHINES || xw_settings_guard(menu->settings, XW_VERB_CONSOLE))
        return;
    /* Without memory for all of them, it is some that are looked at. */
    (void)xw_boots_choose(&menu->boots, request, model, false);
    menu->boots.quiet = true;
    if (menu->boots.count == 0)
        return;
    menu->boot_began = xw_pump_now();
    xw_boots_mark(&menu->boots);
}

void xw_menu_boot_acted(struct xw_menu *menu)
{
    const struct xw_model *model = &menu->action.model;

    for (size_t i = 0; i < model->result_count; i++) {
        if (!model->results[i].done)
            xw_boots_drop(&menu->boots, model->results[i].machine);
    }
    menu->boot_acted = menu->boots.count > 0 && model->result_count > 0;
    if (!menu->boot_acted)
        xw_menu_boot_end(menu);
}

/* What the action has come to, and then the boots. */
static void tell_ready(struct xw_menu *menu)
{
    const struct xw_boots *all = &menu->boots;
    char target[XW_TARGET_SIZE];
    char text[XW_ERROR_TEXT_MAX];
    unsigned int seconds = (unsigned int)((xw_pump_now() - menu->boot_began) / 1000);

    if (*menu->message && !menu->is_error)
        snprintf(text, sizeof(text), "%.300s; ready (login) after %u s", menu->message, seconds);
    else
        snprintf(text, sizeof(text), "%.300s: ready (login) after %u s",
                 xw_target_format(&all->world, target), seconds);
    xw_menu_tell(menu, false, text);
}

static void conclude(struct xw_menu *menu)
{
    const struct xw_boots *all = &menu->boots;
    char text[XW_ERROR_TEXT_MAX];
    char world[XW_WORLD_SIZE];
    const struct xw_boot *failed = NULL;

    for (size_t i = 0; i < all->count; i++) {
        if (all->boot[i].state == XW_BOOT_FAILED)
            failed = &all->boot[i];
    }
    if (failed) {
        snprintf(text, sizeof(text), "%s/%s: %.300s", xw_target_world(&all->world, world),
                 failed->machine, failed->reason);
        xw_menu_tell(menu, true, text);
    } else {
        tell_ready(menu);
    }
    xw_menu_boot_end(menu);
}

void xw_menu_boot_step(struct xw_menu *menu)
{
    if (menu->boots.count == 0 || !xw_boots_step(&menu->boots))
        return;
    if (!menu->boots.marking)
        conclude(menu);
    else if (menu->boot_acted)
        xw_boots_await(&menu->boots);
}

bool xw_menu_boot_shows(const struct xw_menu *menu)
{
    return menu->boots.count > 0 && menu->boot_acted;
}

const char *xw_menu_bar(int64_t elapsed, char bar[XW_MENU_BAR_SIZE])
{
    static const int64_t room = XW_MENU_BAR - BLOCK;
    const int64_t turn = elapsed / STEP_MS % (2 * room);
    const int at = (int)(turn > room ? 2 * room - turn : turn);

    snprintf(bar, XW_MENU_BAR_SIZE, "[%*s%.*s%*s]", at, "", BLOCK, "===", (int)room - at, "");
    return bar;
}

void xw_menu_boot_describe(const struct xw_menu *menu, char *text, size_t size)
{
    const struct xw_boot *boot = xw_boots_coming(&menu->boots);
    int64_t elapsed = xw_pump_now() - menu->boot_began;
    char world[XW_WORLD_SIZE];
    char bar[XW_MENU_BAR_SIZE];
    char of[48] = "";

    if (menu->boots.count > 1)
        snprintf(of, sizeof(of), " (%zu of %zu ready)", xw_boots_ready(&menu->boots),
                 menu->boots.count);
    snprintf(text, size, "%s %s/%s%s: booting, %lld s  %.200s", xw_menu_bar(elapsed, bar),
             xw_target_world(&menu->boots.world, world), boot ? boot->machine : "", of,
             (long long)(elapsed / 1000), boot ? boot->last : "");
}

void xw_menu_boot_end(struct xw_menu *menu)
{
    xw_boots_end(&menu->boots, 0);
    menu->boot_acted = false;
}
