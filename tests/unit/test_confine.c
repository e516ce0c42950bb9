/* links: xwhelper/keeper/confine.c common/error.c */
/*
 * How the keeper's processes give privilege up: which capabilities stay, whose they become, and
 * that they end where a call fails, or only says that it worked.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cap-ng.h>
#include <cmocka.h>
#include <errno.h>
#include <grp.h>
#include <linux/capability.h>
#include <pwd.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/unit/faults.h"
#include "xwhelper/keeper/confine.h"
#include "xwhelper/keeper/policy.h"

enum { UID = 61001, GID = 61002, ENDED_WELL = 0 };

/* --- what is disturbed ----------------------------------------------------------------------- */

/* One of the three ids of the n-th call is another's. */
static struct {
    const char *call;
    int id;
} lie;

static void lie_about(const char *call, unsigned int *ids[3])
{
    if (lie.call && strcmp(lie.call, call) == 0)
        ++*ids[lie.id];
}

int getresuid(uid_t *real, uid_t *effective, uid_t *saved)
{
    int rc = (int)syscall(SYS_getresuid, real, effective, saved);

    lie_about("getresuid", (unsigned int *[]){real, effective, saved});
    return xw_fault_strikes("getresuid") ? -1 : rc;
}

int getresgid(gid_t *real, gid_t *effective, gid_t *saved)
{
    int rc = (int)syscall(SYS_getresgid, real, effective, saved);

    lie_about("getresgid", (unsigned int *[]){real, effective, saved});
    return xw_fault_strikes("getresgid") ? -1 : rc;
}

int setgroups(size_t count, const gid_t *groups)
{
    return xw_fault_strikes("setgroups") ? -1 : (int)syscall(SYS_setgroups, count, groups);
}

int setresgid(gid_t real, gid_t effective, gid_t saved)
{
    return xw_fault_strikes("setresgid") ? -1 : (int)syscall(SYS_setresgid, real, effective, saved);
}

/* The way back that there must not be. */
static bool way_back;

int setresuid(uid_t real, uid_t effective, uid_t saved)
{
    if (way_back && real == 0)
        return 0;
    return xw_fault_strikes("setresuid") ? -1 : (int)syscall(SYS_setresuid, real, effective, saved);
}

static int groups_left;

int getgroups(int size, gid_t *list)
{
    return groups_left ? groups_left : (int)syscall(SYS_getgroups, size, list);
}

int prctl(int option, ...)
{
    va_list args;

    va_start(args, option);
    unsigned long a = va_arg(args, unsigned long);
    unsigned long b = va_arg(args, unsigned long);
    unsigned long c = va_arg(args, unsigned long);
    unsigned long d = va_arg(args, unsigned long);
    va_end(args);
    if (option == PR_SET_DUMPABLE && xw_fault_strikes("stay dumpable"))
        return 0;
    if (option == PR_SET_DUMPABLE && xw_fault_strikes("set dumpable"))
        return -1;
    return (int)syscall(SYS_prctl, option, a, b, c, d);
}

/* The library may look by itself while it applies. */
static bool applied;

int capng_get_caps_process(void)
{
    int (*real)(void) = NULL;

    *(void **)&real = dlsym(RTLD_NEXT, "capng_get_caps_process");
    return xw_fault_strikes("capng_get_caps_process") || (applied && xw_fault_strikes("look again"))
               ? -1
               : real();
}

int capng_apply(capng_select_t set)
{
    int (*real)(capng_select_t) = NULL;

    *(void **)&real = dlsym(RTLD_NEXT, "capng_apply");
    if (xw_fault_strikes("pretend to apply"))
        return 0;
    int rc = xw_fault_strikes("capng_apply") ? -1 : real(set);
    applied = true;
    return rc;
}

int capng_update(capng_act_t action, capng_type_t type, unsigned int capability)
{
    int (*real)(capng_act_t, capng_type_t, unsigned int) = NULL;

    *(void **)&real = dlsym(RTLD_NEXT, "capng_update");
    if (type == CAPNG_INHERITABLE ? xw_fault_strikes("drop inheritable")
                                  : xw_fault_strikes("drop others"))
        return -1;
    return real(action, type, capability);
}

static struct passwd account;

struct passwd *getpwnam(const char *name)
{
    return strcmp(name, "xwread") == 0 ? &account : NULL;
}

/* The filters have a test of their own. */
const struct xw_policy xw_listener_policy, xw_request_policy, xw_broker_policy, xw_changing_policy,
    xw_prepare_policy, xw_suspend_policy, xw_extending_policy, xw_console_policy, xw_sharing_policy,
    xw_copy_policy, xw_display_policy;
static const struct xw_policy *entered;

bool xw_policy_enter(const struct xw_policy *policy)
{
    entered = policy;
    return true;
}

/* --- in a child ------------------------------------------------------------------------------ */

static int run(int (*work)(void *), void *data)
{
    int status;
    pid_t pid = fork();

    if (pid == 0) {
        signal(SIGABRT, SIG_DFL);
        _exit(work(data));
    }
    assert_true(pid > 0);
    assert_int_equal(waitpid(pid, &status, 0), pid);
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

static int begin(void **state)
{
    (void)state;
    xw_fault_set(NULL, 0, 0);
    lie.call = NULL;
    way_back = false;
    groups_left = 0;
    return 0;
}

static void accounts_are_not_roots(void **state)
{
    struct xw_account found = {1, 1};
    struct xw_error err = {0};

    (void)state;
    account = (struct passwd){.pw_uid = UID, .pw_gid = GID};
    assert_int_equal(xw_account_find("xwread", &found, &err), 0);
    assert_int_equal(found.uid, UID);
    assert_int_equal(found.gid, GID);
    account.pw_uid = 0;
    assert_int_equal(xw_account_find("xwread", &found, &err), -ENOENT);
    account = (struct passwd){.pw_uid = UID};
    assert_int_equal(xw_account_find("xwread", &found, &err), -ENOENT);
    assert_int_equal(xw_account_find("nobody else", &found, &err), -ENOENT);
    assert_string_equal(err.text,
                        "There is no user nobody else: run systemd-sysusers (see INSTALL)");
    assert_int_equal(found.uid, UID);
}

static int become(void *data)
{
    const struct xw_account *who = data;
    uid_t r, e, s;
    gid_t rg, eg, sg;

    xw_become(who);
    if (syscall(SYS_getresuid, &r, &e, &s) < 0 || r != UID || e != UID || s != UID ||
        syscall(SYS_getresgid, &rg, &eg, &sg) < 0 || rg != GID || eg != GID || sg != GID)
        return 1;
    return syscall(SYS_getgroups, 0, NULL) == 0 && prctl(PR_GET_DUMPABLE, 0, 0, 0, 0) == 0
               ? ENDED_WELL
               : 2;
}

static void it_becomes_somebody_for_good(void **state)
{
    static const char *const calls[] = {"setgroups", "setresgid", "setresuid",
                                        "getresuid", "getresgid", "set dumpable"};
    struct xw_account good = {UID, GID};
    struct xw_account root = {0, GID};
    struct xw_account group = {UID, 0};

    (void)state;
    assert_int_equal(run(become, &good), ENDED_WELL);
    assert_int_equal(run(become, &root), 128 + SIGABRT);
    assert_int_equal(run(become, &group), 128 + SIGABRT);
    for (size_t i = 0; i < sizeof(calls) / sizeof(calls[0]); i++) {
        xw_fault_set(calls[i], 1, EPERM);
        assert_int_equal(run(become, &good), 128 + SIGABRT);
    }
    xw_fault_set(NULL, 0, 0);
    for (lie.id = 0; lie.id < 3; lie.id++) {
        lie.call = "getresuid";
        assert_int_equal(run(become, &good), 128 + SIGABRT);
        lie.call = "getresgid";
        assert_int_equal(run(become, &good), 128 + SIGABRT);
    }
    lie.call = NULL;
    groups_left = 1;
    assert_int_equal(run(become, &good), 128 + SIGABRT);
    groups_left = 0;
    way_back = true;
    assert_int_equal(run(become, &good), 128 + SIGABRT);
}

/* --- capabilities ---------------------------------------------------------------------------- */

#define MASK(capability) (1ULL << (capability))

struct confinement {
    const char *name;
    uint64_t kept;
    const struct xw_policy *policy;
};

static void confine(const char *name)
{
    if (strcmp(name, "listener") == 0)
        xw_confine_listener(false);
    else if (strcmp(name, "limiting") == 0)
        xw_confine_listener(true);
    else if (strcmp(name, "request") == 0)
        xw_confine_request();
    else if (strcmp(name, "broker") == 0)
        xw_confine_broker();
    else if (strcmp(name, "console") == 0)
        xw_confine_console();
    else if (strcmp(name, "copy") == 0)
        xw_confine_copy();
    else if (strcmp(name, "relay") == 0)
        xw_confine_relay();
    else if (strcmp(name, "display") == 0)
        xw_confine_display();
    else if (strcmp(name, "start") == 0)
        xw_confine_change(&(struct xw_request){.verb = XW_VERB_START});
    else if (strcmp(name, "revert") == 0)
        xw_confine_change(&(struct xw_request){.verb = XW_VERB_REVERT});
    else if (strcmp(name, "revert to a checkpoint") == 0)
        xw_confine_change(&(struct xw_request){.verb = XW_VERB_REVERT, .checkpoint = "works"});
    else if (strcmp(name, "checkpoint") == 0)
        xw_confine_change(
            &(struct xw_request){.verb = XW_VERB_CHECKPOINT_CREATE, .checkpoint = "works"});
    else if (strcmp(name, "suspend") == 0)
        xw_confine_change(&(struct xw_request){.verb = XW_VERB_SUSPEND});
    else if (strcmp(name, "extend") == 0)
        xw_confine_change(&(struct xw_request){.verb = XW_VERB_EXTEND});
    else if (strcmp(name, "deploy") == 0)
        xw_confine_change(&(struct xw_request){.verb = XW_VERB_DEPLOY});
    else
        xw_confine_change(&(struct xw_request){.verb = XW_VERB_PREPARE});
}

static int confined(void *data)
{
    const struct confinement *wanted = data;
    struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
    struct __user_cap_data_struct now[2];

    /* Inheritable ones, too, as a careless starter could leave them. */
    if (syscall(SYS_capget, &header, now) < 0)
        return 1;
    now[0].inheritable = now[0].permitted;
    if (syscall(SYS_capset, &header, now) < 0 || prctl(PR_SET_DUMPABLE, 1, 0, 0, 0) < 0)
        return 2;
    confine(wanted->name);
    if (syscall(SYS_capget, &header, now) < 0)
        return 3;
    uint64_t permitted = now[0].permitted | (uint64_t)now[1].permitted << 32;
    uint64_t effective = now[0].effective | (uint64_t)now[1].effective << 32;
    if (permitted != wanted->kept || effective != wanted->kept)
        return 4;
    if (now[0].inheritable || now[1].inheritable)
        return 5;
    if (entered != wanted->policy)
        return 6;
    for (int i = 0; i <= CAP_LAST_CAP; i++) {
        int bound = prctl(PR_CAPBSET_READ, i, 0, 0, 0);
        if (bound > 0 && !(wanted->kept & MASK(i)))
            return 7;
    }
    if (strcmp(wanted->name, "listener") == 0 && prctl(PR_GET_DUMPABLE, 0, 0, 0, 0) != 0)
        return 8;
    return ENDED_WELL;
}

static const uint64_t ids = MASK(CAP_SETUID) | MASK(CAP_SETGID);
static struct confinement confinements[] = {
    {"listener", 0, &xw_listener_policy},
    {"request", 0, &xw_request_policy},
    {"console", 0, &xw_console_policy},
    {"start", MASK(CAP_NET_ADMIN), &xw_changing_policy},
    {"revert", 0, &xw_changing_policy},
    {"prepare", MASK(CAP_SYS_ADMIN), &xw_prepare_policy},
    {"limiting", 0, &xw_listener_policy},
    {"suspend", 0, &xw_suspend_policy},
    {"extend", 0, &xw_extending_policy},
    {"deploy", MASK(CAP_SYS_ADMIN), &xw_prepare_policy},
    {"broker", MASK(CAP_SETPCAP) | MASK(CAP_SYS_ADMIN), &xw_broker_policy},
    {"revert to a checkpoint", MASK(CAP_NET_ADMIN), &xw_changing_policy},
    {"checkpoint", 0, &xw_changing_policy},
    {"relay", 0, &xw_sharing_policy},
    {"copy", 0, &xw_copy_policy},
    {"display", 0, &xw_display_policy},
};

static void each_keeps_its_capabilities(void **state)
{
    (void)state;
    confinements[0].kept = ids | MASK(CAP_SETPCAP) | MASK(CAP_NET_ADMIN) | MASK(CAP_AUDIT_CONTROL);
    confinements[6].kept = confinements[0].kept | MASK(CAP_SYS_ADMIN);
    confinements[1].kept = ids | MASK(CAP_SETPCAP) | MASK(CAP_NET_ADMIN);
    confinements[2].kept = ids;
    confinements[13].kept = ids;
    confinements[14].kept = ids;
    confinements[15].kept = ids;
    for (size_t i = 0; i < sizeof(confinements) / sizeof(confinements[0]); i++)
        assert_int_equal(run(confined, &confinements[i]), ENDED_WELL);
}

static void where_a_call_fails_it_ends(void **state)
{
    static const struct {
        const char *call;
        int nth;
    } faults[] = {{"capng_get_caps_process", 1}, {"look again", 1},       {"capng_apply", 1},
                  {"pretend to apply", 1},       {"drop inheritable", 1}, {"drop others", 1}};

    (void)state;
    for (size_t i = 0; i < sizeof(faults) / sizeof(faults[0]); i++) {
        xw_fault_set(faults[i].call, faults[i].nth, EPERM);
        if (run(confined, &confinements[1]) != 128 + SIGABRT)
            fail_msg("it goes on: %s", faults[i].call);
    }
    static const char *const dumpable[] = {"set dumpable", "stay dumpable"};
    for (size_t i = 0; i < sizeof(dumpable) / sizeof(dumpable[0]); i++) {
        /* The first is the test's own. */
        xw_fault_set(dumpable[i], 2, EPERM);
        assert_int_equal(run(confined, &confinements[0]), 128 + SIGABRT);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(accounts_are_not_roots, begin),
        cmocka_unit_test_setup(it_becomes_somebody_for_good, begin),
        cmocka_unit_test_setup(each_keeps_its_capabilities, begin),
        cmocka_unit_test_setup(where_a_call_fails_it_ends, begin),
    };

    if (geteuid() != 0) {
        puts("1..0 # SKIP only root has something to give up");
        return 0;
    }
    return cmocka_run_group_tests(tests, NULL, NULL);
}
