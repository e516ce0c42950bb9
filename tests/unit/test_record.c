/* links: common/error.c common/lines.c common/names.c common/record.c */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdbool.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/lines.h"
#include "common/record.h"
#include "tests/unit/private_root.h"
#include "tests/unit/record_lines.h"

#define PLACE "/var/lib"

static const char good_owner[] = "xworlds-owner 1\nuid 1001\nname alice\nlab firewall\nend\n";

static const char good_access[] = "xworlds-access 1\n"
                                  "lab firewall\n"
                                  "title A firewall between two segments\n"
                                  "student 2001\n"
                                  "machine router\n"
                                  "end\n";

/* A group's, and a lab's for teams. */
static const char good_group[] = "xworlds-owner 1\ngid 2004\nname @blue\nlab firewall\n"
                                 "instructs history\nend\n";

static const char team_access[] = "xworlds-access 1\n"
                                  "lab firewall\n"
                                  "title A firewall between two segments\n"
                                  "team 2004\n"
                                  "machine router\n"
                                  "end\n";

/* Records with all that there can be of times. */
static const char timed_owner[] = "xworlds-owner 1\nuid 1001\nname alice\nlab firewall\n"
                                  "until 1796112000\nend\n";

static const char timed_access[] = "xworlds-access 1\n"
                                   "lab firewall\n"
                                   "title A firewall between two segments\n"
                                   "student 2001\n"
                                   "opens 1796000000\n"
                                   "closes 1796100000\n"
                                   "grace 1800\n"
                                   "machine router\n"
                                   "end\n";

static const char user_access[] = "xworlds-access 1\n"
                                  "lab firewall\n"
                                  "title A firewall between two segments\n"
                                  "user 1005 dave\n"
                                  "instructor-user 1006 tina\n"
                                  "machine router\n"
                                  "end\n";

static int parse_owner(const char *text, size_t length)
{
    struct xw_owner owner;

    return xw_owner_parse(text, length, &owner, NULL);
}

/* A record in which every line must be: an owner may have no lab at all. */
static int parse_owner_with_lab(const char *text, size_t length)
{
    struct xw_owner owner;
    int rc = xw_owner_parse(text, length, &owner, NULL);

    return rc < 0 ? rc : owner.lab_count == 1 ? 0 : -1;
}

/* The same: there need not be a time. */
static int parse_timed_owner(const char *text, size_t length)
{
    struct xw_owner owner;
    int rc = xw_owner_parse(text, length, &owner, NULL);

    return rc < 0 ? rc : owner.lab_count == 1 && owner.until[0] == 1796112000 ? 0 : -1;
}

static int parse_group(const char *text, size_t length)
{
    struct xw_owner owner;
    int rc = xw_owner_parse(text, length, &owner, NULL);

    return rc < 0 ? rc : owner.lab_count == 1 && owner.instructed_count == 1 ? 0 : -1;
}

static int parse_timed_access(const char *text, size_t length)
{
    struct xw_access access;
    int rc = xw_access_parse(text, length, &access, NULL);

    return rc < 0 ? rc : access.opens && access.closes && access.grace ? 0 : -1;
}

static int parse_access(const char *text, size_t length)
{
    struct xw_access access;

    return xw_access_parse(text, length, &access, NULL);
}

/* There need not be an instructor. */
static int parse_user_access(const char *text, size_t length)
{
    struct xw_access access;
    int rc = xw_access_parse(text, length, &access, NULL);

    return rc < 0 ? rc : access.instructor_user_count == 1 ? 0 : -1;
}

static void owner_is_read(void **state)
{
    static const char text[] = "xworlds-owner 1\nuid 4294967294\nname _a-b_9\nlab b\nlab a\nend\n";
    struct xw_owner owner;

    (void)state;
    assert_int_equal(xw_owner_parse(text, strlen(text), &owner, NULL), 0);
    assert_true(owner.uid == 4294967294U);
    assert_string_equal(owner.name, "_a-b_9");
    assert_int_equal(owner.lab_count, 2);
    assert_string_equal(owner.labs[0], "b");
    assert_string_equal(owner.labs[1], "a");
    static const char none[] = "xworlds-owner 1\nuid 1001\nname alice\nend\n";
    assert_int_equal(xw_owner_parse(none, strlen(none), &owner, NULL), 0);
    assert_int_equal(owner.lab_count, 0);
}

static void group_is_read(void **state)
{
    static const char text[] = "xworlds-owner 1\ngid 2004\nname @blue\nlab b\nuntil 7\nlab a\n"
                               "instructs d\ninstructs c\nend\n";
    static const char teachers[] = "xworlds-owner 1\ngid 4294967294\nname @teachers\n"
                                   "instructs c\nend\n";
    struct xw_owner owner;

    (void)state;
    assert_int_equal(xw_owner_parse(text, strlen(text), &owner, NULL), 0);
    assert_true(owner.uid == 0 && owner.gid == 2004);
    assert_string_equal(owner.name, "@blue");
    assert_int_equal(owner.lab_count, 2);
    assert_int_equal(owner.until[0], 7);
    assert_int_equal(owner.instructed_count, 2);
    assert_string_equal(owner.instructed[0], "d");
    assert_string_equal(owner.instructed[1], "c");
    assert_int_equal(xw_owner_parse(teachers, strlen(teachers), &owner, NULL), 0);
    assert_true(owner.uid == 0 && owner.gid == 4294967294U);
    assert_true(owner.lab_count == 0 && owner.instructed_count == 1);
    assert_int_equal(xw_owner_parse(good_owner, strlen(good_owner), &owner, NULL), 0);
    assert_true(owner.uid == 1001 && owner.gid == 0 && owner.instructed_count == 0);
}

/* A user can look after labs alone, with worlds or without. */
static void instructor_is_read(void **state)
{
    static const char text[] = "xworlds-owner 1\nuid 1006\nname tina\nlab b\nuntil 7\n"
                               "instructs d\ninstructs c\nend\n";
    static const char alone[] = "xworlds-owner 1\nuid 1006\nname tina\ninstructs c\nend\n";
    struct xw_owner owner;

    (void)state;
    assert_int_equal(xw_owner_parse(text, strlen(text), &owner, NULL), 0);
    assert_true(owner.uid == 1006 && owner.gid == 0 && owner.lab_count == 1 &&
                owner.until[0] == 7 && owner.instructed_count == 2);
    assert_string_equal(owner.instructed[1], "c");
    assert_int_equal(xw_owner_parse(alone, strlen(alone), &owner, NULL), 0);
    assert_true(owner.uid == 1006 && owner.lab_count == 0 && owner.instructed_count == 1);
}

static void hostile_groups(void **state)
{
    static const char *const texts[] = {
        "xworlds-owner 1\ngid 2004\nname blue\nlab a\nend\n",
        "xworlds-owner 1\nuid 2004\nname @blue\nlab a\nend\n",
        "xworlds-owner 1\ngid 0\nname @root\nlab a\nend\n",
        "xworlds-owner 1\ngid 4294967295\nname @blue\nend\n",
        "xworlds-owner 1\nuid 1001\ngid 2004\nname @blue\nend\n",
        "xworlds-owner 1\ngid 2004\nuid 1001\nname @blue\nend\n",
        "xworlds-owner 1\nname @blue\nend\n",
        "xworlds-owner 1\ngid 2004\nname @\nend\n",
        "xworlds-owner 1\ngid 2004\nname @@blue\nend\n",
        "xworlds-owner 1\ngid 2004\nname @blue\ninstructs a\nlab a\nend\n",
        "xworlds-owner 1\ngid 2004\nname @blue\ninstructs a\ninstructs a\nend\n",
        "xworlds-owner 1\ngid 2004\nname @blue\ninstructs ..\nend\n",
        "xworlds-owner 1\ngid 2004\nname @blue\ninstructs a\nuntil 5\nend\n",
        "xworlds-owner 1\nuid 1001\nname alice\ninstructs a\nlab b\nend\n",
        "xworlds-owner 1\nuid 1001\nname @alice\ninstructs a\nend\n",
    };

    (void)state;
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        if (parse_owner(texts[i], strlen(texts[i])) != -EBADMSG)
            fail_msg("taken: %s", texts[i]);
    }
    for (int count = XW_LABS_PER_OWNER_MAX; count <= XW_LABS_PER_OWNER_MAX + 1; count++) {
        char text[4096];
        int used = snprintf(text, sizeof(text), "xworlds-owner 1\ngid 2004\nname @blue\n");
        for (int i = 0; i < count; i++)
            used += snprintf(text + used, sizeof(text) - (size_t)used, "instructs l%d\n", i);
        snprintf(text + used, sizeof(text) - (size_t)used, "end\n");
        assert_int_equal(parse_owner(text, strlen(text)),
                         count > XW_LABS_PER_OWNER_MAX ? -EBADMSG : 0);
    }
}

static void access_is_read(void **state)
{
    static const char text[] =
        "xworlds-access 1\nlab firewall\ntitle Für alle\nstudent 7\n"
        "student 2001\nteam 3\nteam 2004\ninstructor 5\ninstructor 6\nmachine web\n"
        "machine router\nend\n";
    struct xw_access access;

    (void)state;
    assert_int_equal(xw_access_parse(text, strlen(text), &access, NULL), 0);
    assert_string_equal(access.lab, "firewall");
    assert_string_equal(access.title, "Für alle");
    assert_int_equal(access.student_count, 2);
    assert_int_equal(access.students[0], 7);
    assert_int_equal(access.students[1], 2001);
    assert_int_equal(access.team_count, 2);
    assert_int_equal(access.teams[0], 3);
    assert_int_equal(access.teams[1], 2004);
    assert_int_equal(access.instructor_count, 2);
    assert_int_equal(access.instructors[1], 6);
    assert_int_equal(access.machine_count, 2);
    assert_string_equal(access.machines[0], "web");
}

/* Builds an access record around one line or several. */
static int parse_access_with(const char *title, const char *rest)
{
    char text[XW_TEST_TEXT_MAX];

    snprintf(text, sizeof(text), "xworlds-access 1\nlab firewall\ntitle %s\n%send\n", title, rest);
    return parse_access(text, strlen(text));
}

/* Users whom a lab's file names, with the account that was meant. */
static void users_are_read(void **state)
{
    static const char text[] = "xworlds-access 1\nlab firewall\ntitle A\nstudent 7\n"
                               "user 1005 dave\nuser 4294967294 _a-b_9\nteam 3\n"
                               "instructor 5\ninstructor-user 1 zoe\n"
                               "instructor-user 1005 dave\nmachine web\nend\n";
    struct xw_access access;

    (void)state;
    assert_int_equal(xw_access_parse(text, strlen(text), &access, NULL), 0);
    assert_true(access.student_count == 1 && access.team_count == 1 &&
                access.instructor_count == 1);
    assert_int_equal(access.user_count, 2);
    assert_int_equal(access.users[0].uid, 1005);
    assert_string_equal(access.users[0].name, "dave");
    assert_true(access.users[1].uid == 4294967294U);
    assert_string_equal(access.users[1].name, "_a-b_9");
    assert_int_equal(access.instructor_user_count, 2);
    assert_int_equal(access.instructor_users[0].uid, 1);
    assert_string_equal(access.instructor_users[0].name, "zoe");
    assert_int_equal(access.instructor_users[1].uid, 1005);
    assert_string_equal(access.instructor_users[1].name, "dave");
}

static void hostile_users(void **state)
{
    static const char *const taken[] = {
        "user 1 a\nmachine a\n",
        "user 1 a\nuser 2 a\nmachine a\n",
        "student 1\nuser 1 a\nteam 1\ninstructor 1\ninstructor-user 1 a\nmachine a\n",
        "user 1 aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\nmachine a\n",
        "student 1\ninstructor-user 1 a\nmachine a\n",
    };
    static const char *const refused[] = {
        "user\nmachine a\n",
        "user 1\nmachine a\n",
        "user a\nmachine a\n",
        "user a 1\nmachine a\n",
        "user 0 root\nmachine a\n",
        "user 01 a\nmachine a\n",
        "user -1 a\nmachine a\n",
        "user 4294967295 a\nmachine a\n",
        "user 4294967297 a\nmachine a\n",
        "user 1  a\nmachine a\n",
        "user 1 a b\nmachine a\n",
        "user 1 @a\nmachine a\n",
        "user 1 A\nmachine a\n",
        "user 1 ../a\nmachine a\n",
        "user 1 aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\nmachine a\n",
        "user 2 a\nuser 1 b\nmachine a\n",
        "user 1 a\nuser 1 a\nmachine a\n",
        "user 1 a\nuser 1 b\nmachine a\n",
        "user 1 a\nstudent 1\nmachine a\n",
        "team 1\nuser 1 a\nmachine a\n",
        "users 1 a\nmachine a\n",
        "instructor-user 1 a\nmachine a\n",
        "user 1 a\ninstructor-user 0 root\nmachine a\n",
        "user 1 a\ninstructor-user 2 a\ninstructor-user 1 b\nmachine a\n",
        "user 1 a\ninstructor-user 1 a\ninstructor 1\nmachine a\n",
        "user 1 a\nmachine a\ninstructor-user 1 a\n",
        "user 1 a\nopens 5\ninstructor-user 1 a\nmachine a\n",
    };

    (void)state;
    for (size_t i = 0; i < sizeof(taken) / sizeof(taken[0]); i++) {
        if (parse_access_with("A", taken[i]) != 0)
            fail_msg("refused: %s", taken[i]);
    }
    for (size_t i = 0; i < sizeof(refused) / sizeof(refused[0]); i++) {
        if (parse_access_with("A", refused[i]) != -EBADMSG)
            fail_msg("taken: %s", refused[i]);
    }
}

static void as_many_users_as_fit(void **state)
{
    (void)state;
    for (int kind = 0; kind < 2; kind++) {
        const char *key = kind ? "instructor-user" : "user";
        for (int count = XW_USERS_PER_LAB_MAX; count <= XW_USERS_PER_LAB_MAX + 1; count++) {
            char text[4096];
            int used = snprintf(text, sizeof(text), "%s", kind ? "student 1\n" : "");
            for (int i = 1; i <= count; i++)
                used +=
                    snprintf(text + used, sizeof(text) - (size_t)used, "%s %d u%d\n", key, i, i);
            snprintf(text + used, sizeof(text) - (size_t)used, "machine a\n");
            assert_int_equal(parse_access_with("A", text),
                             count > XW_USERS_PER_LAB_MAX ? -EBADMSG : 0);
        }
    }
}

static void every_line_counts(void **state)
{
    (void)state;
    xw_test_each_line(parse_owner_with_lab, good_owner);
    xw_test_each_line(parse_access, good_access);
    xw_test_each_line(parse_group, good_group);
    xw_test_each_line(parse_access, team_access);
    xw_test_each_line(parse_user_access, user_access);
    xw_test_each_line(parse_timed_owner, timed_owner);
    xw_test_each_line(parse_timed_access, timed_access);
}

static void every_byte_counts(void **state)
{
    (void)state;
    xw_test_each_byte(parse_owner, good_owner);
    xw_test_each_byte(parse_access, good_access);
    xw_test_each_byte(parse_access, user_access);
}

static void hostile_owners(void **state)
{
    static const char *const texts[] = {
        "xworlds-owner 2\nuid 1001\nname alice\nend\n",
        "xworlds-access 1\nuid 1001\nname alice\nend\n",
        "\nxworlds-owner 1\nuid 1001\nname alice\nend\n",
        "xworlds-owner 1\n\nuid 1001\nname alice\nend\n",
        "xworlds-owner 1\n# a comment\nuid 1001\nname alice\nend\n",
        "xworlds-owner 1\nuid 0\nname root\nend\n",
        "xworlds-owner 1\nuid 4294967295\nname alice\nend\n",
        "xworlds-owner 1\nuid 4294968297\nname alice\nend\n",
        "xworlds-owner 1\nuid 01001\nname alice\nend\n",
        "xworlds-owner 1\nuid +1001\nname alice\nend\n",
        "xworlds-owner 1\nuid -1\nname alice\nend\n",
        "xworlds-owner 1\nuid 1001 \nname alice\nend\n",
        "xworlds-owner 1\nuid  1001\nname alice\nend\n",
        "xworlds-owner 1\n uid 1001\nname alice\nend\n",
        "xworlds-owner 1\nuid 1001\nname Alice\nend\n",
        "xworlds-owner 1\nuid 1001\nname\nend\n",
        "xworlds-owner 1\nuid 1001\nname ../alice\nend\n",
        "xworlds-owner 1\nuid 1001\nname aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\nend\n",
        "xworlds-owner 1\nuid 1001\nname alice\nlab ..\nend\n",
        "xworlds-owner 1\nuid 1001\nname alice\nlab a\nlab b\nlab a\nend\n",
        "xworlds-owner 1\nuid 1001\nname alice\nlabs a\nend\n",
        "xworlds-owner 1\nuid 1001\nname alice\nend\nend\n",
        "xworlds-owner 1\nuid 1001\nname alice\nend\nlab a\n",
        "xworlds-owner 1\nuid 1001\nname alice\nEND\n",
        "xworlds-owner 1\r\nuid 1001\r\nname alice\r\nend\r\n",
    };

    (void)state;
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        if (parse_owner(texts[i], strlen(texts[i])) != -EBADMSG)
            fail_msg("taken: %s", texts[i]);
    }
}

static void hostile_accesses(void **state)
{
    static const char ok[] = "student 1\nmachine a\n";

    (void)state;
    assert_int_equal(parse_access_with("A", ok), 0);
    assert_int_equal(parse_access_with("\xc3\xa4", ok), 0);
    assert_int_equal(parse_access_with("\xc3", ok), -EBADMSG);             /* cut off */
    assert_int_equal(parse_access_with("\xc0\xaf", ok), -EBADMSG);         /* overlong */
    assert_int_equal(parse_access_with("\xed\xa0\x80", ok), -EBADMSG);     /* surrogate */
    assert_int_equal(parse_access_with("\xf4\x90\x80\x80", ok), -EBADMSG); /* too large */
    assert_int_equal(parse_access_with("\xc2\x9b"
                                       "31m",
                                       ok),
                     -EBADMSG); /* C1: CSI */
    assert_int_equal(parse_access_with("a\xe2\x80\xae"
                                       "b",
                                       ok),
                     -EBADMSG); /* U+202E */
    assert_int_equal(parse_access_with("a\xe2\x80\xa8"
                                       "b",
                                       ok),
                     -EBADMSG); /* U+2028 */
    assert_int_equal(parse_access_with("A", "machine a\n"), -EBADMSG);
    assert_int_equal(parse_access_with("A", "student 0\nmachine a\n"), -EBADMSG);
    assert_int_equal(parse_access_with("A", "student 2\nstudent 1\nmachine a\n"), -EBADMSG);
    assert_int_equal(parse_access_with("A", "student 1\nstudent 1\nmachine a\n"), -EBADMSG);
    assert_int_equal(parse_access_with("A", "student 1\nmachine a\nmachine a\n"), -EBADMSG);
    assert_int_equal(parse_access_with("A", "student 4294967295\nmachine a\n"), -EBADMSG);
    assert_int_equal(parse_access_with("A", "instructor 1\nstudent 1\nmachine a\n"), -EBADMSG);
    assert_int_equal(parse_access_with("A", "student 1\nmachine a\ninstructor 1\n"), -EBADMSG);
    assert_int_equal(parse_access_with("A", "student 1\ninstructor 1\nmachine a\n"), 0);
    assert_int_equal(parse_access_with("A", "student 1\nteam 1\ninstructor 1\nmachine a\n"), 0);
    assert_int_equal(parse_access_with("A", "team 1\nmachine a\n"), 0);
    assert_int_equal(parse_access_with("A", "instructor 1\nmachine a\n"), -EBADMSG);
    assert_int_equal(parse_access_with("A", "team 1\nstudent 1\nmachine a\n"), -EBADMSG);
    assert_int_equal(parse_access_with("A", "instructor 1\nteam 1\nmachine a\n"), -EBADMSG);
    assert_int_equal(parse_access_with("A", "team 2\nteam 1\nmachine a\n"), -EBADMSG);
    assert_int_equal(parse_access_with("A", "team 0\nmachine a\n"), -EBADMSG);
}

static void times_are_read(void **state)
{
    static const char text[] = "xworlds-owner 1\nuid 1001\nname alice\nlab a\nlab b\n"
                               "until 253402300799\nlab c\nuntil 1\nend\n";
    struct xw_owner owner;
    struct xw_access access;

    (void)state;
    assert_int_equal(xw_owner_parse(text, strlen(text), &owner, NULL), 0);
    assert_int_equal(owner.lab_count, 3);
    assert_int_equal(owner.until[0], 0);
    assert_true(owner.until[1] == 253402300799);
    assert_int_equal(owner.until[2], 1);
    assert_string_equal(owner.labs[2], "c");
    assert_int_equal(xw_access_parse(timed_access, strlen(timed_access), &access, NULL), 0);
    assert_int_equal(access.opens, 1796000000);
    assert_int_equal(access.closes, 1796100000);
    assert_int_equal(access.grace, 1800);
    assert_int_equal(access.machine_count, 1);
    assert_int_equal(xw_access_parse(good_access, strlen(good_access), &access, NULL), 0);
    assert_true(access.opens == 0 && access.closes == 0 && access.grace == 0);
}

static void hostile_times(void **state)
{
    static const struct {
        const char *lines;
        bool good;
    } cases[] = {
        {"opens 1\n", true},
        {"opens 253402300799\n", true},
        {"closes 1\n", true},
        {"closes 253402300799\ngrace 1\n", true},
        {"closes 5\ngrace 604800\n", true},
        {"opens 5\ncloses 6\n", true},
        {"opens 0\n", false},
        {"opens 253402300800\n", false},
        {"closes 0\n", false},
        {"closes 253402300800\n", false},
        {"opens 5\ncloses 5\n", false},
        {"opens 6\ncloses 5\n", false},
        {"opens 253402300799\ncloses 253402300799\n", false},
        {"closes 6\nopens 5\n", false},
        {"opens 5\ngrace 60\n", false},
        {"grace 60\n", false},
        {"closes 5\ngrace 0\n", false},
        {"closes 5\ngrace 604801\n", false},
        {"grace 60\ncloses 5\n", false},
        {"opens -5\n", false},
        {"opens 05\n", false},
        {"opens 5s\n", false},
        {"opens 18446744073709551617\n", false},
        {"until 5\n", false},
    };
    static const char *const owners[] = {
        "lab a\nuntil 0\n", "lab a\nuntil 253402300800\n", "until 5\n",
        "until 5\nlab a\n", "lab a\nuntil 5\nuntil 6\n",   "lab a\nuntil 5\nlab a\n",
        "lab a\nuntil x\n"};
    char text[256];

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        snprintf(text, sizeof(text), "student 1\n%smachine a\n", cases[i].lines);
        if (parse_access_with("A", text) != (cases[i].good ? 0 : -EBADMSG))
            fail_msg("%s: %s", cases[i].good ? "refused" : "taken", cases[i].lines);
        /* They have one place. */
        snprintf(text, sizeof(text), "%sstudent 1\nmachine a\n", cases[i].lines);
        assert_int_equal(parse_access_with("A", text), -EBADMSG);
        snprintf(text, sizeof(text), "student 1\nmachine a\n%s", cases[i].lines);
        assert_int_equal(parse_access_with("A", text), -EBADMSG);
    }
    for (size_t i = 0; i < sizeof(owners) / sizeof(owners[0]); i++) {
        snprintf(text, sizeof(text), "xworlds-owner 1\nuid 1001\nname alice\n%send\n", owners[i]);
        if (parse_owner(text, strlen(text)) != -EBADMSG)
            fail_msg("taken: %s", owners[i]);
    }
}

static void titles_of_every_length(void **state)
{
    char title[XW_TITLE_MAX + 2];

    (void)state;
    memset(title, 'a', sizeof(title));
    title[XW_TITLE_MAX] = '\0';
    assert_int_equal(parse_access_with(title, "student 1\nmachine a\n"), 0);
    title[XW_TITLE_MAX] = 'a';
    title[XW_TITLE_MAX + 1] = '\0';
    assert_int_equal(parse_access_with(title, "student 1\nmachine a\n"), -EBADMSG);
    assert_int_equal(parse_access_with("", "student 1\nmachine a\n"), -EBADMSG);
}

/* As many lines of a kind as there may be, and one more. */
static void limits_of_counts(void **state)
{
    static const struct {
        const char *key;
        const char *prefix; /* of the value */
        size_t most;
        const char *before;
        const char *after;
    } kinds[] = {
        {"student", "", XW_GROUPS_PER_LAB_MAX, "", "machine a\n"},
        {"team", "", XW_GROUPS_PER_LAB_MAX, "", "machine a\n"},
        {"instructor", "", XW_GROUPS_PER_LAB_MAX, "student 1\n", "machine a\n"},
        {"machine", "m", XW_MACHINES_MAX, "student 1\n", ""},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
        for (size_t count = kinds[i].most; count <= kinds[i].most + 1; count++) {
            char text[4096];
            size_t used = (size_t)snprintf(text, sizeof(text), "%s", kinds[i].before);
            for (size_t line = 1; line <= count; line++)
                used += (size_t)snprintf(text + used, sizeof(text) - used, "%s %s%zu\n",
                                         kinds[i].key, kinds[i].prefix, line);
            snprintf(text + used, sizeof(text) - used, "%s", kinds[i].after);
            assert_int_equal(parse_access_with("A", text), count <= kinds[i].most ? 0 : -EBADMSG);
        }
    }
}

static void error_names_the_line(void **state)
{
    static const char text[] = "xworlds-owner 1\nuid 1001\nname alice\nlab a\nlab a\nend\n";
    struct xw_owner owner;
    struct xw_error err = {0};

    (void)state;
    assert_int_equal(xw_owner_parse(text, strlen(text), &owner, &err), -EBADMSG);
    assert_int_equal(err.code, -EBADMSG);
    assert_non_null(strstr(err.text, "line 5:"));
    /* Nothing of a refused record is left to be used by mistake. */
    assert_int_equal(owner.uid, 0);
    assert_int_equal(owner.lab_count, 0);
}

/* --- Files ------------------------------------------------------------------------------------ */

static void make_file(const char *name, const char *text, mode_t mode)
{
    int fd = open(name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);

    assert_true(fd >= 0);
    assert_int_equal(write(fd, text, strlen(text)), strlen(text));
    assert_int_equal(fchmod(fd, mode), 0);
    close(fd);
}

static int read_it(const char *name)
{
    char *text = NULL;
    size_t length = 0;
    int dir = open(".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    int rc = xw_record_read(dir, name, &text, &length, NULL);

    close(dir);
    if (rc == 0)
        assert_int_equal(strlen(text), length);
    free(text);
    return rc;
}

static int enter_place(void **state)
{
    (void)state;
    if (xw_test_private_root(PLACE) < 0 || chdir(PLACE) < 0) {
        fprintf(stderr, "no namespaces here: %s\n", strerror(errno));
        return -1;
    }
    return 0;
}

static void files_that_are_records(void **state)
{
    (void)state;
    make_file("good", good_owner, 0640);
    make_file("empty", "", 0600);
    assert_int_equal(read_it("good"), 0);
    assert_int_equal(read_it("empty"), 0);
    assert_int_equal(read_it("missing"), -ENOENT);
}

static void files_that_are_not(void **state)
{
    (void)state;
    make_file("group-writable", good_owner, 0660);
    make_file("world-writable", good_owner, 0606);
    make_file("linked", good_owner, 0640);
    assert_int_equal(link("linked", "link"), 0);
    assert_int_equal(symlink("good", "symlink"), 0);
    assert_int_equal(mkdir("directory", 0755), 0);
    assert_int_equal(mkfifo("fifo", 0600), 0);
    assert_int_equal(read_it("group-writable"), -EPERM);
    assert_int_equal(read_it("world-writable"), -EPERM);
    assert_int_equal(read_it("linked"), -EPERM);
    assert_int_equal(read_it("symlink"), -EPERM);
    assert_int_equal(read_it("directory"), -EPERM);
    /* Would wait for a writer for ever, if it waited. */
    alarm(5);
    assert_int_equal(read_it("fifo"), -EPERM);
    alarm(0);
}

/* Only real root can give a file away; where the test isn't that, its uid is the only one. */
static void files_of_others(void **state)
{
    (void)state;
    make_file("foreign", good_owner, 0640);
    if (chown("foreign", 1001, 0) == 0)
        assert_int_equal(read_it("foreign"), -EPERM);
    else
        assert_int_equal(errno, EINVAL);
}

static void sizes_of_files(void **state)
{
    char *text = malloc(XW_RECORD_BYTES_MAX + 2);

    (void)state;
    assert_non_null(text);
    memset(text, 'a', XW_RECORD_BYTES_MAX + 1);
    text[XW_RECORD_BYTES_MAX] = '\0';
    make_file("largest", text, 0600);
    text[XW_RECORD_BYTES_MAX] = 'a';
    text[XW_RECORD_BYTES_MAX + 1] = '\0';
    make_file("too-large", text, 0600);
    free(text);
    assert_int_equal(read_it("largest"), 0);
    assert_int_equal(read_it("too-large"), -EFBIG);
}

/* A file that is larger than it says: those of /proc say 0. */
static void files_that_grow(void **state)
{
    char *text = NULL;
    size_t length = 0;
    struct xw_error err = {0};
    struct stat info;
    int proc = open("/proc", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

    (void)state;
    assert_int_equal(fstatat(proc, "kallsyms", &info, 0), 0);
    assert_int_equal(info.st_size, 0);
    if (info.st_uid == 0)
        assert_int_equal(xw_record_read(proc, "kallsyms", &text, &length, &err), -EFBIG);
    assert_null(text);
    close(proc);
}

/* Opens a directory of records below PLACE, and says whether that is the one that is meant. */
static int directory_of(const char *path, const char *meant)
{
    struct stat found;
    struct stat wanted;
    int fd = xw_record_directory(path);

    if (fd < 0)
        return fd;
    assert_int_equal(fstat(fd, &found), 0);
    assert_int_equal(stat(meant, &wanted), 0);
    assert_true(found.st_ino == wanted.st_ino && found.st_dev == wanted.st_dev);
    assert_int_equal(fcntl(fd, F_GETFD), FD_CLOEXEC);
    /* To be read from, and not only passed through. */
    if (strcmp(path, "/") != 0)
        assert_false(fcntl(fd, F_GETFL) & O_PATH);
    close(fd);
    return 0;
}

static size_t count_descriptors(void)
{
    size_t count = 0;

    for (int fd = 0; fd < 64; fd++)
        count += fcntl(fd, F_GETFD) >= 0;
    return count;
}

static void directories_of_records(void **state)
{
    char name[NAME_MAX + 2];
    char path[PATH_MAX];
    size_t before = count_descriptors();

    (void)state;
    memset(name, 'n', NAME_MAX + 1);
    name[NAME_MAX] = '\0';
    snprintf(path, sizeof(path), PLACE "/%s", name);
    assert_int_equal(mkdir(path, 0750), 0);
    assert_int_equal(directory_of(path, path), 0);
    /* One byte more is in no file system, and the way ends there and nowhere else. */
    name[NAME_MAX] = 'n';
    name[NAME_MAX + 1] = '\0';
    snprintf(path, sizeof(path), PLACE "/%s", name);
    assert_true(directory_of(path, PLACE) < 0);

    assert_int_equal(mkdir("way", 0755), 0);
    assert_int_equal(mkdir("way/there", 0750), 0);
    assert_int_equal(symlink("there", "way/link"), 0);
    assert_int_equal(symlink("way", "detour"), 0);
    make_file("way/file", "", 0600);
    assert_int_equal(directory_of(PLACE "/way/there", "way/there"), 0);
    assert_int_equal(directory_of("//" PLACE "//way/there//", "way/there"), 0);
    assert_int_equal(directory_of("/", "/"), 0);
    assert_int_equal(directory_of(PLACE "/way/missing", "/"), -ENOENT);
    assert_int_equal(directory_of(PLACE "/missing/there", "/"), -ENOENT);
    assert_int_equal(directory_of(PLACE "/way/link", "/"), -EPERM);
    assert_int_equal(directory_of(PLACE "/detour/there", "/"), -EPERM);
    assert_int_equal(directory_of(PLACE "/way/file", "/"), -EPERM);
    assert_int_equal(directory_of(PLACE "/way/file/there", "/"), -EPERM);

    assert_int_equal(chmod("way/there", 0770), 0);
    assert_int_equal(directory_of(PLACE "/way/there", "way/there"), -EPERM);
    assert_int_equal(chmod("way/there", 0757), 0);
    assert_int_equal(directory_of(PLACE "/way/there", "way/there"), -EPERM);
    assert_int_equal(chmod("way/there", 0755), 0);
    assert_int_equal(directory_of(PLACE "/way/there", "way/there"), 0);
    if (chown("way/there", 1001, 0) == 0)
        assert_int_equal(directory_of(PLACE "/way/there", "way/there"), -EPERM);
    assert_int_equal(count_descriptors(), before);
}

static void owners_of_a_uid(void **state)
{
    struct xw_owner owner;
    struct xw_error err = {0};

    (void)state;
    assert_int_equal(mkdir("owners", 0750), 0);
    make_file("owners/1001", good_owner, 0640);
    make_file("owners/1002", good_owner, 0640);
    make_file("owners/1003", "xworlds-owner 1\n", 0640);
    int fd = open("owners", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    assert_int_equal(xw_owner_read(fd, 1001, &owner, &err), 0);
    assert_string_equal(owner.name, "alice");
    assert_int_equal(xw_owner_read(fd, 1002, &owner, &err), -EBADMSG);
    assert_int_equal(owner.uid, 0);
    assert_int_equal(xw_owner_read(fd, 1003, &owner, &err), -EBADMSG);
    assert_non_null(strstr(err.text, "owners/1003, line 2: "));
    assert_int_equal(xw_owner_read(fd, 1004, &owner, &err), -ENOENT);
    assert_int_equal(xw_owner_read(fd, (uid_t)-1, &owner, &err), -ENOENT);
    close(fd);
}

/* Beside those of users of the same number. */
static void owners_of_a_gid(void **state)
{
    char file[XW_OWNER_FILE_SIZE];
    struct xw_owner owner;
    struct xw_error err = {0};

    (void)state;
    make_file("owners/g2004", good_group, 0640);
    make_file("owners/g2005", good_group, 0640);
    make_file("owners/g1001", good_owner, 0640);
    make_file("owners/2004", good_group, 0640);
    int fd = open("owners", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    assert_int_equal(xw_owner_read_group(fd, 2004, &owner, &err), 0);
    assert_string_equal(owner.name, "@blue");
    assert_int_equal(xw_owner_read_group(fd, 2005, &owner, &err), -EBADMSG);
    assert_int_equal(owner.gid, 0);
    assert_non_null(strstr(err.text, "owners/g2005 is about another gid"));
    assert_int_equal(xw_owner_read_group(fd, 1001, &owner, &err), -EBADMSG);
    assert_int_equal(owner.uid, 0);
    assert_int_equal(xw_owner_read(fd, 2004, &owner, &err), -EBADMSG);
    assert_int_equal(xw_owner_read_group(fd, 2006, &owner, &err), -ENOENT);
    assert_int_equal(xw_owner_read_group(fd, (gid_t)-1, &owner, &err), -ENOENT);
    close(fd);
    xw_owner_file("@blue", 4294967294, file);
    assert_string_equal(file, "g4294967294");
    xw_owner_file("blue", 4294967294, file);
    assert_string_equal(file, "4294967294");
}

static void accesses_of_a_lab(void **state)
{
    struct xw_access access;
    struct xw_error err = {0};

    (void)state;
    assert_int_equal(mkdir("labs", 0750), 0);
    assert_int_equal(mkdir("labs/firewall", 0750), 0);
    assert_int_equal(mkdir("labs/other", 0750), 0);
    assert_int_equal(mkdir("labs/empty", 0750), 0);
    assert_int_equal(mkdir("labs/broken", 0750), 0);
    make_file("labs/broken/access", "xworlds-access 1\nlab broken\n", 0640);
    assert_int_equal(symlink("firewall", "labs/link"), 0);
    make_file("labs/file", "", 0640);
    make_file("labs/firewall/access", good_access, 0640);
    make_file("labs/other/access", good_access, 0640);
    int fd = open("labs", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    assert_int_equal(xw_access_read(fd, "firewall", &access, &err), 0);
    assert_int_equal(access.machine_count, 1);
    assert_int_equal(xw_access_read(fd, "other", &access, &err), -EBADMSG);
    assert_int_equal(access.machine_count, 0);
    assert_non_null(strstr(err.text, "about another lab"));
    assert_int_equal(xw_access_read(fd, "broken", &access, &err), -EBADMSG);
    assert_non_null(strstr(err.text, "labs/broken/access, line 3: "));
    assert_int_equal(access.machine_count, 0);
    assert_string_equal(access.lab, "");
    assert_int_equal(xw_access_read(fd, "empty", &access, &err), -ENOENT);
    assert_int_equal(xw_access_read(fd, "missing", &access, &err), -ENOENT);
    assert_int_equal(xw_access_read(fd, "link", &access, &err), -EPERM);
    assert_int_equal(xw_access_read(fd, "file", &access, &err), -EPERM);
    assert_int_equal(xw_access_read(fd, "../labs/firewall", &access, &err), -ENOENT);
    assert_int_equal(xw_access_read(fd, ".", &access, &err), -ENOENT);
    assert_int_equal(xw_access_read(fd, "", &access, &err), -ENOENT);
    close(fd);
}

int main(void)
{
    const struct CMUnitTest texts[] = {
        cmocka_unit_test(owner_is_read),          cmocka_unit_test(group_is_read),
        cmocka_unit_test(instructor_is_read),     cmocka_unit_test(users_are_read),
        cmocka_unit_test(hostile_users),          cmocka_unit_test(as_many_users_as_fit),
        cmocka_unit_test(hostile_groups),         cmocka_unit_test(access_is_read),
        cmocka_unit_test(every_line_counts),      cmocka_unit_test(every_byte_counts),
        cmocka_unit_test(hostile_owners),         cmocka_unit_test(hostile_accesses),
        cmocka_unit_test(times_are_read),         cmocka_unit_test(hostile_times),
        cmocka_unit_test(titles_of_every_length), cmocka_unit_test(limits_of_counts),
        cmocka_unit_test(error_names_the_line),
    };
    const struct CMUnitTest files[] = {
        cmocka_unit_test(files_that_are_records), cmocka_unit_test(files_that_are_not),
        cmocka_unit_test(files_of_others),        cmocka_unit_test(sizes_of_files),
        cmocka_unit_test(owners_of_a_uid),        cmocka_unit_test(owners_of_a_gid),
        cmocka_unit_test(accesses_of_a_lab),      cmocka_unit_test(files_that_grow),
        cmocka_unit_test(directories_of_records),
    };
    int failed = cmocka_run_group_tests(texts, NULL, NULL);

    return failed + cmocka_run_group_tests(files, enter_place, NULL);
}
