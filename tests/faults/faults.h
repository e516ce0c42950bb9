/*
 * What the preloaded library (inject.c) and the tool that steers it (steer.c) share: one page,
 * mapped by both, that says which call of the program shall fail, and counts them. Shared memory,
 * because the programs confine themselves: nothing that they may not do is needed to count.
 */
#ifndef XW_TESTS_FAULTS_H
#define XW_TESTS_FAULTS_H

#include <stdatomic.h>

/* Each call that can fail, with the error that it fails with, and how else it may be disturbed. */
#define XW_FAULTY_CALLS(X)                                                                         \
    X(open, EMFILE)                                                                                \
    X(openat, EMFILE)                                                                              \
    X(fopen, EMFILE)                                                                               \
    X(fdopen, ENOMEM)                                                                              \
    X(opendir, EMFILE)                                                                             \
    X(readdir, EIO)                                                                                \
    X(read, EIO)                                                                                   \
    X(write, ENOSPC)                                                                               \
    X(send, EPIPE)                                                                                 \
    X(fflush, ENOSPC)                                                                              \
    X(fclose, EIO)                                                                                 \
    X(fsync, EIO)                                                                                  \
    X(ftruncate, ENOSPC)                                                                           \
    X(copy_file_range, ENOSPC)                                                                     \
    X(lseek, EIO)                                                                                  \
    X(fstat, EIO)                                                                                  \
    X(fstatat, EIO)                                                                                \
    X(lstat, EIO)                                                                                  \
    X(rename, EIO)                                                                                 \
    X(renameat, EIO)                                                                               \
    X(renameat2, EIO)                                                                              \
    X(mkdir, ENOSPC)                                                                               \
    X(mkdirat, ENOSPC)                                                                             \
    X(rmdir, EIO)                                                                                  \
    X(unlink, EIO)                                                                                 \
    X(unlinkat, EIO)                                                                               \
    X(chmod, EPERM)                                                                                \
    X(fchmod, EPERM)                                                                               \
    X(fchown, EPERM)                                                                               \
    X(fcntl, ENOLCK)                                                                               \
    X(ioctl, EPERM)                                                                                \
    X(socket, EMFILE)                                                                              \
    X(connect, ECONNREFUSED)                                                                       \
    X(malloc, ENOMEM)                                                                              \
    X(calloc, ENOMEM)                                                                              \
    X(reallocarray, ENOMEM)                                                                        \
    X(open_memstream, ENOMEM)                                                                      \
    X(fork, EAGAIN)                                                                                \
    X(pipe2, EMFILE)                                                                               \
    X(setgroups, EPERM)                                                                            \
    X(setresuid, EPERM)                                                                            \
    X(setresgid, EPERM)                                                                            \
    X(virConnectOpen, 0)                                                                           \
    X(virConnectOpenReadOnly, 0)                                                                   \
    X(virConnectListAllDomains, 0)                                                                 \
    X(virDomainLookupByName, 0)                                                                    \
    X(virDomainIsActive, 0)                                                                        \
    X(virDomainGetXMLDesc, 0)                                                                      \
    X(virDomainDefineXML, 0)                                                                       \
    X(virDomainCreate, 0)                                                                          \
    X(virDomainDestroy, 0)                                                                         \
    X(virDomainShutdownFlags, 0)                                                                   \
    X(virDomainReboot, 0)                                                                          \
    X(virDomainHasManagedSaveImage, 0)                                                             \
    X(virDomainUndefineFlags, 0)

enum xw_faulty_call {
#define XW_FAULTY_ENUM(name, error) XW_CALL_##name,
    XW_FAULTY_CALLS(XW_FAULTY_ENUM)
#undef XW_FAULTY_ENUM
        XW_CALL_COUNT
};

enum xw_fault_mode {
    XW_FAULT_OFF,
    XW_FAULT_COUNT, /* count the calls, let all through */
    XW_FAULT_ERROR, /* the nth of one kind fails with its error */
    XW_FAULT_EINTR, /* it is interrupted */
    XW_FAULT_SHORT, /* it reads or writes one byte */
    XW_FAULT_DEATH  /* the process is killed before it */
};

struct xw_faults {
    atomic_int mode;
    atomic_int call;
    atomic_int nth;      /* from 1 */
    atomic_int hit;      /* the fault has happened */
    atomic_int listener; /* the process whose children are looked at; 0: the process itself */
    atomic_int counts[XW_CALL_COUNT];
};

/* The environment variable with the path of the page. */
#define XW_FAULTS_VARIABLE "XW_FAULTS"

#endif
