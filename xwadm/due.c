#include "xwadm/due.h"

enum { SECONDS_PER_DAY = 86400 };

bool xw_due_stop(const struct xw_window *window)
{
    return window->closes != 0 && window->state == XW_WINDOW_CLOSED;
}

bool xw_due_purge(const struct xw_window *window, unsigned int days, time_t now)
{
    return xw_due_stop(window) && now - window->ends >= (time_t)days * SECONDS_PER_DAY;
}
