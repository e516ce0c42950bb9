#include "xwadm/instructors.h"

#include <errno.h>
#include <grp.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/cleanup.h"
#include "common/names.h"
#include "common/paths.h"
#include "common/record.h"
#include "xwadm/files.h"
#include "xwadm/say.h"
#include "xwhelper/keeper/owner_record.h"

static bool read_gid(const char *name, unsigned long *gid)
{
    return name[0] == 'g' && xw_number(name + 1, UINT_MAX - 1UL, gid) == 0;
}

static bool is_group_record(const char *name)
{
    unsigned long gid;

    return read_gid(name, &gid);
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

/* Whether the group is one of those, still under the name that its record has. */
static bool is_current(const struct xw_owner *owner, const gid_t *gids, size_t count)
{
    char name[XW_NAME_SIZE];

    for (size_t i = 0; i < count; i++) {
        if (gids[i] == owner->gid)
            return find_name(owner->gid, name, NULL) == 0 && strcmp(name, owner->name) == 0;
    }
    return false;
}

static int take_away(int owners_fd, const char *file, const char *lab, const gid_t *gids,
                     size_t count, struct xw_error *err)
{
    struct xw_owner owner;
    struct xw_error why = {0};
    unsigned long gid = 0;

    read_gid(file, &gid);
    int rc = xw_owner_read_group(owners_fd, (gid_t)gid, &owner, &why);
    if (rc < 0 && rc != -ENOENT)
        xw_note("%s; it is left as it is", why.text);
    if (rc < 0 ||
        xw_names_find((const char(*)[XW_NAME_SIZE])owner.instructed, owner.instructed_count, lab) ==
            owner.instructed_count ||
        is_current(&owner, gids, count))
        return 0;
    return xw_owner_instructs((gid_t)gid, owner.name, lab, false, err);
}

int xw_instructors_write(const char *lab, const gid_t *gids, size_t count, struct xw_error *err)
{
    char(*files)[XW_NAME_SIZE] = NULL;
    char name[XW_NAME_SIZE];
    XW_AUTO_CLOSE int owners = xw_directory_open(XW_OWNERS_DIR, err);

    if (owners < 0)
        return owners;
    ssize_t file_count = xw_directory_names(owners, is_group_record, &files, err);
    int rc = file_count < 0 ? (int)file_count : 0;
    for (ssize_t i = 0; i < file_count && rc == 0; i++)
        rc = take_away(owners, files[i], lab, gids, count, err);
    free(files);
    for (size_t i = 0; i < count && rc == 0; i++) {
        rc = find_name(gids[i], name, err);
        if (rc == 0)
            rc = xw_owner_instructs(gids[i], name, lab, true, err);
    }
    return rc;
}
