/* links: xwsh/guest.c xwsh/keys.c */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "xwsh/guest.h"
#include "xwsh/keys.h"

static struct xw_guest after(const char *bytes)
{
    struct xw_guest guest = {0};

    for (const char *at = bytes; *at; at++)
        xw_guest_follow(&guest, at, 1);
    return guest;
}

static void guest_text_touches_nothing(void **state)
{
    (void)state;
    assert_false(after("login: root\r\n\t\a\b# ").touched);
    assert_true(after("\x1b[6n").touched);
    assert_true(after("\x05").touched);
    assert_true(after("\x0e").touched);
    assert_true(after("\x9b").touched);
}

static void guest_alternate_screen(void **state)
{
    (void)state;
    assert_true(after("\x1b[?1049h").alternate);
    assert_true(after("\x1b[?25;1049h").alternate);
    assert_true(after("\x1b[?1049;25h").alternate);
    assert_false(after("\x1b[?1049h\x1b[?1049l").alternate);
    assert_false(after("\x1b[1049h").alternate);
    assert_false(after("\x1b[?10490h").alternate);
    assert_false(after("\x1b[?99999999999999999999h").alternate);
    assert_false(after("?1049h").alternate);
}

/* What comes of bytes that arrive at once; -2 where there is more than one key. */
static int key_of(const char *bytes)
{
    struct xw_keys keys = {0};
    int found = XW_KEY_NONE;

    for (const char *at = bytes; *at; at++) {
        int key = xw_keys_take(&keys, (unsigned char)*at, 1000);
        if (key != XW_KEY_NONE)
            found = found == XW_KEY_NONE ? key : -2;
    }
    return found;
}

static void keys_pass(void **state)
{
    struct xw_keys keys = {0};

    (void)state;
    assert_int_equal(key_of("v"), 'v');
    assert_int_equal(xw_keys_take(&keys, 0402, 1000), 0402);
    assert_int_equal(xw_keys_timeout(&keys, 1000), -1);
    assert_int_equal(xw_keys_take(&keys, 0x1b, 1000), XW_KEY_NONE);
    assert_int_equal(xw_keys_settle(&keys, 1000), XW_KEY_NONE);
    assert_true(xw_keys_timeout(&keys, 1000) > 0);
    assert_int_equal(xw_keys_settle(&keys, 1000 + xw_keys_timeout(&keys, 1000)), XW_KEY_ESCAPE);
}

static void answers_are_no_keys(void **state)
{
    (void)state;
    assert_int_equal(key_of("\x1b[12;40R"), XW_KEY_NONE);
    assert_int_equal(key_of("\x1b[?62;22c"), XW_KEY_NONE);
    assert_int_equal(key_of("\x1b]lvvv\x1b\\"), XW_KEY_NONE);
    assert_int_equal(key_of("\x1b]52;c;dg==\x07"), XW_KEY_NONE);
    assert_int_equal(key_of("\x1bP1$rv\x1b\\"), XW_KEY_NONE);
    assert_int_equal(key_of("\x1b[200~\x1b[201~s"), 's');
    assert_int_equal(key_of("\x1bOP"), XW_KEY_NONE);
    assert_int_equal(key_of("\x1bv"), XW_KEY_NONE);
}

static void a_broken_sequence_ends_by_itself(void **state)
{
    struct xw_keys keys = {0};

    (void)state;
    assert_int_equal(xw_keys_take(&keys, 0x1b, 1000), XW_KEY_NONE);
    assert_int_equal(xw_keys_take(&keys, ']', 1000), XW_KEY_NONE);
    assert_int_equal(xw_keys_take(&keys, 'v', 1000), XW_KEY_NONE);
    assert_int_equal(xw_keys_take(&keys, 's', 3000), 's');
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(guest_text_touches_nothing), cmocka_unit_test(guest_alternate_screen),
        cmocka_unit_test(keys_pass), cmocka_unit_test(answers_are_no_keys),
        cmocka_unit_test(a_broken_sequence_ends_by_itself)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
