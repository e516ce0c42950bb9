/*
 * Where things are in the drawing of a topology. Segments stand beside one another, and between
 * them, left of the first and right of the last, are gaps: gap i is left of segment i. A machine's
 * box is in one gap. What has an interface on a segment left of the gap has its line there on the
 * left, other lines are on the right; the gaps that they pass stay free beside the box. So boxes
 * need only be stacked, and no line meets one.
 */
#ifndef XW_XWSH_TOPOLOGY_LAYOUT_H
#define XW_XWSH_TOPOLOGY_LAYOUT_H

#include "xwsh/topology_wiring.h"

struct xw_layout {
    const struct xw_topology *topology;
    enum xw_charset charset;
    bool apart; /* the wires on the right have rows below those on the left */
    struct xw_wiring wiring;
    int rows;
    int columns;
    int head;                      /* rows of the segments' names and subnets */
    int *segments;                 /* the column of each segment's line */
    size_t *gaps;                  /* of each machine */
    struct xw_topology_box *boxes; /* of each machine */
    int *ends; /* of each gap, while boxes are stacked: the first row that is free */
};

/*
 * Lays a topology out so that it is at most `columns` wide, where it can be. Returns 0 or -ENOMEM;
 * the caller frees in both cases. The topology is kept until then.
 */
int xw_layout_make(const struct xw_topology *topology, enum xw_charset charset, int columns,
                   struct xw_layout *layout);

void xw_layout_free(struct xw_layout *layout);

/*
 * Whether a wire leaves its machine on the left; and in which row, counted from that of the first
 * wire: on each side the nearest segment comes first.
 */
bool xw_layout_is_left(const struct xw_layout *layout, size_t machine, size_t wire);
int xw_layout_row_of(const struct xw_layout *layout, size_t machine, size_t wire);

/* The wire that leaves on that side in that row, or NULL. */
const struct xw_wire *xw_layout_wire(const struct xw_layout *layout, size_t machine, bool left,
                                     int row);

/* Rows of a machine's box before that of its first wire. */
int xw_layout_rows_above(const struct xw_topology_machine *machine);

/* Columns of a machine's words, with their sign. */
int xw_layout_words_width(const struct xw_layout *layout,
                          const struct xw_topology_machine *machine);

#endif
