#include <errno.h>

#include "common/paths.h"
#include "xwhelper/keeper/auditing.h"
#include "xwhelper/keeper/host.h"

int xw_auditing_require(enum xw_auditing state, struct xw_error *err)
{
    struct xw_config config;

    if (state == XW_AUDITING_ON)
        return 0;
    int rc = xw_config_read(XW_CONFIG_PATH, &config, err);
    if (rc < 0)
        return rc;
    if (!config.audit_required)
        return 0;
    return xw_fail(err, -EAGAIN,
                   "this lab keeps a record of every change, and the host's auditing is off: "
                   "nothing was done; tell your instructor");
}
