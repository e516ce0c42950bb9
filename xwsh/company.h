/*
 * Who else is at a console: kept from what the relay tells, and put into words.
 */
#ifndef XW_XWSH_COMPANY_H
#define XW_XWSH_COMPANY_H

#include <stdbool.h>
#include <stddef.h>

#include "xwsh/model.h"

enum { XW_COMPANY_MAX = 16, XW_COMPANY_TEXT_MAX = 1024 };

/* Start with { 0 }. */
struct xw_company {
    size_t count;
    struct xw_viewer who[XW_COMPANY_MAX];
};

/* Adds somebody; takes one of this name and mode out. What makes no sense changes nothing. */
void xw_company_join(struct xw_company *company, const struct xw_viewer *who);
void xw_company_leave(struct xw_company *company, const struct xw_viewer *who);

/* Whether another one's keys alone reach the machine. */
bool xw_company_taken(const struct xw_company *company);

/* "alice, bob (watching)", or "nobody else". */
const char *xw_company_list(const struct xw_company *company, char text[XW_COMPANY_TEXT_MAX]);

/*
 * Says what has changed: somebody of whom joined is true has come, or has left. mine is how this
 * viewer is there; company is as it is now.
 */
const char *xw_company_news(const struct xw_company *company, const struct xw_viewer *who,
                            bool joined, enum xw_viewer_mode mine, char text[XW_COMPANY_TEXT_MAX]);

#endif
