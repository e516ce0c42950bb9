#include "xwhelper/reader/reader.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "xwhelper/keeper/host.h"
#include "xwhelper/keeper/machine.h"
#include "xwhelper/keeper/reply.h"
#include "xwhelper/reader/policy.h"

void xw_reader_become(const struct xw_account *account)
{
    xw_become(account);
    xw_policy_enter(&xw_reader_policy);
}

/* The domain of a machine, NULL where none is defined; -EAGAIN when libvirt doesn't answer. */
static int find(struct xw_host *host, const struct xw_machine *machine, virDomainPtr *domain,
                struct xw_error *err)
{
    char name[XW_DOMAIN_NAME_SIZE];

    xw_machine_domain(machine, name);
    *domain = virDomainLookupByName(xw_host_libvirt(host), name);
    if (*domain || virGetLastErrorCode() == VIR_ERR_NO_DOMAIN)
        return 0;
    return xw_libvirt_fail(host, err, "Asking for the machine %s", machine->machine);
}

static int count_running(struct xw_host *host, const char *owner, const struct xw_access *access,
                         size_t *running, struct xw_error *err)
{
    *running = 0;
    for (size_t i = 0; i < access->machine_count; i++) {
        const struct xw_machine machine = {access->lab, owner, access->machines[i]};
        virDomainPtr domain;
        int rc = find(host, &machine, &domain, err);
        if (rc < 0)
            return rc;
        int active = domain ? virDomainIsActive(domain) : 0;
        /* It may have been undefined since it was found. */
        if (active < 0 && virGetLastErrorCode() != VIR_ERR_NO_DOMAIN)
            rc = xw_libvirt_fail(host, err, "Asking for the machine %s", machine.machine);
        *running += active == 1;
        if (domain)
            virDomainFree(domain);
        if (rc < 0)
            return rc;
    }
    return 0;
}

static void tell_world(int peer, const struct xw_listed *world, size_t running)
{
    xw_reply(peer, "world %s %s %zu %zu %s", world->access->lab, world->owner,
             world->access->machine_count, running, world->access->title);
}

static void tell_member(int peer, const struct xw_listed *world, size_t running)
{
    xw_reply(peer, "member %s %s %zu %zu %lld", world->access->lab, world->owner,
             world->access->machine_count, running, (long long)world->last_use);
}

static int tell_each(int peer, const struct xw_listed *worlds, size_t count,
                     void (*tell)(int peer, const struct xw_listed *world, size_t running),
                     struct xw_error *err)
{
    struct xw_host *host;

    if (count == 0)
        return 0;
    int rc = xw_host_open_read_only(&host, err);
    if (rc < 0)
        return rc;
    for (size_t i = 0; i < count && rc == 0; i++) {
        size_t running;
        rc = count_running(host, worlds[i].owner, worlds[i].access, &running, err);
        if (rc == 0)
            tell(peer, &worlds[i], running);
    }
    xw_host_close(host);
    return rc;
}

int xw_reader_list(int peer, const struct xw_listed *worlds, size_t count, struct xw_error *err)
{
    return tell_each(peer, worlds, count, tell_world, err);
}

int xw_reader_members(int peer, const struct xw_listed *worlds, size_t count, struct xw_error *err)
{
    return tell_each(peer, worlds, count, tell_member, err);
}

static void join_interfaces(const struct xw_plan_machine *planned, char *text, size_t size)
{
    size_t used = 0;

    snprintf(text, size, "-");
    for (size_t i = 0; i < planned->interface_count; i++) {
        const struct xw_plan_interface *interface = &planned->interfaces[i];
        int n = snprintf(text + used, size - used, "%s%s=%s", used ? "," : "", interface->segment,
                         *interface->address ? interface->address : "-");
        if (n < 0 || (size_t)n >= size - used)
            return;
        used += (size_t)n;
    }
}

int xw_reader_state(struct xw_host *host, const struct xw_machine *machine, const char **state,
                    struct xw_error *err)
{
    virDomainPtr domain;
    int rc = find(host, machine, &domain, err);

    if (rc < 0)
        return rc;
    *state = xw_machine_state(domain);
    if (!*state)
        rc = xw_libvirt_fail(host, err, "Asking for the machine %s", machine->machine);
    if (domain)
        virDomainFree(domain);
    return rc;
}

int xw_reader_status(int peer, const char *owner, const struct xw_plan *plan, struct xw_error *err)
{
    struct xw_host *host;
    int rc = xw_host_open_read_only(&host, err);

    if (rc < 0)
        return rc;
    for (size_t i = 0; i < plan->segment_count; i++)
        xw_reply(peer, "segment %s", plan->segments[i]);
    for (size_t i = 0; i < plan->machine_count && rc == 0; i++) {
        const struct xw_plan_machine *planned = &plan->machines[i];
        const struct xw_machine machine = {plan->lab, owner, planned->name};
        char interfaces[XW_INTERFACES_MAX * (XW_NAME_SIZE + XW_ADDRESS_SIZE)];
        const char *state;
        rc = xw_reader_state(host, &machine, &state, err);
        if (rc < 0)
            break;
        join_interfaces(planned, interfaces, sizeof(interfaces));
        xw_reply(peer, "machine %s %s %s %s %u %s", plan->lab, owner, planned->name, state,
                 planned->memory, interfaces);
        if (planned->graphics)
            xw_reply(peer, "graphics %s", planned->name);
    }
    xw_host_close(host);
    return rc;
}

void xw_reader_checkpoints(int peer, const struct xw_request *request,
                           const struct xw_checkpoints *checkpoints)
{
    for (size_t i = 0; i < checkpoints->count; i++) {
        const struct xw_checkpoint *checkpoint = &checkpoints->items[i];
        bool wanted =
            request->whole_world || xw_names_find(request->machines, request->machine_count,
                                                  checkpoint->machine) < request->machine_count;

        if (wanted && checkpoint->state == XW_CHECKPOINT_KEPT)
            xw_reply(peer, "checkpoint %s %s %s %s %lld %s %llu%s%s", checkpoints->lab,
                     checkpoints->owner, checkpoint->machine, checkpoint->name,
                     (long long)checkpoint->made, checkpoint->memory ? "memory" : "disk",
                     checkpoint->size, *checkpoint->text ? " " : "", checkpoint->text);
    }
}
