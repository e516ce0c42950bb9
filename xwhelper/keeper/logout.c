/*
 * suspend: who has logged out leaves worlds that nobody has open. Asked for by root alone (the PAM
 * module), so the name may be looked up here, and processes: before the filter is loaded.
 */
#include <errno.h>
#include <pwd.h>
#include <stdbool.h>
#include <stdio.h>
#include <sys/socket.h>

#include "common/cleanup.h"
#include "common/exitcode.h"
#include "common/record.h"
#include "xwhelper/keeper/confine.h"
#include "xwhelper/keeper/notice.h"
#include "xwhelper/keeper/presence.h"
#include "xwhelper/keeper/reply.h"
#include "xwhelper/keeper/suspend.h"
#include "xwhelper/keeper/verbs.h"
#include "xwhelper/keeper/world.h"

/* What systemd keeps of a user after the last session (logind.conf(5), UserStopDelaySec) is gone
 * by then, too. */
enum { PRESENCE_SECONDS = 15 };

/* 1, 0, or a negative errno. */
static int has_open_console(const struct xw_plan *plan, const char *owner, struct xw_error *err)
{
    for (size_t i = 0; i < plan->machine_count; i++) {
        const struct xw_machine machine = {plan->lab, owner, plan->machines[i].name};
        struct xw_notice_state state;
        int rc = xw_notice_look(&machine, &state);
        if (rc < 0)
            return xw_fail_errno(err, rc, "Whether the console of %s is open can't be known",
                                 machine.machine);
        if (state.open)
            return 1;
    }
    return 0;
}

static int suspend_world(struct xw_host *host, int peer, int labs, const char *lab,
                         const char *owner, struct xw_error *err)
{
    static struct xw_plan plan;
    int rc = xw_plan_read(labs, lab, &plan, err);

    if (rc < 0)
        return rc;
    if (plan.says_suspend && plan.suspend_after == 0)
        return XW_EXIT_OK;
    /* So that taking the lock makes no directory. */
    rc = xw_world_exists(lab, owner, err);
    if (rc <= 0)
        return rc;
    XW_AUTO_CLOSE int lock = xw_world_lock(lab, owner, err);
    if (lock < 0)
        return lock;
    rc = has_open_console(&plan, owner, err);
    if (rc != 0)
        return rc < 0 ? rc : XW_EXIT_OK;
    return xw_suspend_machines(peer, host, lab, owner, &plan, err);
}

/* Nobody listens to the lines any more: what has gone wrong is for the log. */
static int suspend_all(int peer, const struct xw_owner *owner, int labs, struct xw_error *err)
{
    struct xw_host *host;
    int code = XW_EXIT_OK;
    int rc = xw_host_open(&host, err);

    if (rc < 0)
        return rc;
    for (size_t i = 0; i < owner->lab_count && rc != -EAGAIN; i++) {
        struct xw_error why = {0};
        rc = suspend_world(host, peer, labs, owner->labs[i], owner->name, &why);
        if (rc == XW_EXIT_OK)
            continue;
        code = XW_EXIT_FAILED;
        fprintf(stderr, "<4>%s/%s stays on after the logout, in part or in whole: %s\n",
                owner->labs[i], owner->name, why.text);
    }
    xw_host_close(host);
    return code;
}

int xw_verb_suspend(int peer, const struct xw_request *request, int owners, int labs,
                    struct xw_error *err)
{
    static struct xw_owner owner;
    const struct passwd *user = getpwnam(request->owner);

    if (!user || user->pw_uid == 0)
        return xw_fail(err, -ENOENT, "There is no user %s who could have a world", request->owner);
    const uid_t uid = user->pw_uid;
    /* Who logs out doesn't wait for what follows. */
    xw_reply(peer, "end %d", XW_EXIT_OK);
    shutdown(peer, SHUT_WR);
    int rc = xw_presence_wait(uid, PRESENCE_SECONDS, err);
    if (rc <= 0)
        return rc;
    rc = xw_owner_read(owners, uid, &owner, err);
    if (rc < 0)
        return rc == -ENOENT ? XW_EXIT_OK : rc;
    xw_confine_change(request);
    return suspend_all(peer, &owner, labs, err);
}
