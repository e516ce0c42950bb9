/* links: xwhelper/keeper/list.c xwhelper/keeper/reply.c common/access.c common/names.c common/request.c common/error.c */
/*
 * list: which worlds and labs are told, each once, at its limits, and where a record can't be read.
 * The records are the test's.
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
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/exitcode.h"
#include "xwhelper/keeper/authority.h"
#include "xwhelper/keeper/reply.h"
#include "xwhelper/keeper/verbs.h"
#include "xwhelper/reader/reader.h"

enum { ALICE = 1001, STUDENTS = 2001, READER = 55, GROUPS = 4, SAID = 65536 };

/* Of the groups 3000, 3001, ...: each a team with so many labs, that looks after so many. */
static struct {
    int rc; /* of its record */
    size_t labs, instructed;
    int number; /* of its first lab */
} groups[GROUPS];
static size_t group_count;
static struct xw_authority authority;
static int reader_rc;
static bool closed;
static char said[SAID];

/* --- what it calls --------------------------------------------------------------------------- */

/* A record that can't be read leaves what was there. */
int xw_owner_read_group(int owners, gid_t gid, struct xw_owner *owner, struct xw_error *err)
{
    const size_t group = gid - 3000;

    (void)owners;
    assert_true(group < group_count);
    *owner = (struct xw_owner){
        .gid = gid, .lab_count = groups[group].labs, .instructed_count = groups[group].instructed};
    snprintf(owner->name, sizeof(owner->name), "@team%zu", group);
    for (size_t i = 0; i < XW_LABS_PER_OWNER_MAX; i++) {
        snprintf(owner->labs[i], XW_NAME_SIZE, "lab%zu", i);
        snprintf(owner->instructed[i], XW_NAME_SIZE, "course%zu", i + (size_t)groups[group].number);
    }
    return groups[group].rc < 0 ? xw_fail(err, groups[group].rc, "no") : 0;
}

bool xw_authority_team(const struct xw_authority *of, size_t index, struct xw_owner *team)
{
    return xw_owner_read_group(of->owners, of->caller.groups[index], team, NULL) == 0 &&
           team->lab_count > 0;
}

/* lab5 can't be read, lab6 isn't there, course5 can't be read, course6 is looked after by others.
 */
int xw_access_read(int labs, const char *lab, struct xw_access *access, struct xw_error *err)
{
    (void)labs;
    *access = (struct xw_access){.student_count = 1, .students = {STUDENTS}, .title = "A"};
    snprintf(access->lab, sizeof(access->lab), "%s", lab);
    for (gid_t i = 0; i < GROUPS; i++) {
        access->teams[access->team_count++] = 3000 + i;
        if (strcmp(lab, "course6") != 0)
            access->instructors[access->instructor_count++] = 3000 + i;
    }
    if (strcmp(lab, "lab6") == 0)
        return xw_fail(err, -ENOENT, "there is no such lab");
    return strcmp(lab, "lab5") == 0 || strcmp(lab, "course5") == 0 ? xw_fail(err, -EIO, "no") : 0;
}

void xw_authority_tell_window(const struct xw_authority *of, int peer, const struct xw_owner *owner,
                              const struct xw_access *access)
{
    assert_ptr_equal(of, &authority);
    xw_reply(peer, "window %s %s", access->lab, owner->name);
}

void xw_authority_close(const struct xw_authority *of)
{
    assert_ptr_equal(of, &authority);
    closed = true;
}

void xw_reader_become(const struct xw_account *account)
{
    assert_true(closed && account->uid == READER);
}

int xw_reader_list(int peer, const struct xw_listed *worlds, size_t count, struct xw_error *err)
{
    for (size_t i = 0; i < count; i++)
        xw_reply(peer, "world %s %s", worlds[i].access->lab, worlds[i].owner);
    xw_reply(peer, "%zu worlds", count);
    return reader_rc < 0 ? xw_fail(err, reader_rc, "libvirt is not answering") : reader_rc;
}

/* --- a request ------------------------------------------------------------------------------- */

static int begin(void **state)
{
    static const gid_t gids[GROUPS] = {3000, 3001, 3002, 3003};

    (void)state;
    memset(groups, 0, sizeof(groups));
    reader_rc = 0;
    group_count = 1;
    authority = (struct xw_authority){.caller = {ALICE, gids, 1}};
    return 0;
}

/* In a process of its own, as the keeper does: its exit code, or 100 for an error; `said`. */
static int list(void)
{
    const struct xw_account reader = {READER, READER};
    const int much = 4 * SAID;
    int ends[2];
    int status;
    size_t used = 0;
    ssize_t n;

    authority.caller.group_count = group_count;
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends), 0);
    setsockopt(ends[1], SOL_SOCKET, SO_SNDBUF, &much, sizeof(much));
    fflush(NULL);
    pid_t pid = fork();
    if (pid == 0) {
        int rc = xw_verb_list(ends[1], &authority, &reader, NULL);
        _exit(rc < 0 ? 100 : rc);
    }
    close(ends[1]);
    while ((n = recv(ends[0], said + used, sizeof(said) - 1 - used, 0)) > 0)
        used += (size_t)n;
    said[used] = '\0';
    close(ends[0]);
    assert_int_equal(waitpid(pid, &status, 0), pid);
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

static size_t count(const char *text)
{
    size_t found = 0;

    for (const char *at = strstr(said, text); at; at = strstr(at + 1, text))
        found++;
    return found;
}

static void worlds_of_teams(void **state)
{
    (void)state;
    groups[0].labs = 2;
    assert_int_equal(list(), 0);
    assert_string_equal(said, "window lab0 @team0\nwindow lab1 @team0\nworld lab0 @team0\n"
                              "world lab1 @team0\n2 worlds\n");
    groups[0].rc = -ENOENT;
    groups[0].instructed = 2;
    assert_int_equal(list(), 0);
    assert_string_equal(said, "0 worlds\n");
}

static void labs_that_can_not_be_read(void **state)
{
    (void)state;
    groups[0].labs = 8;
    assert_int_equal(list(), XW_EXIT_FAILED);
    assert_int_equal(count("window "), 6);
    assert_int_equal(count("error "), 1);
    assert_non_null(strstr(said, "error the lab lab5 can't be read"));
    assert_null(strstr(said, "lab6"));
    reader_rc = -EAGAIN;
    assert_int_equal(list(), 100);
}

/* Whatever is beyond is not passed over in silence. */
static void more_worlds_than_are_listed(void **state)
{
    (void)state;
    group_count = 3;
    for (size_t i = 0; i < 2; i++)
        groups[i].labs = XW_LABS_PER_OWNER_MAX;
    groups[2].labs = 4;
    assert_int_equal(list(), XW_EXIT_FAILED);
    assert_non_null(strstr(said, "\n128 worlds\n"));
    /* Of each of two one can't be read, one isn't there. */
    assert_int_equal(count("error the lab lab5 "), 2);
    assert_int_equal(count("error "), 2);
    groups[2].labs = 5;
    assert_int_equal(list(), XW_EXIT_FAILED);
    assert_non_null(strstr(said, "\n128 worlds\n"));
    assert_int_equal(count("error the lab lab4 "), 1);
}

static void labs_that_are_looked_after(void **state)
{
    (void)state;
    group_count = 2;
    groups[0].instructed = groups[1].instructed = 8;
    groups[1].number = 4;
    assert_int_equal(list(), 0);
    /* 0 to 11, each once, without those that can't be read and that others look after. */
    assert_int_equal(count("instructs course"), 10);
    assert_int_equal(count("instructs course4 A\n"), 1);
    assert_null(strstr(said, "course5"));
    assert_null(strstr(said, "course6"));
}

static void more_labs_than_are_told(void **state)
{
    (void)state;
    group_count = 3;
    for (size_t i = 0; i < 3; i++) {
        groups[i].instructed = XW_LABS_PER_OWNER_MAX;
        groups[i].number = 100 + (int)i * 100;
    }
    assert_int_equal(list(), 0);
    assert_int_equal(count("instructs course"), 128);
}

#define FRESH(test) cmocka_unit_test_setup(test, begin)

int main(void)
{
    const struct CMUnitTest tests[] = {
        FRESH(worlds_of_teams),
        FRESH(labs_that_can_not_be_read),
        FRESH(more_worlds_than_are_listed),
        FRESH(labs_that_are_looked_after),
        FRESH(more_labs_than_are_told),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
