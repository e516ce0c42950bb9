/*
 * Who logs in, by the data base of users (nsswitch.conf(5)), and whether the module is for them.
 */
#ifndef XW_PAM_PERSON_H
#define XW_PAM_PERSON_H

#include <security/pam_modules.h>
#include <sys/types.h>

#include "common/access.h"
#include "common/error.h"

struct xw_pam_person {
    const char *name; /* as the data base spells it; PAM's until pam_end(3) */
    gid_t *groups;    /* the caller frees with xw_pam_person_clear() */
    struct xw_caller caller;
};

/*
 * Looks up PAM_USER as it is now. Returns
 *   PAM_SUCCESS       a member of one of the groups (names joined by commas): *person is filled;
 *   PAM_IGNORE        uid 0, or somebody who is a member of none of them: nothing of ours has been
 *                     opened or asked, so whatever is broken there keeps neither root nor staff
 * out; PAM_USER_UNKNOWN  PAM_USER isn't set, or there is no such user; PAM_SYSTEM_ERR, PAM_BUF_ERR
 * a look-up failed: it isn't known who this is. A group that doesn't exist has no members. *err has
 * words for the log after anything but PAM_SUCCESS and PAM_IGNORE.
 *
 * Only functions with a buffer of their own are used (getgrnam_r(3), getgrouplist(3),
 * pam_modutil_getpwnam): other threads of the process may be looking up, too.
 */
int xw_pam_person_find(pam_handle_t *pamh, const char *groups, struct xw_pam_person *person,
                       struct xw_error *err);

void xw_pam_person_clear(struct xw_pam_person *person);

#endif
