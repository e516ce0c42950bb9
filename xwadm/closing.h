/*
 * The windows of worlds, as tick and purge ask for them.
 */
#ifndef XW_XWADM_CLOSING_H
#define XW_XWADM_CLOSING_H

#include <stdbool.h>
#include <time.h>

#include "common/access.h"
#include "common/error.h"
#include "common/names.h"
#include "xwadm/worlds.h"

/* Begins as {.labs = DESCRIPTOR, .now = TIME}; the rest is the lab that was asked for last. */
struct xw_closing {
    int labs; /* XW_LABS_DIR, borrowed */
    time_t now;
    char lab[XW_NAME_SIZE];
    int rc;
    struct xw_access access;
};

/*
 * Looks up the window of a world for its owner. Returns 0, or a negative errno after noting why:
 * what is wrong with a lab once, as long as its worlds come one after the other. Nothing may be
 * decided about such a world: the extension that can't be read may be the one that keeps it.
 */
int xw_closing_window(struct xw_closing *closing, const struct xw_world_name *world,
                      struct xw_window *window);

/*
 * Whether the owner instructs the lab that was asked for last. Windows don't bind an instructor's
 * own world (xw_access_decide()). Returns 1, 0, or a negative errno after noting why.
 */
int xw_closing_instructs(const struct xw_closing *closing, const struct xw_world_name *world);

#endif
