/* In the place of xw_landlock_enter() (ld --wrap): as on a kernel without Landlock. */
#include "common/landlock.h"

int __wrap_xw_landlock_enter(const struct xw_reach *reach);

int __wrap_xw_landlock_enter(const struct xw_reach *reach)
{
    (void)reach;
    return XW_LANDLOCK_NONE;
}
