/*
 * prepare: what the labs grant to a user is deployed. Asked for by root alone (the PAM module,
 * xwadm), so names may be looked up here: before the filter is loaded, since that takes files,
 * sockets and modules of whoever provides the names (nsswitch.conf(5)).
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <pwd.h>
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

enum { GROUPS_MAX = 1024 };

static int deploy(struct xw_host *host, int peer, int labs, const char *lab,
                  const struct passwd *user)
{
    static struct xw_plan plan;
    enum xw_deploy_result result = XW_DEPLOY_PRESENT;
    struct xw_error err = {0};
    int rc = xw_plan_read(labs, lab, &plan, &err);

    if (rc == 0)
        rc = xw_world_deploy(host, &plan, user->pw_name, user->pw_uid, &result, &err);
    if (rc < 0)
        xw_reply(peer, "fail %s %s", lab, err.text);
    else
        xw_reply(peer, "done %s %s", lab, result == XW_DEPLOY_PRESENT ? "is there" : "deployed");
    return rc;
}

/*
 * Whether the lab has closed for who has no world of it: nothing can be done with a new one, and
 * what has been purged stays away. An extension is that of a world that is there.
 */
static bool is_over(const struct xw_access *access, const struct xw_caller *caller,
                    const struct passwd *user)
{
    return xw_access_window(NULL, access, xw_clock_now()).state == XW_WINDOW_CLOSED &&
           !xw_access_instructs(caller, access) &&
           xw_world_exists(access->lab, user->pw_name, NULL) == 0;
}

/*
 * One entry of the directory of labs. A lab that can't be read may be granted to this user: that is
 * a failure, and no reason to leave out the others.
 */
static int prepare_lab(struct xw_host *host, int peer, int labs, const char *lab,
                       const struct passwd *user, const struct xw_caller *caller)
{
    static struct xw_access access;
    struct xw_error err = {0};

    if (!xw_name_ok(lab))
        return 0;
    int rc = xw_access_read(labs, lab, &access, &err);
    if (rc < 0 && rc != -ENOENT)
        xw_reply(peer, "fail %s %s", lab, err.text);
    if (rc < 0)
        return rc == -ENOENT ? 0 : rc;
    if (!xw_access_grants(caller, &access) || is_over(&access, caller, user))
        return 0;
    return deploy(host, peer, labs, lab, user);
}

int xw_verb_prepare(int peer, const struct xw_request *request, struct xw_error *err)
{
    gid_t groups[GROUPS_MAX];
    int count = GROUPS_MAX;
    const struct passwd *user = getpwnam(request->owner);
    struct xw_host *host;
    int code = XW_EXIT_OK;

    if (!user || user->pw_uid == 0 || getgrouplist(user->pw_name, user->pw_gid, groups, &count) < 0)
        return xw_fail(err, -ENOENT, "There is no user %s who could have a world", request->owner);
    const struct xw_caller caller = {user->pw_uid, groups, (size_t)count};
    xw_confine_change(XW_VERB_PREPARE);
    XW_AUTO_CLOSEDIR DIR *labs = opendir(XW_LABS_DIR);
    if (!labs)
        return xw_fail_errno(err, -errno, "Reading " XW_LABS_DIR);
    int rc = xw_host_open(&host, err);
    if (rc < 0)
        return rc;
    const struct dirent *entry;
    while (errno = 0, (entry = readdir(labs)) != NULL) {
        if (prepare_lab(host, peer, dirfd(labs), entry->d_name, user, &caller) < 0)
            code = XW_EXIT_FAILED;
    }
    rc = errno ? xw_fail_errno(err, -errno, "Reading " XW_LABS_DIR) : code;
    xw_host_close(host);
    return rc;
}
