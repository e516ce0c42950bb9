/*
 * The gate: setuid and setgid xwhelper, never root. It says to the keeper, with the kernel as
 * witness, who asks; refuses what need not go further; leaves one audit record; executes nothing.
 */
#include <errno.h>
#include <fcntl.h>
#include <libaudit.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <unistd.h>

#include "common/access.h"
#include "common/cleanup.h"
#include "common/clock.h"
#include "common/exitcode.h"
#include "common/paths.h"
#include "common/record.h"
#include "common/request.h"
#include "xwhelper/gate/audit.h"
#include "xwhelper/gate/identity.h"
#include "xwhelper/gate/policy.h"
#include "xwhelper/gate/talk.h"

enum { VIEWER = 3, GROUPS_MAX = 64, LABS_MAX = 128 };

/* A lab's record that has been read and not been looked at. */
struct lab {
    char name[XW_NAME_SIZE];
    char *text;
    size_t length;
};

struct gate {
    struct xw_caller caller;
    struct xw_gate_log audit;
    int keeper;     /* or a negative errno */
    uint64_t since; /* when the request, or the console, began */
    bool opened;    /* a console */
    struct xw_request request;
    int known; /* 0, or the negative errno of the caller's own record */
    struct xw_owner own;
    size_t group_count;
    struct xw_owner groups[GROUPS_MAX]; /* the records of the caller's groups */
    size_t lab_count;
    struct lab labs[LABS_MAX]; /* all that these records name */
    struct xw_owner assumed;
    const struct xw_owner *owner; /* of the world that is asked for */
    struct xw_access access;
    time_t now; /* when it is decided */
};

/* Draws the id that joins the audit record with the keeper's log. */
static void draw_id(char id[XW_REQUEST_ID_LEN + 1])
{
    unsigned char bytes[XW_REQUEST_ID_LEN / 2];

    if (getrandom(bytes, sizeof(bytes), 0) != (ssize_t)sizeof(bytes))
        abort();
    for (size_t i = 0; i < sizeof(bytes); i++)
        snprintf(id + 2 * i, 3, "%02x", bytes[i]);
}

/*
 * Reads the arguments into the request. -EINVAL: not the verb's form (usage). -ENOENT: a name
 * beyond the grammar, which is answered as what does not exist.
 */
static int read_arguments(int argc, char *const argv[], struct xw_request *request)
{
    int names = argc - 2;
    unsigned long until = 0;

    if (argc < 2 || xw_verb_find(argv[1], &request->verb) < 0)
        return -EINVAL;
    const struct xw_verb_info *verb = xw_verb_info(request->verb);
    if (names > 0 && verb->may_force && strcmp(argv[argc - 1], "--force") == 0) {
        request->force = true;
        names--;
    }
    int wanted = verb->scope == XW_SCOPE_NONE                      ? 0
                 : verb->scope >= XW_SCOPE_SET || verb->takes_time ? 2
                                                                   : 1;
    bool named = verb->naming != XW_NAMING_NONE && names > wanted;
    if (verb->role == XW_ROLE_ROOT || names != wanted + named ||
        (verb->naming >= XW_NAMING_MUST && !named))
        return -EINVAL;
    if (verb->takes_time && xw_number(argv[3], XW_TIME_MAX, &until) < 0)
        return -EINVAL;
    request->until = (time_t)until;
    int rc = named ? xw_request_set_checkpoint(request, argv[2 + wanted]) : 0;
    if (rc < 0)
        return rc;
    if (wanted >= 1 && xw_request_set_world(request, argv[2]) < 0)
        return -ENOENT;
    if (verb->scope == XW_SCOPE_ALL && *request->owner)
        return -ENOENT;
    if (verb->scope >= XW_SCOPE_SET && xw_request_set_machines(request, argv[3]) < 0)
        return -ENOENT;
    if (verb->scope == XW_SCOPE_ONE && request->machine_count != 1)
        return -ENOENT;
    return 0;
}

static const struct lab *find_lab(const struct gate *gate, const char *name)
{
    for (size_t i = 0; i < gate->lab_count; i++) {
        if (strcmp(gate->labs[i].name, name) == 0)
            return &gate->labs[i];
    }
    return NULL;
}

static void read_labs(struct gate *gate, int labs, char (*names)[XW_NAME_SIZE], size_t count)
{
    for (size_t i = 0; i < count && gate->lab_count < LABS_MAX; i++) {
        struct lab *lab = &gate->labs[gate->lab_count];
        if (!find_lab(gate, names[i]) &&
            xw_access_text(labs, names[i], &lab->text, &lab->length, NULL) == 0) {
            memcpy(lab->name, names[i], XW_NAME_SIZE);
            gate->lab_count++;
        }
    }
}

/*
 * Reads the records of the caller and of the caller's groups, and those of the labs that they name,
 * whatever will be asked: when the filter is loaded nothing can be opened any more, so that no gate
 * ever reaches another's record.
 */
static void read_records(struct gate *gate)
{
    XW_AUTO_CLOSE int owners = xw_record_directory(XW_OWNERS_DIR);
    XW_AUTO_CLOSE int labs = xw_record_directory(XW_LABS_DIR);

    gate->known = xw_owner_read(owners, gate->caller.uid, &gate->own, NULL);
    gate->caller.name = gate->own.name;
    read_labs(gate, labs, gate->own.labs, gate->own.lab_count);
    read_labs(gate, labs, gate->own.instructed, gate->own.instructed_count);
    for (size_t i = 0; i < gate->caller.group_count && gate->group_count < GROUPS_MAX; i++) {
        struct xw_owner *group = &gate->groups[gate->group_count];
        if (xw_owner_read_group(owners, gate->caller.groups[i], group, NULL) < 0)
            continue;
        gate->group_count++;
        read_labs(gate, labs, group->labs, group->lab_count);
        read_labs(gate, labs, group->instructed, group->instructed_count);
    }
}

/* The record of the lab that is asked for, if it is one of the caller's; NULL else. */
static const struct xw_access *find_access(struct gate *gate)
{
    const struct lab *lab = find_lab(gate, gate->request.lab);

    return lab && xw_access_of(lab->name, lab->text, lab->length, &gate->access, NULL) == 0
               ? &gate->access
               : NULL;
}

/* Where none is named: who asks, or the only team of theirs that has a world of the lab. */
static void name_owner(struct gate *gate)
{
    struct xw_request *request = &gate->request;
    const char *name = gate->own.name;
    size_t teams = 0;

    if (*request->owner || xw_verb_info(request->verb)->scope == XW_SCOPE_ALL)
        return;
    for (size_t i = 0; i < gate->group_count && !xw_access_lists(&gate->own, request->lab); i++) {
        if (xw_access_lists(&gate->groups[i], request->lab))
            name = ++teams == 1 ? gate->groups[i].name : gate->own.name;
    }
    snprintf(request->owner, sizeof(request->owner), "%s", name);
}

/*
 * The record of the owner who is named; NULL where nobody is. Another's can't be read here: what is
 * assumed of it gives nothing to anybody but the lab's instructors, and the keeper looks.
 */
static const struct xw_owner *find_owner(struct gate *gate)
{
    const struct xw_request *request = &gate->request;
    struct xw_owner *assumed = &gate->assumed;

    if (!*request->owner)
        return NULL;
    if (strcmp(gate->own.name, request->owner) == 0)
        return &gate->own;
    for (size_t i = 0; i < gate->group_count; i++) {
        if (strcmp(gate->groups[i].name, request->owner) == 0)
            return &gate->groups[i];
    }
    memcpy(assumed->name, request->owner, XW_NAME_SIZE);
    memcpy(assumed->labs[0], request->lab, XW_NAME_SIZE);
    assumed->lab_count = 1;
    return assumed;
}

/* Nothing has been deployed for this user, or for a group of theirs, or is theirs to look after. */
static bool has_nothing(const struct gate *gate)
{
    return gate->known == -ENOENT && gate->group_count == 0;
}

/* Authorizes by the records; what couldn't be read is refused. */
static enum xw_decision authorize(struct gate *gate)
{
    struct xw_request *request = &gate->request;

    name_owner(gate);
    if ((gate->known < 0 && gate->known != -ENOENT) || has_nothing(gate)) {
        if (!*request->owner)
            snprintf(request->owner, sizeof(request->owner), "_nobody");
        return XW_DECISION_REFUSE;
    }
    gate->owner = find_owner(gate);
    gate->now = xw_clock_now();
    return xw_access_decide(&gate->caller, request, gate->owner, find_access(gate), gate->now);
}

static void console_opened(void *data)
{
    struct gate *gate = data;

    if (xw_verb_info(gate->request.verb)->scope != XW_SCOPE_ONE)
        return; /* a stream of events: one record at its end */
    xw_gate_audit(&gate->audit, gate->caller.uid, &gate->request, "open", true, 0, gate->since);
    gate->since = xw_gate_clock();
    gate->opened = true;
}

static int ask_keeper(struct gate *gate)
{
    bool console = xw_verb_info(gate->request.verb)->takes_descriptor;
    int rc = gate->keeper;

    if (rc >= 0)
        rc = xw_gate_send(gate->keeper, &gate->request, console ? VIEWER : -1);
    /* A keeper that turns the gate away doesn't wait for its line: what it said is there to read.
     */
    if (rc < 0 && rc != -EPIPE) {
        xw_gate_say("error the lab's keeper is not answering; try again in a moment, and tell "
                    "your instructor if it stays so");
        xw_gate_say("end %d", XW_EXIT_TRY_AGAIN);
        return XW_EXIT_TRY_AGAIN;
    }
    if (console)
        close(VIEWER);
    return xw_gate_pass_on(gate->keeper, xw_verb_info(gate->request.verb)->deadline, console_opened,
                           gate);
}

static int refuse(int code, const char *text)
{
    xw_gate_say("error %s", text);
    xw_gate_say("end %d", code);
    return code;
}

/* Theirs, but not now: the window is told, so that xwsh can say when. */
static int limit(const struct gate *gate)
{
    struct xw_window window = xw_access_window(gate->owner, &gate->access, gate->now);
    char line[XW_WINDOW_LINE_SIZE];

    if (xw_window_line(gate->access.lab, gate->owner->gid ? gate->owner->name : "", &window, line))
        xw_gate_say("%s", line);
    return refuse(XW_EXIT_LIMITED, xw_window_refusal(&window));
}

static int serve(struct gate *gate, int argc, char *const argv[])
{
    enum xw_decision decision = XW_DECISION_REFUSE;
    bool allowed = false;
    int code;
    int rc = read_arguments(argc, argv, &gate->request);

    if (!xw_verb_info(gate->request.verb)->takes_descriptor)
        close(VIEWER);
    draw_id(gate->request.id);
    xw_gate_say("xworlds %s %s", XW_PROTOCOL_VERSION, gate->request.id);
    if (rc == 0)
        decision = authorize(gate);
    if (rc == -EINVAL) {
        code = refuse(XW_EXIT_USAGE, "the gate was not asked in its own form; see xwsh(1)");
    } else if (decision == XW_DECISION_LIMIT) {
        code = limit(gate);
    } else if (decision != XW_DECISION_ALLOW) {
        if (rc == 0 && gate->request.verb == XW_VERB_LIST && has_nothing(gate)) {
            code = XW_EXIT_OK; /* an empty list */
            allowed = true;
            xw_gate_say("end %d", code);
        } else {
            code = refuse(XW_EXIT_REFUSED, XW_REFUSED_TEXT);
        }
    } else {
        allowed = true;
        code = ask_keeper(gate);
    }
    const char *phase = gate->opened ? "close" : rc == -EINVAL ? "malformed" : "request";
    xw_gate_audit(&gate->audit, gate->caller.uid, &gate->request, phase, allowed, code,
                  gate->since);
    return code;
}

int main(int argc, char *argv[])
{
    static struct gate gate;

    xw_gate_sanitize(argc, argv, VIEWER + 1);
    gate.since = xw_gate_clock();
    xw_gate_caller(&gate.caller);
    /* Something must be there, or what is opened next would be taken for the viewer. */
    if (fcntl(VIEWER, F_GETFD) < 0 && dup2(STDERR_FILENO, VIEWER) != VIEWER)
        abort();
    if (gate.caller.uid == 0) {
        draw_id(gate.request.id);
        xw_gate_say("xworlds %s %s", XW_PROTOCOL_VERSION, gate.request.id);
        return refuse(XW_EXIT_REFUSED, "root has xwadm(8); this is for students");
    }
    gate.audit.fd = audit_open();
    gate.keeper = xw_gate_connect_and_drop(gate.caller.uid);
    read_records(&gate);
    xw_gate_terminal(gate.audit.terminal);
    gate.audit.landlock = xw_policy_enter(&xw_gate_policy);
    return serve(&gate, argc, argv);
}
