/* links: common/error.c common/lines.c common/names.c */
/*
 * The strict reader of records by itself: which deviation is told, and of which line; and its
 * UTF-8, against the bounds of RFC 3629.
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

#include "common/lines.h"
#include "common/names.h"

/* Reads a record of heading, text, name, number and pair, and gives what is wrong with it. */
static const char *wrong_with(const char *text, size_t length)
{
    static struct xw_error err;
    struct xw_record_lines lines;
    char word[8];
    char name[XW_NAME_SIZE];
    char second[5];
    unsigned long number;
    /* Where it ends, so that the address sanitizer sees who reads on. */
    char *exact = malloc(length);

    assert_non_null(exact);
    memcpy(exact, text, length);
    err = (struct xw_error){0};
    xw_record_begin(&lines, exact, length, "heading 1", &err);
    xw_record_text(&lines, "text", word, sizeof(word));
    xw_record_name(&lines, "name", xw_name_ok, name);
    xw_record_number(&lines, "number", 5, 10, &number);
    xw_record_pair(&lines, "pair", word, sizeof(word), second, sizeof(second));
    int rc = xw_record_end(&lines);
    free(exact);
    assert_int_equal(rc, err.code);
    assert_true(rc == 0 || rc == -EBADMSG);
    return err.text;
}

static void assert_wrong(const char *text, const char *what)
{
    assert_string_equal(wrong_with(text, strlen(text)), what);
}

static void each_deviation_is_told(void **state)
{
    static const struct {
        const char *text;
        const char *what;
    } cases[] = {
        {"heading 1\ntext seven77\nname a\nnumber 5\npair a b\nend\n", ""},
        {"heading 1\ntext a b\nname a\nnumber 10\npair seven77 four\nend\n", ""},
        {"", "line 1: the file must begin with \"heading 1\""},
        {"heading 1", "line 1: the line has no end: the file is cut off"},
        {"heading 1\n", "line 2: \"text\" and its value must be here"},
        {"heading 2\ntext a\n", "line 1: the file must begin with \"heading 1\""},
        {"heading 1\n\ntext a\n", "line 2: the line is empty"},
        {"heading 1\ntext \x7f\n", "line 2: there is a control character in the line"},
        {"heading 1\ntext \x1f\n", "line 2: there is a control character in the line"},
        {"heading 1\n text a\n", "line 2: the line begins or ends with a space"},
        {"heading 1\ntext a \n", "line 2: the line begins or ends with a space"},
        {"heading 1\ntext\n", "line 2: \"text\" and its value must be here"},
        {"heading 1\ntexta b\n", "line 2: \"text\" and its value must be here"},
        {"heading 1\ntext eight888\n", "line 2: a value of \"text\" is longer than 7 bytes"},
        {"heading 1\ntext a\nname A\n", "line 3: the value of \"name\" is not a name"},
        {"heading 1\ntext a\nname a\nnumber 4\n",
         "line 4: the value of \"number\" must be a number from 5 to 10"},
        {"heading 1\ntext a\nname a\nnumber 11\n",
         "line 4: the value of \"number\" must be a number from 5 to 10"},
        {"heading 1\ntext a\nname a\nnumber five\n",
         "line 4: the value of \"number\" must be a number from 5 to 10"},
        {"heading 1\ntext a\nname a\nnumber 5\npair a\n",
         "line 5: \"pair\" takes two fields with one space between them"},
        {"heading 1\ntext a\nname a\nnumber 5\npair a b c\n",
         "line 5: \"pair\" takes two fields with one space between them"},
        {"heading 1\ntext a\nname a\nnumber 5\npair  b\n", "line 5: \"pair\" lacks a value"},
        {"heading 1\ntext a\nname a\nnumber 5\npair eight888 b\n",
         "line 5: a value of \"pair\" is longer than 7 bytes"},
        {"heading 1\ntext a\nname a\nnumber 5\npair a fivee\n",
         "line 5: a value of \"pair\" is longer than 4 bytes"},
        {"heading 1\ntext a\nname a\nnumber 5\npair a b\n",
         "line 6: something else was expected here, or \"end\""},
        {"heading 1\ntext a\nname a\nnumber 5\npair a b\nEnd\n",
         "line 6: something else was expected here, or \"end\""},
        {"heading 1\ntext a\nname a\nnumber 5\npair a b\nend\nend\n",
         "line 7: nothing may follow the line \"end\""},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
        assert_wrong(cases[i].text, cases[i].what);
}

/* The first deviation is the one that is told, however many there are. */
static void the_first_one_counts(void **state)
{
    (void)state;
    assert_wrong("heading 2\nname A\nnumber x\nmore\n",
                 "line 1: the file must begin with \"heading 1\"");
    assert_wrong("heading 1\ntext eight888\nname A\n",
                 "line 2: a value of \"text\" is longer than 7 bytes");
    assert_wrong("heading 1\ntext a\nname a\nnumber 5\npair a b\n\nend\n",
                 "line 6: the line is empty");
}

static void lines_of_every_length(void **state)
{
    char text[XW_RECORD_LINE_MAX + 32];
    const size_t before = strlen("heading 1\n");

    (void)state;
    for (size_t length = XW_RECORD_LINE_MAX - 1; length <= XW_RECORD_LINE_MAX + 1; length++) {
        char longer[64];
        memcpy(text, "heading 1\n", before);
        memset(text + before, 'a', length);
        text[before + length] = '\n';
        text[before + length + 1] = '\0';
        snprintf(longer, sizeof(longer), "line 2: the line is longer than %d bytes",
                 XW_RECORD_LINE_MAX - 1);
        assert_wrong(text, length < XW_RECORD_LINE_MAX
                               ? "line 2: \"text\" and its value must be here"
                               : longer);
    }
}

/* What is refused by the caller stops the reading, and is told of the line that is meant. */
static void callers_refuse(void **state)
{
    static const char text[] = "heading 1\ntext a\ntext b\nend\n";
    struct xw_record_lines lines;
    struct xw_error err = {0};
    char word[8];

    (void)state;
    xw_record_begin(&lines, text, strlen(text), "heading 1", &err);
    assert_true(xw_record_at(&lines, "text"));
    assert_false(xw_record_at(&lines, "tex"));
    assert_true(xw_record_text(&lines, "text", word, sizeof(word)));
    assert_false(xw_record_refuse_taken(&lines, "%s is wrong", word));
    assert_string_equal(err.text, "line 2: a is wrong");
    assert_false(xw_record_at(&lines, "text"));
    assert_false(xw_record_text(&lines, "text", word, sizeof(word)));
    assert_false(xw_record_refuse(&lines, "later"));
    assert_int_equal(xw_record_end(&lines), -EBADMSG);
    assert_string_equal(err.text, "line 2: a is wrong");
}

/* A record that is read to its end without a line "end", as image.conf is. */
static void the_end_of_the_text(void **state)
{
    static const char text[] = "heading 1\ntext a\n";
    struct xw_record_lines lines;
    struct xw_error err = {0};
    char word[8];

    (void)state;
    xw_record_begin(&lines, text, strlen(text), "heading 1", &err);
    assert_false(xw_record_finished(&lines));
    assert_true(xw_record_text(&lines, "text", word, sizeof(word)));
    assert_true(xw_record_finished(&lines));
    /* Beyond it nothing is taken for a line, whatever was there before. */
    assert_false(xw_record_at(&lines, "text"));
    assert_false(xw_record_at(&lines, ""));
    assert_int_equal(xw_record_end(&lines), -EBADMSG);
    assert_false(xw_record_finished(&lines));

    xw_record_begin(&lines, text, strlen(text), "heading 1", &err);
    xw_record_refuse(&lines, "no");
    assert_false(xw_record_text(&lines, "text", word, sizeof(word)));
    assert_false(xw_record_finished(&lines));
}

/* A whole text of one character, by its number, encoded in as many bytes as are wanted. */
static bool taken(uint32_t character, int bytes)
{
    char text[5] = "";

    if (bytes == 1) {
        text[0] = (char)character;
    } else {
        for (int i = bytes - 1; i > 0; i--) {
            text[i] = (char)(0x80 | (character & 0x3f));
            character >>= 6;
        }
        text[0] = (char)((0xf00 >> bytes & 0xff) | character);
    }
    return xw_text_ok(text);
}

static void bounds_of_utf8(void **state)
{
    (void)state;
    /* First and last of each length; one below the first is an overlong form. */
    assert_true(taken(0x20, 1));
    assert_true(taken(0x7e, 1));
    assert_false(taken(0x80, 1));
    assert_false(taken(0x41, 2));
    assert_false(taken(0x7f, 2));
    assert_true(taken(0xa0, 2));
    assert_true(taken(0x7ff, 2));
    assert_false(taken(0x7ff, 3));
    assert_true(taken(0x800, 3));
    assert_true(taken(0xffff, 3));
    assert_false(taken(0xffff, 4));
    assert_true(taken(0x10000, 4));
    assert_true(taken(0x10ffff, 4));
    assert_false(taken(0x110000, 4));
    /* Surrogates. */
    assert_true(taken(0xd7ff, 3));
    assert_false(taken(0xd800, 3));
    assert_false(taken(0xdfff, 3));
    assert_true(taken(0xe000, 3));
    /* What can't begin a character, and what can't go on with it. */
    assert_false(xw_text_ok("\xbf"));
    assert_false(xw_text_ok("\xf8\x80\x80\x80"));
    assert_false(xw_text_ok("\xc3(" /* a letter instead of the second byte */));
    assert_false(xw_text_ok("\xe2\x82("));
    assert_false(xw_text_ok("\xf0\x9f\x98"));
    assert_false(xw_text_ok(""));
    assert_true(xw_text_ok("\xe2\x82\xac \xf0\x9f\x98\x80 z"));
}

static void characters_that_are_unfit(void **state)
{
    static const struct {
        uint32_t first, last;
    } unfit[] = {{0x7f, 0x9f},     {0x061c, 0x061c}, {0x200e, 0x200f},
                 {0x2028, 0x202e}, {0x2066, 0x2069}, {0xfeff, 0xfeff}};

    (void)state;
    assert_false(taken(0x1f, 1));
    assert_false(taken(0x01, 1));
    assert_false(taken(0x7f, 1));
    for (size_t i = 0; i < sizeof(unfit) / sizeof(unfit[0]); i++) {
        for (uint32_t character = unfit[i].first - 1; character <= unfit[i].last + 1; character++) {
            int bytes = character < 0x80 ? 1 : character < 0x800 ? 2 : 3;
            assert_int_equal(taken(character, bytes),
                             character < unfit[i].first || character > unfit[i].last);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_deviation_is_told),    cmocka_unit_test(the_first_one_counts),
        cmocka_unit_test(lines_of_every_length),     cmocka_unit_test(callers_refuse),
        cmocka_unit_test(the_end_of_the_text),       cmocka_unit_test(bounds_of_utf8),
        cmocka_unit_test(characters_that_are_unfit),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
