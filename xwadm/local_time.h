/*
 * Times as people write them, of the day and the clock of some place, and what they are in UTC
 * there.
 */
#ifndef XW_XWADM_LOCAL_TIME_H
#define XW_XWADM_LOCAL_TIME_H

#include <time.h>

struct xw_local_time {
    unsigned int year; /* 1971 to 9998 */
    unsigned int month;
    unsigned int day;
    unsigned int hour;
    unsigned int minute;
};

#define XW_LOCAL_TIME_SIZE sizeof("2026-12-01 08:00")
#define XW_LOCAL_TIME_FORM "YYYY-MM-DD HH:MM, like 2026-12-01 08:00"

/* Reads exactly that form. Returns NULL, or what is wrong with it. No I/O. */
const char *xw_local_time_read(const char *text, struct xw_local_time *local);

void xw_local_time_write(const struct xw_local_time *local, char text[XW_LOCAL_TIME_SIZE]);

/*
 * What it is in UTC by the process's time zone (tzset(3)). Returns how often the clock shows it: 0
 * where it is put forward over it, 1, or 2 where it is put back over it; *first and *last are the
 * two then, and the same else.
 */
int xw_local_time_find(const struct xw_local_time *local, time_t *first, time_t *last);

#endif
