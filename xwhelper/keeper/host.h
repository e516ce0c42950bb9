/*
 * The host that runs a world: its libvirt connection and its configuration. Today there is one
 * host; whoever needs "the host of this world" gets it here and nowhere else.
 */
#ifndef XW_KEEPER_HOST_H
#define XW_KEEPER_HOST_H

#include <libvirt/libvirt.h>
#include <libvirt/virterror.h>
#include <stdbool.h>
#include <sys/types.h>

#include "common/config.h"
#include "common/error.h"

/*
 * Reads path (missing file: all defaults); "auto" is resolved. Returns 0, -EBADMSG with file:line,
 * or an errno.
 */
int xw_config_read(const char *path, struct xw_config *config, struct xw_error *err);

/*
 * "kvm" when /dev/kvm opens and the processor has vmx or svm (as virt-host-validate(1) checks),
 * "qemu" (TCG) otherwise. cpuinfo is the path of that file: /proc/cpuinfo.
 */
const char *xw_accelerator_choose(const char *kvm_device, const char *cpuinfo);

struct xw_host;

/*
 * Opens the host of a world: read-write, or libvirt's read-only socket. The URI is fixed. Sets
 * libvirt's error handler so that nothing is printed. Returns 0, -EAGAIN (libvirt isn't
 * answering: try again), -EBADMSG (configuration); the caller closes.
 */
int xw_host_open(struct xw_host **host, struct xw_error *err);
int xw_host_open_read_only(struct xw_host **host, struct xw_error *err);
void xw_host_close(struct xw_host *host);

virConnectPtr xw_host_libvirt(const struct xw_host *host);
const struct xw_config *xw_host_config(const struct xw_host *host);

/*
 * After a failed libvirt call: fills err with `what` and libvirt's own message. Returns -EAGAIN
 * when the connection broke or the daemon is going away, -ENOENT when the domain doesn't exist,
 * -ENOSPC when libvirt had no room on the disk, -EIO otherwise.
 */
int xw_libvirt_fail(struct xw_host *host, struct xw_error *err, const char *what, ...)
    __attribute__((format(printf, 3, 4)));

#endif
