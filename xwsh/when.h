/*
 * A lab's window in words, by the host's clock and in English, as everything else here.
 */
#ifndef XW_XWSH_WHEN_H
#define XW_XWSH_WHEN_H

#include <stdbool.h>
#include <stddef.h>
#include <time.h>

#include "common/access.h"

#define XW_WHEN_SIZE 64

/*
 * "opens Tue 1 Dec 08:00", "closes in 3 h", "closes Tue 8 Dec 08:00" where that is more than a day
 * ahead, "closed since Tue 8 Dec 08:00"; with the year where it isn't this one. "" where there is
 * nothing to tell: window is NULL, or nothing is to come.
 */
void xw_when_text(const struct xw_window *window, time_t now, char text[XW_WHEN_SIZE]);

/* A whole sentence for what was refused because of the time. */
void xw_when_refusal(const char *lab, const struct xw_window *window, time_t now, char *text,
                     size_t size);

/* "Tue 1 Dec 08:00", with the year where it isn't this one. */
void xw_when_date(time_t when, time_t now, char text[XW_WHEN_SIZE]);

/* UTC as RFC 3339 has it: "2026-12-01T08:00:00Z". */
#define XW_RFC3339_SIZE 32
void xw_when_rfc3339(time_t when, char text[XW_RFC3339_SIZE]);

#endif
