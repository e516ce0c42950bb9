/*
 * The definition that a machine starts from.
 */
#ifndef XW_KEEPER_DEFINITION_H
#define XW_KEEPER_DEFINITION_H

#include <libvirt/libvirt.h>

#include "common/error.h"
#include "xwhelper/keeper/host.h"
#include "xwhelper/keeper/image.h"
#include "xwhelper/keeper/machine.h"
#include "xwhelper/keeper/plan.h"

/*
 * Finds the machine's domain and makes sure that it starts as xworlds.conf says, in its world's
 * partition: it is defined when libvirt doesn't have it, and again when it is off and was made for
 * the other accelerator, with other bounds (struct xw_bounds), or with a display or the channel for
 * files where it has none now, or without. A running one, or one whose memory is saved, goes on as
 * it is. Under the world's lock. The caller frees the domain. Returns 0, -EAGAIN, -ENOMEM or -EIO.
 */
int xw_definition_ensure(struct xw_host *host, const struct xw_machine *machine,
                         const struct xw_plan *plan, const struct xw_plan_machine *planned,
                         const struct xw_image *image, virDomainPtr *domain, struct xw_error *err);

/*
 * What the keeper would define for the machine now. The caller frees it; NULL with err filled when
 * memory is short.
 */
char *xw_definition_xml(struct xw_host *host, const struct xw_machine *machine,
                        const struct xw_plan *plan, const struct xw_plan_machine *planned,
                        const struct xw_image *image, struct xw_error *err);

#endif
