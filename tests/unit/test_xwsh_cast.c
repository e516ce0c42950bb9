/* links: xwsh/cast.c xwsh/json_build.c xwsh/json_text.c xwsh/safe_text.c xwsh/tty.c xwsh/signals.c common/error.c */
/*
 * A recording is asciicast v2 whatever a guest writes and wherever it ends: one JSON value a line,
 * in ASCII, characters whole, times that never go back, and never half a line.
 * T-H9
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <fcntl.h>
#include <json-c/json.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/unit/private_root.h"
#include "xwsh/cast.h"

#define FULL "/mnt"

enum { BEGAN = 5000000, LARGE = 1 << 20, BIG = 4096 };

static const struct xw_cast_head head = {
    .columns = 80, .rows = 24, .when = 1800000000, .title = "firewall/web", .term = "xterm"};
#define HEAD                                                                                       \
    "{\"version\":2,\"width\":80,\"height\":24,\"timestamp\":1800000000,\"title\":\"firewall/"     \
    "web\","                                                                                       \
    "\"env\":{\"TERM\":\"xterm\"}}\n"

static char text[LARGE];
static char joined[LARGE]; /* the data of all outputs */

static int open_file(const char *directory)
{
    char path[64];

    snprintf(path, sizeof(path), "%s/cast-XXXXXX", directory);
    int fd = mkostemp(path, O_APPEND | O_CLOEXEC);
    assert_true(fd >= 0);
    unlink(path);
    return fd;
}

static struct xw_cast *begin(int fd, uint64_t limit)
{
    struct xw_cast *cast;

    assert_int_equal(xw_cast_begin(fd, &head, limit, BEGAN, &cast), 0);
    return cast;
}

/* The file's text; each line of it must be JSON in ASCII, the events in the order of their times.
 */
static const char *check(int fd)
{
    ssize_t size = pread(fd, text, sizeof(text) - 1, 0);
    double last = 0;
    size_t used = 0;
    int lines = 0;

    assert_true(size > 0 && text[size - 1] == '\n');
    text[size] = '\0';
    assert_int_equal(strlen(text), size);
    for (char *line = text, *end; (end = strchr(line, '\n')) != NULL; line = end + 1, lines++) {
        struct json_tokener *tokener = json_tokener_new();
        json_tokener_set_flags(tokener, JSON_TOKENER_STRICT | JSON_TOKENER_VALIDATE_UTF8);
        struct json_object *value = json_tokener_parse_ex(tokener, line, (int)(end - line));
        assert_int_equal(json_tokener_get_error(tokener), json_tokener_success);
        assert_int_equal(json_tokener_get_parse_end(tokener), end - line);
        for (const char *at = line; at < end; at++)
            assert_in_range(*at, ' ', '~');
        if (lines > 0) {
            assert_int_equal(json_object_array_length(value), 3);
            double when = json_object_get_double(json_object_array_get_idx(value, 0));
            assert_true(when >= last);
            last = when;
            struct json_object *data = json_object_array_get_idx(value, 2);
            size_t length = (size_t)json_object_get_string_len(data);
            if (strcmp(json_object_get_string(json_object_array_get_idx(value, 1)), "o") == 0) {
                memcpy(joined + used, json_object_get_string(data), length);
                used += length;
            }
        }
        json_object_put(value);
        json_tokener_free(tokener);
    }
    joined[used] = '\0';
    return text;
}

static void the_format(void **state)
{
    int fd = open_file("/tmp");
    struct xw_cast *cast = begin(fd, LARGE);

    (void)state;
    assert_string_equal(check(fd), HEAD);
    assert_int_equal(xw_cast_output(cast, BEGAN + 248848, "\x1b[1mHello\r\n", 11), 0);
    assert_int_equal(xw_cast_resize(cast, BEGAN + 1000001, 132, 43), 0);
    assert_int_equal(xw_cast_mark(cast, BEGAN + 2000000, "bob has joined"), 0);
    assert_int_equal(xw_cast_end(cast, BEGAN + 36000000000), 0);
    assert_string_equal(check(fd), HEAD "[0.248848,\"o\",\"\\u001b[1mHello\\r\\n\"]\n"
                                        "[1.000001,\"r\",\"132x43\"]\n"
                                        "[2.000000,\"m\",\"bob has joined\"]\n"
                                        "[36000.000000,\"m\",\"end of the recording\"]\n");
    assert_int_equal(xw_cast_size(cast), strlen(text));
    xw_cast_free(cast);
    close(fd);
}

static void without_a_terminal(void **state)
{
    struct xw_cast_head bare = head;
    struct xw_cast *cast;
    int fd = open_file("/tmp");

    (void)state;
    bare.term = "";
    bare.title = "a\"b\\\x1b\xff";
    assert_int_equal(xw_cast_begin(fd, &bare, LARGE, BEGAN, &cast), 0);
    assert_string_equal(check(fd),
                        "{\"version\":2,\"width\":80,\"height\":24,\"timestamp\":1800000000,"
                        "\"title\":\"a\\\"b\\\\\\u001b\\ufffd\"}\n");
    xw_cast_free(cast);
    close(fd);
}

static void times_never_go_back(void **state)
{
    static const int64_t times[] = {BEGAN + 3, BEGAN + 2, BEGAN - 1, 0, BEGAN + 4};
    int fd = open_file("/tmp");
    struct xw_cast *cast = begin(fd, LARGE);

    (void)state;
    for (size_t i = 0; i < sizeof(times) / sizeof(times[0]); i++)
        assert_int_equal(xw_cast_output(cast, times[i], "x", 1), 0);
    assert_string_equal(check(fd), HEAD
                        "[0.000003,\"o\",\"x\"]\n[0.000003,\"o\",\"x\"]\n"
                        "[0.000003,\"o\",\"x\"]\n[0.000003,\"o\",\"x\"]\n[0.000004,\"o\",\"x\"]\n");
    xw_cast_free(cast);
    close(fd);
}

/* Written in pieces of every size, the data are the same, and each piece ends with a character. */
static void pieces_of_characters(void **state)
{
    static const char all[] = "a\u00e9\u20ac\U0001f600z\xc2\x85\u2028\U0010ffff\u0301";

    (void)state;
    for (size_t piece = 1; piece <= sizeof(all) - 1; piece++) {
        int fd = open_file("/tmp");
        struct xw_cast *cast = begin(fd, LARGE);
        for (size_t at = 0; at < sizeof(all) - 1; at += piece) {
            size_t left = sizeof(all) - 1 - at;
            assert_int_equal(xw_cast_output(cast, BEGAN, all + at, left < piece ? left : piece), 0);
            check(fd);
            assert_int_equal(strncmp(joined, all, strlen(joined)), 0);
        }
        assert_int_equal(xw_cast_end(cast, BEGAN), 0);
        check(fd);
        assert_string_equal(joined, all);
        assert_null(strstr(text, "ufffd"));
        xw_cast_free(cast);
        close(fd);
    }
}

static void bytes_that_are_no_characters(void **state)
{
    static const struct {
        const char *bytes, *data;
    } cases[] = {
        {"\x80", "\\ufffd"},
        {"a\xff"
         "b",
         "a\\ufffdb"},
        {"\xc0\xaf.", "\\ufffd\\ufffd."},
        {"\xed\xa0\x80.", "\\ufffd\\ufffd\\ufffd."},
        {"\xf4\x90\x80\x80.", "\\ufffd\\ufffd\\ufffd\\ufffd."},
        {"\xe2\x82.", "\\ufffd\\ufffd."},
        {"\x7f\"\\/\b\f\n\r\t\x01", "\\u007f\\\"\\\\/\\b\\f\\n\\r\\t\\u0001"},
        {"\u20ac", "\\u20ac"},
        {"\U0001f600", "\\ud83d\\ude00"},
    };
    char wanted[256];

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        int fd = open_file("/tmp");
        struct xw_cast *cast = begin(fd, LARGE);
        assert_int_equal(xw_cast_output(cast, BEGAN, cases[i].bytes, strlen(cases[i].bytes)), 0);
        snprintf(wanted, sizeof(wanted), HEAD "[0.000000,\"o\",\"%s\"]\n", cases[i].data);
        assert_string_equal(check(fd), wanted);
        xw_cast_free(cast);
        close(fd);
    }
}

static void a_nul_and_an_end_in_a_character(void **state)
{
    int fd = open_file("/tmp");
    struct xw_cast *cast = begin(fd, LARGE);

    (void)state;
    assert_int_equal(xw_cast_output(cast, BEGAN, "a\0b", 3), 0);
    /* Nothing is there of it yet, and nothing is written. */
    assert_int_equal(xw_cast_output(cast, BEGAN, "\xf0\x9f", 2), 0);
    assert_string_equal(check(fd), HEAD "[0.000000,\"o\",\"a\\u0000b\"]\n");
    assert_int_equal(xw_cast_end(cast, BEGAN + 1), 0);
    assert_string_equal(check(fd), HEAD "[0.000000,\"o\",\"a\\u0000b\"]\n"
                                        "[0.000001,\"o\",\"\\ufffd\\ufffd\"]\n"
                                        "[0.000001,\"m\",\"end of the recording\"]\n");
    xw_cast_free(cast);
    close(fd);
}

/* Outputs until it fails; returns with what. */
static int fill(struct xw_cast *cast, size_t count)
{
    static char bytes[BIG];
    int rc = 0;

    memset(bytes, 0x1b, sizeof(bytes));
    for (int i = 0; rc == 0 && i < LARGE; i++)
        rc = xw_cast_output(cast, BEGAN + i, bytes, count);
    return rc;
}

static void not_beyond_the_limit(void **state)
{
    struct xw_cast *cast;
    int fd = open_file("/tmp");

    (void)state;
    assert_int_equal(xw_cast_begin(fd, &head, strlen(HEAD) - 1, BEGAN, &cast), -EFBIG);
    assert_null(cast);
    assert_int_equal(lseek(fd, 0, SEEK_END), 0);
    /* To the byte. */
    cast = begin(fd, strlen(HEAD "[0.000000,\"o\",\"x\"]\n"));
    assert_int_equal(xw_cast_output(cast, BEGAN, "xy", 2), -EFBIG);
    assert_int_equal(xw_cast_output(cast, BEGAN, "x", 1), 0);
    assert_int_equal(xw_cast_mark(cast, BEGAN, ""), -EFBIG);
    assert_int_equal(xw_cast_resize(cast, BEGAN, 1, 1), -EFBIG);
    assert_string_equal(check(fd), HEAD "[0.000000,\"o\",\"x\"]\n");
    assert_int_equal(xw_cast_end(cast, BEGAN), 0);
    assert_non_null(strstr(check(fd), "end of the recording"));
    xw_cast_free(cast);
    close(fd);
}

/* Whatever write(2) fails with, in the middle of a line, too: the line before is the last one. */
static void the_file_takes_no_more(void **state)
{
    struct rlimit limit = {8 * BIG + 100, RLIM_INFINITY};
    struct rlimit none = {RLIM_INFINITY, RLIM_INFINITY};
    int fd = open_file("/tmp");
    struct xw_cast *cast = begin(fd, LARGE);

    (void)state;
    signal(SIGXFSZ, SIG_IGN);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
    assert_int_equal(fill(cast, 100), -EFBIG);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &none), 0);
    check(fd);
    assert_int_equal(lseek(fd, 0, SEEK_END), xw_cast_size(cast));
    /* When there is room again, it goes on. */
    assert_int_equal(xw_cast_end(cast, BEGAN + LARGE), 0);
    assert_non_null(strstr(check(fd), "end of the recording"));
    xw_cast_free(cast);
    close(fd);
}

static void the_disk_is_full(void **state)
{
    int fd = open_file(FULL);
    struct xw_cast *cast = begin(fd, LARGE);

    (void)state;
    assert_int_equal(fill(cast, 333), -ENOSPC);
    check(fd);
    assert_int_equal(lseek(fd, 0, SEEK_END), xw_cast_size(cast));
    assert_true(xw_cast_size(cast) > BIG);
    xw_cast_free(cast);
    close(fd);
}

static int set_up(void **state)
{
    (void)state;
    return xw_test_private_root(FULL) < 0 ||
                   mount("tmpfs", FULL, "tmpfs", MS_NOSUID | MS_NODEV, "mode=755,size=16k") < 0
               ? -1
               : 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_format),
        cmocka_unit_test(without_a_terminal),
        cmocka_unit_test(times_never_go_back),
        cmocka_unit_test(pieces_of_characters),
        cmocka_unit_test(bytes_that_are_no_characters),
        cmocka_unit_test(a_nul_and_an_end_in_a_character),
        cmocka_unit_test(not_beyond_the_limit),
        cmocka_unit_test(the_file_takes_no_more),
        cmocka_unit_test(the_disk_is_full),
    };

    return cmocka_run_group_tests(tests, set_up, NULL);
}
