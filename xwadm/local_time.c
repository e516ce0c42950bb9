#include "xwadm/local_time.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

/* Offsets from UTC are within 15 hours, and change by whole quarters of an hour nowadays. */
enum { REACH = 16 * 3600, STEP = 900, DECIMAL = 10 };

/* Reads as many digits as the form has letters; -1 where there is something else. */
static int digits(const char *text, size_t from, size_t count)
{
    int number = 0;

    for (size_t i = from; i < from + count; i++) {
        if (text[i] < '0' || text[i] > '9')
            return -1;
        number = number * DECIMAL + (text[i] - '0');
    }
    return number;
}

static unsigned int days_of(unsigned int year, unsigned int month)
{
    static const unsigned int days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;

    return month == 2 && leap ? 29 : days[month - 1];
}

const char *xw_local_time_read(const char *text, struct xw_local_time *local)
{
    static const char form[] = "    -  -     :  ";

    if (strlen(text) != strlen(form))
        return "write it as " XW_LOCAL_TIME_FORM;
    const int part[] = {digits(text, 0, 4), digits(text, 5, 2), digits(text, 8, 2),
                        digits(text, 11, 2), digits(text, 14, 2)};
    for (size_t i = 0; i < sizeof(part) / sizeof(part[0]); i++) {
        if (part[i] < 0)
            return "write it as " XW_LOCAL_TIME_FORM;
    }
    if (text[4] != '-' || text[7] != '-' || text[10] != ' ' || text[13] != ':')
        return "write it as " XW_LOCAL_TIME_FORM;
    *local =
        (struct xw_local_time){(unsigned int)part[0], (unsigned int)part[1], (unsigned int)part[2],
                               (unsigned int)part[3], (unsigned int)part[4]};
    if (local->year < 1971 || local->year > 9998)
        return "the year must be from 1971 to 9998";
    if (local->month < 1 || local->month > 12)
        return "the month must be from 01 to 12";
    if (local->day < 1 || local->day > days_of(local->year, local->month))
        return "the month has no such day";
    if (local->hour > 23 || local->minute > 59)
        return "the time of day must be from 00:00 to 23:59";
    return NULL;
}

void xw_local_time_write(const struct xw_local_time *local, char text[XW_LOCAL_TIME_SIZE])
{
    /* Rests, so that the compiler, too, sees that it fits. */
    snprintf(text, XW_LOCAL_TIME_SIZE, "%04u-%02u-%02u %02u:%02u", local->year % 10000,
             local->month % 100, local->day % 100, local->hour % 100, local->minute % 100);
}

/*
 * mktime(3) is not asked: for a time that there isn't, or is twice, it gives some other or one of
 * the two, whichever it finds. Each offset that the place has around this time is tried instead.
 */
int xw_local_time_find(const struct xw_local_time *local, time_t *first, time_t *last)
{
    struct tm parts = {.tm_year = (int)local->year - 1900,
                       .tm_mon = (int)local->month - 1,
                       .tm_mday = (int)local->day,
                       .tm_hour = (int)local->hour,
                       .tm_min = (int)local->minute};
    const time_t wanted = timegm(&parts);
    int found = 0;

    for (time_t at = wanted - REACH; at <= wanted + REACH; at += STEP) {
        struct tm there;
        if (!localtime_r(&at, &there))
            continue;
        const time_t when = wanted - there.tm_gmtoff;
        const long offset = there.tm_gmtoff;
        if (!localtime_r(&when, &there) || there.tm_gmtoff != offset)
            continue;
        if (found == 0)
            *first = when;
        if (found == 0 || when != *last)
            found++;
        *last = when;
    }
    return found;
}
