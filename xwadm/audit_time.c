#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "common/names.h"
#include "xwadm/audit_time.h"

/* Midnight, so many days ago. */
static time_t midnight(time_t now, int days)
{
    struct tm parts;

    if (!localtime_r(&now, &parts))
        return 0;
    parts.tm_mday -= days;
    parts.tm_hour = parts.tm_min = parts.tm_sec = 0;
    parts.tm_isdst = -1;
    return mktime(&parts);
}

/* "30m", "2h", "7d": before now. */
static int ago(const char *text, time_t now, time_t *when)
{
    char number[16];
    unsigned long count;
    size_t digits = strspn(text, "0123456789");
    const char unit = text[digits];

    if (digits == 0 || digits >= sizeof(number) || !unit || text[digits + 1] ||
        !strchr("smhd", unit))
        return -EINVAL;
    memcpy(number, text, digits);
    number[digits] = '\0';
    if (xw_number(number, 1000000, &count) < 0)
        return -EINVAL;
    *when = now - (time_t)count * (unit == 's' ? 1 : unit == 'm' ? 60 : unit == 'h' ? 3600 : 86400);
    return 0;
}

/* A date, with a time of day or without; with Z at the end it is UTC, otherwise local. */
static int date(const char *text, time_t *when)
{
    static const char *const forms[] = {"%Y-%m-%dT%H:%M:%S", "%Y-%m-%d %H:%M:%S", "%Y-%m-%dT%H:%M",
                                        "%Y-%m-%d %H:%M", "%Y-%m-%d"};

    for (size_t i = 0; i < sizeof(forms) / sizeof(forms[0]); i++) {
        struct tm parts = {.tm_isdst = -1};
        const char *rest = strptime(text, forms[i], &parts);
        if (!rest || (*rest && strcmp(rest, "Z") != 0))
            continue;
        *when = *rest ? timegm(&parts) : mktime(&parts);
        return *when < 0 ? -EINVAL : 0;
    }
    return -EINVAL;
}

int xw_audit_when(const char *text, time_t now, uint64_t *usec)
{
    time_t when = 0;
    int rc = 0;

    if (strcmp(text, "today") == 0)
        when = midnight(now, 0);
    else if (strcmp(text, "yesterday") == 0)
        when = midnight(now, 1);
    else if (strcmp(text, "all") != 0 && ago(text, now, &when) < 0)
        rc = date(text, &when);
    if (rc == 0)
        *usec = when > 0 ? (uint64_t)when * 1000000 : 0;
    return rc;
}
