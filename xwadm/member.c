#include "xwadm/member.h"

#include <errno.h>
#include <grp.h>
#include <pwd.h>
#include <stdlib.h>
#include <string.h>

#include "common/lines.h"
#include "xwadm/people.h"
#include "xwadm/say.h"

enum { GROUPS_FIRST = 64, GROUPS_MOST = 65536 };

static int no_memory(struct xw_error *err)
{
    return xw_fail(err, -ENOMEM, "there is not enough memory");
}

static void clear(struct xw_member *member)
{
    free(member->name);
    free(member->groups);
    *member = (struct xw_member){0};
}

void xw_members_free(struct xw_members *members)
{
    for (size_t i = 0; i < members->count; i++)
        clear(&members->items[i]);
    free(members->items);
    *members = (struct xw_members){0};
}

bool xw_member_in(const struct xw_member *member, gid_t gid)
{
    for (size_t i = 0; i < member->group_count; i++) {
        if (member->groups[i] == gid)
            return true;
    }
    return false;
}

/* All groups of a user who exists. */
static int find_groups(struct xw_member *member, struct xw_error *err)
{
    for (int room = GROUPS_FIRST; room <= GROUPS_MOST; room *= 2) {
        int count = room;
        gid_t *more = reallocarray(member->groups, (size_t)room, sizeof(*more));
        if (!more)
            return no_memory(err);
        member->groups = more;
        if (getgrouplist(member->name, member->primary, more, &count) >= 0) {
            member->group_count = (size_t)count;
            return 0;
        }
    }
    return xw_fail(err, -E2BIG, "the groups of %s can't be looked up", member->name);
}

static int fill(struct xw_member *member, const char *name, struct xw_error *err)
{
    const struct passwd *user;

    *member = (struct xw_member){.name = strdup(name)};
    if (!member->name)
        return no_memory(err);
    int rc = xw_user_find(name, &user, err);
    if (rc < 0 || !user)
        return rc;
    member->exists = true;
    member->uid = user->pw_uid;
    member->primary = user->pw_gid;
    return find_groups(member, err);
}

static bool is_there(const struct xw_members *members, const char *name)
{
    for (size_t i = 0; i < members->count; i++) {
        if (strcmp(members->items[i].name, name) == 0)
            return true;
    }
    return false;
}

int xw_members_add(struct xw_members *members, const char *name, struct xw_error *err)
{
    if (is_there(members, name))
        return 0;
    if (!xw_text_ok(name)) {
        xw_note("left out: a user whose name can't be shown");
        return 0;
    }
    struct xw_member *items = reallocarray(members->items, members->count + 1, sizeof(*items));
    if (!items)
        return no_memory(err);
    members->items = items;
    int rc = fill(&items[members->count], name, err);
    if (rc < 0)
        clear(&items[members->count]);
    else
        members->count++;
    return rc;
}

static int add_listed(struct xw_members *members, gid_t gid, struct xw_error *err)
{
    int rc = 0;

    errno = 0;
    const struct group *group = getgrgid(gid);
    if (!group && errno != 0 && errno != ENOENT && errno != ESRCH)
        return xw_fail_errno(err, -errno, "the group %lu can't be looked up", (unsigned long)gid);
    if (!group)
        xw_note("the lab's group %lu doesn't exist any more; apply the lab again",
                (unsigned long)gid);
    for (char *const *name = group ? group->gr_mem : NULL; name && *name && rc == 0; name++)
        rc = xw_members_add(members, *name, err);
    return rc;
}

/* The names of those whose primary group one of these is; more look-ups come after the list. */
static int add_primary(struct xw_members *members, const gid_t *gids, size_t count,
                       struct xw_error *err)
{
    char **names = NULL;
    size_t found = 0;
    int rc = 0;
    const struct passwd *user;

    setpwent();
    while (rc == 0 && (user = getpwent())) {
        for (size_t i = 0; i < count && rc == 0; i++) {
            if (user->pw_gid != gids[i])
                continue;
            char **more = reallocarray(names, found + 1, sizeof(*more));
            if (more)
                names = more;
            if (!more || !(names[found] = strdup(user->pw_name)))
                rc = no_memory(err);
            else
                found++;
            break;
        }
    }
    endpwent();
    for (size_t i = 0; i < found; i++) {
        if (rc == 0)
            rc = xw_members_add(members, names[i], err);
        free(names[i]);
    }
    free(names);
    return rc;
}

int xw_members_add_groups(struct xw_members *members, const gid_t *gids, size_t count,
                          struct xw_error *err)
{
    int rc = 0;

    for (size_t i = 0; i < count && rc == 0; i++)
        rc = add_listed(members, gids[i], err);
    return rc < 0 ? rc : add_primary(members, gids, count, err);
}

static int compare(const void *a, const void *b)
{
    const struct xw_member *first = a;
    const struct xw_member *second = b;

    return strcmp(first->name, second->name);
}

void xw_members_sort(struct xw_members *members)
{
    if (members->count > 0)
        qsort(members->items, members->count, sizeof(*members->items), compare);
}
