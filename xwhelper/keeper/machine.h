/*
 * One machine of a world: its domain's name, identity, definition and state.
 */
#ifndef XW_KEEPER_MACHINE_H
#define XW_KEEPER_MACHINE_H

#include <libvirt/libvirt.h>
#include <stddef.h>
#include <uuid/uuid.h>

#include "common/error.h"
#include "common/names.h"
#include "xwhelper/keeper/host.h"
#include "xwhelper/keeper/image.h"
#include "xwhelper/keeper/plan.h"

#define XW_DOMAIN_NAME_SIZE (3 + 3 * XW_NAME_SIZE)
#define XW_MAC_SIZE         18
#define XW_BRIDGE_SIZE      16 /* IFNAMSIZ */

/* Everything about a machine is computed from these names. They have been checked. */
struct xw_machine {
    const char *lab;
    const char *owner;
    const char *machine;
};

/* "xw:LAB:OWNER:MACHINE". */
void xw_machine_domain(const struct xw_machine *machine, char name[XW_DOMAIN_NAME_SIZE]);

/* UUIDv5 (RFC 4122, 4.3) of the domain's name in a name space of our own. */
void xw_machine_uuid(const struct xw_machine *machine, uuid_t uuid);

/* The MAC address of an interface: 52:54:00 (QEMU's) and 24 bits derived from domain and index. */
void xw_machine_mac(const struct xw_machine *machine, size_t index, char mac[XW_MAC_SIZE]);

/* The bridge of a segment: "xw-" and 12 letters and digits derived from lab, owner and segment. */
void xw_segment_bridge(const char *lab, const char *owner, const char *segment,
                       char bridge[XW_BRIDGE_SIZE]);

/* The host's end of an interface: "xwt-" and 11 such letters and digits of domain and index. */
void xw_machine_tap(const struct xw_machine *machine, size_t index, char tap[XW_BRIDGE_SIZE]);

/* Paths below /run/xworlds and /var/lib/xworlds/worlds. Return 0 or -ENAMETOOLONG. */
int xw_machine_console_path(const struct xw_machine *machine, char *path, size_t size);
int xw_machine_overlay_path(const struct xw_machine *machine, char *path, size_t size);

/*
 * The domain's XML (libvirt's formatdomain), from our own template. The caller frees the result;
 * NULL with err filled when memory is short.
 */
char *xw_machine_xml(const struct xw_machine *machine, const struct xw_plan *plan,
                     const struct xw_plan_machine *planned, const struct xw_image *image,
                     const char *accelerator, struct xw_error *err);

/*
 * The word of docs/protocols.md for a domain's state; domain NULL: "missing". NULL, with libvirt's
 * last error, where libvirt doesn't say.
 */
const char *xw_machine_state(virDomainPtr domain);

/* The state of one that QEMU has paused because the host's disk took no more of what it wrote. */
#define XW_MACHINE_DISK_FULL "disk-full"

#endif
