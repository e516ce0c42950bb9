/*
 * Draws a screen on the terminal: our own sequences for it, and its text by the rules of
 * safe_text.h. Nothing of a guest's sequences gets there.
 *
 * Everything that was on the terminal goes up into its memory of lines. The guest's lines follow,
 * and between those above its cursor and the cursor's own a few words of ours, so that they stand
 * where they belong in time. The cursor is then in the guest's row wherever as many lines as the
 * words have are above it, and that many lines below where they aren't. An alternate screen has no
 * room for words; they are on the main one then.
 */
#ifndef XW_XWSH_DRAW_H
#define XW_XWSH_DRAW_H

#include <stdbool.h>

#include "xwsh/safe_text.h"
#include "xwsh/screen.h"

/*
 * words: lines that are safe to show, each with its newline; a line is no longer than the window is
 * wide, or it is cut by the terminal. Returns the text, which the caller frees, or NULL without
 * memory.
 */
char *xw_draw(const struct xw_screen *screen, int rows, int columns, enum xw_charset charset,
              const char *words);

/* Whether nothing is to be seen. */
bool xw_draw_is_blank(const struct xw_screen *screen, int rows, int columns);

/* Whether the terminal is left with a mode or a colour that is to be undone. */
bool xw_draw_touches(const struct xw_screen *screen, int rows);

#endif
