#include "xwhelper/gate/confine.h"

#include <fcntl.h>
#include <seccomp.h>
#include <stdlib.h>
#include <sys/ioctl.h>

/* Calls without conditions, each with what it is for. */
static const int plain_calls[] = {
    SCMP_SYS(read),           /* records, the keeper's lines */
    SCMP_SYS(write),          /* lines to xwsh */
    SCMP_SYS(close),          /* records */
    SCMP_SYS(newfstatat),     /* fstat of an open record (glibc's fstat) */
    SCMP_SYS(fstat),          /* the same, older glibc */
    SCMP_SYS(poll),           /* waiting for the keeper, libaudit's acknowledgement */
    SCMP_SYS(sendmsg),        /* the request and its descriptor */
    SCMP_SYS(sendto),         /* the audit record (netlink) */
    SCMP_SYS(recvfrom),       /* its acknowledgement */
    SCMP_SYS(readlink),       /* libaudit: exe= of the record */
    SCMP_SYS(getrandom),      /* the request's id */
    SCMP_SYS(clock_gettime),  /* the vdso's fall-back */
    SCMP_SYS(brk),            /* malloc */
    SCMP_SYS(munmap),         /* free */
    SCMP_SYS(getpid),         /* libaudit: netlink's port */
    SCMP_SYS(uname),          /* libaudit: hostname= of a record with a terminal */
    SCMP_SYS(rt_sigprocmask), /* abort() */
    SCMP_SYS(rt_sigaction),
    SCMP_SYS(gettid),
    SCMP_SYS(tgkill),
    SCMP_SYS(rt_sigreturn),
    SCMP_SYS(restart_syscall), /* poll() continued by the kernel after a stop */
    SCMP_SYS(exit_group),
};

static void allow(scmp_filter_ctx filter, int call)
{
    if (seccomp_rule_add(filter, SCMP_ACT_ALLOW, call, 0) < 0)
        abort();
}

/* openat() with exactly these flags: reading, one component, no link followed. */
static void allow_open(scmp_filter_ctx filter, int flags)
{
    if (seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(openat), 1,
                         SCMP_A2_32(SCMP_CMP_EQ, (unsigned int)flags)) < 0)
        abort();
}

void xw_gate_confine(void)
{
    const int record = O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC;
    scmp_filter_ctx filter = seccomp_init(SCMP_ACT_KILL_PROCESS);

    if (!filter)
        abort();
    for (size_t i = 0; i < sizeof(plain_calls) / sizeof(plain_calls[0]); i++)
        allow(filter, plain_calls[i]);
    allow_open(filter, record);
    allow_open(filter, record | O_DIRECTORY);
    /* malloc: anonymous memory that is never executable */
    if (seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(mmap), 1,
                         SCMP_A2_32(SCMP_CMP_MASKED_EQ, 4, 0)) < 0)
        abort();
    /* isatty() of libaudit's tty= */
    if (seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(ioctl), 1,
                         SCMP_A1_32(SCMP_CMP_EQ, TCGETS)) < 0)
        abort();
    if (seccomp_load(filter) < 0)
        abort();
    seccomp_release(filter);
}
