/*
 * The module's arguments, as they stand in the PAM stack (pam.conf(5)). No I/O.
 */
#ifndef XW_PAM_OPTIONS_H
#define XW_PAM_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>

#include "common/error.h"

#define XW_PAM_GROUPS_DEFAULT  "xworlds" /* as in contrib/sshd_config.d */
#define XW_PAM_GROUP_NAME_SIZE 128       /* of one name, with its end */

enum { XW_PAM_WAIT_DEFAULT = 2, XW_PAM_WAIT_MAX = 60 }; /* seconds */

/* Strings are borrowed from the arguments. */
struct xw_pam_options {
    const char *groups;           /* whom the module is for: names joined by commas */
    const char *config;           /* the file of xworlds.conf(5) */
    bool config_named;            /* by an argument; then it has to be there */
    bool maintenance;             /* nobody of the groups gets in */
    const char *maintenance_text; /* why, or NULL */
    bool quiet;                   /* no message to the user */
    bool debug;                   /* more in the log */
    unsigned int prepare_timeout; /* seconds that a login may wait for the keeper */
};

/*
 * Reads argc arguments. Returns 0; or -EINVAL with the first one that is wrong in *err. All others
 * count even then, and the groups are usable whatever happens: a mistake in the stack must not make
 * the module apply to somebody whom it isn't for.
 */
int xw_pam_options_read(int argc, const char *const *argv, struct xw_pam_options *options,
                        struct xw_error *err);

/* Takes the next name from a list as in `groups`; false at its end. Start with *rest = groups. */
bool xw_pam_group_next(const char **rest, char name[XW_PAM_GROUP_NAME_SIZE]);

#endif
