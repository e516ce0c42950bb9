/* links: xwsh/suggest.c */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "xwsh/suggest.h"

static const char *const words[] = {"list",    "status", "start", "stop",   "reboot",
                                    "console", "revert", "help",  "version"};

static const char *suggest(const char *typed)
{
    return xw_suggest(typed, words, sizeof(words) / sizeof(words[0]));
}

static void finds_the_near(void **state)
{
    (void)state;
    assert_string_equal(suggest("lsit"), "list");
    assert_string_equal(suggest("statsu"), "status");
    assert_string_equal(suggest("stat"), "start");
    assert_string_equal(suggest("stp"), "stop");
    assert_string_equal(suggest("consloe"), "console");
    assert_string_equal(suggest("revrt"), "revert");
    assert_string_equal(suggest("REvert"), "revert");
}

static void passes_over_the_far(void **state)
{
    char longest[4096];

    (void)state;
    memset(longest, 'a', sizeof(longest));
    longest[sizeof(longest) - 1] = '\0';
    assert_null(suggest(""));
    assert_null(suggest("s"));
    assert_null(suggest("scp"));
    assert_null(suggest("rsync"));
    assert_null(suggest("sftp-server"));
    assert_null(suggest("git-upload-pack"));
    assert_null(suggest(longest));
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(finds_the_near),
                                       cmocka_unit_test(passes_over_the_far)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
