/*
 * vnc: gives the viewer a connection to the machine's display, and becomes the relay between the
 * two. QEMU takes several viewers, so each has a connection of their own, over a pair of sockets
 * that libvirt makes: nothing listens anywhere, and there is nothing to share.
 */
#include <errno.h>
#include <stdio.h>

#include "common/cleanup.h"
#include "xwhelper/keeper/machine.h"
#include "xwhelper/keeper/opening.h"
#include "xwhelper/keeper/verbs.h"

/* Returns a connected stream socket, or a negative errno. */
static int open_display(struct xw_host *host, virDomainPtr domain, const char *name,
                        struct xw_error *err)
{
    int active = virDomainIsActive(domain);

    if (active == 0)
        return xw_fail(err, -ENXIO, "%s is off; start it first", name);
    /* A password that the host sets for all of libvirt's displays is not the students' to know. */
    int fd =
        active < 0 ? -1 : virDomainOpenGraphicsFD(domain, 0, VIR_DOMAIN_OPEN_GRAPHICS_SKIPAUTH);
    if (fd >= 0)
        return fd;
    return xw_libvirt_fail(
        host, err,
        "The display of %s does not open; if the machine has run since before it "
        "had one, stop and start it",
        name);
}

static int find_display(struct xw_host *host, const struct xw_job *job,
                        const struct xw_plan_machine *planned, struct xw_error *err)
{
    virDomainPtr domain = xw_job_find(host, job, planned);

    if (!domain && virGetLastErrorCode() == VIR_ERR_NO_DOMAIN)
        return xw_fail(err, -ENXIO, "%s is off; start it first", planned->name);
    if (!domain)
        return xw_libvirt_fail(host, err, "Asking for %s", planned->name);
    int fd = open_display(host, domain, planned->name, err);
    virDomainFree(domain);
    return fd;
}

int xw_verb_vnc(const struct xw_job *job, struct xw_error *err)
{
    const struct xw_plan_machine *planned = xw_plan_machine(job->plan, job->request->machines[0]);
    char what[XW_NAME_SIZE + sizeof("The display of ")];
    struct xw_host *host;

    if (!planned)
        return xw_refuse(err);
    if (!planned->graphics)
        return xw_fail(err, -ENXIO,
                       "%s has no graphical console, only a serial one ('console'); its instructor "
                       "gives it one by `graphics: true` in the lab's file",
                       planned->name);
    /* Connected first: afterwards there is no way to any file but the relay's. */
    int rc = xw_host_open(&host, err);
    xw_confine_display();
    if (rc < 0)
        return rc;
    snprintf(what, sizeof(what), "The display of %s", planned->name);
    XW_AUTO_CLOSE int timer = xw_opening_timer(job->until, what, err);
    XW_AUTO_CLOSE int display = timer < 0 ? timer : find_display(host, job, planned, err);
    xw_host_close(host);
    if (display < 0)
        return display;
    xw_opening_stream(job, display, timer);
}
