#include "xwsh/groups.h"

#include <errno.h>
#include <grp.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void xw_groups_free(struct xw_group_view *groups, size_t count)
{
    for (size_t i = 0; groups && i < count; i++)
        free(groups[i].members);
    free(groups);
}

/* Whether the name is one of those that are joined. */
static bool is_listed(const char *joined, const char *name)
{
    size_t length = strlen(name);

    for (const char *at = joined; *at; at += strcspn(at, ","), at += *at == ',') {
        if (strncmp(at, name, length) == 0 && (at[length] == ',' || at[length] == '\0'))
            return true;
    }
    return false;
}

static int add_member(struct xw_group_view *group, const char *name)
{
    size_t used = strlen(group->members);
    size_t more = strlen(name) + 2;

    if (strchr(name, ',') || is_listed(group->members, name))
        return 0;
    char *members = realloc(group->members, used + more);
    if (!members)
        return -ENOMEM;
    snprintf(members + used, more, "%s%s", used ? "," : "", name);
    group->members = members;
    return 0;
}

/* One whose account isn't the one that was named is nobody: neither name nor number is enough. */
static int look_up_user(const struct xw_grant *grant, struct xw_group_view *view)
{
    const struct passwd *user = getpwnam(grant->user);

    snprintf(view->name, sizeof(view->name), "%s", grant->user);
    view->members = strdup(user && user->pw_uid == grant->uid ? grant->user : "");
    return view->members ? 0 : -ENOMEM;
}

static int look_up(gid_t gid, struct xw_group_view *view)
{
    const struct group *group = getgrgid(gid);
    int rc = 0;

    if (group)
        snprintf(view->name, sizeof(view->name), "%s", group->gr_name);
    else
        snprintf(view->name, sizeof(view->name), "%lu", (unsigned long)gid);
    view->members = strdup("");
    if (!view->members)
        return -ENOMEM;
    for (char *const *name = group ? group->gr_mem : NULL; name && *name && rc == 0; name++)
        rc = add_member(view, *name);
    return rc;
}

/* Those whose primary group one of these is. */
static int add_primary(const struct xw_model *model, struct xw_group_view *groups)
{
    const struct passwd *user;
    int rc = 0;

    setpwent();
    while (rc == 0 && (user = getpwent())) {
        for (size_t i = 0; i < model->grant_count && rc == 0; i++) {
            if (!*model->grants[i].user && user->pw_gid == model->grants[i].gid)
                rc = add_member(&groups[i], user->pw_name);
        }
    }
    endpwent();
    return rc;
}

int xw_groups_look_up(const struct xw_model *model, struct xw_group_view **groups)
{
    struct xw_group_view *found = calloc(model->grant_count + 1, sizeof(*found));
    int rc = found ? 0 : -ENOMEM;

    for (size_t i = 0; i < model->grant_count && rc == 0; i++) {
        const struct xw_grant *grant = &model->grants[i];
        rc = *grant->user ? look_up_user(grant, &found[i]) : look_up(grant->gid, &found[i]);
    }
    if (rc == 0)
        rc = add_primary(model, found);
    if (rc < 0)
        xw_groups_free(found, model->grant_count);
    else
        *groups = found;
    return rc;
}
