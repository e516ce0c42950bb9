#include "common/request.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

enum { FIELDS = 7 };

/* Name, scope, role and deadline; then what else is so of the verb. */
static const struct xw_verb_info verbs[XW_VERB_COUNT] = {
    [XW_VERB_LIST] = {"list", XW_SCOPE_NONE, XW_ROLE_STUDENT, 10, .changes = false},
    [XW_VERB_STATUS] = {"status", XW_SCOPE_LAB, XW_ROLE_STUDENT, 10, .changes = false},
    [XW_VERB_START] = {"start", XW_SCOPE_SET, XW_ROLE_STUDENT, 120, .changes = true},
    [XW_VERB_STOP] = {"stop", XW_SCOPE_SET, XW_ROLE_STUDENT, 180, .changes = true,
                      .may_force = true},
    [XW_VERB_REBOOT] = {"reboot", XW_SCOPE_SET, XW_ROLE_STUDENT, 180, .changes = true,
                        .may_force = true},
    [XW_VERB_REVERT] = {"revert", XW_SCOPE_SET, XW_ROLE_STUDENT, 120, .changes = true,
                        .naming = XW_NAMING_MAY},
    [XW_VERB_CONSOLE] = {"console", XW_SCOPE_ONE, XW_ROLE_STUDENT, 15, .takes_descriptor = true},
    [XW_VERB_WATCH] = {"watch", XW_SCOPE_ONE, XW_ROLE_STUDENT, 15, .takes_descriptor = true},
    [XW_VERB_CHECKPOINTS] = {"checkpoints", XW_SCOPE_SET, XW_ROLE_STUDENT, 10, .changes = false},
    [XW_VERB_CHECKPOINT_CREATE] = {"checkpoint-create", XW_SCOPE_SET, XW_ROLE_STUDENT, 600,
                                   .changes = true, .naming = XW_NAMING_NOTED},
    [XW_VERB_CHECKPOINT_DELETE] = {"checkpoint-delete", XW_SCOPE_SET, XW_ROLE_STUDENT, 120,
                                   .changes = true, .naming = XW_NAMING_MUST},
    [XW_VERB_EVENTS] = {"events", XW_SCOPE_NONE, XW_ROLE_STUDENT, 15, .takes_descriptor = true},
    [XW_VERB_COPY_TO] = {"copy-to", XW_SCOPE_ONE, XW_ROLE_STUDENT, 15, .takes_descriptor = true},
    [XW_VERB_COPY_FROM] = {"copy-from", XW_SCOPE_ONE, XW_ROLE_STUDENT, 15,
                           .takes_descriptor = true},
    [XW_VERB_VNC] = {"vnc", XW_SCOPE_ONE, XW_ROLE_STUDENT, 15, .takes_descriptor = true},
    [XW_VERB_TAKE] = {"take", XW_SCOPE_ONE, XW_ROLE_INSTRUCTOR, 15, .takes_descriptor = true},
    [XW_VERB_WORLDS] = {"worlds", XW_SCOPE_ALL, XW_ROLE_INSTRUCTOR, 30, .changes = false},
    [XW_VERB_GRANTS] = {"grants", XW_SCOPE_ALL, XW_ROLE_INSTRUCTOR, 30, .changes = false},
    [XW_VERB_EXTEND] = {"extend", XW_SCOPE_LAB, XW_ROLE_INSTRUCTOR, 30, .changes = true,
                        .takes_time = true},
    [XW_VERB_DEPLOY] = {"deploy", XW_SCOPE_LAB, XW_ROLE_INSTRUCTOR, 120, .changes = true},
    [XW_VERB_PREPARE] = {"prepare", XW_SCOPE_NONE, XW_ROLE_ROOT, 300, .changes = true},
    [XW_VERB_SUSPEND] = {"suspend", XW_SCOPE_NONE, XW_ROLE_ROOT, 300, .changes = true},
    [XW_VERB_RELAY] = {"relay", XW_SCOPE_ONE, XW_ROLE_ROOT, 15, .changes = false},
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

int xw_request_set_world(struct xw_request *request, const char *text)
{
    char lab[XW_NAME_SIZE] = "";
    const char *owner = strchr(text, ':');
    size_t length = owner ? (size_t)(owner - text) : strnlen(text, XW_NAME_SIZE);

    if (length > XW_NAME_MAX)
        return -EINVAL;
    memcpy(lab, text, length);
    lab[length] = '\0';
    if (!xw_name_ok(lab) || (owner && !xw_owner_ok(owner + 1)))
        return -EINVAL;
    memcpy(request->lab, lab, sizeof(lab));
    snprintf(request->owner, sizeof(request->owner), "%s", owner ? owner + 1 : "");
    return 0;
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

int xw_request_set_checkpoint(struct xw_request *request, const char *option)
{
    static const char before[] = "checkpoint=";
    char name[XW_NAME_SIZE];
    enum xw_naming naming = verbs[request->verb].naming;

    if (naming == XW_NAMING_NONE || strncmp(option, before, sizeof(before) - 1) != 0)
        return -EINVAL;
    option += sizeof(before) - 1;
    size_t length = strcspn(option, ":");
    const char *note = option[length] ? option + length + 1 : "";
    size_t digits = strspn(note, "0123456789abcdef");
    if (note[digits] || digits % 2 || digits >= sizeof(request->note) ||
        (option[length] && (digits == 0 || naming != XW_NAMING_NOTED)))
        return -EINVAL;
    if (length > XW_NAME_MAX)
        return -ENOENT;
    memcpy(name, option, length);
    name[length] = '\0';
    if (!xw_name_ok(name))
        return -ENOENT;
    memcpy(request->checkpoint, name, length + 1);
    memcpy(request->note, note, digits + 1);
    return 0;
}

const char *xw_request_checkpoint(const struct xw_request *request,
                                  char text[XW_CHECKPOINT_OPTION_SIZE])
{
    snprintf(text, XW_CHECKPOINT_OPTION_SIZE, "%s%s%s%s", *request->checkpoint ? "checkpoint=" : "",
             request->checkpoint, *request->note ? ":" : "", request->note);
    return text;
}

static const char *or_dash(const char *text)
{
    return *text ? text : "-";
}

void xw_request_machines(const struct xw_request *request, char text[XW_MACHINES_SIZE])
{
    size_t used = 0;

    if (request->whole_world || request->machine_count == 0)
        snprintf(text, XW_MACHINES_SIZE, "%s", request->whole_world ? "*" : "-");
    for (size_t i = 0; i < request->machine_count && !request->whole_world; i++)
        used += (size_t)snprintf(text + used, XW_MACHINES_SIZE - used, "%s%s", i ? "," : "",
                                 request->machines[i]);
}

int xw_request_format(const struct xw_request *request, char line[XW_LINE_MAX])
{
    const struct xw_verb_info *verb = &verbs[request->verb];
    char machines[XW_MACHINES_SIZE];
    char option[XW_CHECKPOINT_OPTION_SIZE];

    xw_request_machines(request, machines);
    if (verb->takes_time)
        snprintf(option, sizeof(option), "%lld", (long long)request->until);
    else if (request->force)
        snprintf(option, sizeof(option), "force");
    else
        xw_request_checkpoint(request, option);
    int n = snprintf(line, XW_LINE_MAX, "%s %s %s %s %s %s %s\n", XW_PROTOCOL_VERSION, verb->name,
                     or_dash(request->lab), or_dash(request->owner), machines, or_dash(option),
                     request->id);
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

static int set_owner(struct xw_request *request, const char *owner)
{
    const struct xw_verb_info *verb = &verbs[request->verb];
    bool named = strcmp(owner, "-") != 0;

    if (verb->scope == XW_SCOPE_ALL)
        return named ? -EINVAL : 0;
    if (!named)
        return verb->scope == XW_SCOPE_NONE && verb->role == XW_ROLE_STUDENT ? 0 : -EINVAL;
    if (!xw_owner_ok(owner))
        return -EINVAL;
    snprintf(request->owner, sizeof(request->owner), "%s", owner);
    return 0;
}

/* "-", "force", a time or a checkpoint: what the verb takes. */
static int set_option(struct xw_request *request, const char *option)
{
    const struct xw_verb_info *verb = &verbs[request->verb];
    unsigned long until = 0;

    if (verb->takes_time) {
        int rc = xw_number(option, XW_TIME_MAX, &until);
        request->until = (time_t)until;
        return rc;
    }
    if (strcmp(option, "-") == 0)
        return verb->naming >= XW_NAMING_MUST ? -EINVAL : 0;
    request->force = verb->may_force && strcmp(option, "force") == 0;
    return request->force ? 0 : xw_request_set_checkpoint(request, option);
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
    if (xw_verb_find(field[1], &parsed.verb) < 0 || set_scope(&parsed, field[2], field[4]) < 0 ||
        set_owner(&parsed, field[3]) < 0 || set_option(&parsed, field[5]) < 0 ||
        !xw_request_id_ok(field[6]))
        return -EINVAL;
    memcpy(parsed.id, field[6], XW_REQUEST_ID_LEN + 1);
    *request = parsed;
    return 0;
}
