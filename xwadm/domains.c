#include "xwadm/domains.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "xwadm/patience.h"

void xw_domains_free(struct xw_domains *domains)
{
    free(domains->items);
    *domains = (struct xw_domains){0};
}

/* Copies the text up to the end character, which must be there; returns what follows, or NULL. */
static const char *take_part(const char *text, char end, char part[XW_NAME_SIZE])
{
    const char *stop = strchrnul(text, end);
    size_t length = (size_t)(stop - text);

    if (*stop != end || length >= XW_NAME_SIZE)
        return NULL;
    memcpy(part, text, length);
    part[length] = '\0';
    return *stop ? stop + 1 : stop;
}

bool xw_domain_split(const char *name, struct xw_domain *domain)
{
    if (strncmp(name, "xw:", 3) != 0)
        return false;
    const char *rest = take_part(name + 3, ':', domain->lab);
    rest = rest ? take_part(rest, ':', domain->owner) : NULL;
    rest = rest ? take_part(rest, '\0', domain->machine) : NULL;
    return rest && xw_name_ok(domain->lab) && xw_owner_ok(domain->owner) &&
           xw_name_ok(domain->machine);
}

static int compare(const void *a, const void *b)
{
    const struct xw_domain *first = a;
    const struct xw_domain *second = b;
    int order = strcmp(first->lab, second->lab);

    if (order == 0)
        order = strcmp(first->owner, second->owner);
    return order ? order : strcmp(first->machine, second->machine);
}

int xw_domains_read(struct xw_host *host, struct xw_domains *domains, struct xw_error *err)
{
    virDomainPtr *found = NULL;
    int count = virConnectListAllDomains(xw_host_libvirt(host), &found, 0);

    *domains = (struct xw_domains){0};
    if (count < 0)
        return xw_libvirt_fail(host, err, "the machines can't be listed");
    domains->items = calloc((size_t)count + 1, sizeof(*domains->items));
    for (int i = 0; i < count; i++) {
        struct xw_domain *domain = domains->items ? &domains->items[domains->count] : NULL;
        /* Neither asks libvirtd: the list came with names and ids, and an id is a running one's. */
        if (domain && xw_domain_split(virDomainGetName(found[i]), domain)) {
            domain->running = virDomainGetID(found[i]) != (unsigned int)-1;
            domains->count++;
        }
        virDomainFree(found[i]);
    }
    free(found);
    if (!domains->items)
        return xw_fail(err, -ENOMEM, "there is not enough memory");
    qsort(domains->items, domains->count, sizeof(*domains->items), compare);
    return 0;
}

int xw_domains_ask(struct xw_domains *domains, struct xw_error *err)
{
    struct xw_host *host = NULL;

    *domains = (struct xw_domains){0};
    xw_patience_begin();
    int rc = xw_host_open_read_only(&host, err);
    if (rc == 0)
        rc = xw_domains_read(host, domains, err);
    xw_patience_end();
    if (host)
        xw_host_close(host);
    return rc;
}

const struct xw_domain *xw_domains_find(const struct xw_domains *domains, const char *lab,
                                        const char *owner, const char *machine)
{
    for (size_t i = 0; i < domains->count; i++) {
        const struct xw_domain *domain = &domains->items[i];
        if (strcmp(domain->machine, machine) == 0 && strcmp(domain->owner, owner) == 0 &&
            strcmp(domain->lab, lab) == 0)
            return domain;
    }
    return NULL;
}

size_t xw_domains_running(const struct xw_domains *domains, const char *lab, const char *owner)
{
    size_t running = 0;

    for (size_t i = 0; i < domains->count; i++) {
        const struct xw_domain *domain = &domains->items[i];
        running +=
            domain->running && strcmp(domain->owner, owner) == 0 && strcmp(domain->lab, lab) == 0;
    }
    return running;
}
