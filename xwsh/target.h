/*
 * What a command is about: WORLD, WORLD/MACHINE or WORLD/MACHINE,MACHINE.
 */
#ifndef XW_XWSH_TARGET_H
#define XW_XWSH_TARGET_H

#include "common/request.h"

/*
 * Sets lab and machines of the request as its verb's scope asks: XW_SCOPE_LAB takes WORLD,
 * XW_SCOPE_SET any form (WORLD is all its machines), XW_SCOPE_ONE takes WORLD/MACHINE.
 * Returns 0; -EINVAL where a name is outside the grammar, which is answered as what does not
 * exist; -EDOM where the form is not the verb's (a machine with `status`, none with `console`).
 */
int xw_target_parse(const char *text, struct xw_request *request);

/* "firewall/web,client", or "firewall" for a whole world. Returns buffer. */
enum { XW_TARGET_SIZE = XW_NAME_SIZE * (XW_MACHINES_MAX + 1) };
const char *xw_target_format(const struct xw_request *request, char buffer[XW_TARGET_SIZE]);

/* Joins the request's machines with commas ("*" for the whole world), as the gate takes them. */
const char *xw_target_machines(const struct xw_request *request, char buffer[XW_TARGET_SIZE]);

#endif
