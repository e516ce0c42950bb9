/* links: common/access.c common/names.c common/request.c */
/*
 * The access rule over every combination of what goes into it (T-A5, T-E1). Each value of each
 * input says by itself whether it fits; the rule must allow exactly where all do.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <string.h>

#include "common/access.h"

enum { ALICE = 1001, BOB = 1002, STUDENTS = 2001, TEACHERS = 2002, OTHERS = 2003 };

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* Callers; the records are alice's. */
static const struct {
    uid_t uid;
    bool is_alice;
    bool is_root;
} callers[] = {
    {ALICE, true, false},        {BOB, false, false},         {0, false, true},
    {1, false, false},           {65534, false, false},       {2147483648U, false, false},
    {4294967294U, false, false}, {4294967295U, false, false}, {ALICE + 65536, false, false},
};

static const struct {
    gid_t gids[4];
    size_t count;
    bool student;
    bool instructor;
} groups[] = {
    {{0}, 0, false, false},
    {{STUDENTS}, 1, true, false},
    {{TEACHERS}, 1, false, true},
    {{OTHERS, 0, 100}, 3, false, false},
    {{OTHERS, TEACHERS, STUDENTS}, 3, true, true},
    {{STUDENTS + 65536, STUDENTS - 1, STUDENTS + 1, 0}, 4, false, false},
    {{4294967295U}, 1, false, false},
};

/* Owners' records; "fits": it is alice's, of the uid that asks. */
static const struct {
    bool there;
    struct xw_owner owner;
    bool is_alices;
    bool lists_lab1;
} owners[] = {
    {false, {.uid = 0}, false, false},
    {true, {ALICE, "alice", 1, {"lab1"}, {0}}, true, true},
    {true, {ALICE, "alice", 3, {"lab11", "lab", "lab1"}, {0}}, true, true},
    {true, {ALICE, "alice", 2, {"lab11", "lab"}, {0}}, true, false},
    {true, {ALICE, "alice", 0, {""}, {0}}, true, false},
    {true, {ALICE, "alicea", 1, {"lab1"}, {0}}, false, true},
    {true, {ALICE, "@bob", 1, {"lab1"}, {0}}, false, true},
    {true, {BOB + 1, "alice", 1, {"lab1"}, {0}}, false, true},
};

/* Labs' records; "fits": it is lab1's. */
static const struct {
    bool there;
    struct xw_access access;
    bool is_lab1;
    bool has_students;
    bool has_instructors; /* TEACHERS */
} lab_records[] = {
    {false, {.lab = ""}, false, false, false},
    {true,
     {.lab = "lab1",
      .student_count = 1,
      .students = {STUDENTS},
      .instructor_count = 1,
      .instructors = {TEACHERS},
      .machine_count = 2,
      .machines = {"m1", "m2"}},
     true,
     true,
     true},
    {true,
     {.lab = "lab1",
      .student_count = 2,
      .students = {1500, STUDENTS},
      .machine_count = 3,
      .machines = {"m0", "m1", "m2"}},
     true,
     true,
     false},
    {true,
     {.lab = "lab1",
      .student_count = 1,
      .students = {OTHERS + 1},
      .instructor_count = 1,
      .instructors = {STUDENTS},
      .machine_count = 2,
      .machines = {"m1", "m2"}},
     true,
     false,
     false},
    {true, {.lab = "lab1", .machine_count = 2, .machines = {"m1", "m2"}}, true, false, false},
    {true,
     {.lab = "lab10",
      .student_count = 1,
      .students = {STUDENTS},
      .machine_count = 2,
      .machines = {"m1", "m2"}},
     false,
     true,
     false},
};

/* What the request names. */
static const struct {
    const char *name;
    bool fits;
} owner_names[] = {{"alice", true},
                   {"bob", false},
                   {"@alice", false},
                   {"alic", false},
                   {"", false}},
  lab_names[] = {{"lab1", true}, {"lab10", false}, {"lab", false}, {"", false}};

static const struct {
    bool whole;
    size_t count;
    const char *names[3];
    bool fits;
} machines[] = {
    {true, 0, {NULL}, true},
    {false, 1, {"m1"}, true},
    {false, 2, {"m2", "m1"}, true},
    {false, 1, {"m"}, false},
    {false, 1, {"m11"}, false},
    {false, 2, {"m1", "m3"}, false},
    {false, 3, {"m3", "m1", "m2"}, false},
};

/*
 * The time, and what lab1's record and alice's say of it. Each is told apart from the others by one
 * thing.
 */
static const struct {
    time_t opens, closes, grace, until;
    time_t now;
    bool open;
} windows[] = {
    {0, 0, 0, 0, 5000, true},          {4000, 6000, 100, 0, 5000, true},
    {5001, 6000, 100, 0, 5000, false}, {4000, 5000, 100, 0, 5000, false},
    {4000, 4500, 500, 0, 5000, false}, {4000, 4500, 500, 5001, 5000, true},
};

/* Each record in each window. */
static struct xw_owner timed_owners[COUNT(owners)][COUNT(windows)];
static struct xw_access timed_labs[COUNT(lab_records)][COUNT(windows)];

static void fill_in_times(void)
{
    for (size_t window = 0; window < COUNT(windows); window++) {
        for (size_t i = 0; i < COUNT(owners); i++) {
            struct xw_owner *owner = &timed_owners[i][window];
            *owner = owners[i].owner;
            for (size_t lab = 0; lab < owner->lab_count; lab++)
                owner->until[lab] =
                    strcmp(owner->labs[lab], "lab1") == 0 ? windows[window].until : 9999;
        }
        for (size_t i = 0; i < COUNT(lab_records); i++) {
            struct xw_access *access = &timed_labs[i][window];
            *access = lab_records[i].access;
            access->opens = windows[window].opens;
            access->closes = windows[window].closes;
            access->grace = windows[window].grace;
        }
    }
}

/* One combination: an index into each of the arrays. */
struct cell {
    size_t caller, groups, owner, lab, owner_name, lab_name, machines, window;
    enum xw_verb verb;
};

/* Whether it is theirs, at a time at which it may be used. */
static bool is_theirs(const struct cell *cell)
{
    /* By name, so that a row of the table that changes its meaning is noticed. */
    const char *verb = xw_verb_info(cell->verb)->name;

    if (strcmp(verb, "prepare") == 0 || strcmp(verb, "suspend") == 0)
        return callers[cell->caller].is_root;
    if (!callers[cell->caller].is_alice || !owners[cell->owner].is_alices ||
        !owner_names[cell->owner_name].fits)
        return false;
    if (strcmp(verb, "list") == 0)
        return true;
    if (!lab_records[cell->lab].is_lab1 || !lab_names[cell->lab_name].fits ||
        !owners[cell->owner].lists_lab1 || !lab_records[cell->lab].has_students ||
        !groups[cell->groups].student)
        return false;
    return strcmp(verb, "status") == 0 || machines[cell->machines].fits;
}

static enum xw_decision expected(const struct cell *cell)
{
    const char *verb = xw_verb_info(cell->verb)->name;
    bool looks = strcmp(verb, "list") == 0 || strcmp(verb, "status") == 0;

    if (!is_theirs(cell))
        return XW_DECISION_REFUSE;
    /* In the groups that are students' and instructors' both, the lab can be tried at any time. */
    return looks || strcmp(verb, "prepare") == 0 || strcmp(verb, "suspend") == 0 ||
                   windows[cell->window].open ||
                   (lab_records[cell->lab].has_instructors && groups[cell->groups].instructor)
               ? XW_DECISION_ALLOW
               : XW_DECISION_LIMIT;
}

static enum xw_decision decide(const struct cell *cell)
{
    const struct xw_caller caller = {callers[cell->caller].uid, groups[cell->groups].gids,
                                     groups[cell->groups].count};
    struct xw_request request = {.verb = cell->verb};
    enum xw_scope scope = xw_verb_info(cell->verb)->scope;

    snprintf(request.owner, sizeof(request.owner), "%s", owner_names[cell->owner_name].name);
    if (scope != XW_SCOPE_NONE)
        snprintf(request.lab, sizeof(request.lab), "%s", lab_names[cell->lab_name].name);
    if (scope == XW_SCOPE_SET || scope == XW_SCOPE_ONE) {
        request.whole_world = machines[cell->machines].whole;
        request.machine_count = machines[cell->machines].count;
        for (size_t i = 0; i < request.machine_count; i++)
            snprintf(request.machines[i], XW_NAME_SIZE, "%s", machines[cell->machines].names[i]);
    }
    return xw_access_decide(
        &caller, &request,
        owners[cell->owner].there ? &timed_owners[cell->owner][cell->window] : NULL,
        lab_records[cell->lab].there ? &timed_labs[cell->lab][cell->window] : NULL,
        windows[cell->window].now);
}

/* The next combination, like a counter's wheels; false after the last. */
static bool advance(struct cell *cell)
{
    size_t *const wheels[] = {&cell->caller,     &cell->groups,   &cell->owner,   &cell->lab,
                              &cell->owner_name, &cell->lab_name, &cell->machines};
    static const size_t sizes[] = {COUNT(callers),     COUNT(groups),      COUNT(owners),
                                   COUNT(lab_records), COUNT(owner_names), COUNT(lab_names),
                                   COUNT(machines)};

    for (size_t i = 0; i < COUNT(wheels); i++) {
        if (++*wheels[i] < sizes[i])
            return true;
        *wheels[i] = 0;
    }
    cell->verb++;
    return cell->verb < XW_VERB_COUNT;
}

struct counts {
    size_t cells;
    size_t allowed;
    size_t limited;
};

static void try_cell(const struct cell *cell, struct counts *counts)
{
    enum xw_decision got = decide(cell);

    if (got != expected(cell))
        fail_msg("%s by uid %u, groups %zu, record %zu, lab record %zu, of %s, lab %s, "
                 "machines %zu, window %zu: %d",
                 xw_verb_info(cell->verb)->name, (unsigned int)callers[cell->caller].uid,
                 cell->groups, cell->owner, cell->lab, owner_names[cell->owner_name].name,
                 lab_names[cell->lab_name].name, cell->machines, cell->window, got);
    counts->cells++;
    counts->allowed += got == XW_DECISION_ALLOW;
    counts->limited += got == XW_DECISION_LIMIT;
}

/* What is theirs in every window; what isn't in one after the other, so in each of them often. */
static void every_combination(void **state)
{
    struct cell cell = {.verb = (enum xw_verb)0};
    struct counts counts = {0};

    (void)state;
    fill_in_times();
    do {
        bool theirs = is_theirs(&cell);
        size_t first = theirs ? 0 : counts.cells % COUNT(windows);
        size_t end = theirs ? COUNT(windows) : first + 1;
        for (cell.window = first; cell.window < end; cell.window++)
            try_cell(&cell, &counts);
    } while (advance(&cell));
    printf("# authorization matrix: %zu cells, %zu of them allowed, %zu at another time\n",
           counts.cells, counts.allowed, counts.limited);
    assert_true(counts.limited > 0 && counts.allowed > 0 && counts.allowed < counts.cells / 6);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_combination),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
