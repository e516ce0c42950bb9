#include "xwhelper/keeper/definition.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "common/cleanup.h"

/* 1 when the domain may start as it is, 0 when it must be defined again, or an errno. */
static int is_current(struct xw_host *host, virDomainPtr domain, const char *name,
                      struct xw_error *err)
{
    char begin[32];
    int active = virDomainIsActive(domain);
    int saved = active == 0 ? virDomainHasManagedSaveImage(domain, 0) : 0;

    if (active < 0 || saved < 0)
        return xw_libvirt_fail(host, err, "Asking for %s", name);
    if (active || saved)
        return 1;

    XW_AUTO_FREE char *xml = virDomainGetXMLDesc(domain, VIR_DOMAIN_XML_INACTIVE);
    if (!xml)
        return xw_libvirt_fail(host, err, "Asking for %s", name);
    /* libvirt writes this attribute first, and last where the domain is not running. */
    snprintf(begin, sizeof(begin), "<domain type='%s'>", xw_host_config(host)->accelerator);
    return strncmp(xml, begin, strlen(begin)) == 0;
}

int xw_definition_ensure(struct xw_host *host, const struct xw_machine *machine,
                         const struct xw_plan *plan, const struct xw_plan_machine *planned,
                         const struct xw_image *image, virDomainPtr *domain, struct xw_error *err)
{
    char name[XW_DOMAIN_NAME_SIZE];

    xw_machine_domain(machine, name);
    *domain = virDomainLookupByName(xw_host_libvirt(host), name);
    if (*domain) {
        int rc = is_current(host, *domain, planned->name, err);
        if (rc == 1)
            return 0;
        virDomainFree(*domain);
        *domain = NULL;
        if (rc < 0)
            return rc;
    } else if (virGetLastErrorCode() != VIR_ERR_NO_DOMAIN) {
        return xw_libvirt_fail(host, err, "Asking for %s", planned->name);
    }

    XW_AUTO_FREE char *xml =
        xw_machine_xml(machine, plan, planned, image, xw_host_config(host)->accelerator, err);
    if (!xml)
        return err->code < 0 ? err->code : -ENOMEM;
    *domain = virDomainDefineXML(xw_host_libvirt(host), xml);
    return *domain ? 0 : xw_libvirt_fail(host, err, "Defining %s", planned->name);
}
