/* links: xwsh/words.c common/error.c */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <string.h>

#include "xwsh/words.h"

static struct xw_words words;

static void expect_words(const char *line, size_t count, const char *const *word)
{
    struct xw_error err = {0};

    assert_int_equal(xw_words_split(line, &words, &err), 0);
    assert_int_equal(words.count, count);
    for (size_t i = 0; i < count; i++)
        assert_string_equal(words.word[i], word[i]);
    assert_null(words.word[count]);
}

static void expect_error(const char *line, int code)
{
    struct xw_error err = {0};

    assert_int_equal(xw_words_split(line, &words, &err), code);
    assert_true(err.text[0] != '\0');
}

static void splits_at_spaces_and_tabs(void **state)
{
    (void)state;
    expect_words("", 0, NULL);
    expect_words(" \t ", 0, NULL);
    expect_words("list", 1, (const char *const[]){"list"});
    expect_words("  start \t firewall/web  ", 2, (const char *const[]){"start", "firewall/web"});
}

static void quotes(void **state)
{
    (void)state;
    expect_words("a 'b c' \"d e\"", 3, (const char *const[]){"a", "b c", "d e"});
    expect_words("a'b'\"c\"d", 1, (const char *const[]){"abcd"});
    expect_words("'' \"\"", 2, (const char *const[]){"", ""});
    expect_words("'a\\b'", 1, (const char *const[]){"a\\b"});
    expect_words("\"a\\\"b\\\\c\\d\"", 1, (const char *const[]){"a\"b\\c\\d"});
    expect_words("a\\ b \\'", 2, (const char *const[]){"a b", "'"});
}

static void expands_nothing(void **state)
{
    (void)state;
    expect_words("list;id", 1, (const char *const[]){"list;id"});
    expect_words("$(id) `id` $HOME ~ * ?", 6,
                 (const char *const[]){"$(id)", "`id`", "$HOME", "~", "*", "?"});
    expect_words("a|b >c <d & #e", 5, (const char *const[]){"a|b", ">c", "<d", "&", "#e"});
}

static void refuses_what_is_open_or_a_control(void **state)
{
    (void)state;
    expect_error("list '", -EINVAL);
    expect_error("list \"a", -EINVAL);
    expect_error("list \"a\\", -EINVAL);
    expect_error("list \\", -EINVAL);
    expect_error("list\nid", -EINVAL);
    expect_error("list\x1b[m", -EINVAL);
    expect_error("list 'a\x7f'", -EINVAL);
}

static void is_bounded(void **state)
{
    char line[XW_COMMAND_MAX + 1];
    struct xw_error err = {0};

    (void)state;
    memset(line, 'a', sizeof(line));
    line[XW_COMMAND_MAX] = '\0';
    expect_error(line, -E2BIG);
    line[XW_COMMAND_MAX - 1] = '\0';
    assert_int_equal(xw_words_split(line, &words, &err), 0);
    assert_int_equal(strlen(words.word[0]), XW_COMMAND_MAX - 1);
    for (size_t i = 0; i < 2 * XW_WORDS_MAX; i++)
        line[i] = i % 2 ? ' ' : 'a';
    line[2 * XW_WORDS_MAX] = '\0';
    assert_int_equal(xw_words_split(line, &words, &err), 0);
    assert_int_equal(words.count, XW_WORDS_MAX);
    memcpy(line + 2 * XW_WORDS_MAX, "a", 2);
    expect_error(line, -E2BIG);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(splits_at_spaces_and_tabs),
                                       cmocka_unit_test(quotes), cmocka_unit_test(expands_nothing),
                                       cmocka_unit_test(refuses_what_is_open_or_a_control),
                                       cmocka_unit_test(is_bounded)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
