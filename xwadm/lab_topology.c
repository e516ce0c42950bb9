#include "xwadm/lab_topology.h"

#include <errno.h>
#include <langinfo.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "common/cleanup.h"
#include "xwadm/say.h"
#include "xwsh/topology.h"

enum { WORDS_SIZE = XW_NAME_SIZE + 32, COLUMNS = 80 };

/* A topology that borrows its texts from a plan. */
struct view {
    struct xw_topology topology;
    const char *segments[XW_SEGMENTS_MAX];
    struct xw_topology_machine machines[XW_MACHINES_MAX];
    struct xw_topology_interface interfaces[XW_MACHINES_MAX][XW_INTERFACES_MAX];
    char words[XW_MACHINES_MAX][WORDS_SIZE];
};

static void add_machine(const struct xw_plan_machine *machine, struct xw_topology_machine *shown,
                        struct xw_topology_interface *interfaces, char words[WORDS_SIZE])
{
    for (size_t i = 0; i < machine->interface_count; i++)
        interfaces[i] = (struct xw_topology_interface){machine->interfaces[i].segment,
                                                       machine->interfaces[i].address};
    snprintf(words, WORDS_SIZE, "%s, %u MiB", machine->image, machine->memory);
    *shown = (struct xw_topology_machine){.name = machine->name,
                                          .words = words,
                                          .interface_count = machine->interface_count,
                                          .interfaces = interfaces};
}

/* The caller frees the view, which is NULL without memory. */
static struct view *view_of(const struct xw_plan *plan)
{
    struct view *view = calloc(1, sizeof(*view));

    if (!view)
        return NULL;
    for (size_t i = 0; i < plan->segment_count; i++)
        view->segments[i] = plan->segments[i];
    for (size_t i = 0; i < plan->machine_count; i++)
        add_machine(&plan->machines[i], &view->machines[i], view->interfaces[i], view->words[i]);
    view->topology = (struct xw_topology){.segment_count = plan->segment_count,
                                          .segments = view->segments,
                                          .machine_count = plan->machine_count,
                                          .machines = view->machines};
    return view;
}

static bool is_dumb(void)
{
    const char *term = getenv("TERM");

    return !term || !*term || strcmp(term, "dumb") == 0;
}

/* The drawing as lines, which the caller frees. NULL without memory, or where it is too wide. */
static char *draw(const struct xw_topology *topology, enum xw_charset charset, bool terminal)
{
    struct winsize size = {0};
    struct xw_drawing drawing;
    char *text = NULL;
    int columns = COLUMNS;

    if (terminal && ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0)
        columns = size.ws_col;
    int rc = xw_topology_draw(topology, charset, columns, &drawing);
    if (rc == 0 && terminal && drawing.picture.columns > columns)
        xw_note("drawn, this takes %d columns; in words:", drawing.picture.columns);
    else if (rc == 0)
        text = xw_picture_lines(&drawing.picture);
    xw_drawing_free(&drawing);
    return text;
}

int xw_lab_topology_print(const struct xw_plan *plan, bool plain, struct xw_error *err)
{
    XW_AUTO_FREE struct view *view = view_of(plan);
    XW_AUTO_FREE char *text = NULL;
    const enum xw_charset charset =
        strcmp(nl_langinfo(CODESET), "UTF-8") == 0 ? XW_CHARSET_UTF8 : XW_CHARSET_ASCII;
    const bool terminal = isatty(STDOUT_FILENO) == 1;

    if (view && !plain && !(terminal && is_dumb()))
        text = draw(&view->topology, charset, terminal);
    if (view && !text)
        text = xw_topology_describe(&view->topology, charset);
    if (!text)
        return xw_fail(err, -ENOMEM, "there is not enough memory");
    fputs(text, stdout);
    return 0;
}
