/* links: xwsh/tar_filter.c common/lines.c common/names.c common/error.c */
/*
 * A machine's archive, before the student's own tar sees it: what passes byte for byte, what is
 * left out, what ends it, and that how the bytes are cut makes no difference (T-H11).
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "xwsh/tar_filter.h"

enum { ROOM = 65536 };

struct bytes {
    size_t count;
    unsigned char data[ROOM];
};

static struct bytes archive;
static struct bytes passed;
static char left_out[4096];

static int collect(const void *bytes, size_t count, void *data)
{
    (void)data;
    assert_true(passed.count + count <= ROOM);
    memcpy(passed.data + passed.count, bytes, count);
    passed.count += count;
    return 0;
}

static void note(const char *name, const char *why, void *data)
{
    size_t used = strlen(left_out);

    (void)data;
    snprintf(left_out + used, sizeof(left_out) - used, "%s: %s\n", name, why);
}

static void add(const void *bytes, size_t count)
{
    memcpy(archive.data + archive.count, bytes, count);
    archive.count += count;
}

static void add_zeros(size_t count)
{
    memset(archive.data + archive.count, 0, count);
    archive.count += count;
}

/* Writes the sum of the header that is there at this place. */
static void sign(unsigned char *header)
{
    char text[8];
    unsigned int sum = 0;

    memset(header + 148, ' ', 8);
    for (size_t i = 0; i < 512; i++)
        sum += header[i];
    snprintf(text, sizeof(text), "%06o", sum);
    memcpy(header + 148, text, 7);
}

/* A header as busybox and GNU tar write it. Returns it. */
static unsigned char *add_header(const char *name, char type, const char *target, unsigned int size)
{
    unsigned char *header = archive.data + archive.count;

    add_zeros(512);
    memcpy(header, name, strnlen(name, 100));
    memcpy(header + 100, "0000644", 7);
    snprintf((char *)header + 124, 12, "%011o", size);
    header[156] = (unsigned char)type;
    memcpy(header + 157, target, strnlen(target, 100));
    memcpy(header + 257, "ustar  ", 8);
    sign(header);
    return header;
}

static void add_content(const char *text)
{
    add(text, strlen(text));
    add_zeros((512 - strlen(text) % 512) % 512);
}

static void add_file(const char *name, const char *text)
{
    add_header(name, '0', "", (unsigned int)strlen(text));
    add_content(text);
}

static void add_long(char type, const char *name)
{
    add_header("././@LongLink", type, "", (unsigned int)strlen(name) + 1);
    add(name, strlen(name) + 1);
    add_zeros((512 - (strlen(name) + 1) % 512) % 512);
}

static void begin(void)
{
    archive.count = 0;
}

/* Feeds it in pieces of this size. Returns the verdict. */
static int judge(size_t piece)
{
    struct xw_tar_filter filter = {.sink = collect, .left_out = note};
    struct xw_error err = {0};
    int rc = 0;

    passed.count = 0;
    left_out[0] = '\0';
    for (size_t at = 0; at < archive.count && rc == 0; at += piece) {
        size_t now = archive.count - at < piece ? archive.count - at : piece;
        rc = xw_tar_filter_feed(&filter, archive.data + at, now, &err);
    }
    if (rc == 0)
        rc = xw_tar_filter_end(&filter, &err);
    assert_int_equal(rc < 0, *err.text != '\0');
    return rc;
}

static const size_t pieces[] = {1, 7, 511, 512, 513, 4096, ROOM};
enum { PIECES = sizeof(pieces) / sizeof(pieces[0]) };

static void what_is_good_passes_byte_for_byte(void **state)
{
    char name[300];

    (void)state;
    memset(name, 'n', sizeof(name) - 1);
    name[sizeof(name) - 1] = '\0';
    begin();
    add_header("etc/", '5', "", 0);
    add_file("etc/hosts", "127.0.0.1 localhost\n");
    add_file("./etc/empty", "");
    add_file("etc/..data", "two dots that are no component");
    add_header("etc/link", '2', "hosts", 0);
    add_header("etc/hard", '1', "etc/hosts", 0);
    add_long('L', name);
    add_file("nnnn", "of a long name");
    add_long('K', name);
    add_header("etc/far", '2', "nnnn", 0);
    add_zeros(2048);
    for (size_t i = 0; i < PIECES; i++) {
        assert_int_equal(judge(pieces[i]), 0);
        assert_string_equal(left_out, "");
        assert_int_equal(passed.count, archive.count);
        assert_memory_equal(passed.data, archive.data, archive.count);
    }
}

static void what_reaches_out_is_left_out(void **state)
{
    static const struct {
        const char *name;
        char type;
        const char *target;
        const char *why;
    } cases[] = {
        {"/etc/passwd", '0', "", "its name leads out of the directory"},
        {"../.bashrc", '0', "", "its name leads out of the directory"},
        {"a/../../b", '0', "", "its name leads out of the directory"},
        {"a/..", '5', "", "its name leads out of the directory"},
        {"a\\..\\b", '0', "", "its name leads out of the directory"},
        {"\\a", '0', "", "its name leads out of the directory"},
        {"", '0', "", "its name is no plain text"},
        {"a\033[2Jb", '0', "", "its name is no plain text"},
        {"a\nb", '0', "", "its name is no plain text"},
        {"a\xff", '0', "", "its name is no plain text"},
        {"null", '3', "", "a device"},
        {"disk", '4', "", "a device"},
        {"pipe", '6', "", "a FIFO"},
        {"up", '2', "..", "a link that may lead out of the directory"},
        {"up", '2', "a/../../x", "a link that may lead out of the directory"},
        {"root", '2', "/", "a link that may lead out of the directory"},
        {"empty", '2', "", "a link that may lead out of the directory"},
        {"odd", '2', "a\033b", "a link that may lead out of the directory"},
        {"hard", '1', "/etc/shadow", "a link that may lead out of the directory"},
        {"hard", '1', "../x", "a link that may lead out of the directory"},
    };
    char expected[256];
    size_t good;

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        const bool file = cases[i].type == '0';
        begin();
        add_file("before", "b");
        add_header(cases[i].name, cases[i].type, cases[i].target, file ? 5 : 0);
        if (file)
            add_content("harms");
        good = archive.count;
        add_file("after", "a");
        add_zeros(1024);
        for (size_t j = 0; j < PIECES; j++) {
            assert_int_equal(judge(pieces[j]), 0);
            snprintf(expected, sizeof(expected), "%s: %s\n", cases[i].name, cases[i].why);
            assert_string_equal(left_out, expected);
            assert_int_equal(passed.count, 2 * 1024 + 1024);
            assert_memory_equal(passed.data, archive.data, 1024);
            assert_memory_equal(passed.data + 1024, archive.data + good, archive.count - good);
        }
    }
}

/* A long name counts, whatever the header says; and goes with what it names. */
static void a_long_name_is_the_name(void **state)
{
    (void)state;
    begin();
    add_long('L', "../../evil");
    add_file("harmless", "x");
    add_long('K', "/etc");
    add_header("link", '2', "here", 0);
    add_zeros(1024);
    assert_int_equal(judge(ROOM), 0);
    assert_string_equal(left_out, "../../evil: its name leads out of the directory\n"
                                  "link: a link that may lead out of the directory\n");
    assert_int_equal(passed.count, 1024);
}

/* POSIX's prefix is part of the name; GNU's header has other things there. */
static void a_prefix_is_part_of_the_name(void **state)
{
    unsigned char *header;

    (void)state;
    begin();
    header = add_header("name", '0', "", 0);
    memcpy(header + 345, "/abs", 4);
    memcpy(header + 257, "ustar\00000", 8);
    sign(header);
    header = add_header("gnu", '0', "", 0);
    memcpy(header + 345, "/abs", 4);
    sign(header);
    add_zeros(1024);
    assert_int_equal(judge(ROOM), 0);
    assert_string_equal(left_out, "/abs/name: its name leads out of the directory\n");
    /* All fields full, without a NUL anywhere. */
    begin();
    header = add_header("", '2', "", 0);
    memset(header, 'n', 100);
    memset(header + 157, 't', 100);
    memset(header + 345, 'p', 155);
    memcpy(header + 257, "ustar\00000", 8);
    sign(header);
    add_zeros(1024);
    assert_int_equal(judge(ROOM), 0);
    assert_string_equal(left_out, "");
}

static void what_is_none_ends_it(void **state)
{
    unsigned char *header;

    (void)state;
    for (int i = 0; i < 13; i++) {
        begin();
        add_file("before", "b");
        switch (i) {
        case 0: /* a sum that is wrong */
            header = add_header("x", '0', "", 0);
            header[0] = 'y';
            break;
        case 1: /* pax */
            add_header("x", 'x', "", 0);
            break;
        case 2:
            add_header("x", 'g', "", 0);
            break;
        case 3: /* sparse */
            add_header("x", 'S', "", 0);
            break;
        case 4: /* a size in base 256 */
            header = add_header("x", '0', "", 0);
            header[124] = 0x80;
            sign(header);
            break;
        case 5: /* content where none can be */
            add_header("x", '2', "y", 512);
            break;
        case 6:
            add_header("x/", '0', "", 512);
            break;
        case 7: /* a name that is too long, one that is empty, two of them */
            add_header("x", 'L', "", XW_TAR_NAME_SIZE + 1);
            break;
        case 8:
            add_header("x", 'L', "", 5);
            add_zeros(512);
            break;
        case 9:
            add_long('L', "one");
            add_long('L', "two");
            break;
        case 10: /* the end within an entry */
            add_long('L', "one");
            break;
        case 11: /* an old format */
            add_header("x", '\0', "", 0);
            break;
        case 12: /* no number */
            header = add_header("x", '0', "", 0);
            memset(header + 124, ' ', 12);
            sign(header);
            break;
        }
        add_zeros(1024);
        for (size_t j = 0; j < PIECES; j++) {
            assert_int_equal(judge(pieces[j]), -EBADMSG);
            assert_int_equal(passed.count, 1024);
        }
    }
    /* After the end, or without one. */
    begin();
    add_zeros(1024);
    add_file("after", "");
    assert_int_equal(judge(ROOM), -EBADMSG);
    begin();
    add_file("cut", "0123456789");
    for (; archive.count > 0; archive.count--)
        assert_int_equal(judge(ROOM), -EBADMSG);
    assert_int_equal(judge(ROOM), -EBADMSG);
}

/* Whatever byte of an archive is another one, nothing is read or written beyond what is there. */
static void every_byte_changed(void **state)
{
    static unsigned char saved[ROOM];

    (void)state;
    begin();
    add_long('L', "a/long/name");
    add_file("short", "text");
    add_header("link", '2', "short", 0);
    add_zeros(1024);
    memcpy(saved, archive.data, archive.count);
    for (size_t i = 0; i < archive.count; i++) {
        for (int value = 0; value < 256; value += 5) {
            archive.data[i] = (unsigned char)value;
            judge(4096);
            if (i < 512)
                sign(archive.data);
            judge(4096);
            memcpy(archive.data, saved, archive.count);
        }
    }
    assert_int_equal(judge(4096), 0);
}

static int full(const void *bytes, size_t count, void *data)
{
    (void)bytes;
    (void)count;
    (void)data;
    return -EPIPE;
}

static void who_takes_nothing_ends_it(void **state)
{
    struct xw_tar_filter filter = {.sink = full, .left_out = note};
    struct xw_error err = {0};

    (void)state;
    begin();
    add_file("one", "1");
    assert_int_equal(xw_tar_filter_feed(&filter, archive.data, archive.count, &err), -EPIPE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_good_passes_byte_for_byte),
        cmocka_unit_test(what_reaches_out_is_left_out),
        cmocka_unit_test(a_long_name_is_the_name),
        cmocka_unit_test(a_prefix_is_part_of_the_name),
        cmocka_unit_test(what_is_none_ends_it),
        cmocka_unit_test(every_byte_changed),
        cmocka_unit_test(who_takes_nothing_ends_it),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
