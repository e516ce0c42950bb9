#include <string.h>

#include "xwadm/lab.h"

/* Where an interface is within a lab. */
struct position {
    size_t machine;
    size_t interface;
};

static const struct xw_lab_interface *interface_at(const struct xw_lab *lab,
                                                   struct position position)
{
    return &lab->machines[position.machine].interfaces[position.interface];
}

/* The next interface that has an address; false behind the last. */
static bool next_addressed(const struct xw_lab *lab, struct position *position)
{
    for (; position->machine < lab->machine_count; position->machine++, position->interface = 0) {
        const struct xw_lab_machine *machine = &lab->machines[position->machine];
        for (; position->interface < machine->interface_count; position->interface++) {
            if (machine->interfaces[position->interface].address.bits)
                return true;
        }
    }
    return false;
}

/* Names resolve to addresses within a world, so an address belongs to one machine of the lab. */
static void check_unique(const struct xw_lab *lab, struct position here,
                         struct xw_problems *problems)
{
    const struct xw_lab_interface *interface = interface_at(lab, here);
    struct position other = {0};
    char text[XW_ADDRESS_SIZE];

    for (; next_addressed(lab, &other); other.interface++) {
        if (other.machine == here.machine && other.interface == here.interface)
            return;
        if (!xw_address_same(&interface->address, &interface_at(lab, other)->address))
            continue;
        xw_address_write(&interface->address, false, text);
        xw_problem_add(problems, interface->at,
                       "the address %s is that of machine \"%s\" already (line %u); give each "
                       "interface its own",
                       text, lab->machines[other.machine].name, interface_at(lab, other)->at.line);
        return;
    }
}

/* All addresses of one family on a segment are in one subnet: that of the first. */
static void check_subnet(const struct xw_lab *lab, struct position here,
                         struct xw_problems *problems)
{
    const struct xw_lab_interface *interface = interface_at(lab, here);
    struct position other = {0};
    char address[XW_ADDRESS_SIZE];
    char subnet[XW_ADDRESS_SIZE];

    for (; next_addressed(lab, &other); other.interface++) {
        const struct xw_lab_interface *first = interface_at(lab, other);
        if (other.machine == here.machine && other.interface == here.interface)
            return;
        if (first->address.bits != interface->address.bits ||
            strcmp(first->segment, interface->segment) != 0)
            continue;
        if (first->address.prefix == interface->address.prefix &&
            xw_address_in_subnet(&first->address, &interface->address))
            return;
        xw_address_write(&interface->address, true, address);
        xw_address_write_subnet(&first->address, subnet);
        xw_problem_add(problems, interface->at,
                       "the address %s is not in %s, the subnet of segment \"%s\" (line %u); take "
                       "one from that subnet, with its prefix",
                       address, subnet, interface->segment, first->at.line);
        return;
    }
}

static void check_gateway(const struct xw_lab_machine *machine, struct xw_problems *problems)
{
    bool reachable = false;
    bool own = false;
    char text[XW_ADDRESS_SIZE];

    if (!machine->gateway.bits)
        return;
    for (size_t i = 0; i < machine->interface_count; i++) {
        const struct xw_address *address = &machine->interfaces[i].address;
        own = own || xw_address_same(address, &machine->gateway);
        /* With an address that is wrong nothing more can be said. */
        reachable = reachable || machine->interfaces[i].address_wrong ||
                    xw_address_in_subnet(address, &machine->gateway);
    }
    xw_address_write(&machine->gateway, false, text);
    if (own)
        xw_problem_add(problems, machine->gateway_at,
                       "the gateway %s is the machine itself; name the machine that routes for it",
                       text);
    else if (!reachable)
        xw_problem_add(problems, machine->gateway_at,
                       "the gateway %s is in no subnet of this machine; take the router's address "
                       "on a segment that they share",
                       text);
}

void xw_lab_check_addresses(const struct xw_lab *lab, struct xw_problems *problems)
{
    for (struct position here = {0}; next_addressed(lab, &here); here.interface++) {
        check_unique(lab, here, problems);
        check_subnet(lab, here, problems);
    }
    for (size_t i = 0; i < lab->machine_count; i++)
        check_gateway(&lab->machines[i], problems);
}
