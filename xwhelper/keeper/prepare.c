/*
 * prepare: what the labs grant to a user, and to the teams that the user is in, is deployed. Asked
 * for by root alone (the PAM module, xwadm), so names may be looked up here: before the filter is
 * loaded, since that takes files, sockets and modules of whoever provides the names
 * (nsswitch.conf(5)).
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>

#include "common/access.h"
#include "common/cleanup.h"
#include "common/clock.h"
#include "common/exitcode.h"
#include "common/paths.h"
#include "common/record.h"
#include "xwhelper/keeper/confine.h"
#include "xwhelper/keeper/reply.h"
#include "xwhelper/keeper/verbs.h"
#include "xwhelper/keeper/world.h"

enum { GROUPS_MAX = 1024, OWNERS_MAX = 64 };

/* Whose worlds are prepared. */
struct future_owner {
    id_t number;
    char name[XW_NAME_SIZE];
};

struct preparing {
    int peer;
    int labs;
    struct xw_host *host;
    struct xw_caller caller;
    size_t owner_count;
    struct future_owner owners[OWNERS_MAX]; /* the user, then the teams */
};

/* What is done with each lab's record that can be read. */
typedef int (*for_lab)(struct preparing *preparing, const struct xw_access *access);

/* A world that is not the user's own is told by its owner, too. */
static void tell(const struct preparing *preparing, const char *kind, const char *lab,
                 const struct future_owner *owner, const char *text)
{
    const bool team = xw_is_team(owner->name);

    xw_reply(preparing->peer, "%s %s%s%s %s", kind, lab, team ? ":" : "", team ? owner->name : "",
             text);
}

static int deploy(struct preparing *preparing, const char *lab, const struct future_owner *owner)
{
    static struct xw_plan plan;
    enum xw_deploy_result result = XW_DEPLOY_PRESENT;
    struct xw_error err = {0};
    int rc = xw_plan_read(preparing->labs, lab, &plan, &err);

    if (rc == 0)
        rc = xw_world_deploy(preparing->host, &plan, owner->name, owner->number, &result, &err);
    if (rc < 0)
        tell(preparing, "fail", lab, owner, err.text);
    else
        tell(preparing, "done", lab, owner, result == XW_DEPLOY_PRESENT ? "is there" : "deployed");
    return rc;
}

/*
 * Whether the lab has closed for who has no world of it: nothing can be done with a new one, and
 * what has been purged stays away. An extension is that of a world that is there.
 */
static bool is_over(const struct preparing *preparing, const struct xw_access *access,
                    const struct future_owner *owner)
{
    return xw_access_window(NULL, access, xw_clock_now()).state == XW_WINDOW_CLOSED &&
           !xw_access_instructs(&preparing->caller, access) &&
           xw_world_exists(access->lab, owner->name, NULL) == 0;
}

static int prepare_lab(struct preparing *preparing, const struct xw_access *access)
{
    int failed = 0;

    for (size_t i = 0; i < preparing->owner_count; i++) {
        const struct future_owner *owner = &preparing->owners[i];
        bool granted = xw_is_team(owner->name)
                           ? xw_access_grants_team(&preparing->caller, access, owner->number)
                           : xw_access_grants(&preparing->caller, access);
        if (granted && !is_over(preparing, access, owner) &&
            deploy(preparing, access->lab, owner) < 0)
            failed = -EIO;
    }
    return failed;
}

static bool is_known(const struct preparing *preparing, gid_t team)
{
    size_t i = 1;

    while (i < preparing->owner_count && preparing->owners[i].number != team)
        i++;
    return i < preparing->owner_count;
}

/* The lab's teams that the user is in, by their names: a name that can't be an owner's has no
 * world.
 */
static int find_teams(struct preparing *preparing, const struct xw_access *access)
{
    for (size_t i = 0; i < access->team_count; i++) {
        struct future_owner *team = &preparing->owners[preparing->owner_count];
        const gid_t gid = access->teams[i];

        if (!xw_access_grants_team(&preparing->caller, access, gid) || is_known(preparing, gid) ||
            preparing->owner_count == OWNERS_MAX)
            continue;
        const struct group *group = getgrgid(gid);
        if (group &&
            snprintf(team->name, sizeof(team->name), "@%s", group->gr_name) <= XW_NAME_MAX &&
            xw_owner_ok(team->name)) {
            team->number = gid;
            preparing->owner_count++;
        }
    }
    return 0;
}

/*
 * One entry of the directory of labs. A lab that can't be read may be granted to this user: that is
 * a failure, told if `tells`, and no reason to leave out the others.
 */
static int look_at_lab(struct preparing *preparing, const char *lab, for_lab act, bool tells)
{
    static struct xw_access access;
    struct xw_error err = {0};

    if (!xw_name_ok(lab))
        return 0;
    int rc = xw_access_read(preparing->labs, lab, &access, &err);
    if (rc == -ENOENT)
        return 0;
    if (rc < 0 && tells)
        xw_reply(preparing->peer, "fail %s %s", lab, err.text);
    return rc < 0 ? rc : act(preparing, &access);
}

/* All labs; returns an exit code, or a negative errno where their directory can't be read. */
static int each_lab(struct preparing *preparing, for_lab act, bool tells, struct xw_error *err)
{
    XW_AUTO_CLOSEDIR DIR *labs = opendir(XW_LABS_DIR);
    int code = XW_EXIT_OK;

    if (!labs)
        return xw_fail_errno(err, -errno, "Reading " XW_LABS_DIR);
    preparing->labs = dirfd(labs);
    const struct dirent *entry;
    while (errno = 0, (entry = readdir(labs)) != NULL) {
        if (look_at_lab(preparing, entry->d_name, act, tells) < 0)
            code = XW_EXIT_FAILED;
    }
    return errno ? xw_fail_errno(err, -errno, "Reading " XW_LABS_DIR) : code;
}

int xw_verb_prepare(int peer, const struct xw_request *request, struct xw_error *err)
{
    static struct preparing preparing;
    gid_t groups[GROUPS_MAX];
    int count = GROUPS_MAX;
    const struct passwd *user = getpwnam(request->owner);

    if (!user || user->pw_uid == 0 || getgrouplist(user->pw_name, user->pw_gid, groups, &count) < 0)
        return xw_fail(err, -ENOENT, "There is no user %s who could have a world", request->owner);
    preparing = (struct preparing){
        .peer = peer,
        .caller = {user->pw_uid, groups, (size_t)count, preparing.owners[0].name},
        .owner_count = 1,
        .owners = {{.number = user->pw_uid}}};
    snprintf(preparing.owners[0].name, XW_NAME_SIZE, "%s", user->pw_name);
    int rc = each_lab(&preparing, find_teams, false, err);
    if (rc < 0)
        return rc;
    xw_confine_change(request);
    rc = xw_host_open(&preparing.host, err);
    if (rc < 0)
        return rc;
    rc = each_lab(&preparing, prepare_lab, true, err);
    xw_host_close(preparing.host);
    return rc;
}
