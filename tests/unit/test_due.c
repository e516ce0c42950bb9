/* links: xwadm/due.c common/access.c common/names.c common/request.c */
/*
 * Which worlds are due, by lab, owner and time (T-E8).
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "xwadm/due.h"

#define DAY    86400
#define CLOSES 1000000000

/* alice's world of "fw" is extended; her other lab's extension is none of this one. */
static const struct xw_owner extended = {.uid = 1001,
                                         .name = "alice",
                                         .lab_count = 2,
                                         .labs = {"fw", "other"},
                                         .until = {CLOSES + 10 * DAY, CLOSES + 99 * DAY}};
static const struct xw_owner earlier = {
    .uid = 1001, .name = "alice", .lab_count = 1, .labs = {"fw"}, .until = {CLOSES - DAY}};
static const struct xw_owner plain = {
    .uid = 1002, .name = "bob", .lab_count = 2, .labs = {"fw", "other"}, .until = {0, CLOSES * 2}};

static const struct xw_access always = {.lab = "fw"};
static const struct xw_access opens = {.lab = "fw", .opens = CLOSES};
static const struct xw_access closes = {.lab = "fw", .closes = CLOSES};
static const struct xw_access grace = {.lab = "fw", .closes = CLOSES, .grace = 3600};
static const struct xw_access term = {.lab = "fw", .opens = CLOSES - DAY, .closes = CLOSES};

static const struct {
    const char *what;
    const struct xw_access *access;
    const struct xw_owner *owner;
    time_t now;
    unsigned int days;
    bool stop, purge;
} cases[] = {
    {"never closes", &always, &plain, CLOSES, 0, false, false},
    {"never closes, at the end of time", &always, &plain, XW_TIME_MAX, 0, false, false},
    {"never closes, extended", &always, &extended, XW_TIME_MAX, 0, false, false},
    {"not open yet, and never closes", &opens, &plain, 0, 0, false, false},
    {"open, and never closes", &opens, &plain, XW_TIME_MAX, 0, false, false},
    {"not open yet", &term, &plain, CLOSES - DAY - 1, 0, false, false},
    {"the last second", &closes, &plain, CLOSES - 1, 0, false, false},
    {"the first second after", &closes, &plain, CLOSES, 30, true, false},
    {"no record of the owner", &closes, NULL, CLOSES, 30, true, false},
    {"in the grace time", &grace, &plain, CLOSES + 3599, 0, false, false},
    {"after the grace time", &grace, &plain, CLOSES + 3600, 30, true, false},
    {"extended", &closes, &extended, CLOSES + 10 * DAY - 1, 0, false, false},
    {"after the extension", &closes, &extended, CLOSES + 10 * DAY, 30, true, false},
    {"the grace time after the extension", &grace, &extended, CLOSES + 10 * DAY + 3599, 0, false,
     false},
    {"both over", &grace, &extended, CLOSES + 10 * DAY + 3600, 30, true, false},
    {"extended to before the closing", &closes, &earlier, CLOSES - 1, 0, false, false},
    {"extended to before the closing, closed", &closes, &earlier, CLOSES, 1, true, false},
    {"no days", &closes, &plain, CLOSES, 0, true, true},
    {"30 days less a second", &closes, &plain, CLOSES + 30 * DAY - 1, 30, true, false},
    {"30 days", &closes, &plain, CLOSES + 30 * DAY, 30, true, true},
    {"30 days after closing, in days of the grace time", &grace, &plain, CLOSES + 30 * DAY, 30,
     true, false},
    {"30 days after the grace time", &grace, &plain, CLOSES + 3600 + 30 * DAY, 30, true, true},
    {"30 days after closing, extended by 10", &closes, &extended, CLOSES + 30 * DAY, 30, true,
     false},
    {"30 days after the extension", &closes, &extended, CLOSES + 40 * DAY, 30, true, true},
    {"the most days", &closes, &plain, CLOSES + 36500LL * DAY - 1, 36500, true, false},
    {"after the most days", &closes, &plain, CLOSES + 36500LL * DAY, 36500, true, true},
};

static void worlds_that_are_due(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        const struct xw_window window =
            xw_access_window(cases[i].owner, cases[i].access, cases[i].now);
        if (xw_due_stop(&window) != cases[i].stop)
            fail_msg("%s: to be stopped?", cases[i].what);
        if (xw_due_purge(&window, cases[i].days, cases[i].now) != cases[i].purge)
            fail_msg("%s: to be removed?", cases[i].what);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(worlds_that_are_due)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
