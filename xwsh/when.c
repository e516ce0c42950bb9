#include "xwsh/when.h"

#include <stdio.h>

enum { MINUTE = 60, HOUR = 3600, DAY = 86400, DATE_SIZE = 40 };

static void date(time_t when, time_t now, char text[DATE_SIZE])
{
    static const char *const days[] = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
    static const char *const months[] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                         "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
    struct tm at;
    struct tm today;
    char year[16] = "";

    text[0] = '\0';
    if (!localtime_r(&when, &at) || !localtime_r(&now, &today))
        return;
    if (at.tm_year != today.tm_year)
        snprintf(year, sizeof(year), " %d", at.tm_year + 1900);
    snprintf(text, DATE_SIZE, "%s %d %s%s %02d:%02d", days[at.tm_wday], at.tm_mday,
             months[at.tm_mon], year, at.tm_hour, at.tm_min);
}

void xw_when_date(time_t when, time_t now, char text[XW_WHEN_SIZE])
{
    char day[DATE_SIZE];

    date(when, now, day);
    snprintf(text, XW_WHEN_SIZE, "%s", day);
}

/* How long still, rounded down: nobody is promised more than there is. */
static void closes(time_t when, time_t now, char text[XW_WHEN_SIZE])
{
    const time_t left = when - now;
    char day[DATE_SIZE];

    if (left >= DAY) {
        date(when, now, day);
        snprintf(text, XW_WHEN_SIZE, "closes %s", day);
    } else if (left >= HOUR) {
        snprintf(text, XW_WHEN_SIZE, "closes in %d h", (int)(left / HOUR));
    } else if (left >= MINUTE) {
        snprintf(text, XW_WHEN_SIZE, "closes in %d min", (int)(left / MINUTE));
    } else {
        snprintf(text, XW_WHEN_SIZE, "closes in less than a minute");
    }
}

void xw_when_text(const struct xw_window *window, time_t now, char text[XW_WHEN_SIZE])
{
    char day[DATE_SIZE];

    text[0] = '\0';
    if (!window)
        return;
    switch (window->state) {
    case XW_WINDOW_BEFORE:
        date(window->opens, now, day);
        snprintf(text, XW_WHEN_SIZE, "opens %s", day);
        break;
    case XW_WINDOW_OPEN:
        if (window->closes)
            closes(window->closes, now, text);
        break;
    default:
        date(window->closes, now, day);
        snprintf(text, XW_WHEN_SIZE, "closed since %s", day);
        break;
    }
}

void xw_when_refusal(const char *lab, const struct xw_window *window, time_t now, char *text,
                     size_t size)
{
    char when[XW_WHEN_SIZE];

    xw_when_text(window, now, when);
    if (window->state == XW_WINDOW_BEFORE)
        snprintf(text, size, "%s %s; until then you can look at it and no more", lab, when);
    else
        snprintf(text, size,
                 "%s is %s; you can look at it still, and ask your instructor for more time", lab,
                 when);
}

void xw_when_rfc3339(time_t when, char text[XW_RFC3339_SIZE])
{
    struct tm at;

    if (!gmtime_r(&when, &at) || strftime(text, XW_RFC3339_SIZE, "%Y-%m-%dT%H:%M:%SZ", &at) == 0)
        text[0] = '\0';
}
