/*
 * A lab's topology, which machines are on which segments: drawn, or in words. Pure functions of
 * what they are given, without a terminal; xwadm has them, too.
 *
 * The drawing: segments are double lines from top to bottom, in their order; machines are boxes
 * that hang on them, one that is on several stands between these. A line that has to pass a
 * segment interrupts its double line; one that is joined to it has a knot there. In ASCII a
 * segment is a line of '#', and what is joined touches it.
 */
#ifndef XW_XWSH_TOPOLOGY_H
#define XW_XWSH_TOPOLOGY_H

#include <stddef.h>

#include "xwsh/picture.h"
#include "xwsh/safe_text.h"

struct xw_topology_interface {
    const char *segment; /* one of the topology's; an interface on another is on none */
    const char *address; /* "10.1.0.1/24", or "" */
};

struct xw_topology_machine {
    const char *name;
    const char *words; /* what else there is to say, its state for instance; "" for nothing */
    enum xw_mark mark; /* of the words; stands before them as a sign, unless it is NONE */
    size_t interface_count;
    const struct xw_topology_interface *interfaces;
};

/* No text need be safe to show. */
struct xw_topology {
    size_t segment_count;
    const char *const *segments;
    size_t machine_count;
    const struct xw_topology_machine *machines;
    int words_columns; /* room for words, at least, so that nothing moves when they change */
};

/* Where a machine's box is. */
struct xw_topology_box {
    int row;
    int column;
    int rows;
    int columns;
};

struct xw_drawing {
    struct xw_picture picture;
    int head;                      /* rows at the top with the segments' names */
    struct xw_topology_box *boxes; /* of each machine */
};

/*
 * Draws it, so that it is at most `columns` wide where it can be. Returns 0 or -ENOMEM; the caller
 * frees the drawing in both cases.
 */
int xw_topology_draw(const struct xw_topology *topology, enum xw_charset charset, int columns,
                     struct xw_drawing *drawing);

void xw_drawing_free(struct xw_drawing *drawing);

/*
 * The same in sentences, one a line, for who has no use of a drawing. Returns the text, safe to
 * show, which the caller frees; NULL without memory.
 */
char *xw_topology_describe(const struct xw_topology *topology, enum xw_charset charset);

#endif
