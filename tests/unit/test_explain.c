/* links: common/access.c common/names.c common/request.c xwadm/explain.c */
/*
 * Who may do what, and why: a table of people, and every combination of what goes into the answer,
 * each of which is compared with the rule of access itself (T-E1).
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "common/access.h"
#include "xwadm/explain.h"

enum {
    ALICE = 1001,
    STUDENTS = 2001,
    SECOND = 2002,
    TEACHERS = 2003,
    OTHERS = 2004,
    BLUE = 2005,
    RED = 2006
};

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static const struct xw_access firewall = {.lab = "firewall",
                                          .title = "A firewall",
                                          .student_count = 2,
                                          .students = {STUDENTS, SECOND},
                                          .team_count = 2,
                                          .teams = {BLUE, RED},
                                          .instructor_count = 1,
                                          .instructors = {TEACHERS},
                                          .machine_count = 2,
                                          .machines = {"router", "web"}};

static const struct xw_owner with_world = {
    .uid = ALICE, .name = "alice", .lab_count = 2, .labs = {"history", "firewall"}};
static const struct xw_owner without_world = {
    .uid = ALICE, .name = "alice", .lab_count = 1, .labs = {"firewall2"}};
static const struct xw_owner of_zoe = {
    .uid = ALICE, .name = "zoe", .lab_count = 1, .labs = {"firewall"}};
static const struct xw_owner of_another_uid = {
    .uid = ALICE + 1, .name = "alice", .lab_count = 1, .labs = {"firewall"}};

/* What the host has of teams: blue has a world, red has one of another lab. */
static const struct xw_owner team_records[] = {
    {.gid = RED, .name = "@red", .lab_count = 1, .labs = {"history"}},
    {.gid = BLUE, .name = "@blue", .lab_count = 2, .labs = {"firewall", "history"}},
};

static const struct {
    const char *what;
    uid_t uid;
    gid_t groups[3];
    size_t group_count;
    const char *name;
    int owner_rc;
    const struct xw_owner *owner;
    enum xw_why why;
    gid_t student_by, instructor_by, team_by;
} people[] = {
    {"a student with a world",
     ALICE,
     {100, STUDENTS},
     2,
     "alice",
     0,
     &with_world,
     XW_WHY_WORLD,
     STUDENTS,
     0,
     0},
    {"a student by the second group",
     ALICE,
     {SECOND},
     1,
     "alice",
     0,
     &with_world,
     XW_WHY_WORLD,
     SECOND,
     0,
     0},
    {"by both groups: the lab's first counts",
     ALICE,
     {SECOND, STUDENTS},
     2,
     "alice",
     0,
     &with_world,
     XW_WHY_WORLD,
     STUDENTS,
     0,
     0},
    {"a student who helps",
     ALICE,
     {STUDENTS, TEACHERS},
     2,
     "alice",
     0,
     &with_world,
     XW_WHY_WORLD,
     STUDENTS,
     TEACHERS,
     0},
    {"a student without a record",
     ALICE,
     {STUDENTS},
     1,
     "alice",
     -ENOENT,
     NULL,
     XW_WHY_NO_WORLD,
     STUDENTS,
     0,
     0},
    {"a student with other worlds",
     ALICE,
     {STUDENTS},
     1,
     "alice",
     0,
     &without_world,
     XW_WHY_NO_WORLD,
     STUDENTS,
     0,
     0},
    {"one who has left", ALICE, {100, OTHERS}, 2, "alice", 0, &with_world, XW_WHY_LEFT, 0, 0, 0},
    {"one who has become an instructor",
     ALICE,
     {TEACHERS},
     1,
     "alice",
     0,
     &with_world,
     XW_WHY_INSTRUCTOR,
     0,
     TEACHERS,
     0},
    {"one without groups", ALICE, {0}, 0, "alice", 0, &with_world, XW_WHY_LEFT, 0, 0, 0},
    {"an instructor",
     ALICE,
     {100, TEACHERS},
     2,
     "alice",
     -ENOENT,
     NULL,
     XW_WHY_INSTRUCTOR,
     0,
     TEACHERS,
     0},
    {"an outsider", ALICE, {OTHERS}, 1, "alice", -ENOENT, NULL, XW_WHY_NO_GROUP, 0, 0, 0},
    {"an outsider with other worlds",
     ALICE,
     {OTHERS},
     1,
     "alice",
     0,
     &without_world,
     XW_WHY_NO_GROUP,
     0,
     0,
     0},
    {"of a team with a world", ALICE, {BLUE}, 1, "alice", -ENOENT, NULL, XW_WHY_TEAM, 0, 0, BLUE},
    {"of both teams, of which one has a world",
     ALICE,
     {RED, BLUE},
     2,
     "alice",
     -ENOENT,
     NULL,
     XW_WHY_TEAM,
     0,
     0,
     BLUE},
    {"of a team without one",
     ALICE,
     {RED},
     1,
     "alice",
     -ENOENT,
     NULL,
     XW_WHY_NO_TEAM_WORLD,
     0,
     0,
     RED},
    {"a student, with a world, of a team",
     ALICE,
     {STUDENTS, BLUE},
     2,
     "alice",
     0,
     &with_world,
     XW_WHY_WORLD,
     STUDENTS,
     0,
     BLUE},
    {"a student, without a world, of a team",
     ALICE,
     {STUDENTS, BLUE},
     2,
     "alice",
     -ENOENT,
     NULL,
     XW_WHY_TEAM,
     STUDENTS,
     0,
     BLUE},
    {"a student, without a world, of a team without one",
     ALICE,
     {STUDENTS, RED},
     2,
     "alice",
     -ENOENT,
     NULL,
     XW_WHY_NO_WORLD,
     STUDENTS,
     0,
     RED},
    {"who has left the students for a team",
     ALICE,
     {BLUE},
     1,
     "alice",
     0,
     &with_world,
     XW_WHY_TEAM,
     0,
     0,
     BLUE},
    {"a name beyond the grammar, of a team",
     ALICE,
     {BLUE},
     1,
     "Alice",
     -ENOENT,
     NULL,
     XW_WHY_TEAM,
     0,
     0,
     BLUE},
    {"an instructor of a team",
     ALICE,
     {TEACHERS, BLUE},
     2,
     "alice",
     -ENOENT,
     NULL,
     XW_WHY_TEAM,
     0,
     TEACHERS,
     BLUE},
    {"root in a team", 0, {BLUE}, 1, "root", -ENOENT, NULL, XW_WHY_ROOT, 0, 0, 0},
    {"a user called blue", ALICE, {OTHERS}, 1, "blue", -ENOENT, NULL, XW_WHY_NO_GROUP, 0, 0, 0},
    {"a uid that was another's",
     ALICE,
     {STUDENTS},
     1,
     "alice",
     0,
     &of_zoe,
     XW_WHY_OTHER_NAME,
     STUDENTS,
     0,
     0},
    {"a uid that was another's, of an outsider",
     ALICE,
     {OTHERS},
     1,
     "alice",
     0,
     &of_zoe,
     XW_WHY_NO_GROUP,
     0,
     0,
     0},
    {"a record of another uid",
     ALICE,
     {STUDENTS},
     1,
     "alice",
     0,
     &of_another_uid,
     XW_WHY_REFUSED,
     STUDENTS,
     0,
     0},
    {"a record that can't be read",
     ALICE,
     {STUDENTS},
     1,
     "alice",
     -EPERM,
     NULL,
     XW_WHY_RECORD,
     STUDENTS,
     0,
     0},
    {"a name beyond the grammar",
     ALICE,
     {STUDENTS},
     1,
     "Alice",
     -ENOENT,
     NULL,
     XW_WHY_NAME,
     STUDENTS,
     0,
     0},
    {"a name that is too long",
     ALICE,
     {STUDENTS},
     1,
     "a23456789012345678901234567890123",
     -ENOENT,
     NULL,
     XW_WHY_NAME,
     STUDENTS,
     0,
     0},
    {"root in the group", 0, {0, STUDENTS}, 2, "root", -ENOENT, NULL, XW_WHY_ROOT, 0, 0, 0},
    {"root with a record",
     0,
     {STUDENTS, TEACHERS},
     2,
     "alice",
     0,
     &with_world,
     XW_WHY_ROOT,
     0,
     0,
     0},
};

/* What the rule says to the owner of one world who asks to see it. */
static bool rule_allows(const struct xw_claimant *claimant, const struct xw_access *access,
                        const char *name, const struct xw_owner *owner)
{
    struct xw_request request = {.verb = XW_VERB_STATUS};

    snprintf(request.lab, sizeof(request.lab), "%s", access->lab);
    snprintf(request.owner, sizeof(request.owner), "%s", name);
    return xw_access_decide(&claimant->caller, &request, owner, access, 0) == XW_DECISION_ALLOW;
}

/*
 * Whether a world is theirs as the rule has it: their own, or a team's. An instructor may use
 * worlds of others as well, so that what is theirs is asked for with the instructors left out.
 */
static bool ask_rule(const struct xw_claimant *claimant, const struct xw_access *access)
{
    struct xw_access others = *access;
    const struct xw_owner *owner = claimant->owner_rc == 0 ? claimant->owner : NULL;

    others.instructor_count = 0;
    others.instructor_user_count = 0;
    bool allowed = rule_allows(claimant, &others, claimant->caller.name, owner);
    for (size_t i = 0; i < claimant->team_count; i++)
        allowed =
            allowed || rule_allows(claimant, &others, claimant->teams[i].name, &claimant->teams[i]);
    return allowed;
}

static bool is_allowed(enum xw_why why)
{
    return why == XW_WHY_WORLD || why == XW_WHY_TEAM;
}

static void each_person_is_explained(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(people); i++) {
        const struct xw_claimant claimant = {
            .caller = {people[i].uid, people[i].groups, people[i].group_count, people[i].name},
            .owner_rc = people[i].owner_rc,
            .owner = people[i].owner,
            .team_count = COUNT(team_records),
            .teams = team_records};
        struct xw_explanation got;

        xw_explain(&claimant, &firewall, &got);
        if (got.why != people[i].why)
            fail_msg("%s: %s and not %s", people[i].what, xw_why_word(got.why),
                     xw_why_word(people[i].why));
        bool rule = ask_rule(&claimant, &firewall);
        if ((got.decision == XW_DECISION_ALLOW) != rule || is_allowed(got.why) != rule)
            fail_msg("%s: not what the rule says", people[i].what);
        assert_int_equal(got.student, people[i].student_by != 0);
        assert_int_equal(got.team, people[i].team_by != 0);
        if (got.team)
            assert_int_equal(got.team_by, people[i].team_by);
        assert_int_equal(got.instructor, people[i].instructor_by != 0);
        if (got.student)
            assert_int_equal(got.student_by, people[i].student_by);
        if (got.instructor)
            assert_int_equal(got.instructor_by, people[i].instructor_by);
    }
}

/* The wheels of the exhaustive comparison. */
static const uid_t uids[] = {ALICE, ALICE + 1, 0, 1, 4294967295U};
static const gid_t groups[][2] = {{STUDENTS, 100},      {SECOND, TEACHERS}, {TEACHERS, OTHERS},
                                  {OTHERS, 100},        {BLUE, RED},        {0, 4294967295U},
                                  {STUDENTS + 65536, 0}};
static const char *const names[] = {
    "alice", "zoe", "@alice", "", "Alice", "alicea", "a23456789012345678901234567890123"};
static const struct xw_owner *const owners[] = {&with_world, &without_world, &of_zoe,
                                                &of_another_uid};
static const int codes[] = {0, -ENOENT, -EPERM, -EBADMSG};
static const struct xw_access lab_records[] = {
    {.lab = "firewall", .student_count = 1, .students = {STUDENTS}},
    {.lab = "firewall", .student_count = 2, .students = {OTHERS, SECOND}},
    {.lab = "firewall", .instructor_count = 1, .instructors = {STUDENTS}},
    {.lab = "firewall", .team_count = 1, .teams = {BLUE}},
    {.lab = "firewall",
     .student_count = 1,
     .students = {STUDENTS},
     .team_count = 2,
     .teams = {STUDENTS, RED}},
    {.lab = "firewall"},
    {.lab = "history", .team_count = 1, .teams = {RED}},
    {.lab = "history", .student_count = 1, .students = {STUDENTS}},
    {.lab = "firewall1", .student_count = 1, .students = {STUDENTS}},
    {.lab = "firewall",
     .user_count = 2,
     .users = {{ALICE, "alice"}, {ALICE + 1, "alicea"}},
     .instructor_user_count = 1,
     .instructor_users = {{ALICE, "zoe"}}},
    {.lab = "history",
     .student_count = 1,
     .students = {STUDENTS},
     .user_count = 1,
     .users = {{ALICE, "zoe"}}},
};

static void compare(const struct xw_claimant *claimant, const struct xw_access *access,
                    size_t *allowed)
{
    struct xw_explanation got;

    xw_explain(claimant, access, &got);
    bool rule = ask_rule(claimant, access);
    if ((got.decision == XW_DECISION_ALLOW) != rule || is_allowed(got.why) != rule)
        fail_msg("uid %u called %s, lab %s: %s, and the rule %s",
                 (unsigned int)claimant->caller.uid, claimant->caller.name, access->lab,
                 xw_why_word(got.why), rule ? "allows" : "refuses");
    assert_int_equal(got.student, xw_access_grants(&claimant->caller, access));
    assert_int_equal(got.instructor, xw_access_instructs(&claimant->caller, access));
    /* What says that it is a matter of time or of groups is so. */
    if (got.why == XW_WHY_NO_WORLD)
        assert_true(got.student);
    if (got.why == XW_WHY_LEFT || got.why == XW_WHY_NO_GROUP || got.why == XW_WHY_INSTRUCTOR ||
        got.why == XW_WHY_OTHER_ACCOUNT)
        assert_false(got.student);
    const bool person = claimant->caller.uid != 0;
    assert_int_equal(got.student, person && (got.student_by != 0 || got.named));
    assert_int_equal(got.instructor, person && (got.instructor_by != 0 || got.instructor_named));
    assert_int_equal(got.other != NULL, got.why == XW_WHY_OTHER_ACCOUNT);
    if (got.why == XW_WHY_NO_TEAM_WORLD)
        assert_true(got.team);
    *allowed += rule;
}

static void every_explanation_is_what_the_rule_says(void **state)
{
    const size_t all = COUNT(uids) * COUNT(groups) * COUNT(names) * COUNT(owners) * COUNT(codes) *
                       COUNT(lab_records);
    size_t allowed = 0;

    (void)state;
    for (size_t i = 0; i < all; i++) {
        size_t rest = i;
        const gid_t *gids = groups[rest % COUNT(groups)];
        rest /= COUNT(groups);
        const char *name = names[rest % COUNT(names)];
        rest /= COUNT(names);
        const struct xw_owner *owner = owners[rest % COUNT(owners)];
        rest /= COUNT(owners);
        int code = codes[rest % COUNT(codes)];
        rest /= COUNT(codes);
        const struct xw_access *access = &lab_records[rest % COUNT(lab_records)];
        rest /= COUNT(lab_records);
        const struct xw_claimant claimant = {
            {uids[rest], gids, 2, name}, code, owner, COUNT(team_records), team_records};
        compare(&claimant, access, &allowed);
    }
    printf("# explanations: %zu compared with the rule, %zu of them allowed\n", all, allowed);
    assert_true(allowed > 0 && allowed < all / 20);
}

static const struct xw_access by_name = {
    .lab = "firewall",
    .student_count = 1,
    .students = {STUDENTS},
    .user_count = 2,
    .users = {{ALICE, "alice"}, {ALICE + 2, "dave"}},
    .instructor_user_count = 2,
    .instructor_users = {{ALICE, "alice"}, {ALICE + 3, "tina"}}};

/* Who is named: by uid and name, whatever their groups are, and apart from a group of that name. */
static void users_who_are_named(void **state)
{
    static const struct xw_owner dave = {
        .uid = ALICE + 2, .name = "dave", .lab_count = 1, .labs = {"firewall"}};
    static const struct {
        uid_t uid;
        const char *name;
        gid_t group;
        const struct xw_owner *owner;
        enum xw_why why;
        gid_t student_by;
        bool named, instructor_named;
        size_t other; /* 1 + the index in users, or 11 + that in instructor_users */
    } cases[] = {
        {ALICE, "alice", OTHERS, &with_world, XW_WHY_WORLD, 0, true, true, 0},
        {ALICE, "alice", STUDENTS, &with_world, XW_WHY_WORLD, STUDENTS, true, true, 0},
        {ALICE, "alice", STUDENTS, NULL, XW_WHY_NO_WORLD, STUDENTS, true, true, 0},
        {ALICE + 2, "dave", OTHERS, &dave, XW_WHY_WORLD, 0, true, false, 0},
        {ALICE + 2, "dave", OTHERS, NULL, XW_WHY_NO_WORLD, 0, true, false, 0},
        {ALICE + 3, "tina", OTHERS, NULL, XW_WHY_INSTRUCTOR, 0, false, true, 0},
        {ALICE + 3, "tina", STUDENTS, NULL, XW_WHY_NO_WORLD, STUDENTS, false, true, 0},
        {ALICE + 2, "mallory", OTHERS, NULL, XW_WHY_OTHER_ACCOUNT, 0, false, false, 2},
        {ALICE + 9, "dave", OTHERS, NULL, XW_WHY_OTHER_ACCOUNT, 0, false, false, 2},
        {ALICE + 9, "tina", OTHERS, NULL, XW_WHY_OTHER_ACCOUNT, 0, false, false, 12},
        {ALICE + 2, "mallory", STUDENTS, NULL, XW_WHY_NO_WORLD, STUDENTS, false, false, 0},
        {ALICE + 9, "mallory", OTHERS, NULL, XW_WHY_NO_GROUP, 0, false, false, 0},
        {0, "dave", OTHERS, NULL, XW_WHY_ROOT, 0, false, false, 0},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        const struct xw_claimant claimant = {
            .caller = {cases[i].uid, &cases[i].group, 1, cases[i].name},
            .owner_rc = cases[i].owner ? 0 : -ENOENT,
            .owner = cases[i].owner};
        struct xw_explanation got;
        const size_t other = cases[i].other;

        xw_explain(&claimant, &by_name, &got);
        if (got.why != cases[i].why)
            fail_msg("named case %zu: %s", i, xw_why_word(got.why));
        assert_int_equal(got.student_by, cases[i].student_by);
        assert_true(got.named == cases[i].named &&
                    got.instructor_named == cases[i].instructor_named);
        assert_ptr_equal(got.other, other == 0   ? NULL
                                    : other > 10 ? &by_name.instructor_users[other - 11]
                                                 : &by_name.users[other - 1]);
    }
}

static void each_reason_has_a_word(void **state)
{
    (void)state;
    for (int i = 0; i < XW_WHY_COUNT; i++) {
        assert_non_null(xw_why_word((enum xw_why)i));
        for (int j = 0; j < i; j++)
            assert_string_not_equal(xw_why_word((enum xw_why)i), xw_why_word((enum xw_why)j));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_person_is_explained),
        cmocka_unit_test(every_explanation_is_what_the_rule_says),
        cmocka_unit_test(users_who_are_named),
        cmocka_unit_test(each_reason_has_a_word),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
