/*
 * What of xworlds.conf(5) concerns this user's session: whether the password is asked for again,
 * and how much may be recorded.
 */
#ifndef XW_XWSH_SETTINGS_H
#define XW_XWSH_SETTINGS_H

#include <stdbool.h>
#include <stdint.h>

#include "common/error.h"
#include "common/request.h"
#include "xwsh/recordings.h"

#define XW_USER_MAX 255 /* bytes; LOGIN_NAME_MAX is 256 */

struct xw_settings {
    unsigned int guarded; /* 1 << enum xw_verb: before which the password is asked for */
    int64_t lock_ms;      /* without a key until the menu locks; 0: never */
    bool by_word;         /* the account is one without a password: a word is typed instead */
    struct xw_recordings_limits recordings; /* of one: 0 where there are to be none */
    char user[XW_USER_MAX + 1];             /* whose password it is; "" while nothing asks for it */
};

/*
 * Reads them. A configuration that can't be read is an error and never the same as none: the caller
 * must refuse what might have been guarded. Returns 0 or a negative errno.
 */
int xw_settings_read(const char *path, struct xw_settings *settings, struct xw_error *err);

/* Whether the password has to be given before this verb. */
bool xw_settings_guard(const struct xw_settings *settings, enum xw_verb verb);

#endif
