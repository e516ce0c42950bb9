/*
 * What a command is about: WORLD, WORLD/MACHINE or WORLD/MACHINE,MACHINE. A WORLD is LAB, one's own
 * or that of one's only team, or LAB:OWNER: of a team (LAB:@blue) or of somebody else (LAB:alice).
 */
#ifndef XW_XWSH_TARGET_H
#define XW_XWSH_TARGET_H

#include "common/request.h"

/* A world as it is written, with its end. */
enum { XW_WORLD_SIZE = 2 * XW_NAME_SIZE };

/* LAB or LAB:OWNER, which xw_request_set_world() reads. Returns buffer. */
const char *xw_target_world(const struct xw_request *request, char buffer[XW_WORLD_SIZE]);

/*
 * Sets lab, owner and machines of the request as its verb's scope asks: XW_SCOPE_LAB takes WORLD,
 * XW_SCOPE_SET any form (WORLD is all its machines), XW_SCOPE_ONE takes WORLD/MACHINE.
 * Returns 0; -EINVAL where a name is outside the grammar, which is answered as what does not
 * exist; -EDOM where the form is not the verb's (a machine with `status`, none with `console`).
 */
int xw_target_parse(const char *text, struct xw_request *request);

/* "firewall/web,client", or "firewall:@blue" for a whole world. Returns buffer. */
enum { XW_TARGET_SIZE = XW_WORLD_SIZE + XW_NAME_SIZE * XW_MACHINES_MAX };
const char *xw_target_format(const struct xw_request *request, char buffer[XW_TARGET_SIZE]);

/* Joins the request's machines with commas ("*" for the whole world), as the gate takes them. */
const char *xw_target_machines(const struct xw_request *request, char buffer[XW_TARGET_SIZE]);

/*
 * What is typed to confirm that disks are put back: the owner's name where the world is named by
 * it, so that nobody means their own; else the machine's where it is one, or the lab's.
 */
const char *xw_target_word(const struct xw_request *request);

#endif
