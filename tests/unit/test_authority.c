/* links: xwhelper/keeper/authority.c xwhelper/keeper/reply.c common/access.c common/request.c common/names.c common/record.c common/lines.c common/error.c */
/*
 * Which records a decision is made by, where several are the caller's: what tests/unit/test_child.c
 * doesn't come to. The records are real; names and worlds are the test's.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <pwd.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/clock.h"
#include "common/paths.h"
#include "tests/unit/private_root.h"
#include "tests/unit/small_files.h"
#include "xwhelper/keeper/authority.h"
#include "xwhelper/keeper/world.h"

#define ID "0123456789abcdef"

enum { ALICE = 1001, BOB = 1002, CAROL = 1003, TINA = 1004 };
enum { STUDENTS = 2001, BLUE = 2004, TEACHERS = 2005, UNTOLD = 2006, OTHERS = 2008 };

static struct xw_authority authority;
static struct xw_error failure;
static gid_t groups[2];
static int world_rc; /* what becomes of a world's record */
static int looked_up;

time_t xw_clock_now(void)
{
    return 1500;
}

struct passwd *getpwuid(uid_t uid)
{
    static char alice[] = "alice", bob[] = "bob", other[] = "other";
    static struct passwd account;

    looked_up++;
    account.pw_name = uid == ALICE ? alice : uid == BOB ? bob : other;
    return &account;
}

struct group *getgrgid(gid_t gid)
{
    static char blue[] = "blue", ta[] = "ta", other[] = "others";
    static struct group group;

    group.gr_name = gid == BLUE ? blue : gid == TEACHERS ? ta : other;
    return &group;
}

/* Whatever it may have put there when it fails. */
int xw_world_owner(const char *lab, const char *owner, id_t *number, struct xw_error *err)
{
    assert_string_equal(lab, "teams");
    *number = strcmp(owner, "carol") == 0 ? CAROL : ALICE;
    return world_rc < 0 ? xw_fail(err, world_rc, "it can't be read") : 0;
}

/* --- the records ----------------------------------------------------------------------------- */

static void make_lab(const char *lab, const char *others)
{
    char path[256];
    char text[512];

    snprintf(path, sizeof(path), XW_LABS_DIR "/%s", lab);
    assert_int_equal(mkdir(path, 0750), 0);
    snprintf(path, sizeof(path), XW_LABS_DIR "/%s/access", lab);
    snprintf(text, sizeof(text),
             "xworlds-access 1\nlab %s\ntitle A\nstudent 2001\n%s"
             "machine web\nend\n",
             lab, others);
    put(path, text);
}

static int begin_all(void **state)
{
    (void)state;
    if (xw_test_private_root("/var/lib") < 0 || mkdir(XW_STATE_DIR, 0755) < 0 ||
        mkdir(XW_OWNERS_DIR, 0750) < 0 || mkdir(XW_LABS_DIR, 0750) < 0)
        return -1;
    make_lab("teams", "team 2004\ninstructor 2005\ninstructor 2006\n");
    put(XW_OWNERS_DIR "/1001", "xworlds-owner 1\nuid 1001\nname alice\nlab other\nend\n");
    put(XW_OWNERS_DIR "/1002", "xworlds-owner 1\nuid 1002\nname bob\nlab teams\nend\n");
    put(XW_OWNERS_DIR "/1003", "xworlds-owner 1\nuid 1003\nname carol\nlab teams\nend\n");
    put(XW_OWNERS_DIR "/g2004", "xworlds-owner 1\ngid 2004\nname @blue\nlab teams\nend\n");
    put(XW_OWNERS_DIR "/g2005", "xworlds-owner 1\ngid 2005\nname @ta\ninstructs teams\nend\n");
    put(XW_OWNERS_DIR "/g2008", "xworlds-owner 1\ngid 2008\nname @others\nlab other\nend\n");
    authority.owners = open(XW_OWNERS_DIR, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    authority.labs = open(XW_LABS_DIR, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    return authority.owners < 0 || authority.labs < 0 ? -1 : 0;
}

static void is_caller(uid_t uid, gid_t first, gid_t second)
{
    groups[0] = first;
    groups[1] = second;
    authority = (struct xw_authority){.owners = authority.owners,
                                      .labs = authority.labs,
                                      .caller = {uid, groups, second ? 2 : 1}};
}

static int begin(void **state)
{
    (void)state;
    world_rc = 0;
    looked_up = 0;
    failure = (struct xw_error){0};
    return 0;
}

static enum xw_decision decide(const char *line)
{
    struct xw_request request;

    assert_int_equal(xw_request_parse(line, &request), 0);
    return xw_authority_decide(&authority, &request);
}

/* --- tests ----------------------------------------------------------------------------------- */

/* One group that has to do with the lab is enough, whichever it is. */
static void each_group_counts(void **state)
{
    (void)state;
    is_caller(TINA, BLUE, OTHERS);
    assert_int_equal(decide("1 status teams @blue - - " ID), XW_DECISION_ALLOW);
    assert_string_equal(authority.owner.name, "@blue");
    is_caller(TINA, OTHERS, BLUE);
    assert_int_equal(decide("1 status teams @blue - - " ID), XW_DECISION_ALLOW);
    is_caller(TINA, OTHERS, STUDENTS);
    assert_int_equal(decide("1 status teams @blue - - " ID), XW_DECISION_REFUSE);
}

/* A team of the caller's isn't taken for the owner that is asked for. */
static void a_team_and_the_lab_are_theirs(void **state)
{
    (void)state;
    is_caller(TINA, BLUE, TEACHERS);
    assert_int_equal(decide("1 status teams carol - - " ID), XW_DECISION_ALLOW);
    assert_string_equal(authority.owner.name, "carol");
    is_caller(TINA, BLUE, STUDENTS);
    assert_int_equal(decide("1 status teams carol - - " ID), XW_DECISION_REFUSE);
}

/* Their own world is found by their own record, whatever a look at the world gives. */
static void an_instructors_own(void **state)
{
    (void)state;
    is_caller(BOB, TEACHERS, 0);
    world_rc = -EIO;
    assert_int_equal(decide("1 status teams bob - - " ID), XW_DECISION_ALLOW);
    assert_string_equal(authority.owner.name, "bob");
    assert_string_equal(xw_authority_label(&authority, &authority.owner), "");
    assert_string_equal(xw_authority_name(&authority), "bob");
    /* Whose name it is has been looked up once: names may be out of reach by then. */
    assert_int_equal(looked_up, 1);
    assert_int_equal(decide("1 status teams carol - - " ID), XW_DECISION_REFUSE);
}

/* A lab that neither they nor their groups have a record of is not looked at: it may be new, or its
 * groups another's. */
static void a_lab_that_no_record_names(void **state)
{
    static const char *const lines[] = {
        "1 worlds teams - - - " ID,
        "1 status teams carol - - " ID,
        "1 deploy teams alice - - " ID,
    };

    (void)state;
    for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
        is_caller(ALICE, UNTOLD, 0);
        assert_int_equal(decide(lines[i]), XW_DECISION_REFUSE);
        assert_string_equal(authority.access.lab, "");
        assert_false(xw_authority_instructs(&authority));
        is_caller(ALICE, UNTOLD, TEACHERS);
        assert_int_equal(decide(lines[i]), XW_DECISION_ALLOW);
        assert_true(xw_authority_instructs(&authority));
    }
}

static void teams_of_a_caller(void **state)
{
    struct xw_owner team;

    (void)state;
    is_caller(TINA, BLUE, TEACHERS);
    assert_true(xw_authority_team(&authority, 0, &team));
    assert_string_equal(team.name, "@blue");
    assert_false(xw_authority_team(&authority, 1, &team));
    is_caller(TINA, STUDENTS, 0);
    assert_false(xw_authority_team(&authority, 0, &team));
    /* It has a gid and no uid, and is nobody's own. */
    team = (struct xw_owner){.gid = BLUE, .name = "@blue"};
    authority.caller.uid = 0;
    assert_string_equal(xw_authority_label(&authority, &team), "@blue");
}

static void owners_of_worlds(void **state)
{
    struct xw_owner owner;

    (void)state;
    assert_int_equal(xw_authority_owner_of(authority.owners, "teams", "carol", &owner, &failure),
                     0);
    assert_int_equal(owner.uid, CAROL);
    /* alice's record says another name. */
    assert_int_equal(xw_authority_owner_of(authority.owners, "teams", "zoe", &owner, &failure),
                     -ENOENT);
    world_rc = -EBADMSG;
    assert_int_equal(xw_authority_owner_of(authority.owners, "teams", "carol", &owner, &failure),
                     -EBADMSG);
    world_rc = 0;
    put(XW_OWNERS_DIR "/1003", "xworlds-owner 1\nuid 1003\n");
    assert_int_equal(xw_authority_owner_of(authority.owners, "teams", "carol", &owner, &failure),
                     -EBADMSG);
}

#define FRESH(test) cmocka_unit_test_setup(test, begin)

int main(void)
{
    const struct CMUnitTest tests[] = {
        FRESH(each_group_counts),  FRESH(a_team_and_the_lab_are_theirs),
        FRESH(an_instructors_own), FRESH(a_lab_that_no_record_names),
        FRESH(teams_of_a_caller),  FRESH(owners_of_worlds),
    };

    return cmocka_run_group_tests(tests, begin_all, NULL);
}
