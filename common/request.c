#include "common/request.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

enum { FIELDS = 7 };

static const struct xw_verb_info verbs[XW_VERB_COUNT] = {
    [XW_VERB_LIST] = {.name = "list", .scope = XW_SCOPE_NONE, .deadline = 10},
    [XW_VERB_STATUS] = {.name = "status", .scope = XW_SCOPE_LAB, .deadline = 10},
    [XW_VERB_START] = {.name = "start", .scope = XW_SCOPE_SET, .changes = true, .deadline = 120},
    [XW_VERB_STOP] = {.name = "stop",
                      .scope = XW_SCOPE_SET,
                      .may_force = true,
                      .changes = true,
                      .deadline = 180},
    [XW_VERB_REBOOT] = {.name = "reboot",
                        .scope = XW_SCOPE_SET,
                        .may_force = true,
                        .changes = true,
                        .deadline = 180},
    [XW_VERB_REVERT] = {.name = "revert", .scope = XW_SCOPE_SET, .changes = true, .deadline = 120},
    [XW_VERB_CONSOLE] = {.name = "console",
                         .scope = XW_SCOPE_ONE,
                         .takes_descriptor = true,
                         .deadline = 15},
    [XW_VERB_PREPARE] = {.name = "prepare",
                         .scope = XW_SCOPE_NONE,
                         .role = XW_ROLE_ROOT,
                         .changes = true,
                         .deadline = 300},
    [XW_VERB_SUSPEND] = {.name = "suspend", .role = XW_ROLE_ROOT, .changes = true, .deadline = 300},
};

const struct xw_verb_info *xw_verb_info(enum xw_verb verb)
{
    return &verbs[verb];
}

int xw_verb_find(const char *name, enum xw_verb *verb)
{
    for (int i = 0; i < XW_VERB_COUNT; i++) {
        if (strcmp(verbs[i].name, name) == 0) {
            *verb = (enum xw_verb)i;
            return 0;
        }
    }
    return -ENOENT;
}

static int add_machine(struct xw_request *request, const char *name, size_t length)
{
    if (request->machine_count == XW_MACHINES_MAX || length > XW_NAME_MAX)
        return -EINVAL;
    char *slot = request->machines[request->machine_count];
    memcpy(slot, name, length);
    slot[length] = '\0';
    if (!xw_name_ok(slot))
        return -EINVAL;
    for (size_t i = 0; i < request->machine_count; i++) {
        if (strcmp(request->machines[i], slot) == 0)
            return -EINVAL;
    }
    request->machine_count++;
    return 0;
}

int xw_request_set_machines(struct xw_request *request, const char *list)
{
    request->machine_count = 0;
    request->whole_world = strcmp(list, "*") == 0;
    if (request->whole_world)
        return 0;
    for (const char *at = list;; at++) {
        size_t length = strcspn(at, ",");
        int rc = add_machine(request, at, length);
        if (rc < 0)
            return rc;
        at += length;
        if (!*at)
            return 0;
    }
}

static const char *or_dash(const char *text)
{
    return *text ? text : "-";
}

/* Joins the machines with commas. Returns 0 or -EMSGSIZE. */
static int join_machines(const struct xw_request *request, char *text, size_t size)
{
    size_t used = 0;

    if (request->whole_world || request->machine_count == 0) {
        snprintf(text, size, "%s", request->whole_world ? "*" : "-");
        return 0;
    }
    for (size_t i = 0; i < request->machine_count; i++) {
        int n = snprintf(text + used, size - used, "%s%s", i ? "," : "", request->machines[i]);
        if (n < 0 || (size_t)n >= size - used)
            return -EMSGSIZE;
        used += (size_t)n;
    }
    return 0;
}

int xw_request_format(const struct xw_request *request, char line[XW_LINE_MAX])
{
    char machines[XW_MACHINES_MAX * XW_NAME_SIZE + 1];
    int rc = join_machines(request, machines, sizeof(machines));

    if (rc < 0)
        return rc;
    int n = snprintf(line, XW_LINE_MAX, "%s %s %s %s %s %s %s\n", XW_PROTOCOL_VERSION,
                     verbs[request->verb].name, or_dash(request->lab), or_dash(request->owner),
                     machines, request->force ? "force" : "-", request->id);
    return n < 0 || n >= XW_LINE_MAX ? -EMSGSIZE : n;
}

/* Splits at single spaces into exactly FIELDS non-empty fields. */
static bool split(char *line, char *fields[FIELDS])
{
    for (int i = 0; i < FIELDS; i++) {
        fields[i] = line;
        char *space = strchr(line, ' ');
        if (line[0] == ' ' || line[0] == '\0' || (space == NULL) != (i == FIELDS - 1))
            return false;
        if (space) {
            *space = '\0';
            line = space + 1;
        }
    }
    return true;
}

static int set_scope(struct xw_request *request, const char *lab, const char *machines)
{
    enum xw_scope scope = verbs[request->verb].scope;
    bool has_lab = strcmp(lab, "-") != 0;
    bool has_machines = strcmp(machines, "-") != 0;

    if (has_lab != (scope != XW_SCOPE_NONE))
        return -EINVAL;
    if (has_machines != (scope == XW_SCOPE_SET || scope == XW_SCOPE_ONE))
        return -EINVAL;
    if (has_lab) {
        if (!xw_name_ok(lab))
            return -EINVAL;
        snprintf(request->lab, sizeof(request->lab), "%s", lab);
    }
    if (has_machines && xw_request_set_machines(request, machines) < 0)
        return -EINVAL;
    if (scope == XW_SCOPE_ONE && request->machine_count != 1)
        return -EINVAL;
    return 0;
}

int xw_request_parse(const char *line, struct xw_request *request)
{
    char copy[XW_LINE_MAX];
    char *field[FIELDS];
    struct xw_request parsed = {0};
    size_t length = strnlen(line, sizeof(copy));

    if (length == sizeof(copy))
        return -EINVAL;
    memcpy(copy, line, length + 1);
    if (!split(copy, field))
        return -EINVAL;
    if (strcmp(field[0], XW_PROTOCOL_VERSION) != 0)
        return -EPROTO;
    if (xw_verb_find(field[1], &parsed.verb) < 0 || !xw_owner_ok(field[3]) ||
        set_scope(&parsed, field[2], field[4]) < 0 || !xw_request_id_ok(field[6]))
        return -EINVAL;
    parsed.force = strcmp(field[5], "force") == 0;
    if (!parsed.force && strcmp(field[5], "-") != 0)
        return -EINVAL;
    if (parsed.force && !verbs[parsed.verb].may_force)
        return -EINVAL;
    snprintf(parsed.owner, sizeof(parsed.owner), "%s", field[3]);
    memcpy(parsed.id, field[6], XW_REQUEST_ID_LEN + 1);
    *request = parsed;
    return 0;
}
