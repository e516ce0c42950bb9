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
#include "common/exitcode.h"
#include "common/paths.h"
#include "common/record.h"
#include "common/request.h"
#include "xwhelper/gate/audit.h"
#include "xwhelper/gate/identity.h"
#include "xwhelper/gate/policy.h"
#include "xwhelper/gate/talk.h"

enum { VIEWER = 3 };

struct gate {
    struct xw_caller caller;
    struct xw_gate_log audit;
    int keeper; /* or a negative errno */
    int owners; /* directories, opened before the filter */
    int labs;
    uint64_t since; /* when the request, or the console, began */
    bool opened;    /* a console */
    struct xw_request request;
    bool unknown; /* there is no record of the caller */
    struct xw_owner owner;
    struct xw_access access;
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

    if (argc < 2 || xw_verb_find(argv[1], &request->verb) < 0)
        return -EINVAL;
    const struct xw_verb_info *verb = xw_verb_info(request->verb);
    if (names > 0 && verb->may_force && strcmp(argv[argc - 1], "--force") == 0) {
        request->force = true;
        names--;
    }
    int wanted = verb->scope == XW_SCOPE_NONE ? 0 : verb->scope == XW_SCOPE_LAB ? 1 : 2;
    if (verb->role != XW_ROLE_STUDENT || names != wanted)
        return -EINVAL;
    if (wanted >= 1) {
        if (!xw_name_ok(argv[2]))
            return -ENOENT;
        snprintf(request->lab, sizeof(request->lab), "%s", argv[2]);
    }
    if (wanted == 2 && xw_request_set_machines(request, argv[3]) < 0)
        return -ENOENT;
    if (verb->scope == XW_SCOPE_ONE && request->machine_count != 1)
        return -ENOENT;
    return 0;
}

/* Authorizes by the records; what can't be read is refused. */
static enum xw_decision authorize(struct gate *gate)
{
    struct xw_request *request = &gate->request;
    const struct xw_access *access = NULL;

    int rc = xw_owner_read(gate->owners, gate->caller.uid, &gate->owner, NULL);
    if (rc < 0) {
        /* Nobody's owner yet: `list` of nothing is an answer, everything else is refused. */
        gate->unknown = rc == -ENOENT;
        snprintf(request->owner, sizeof(request->owner), "_nobody");
        return XW_DECISION_REFUSE;
    }
    snprintf(request->owner, sizeof(request->owner), "%s", gate->owner.name);
    if (xw_access_lists(&gate->owner, request->lab) &&
        xw_access_read(gate->labs, request->lab, &gate->access, NULL) == 0)
        access = &gate->access;
    return xw_access_decide(&gate->caller, request, &gate->owner, access);
}

static void console_opened(void *data)
{
    struct gate *gate = data;

    if (gate->request.verb != XW_VERB_CONSOLE)
        return;
    xw_gate_audit(&gate->audit, gate->caller.uid, &gate->request, "open", true, 0, gate->since);
    gate->since = xw_gate_clock();
    gate->opened = true;
}

static int ask_keeper(struct gate *gate)
{
    bool console = gate->request.verb == XW_VERB_CONSOLE;
    int rc = gate->keeper;

    if (rc >= 0)
        rc = xw_gate_send(gate->keeper, &gate->request, console ? VIEWER : -1);
    if (rc < 0) {
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

static int serve(struct gate *gate, int argc, char *const argv[])
{
    bool allowed = false;
    int code;
    int rc = read_arguments(argc, argv, &gate->request);

    if (gate->request.verb != XW_VERB_CONSOLE)
        close(VIEWER);
    draw_id(gate->request.id);
    xw_gate_say("xworlds %s %s", XW_PROTOCOL_VERSION, gate->request.id);
    if (rc == -EINVAL) {
        code = refuse(XW_EXIT_USAGE, "the gate was not asked in its own form; see xwsh(1)");
    } else if (rc < 0 || authorize(gate) != XW_DECISION_ALLOW) {
        if (rc == 0 && gate->request.verb == XW_VERB_LIST && gate->unknown) {
            code = XW_EXIT_OK; /* no world has been deployed for this user */
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
    gate.owners = xw_record_directory(XW_OWNERS_DIR);
    gate.labs = xw_record_directory(XW_LABS_DIR);
    xw_gate_terminal(gate.audit.terminal);
    gate.audit.landlock = xw_policy_enter(&xw_gate_policy);
    return serve(&gate, argc, argv);
}
