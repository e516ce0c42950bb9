#include "xwadm/idle_take.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#include "common/paths.h"
#include "xwadm/domains.h"
#include "xwhelper/keeper/notice.h"

enum { MILLISECONDS = 1000, NANOSECONDS_PER_MS = 1000000, KEY_SIZE = 64 };

struct seen {
    struct xw_domain domain;
    struct xw_idle_machine machine;
};

static int64_t now_ms(void)
{
    struct timespec now;

    if (clock_gettime(CLOCK_MONOTONIC, &now) < 0)
        abort();
    return (int64_t)now.tv_sec * MILLISECONDS + now.tv_nsec / NANOSECONDS_PER_MS;
}

/* Adds a number of libvirt's; false where it doesn't say. */
static bool add_number(const virDomainStatsRecord *record, const char *key, uint64_t *sum)
{
    unsigned long long value = 0;

    if (virTypedParamsGetULLong(record->params, record->nparams, key, &value) != 1)
        return false;
    *sum += value;
    return true;
}

static bool add_interfaces(const virDomainStatsRecord *record, uint64_t *sum)
{
    char key[KEY_SIZE];
    unsigned int count = 0;
    bool known = true;

    /* Without interfaces there is no such number. */
    if (virTypedParamsGetUInt(record->params, record->nparams, "net.count", &count) < 0)
        return false;
    for (unsigned int i = 0; i < count && known; i++) {
        snprintf(key, sizeof(key), "net.%u.rx.bytes", i);
        known = add_number(record, key, sum);
        snprintf(key, sizeof(key), "net.%u.tx.bytes", i);
        known = known && add_number(record, key, sum);
    }
    return known;
}

/* A log that isn't there has no bytes. */
static bool add_log(const struct xw_domain *domain, uint64_t *size)
{
    char path[PATH_MAX];
    struct stat info;
    int length = snprintf(path, sizeof(path), "%s/%s/%s/%s.log", XW_WORLDS_DIR, domain->lab,
                          domain->owner, domain->machine);

    if (length < 0 || (size_t)length >= sizeof(path))
        return false;
    if (stat(path, &info) < 0)
        return errno == ENOENT;
    *size = (uint64_t)info.st_size;
    return true;
}

static bool is_running(const virDomainStatsRecord *record)
{
    int state = VIR_DOMAIN_NOSTATE;

    return virTypedParamsGetInt(record->params, record->nparams, "state.state", &state) == 1 &&
           (state == VIR_DOMAIN_RUNNING || state == VIR_DOMAIN_BLOCKED);
}

static bool see_console(const struct xw_domain *domain, struct xw_idle_machine *machine)
{
    const struct xw_machine named = {domain->lab, domain->owner, domain->machine};
    struct xw_notice_state state;

    if (xw_notice_look(&named, &state) < 0)
        return false;
    machine->open = state.open;
    machine->traffic = state.when;
    return true;
}

static void see(const virDomainStatsRecord *record, struct seen *seen, int64_t taken)
{
    struct xw_idle_machine *machine = &seen->machine;

    memcpy(machine->name, seen->domain.machine, sizeof(machine->name));
    machine->run = virDomainGetID(record->dom);
    if (is_running(record) && add_number(record, "cpu.time", &machine->cpu) &&
        add_interfaces(record, &machine->network) && add_log(&seen->domain, &machine->log) &&
        see_console(&seen->domain, machine))
        return;
    machine->traffic = (uint64_t)taken;
}

static int compare(const void *left, const void *right)
{
    const struct xw_domain *a = &((const struct seen *)left)->domain;
    const struct xw_domain *b = &((const struct seen *)right)->domain;
    int order = strcmp(a->lab, b->lab);

    if (order == 0)
        order = strcmp(a->owner, b->owner);
    return order ? order : strcmp(a->machine, b->machine);
}

/* Puts the machines into worlds. */
static int arrange(struct seen *seen, size_t count, struct xw_idle_look *look, struct xw_error *err)
{
    bool enough = true;

    qsort(seen, count, sizeof(*seen), compare);
    for (size_t i = 0; i < count && enough; i++) {
        const struct xw_domain *domain = &seen[i].domain;
        const struct xw_idle_world *last = look->count ? &look->worlds[look->count - 1] : NULL;
        if (!last || strcmp(last->lab, domain->lab) != 0 || strcmp(last->owner, domain->owner) != 0)
            enough = xw_idle_add_world(look, domain->lab, domain->owner);
        enough = enough && xw_idle_add_machine(look, &seen[i].machine);
    }
    return enough ? 0 : xw_fail(err, -ENOMEM, "there is not enough memory");
}

static bool is_wanted(const struct xw_domain *domain, const char *lab, const char *owner)
{
    return !lab || (strcmp(domain->lab, lab) == 0 && strcmp(domain->owner, owner) == 0);
}

int xw_idle_take(struct xw_host *host, const char *lab, const char *owner,
                 struct xw_idle_look *look, struct xw_error *err)
{
    const unsigned int what =
        VIR_DOMAIN_STATS_STATE | VIR_DOMAIN_STATS_CPU_TOTAL | VIR_DOMAIN_STATS_INTERFACE;
    virDomainStatsRecordPtr *records = NULL;
    size_t count = 0;

    *look = (struct xw_idle_look){.taken = now_ms()};
    int listed = virConnectGetAllDomainStats(xw_host_libvirt(host), what, &records,
                                             VIR_CONNECT_GET_ALL_DOMAINS_STATS_ACTIVE);
    if (listed < 0)
        return xw_libvirt_fail(host, err, "what the machines do can't be asked for");
    struct seen *seen = calloc((size_t)listed + 1, sizeof(*seen));
    for (int i = 0; seen && i < listed; i++) {
        if (!xw_domain_split(virDomainGetName(records[i]->dom), &seen[count].domain) ||
            !is_wanted(&seen[count].domain, lab, owner))
            continue;
        see(records[i], &seen[count++], look->taken);
    }
    virDomainStatsRecordListFree(records);
    int rc = seen ? arrange(seen, count, look, err)
                  : xw_fail(err, -ENOMEM, "there is not enough memory");
    free(seen);
    return rc;
}
