/*
 * How the keeper brings a viewer to a console's relay: one datagram to the socket that the relay
 * was given, with one descriptor, the viewer's stream.
 */
#ifndef XW_RELAY_JOIN_H
#define XW_RELAY_JOIN_H

#include "common/names.h"

/* What one child of the keeper's says when it is ready to be told of the viewer by another. */
#define XW_RELAY_ASKS '?'

enum xw_join_mode {
    XW_JOIN_WRITE, /* keys reach the guest unless somebody has taken over */
    XW_JOIN_WATCH, /* keys reach nobody */
    XW_JOIN_TAKE,  /* the only one whose keys reach the guest, until they leave */
    XW_JOIN_MODES
};

/* The name is the keeper's word, by the uid that the kernel attested; NUL to its end. */
struct xw_join {
    unsigned char mode;
    char name[XW_NAME_SIZE];
};

#endif
