/* links: xwsh/safe_text.c */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <locale.h>
#include <string.h>

#include "xwsh/safe_text.h"

static void expect_safe(enum xw_charset charset, const char *text, const char *safe)
{
    char buffer[512];

    assert_int_equal(xw_safe_text(charset, text, buffer, sizeof(buffer)), strlen(safe));
    assert_string_equal(buffer, safe);
}

static void keeps_text(void **state)
{
    (void)state;
    expect_safe(XW_CHARSET_UTF8, "A firewall, 100% \\ ok", "A firewall, 100% \\ ok");
    expect_safe(XW_CHARSET_UTF8, "\xc3\x9c \xe6\xbc\xa2 \xf0\x9f\x98\x80",
                "\xc3\x9c \xe6\xbc\xa2 \xf0\x9f\x98\x80");
    expect_safe(XW_CHARSET_ASCII, "\xc3\x9c \xe6\xbc\xa2 x", "? ? x");
}

static void shows_controls(void **state)
{
    (void)state;
    expect_safe(XW_CHARSET_UTF8, "a\x1b[2Jb", "a\\x1b[2Jb");
    expect_safe(XW_CHARSET_UTF8, "\x01\t\n\r\x7f", "\\x01\\x09\\x0a\\x0d\\x7f");
    expect_safe(XW_CHARSET_UTF8, "\x1b]52;c;aGk=\x07", "\\x1b]52;c;aGk=\\x07");
    expect_safe(XW_CHARSET_UTF8, "\xc2\x9b\x33\x31m", "\\u009b31m");
    expect_safe(XW_CHARSET_ASCII, "\xc2\x9b\x33\x31m", "\\u009b31m");
}

static void shows_what_hides_or_reorders(void **state)
{
    (void)state;
    expect_safe(XW_CHARSET_UTF8, "\xe2\x80\xae", "\\u202e");
    expect_safe(XW_CHARSET_UTF8, "\xe2\x81\xa6\xe2\x81\xa9", "\\u2066\\u2069");
    expect_safe(XW_CHARSET_UTF8, "\xe2\x80\x8e\xe2\x80\x8f\xd8\x9c", "\\u200e\\u200f\\u061c");
    expect_safe(XW_CHARSET_UTF8, "\xe2\x80\x8b\xef\xbb\xbf\xc2\xad", "\\u200b\\ufeff\\u00ad");
    expect_safe(XW_CHARSET_UTF8, "\xe2\x80\xa8\xe2\x80\xa9", "\\u2028\\u2029");
    expect_safe(XW_CHARSET_UTF8, "\xf3\xa0\x81\x81", "\\U000e0041");
    expect_safe(XW_CHARSET_UTF8, "\xf4\x8f\xbf\xbf", "\\U0010ffff");
}

static void shows_invalid_utf8(void **state)
{
    (void)state;
    expect_safe(XW_CHARSET_UTF8, "\x9b\x33\x31m", "\\x9b31m");
    expect_safe(XW_CHARSET_UTF8, "\xff\xfe", "\\xff\\xfe");
    expect_safe(XW_CHARSET_UTF8, "\xc0\xaf", "\\xc0\\xaf");
    expect_safe(XW_CHARSET_UTF8, "\xe0\x80\x9b", "\\xe0\\x80\\x9b");
    expect_safe(XW_CHARSET_UTF8, "\xed\xa0\x80", "\\xed\\xa0\\x80");
    expect_safe(XW_CHARSET_UTF8, "\xf4\x90\x80\x80", "\\xf4\\x90\\x80\\x80");
    expect_safe(XW_CHARSET_UTF8, "end\xe2\x80", "end\\xe2\\x80");
}

/* Every byte, alone and after a lead byte, leaves nothing that a terminal acts on. */
static void nothing_gets_through(void **state)
{
    char safe[64];

    (void)state;
    for (int lead = 0; lead < 256; lead++) {
        for (int byte = 1; byte < 256; byte++) {
            const char text[] = {(char)(lead ? lead : 'a'), (char)byte, '\0'};
            xw_safe_text(XW_CHARSET_UTF8, text, safe, sizeof(safe));
            for (const char *at = safe; *at;) {
                uint32_t code = 0;
                size_t length = xw_utf8_decode(at, &code);
                assert_int_not_equal(length, 0);
                assert_true(code >= 0x20 && (code < 0x7f || code > 0x9f));
                at += length;
            }
        }
    }
}

static void cuts_after_a_whole_character(void **state)
{
    char buffer[8];

    (void)state;
    assert_int_equal(xw_safe_text(XW_CHARSET_UTF8, "abc\x1bz", buffer, 7), 3);
    assert_string_equal(buffer, "abc");
    assert_int_equal(xw_safe_text(XW_CHARSET_UTF8, "abc\x1bz", buffer, 8), 7);
    assert_string_equal(buffer, "abc\\x1b");
    assert_int_equal(xw_safe_text(XW_CHARSET_UTF8, "\xe6\xbc\xa2", buffer, 3), 0);
    assert_int_equal(xw_safe_text(XW_CHARSET_UTF8, "x", buffer, 1), 0);
    assert_string_equal(buffer, "");
}

static void fits_columns(void **state)
{
    char fitted[32];

    (void)state;
    assert_int_equal(xw_safe_fit(XW_CHARSET_ASCII, "abcdef", 6, fitted, sizeof(fitted)), 6);
    assert_string_equal(fitted, "abcdef");
    assert_int_equal(xw_safe_fit(XW_CHARSET_ASCII, "abcdef", 5, fitted, sizeof(fitted)), 5);
    assert_string_equal(fitted, "abcd~");
    assert_int_equal(xw_safe_fit(XW_CHARSET_ASCII, "abcdef", 0, fitted, sizeof(fitted)), 0);
    assert_string_equal(fitted, "");
    if (!setlocale(LC_CTYPE, "C.UTF-8"))
        fail_msg("the locale C.UTF-8 is missing");
    assert_int_equal(xw_safe_columns("\xe6\xbc\xa2\xe5\xad\x97"), 4);
    assert_int_equal(
        xw_safe_fit(XW_CHARSET_UTF8, "\xe6\xbc\xa2\xe5\xad\x97", 3, fitted, sizeof(fitted)), 3);
    assert_string_equal(fitted, "\xe6\xbc\xa2\xe2\x80\xa6");
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(keeps_text),
                                       cmocka_unit_test(shows_controls),
                                       cmocka_unit_test(shows_what_hides_or_reorders),
                                       cmocka_unit_test(shows_invalid_utf8),
                                       cmocka_unit_test(nothing_gets_through),
                                       cmocka_unit_test(cuts_after_a_whole_character),
                                       cmocka_unit_test(fits_columns)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
