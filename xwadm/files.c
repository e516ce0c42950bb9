#include "xwadm/files.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <openssl/evp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/cleanup.h"
#include "xwadm/say.h"

enum { CHUNK = 1048576, DEPTH_MAX = 8, NAMES_MAX = 65536 };

static volatile sig_atomic_t interrupted;

static void note_interrupt(int signal_number)
{
    (void)signal_number;
    interrupted = 1;
}

void xw_interrupt_setup(void)
{
    static const int caught[] = {SIGINT, SIGTERM, SIGHUP};
    /* The second one ends us at once, as where libvirt hangs; nothing is lost by that. */
    struct sigaction action = {.sa_handler = note_interrupt, .sa_flags = (int)SA_RESETHAND};

    for (size_t i = 0; i < sizeof(caught) / sizeof(caught[0]); i++)
        sigaction(caught[i], &action, NULL);
}

bool xw_interrupted(void)
{
    return interrupted;
}

/* xw_fail_errno() with advice where there is some. */
static int fail_file(struct xw_error *err, int code, const char *what, const char *name)
{
    if (code == -ENOSPC || code == -EDQUOT)
        return xw_fail(err, code, "%s %s: the disk is full; make room and try again", name, what);
    if (code == -EINTR)
        return xw_fail(err, code, "%s %s: interrupted", name, what);
    return xw_fail_errno(err, code, "%s %s", name, what);
}

int xw_directory_open(const char *path, struct xw_error *err)
{
    int fd = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

    if (fd >= 0)
        return fd;
    if (errno == ENOENT)
        return xw_fail(err, -ENOENT, "%s doesn't exist; is xworlds installed (`make install`)?",
                       path);
    return fail_file(err, -errno, "can't be opened", path);
}

int xw_directory_lock(int dir_fd, enum xw_lock_kind kind, const char *what, struct xw_error *err)
{
    struct flock lock = {.l_type = kind == XW_LOCK_ALONE ? F_WRLCK : F_RDLCK, .l_whence = SEEK_SET};
    int fd = openat(dir_fd, ".lock", O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);

    if (fd < 0)
        return xw_fail_errno(err, -errno, "the lock of the %s can't be opened", what);
    if (fcntl(fd, F_OFD_SETLK, &lock) == 0)
        return fd;
    if (errno == EAGAIN || errno == EACCES) {
        xw_note("another xwadm is working on the %s; waiting until it has finished", what);
        if (fcntl(fd, F_OFD_SETLKW, &lock) == 0)
            return fd;
    }
    int rc = -errno;
    close(fd);
    return xw_fail_errno(err, rc, "the lock of the %s can't be taken", what);
}

static bool is_aside(const char *name)
{
    return name[0] == '.' && strstr(name, ".new.");
}

void xw_aside_clean(int dir_fd)
{
    int copy = openat(dir_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    XW_AUTO_CLOSEDIR DIR *dir = copy < 0 ? NULL : fdopendir(copy);
    struct dirent *entry;

    while (dir && (entry = readdir(dir))) {
        if (is_aside(entry->d_name))
            xw_directory_remove(dir_fd, entry->d_name, NULL);
    }
}

int xw_aside_make(int dir_fd, const char *name, char aside[XW_ASIDE_SIZE], struct xw_error *err)
{
    snprintf(aside, XW_ASIDE_SIZE, ".%s.new.%ld", name, (long)getpid());
    if (mkdirat(dir_fd, aside, 0700) < 0)
        return fail_file(err, -errno, "can't be made", aside);
    int fd = openat(dir_fd, aside, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    return fd >= 0 ? fd : fail_file(err, -errno, "can't be opened", aside);
}

int xw_aside_publish(int dir_fd, int aside_fd, const char *aside, const char *name, mode_t mode,
                     gid_t gid, struct xw_error *err)
{
    if (fchown(aside_fd, 0, gid) < 0 || fchmod(aside_fd, mode) < 0 || fsync(aside_fd) < 0)
        return fail_file(err, -errno, "can't be completed", name);
    if (renameat2(dir_fd, aside, dir_fd, name, RENAME_NOREPLACE) == 0)
        return fsync(dir_fd) < 0 ? fail_file(err, -errno, "can't be synced", name) : 0;
    if (errno != EEXIST || renameat2(dir_fd, aside, dir_fd, name, RENAME_EXCHANGE) < 0)
        return fail_file(err, -errno, "can't be put in its place", name);
    int rc = fsync(dir_fd) < 0 ? fail_file(err, -errno, "can't be synced", name) : 0;
    /* What is left of the old one, the next holder of the lock removes. */
    xw_directory_remove(dir_fd, aside, NULL);
    return rc;
}

static int remove_tree(int dir_fd, const char *name, unsigned int depth);

static int remove_entries(int fd, unsigned int depth)
{
    XW_AUTO_CLOSEDIR DIR *dir = fdopendir(fd);
    struct dirent *entry;
    int rc = 0;

    if (!dir) {
        rc = -errno;
        close(fd);
        return rc;
    }
    while (rc == 0 && (entry = readdir(dir))) {
        if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0)
            continue;
        if (unlinkat(dirfd(dir), entry->d_name, 0) == 0)
            continue;
        rc = errno == EISDIR ? remove_tree(dirfd(dir), entry->d_name, depth + 1) : -errno;
    }
    return rc;
}

static int remove_tree(int dir_fd, const char *name, unsigned int depth)
{
    if (depth > DEPTH_MAX)
        return -ELOOP;
    int fd = openat(dir_fd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (fd < 0)
        return -errno;
    int rc = remove_entries(fd, depth);
    if (rc == 0 && unlinkat(dir_fd, name, AT_REMOVEDIR) < 0)
        rc = -errno;
    return rc;
}

int xw_directory_remove(int dir_fd, const char *name, struct xw_error *err)
{
    int rc = remove_tree(dir_fd, name, 0);

    return rc < 0 ? fail_file(err, rc, "can't be removed", name) : 0;
}

int xw_directory_withdraw(int dir_fd, const char *name, struct xw_error *err)
{
    char aside[XW_ASIDE_SIZE];

    snprintf(aside, sizeof(aside), ".%s.new.%ld", name, (long)getpid());
    if (renameat2(dir_fd, name, dir_fd, aside, RENAME_NOREPLACE) < 0 || fsync(dir_fd) < 0)
        return fail_file(err, -errno, "can't be removed", name);
    return xw_directory_remove(dir_fd, aside, err);
}

static int write_all(int fd, const char *bytes, size_t length)
{
    while (length > 0) {
        ssize_t n = write(fd, bytes, length);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return -errno;
        bytes += n;
        length -= (size_t)n;
    }
    return 0;
}

int xw_file_write(int dir_fd, const char *name, const char *bytes, size_t length, mode_t mode,
                  gid_t gid, struct xw_error *err)
{
    XW_AUTO_CLOSE int fd =
        openat(dir_fd, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);

    if (fd < 0)
        return fail_file(err, -errno, "can't be made", name);
    int rc = write_all(fd, bytes, length);
    if (rc < 0)
        return fail_file(err, rc, "can't be written", name);
    if (fchown(fd, 0, gid) < 0 || fchmod(fd, mode) < 0 || fsync(fd) < 0)
        return fail_file(err, -errno, "can't be completed", name);
    return 0;
}

/* Opens a regular file for reading, without waiting for whoever holds the other end of a FIFO. */
static int open_regular(int dir_fd, const char *name, struct stat *info, struct xw_error *err)
{
    int follow = dir_fd == AT_FDCWD ? 0 : O_NOFOLLOW;
    int fd = openat(dir_fd, name, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC | follow);

    if (fd < 0 && errno == ELOOP)
        return xw_fail(err, -ELOOP, "%s is a symbolic link; give the file itself", name);
    if (fd < 0)
        return fail_file(err, -errno, "can't be opened", name);
    if (fstat(fd, info) == 0 && S_ISREG(info->st_mode))
        return fd;
    close(fd);
    return xw_fail(err, -EINVAL, "%s is not a regular file", name);
}

int xw_file_read(int dir_fd, const char *name, size_t max, char **text, size_t *length,
                 struct xw_error *err)
{
    struct stat info = {0};
    size_t used = 0;
    XW_AUTO_CLOSE int fd = open_regular(dir_fd, name, &info, err);

    if (fd < 0)
        return fd;
    if ((unsigned long long)info.st_size > max)
        return xw_fail(err, -EFBIG, "%s is larger than %zu bytes; that can't be right", name, max);
    XW_AUTO_FREE char *buffer = malloc(max + 1);
    if (!buffer)
        return xw_fail(err, -ENOMEM, "there is not enough memory to read %s", name);
    while (used <= max) {
        ssize_t n = read(fd, buffer + used, max + 1 - used);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return fail_file(err, -errno, "can't be read", name);
        if (n == 0)
            break;
        used += (size_t)n;
    }
    if (used > max)
        return xw_fail(err, -EFBIG, "%s is larger than %zu bytes; that can't be right", name, max);
    buffer[used] = '\0';
    *text = buffer;
    *length = used;
    buffer = NULL;
    return 0;
}

/*
 * Copies from the beginning to the end, the data staying in the kernel: sharing the blocks, or by
 * copy_file_range(2), or, between file systems of different kinds, by sendfile(2).
 */
static int copy_bytes(int from, int to)
{
    bool same_kind = true;

    if (ioctl(to, FICLONE, from) == 0)
        return 0;
    for (;;) {
        if (xw_interrupted())
            return -EINTR;
        ssize_t n = same_kind ? copy_file_range(from, NULL, to, NULL, CHUNK, 0)
                              : sendfile(to, from, NULL, CHUNK);
        if (n == 0)
            return 0;
        if (n < 0 && same_kind && (errno == EXDEV || errno == EOPNOTSUPP || errno == EINVAL))
            same_kind = false;
        else if (n < 0 && errno != EINTR)
            return -errno;
    }
}

int xw_file_copy(int from_dir, const char *from, int to_dir, const char *to, mode_t mode,
                 struct xw_error *err)
{
    struct stat info;
    XW_AUTO_CLOSE int source = open_regular(from_dir, from, &info, err);

    if (source < 0)
        return source;
    XW_AUTO_CLOSE int copy =
        openat(to_dir, to, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
    if (copy < 0)
        return fail_file(err, -errno, "can't be made", to);
    int rc = copy_bytes(source, copy);
    if (rc < 0)
        return fail_file(err, rc, "can't be copied", from);
    if (fchown(copy, 0, 0) < 0 || fchmod(copy, mode) < 0 || fsync(copy) < 0)
        return fail_file(err, -errno, "can't be completed", to);
    int fd = openat(to_dir, to, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
    return fd >= 0 ? fd : fail_file(err, -errno, "can't be opened", to);
}

static void write_hex(const unsigned char *digest, unsigned int length, char sum[XW_SUM_SIZE])
{
    for (unsigned int i = 0; i < length && 2 * i + 2 < XW_SUM_SIZE; i++)
        snprintf(sum + (size_t)2 * i, 3, "%02x", (unsigned int)digest[i]);
}

static void free_digest(EVP_MD_CTX *const *context)
{
    EVP_MD_CTX_free(*context);
}

#define AUTO_DIGEST __attribute__((cleanup(free_digest))) EVP_MD_CTX

/* Adds what follows in the file to a digest. */
static int digest_file(EVP_MD_CTX *context, int fd, struct xw_error *err)
{
    off_t offset = 0;
    XW_AUTO_FREE unsigned char *chunk = malloc(CHUNK);

    if (!chunk)
        return xw_fail(err, -ENOMEM, "there is not enough memory");
    for (;;) {
        ssize_t n = pread(fd, chunk, CHUNK, offset);
        if (xw_interrupted())
            return xw_fail(err, -EINTR, "interrupted");
        if (n < 0)
            return xw_fail_errno(err, -errno, "a file can't be read");
        if (n == 0)
            return 0;
        if (EVP_DigestUpdate(context, chunk, (size_t)n) != 1)
            return xw_fail(err, -EIO, "a SHA-256 can't be computed");
        offset += n;
    }
}

int xw_file_sum(int fd, char sum[XW_SUM_SIZE], struct xw_error *err)
{
    unsigned char digest[EVP_MAX_MD_SIZE];
    unsigned int length = 0;
    AUTO_DIGEST *context = EVP_MD_CTX_new();

    if (!context || EVP_DigestInit_ex(context, EVP_sha256(), NULL) != 1)
        return xw_fail(err, -EIO, "a SHA-256 can't be computed");
    int rc = digest_file(context, fd, err);
    if (rc < 0)
        return rc;
    if (EVP_DigestFinal_ex(context, digest, &length) != 1)
        return xw_fail(err, -EIO, "a SHA-256 can't be computed");
    write_hex(digest, length, sum);
    return 0;
}

int xw_bytes_sum(const char *bytes, size_t size, char sum[XW_SUM_SIZE], struct xw_error *err)
{
    unsigned char digest[EVP_MAX_MD_SIZE];
    unsigned int length = 0;

    if (EVP_Digest(bytes, size, digest, &length, EVP_sha256(), NULL) != 1)
        return xw_fail(err, -EIO, "a SHA-256 can't be computed");
    write_hex(digest, length, sum);
    return 0;
}

static int compare_names(const void *a, const void *b)
{
    return strcmp(a, b);
}

ssize_t xw_directory_names(int dir_fd, bool (*ok)(const char *), char (**names)[XW_NAME_SIZE],
                           struct xw_error *err)
{
    int copy = openat(dir_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    XW_AUTO_CLOSEDIR DIR *dir = copy < 0 ? NULL : fdopendir(copy);
    struct dirent *entry;
    size_t count = 0;

    *names = NULL;
    if (!dir)
        return xw_fail_errno(err, -errno, "a directory can't be read");
    while (errno = 0, count < NAMES_MAX && (entry = readdir(dir))) {
        size_t length = strlen(entry->d_name);
        if (length >= XW_NAME_SIZE || !ok(entry->d_name))
            continue;
        char(*more)[XW_NAME_SIZE] = reallocarray(*names, count + 1, sizeof(*more));
        if (!more) {
            free(*names);
            *names = NULL;
            return xw_fail(err, -ENOMEM, "there is not enough memory");
        }
        *names = more;
        memcpy(more[count++], entry->d_name, length + 1);
    }
    if (errno) {
        int rc = -errno;
        free(*names);
        *names = NULL;
        return xw_fail_errno(err, rc, "a directory can't be read");
    }
    if (count > 0)
        qsort(*names, count, sizeof(**names), compare_names);
    return (ssize_t)count;
}
