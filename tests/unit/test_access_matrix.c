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
enum { BLUE = 2104, RED = 2106 };

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* Callers, with the name that goes with the uid; a user's records are alice's. */
static const struct {
    uid_t uid;
    const char *name;
    bool is_alice;
    bool is_root;
    bool named_alice; /* both are those of alice, or of bob, whom labs name */
    bool named_bob;
} callers[] = {
    {ALICE, "alice", true, false, true, false},
    {ALICE, "zoe", true, false, false, false}, /* who has alice's uid now */
    {ALICE, NULL, true, false, false, false},
    {BOB, "bob", false, false, false, true},
    {BOB, "alice", false, false, false, false},
    {0, "alice", false, true, false, false},
    {4294967295U, "", false, false, false, false},
    {ALICE + 65536, "alice", false, false, false, false},
};

static const struct {
    gid_t gids[4];
    size_t count;
    bool student;
    bool instructor;
    bool blue;
    bool red;
} groups[] = {
    {{0}, 0, false, false, false, false},
    {{STUDENTS}, 1, true, false, false, false},
    {{TEACHERS}, 1, false, true, false, false},
    {{OTHERS, 0, 100}, 3, false, false, false, false},
    {{OTHERS, TEACHERS, STUDENTS}, 3, true, true, false, false},
    {{STUDENTS + 65536, STUDENTS - 1, RED + 1, 0}, 4, false, false, false, false},
    {{4294967295U}, 1, false, false, false, false},
    {{0, BLUE}, 2, false, false, true, false},
    {{RED, STUDENTS}, 2, true, false, false, true},
    {{TEACHERS, BLUE, RED}, 3, false, true, true, true},
};

enum kind { NONE, USERS, BLUES, REDS, NOBODYS };

/* Owners' records: whose they are by their number, and what stands in them. */
static const struct {
    enum kind kind;
    struct xw_owner owner;
    bool lists_lab1;
} owners[] = {
    {NONE, {.uid = 0}, false},
    {USERS, {.uid = ALICE, .name = "alice", .lab_count = 1, .labs = {"lab1"}}, true},
    {USERS,
     {.uid = ALICE, .name = "alice", .lab_count = 3, .labs = {"lab11", "lab", "lab1"}},
     true},
    {USERS, {.uid = ALICE, .name = "alice", .lab_count = 2, .labs = {"lab11", "lab"}}, false},
    {USERS, {.uid = ALICE, .name = "alice"}, false},
    {USERS, {.uid = ALICE, .name = "alicea", .lab_count = 1, .labs = {"lab1"}}, true},
    {USERS, {.uid = ALICE, .name = "blue", .lab_count = 1, .labs = {"lab1"}}, true},
    {NOBODYS, {.uid = BOB + 1, .name = "alice", .lab_count = 1, .labs = {"lab1"}}, true},
    /* What the gate takes for the record of another, which it can't read. */
    {NOBODYS, {.name = "alice", .lab_count = 1, .labs = {"lab1"}}, true},
    {BLUES, {.gid = BLUE, .name = "@blue", .lab_count = 1, .labs = {"lab1"}}, true},
    {BLUES, {.gid = BLUE, .name = "@blue", .lab_count = 1, .labs = {"lab10"}}, false},
    {BLUES, {.gid = BLUE, .name = "@blue", .instructed_count = 1, .instructed = {"lab1"}}, false},
    {BLUES, {.gid = BLUE, .name = "@alice", .lab_count = 1, .labs = {"lab1"}}, true},
    {REDS, {.gid = RED, .name = "@blue", .lab_count = 1, .labs = {"lab1"}}, true},
    {NOBODYS, {.name = "@blue", .lab_count = 1, .labs = {"lab1"}}, true},
};

/* Labs' records; "fits": it is lab1's. */
static const struct {
    bool there;
    struct xw_access access;
    bool is_lab1;
    bool has_students;
    bool has_instructors; /* TEACHERS */
    bool has_blue;
    bool names_alice;     /* as one who has a world */
    bool taught_by_alice; /* as one of the instructors */
    bool taught_by_bob;
} lab_records[] = {
    {false, {.lab = ""}, false, false, false, false, false, false, false},
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
     true,
     false,
     false,
     false,
     false},
    {true,
     {.lab = "lab1",
      .student_count = 2,
      .students = {1500, STUDENTS},
      .team_count = 2,
      .teams = {1500, BLUE},
      .machine_count = 3,
      .machines = {"m0", "m1", "m2"}},
     true,
     true,
     false,
     true,
     false,
     false,
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
     false,
     false,
     false,
     false,
     false},
    {true,
     {.lab = "lab1", .machine_count = 2, .machines = {"m1", "m2"}},
     true,
     false,
     false,
     false,
     false,
     false,
     false},
    {true,
     {.lab = "lab1",
      .team_count = 1,
      .teams = {BLUE},
      .instructor_count = 1,
      .instructors = {TEACHERS},
      .machine_count = 2,
      .machines = {"m1", "m2"}},
     true,
     false,
     true,
     true,
     false,
     false,
     false},
    {true,
     {.lab = "lab10",
      .student_count = 1,
      .students = {STUDENTS},
      .team_count = 1,
      .teams = {BLUE},
      .instructor_count = 1,
      .instructors = {TEACHERS},
      .user_count = 1,
      .users = {{ALICE, "alice"}},
      .instructor_user_count = 1,
      .instructor_users = {{BOB, "bob"}},
      .machine_count = 2,
      .machines = {"m1", "m2"}},
     false,
     true,
     true,
     true,
     true,
     false,
     true},
    /* By name: with no group at all, beside groups, another's name, and a group of that number. */
    {true,
     {.lab = "lab1",
      .user_count = 2,
      .users = {{ALICE, "alice"}, {BOB, "bob"}},
      .instructor_user_count = 1,
      .instructor_users = {{BOB, "bob"}},
      .machine_count = 2,
      .machines = {"m1", "m2"}},
     true,
     false,
     false,
     false,
     true,
     false,
     true},
    {true,
     {.lab = "lab1",
      .student_count = 1,
      .students = {STUDENTS},
      .user_count = 1,
      .users = {{ALICE, "alicea"}},
      .team_count = 1,
      .teams = {BLUE},
      .instructor_count = 1,
      .instructors = {TEACHERS},
      .instructor_user_count = 2,
      .instructor_users = {{ALICE, "alice"}, {BOB + 1, "bob"}},
      .machine_count = 2,
      .machines = {"m1", "m2"}},
     true,
     true,
     true,
     true,
     false,
     true,
     false},
    {true,
     {.lab = "lab1",
      .user_count = 3,
      .users = {{STUDENTS, "alice"}, {BLUE, "blue"}, {TEACHERS, "bob"}},
      .instructor_user_count = 3,
      .instructor_users = {{STUDENTS, "alice"}, {BLUE, "blue"}, {TEACHERS, "bob"}},
      .machine_count = 2,
      .machines = {"m1", "m2"}},
     true,
     false,
     false,
     false,
     false,
     false,
     false},
};

/* What the request names. */
static const char *const owner_names[] = {"alice", "bob", "@alice", "blue", "@blue", ""};
static const char *const lab_names[] = {"lab1", "lab10", "lab", ""};

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

/* The lab whose extension counts in a record. */
static const char *lab_of(size_t owner)
{
    return owners[owner].owner.lab_count == 1 ? owners[owner].owner.labs[0] : "lab1";
}

static void fill_in_times(void)
{
    for (size_t window = 0; window < COUNT(windows); window++) {
        for (size_t i = 0; i < COUNT(owners); i++) {
            struct xw_owner *owner = &timed_owners[i][window];
            *owner = owners[i].owner;
            for (size_t lab = 0; lab < owner->lab_count; lab++)
                owner->until[lab] =
                    strcmp(owner->labs[lab], lab_of(i)) == 0 ? windows[window].until : 9999;
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

static bool is_verb(const struct cell *cell, const char *names)
{
    /* By name, so that a row of the table that changes its meaning is noticed. */
    const char *at = strstr(names, xw_verb_info(cell->verb)->name);

    return at != NULL;
}

static bool names(const struct cell *cell, const char *owner)
{
    return strcmp(owner_names[cell->owner_name], owner) == 0;
}

/* The lab that is asked for is that of the record, and what is asked for of it is there. */
static bool is_there(const struct cell *cell)
{
    const bool takes_machines = is_verb(
        cell, "start stop reboot revert console watch take vnc copy-to copy-from checkpoints "
              "checkpoint-create checkpoint-delete");

    return lab_records[cell->lab].there &&
           strcmp(lab_records[cell->lab].access.lab, lab_names[cell->lab_name]) == 0 &&
           (!takes_machines || machines[cell->machines].fits);
}

static bool is_instructor(const struct cell *cell)
{
    const bool by_students_group = cell->lab == 3;

    if ((lab_records[cell->lab].taught_by_alice && callers[cell->caller].named_alice) ||
        (lab_records[cell->lab].taught_by_bob && callers[cell->caller].named_bob))
        return true;
    return by_students_group
               ? groups[cell->groups].student
               : lab_records[cell->lab].has_instructors && groups[cell->groups].instructor;
}

/* The world is the caller's own, or their team's. */
static bool is_owner(const struct cell *cell)
{
    if (owners[cell->owner].kind == USERS)
        return callers[cell->caller].is_alice &&
               ((groups[cell->groups].student && lab_records[cell->lab].has_students) ||
                (callers[cell->caller].named_alice && lab_records[cell->lab].names_alice));
    return owners[cell->owner].kind == BLUES && groups[cell->groups].blue &&
           lab_records[cell->lab].has_blue;
}

/* Whether it is theirs, at a time at which it may be used. */
static bool is_theirs(const struct cell *cell)
{
    const enum kind kind = owners[cell->owner].kind;
    const char *name = owners[cell->owner].owner.name;

    if (is_verb(cell, "prepare suspend relay") || callers[cell->caller].is_root)
        return is_verb(cell, "prepare suspend relay") && callers[cell->caller].is_root;
    if (is_verb(cell, "list"))
        return kind == NONE ? names(cell, "")
                            : kind == USERS && callers[cell->caller].is_alice && names(cell, name);
    if (!is_there(cell))
        return false;
    if (is_verb(cell, "worlds grants deploy"))
        return is_instructor(cell);
    /* Only lab1 has worlds, and one row a world of lab10. */
    bool lists = lab_records[cell->lab].is_lab1
                     ? owners[cell->owner].lists_lab1
                     : strcmp(owners[cell->owner].owner.labs[0], "lab10") == 0;
    if (kind == NONE || !names(cell, name) || !lists)
        return false;
    return is_instructor(cell) || (!is_verb(cell, "extend take") && is_owner(cell));
}

static enum xw_decision expected(const struct cell *cell)
{
    const bool at_any_time =
        is_verb(cell, "list status checkpoints worlds grants extend deploy prepare suspend relay");

    if (!is_theirs(cell))
        return XW_DECISION_REFUSE;
    /* Instructors may use the lab at any time, their own world, too. */
    return at_any_time || windows[cell->window].open || is_instructor(cell) ? XW_DECISION_ALLOW
                                                                            : XW_DECISION_LIMIT;
}

static enum xw_decision decide(const struct cell *cell)
{
    const struct xw_caller caller = {callers[cell->caller].uid, groups[cell->groups].gids,
                                     groups[cell->groups].count, callers[cell->caller].name};
    struct xw_request request = {.verb = cell->verb};
    enum xw_scope scope = xw_verb_info(cell->verb)->scope;

    snprintf(request.owner, sizeof(request.owner), "%s", owner_names[cell->owner_name]);
    if (scope != XW_SCOPE_NONE)
        snprintf(request.lab, sizeof(request.lab), "%s", lab_names[cell->lab_name]);
    if (scope == XW_SCOPE_SET || scope == XW_SCOPE_ONE) {
        request.whole_world = machines[cell->machines].whole;
        request.machine_count = machines[cell->machines].count;
        for (size_t i = 0; i < request.machine_count; i++)
            snprintf(request.machines[i], XW_NAME_SIZE, "%s", machines[cell->machines].names[i]);
    }
    return xw_access_decide(
        &caller, &request,
        owners[cell->owner].kind != NONE ? &timed_owners[cell->owner][cell->window] : NULL,
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

    const bool takes_machines = xw_verb_info(cell->verb)->scope >= XW_SCOPE_SET;
    const size_t count = takes_machines ? COUNT(wheels) : COUNT(wheels) - 1;

    for (size_t i = 0; i < count; i++) {
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
        fail_msg("%s by uid %u (%s), groups %zu, record %zu, lab record %zu, of %s, lab %s, "
                 "machines %zu, window %zu: %d",
                 xw_verb_info(cell->verb)->name, (unsigned int)callers[cell->caller].uid,
                 callers[cell->caller].name ? callers[cell->caller].name : "no name", cell->groups,
                 cell->owner, cell->lab, owner_names[cell->owner_name], lab_names[cell->lab_name],
                 cell->machines, cell->window, got);
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
