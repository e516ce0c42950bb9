#include "xwhelper/keeper/authority.h"

#include <errno.h>
#include <grp.h>
#include <pwd.h>
#include <string.h>
#include <unistd.h>

#include "common/clock.h"
#include "xwhelper/keeper/reply.h"
#include "xwhelper/keeper/world.h"

/*
 * Whether the number is still this owner's: one that was given to another user or group grants
 * nothing.
 */
static bool is_still_named(const struct xw_owner *owner)
{
    if (owner->gid) {
        const struct group *group = getgrgid(owner->gid);
        return group && strcmp(group->gr_name, owner->name + 1) == 0;
    }
    const struct passwd *account = getpwuid(owner->uid);
    return account && strcmp(account->pw_name, owner->name) == 0;
}

bool xw_authority_instructs(const struct xw_authority *authority)
{
    const struct xw_caller *caller = &authority->caller;
    struct xw_owner own;
    struct xw_owner group;

    if (xw_owner_read(authority->owners, caller->uid, &own, NULL) == 0 && own.instructed_count > 0)
        return true;
    for (size_t i = 0; i < caller->group_count; i++) {
        if (xw_owner_read_group(authority->owners, caller->groups[i], &group, NULL) == 0 &&
            group.instructed_count > 0)
            return true;
    }
    return false;
}

bool xw_authority_team(const struct xw_authority *authority, size_t index, struct xw_owner *team)
{
    return xw_owner_read_group(authority->owners, authority->caller.groups[index], team, NULL) ==
               0 &&
           team->lab_count > 0 && is_still_named(team);
}

/*
 * Looks through the records of the caller's groups: for the team that is asked for, and whether one
 * of them has to do with the lab at all.
 */
static bool look_at_groups(struct xw_authority *authority, const struct xw_request *request,
                           bool *found)
{
    const struct xw_caller *caller = &authority->caller;
    bool concerned = false;

    for (size_t i = 0; i < caller->group_count; i++) {
        struct xw_owner group;
        if (xw_owner_read_group(authority->owners, caller->groups[i], &group, NULL) < 0)
            continue;
        concerned = concerned || xw_access_concerns(&group, request->lab);
        if (strcmp(group.name, request->owner) == 0 && is_still_named(&group)) {
            authority->owner = group;
            *found = true;
        }
    }
    return concerned;
}

int xw_authority_owner_of(int owners, const char *lab, const char *name, struct xw_owner *owner,
                          struct xw_error *err)
{
    id_t number;
    int rc = xw_world_owner(lab, name, &number, err);

    if (rc < 0)
        return rc;
    rc = xw_is_team(name) ? xw_owner_read_group(owners, number, owner, err)
                          : xw_owner_read(owners, number, owner, err);
    return rc == 0 && strcmp(owner->name, name) != 0 ? -ENOENT : rc;
}

/* Finds both records that the request is about, each NULL where there is none for this caller. */
static void find_records(struct xw_authority *authority, const struct xw_request *request,
                         const struct xw_owner **owner, const struct xw_access **access)
{
    const bool is_own = authority->has_own && strcmp(authority->own.name, request->owner) == 0;
    bool found = is_own;
    bool concerned = authority->has_own && xw_access_concerns(&authority->own, request->lab);

    if (is_own)
        authority->owner = authority->own;
    if (!is_own || !concerned)
        concerned = look_at_groups(authority, request, &found) || concerned;
    if (!concerned || xw_access_read(authority->labs, request->lab, &authority->access, NULL) < 0)
        return;
    *access = &authority->access;
    if (!found && *request->owner && xw_access_instructs(&authority->caller, *access))
        found = xw_authority_owner_of(authority->owners, request->lab, request->owner,
                                      &authority->owner, NULL) == 0;
    *owner = found ? &authority->owner : NULL;
}

enum xw_decision xw_authority_decide(struct xw_authority *authority,
                                     const struct xw_request *request)
{
    const struct xw_owner *owner = NULL;
    const struct xw_access *access = NULL;

    authority->now = xw_clock_now();
    if (authority->caller.uid != 0) {
        int rc = xw_owner_read(authority->owners, authority->caller.uid, &authority->own, NULL);
        authority->has_own = rc == 0;
        if (rc < 0 ? rc != -ENOENT : !is_still_named(&authority->own))
            return XW_DECISION_REFUSE;
        authority->caller.name = authority->own.name;
    }
    if (xw_verb_info(request->verb)->scope != XW_SCOPE_NONE)
        find_records(authority, request, &owner, &access);
    else if (authority->has_own)
        owner = &authority->own;
    return xw_access_decide(&authority->caller, request, owner, access, authority->now);
}

const char *xw_authority_label(const struct xw_authority *authority, const struct xw_owner *owner)
{
    return owner->uid == authority->caller.uid && !owner->gid ? "" : owner->name;
}

const char *xw_authority_name(const struct xw_authority *authority)
{
    if (authority->has_own)
        return authority->own.name;
    const struct passwd *account = getpwuid(authority->caller.uid);
    return account ? account->pw_name : "somebody";
}

void xw_authority_close(const struct xw_authority *authority)
{
    close(authority->owners);
    close(authority->labs);
}

void xw_authority_tell_window(const struct xw_authority *authority, int peer,
                              const struct xw_owner *owner, const struct xw_access *access)
{
    const struct xw_window window = xw_access_window(owner, access, authority->now);
    char line[XW_WINDOW_LINE_SIZE];

    if (xw_window_line(access->lab, xw_authority_label(authority, owner), &window, line))
        xw_reply(peer, "%s", line);
}
