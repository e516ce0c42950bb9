#include "xwsh/company.h"

#include <stdio.h>
#include <string.h>

static size_t find(const struct xw_company *company, const struct xw_viewer *who)
{
    size_t at = 0;

    while (at < company->count &&
           (company->who[at].mode != who->mode || strcmp(company->who[at].name, who->name) != 0))
        at++;
    return at;
}

void xw_company_join(struct xw_company *company, const struct xw_viewer *who)
{
    if (company->count < XW_COMPANY_MAX)
        company->who[company->count++] = *who;
}

void xw_company_leave(struct xw_company *company, const struct xw_viewer *who)
{
    size_t at = find(company, who);

    if (at == company->count)
        return;
    company->count--;
    memmove(&company->who[at], &company->who[at + 1],
            (company->count - at) * sizeof(company->who[0]));
}

bool xw_company_taken(const struct xw_company *company)
{
    for (size_t i = 0; i < company->count; i++) {
        if (company->who[i].mode == XW_VIEWER_TAKES)
            return true;
    }
    return false;
}

const char *xw_company_list(const struct xw_company *company, char text[XW_COMPANY_TEXT_MAX])
{
    static const char *const how[] = {[XW_VIEWER_WRITES] = "",
                                      [XW_VIEWER_WATCHES] = " (watching)",
                                      [XW_VIEWER_TAKES] = " (has taken over)"};
    size_t used = 0;

    snprintf(text, XW_COMPANY_TEXT_MAX, "nobody else");
    for (size_t i = 0; i < company->count && used < XW_COMPANY_TEXT_MAX; i++) {
        int n = snprintf(text + used, XW_COMPANY_TEXT_MAX - used, "%s%s%s", used ? ", " : "",
                         company->who[i].name, how[company->who[i].mode]);
        used += n < 0 ? XW_COMPANY_TEXT_MAX : (size_t)n;
    }
    return text;
}

const char *xw_company_news(const struct xw_company *company, const struct xw_viewer *who,
                            bool joined, enum xw_viewer_mode mine, char text[XW_COMPANY_TEXT_MAX])
{
    const char *what = joined ? "has joined" : "has left";
    const char *mean = "";

    if (joined && who->mode == XW_VIEWER_WATCHES)
        what = "is watching";
    if (joined && who->mode == XW_VIEWER_TAKES)
        what = "has taken over";
    if (who->mode == XW_VIEWER_TAKES && mine != XW_VIEWER_WATCHES)
        mean = joined                      ? "; your keys do nothing until they leave"
               : xw_company_taken(company) ? ""
                                           : "; your keys reach the machine again";
    snprintf(text, XW_COMPANY_TEXT_MAX, "%s %s%s", who->name, what, mean);
    return text;
}
