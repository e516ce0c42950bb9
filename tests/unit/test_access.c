/* links: common/access.c common/names.c common/request.c */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <string.h>

#include "common/access.h"

enum { ALICE = 1001, BOB = 1002, TINA = 1004, STUDENTS = 2001, TEACHERS = 2002, OTHERS = 2003 };

/* alice has worlds of firewall and of an older lab. */
static const struct xw_owner alice = {
    .uid = ALICE, .name = "alice", .lab_count = 2, .labs = {"firewall", "history"}};

/* The record of a user who had alice's uid before, under another name. */
static const struct xw_owner alice_before = {
    .uid = ALICE, .name = "zoe", .lab_count = 1, .labs = {"firewall"}};

static const struct xw_owner without_labs = {.uid = ALICE, .name = "alice"};

static const struct xw_access firewall = {.lab = "firewall",
                                          .title = "A firewall",
                                          .student_count = 1,
                                          .students = {STUDENTS},
                                          .instructor_count = 1,
                                          .instructors = {TEACHERS},
                                          .machine_count = 2,
                                          .machines = {"router", "web"}};

static const struct xw_access firewall2 = {.lab = "firewall2",
                                           .title = "Another",
                                           .student_count = 1,
                                           .students = {STUDENTS},
                                           .machine_count = 1,
                                           .machines = {"router"}};

static const struct xw_access without_students = {
    .lab = "firewall", .title = "Nobody's", .machine_count = 1, .machines = {"router"}};

static const gid_t student_groups[] = {100, STUDENTS};
static const gid_t teacher_groups[] = {100, TEACHERS};
static const gid_t other_groups[] = {100, OTHERS};

/* Who asks for what, with which records; all verbs are tried on each. */
struct attempt {
    const char *what;
    uid_t uid;
    const gid_t *groups;
    size_t group_count;
    const struct xw_owner *owner;
    const struct xw_access *access;
    const char *lab;
    const char *name;    /* the owner that the request names */
    const char *machine; /* for verbs that take one */
    bool own;            /* the verbs about oneself (list) are allowed */
    bool lab_allowed;    /* the verbs about this lab are allowed */
};

static const struct attempt attempts[] = {
    {"her own world", ALICE, student_groups, 2, &alice, &firewall, "firewall", "alice", "router",
     true, true},
    {"a machine that isn't there", ALICE, student_groups, 2, &alice, &firewall, "firewall", "alice",
     "mail", true, false},
    {"bob's world, in alice's name", BOB, student_groups, 2, &alice, &firewall, "firewall", "alice",
     "router", false, false},
    {"alice's world, as bob without a record", BOB, student_groups, 2, NULL, &firewall, "firewall",
     "bob", "router", false, false},
    {"another's name in the request", ALICE, student_groups, 2, &alice, &firewall, "firewall",
     "bob", "router", false, false},
    {"a team's name in the request", ALICE, student_groups, 2, &alice, &firewall, "firewall",
     "@alice", "router", false, false},
    {"a missing lab", ALICE, student_groups, 2, &alice, NULL, "nosuch", "alice", "router", true,
     false},
    {"a lab's record under another name", ALICE, student_groups, 2, &alice, &firewall, "firewall2",
     "alice", "router", true, false},
    {"a lab whose name begins the same", ALICE, student_groups, 2, &alice, &firewall2, "firewall2",
     "alice", "router", true, false},
    {"a group that was revoked", ALICE, other_groups, 2, &alice, &firewall, "firewall", "alice",
     "router", true, false},
    {"no groups at all", ALICE, NULL, 0, &alice, &firewall, "firewall", "alice", "router", true,
     false},
    {"an instructor's group alone", ALICE, teacher_groups, 2, &alice, &firewall, "firewall",
     "alice", "router", true, false},
    {"a lab without students", ALICE, student_groups, 2, &alice, &without_students, "firewall",
     "alice", "router", true, false},
    {"a lab of which she has no world", ALICE, student_groups, 2, &without_labs, &firewall,
     "firewall", "alice", "router", true, false},
    {"a uid that was another's", ALICE, student_groups, 2, &alice_before, &firewall, "firewall",
     "alice", "router", false, false},
    {"root", 0, student_groups, 2, &alice, &firewall, "firewall", "alice", "router", false, false},
    {"root with a record of its own", 0, student_groups, 2,
     &(const struct xw_owner){.uid = 0, .name = "root", .lab_count = 1, .labs = {"firewall"}},
     &firewall, "firewall", "root", "router", false, false},
};

static bool expected(const struct attempt *attempt, enum xw_verb verb)
{
    const struct xw_verb_info *info = xw_verb_info(verb);

    if (info->role == XW_ROLE_ROOT)
        return attempt->uid == 0;
    if (info->scope == XW_SCOPE_NONE)
        return attempt->own;
    if (info->scope == XW_SCOPE_LAB)
        /* The verb names no machine, so one that isn't there doesn't matter. */
        return attempt->lab_allowed || strcmp(attempt->machine, "mail") == 0;
    return attempt->lab_allowed;
}

static struct xw_request make_request(const struct attempt *attempt, enum xw_verb verb)
{
    struct xw_request request = {.verb = verb};

    snprintf(request.owner, sizeof(request.owner), "%s", attempt->name);
    if (xw_verb_info(verb)->scope != XW_SCOPE_NONE)
        snprintf(request.lab, sizeof(request.lab), "%s", attempt->lab);
    if (xw_verb_info(verb)->scope >= XW_SCOPE_SET) {
        request.machine_count = 1;
        snprintf(request.machines[0], XW_NAME_SIZE, "%s", attempt->machine);
    }
    return request;
}

static void the_matrix(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(attempts) / sizeof(attempts[0]); i++) {
        const struct attempt *attempt = &attempts[i];
        const struct xw_caller caller = {attempt->uid, attempt->groups, attempt->group_count};
        for (int verb = 0; verb < XW_VERB_COUNT; verb++) {
            struct xw_request request = make_request(attempt, (enum xw_verb)verb);
            bool allowed = xw_access_decide(&caller, &request, attempt->owner, attempt->access) ==
                           XW_DECISION_ALLOW;
            if (allowed != expected(attempt, (enum xw_verb)verb))
                fail_msg("%s: %s was %s", attempt->what, xw_verb_info((enum xw_verb)verb)->name,
                         allowed ? "allowed" : "refused");
        }
    }
}

/* One machine that isn't the lab's refuses the whole set. */
static void sets_of_machines(void **state)
{
    const struct xw_caller caller = {ALICE, student_groups, 2};
    struct xw_request request = {.verb = XW_VERB_START,
                                 .lab = "firewall",
                                 .owner = "alice",
                                 .machine_count = 2,
                                 .machines = {"router", "web"}};

    (void)state;
    assert_int_equal(xw_access_decide(&caller, &request, &alice, &firewall), XW_DECISION_ALLOW);
    strcpy(request.machines[1], "mail");
    assert_int_equal(xw_access_decide(&caller, &request, &alice, &firewall), XW_DECISION_REFUSE);
    strcpy(request.machines[0], "mail");
    strcpy(request.machines[1], "web");
    assert_int_equal(xw_access_decide(&caller, &request, &alice, &firewall), XW_DECISION_REFUSE);
    request.machine_count = 0;
    request.whole_world = true;
    assert_int_equal(xw_access_decide(&caller, &request, &alice, &firewall), XW_DECISION_ALLOW);
}

/* `list` shows exactly the labs for which the other verbs would be allowed. */
static void list_agrees(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(attempts) / sizeof(attempts[0]); i++) {
        const struct attempt *attempt = &attempts[i];
        const struct xw_caller caller = {attempt->uid, attempt->groups, attempt->group_count};
        struct xw_request request = make_request(attempt, XW_VERB_STATUS);
        enum xw_decision status =
            xw_access_decide(&caller, &request, attempt->owner, attempt->access);
        if (status == XW_DECISION_ALLOW)
            assert_int_equal(xw_access_to_lab(&caller, attempt->owner, attempt->access),
                             XW_DECISION_ALLOW);
    }
    assert_int_equal(
        xw_access_to_lab(&(struct xw_caller){BOB, student_groups, 2}, &alice, &firewall),
        XW_DECISION_REFUSE);
    assert_int_equal(xw_access_to_lab(&(struct xw_caller){ALICE, student_groups, 2}, &alice, NULL),
                     XW_DECISION_REFUSE);
    assert_int_equal(
        xw_access_to_lab(&(struct xw_caller){ALICE, student_groups, 2}, NULL, &firewall),
        XW_DECISION_REFUSE);
}

/* What a group gives before there is a world, to whom the kernel or the data base says is in it. */
static void groups_grant_and_instruct(void **state)
{
    const struct xw_caller student = {ALICE, student_groups, 2};
    const struct xw_caller teacher = {BOB, teacher_groups, 2};
    const struct xw_caller other = {BOB, other_groups, 2};
    const struct xw_caller root = {0, student_groups, 2};
    const struct xw_caller root_teacher = {0, teacher_groups, 2};
    const struct xw_caller without_groups = {ALICE, NULL, 0};

    (void)state;
    assert_true(xw_access_grants(&student, &firewall));
    assert_false(xw_access_instructs(&student, &firewall));
    assert_true(xw_access_instructs(&teacher, &firewall));
    assert_false(xw_access_grants(&teacher, &firewall));
    assert_false(xw_access_instructs(&teacher, &firewall2));
    assert_false(xw_access_grants(&other, &firewall) || xw_access_instructs(&other, &firewall));
    assert_false(xw_access_grants(&root, &firewall));
    assert_false(xw_access_instructs(&root_teacher, &firewall));
    assert_false(xw_access_grants(&without_groups, &firewall));
    assert_false(xw_access_grants(&student, &without_students));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(groups_grant_and_instruct),
        cmocka_unit_test(the_matrix),
        cmocka_unit_test(sets_of_machines),
        cmocka_unit_test(list_agrees),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
