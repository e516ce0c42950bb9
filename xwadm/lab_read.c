#include <stdio.h>
#include <string.h>

#include "common/lines.h"
#include "xwadm/lab.h"
#include "xwadm/tree.h"
#include "xwsh/suggest.h"

enum { SHOWN_MAX = 40, VERSION = 1, ORDER_DEFAULT = 10 };

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

struct keys {
    const char *of; /* what has these keys, for sentences */
    size_t count;
    const char *const *names;
};

static const char *const lab_names[] = {"xworlds", "title",    "description", "access",
                                        "limits",  "segments", "machines"};
static const char *const access_names[] = {"students", "instructors"};
static const char *const limit_names[] = {"machines", "memory", "vcpus"};
static const char *const machine_names[] = {"image",   "memory",  "vcpus",     "order",
                                            "forward", "gateway", "interfaces"};
static const char *const interface_names[] = {"segment", "address"};

static const struct keys lab_keys = {"a lab", COUNT(lab_names), lab_names};
static const struct keys access_keys = {"access", COUNT(access_names), access_names};
static const struct keys limit_keys = {"limits", COUNT(limit_names), limit_names};
static const struct keys machine_keys = {"a machine", COUNT(machine_names), machine_names};
static const struct keys interface_keys = {"an interface", COUNT(interface_names), interface_names};

static const char *kind_of(const struct xw_node *node)
{
    switch (node->kind) {
    case XW_NODE_LIST:
        return "a list";
    case XW_NODE_MAP:
        return "a mapping";
    default:
        return node->length ? "a word" : "empty";
    }
}

/* Whether a node is there and of this kind; says what it should be. */
static bool is_kind(const struct xw_node *node, enum xw_node_kind kind, const char *what,
                    const char *right, struct xw_problems *problems)
{
    if (!node || node->kind == XW_NODE_BROKEN)
        return false;
    if (node->kind == kind)
        return true;
    xw_problem_add(problems, node->at, "%s is %s; it must be %s", what, kind_of(node), right);
    return false;
}

static void add_known(const struct keys *keys, char *text, size_t size)
{
    size_t used = 0;

    for (size_t i = 0; i < keys->count && used < size; i++) {
        int n = snprintf(text + used, size - used, "%s%s", i ? ", " : "", keys->names[i]);
        used += n > 0 ? (size_t)n : 0;
    }
}

/* Reports keys that nobody knows. */
static void check_keys(const struct xw_node *map, const struct keys *keys,
                       struct xw_problems *problems)
{
    char known[128];

    for (size_t i = 0; i < map->count; i++) {
        const struct xw_node *key = map->entries[i].key;
        bool found = key->kind != XW_NODE_SCALAR;
        for (size_t j = 0; j < keys->count && !found; j++)
            found = strcmp(keys->names[j], key->value) == 0;
        if (found)
            continue;
        const char *near = xw_suggest(key->value, keys->names, keys->count);
        add_known(keys, known, sizeof(known));
        if (near)
            xw_problem_add(problems, key->at, "%s has no key \"%.*s\"; did you mean \"%s\"?",
                           keys->of, SHOWN_MAX, key->value, near);
        else
            xw_problem_add(problems, key->at, "%s has no key \"%.*s\"; known are %s", keys->of,
                           SHOWN_MAX, key->value, known);
    }
}

/* The value of a key that must be there. */
static const struct xw_node *require(const struct xw_node *map, const char *key, const char *of,
                                     const char *right, struct xw_problems *problems)
{
    const struct xw_node *value = xw_tree_get(map, key);

    if (!value)
        xw_problem_add(problems, map->at, "%s lacks \"%s\"; add %s", of, key, right);
    return value;
}

/* Copies a scalar's text, without the spaces and line ends around it, if it fits one line. */
static bool take_text(const struct xw_node *node, const char *what, const char *right, char *text,
                      size_t size, struct xw_problems *problems)
{
    if (!is_kind(node, XW_NODE_SCALAR, what, right, problems))
        return false;
    const char *from = node->value + strspn(node->value, " \n");
    size_t length = strlen(from);
    while (length > 0 && (from[length - 1] == ' ' || from[length - 1] == '\n'))
        length--;
    if (length == 0) {
        xw_problem_add(problems, node->at, "%s is empty; it must be %s", what, right);
        return false;
    }
    if (length >= size) {
        xw_problem_add(problems, node->at, "%s is longer than %zu bytes; make it shorter", what,
                       size - 1);
        return false;
    }
    memcpy(text, from, length);
    text[length] = '\0';
    if (!xw_text_ok(text)) {
        xw_problem_add(problems, node->at,
                       "%s holds a line end, a control character or a mark that changes the "
                       "direction of text; write one line of plain text",
                       what);
        text[0] = '\0';
        return false;
    }
    return true;
}

#define NAME_RULE "small letters, digits and -, at most 32, the first a letter or digit"

static bool take_name(const struct xw_node *node, const char *what, char name[XW_NAME_SIZE],
                      struct xw_problems *problems)
{
    if (!is_kind(node, XW_NODE_SCALAR, what, "a name: " NAME_RULE, problems))
        return false;
    if (!xw_name_ok(node->value)) {
        xw_problem_add(problems, node->at, "%s \"%.*s\" is not a name; use " NAME_RULE, what,
                       SHOWN_MAX, node->value);
        return false;
    }
    snprintf(name, XW_NAME_SIZE, "%s", node->value);
    return true;
}

static bool take_number(const struct xw_node *node, const char *what, unsigned int min,
                        unsigned int max, unsigned int *number, struct xw_problems *problems)
{
    unsigned long value = 0;

    if (!node || node->kind == XW_NODE_BROKEN)
        return false;
    if (node->kind != XW_NODE_SCALAR || !node->plain || xw_number(node->value, max, &value) < 0 ||
        value < min) {
        xw_problem_add(problems, node->at, "%s must be a number from %u to %u, without quotes",
                       what, min, max);
        return false;
    }
    *number = (unsigned int)value;
    return true;
}

static void take_bool(const struct xw_node *node, const char *what, bool *value,
                      struct xw_problems *problems)
{
    if (!node || node->kind == XW_NODE_BROKEN)
        return;
    bool is_true = node->kind == XW_NODE_SCALAR && node->plain && !strcmp(node->value, "true");
    bool is_false = node->kind == XW_NODE_SCALAR && node->plain && !strcmp(node->value, "false");
    if (is_true || is_false)
        *value = is_true;
    else
        xw_problem_add(problems, node->at, "%s must be true or false, without quotes", what);
}

static void take_groups(const struct xw_node *list, const char *what, struct xw_lab_groups *groups,
                        struct xw_problems *problems)
{
    if (!is_kind(list, XW_NODE_LIST, what, "a list of groups, like [cs530]", problems))
        return;
    for (size_t i = 0; i < list->count; i++) {
        const struct xw_node *value = list->entries[i].value;
        if (groups->count == COUNT(groups->items)) {
            xw_problem_add(problems, value->at, "%s: at most %zu groups are possible", what,
                           COUNT(groups->items));
            return;
        }
        struct xw_lab_group *group = &groups->items[groups->count];
        group->at = value->at;
        if (take_text(value, "a group", "the name of a Unix group", group->name,
                      sizeof(group->name), problems))
            groups->count++;
    }
}

static void take_access(const struct xw_node *access, struct xw_lab *lab,
                        struct xw_problems *problems)
{
    if (!is_kind(access, XW_NODE_MAP, "access", "a mapping with \"students\"", problems))
        return;
    check_keys(access, &access_keys, problems);
    const struct xw_node *students =
        require(access, "students", "access", "`students: [GROUP]`", problems);
    take_groups(students, "students", &lab->students, problems);
    if (students && students->kind == XW_NODE_LIST && students->count == 0)
        xw_problem_add(problems, students->at,
                       "students names no group, so nobody could use the lab; name one, like "
                       "[cs530]");
    take_groups(xw_tree_get(access, "instructors"), "instructors", &lab->instructors, problems);
}

/* What may run at the same time of all the lab's worlds together. */
static void take_limits(const struct xw_node *limits, struct xw_lab *lab,
                        struct xw_problems *problems)
{
    if (!is_kind(limits, XW_NODE_MAP, "limits", "a mapping like {machines: 40}", problems))
        return;
    check_keys(limits, &limit_keys, problems);
    take_number(xw_tree_get(limits, "machines"), "machines", 1, XW_LIMIT_MACHINES_MAX,
                &lab->limits.machines, problems);
    take_number(xw_tree_get(limits, "memory"), "memory (in MiB)", XW_MEMORY_LEAST,
                XW_LIMIT_MEMORY_MAX, &lab->limits.memory, problems);
    take_number(xw_tree_get(limits, "vcpus"), "vcpus", 1, XW_LIMIT_VCPUS_MAX, &lab->limits.vcpus,
                problems);
}

static bool has_segment(const struct xw_lab *lab, const char *name)
{
    for (size_t i = 0; i < lab->segment_count; i++) {
        if (strcmp(lab->segments[i], name) == 0)
            return true;
    }
    return false;
}

static void take_segments(const struct xw_node *list, struct xw_lab *lab,
                          struct xw_problems *problems)
{
    char name[XW_NAME_SIZE];

    lab->segments_wrong = list && list->kind != XW_NODE_LIST;
    if (!is_kind(list, XW_NODE_LIST, "segments", "a list of names, like [outside, inside]",
                 problems))
        return;
    for (size_t i = 0; i < list->count; i++) {
        const struct xw_node *value = list->entries[i].value;
        if (!take_name(value, "the segment", name, problems)) {
            lab->segments_wrong = true;
        } else if (has_segment(lab, name)) {
            xw_problem_add(problems, value->at, "the segment \"%s\" is there twice; keep one",
                           name);
        } else if (lab->segment_count == XW_SEGMENTS_MAX) {
            xw_problem_add(problems, value->at, "a lab has at most %d segments", XW_SEGMENTS_MAX);
            lab->segments_wrong = true;
            return;
        } else {
            memcpy(lab->segments[lab->segment_count++], name, sizeof(name));
        }
    }
}

static void unknown_segment(const struct xw_node *node, const struct xw_lab *lab,
                            struct xw_problems *problems)
{
    const char *names[XW_SEGMENTS_MAX];

    for (size_t i = 0; i < lab->segment_count; i++)
        names[i] = lab->segments[i];
    const char *near = xw_suggest(node->value, names, lab->segment_count);
    if (near)
        xw_problem_add(problems, node->at, "the lab has no segment \"%s\"; did you mean \"%s\"?",
                       node->value, near);
    else
        xw_problem_add(problems, node->at,
                       "the lab has no segment \"%s\"; add it to \"segments\" or name one of "
                       "those",
                       node->value);
}

static void take_address(const struct xw_node *node, const char *what, bool prefix,
                         struct xw_address *address, struct xw_problems *problems)
{
    char text[XW_ADDRESS_SIZE];

    if (!node)
        return;
    const char *wrong = NULL;
    if (take_text(node, what, prefix ? "like 10.1.0.1/24" : "like 10.1.0.1", text, sizeof(text),
                  problems))
        wrong = xw_address_read(text, prefix, address);
    if (wrong) {
        xw_problem_add(problems, node->at, "%s \"%s\": %s", what, text, wrong);
        address->bits = 0;
    }
}

static void take_interface(const struct xw_node *node, const struct xw_lab *lab,
                           struct xw_lab_machine *machine, struct xw_problems *problems)
{
    struct xw_lab_interface *interface = &machine->interfaces[machine->interface_count];

    if (!is_kind(node, XW_NODE_MAP, "an interface", "a mapping with \"segment\"", problems))
        return;
    check_keys(node, &interface_keys, problems);
    const struct xw_node *address = xw_tree_get(node, "address");
    interface->at = address ? address->at : node->at;
    take_address(address, "the address", true, &interface->address, problems);
    interface->address_wrong = address && !interface->address.bits;
    const struct xw_node *segment =
        require(node, "segment", "an interface", "`segment: NAME`", problems);
    if (take_name(segment, "the segment", interface->segment, problems) &&
        !has_segment(lab, interface->segment) && !lab->segments_wrong)
        unknown_segment(segment, lab, problems);
    machine->interface_count++;
}

static void take_interfaces(const struct xw_node *list, const struct xw_lab *lab,
                            struct xw_lab_machine *machine, struct xw_problems *problems)
{
    if (!is_kind(list, XW_NODE_LIST, "interfaces",
                 "a list of mappings, like [{segment: inside, address: 10.2.0.2/24}]", problems))
        return;
    for (size_t i = 0; i < list->count; i++) {
        const struct xw_node *value = list->entries[i].value;
        if (machine->interface_count == XW_INTERFACES_MAX) {
            xw_problem_add(problems, value->at, "a machine has at most %d interfaces",
                           XW_INTERFACES_MAX);
            return;
        }
        take_interface(value, lab, machine, problems);
    }
}

static void take_machine(const struct xw_node *key, const struct xw_node *map, struct xw_lab *lab,
                         struct xw_problems *problems)
{
    struct xw_lab_machine *machine = &lab->machines[lab->machine_count];
    char what[XW_NAME_SIZE + 32];

    machine->at = key->at;
    machine->vcpus = 1;
    machine->order = ORDER_DEFAULT;
    take_name(key, "the machine", machine->name, problems);
    if (!is_kind(map, XW_NODE_MAP, "a machine", "a mapping with \"image\"", problems))
        return;
    check_keys(map, &machine_keys, problems);
    snprintf(what, sizeof(what), "the machine \"%s\"", machine->name);
    const struct xw_node *image = xw_tree_get(map, "image");
    if (!image)
        xw_problem_add(problems, key->at, "%s lacks \"image\"; add `image: NAME`", what);
    else
        machine->image_at = image->at;
    take_name(image, "the image", machine->image, problems);
    const struct xw_node *memory = xw_tree_get(map, "memory");
    machine->memory_at = memory ? memory->at : key->at;
    take_number(memory, "memory (in MiB)", XW_MEMORY_LEAST, XW_MEMORY_MAX, &machine->memory,
                problems);
    take_number(xw_tree_get(map, "vcpus"), "vcpus", 1, XW_VCPUS_MAX, &machine->vcpus, problems);
    take_number(xw_tree_get(map, "order"), "order", 0, XW_ORDER_MAX, &machine->order, problems);
    take_bool(xw_tree_get(map, "forward"), "forward", &machine->forward, problems);
    const struct xw_node *gateway = xw_tree_get(map, "gateway");
    machine->gateway_at = gateway ? gateway->at : key->at;
    take_address(gateway, "the gateway", false, &machine->gateway, problems);
    take_interfaces(xw_tree_get(map, "interfaces"), lab, machine, problems);
    lab->machine_count++;
}

static void take_machines(const struct xw_node *machines, struct xw_lab *lab,
                          struct xw_problems *problems)
{
    if (!is_kind(machines, XW_NODE_MAP, "machines", "a mapping of names to machines", problems))
        return;
    if (machines->count == 0)
        xw_problem_add(problems, machines->at, "machines is empty; a lab has at least one");
    for (size_t i = 0; i < machines->count; i++) {
        const struct xw_entry *entry = &machines->entries[i];
        if (lab->machine_count == XW_MACHINES_MAX) {
            xw_problem_add(problems, entry->key->at, "a lab has at most %d machines",
                           XW_MACHINES_MAX);
            return;
        }
        if (entry->key->kind == XW_NODE_SCALAR)
            take_machine(entry->key, entry->value, lab, problems);
    }
}

/* A machine that is larger than all of the lab may be could never be started. */
static void check_limits(const struct xw_lab *lab, struct xw_problems *problems)
{
    for (size_t i = 0; i < lab->machine_count; i++) {
        const struct xw_lab_machine *machine = &lab->machines[i];

        if (lab->limits.memory && machine->memory > lab->limits.memory)
            xw_problem_add(problems, machine->memory_at,
                           "the machine \"%s\" could never start: \"limits\" gives the whole lab "
                           "%u MiB",
                           machine->name, lab->limits.memory);
        if (lab->limits.vcpus && machine->vcpus > lab->limits.vcpus)
            xw_problem_add(problems, machine->at,
                           "the machine \"%s\" could never start: \"limits\" gives the whole lab "
                           "%u vcpus",
                           machine->name, lab->limits.vcpus);
    }
}

/* Nothing but people reads a description; it is checked so that showing it does no harm. */
static void check_description(const struct xw_node *node, struct xw_problems *problems)
{
    char line[XW_DESCRIPTION_MAX + 1];

    if (!is_kind(node, XW_NODE_SCALAR, "description", "text", problems))
        return;
    if (node->length > XW_DESCRIPTION_MAX) {
        xw_problem_add(problems, node->at, "description is longer than %d bytes; make it shorter",
                       XW_DESCRIPTION_MAX);
        return;
    }
    for (const char *at = node->value; *at; at += *at == '\n' || *at == '\t') {
        size_t length = strcspn(at, "\n\t");
        memcpy(line, at, length);
        line[length] = '\0';
        if (length > 0 && !xw_text_ok(line)) {
            xw_problem_add(problems, node->at,
                           "description holds a control character or a mark that changes the "
                           "direction of text; write plain text");
            return;
        }
        at += length;
    }
}

void xw_lab_read(const struct xw_node *root, struct xw_lab *lab, struct xw_problems *problems)
{
    unsigned int version;

    if (!is_kind(root, XW_NODE_MAP, "the file", "a mapping that begins with \"xworlds: 1\"",
                 problems))
        return;
    check_keys(root, &lab_keys, problems);
    take_number(
        require(root, "xworlds", "the file", "`xworlds: 1` (the version of the format)", problems),
        "xworlds (the version of the format)", VERSION, VERSION, &version, problems);
    take_text(require(root, "title", "the file", "`title: TEXT`", problems), "title",
              "one line of text", lab->title, sizeof(lab->title), problems);
    check_description(xw_tree_get(root, "description"), problems);
    take_access(require(root, "access", "the file", "`access:` with `students: [GROUP]`", problems),
                lab, problems);
    take_limits(xw_tree_get(root, "limits"), lab, problems);
    take_segments(xw_tree_get(root, "segments"), lab, problems);
    take_machines(require(root, "machines", "the file", "`machines:` with at least one", problems),
                  lab, problems);
    check_limits(lab, problems);
}
