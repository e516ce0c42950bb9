/*
 * What happens to the machines that are shown (events.h). A machine's new state goes onto its page
 * as it is told, without a request; what is more than that, a list that is asked for anew tells.
 */
#include <string.h>

#include "xwsh/menu_state.h"
#include "xwsh/pump.h"

/* Where much happens, a list is asked for this often at most: of one's own worlds, of a class. */
enum { LIST_MS = 1000, CLASS_MS = 5000 };

static void ask_again(struct xw_menu *menu, int64_t at)
{
    if (menu->refresh.gate)
        menu->outdated = true;
    else if (at < menu->next_refresh)
        menu->next_refresh = at;
}

/* Whether the list of this page has something of that machine's in it. */
static bool list_has(const struct xw_menu *menu, const struct xw_event *event)
{
    const struct xw_model *model = &menu->model[menu->page];

    if (menu->page == XW_PAGE_LAB)
        return strcmp(menu->lab, event->lab) == 0;
    if (menu->page == XW_PAGE_CHECKPOINTS)
        return strcmp(menu->machine, event->machine) == 0;
    for (size_t i = 0; i < model->world_count; i++) {
        if (strcmp(model->worlds[i].lab, event->lab) == 0 &&
            strcmp(model->worlds[i].owner, event->owner) == 0)
            return true;
    }
    return false;
}

/* Returns whether it is one of the world that is shown, or was last. */
static bool set_state(struct xw_menu *menu, const struct xw_event *event)
{
    struct xw_model *model = &menu->model[XW_PAGE_MACHINES];

    for (size_t i = 0; i < model->machine_count; i++) {
        struct xw_machine *machine = &model->machines[i];
        if (strcmp(machine->lab, event->lab) != 0 || strcmp(machine->owner, event->owner) != 0 ||
            strcmp(machine->name, event->machine) != 0)
            continue;
        machine->state = event->state;
        return true;
    }
    return false;
}

static void take_state(struct xw_menu *menu, const struct xw_event *event)
{
    const bool shown = set_state(menu, event);

    if (menu->page == XW_PAGE_MACHINES) {
        /* An answer that is under way may be from before. */
        menu->outdated = menu->outdated || (menu->refresh.gate && shown);
        return;
    }
    if (list_has(menu, event) && (menu->page != XW_PAGE_CHECKPOINTS || shown))
        ask_again(menu, menu->began_refresh + (menu->page == XW_PAGE_LAB ? CLASS_MS : LIST_MS));
}

int64_t xw_menu_events_due(const struct xw_menu *menu)
{
    /* The first list is not to wait for them, and behind the lock nobody looks. */
    return menu->mode == XW_MODE_LOCKED || !menu->loaded[menu->page]
               ? -1
               : xw_events_retry_at(&menu->events);
}

void xw_menu_events_step(struct xw_menu *menu)
{
    const int64_t now = xw_pump_now();
    struct xw_event event;

    if (!menu->events.gate && xw_menu_events_due(menu) < 0)
        return;
    xw_events_take(&menu->events, now);
    while (xw_events_next(&menu->events, &event, now)) {
        if (event.kind == XW_EVENT_STATE)
            take_state(menu, &event);
        else
            ask_again(menu, 0);
    }
}

static bool has_lab(const struct xw_model *model, const char *lab)
{
    for (size_t i = 0; i < model->lab_count; i++) {
        if (strcmp(model->labs[i].lab, lab) == 0)
            return true;
    }
    return false;
}

void xw_menu_events_compare(struct xw_menu *menu, const struct xw_model *fresh)
{
    const struct xw_model *last = &menu->model[XW_PAGE_WORLDS];
    bool same = fresh->world_count == last->world_count && fresh->lab_count == last->lab_count;

    if (menu->page != XW_PAGE_WORLDS || !menu->loaded[XW_PAGE_WORLDS])
        return;
    for (size_t i = 0; i < fresh->world_count; i++)
        same = same && xw_menu_has_world(last, &fresh->worlds[i]);
    for (size_t i = 0; i < fresh->lab_count; i++)
        same = same && has_lab(last, fresh->labs[i].lab);
    if (!same)
        xw_events_renew(&menu->events);
}
