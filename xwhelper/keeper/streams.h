/*
 * How many streams of events there may be. Each is a request that is under way for as long as a
 * menu is open. So they have a part of what xworlds.conf(5) allows, per-user and in-all, and can't
 * use up what menus and commands ask besides.
 */
#ifndef XW_KEEPER_STREAMS_H
#define XW_KEEPER_STREAMS_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "common/config.h"
#include "xwhelper/keeper/journal.h"

struct xw_streams {
    size_t notes;         /* how many of the notes to look at */
    unsigned int of_user; /* the limits */
    unsigned int in_all;
};

/* A quarter of per-user, and half of in-all; one at least. */
unsigned int xw_streams_of_user(const struct xw_config *config);
unsigned int xw_streams_in_all(const struct xw_config *config);

/*
 * Whether those of this uid, and all, are within the limits: by the notes of all requests, that of
 * the one that asks among them. Of two that come at once both may be refused.
 */
bool xw_streams_fit(const struct xw_streams *streams, const struct xw_note *notes, uid_t uid);

#endif
