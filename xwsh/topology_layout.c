#include "xwsh/topology_layout.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum {
    FRAME = 4,       /* columns of a box beside what is in it */
    BETWEEN = 3,     /* columns between two addresses in one row, at least */
    PASSED = 3,      /* of a gap without a box */
    HEADS_APART = 2, /* between the names of two segments */
    LINE_LONG = 4,
    LINE_SHORT = 2
};

/* What is tried, the best first. */
struct way {
    int line;   /* columns from a box to its segment */
    bool left;  /* the gap at this side may have boxes */
    bool right; /* and that at the other */
    bool apart; /* lines to the left and to the right have rows of their own */
};

static const struct way ways[] = {
    {LINE_LONG, true, true, false},   {LINE_SHORT, true, true, false},
    {LINE_LONG, false, true, false},  {LINE_SHORT, false, true, false},
    {LINE_LONG, false, false, false}, {LINE_SHORT, false, false, false},
    {LINE_SHORT, true, true, true},   {LINE_SHORT, false, true, true},
    {LINE_SHORT, false, false, true}};

enum { WAYS = sizeof(ways) / sizeof(ways[0]) };

static int larger(int a, int b)
{
    return a > b ? a : b;
}

bool xw_layout_is_left(const struct xw_layout *layout, size_t machine, size_t wire)
{
    return layout->wiring.machines[machine].wires[wire].segment < layout->gaps[machine];
}

int xw_layout_row_of(const struct xw_layout *layout, size_t machine, size_t wire)
{
    const struct xw_machine_wires *wires = &layout->wiring.machines[machine];
    const size_t segment = wires->wires[wire].segment;
    const bool left = xw_layout_is_left(layout, machine, wire);
    int row = 0;

    for (size_t i = 0; i < wires->count; i++) {
        const size_t other = wires->wires[i].segment;
        const bool nearer = left ? other > segment : other < segment;
        if (xw_layout_is_left(layout, machine, i) == left)
            row += nearer || (other == segment && i < wire);
        else
            row += layout->apart && !left;
    }
    return row;
}

const struct xw_wire *xw_layout_wire(const struct xw_layout *layout, size_t machine, bool left,
                                     int row)
{
    const struct xw_machine_wires *wires = &layout->wiring.machines[machine];

    for (size_t i = 0; i < wires->count; i++) {
        if (xw_layout_is_left(layout, machine, i) == left &&
            xw_layout_row_of(layout, machine, i) == row)
            return &wires->wires[i];
    }
    return NULL;
}

int xw_layout_rows_above(const struct xw_topology_machine *machine)
{
    return *machine->words ? 3 : 2;
}

int xw_layout_words_width(const struct xw_layout *layout, const struct xw_topology_machine *machine)
{
    int width = xw_picture_width(layout->charset, machine->words);

    return larger(width, layout->topology->words_columns) + (machine->mark ? 2 : 0);
}

/* How many rows a machine has for its wires. */
static int wire_rows(const struct xw_layout *layout, size_t machine)
{
    int rows = 0;

    for (size_t i = 0; i < layout->wiring.machines[machine].count; i++)
        rows = larger(rows, xw_layout_row_of(layout, machine, i) + 1);
    return rows;
}

/* How wide a machine's box is, once its gap is known. */
static int box_width(const struct xw_layout *layout, size_t index)
{
    const struct xw_topology_machine *machine = &layout->topology->machines[index];
    int width = xw_picture_width(layout->charset, machine->name);

    if (*machine->words)
        width = larger(width, xw_layout_words_width(layout, machine));
    for (int row = 0; row < wire_rows(layout, index); row++) {
        const struct xw_wire *left = xw_layout_wire(layout, index, true, row);
        const struct xw_wire *right = xw_layout_wire(layout, index, false, row);
        int both = left && right ? BETWEEN : 0;
        both += left ? xw_picture_width(layout->charset, left->address) : 0;
        both += right ? xw_picture_width(layout->charset, right->address) : 0;
        width = larger(width, both);
    }
    return width + FRAME;
}

/* --- rows ---------------------------------------------------------------------------------------
 */

/* The segments of a machine that are farthest left and right. */
static void reach_of(const struct xw_layout *layout, size_t machine, size_t *first, size_t *last)
{
    const struct xw_machine_wires *wires = &layout->wiring.machines[machine];

    *first = layout->topology->segment_count;
    *last = 0;
    for (size_t i = 0; i < wires->count; i++) {
        const size_t segment = wires->wires[i].segment;
        *first = segment < *first ? segment : *first;
        *last = segment > *last ? segment : *last;
    }
}

/* Where a box would be in a gap: below all that is in the gaps that it and its lines take. */
static int row_in(const struct xw_layout *layout, size_t machine, size_t gap, size_t *from,
                  size_t *to)
{
    int row = 0;

    reach_of(layout, machine, from, to);
    *from = *from + 1 < gap ? *from + 1 : gap;
    *to = *to > gap ? *to : gap;
    for (size_t i = *from; i <= *to; i++)
        row = larger(row, layout->ends[i]);
    return row;
}

static void put_into(struct xw_layout *layout, size_t machine, size_t gap)
{
    struct xw_topology_box *box = &layout->boxes[machine];
    size_t from;
    size_t to;

    layout->gaps[machine] = gap;
    box->row = row_in(layout, machine, gap, &from, &to);
    box->rows =
        xw_layout_rows_above(&layout->topology->machines[machine]) + wire_rows(layout, machine) + 1;
    for (size_t i = from; i <= to; i++)
        layout->ends[i] = box->row + box->rows;
}

/* The gap of a machine that is on several segments: about half of its lines leave on each side. */
static size_t gap_between(const struct xw_layout *layout, size_t machine)
{
    const struct xw_machine_wires *wires = &layout->wiring.machines[machine];
    size_t gap = 0;
    size_t last;

    reach_of(layout, machine, &gap, &last);
    for (gap++; gap < last; gap++) {
        size_t left = 0;
        for (size_t i = 0; i < wires->count; i++)
            left += wires->wires[i].segment < gap;
        if (2 * left >= wires->count)
            break;
    }
    return gap;
}

/* Puts a machine that is on one segment, or none, where it comes highest. */
static void put_beside(struct xw_layout *layout, size_t machine, const struct way *way)
{
    const size_t segments = layout->topology->segment_count;
    const bool hangs = layout->wiring.machines[machine].count > 0;
    size_t best = segments;
    size_t first;
    size_t last;
    int best_row = -1;

    reach_of(layout, machine, &first, &last);
    for (size_t gap = hangs ? first : 0; gap <= (hangs ? first + 1 : segments); gap++) {
        if ((gap == 0 && !way->left && segments > 0) ||
            (gap == segments && !way->right && segments > 1))
            continue;
        if (best_row < 0 || layout->ends[gap] < best_row) {
            best_row = layout->ends[gap];
            best = gap;
        }
    }
    put_into(layout, machine, best);
}

static bool is_between(const struct xw_layout *layout, size_t machine)
{
    size_t first;
    size_t last;

    reach_of(layout, machine, &first, &last);
    return first < last;
}

/* Stacks all boxes; those that must be between segments first. */
static void stack(struct xw_layout *layout, const struct way *way)
{
    const struct xw_topology *topology = layout->topology;

    layout->apart = way->apart;
    memset(layout->ends, 0, (topology->segment_count + 1) * sizeof(*layout->ends));
    for (size_t i = 0; i < topology->machine_count; i++) {
        if (is_between(layout, i))
            put_into(layout, i, gap_between(layout, i));
    }
    for (size_t i = 0; i < topology->machine_count; i++) {
        if (!is_between(layout, i))
            put_beside(layout, i, way);
    }
}

/* --- columns ------------------------------------------------------------------------------------
 */

static int head_width(const struct xw_layout *layout, size_t segment)
{
    return larger(xw_picture_width(layout->charset, layout->topology->segments[segment]),
                  xw_picture_width(layout->charset, layout->wiring.subnets[segment]));
}

/* The width of the boxes of a gap, which all have one; 0 where it has none. */
static int boxes_width(const struct xw_layout *layout, size_t gap)
{
    int width = 0;

    for (size_t i = 0; i < layout->topology->machine_count; i++) {
        if (layout->gaps[i] == gap)
            width = larger(width, box_width(layout, i));
    }
    return width;
}

/* The columns of a gap: of its boxes and their lines, or of the names above the lines beside it. */
static int gap_width(const struct xw_layout *layout, size_t gap, int boxes, int line)
{
    const size_t segments = layout->topology->segment_count;
    const bool has_left = gap > 0;
    const bool has_right = gap < segments;
    int heads = (has_left ? head_width(layout, gap - 1) / 2 : 0) +
                (has_right ? (head_width(layout, gap) - 1) / 2 : 0) +
                (has_left && has_right ? HEADS_APART : 0);
    int width = boxes > 0               ? boxes + (has_left ? line : 0) + (has_right ? line : 0)
                : has_left && has_right ? PASSED
                                        : 0;

    return larger(width, heads);
}

/* Gives the boxes of a gap their column: at the line where there is one, else in the middle. */
static void place_boxes(struct xw_layout *layout, size_t gap, int start, int width, int boxes,
                        int line)
{
    const bool has_left = gap > 0;
    const bool has_right = gap < layout->topology->segment_count;
    int column = has_left && has_right ? start + (width - boxes) / 2
                 : has_left            ? start + line
                                       : start + width - boxes - (has_right ? line : 0);

    for (size_t i = 0; i < layout->topology->machine_count; i++) {
        if (layout->gaps[i] != gap)
            continue;
        layout->boxes[i].column = column;
        layout->boxes[i].columns = boxes;
    }
}

static void spread(struct xw_layout *layout, const struct way *way)
{
    const size_t segments = layout->topology->segment_count;
    int column = 0;

    for (size_t gap = 0; gap <= segments; gap++) {
        int boxes = boxes_width(layout, gap);
        int width = gap_width(layout, gap, boxes, way->line);
        place_boxes(layout, gap, column, width, boxes, way->line);
        column += width;
        if (gap < segments)
            layout->segments[gap] = column++;
    }
    layout->columns = column;
}

/* --- all ----------------------------------------------------------------------------------------
 */

/* Puts the boxes below the names, with a row of nothing but lines above and below them all. */
static void add_head(struct xw_layout *layout)
{
    const size_t segments = layout->topology->segment_count;
    int end = 0;

    for (size_t i = 0; i < segments; i++)
        layout->head = larger(layout->head, *layout->wiring.subnets[i] ? 2 : 1);
    const int margin = segments > 0 ? 1 : 0;
    for (size_t i = 0; i < layout->topology->machine_count; i++)
        layout->boxes[i].row += layout->head + margin;
    for (size_t i = 0; i <= segments; i++)
        end = larger(end, layout->ends[i]);
    layout->rows = layout->head + margin + end + margin;
}

int xw_layout_make(const struct xw_topology *topology, enum xw_charset charset, int columns,
                   struct xw_layout *layout)
{
    *layout = (struct xw_layout){.topology = topology, .charset = charset};
    layout->segments = calloc(topology->segment_count + 1, sizeof(*layout->segments));
    layout->ends = calloc(topology->segment_count + 1, sizeof(*layout->ends));
    layout->gaps = calloc(topology->machine_count + 1, sizeof(*layout->gaps));
    layout->boxes = calloc(topology->machine_count + 1, sizeof(*layout->boxes));
    if (!layout->segments || !layout->ends || !layout->gaps || !layout->boxes)
        return -ENOMEM;
    int rc = xw_wiring_make(topology, &layout->wiring);
    if (rc < 0)
        return rc;
    for (size_t i = 0; i < WAYS; i++) {
        stack(layout, &ways[i]);
        spread(layout, &ways[i]);
        if (layout->columns <= columns)
            break;
    }
    add_head(layout);
    return 0;
}

void xw_layout_free(struct xw_layout *layout)
{
    xw_wiring_free(&layout->wiring);
    free(layout->segments);
    free(layout->ends);
    free(layout->gaps);
    free(layout->boxes);
    *layout = (struct xw_layout){0};
}
