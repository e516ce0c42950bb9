/*
 * extend and deploy: what an instructor changes without touching a machine, in a broker (broker.h).
 */
#include <errno.h>
#include <grp.h>
#include <pwd.h>
#include <string.h>

#include "common/exitcode.h"
#include "xwhelper/keeper/authority.h"
#include "xwhelper/keeper/confine.h"
#include "xwhelper/keeper/owner_record.h"
#include "xwhelper/keeper/verbs.h"
#include "xwhelper/keeper/world.h"

enum { GROUPS_MAX = 1024 };

/* An extension is to a time that is still to come, of a lab that closes before it. */
static int check_until(const struct xw_authority *authority, time_t until, struct xw_error *err)
{
    const struct xw_access *access = &authority->access;

    if (until == 0)
        return 0;
    if (!access->closes)
        return xw_fail(err, -ERANGE, "the lab %s doesn't close: there is nothing to extend",
                       access->lab);
    if (until <= access->closes)
        return xw_fail(err, -ERANGE, "the lab %s is open so long for everybody: give a later time",
                       access->lab);
    return until > authority->now ? 0
                                  : xw_fail(err, -ERANGE, "that time is past: give a later one");
}

int xw_verb_extend(const struct xw_authority *authority, const struct xw_request *request,
                   struct xw_error *err)
{
    const time_t until = request->until;
    const struct xw_owner *owner = &authority->owner;
    int rc = check_until(authority, until, err);

    if (rc < 0)
        return rc;
    xw_confine_change(request);
    return xw_owner_extend(owner->gid ? owner->gid : owner->uid, owner->name, authority->access.lab,
                           until, err);
}

/* Whether the lab gives a world to this user, or to this team, by the host's own data base. */
static bool is_for(const struct xw_access *access, const char *name, id_t *number)
{
    gid_t groups[GROUPS_MAX];
    int count = GROUPS_MAX;

    if (xw_is_team(name)) {
        const struct group *group = getgrnam(name + 1);
        if (!group || strcmp(group->gr_name, name + 1) != 0)
            return false;
        *number = group->gr_gid;
        const struct xw_caller member = {(uid_t)-1, &group->gr_gid, 1, NULL};
        return xw_access_grants_team(&member, access, group->gr_gid);
    }
    const struct passwd *user = getpwnam(name);
    if (!user || strcmp(user->pw_name, name) != 0 ||
        getgrouplist(name, user->pw_gid, groups, &count) < 0)
        return false;
    *number = user->pw_uid;
    const struct xw_caller caller = {user->pw_uid, groups, (size_t)count, name};
    return xw_access_grants(&caller, access);
}

int xw_verb_deploy(const struct xw_authority *authority, const struct xw_request *request,
                   const struct xw_plan *plan, enum xw_deploy_result *result, struct xw_error *err)
{
    const char *owner = request->owner;
    struct xw_host *host;
    id_t number;

    if (!is_for(&authority->access, owner, &number))
        return xw_fail(
            err, -ENOENT,
            "the lab %s is not for %s: they are in no group of it, nor named in its file",
            plan->lab, owner);
    xw_confine_change(request);
    int rc = xw_host_open(&host, err);
    if (rc < 0)
        return rc;
    rc = xw_world_deploy(host, plan, owner, number, result, err);
    xw_host_close(host);
    return rc;
}
