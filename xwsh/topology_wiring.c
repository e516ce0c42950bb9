#include "xwsh/topology_wiring.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "xwadm/address.h"

_Static_assert(XW_SUBNET_SIZE == XW_ADDRESS_SIZE, "a subnet is written as an address is");

static size_t find_segment(const struct xw_topology *topology, const char *name)
{
    size_t i = 0;

    while (i < topology->segment_count && strcmp(topology->segments[i], name) != 0)
        i++;
    return i;
}

/* Fills in the wires as they are told; returns how many there are. */
static size_t make_wires(const struct xw_topology *topology, struct xw_wiring *wiring)
{
    size_t count = 0;

    for (size_t i = 0; i < topology->machine_count; i++) {
        const struct xw_topology_machine *machine = &topology->machines[i];
        struct xw_machine_wires *wires = &wiring->machines[i];
        *wires = (struct xw_machine_wires){0, wiring->wires + count};
        for (size_t j = 0; j < machine->interface_count; j++) {
            const struct xw_topology_interface *interface = &machine->interfaces[j];
            struct xw_wire *wire = &wiring->wires[count];
            wire->segment = find_segment(topology, interface->segment);
            if (wire->segment == topology->segment_count)
                continue;
            wire->has_address = *interface->address != '\0';
            snprintf(wire->address, sizeof(wire->address), "%s", interface->address);
            wires->count++;
            count++;
        }
    }
    return count;
}

/* Finds the one subnet of a segment, of count wires of all. Returns whether there is one. */
static bool find_subnet(const struct xw_wire *wires, size_t count, size_t segment,
                        struct xw_address *subnet)
{
    struct xw_address address;

    *subnet = (struct xw_address){0};
    for (size_t i = 0; i < count; i++) {
        if (wires[i].segment != segment || !wires[i].has_address)
            continue;
        if (xw_address_read(wires[i].address, true, &address) != NULL)
            return false;
        if (subnet->bits &&
            (subnet->prefix != address.prefix || !xw_address_in_subnet(subnet, &address)))
            return false;
        *subnet = address;
    }
    return subnet->bits > 0;
}

int xw_wiring_make(const struct xw_topology *topology, struct xw_wiring *wiring)
{
    size_t interfaces = 0;
    struct xw_address subnet;

    for (size_t i = 0; i < topology->machine_count; i++)
        interfaces += topology->machines[i].interface_count;
    wiring->subnets = calloc(topology->segment_count + 1, sizeof(*wiring->subnets));
    wiring->machines = calloc(topology->machine_count + 1, sizeof(*wiring->machines));
    wiring->wires = calloc(interfaces + 1, sizeof(*wiring->wires));
    if (!wiring->subnets || !wiring->machines || !wiring->wires)
        return -ENOMEM;
    const size_t count = make_wires(topology, wiring);
    for (size_t i = 0; i < topology->segment_count; i++) {
        if (find_subnet(wiring->wires, count, i, &subnet))
            xw_address_write_subnet(&subnet, wiring->subnets[i]);
    }
    for (size_t i = 0; i < count; i++) {
        struct xw_wire *wire = &wiring->wires[i];
        if (!wire->has_address)
            snprintf(wire->address, sizeof(wire->address), "no address");
        else if (*wiring->subnets[wire->segment])
            wire->address[strcspn(wire->address, "/")] = '\0';
    }
    return 0;
}

void xw_wiring_free(struct xw_wiring *wiring)
{
    free(wiring->subnets);
    free(wiring->machines);
    free(wiring->wires);
    *wiring = (struct xw_wiring){0};
}
