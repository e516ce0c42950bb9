/* links: common/access.c common/names.c common/request.c */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <string.h>

#include "common/access.h"
#include "common/exitcode.h"

/* A time that nothing depends on where there is no window. */
#define NOW 1000000000

enum {
    ALICE = 1001,
    BOB = 1002,
    TINA = 1004,
    STUDENTS = 2001,
    TEACHERS = 2002,
    OTHERS = 2003,
    BLUE = 2004
};

/* alice has worlds of firewall and of an older lab. */
static const struct xw_owner alice = {
    .uid = ALICE, .name = "alice", .lab_count = 2, .labs = {"firewall", "history"}};

/* The record of a user who had alice's uid before, under another name. */
static const struct xw_owner alice_before = {
    .uid = ALICE, .name = "zoe", .lab_count = 1, .labs = {"firewall"}};

static const struct xw_owner without_labs = {.uid = ALICE, .name = "alice"};

/* A team's, and that of a user of its name. */
static const struct xw_owner team = {
    .gid = BLUE, .name = "@blue", .lab_count = 1, .labs = {"firewall"}};
static const struct xw_owner blue = {
    .uid = BOB, .name = "blue", .lab_count = 1, .labs = {"firewall"}};

/* Of a group that the lab doesn't name, and of one that had the team's gid before. */
static const struct xw_owner others = {
    .gid = OTHERS, .name = "@blue", .lab_count = 1, .labs = {"firewall"}};
static const struct xw_owner team_before = {
    .gid = BLUE, .name = "@red", .lab_count = 1, .labs = {"firewall"}};

static const struct xw_access firewall = {.lab = "firewall",
                                          .title = "A firewall",
                                          .student_count = 1,
                                          .students = {STUDENTS},
                                          .team_count = 1,
                                          .teams = {BLUE},
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

/* A lab for single users, and no group. */
static const struct xw_access by_name = {.lab = "firewall",
                                         .title = "By name",
                                         .user_count = 2,
                                         .users = {{ALICE, "alice"}, {ALICE + 70, "bob"}},
                                         .instructor_user_count = 1,
                                         .instructor_users = {{TINA, "tina"}},
                                         .machine_count = 2,
                                         .machines = {"router", "web"}};

static const gid_t student_groups[] = {100, STUDENTS};
static const gid_t teacher_groups[] = {100, TEACHERS};
static const gid_t other_groups[] = {100, OTHERS};
static const gid_t blue_groups[] = {100, BLUE};

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
    bool lab_allowed;    /* the verbs about this world are allowed */
    bool instructs;      /* and those about the whole lab */
    const char *called;  /* the name that goes with the uid */
};

static const struct attempt attempts[] = {
    {"her own world", ALICE, student_groups, 2, &alice, &firewall, "firewall", "alice", "router",
     true, true, false, NULL},
    {"a machine that isn't there", ALICE, student_groups, 2, &alice, &firewall, "firewall", "alice",
     "mail", true, false, false, NULL},
    {"bob's world, in alice's name", BOB, student_groups, 2, &alice, &firewall, "firewall", "alice",
     "router", false, false, false, NULL},
    {"alice's world, as bob without a record", BOB, student_groups, 2, NULL, &firewall, "firewall",
     "bob", "router", false, false, false, NULL},
    {"another's name in the request", ALICE, student_groups, 2, &alice, &firewall, "firewall",
     "bob", "router", false, false, false, NULL},
    {"a team's name in the request", ALICE, student_groups, 2, &alice, &firewall, "firewall",
     "@alice", "router", false, false, false, NULL},
    {"a missing lab", ALICE, student_groups, 2, &alice, NULL, "nosuch", "alice", "router", true,
     false, false, NULL},
    {"a lab's record under another name", ALICE, student_groups, 2, &alice, &firewall, "firewall2",
     "alice", "router", true, false, false, NULL},
    {"a lab whose name begins the same", ALICE, student_groups, 2, &alice, &firewall2, "firewall2",
     "alice", "router", true, false, false, NULL},
    {"a group that was revoked", ALICE, other_groups, 2, &alice, &firewall, "firewall", "alice",
     "router", true, false, false, NULL},
    {"no groups at all", ALICE, NULL, 0, &alice, &firewall, "firewall", "alice", "router", true,
     false, false, NULL},
    {"an instructor's group alone", ALICE, teacher_groups, 2, &alice, &firewall, "firewall",
     "alice", "router", true, true, true, NULL},
    {"alice's world, as an instructor", TINA, teacher_groups, 2, &alice, &firewall, "firewall",
     "alice", "router", false, true, true, NULL},
    {"a machine that isn't there, as an instructor", TINA, teacher_groups, 2, &alice, &firewall,
     "firewall", "alice", "mail", false, false, true, NULL},
    {"a team's world, as an instructor", TINA, teacher_groups, 2, &team, &firewall, "firewall",
     "@blue", "router", false, true, true, NULL},
    {"a world that isn't there, as an instructor", TINA, teacher_groups, 2, &without_labs,
     &firewall, "firewall", "alice", "router", false, false, true, NULL},
    {"another's name, as an instructor", TINA, teacher_groups, 2, &alice, &firewall, "firewall",
     "bob", "router", false, false, true, NULL},
    {"alice's world, as an instructor of another lab", TINA, teacher_groups, 2, &alice, &firewall2,
     "firewall2", "alice", "router", false, false, false, NULL},
    {"the team's world", BOB, blue_groups, 2, &team, &firewall, "firewall", "@blue", "router",
     false, true, false, NULL},
    {"the team's world, in no group of it", BOB, student_groups, 2, &team, &firewall, "firewall",
     "@blue", "router", false, false, false, NULL},
    {"the team's world, under the user's name", BOB, blue_groups, 2, &team, &firewall, "firewall",
     "blue", "router", false, false, false, NULL},
    {"a user's world, under the team's name", BOB, student_groups, 2, &blue, &firewall, "firewall",
     "@blue", "router", false, false, false, NULL},
    {"a user's world, in the group of that name", BOB + 5, blue_groups, 2, &blue, &firewall,
     "firewall", "blue", "router", false, false, false, NULL},
    {"a team's world of a lab that isn't for teams", BOB, blue_groups, 2, &team, &firewall2,
     "firewall2", "@blue", "router", false, false, false, NULL},
    {"the world of a group that is no team of the lab", BOB, other_groups, 2, &others, &firewall,
     "firewall", "@blue", "router", false, false, false, NULL},
    {"a gid that was another team's", BOB, blue_groups, 2, &team_before, &firewall, "firewall",
     "@blue", "router", false, false, false, NULL},
    {"what a gate assumes of another's world", BOB, student_groups, 2,
     &(const struct xw_owner){.name = "alice", .lab_count = 1, .labs = {"firewall"}}, &firewall,
     "firewall", "alice", "router", false, false, false, NULL},
    {"root with a team's group", 0, blue_groups, 2, &team, &firewall, "firewall", "@blue", "router",
     false, false, false, NULL},
    {"root with instructors' group", 0, teacher_groups, 2, &alice, &firewall, "firewall", "alice",
     "router", false, false, false, NULL},
    {"a lab without students", ALICE, student_groups, 2, &alice, &without_students, "firewall",
     "alice", "router", true, false, false, NULL},
    {"a lab of which she has no world", ALICE, student_groups, 2, &without_labs, &firewall,
     "firewall", "alice", "router", true, false, false, NULL},
    {"a uid that was another's", ALICE, student_groups, 2, &alice_before, &firewall, "firewall",
     "alice", "router", false, false, false, NULL},
    {"root", 0, student_groups, 2, &alice, &firewall, "firewall", "alice", "router", false, false,
     false, NULL},
    {"root with a record of its own", 0, student_groups, 2,
     &(const struct xw_owner){.uid = 0, .name = "root", .lab_count = 1, .labs = {"firewall"}},
     &firewall, "firewall", "root", "router", false, false, false, NULL},
    {"named, without a group", ALICE, other_groups, 2, &alice, &by_name, "firewall", "alice",
     "router", true, true, false, "alice"},
    {"named, in no group at all", ALICE, NULL, 0, &alice, &by_name, "firewall", "alice", "router",
     true, true, false, "alice"},
    {"named, a machine that isn't there", ALICE, NULL, 0, &alice, &by_name, "firewall", "alice",
     "mail", true, false, false, "alice"},
    {"named, without a world", ALICE, NULL, 0, &without_labs, &by_name, "firewall", "alice",
     "router", true, false, false, "alice"},
    {"named, and it isn't known who it is", ALICE, NULL, 0, &alice, &by_name, "firewall", "alice",
     "router", true, false, false, NULL},
    {"named, under an empty name", ALICE, NULL, 0, &alice, &by_name, "firewall", "alice", "router",
     true, false, false, ""},
    {"the uid of one who is named", ALICE, NULL, 0, &alice_before, &by_name, "firewall", "zoe",
     "router", true, false, false, "zoe"},
    {"the name of one who is named", BOB, NULL, 0,
     &(const struct xw_owner){.uid = BOB, .name = "bob", .lab_count = 1, .labs = {"firewall"}},
     &by_name, "firewall", "bob", "router", true, false, false, "bob"},
    {"a student's groups where users are named", BOB, student_groups, 2,
     &(const struct xw_owner){.uid = BOB, .name = "bob", .lab_count = 1, .labs = {"firewall"}},
     &by_name, "firewall", "bob", "router", true, false, false, "bob"},
    {"alice's world, by one who is named, too", ALICE + 70, NULL, 0, &alice, &by_name, "firewall",
     "alice", "router", false, false, false, "bob"},
    {"alice's world, as an instructor who is named", TINA, NULL, 0, &alice, &by_name, "firewall",
     "alice", "router", false, true, true, "tina"},
    {"a team's world, as an instructor who is named", TINA, NULL, 0, &team, &by_name, "firewall",
     "@blue", "router", false, true, true, "tina"},
    {"the uid of an instructor who is named", TINA, NULL, 0, &alice, &by_name, "firewall", "alice",
     "router", false, false, false, "mallory"},
    {"the name of an instructor who is named", BOB, NULL, 0, &alice, &by_name, "firewall", "alice",
     "router", false, false, false, "tina"},
    {"an instructor who is named, of another lab", TINA, NULL, 0, &alice, &firewall, "firewall",
     "alice", "router", false, false, false, "tina"},
    {"root, named as an instructor", 0, NULL, 0, &alice,
     &(const struct xw_access){.lab = "firewall",
                               .instructor_user_count = 1,
                               .instructor_users = {{0, "root"}},
                               .machine_count = 1,
                               .machines = {"router"}},
     "firewall", "alice", "router", false, false, false, "root"},
};

static bool expected(const struct attempt *attempt, enum xw_verb verb)
{
    const struct xw_verb_info *info = xw_verb_info(verb);

    if (info->role == XW_ROLE_ROOT)
        return attempt->uid == 0;
    if (info->scope == XW_SCOPE_NONE)
        return attempt->own;
    /* What names no machine doesn't care for one that isn't there. */
    bool allowed = attempt->lab_allowed ||
                   (info->scope == XW_SCOPE_LAB && strcmp(attempt->machine, "mail") == 0);
    if (info->role == XW_ROLE_INSTRUCTOR)
        return attempt->instructs && ((verb != XW_VERB_EXTEND && verb != XW_VERB_TAKE) || allowed);
    return allowed;
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
        const struct xw_caller caller = {attempt->uid, attempt->groups, attempt->group_count,
                                         attempt->called};
        for (int verb = 0; verb < XW_VERB_COUNT; verb++) {
            struct xw_request request = make_request(attempt, (enum xw_verb)verb);
            bool allowed = xw_access_decide(&caller, &request, attempt->owner, attempt->access,
                                            NOW) == XW_DECISION_ALLOW;
            if (allowed != expected(attempt, (enum xw_verb)verb))
                fail_msg("%s: %s was %s", attempt->what, xw_verb_info((enum xw_verb)verb)->name,
                         allowed ? "allowed" : "refused");
        }
    }
}

/* One machine that isn't the lab's refuses the whole set. */
static void sets_of_machines(void **state)
{
    const struct xw_caller caller = {ALICE, student_groups, 2, NULL};
    struct xw_request request = {.verb = XW_VERB_START,
                                 .lab = "firewall",
                                 .owner = "alice",
                                 .machine_count = 2,
                                 .machines = {"router", "web"}};

    (void)state;
    assert_int_equal(xw_access_decide(&caller, &request, &alice, &firewall, NOW),
                     XW_DECISION_ALLOW);
    strcpy(request.machines[1], "mail");
    assert_int_equal(xw_access_decide(&caller, &request, &alice, &firewall, NOW),
                     XW_DECISION_REFUSE);
    strcpy(request.machines[0], "mail");
    strcpy(request.machines[1], "web");
    assert_int_equal(xw_access_decide(&caller, &request, &alice, &firewall, NOW),
                     XW_DECISION_REFUSE);
    request.machine_count = 0;
    request.whole_world = true;
    assert_int_equal(xw_access_decide(&caller, &request, &alice, &firewall, NOW),
                     XW_DECISION_ALLOW);
}

/* `list` shows exactly the labs for which the other verbs would be allowed. */
static void list_agrees(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(attempts) / sizeof(attempts[0]); i++) {
        const struct attempt *attempt = &attempts[i];
        const struct xw_caller caller = {attempt->uid, attempt->groups, attempt->group_count,
                                         attempt->called};
        struct xw_request request = make_request(attempt, XW_VERB_STATUS);
        enum xw_decision status =
            xw_access_decide(&caller, &request, attempt->owner, attempt->access, NOW);
        /* An instructor looks at others' worlds, and lists those that are their own. */
        if (status == XW_DECISION_ALLOW && !attempt->instructs)
            assert_int_equal(xw_access_to_lab(&caller, attempt->owner, attempt->access),
                             XW_DECISION_ALLOW);
    }
    assert_int_equal(
        xw_access_to_lab(&(struct xw_caller){BOB, student_groups, 2, NULL}, &alice, &firewall),
        XW_DECISION_REFUSE);
    assert_int_equal(
        xw_access_to_lab(&(struct xw_caller){ALICE, student_groups, 2, NULL}, &alice, NULL),
        XW_DECISION_REFUSE);
    assert_int_equal(
        xw_access_to_lab(&(struct xw_caller){ALICE, student_groups, 2, NULL}, NULL, &firewall),
        XW_DECISION_REFUSE);
}

/* What a group gives before there is a world, to whom the kernel or the data base says is in it. */
static void groups_grant_and_instruct(void **state)
{
    const struct xw_caller student = {ALICE, student_groups, 2, NULL};
    const struct xw_caller teacher = {BOB, teacher_groups, 2, NULL};
    const struct xw_caller other = {BOB, other_groups, 2, NULL};
    const struct xw_caller root = {0, student_groups, 2, NULL};
    const struct xw_caller root_teacher = {0, teacher_groups, 2, NULL};
    const struct xw_caller without_groups = {ALICE, NULL, 0, NULL};

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
    const struct xw_caller member = {BOB, blue_groups, 2, NULL};
    const struct xw_caller root_member = {0, blue_groups, 2, NULL};
    assert_true(xw_access_grants_team(&member, &firewall, BLUE));
    assert_false(xw_access_grants(&member, &firewall) || xw_access_instructs(&member, &firewall));
    assert_false(xw_access_grants_team(&member, &firewall, 100));
    assert_false(xw_access_grants_team(&member, &firewall2, BLUE));
    assert_false(xw_access_grants_team(&student, &firewall, BLUE));
    assert_false(xw_access_grants_team(&root_member, &firewall, BLUE));
}

/* Who is named is so by uid and name, neither of which is enough. */
static void names_are_of_accounts(void **state)
{
    static const struct xw_named users[] = {{5, "eve"}, {ALICE, "alice"}, {BOB, "bob"}};
    const struct xw_caller people[] = {{ALICE, NULL, 0, "alice"}, {BOB, NULL, 0, "bob"}};
    const struct xw_caller strangers[] = {
        {ALICE, NULL, 0, "bob"},  {BOB, NULL, 0, "alice"},
        {TINA, NULL, 0, "alice"}, {ALICE, NULL, 0, NULL},
        {ALICE, NULL, 0, ""},     {ALICE, NULL, 0, "alic"},
        {0, NULL, 0, "alice"},    {ALICE + 65536, NULL, 0, "alice"}};
    static const struct xw_named root = {0, "root"};

    (void)state;
    for (size_t i = 0; i < sizeof(people) / sizeof(people[0]); i++)
        assert_true(xw_access_names(&people[i], users, 3));
    for (size_t i = 0; i < sizeof(strangers) / sizeof(strangers[0]); i++)
        assert_false(xw_access_names(&strangers[i], users, 3));
    assert_false(xw_access_names(&people[1], users, 2));
    assert_false(xw_access_names(&people[0], users, 0));
    assert_false(xw_access_names(&(struct xw_caller){0, NULL, 0, "root"}, &root, 1));
    /* The one list is not the other. */
    const struct xw_caller tina = {TINA, NULL, 0, "tina"};
    assert_true(xw_access_grants(&people[0], &by_name) && xw_access_instructs(&tina, &by_name));
    assert_false(xw_access_instructs(&people[0], &by_name) || xw_access_grants(&tina, &by_name));
}

/* Which records make a lab's own be opened. */
static void records_concern(void **state)
{
    const struct xw_owner teachers = {.gid = TEACHERS,
                                      .name = "@teachers",
                                      .lab_count = 1,
                                      .labs = {"history"},
                                      .instructed_count = 1,
                                      .instructed = {"firewall", "behind"}};

    (void)state;
    assert_true(xw_access_concerns(&alice, "firewall") && xw_access_lists(&alice, "firewall"));
    assert_true(xw_access_concerns(&teachers, "firewall"));
    assert_false(xw_access_lists(&teachers, "firewall"));
    assert_true(xw_access_concerns(&teachers, "history"));
    const struct xw_owner tina = {
        .uid = TINA, .name = "tina", .instructed_count = 1, .instructed = {"firewall"}};
    assert_true(xw_access_concerns(&tina, "firewall") && !xw_access_lists(&tina, "firewall"));
    assert_false(xw_access_concerns(&teachers, "behind"));
    assert_false(xw_access_concerns(&alice, "fire") || xw_access_concerns(&without_labs, ""));
}

/* Everything that is theirs: under the own name, or under none without a record. */
static void who_lists(void **state)
{
    const struct xw_caller caller = {ALICE, student_groups, 2, NULL};
    struct xw_request request = {.verb = XW_VERB_LIST};

    (void)state;
    assert_int_equal(xw_access_decide(&caller, &request, NULL, NULL, NOW), XW_DECISION_ALLOW);
    assert_int_equal(xw_access_decide(&caller, &request, &alice, NULL, NOW), XW_DECISION_REFUSE);
    strcpy(request.owner, "alice");
    assert_int_equal(xw_access_decide(&caller, &request, NULL, NULL, NOW), XW_DECISION_REFUSE);
    assert_int_equal(xw_access_decide(&caller, &request, &alice, NULL, NOW), XW_DECISION_ALLOW);
    const struct xw_owner both = {.uid = ALICE, .gid = BLUE, .name = "alice"};
    assert_int_equal(xw_access_decide(&caller, &request, &both, NULL, NOW), XW_DECISION_REFUSE);
    assert_int_equal(
        xw_access_decide(&(struct xw_caller){0, NULL, 0, NULL}, &request, NULL, NULL, NOW),
        XW_DECISION_REFUSE);
}

/* --- windows --------------------------------------------------------------------------------- */

enum { OPENS = 1000, CLOSES = 2000, GRACE = 300 };

static struct xw_access with_window(time_t opens, time_t closes, time_t grace)
{
    struct xw_access access = firewall;

    access.opens = opens;
    access.closes = closes;
    access.grace = grace;
    return access;
}

static struct xw_owner extended(time_t until)
{
    struct xw_owner owner = alice;

    /* Another lab's extension, and one that was left behind the last. */
    owner.until[1] = 9000;
    owner.until[2] = 9000;
    strcpy(owner.labs[2], "firewall");
    owner.until[0] = until;
    return owner;
}

#define OPEN     XW_WINDOW_OPEN
#define BEFORE   XW_WINDOW_BEFORE
#define IN_GRACE XW_WINDOW_GRACE
#define CLOSED   XW_WINDOW_CLOSED

static const struct {
    time_t opens, closes, grace, until;
    time_t now;
    enum xw_window_state state;
    time_t closes_for_her, ends;
} windows[] = {
    /* No window: at any time. */
    {0, 0, 0, 0, 0, OPEN, 0, 0},
    {0, 0, 0, 0, XW_TIME_MAX, OPEN, 0, 0},
    {0, 0, 0, 500, 600, OPEN, 0, 0},
    /* It opens and doesn't close. */
    {OPENS, 0, 0, 0, OPENS - 1, BEFORE, 0, 0},
    {OPENS, 0, 0, 0, OPENS, OPEN, 0, 0},
    {OPENS, 0, 0, 500, OPENS - 1, BEFORE, 0, 0},
    {OPENS, 0, 0, 0, XW_TIME_MAX, OPEN, 0, 0},
    {OPENS, 0, 0, 0, -1, BEFORE, 0, 0},
    /* It closes, with and without grace. */
    {0, CLOSES, 0, 0, CLOSES - 1, OPEN, CLOSES, CLOSES},
    {0, CLOSES, 0, 0, CLOSES, CLOSED, CLOSES, CLOSES},
    {0, CLOSES, GRACE, 0, CLOSES - 1, OPEN, CLOSES, CLOSES + GRACE},
    {0, CLOSES, GRACE, 0, CLOSES, IN_GRACE, CLOSES, CLOSES + GRACE},
    {0, CLOSES, GRACE, 0, CLOSES + GRACE - 1, IN_GRACE, CLOSES, CLOSES + GRACE},
    {0, CLOSES, GRACE, 0, CLOSES + GRACE, CLOSED, CLOSES, CLOSES + GRACE},
    {0, CLOSES, GRACE, 0, XW_TIME_MAX, CLOSED, CLOSES, CLOSES + GRACE},
    {OPENS, CLOSES, GRACE, 0, OPENS - 1, BEFORE, CLOSES, CLOSES + GRACE},
    {OPENS, CLOSES, GRACE, 0, OPENS, OPEN, CLOSES, CLOSES + GRACE},
    /* An extension moves the closing, with its grace, and never forward or the opening. */
    {OPENS, CLOSES, GRACE, 2500, OPENS - 1, BEFORE, 2500, 2500 + GRACE},
    {OPENS, CLOSES, GRACE, 2500, 2499, OPEN, 2500, 2500 + GRACE},
    {OPENS, CLOSES, GRACE, 2500, 2500, IN_GRACE, 2500, 2500 + GRACE},
    {OPENS, CLOSES, GRACE, 2500, 2500 + GRACE, CLOSED, 2500, 2500 + GRACE},
    {OPENS, CLOSES, 0, 2500, 2500, CLOSED, 2500, 2500},
    {OPENS, CLOSES, GRACE, CLOSES - 1, CLOSES - 1, OPEN, CLOSES, CLOSES + GRACE},
    {OPENS, CLOSES, GRACE, 1, CLOSES, IN_GRACE, CLOSES, CLOSES + GRACE},
    {OPENS, CLOSES, GRACE, CLOSES + 1, CLOSES, OPEN, CLOSES + 1, CLOSES + 1 + GRACE},
};

/* What a window is depends on the time that is given and on nothing else (T-E7). */
static void every_window(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(windows) / sizeof(windows[0]); i++) {
        struct xw_access access =
            with_window(windows[i].opens, windows[i].closes, windows[i].grace);
        struct xw_owner owner = extended(windows[i].until);
        struct xw_window window = xw_access_window(&owner, &access, windows[i].now);
        if (window.state != windows[i].state || window.opens != windows[i].opens ||
            window.closes != windows[i].closes_for_her || window.ends != windows[i].ends)
            fail_msg("window %zu: state %d, %ld to %ld, %ld", i, window.state, (long)window.opens,
                     (long)window.closes, (long)window.ends);
    }
}

static enum xw_decision decide_at(enum xw_verb verb, const gid_t *groups, size_t group_count,
                                  const struct xw_owner *owner, const struct xw_access *access,
                                  time_t now)
{
    const struct xw_caller caller = {ALICE, groups, group_count, NULL};
    struct xw_request request = {.verb = verb, .owner = "alice"};

    if (xw_verb_info(verb)->scope != XW_SCOPE_NONE)
        strcpy(request.lab, "firewall");
    if (xw_verb_info(verb)->scope >= XW_SCOPE_SET) {
        request.machine_count = 1;
        strcpy(request.machines[0], "web");
    }
    return xw_access_decide(&caller, &request, owner, access, now);
}

/* In each window: looking is allowed, the rest if it is open, and never "refused" for the time. */
static void verbs_in_windows(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(windows) / sizeof(windows[0]); i++) {
        struct xw_access access =
            with_window(windows[i].opens, windows[i].closes, windows[i].grace);
        struct xw_owner owner = extended(windows[i].until);
        for (int verb = 0; verb <= XW_VERB_TAKE; verb++) {
            bool looks = verb == XW_VERB_LIST || verb == XW_VERB_STATUS ||
                         verb == XW_VERB_CHECKPOINTS || verb == XW_VERB_EVENTS;
            enum xw_decision decision =
                decide_at((enum xw_verb)verb, student_groups, 2, &owner, &access, windows[i].now);
            if (verb == XW_VERB_TAKE)
                assert_int_equal(decision, XW_DECISION_REFUSE);
            else if (decision !=
                     (looks || windows[i].state == OPEN ? XW_DECISION_ALLOW : XW_DECISION_LIMIT))
                fail_msg("window %zu: %s got %d", i, xw_verb_info((enum xw_verb)verb)->name,
                         decision);
        }
    }
}

/* A clock that jumps takes the window along, and leaves nothing behind. */
static void clocks_that_jump(void **state)
{
    static const time_t clock[] = {OPENS - 1, CLOSES - 1, CLOSES, OPENS, CLOSES + GRACE, 0, OPENS};
    static const enum xw_decision expected[] = {
        XW_DECISION_LIMIT, XW_DECISION_ALLOW, XW_DECISION_LIMIT, XW_DECISION_ALLOW,
        XW_DECISION_LIMIT, XW_DECISION_LIMIT, XW_DECISION_ALLOW};
    struct xw_access access = with_window(OPENS, CLOSES, GRACE);

    (void)state;
    for (size_t i = 0; i < sizeof(clock) / sizeof(clock[0]); i++)
        assert_int_equal(decide_at(XW_VERB_START, student_groups, 2, &alice, &access, clock[i]),
                         expected[i]);
}

/* Who is in a group of instructors uses the lab's worlds at any time, their own ones, too. */
static void instructors_try_their_lab(void **state)
{
    static const gid_t both[] = {STUDENTS, TEACHERS};
    struct xw_access access = with_window(OPENS, CLOSES, GRACE);

    (void)state;
    for (time_t now = OPENS - 500; now < CLOSES + 2 * GRACE; now += 100) {
        assert_int_equal(decide_at(XW_VERB_START, both, 2, &alice, &access, now),
                         XW_DECISION_ALLOW);
        assert_int_equal(decide_at(XW_VERB_CONSOLE, both, 2, &alice, &access, now),
                         XW_DECISION_ALLOW);
        assert_int_equal(decide_at(XW_VERB_TAKE, both, 2, &alice, &access, now), XW_DECISION_ALLOW);
        assert_int_equal(decide_at(XW_VERB_TAKE, student_groups, 2, &alice, &access, now),
                         XW_DECISION_REFUSE);
        assert_int_equal(decide_at(XW_VERB_START, teacher_groups, 2, &alice, &access, now),
                         XW_DECISION_ALLOW);
        assert_int_equal(decide_at(XW_VERB_EXTEND, teacher_groups, 2, &alice, &access, now),
                         XW_DECISION_ALLOW);
        assert_int_equal(decide_at(XW_VERB_EXTEND, student_groups, 2, &alice, &access, now),
                         XW_DECISION_REFUSE);
    }
}

/* What isn't theirs is refused alike in a closed lab: nobody learns of its times. */
static void a_window_tells_nothing_to_others(void **state)
{
    struct xw_access access = with_window(OPENS, CLOSES, GRACE);

    (void)state;
    for (size_t i = 0; i < sizeof(attempts) / sizeof(attempts[0]); i++) {
        const struct attempt *attempt = &attempts[i];
        const struct xw_caller caller = {attempt->uid, attempt->groups, attempt->group_count,
                                         attempt->called};
        for (int verb = 0; verb < XW_VERB_COUNT; verb++) {
            struct xw_request request = make_request(attempt, (enum xw_verb)verb);
            if (attempt->access != &firewall || expected(attempt, (enum xw_verb)verb))
                continue;
            assert_int_equal(
                xw_access_decide(&caller, &request, attempt->owner, &access, CLOSES + GRACE),
                XW_DECISION_REFUSE);
        }
    }
}

static void a_window_in_words(void **state)
{
    static const struct {
        struct xw_window window;
        bool told;
        const char *line;
        const char *refusal;
    } cases[] = {
        {{OPEN, 0, 0, 0}, false, "window firewall open 0 0 0", XW_CLOSED_TEXT},
        {{OPEN, 5, 0, 0}, true, "window firewall open 5 0 0", XW_CLOSED_TEXT},
        {{OPEN, 0, 6, 7}, true, "window firewall open 0 6 7", XW_CLOSED_TEXT},
        {{BEFORE, 5, 6, 7}, true, "window firewall before 5 6 7", XW_NOT_OPEN_TEXT},
        {{IN_GRACE, 5, 6, 7}, true, "window firewall grace 5 6 7", XW_CLOSED_TEXT},
        {{CLOSED, 5, 6, XW_TIME_MAX},
         true,
         "window firewall closed 5 6 253402300799",
         XW_CLOSED_TEXT},
    };
    char line[XW_WINDOW_LINE_SIZE];

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        assert_int_equal(xw_window_line("firewall", "", &cases[i].window, line), cases[i].told);
        assert_string_equal(line, cases[i].line);
        assert_string_equal(xw_window_refusal(&cases[i].window), cases[i].refusal);
    }
    /* The longest there can be. */
    const struct xw_window longest = {CLOSED, XW_TIME_MAX, XW_TIME_MAX,
                                      (time_t)XW_TIME_MAX + XW_GRACE_MAX};
    xw_window_line("aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", "@bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb", &longest,
                   line);
    assert_string_equal(line,
                        "window aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa:@bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"
                        " closed 253402300799 253402300799 253402905599");
}

/* A team's members have the team's extension, and no other. */
static void a_teams_extension(void **state)
{
    const struct xw_caller caller = {ALICE, blue_groups, 2, NULL};
    struct xw_access access = with_window(0, CLOSES, 0);
    struct xw_request request = {.verb = XW_VERB_START,
                                 .lab = "firewall",
                                 .owner = "@blue",
                                 .machine_count = 1,
                                 .machines = {"web"}};
    struct xw_owner extended_team = team;

    (void)state;
    assert_int_equal(xw_access_decide(&caller, &request, &extended_team, &access, CLOSES),
                     XW_DECISION_LIMIT);
    extended_team.until[0] = CLOSES + 1;
    assert_int_equal(xw_access_decide(&caller, &request, &extended_team, &access, CLOSES),
                     XW_DECISION_ALLOW);
    assert_int_equal(xw_access_decide(&caller, &request, &extended_team, &access, CLOSES + 1),
                     XW_DECISION_LIMIT);
}

/* Nobody's extension. */
static void without_an_owner(void **state)
{
    struct xw_access access = with_window(0, CLOSES, 0);

    (void)state;
    assert_int_equal(xw_access_window(NULL, &access, CLOSES - 1).state, OPEN);
    assert_int_equal(xw_access_window(NULL, &access, CLOSES).state, CLOSED);
    /* Nor that of an owner without this lab, with what is behind their last one. */
    struct xw_owner owner = without_labs;
    owner.until[0] = CLOSES + 5;
    assert_int_equal(xw_access_window(&owner, &access, CLOSES).state, CLOSED);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(groups_grant_and_instruct),
        cmocka_unit_test(names_are_of_accounts),
        cmocka_unit_test(records_concern),
        cmocka_unit_test(who_lists),
        cmocka_unit_test(the_matrix),
        cmocka_unit_test(sets_of_machines),
        cmocka_unit_test(list_agrees),
        cmocka_unit_test(every_window),
        cmocka_unit_test(verbs_in_windows),
        cmocka_unit_test(clocks_that_jump),
        cmocka_unit_test(instructors_try_their_lab),
        cmocka_unit_test(a_window_tells_nothing_to_others),
        cmocka_unit_test(a_window_in_words),
        cmocka_unit_test(a_teams_extension),
        cmocka_unit_test(without_an_owner),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
