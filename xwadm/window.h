/*
 * Windows of labs and extensions of users, as xwadm shows them.
 */
#ifndef XW_XWADM_WINDOW_H
#define XW_XWADM_WINDOW_H

#include <json-c/json.h>
#include <time.h>

#include "common/access.h"
#include "common/error.h"

/* A time in the host's zone, with its name: "2026-12-01 08:00 CET". */
#define XW_WHEN_SIZE 64
void xw_when_text(time_t when, char text[XW_WHEN_SIZE]);

/*
 * Reads the record of a world's owner, for the extension in it. 0 with an empty record where there
 * is none; or a negative errno.
 */
int xw_extension_read(const char *lab, const char *user, struct xw_owner *owner,
                      struct xw_error *err);

/*
 * What of a window concerns people now: "opens …", "open until …", "closed since …"; "" for a lab
 * that is always open.
 */
#define XW_WINDOW_TEXT_SIZE (XW_WHEN_SIZE + 32)
void xw_window_text(const struct xw_window *window, char text[XW_WINDOW_TEXT_SIZE]);

/* Adds the member "window", unless the lab is always open. */
void xw_window_json(const struct xw_window *window, struct json_object *object);

#endif
