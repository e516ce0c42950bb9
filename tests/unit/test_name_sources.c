/* links: common/error.c xwadm/name_sources.c */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "tests/unit/small_files.h"
#include "xwadm/name_sources.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static char path[] = "/tmp/xw-sources-XXXXXX";

static int make_file(void **state)
{
    (void)state;
    int fd = mkstemp(path);

    return fd < 0 ? -1 : close(fd);
}

static int remove_file(void **state)
{
    (void)state;
    return unlink(path);
}

static void groups_and_members_of_the_file(void **state)
{
    static const struct {
        const char *group, *user;
        bool found;
        gid_t gid;
        bool lists;
    } cases[] = {
        {"cs530", "alice", true, 2001, true},  {"cs530", "bob", true, 2001, true},
        {"cs530", "ali", true, 2001, false},   {"cs530", "", true, 2001, false},
        {"cs53", "alice", false, 0, false},    {"cs5300", "alice", true, 2002, false},
        {"twice", "alice", true, 2003, false}, {"empty", "alice", true, 2005, false},
        {"nosuch", "alice", false, 0, false},  {"last", "zoe", true, 4294967294U, true},
    };
    struct xw_local_group look;

    (void)state;
    put(path, "root:x:0:\ncs5300:x:2002:bob\ncs530:x:2001:alice,bob\n# no group\n\n"
              "twice:x:2003:bob\ntwice:x:2004:alice\nempty:x:2005:\nlast:x:4294967294:zoe");
    for (size_t i = 0; i < COUNT(cases); i++) {
        assert_int_equal(xw_local_group_look(path, cases[i].group, cases[i].user, &look, NULL), 0);
        if (look.found != cases[i].found || look.gid != cases[i].gid ||
            look.lists != cases[i].lists)
            fail_msg("%s of %s: found %d, %u, lists %d", cases[i].user, cases[i].group, look.found,
                     (unsigned int)look.gid, look.lists);
    }
}

static void a_file_that_cant_be_read_is_told(void **state)
{
    struct xw_local_group look;
    struct xw_error err = {0};

    (void)state;
    assert_int_equal(xw_local_group_look("/nonexistent", "a", "b", &look, &err), -ENOENT);
    assert_string_equal(err.text, "/nonexistent can't be opened: No such file or directory");
    err = (struct xw_error){0};
    assert_int_equal(xw_local_group_look("/", "a", "b", &look, &err), -EISDIR);
    assert_false(look.found);
}

static void services_beyond_files_are_elsewhere(void **state)
{
    static const struct {
        const char *text;
        bool elsewhere;
    } cases[] = {
        {"", false},
        {"passwd: files\ngroup: files\n", false},
        {"passwd:\tfiles systemd\ngroup:\tfiles systemd\nhosts: files dns\n", false},
        {"passwd: compat\n", false},
        {"passwd: files sss\n", true},
        {"group: files [SUCCESS=merge] sss\n", true},
        {"group: files [SUCCESS=merge]\n", false},
        {"group: files [NOTFOUND=return SUCCESS=return] systemd\n", false},
        {"group: files [ NOTFOUND=return ] ldap", true},
        {"  group:files ldap", true},
        {"initgroups: sss\n", true},
        {"#passwd: files sss\npasswd: files # sss\n", false},
        {"shadow: files sss\nnetgroup: nis\nhosts: sss\n", false},
        {"group_compat: nis\npasswd: files", true},
        {"passwd files sss\n", false},
        {"hosts: dns\npasswd: extrausers\n", true},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        put(path, cases[i].text);
        if (xw_names_come_from_elsewhere(path) != cases[i].elsewhere)
            fail_msg("\"%s\" is%s elsewhere", cases[i].text, cases[i].elsewhere ? "" : " not");
    }
    assert_false(xw_names_come_from_elsewhere("/nonexistent"));
    assert_true(xw_names_come_from_elsewhere("/"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(groups_and_members_of_the_file),
        cmocka_unit_test(a_file_that_cant_be_read_is_told),
        cmocka_unit_test(services_beyond_files_are_elsewhere),
    };

    return cmocka_run_group_tests(tests, make_file, remove_file);
}
