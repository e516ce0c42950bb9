/*
 * What the preloaded library (inject.c) and the tool that steers it (steer.c) share: one page,
 * mapped by both, that says which call of which program shall fail, and counts them. Shared memory,
 * because the programs confine themselves: nothing that they may not do is needed to count.
 */
#ifndef XW_TESTS_FAULTS_H
#define XW_TESTS_FAULTS_H

#include <stdatomic.h>

/* Where the page is. A throwaway host alone has such a file. */
#define XW_FAULTS_PAGE "/run/faults"

/*
 * Each call that can fail, with the error that it fails with. `create` is whichever of open(),
 * openat() and fopen() may make a file: those change something.
 */
#define XW_FAULTY_CALLS(X)                                                                         \
    X(create, ENOSPC)                                                                              \
    X(open, EMFILE)                                                                                \
    X(openat, EMFILE)                                                                              \
    X(fopen, EMFILE)                                                                               \
    X(fdopen, ENOMEM)                                                                              \
    X(opendir, EMFILE)                                                                             \
    X(fdopendir, ENOMEM)                                                                           \
    X(readdir, EIO)                                                                                \
    X(scandir, ENOMEM)                                                                             \
    X(read, EIO)                                                                                   \
    X(pread, EIO)                                                                                  \
    X(getline, EIO)                                                                                \
    X(write, EIO)                                                                                  \
    X(pwrite, EIO)                                                                                 \
    X(send, EPIPE)                                                                                 \
    X(sendto, EPIPE)                                                                               \
    X(sendmsg, EPIPE)                                                                              \
    X(sendfile, EIO)                                                                               \
    X(recv, ECONNRESET)                                                                            \
    X(recvmsg, ECONNRESET)                                                                         \
    X(poll, ENOMEM)                                                                                \
    X(fflush, EIO)                                                                                 \
    X(fclose, EIO)                                                                                 \
    X(fsync, EIO)                                                                                  \
    X(ftruncate, EIO)                                                                              \
    X(copy_file_range, EIO)                                                                        \
    X(lseek, EIO)                                                                                  \
    X(fseeko, EIO)                                                                                 \
    X(stat, EIO)                                                                                   \
    X(fstat, EIO)                                                                                  \
    X(fstatat, EIO)                                                                                \
    X(lstat, EIO)                                                                                  \
    X(statvfs, EIO)                                                                                \
    X(fstatvfs, EIO)                                                                               \
    X(access, EIO)                                                                                 \
    X(rename, EIO)                                                                                 \
    X(renameat, EIO)                                                                               \
    X(renameat2, EIO)                                                                              \
    X(mkdir, EIO)                                                                                  \
    X(mkdirat, EIO)                                                                                \
    X(mkfifo, EIO)                                                                                 \
    X(rmdir, EIO)                                                                                  \
    X(unlink, EIO)                                                                                 \
    X(unlinkat, EIO)                                                                               \
    X(chmod, EPERM)                                                                                \
    X(fchmod, EPERM)                                                                               \
    X(fchown, EPERM)                                                                               \
    X(chdir, EACCES)                                                                               \
    X(fcntl, ENOLCK)                                                                               \
    X(flock, ENOLCK)                                                                               \
    X(ioctl, EPERM)                                                                                \
    X(dup2, EBADF)                                                                                 \
    X(close_range, EMFILE)                                                                         \
    X(socket, EMFILE)                                                                              \
    X(socketpair, EMFILE)                                                                          \
    X(connect, ECONNREFUSED)                                                                       \
    X(accept4, EMFILE)                                                                             \
    X(getsockopt, ENOBUFS)                                                                         \
    X(setsockopt, ENOBUFS)                                                                         \
    X(signalfd, EMFILE)                                                                            \
    X(timerfd_create, EMFILE)                                                                      \
    X(timerfd_settime, EINVAL)                                                                     \
    X(pidfd_open, EMFILE)                                                                          \
    X(malloc, ENOMEM)                                                                              \
    X(calloc, ENOMEM)                                                                              \
    X(realloc, ENOMEM)                                                                             \
    X(reallocarray, ENOMEM)                                                                        \
    X(strdup, ENOMEM)                                                                              \
    X(open_memstream, ENOMEM)                                                                      \
    X(asprintf, ENOMEM)                                                                            \
    X(mmap, ENOMEM)                                                                                \
    X(fork, EAGAIN)                                                                                \
    X(execve, ENOMEM)                                                                              \
    X(posix_spawn, EAGAIN)                                                                         \
    X(posix_spawn_file_actions_init, ENOMEM)                                                       \
    X(posix_spawn_file_actions_adddup2, ENOMEM)                                                    \
    X(posix_spawn_file_actions_addopen, ENOMEM)                                                    \
    X(pthread_create, EAGAIN)                                                                      \
    X(waitpid, EINTR)                                                                              \
    X(pipe2, EMFILE)                                                                               \
    X(setgroups, EPERM)                                                                            \
    X(setresuid, EAGAIN)                                                                           \
    X(setresgid, EPERM)                                                                            \
    X(getresuid, EFAULT)                                                                           \
    X(getresgid, EFAULT)                                                                           \
    X(getgroups, EINVAL)                                                                           \
    X(setrlimit, EPERM)                                                                            \
    X(getrlimit, EPERM)                                                                            \
    X(prctl, EPERM)                                                                                \
    X(syscall, EIO)                                                                                \
    X(getrandom, EIO)                                                                              \
    X(clearenv, ENOMEM)                                                                            \
    X(setitimer, EINVAL)                                                                           \
    X(sigprocmask, EINVAL)                                                                         \
    X(getpwnam, EIO)                                                                               \
    X(getpwuid, EIO)                                                                               \
    X(getgrnam, EIO)                                                                               \
    X(getgrgid, EIO)                                                                               \
    X(getgrouplist, 0)                                                                             \
    X(capng_get_caps_process, 0)                                                                   \
    X(capng_update, 0)                                                                             \
    X(capng_apply, 0)                                                                              \
    X(seccomp_init, 0)                                                                             \
    X(seccomp_rule_add_array, 0)                                                                   \
    X(seccomp_load, 0)                                                                             \
    X(audit_open, EPROTONOSUPPORT)                                                                 \
    X(audit_log_user_message, ECONNREFUSED)                                                        \
    X(audit_encode_nv_string, ENOMEM)                                                              \
    X(EVP_MD_CTX_new, 0)                                                                           \
    X(EVP_DigestUpdate, 0)                                                                         \
    X(json_object_new_object, 0)                                                                   \
    X(json_object_new_array, 0)                                                                    \
    X(json_object_new_string, 0)                                                                   \
    X(json_object_new_string_len, 0)                                                               \
    X(json_object_to_json_string_ext, 0)                                                           \
    X(virConnectOpen, 0)                                                                           \
    X(virConnectOpenReadOnly, 0)                                                                   \
    X(virConnectListAllDomains, 0)                                                                 \
    X(virNodeGetMemoryStats, 0)                                                                    \
    X(virConnectRegisterCloseCallback, 0)                                                          \
    X(virConnectUnregisterCloseCallback, 0)                                                        \
    X(virConnectDomainEventRegisterAny, 0)                                                         \
    X(virConnectDomainEventDeregisterAny, 0)                                                       \
    X(virEventRegisterDefaultImpl, 0)                                                              \
    X(virEventAddTimeout, 0)                                                                       \
    X(virEventRunDefaultImpl, 0)                                                                   \
    X(virDomainLookupByName, 0)                                                                    \
    X(virDomainIsActive, 0)                                                                        \
    X(virDomainGetState, 0)                                                                        \
    X(virDomainGetInfo, 0)                                                                         \
    X(virDomainGetUUIDString, 0)                                                                   \
    X(virDomainGetXMLDesc, 0)                                                                      \
    X(virDomainDefineXML, 0)                                                                       \
    X(virDomainCreate, 0)                                                                          \
    X(virDomainDestroy, 0)                                                                         \
    X(virDomainShutdownFlags, 0)                                                                   \
    X(virDomainReboot, 0)                                                                          \
    X(virDomainReset, 0)                                                                           \
    X(virDomainSuspend, 0)                                                                         \
    X(virDomainResume, 0)                                                                          \
    X(virDomainListAllSnapshots, 0)                                                                \
    X(virDomainSnapshotCreateXML, 0)                                                               \
    X(virDomainSnapshotDelete, 0)                                                                  \
    X(virDomainRevertToSnapshot, 0)                                                                \
    X(virDomainHasManagedSaveImage, 0)                                                             \
    X(virDomainManagedSave, 0)                                                                     \
    X(virDomainManagedSaveRemove, 0)                                                               \
    X(virDomainUndefineFlags, 0)

enum xw_faulty_call {
#define XW_FAULTY_ENUM(name, error) XW_CALL_##name,
    XW_FAULTY_CALLS(XW_FAULTY_ENUM)
#undef XW_FAULTY_ENUM
        XW_CALL_COUNT
};

/* The programs. The keeper is two: its listener, and the processes that it forks. */
#define XW_FAULTY_PROGRAMS(X)                                                                      \
    X(keeper, "xwkeeper")                                                                          \
    X(listener, "")                                                                                \
    X(xwadm, "xwadm")                                                                              \
    X(gate, "xwhelper")                                                                            \
    X(relay, "xwrelay")                                                                            \
    X(xwsh, "xwsh")

enum xw_faulty_program {
#define XW_FAULTY_ENUM(name, file) XW_PROGRAM_##name,
    XW_FAULTY_PROGRAMS(XW_FAULTY_ENUM)
#undef XW_FAULTY_ENUM
        XW_PROGRAM_NONE
};

enum xw_fault_mode {
    XW_FAULT_OFF,
    XW_FAULT_COUNT, /* count the calls, let all through */
    XW_FAULT_ERROR, /* the nth of one kind fails with its error */
    XW_FAULT_FULL,  /* it fails with ENOSPC */
    XW_FAULT_EINTR, /* it is interrupted */
    XW_FAULT_SHORT, /* it reads or writes one byte */
    XW_FAULT_DEATH, /* the process is killed before it */
    XW_FAULT_CUT,   /* the process waits before it, for everything to be killed */
    XW_FAULT_AMID   /* nothing is done to it: whoever awaits it kills, while it is being done */
};

struct xw_faults {
    atomic_int mode;
    atomic_int program;
    atomic_int call;
    atomic_int nth; /* from 1 */
    atomic_int hit; /* the fault has happened */
    atomic_int pid; /* to which process */
    atomic_int counts[XW_CALL_COUNT];
};

#endif
