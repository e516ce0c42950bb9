/* links: xwsh/settings.c common/config.c common/config_file.c common/error.c common/lines.c common/names.c common/request.c */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <grp.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/unit/private_root.h"
#include "xwsh/settings.h"

#define CONF "/etc/xworlds.conf"

static struct xw_settings settings;
static struct xw_error err;
static bool really_root;

static void put(const char *path, const char *text)
{
    FILE *file = fopen(path, "we");

    assert_non_null(file);
    assert_true(fputs(text, file) >= 0);
    assert_int_equal(fclose(file), 0);
}

static int read_settings(const char *text)
{
    put(CONF, text);
    err = (struct xw_error){0};
    return xw_settings_read(CONF, &settings, &err);
}

static void nothing_is_on_by_default(void **state)
{
    (void)state;
    unlink(CONF);
    assert_int_equal(xw_settings_read(CONF, &settings, &err), 0);
    for (enum xw_verb verb = 0; verb < XW_VERB_COUNT; verb++)
        assert_false(xw_settings_guard(&settings, verb));
    assert_int_equal(settings.lock_ms, 0);
    assert_false(settings.by_word);
    assert_int_equal(read_settings("reauthenticate = off\nlock-after = off\nno-password = off\n"),
                     0);
    assert_int_equal(settings.guarded, 0);
    assert_int_equal(settings.lock_ms, 0);
}

static void verbs(void **state)
{
    (void)state;
    assert_int_equal(read_settings("reauthenticate = revert\n"), 0);
    for (enum xw_verb verb = 0; verb < XW_VERB_COUNT; verb++)
        assert_int_equal(xw_settings_guard(&settings, verb), verb == XW_VERB_REVERT);
    assert_string_equal(settings.user, "me");
    assert_int_equal(read_settings("reauthenticate = revert, stop console,start ,reboot\n"), 0);
    for (enum xw_verb verb = 0; verb < XW_VERB_COUNT; verb++)
        assert_int_equal(xw_settings_guard(&settings, verb),
                         verb >= XW_VERB_START && verb <= XW_VERB_CONSOLE);
    /* The last one counts, whole. */
    assert_int_equal(read_settings("reauthenticate = revert\nreauthenticate = stop\n"), 0);
    assert_false(xw_settings_guard(&settings, XW_VERB_REVERT));
    assert_int_equal(read_settings("reauthenticate = revert\nreauthenticate = off\n"), 0);
    assert_int_equal(settings.guarded, 0);
}

static void lock(void **state)
{
    (void)state;
    assert_int_equal(read_settings("lock-after = 5\n"), 0);
    assert_int_equal(settings.lock_ms, 5000);
    assert_int_equal(read_settings("lock-after = 86400\n"), 0);
    assert_int_equal(settings.lock_ms, 86400000);
}

static void what_is_wrong_is_an_error_and_never_off(void **state)
{
    static const char *const wrong[] = {
        "reauthenticate =\n",
        "reauthenticate = ,\n",
        "reauthenticate = yes\n",
        "reauthenticate = revert off\n",
        "reauthenticate = revert, nosuch\n",
        "reauthenticate = list\n",
        "reauthenticate = status\n",
        "reauthenticate = prepare\n",
        "lock-after =\n",
        "lock-after = 0\n",
        "lock-after = 4\n",
        "lock-after = 86401\n",
        "lock-after = 10 minutes\n",
        "no-password = @team\n",
        "no-password = UPPER\n",
        "no-password = a b c d e f g h i j k l m n o p q\n",
        "reauthenticat = revert\n",
    };

    (void)state;
    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
        assert_int_equal(read_settings(wrong[i]), -EBADMSG);
        assert_non_null(strstr(err.text, CONF ":1: "));
    }
    /* Nor what can't be read. */
    unlink(CONF);
    assert_int_equal(mkdir(CONF, 0755), 0);
    assert_int_equal(xw_settings_read(CONF, &settings, &err), -EIO);
    rmdir(CONF);
    assert_int_equal(symlink(CONF, CONF), 0);
    assert_int_equal(xw_settings_read(CONF, &settings, &err), -ELOOP);
    unlink(CONF);
}

/* By the groups of the process, not by what the data base says of the user. */
static void an_account_without_a_password_is_of_a_group(void **state)
{
    (void)state;
    assert_int_equal(read_settings("reauthenticate = revert\nno-password = others, mine\n"), 0);
    assert_true(settings.by_word);
    assert_int_equal(read_settings("reauthenticate = revert\nno-password = others\n"), 0);
    assert_false(settings.by_word);
    assert_int_equal(read_settings("reauthenticate = revert\nno-password = nosuch, others\n"), 0);
    assert_false(settings.by_word);
    assert_int_equal(read_settings("reauthenticate = revert\nno-password = mine\nno-password =\n"),
                     0);
    assert_false(settings.by_word);
    /* Other groups than the first; in a user namespace there are none. */
    assert_int_equal(read_settings("reauthenticate = revert\nno-password = second\n"), 0);
    assert_int_equal(settings.by_word, really_root);
}

static void a_user_who_is_unknown_is_an_error_where_it_matters(void **state)
{
    (void)state;
    put("/etc/passwd", "other:x:4242:100::/:/bin/sh\n");
    assert_int_equal(read_settings("lock-after = 600\n"), -ENOENT);
    assert_int_equal(read_settings("reauthenticate = revert\n"), -ENOENT);
    assert_int_equal(read_settings("no-password = mine\n"), 0);
    put("/etc/passwd", "me:x:0:0::/:/bin/sh\n");
    assert_int_equal(read_settings("lock-after = 600\n"), 0);
}

static int set_up(void **state)
{
    (void)state;
    really_root = geteuid() == 0;
    if (xw_test_private_root("/etc") < 0 ||
        (really_root && setgroups(2, (const gid_t[]){4240, 4241}) < 0))
        return -1;
    put("/etc/nsswitch.conf", "passwd: files\ngroup: files\n");
    put("/etc/passwd", "me:x:0:0::/:/bin/sh\n");
    put("/etc/group", "mine:x:0:\nothers:x:4242:me\nsecond:x:4241:\n");
    return 0;
}

static void recordings(void **state)
{
    static const char *const wrong[] = {"recording-size = 4097\n", "recording-size = none\n",
                                        "recording-size = -1\n", "recording-space = 0\n",
                                        "recording-space = much\n"};
    const uint64_t mib = 1 << 20;

    (void)state;
    assert_int_equal(read_settings(""), 0);
    assert_int_equal(settings.recordings.one, 16 * mib);
    assert_int_equal(settings.recordings.all, 64 * mib);
    assert_int_equal(read_settings("recording-size = 4096\nrecording-space = 1073741824\n"), 0);
    assert_int_equal(settings.recordings.one, 4096 * mib);
    assert_int_equal(settings.recordings.all, 1073741824 * mib);
    assert_int_equal(read_settings("recording-size = 0\nrecording-space = none\n"), 0);
    assert_int_equal(settings.recordings.one, 0);
    assert_int_equal(settings.recordings.all, 0);
    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
        assert_true(read_settings(wrong[i]) < 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nothing_is_on_by_default),
        cmocka_unit_test(verbs),
        cmocka_unit_test(lock),
        cmocka_unit_test(recordings),
        cmocka_unit_test(what_is_wrong_is_an_error_and_never_off),
        cmocka_unit_test(an_account_without_a_password_is_of_a_group),
        cmocka_unit_test(a_user_who_is_unknown_is_an_error_where_it_matters),
    };

    return cmocka_run_group_tests(tests, set_up, NULL);
}
