/*
 * A world's topology, from what the gate has told of it: drawn, or in words, with the state of each
 * machine.
 */
#ifndef XW_XWSH_WORLD_TOPOLOGY_H
#define XW_XWSH_WORLD_TOPOLOGY_H

#include "xwsh/model.h"
#include "xwsh/topology.h"

/* What is meant by a state, at a glance. */
enum xw_mark xw_state_mark(enum xw_state state);

/* As xw_topology_draw() and xw_topology_describe(). */
int xw_world_draw(const struct xw_model *model, enum xw_charset charset, int columns,
                  struct xw_drawing *drawing);
char *xw_world_describe(const struct xw_model *model, enum xw_charset charset);

#endif
