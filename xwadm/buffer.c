#include "xwadm/buffer.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { FIRST_SIZE = 1024 };

/* Makes room for `more` bytes and a NUL. */
static bool make_room(struct xw_buffer *buffer, size_t more)
{
    size_t size = buffer->size ? buffer->size : FIRST_SIZE;

    while (size - buffer->length <= more)
        size *= 2;
    if (size == buffer->size)
        return true;
    char *text = realloc(buffer->text, size);
    if (!text) {
        buffer->failed = true;
        return false;
    }
    buffer->text = text;
    buffer->size = size;
    return true;
}

void xw_buffer_append(struct xw_buffer *buffer, const char *bytes, size_t length)
{
    if (buffer->failed || !make_room(buffer, length))
        return;
    memcpy(buffer->text + buffer->length, bytes, length);
    buffer->length += length;
    buffer->text[buffer->length] = '\0';
}

void xw_buffer_add(struct xw_buffer *buffer, const char *format, ...)
{
    char *text = NULL;
    va_list args;

    va_start(args, format);
    int length = vasprintf(&text, format, args);
    va_end(args);
    if (length < 0) {
        buffer->failed = true;
        return;
    }
    xw_buffer_append(buffer, text, (size_t)length);
    free(text);
}

void xw_buffer_free(struct xw_buffer *buffer)
{
    free(buffer->text);
    *buffer = (struct xw_buffer){0};
}
