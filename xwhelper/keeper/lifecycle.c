#include "xwhelper/keeper/lifecycle.h"

#include <errno.h>
#include <libvirt/libvirt-event.h>
#include <string.h>

struct watch {
    struct xw_lifecycle_wait *waits;
    size_t count;
    bool expired;
    bool closed;
    xw_lifecycle_off off;
    void *data;
};

int xw_lifecycle_init(struct xw_error *err)
{
    return virEventRegisterDefaultImpl() < 0
               ? xw_libvirt_fail(NULL, err, "libvirt's event loop can't be set up")
               : 0;
}

static void mark_off(struct watch *watch, size_t index)
{
    if (watch->waits[index].off)
        return;
    watch->waits[index].off = true;
    watch->off(index, watch->data);
}

/* The event's domain is another object than the caller's; names are unique on a host. */
static int lifecycle_changed(virConnectPtr libvirt, virDomainPtr domain, int event, int detail,
                             void *data)
{
    struct watch *watch = data;

    (void)libvirt;
    (void)detail;
    for (size_t i = 0; event == VIR_DOMAIN_EVENT_STOPPED && i < watch->count; i++) {
        if (strcmp(virDomainGetName(watch->waits[i].domain), virDomainGetName(domain)) == 0)
            mark_off(watch, i);
    }
    return 0;
}

static void time_passed(int timer, void *data)
{
    (void)timer;
    ((struct watch *)data)->expired = true;
}

static void connection_closed(virConnectPtr libvirt, int reason, void *data)
{
    (void)libvirt;
    (void)reason;
    ((struct watch *)data)->closed = true;
}

static bool all_off(const struct watch *watch)
{
    size_t off = 0;

    for (size_t i = 0; i < watch->count; i++)
        off += watch->waits[i].off;
    return off == watch->count;
}

/* Those that went off before events were delivered. */
static int look(struct xw_host *host, struct watch *watch, struct xw_error *err)
{
    for (size_t i = 0; i < watch->count; i++) {
        if (watch->waits[i].off)
            continue;
        /* First: asking for a name makes libvirt forget its last error. */
        const char *name = virDomainGetName(watch->waits[i].domain);
        int active = virDomainIsActive(watch->waits[i].domain);
        if (active < 0)
            return xw_libvirt_fail(host, err, "Asking for domain %s", name);
        if (active == 0)
            mark_off(watch, i);
    }
    return 0;
}

static int run_loop(struct xw_host *host, struct watch *watch, struct xw_error *err)
{
    int rc = look(host, watch, err);

    while (rc == 0 && !watch->expired && !all_off(watch)) {
        if (watch->closed)
            rc = xw_fail(err, -EAGAIN,
                         "libvirt has gone while machines were shutting down; try "
                         "again");
        else if (virEventRunDefaultImpl() < 0)
            rc = xw_libvirt_fail(host, err, "Waiting for machines to shut down");
    }
    return rc;
}

/* With the events delivered: the timer and the loop. */
static int wait_for(struct xw_host *host, struct watch *watch, unsigned int seconds,
                    struct xw_error *err)
{
    int timer = virEventAddTimeout((int)(seconds * 1000), time_passed, watch, NULL);
    if (timer < 0)
        return xw_libvirt_fail(host, err, "A timer can't be set");
    int rc = run_loop(host, watch, err);
    return virEventRemoveTimeout(timer) < 0 && rc == 0
               ? xw_libvirt_fail(host, err, "A timer can't be removed")
               : rc;
}

int xw_lifecycle_wait_off(struct xw_host *host, struct xw_lifecycle_wait *waits, size_t count,
                          unsigned int seconds, xw_lifecycle_off off, void *data,
                          struct xw_error *err)
{
    virConnectPtr libvirt = xw_host_libvirt(host);
    struct watch watch = {.waits = waits, .count = count, .off = off, .data = data};

    if (all_off(&watch))
        return 0;
    if (virConnectRegisterCloseCallback(libvirt, connection_closed, &watch, NULL) < 0)
        return xw_libvirt_fail(host, err, "Watching the connection to libvirt");
    int id = virConnectDomainEventRegisterAny(libvirt, NULL, VIR_DOMAIN_EVENT_ID_LIFECYCLE,
                                              VIR_DOMAIN_EVENT_CALLBACK(lifecycle_changed), &watch,
                                              NULL);
    int rc = id < 0 ? xw_libvirt_fail(host, err, "Asking for libvirt's events")
                    : wait_for(host, &watch, seconds, err);
    /* Where libvirt has gone there is nothing to take back; it keeps no pointer to the watch. */
    if (id >= 0 && virConnectDomainEventDeregisterAny(libvirt, id) < 0 && rc == 0)
        rc = xw_libvirt_fail(host, err, "Taking back the request for libvirt's events");
    if (virConnectUnregisterCloseCallback(libvirt, connection_closed) < 0 && rc == 0)
        rc = xw_libvirt_fail(host, err, "Watching the connection to libvirt no longer");
    return rc;
}
