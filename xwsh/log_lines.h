/*
 * What a machine writes to its console, as lines of text: what a printing terminal would have on
 * its paper. A carriage return goes back and what follows is written over; backspace, tab, and the
 * sequences that move within a line or erase its end are obeyed; one that moves to another line
 * begins a new one, so that nothing is lost to a screen that was cleared. Colours, titles and
 * whatever else leaves no text is left out (ECMA-48, and XTerm Control Sequences for the strings).
 *
 * The bytes are hostile. Memory is bounded by this structure; nothing is ever answered. A line is
 * still to be made safe to show (safe_text.h): bytes that are no UTF-8 are in it as they came.
 */
#ifndef XW_XWSH_LOG_LINES_H
#define XW_XWSH_LOG_LINES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Characters of a line; a longer one goes on in the next. Its bytes, with an end. */
enum { XW_LOG_COLUMNS_MAX = 1024, XW_LOG_LINE_SIZE = 4 * XW_LOG_COLUMNS_MAX + 1 };

enum xw_log_state {
    XW_LOG_TEXT,
    XW_LOG_ESCAPE,   /* after ESC */
    XW_LOG_SEQUENCE, /* after ESC [ */
    XW_LOG_STRING    /* after what begins a title or the like, which ends with its line at latest */
};

/* Start with { 0 }. */
struct xw_log_lines {
    enum xw_log_state state;
    bool plain;             /* the sequence has nothing but one number */
    unsigned int parameter; /* of the sequence so far */
    size_t column;
    size_t length;
    size_t partial_count; /* bytes of a character whose end has still to come */
    char partial[4];
    uint32_t cells[XW_LOG_COLUMNS_MAX]; /* characters, or XW_LOG_RAW and a byte that is none */
};

/* Above all characters. */
enum { XW_LOG_RAW = 0x110000 };

/* Is given each line that has ended, without its end, and without blanks there. */
typedef void xw_log_line(const char *line, void *data);

/* Takes bytes; data is the caller's. */
void xw_log_lines_take(struct xw_log_lines *lines, const char *bytes, size_t count,
                       xw_log_line *take, void *data);

/* Writes the line that has not ended, without blanks at its end. Returns text. */
const char *xw_log_lines_current(const struct xw_log_lines *lines, char text[XW_LOG_LINE_SIZE]);

/*
 * Whether a line is where getty(8) asks who is there: "login:" stands at its end. What the kernel
 * writes behind it, "[" and a time, does not count; "Last login:" is what login(1) says afterwards.
 */
bool xw_log_is_prompt(const char *line);

#endif
