#include "xwhelper/gate/identity.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/capability.h>
#include <signal.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#include "common/paths.h"

enum { CONNECT_SECONDS = 10 };

static void fill_standard_descriptors(void)
{
    for (int fd = 0; fd <= 2; fd++) {
        if (fcntl(fd, F_GETFD) < 0 && open("/dev/null", O_RDWR) != fd)
            abort();
    }
}

static void default_signals(void)
{
    sigset_t none;

    sigemptyset(&none);
    for (int number = 1; number < NSIG; number++) {
        /* To ignore a signal drops one that is pending. SIGKILL, SIGSTOP and libc's own refuse:
         * that is fine. */
        signal(number, SIG_IGN);
        signal(number, SIG_DFL);
    }
    /* The terminal's signals reach every process on it, whatever its uid, and those of timers and
     * limits are the caller's to cause; an outcome is recorded all the same. */
    const int ignored[] = {SIGPIPE, SIGINT,    SIGQUIT, SIGHUP,  SIGTSTP, SIGTTIN,
                           SIGTTOU, SIGVTALRM, SIGPROF, SIGXFSZ, SIGXCPU};
    for (size_t i = 0; i < sizeof(ignored) / sizeof(ignored[0]); i++) {
        if (signal(ignored[i], SIG_IGN) == SIG_ERR)
            abort();
    }
    if (sigprocmask(SIG_SETMASK, &none, NULL) < 0)
        abort();
    /* Timers outlive execve(2). */
    const struct itimerval off = {.it_interval = {0, 0}};
    if (setitimer(ITIMER_REAL, &off, NULL) < 0 || setitimer(ITIMER_VIRTUAL, &off, NULL) < 0 ||
        setitimer(ITIMER_PROF, &off, NULL) < 0)
        abort();
}

/*
 * A hard limit that could end the gate, or take a descriptor or its memory from it, between asking
 * the keeper and recording the outcome: then it doesn't begin. Processor time that the caller has
 * used before execve(2) counts.
 */
static void require_limits(void)
{
    const rlim_t mib = (rlim_t)1 << 20;
    struct rusage used;

    if (getrusage(RUSAGE_SELF, &used) < 0)
        abort();
    const struct {
        __rlimit_resource_t resource;
        rlim_t least;
    } needed[] = {
        {RLIMIT_CPU, (rlim_t)(used.ru_utime.tv_sec + used.ru_stime.tv_sec) + 10},
        {RLIMIT_NOFILE, 16},
        {RLIMIT_AS, 64 * mib},
        {RLIMIT_DATA, 16 * mib},
        {RLIMIT_STACK, mib},
    };
    for (size_t i = 0; i < sizeof(needed) / sizeof(needed[0]); i++) {
        struct rlimit limit;
        if (getrlimit(needed[i].resource, &limit) < 0 || limit.rlim_max < needed[i].least)
            abort();
    }
}

/* Soft limits are the caller's way to end us half-way; without privilege they can be raised again.
 */
static void raise_limits(void)
{
    const struct rlimit no_core = {0, 0};
    struct rlimit limit;

    for (int resource = 0; resource < (int)RLIM_NLIMITS; resource++) {
        if (getrlimit((__rlimit_resource_t)resource, &limit) < 0)
            abort();
        limit.rlim_cur = limit.rlim_max;
        if (setrlimit((__rlimit_resource_t)resource, &limit) < 0)
            abort();
    }
    if (setrlimit(RLIMIT_CORE, &no_core) < 0)
        abort();
}

static void forbid_dumps(void)
{
    if (prctl(PR_SET_DUMPABLE, 0) < 0 || prctl(PR_GET_DUMPABLE) != 0)
        abort();
}

/* The capability that the file gives, should it ever give more: prctl(2), capabilities(7). */
static void keep_one_capability(void)
{
    struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
    struct __user_cap_data_struct now[2];
    const uint32_t audit = CAP_TO_MASK(CAP_AUDIT_WRITE);

    if (syscall(SYS_capget, &header, now) < 0)
        abort();
    const struct __user_cap_data_struct wanted[2] = {
        {.permitted = now[0].permitted & audit, .effective = now[0].permitted & audit}};
    if (syscall(SYS_capset, &header, wanted) < 0 || syscall(SYS_capget, &header, now) < 0 ||
        memcmp(now, wanted, sizeof(now)) != 0)
        abort();
}

void xw_gate_sanitize(int argc, char *const argv[], int keep)
{
    if (argc < 1 || !argv || !argv[0])
        abort();
    require_limits();
    fill_standard_descriptors();
    if (close_range((unsigned int)keep, ~0U, 0) < 0 || clearenv() != 0)
        abort();
    default_signals();
    raise_limits();
    umask(077);
    if (chdir("/") < 0)
        abort();
    forbid_dumps();
}

void xw_gate_caller(struct xw_caller *caller)
{
    int count = getgroups(0, NULL);
    gid_t *groups;

    if (count < 0 || (groups = calloc((size_t)count + 1, sizeof(*groups))) == NULL ||
        (count = getgroups(count, groups)) < 0)
        abort();
    caller->uid = getuid();
    caller->groups = groups;
    caller->group_count = (size_t)count;
}

static int connect_keeper(void)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX, .sun_path = XW_KEEPER_SOCKET};
    const struct timeval patience = {.tv_sec = CONNECT_SECONDS};
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

    /* Where the keeper is stopped and its queue is full, connect() would wait for ever. */
    if (fd >= 0 && setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof(patience)) < 0)
        abort();
    if (fd >= 0 && connect(fd, (const struct sockaddr *)&address, sizeof(address)) < 0) {
        int error = errno;
        close(fd);
        return -error;
    }
    return fd < 0 ? -errno : fd;
}

static void require_uids(uid_t real, uid_t effective, uid_t saved)
{
    uid_t r, e, s;

    if (getresuid(&r, &e, &s) < 0 || r != real || e != effective || s != saved)
        abort();
}

static void require_gids(gid_t all)
{
    gid_t r, e, s;

    if (getresgid(&r, &e, &s) < 0 || r != all || e != all || s != all)
        abort();
}

int xw_gate_connect_and_drop(uid_t student)
{
    uid_t helper = geteuid();
    gid_t group = getegid();

    if (helper == 0 || helper == student || group == 0)
        abort();
    require_uids(student, helper, helper);
    if (setresuid((uid_t)-1, student, (uid_t)-1) < 0)
        abort();
    require_uids(student, student, helper);
    int fd = connect_keeper();
    if (setresgid(group, group, group) < 0 || setresuid(helper, helper, helper) < 0)
        abort();
    require_gids(group);
    require_uids(helper, helper, helper);
    keep_one_capability();
    forbid_dumps(); /* every change of uid sets it anew, to fs.suid_dumpable (proc(5)) */
    return fd;
}
