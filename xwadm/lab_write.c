#include <stdlib.h>

#include "xwadm/lab.h"
#include "xwadm/tree.h"

static void write_groups(const struct xw_lab_groups *groups, const char *key, struct xw_buffer *out)
{
    for (size_t i = 0; i < groups->count; i++)
        xw_buffer_add(out, "%s %u %u %s\n", key, groups->items[i].at.line,
                      groups->items[i].at.column, groups->items[i].name);
}

static void write_time(const struct xw_lab_time *time, const char *key, struct xw_buffer *out)
{
    char text[XW_LOCAL_TIME_SIZE];

    if (!time->there)
        return;
    xw_local_time_write(&time->local, text);
    xw_buffer_add(out, "%s %u %u %s\n", key, time->at.line, time->at.column, text);
}

/* The zone first: the parent needs it for the times. */
static void write_times(const struct xw_lab *lab, struct xw_buffer *out)
{
    if (lab->zone_wrong)
        return;
    if (lab->zone[0])
        xw_buffer_add(out, "timezone %u %u %s\n", lab->zone_at.line, lab->zone_at.column,
                      lab->zone);
    write_time(&lab->opens, "opens", out);
    write_time(&lab->closes, "closes", out);
    if (lab->closes.there && lab->grace)
        xw_buffer_add(out, "grace %u\n", lab->grace);
}

/* What the parent has to look up: it reports what it doesn't find together with our problems. */
static void write_references(const struct xw_lab_machine *machine, struct xw_buffer *out)
{
    xw_buffer_add(out, "image %u %u %s\n", machine->image_at.line, machine->image_at.column,
                  machine->image);
    xw_buffer_add(out, "memory %u %u %u\n", machine->memory_at.line, machine->memory_at.column,
                  machine->memory);
}

static void write_machine(const struct xw_lab_machine *machine, struct xw_buffer *out)
{
    char address[XW_ADDRESS_SIZE] = "-";

    xw_buffer_add(out, "machine %s\n", machine->name);
    write_references(machine, out);
    xw_buffer_add(out, "vcpus %u\norder %u\n", machine->vcpus, machine->order);
    if (machine->gateway.bits)
        xw_address_write(&machine->gateway, false, address);
    xw_buffer_add(out, "gateway %s\nforward %d\n", address, machine->forward ? 1 : 0);
    if (machine->graphics)
        xw_buffer_add(out, "graphics 1\n");
    for (size_t i = 0; i < machine->interface_count; i++) {
        const struct xw_lab_interface *interface = &machine->interfaces[i];
        if (interface->address.bits)
            xw_address_write(&interface->address, true, address);
        xw_buffer_add(out, "interface %s %s\n", interface->segment,
                      interface->address.bits ? address : "-");
    }
}

/* As the plan has them: a limit that isn't there has no line. */
static void write_limits(const struct xw_limits *limits, struct xw_buffer *out)
{
    if (limits->machines)
        xw_buffer_add(out, "most-machines %u\n", limits->machines);
    if (limits->memory)
        xw_buffer_add(out, "most-memory %u\n", limits->memory);
    if (limits->vcpus)
        xw_buffer_add(out, "most-vcpus %u\n", limits->vcpus);
    if (limits->checkpoints)
        xw_buffer_add(out, "most-checkpoints %u\n", limits->checkpoints);
}

static void write_problems(const struct xw_problems *problems, struct xw_buffer *out)
{
    for (size_t i = 0; i < problems->count; i++)
        xw_buffer_add(out, "error %u %u %s\n", problems->items[i].at.line,
                      problems->items[i].at.column, problems->items[i].text);
    if (problems->dropped)
        xw_buffer_add(out, "more %zu\n", problems->dropped);
}

void xw_lab_write(const struct xw_lab *lab, const struct xw_problems *problems,
                  struct xw_buffer *out)
{
    xw_buffer_add(out, "xworlds-lab 1\n");
    write_problems(problems, out);
    write_groups(&lab->students, "student", out);
    write_groups(&lab->users, "user", out);
    write_groups(&lab->teams, "team", out);
    write_groups(&lab->instructors, "instructor", out);
    write_groups(&lab->instructor_users, "instructor-user", out);
    write_times(lab, out);
    if (problems->count == 0) {
        xw_buffer_add(out, "title %s\n", lab->title);
        write_limits(&lab->limits, out);
        if (lab->says_suspend)
            xw_buffer_add(out, "suspend-after %u\n", lab->suspend_after);
        if (lab->says_copy_limit)
            xw_buffer_add(out, "copy-limit %u\n", lab->copy_limit);
        for (size_t i = 0; i < lab->segment_count; i++)
            xw_buffer_add(out, "segment %s\n", lab->segments[i]);
    }
    for (size_t i = 0; i < lab->machine_count; i++) {
        if (problems->count == 0)
            write_machine(&lab->machines[i], out);
        else if (lab->machines[i].image[0])
            write_references(&lab->machines[i], out);
    }
    xw_buffer_add(out, "end\n");
}

void xw_lab_translate(const char *source, size_t length, struct xw_buffer *out)
{
    struct xw_problems *problems = calloc(1, sizeof(*problems));
    struct xw_lab *lab = calloc(1, sizeof(*lab));

    if (problems && lab) {
        struct xw_node *root = xw_tree_read(source, length, problems);
        if (root) {
            xw_lab_read(root, lab, problems);
            xw_lab_check_addresses(lab, problems);
        }
        xw_tree_free(root);
        xw_problems_sort(problems);
        xw_lab_write(lab, problems, out);
    } else {
        out->failed = true;
    }
    free(lab);
    free(problems);
}
