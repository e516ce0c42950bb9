/* links: common/policy.c common/sanitizer_rules.c common/landlock.c common/error.c xwhelper/gate/policy.c xwhelper/relay/policy.c xwhelper/reader/policy.c xwhelper/keeper/policy.c xwadm/audit_policy.c */
/*
 * What each part may ask of the kernel equals its table (T-J1, T-J2): the filter as libseccomp
 * compiles it is run here over every number, entry and many arguments, and loaded into processes
 * that try every number on the kernel that runs this. In a build with sanitizers it equals the
 * table and the runtime's own list (T-J6).
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/fs.h>
#include <linux/keyctl.h>
#include <linux/netlink.h>
#include <linux/seccomp.h>
#include <linux/sockios.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/policy.h"
#include "common/sanitizer.h"
#include "xwadm/audit_policy.h"
#include "xwhelper/gate/policy.h"
#include "xwhelper/keeper/policy.h"
#include "xwhelper/keeper/quota.h"
#include "xwhelper/reader/policy.h"
#include "xwhelper/relay/policy.h"

enum {
    NUMBERS = 1024, /* the kernel's last one is below 500 */
    X32 = 0x40000000,
    PROGRAM_MAX = 4096
};

static const struct xw_policy *const installed[] = {
    &xw_gate_policy,         &xw_reader_policy,   &xw_relay_viewer_policy, &xw_relay_console_policy,
    &xw_relay_stream_policy, &xw_listener_policy, &xw_request_policy,      &xw_changing_policy,
    &xw_prepare_policy,      &xw_console_policy,  &xw_sharing_policy,      &xw_suspend_policy,
    &xw_audit_policy,        &xw_broker_policy,   &xw_extending_policy,    &xw_display_policy,
    &xw_copy_policy,
};
enum {
    INSTALLED = sizeof(installed) / sizeof(installed[0]),
    POLICIES = 2 * INSTALLED,
    WITHOUT_PRIVILEGE = 5 /* the first of them */
};

/* Those that are installed, and behind them the same as a build with sanitizers has them. */
static const struct xw_policy *policies[POLICIES];
static struct xw_sanitizer_policy wider[INSTALLED];

struct program {
    struct sock_filter code[PROGRAM_MAX];
    unsigned short length;
};

static struct program programs[POLICIES];

/* What the kernel would be given: libseccomp's program, by way of a file. */
static int compile_all(void **state)
{
    (void)state;
    for (size_t i = 0; i < INSTALLED; i++) {
        policies[i] = installed[i];
        policies[INSTALLED + i] = xw_sanitizer_widen(installed[i], &wider[i]);
        wider[i].policy.name = "sanitized";
    }
    for (size_t i = 0; i < POLICIES; i++) {
        scmp_filter_ctx filter = xw_policy_filter(policies[i]);
        int fd = memfd_create("filter", MFD_CLOEXEC);
        assert_non_null(filter);
        assert_true(fd >= 0);
        assert_int_equal(seccomp_export_bpf(filter, fd), 0);
        ssize_t size = pread(fd, programs[i].code, sizeof(programs[i].code), 0);
        assert_true(size > 0 && size < (ssize_t)sizeof(programs[i].code));
        programs[i].length = (unsigned short)((size_t)size / sizeof(struct sock_filter));
        close(fd);
        seccomp_release(filter);
    }
    return 0;
}

static uint32_t word_of(const struct seccomp_data *data, uint32_t offset)
{
    uint32_t word;

    assert_true(offset % 4 == 0 && offset + 4 <= sizeof(*data));
    memcpy(&word, (const char *)data + offset, sizeof(word));
    return word;
}

static bool jumps(uint16_t code, uint32_t value, uint32_t with)
{
    switch (BPF_OP(code)) {
    case BPF_JEQ:
        return value == with;
    case BPF_JGT:
        return value > with;
    case BPF_JGE:
        return value >= with;
    case BPF_JSET:
        return (value & with) != 0;
    default:
        fail_msg("a jump that the interpreter doesn't know: %#x", code);
        return false;
    }
}

/* Runs a filter as the kernel does, as far as libseccomp's programs go. */
static uint32_t run(const struct program *program, const struct seccomp_data *data)
{
    uint32_t value = 0;

    for (size_t at = 0; at < program->length; at++) {
        const struct sock_filter *step = &program->code[at];
        switch (BPF_CLASS(step->code)) {
        case BPF_LD:
            assert_int_equal(step->code, BPF_LD | BPF_W | BPF_ABS);
            value = word_of(data, step->k);
            break;
        case BPF_ALU:
            assert_int_equal(step->code, BPF_ALU | BPF_AND | BPF_K);
            value &= step->k;
            break;
        case BPF_JMP:
            if (BPF_OP(step->code) == BPF_JA)
                at += step->k;
            else
                at += jumps(step->code, value, step->k) ? step->jt : step->jf;
            break;
        case BPF_RET:
            return step->k;
        default:
            fail_msg("a step that the interpreter doesn't know: %#x", step->code);
        }
    }
    fail_msg("the filter has no end");
    return 0;
}

static bool holds(const struct xw_rule *rule, const uint64_t *args)
{
    for (size_t i = 0; i < XW_CONDITIONS_MAX && rule->when[i].mask; i++) {
        const struct xw_condition *when = &rule->when[i];
        if ((args[when->argument] & when->mask) != when->value)
            return false;
    }
    return true;
}

/* The table read by a person: some rule of this number whose conditions all hold. */
static bool listed_in(const struct xw_rule_set *set, int number, const uint64_t *args)
{
    for (size_t i = 0; i < set->count; i++) {
        if (set->rules[i].call == number && holds(&set->rules[i], args))
            return true;
    }
    return false;
}

static bool listed(const struct xw_policy *policy, int number, const uint64_t *args)
{
    for (size_t i = 0; i < XW_SETS_MAX && policy->sets[i]; i++) {
        if (listed_in(policy->sets[i], number, args))
            return true;
    }
    return false;
}

static unsigned long tried;

/* One call on one filter: allowed exactly if expected, and killed as a process otherwise. */
static void check(size_t i, uint32_t arch, uint32_t number, const uint64_t *args, bool expected)
{
    struct seccomp_data data = {.nr = (int)number, .arch = arch};

    memcpy(data.args, args, sizeof(data.args));
    uint32_t action = run(&programs[i], &data);
    tried++;
    if (action != (expected ? SECCOMP_RET_ALLOW : SECCOMP_RET_KILL_PROCESS))
        fail_msg("%s: arch %#x number %#x (%llx %llx %llx %llx): %#x, expected %s",
                 policies[i]->name, arch, number, (unsigned long long)args[0],
                 (unsigned long long)args[1], (unsigned long long)args[2],
                 (unsigned long long)args[3], action, expected ? "allow" : "kill");
}

static void check_native(size_t i, uint32_t number, const uint64_t *args)
{
    check(i, AUDIT_ARCH_X86_64, number, args, listed(policies[i], (int)number, args));
}

static const uint64_t plain[][6] = {
    {0},
    {1, 1, 1, 1, 1, 1},
    {UINT64_MAX, UINT64_MAX, UINT64_MAX, UINT64_MAX, UINT64_MAX, UINT64_MAX},
    {UINT32_MAX, UINT32_MAX, UINT32_MAX, UINT32_MAX, UINT32_MAX, UINT32_MAX},
    {1ULL << 32, 1ULL << 32, 1ULL << 32, 1ULL << 32, 1ULL << 32, 1ULL << 32},
};
enum { PLAIN = sizeof(plain) / sizeof(plain[0]) };

static void every_number_native(void **state)
{
    (void)state;
    for (size_t i = 0; i < POLICIES; i++) {
        for (uint32_t number = 0; number < NUMBERS; number++) {
            for (size_t j = 0; j < PLAIN; j++)
                check_native(i, number, plain[j]);
        }
    }
}

/* Whatever a policy lists, by another entry or number range it is killed. */
static void every_number_of_other_entries(void **state)
{
    const uint32_t archs[] = {AUDIT_ARCH_I386, AUDIT_ARCH_X86_64 & ~(uint32_t)__AUDIT_ARCH_64BIT,
                              AUDIT_ARCH_AARCH64, 0, UINT32_MAX};
    const uint32_t ranges[] = {X32, 0x80000000, 0xc0000000, 0x20000000, 0xfffffc00};

    (void)state;
    for (size_t i = 0; i < POLICIES; i++) {
        for (uint32_t number = 0; number < NUMBERS; number++) {
            for (size_t j = 0; j < PLAIN; j++) {
                for (size_t k = 0; k < sizeof(archs) / sizeof(archs[0]); k++)
                    check(i, archs[k], number, plain[j], false);
                for (size_t k = 0; k < sizeof(ranges) / sizeof(ranges[0]); k++)
                    check(i, AUDIT_ARCH_X86_64, ranges[k] + number, plain[j], false);
            }
        }
    }
}

/* The values at which a condition may change its mind: each bit of a value that satisfies it. */
static void check_around(size_t i, const struct xw_rule *rule)
{
    uint64_t args[6] = {0};

    for (size_t j = 0; j < XW_CONDITIONS_MAX && rule->when[j].mask; j++)
        args[rule->when[j].argument] = rule->when[j].value;
    assert_true(listed(policies[i], rule->call, args));
    check_native(i, (uint32_t)rule->call, args);
    for (size_t a = 0; a < 6; a++) {
        for (int bit = 0; bit < 64; bit++) {
            for (int other = bit; other < 64; other++) {
                uint64_t changed[6];
                memcpy(changed, args, sizeof(args));
                changed[a] ^= 1ULL << bit;
                if (other != bit)
                    changed[a] ^= 1ULL << other;
                check_native(i, (uint32_t)rule->call, changed);
            }
        }
        for (size_t b = a + 1; b < 6; b++) {
            for (int bit = 0; bit < 64 * 64; bit++) {
                uint64_t changed[6];
                memcpy(changed, args, sizeof(args));
                changed[a] ^= 1ULL << (bit % 64);
                changed[b] ^= 1ULL << (bit / 64);
                check_native(i, (uint32_t)rule->call, changed);
            }
        }
    }
}

static void conditions_and_high_halves(void **state)
{
    (void)state;
    for (size_t i = 0; i < POLICIES; i++) {
        for (size_t s = 0; s < XW_SETS_MAX && policies[i]->sets[s]; s++) {
            for (size_t r = 0; r < policies[i]->sets[s]->count; r++) {
                if (policies[i]->sets[s]->rules[r].when[0].mask)
                    check_around(i, &policies[i]->sets[s]->rules[r]);
            }
        }
    }
    print_message("# %lu calls tried on %d filters\n", tried, POLICIES);
}

/* The system calls that a policy lists, whatever their arguments. */
static size_t distinct_calls(const struct xw_policy *policy)
{
    bool seen[NUMBERS] = {false};
    size_t count = 0;

    for (size_t s = 0; s < XW_SETS_MAX && policy->sets[s]; s++) {
        for (size_t r = 0; r < policy->sets[s]->count; r++) {
            int call = policy->sets[s]->rules[r].call;
            assert_true(call >= 0 && call < NUMBERS);
            count += !seen[call];
            seen[call] = true;
        }
    }
    return count;
}

/* A condition whose value has bits outside its mask could never hold; a row needs a reason. */
static void rows_are_well_formed(void **state)
{
    (void)state;
    for (size_t i = 0; i < POLICIES; i++) {
        size_t rows = 0;
        for (size_t s = 0; s < XW_SETS_MAX && policies[i]->sets[s]; s++) {
            const struct xw_rule_set *set = policies[i]->sets[s];
            rows += set->count;
            for (size_t r = 0; r < set->count; r++) {
                assert_true(set->rules[r].reason && set->rules[r].reason[0]);
                for (size_t c = 0; c < XW_CONDITIONS_MAX; c++)
                    assert_true((set->rules[r].when[c].value & ~set->rules[r].when[c].mask) == 0);
            }
        }
        if (i < INSTALLED)
            print_message("# %s: %zu rows; of %d numbers by each entry, %zu are allowed by one\n",
                          policies[i]->name, rows, NUMBERS, distinct_calls(policies[i]));
    }
}

/* --- what no part may do, written down apart from the tables ------------------------------- */

struct forbidden {
    long number;
    uint64_t args[6];
};

/* For every policy. */
static const struct forbidden never[] = {
    {SYS_execveat, {0}},
    {SYS_mmap, {0, 4096, PROT_READ | PROT_WRITE | PROT_EXEC | 0x100, MAP_PRIVATE | MAP_ANONYMOUS}},
    {SYS_mprotect, {0, 4096, PROT_READ | PROT_EXEC}},
    {SYS_mprotect, {0, 4096, PROT_EXEC}},
    {SYS_pkey_mprotect, {0, 4096, PROT_EXEC}},
    {SYS_io_uring_setup, {1}},
    {SYS_io_uring_enter, {0}},
    {SYS_io_uring_register, {0}},
    {SYS_bpf, {0}},
    {SYS_keyctl, {KEYCTL_JOIN_SESSION_KEYRING}},
    {SYS_add_key, {0}},
    {SYS_request_key, {0}},
    {SYS_userfaultfd, {0}},
    {SYS_perf_event_open, {0}},
    {SYS_ptrace, {0}},
    {SYS_process_vm_readv, {0}},
    {SYS_process_vm_writev, {0}},
    {SYS_process_madvise, {0}},
    {SYS_pidfd_getfd, {0}},
    {SYS_pidfd_send_signal, {0}},
    {SYS_kcmp, {0}},
    {SYS_kill, {1, 9}},
    {SYS_tkill, {1, 9}},
    {SYS_tgkill, {1, 1, 9}},
    {SYS_rt_sigqueueinfo, {0}},
    {SYS_unshare, {CLONE_NEWUSER}},
    {SYS_setns, {0}},
    {SYS_clone, {CLONE_NEWUSER | SIGCHLD}},
    {SYS_clone, {CLONE_VM | CLONE_FS | CLONE_FILES | CLONE_SIGHAND | CLONE_THREAD}},
    {SYS_clone3, {0}},
    {SYS_fork, {0}},
    {SYS_vfork, {0}},
    {SYS_mount, {0}},
    {SYS_umount2, {0}},
    {SYS_move_mount, {0}},
    {SYS_fsopen, {0}},
    {SYS_open_tree, {0}},
    {SYS_pivot_root, {0}},
    {SYS_chroot, {0}},
    {SYS_init_module, {0}},
    {SYS_finit_module, {0}},
    {SYS_kexec_load, {0}},
    {SYS_reboot, {0}},
    {SYS_swapon, {0}},
    {SYS_iopl, {3}},
    {SYS_ioperm, {0}},
    {SYS_acct, {0}},
    {SYS_quotactl, {0}},
    {SYS_quotactl_fd, {0, 0x80000800}},               /* Q_SETQUOTA of a user's */
    {SYS_quotactl_fd, {0, 0x80000302}},               /* Q_QUOTAOFF of projects */
    {SYS_quotactl_fd, {0, XW_SET_PROJECT_LIMIT | 1}}, /* of none there is */
    {SYS_mknod, {0}},
    {SYS_mknodat, {0}},
    {SYS_mknodat, {0, 0, S_IFREG | 0600}},
    {SYS_mknodat, {0, 0, S_IFSOCK | 0600}},
    {SYS_mknodat, {0, 0, S_IFCHR | 0600}},
    {SYS_mknodat, {0, 0, S_IFBLK | 0600}},
    {SYS_mknodat, {0, 0, S_IFIFO | 0666}},
    {SYS_link, {0}},
    {SYS_linkat, {0}},
    {SYS_symlink, {0}},
    {SYS_symlinkat, {0}},
    {SYS_setxattr, {0}},
    {SYS_fsetxattr, {0}},
    {SYS_fchmodat, {0, 0, 04755}},
    {SYS_chmod, {0, 04755}},
    {SYS_chmod, {0, 0711 | 02000}},
    {SYS_fchmod, {0, 04640}},
    {SYS_fchmod, {0, 0777}},
    {SYS_chown, {0}},
    {SYS_lchown, {0}},
    {SYS_fchownat, {0}},
    {SYS_open, {0}},
    {SYS_creat, {0}},
    {SYS_open_by_handle_at, {0}},
    {SYS_name_to_handle_at, {0}},
    {SYS_settimeofday, {0}},
    {SYS_sethostname, {0}},
    {SYS_memfd_create, {0}},
    {SYS_personality, {0}},
    {SYS_modify_ldt, {0}},
    {SYS_setuid, {0}},
    {SYS_setreuid, {0}},
    {SYS_setfsuid, {0}},
    {SYS_ioctl, {0, TIOCSTI}},
    {SYS_ioctl, {0, TIOCLINUX}},
    {SYS_ioctl, {0, FIONREAD}},
    {SYS_vmsplice, {0}},
    {SYS_splice, {0}},
};

/* For what students reach: every policy but the listener's, and that of who opens a console. */
static const struct forbidden never_for_a_student[] = {
    {SYS_pidfd_open, {1}},
    {SYS_socket, {AF_INET, SOCK_STREAM}},
    {SYS_socket, {AF_INET6, SOCK_DGRAM}},
    {SYS_socket, {AF_NETLINK, SOCK_RAW}},
    {SYS_socket, {AF_VSOCK, SOCK_STREAM}},
    {SYS_socket, {AF_PACKET, SOCK_RAW}},
    {SYS_socket, {AF_ALG, SOCK_SEQPACKET}},
    {SYS_socket, {AF_UNIX, SOCK_SEQPACKET}},
    {SYS_socketpair, {AF_UNIX, SOCK_STREAM}},
    {SYS_bind, {0}},
    {SYS_listen, {0}},
    {SYS_accept, {0}},
    {SYS_accept4, {0}},
    {SYS_clone, {SIGCHLD}},
    {SYS_wait4, {0}},
    {SYS_setsockopt, {0}},
};

/* Once it is known what is asked: every policy but the listener's and the request's. */
static const struct forbidden never_when_decided[] = {
    {SYS_openat2, {0}},
    {SYS_rt_sigaction, {SIGSYS}},
    {SYS_getsockopt, {0}},
};

/* What reads a request hasn't got it, whoever asks. */
static const struct forbidden a_brokers_own[] = {
    {SYS_sendmmsg, {0}},
    {SYS_writev, {0}},
    {SYS_epoll_create1, {0}},
    {SYS_fchmod, {0, 0640}},
    {SYS_renameat, {0}},
    {SYS_unlinkat, {0}},
    {SYS_ioctl, {0, FS_IOC_FSSETXATTR}},
    {SYS_quotactl_fd, {0, XW_SET_PROJECT_LIMIT}},
    {SYS_fcntl, {0, F_DUPFD_CLOEXEC}},
    {SYS_fcntl, {0, F_SETOWN}},
};

/* What another request can become, and what was to be done before its filter. */
static const struct forbidden never_for_a_broker[] = {
    {SYS_execve, {0}},
    {SYS_setresuid, {0}},
    {SYS_setresgid, {0}},
    {SYS_setgroups, {0}},
    {SYS_dup2, {0}},
    {SYS_clone, {CLONE_CHILD_SETTID | CLONE_CHILD_CLEARTID | SIGCHLD}},
    {SYS_socketpair, {AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC}},
    {SYS_accept4, {0}},
    {SYS_wait4, {0}},
    {SYS_rt_sigaction, {SIGIO}},
    {SYS_fcntl, {0, F_SETOWN}},
    {SYS_ioctl, {0, SIOCBRADDBR}},
};

/* For the gate, the reader and the relays. */
static const struct forbidden never_without_privilege[] = {
    {SYS_execve, {0}},
    {SYS_mmap, {0, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE}},
    {SYS_openat, {0, 0, O_WRONLY}},
    {SYS_openat, {0, 0, O_RDWR}},
    {SYS_openat, {0, 0, O_RDONLY}},
    {SYS_openat, {0, 0, O_RDONLY | O_CLOEXEC}},
    {SYS_openat, {0, 0, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC | O_CREAT, 0600}},
    {SYS_openat, {0, 0, O_PATH | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC}},
    {SYS_chmod, {0, 0711}},
    {SYS_fchmod, {0, 0640}},
    {SYS_fchown, {0, 0, 0}},
    {SYS_rename, {0}},
    {SYS_renameat, {0}},
    {SYS_renameat2, {0}},
    {SYS_unlink, {0}},
    {SYS_unlinkat, {0}},
    {SYS_mkdir, {0}},
    {SYS_truncate, {0}},
    {SYS_ftruncate, {0}},
    {SYS_prctl, {PR_SET_DUMPABLE, 1}},
    {SYS_setresuid, {0}},
    {SYS_setgroups, {0}},
    {SYS_capset, {0}},
    {SYS_seccomp, {0}},
    {SYS_rt_sigaction, {SIGSYS}},
    {SYS_ioctl, {0, SIOCBRADDBR}},
    {SYS_ioctl, {0, TCGETS}},
};

static void check_forbidden(size_t i, const struct forbidden *calls, size_t count)
{
    for (size_t j = 0; j < count; j++)
        check(i, AUDIT_ARCH_X86_64, (uint32_t)calls[j].number, calls[j].args, false);
}

static void what_no_part_may_do(void **state)
{
    (void)state;
    for (size_t i = 0; i < INSTALLED; i++) {
        check_forbidden(i, never, sizeof(never) / sizeof(never[0]));
        /* For root and by a broker, names are looked up; the console's relay is made for root. */
        if (policies[i] != &xw_listener_policy && policies[i] != &xw_broker_policy &&
            policies[i] != &xw_sharing_policy)
            check_forbidden(i, never_for_a_student,
                            sizeof(never_for_a_student) / sizeof(never_for_a_student[0]));
        if (policies[i] != &xw_listener_policy && policies[i] != &xw_request_policy &&
            policies[i] != &xw_broker_policy)
            check_forbidden(i, never_when_decided,
                            sizeof(never_when_decided) / sizeof(never_when_decided[0]));
        if (policies[i] == &xw_request_policy)
            check_forbidden(i, a_brokers_own, sizeof(a_brokers_own) / sizeof(a_brokers_own[0]));
        if (policies[i] == &xw_broker_policy)
            check_forbidden(i, never_for_a_broker,
                            sizeof(never_for_a_broker) / sizeof(never_for_a_broker[0]));
    }
    for (size_t i = 0; i < WITHOUT_PRIVILEGE; i++)
        check_forbidden(i, never_without_privilege,
                        sizeof(never_without_privilege) / sizeof(never_without_privilege[0]));
}

/* The sanitizers' list gives the parts without privilege none of it either. */
static void what_no_sanitized_part_may_do(void **state)
{
    (void)state;
    for (size_t i = INSTALLED; i < INSTALLED + WITHOUT_PRIVILEGE; i++) {
        check_forbidden(i, never, sizeof(never) / sizeof(never[0]));
        check_forbidden(i, never_for_a_student,
                        sizeof(never_for_a_student) / sizeof(never_for_a_student[0]));
        check_forbidden(i, never_without_privilege,
                        sizeof(never_without_privilege) / sizeof(never_without_privilege[0]));
    }
}

/* Row by row: the sets of the table, then the two lists, of which one is for those that execute. */
static void sanitizers_add_their_list_only(void **state)
{
    (void)state;
    for (size_t i = 0; i < INSTALLED; i++) {
        const struct xw_policy *more = policies[INSTALLED + i];
        bool executes = listed(installed[i], SYS_execve, (const uint64_t[6]){0});
        size_t s = 0;
        for (; s < XW_SETS_MAX && installed[i]->sets[s]; s++)
            assert_ptr_equal(more->sets[s], installed[i]->sets[s]);
        assert_ptr_equal(more->sets[s++], &xw_sanitizer_rules);
        if (executes)
            assert_ptr_equal(more->sets[s++], &xw_sanitizer_start_rules);
        assert_true(s == XW_SETS_MAX || !more->sets[s]);
        size_t r = 0;
        for (; installed[i]->reach && installed[i]->reach[r].kind != XW_REACH_END; r++)
            assert_memory_equal(&more->reach[r], &installed[i]->reach[r], sizeof(struct xw_reach));
        for (size_t n = 0; r > 0 && executes; n++, r++) {
            assert_int_equal(more->reach[r].kind, xw_sanitizer_start_reach[n].kind);
            if (more->reach[r].kind == XW_REACH_END)
                break;
        }
        assert_true(!installed[i]->reach || more->reach[r].kind == XW_REACH_END);
    }
}

/* --- on the kernel ---------------------------------------------------------------------------- */

enum entry { NATIVE, I386 };

static long enter(enum entry entry, uint32_t number, const uint64_t *args)
{
    long result;

    if (entry == I386) {
        __asm__ volatile("int $0x80"
                         : "=a"(result)
                         : "a"(number), "b"(0L), "c"(0L), "d"(0L), "S"(0L), "D"(0L)
                         : "memory", "r8", "r9", "r10", "r11");
        return result;
    }
    register uint64_t a3 __asm__("r10") = args[3];
    register uint64_t a4 __asm__("r8") = args[4];
    register uint64_t a5 __asm__("r9") = args[5];
    __asm__ volatile("syscall"
                     : "=a"(result)
                     : "a"((long)number), "D"(args[0]), "S"(args[1]), "d"(args[2]), "r"(a3),
                       "r"(a4), "r"(a5)
                     : "rcx", "r11", "memory");
    return result;
}

/*
 * uretprobe and uprobe, which newer kernels let by without a filter, whatever it says, and which
 * do nothing (an error, or SIGILL) unless they come from the kernel's own trampoline.
 */
static bool is_a_probe(uint32_t number)
{
    return number == 335 || number == 336;
}

static pid_t last_child;

/*
 * Loads the filter in a child that shares our memory (no page is copied) and makes one call.
 * Returns whether the filter killed it; anything else, an error most of all, means allowed.
 */
static bool is_killed(const struct program *program, enum entry entry, uint32_t number,
                      const uint64_t *args)
{
    const struct sock_fprog filter = {program->length, (struct sock_filter *)program->code};
    int status;
    pid_t pid = last_child = vfork();

    if (pid == 0) {
        /* cmocka's handlers would run in the child, on the parent's stack. */
        if (signal(SIGILL, SIG_DFL) == SIG_ERR || signal(SIGSEGV, SIG_DFL) == SIG_ERR ||
            signal(SIGSYS, SIG_DFL) == SIG_ERR)
            _exit(99);
        if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0 ||
            syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &filter) < 0)
            _exit(99);
        enter(entry, number, args);
        syscall(SYS_exit_group, 0);
    }
    if (pid < 0 || waitpid(pid, &status, 0) != pid)
        fail_msg("no child to try a call in: %s", strerror(errno));
    if (WIFEXITED(status) && WEXITSTATUS(status) == 99)
        fail_msg("the kernel doesn't take the filter");
    return WIFSIGNALED(status) && WTERMSIG(status) == SIGSYS;
}

/* Allowed calls for which no argument is harmless in a child that shares our memory. */
static bool is_harmful(uint32_t number)
{
    return number == SYS_clone || number == SYS_munmap || number == SYS_mremap ||
           number == SYS_madvise || number == SYS_brk || number == SYS_close ||
           number == SYS_dup2 || number == SYS_close_range;
}

static unsigned long on_kernel;
static unsigned long allowed_on_kernel;

static void try_number(size_t i, enum entry entry, uint32_t number)
{
    static const uint64_t bad[6] = {UINT64_MAX, UINT64_MAX, UINT64_MAX,
                                    UINT64_MAX, UINT64_MAX, UINT64_MAX};
    bool expected = entry == NATIVE && number < NUMBERS && listed(policies[i], (int)number, bad);

    if ((expected && is_harmful(number)) || (entry == NATIVE && is_a_probe(number)))
        return;
    on_kernel++;
    allowed_on_kernel += expected;
    if (is_killed(&programs[i], entry, number, bad) == expected)
        fail_msg("%s: the kernel %s number %#x%s", policies[i]->name, expected ? "kills" : "allows",
                 number, entry == I386 ? " by int 0x80" : "");
}

/* Each row with its conditions just met, and each of them just missed. */
static void try_row(size_t i, const struct xw_rule *rule)
{
    uint64_t args[6] = {UINT64_MAX, UINT64_MAX, UINT64_MAX, UINT64_MAX, UINT64_MAX, UINT64_MAX};

    for (size_t c = 0; c < XW_CONDITIONS_MAX && rule->when[c].mask; c++)
        args[rule->when[c].argument] = rule->when[c].value;
    if (!is_harmful((uint32_t)rule->call) && rule->call != SYS_mmap && rule->call != SYS_mprotect) {
        on_kernel++;
        if (is_killed(&programs[i], NATIVE, (uint32_t)rule->call, args))
            fail_msg("%s: the kernel kills %s", policies[i]->name, rule->name);
    }
    for (size_t c = 0; c < XW_CONDITIONS_MAX && rule->when[c].mask; c++) {
        uint64_t *changed = &args[rule->when[c].argument];
        uint64_t before = *changed;
        *changed ^= rule->when[c].mask & -rule->when[c].mask; /* its lowest bit */
        if (!listed(policies[i], rule->call, args)) {
            on_kernel++;
            if (!is_killed(&programs[i], NATIVE, (uint32_t)rule->call, args))
                fail_msg("%s: the kernel allows another %s", policies[i]->name, rule->name);
        }
        *changed = before;
    }
}

static void the_kernel_agrees(void **state)
{
    enum { LAST = 480 };

    (void)state;
    /* A core dump would stop whoever shares the memory (core(5)). */
    int dumpable = prctl(PR_GET_DUMPABLE);
    assert_int_equal(prctl(PR_SET_DUMPABLE, 0), 0);
    for (size_t i = 0; i < INSTALLED; i++) {
        for (uint32_t number = 0; number < LAST; number++) {
            try_number(i, NATIVE, number);
            try_number(i, NATIVE, X32 | number);
            try_number(i, I386, number);
        }
        for (size_t s = 0; s < XW_SETS_MAX && policies[i]->sets[s]; s++) {
            for (size_t r = 0; r < policies[i]->sets[s]->count; r++)
                try_row(i, &policies[i]->sets[s]->rules[r]);
        }
    }
    assert_int_equal(prctl(PR_SET_DUMPABLE, dumpable), 0);
    print_message("# %lu calls tried on the kernel, %lu of them allowed\n", on_kernel,
                  allowed_on_kernel);
}

/* Whether the audit trail tells, within 2 s, that this call of this process was killed. */
static bool is_in_audit_trail(int trail, pid_t pid, uint32_t number)
{
    struct pollfd in = {.fd = trail, .events = POLLIN};
    char wanted[64];
    char call[32];
    char record[9000];

    snprintf(wanted, sizeof(wanted), " pid=%d ", (int)pid);
    snprintf(call, sizeof(call), " syscall=%u ", number);
    while (poll(&in, 1, 2000) == 1) {
        ssize_t n = recv(trail, record, sizeof(record) - 1, 0);
        if (n < (ssize_t)sizeof(struct nlmsghdr))
            continue;
        record[n] = '\0';
        const struct nlmsghdr *header = (const struct nlmsghdr *)(const void *)record;
        const char *text = record + NLMSG_HDRLEN;
        if (header->nlmsg_type == AUDIT_SECCOMP && strstr(text, wanted) && strstr(text, call))
            return true;
    }
    return false;
}

/* Listens as anybody with CAP_AUDIT_READ may, beside an audit daemon or without one. */
static void a_violation_is_in_the_audit_trail(void **state)
{
    static const uint64_t none[6] = {0};
    const struct sockaddr_nl group = {.nl_family = AF_NETLINK,
                                      .nl_groups = 1U << (AUDIT_NLGRP_READLOG - 1)};
    int trail = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_AUDIT);
    bool seen = false;

    (void)state;
    if (trail < 0 || bind(trail, (const struct sockaddr *)&group, sizeof(group)) < 0)
        skip();
    /* A burst of other records may push ours out of the socket's buffer: kill once more. */
    for (int i = 0; i < 10 && !seen; i++) {
        assert_true(is_killed(&programs[0], NATIVE, SYS_bpf, none));
        seen = is_in_audit_trail(trail, last_child, SYS_bpf);
    }
    close(trail);
    assert_true(seen);
}

/* The control: without a filter the same calls come back. */
static void without_a_filter_calls_return(void **state)
{
    static const struct program open_door = {{BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW)}, 1};
    static const uint64_t bad[6] = {UINT64_MAX, UINT64_MAX, UINT64_MAX,
                                    UINT64_MAX, UINT64_MAX, UINT64_MAX};
    const uint32_t numbers[] = {SYS_execve, SYS_chmod, SYS_socket, SYS_bpf, SYS_ptrace};

    (void)state;
    for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++) {
        assert_false(is_killed(&open_door, NATIVE, numbers[i], bad));
        assert_true(is_killed(&programs[0], NATIVE, numbers[i], bad));
    }
    assert_false(is_killed(&open_door, I386, 20, bad));
    assert_true(is_killed(&programs[0], I386, 20, bad));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rows_are_well_formed),
        cmocka_unit_test(every_number_native),
        cmocka_unit_test(every_number_of_other_entries),
        cmocka_unit_test(conditions_and_high_halves),
        cmocka_unit_test(what_no_part_may_do),
        cmocka_unit_test(what_no_sanitized_part_may_do),
        cmocka_unit_test(sanitizers_add_their_list_only),
        cmocka_unit_test(without_a_filter_calls_return),
        cmocka_unit_test(a_violation_is_in_the_audit_trail),
        cmocka_unit_test(the_kernel_agrees),
    };

    return cmocka_run_group_tests(tests, compile_all, NULL);
}
