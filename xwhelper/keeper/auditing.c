#include "xwhelper/keeper/auditing.h"

#include <libaudit.h>

enum xw_auditing xw_auditing(void)
{
    int fd = audit_open();
    int enabled = fd < 0 ? -1 : audit_is_enabled(fd);

    if (fd >= 0)
        audit_close(fd);
    if (enabled < 0)
        return XW_AUDITING_UNKNOWN;
    return enabled > 0 ? XW_AUDITING_ON : XW_AUDITING_OFF;
}

const char *xw_auditing_word(enum xw_auditing state)
{
    static const char *const words[] = {"unknown", "off", "on"};

    return words[state];
}
