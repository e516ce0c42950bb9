#include "common/record.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "common/cleanup.h"
#include "common/lines.h"

/* The last uid and gid; the one above means "none" to the kernel (chown(2)). */
#define LAST_ID 4294967294UL

#define OPEN_FLAGS (O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC)

/* Reads a line `key SECONDS` where there is one; 0 where there is none. */
static time_t read_time(struct xw_record_lines *lines, const char *key, unsigned long least,
                        unsigned long most)
{
    unsigned long seconds = 0;

    return xw_record_at(lines, key) && xw_record_number(lines, key, least, most, &seconds)
               ? (time_t)seconds
               : 0;
}

/*
 * Reads the lines `key NAME` that follow one another into names; each name once. With until, a line
 * `until SECONDS` may follow each of them.
 */
static size_t read_names(struct xw_record_lines *lines, const char *key,
                         char (*names)[XW_NAME_SIZE], size_t max, time_t *until)
{
    size_t count = 0;

    while (xw_record_at(lines, key)) {
        if (count == max) {
            xw_record_refuse(lines, "there are more than %zu lines \"%s\"", max, key);
        } else if (xw_record_name(lines, key, xw_name_ok, names[count])) {
            if (xw_names_find((const char(*)[XW_NAME_SIZE])names, count, names[count]) < count)
                xw_record_refuse_taken(lines, "the name is there twice");
            if (until)
                until[count] = read_time(lines, "until", 1, XW_TIME_MAX);
            count++;
        }
    }
    return count;
}

/* Reads the lines `key GID` that follow one another; in ascending order, so each once. */
static size_t read_groups(struct xw_record_lines *lines, const char *key, gid_t *groups, size_t max)
{
    size_t count = 0;
    unsigned long least = 1;
    unsigned long gid;

    while (xw_record_at(lines, key)) {
        if (count == max) {
            xw_record_refuse(lines, "there are more than %zu lines \"%s\"", max, key);
        } else if (xw_record_number(lines, key, least, LAST_ID, &gid)) {
            groups[count++] = (gid_t)gid;
            least = gid + 1;
        }
    }
    return count;
}

/*
 * Reads the lines `key UID NAME` that follow one another; by uid in ascending order, so each once.
 */
static size_t read_users(struct xw_record_lines *lines, const char *key, struct xw_named *users)
{
    size_t count = 0;
    unsigned long least = 1;
    unsigned long uid = 0;
    char number[XW_NAME_SIZE];

    while (xw_record_at(lines, key)) {
        struct xw_named *user = &users[count];
        if (count == XW_USERS_PER_LAB_MAX)
            xw_record_refuse(lines, "there are more than %d lines \"%s\"", XW_USERS_PER_LAB_MAX,
                             key);
        else if (xw_record_pair(lines, key, number, sizeof(number), user->name, XW_NAME_SIZE)) {
            if (xw_number(number, LAST_ID, &uid) < 0 || uid < least || !xw_owner_ok(user->name) ||
                xw_is_team(user->name))
                xw_record_refuse_taken(lines, "\"%s\" takes a higher uid and a user's name", key);
            user->uid = (uid_t)uid;
            least = uid + 1;
            count++;
        }
    }
    return count;
}

int xw_owner_parse(const char *text, size_t length, struct xw_owner *owner, struct xw_error *err)
{
    struct xw_record_lines lines;
    unsigned long number = 0;

    memset(owner, 0, sizeof(*owner));
    xw_record_begin(&lines, text, length, "xworlds-owner 1", err);
    bool group = xw_record_at(&lines, "gid");
    xw_record_number(&lines, group ? "gid" : "uid", 1, LAST_ID, &number);
    if (xw_record_name(&lines, "name", xw_owner_ok, owner->name) &&
        xw_is_team(owner->name) != group)
        xw_record_refuse_taken(&lines, "a group's name begins with @, and no user's does");
    *(group ? &owner->gid : &owner->uid) = (id_t)number;
    owner->lab_count = read_names(&lines, "lab", owner->labs, XW_LABS_PER_OWNER_MAX, owner->until);
    owner->instructed_count =
        read_names(&lines, "instructs", owner->instructed, XW_LABS_PER_OWNER_MAX, NULL);
    int rc = xw_record_end(&lines);
    if (rc < 0)
        memset(owner, 0, sizeof(*owner));
    return rc;
}

int xw_access_parse(const char *text, size_t length, struct xw_access *access, struct xw_error *err)
{
    struct xw_record_lines lines;

    memset(access, 0, sizeof(*access));
    xw_record_begin(&lines, text, length, "xworlds-access 1", err);
    xw_record_name(&lines, "lab", xw_name_ok, access->lab);
    if (xw_record_text(&lines, "title", access->title, sizeof(access->title)) &&
        !xw_text_ok(access->title))
        xw_record_refuse_taken(&lines, "the title is not plain UTF-8 text");
    access->student_count = read_groups(&lines, "student", access->students, XW_GROUPS_PER_LAB_MAX);
    access->user_count = read_users(&lines, "user", access->users);
    access->team_count = read_groups(&lines, "team", access->teams, XW_GROUPS_PER_LAB_MAX);
    if (access->student_count + access->user_count + access->team_count == 0)
        xw_record_refuse(&lines, "a line \"student\", \"user\" or \"team\" must be here");
    access->instructor_count =
        read_groups(&lines, "instructor", access->instructors, XW_GROUPS_PER_LAB_MAX);
    access->instructor_user_count = read_users(&lines, "instructor-user", access->instructor_users);
    access->opens = read_time(&lines, "opens", 1, XW_TIME_MAX);
    access->closes = read_time(&lines, "closes", (unsigned long)access->opens + 1, XW_TIME_MAX);
    access->grace = access->closes ? read_time(&lines, "grace", 1, XW_GRACE_MAX) : 0;
    access->machine_count = read_names(&lines, "machine", access->machines, XW_MACHINES_MAX, NULL);
    if (access->machine_count == 0)
        xw_record_refuse(&lines, "a line \"machine\" must be here");
    int rc = xw_record_end(&lines);
    if (rc < 0)
        memset(access, 0, sizeof(*access));
    return rc;
}

/* Whether an open file is what a record has to be. */
static int check_file(int fd, const char *name, struct xw_error *err)
{
    struct stat info;

    if (fstat(fd, &info) < 0)
        return xw_fail_errno(err, -errno, "%s can't be examined", name);
    if (!S_ISREG(info.st_mode))
        return xw_fail(err, -EPERM, "%s is not a regular file", name);
    if (info.st_uid != 0 || (info.st_mode & (S_IWGRP | S_IWOTH)) != 0)
        return xw_fail(err, -EPERM, "%s could have been written by somebody else than root", name);
    if (info.st_nlink != 1)
        return xw_fail(err, -EPERM, "%s has another link", name);
    if (info.st_size > XW_RECORD_BYTES_MAX)
        return xw_fail(err, -EFBIG, "%s is larger than %d bytes", name, XW_RECORD_BYTES_MAX);
    return 0;
}

/* Reads to the end of the file, at most size bytes. Returns how many, or a negative errno. */
static ssize_t read_whole(int fd, char *buffer, size_t size)
{
    size_t used = 0;

    while (used < size) {
        ssize_t n = read(fd, buffer + used, size - used);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return -errno;
        if (n == 0)
            break;
        used += (size_t)n;
    }
    return (ssize_t)used;
}

/* The next component of an absolute path: 1, 0 where there is none, or -ENAMETOOLONG. */
static int next_component(const char **path, char *component, size_t size)
{
    *path += strspn(*path, "/");
    size_t length = strcspn(*path, "/");

    if (length >= size)
        return -ENAMETOOLONG;
    memcpy(component, *path, length);
    component[length] = '\0';
    *path += length;
    *path += strspn(*path, "/");
    return length > 0;
}

/*
 * Goes to a directory one component after the other, none of them a link: what openat2(2) does at
 * once with RESOLVE_NO_SYMLINKS, but its flags are in memory, where no filter can look. So
 * systemd's RestrictSUIDSGID= forbids it, and so do our own filters.
 */
static int walk(const char *path)
{
    const char *rest = path;
    char component[NAME_MAX + 1];
    int at = open("/", XW_RECORD_WAY_FLAGS);
    int more = at < 0 ? -errno : next_component(&rest, component, sizeof(component));

    while (more > 0) {
        int next = *rest ? openat(at, component, XW_RECORD_WAY_FLAGS)
                         : openat(at, component, OPEN_FLAGS | O_DIRECTORY);
        int error = errno;

        close(at);
        if (next < 0)
            return error == ELOOP || error == ENOTDIR ? -EPERM : -error;
        at = next;
        more = next_component(&rest, component, sizeof(component));
    }
    if (more < 0 && at >= 0)
        close(at);
    return more < 0 ? more : at;
}

int xw_record_directory(const char *path)
{
    int fd = walk(path);
    struct stat info;

    if (fd < 0)
        return fd;
    if (fstat(fd, &info) < 0 || info.st_uid != 0 || (info.st_mode & (S_IWGRP | S_IWOTH)) != 0) {
        close(fd);
        return -EPERM;
    }
    return fd;
}

int xw_record_read(int dir_fd, const char *name, char **text, size_t *length, struct xw_error *err)
{
    XW_AUTO_CLOSE int fd = openat(dir_fd, name, OPEN_FLAGS);

    if (fd < 0) {
        int rc = errno == ELOOP ? -EPERM : -errno;
        return xw_fail_errno(err, rc, "%s can't be opened", name);
    }
    int rc = check_file(fd, name, err);
    if (rc < 0)
        return rc;
    XW_AUTO_FREE char *buffer = malloc(XW_RECORD_BYTES_MAX + 1);
    if (!buffer)
        return xw_fail(err, -ENOMEM, "there is not enough memory to read %s", name);
    ssize_t used = read_whole(fd, buffer, XW_RECORD_BYTES_MAX + 1);
    if (used < 0)
        return xw_fail_errno(err, (int)used, "%s can't be read", name);
    if (used > XW_RECORD_BYTES_MAX)
        return xw_fail(err, -EFBIG, "%s is larger than %d bytes", name, XW_RECORD_BYTES_MAX);
    buffer[used] = '\0';
    *text = buffer;
    *length = (size_t)used;
    buffer = NULL;
    return 0;
}

void xw_owner_file(const char *owner, id_t number, char file[XW_OWNER_FILE_SIZE])
{
    snprintf(file, XW_OWNER_FILE_SIZE, "%s%u", xw_is_team(owner) ? "g" : "", (unsigned int)number);
}

static int read_owner(int owners_fd, const char *file, uid_t uid, gid_t gid, struct xw_owner *owner,
                      struct xw_error *err)
{
    XW_AUTO_FREE char *text = NULL;
    size_t length = 0;
    struct xw_error why = {0};

    int rc = xw_record_read(owners_fd, file, &text, &length, err);
    if (rc < 0)
        return rc;
    rc = xw_owner_parse(text, length, owner, &why);
    if (rc < 0)
        return xw_fail(err, rc, "owners/%s, %s", file, why.text);
    if (owner->uid != uid || owner->gid != gid) {
        memset(owner, 0, sizeof(*owner));
        return xw_fail(err, -EBADMSG, "owners/%s is about another %s", file, gid ? "gid" : "uid");
    }
    return 0;
}

int xw_owner_read(int owners_fd, uid_t uid, struct xw_owner *owner, struct xw_error *err)
{
    char file[XW_OWNER_FILE_SIZE];

    xw_owner_file("", uid, file);
    return read_owner(owners_fd, file, uid, 0, owner, err);
}

int xw_owner_read_group(int owners_fd, gid_t gid, struct xw_owner *owner, struct xw_error *err)
{
    char file[XW_OWNER_FILE_SIZE];

    xw_owner_file("@", gid, file);
    return read_owner(owners_fd, file, 0, gid, owner, err);
}

int xw_access_text(int labs_fd, const char *lab, char **text, size_t *length, struct xw_error *err)
{
    if (!xw_name_ok(lab))
        return xw_fail(err, -ENOENT, "there is no such lab");
    XW_AUTO_CLOSE int fd = openat(labs_fd, lab, OPEN_FLAGS | O_DIRECTORY);
    if (fd < 0) {
        int rc = errno == ENOENT ? -ENOENT : errno == ELOOP || errno == ENOTDIR ? -EPERM : -errno;
        return xw_fail_errno(err, rc, "labs/%s can't be opened", lab);
    }
    return xw_record_read(fd, "access", text, length, err);
}

int xw_access_of(const char *lab, const char *text, size_t length, struct xw_access *access,
                 struct xw_error *err)
{
    struct xw_error why = {0};
    int rc = xw_access_parse(text, length, access, &why);

    if (rc < 0)
        return xw_fail(err, rc, "labs/%s/access, %s", lab, why.text);
    if (strcmp(access->lab, lab) != 0) {
        memset(access, 0, sizeof(*access));
        return xw_fail(err, -EBADMSG, "labs/%s/access is about another lab", lab);
    }
    return 0;
}

int xw_access_read(int labs_fd, const char *lab, struct xw_access *access, struct xw_error *err)
{
    XW_AUTO_FREE char *text = NULL;
    size_t length = 0;
    int rc = xw_access_text(labs_fd, lab, &text, &length, err);

    return rc < 0 ? rc : xw_access_of(lab, text, length, access, err);
}
