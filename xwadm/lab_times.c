#include <string.h>

#include "xwadm/lab.h"
#include "xwadm/lab_take.h"

#define ZONE_HINT "the name of a time zone, like Europe/Berlin"

static void take_time(const struct xw_node *node, const char *what, struct xw_lab_time *time,
                      struct xw_problems *problems)
{
    char text[XW_LAB_SHOWN_MAX];

    if (!node || !xw_lab_take_text(node, what, XW_LOCAL_TIME_FORM, text, sizeof(text), problems))
        return;
    const char *wrong = xw_local_time_read(text, &time->local);
    if (wrong) {
        xw_problem_add(problems, node->at, "%s \"%s\": %s", what, text, wrong);
        return;
    }
    time->there = true;
    time->at = node->at;
}

/* Only its look: which zones there are, the parent knows. */
static void take_zone(const struct xw_node *node, struct xw_lab *lab, struct xw_problems *problems)
{
    static const char known[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_+-/";

    if (!node)
        return;
    lab->zone_wrong = true;
    if (!xw_lab_take_text(node, "timezone", ZONE_HINT, lab->zone, sizeof(lab->zone), problems))
        return;
    lab->zone_at = node->at;
    lab->zone_wrong = strspn(lab->zone, known) != strlen(lab->zone);
    if (lab->zone_wrong)
        xw_problem_add(problems, node->at, "timezone \"%s\" can't be one; write " ZONE_HINT,
                       lab->zone);
}

void xw_lab_take_times(const struct xw_node *access, struct xw_lab *lab,
                       struct xw_problems *problems)
{
    const struct xw_node *opens = xw_tree_get(access, "opens");
    const struct xw_node *closes = xw_tree_get(access, "closes");
    const struct xw_node *zone = xw_tree_get(access, "timezone");
    const struct xw_node *grace = xw_tree_get(access, "grace");

    take_zone(zone, lab, problems);
    take_time(opens, "opens", &lab->opens, problems);
    take_time(closes, "closes", &lab->closes, problems);
    xw_lab_take_number(grace, "grace (in minutes)", 0, XW_GRACE_MINUTES, &lab->grace, problems);
    if (zone && !opens && !closes)
        xw_problem_add(problems, zone->at,
                       "timezone means nothing without a time; add \"opens\" or \"closes\", or "
                       "remove it");
    if (grace && !closes)
        xw_problem_add(problems, grace->at,
                       "grace means nothing in a lab that doesn't close; add \"closes\", or "
                       "remove it");
}
