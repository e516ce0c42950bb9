/*
 * One error object: a code for the program, words for a person.
 */
#ifndef XW_COMMON_ERROR_H
#define XW_COMMON_ERROR_H

#include <stdbool.h>

#define XW_ERROR_TEXT_MAX 512

/* Filled by the function that failed; read by whoever reports. Initialise with { 0 }. */
struct xw_error {
    int code;                     /* negative errno-style code, 0 while nothing has failed */
    bool refused;                 /* we decided so; nothing has gone wrong */
    char text[XW_ERROR_TEXT_MAX]; /* what happened, to what, what to do; UTF-8, no newline */
};

/*
 * Records a failure. err may be NULL. code is a negative errno-style value and is returned, so
 * that `return xw_fail(err, -ENOENT, "...")` is the whole error path. Control bytes in what the
 * format produces become '?', so a text never holds a newline or an escape sequence.
 */
int xw_fail(struct xw_error *err, int code, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* The same, with ": " and strerror(-code) after the text. */
int xw_fail_errno(struct xw_error *err, int code, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/*
 * Not allowed, or not there: the one answer for both. Returns -EPERM, which is also what a system
 * call may fail with; err->refused tells the two apart. err may be NULL.
 */
int xw_refuse(struct xw_error *err);

#endif
