#include "xwhelper/keeper/confine.h"

#include <cap-ng.h>
#include <errno.h>
#include <grp.h>
#include <pwd.h>
#include <stdbool.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "xwhelper/keeper/policy.h"

#define END (-1)

/* Each capability (capabilities(7)) with what takes it. */
static const int listener_capabilities[] = {
    CAP_SETUID,        /* the reader and the relay */
    CAP_SETGID,        /* the same; no groups */
    CAP_SETPCAP,       /* children drop theirs from the bounding set */
    CAP_NET_ADMIN,     /* start: bridges */
    CAP_AUDIT_CONTROL, /* a child asks whether the kernel audits, and drops it at once */
    END,
};
static const int limiting_capabilities[] = {
    CAP_SETUID,    CAP_SETGID, CAP_SETPCAP, CAP_NET_ADMIN, CAP_AUDIT_CONTROL, /* as above */
    CAP_SYS_ADMIN, /* prepare, deploy: the limit of a new world's disk */
    END,
};
static const int request_capabilities[] = {
    CAP_SETUID, CAP_SETGID, CAP_SETPCAP, CAP_NET_ADMIN, END,
};
static const int broker_capabilities[] = {CAP_SETPCAP, CAP_SYS_ADMIN, END}; /* as above */
static const int start_capabilities[] = {CAP_NET_ADMIN, END};
static const int prepare_capabilities[] = {CAP_SYS_ADMIN, END};
static const int console_capabilities[] = {CAP_SETUID, CAP_SETGID, END};
static const int no_capabilities[] = {END};

static bool is_among(const int *capabilities, int capability)
{
    while (*capabilities != END && *capabilities != capability)
        capabilities++;
    return *capabilities == capability;
}

/* Keeps these, as far as they are there, in the permitted, effective and bounding sets. */
static void keep(const int *capabilities)
{
    if (capng_get_caps_process() < 0)
        abort();
    for (int i = 0; i <= CAP_LAST_CAP; i++) {
        const unsigned int sets = CAPNG_EFFECTIVE | CAPNG_PERMITTED | CAPNG_BOUNDING_SET;
        if (!is_among(capabilities, i) && capng_update(CAPNG_DROP, (capng_type_t)sets, (unsigned)i))
            abort();
        if (capng_update(CAPNG_DROP, CAPNG_INHERITABLE, (unsigned int)i))
            abort();
    }
    if (capng_apply(CAPNG_SELECT_BOTH) < 0 || capng_get_caps_process() < 0)
        abort();
    for (int i = 0; i <= CAP_LAST_CAP; i++) {
        if (!is_among(capabilities, i) && capng_have_capability(CAPNG_PERMITTED, (unsigned int)i))
            abort();
    }
}

static void forbid_dumps(void)
{
    if (prctl(PR_SET_DUMPABLE, 0) < 0 || prctl(PR_GET_DUMPABLE) != 0)
        abort();
}

int xw_account_find(const char *name, struct xw_account *account, struct xw_error *err)
{
    const struct passwd *found = getpwnam(name);

    if (!found || found->pw_uid == 0 || found->pw_gid == 0)
        return xw_fail(err, -ENOENT, "There is no user %s: run systemd-sysusers (see INSTALL)",
                       name);
    *account = (struct xw_account){found->pw_uid, found->pw_gid};
    return 0;
}

void xw_become(const struct xw_account *account)
{
    uid_t uid = account->uid;
    gid_t gid = account->gid;
    uid_t r, e, s;
    gid_t rg, eg, sg;

    if (uid == 0 || gid == 0 || setgroups(0, NULL) < 0 || setresgid(gid, gid, gid) < 0 ||
        setresuid(uid, uid, uid) < 0)
        abort();
    if (getresuid(&r, &e, &s) < 0 || r != uid || e != uid || s != uid ||
        getresgid(&rg, &eg, &sg) < 0 || rg != gid || eg != gid || sg != gid ||
        getgroups(0, NULL) != 0 || setresuid(0, 0, 0) == 0)
        abort();
    forbid_dumps();
}

void xw_confine_listener(bool limits_disks)
{
    keep(limits_disks ? limiting_capabilities : listener_capabilities);
    forbid_dumps();
    xw_policy_enter(&xw_listener_policy);
}

void xw_confine_request(void)
{
    keep(request_capabilities);
    xw_policy_enter(&xw_request_policy);
}

void xw_confine_broker(void)
{
    keep(broker_capabilities);
    xw_policy_enter(&xw_broker_policy);
}

static const struct xw_policy *policy_of(enum xw_verb verb)
{
    switch (verb) {
    case XW_VERB_PREPARE:
    case XW_VERB_DEPLOY:
        return &xw_prepare_policy;
    case XW_VERB_EXTEND:
        return &xw_extending_policy;
    case XW_VERB_SUSPEND:
        return &xw_suspend_policy;
    default:
        return &xw_changing_policy;
    }
}

void xw_confine_change(const struct xw_request *request)
{
    const enum xw_verb verb = request->verb;
    /* A machine that was off may be started with the memory of its checkpoint. */
    bool starts = verb == XW_VERB_START || (verb == XW_VERB_REVERT && *request->checkpoint);

    keep(starts                                              ? start_capabilities
         : verb == XW_VERB_PREPARE || verb == XW_VERB_DEPLOY ? prepare_capabilities
                                                             : no_capabilities);
    xw_policy_enter(policy_of(verb));
}

void xw_confine_console(void)
{
    keep(console_capabilities);
    xw_policy_enter(&xw_console_policy);
}

void xw_confine_relay(void)
{
    keep(console_capabilities);
    xw_policy_enter(&xw_sharing_policy);
}

void xw_confine_copy(void)
{
    keep(console_capabilities);
    xw_policy_enter(&xw_copy_policy);
}

void xw_confine_display(void)
{
    keep(console_capabilities);
    xw_policy_enter(&xw_display_policy);
}
