#include "xwadm/instructors.h"

#include <errno.h>
#include <grp.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/access.h"
#include "common/cleanup.h"
#include "common/names.h"
#include "common/paths.h"
#include "xwadm/files.h"
#include "xwadm/say.h"
#include "xwhelper/keeper/owner_record.h"

/* The number in the name of a record, UID or gGID. */
static bool read_number(const char *name, unsigned long *number)
{
    return xw_number(name + (name[0] == 'g'), UINT_MAX - 1UL, number) == 0;
}

static bool is_record(const char *name)
{
    unsigned long number;

    return read_number(name, &number);
}

/* The name of a group as an owner: 0, or a negative errno. */
static int find_name(gid_t gid, char name[XW_NAME_SIZE], struct xw_error *err)
{
    errno = 0;
    const struct group *group = getgrgid(gid);

    if (!group)
        return xw_fail(err, errno ? -errno : -ENOENT, "the group %lu can't be looked up",
                       (unsigned long)gid);
    if (snprintf(name, XW_NAME_SIZE, "@%s", group->gr_name) >= XW_NAME_SIZE || !xw_owner_ok(name))
        return xw_fail(err, -EINVAL, "the name of the group %lu can't be an owner's",
                       (unsigned long)gid);
    return 0;
}

/* Whether the owner is one of the instructors, still under the name that the record has. */
static bool is_current(const struct xw_owner *owner, const struct xw_access *access)
{
    char name[XW_NAME_SIZE];
    const struct xw_caller user = {.uid = owner->uid, .name = owner->name};

    if (!access)
        return false;
    if (!owner->gid)
        return xw_access_names(&user, access->instructor_users, access->instructor_user_count);
    for (size_t i = 0; i < access->instructor_count; i++) {
        if (access->instructors[i] == owner->gid)
            return find_name(owner->gid, name, NULL) == 0 && strcmp(name, owner->name) == 0;
    }
    return false;
}

static int take_away(int owners_fd, const char *file, const char *lab,
                     const struct xw_access *access, struct xw_error *err)
{
    struct xw_owner owner;
    struct xw_error why = {0};
    unsigned long number = 0;

    read_number(file, &number);
    int rc = file[0] == 'g' ? xw_owner_read_group(owners_fd, (gid_t)number, &owner, &why)
                            : xw_owner_read(owners_fd, (uid_t)number, &owner, &why);
    if (rc < 0 && rc != -ENOENT)
        xw_note("%s; it is left as it is", why.text);
    if (rc < 0 ||
        xw_names_find((const char(*)[XW_NAME_SIZE])owner.instructed, owner.instructed_count, lab) ==
            owner.instructed_count ||
        is_current(&owner, access))
        return 0;
    return xw_owner_instructs((id_t)number, owner.name, lab, false, err);
}

static int give(const char *lab, const struct xw_access *access, struct xw_error *err)
{
    char name[XW_NAME_SIZE];
    int rc = 0;

    for (size_t i = 0; i < access->instructor_count && rc == 0; i++) {
        rc = find_name(access->instructors[i], name, err);
        if (rc == 0)
            rc = xw_owner_instructs(access->instructors[i], name, lab, true, err);
    }
    for (size_t i = 0; i < access->instructor_user_count && rc == 0; i++)
        rc = xw_owner_instructs(access->instructor_users[i].uid, access->instructor_users[i].name,
                                lab, true, err);
    return rc;
}

int xw_instructors_write(const char *lab, const struct xw_access *access, struct xw_error *err)
{
    char(*files)[XW_NAME_SIZE] = NULL;
    XW_AUTO_CLOSE int owners = xw_directory_open(XW_OWNERS_DIR, err);

    if (owners < 0)
        return owners;
    ssize_t file_count = xw_directory_names(owners, is_record, &files, err);
    int rc = file_count < 0 ? (int)file_count : 0;
    for (ssize_t i = 0; i < file_count && rc == 0; i++)
        rc = take_away(owners, files[i], lab, access, err);
    free(files);
    return rc == 0 && access ? give(lab, access, err) : rc;
}
