/* The drawing of a topology, by its layout. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "xwsh/topology_layout.h"

/* What lines are drawn with. */
enum part {
    ACROSS,
    DOWN,
    TOP_LEFT,
    TOP_RIGHT,
    BOTTOM_LEFT,
    BOTTOM_RIGHT,
    JOINED_LEFT, /* a box with a line that comes from the left */
    JOINED_RIGHT,
    SEGMENT,
    SEGMENT_LEFT, /* a segment with a line on its left */
    SEGMENT_RIGHT,
    SEGMENT_BOTH,
    PARTS
};

static const uint32_t drawn[][PARTS] = {
    [XW_CHARSET_ASCII] = {'-', '|', '+', '+', '+', '+', '+', '+', '#', '#', '#', '#'},
    [XW_CHARSET_UTF8] = {0x2500, 0x2502, 0x250c, 0x2510, 0x2514, 0x2518, 0x2524, 0x251c, 0x2551,
                         0x2562, 0x255f, 0x256b}};

/* The signs before a machine's words: a full circle, an empty one, a half one, an exclamation mark.
 */
static const uint32_t signs[][XW_MARK_BAD + 1] = {
    [XW_CHARSET_ASCII] =
        {[XW_MARK_GOOD] = '*', [XW_MARK_OFF] = 'o', [XW_MARK_BUSY] = '~', [XW_MARK_BAD] = '!'},
    [XW_CHARSET_UTF8] = {[XW_MARK_GOOD] = 0x25cf,
                         [XW_MARK_OFF] = 0x25cb,
                         [XW_MARK_BUSY] = 0x25d0,
                         [XW_MARK_BAD] = '!'}};

struct canvas {
    const struct xw_layout *layout;
    struct xw_picture *picture;
};

static void set(const struct canvas *canvas, int row, int column, enum part part)
{
    xw_picture_set(canvas->picture, row, column, drawn[canvas->layout->charset][part],
                   XW_MARK_NONE);
}

static bool is(const struct canvas *canvas, int row, int column, enum part part)
{
    return xw_picture_at(canvas->picture, row, column) == drawn[canvas->layout->charset][part];
}

static void put(const struct canvas *canvas, int row, int column, int columns, const char *text,
                enum xw_mark mark)
{
    xw_picture_put(canvas->picture, row, column, columns, canvas->layout->charset, text, mark);
}

/* Writes a text with its middle above a segment's line. */
static void put_above(const struct canvas *canvas, int row, int column, const char *text,
                      enum xw_mark mark)
{
    const int width = xw_picture_width(canvas->layout->charset, text);

    put(canvas, row, column - (width - 1) / 2, width, text, mark);
}

static void draw_segment(const struct canvas *canvas, size_t index)
{
    const struct xw_layout *layout = canvas->layout;
    const int column = layout->segments[index];

    put_above(canvas, 0, column, layout->topology->segments[index], XW_MARK_TITLE);
    if (layout->head > 1)
        put_above(canvas, 1, column, layout->wiring.subnets[index], XW_MARK_NONE);
    for (int row = layout->head; row < layout->rows; row++)
        set(canvas, row, column, SEGMENT);
}

static void draw_frame(const struct canvas *canvas, const struct xw_topology_box *box)
{
    const int right = box->column + box->columns - 1;
    const int bottom = box->row + box->rows - 1;

    for (int column = box->column + 1; column < right; column++) {
        set(canvas, box->row, column, ACROSS);
        set(canvas, bottom, column, ACROSS);
    }
    for (int row = box->row + 1; row < bottom; row++) {
        set(canvas, row, box->column, DOWN);
        set(canvas, row, right, DOWN);
    }
    set(canvas, box->row, box->column, TOP_LEFT);
    set(canvas, box->row, right, TOP_RIGHT);
    set(canvas, bottom, box->column, BOTTOM_LEFT);
    set(canvas, bottom, right, BOTTOM_RIGHT);
}

/* A line from a box to its segment, over those that it only passes. */
static void draw_line(const struct canvas *canvas, const struct xw_topology_box *box, int row,
                      int segment, bool left)
{
    const int edge = left ? box->column : box->column + box->columns - 1;
    const int step = left ? -1 : 1;
    const enum part other = left ? SEGMENT_LEFT : SEGMENT_RIGHT;
    const enum part own = left ? SEGMENT_RIGHT : SEGMENT_LEFT;

    set(canvas, row, edge, left ? JOINED_LEFT : JOINED_RIGHT);
    for (int column = edge + step; column != segment; column += step)
        set(canvas, row, column, ACROSS);
    set(canvas, row, segment, is(canvas, row, segment, other) ? SEGMENT_BOTH : own);
}

static void draw_wire(const struct canvas *canvas, size_t machine, size_t index)
{
    const struct xw_layout *layout = canvas->layout;
    const struct xw_wire *wire = &layout->wiring.machines[machine].wires[index];
    const struct xw_topology_box *box = &layout->boxes[machine];
    const bool left = xw_layout_is_left(layout, machine, index);
    const int row = box->row + xw_layout_rows_above(&layout->topology->machines[machine]) +
                    xw_layout_row_of(layout, machine, index);
    const int width = xw_picture_width(layout->charset, wire->address);

    put(canvas, row, left ? box->column + 2 : box->column + box->columns - 2 - width, width,
        wire->address, XW_MARK_NONE);
    draw_line(canvas, box, row, layout->segments[wire->segment], left);
}

static void draw_machine(const struct canvas *canvas, size_t index)
{
    const struct xw_layout *layout = canvas->layout;
    const struct xw_topology_machine *machine = &layout->topology->machines[index];
    const struct xw_topology_box *box = &layout->boxes[index];
    const int column = box->column + 2;
    const int columns = box->columns - 4;
    const int sign = machine->mark && *machine->words ? 2 : 0;

    draw_frame(canvas, box);
    put(canvas, box->row + 1, column, columns, machine->name, XW_MARK_TITLE);
    if (sign)
        xw_picture_set(canvas->picture, box->row + 2, column, signs[layout->charset][machine->mark],
                       machine->mark);
    put(canvas, box->row + 2, column + sign, columns - sign, machine->words, machine->mark);
    for (size_t i = 0; i < layout->wiring.machines[index].count; i++)
        draw_wire(canvas, index, i);
}

int xw_topology_draw(const struct xw_topology *topology, enum xw_charset charset, int columns,
                     struct xw_drawing *drawing)
{
    struct xw_layout layout;

    *drawing = (struct xw_drawing){0};
    int rc = xw_layout_make(topology, charset, columns, &layout);
    if (rc == 0)
        rc = xw_picture_new(&drawing->picture, layout.rows, layout.columns);
    if (rc == 0) {
        const struct canvas canvas = {&layout, &drawing->picture};
        for (size_t i = 0; i < topology->segment_count; i++)
            draw_segment(&canvas, i);
        for (size_t i = 0; i < topology->machine_count; i++)
            draw_machine(&canvas, i);
        drawing->head = layout.head;
        drawing->boxes = layout.boxes;
        layout.boxes = NULL;
    }
    xw_layout_free(&layout);
    return rc;
}

void xw_drawing_free(struct xw_drawing *drawing)
{
    xw_picture_free(&drawing->picture);
    free(drawing->boxes);
    *drawing = (struct xw_drawing){0};
}
