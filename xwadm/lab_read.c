#include <stdio.h>
#include <string.h>

#include "common/lines.h"
#include "xwadm/lab.h"
#include "xwadm/lab_take.h"
#include "xwadm/tree.h"
#include "xwsh/suggest.h"

enum { VERSION = 1, ORDER_DEFAULT = 10 };

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static const char *const lab_names[] = {"xworlds",  "title",         "description",
                                        "access",   "limits",        "segments",
                                        "machines", "suspend-after", "copy-limit"};
static const char *const access_names[] = {
    "students", "users",  "teams",    "instructors", "instructor-users",
    "opens",    "closes", "timezone", "grace"};
static const char *const limit_names[] = {"machines", "memory", "vcpus", "checkpoints"};
static const char *const machine_names[] = {"image",   "memory",  "vcpus",      "order",
                                            "forward", "gateway", "interfaces", "graphics"};
static const char *const interface_names[] = {"segment", "address"};

static const struct xw_lab_keys lab_keys = {"a lab", COUNT(lab_names), lab_names};
static const struct xw_lab_keys access_keys = {"access", COUNT(access_names), access_names};
static const struct xw_lab_keys limit_keys = {"limits", COUNT(limit_names), limit_names};
static const struct xw_lab_keys machine_keys = {"a machine", COUNT(machine_names), machine_names};
static const struct xw_lab_keys interface_keys = {"an interface", COUNT(interface_names),
                                                  interface_names};

/* What a list of names is about. */
struct naming {
    const char *one, *what, *list, *many;
};

static const struct naming groups_named = {"a group", "the name of a Unix group",
                                           "a list of groups, like [cs530]", "groups"};
static const struct naming users_named = {"a user", "the name of a user of this host",
                                          "a list of users, like [dave]", "users"};

static void take_names(const struct xw_node *access, const char *key, const struct naming *naming,
                       struct xw_lab_groups *names, struct xw_problems *problems)
{
    const struct xw_node *list = xw_tree_get(access, key);

    if (!list || !xw_lab_is_kind(list, XW_NODE_LIST, key, naming->list, problems))
        return;
    for (size_t i = 0; i < list->count; i++) {
        const struct xw_node *value = list->entries[i].value;
        if (names->count == COUNT(names->items)) {
            xw_problem_add(problems, value->at, "%s: at most %zu %s are possible", key,
                           COUNT(names->items), naming->many);
            return;
        }
        struct xw_lab_group *name = &names->items[names->count];
        name->at = value->at;
        if (xw_lab_take_text(value, naming->one, naming->what, name->name, sizeof(name->name),
                             problems))
            names->count++;
    }
}

/* Whether it is an empty list, or isn't there. */
static bool names_nobody(const struct xw_node *list)
{
    return !list || (list->kind == XW_NODE_LIST && list->count == 0);
}

/* There must be somebody to have a world. */
static void check_owners(const struct xw_node *access, struct xw_problems *problems)
{
    static const struct {
        const char *key, *nobody, *example;
    } kinds[] = {{"students", "no group", "[cs530]"},
                 {"users", "nobody", "[dave]"},
                 {"teams", "no group", "[blue]"}};
    size_t first = COUNT(kinds);
    bool somebody = false;

    for (size_t i = 0; i < COUNT(kinds); i++) {
        const struct xw_node *list = xw_tree_get(access, kinds[i].key);
        somebody = somebody || !names_nobody(list);
        if (list && first == COUNT(kinds))
            first = i;
    }
    if (first == COUNT(kinds))
        xw_problem_add(
            problems, access->at,
            "access lacks \"students\"; add `students: [GROUP]`, or `teams: [GROUP]` for "
            "worlds that the members of a group share, or `users: [USER]`");
    else if (!somebody)
        xw_problem_add(problems, xw_tree_get(access, kinds[first].key)->at,
                       "%s names %s, so nobody could use the lab; name one, like %s",
                       kinds[first].key, kinds[first].nobody, kinds[first].example);
}

static void take_access(const struct xw_node *access, struct xw_lab *lab,
                        struct xw_problems *problems)
{
    if (!xw_lab_is_kind(access, XW_NODE_MAP, "access", "a mapping with \"students\" or \"teams\"",
                        problems))
        return;
    xw_lab_check_keys(access, &access_keys, problems);
    check_owners(access, problems);
    take_names(access, "students", &groups_named, &lab->students, problems);
    take_names(access, "users", &users_named, &lab->users, problems);
    take_names(access, "teams", &groups_named, &lab->teams, problems);
    take_names(access, "instructors", &groups_named, &lab->instructors, problems);
    take_names(access, "instructor-users", &users_named, &lab->instructor_users, problems);
    xw_lab_take_times(access, lab, problems);
}

/* What may run at the same time of all the lab's worlds together. */
static void take_limits(const struct xw_node *limits, struct xw_lab *lab,
                        struct xw_problems *problems)
{
    if (!xw_lab_is_kind(limits, XW_NODE_MAP, "limits", "a mapping like {machines: 40}", problems))
        return;
    xw_lab_check_keys(limits, &limit_keys, problems);
    xw_lab_take_number(xw_tree_get(limits, "machines"), "machines", 1, XW_LIMIT_MACHINES_MAX,
                       &lab->limits.machines, problems);
    xw_lab_take_number(xw_tree_get(limits, "memory"), "memory (in MiB)", XW_MEMORY_LEAST,
                       XW_LIMIT_MEMORY_MAX, &lab->limits.memory, problems);
    xw_lab_take_number(xw_tree_get(limits, "vcpus"), "vcpus", 1, XW_LIMIT_VCPUS_MAX,
                       &lab->limits.vcpus, problems);
    xw_lab_take_number(xw_tree_get(limits, "checkpoints"), "checkpoints", 1,
                       XW_LIMIT_CHECKPOINTS_MAX, &lab->limits.checkpoints, problems);
}

static bool has_segment(const struct xw_lab *lab, const char *name)
{
    for (size_t i = 0; i < lab->segment_count; i++) {
        if (strcmp(lab->segments[i], name) == 0)
            return true;
    }
    return false;
}

/* Instead of the host's. */
static void take_suspend(const struct xw_node *node, struct xw_lab *lab,
                         struct xw_problems *problems)
{
    if (node && node->kind == XW_NODE_SCALAR && strcmp(node->value, "never") == 0)
        lab->says_suspend = true;
    else
        lab->says_suspend = xw_lab_take_number(node, "suspend-after (in minutes, or never)", 1,
                                               XW_SUSPEND_AFTER_MAX, &lab->suspend_after, problems);
}

/* Instead of XW_COPY_LIMIT_DEFAULT. */
static void take_copy_limit(const struct xw_node *node, struct xw_lab *lab,
                            struct xw_problems *problems)
{
    lab->says_copy_limit = node != NULL;
    if (!node || node->kind != XW_NODE_SCALAR || strcmp(node->value, "off") != 0)
        xw_lab_take_number(node, "copy-limit (in MiB, or off)", 1, XW_COPY_LIMIT_MAX,
                           &lab->copy_limit, problems);
}

static void take_segments(const struct xw_node *list, struct xw_lab *lab,
                          struct xw_problems *problems)
{
    char name[XW_NAME_SIZE];

    lab->segments_wrong = list && list->kind != XW_NODE_LIST;
    if (!list || !xw_lab_is_kind(list, XW_NODE_LIST, "segments",
                                 "a list of names, like [outside, inside]", problems))
        return;
    for (size_t i = 0; i < list->count; i++) {
        const struct xw_node *value = list->entries[i].value;
        if (!xw_lab_take_name(value, "the segment", name, problems)) {
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
    if (xw_lab_take_text(node, what, prefix ? "like 10.1.0.1/24" : "like 10.1.0.1", text,
                         sizeof(text), problems))
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

    if (!xw_lab_is_kind(node, XW_NODE_MAP, "an interface", "a mapping with \"segment\"", problems))
        return;
    xw_lab_check_keys(node, &interface_keys, problems);
    const struct xw_node *address = xw_tree_get(node, "address");
    interface->at = address ? address->at : node->at;
    take_address(address, "the address", true, &interface->address, problems);
    interface->address_wrong = address && !interface->address.bits;
    const struct xw_node *segment =
        xw_lab_require(node, "segment", "an interface", "`segment: NAME`", problems);
    if (xw_lab_take_name(segment, "the segment", interface->segment, problems) &&
        !has_segment(lab, interface->segment) && !lab->segments_wrong)
        unknown_segment(segment, lab, problems);
    machine->interface_count++;
}

static void take_interfaces(const struct xw_node *list, const struct xw_lab *lab,
                            struct xw_lab_machine *machine, struct xw_problems *problems)
{
    if (!xw_lab_is_kind(list, XW_NODE_LIST, "interfaces",
                        "a list of mappings, like [{segment: inside, address: 10.2.0.2/24}]",
                        problems))
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
    xw_lab_take_name(key, "the machine", machine->name, problems);
    if (!xw_lab_is_kind(map, XW_NODE_MAP, "a machine", "a mapping with \"image\"", problems))
        return;
    xw_lab_check_keys(map, &machine_keys, problems);
    snprintf(what, sizeof(what), "the machine \"%s\"", machine->name);
    const struct xw_node *image = xw_tree_get(map, "image");
    if (!image)
        xw_problem_add(problems, key->at, "%s lacks \"image\"; add `image: NAME`", what);
    else
        machine->image_at = image->at;
    xw_lab_take_name(image, "the image", machine->image, problems);
    const struct xw_node *memory = xw_tree_get(map, "memory");
    machine->memory_at = memory ? memory->at : key->at;
    xw_lab_take_number(memory, "memory (in MiB)", XW_MEMORY_LEAST, XW_MEMORY_MAX, &machine->memory,
                       problems);
    xw_lab_take_number(xw_tree_get(map, "vcpus"), "vcpus", 1, XW_VCPUS_MAX, &machine->vcpus,
                       problems);
    xw_lab_take_number(xw_tree_get(map, "order"), "order", 0, XW_ORDER_MAX, &machine->order,
                       problems);
    xw_lab_take_bool(xw_tree_get(map, "forward"), "forward", &machine->forward, problems);
    xw_lab_take_bool(xw_tree_get(map, "graphics"), "graphics", &machine->graphics, problems);
    const struct xw_node *gateway = xw_tree_get(map, "gateway");
    machine->gateway_at = gateway ? gateway->at : key->at;
    take_address(gateway, "the gateway", false, &machine->gateway, problems);
    take_interfaces(xw_tree_get(map, "interfaces"), lab, machine, problems);
    lab->machine_count++;
}

static void take_machines(const struct xw_node *machines, struct xw_lab *lab,
                          struct xw_problems *problems)
{
    if (!xw_lab_is_kind(machines, XW_NODE_MAP, "machines", "a mapping of names to machines",
                        problems))
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

    if (!xw_lab_is_kind(node, XW_NODE_SCALAR, "description", "text", problems))
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

    if (!xw_lab_is_kind(root, XW_NODE_MAP, "the file", "a mapping that begins with \"xworlds: 1\"",
                        problems))
        return;
    xw_lab_check_keys(root, &lab_keys, problems);
    xw_lab_take_number(xw_lab_require(root, "xworlds", "the file",
                                      "`xworlds: 1` (the version of the format)", problems),
                       "xworlds (the version of the format)", VERSION, VERSION, &version, problems);
    xw_lab_take_text(xw_lab_require(root, "title", "the file", "`title: TEXT`", problems), "title",
                     "one line of text", lab->title, sizeof(lab->title), problems);
    check_description(xw_tree_get(root, "description"), problems);
    take_access(
        xw_lab_require(root, "access", "the file", "`access:` with `students: [GROUP]`", problems),
        lab, problems);
    take_limits(xw_tree_get(root, "limits"), lab, problems);
    take_suspend(xw_tree_get(root, "suspend-after"), lab, problems);
    take_copy_limit(xw_tree_get(root, "copy-limit"), lab, problems);
    take_segments(xw_tree_get(root, "segments"), lab, problems);
    take_machines(
        xw_lab_require(root, "machines", "the file", "`machines:` with at least one", problems),
        lab, problems);
    check_limits(lab, problems);
}
