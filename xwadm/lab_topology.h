/*
 * The topology of a compiled lab, as xwsh shows a world's.
 */
#ifndef XW_XWADM_LAB_TOPOLOGY_H
#define XW_XWADM_LAB_TOPOLOGY_H

#include <stdbool.h>

#include "common/error.h"
#include "xwhelper/keeper/plan.h"

/*
 * Prints it: drawn as wide as the terminal, or 80 columns where it is none, in the characters of
 * the locale; in sentences if asked for (plain), and on a terminal that is dumb or narrower than
 * the drawing. Returns 0, or -ENOMEM with err set.
 */
int xw_lab_topology_print(const struct xw_plan *plan, bool plain, struct xw_error *err);

#endif
