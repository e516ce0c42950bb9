/* links: xwsh/log_lines.c xwsh/log_mark.c xwsh/safe_text.c */
/*
 * What a console writes, as lines: carriage returns, colours, movements, what is no text at all;
 * where getty asks; and where a log was before.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "xwsh/log_lines.h"
#include "xwsh/log_mark.h"
#include "xwsh/model.h"

static char paper[65536]; /* the lines that have ended, each with a | */
static size_t ended;

static void take(const char *line, void *data)
{
    (void)data;
    assert_null(strchr(line, '\n'));
    assert_true(strlen(line) < XW_LOG_LINE_SIZE);
    size_t used = strlen(paper);
    snprintf(paper + used, sizeof(paper) - used, "%s|", line);
    ended++;
}

/* The lines, and behind them the one that has not ended; in pieces of so many bytes. */
static const char *printed_in(const char *bytes, size_t count, size_t piece)
{
    struct xw_log_lines *lines = calloc(1, sizeof(*lines));
    char text[XW_LOG_LINE_SIZE];

    assert_non_null(lines);
    paper[0] = '\0';
    ended = 0;
    for (size_t at = 0; at < count; at += piece)
        xw_log_lines_take(lines, bytes + at, count - at < piece ? count - at : piece, take, NULL);
    size_t used = strlen(paper);
    snprintf(paper + used, sizeof(paper) - used, "%s", xw_log_lines_current(lines, text));
    free(lines);
    return paper;
}

/* The same whether it comes at once or byte by byte. */
static const char *printed(const char *bytes)
{
    char whole[sizeof(paper)];

    snprintf(whole, sizeof(whole), "%s", printed_in(bytes, strlen(bytes), strlen(bytes) + 1));
    assert_string_equal(printed_in(bytes, strlen(bytes), 1), whole);
    return paper;
}

static void text_as_it_is(void **state)
{
    (void)state;
    assert_string_equal(printed(""), "");
    assert_string_equal(printed("one\r\n\r\ntwo\nthree"), "one||two|three");
    assert_string_equal(printed("blanks behind   \t \r\nnext"), "blanks behind|next");
    assert_string_equal(printed("gr\xc3\xbc\xc3\x9f \xe2\x82\xac \xf0\x9f\x98\x80\n"),
                        "gr\xc3\xbc\xc3\x9f \xe2\x82\xac \xf0\x9f\x98\x80|");
    /* What is no UTF-8 stays what it was, for who makes it safe. */
    assert_string_equal(printed("a\xff"
                                "b\xc3(\xe2\x82|\xed\xa0\x80"),
                        "a\xff"
                        "b\xc3(\xe2\x82|\xed\xa0\x80");
    assert_string_equal(printed_in("a\0b\a\x0e\x0f\x7f"
                                   "c\n",
                                   9, 9),
                        "abc|");
}

static void movements_within_a_line(void **state)
{
    (void)state;
    assert_string_equal(printed("loading 10%\rloading 99%\r\n"), "loading 99%|");
    assert_string_equal(printed("a longer one\rshort\n"), "shortger one|");
    assert_string_equal(printed("a longer one\r\033[Kshort\n"), "short|");
    assert_string_equal(printed("a longer one\033[2K\rshort\n"), "short|");
    assert_string_equal(printed("passwort\bd\n"), "password|");
    assert_string_equal(printed("\b\b\033[9Dx\n"), "x|");
    assert_string_equal(printed("a\tb\n"), "a       b|");
    assert_string_equal(printed("a\033[5Cb\033[2Dc\033[1Gd\n"), "d    cb|");
    /* What a shell that edits its line sends behind the prompt. */
    assert_string_equal(printed("~ # ls\033[J\r\n"), "~ # ls|");
}

static void movements_elsewhere_begin_a_line(void **state)
{
    (void)state;
    /* A screen that is cleared: what stood there is not lost. */
    assert_string_equal(printed("booted\033[H\033[2J\033[3Jlogin: "), "booted|login:");
    assert_string_equal(printed("one\033[5;10Htwo\033[6;1Hthree"), "one|two|three");
    assert_string_equal(printed("\033[H\033[H\033cx"), "x");
}

static void what_leaves_no_text(void **state)
{
    (void)state;
    assert_string_equal(printed("\033[1;31mred\033[0m \033[38;5;9mmore\033[m\n"), "red more|");
    assert_string_equal(printed("\033]0;a title\aafter\n"), "after|");
    assert_string_equal(printed("\033]52;c;aGk=\033\\after\033P$qm\033\\!\n"), "after!|");
    assert_string_equal(printed("\033(B\033[?25l\033[?1049h\033=\033[6nx\n"), "x|");
    /* One that never ends ends with its line: nobody hides what comes afterwards. */
    assert_string_equal(printed("\033]0;forever\nnext\n"), "|next|");
    assert_string_equal(printed("\033[12\nnext"), "|next");
    assert_string_equal(printed("\033\033[1mx"), "x");
    assert_string_equal(printed("\033[99999999999999999999Cx\n") + strlen(paper) - 2, "x|");
}

/* T-H8 */
static void hostile_lengths(void **state)
{
    static char many[20000];

    (void)state;
    memset(many, 'x', sizeof(many) - 1);
    printed_in(many, sizeof(many) - 1, 4096);
    assert_int_equal(ended, (sizeof(many) - 2) / XW_LOG_COLUMNS_MAX);
    assert_int_equal(strlen(paper), sizeof(many) - 1 + ended);
    /* Of characters of four bytes a line holds as many. */
    for (size_t i = 0; i + 4 < sizeof(many); i += 4)
        memcpy(many + i, "\xf0\x9f\x98\x80", 4);
    printed_in(many, sizeof(many) / 4 * 4 - 4, 7);
    assert_int_equal(ended, (sizeof(many) / 4 - 2) / XW_LOG_COLUMNS_MAX);
    for (size_t i = 0; i < sizeof(many); i++)
        many[i] = (char)(i * 7 ^ i >> 3);
    printed_in(many, sizeof(many), 13);
}

static void where_getty_asks(void **state)
{
    static const char *const prompts[] = {
        "login:", "tiny login:", "Debian GNU/Linux web ttyS0 login:  ",
        "tiny login: [    5.123456] random: crng init done"};
    static const char *const others[] = {"",
                                         "login",
                                         "login: root",
                                         "Last login: Mon Nov 30",
                                         "Last login:",
                                         "tiny login: root (automatic login)",
                                         "Password:",
                                         "relogin :"};

    (void)state;
    for (size_t i = 0; i < sizeof(prompts) / sizeof(prompts[0]); i++)
        assert_true(xw_log_is_prompt(prompts[i]));
    for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++)
        assert_false(xw_log_is_prompt(others[i]));
}

/* --- marks ----------------------------------------------------------------------------------- */

static size_t found(const char *before, const char *now)
{
    struct xw_log_mark mark = {0};

    for (const char *at = before; *at; at += strlen(at) < 3 ? strlen(at) : 3)
        xw_log_mark_take(&mark, at, strlen(at) < 3 ? strlen(at) : 3);
    return xw_log_mark_find(&mark, now, strlen(now));
}

static void a_mark_is_found(void **state)
{
    (void)state;
    assert_int_equal(found("", "tiny login: "), 0);
    assert_int_equal(found("tiny login: ", "tiny login: "), 12);
    assert_int_equal(found("tiny login: ", "tiny login: tiny login: "), 12);
    /* What the log has lost at its beginning, or not got. */
    assert_int_equal(found("boot\ntiny login: ", "ot\ntiny login: [0.0]"), 20);
    assert_int_equal(found("abc", "xyz"), 3);
    assert_int_equal(found("abcdef", "ab"), 2);
}

/* The log is longer than what is to be had of it. */
static void a_mark_in_a_long_log(void **state)
{
    char *log = malloc(2 * XW_HISTORY_MAX);
    struct xw_log_mark mark = {0};

    (void)state;
    assert_non_null(log);
    for (size_t i = 0; i < (size_t)2 * XW_HISTORY_MAX; i++)
        log[i] = (char)('a' + rand() % 26);
    xw_log_mark_take(&mark, log, XW_HISTORY_MAX);
    assert_int_equal(mark.count, XW_LOG_MARK_SIZE);
    assert_memory_equal(mark.tail, log + XW_HISTORY_MAX - XW_LOG_MARK_SIZE, XW_LOG_MARK_SIZE);
    assert_int_equal(xw_log_mark_find(&mark, log + 1000, XW_HISTORY_MAX), XW_HISTORY_MAX - 1000);
    assert_int_equal(xw_log_mark_find(&mark, log, XW_HISTORY_MAX), XW_HISTORY_MAX);
    /* It is out of reach: all is new. */
    assert_int_equal(xw_log_mark_find(&mark, log + XW_HISTORY_MAX, XW_HISTORY_MAX), 0);
    /* There is less than before: another log, of which nobody knows since when it is there. */
    assert_int_equal(xw_log_mark_find(&mark, log + XW_HISTORY_MAX, 500), 500);
    free(log);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(text_as_it_is),
        cmocka_unit_test(movements_within_a_line),
        cmocka_unit_test(movements_elsewhere_begin_a_line),
        cmocka_unit_test(what_leaves_no_text),
        cmocka_unit_test(hostile_lengths),
        cmocka_unit_test(where_getty_asks),
        cmocka_unit_test(a_mark_is_found),
        cmocka_unit_test(a_mark_in_a_long_log),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
