/*
 * Waiting for domains to go off, by libvirt's lifecycle events (libvirt-domain.h,
 * VIR_DOMAIN_EVENT_ID_LIFECYCLE) and its default event loop (libvirt-event.h). For a process with
 * one thread, which waits for nothing else meanwhile.
 */
#ifndef XW_KEEPER_LIFECYCLE_H
#define XW_KEEPER_LIFECYCLE_H

#include <stdbool.h>
#include <stddef.h>

#include "common/error.h"
#include "xwhelper/keeper/host.h"

/*
 * Makes libvirt's event loop the process's. Must be called before xw_host_open(), or the
 * connection has no events. Returns 0 or a negative errno.
 */
int xw_lifecycle_init(struct xw_error *err);

/* A domain that is waited for. The caller owns the domain. */
struct xw_lifecycle_wait {
    virDomainPtr domain;
    bool off; /* set when it is */
};

/* Called once for each domain as it goes off, with its index. */
typedef void (*xw_lifecycle_off)(size_t index, void *data);

/*
 * Waits until all of them are off, for at most `seconds`. Those with `off` set already are left
 * alone. Returns 0, also when the time has passed: `off` tells; -EAGAIN when libvirt has gone.
 */
int xw_lifecycle_wait_off(struct xw_host *host, struct xw_lifecycle_wait *waits, size_t count,
                          unsigned int seconds, xw_lifecycle_off off, void *data,
                          struct xw_error *err);

#endif
