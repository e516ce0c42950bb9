/* links: common/names.c */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <limits.h>
#include <string.h>

#include "common/names.h"

/* The grammar as the documentation has it, spelled out. */
static const char name_first[] = "abcdefghijklmnopqrstuvwxyz0123456789";
static const char name_rest[] = "abcdefghijklmnopqrstuvwxyz0123456789-";
static const char owner_first[] = "abcdefghijklmnopqrstuvwxyz_";
static const char owner_rest[] = "abcdefghijklmnopqrstuvwxyz0123456789_-";

static bool is_in(int byte, const char *set)
{
    return byte != 0 && strchr(set, byte) != NULL;
}

/* Puts every byte at every position of names of every length. */
static void every_byte(bool (*ok)(const char *), const char *first, const char *rest)
{
    char name[XW_NAME_MAX + 2];

    for (size_t length = 1; length <= XW_NAME_MAX; length++) {
        for (size_t at = 0; at < length; at++) {
            for (int byte = 1; byte <= UCHAR_MAX; byte++) {
                memset(name, 'a', length);
                name[length] = '\0';
                name[at] = (char)byte;
                bool expected = is_in(byte, at == 0 ? first : rest);
                if (ok(name) != expected)
                    fail_msg("byte 0x%02x at %zu of %zu: %d", (unsigned)byte, at, length,
                             !expected);
            }
        }
    }
}

static void names_of_the_grammar(void **state)
{
    (void)state;
    every_byte(xw_name_ok, name_first, name_rest);
}

/* An owner's first byte may also be the @ of a team; then the second is the first of the group. */
static void owners_of_the_grammar(void **state)
{
    char name[XW_NAME_MAX + 1];

    (void)state;
    for (int byte = 1; byte <= UCHAR_MAX; byte++) {
        for (size_t at = 0; at < XW_NAME_MAX; at++) {
            memset(name, 'a', XW_NAME_MAX);
            name[XW_NAME_MAX] = '\0';
            name[at] = (char)byte;
            bool expected =
                at == 0 ? is_in(byte, owner_first) || byte == '@' : is_in(byte, owner_rest);
            assert_int_equal(xw_owner_ok(name), expected);
        }
    }
    for (int byte = 1; byte <= UCHAR_MAX; byte++) {
        char team[] = {'@', (char)byte, 'a', '\0'};
        assert_int_equal(xw_owner_ok(team), is_in(byte, owner_first));
    }
    assert_false(xw_owner_ok("@"));
    assert_false(xw_owner_ok("@@a"));
}

static void lengths(void **state)
{
    char name[XW_NAME_MAX + 2];

    (void)state;
    assert_false(xw_name_ok(""));
    assert_false(xw_owner_ok(""));
    memset(name, 'a', sizeof(name));
    name[XW_NAME_MAX + 1] = '\0';
    assert_false(xw_name_ok(name));
    assert_false(xw_owner_ok(name));
    name[XW_NAME_MAX] = '\0';
    assert_true(xw_name_ok(name));
    assert_true(xw_owner_ok(name));
    name[0] = '@';
    assert_true(xw_owner_ok(name));
    /* A team's sign counts. */
    name[XW_NAME_MAX] = 'a';
    assert_false(xw_owner_ok(name));
}

static void request_ids(void **state)
{
    char id[] = "0123456789abcdef";

    (void)state;
    assert_true(xw_request_id_ok(id));
    for (size_t at = 0; at < XW_REQUEST_ID_LEN; at++) {
        for (int byte = 0; byte <= UCHAR_MAX; byte++) {
            char kept = id[at];
            id[at] = (char)byte;
            assert_int_equal(xw_request_id_ok(id), is_in(byte, "0123456789abcdef"));
            id[at] = kept;
        }
    }
    assert_false(xw_request_id_ok("0123456789abcdef0"));
    assert_false(xw_request_id_ok("0123456789abcde"));
    assert_false(xw_request_id_ok(""));
}

static void numbers(void **state)
{
    static const char *const wrong[] = {"",    "00",  "01",  "+1", "-1", " 1", "1 ",
                                        "1.0", "0x1", "1\n", "a",  "1a", "٣"};
    unsigned long value = 99;

    (void)state;
    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
        assert_int_equal(xw_number(wrong[i], ULONG_MAX, &value), -EINVAL);
    assert_int_equal(value, 99);
    assert_int_equal(xw_number("0", 0, &value), 0);
    assert_int_equal(value, 0);
    assert_int_equal(xw_number("1", 0, &value), -ERANGE);
    assert_int_equal(xw_number("18446744073709551615", ULONG_MAX, &value), 0);
    assert_true(value == ULONG_MAX);
    assert_int_equal(xw_number("18446744073709551616", ULONG_MAX, &value), -ERANGE);
    assert_int_equal(xw_number("99999999999999999999999", ULONG_MAX, &value), -ERANGE);
    assert_int_equal(xw_number("100", 100, &value), 0);
    assert_int_equal(xw_number("101", 100, &value), -ERANGE);
}

static void names_in_a_list(void **state)
{
    static const char names[][XW_NAME_SIZE] = {"a", "lab1", "lab10", "a"};

    (void)state;
    assert_int_equal(xw_names_find(names, 4, "a"), 0);
    assert_int_equal(xw_names_find(names, 4, "lab10"), 2);
    assert_int_equal(xw_names_find(names, 4, "lab"), 4);
    assert_int_equal(xw_names_find(names, 2, "lab10"), 2);
    assert_int_equal(xw_names_find(names, 0, "a"), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(names_of_the_grammar),
        cmocka_unit_test(owners_of_the_grammar),
        cmocka_unit_test(lengths),
        cmocka_unit_test(request_ids),
        cmocka_unit_test(numbers),
        cmocka_unit_test(names_in_a_list),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
