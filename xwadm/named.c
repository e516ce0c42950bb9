#include "xwadm/named.h"

#include <pwd.h>

#include "xwadm/people.h"

enum xw_named_state xw_named_find(const struct xw_named *named)
{
    const struct passwd *user;
    struct xw_error err = {0};

    if (xw_user_find(named->name, &user, &err) < 0)
        return XW_NAMED_UNKNOWN;
    return user && user->pw_uid == named->uid ? XW_NAMED_THERE : XW_NAMED_CHANGED;
}
