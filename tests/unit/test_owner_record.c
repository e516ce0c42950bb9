/* links: xwhelper/keeper/owner_record.c common/record.c common/lines.c common/names.c common/error.c xwhelper/keeper/lock.c */
/*
 * The records of owners: granted, revoked, kept from others' names, and what is left when a call
 * fails half-way: the old record or the new one, and nothing written aside.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/paths.h"
#include "common/record.h"
#include "tests/unit/faults.h"
#include "tests/unit/private_root.h"
#include "tests/unit/small_files.h"
#include "xwhelper/keeper/owner_record.h"

enum { UID = 1001, GID = 1001 };

#define RECORD XW_OWNERS_DIR "/1001"
#define GROUP  XW_OWNERS_DIR "/g1001"

XW_FAULTY(fchmod, (int fd, mode_t mode), fd, mode);
XW_FAULTY(fsync, (int fd), fd);
XW_FAULTY(renameat, (int from, const char *name, int to, const char *other), from, name, to, other);
XW_FAULTY(fclose, (FILE * file), file);
XW_FAULTY(unlinkat, (int fd, const char *name, int flags), fd, name, flags);

FILE *fdopen(int fd, const char *mode)
{
    FILE *(*libc)(int, const char *) = NULL;

    *(void **)&libc = dlsym(RTLD_NEXT, "fdopen");
    return xw_fault_strikes("fdopen") ? NULL : libc(fd, mode);
}

XW_FAULTY_LOCK;

static int enter_place(void **state)
{
    (void)state;
    return xw_test_private_root("/var/lib");
}

static int begin(void **state)
{
    (void)state;
    xw_fault_set(NULL, 0, 0);
    if (access(XW_STATE_DIR, F_OK) < 0 && mkdir(XW_STATE_DIR, 0755) < 0)
        return -1;
    unlink(RECORD);
    unlink(GROUP);
    unlink(XW_OWNERS_DIR "/.lock");
    rmdir(XW_OWNERS_DIR);
    if (mkdir(XW_OWNERS_DIR, 0750) < 0)
        return -1;
    /* As tmpfiles.d makes it; where the test isn't root there is one group only. */
    if (chown(XW_OWNERS_DIR, 0, 7) < 0)
        return chmod(XW_OWNERS_DIR, 02750);
    return chmod(XW_OWNERS_DIR, 02750);
}

static int grant(const char *lab)
{
    struct xw_error err = {0};

    return xw_owner_grant(UID, "alice", lab, &err);
}

static size_t count_descriptors(void)
{
    size_t count = 0;

    for (int fd = 0; fd < 64; fd++)
        count += fcntl(fd, F_GETFD, NULL) >= 0;
    return count;
}

static void labs_are_granted_and_revoked(void **state)
{
    struct xw_error err = {0};
    struct stat record;
    struct stat again;
    struct stat owners;
    size_t before = count_descriptors();

    (void)state;
    assert_int_equal(grant("b"), 0);
    assert_string_equal(content(RECORD), "xworlds-owner 1\nuid 1001\nname alice\nlab b\nend\n");
    assert_int_equal(stat(RECORD, &record), 0);
    assert_int_equal(stat(XW_OWNERS_DIR, &owners), 0);
    assert_int_equal(record.st_mode & 07777, 0640);
    assert_int_equal(record.st_gid, owners.st_gid);
    assert_int_equal(grant("a"), 0);
    assert_int_equal(grant("c"), 0);
    assert_string_equal(content(RECORD),
                        "xworlds-owner 1\nuid 1001\nname alice\nlab b\nlab a\nlab c\nend\n");
    /* What is there already is not written again. */
    assert_int_equal(stat(RECORD, &record), 0);
    assert_int_equal(grant("a"), 0);
    assert_int_equal(xw_owner_revoke(UID, "alice", "other", &err), 0);
    assert_int_equal(stat(RECORD, &again), 0);
    assert_true(record.st_ino == again.st_ino);
    assert_int_equal(xw_owner_revoke(UID, "alice", "a", &err), 0);
    assert_string_equal(content(RECORD),
                        "xworlds-owner 1\nuid 1001\nname alice\nlab b\nlab c\nend\n");
    assert_int_equal(xw_owner_revoke(UID, "alice", "c", &err), 0);
    assert_int_equal(xw_owner_revoke(UID, "alice", "b", &err), 0);
    assert_int_equal(access(RECORD, F_OK), -1);
    assert_int_equal(xw_owner_revoke(UID, "alice", "b", &err), 0);
    assert_int_equal(err.code, 0);
    assert_int_equal(count_descriptors(), before);
}

static int extend(const char *lab, time_t until)
{
    struct xw_error err = {0};

    return xw_owner_extend(UID, "alice", lab, until, &err);
}

static void labs_are_extended(void **state)
{
    struct xw_error err = {0};
    struct stat record;
    struct stat again;
    size_t before = count_descriptors();

    (void)state;
    assert_int_equal(extend("a", 5), -ENOENT);
    assert_int_equal(access(RECORD, F_OK), -1);
    assert_int_equal(grant("a"), 0);
    assert_int_equal(grant("b"), 0);
    assert_int_equal(grant("c"), 0);
    assert_int_equal(extend("b", 253402300799), 0);
    assert_int_equal(extend("c", 7), 0);
    assert_string_equal(content(RECORD), "xworlds-owner 1\nuid 1001\nname alice\nlab a\nlab b\n"
                                         "until 253402300799\nlab c\nuntil 7\nend\n");
    /* The same again is not written again; what is not there changes nothing. */
    assert_int_equal(stat(RECORD, &record), 0);
    assert_int_equal(extend("c", 7), 0);
    assert_int_equal(xw_owner_extend(UID, "alice", "d", 7, &err), -ENOENT);
    assert_string_equal(err.text, "alice has no world of the lab d");
    assert_int_equal(xw_owner_extend(UID, "mallory", "c", 9, &err), -EEXIST);
    assert_int_equal(stat(RECORD, &again), 0);
    assert_true(record.st_ino == again.st_ino);
    /* Each extension goes with its lab, and stays with it when another goes or comes. */
    assert_int_equal(xw_owner_revoke(UID, "alice", "a", &err), 0);
    assert_int_equal(xw_owner_revoke(UID, "alice", "b", &err), 0);
    assert_int_equal(grant("b"), 0);
    assert_string_equal(content(RECORD),
                        "xworlds-owner 1\nuid 1001\nname alice\nlab c\nuntil 7\nlab b\nend\n");
    assert_int_equal(extend("c", 0), 0);
    assert_string_equal(content(RECORD),
                        "xworlds-owner 1\nuid 1001\nname alice\nlab c\nlab b\nend\n");
    xw_fault_set("lock", 1, ENOSPC);
    assert_int_equal(extend("c", 5), -ENOSPC);
    xw_fault_set("renameat", 1, ENOSPC);
    assert_int_equal(extend("c", 5), -ENOSPC);
    assert_null(strstr(content(RECORD), "until"));
    assert_int_equal(count_descriptors(), before);
    assert_int_equal(unlink(RECORD), 0);
    assert_int_equal(unlink(XW_OWNERS_DIR "/.lock"), 0);
    assert_int_equal(rmdir(XW_OWNERS_DIR), 0);
    assert_int_equal(xw_owner_extend(UID, "alice", "c", 9, &err), -ENOENT);
    assert_non_null(strstr(err.text, "owners can't be opened"));
    begin(state);
}

/* A group of the number of a user, and both have worlds. */
static void teams_are_apart(void **state)
{
    struct xw_error err = {0};
    struct stat record;
    struct stat owners;
    size_t before = count_descriptors();

    (void)state;
    assert_int_equal(grant("a"), 0);
    assert_int_equal(xw_owner_grant(GID, "@alice", "b", &err), 0);
    assert_string_equal(content(RECORD), "xworlds-owner 1\nuid 1001\nname alice\nlab a\nend\n");
    assert_string_equal(content(GROUP), "xworlds-owner 1\ngid 1001\nname @alice\nlab b\nend\n");
    assert_int_equal(stat(GROUP, &record), 0);
    assert_int_equal(stat(XW_OWNERS_DIR, &owners), 0);
    assert_int_equal(record.st_mode & 07777, 0640);
    assert_int_equal(record.st_gid, owners.st_gid);
    assert_int_equal(xw_owner_check(GID, "@alice", &err), 0);
    assert_int_equal(xw_owner_check(GID, "@blue", &err), -EEXIST);
    assert_non_null(strstr(err.text, "The gid 1001 belonged to @alice"));
    assert_int_equal(xw_owner_extend(GID, "@alice", "b", 9, &err), 0);
    assert_int_equal(xw_owner_extend(GID, "@alice", "a", 9, &err), -ENOENT);
    assert_string_equal(content(GROUP),
                        "xworlds-owner 1\ngid 1001\nname @alice\nlab b\nuntil 9\nend\n");
    assert_int_equal(xw_owner_revoke(GID, "@alice", "a", &err), 0);
    assert_int_equal(xw_owner_revoke(GID, "@alice", "b", &err), 0);
    assert_int_equal(access(GROUP, F_OK), -1);
    assert_string_equal(content(RECORD), "xworlds-owner 1\nuid 1001\nname alice\nlab a\nend\n");
    assert_int_equal(count_descriptors(), before);
}

static int instructs(const char *lab, bool so)
{
    struct xw_error err = {0};

    return xw_owner_instructs(GID, "@ta", lab, so, &err);
}

static void groups_look_after_labs(void **state)
{
    struct xw_error err = {0};
    struct stat record;
    struct stat again;
    size_t before = count_descriptors();
    char lab[16];

    (void)state;
    assert_int_equal(instructs("a", true), 0);
    assert_string_equal(content(GROUP), "xworlds-owner 1\ngid 1001\nname @ta\ninstructs a\nend\n");
    assert_int_equal(instructs("b", true), 0);
    assert_int_equal(instructs("c", true), 0);
    /* What is so already is not written again. */
    assert_int_equal(stat(GROUP, &record), 0);
    assert_int_equal(instructs("b", true), 0);
    assert_int_equal(instructs("d", false), 0);
    assert_int_equal(stat(GROUP, &again), 0);
    assert_true(record.st_ino == again.st_ino);
    /* Worlds of its own come and go beside it. */
    assert_int_equal(xw_owner_grant(GID, "@ta", "b", &err), 0);
    assert_int_equal(instructs("a", false), 0);
    assert_string_equal(content(GROUP), "xworlds-owner 1\ngid 1001\nname @ta\nlab b\n"
                                        "instructs b\ninstructs c\nend\n");
    assert_int_equal(xw_owner_revoke(GID, "@ta", "b", &err), 0);
    assert_string_equal(content(GROUP),
                        "xworlds-owner 1\ngid 1001\nname @ta\ninstructs b\ninstructs c\nend\n");
    assert_int_equal(xw_owner_instructs(GID, "@other", "c", false, &err), -EEXIST);
    assert_int_equal(instructs("b", false), 0);
    assert_int_equal(instructs("c", false), 0);
    assert_int_equal(access(GROUP, F_OK), -1);
    assert_int_equal(instructs("c", false), 0);
    assert_int_equal(access(GROUP, F_OK), -1);
    for (int i = 0; i <= XW_LABS_PER_OWNER_MAX; i++) {
        snprintf(lab, sizeof(lab), "lab%d", i);
        assert_int_equal(instructs(lab, true), i < XW_LABS_PER_OWNER_MAX ? 0 : -E2BIG);
    }
    assert_null(strstr(content(GROUP), lab));
    xw_fault_set("renameat", 1, ENOSPC);
    assert_int_equal(instructs("lab0", false), -ENOSPC);
    assert_non_null(strstr(content(GROUP), "instructs lab0\n"));
    put(GROUP, "xworlds-owner 1\ngid 1002\nname @ta\ninstructs a\nend\n");
    assert_int_equal(instructs("a", false), -EBADMSG);
    assert_int_equal(count_descriptors(), before);
    assert_int_equal(unlink(GROUP), 0);
}

/* A user can look after labs, too, without a world or beside one. */
static void users_look_after_labs(void **state)
{
    struct xw_error err = {0};

    (void)state;
    assert_int_equal(xw_owner_instructs(UID, "alice", "a", true, &err), 0);
    assert_string_equal(content(RECORD),
                        "xworlds-owner 1\nuid 1001\nname alice\ninstructs a\nend\n");
    assert_int_equal(grant("b"), 0);
    assert_string_equal(content(RECORD),
                        "xworlds-owner 1\nuid 1001\nname alice\nlab b\ninstructs a\nend\n");
    assert_int_equal(xw_owner_check(UID, "mallory", &err), -EEXIST);
    assert_non_null(strstr(err.text, "belonged to alice, whose worlds are still there"));
    assert_int_equal(xw_owner_revoke(UID, "alice", "b", &err), 0);
    assert_string_equal(content(RECORD),
                        "xworlds-owner 1\nuid 1001\nname alice\ninstructs a\nend\n");
    /* The uid is nobody else's before that ends. */
    assert_int_equal(xw_owner_instructs(UID, "mallory", "c", true, &err), -EEXIST);
    assert_int_equal(xw_owner_check(UID, "mallory", &err), -EEXIST);
    assert_non_null(strstr(err.text, "The uid 1001 belonged to alice, who looks after labs still"));
    assert_int_equal(xw_owner_instructs(UID, "alice", "a", false, &err), 0);
    assert_int_equal(access(RECORD, F_OK), -1);
    assert_int_equal(xw_owner_check(UID, "mallory", &err), 0);
}

static void another_name_gets_nothing(void **state)
{
    struct xw_error err = {0};

    (void)state;
    assert_int_equal(xw_owner_check(UID, "mallory", &err), 0);
    assert_int_equal(grant("a"), 0);
    assert_int_equal(xw_owner_check(UID, "alice", &err), 0);
    assert_int_equal(xw_owner_check(UID, "mallory", &err), -EEXIST);
    assert_non_null(strstr(err.text, "The uid 1001 belonged to alice"));
    assert_int_equal(xw_owner_grant(UID, "mallory", "b", &err), -EEXIST);
    assert_string_equal(content(RECORD), "xworlds-owner 1\nuid 1001\nname alice\nlab a\nend\n");
}

static void a_record_that_is_wrong_is_left_alone(void **state)
{
    struct xw_error err = {0};

    (void)state;
    put(RECORD, "xworlds-owner 1\nuid 1002\nname alice\nlab a\nend\n");
    assert_int_equal(xw_owner_check(UID, "alice", &err), -EBADMSG);
    assert_int_equal(grant("b"), -EBADMSG);
    assert_int_equal(xw_owner_revoke(UID, "alice", "a", &err), -EBADMSG);
    assert_non_null(strstr(err.text, "owners/1001"));
    assert_string_equal(content(RECORD), "xworlds-owner 1\nuid 1002\nname alice\nlab a\nend\n");
}

static void there_is_a_most(void **state)
{
    struct xw_error err = {0};
    char lab[16];

    (void)state;
    for (int i = 0; i < XW_LABS_PER_OWNER_MAX; i++) {
        snprintf(lab, sizeof(lab), "lab%d", i);
        assert_int_equal(grant(lab), 0);
    }
    assert_int_equal(grant("lab0"), 0);
    assert_int_equal(xw_owner_grant(UID, "alice", "more", &err), -E2BIG);
    assert_non_null(strstr(err.text, "that is the limit"));
    assert_null(strstr(content(RECORD), "more"));
    assert_int_equal(unlink(RECORD), 0);
}

/* A group that the gate doesn't have would keep the gate from reading: refused, nothing left. */
static void the_group_is_the_directorys(void **state)
{
    struct stat owners;

    (void)state;
    assert_int_equal(chmod(XW_OWNERS_DIR, 0750), 0);
    assert_int_equal(stat(XW_OWNERS_DIR, &owners), 0);
    assert_int_equal(grant("a"), owners.st_gid == getegid() ? 0 : -EPERM);
    if (owners.st_gid != getegid())
        assert_int_equal(access(RECORD, F_OK), -1);
    assert_int_equal(access(XW_OWNERS_DIR "/.1001.new", F_OK), -1);
}

static void places_that_are_not(void **state)
{
    struct xw_error err = {0};
    size_t before = count_descriptors();

    assert_int_equal(symlink("/etc/passwd", XW_OWNERS_DIR "/.lock"), 0);
    assert_int_equal(grant("a"), -ELOOP);
    assert_int_equal(xw_owner_revoke(UID, "alice", "a", &err), -ELOOP);
    assert_non_null(strstr(err.text, ".lock can't be opened"));
    assert_int_equal(unlink(XW_OWNERS_DIR "/.lock"), 0);
    assert_int_equal(symlink("/etc/passwd", XW_OWNERS_DIR "/.1001.new"), 0);
    assert_int_equal(grant("a"), -ELOOP);
    assert_int_equal(access(XW_OWNERS_DIR "/.1001.new", F_OK), -1);
    unlink(XW_OWNERS_DIR "/.lock");
    assert_int_equal(rmdir(XW_OWNERS_DIR), 0);
    assert_int_equal(grant("a"), -ENOENT);
    assert_int_equal(xw_owner_check(UID, "alice", &err), -ENOENT);
    assert_int_equal(xw_owner_revoke(UID, "alice", "a", &err), -ENOENT);
    assert_non_null(strstr(err.text, "owners can't be opened"));
    assert_int_equal(count_descriptors(), before);
    begin(state);
}

/* Whatever fails: an error, the record as it was, and nothing aside. */
static void calls_that_fail(void **state)
{
    static const struct {
        const char *call;
        int nth;
        bool written; /* the new record is in its place already */
    } faults[] = {{"fchmod", 1, false}, {"fdopen", 1, false}, {"fclose", 1, false},
                  {"fsync", 1, false},  {"fsync", 2, true},   {"renameat", 1, false},
                  {"lock", 1, false}};
    struct xw_error err = {0};

    (void)state;
    assert_int_equal(grant("a"), 0);
    size_t before = count_descriptors();
    for (size_t i = 0; i < sizeof(faults) / sizeof(faults[0]); i++) {
        err = (struct xw_error){0};
        xw_fault_set(faults[i].call, faults[i].nth, ENOSPC);
        assert_int_equal(xw_owner_grant(UID, "alice", "b", &err), -ENOSPC);
        xw_fault_set(NULL, 0, 0);
        assert_int_equal(err.code, -ENOSPC);
        assert_int_equal(strstr(content(RECORD), "lab b") != NULL, faults[i].written);
        assert_int_equal(access(XW_OWNERS_DIR "/.1001.new", F_OK), -1);
        if (strcmp(faults[i].call, "fclose") != 0) /* the file is not closed there */
            assert_int_equal(count_descriptors(), before);
        else
            before = count_descriptors();
        assert_int_equal(xw_owner_revoke(UID, "alice", "b", &err), 0);
    }
    xw_fault_set("unlinkat", 1, EIO);
    assert_int_equal(xw_owner_revoke(UID, "alice", "a", &err), -EIO);
    assert_non_null(strstr(err.text, "can't be removed"));
    /* Gone by itself is as good. */
    xw_fault_set("unlinkat", 1, ENOENT);
    assert_int_equal(xw_owner_revoke(UID, "alice", "a", &err), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(labs_are_granted_and_revoked, begin),
        cmocka_unit_test_setup(labs_are_extended, begin),
        cmocka_unit_test_setup(teams_are_apart, begin),
        cmocka_unit_test_setup(groups_look_after_labs, begin),
        cmocka_unit_test_setup(users_look_after_labs, begin),
        cmocka_unit_test_setup(another_name_gets_nothing, begin),
        cmocka_unit_test_setup(a_record_that_is_wrong_is_left_alone, begin),
        cmocka_unit_test_setup(there_is_a_most, begin),
        cmocka_unit_test_setup(the_group_is_the_directorys, begin),
        cmocka_unit_test_setup(places_that_are_not, begin),
        cmocka_unit_test_setup(calls_that_fail, begin),
    };

    return cmocka_run_group_tests(tests, enter_place, NULL);
}
