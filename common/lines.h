/*
 * The strict reader that all compiled records share (docs/protocols.md): lines of `key value`, in
 * an order that the caller walks through. The first deviation is remembered and refuses the whole
 * text; every call after it does nothing, so that a parser is a plain sequence of calls and asks
 * once, at the end. Compiled into the gate: no I/O, no allocation.
 */
#ifndef XW_COMMON_LINES_H
#define XW_COMMON_LINES_H

#include <stdbool.h>
#include <stddef.h>

#include "common/error.h"

#define XW_RECORD_LINE_MAX 1200 /* bytes of a record's line with its newline */

struct xw_record_lines {
    const char *rest;     /* what follows the current line */
    const char *end;      /* of the text */
    unsigned int number;  /* of the current line, from 1 */
    unsigned int taken;   /* the number of the line taken last */
    bool finished;        /* the text ended before the current line */
    int rc;               /* 0, or -EBADMSG from the first deviation on */
    struct xw_error *err; /* borrowed; may be NULL */
    char line[XW_RECORD_LINE_MAX];
};

/*
 * Starts reading length bytes of text, which must begin with the line `heading` and stay valid
 * while it is read. Every line must end with a newline, be shorter than XW_RECORD_LINE_MAX, hold no
 * control character (nor NUL), and neither begin nor end with a space.
 */
void xw_record_begin(struct xw_record_lines *lines, const char *text, size_t length,
                     const char *heading, struct xw_error *err);

/* Whether the current line is there, nothing has failed, and its key is this one. */
bool xw_record_at(const struct xw_record_lines *lines, const char *key);

/* Whether nothing has failed and there is no further line. */
bool xw_record_finished(const struct xw_record_lines *lines);

/*
 * Each of these takes the current line, which must be `key value`, and goes on to the next. They
 * return false, with the deviation remembered, when it is anything else. What they store into
 * is only to be used after a true.
 */

/* A value of 1 to size - 1 bytes. */
bool xw_record_text(struct xw_record_lines *lines, const char *key, char *value, size_t size);

/* A value for which ok() holds; value has XW_NAME_SIZE bytes. */
bool xw_record_name(struct xw_record_lines *lines, const char *key, bool (*ok)(const char *),
                    char *value);

/* A decimal number from min to max. */
bool xw_record_number(struct xw_record_lines *lines, const char *key, unsigned long min,
                      unsigned long max, unsigned long *value);

/* Two fields with one space between them. */
bool xw_record_pair(struct xw_record_lines *lines, const char *key, char *first, size_t first_size,
                    char *second, size_t second_size);

/* The line `end`, after which nothing may follow. Returns 0 or -EBADMSG: the verdict. */
int xw_record_end(struct xw_record_lines *lines);

/* Remembers a deviation: of the current line, or of the line taken last. Return false. */
bool xw_record_refuse(struct xw_record_lines *lines, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
bool xw_record_refuse_taken(struct xw_record_lines *lines, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/*
 * Whether text is well-formed UTF-8 (RFC 3629) of at least one character, without control
 * characters, line and paragraph separators, and marks that change the direction of text: fit
 * for being shown on one line of a terminal.
 */
bool xw_text_ok(const char *text);

#endif
