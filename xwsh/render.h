/*
 * Renders what a guest wrote to its console: libvterm's emulation of a terminal, which takes what a
 * real one would take, answers queries to nobody, and leaves text and attributes.
 *
 * The bytes are hostile, and libvterm is much code in C: only a process that can do nothing else
 * may call this (replay.h).
 */
#ifndef XW_XWSH_RENDER_H
#define XW_XWSH_RENDER_H

#include <stddef.h>

#include "xwsh/screen.h"

/* Fewer can't hold a wide character and something beside it. */
enum { XW_RENDER_ROWS_MIN = 2, XW_RENDER_COLUMNS_MIN = 8 };

/* The memory that rendering to a window of this size takes at most. */
size_t xw_render_memory(int rows, int columns);

/*
 * Fills a screen of xw_screen_size(rows, columns) bytes, zeroed. Calls nothing of the system: all
 * memory is what is given. A guest that needs more of it crashes the process.
 */
void xw_render(const char *bytes, size_t count, int rows, int columns, struct xw_screen *screen,
               void *memory, size_t size);

#endif
