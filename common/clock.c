#include "common/clock.h"

#include <stdlib.h>

time_t xw_clock_now(void)
{
    struct timespec now;

    if (clock_gettime(CLOCK_REALTIME, &now) < 0)
        abort();
    return now.tv_sec;
}
