#include "xwadm/extension.h"

#include <errno.h>
#include <string.h>

#include "common/names.h"
#include "common/record.h"
#include "xwadm/local_time.h"

#define FORMS "write 30m, 12h, 2d or 1w, or a time as " XW_LOCAL_TIME_FORM

enum { COUNT_MAX = 10000, DAYS_PER_WEEK = 7, YEAR_MAX = 9998 - 1900, WHEN_SIZE = 64 };

/* So many days later, at the same time of day; where the clock is put forward over it, after that.
 */
static const char *add_days(time_t from, unsigned long days, time_t *until)
{
    struct tm parts;

    if (!localtime_r(&from, &parts))
        return "there is no such day";
    parts.tm_mday += (int)days;
    parts.tm_isdst = -1;
    *until = mktime(&parts);
    return *until > from && parts.tm_year <= YEAR_MAX ? NULL : "that is too long";
}

static const char *add(const char *text, time_t from, time_t *until)
{
    char number[8];
    unsigned long count;
    size_t digits = strspn(text, "0123456789");
    const char unit = text[digits];

    if (digits >= sizeof(number))
        return "that is too long";
    memcpy(number, text, digits);
    number[digits] = '\0';
    if (xw_number(number, COUNT_MAX, &count) < 0 || count == 0)
        return "the number must be from 1 to 10000";
    if (unit == 'd' || unit == 'w')
        return add_days(from, unit == 'w' ? count * DAYS_PER_WEEK : count, until);
    *until = from + (time_t)count * (unit == 'h' ? 3600 : 60);
    return NULL;
}

static const char *at(const char *text, time_t *until)
{
    struct xw_local_time local;
    time_t first;
    const char *wrong = xw_local_time_read(text, &local);

    if (wrong)
        return wrong;
    tzset();
    return xw_local_time_find(&local, &first, until) > 0
               ? NULL
               : "there is no such time, the clock is put forward over it; write one before or "
                 "after";
}

const char *xw_extension_time(const char *text, time_t closes, time_t now, time_t *until)
{
    size_t digits = strspn(text, "0123456789");

    if (digits > 0 && text[digits] && strchr("mhdw", text[digits]) && !text[digits + 1])
        return add(text, closes > now ? closes : now, until);
    return strchr(text, '-') ? at(text, until) : FORMS;
}

int xw_extension_find(const char *lab, const char *text, time_t closes, time_t now, time_t *until,
                      struct xw_error *err)
{
    char when[WHEN_SIZE] = "";
    struct tm parts;

    if (!closes)
        return xw_fail(err, -ERANGE, "the lab \"%s\" doesn't close: there is nothing to extend",
                       lab);
    const char *wrong = xw_extension_time(text, closes, now, until);
    if (wrong)
        return xw_fail(err, -EDOM, "\"%.40s\": %s", text, wrong);
    if (*until <= closes && localtime_r(&closes, &parts))
        strftime(when, sizeof(when), "%Y-%m-%d %H:%M %Z", &parts);
    if (*until <= closes)
        return xw_fail(err, -ERANGE,
                       "the lab \"%s\" is open until %s for everybody: give a later time", lab,
                       when);
    return *until > now ? 0 : xw_fail(err, -ERANGE, "that time is past: give a later one");
}
