#include "xwhelper/keeper/owner_record.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "common/cleanup.h"
#include "common/names.h"
#include "common/paths.h"
#include "common/record.h"
#include "xwhelper/keeper/lock.h"

static int open_owners(struct xw_error *err)
{
    int fd = open(XW_OWNERS_DIR, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    return fd >= 0 ? fd : xw_fail_errno(err, -errno, "%s can't be opened", XW_OWNERS_DIR);
}

/* For who changes a record: the directory, and its lock in *lock. */
static int open_locked(int *lock, struct xw_error *err)
{
    int owners_fd = open_owners(err);

    if (owners_fd < 0)
        return owners_fd;
    *lock = xw_lock_file(owners_fd, ".lock", XW_OWNERS_DIR "/.lock", XW_OWNERS_DIR "/.lock", err);
    if (*lock < 0)
        close(owners_fd);
    return *lock < 0 ? *lock : owners_fd;
}

/* Reads the record, whatever name is in it. */
static int read_any(int owners_fd, id_t number, const char *name, struct xw_owner *owner,
                    struct xw_error *err)
{
    return xw_is_team(name) ? xw_owner_read_group(owners_fd, number, owner, err)
                            : xw_owner_read(owners_fd, number, owner, err);
}

/* Reads the record; without one, *owner is an empty record of number and name. */
static int read_owner(int owners_fd, id_t number, const char *name, struct xw_owner *owner,
                      struct xw_error *err)
{
    struct xw_error reading = {0};
    const bool team = xw_is_team(name);
    int rc = read_any(owners_fd, number, name, owner, &reading);

    if (rc == -ENOENT) {
        *owner = (struct xw_owner){.uid = team ? 0 : number, .gid = team ? number : 0};
        snprintf(owner->name, sizeof(owner->name), "%s", name);
        return 0;
    }
    if (rc < 0)
        return xw_fail(err, rc, "%s", reading.text);
    if (strcmp(owner->name, name) != 0 && owner->lab_count == 0)
        return xw_fail(err, -EEXIST,
                       "The %s %u belonged to %s, who looks after labs still; an administrator "
                       "must apply the labs again whose files name them",
                       team ? "gid" : "uid", (unsigned int)number, owner->name);
    if (strcmp(owner->name, name) != 0)
        return xw_fail(err, -EEXIST,
                       "The %s %u belonged to %s, whose worlds are still there; an administrator "
                       "must destroy them before %s can have worlds",
                       team ? "gid" : "uid", (unsigned int)number, owner->name, name);
    return 0;
}

static int write_text(int owners_fd, int fd, const struct xw_owner *owner)
{
    struct stat owners;
    struct stat record;

    /*
     * The gate's group is the directory's, which gives it to what is made in it (tmpfiles.d: mode
     * 2750): no name is looked up here, and no capability over owners is needed.
     */
    if (fstat(owners_fd, &owners) < 0 || fstat(fd, &record) < 0 || fchmod(fd, 0640) < 0)
        return -errno;
    if (record.st_gid != owners.st_gid)
        return -EPERM;

    int copy = fcntl(fd, F_DUPFD_CLOEXEC, 0);
    FILE *file = copy >= 0 ? fdopen(copy, "w") : NULL;
    if (!file) {
        int rc = -errno;
        if (copy >= 0)
            close(copy);
        return rc;
    }
    fprintf(file, "xworlds-owner 1\n%s %u\nname %s\n", owner->gid ? "gid" : "uid",
            (unsigned int)(owner->gid ? owner->gid : owner->uid), owner->name);
    for (size_t i = 0; i < owner->lab_count; i++) {
        fprintf(file, "lab %s\n", owner->labs[i]);
        if (owner->until[i])
            fprintf(file, "until %lld\n", (long long)owner->until[i]);
    }
    for (size_t i = 0; i < owner->instructed_count; i++)
        fprintf(file, "instructs %s\n", owner->instructed[i]);
    fputs("end\n", file);
    if (fclose(file) != 0)
        return -errno;
    return fsync(fd) < 0 ? -errno : 0;
}

static int sync_owners(int owners_fd, struct xw_error *err)
{
    return fsync(owners_fd) < 0
               ? xw_fail_errno(err, -errno, "%s can't be put on the disk", XW_OWNERS_DIR)
               : 0;
}

static int write_owner(int owners_fd, const struct xw_owner *owner, struct xw_error *err)
{
    char name[XW_OWNER_FILE_SIZE];
    char aside[XW_OWNER_FILE_SIZE + 8];

    xw_owner_file(owner->name, owner->gid ? owner->gid : owner->uid, name);
    /* One that says nothing more is none. */
    if (owner->lab_count + owner->instructed_count == 0) {
        if (unlinkat(owners_fd, name, 0) < 0 && errno != ENOENT)
            return xw_fail_errno(err, -errno, "%s/%s can't be removed", XW_OWNERS_DIR, name);
        return sync_owners(owners_fd, err);
    }
    snprintf(aside, sizeof(aside), ".%s.new", name);
    XW_AUTO_CLOSE int fd =
        openat(owners_fd, aside, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0600);
    int rc = fd < 0 ? -errno : write_text(owners_fd, fd, owner);

    if (rc == 0 && renameat(owners_fd, aside, owners_fd, name) < 0)
        rc = -errno;
    if (rc < 0) {
        unlinkat(owners_fd, aside, 0);
        return xw_fail_errno(err, rc, "%s/%s can't be written", XW_OWNERS_DIR, name);
    }
    return sync_owners(owners_fd, err);
}

static size_t find_lab(const struct xw_owner *owner, const char *lab)
{
    return xw_names_find(owner->labs, owner->lab_count, lab);
}

static int too_many(const char *name, const char *what, struct xw_error *err)
{
    return xw_fail(err, -E2BIG, "%s %s %d labs, and that is the limit", name, what,
                   XW_LABS_PER_OWNER_MAX);
}

int xw_owner_check(id_t number, const char *name, struct xw_error *err)
{
    struct xw_owner owner;
    XW_AUTO_CLOSE int owners_fd = open_owners(err);

    return owners_fd < 0 ? owners_fd : read_owner(owners_fd, number, name, &owner, err);
}

int xw_owner_grant(id_t number, const char *name, const char *lab, struct xw_error *err)
{
    struct xw_owner owner;
    XW_AUTO_CLOSE int lock = -1;
    XW_AUTO_CLOSE int owners_fd = open_locked(&lock, err);
    if (owners_fd < 0)
        return owners_fd;

    int rc = read_owner(owners_fd, number, name, &owner, err);
    if (rc < 0 || find_lab(&owner, lab) < owner.lab_count)
        return rc;
    if (owner.lab_count == XW_LABS_PER_OWNER_MAX)
        return too_many(name, "has worlds in", err);
    snprintf(owner.labs[owner.lab_count++], XW_NAME_SIZE, "%s", lab);
    return write_owner(owners_fd, &owner, err);
}

int xw_owner_extend(id_t number, const char *name, const char *lab, time_t until,
                    struct xw_error *err)
{
    struct xw_owner owner;
    XW_AUTO_CLOSE int lock = -1;
    XW_AUTO_CLOSE int owners_fd = open_locked(&lock, err);
    if (owners_fd < 0)
        return owners_fd;

    int rc = read_owner(owners_fd, number, name, &owner, err);
    if (rc < 0)
        return rc;
    size_t at = find_lab(&owner, lab);
    if (at == owner.lab_count)
        return xw_fail(err, -ENOENT, "%s has no world of the lab %s", name, lab);
    if (owner.until[at] == until)
        return 0;
    owner.until[at] = until;
    return write_owner(owners_fd, &owner, err);
}

int xw_owner_revoke(id_t number, const char *name, const char *lab, struct xw_error *err)
{
    struct xw_owner owner;
    XW_AUTO_CLOSE int lock = -1;
    XW_AUTO_CLOSE int owners_fd = open_locked(&lock, err);
    if (owners_fd < 0)
        return owners_fd;

    struct xw_error reading = {0};
    int rc = read_any(owners_fd, number, name, &owner, &reading);
    if (rc == -ENOENT)
        return 0;
    if (rc < 0)
        return xw_fail(err, rc, "%s", reading.text);

    size_t at = find_lab(&owner, lab);
    if (at == owner.lab_count)
        return 0;
    owner.lab_count--;
    memmove(owner.labs[at], owner.labs[at + 1], (owner.lab_count - at) * sizeof(owner.labs[0]));
    memmove(&owner.until[at], &owner.until[at + 1],
            (owner.lab_count - at) * sizeof(owner.until[0]));
    return write_owner(owners_fd, &owner, err);
}

int xw_owner_instructs(id_t number, const char *name, const char *lab, bool instructs,
                       struct xw_error *err)
{
    struct xw_owner owner;
    XW_AUTO_CLOSE int lock = -1;
    XW_AUTO_CLOSE int owners_fd = open_locked(&lock, err);
    if (owners_fd < 0)
        return owners_fd;

    int rc = read_owner(owners_fd, number, name, &owner, err);
    if (rc < 0)
        return rc;
    size_t at =
        xw_names_find((const char(*)[XW_NAME_SIZE])owner.instructed, owner.instructed_count, lab);
    if (instructs == (at < owner.instructed_count))
        return 0;
    if (at == XW_LABS_PER_OWNER_MAX)
        return too_many(name, "looks after", err);
    if (instructs)
        snprintf(owner.instructed[owner.instructed_count++], XW_NAME_SIZE, "%s", lab);
    else
        memmove(owner.instructed[at], owner.instructed[at + 1],
                (--owner.instructed_count - at) * sizeof(owner.instructed[0]));
    return write_owner(owners_fd, &owner, err);
}
