/*
 * Linked into the tests' module with --wrap (ld(1)) for each of these calls.
 */
#include "tests/pam/faulty.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <poll.h>
#include <pwd.h>
#include <security/pam_ext.h>
#include <security/pam_modules.h>
#include <security/pam_modutil.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <time.h>

extern struct xw_pam_faults xw_pam_faults;
__attribute__((visibility("default"))) struct xw_pam_faults xw_pam_faults = {.call =
                                                                                 XW_PAM_CALL_COUNT};

static bool strikes(enum xw_pam_call call, int error)
{
    struct xw_pam_faults *faults = &xw_pam_faults;
    int count = __atomic_add_fetch(&faults->counts[call], 1, __ATOMIC_RELAXED);

    if (faults->call != (int)call || faults->nth != count)
        return false;
    faults->hit = 1;
    errno = faults->with_errno ? faults->with_errno : error;
    return true;
}

/* In somebody else's process, these flags are not to be forgotten. */
static int must(int flags, int flag)
{
    if ((flags & flag) != flag)
        abort();
    return flags;
}

#define WRAP(type, name, failed, error, parameters, arguments)                                     \
    type __real_##name parameters;                                                                 \
    type __wrap_##name parameters;                                                                 \
    type __wrap_##name parameters                                                                  \
    {                                                                                              \
        return strikes(XW_PAM_##name, error) ? (failed) : __real_##name arguments;                 \
    }

WRAP(int, pam_get_item, PAM_SYSTEM_ERR, EIO, (const pam_handle_t *h, int type, const void **item),
     (h, type, item))
WRAP(struct passwd *, pam_modutil_getpwnam, NULL, EIO, (pam_handle_t * h, const char *user),
     (h, user))
WRAP(int, pam_putenv, PAM_BUF_ERR, ENOMEM, (pam_handle_t * h, const char *setting), (h, setting))
WRAP(int, getgrouplist, -1, EIO, (const char *user, gid_t group, gid_t *groups, int *count),
     (user, group, groups, count))
WRAP(int, getgrnam_r, errno, EIO,
     (const char *name, struct group *entry, char *buffer, size_t size, struct group **found),
     (name, entry, buffer, size, found))
WRAP(void *, malloc, NULL, ENOMEM, (size_t size), (size))
WRAP(void *, calloc, NULL, ENOMEM, (size_t count, size_t size), (count, size))
WRAP(int, open, -1, EMFILE, (const char *path, int flags), (path, must(flags, O_CLOEXEC)))
WRAP(int, openat, -1, EMFILE, (int fd, const char *path, int flags),
     (fd, path, must(flags, O_CLOEXEC | O_NOFOLLOW)))
WRAP(int, fstat, -1, EIO, (int fd, struct stat *info), (fd, info))
WRAP(ssize_t, read, -1, EIO, (int fd, void *buffer, size_t size), (fd, buffer, size))
WRAP(DIR *, fdopendir, NULL, ENOMEM, (int fd), (fd))
WRAP(struct dirent *, readdir, NULL, EIO, (DIR * directory), (directory))
WRAP(int, clock_gettime, -1, EINVAL, (clockid_t id, struct timespec *now), (id, now))
WRAP(int, socket, -1, EMFILE, (int domain, int type, int protocol),
     (domain, must(type, SOCK_CLOEXEC), protocol))
WRAP(int, setsockopt, -1, EDOM, (int fd, int level, int name, const void *value, socklen_t size),
     (fd, level, name, value, size))
WRAP(int, getsockopt, -1, ENOPROTOOPT, (int fd, int level, int name, void *value, socklen_t *size),
     (fd, level, name, value, size))
WRAP(int, connect, -1, EACCES, (int fd, const struct sockaddr *address, socklen_t size),
     (fd, address, size))
WRAP(ssize_t, getrandom, -1, EAGAIN, (void *buffer, size_t size, unsigned int flags),
     (buffer, size, flags))
WRAP(ssize_t, send, -1, EPIPE, (int fd, const void *data, size_t size, int flags),
     (fd, data, size, must(flags, MSG_NOSIGNAL)))
WRAP(int, poll, -1, ENOMEM, (struct pollfd * fds, nfds_t count, int timeout), (fds, count, timeout))

int __wrap_pam_prompt(pam_handle_t *h, int style, char **response, const char *format, ...)
    __attribute__((format(printf, 4, 5)));
int __wrap_pam_prompt(pam_handle_t *h, int style, char **response, const char *format, ...)
{
    va_list args;

    if (strikes(XW_PAM_pam_prompt, EIO))
        return PAM_CONV_ERR;
    va_start(args, format);
    int status = pam_vprompt(h, style, response, format, args);
    va_end(args);
    return status;
}

void __wrap_pam_syslog(const pam_handle_t *h, int priority, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
void __wrap_pam_syslog(const pam_handle_t *h, int priority, const char *format, ...)
{
    struct xw_pam_faults *faults = &xw_pam_faults;
    char line[1024];
    va_list args;

    (void)h;
    va_start(args, format);
    vsnprintf(line, sizeof(line), format, args);
    va_end(args);
    size_t used = strnlen(faults->log, sizeof(faults->log) - 1);
    snprintf(faults->log + used, sizeof(faults->log) - used, "%d %s\n", priority, line);
}
