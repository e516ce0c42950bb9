/*
 * The machines that libvirt knows, asked for once.
 */
#ifndef XW_XWADM_DOMAINS_H
#define XW_XWADM_DOMAINS_H

#include <stdbool.h>
#include <stddef.h>

#include "common/error.h"
#include "common/names.h"
#include "xwhelper/keeper/host.h"

struct xw_domain {
    char lab[XW_NAME_SIZE];
    char owner[XW_NAME_SIZE];
    char machine[XW_NAME_SIZE];
    bool running;
};

/* Sorted by lab, owner and machine. */
struct xw_domains {
    size_t count;
    struct xw_domain *items;
};

/* Reads "xw:LAB:OWNER:MACHINE" into the names. False: a domain of somebody else's on this host. */
bool xw_domain_split(const char *name, struct xw_domain *domain);

/* Lists all domains of ours with one call of libvirt. The caller frees. */
int xw_domains_read(struct xw_host *host, struct xw_domains *domains, struct xw_error *err);

/*
 * The same, connecting by itself, read-only, with the patience of a command that only shows. The
 * caller frees also where it fails.
 */
int xw_domains_ask(struct xw_domains *domains, struct xw_error *err);

/* The machine's entry, or NULL: it isn't defined. */
const struct xw_domain *xw_domains_find(const struct xw_domains *domains, const char *lab,
                                        const char *owner, const char *machine);

/* How many machines of a world run. */
size_t xw_domains_running(const struct xw_domains *domains, const char *lab, const char *owner);

void xw_domains_free(struct xw_domains *domains);

#define XW_AUTO_DOMAINS __attribute__((cleanup(xw_domains_free))) struct xw_domains

#endif
