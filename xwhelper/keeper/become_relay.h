/*
 * How a child of the keeper's becomes a relay (xwhelper/relay).
 */
#ifndef XW_KEEPER_BECOME_RELAY_H
#define XW_KEEPER_BECOME_RELAY_H

#include <stddef.h>

#include "xwhelper/keeper/confine.h"

enum { XW_RELAY_FIRST = 3, XW_RELAY_DESCRIPTORS_MAX = 5, XW_RELAY_KIND_SIZE = 24 };

/*
 * Executes the relay as this account, with one argument and these descriptors from number 3 on, of
 * which there are at most XW_RELAY_DESCRIPTORS_MAX, and no others: not the keeper's first three,
 * either; descriptor 2 is a socket of journald's on a real host. Aborts when anything fails.
 */
_Noreturn void xw_become_relay(const struct xw_account *account, const char *kind,
                               const int *descriptors, size_t count);

#endif
