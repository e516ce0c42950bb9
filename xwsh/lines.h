/*
 * Lines of bounded length from a non-blocking descriptor.
 */
#ifndef XW_XWSH_LINES_H
#define XW_XWSH_LINES_H

#include <stdbool.h>
#include <stddef.h>

#include "common/request.h"

struct xw_lines {
    size_t start; /* of the first line not given out yet */
    size_t used;
    bool at_end; /* the other side has closed */
    char buffer[XW_LINE_MAX];
};

/* Reads once what is there. Returns 0 (also when nothing is, or at the end) or a negative errno. */
int xw_lines_fill(struct xw_lines *lines, int fd);

/*
 * Gives the next whole line, without its newline, in *line: valid until the next call of either.
 * Returns 1; 0 where no whole line is there yet; -EMSGSIZE for a line longer than XW_LINE_MAX
 * bytes with its end; -EBADMSG for a line that holds a NUL, or that the end has cut off.
 */
int xw_lines_next(struct xw_lines *lines, char **line);

#endif
