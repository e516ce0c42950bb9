#include "xwhelper/keeper/world.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "common/cleanup.h"
#include "common/names.h"
#include "common/paths.h"
#include "common/record.h"
#include "xwhelper/keeper/lock.h"

int xw_world_path(const char *lab, const char *owner, char *path, size_t size)
{
    int length = snprintf(path, size, "%s/%s/%s", XW_WORLDS_DIR, lab, owner);
    return length < 0 || (size_t)length >= size ? -ENAMETOOLONG : 0;
}

int xw_sync_parent(const char *path, struct xw_error *err)
{
    char directory[PATH_MAX];
    const char *slash = strrchr(path, '/');

    snprintf(directory, sizeof(directory), "%.*s", slash ? (int)(slash - path) : 1,
             slash ? path : ".");
    XW_AUTO_CLOSE int fd = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    return fd < 0 || fsync(fd) < 0
               ? xw_fail_errno(err, -errno, "%s can't be put on the disk", directory)
               : 0;
}

int xw_world_exists(const char *lab, const char *owner, struct xw_error *err)
{
    char path[PATH_MAX];
    struct stat status;

    int rc = xw_world_path(lab, owner, path, sizeof(path));
    if (rc < 0)
        return xw_fail_errno(err, rc, "The world %s of %s", lab, owner);
    if (lstat(path, &status) == 0)
        return S_ISDIR(status.st_mode);
    return errno == ENOENT || errno == ENOTDIR
               ? 0
               : xw_fail_errno(err, -errno, "%s can't be looked at", path);
}

int xw_world_directory(const char *path, struct xw_error *err)
{
    if (mkdir(path, 0711) == 0) {
        if (chmod(path, 0711) < 0)
            return xw_fail_errno(err, -errno, "The mode of %s can't be set", path);
        int rc = xw_sync_parent(path, err);
        return rc < 0 ? rc : 1;
    }
    return errno == EEXIST ? 0 : xw_fail_errno(err, -errno, "%s can't be made", path);
}

int xw_world_lock(const char *lab, const char *owner, struct xw_error *err)
{
    char path[PATH_MAX];
    char what[sizeof("The world  of ") + (size_t)2 * XW_NAME_SIZE];

    snprintf(path, sizeof(path), "%s/%s", XW_WORLDS_DIR, lab);
    int rc = xw_world_directory(path, err);
    if (rc < 0)
        return rc;
    snprintf(path, sizeof(path), "%s/%s/.%s.lock", XW_WORLDS_DIR, lab, owner);
    snprintf(what, sizeof(what), "The world %s of %s", lab, owner);
    return xw_lock_file(AT_FDCWD, path, path, what, err);
}

int xw_world_open(const char *lab, const char *owner, struct xw_error *err)
{
    char path[PATH_MAX];
    int rc = xw_world_path(lab, owner, path, sizeof(path));

    if (rc < 0)
        return xw_fail_errno(err, rc, "The world %s of %s", lab, owner);
    int fd = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    return fd < 0 ? xw_fail_errno(err, -errno, "The world %s of %s can't be opened", lab, owner)
                  : fd;
}

int xw_world_owner(const char *lab, const char *owner, id_t *number, struct xw_error *err)
{
    const char *key = xw_is_team(owner) ? "gid " : "uid ";
    XW_AUTO_FREE char *text = NULL;
    size_t length;
    unsigned long value;

    XW_AUTO_CLOSE int fd = xw_world_open(lab, owner, err);
    if (fd < 0)
        return fd;
    int rc = xw_record_read(fd, "owner", &text, &length, err);
    if (rc < 0)
        return rc;

    /* The newline, and nothing after it, ends the one line. */
    bool good = length > 5 && strlen(text) == length && strncmp(text, key, 4) == 0 &&
                memchr(text, '\n', length) == text + length - 1;
    if (good) {
        text[length - 1] = '\0';
        good = xw_number(text + 4, UINT_MAX - 1UL, &value) == 0;
    }
    if (!good)
        return xw_fail(err, -EBADMSG, XW_WORLDS_DIR "/%s/%s/owner is not a line \"%sNUMBER\"", lab,
                       owner, key);
    *number = (id_t)value;
    return 0;
}

static int is_lab(const struct dirent *entry)
{
    return xw_name_ok(entry->d_name);
}

static int is_owner(const struct dirent *entry)
{
    return xw_owner_ok(entry->d_name);
}

static int by_bytes(const struct dirent **a, const struct dirent **b)
{
    return strcmp((*a)->d_name, (*b)->d_name);
}

static void free_entries(struct dirent **entries, int count)
{
    for (int i = 0; i < count; i++)
        free(entries[i]);
    free(entries);
}

static int list_lab(const char *lab, xw_world_each each, void *data, struct xw_error *err)
{
    char path[PATH_MAX];
    struct dirent **owners;
    int rc = 0;

    snprintf(path, sizeof(path), "%s/%s", XW_WORLDS_DIR, lab);
    int count = scandir(path, &owners, is_owner, by_bytes);
    if (count < 0)
        return errno == ENOENT ? 0 : xw_fail_errno(err, -errno, "%s can't be read", path);
    for (int i = 0; rc == 0 && i < count; i++) {
        rc = xw_world_exists(lab, owners[i]->d_name, err);
        if (rc == 1)
            rc = each(lab, owners[i]->d_name, data);
    }
    free_entries(owners, count);
    return rc;
}

int xw_world_list(const char *lab, xw_world_each each, void *data, struct xw_error *err)
{
    struct dirent **labs;
    int rc = 0;

    if (lab)
        return list_lab(lab, each, data, err);
    int count = scandir(XW_WORLDS_DIR, &labs, is_lab, by_bytes);
    if (count < 0)
        return errno == ENOENT ? 0 : xw_fail_errno(err, -errno, "%s can't be read", XW_WORLDS_DIR);
    for (int i = 0; rc == 0 && i < count; i++)
        rc = list_lab(labs[i]->d_name, each, data, err);
    free_entries(labs, count);
    return rc;
}
