#include "xwhelper/keeper/confine.h"

#include <seccomp.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/prctl.h>

/* Both kinds: libvirt's client on a UNIX socket, memory, the reply, the deadline. */
static const int common_calls[] = {
    SCMP_SYS(socket),       SCMP_SYS(connect),      SCMP_SYS(getsockname),
    SCMP_SYS(getsockopt),   SCMP_SYS(setsockopt),   SCMP_SYS(sendto),
    SCMP_SYS(sendmsg),      SCMP_SYS(recvmsg),      SCMP_SYS(recvfrom),
    SCMP_SYS(shutdown),     SCMP_SYS(eventfd2),     SCMP_SYS(pipe2),
    SCMP_SYS(poll),         SCMP_SYS(ppoll),        SCMP_SYS(read),
    SCMP_SYS(write),        SCMP_SYS(writev),       SCMP_SYS(close),
    SCMP_SYS(fcntl),        SCMP_SYS(lseek),        SCMP_SYS(fstat),
    SCMP_SYS(newfstatat),   SCMP_SYS(access),       SCMP_SYS(openat),
    SCMP_SYS(brk),          SCMP_SYS(munmap),       SCMP_SYS(mremap),
    SCMP_SYS(madvise),      SCMP_SYS(futex),        SCMP_SYS(set_robust_list),
    SCMP_SYS(getrandom),    SCMP_SYS(gettid),       SCMP_SYS(getpid),
    SCMP_SYS(getuid),       SCMP_SYS(geteuid),      SCMP_SYS(getgid),
    SCMP_SYS(getegid),      SCMP_SYS(rt_sigaction), SCMP_SYS(rt_sigprocmask),
    SCMP_SYS(rt_sigreturn), SCMP_SYS(alarm),        SCMP_SYS(clock_gettime),
    SCMP_SYS(gettimeofday), SCMP_SYS(tgkill),       SCMP_SYS(restart_syscall),
    SCMP_SYS(exit),         SCMP_SYS(exit_group),
};

/* What changing a world takes besides: its files, its bridges, waiting. */
static const int changing_calls[] = {
    SCMP_SYS(ioctl),     SCMP_SYS(mkdir),           SCMP_SYS(mkdirat),  SCMP_SYS(rename),
    SCMP_SYS(renameat),  SCMP_SYS(renameat2),       SCMP_SYS(unlink),   SCMP_SYS(unlinkat),
    SCMP_SYS(rmdir),     SCMP_SYS(copy_file_range), SCMP_SYS(fsync),    SCMP_SYS(fdatasync),
    SCMP_SYS(ftruncate), SCMP_SYS(fchown),          SCMP_SYS(fchmod),   SCMP_SYS(fchownat),
    SCMP_SYS(chmod),     SCMP_SYS(chown),           SCMP_SYS(fchmodat), SCMP_SYS(getdents64),
    SCMP_SYS(readlink),  SCMP_SYS(readlinkat),      SCMP_SYS(umask),    SCMP_SYS(clock_nanosleep),
    SCMP_SYS(fallocate), SCMP_SYS(pread64),         SCMP_SYS(pwrite64), SCMP_SYS(uname),
    SCMP_SYS(sysinfo),
};

static void allow(scmp_filter_ctx filter, const int *calls, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (seccomp_rule_add(filter, SCMP_ACT_ALLOW, calls[i], 0) < 0)
            abort();
    }
}

/* Memory may be mapped and protected, but never as executable. */
static void allow_data_memory(scmp_filter_ctx filter)
{
    const struct scmp_arg_cmp not_executable = SCMP_A2_32(SCMP_CMP_MASKED_EQ, PROT_EXEC, 0);

    if (seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(mmap), 1, not_executable) < 0 ||
        seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(mprotect), 1, not_executable) < 0)
        abort();
}

static scmp_filter_ctx begin(void)
{
    scmp_filter_ctx filter = seccomp_init(SCMP_ACT_KILL_PROCESS);

    if (!filter || prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
        abort();
    allow(filter, common_calls, sizeof(common_calls) / sizeof(common_calls[0]));
    allow_data_memory(filter);
    return filter;
}

static void load(scmp_filter_ctx filter)
{
    if (seccomp_load(filter) < 0)
        abort();
    seccomp_release(filter);
}

void xw_confine_reader(void)
{
    load(begin());
}

void xw_confine_child(void)
{
    scmp_filter_ctx filter = begin();

    allow(filter, changing_calls, sizeof(changing_calls) / sizeof(changing_calls[0]));
    load(filter);
}
