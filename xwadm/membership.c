#include "xwadm/membership.h"

#include <errno.h>
#include <grp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/lines.h"
#include "xwadm/files.h"
#include "xwadm/name_sources.h"
#include "xwadm/say.h"
#include "xwadm/tool.h"

/* Debian's passwd has it there. */
#define GPASSWD "/usr/bin/gpasswd"

/* It waits up to 15 s for whoever else changes the file (lckpwdf(3)). */
enum { GPASSWD_SECONDS = 30, SHOWN_MAX = 40 };

/* Adds a group of the lab's. One that gpasswd would take for an option can't be used. */
static int add_group(struct xw_lab_groups *groups, gid_t gid, const char *only,
                     struct xw_error *err)
{
    errno = 0;
    const struct group *group = getgrgid(gid);

    if (!group && errno != 0 && errno != ENOENT && errno != ESRCH)
        return xw_fail_errno(err, -errno, "the group %lu can't be looked up", (unsigned long)gid);
    if (!group || !xw_text_ok(group->gr_name) || *group->gr_name == '-' ||
        strlen(group->gr_name) >= XW_GROUP_NAME_SIZE) {
        xw_note("left out: the lab's group %lu %s", (unsigned long)gid,
                group ? "has a name that can't be used"
                      : "doesn't exist any more; apply the lab again");
        return 0;
    }
    if (only && strcmp(only, group->gr_name) != 0)
        return 0;
    groups->gids[groups->count] = gid;
    groups->items[groups->count].gid = gid;
    snprintf(groups->items[groups->count++].name, XW_GROUP_NAME_SIZE, "%s", group->gr_name);
    return 0;
}

size_t xw_lab_groups_all(const struct xw_access *access, gid_t gids[2 * XW_GROUPS_PER_LAB_MAX])
{
    size_t count = access->student_count;

    memcpy(gids, access->students, count * sizeof(gids[0]));
    for (size_t i = 0; i < access->team_count; i++) {
        bool known = false;
        for (size_t j = 0; j < access->student_count && !known; j++)
            known = gids[j] == access->teams[i];
        if (!known)
            gids[count++] = access->teams[i];
    }
    return count;
}

int xw_lab_groups_find(const struct xw_access *access, bool instructors, const char *only,
                       struct xw_lab_groups *groups, struct xw_error *err)
{
    gid_t all[2 * XW_GROUPS_PER_LAB_MAX];
    const gid_t *gids = instructors ? access->instructors : all;
    size_t count = instructors ? access->instructor_count : xw_lab_groups_all(access, all);
    size_t users = instructors ? access->instructor_user_count : access->user_count;
    const char *kind = instructors ? "instructors" : "students";

    *groups = (struct xw_lab_groups){0};
    for (size_t i = 0; i < count; i++) {
        int rc = add_group(groups, gids[i], only, err);
        if (rc < 0)
            return rc;
    }
    if (groups->count > 0)
        return 0;
    if (only)
        return xw_fail(err, -ENOENT,
                       "\"%.*s\" is no group of the lab's %s; `xwadm lab show %s` shows them",
                       SHOWN_MAX, only, kind, access->lab);
    return xw_fail(err, -ENOENT, "the lab \"%s\" has no group of %s; %s", access->lab, kind,
                   users > 0 ? "its file names single users: change that, and apply it again"
                             : "its file names them");
}

void xw_lab_groups_text(const struct xw_lab_groups *groups, char text[XW_LAB_GROUPS_TEXT_SIZE])
{
    size_t used = 0;

    text[0] = '\0';
    for (size_t i = 0; i < groups->count && used < XW_LAB_GROUPS_TEXT_SIZE; i++) {
        int n = snprintf(text + used, XW_LAB_GROUPS_TEXT_SIZE - used, "%s%s", i ? ", " : "",
                         groups->items[i].name);
        used += n > 0 ? (size_t)n : 0;
    }
}

static bool names_group(const struct xw_access *access, gid_t gid)
{
    gid_t all[2 * XW_GROUPS_PER_LAB_MAX];
    size_t count = xw_lab_groups_all(access, all);

    for (size_t i = 0; i < count; i++) {
        if (all[i] == gid)
            return true;
    }
    for (size_t i = 0; i < access->instructor_count; i++) {
        if (access->instructors[i] == gid)
            return true;
    }
    return false;
}

void xw_lab_groups_note_others(int labs_fd, const char *lab, const struct xw_lab_groups *groups)
{
    char(*names)[XW_NAME_SIZE] = NULL;
    struct xw_access *access = calloc(1, sizeof(*access));
    ssize_t count = access ? xw_directory_names(labs_fd, xw_name_ok, &names, NULL) : 0;

    for (ssize_t i = 0; i < count; i++) {
        if (strcmp(names[i], lab) == 0 || xw_access_read(labs_fd, names[i], access, NULL) < 0)
            continue;
        for (size_t j = 0; j < groups->count; j++) {
            if (names_group(access, groups->gids[j]))
                xw_note("%s is a group of the lab %s, too", groups->items[j].name, names[i]);
        }
    }
    free(names);
    free(access);
}

enum xw_membership xw_membership_of(const struct xw_member *member, gid_t gid)
{
    if (member->primary == gid)
        return XW_MEMBERSHIP_PRIMARY;
    return xw_member_in(member, gid) ? XW_MEMBERSHIP_LISTED : XW_MEMBERSHIP_NONE;
}

int xw_membership_is_ours(const struct xw_lab_group *group, struct xw_error *err)
{
    struct xw_local_group look;
    int rc = xw_local_group_look(XW_GROUP_FILE, group->name, "", &look, err);

    if (rc < 0)
        return rc;
    if (!look.found)
        return xw_fail(err, -EREMOTE,
                       "%s is not in " XW_GROUP_FILE
                       ": it comes from elsewhere (LDAP, SSSD), where its members must be changed; "
                       "here it is only read",
                       group->name);
    if (look.gid != group->gid)
        return xw_fail(err, -EREMOTE,
                       "%s has the number %lu in " XW_GROUP_FILE
                       ", and %lu for the lab: two groups of one name",
                       group->name, (unsigned long)look.gid, (unsigned long)group->gid);
    return 0;
}

int xw_membership_change(const struct xw_lab_group *group, const char *user, bool add,
                         struct xw_error *err)
{
    const char *const argv[] = {GPASSWD, add ? "-a" : "-d", user, "--", group->name, NULL};
    struct xw_local_group look;
    int rc = xw_tool_run(argv, GPASSWD_SECONDS, err);

    if (rc == 0)
        rc = xw_local_group_look(XW_GROUP_FILE, group->name, user, &look, err);
    if (rc == 0 && look.lists != add)
        rc = xw_fail(err, -EIO, GPASSWD " has ended well, but %s is%s in %s", user,
                     add ? " not" : " still", group->name);
    return rc;
}
