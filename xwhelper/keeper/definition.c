#include "xwhelper/keeper/definition.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/cleanup.h"
#include "common/copy_frame.h"
#include "xwhelper/keeper/partition.h"

/* How a machine is to be bounded, and where it is to run. */
struct settings {
    const char *accelerator;
    struct xw_bounds bounds;
    char partition[XW_PARTITION_SIZE]; /* or "" */
    unsigned int memory_limit;         /* MiB, or 0 */
    bool copies;                       /* has the channel for files */
    bool graphics;
};

/* Whether the element is there with this number, or is not there where that is 0. */
static bool has_number(const char *xml, const char *element, unsigned long long number)
{
    char begin[64];
    unsigned long long found = 0;

    snprintf(begin, sizeof(begin), "<%s", element);
    const char *at = strstr(xml, begin);
    at = at ? strchr(at, '>') : NULL;
    if (at)
        found = strtoull(at + 1, NULL, 10);
    return found == number;
}

static bool has_partition(const char *xml, const char *partition)
{
    static const char element[] = "<partition>";
    const char *at = strstr(xml, element);
    size_t length = strlen(partition);

    if (!at || length == 0)
        return !at && length == 0;
    at += sizeof(element) - 1;
    return strncmp(at, partition, length) == 0 && at[length] == '<';
}

/* libvirt has written the text: it counts memory in KiB, and this attribute of a domain first, and
 * last where that is not running. */
static bool agrees(const char *xml, const struct settings *settings)
{
    char begin[32];

    snprintf(begin, sizeof(begin), "<domain type='%s'>", settings->accelerator);
    return strncmp(xml, begin, strlen(begin)) == 0 && has_partition(xml, settings->partition) &&
           has_number(xml, "soft_limit", settings->memory_limit * 1024ULL) &&
           has_number(xml, "total_bytes_sec",
                      (unsigned long long)settings->bounds.disk_rate << 20) &&
           has_number(xml, "total_iops_sec", settings->bounds.disk_operations) &&
           (strstr(xml, "name='" XW_COPY_CHANNEL "'") != NULL) == settings->copies &&
           (strstr(xml, "<graphics ") != NULL) == settings->graphics;
}

/* 1 when the domain may start as it is, 0 when it must be defined again, or an errno. */
static int is_current(struct xw_host *host, virDomainPtr domain, const char *name,
                      const struct settings *settings, struct xw_error *err)
{
    int active = virDomainIsActive(domain);
    int saved = active == 0 ? virDomainHasManagedSaveImage(domain, 0) : 0;

    if (active < 0 || saved < 0)
        return xw_libvirt_fail(host, err, "Asking for %s", name);
    if (active || saved)
        return 1;

    XW_AUTO_FREE char *xml = virDomainGetXMLDesc(domain, VIR_DOMAIN_XML_INACTIVE);
    if (!xml)
        return xw_libvirt_fail(host, err, "Asking for %s", name);
    return agrees(xml, settings);
}

/* A world that can have no cgroup of its own has its machines start all the same. */
static void settle(struct xw_host *host, const struct xw_machine *machine,
                   const struct xw_plan *plan, const struct xw_plan_machine *planned,
                   struct settings *settings)
{
    const struct xw_config *config = xw_host_config(host);
    struct xw_error why = {0};

    *settings = (struct settings){.accelerator = config->accelerator,
                                  .bounds = xw_bounds_find(config),
                                  .copies = plan->copy_limit > 0,
                                  .graphics = planned->graphics};
    if (settings->bounds.partition && xw_partition_ensure(machine->lab, machine->owner, &why) < 0) {
        fprintf(stderr, "<4>the world %s of %s shares the processors machine by machine: %s\n",
                machine->lab, machine->owner, why.text);
        settings->bounds.partition = false;
    }
    if (settings->bounds.partition)
        xw_world_partition(machine->lab, machine->owner, settings->partition);
    if (settings->bounds.memory_limit)
        settings->memory_limit = xw_machine_memory_limit(planned->memory);
}

int xw_definition_ensure(struct xw_host *host, const struct xw_machine *machine,
                         const struct xw_plan *plan, const struct xw_plan_machine *planned,
                         const struct xw_image *image, virDomainPtr *domain, struct xw_error *err)
{
    char name[XW_DOMAIN_NAME_SIZE];
    struct settings settings;

    settle(host, machine, plan, planned, &settings);
    xw_machine_domain(machine, name);
    *domain = virDomainLookupByName(xw_host_libvirt(host), name);
    if (*domain) {
        int rc = is_current(host, *domain, planned->name, &settings, err);
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
        xw_machine_xml(machine, plan, planned, image, settings.accelerator, &settings.bounds, err);
    if (!xml)
        return err->code < 0 ? err->code : -ENOMEM;
    *domain = virDomainDefineXML(xw_host_libvirt(host), xml);
    return *domain ? 0 : xw_libvirt_fail(host, err, "Defining %s", planned->name);
}

char *xw_definition_xml(struct xw_host *host, const struct xw_machine *machine,
                        const struct xw_plan *plan, const struct xw_plan_machine *planned,
                        const struct xw_image *image, struct xw_error *err)
{
    struct settings settings;

    settle(host, machine, plan, planned, &settings);
    return xw_machine_xml(machine, plan, planned, image, settings.accelerator, &settings.bounds,
                          err);
}
