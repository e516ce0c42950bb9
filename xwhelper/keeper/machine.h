/*
 * One machine of a world: its domain's name, identity, definition and state.
 */
#ifndef XW_KEEPER_MACHINE_H
#define XW_KEEPER_MACHINE_H

#include <libvirt/libvirt.h>
#include <stdbool.h>
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
#define XW_PARTITION_SIZE   32

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

/*
 * libvirt's name for the world's cgroup: "/machine/xw/" and 12 letters and digits of lab and owner,
 * which neither cgroups nor systemd's units escape.
 */
void xw_world_partition(const char *lab, const char *owner, char partition[XW_PARTITION_SIZE]);

/* Paths below /run/xworlds and /var/lib/xworlds/worlds. Return 0 or -ENAMETOOLONG. */
int xw_machine_console_path(const struct xw_machine *machine, char *path, size_t size);
int xw_machine_copy_path(const struct xw_machine *machine, char *path, size_t size);
int xw_machine_overlay_path(const struct xw_machine *machine, char *path, size_t size);

/* Where virtlogd writes what the machine's console says; older files have ".0" and so on behind. */
int xw_machine_log_path(const struct xw_machine *machine, char *path, size_t size);

/* What bounds a machine besides its memory and its processors: the host, and xworlds.conf(5). */
struct xw_bounds {
    bool partition;               /* it runs in its world's cgroup */
    bool memory_limit;            /* the memory of its process is limited */
    unsigned int disk_rate;       /* of a disk, MiB a second; 0: no limit */
    unsigned int disk_operations; /* of a disk, a second; 0: no limit */
};

/*
 * The memory, in MiB, beyond which the process of a machine of so much memory is held back:
 * libvirt's soft_limit, which is memory.high of cgroup v2. It is slowed down then and its pages are
 * reclaimed, but it is not killed, as by hard_limit, which libvirt advises not to guess, and with
 * which it also lets QEMU lock that much memory. QEMU takes some 100 MiB for itself and up to 32
 * for each disk; the host's cache of the disk counts, too, and is the first to go.
 */
unsigned int xw_machine_memory_limit(unsigned int memory);

/*
 * The domain's XML (libvirt's formatdomain), from our own template. The caller frees the result;
 * NULL with err filled when memory is short.
 */
char *xw_machine_xml(const struct xw_machine *machine, const struct xw_plan *plan,
                     const struct xw_plan_machine *planned, const struct xw_image *image,
                     const char *accelerator, const struct xw_bounds *bounds, struct xw_error *err);

/*
 * The word of docs/protocols.md for a domain's state; domain NULL: "missing". NULL, with libvirt's
 * last error, where libvirt doesn't say.
 */
const char *xw_machine_state(virDomainPtr domain);

/* The state of one that QEMU has paused because the host's disk took no more of what it wrote. */
#define XW_MACHINE_DISK_FULL "disk-full"

#endif
