/*
 * A text that grows. After a failed allocation it takes nothing more and says so once, at the end.
 */
#ifndef XW_XWADM_BUFFER_H
#define XW_XWADM_BUFFER_H

#include <stdbool.h>
#include <stddef.h>

struct xw_buffer {
    char *text; /* always ends with a NUL; NULL while nothing has been added */
    size_t length;
    size_t size;
    bool failed; /* memory was short: text is incomplete */
};

/* Appends what the format gives. */
void xw_buffer_add(struct xw_buffer *buffer, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* Appends length bytes. */
void xw_buffer_append(struct xw_buffer *buffer, const char *bytes, size_t length);

/* Frees the text; for __attribute__((cleanup)) too. */
void xw_buffer_free(struct xw_buffer *buffer);

#define XW_AUTO_BUFFER __attribute__((cleanup(xw_buffer_free))) struct xw_buffer

#endif
