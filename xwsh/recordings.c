#include "xwsh/recordings.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/cleanup.h"

#define ENDING    ".cast"
#define LOCK_NAME ".lock"

enum { MIB = 1 << 20, SAME_SECOND_MAX = 9 };

static const char *const steps[] = {".local", "share", "xworlds", "recordings"};

static bool is_name(const char *name)
{
    static const char allowed[] = "abcdefghijklmnopqrstuvwxyz0123456789@_.-";
    size_t length = strlen(name);

    return length < XW_RECORDING_NAME_SIZE && length > strlen(ENDING) && name[0] != '.' &&
           name[0] != '-' && strspn(name, allowed) == length &&
           strcmp(name + length - strlen(ENDING), ENDING) == 0;
}

static int refuse_home(struct xw_error *err, int code)
{
    return xw_fail_errno(err, code,
                         "your account has no home directory on the lab's host that a recording "
                         "could be kept in");
}

static int open_home(const char *home, struct xw_error *err)
{
    struct stat info;

    errno = 0;
    const struct passwd *entry = home ? NULL : getpwuid(getuid());
    if (!home && !entry)
        return xw_fail_errno(err, errno ? -errno : -ENOENT, "your account can't be looked up");
    home = home ? home : entry->pw_dir;
    int fd = home[0] == '/' ? open(home, O_RDONLY | O_DIRECTORY | O_CLOEXEC) : -1;
    if (fd < 0)
        return refuse_home(err, home[0] == '/' ? -errno : -ENOENT);
    if (fstat(fd, &info) < 0 || info.st_uid != getuid()) {
        close(fd);
        return refuse_home(err, -EPERM);
    }
    return fd;
}

/* A directory in another. Returns it, or a negative errno without words. */
static int step_into(int parent, const char *name, bool make)
{
    const int flags = O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC;
    struct stat info;
    int fd = openat(parent, name, flags);

    if (fd < 0 && errno == ENOENT && make) {
        if (mkdirat(parent, name, 0700) < 0 && errno != EEXIST)
            return -errno;
        fd = openat(parent, name, flags);
    }
    if (fd < 0)
        return -errno;
    int rc = fstat(fd, &info) < 0 ? -errno : info.st_uid != getuid() ? -EPERM : 0;
    if (rc < 0)
        close(fd);
    return rc < 0 ? rc : fd;
}

int xw_recordings_open(const char *home, bool make, struct xw_error *err)
{
    int fd = open_home(home, err);
    struct stat info;

    for (size_t i = 0; fd >= 0 && i < sizeof(steps) / sizeof(steps[0]); i++) {
        int next = step_into(fd, steps[i], make);
        close(fd);
        fd = next;
        if (fd == -ENOENT && !make)
            return fd;
        if (fd < 0)
            return xw_fail_errno(err, fd,
                                 "%s of ~/.local/share/xworlds/recordings can't be used: it must "
                                 "be a directory of yours and no link",
                                 steps[i]);
    }
    if (fd >= 0 && (fstat(fd, &info) < 0 || (info.st_mode & (S_IWGRP | S_IWOTH)) != 0)) {
        close(fd);
        return xw_fail(err, -EPERM,
                       "~/.local/share/xworlds/recordings is not yours alone to "
                       "write: chmod go-w it");
    }
    return fd;
}

/*
 * Opens a recording, and says how it is. Returns a descriptor, or a negative errno without words:
 * -ENOENT where it is none.
 */
static int open_one(int directory, const char *name, struct xw_recording *found)
{
    struct flock lock = {.l_type = F_RDLCK, .l_whence = SEEK_SET};
    struct stat info;

    if (directory < 0 || !is_name(name))
        return -ENOENT;
    int fd = openat(directory, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
    if (fd < 0)
        return errno == ELOOP ? -ENOENT : -errno;
    int rc = fstat(fd, &info) < 0 ? -errno : 0;
    if (rc == 0 && (!S_ISREG(info.st_mode) || info.st_uid != getuid()))
        rc = -ENOENT;
    if (rc == 0 && fcntl(fd, F_OFD_GETLK, &lock) < 0)
        rc = -errno;
    if (rc < 0) {
        close(fd);
        return rc;
    }
    *found = (struct xw_recording){
        .size = (uint64_t)info.st_size, .written = info.st_mtime, .runs = lock.l_type != F_UNLCK};
    snprintf(found->name, sizeof(found->name), "%s", name);
    return fd;
}

/* Adds one to the list, which has room for XW_RECORDINGS_MAX; what is none is passed over. */
static void add_one(int directory, const char *name, struct xw_recording *list, size_t *count)
{
    int fd = open_one(directory, name, &list[*count]);

    if (fd < 0)
        return;
    close(fd);
    (*count)++;
}

static int by_name(const void *a, const void *b)
{
    const struct xw_recording *left = a;
    const struct xw_recording *right = b;

    return strcmp(left->name, right->name);
}

int xw_recordings_list(int directory, struct xw_recording **list, size_t *count,
                       struct xw_error *err)
{
    int fd = openat(directory, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    XW_AUTO_CLOSEDIR DIR *entries = fd >= 0 ? fdopendir(fd) : NULL;

    *count = 0;
    *list = NULL;
    if (!entries) {
        int code = -errno;
        xw_cleanup_close(&fd);
        return xw_fail_errno(err, code, "your recordings can't be listed");
    }
    *list = calloc(XW_RECORDINGS_MAX, sizeof(**list));
    if (!*list)
        return xw_fail_errno(err, -ENOMEM, "your recordings can't be listed");
    for (const struct dirent *entry; *count < XW_RECORDINGS_MAX && (entry = readdir(entries));)
        add_one(directory, entry->d_name, *list, count);
    qsort(*list, *count, sizeof(**list), by_name);
    return 0;
}

int64_t xw_recordings_room(int directory, const struct xw_recordings_limits *limits,
                           struct xw_error *err)
{
    XW_AUTO_FREE struct xw_recording *list = NULL;
    size_t count;
    uint64_t used = 0;

    int rc = xw_recordings_list(directory, &list, &count, err);
    if (rc < 0)
        return rc;
    if (count == XW_RECORDINGS_MAX)
        return xw_fail(err, -EDQUOT,
                       "you have %d recordings, as many as may be kept; first remove some: "
                       "recordings delete NAME",
                       XW_RECORDINGS_MAX);
    /* One that runs has been promised as much as one may have. */
    for (size_t i = 0; i < count; i++)
        used += list[i].runs && list[i].size < limits->one ? limits->one : list[i].size;
    if (limits->all > 0 && used + MIB > limits->all)
        return xw_fail(err, -EDQUOT,
                       "your recordings have %llu MiB, and one that runs may come to its limit; "
                       "first remove some: recordings delete NAME",
                       (unsigned long long)(limits->all / MIB));
    return (int64_t)(limits->all > 0 && limits->all - used < limits->one ? limits->all - used
                                                                         : limits->one);
}

/* Sets it for as long as this descriptor is open. */
static int lock(int fd)
{
    const struct flock whole = {.l_type = F_WRLCK, .l_whence = SEEK_SET};

    return fcntl(fd, F_OFD_SETLK, &whole) < 0 ? -errno : 0;
}

/* Returns a descriptor, or a negative errno without words. */
static int make_file(int directory, const char *what, time_t now, char name[XW_RECORDING_NAME_SIZE])
{
    const int flags = O_WRONLY | O_CREAT | O_EXCL | O_APPEND | O_NOFOLLOW | O_CLOEXEC;
    struct tm when;
    char date[32];
    int fd = -1;

    if (!localtime_r(&now, &when) || strftime(date, sizeof(date), "%Y-%m-%d-%H%M%S", &when) == 0)
        return -EINVAL;
    for (int i = 1; fd < 0 && i <= SAME_SECOND_MAX; i++) {
        char suffix[8] = "";
        if (i > 1)
            snprintf(suffix, sizeof(suffix), "-%d", i);
        snprintf(name, XW_RECORDING_NAME_SIZE, "%.120s-%s%s" ENDING, what, date, suffix);
        if (!is_name(name))
            return -EINVAL;
        fd = openat(directory, name, flags, 0600);
        if (fd < 0 && errno != EEXIST)
            return -errno;
    }
    int rc = fd < 0 ? -EEXIST : lock(fd);
    if (rc < 0)
        xw_cleanup_close(&fd);
    return rc < 0 ? rc : fd;
}

/* Two that begin at once are not to count the same room. */
static int lock_directory(int directory, struct xw_error *err)
{
    int fd =
        openat(directory, LOCK_NAME, O_RDWR | O_CREAT | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC, 0600);
    int rc = fd < 0 ? -errno : lock(fd);

    if (rc == 0)
        return fd;
    xw_cleanup_close(&fd);
    if (rc == -EAGAIN || rc == -EACCES)
        return xw_fail(err, rc, "another of your consoles is beginning a recording; try again");
    return xw_fail_errno(err, rc, "~/.local/share/xworlds/recordings can't be written to");
}

int xw_recordings_make(int directory, const struct xw_recordings_limits *limits, const char *what,
                       time_t now, char name[XW_RECORDING_NAME_SIZE], uint64_t *room,
                       struct xw_error *err)
{
    XW_AUTO_CLOSE int locked = lock_directory(directory, err);

    if (locked < 0)
        return locked;
    int64_t free_room = xw_recordings_room(directory, limits, err);
    if (free_room < 0)
        return (int)free_room;
    *room = (uint64_t)free_room;
    int fd = make_file(directory, what, now, name);
    return fd < 0 ? xw_fail_errno(err, fd, "the recording can't be made") : fd;
}

static int complain(int rc, const char *name, struct xw_error *err)
{
    if (rc == -ENOENT)
        return xw_fail(err, rc, "you have no recording '%.*s'; 'recordings' lists them",
                       XW_RECORDING_NAME_SIZE, name);
    return xw_fail_errno(err, rc, "the recording can't be opened");
}

int xw_recordings_read(int directory, const char *name, struct xw_error *err)
{
    struct xw_recording found;
    int fd = open_one(directory, name, &found);

    return fd < 0 ? complain(fd, name, err) : fd;
}

int xw_recordings_remove(int directory, const char *name, struct xw_error *err)
{
    struct xw_recording found = {0};
    XW_AUTO_CLOSE int fd = open_one(directory, name, &found);

    if (fd < 0)
        return complain(fd, name, err);
    if (found.runs)
        return xw_fail(err, -EBUSY, "%s is being recorded; end that first, by ^] and r", name);
    if (unlinkat(directory, name, 0) < 0)
        return xw_fail_errno(err, -errno, "%s can't be removed", name);
    return 0;
}
