#include "xwhelper/keeper/plan.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>

#include "common/cleanup.h"
#include "common/lines.h"
#include "common/record.h"

const struct xw_plan_machine *xw_plan_machine(const struct xw_plan *plan, const char *name)
{
    for (size_t i = 0; i < plan->machine_count; i++) {
        if (strcmp(plan->machines[i].name, name) == 0)
            return &plan->machines[i];
    }
    return NULL;
}

unsigned int xw_plan_suspend_after(const struct xw_plan *plan, const struct xw_config *config)
{
    return plan->says_suspend ? plan->suspend_after : config->suspend_after;
}

static bool has_segment(const struct xw_plan *plan, const char *name)
{
    for (size_t i = 0; i < plan->segment_count; i++) {
        if (strcmp(plan->segments[i], name) == 0)
            return true;
    }
    return false;
}

/* An IPv4 or IPv6 address in the one form that inet_ntop(3) gives it. Returns its bits or 0. */
static unsigned int address_bits(const char *text)
{
    struct in6_addr raw;
    char canonical[INET6_ADDRSTRLEN];
    int family = strchr(text, ':') ? AF_INET6 : AF_INET;

    if (inet_pton(family, text, &raw) != 1 ||
        !inet_ntop(family, &raw, canonical, sizeof(canonical)) || strcmp(text, canonical) != 0)
        return 0;
    return family == AF_INET6 ? 128 : 32;
}

/* "ADDRESS/PREFIX", the prefix from 1 to the address's bits. */
static bool interface_address_ok(const char *text)
{
    char address[XW_ADDRESS_SIZE];
    unsigned long prefix;
    const char *slash = strchr(text, '/');

    if (!slash || (size_t)(slash - text) >= sizeof(address))
        return false;
    memcpy(address, text, (size_t)(slash - text));
    address[slash - text] = '\0';
    return xw_number(slash + 1, address_bits(address), &prefix) == 0 && prefix > 0;
}

static bool image_id_ok(const char *id)
{
    return strlen(id) == XW_IMAGE_ID_LEN && strspn(id, "0123456789abcdef") == XW_IMAGE_ID_LEN;
}

static void read_segments(struct xw_record_lines *lines, struct xw_plan *plan)
{
    char name[XW_NAME_SIZE];

    while (xw_record_at(lines, "segment")) {
        if (plan->segment_count == XW_SEGMENTS_MAX) {
            xw_record_refuse(lines, "there are more than %d segments", XW_SEGMENTS_MAX);
        } else if (xw_record_name(lines, "segment", xw_name_ok, name)) {
            if (has_segment(plan, name))
                xw_record_refuse_taken(lines, "the segment is there twice");
            memcpy(plan->segments[plan->segment_count++], name, sizeof(name));
        }
    }
}

static void read_interfaces(struct xw_record_lines *lines, const struct xw_plan *plan,
                            struct xw_plan_machine *machine)
{
    struct xw_plan_interface *interface;

    while (xw_record_at(lines, "interface")) {
        if (machine->interface_count == XW_INTERFACES_MAX) {
            xw_record_refuse(lines, "the machine has more than %d interfaces", XW_INTERFACES_MAX);
            return;
        }
        interface = &machine->interfaces[machine->interface_count++];
        if (!xw_record_pair(lines, "interface", interface->segment, sizeof(interface->segment),
                            interface->address, sizeof(interface->address)))
            return;
        if (!has_segment(plan, interface->segment))
            xw_record_refuse_taken(lines, "the interface is on no segment of the lab");
        if (strcmp(interface->address, "-") == 0)
            interface->address[0] = '\0';
        else if (!interface_address_ok(interface->address))
            xw_record_refuse_taken(lines, "the address is not one, or is not written as usual");
    }
}

static void read_gateway(struct xw_record_lines *lines, struct xw_plan_machine *machine)
{
    if (!xw_record_text(lines, "gateway", machine->gateway, sizeof(machine->gateway)))
        return;
    if (strcmp(machine->gateway, "-") == 0)
        machine->gateway[0] = '\0';
    else if (address_bits(machine->gateway) == 0)
        xw_record_refuse_taken(lines, "the gateway is not an address");
}

/* Reads a number that fits an unsigned int. */
static void read_size(struct xw_record_lines *lines, const char *key, unsigned long min,
                      unsigned long max, unsigned int *value)
{
    unsigned long number;

    if (xw_record_number(lines, key, min, max, &number))
        *value = (unsigned int)number;
}

/* A lab without limits has no such lines. */
static void read_limits(struct xw_record_lines *lines, struct xw_limits *limits)
{
    if (xw_record_at(lines, "most-machines"))
        read_size(lines, "most-machines", 1, XW_LIMIT_MACHINES_MAX, &limits->machines);
    if (xw_record_at(lines, "most-memory"))
        read_size(lines, "most-memory", 1, XW_LIMIT_MEMORY_MAX, &limits->memory);
    if (xw_record_at(lines, "most-vcpus"))
        read_size(lines, "most-vcpus", 1, XW_LIMIT_VCPUS_MAX, &limits->vcpus);
    if (xw_record_at(lines, "most-checkpoints"))
        read_size(lines, "most-checkpoints", 1, XW_LIMIT_CHECKPOINTS_MAX, &limits->checkpoints);
}

static void read_suspend(struct xw_record_lines *lines, struct xw_plan *plan)
{
    plan->says_suspend = xw_record_at(lines, "suspend-after");
    if (plan->says_suspend)
        read_size(lines, "suspend-after", 0, XW_SUSPEND_AFTER_MAX, &plan->suspend_after);
}

static void read_copy_limit(struct xw_record_lines *lines, struct xw_plan *plan)
{
    plan->copy_limit = XW_COPY_LIMIT_DEFAULT;
    if (xw_record_at(lines, "copy-limit"))
        read_size(lines, "copy-limit", 0, XW_COPY_LIMIT_MAX, &plan->copy_limit);
}

static void read_machine(struct xw_record_lines *lines, struct xw_plan *plan)
{
    struct xw_plan_machine *machine = &plan->machines[plan->machine_count];
    unsigned int forward = 0;
    unsigned int graphics = 0;

    if (!xw_record_name(lines, "machine", xw_name_ok, machine->name))
        return;
    if (xw_plan_machine(plan, machine->name))
        xw_record_refuse_taken(lines, "the machine is there twice");
    if (xw_record_pair(lines, "image", machine->image, sizeof(machine->image), machine->image_id,
                       sizeof(machine->image_id)) &&
        (!xw_name_ok(machine->image) || !image_id_ok(machine->image_id)))
        xw_record_refuse_taken(lines, "the image is not a name and an identity");
    read_size(lines, "memory", 1, XW_MEMORY_MAX, &machine->memory);
    read_size(lines, "vcpus", 1, XW_VCPUS_MAX, &machine->vcpus);
    read_size(lines, "order", 0, XW_ORDER_MAX, &machine->order);
    read_gateway(lines, machine);
    read_size(lines, "forward", 0, 1, &forward);
    machine->forward = forward == 1;
    if (xw_record_at(lines, "graphics"))
        read_size(lines, "graphics", 0, 1, &graphics);
    machine->graphics = graphics == 1;
    read_interfaces(lines, plan, machine);
    plan->machine_count++;
}

int xw_plan_parse(const char *text, size_t length, struct xw_plan *plan, struct xw_error *err)
{
    struct xw_record_lines lines;

    memset(plan, 0, sizeof(*plan));
    xw_record_begin(&lines, text, length, "xworlds-plan 1", err);
    xw_record_name(&lines, "lab", xw_name_ok, plan->lab);
    read_limits(&lines, &plan->limits);
    read_suspend(&lines, plan);
    read_copy_limit(&lines, plan);
    read_segments(&lines, plan);
    while (xw_record_at(&lines, "machine")) {
        if (plan->machine_count == XW_MACHINES_MAX)
            xw_record_refuse(&lines, "there are more than %d machines", XW_MACHINES_MAX);
        else
            read_machine(&lines, plan);
    }
    if (plan->machine_count == 0)
        xw_record_refuse(&lines, "a line \"machine\" must be here");
    int rc = xw_record_end(&lines);
    if (rc < 0)
        memset(plan, 0, sizeof(*plan));
    return rc;
}

int xw_plan_read(int labs_fd, const char *lab, struct xw_plan *plan, struct xw_error *err)
{
    XW_AUTO_FREE char *text = NULL;
    size_t length = 0;
    struct xw_error why = {0};

    if (!xw_name_ok(lab))
        return xw_fail(err, -ENOENT, "there is no such lab");
    XW_AUTO_CLOSE int fd =
        openat(labs_fd, lab, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC | O_DIRECTORY);
    if (fd < 0) {
        int rc = errno == ENOENT ? -ENOENT : errno == ELOOP || errno == ENOTDIR ? -EPERM : -errno;
        return xw_fail_errno(err, rc, "labs/%s can't be opened", lab);
    }
    int rc = xw_record_read(fd, "plan", &text, &length, err);
    if (rc < 0)
        return rc;
    rc = xw_plan_parse(text, length, plan, &why);
    if (rc < 0)
        return xw_fail(err, rc, "labs/%s/plan, %s", lab, why.text);
    if (strcmp(plan->lab, lab) != 0) {
        memset(plan, 0, sizeof(*plan));
        return xw_fail(err, -EBADMSG, "labs/%s/plan is about another lab", lab);
    }
    return 0;
}
