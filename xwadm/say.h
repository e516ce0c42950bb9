/*
 * Words to people: results to the standard output, everything else to the standard error.
 */
#ifndef XW_XWADM_SAY_H
#define XW_XWADM_SAY_H

#include <json-c/json.h>
#include <stdbool.h>
#include <time.h>

#include "common/error.h"

/* A line of a result. */
void xw_say(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* "xwadm: …" to the standard error: a remark, or what has gone wrong. */
void xw_note(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* Notes an error; returns the exit code that goes with its code. */
int xw_complain(const struct xw_error *err);

/* The exit code of an error's code: XW_EXIT_TRY_AGAIN for -EAGAIN, XW_EXIT_FAILED for others. */
int xw_exit_of(int code);

/* A size for people: "2.1 GiB". text has 16 bytes. */
void xw_size_text(unsigned long long bytes, char text[16]);

/* What json-c has made: the program ends, with words, where it could not. Not after a change. */
struct json_object *xw_json_need(struct json_object *object);

/* An object with "schema": 1. */
struct json_object *xw_json_new(void);

/* Adds members. */
void xw_json_text(struct json_object *object, const char *key, const char *text);
void xw_json_number(struct json_object *object, const char *key, unsigned long long number);
void xw_json_bool(struct json_object *object, const char *key, bool value);
void xw_json_time(struct json_object *object, const char *key, time_t when);

/* Prints the object and frees it. */
void xw_json_print(struct json_object *object);

#endif
