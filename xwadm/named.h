/* Users whom a lab's file names, as they are now: the record has the uid of when it was applied. */
#ifndef XW_XWADM_NAMED_H
#define XW_XWADM_NAMED_H

#include "common/record.h"

enum xw_named_state {
    XW_NAMED_THERE,
    XW_NAMED_CHANGED, /* the name is gone, or another account's */
    XW_NAMED_UNKNOWN  /* what looks up users has no answer now */
};

enum xw_named_state xw_named_find(const struct xw_named *named);

#endif
