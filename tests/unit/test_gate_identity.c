/* links: xwhelper/gate/identity.c */
/*
 * The gate's first lines, each run in a child that inherits something bad (T-C1 to T-C6), and its
 * changes of identity with each call in turn refused by the kernel, or pretended.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/capability.h>
#include <sched.h>
#include <seccomp.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/paths.h"
#include "tests/unit/private_root.h"
#include "xwhelper/gate/identity.h"

enum { KEEP = 4, STUDENT = 61001, HELPER = 61002, GROUP = 61003, ENDED_WELL = 0 };

extern char **environ;

static char *const arguments[] = {(char[]){"xwhelper"}, NULL};

/* Exit code of a child that runs `work`, or 128 + the signal that ended it. */
static int run(int (*work)(void *), void *data)
{
    int status;
    pid_t pid = fork();

    if (pid == 0)
        _exit(work(data));
    assert_true(pid > 0);
    assert_int_equal(waitpid(pid, &status, 0), pid);
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

static void sanitize(void)
{
    xw_gate_sanitize(1, arguments, KEEP);
}

/* --- T-A1, T-C1 to T-C5 --------------------------------------------------------------------- */

static int with_arguments(void *data)
{
    static char *const none[] = {NULL};
    int which = *(int *)data;

    xw_gate_sanitize(which == 0 ? 0 : 1, which == 1 ? NULL : which == 2 ? none : arguments, KEEP);
    return ENDED_WELL;
}

static void without_arguments_it_aborts(void **state)
{
    (void)state;
    for (int which = 0; which < 3; which++)
        assert_int_equal(run(with_arguments, &which), 128 + SIGABRT);
    int good = 3;
    assert_int_equal(run(with_arguments, &good), ENDED_WELL);
}

static int with_closed(void *data)
{
    unsigned int closed = *(unsigned int *)data;

    for (int fd = 0; fd <= 2; fd++) {
        if (closed & (1U << fd))
            close(fd);
    }
    sanitize();
    for (int fd = 0; fd <= 2; fd++) {
        struct stat info;
        if (fstat(fd, &info) < 0)
            return 1;
        struct stat null;
        if (stat("/dev/null", &null) < 0)
            return 2;
        if ((closed & (1U << fd)) && info.st_rdev != null.st_rdev)
            return 3;
    }
    return ENDED_WELL;
}

static void descriptors_0_to_2_closed_all_8_ways(void **state)
{
    (void)state;
    for (unsigned int closed = 0; closed < 8; closed++)
        assert_int_equal(run(with_closed, &closed), ENDED_WELL);
}

static int with_a_thousand(void *data)
{
    (void)data;
    for (int i = 0; i < 1000; i++) {
        if (open("/dev/zero", O_RDWR) < 0)
            return 1;
    }
    sanitize();
    for (int fd = KEEP; fd < 1100; fd++) {
        if (fcntl(fd, F_GETFD) >= 0)
            return 2;
    }
    return fcntl(KEEP - 1, F_GETFD) >= 0 ? ENDED_WELL : 3; /* the viewer's end stays */
}

static void a_thousand_descriptors_are_closed(void **state)
{
    (void)state;
    assert_int_equal(run(with_a_thousand, NULL), ENDED_WELL);
}

static int with_environment(void *data)
{
    (void)data;
    if (setenv("LD_PRELOAD", "/tmp/x.so", 1) < 0 || setenv("LIBVIRT_DEFAULT_URI", "x", 1) < 0 ||
        !environ)
        return 1;
    sanitize();
    return environ == NULL && getenv("LD_PRELOAD") == NULL ? ENDED_WELL : 2;
}

static void no_environment_is_left(void **state)
{
    (void)state;
    assert_int_equal(run(with_environment, NULL), ENDED_WELL);
}

static int with_limits(void *data)
{
    const int resources[] = {RLIMIT_CPU,   RLIMIT_FSIZE,   RLIMIT_NOFILE,   RLIMIT_STACK,
                             RLIMIT_NPROC, RLIMIT_MEMLOCK, RLIMIT_MSGQUEUE, RLIMIT_SIGPENDING};
    struct rlimit limit;

    (void)data;
    for (size_t i = 0; i < sizeof(resources) / sizeof(resources[0]); i++) {
        __rlimit_resource_t resource = (__rlimit_resource_t)resources[i];
        if (getrlimit(resource, &limit) < 0)
            return 1;
        limit.rlim_cur = resource == RLIMIT_STACK ? 65536 : resource == RLIMIT_NOFILE ? 4 : 0;
        if (resource != RLIMIT_CPU && setrlimit(resource, &limit) < 0)
            return 1;
    }
    limit = (struct rlimit){RLIM_INFINITY, RLIM_INFINITY};
    if (setrlimit(RLIMIT_CORE, &limit) < 0)
        return 1;
    sanitize();
    for (size_t i = 0; i < sizeof(resources) / sizeof(resources[0]); i++) {
        if (getrlimit((__rlimit_resource_t)resources[i], &limit) < 0 ||
            limit.rlim_cur != limit.rlim_max)
            return 2;
    }
    if (getrlimit(RLIMIT_CORE, &limit) < 0 || limit.rlim_cur != 0 || limit.rlim_max != 0)
        return 3;
    return prctl(PR_GET_DUMPABLE) == 0 ? ENDED_WELL : 4;
}

static void limits_are_raised_and_no_core_is_left(void **state)
{
    (void)state;
    assert_int_equal(run(with_limits, NULL), ENDED_WELL);
}

/* --- hard limits ----------------------------------------------------------------------------- */

struct hard_limit {
    __rlimit_resource_t resource;
    rlim_t least;
    rlim_t set;
};

static int with_hard_limit(void *data)
{
    const struct hard_limit *hard = data;
    const struct rlimit limit = {hard->set, hard->set};

    if (setrlimit(hard->resource, &limit) < 0)
        return 1;
    sanitize();
    return ENDED_WELL;
}

/* What is too little to end well is not begun with; what is just enough is. */
static void hard_limits_that_could_end_it_half_way(void **state)
{
    const rlim_t mib = (rlim_t)1 << 20;
    struct hard_limit limits[] = {
        {RLIMIT_CPU, 10, 0},        {RLIMIT_NOFILE, 16, 0}, {RLIMIT_AS, 64 * mib, 0},
        {RLIMIT_DATA, 16 * mib, 0}, {RLIMIT_STACK, mib, 0},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(limits) / sizeof(limits[0]); i++) {
        limits[i].set = limits[i].least;
        assert_int_equal(run(with_hard_limit, &limits[i]), ENDED_WELL);
        limits[i].set = limits[i].least - 1;
        assert_int_equal(run(with_hard_limit, &limits[i]), 128 + SIGABRT);
    }
}

static int with_pending(void *data)
{
    sigset_t all;

    (void)data;
    sigfillset(&all);
    if (sigprocmask(SIG_SETMASK, &all, NULL) < 0 || raise(SIGTERM) != 0 || raise(SIGUSR1) != 0)
        return 1;
    sanitize();
    return ENDED_WELL;
}

/* A caller's signal, sent before exec and kept back: it is not to be met half-way. */
static void pending_signals_are_dropped(void **state)
{
    (void)state;
    assert_int_equal(run(with_pending, NULL), ENDED_WELL);
}

static int with_signals(void *data)
{
    const struct itimerval soon = {.it_value = {.tv_sec = 3600}};
    const int ignored[] = {SIGPIPE, SIGINT, SIGQUIT, SIGHUP, SIGTSTP, SIGTTIN, SIGTTOU};
    struct itimerval left;
    sigset_t all;
    sigset_t now;

    (void)data;
    sigfillset(&all);
    signal(SIGCHLD, SIG_IGN);
    signal(SIGALRM, SIG_IGN);
    alarm(3600);
    if (sigprocmask(SIG_SETMASK, &all, NULL) < 0 || setitimer(ITIMER_PROF, &soon, NULL) < 0 ||
        setitimer(ITIMER_VIRTUAL, &soon, NULL) < 0)
        return 1;
    sanitize();
    if (sigprocmask(SIG_SETMASK, NULL, &now) < 0 || !sigisemptyset(&now))
        return 2;
    for (int which = ITIMER_REAL; which <= ITIMER_PROF; which++) {
        if (getitimer((__itimer_which_t)which, &left) < 0 || timerisset(&left.it_value))
            return 3;
    }
    for (size_t i = 0; i < sizeof(ignored) / sizeof(ignored[0]); i++) {
        if (signal(ignored[i], SIG_DFL) != SIG_IGN)
            return 4;
    }
    return signal(SIGCHLD, SIG_DFL) == SIG_DFL && signal(SIGALRM, SIG_DFL) == SIG_DFL ? ENDED_WELL
                                                                                      : 5;
}

static void signals_and_timers_are_reset(void **state)
{
    (void)state;
    assert_int_equal(run(with_signals, NULL), ENDED_WELL);
}

static int with_bad_place(void *data)
{
    char directory[] = "/tmp/xworlds-gone-XXXXXX";
    struct stat here;
    struct stat root;

    (void)data;
    if (!mkdtemp(directory) || chdir(directory) < 0 || rmdir(directory) < 0)
        return 1;
    umask(0);
    sanitize();
    if (umask(0) != 077 || stat(".", &here) < 0 || stat("/", &root) < 0)
        return 2;
    return here.st_ino == root.st_ino && here.st_dev == root.st_dev ? ENDED_WELL : 3;
}

static void a_deleted_directory_and_an_open_umask(void **state)
{
    (void)state;
    assert_int_equal(run(with_bad_place, NULL), ENDED_WELL);
}

/* --- T-C6: each call made to fail, or to do nothing and say that it did --------------------- */

struct refusal {
    const char *name;
    int call;
    uint32_t result;  /* the errno it fails with; 0: it pretends */
    bool in_identity; /* the change of identity, and not the first lines */
    int wanted;
    bool last_only; /* where its first argument is the helper's uid: the last change */
};

/* The lower half of the first argument is this. SCMP_A0_32() is not used: clang warns of it. */
static struct scmp_arg_cmp first_is(uint64_t value)
{
    return (struct scmp_arg_cmp){
        .arg = 0, .op = SCMP_CMP_MASKED_EQ, .datum_a = UINT32_MAX, .datum_b = value};
}

/* Makes a call do nothing where its first argument is this, and say that it failed (or didn't: 0).
 */
static int refuse_where(int call, uint64_t first, uint32_t result)
{
    const struct scmp_arg_cmp argument = first_is(first);
    scmp_filter_ctx filter = seccomp_init(SCMP_ACT_ALLOW);

    if (!filter || seccomp_rule_add_array(filter, SCMP_ACT_ERRNO(result), call, 1, &argument) < 0 ||
        seccomp_load(filter) < 0)
        return -1;
    seccomp_release(filter);
    return 0;
}

static int stays_dumpable(void *data)
{
    (void)data;
    if (prctl(PR_SET_DUMPABLE, 1) < 0 || refuse_where(SCMP_SYS(prctl), PR_SET_DUMPABLE, 0) < 0)
        return 1;
    sanitize();
    return ENDED_WELL;
}

static void a_process_that_stays_dumpable_aborts(void **state)
{
    (void)state;
    if (geteuid() != 0)
        skip();
    assert_int_equal(run(stays_dumpable, NULL), 128 + SIGABRT);
}

/* Everything but this call goes on as before. */
static int load_refusal(const struct refusal *refusal)
{
    const struct scmp_arg_cmp argument = first_is(HELPER);
    scmp_filter_ctx filter = seccomp_init(SCMP_ACT_ALLOW);

    if (!filter ||
        seccomp_rule_add_array(filter, SCMP_ACT_ERRNO(refusal->result), refusal->call,
                               refusal->last_only ? 1 : 0, &argument) < 0 ||
        seccomp_load(filter) < 0)
        return -1;
    seccomp_release(filter);
    return 0;
}

/* As after exec: real uid the student's, effective and saved the helper's. */
static int become_as_after_exec(void)
{
    const gid_t groups[] = {100, 61010};

    return setgroups(2, groups) < 0 || setresgid(STUDENT, GROUP, GROUP) < 0 ||
                   prctl(PR_SET_DUMPABLE, 1) < 0 || setresuid(STUDENT, HELPER, HELPER) < 0
               ? -1
               : 0;
}

static int refused(void *data)
{
    const struct refusal *refusal = data;

    if (!refusal->in_identity) {
        if (refusal->call >= 0 && load_refusal(refusal) < 0)
            return 1;
        sanitize();
        return ENDED_WELL;
    }
    if (unshare(CLONE_NEWNET) < 0 && errno != EPERM)
        return 1;
    if (become_as_after_exec() < 0 || (refusal->call >= 0 && load_refusal(refusal) < 0))
        return 1;
    xw_gate_connect_and_drop(STUDENT);
    return ENDED_WELL;
}

static void each_refused_or_pretended_call_aborts(void **state)
{
    const struct refusal refusals[] = {
        {"nothing", -1, 0, false, ENDED_WELL, false},
        {"close_range", SCMP_SYS(close_range), EPERM, false, 128 + SIGABRT, false},
        {"prlimit64", SCMP_SYS(prlimit64), EPERM, false, 128 + SIGABRT, false},
        {"setitimer", SCMP_SYS(setitimer), EPERM, false, 128 + SIGABRT, false},
        {"rt_sigprocmask", SCMP_SYS(rt_sigprocmask), EPERM, false, 128 + SIGABRT, false},
        {"chdir", SCMP_SYS(chdir), EACCES, false, 128 + SIGABRT, false},
        {"prctl", SCMP_SYS(prctl), EPERM, false, 128 + SIGABRT, false},
        {"nothing", -1, 0, true, ENDED_WELL, false},
        {"setresuid", SCMP_SYS(setresuid), EAGAIN, true, 128 + SIGABRT, false},
        {"setresuid", SCMP_SYS(setresuid), 0, true, 128 + SIGABRT, false},
        {"the last setresuid", SCMP_SYS(setresuid), EAGAIN, true, 128 + SIGABRT, true},
        {"the last setresuid", SCMP_SYS(setresuid), 0, true, 128 + SIGABRT, true},
        {"setresgid", SCMP_SYS(setresgid), EPERM, true, 128 + SIGABRT, false},
        {"setresgid", SCMP_SYS(setresgid), 0, true, 128 + SIGABRT, false},
        {"getresuid", SCMP_SYS(getresuid), EFAULT, true, 128 + SIGABRT, false},
        {"getresgid", SCMP_SYS(getresgid), EFAULT, true, 128 + SIGABRT, false},
        {"capset", SCMP_SYS(capset), EPERM, true, 128 + SIGABRT, false},
        {"capget", SCMP_SYS(capget), EPERM, true, 128 + SIGABRT, false},
        {"prctl", SCMP_SYS(prctl), EPERM, true, 128 + SIGABRT, false},
        {"setsockopt", SCMP_SYS(setsockopt), EPERM, true, 128 + SIGABRT, false},
    };

    (void)state;
    if (geteuid() != 0)
        skip();
    for (size_t i = 0; i < sizeof(refusals) / sizeof(refusals[0]); i++) {
        struct refusal refusal = refusals[i];
        int code = run(refused, &refusal);
        if (code != refusal.wanted)
            fail_msg("%s with result %u: %d", refusal.name, refusal.result, code);
    }
}

/*
 * Linked before libc's: tells the truth but for one of the three ids, at the one call that is to
 * be lied at.
 */
static struct {
    int uid_call, gid_call; /* which call, from 1; 0: none */
    int id;                 /* which of the three, from 0 */
    int uid_calls, gid_calls;
} lie;

int getresuid(uid_t *real, uid_t *effective, uid_t *saved)
{
    uid_t *const ids[] = {real, effective, saved};
    int rc = (int)syscall(SYS_getresuid, real, effective, saved);

    if (++lie.uid_calls == lie.uid_call)
        ++*ids[lie.id];
    return rc;
}

int getresgid(gid_t *real, gid_t *effective, gid_t *saved)
{
    gid_t *const ids[] = {real, effective, saved};
    int rc = (int)syscall(SYS_getresgid, real, effective, saved);

    if (++lie.gid_calls == lie.gid_call)
        ++*ids[lie.id];
    return rc;
}

static int lied_to(void *data)
{
    (void)data;
    if (become_as_after_exec() < 0)
        return 1;
    lie.uid_calls = lie.gid_calls = 0;
    xw_gate_connect_and_drop(STUDENT);
    /* Before, between and after; then the groups. */
    return lie.uid_calls == 3 && lie.gid_calls == 1 ? ENDED_WELL : 2;
}

/* Each id is looked at, at each of the three times: one that is another's ends the gate. */
static void each_id_is_looked_at(void **state)
{
    (void)state;
    if (geteuid() != 0)
        skip();
    assert_int_equal(run(lied_to, NULL), ENDED_WELL);
    for (lie.id = 0; lie.id < 3; lie.id++) {
        for (lie.uid_call = 1; lie.uid_call <= 3; lie.uid_call++)
            assert_int_equal(run(lied_to, NULL), 128 + SIGABRT);
        lie.uid_call = 0;
        lie.gid_call = 1;
        assert_int_equal(run(lied_to, NULL), 128 + SIGABRT);
        lie.gid_call = 0;
    }
}

static int keeps_capabilities(void *data)
{
    struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
    struct __user_cap_data_struct caps[2];

    (void)data;
    if (prctl(PR_SET_KEEPCAPS, 1) < 0 || become_as_after_exec() < 0 ||
        syscall(SYS_capget, &header, caps) < 0 || !caps[0].permitted)
        return 1;
    scmp_filter_ctx filter = seccomp_init(SCMP_ACT_ALLOW);
    caps[0].effective = caps[0].permitted;
    if (syscall(SYS_capset, &header, caps) < 0 || !filter ||
        seccomp_rule_add(filter, SCMP_ACT_ERRNO(0), SCMP_SYS(capset), 0) < 0 ||
        seccomp_load(filter) < 0)
        return 2;
    xw_gate_connect_and_drop(STUDENT);
    return ENDED_WELL;
}

static void capabilities_that_stay_abort_it(void **state)
{
    (void)state;
    if (geteuid() != 0)
        skip();
    assert_int_equal(run(keeps_capabilities, NULL), 128 + SIGABRT);
}

static int in_group_0(void *data)
{
    (void)data;
    if (setresgid(STUDENT, 0, 0) < 0 || setresuid(STUDENT, HELPER, HELPER) < 0)
        return 1;
    xw_gate_connect_and_drop(STUDENT);
    return ENDED_WELL;
}

static void set_gid_root_it_aborts(void **state)
{
    (void)state;
    if (geteuid() != 0)
        skip();
    assert_int_equal(run(in_group_0, NULL), 128 + SIGABRT);
}

/* --- the caller, and the way to the keeper --------------------------------------------------- */

/* How many groups the caller has, and at which call for them the kernel fails. */
struct groups {
    size_t count;
    int fails; /* 0: none; 1: asked how many; 2: asked which */
};

static int with_groups(void *data)
{
    const struct groups *groups = data;
    const gid_t list[] = {100, 61010, 61011};
    struct xw_caller caller = {0};

    if (setgroups(groups->count, list) < 0 || setresuid(STUDENT, HELPER, HELPER) < 0)
        return 1;
    if (groups->fails &&
        refuse_where(SCMP_SYS(getgroups), groups->fails == 1 ? 0 : groups->count, EIO) < 0)
        return 2;
    xw_gate_caller(&caller);
    if (caller.uid != STUDENT || caller.group_count != groups->count)
        return 3;
    for (size_t i = 0; i < groups->count; i++) {
        if (caller.groups[i] != list[i])
            return 4;
    }
    return ENDED_WELL;
}

static void the_caller_is_whom_the_kernel_names(void **state)
{
    (void)state;
    if (geteuid() != 0)
        skip();
    for (size_t count = 0; count <= 3; count++) {
        struct groups groups = {count, 0};
        assert_int_equal(run(with_groups, &groups), ENDED_WELL);
    }
    for (int fails = 1; fails <= 2; fails++) {
        struct groups groups = {3, fails};
        assert_int_equal(run(with_groups, &groups), 128 + SIGABRT);
    }
}

enum { NO_SOCKET, DEAD_SOCKET, LISTENING, NO_SOCKETS };

static int connects(void *data)
{
    const int *there = data;
    struct sockaddr_un address = {.sun_family = AF_UNIX, .sun_path = XW_KEEPER_SOCKET};
    struct ucred peer;
    socklen_t size = sizeof(peer);
    int keeper = socket(AF_UNIX, SOCK_STREAM, 0);

    if (xw_test_private_root("/run") < 0 || mkdir(XW_RUN_DIR, 0755) < 0)
        return 1;
    if ((*there == DEAD_SOCKET || *there == LISTENING) &&
        (bind(keeper, (const struct sockaddr *)&address, sizeof(address)) < 0 ||
         chmod(XW_KEEPER_SOCKET, 0666) < 0))
        return 2;
    if (*there == LISTENING && listen(keeper, 5) < 0)
        return 3;
    if (become_as_after_exec() < 0 ||
        (*there == NO_SOCKETS && refuse_where(SCMP_SYS(socket), AF_UNIX, EMFILE) < 0))
        return 4;
    int lowest = dup(0);
    close(lowest);
    int fd = xw_gate_connect_and_drop(STUDENT);
    int still_lowest = dup(0);
    if (*there != LISTENING)
        return lowest != still_lowest ? 5
               : fd == (*there == NO_SOCKET    ? -ENOENT
                        : *there == NO_SOCKETS ? -EMFILE
                                               : -ECONNREFUSED)
                   ? ENDED_WELL
                   : 6;
    int accepted = accept(keeper, NULL, NULL);
    if (fd != lowest || getsockopt(accepted, SOL_SOCKET, SO_PEERCRED, &peer, &size) < 0)
        return 7;
    /* What the keeper decides by. */
    return peer.uid == STUDENT && peer.gid == GROUP ? ENDED_WELL : 8;
}

static void the_keeper_is_told_by_the_kernel(void **state)
{
    (void)state;
    if (geteuid() != 0)
        skip();
    for (int there = NO_SOCKET; there <= NO_SOCKETS; there++)
        assert_int_equal(run(connects, &there), ENDED_WELL);
}

/* A program that was installed wrongly: set-uid root, or to the student's own uid. */
static int owned_by(void *data)
{
    const uid_t *owner = data;

    if (setresgid(STUDENT, GROUP, GROUP) < 0 || setresuid(STUDENT, *owner, *owner) < 0)
        return 1;
    xw_gate_connect_and_drop(STUDENT);
    return ENDED_WELL;
}

static void set_uid_root_it_aborts(void **state)
{
    uid_t owners[] = {0, STUDENT};
    uid_t good = HELPER;

    (void)state;
    if (geteuid() != 0)
        skip();
    for (size_t i = 0; i < sizeof(owners) / sizeof(owners[0]); i++)
        assert_int_equal(run(owned_by, &owners[i]), 128 + SIGABRT);
    assert_int_equal(run(owned_by, &good), ENDED_WELL);
}

/* --- who it is afterwards -------------------------------------------------------------------- */

static int afterwards(void *data)
{
    uid_t r, e, s;
    gid_t rg, eg, sg;
    struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
    struct __user_cap_data_struct caps[2];

    (void)data;
    /* All capabilities are kept over the change, as if the file had given them. */
    if (prctl(PR_SET_KEEPCAPS, 1) < 0 || become_as_after_exec() < 0)
        return 1;
    if (syscall(SYS_capget, &header, caps) < 0 || !(caps[0].permitted & (1U << CAP_SYS_ADMIN)))
        return 2;
    caps[0].effective = caps[0].permitted & ~(1U << CAP_SETUID);
    if (syscall(SYS_capset, &header, caps) < 0)
        return 3;
    xw_gate_connect_and_drop(STUDENT);
    if (getresuid(&r, &e, &s) < 0 || r != HELPER || e != HELPER || s != HELPER)
        return 4;
    if (getresgid(&rg, &eg, &sg) < 0 || rg != GROUP || eg != GROUP || sg != GROUP)
        return 5;
    if (syscall(SYS_capget, &header, caps) < 0 || caps[1].permitted || caps[1].effective ||
        caps[0].permitted != 1U << CAP_AUDIT_WRITE || caps[0].effective != 1U << CAP_AUDIT_WRITE ||
        caps[0].inheritable)
        return 6;
    if (prctl(PR_GET_DUMPABLE) != 0)
        return 7;
    return setresuid((uid_t)-1, STUDENT, (uid_t)-1) < 0 ? ENDED_WELL : 8;
}

static void it_is_xwhelper_for_good(void **state)
{
    (void)state;
    if (geteuid() != 0)
        skip();
    assert_int_equal(run(afterwards, NULL), ENDED_WELL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(without_arguments_it_aborts),
        cmocka_unit_test(descriptors_0_to_2_closed_all_8_ways),
        cmocka_unit_test(a_thousand_descriptors_are_closed),
        cmocka_unit_test(no_environment_is_left),
        cmocka_unit_test(limits_are_raised_and_no_core_is_left),
        cmocka_unit_test(signals_and_timers_are_reset),
        cmocka_unit_test(a_deleted_directory_and_an_open_umask),
        cmocka_unit_test(each_refused_or_pretended_call_aborts),
        cmocka_unit_test(set_uid_root_it_aborts),
        cmocka_unit_test(it_is_xwhelper_for_good),
        cmocka_unit_test(hard_limits_that_could_end_it_half_way),
        cmocka_unit_test(pending_signals_are_dropped),
        cmocka_unit_test(a_process_that_stays_dumpable_aborts),
        cmocka_unit_test(each_id_is_looked_at),
        cmocka_unit_test(capabilities_that_stay_abort_it),
        cmocka_unit_test(set_gid_root_it_aborts),
        cmocka_unit_test(the_caller_is_whom_the_kernel_names),
        cmocka_unit_test(the_keeper_is_told_by_the_kernel),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
