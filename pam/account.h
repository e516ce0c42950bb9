/*
 * May this person in now?
 *
 * Decided here, in the process that logs in, from the compiled records: asking the keeper instead
 * would make every login wait for a service, and let nobody in while it is stopped, for an answer
 * that stands in root's own files. The records are read with the same code as in gate and keeper
 * (common/record.h: root's regular files, no link, bounded) and decided by the same pure functions
 * (common/access.h). The services that log people in run as root, which can read them; one that
 * doesn't gets an error, never admission. Nothing here grants access to a world: gate and keeper
 * decide again at each request.
 */
#ifndef XW_PAM_ACCOUNT_H
#define XW_PAM_ACCOUNT_H

#include <time.h>

#include "common/config.h"
#include "common/error.h"
#include "pam/options.h"
#include "pam/person.h"

enum xw_pam_verdict {
    XW_PAM_ADMIT,
    XW_PAM_NO_LAB,     /* no lab has them, or a group of theirs, among its students, teams or
                          instructors */
    XW_PAM_CLOSED,     /* some have, and none of them is open now */
    XW_PAM_MAINTENANCE /* the admin wants nobody in */
};

/* One sentence for the person; the longest is the admin's. */
#define XW_PAM_SENTENCE_SIZE (XW_MAINTENANCE_MAX + 1)

/* Whether the configuration wants worlds suspended at logout: 1, 0, or a negative errno. */
int xw_pam_suspends(const struct xw_pam_options *options, struct xw_error *err);

/*
 * Decides. Returns 0 with *verdict, and why for anything but XW_PAM_ADMIT; or a negative errno: the
 * configuration or a record that the decision would need can't be read. Where one lab admits,
 * another lab's broken record keeps nobody out; *err then has its text for the log (err->code is
 * set). Students and members of teams are let in while a lab of theirs is open at the time now,
 * with the extension that they or the team have; instructors at any time. Of several labs that
 * aren't open, the sentence is about the next that opens, or else the last that closed.
 */
int xw_pam_account(const struct xw_pam_options *options, const struct xw_pam_person *person,
                   time_t now, enum xw_pam_verdict *verdict, char why[XW_PAM_SENTENCE_SIZE],
                   struct xw_error *err);

#endif
