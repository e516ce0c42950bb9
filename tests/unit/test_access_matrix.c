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
} groups[] = {
    {{0}, 0, false},
    {{STUDENTS}, 1, true},
    {{TEACHERS}, 1, false},
    {{OTHERS, 0, 100}, 3, false},
    {{OTHERS, TEACHERS, STUDENTS}, 3, true},
    {{STUDENTS + 65536, STUDENTS - 1, STUDENTS + 1, 0}, 4, false},
    {{4294967295U}, 1, false},
};

/* Owners' records; "fits": it is alice's, of the uid that asks. */
static const struct {
    bool there;
    struct xw_owner owner;
    bool is_alices;
    bool lists_lab1;
} owners[] = {
    {false, {.uid = 0}, false, false},
    {true, {ALICE, "alice", 1, {"lab1"}}, true, true},
    {true, {ALICE, "alice", 3, {"lab11", "lab", "lab1"}}, true, true},
    {true, {ALICE, "alice", 2, {"lab11", "lab"}}, true, false},
    {true, {ALICE, "alice", 0, {""}}, true, false},
    {true, {ALICE, "alicea", 1, {"lab1"}}, false, true},
    {true, {ALICE, "@bob", 1, {"lab1"}}, false, true},
    {true, {BOB + 1, "alice", 1, {"lab1"}}, false, true},
};

/* Labs' records; "fits": it is lab1's. */
static const struct {
    bool there;
    struct xw_access access;
    bool is_lab1;
    bool has_students;
} lab_records[] = {
    {false, {.lab = ""}, false, false},
    {true,
     {.lab = "lab1",
      .student_count = 1,
      .students = {STUDENTS},
      .instructor_count = 1,
      .instructors = {TEACHERS},
      .machine_count = 2,
      .machines = {"m1", "m2"}},
     true,
     true},
    {true,
     {.lab = "lab1",
      .student_count = 2,
      .students = {1500, STUDENTS},
      .machine_count = 3,
      .machines = {"m0", "m1", "m2"}},
     true,
     true},
    {true,
     {.lab = "lab1",
      .student_count = 1,
      .students = {OTHERS + 1},
      .instructor_count = 1,
      .instructors = {STUDENTS},
      .machine_count = 2,
      .machines = {"m1", "m2"}},
     true,
     false},
    {true, {.lab = "lab1", .machine_count = 2, .machines = {"m1", "m2"}}, true, false},
    {true,
     {.lab = "lab10",
      .student_count = 1,
      .students = {STUDENTS},
      .machine_count = 2,
      .machines = {"m1", "m2"}},
     false,
     true},
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

/* One combination: an index into each of the arrays. */
struct cell {
    size_t caller, groups, owner, lab, owner_name, lab_name, machines;
    enum xw_verb verb;
};

static bool expected(const struct cell *cell)
{
    /* By name, so that a row of the table that changes its meaning is noticed. */
    const char *verb = xw_verb_info(cell->verb)->name;

    if (strcmp(verb, "prepare") == 0)
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
    return xw_access_decide(&caller, &request,
                            owners[cell->owner].there ? &owners[cell->owner].owner : NULL,
                            lab_records[cell->lab].there ? &lab_records[cell->lab].access : NULL);
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

static void every_combination(void **state)
{
    struct cell cell = {.verb = (enum xw_verb)0};
    size_t cells = 0;
    size_t allowed = 0;

    (void)state;
    do {
        bool got = decide(&cell) == XW_DECISION_ALLOW;
        if (got != expected(&cell))
            fail_msg("%s by uid %u, groups %zu, record %zu, lab record %zu, of %s, lab %s, "
                     "machines %zu: %s",
                     xw_verb_info(cell.verb)->name, (unsigned int)callers[cell.caller].uid,
                     cell.groups, cell.owner, cell.lab, owner_names[cell.owner_name].name,
                     lab_names[cell.lab_name].name, cell.machines, got ? "allowed" : "refused");
        cells++;
        allowed += got;
    } while (advance(&cell));
    printf("# authorization matrix: %zu cells, %zu of them allowed\n", cells, allowed);
    assert_true(allowed > 0 && allowed < cells / 20);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_combination),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
