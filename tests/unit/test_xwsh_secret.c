/* links: xwsh/secret.c */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "xwsh/secret.h"

static void type(struct xw_secret *secret, const char *text)
{
    for (; *text; text++)
        xw_secret_add(secret, *text);
}

static void what_is_typed_is_there(void **state)
{
    struct xw_secret secret = {0};

    (void)state;
    assert_string_equal(xw_secret_text(&secret), "");
    type(&secret, "pass word");
    assert_string_equal(xw_secret_text(&secret), "pass word");
    xw_secret_erase(&secret);
    type(&secret, "k");
    assert_string_equal(xw_secret_text(&secret), "pass work");
}

static void a_character_is_erased_whole(void **state)
{
    struct xw_secret secret = {0};

    (void)state;
    type(&secret, "a\xc3\xa9\xe2\x82\xac");
    xw_secret_erase(&secret);
    assert_string_equal(xw_secret_text(&secret), "a\xc3\xa9");
    xw_secret_erase(&secret);
    assert_string_equal(xw_secret_text(&secret), "a");
    xw_secret_erase(&secret);
    xw_secret_erase(&secret);
    assert_string_equal(xw_secret_text(&secret), "");
    assert_int_equal(secret.length, 0);
    /* Bytes that begin no character. */
    type(&secret, "\x82\x82");
    xw_secret_erase(&secret);
    assert_int_equal(secret.length, 0);
}

static void what_is_too_long_or_holds_a_nul_is_nothing(void **state)
{
    struct xw_secret secret = {0};

    (void)state;
    for (int i = 0; i < XW_SECRET_MAX; i++)
        xw_secret_add(&secret, 'x');
    assert_int_equal(strlen(xw_secret_text(&secret)), XW_SECRET_MAX);
    xw_secret_add(&secret, 'x');
    assert_string_equal(xw_secret_text(&secret), "");
    xw_secret_erase(&secret);
    assert_string_equal(xw_secret_text(&secret), "");
    xw_secret_wipe(&secret);
    type(&secret, "ab");
    assert_string_equal(xw_secret_text(&secret), "ab");
    xw_secret_add(&secret, '\0');
    assert_string_equal(xw_secret_text(&secret), "");
}

static void nothing_is_left_in_memory(void **state)
{
    static const struct xw_secret empty;
    struct xw_secret secret = {0};

    (void)state;
    type(&secret, "sesame");
    xw_secret_erase(&secret);
    assert_int_equal(secret.text[5], '\0');
    xw_secret_wipe(&secret);
    assert_memory_equal(&secret, &empty, sizeof(secret));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_typed_is_there),
        cmocka_unit_test(a_character_is_erased_whole),
        cmocka_unit_test(what_is_too_long_or_holds_a_nul_is_nothing),
        cmocka_unit_test(nothing_is_left_in_memory),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
