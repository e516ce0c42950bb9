/*
 * A library to be preloaded into our programs: calls that the program itself makes (not those of
 * the libraries that it links) are counted and, on demand, made to fail. In any other program, and
 * where there is no page, it does nothing.
 */
#include <cap-ng.h>
#include <dirent.h>
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <json-c/json.h>
#include <libaudit.h>
#include <libvirt/libvirt.h>
#include <link.h>
#include <openssl/evp.h>
#include <poll.h>
#include <pthread.h>
#include <pwd.h>
#include <seccomp.h>
#include <signal.h>
#include <spawn.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/file.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/pidfd.h>
#include <sys/prctl.h>
#include <sys/random.h>
#include <sys/resource.h>
#include <sys/sendfile.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/time.h>
#include <sys/timerfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/faults/faults.h"

static struct xw_faults *faults;
static uintptr_t program_start;
static uintptr_t program_end;
static enum xw_faulty_program program = XW_PROGRAM_NONE;
static pid_t self; /* asked for while it may be */

/* The function behind this one, looked up once. */
#define REAL(name)                                                                                 \
    ({                                                                                             \
        static __typeof__(&name) real;                                                             \
        if (!real)                                                                                 \
            real = (__typeof__(&name))dlsym(RTLD_NEXT, #name);                                     \
        real;                                                                                      \
    })

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

static enum xw_faulty_program name_program(void)
{
    static const char *const names[] = {
#define XW_FAULTY_NAME(name, file) file,
        XW_FAULTY_PROGRAMS(XW_FAULTY_NAME)
#undef XW_FAULTY_NAME
    };
    const char *path = (const char *)getauxval(AT_EXECFN);
    const char *slash = path ? strrchr(path, '/') : NULL;
    int i = 0;

    while (i < XW_PROGRAM_NONE && (!path || strcmp(slash ? slash + 1 : path, names[i]) != 0))
        i++;
    return i == XW_PROGRAM_keeper ? XW_PROGRAM_listener : (enum xw_faulty_program)i;
}

__attribute__((constructor)) static void begin(void)
{
    program = name_program();
    if (program == XW_PROGRAM_NONE)
        return;
    /* The keeper executes the relay, with no environment, where it may not open what it likes. */
    if (program == XW_PROGRAM_relay && !getenv("XW_FAULTS"))
        return;
    dl_iterate_phdr(find_program, NULL);
    int fd = open(XW_FAULTS_PAGE, O_RDWR | O_CLOEXEC);
    if (fd < 0)
        return;
    void *page = mmap(NULL, sizeof(*faults), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    close(fd);
    if (page != MAP_FAILED)
        faults = page;
    self = getpid();
}

/* The keeper's process is its listener until it has forked. */
static pid_t fork_really(void)
{
    pid_t pid = REAL(fork)();

    if (pid == 0)
        self = getpid();
    if (pid == 0 && program == XW_PROGRAM_listener)
        program = XW_PROGRAM_keeper;
    return pid;
}

/* Whether this call, made from `from`, is the one that is to be disturbed. */
static bool strikes(enum xw_faulty_call call, const void *from)
{
    uintptr_t at = (uintptr_t)from;

    if (!faults || faults->mode == XW_FAULT_OFF || faults->program != (int)program ||
        at < program_start || at >= program_end)
        return false;
    int count = atomic_fetch_add(&faults->counts[call], 1) + 1;
    if (faults->mode == XW_FAULT_COUNT || faults->call != (int)call || faults->nth != count)
        return false;
    faults->pid = self;
    faults->hit = 1;
    if (faults->mode == XW_FAULT_AMID)
        return false;
    if (faults->mode == XW_FAULT_DEATH)
        kill(getpid(), SIGKILL);
    while (faults->mode == XW_FAULT_CUT)
        __builtin_ia32_pause();
    return true;
}

#define FROM __builtin_return_address(0)

static int error_of(enum xw_faulty_call call)
{
    static const int errors[] = {
#define XW_FAULTY_ERROR(name, error) [XW_CALL_##name] = error,
        XW_FAULTY_CALLS(XW_FAULTY_ERROR)
#undef XW_FAULTY_ERROR
    };

    return faults->mode == XW_FAULT_EINTR  ? EINTR
           : faults->mode == XW_FAULT_FULL ? ENOSPC
                                           : errors[call];
}

/* The failed call's result, with errno set. */
#define FAILED(name, result)                                                                       \
    do {                                                                                           \
        errno = error_of(XW_CALL_##name);                                                          \
        return (result);                                                                           \
    } while (0)

#define FAIL_TO_OPEN(create, name, result)                                                         \
    do {                                                                                           \
        errno = error_of(create ? XW_CALL_create : XW_CALL_##name);                                \
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
    if (flags & O_CREAT ? strikes(XW_CALL_create, FROM) : strikes(XW_CALL_open, FROM))
        FAIL_TO_OPEN(flags & O_CREAT, open, -1);
    return REAL(open)(path, flags, mode);
}

int openat(int fd, const char *path, int flags, ...)
{
    va_list args;

    va_start(args, flags);
    mode_t mode = mode_of(flags, args);
    va_end(args);
    if (flags & O_CREAT ? strikes(XW_CALL_create, FROM) : strikes(XW_CALL_openat, FROM))
        FAIL_TO_OPEN(flags & O_CREAT, openat, -1);
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
WRAP_MOVE(pread, (int fd, void *buffer, size_t size, off_t at), (fd, buffer, size ? 1 : 0, at),
          (fd, buffer, size, at))
WRAP_MOVE(pwrite, (int fd, const void *buffer, size_t size, off_t at),
          (fd, buffer, size ? 1 : 0, at), (fd, buffer, size, at))
WRAP_MOVE(recv, (int fd, void *buffer, size_t size, int flags), (fd, buffer, size ? 1 : 0, flags),
          (fd, buffer, size, flags))
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

FILE *fopen(const char *path, const char *mode)
{
    if (*mode != 'r' ? strikes(XW_CALL_create, FROM) : strikes(XW_CALL_fopen, FROM))
        FAIL_TO_OPEN(*mode != 'r', fopen, NULL);
    return REAL(fopen)(path, mode);
}

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
WRAP(int, pipe2, -1, (int fds[2], int flags), (fds, flags))
WRAP(int, setgroups, -1, (size_t count, const gid_t *groups), (count, groups))
WRAP(int, setresuid, -1, (uid_t r, uid_t e, uid_t s), (r, e, s))
WRAP(int, setresgid, -1, (gid_t r, gid_t e, gid_t s), (r, e, s))

WRAP(DIR *, fdopendir, NULL, (int fd), (fd))
WRAP(int, scandir, -1,
     (const char *path, struct dirent ***entries, int (*select)(const struct dirent *),
      int (*compare)(const struct dirent **, const struct dirent **)),
     (path, entries, select, compare))
WRAP(ssize_t, sendto, -1,
     (int fd, const void *data, size_t size, int flags, const struct sockaddr *to,
      socklen_t length),
     (fd, data, size, flags, to, length))
WRAP(ssize_t, sendmsg, -1, (int fd, const struct msghdr *message, int flags), (fd, message, flags))
WRAP(ssize_t, sendfile, -1, (int out, int in, off_t *from, size_t size), (out, in, from, size))
WRAP(ssize_t, recvmsg, -1, (int fd, struct msghdr *message, int flags), (fd, message, flags))
WRAP(int, poll, -1, (struct pollfd * fds, nfds_t count, int timeout), (fds, count, timeout))
WRAP(int, fseeko, -1, (FILE * file, off_t offset, int whence), (file, offset, whence))
WRAP(int, stat, -1, (const char *path, struct stat *info), (path, info))
WRAP(int, statvfs, -1, (const char *path, struct statvfs *info), (path, info))
WRAP(int, fstatvfs, -1, (int fd, struct statvfs *info), (fd, info))
WRAP(int, mkfifo, -1, (const char *path, mode_t mode), (path, mode))
WRAP(int, timerfd_create, -1, (clockid_t clock, int flags), (clock, flags))
WRAP(int, timerfd_settime, -1,
     (int fd, int flags, const struct itimerspec *new, struct itimerspec *old),
     (fd, flags, new, old))
WRAP(int, pidfd_open, -1, (pid_t pid, unsigned int flags), (pid, flags))
WRAP(int, access, -1, (const char *path, int mode), (path, mode))
WRAP(int, chdir, -1, (const char *path), (path))
WRAP(int, flock, -1, (int fd, int operation), (fd, operation))
WRAP(int, dup2, -1, (int from, int to), (from, to))
WRAP(int, close_range, -1, (unsigned int from, unsigned int to, int flags), (from, to, flags))
WRAP(int, socketpair, -1, (int domain, int type, int protocol, int fds[2]),
     (domain, type, protocol, fds))
WRAP(int, accept4, -1, (int fd, struct sockaddr *address, socklen_t *length, int flags),
     (fd, address, length, flags))
WRAP(int, getsockopt, -1, (int fd, int level, int name, void *value, socklen_t *length),
     (fd, level, name, value, length))
WRAP(int, setsockopt, -1, (int fd, int level, int name, const void *value, socklen_t length),
     (fd, level, name, value, length))
WRAP(int, signalfd, -1, (int fd, const sigset_t *set, int flags), (fd, set, flags))
WRAP(char *, strdup, NULL, (const char *text), (text))
WRAP(void *, mmap, MAP_FAILED,
     (void *at, size_t size, int protection, int flags, int fd, off_t offset),
     (at, size, protection, flags, fd, offset))
WRAP(int, execve, -1, (const char *path, char *const argv[], char *const environment[]),
     (path, argv, environment))
WRAP(pid_t, waitpid, -1, (pid_t pid, int *status, int options), (pid, status, options))
WRAP(int, getresuid, -1, (uid_t * r, uid_t *e, uid_t *s), (r, e, s))
WRAP(int, getresgid, -1, (gid_t * r, gid_t *e, gid_t *s), (r, e, s))
WRAP(int, getgroups, -1, (int count, gid_t groups[]), (count, groups))
WRAP(int, setrlimit, -1, (__rlimit_resource_t resource, const struct rlimit *limit),
     (resource, limit))
WRAP(int, getrlimit, -1, (__rlimit_resource_t resource, struct rlimit *limit), (resource, limit))
WRAP(ssize_t, getrandom, -1, (void *bytes, size_t size, unsigned int flags), (bytes, size, flags))
WRAP(int, clearenv, -1, (void), ())
WRAP(int, setitimer, -1,
     (__itimer_which_t which, const struct itimerval *new, struct itimerval *old),
     (which, new, old))
WRAP(int, sigprocmask, -1, (int how, const sigset_t *set, sigset_t *old), (how, set, old))
WRAP(struct passwd *, getpwnam, NULL, (const char *name), (name))
WRAP(struct passwd *, getpwuid, NULL, (uid_t uid), (uid))
WRAP(struct group *, getgrnam, NULL, (const char *name), (name))
WRAP(struct group *, getgrgid, NULL, (gid_t gid), (gid))
WRAP(int, getgrouplist, -1, (const char *user, gid_t group, gid_t *groups, int *count),
     (user, group, groups, count))
WRAP(int, capng_get_caps_process, -1, (void), ())
WRAP(int, capng_update, -1, (capng_act_t action, capng_type_t type, unsigned int capability),
     (action, type, capability))
WRAP(int, capng_apply, -1, (capng_select_t set), (set))
WRAP(scmp_filter_ctx, seccomp_init, NULL, (uint32_t action), (action))
WRAP(int, seccomp_rule_add_array, -ENOMEM,
     (scmp_filter_ctx filter, uint32_t action, int call, unsigned int count,
      const struct scmp_arg_cmp *compare),
     (filter, action, call, count, compare))
WRAP(int, seccomp_load, -EFAULT, (scmp_filter_ctx filter), (filter))
WRAP(int, audit_open, -1, (void), ())
WRAP(int, audit_log_user_message, -1,
     (int fd, int type, const char *message, const char *host, const char *address,
      const char *terminal, int result),
     (fd, type, message, host, address, terminal, result))
WRAP(char *, audit_encode_nv_string, NULL, (const char *name, const char *value, unsigned int size),
     (name, value, size))
WRAP(EVP_MD_CTX *, EVP_MD_CTX_new, NULL, (void), ())
WRAP(int, EVP_DigestUpdate, 0, (EVP_MD_CTX * context, const void *data, size_t size),
     (context, data, size))
WRAP(struct json_object *, json_object_new_object, NULL, (void), ())
WRAP(struct json_object *, json_object_new_array, NULL, (void), ())
WRAP(struct json_object *, json_object_new_string, NULL, (const char *text), (text))
WRAP(struct json_object *, json_object_new_string_len, NULL, (const char *text, int size),
     (text, size))
WRAP(const char *, json_object_to_json_string_ext, NULL, (struct json_object * object, int flags),
     (object, flags))

pid_t fork(void)
{
    if (strikes(XW_CALL_fork, FROM))
        FAILED(fork, -1);
    return fork_really();
}

/* These return the error. */
#define WRAP_CODE(name, parameters, arguments)                                                     \
    int name parameters                                                                            \
    {                                                                                              \
        if (strikes(XW_CALL_##name, FROM))                                                         \
            return error_of(XW_CALL_##name);                                                       \
        return REAL(name) arguments;                                                               \
    }

WRAP_CODE(posix_spawn,
          (pid_t * pid, const char *path, const posix_spawn_file_actions_t *actions,
           const posix_spawnattr_t *attributes, char *const argv[], char *const environment[]),
          (pid, path, actions, attributes, argv, environment))
WRAP_CODE(posix_spawn_file_actions_init, (posix_spawn_file_actions_t * actions), (actions))
WRAP_CODE(posix_spawn_file_actions_adddup2,
          (posix_spawn_file_actions_t * actions, int from, int to), (actions, from, to))
WRAP_CODE(posix_spawn_file_actions_addopen,
          (posix_spawn_file_actions_t * actions, int fd, const char *path, int flags, mode_t mode),
          (actions, fd, path, flags, mode))
WRAP_CODE(pthread_create,
          (pthread_t * thread, const pthread_attr_t *attributes, void *(*work)(void *), void *data),
          (thread, attributes, work, data))

/* Six arguments, as the kernel has them, whatever was given. */
long syscall(long number, ...)
{
    va_list args;
    long argument[6];

    va_start(args, number);
    for (int i = 0; i < 6; i++)
        argument[i] = va_arg(args, long);
    va_end(args);
    if (strikes(XW_CALL_syscall, FROM))
        FAILED(syscall, -1);
    return REAL(syscall)(number, argument[0], argument[1], argument[2], argument[3], argument[4],
                         argument[5]);
}

int prctl(int option, ...)
{
    va_list args;
    unsigned long argument[4];

    va_start(args, option);
    for (int i = 0; i < 4; i++)
        argument[i] = va_arg(args, unsigned long);
    va_end(args);
    if (strikes(XW_CALL_prctl, FROM))
        FAILED(prctl, -1);
    return REAL(prctl)(option, argument[0], argument[1], argument[2], argument[3]);
}

/* What getline(3) is in a program that is optimized, and getgroups(2) where the size is known. */
ssize_t __getdelim(char **line, size_t *size, int end, FILE *file);
ssize_t __getdelim(char **line, size_t *size, int end, FILE *file)
{
    if (strikes(XW_CALL_getline, FROM))
        FAILED(getline, -1);
    return REAL(getdelim)(line, size, end, file);
}

int __getgroups_chk(int count, gid_t groups[], size_t room);
int __getgroups_chk(int count, gid_t groups[], size_t room)
{
    if (count < 0 || (size_t)count * sizeof(gid_t) > room)
        abort();
    if (strikes(XW_CALL_getgroups, FROM))
        FAILED(getgroups, -1);
    return REAL(getgroups)(count, groups);
}

/* What asprintf(3) is in a program that is fortified. */
int __asprintf_chk(char **text, int flag, const char *format, ...);
int __asprintf_chk(char **text, int flag, const char *format, ...)
{
    va_list args;

    (void)flag;
    if (strikes(XW_CALL_asprintf, FROM))
        FAILED(asprintf, -1);
    va_start(args, format);
    int length = vasprintf(text, format, args);
    va_end(args);
    return length;
}

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
void *__libc_realloc(void *old, size_t size);

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

void *realloc(void *old, size_t size)
{
    if (faults && strikes(XW_CALL_realloc, FROM))
        FAILED(realloc, NULL);
    return __libc_realloc(old, size);
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
WRAP_VIR(int, virDomainReset, (virDomainPtr domain, unsigned int flags), (NULL, flags),
         (domain, flags))
WRAP_VIR(int, virDomainManagedSaveRemove, (virDomainPtr dom, unsigned int flags), (NULL, flags),
         (dom, flags))
WRAP_VIR(int, virDomainGetState, (virDomainPtr domain, int *state, int *reason, unsigned int flags),
         (NULL, state, reason, flags), (domain, state, reason, flags))
WRAP_VIR(int, virDomainGetUUIDString, (virDomainPtr domain, char *uuid), (NULL, uuid),
         (domain, uuid))
WRAP_VIR(int, virConnectRegisterCloseCallback,
         (virConnectPtr conn, virConnectCloseFunc changed, void *data, virFreeCallback release),
         (NULL, changed, data, release), (conn, changed, data, release))
WRAP_VIR(int, virConnectUnregisterCloseCallback, (virConnectPtr conn, virConnectCloseFunc changed),
         (NULL, changed), (conn, changed))
WRAP_VIR(int, virConnectDomainEventRegisterAny,
         (virConnectPtr conn, virDomainPtr dom, int id,
          virConnectDomainEventGenericCallback changed, void *data, virFreeCallback release),
         (NULL, dom, id, changed, data, release), (conn, dom, id, changed, data, release))
WRAP_VIR(int, virConnectDomainEventDeregisterAny, (virConnectPtr conn, int id), (NULL, id),
         (conn, id))
WRAP_VIR(int, virEventAddTimeout,
         (int timeout, virEventTimeoutCallback passed, void *data, virFreeCallback release),
         (timeout, NULL, data, release), (timeout, passed, data, release))
WRAP_VIR(int, virDomainGetInfo, (virDomainPtr domain, virDomainInfoPtr info), (NULL, info),
         (domain, info))
WRAP_VIR(int, virDomainSuspend, (virDomainPtr domain), (NULL), (domain))
WRAP_VIR(int, virDomainResume, (virDomainPtr domain), (NULL), (domain))
WRAP_VIR(int, virDomainManagedSave, (virDomainPtr dom, unsigned int flags), (NULL, flags),
         (dom, flags))
WRAP_VIR(int, virDomainListAllSnapshots,
         (virDomainPtr domain, virDomainSnapshotPtr **snapshots, unsigned int flags),
         (NULL, snapshots, flags), (domain, snapshots, flags))
WRAP_VIR(virDomainSnapshotPtr, virDomainSnapshotCreateXML,
         (virDomainPtr domain, const char *xml, unsigned int flags), (NULL, xml, flags),
         (domain, xml, flags))
WRAP_VIR(int, virDomainSnapshotDelete, (virDomainSnapshotPtr snapshot, unsigned int flags),
         (NULL, flags), (snapshot, flags))
WRAP_VIR(int, virDomainRevertToSnapshot, (virDomainSnapshotPtr snapshot, unsigned int flags),
         (NULL, flags), (snapshot, flags))
WRAP_VIR(int, virNodeGetMemoryStats,
         (virConnectPtr conn, int cell, virNodeMemoryStatsPtr params, int *count,
          unsigned int flags),
         (NULL, cell, params, count, flags), (conn, cell, params, count, flags))
WRAP(int, virEventRegisterDefaultImpl, -1, (void), ())
WRAP(int, virEventRunDefaultImpl, -1, (void), ())
