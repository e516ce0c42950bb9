/* links: xwhelper/keeper/events.c common/access.c common/names.c common/request.c common/error.c */
/*
 * Which worlds and labs a stream of events is for (T-E9): those that list tells of and worlds
 * would, by the kernel's groups and the records, which are the test's; and what is given up before.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "xwhelper/keeper/authority.h"
#include "xwhelper/keeper/verbs.h"
#include "xwhelper/reader/events.h"
#include "xwhelper/reader/reader.h"

enum { ALICE = 1001, STUDENTS = 2001, TEACHERS = 2002, BLUE = 3000, READER = 55, PEER = 7 };

static struct xw_authority authority;
static struct xw_owner record; /* of the group */
static int record_rc;
static bool is_team;

/* --- what it calls --------------------------------------------------------------------------- */

int xw_owner_read_group(int owners, gid_t gid, struct xw_owner *owner, struct xw_error *err)
{
    (void)owners;
    (void)err;
    *owner = record;
    return gid == BLUE ? record_rc : -ENOENT;
}

bool xw_authority_team(const struct xw_authority *of, size_t index, struct xw_owner *team)
{
    *team = record;
    return of->caller.groups[index] == BLUE && is_team && record_rc == 0;
}

/* "none" isn't there; "theirs" is for others; what begins with "course" has instructors. */
int xw_access_read(int labs, const char *lab, struct xw_access *access, struct xw_error *err)
{
    (void)labs;
    (void)err;
    *access = (struct xw_access){.student_count = 1, .students = {STUDENTS}};
    snprintf(access->lab, sizeof(access->lab), "%s", lab);
    if (strcmp(lab, "theirs") == 0)
        access->students[0] = STUDENTS + 100;
    if (strcmp(lab, "shared") == 0)
        access->teams[access->team_count++] = BLUE;
    if (strncmp(lab, "course", 6) == 0)
        access->instructors[access->instructor_count++] = TEACHERS;
    return strcmp(lab, "none") == 0 ? -ENOENT : 0;
}

static bool closed, became;

void xw_authority_close(const struct xw_authority *of)
{
    assert_ptr_equal(of, &authority);
    closed = true;
}

void xw_reader_become(const struct xw_account *account)
{
    assert_true(closed && account->uid == READER);
    became = true;
}

static char sights[512]; /* "LAB:OWNER" each, with a space behind */
static size_t sight_count;

int xw_reader_events(int peer, int viewer, const struct xw_sight *items, size_t count,
                     struct xw_error *err)
{
    size_t used = 0;

    assert_true(became && peer == PEER && viewer == PEER + 1);
    sight_count = count;
    sights[0] = '\0';
    for (size_t i = 0; i < count && used < sizeof(sights) - 80; i++)
        used += (size_t)snprintf(sights + used, sizeof(sights) - used, "%s:%s ",
                                 items[i].access->lab, items[i].owner);
    return xw_fail(err, -EAGAIN, "as it is");
}

/* --- tests ----------------------------------------------------------------------------------- */

/* Each in a process of its own, as in the keeper. */
static void expect(const gid_t *groups, size_t count, const char *expected, size_t many)
{
    const struct xw_account reader = {READER, READER};
    struct xw_error err = {0};
    int status;

    fflush(NULL);
    pid_t pid = fork();
    if (pid == 0) {
        authority.caller = (struct xw_caller){
            .uid = ALICE, .groups = groups, .group_count = count, .name = "alice"};
        int rc = xw_verb_events(PEER, PEER + 1, &authority, &reader, &err);
        bool as_expected = many ? sight_count == many : strcmp(sights, expected) == 0;
        if (!as_expected)
            fprintf(stderr, "%zu: %s\n", sight_count, sights);
        _exit(rc == -EAGAIN && as_expected ? 0 : 1);
    }
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
}

static int begin(void **state)
{
    (void)state;
    authority = (struct xw_authority){.has_own = true,
                                      .own = {.uid = ALICE,
                                              .name = "alice",
                                              .lab_count = 4,
                                              .labs = {"fw", "none", "theirs", "course1"},
                                              .instructed_count = 2,
                                              .instructed = {"course1", "fw"}}};
    record = (struct xw_owner){.gid = BLUE,
                               .name = "@blue",
                               .lab_count = 3,
                               .labs = {"shared", "fw", "none"},
                               .instructed_count = 2,
                               .instructed = {"course2", "shared"}};
    record_rc = 0;
    is_team = true;
    return 0;
}

static void what_is_theirs(void **state)
{
    static const gid_t groups[] = {STUDENTS, BLUE, TEACHERS, 4711};

    (void)state;
    /* What the record says is not enough: the lab has to be for the groups that one has. */
    expect(groups, 0, "", 0);
    expect(groups, 1, "fw:alice course1:alice ", 0);
    expect(groups, 2, "fw:alice course1:alice shared:@blue ", 0);
    expect(groups, 4, "fw:alice course1:alice course1: shared:@blue course2: ", 0);
    expect(groups + 2, 2, "course1: ", 0);
    /* A group that is no team any more may still look after a lab. */
    is_team = false;
    expect(groups, 4, "fw:alice course1:alice course1: course2: ", 0);
    record_rc = -EIO;
    expect(groups, 4, "fw:alice course1:alice course1: ", 0);
    record_rc = 0;
    authority.has_own = false;
    expect(groups, 4, "course2: ", 0);
}

/* It has room for 128. */
static void many(void **state)
{
    static const gid_t groups[] = {STUDENTS, TEACHERS, BLUE};

    (void)state;
    authority.own.lab_count = authority.own.instructed_count = XW_LABS_PER_OWNER_MAX;
    for (int i = 0; i < XW_LABS_PER_OWNER_MAX; i++) {
        snprintf(authority.own.labs[i], XW_NAME_SIZE, "lab%d", i);
        snprintf(authority.own.instructed[i], XW_NAME_SIZE, "course%d", i);
    }
    expect(groups, 1, NULL, XW_LABS_PER_OWNER_MAX);
    expect(groups, 2, NULL, (size_t)2 * XW_LABS_PER_OWNER_MAX);
    expect(groups, 3, NULL, 128);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(what_is_theirs, begin),
        cmocka_unit_test_setup(many, begin),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
