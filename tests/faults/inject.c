/*
 * A library to be preloaded into the keeper or xwadm: calls that the program itself makes (not
 * those of the libraries that it links) are counted and, on demand, made to fail.
 */
#include <dirent.h>
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <libvirt/libvirt.h>
#include <link.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/faults/faults.h"

static struct xw_faults *faults;
static uintptr_t program_start;
static uintptr_t program_end;

/* The first object that dl_iterate_phdr(3) names is the program. */
static int find_program(struct dl_phdr_info *info, size_t size, void *data)
{
    (void)size;
    (void)data;
    for (int i = 0; i < info->dlpi_phnum; i++) {
        const ElfW(Phdr) *header = &info->dlpi_phdr[i];
        if (header->p_type == PT_LOAD && (header->p_flags & PF_X)) {
            program_start = info->dlpi_addr + header->p_vaddr;
            program_end = program_start + header->p_memsz;
        }
    }
    return 1;
}

__attribute__((constructor)) static void begin(void)
{
    const char *path = getenv(XW_FAULTS_VARIABLE);
    int fd = path ? open(path, O_RDWR | O_CLOEXEC) : -1;

    dl_iterate_phdr(find_program, NULL);
    if (fd < 0)
        return;
    void *page = mmap(NULL, sizeof(*faults), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    close(fd);
    if (page != MAP_FAILED)
        faults = page;
}

/* Whether this call, made from `from`, is the one that is to be disturbed. */
static bool strikes(enum xw_faulty_call call, const void *from)
{
    uintptr_t at = (uintptr_t)from;

    if (!faults || faults->mode == XW_FAULT_OFF || at < program_start || at >= program_end)
        return false;
    if (faults->listener && faults->listener == getpid())
        return false;
    int count = atomic_fetch_add(&faults->counts[call], 1) + 1;
    if (faults->mode == XW_FAULT_COUNT || faults->call != (int)call || faults->nth != count)
        return false;
    faults->hit = 1;
    if (faults->mode == XW_FAULT_DEATH)
        kill(getpid(), SIGKILL);
    if (faults->mode == XW_FAULT_EINTR)
        errno = EINTR;
    return true;
}

#define FROM __builtin_return_address(0)

/* The function behind this one. */
#define REAL(name) ((__typeof__(&name))dlsym(RTLD_NEXT, #name))

static int error_of(enum xw_faulty_call call)
{
    static const int errors[] = {
#define XW_FAULTY_ERROR(name, error) [XW_CALL_##name] = error,
        XW_FAULTY_CALLS(XW_FAULTY_ERROR)
#undef XW_FAULTY_ERROR
    };

    return errors[call];
}

/* The failed call's result, with errno set. */
#define FAILED(name, result)                                                                       \
    do {                                                                                           \
        if (faults->mode != XW_FAULT_EINTR)                                                        \
            errno = error_of(XW_CALL_##name);                                                      \
        return (result);                                                                           \
    } while (0)

#define WRAP(type, name, result, parameters, arguments)                                            \
    type name parameters                                                                           \
    {                                                                                              \
        if (strikes(XW_CALL_##name, FROM))                                                         \
            FAILED(name, result);                                                                  \
        return REAL(name) arguments;                                                               \
    }

/* libvirt: the real function, asked for what can't be, so that the error is one of its own. */
#define WRAP_VIR(type, name, parameters, wrong, arguments)                                         \
    type name parameters                                                                           \
    {                                                                                              \
        if (strikes(XW_CALL_##name, FROM))                                                         \
            return REAL(name) wrong;                                                               \
        return REAL(name) arguments;                                                               \
    }

static mode_t mode_of(int flags, va_list args)
{
    return (flags & (O_CREAT | __O_TMPFILE)) ? va_arg(args, mode_t) : 0;
}

int open(const char *path, int flags, ...)
{
    va_list args;

    va_start(args, flags);
    mode_t mode = mode_of(flags, args);
    va_end(args);
    if (strikes(XW_CALL_open, FROM))
        FAILED(open, -1);
    return REAL(open)(path, flags, mode);
}

int openat(int fd, const char *path, int flags, ...)
{
    va_list args;

    va_start(args, flags);
    mode_t mode = mode_of(flags, args);
    va_end(args);
    if (strikes(XW_CALL_openat, FROM))
        FAILED(openat, -1);
    return REAL(openat)(fd, path, flags, mode);
}

int fcntl(int fd, int command, ...)
{
    va_list args;

    va_start(args, command);
    void *argument = va_arg(args, void *);
    va_end(args);
    if (strikes(XW_CALL_fcntl, FROM))
        FAILED(fcntl, -1);
    return REAL(fcntl)(fd, command, argument);
}

int ioctl(int fd, unsigned long request, ...)
{
    va_list args;

    va_start(args, request);
    void *argument = va_arg(args, void *);
    va_end(args);
    if (strikes(XW_CALL_ioctl, FROM))
        FAILED(ioctl, -1);
    return REAL(ioctl)(fd, request, argument);
}

/* One byte instead of all, or nothing and an error. */
#define WRAP_MOVE(name, parameters, short_arguments, arguments)                                    \
    ssize_t name parameters                                                                        \
    {                                                                                              \
        if (strikes(XW_CALL_##name, FROM)) {                                                       \
            if (faults->mode == XW_FAULT_SHORT)                                                    \
                return REAL(name) short_arguments;                                                 \
            FAILED(name, -1);                                                                      \
        }                                                                                          \
        return REAL(name) arguments;                                                               \
    }

WRAP_MOVE(read, (int fd, void *buffer, size_t size), (fd, buffer, size ? 1 : 0), (fd, buffer, size))
WRAP_MOVE(write, (int fd, const void *buffer, size_t size), (fd, buffer, size ? 1 : 0),
          (fd, buffer, size))
WRAP_MOVE(send, (int fd, const void *buffer, size_t size, int flags),
          (fd, buffer, size ? 1 : 0, flags), (fd, buffer, size, flags))
WRAP_MOVE(copy_file_range,
          (int in, off64_t *from, int out, off64_t *to, size_t size, unsigned int flags),
          (in, from, out, to, size ? 1 : 0, flags), (in, from, out, to, size, flags))

/* What fortification makes of read(2) where the size of the buffer is known. */
ssize_t __read_chk(int fd, void *buffer, size_t size, size_t room);
ssize_t __read_chk(int fd, void *buffer, size_t size, size_t room)
{
    if (size > room)
        abort();
    if (strikes(XW_CALL_read, FROM)) {
        if (faults->mode == XW_FAULT_SHORT)
            return REAL(read)(fd, buffer, size ? 1 : 0);
        FAILED(read, -1);
    }
    return REAL(read)(fd, buffer, size);
}

int __openat_2(int fd, const char *path, int flags);
int __openat_2(int fd, const char *path, int flags)
{
    if (strikes(XW_CALL_openat, FROM))
        FAILED(openat, -1);
    return REAL(openat)(fd, path, flags);
}

WRAP(FILE *, fopen, NULL, (const char *path, const char *mode), (path, mode))
WRAP(FILE *, fdopen, NULL, (int fd, const char *mode), (fd, mode))
WRAP(DIR *, opendir, NULL, (const char *path), (path))
WRAP(struct dirent *, readdir, NULL, (DIR * directory), (directory))
WRAP(int, fflush, EOF, (FILE * file), (file))
WRAP(int, fsync, -1, (int fd), (fd))
WRAP(int, ftruncate, -1, (int fd, off_t size), (fd, size))
WRAP(off_t, lseek, -1, (int fd, off_t offset, int whence), (fd, offset, whence))
WRAP(int, fstat, -1, (int fd, struct stat *info), (fd, info))
WRAP(int, fstatat, -1, (int fd, const char *path, struct stat *info, int flags),
     (fd, path, info, flags))
WRAP(int, lstat, -1, (const char *path, struct stat *info), (path, info))
WRAP(int, rename, -1, (const char *from, const char *to), (from, to))
WRAP(int, renameat, -1, (int a, const char *from, int b, const char *to), (a, from, b, to))
WRAP(int, renameat2, -1, (int a, const char *from, int b, const char *to, unsigned int flags),
     (a, from, b, to, flags))
WRAP(int, mkdir, -1, (const char *path, mode_t mode), (path, mode))
WRAP(int, mkdirat, -1, (int fd, const char *path, mode_t mode), (fd, path, mode))
WRAP(int, rmdir, -1, (const char *path), (path))
WRAP(int, unlink, -1, (const char *path), (path))
WRAP(int, unlinkat, -1, (int fd, const char *path, int flags), (fd, path, flags))
WRAP(int, chmod, -1, (const char *path, mode_t mode), (path, mode))
WRAP(int, fchmod, -1, (int fd, mode_t mode), (fd, mode))
WRAP(int, fchown, -1, (int fd, uid_t uid, gid_t gid), (fd, uid, gid))
WRAP(int, socket, -1, (int domain, int type, int protocol), (domain, type, protocol))
WRAP(int, connect, -1, (int fd, const struct sockaddr *address, socklen_t length),
     (fd, address, length))
WRAP(void *, reallocarray, NULL, (void *old, size_t count, size_t size), (old, count, size))
WRAP(FILE *, open_memstream, NULL, (char **text, size_t *size), (text, size))
WRAP(pid_t, fork, -1, (void), ())
WRAP(int, pipe2, -1, (int fds[2], int flags), (fds, flags))
WRAP(int, setgroups, -1, (size_t count, const gid_t *groups), (count, groups))
WRAP(int, setresuid, -1, (uid_t r, uid_t e, uid_t s), (r, e, s))
WRAP(int, setresgid, -1, (gid_t r, gid_t e, gid_t s), (r, e, s))

/* A stream that fails to close is closed all the same (fclose(3)). */
int fclose(FILE *file)
{
    bool strike = strikes(XW_CALL_fclose, FROM);
    int rc = REAL(fclose)(file);

    if (strike)
        FAILED(fclose, EOF);
    return rc;
}

/* dlsym() itself allocates: glibc's own entries are called directly. */
void *__libc_malloc(size_t size);
void *__libc_calloc(size_t count, size_t size);

void *malloc(size_t size)
{
    if (faults && strikes(XW_CALL_malloc, FROM))
        FAILED(malloc, NULL);
    return __libc_malloc(size);
}

void *calloc(size_t count, size_t size)
{
    if (faults && strikes(XW_CALL_calloc, FROM))
        FAILED(calloc, NULL);
    return __libc_calloc(count, size);
}

#define NOWHERE "test+tcp://nowhere/none"

WRAP_VIR(virConnectPtr, virConnectOpen, (const char *name), (NOWHERE), (name))
WRAP_VIR(virConnectPtr, virConnectOpenReadOnly, (const char *name), (NOWHERE), (name))
WRAP_VIR(int, virConnectListAllDomains,
         (virConnectPtr conn, virDomainPtr **domains, unsigned int flags), (NULL, domains, flags),
         (conn, domains, flags))
WRAP_VIR(virDomainPtr, virDomainLookupByName, (virConnectPtr conn, const char *name), (NULL, name),
         (conn, name))
WRAP_VIR(int, virDomainIsActive, (virDomainPtr dom), (NULL), (dom))
WRAP_VIR(char *, virDomainGetXMLDesc, (virDomainPtr domain, unsigned int flags), (NULL, flags),
         (domain, flags))
WRAP_VIR(virDomainPtr, virDomainDefineXML, (virConnectPtr conn, const char *xml), (NULL, xml),
         (conn, xml))
WRAP_VIR(int, virDomainCreate, (virDomainPtr domain), (NULL), (domain))
WRAP_VIR(int, virDomainDestroy, (virDomainPtr domain), (NULL), (domain))
WRAP_VIR(int, virDomainShutdownFlags, (virDomainPtr domain, unsigned int flags), (NULL, flags),
         (domain, flags))
WRAP_VIR(int, virDomainReboot, (virDomainPtr domain, unsigned int flags), (NULL, flags),
         (domain, flags))
WRAP_VIR(int, virDomainHasManagedSaveImage, (virDomainPtr dom, unsigned int flags), (NULL, flags),
         (dom, flags))
WRAP_VIR(int, virDomainUndefineFlags, (virDomainPtr domain, unsigned int flags), (NULL, flags),
         (domain, flags))
