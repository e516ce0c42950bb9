#include "xwsh/world_topology.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "common/cleanup.h"

/* A topology that borrows its texts from a model. */
struct view {
    struct xw_topology topology;
    const char *segments[XW_SEGMENTS_MAX];
    struct xw_topology_machine machines[XW_MACHINES_MAX];
    struct xw_topology_interface interfaces[XW_MACHINES_MAX][XW_LINKS_MAX];
};

enum xw_mark xw_state_mark(enum xw_state state)
{
    switch (state) {
    case XW_STATE_RUNNING:
        return XW_MARK_GOOD;
    case XW_STATE_STARTING:
    case XW_STATE_STOPPING:
    case XW_STATE_PAUSED:
    case XW_STATE_SUSPENDED:
        return XW_MARK_BUSY;
    case XW_STATE_DISK_FULL:
    case XW_STATE_CRASHED:
    case XW_STATE_MISSING:
        return XW_MARK_BAD;
    default:
        return XW_MARK_OFF;
    }
}

/* The columns of the longest state: a machine that starts moves nothing. */
static int states_width(void)
{
    size_t width = 0;

    for (int i = 0; i < XW_STATE_COUNT; i++) {
        size_t length = strlen(xw_state_name((enum xw_state)i));
        width = length > width ? length : width;
    }
    return (int)width;
}

static void add_machine(const struct xw_machine *machine, struct xw_topology_machine *shown,
                        struct xw_topology_interface *interfaces)
{
    for (size_t i = 0; i < machine->link_count; i++)
        interfaces[i] =
            (struct xw_topology_interface){machine->links[i].segment, machine->links[i].address};
    *shown = (struct xw_topology_machine){.name = machine->name,
                                          .words = xw_state_name(machine->state),
                                          .mark = xw_state_mark(machine->state),
                                          .interface_count = machine->link_count,
                                          .interfaces = interfaces};
}

/* The caller frees the view, which is NULL without memory. */
static struct view *view_of(const struct xw_model *model)
{
    struct view *view = calloc(1, sizeof(*view));

    if (!view)
        return NULL;
    for (size_t i = 0; i < model->segment_count; i++)
        view->segments[i] = model->segments[i].name;
    for (size_t i = 0; i < model->machine_count; i++)
        add_machine(&model->machines[i], &view->machines[i], view->interfaces[i]);
    view->topology = (struct xw_topology){.segment_count = model->segment_count,
                                          .segments = view->segments,
                                          .machine_count = model->machine_count,
                                          .machines = view->machines,
                                          .words_columns = states_width()};
    return view;
}

int xw_world_draw(const struct xw_model *model, enum xw_charset charset, int columns,
                  struct xw_drawing *drawing)
{
    XW_AUTO_FREE struct view *view = view_of(model);

    *drawing = (struct xw_drawing){0};
    return view ? xw_topology_draw(&view->topology, charset, columns, drawing) : -ENOMEM;
}

char *xw_world_describe(const struct xw_model *model, enum xw_charset charset)
{
    XW_AUTO_FREE struct view *view = view_of(model);

    return view ? xw_topology_describe(&view->topology, charset) : NULL;
}
