/*
 * pam_xworlds.so: the six functions that libpam calls (pam_sm_acct_mgmt(3) and its like; the rest
 * of the module is hidden). It runs inside other people's processes, as root: it keeps no state of
 * its own between calls, touches neither signals, limits, umask nor environment, executes nothing,
 * writes to no standard descriptor, and leaves no descriptor open.
 *
 * What is returned, in this order:
 *   1. PAM_IGNORE for uid 0 and for who is in none of the groups, before anything else is looked
 * at;
 *   2. PAM_SERVICE_ERR where the arguments of the stack are wrong;
 *   3. what the function is about: PAM_SUCCESS, or PAM_PERM_DENIED for who has no business here;
 *   4. any failure on the way is an error of its own, never PAM_SUCCESS or PAM_IGNORE.
 * The functions that the module has no part in return PAM_IGNORE: they neither let anybody in nor
 * keep anybody out, and a stack of nothing else fails (pam.conf(5)).
 */
#include <errno.h>
#include <security/pam_ext.h>
#include <security/pam_modules.h>
#include <syslog.h>
#include <time.h>

#include "common/error.h"
#include "common/names.h"
#include "pam/account.h"
#include "pam/keeper.h"
#include "pam/options.h"
#include "pam/person.h"
#include "xwsh/prepared.h"

#define ENTRY __attribute__((visibility("default")))

#define UNABLE_TEXT "The lab can't check your account just now; tell your administrator."

struct call {
    pam_handle_t *pamh;
    int flags;
    struct xw_pam_options options;
    struct xw_pam_person person;
};

/* Says a sentence to the person, unless nothing is to be said. */
static int tell(const struct call *call, int style, const char *sentence)
{
    if (call->options.quiet || ((unsigned int)call->flags & PAM_SILENT))
        return PAM_SUCCESS;
    int status = pam_prompt(call->pamh, style, NULL, "%s", sentence);
    if (status != PAM_SUCCESS)
        pam_syslog(call->pamh, LOG_WARNING, "the user can't be told: %s",
                   pam_strerror(call->pamh, status));
    return status;
}

/* PAM's word for one of our failures. */
static int status_of(int rc)
{
    switch (rc) {
    case -ENOMEM:
        return PAM_BUF_ERR;
    case -EBADMSG:
        return PAM_SERVICE_ERR;
    default:
        return PAM_SYSTEM_ERR;
    }
}

/* Reads the arguments and finds out who it is about. PAM_SUCCESS: there is something to do. */
static int begin(struct call *call, pam_handle_t *pamh, int flags, int argc, const char **argv)
{
    struct xw_error wrong = {0};
    struct xw_error err = {0};

    *call = (struct call){.pamh = pamh, .flags = flags};
    int rc = xw_pam_options_read(argc, argv, &call->options, &wrong);
    if (rc < 0)
        pam_syslog(pamh, LOG_ERR, "in the PAM stack: %s", wrong.text);
    int status = xw_pam_person_find(pamh, call->options.groups, &call->person, &err);
    if (status == PAM_IGNORE) {
        if (call->options.debug)
            pam_syslog(pamh, LOG_DEBUG, "root, or in none of the groups %s: not for us",
                       call->options.groups);
        return PAM_IGNORE;
    }
    if (status != PAM_SUCCESS) {
        pam_syslog(pamh, LOG_ERR, "%s", err.text);
        return status;
    }
    if (rc == 0)
        return PAM_SUCCESS;
    xw_pam_person_clear(&call->person);
    tell(call, PAM_ERROR_MSG, UNABLE_TEXT);
    return PAM_SERVICE_ERR;
}

static int decide(const struct call *call)
{
    enum xw_pam_verdict verdict = XW_PAM_NO_LAB;
    char why[XW_PAM_SENTENCE_SIZE];
    struct xw_error err = {0};
    struct timespec now;
    int rc = clock_gettime(CLOCK_REALTIME, &now) < 0
                 ? xw_fail_errno(&err, -errno, "there is no clock to decide by")
                 : xw_pam_account(&call->options, &call->person, now.tv_sec, &verdict, why, &err);

    if (err.code != 0)
        pam_syslog(call->pamh, LOG_ERR, "%s", err.text);
    if (rc < 0) {
        tell(call, PAM_ERROR_MSG, UNABLE_TEXT);
        return status_of(rc);
    }
    if (verdict == XW_PAM_ADMIT) {
        if (call->options.debug)
            pam_syslog(call->pamh, LOG_DEBUG, "%s: let in", call->person.name);
        return PAM_SUCCESS;
    }
    static const char *const reasons[] = {[XW_PAM_NO_LAB] = "no lab is open to this user",
                                          [XW_PAM_CLOSED] = "no lab of this user is open now",
                                          [XW_PAM_MAINTENANCE] = "maintenance"};
    pam_syslog(call->pamh, LOG_NOTICE, "%s: not let in: %s", call->person.name, reasons[verdict]);
    tell(call, PAM_ERROR_MSG, why);
    return PAM_PERM_DENIED;
}

ENTRY int pam_sm_acct_mgmt(pam_handle_t *pamh, int flags, int argc, const char **argv)
{
    struct call call;
    int status = begin(&call, pamh, flags, argc, argv);

    if (status == PAM_SUCCESS) {
        status = decide(&call);
        xw_pam_person_clear(&call.person);
    }
    return status;
}

/* Says what has become of the worlds, and leaves it for xwsh, which the person may see instead. */
static int tell_prepared(const struct call *call, int style, enum xw_prepared prepared)
{
    int told = tell(call, style, xw_prepared_text(prepared));
    int status =
        call->options.quiet ? PAM_SUCCESS : pam_putenv(call->pamh, xw_prepared_setting(prepared));

    if (status != PAM_SUCCESS)
        pam_syslog(call->pamh, LOG_WARNING, "xwsh can't be told: %s",
                   pam_strerror(call->pamh, status));
    return told != PAM_SUCCESS ? told : status;
}

static int prepare(const struct call *call)
{
    const char *name = call->person.name;
    enum xw_pam_prepared outcome = XW_PAM_UNDER_WAY;
    struct xw_error err = {0};

    /* An instructor whose name is beyond the grammar of owners can have no world. */
    if (!xw_owner_ok(name))
        return PAM_SUCCESS;
    int rc = xw_pam_prepare(name, call->options.prepare_timeout, &outcome, &err);
    if (rc < 0) {
        pam_syslog(call->pamh, LOG_ERR, "%s: the worlds could not be made: %s", name, err.text);
        tell_prepared(call, PAM_ERROR_MSG, XW_PREPARED_FAILED);
        return PAM_SESSION_ERR;
    }
    if (outcome == XW_PAM_READY) {
        if (call->options.debug)
            pam_syslog(call->pamh, LOG_DEBUG, "%s: the worlds are there", name);
        return PAM_SUCCESS;
    }
    pam_syslog(call->pamh, LOG_NOTICE,
               "%s: the keeper hasn't ended after %u s; the login goes on, and so does the keeper",
               name, call->options.prepare_timeout);
    return tell_prepared(call, PAM_TEXT_INFO, XW_PREPARED_LATER) == PAM_SUCCESS ? PAM_SUCCESS
                                                                                : PAM_SESSION_ERR;
}

ENTRY int pam_sm_open_session(pam_handle_t *pamh, int flags, int argc, const char **argv)
{
    struct call call;
    int status = begin(&call, pamh, flags, argc, argv);

    if (status == PAM_SUCCESS) {
        status = prepare(&call);
        xw_pam_person_clear(&call.person);
    }
    return status;
}

/* Nobody is told: who logs out may have no terminal any more. */
static int suspend(const struct call *call)
{
    const char *name = call->person.name;
    struct xw_error err = {0};
    int rc = xw_pam_suspends(&call->options, &err);

    if (rc == 0 || (rc > 0 && !xw_owner_ok(name)))
        return PAM_SUCCESS;
    if (rc > 0)
        rc = xw_pam_suspend(name, call->options.prepare_timeout, &err);
    if (rc < 0) {
        pam_syslog(call->pamh, LOG_ERR, "%s: the worlds stay on after the logout: %s", name,
                   err.text);
        return PAM_SESSION_ERR;
    }
    if (call->options.debug)
        pam_syslog(call->pamh, LOG_DEBUG, "%s: the keeper suspends what nobody has open", name);
    return PAM_SUCCESS;
}

/* Worlds stay, and so do machines that run, unless the configuration wants them suspended. */
ENTRY int pam_sm_close_session(pam_handle_t *pamh, int flags, int argc, const char **argv)
{
    struct call call;
    int status = begin(&call, pamh, flags, argc, argv);

    if (status == PAM_SUCCESS) {
        status = suspend(&call);
        xw_pam_person_clear(&call.person);
    }
    return status;
}

static int no_part(pam_handle_t *pamh, const char *type)
{
    pam_syslog(pamh, LOG_ERR, "this module has no part in %s; see pam_xworlds(8)", type);
    return PAM_IGNORE;
}

ENTRY int pam_sm_authenticate(pam_handle_t *pamh, int flags, int argc, const char **argv)
{
    (void)flags;
    (void)argc;
    (void)argv;
    return no_part(pamh, "auth");
}

/* Called by services even where authentication was not PAM's (sshd with a key); quietly. */
ENTRY int pam_sm_setcred(pam_handle_t *pamh, int flags, int argc, const char **argv)
{
    (void)pamh;
    (void)flags;
    (void)argc;
    (void)argv;
    return PAM_IGNORE;
}

ENTRY int pam_sm_chauthtok(pam_handle_t *pamh, int flags, int argc, const char **argv)
{
    (void)flags;
    (void)argc;
    (void)argv;
    return no_part(pamh, "password");
}
