/* links: xwhelper/keeper/checkpoint_record.c xwhelper/keeper/world.c xwhelper/keeper/lock.c common/record.c common/lines.c common/names.c common/request.c common/error.c */
/*
 * The record of a world's checkpoints: every line of it, its size, and what it may not be.
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
#include <sys/stat.h>

#include "common/paths.h"
#include "common/record.h"
#include "tests/unit/faults.h"
#include "tests/unit/private_root.h"
#include "tests/unit/record_lines.h"
#include "xwhelper/keeper/checkpoint_record.h"

#define DEFINITION "297a6e5f-83b9-5977-93f8-7eed2c51ecbd"
#define HEAD       "xworlds-checkpoints 1\nlab fw\nowner alice\n"
#define ONE(machine, name, state)                                                                  \
    "checkpoint " machine " " name "\nmade 1796031854\nstate " state                               \
    "\nmemory 1\nsize 71434391\ndefinition " DEFINITION "\n"
#define WORLD XW_WORLDS_DIR "/fw/alice"

XW_FAULTY_MEMORY;
XW_FAULTY_AS(ssize_t, -1, write, (int fd, const void *bytes, size_t length), fd, bytes, length);

static struct xw_checkpoints checkpoints;

static int parse(const char *text, size_t length)
{
    return xw_checkpoints_parse(text, length, &checkpoints, NULL);
}

static int parse_text(const char *text)
{
    return parse(text, strlen(text));
}

static void a_record_is_taken(void **state)
{
    (void)state;
    assert_int_equal(parse_text(HEAD "end\n"), 0);
    assert_int_equal(checkpoints.count, 0);
    assert_int_equal(parse_text(HEAD ONE("web", "works", "kept") "text before I touch nginx\n" ONE(
                         "web", "2", "making") ONE("db", "works", "deleting") "end\n"),
                     0);
    assert_int_equal(checkpoints.count, 3);
    assert_string_equal(checkpoints.lab, "fw");
    assert_string_equal(checkpoints.owner, "alice");
    const struct xw_checkpoint *first = &checkpoints.items[0];
    assert_string_equal(first->machine, "web");
    assert_string_equal(first->name, "works");
    assert_int_equal(first->made, 1796031854);
    assert_true(first->memory);
    assert_int_equal(first->size, 71434391);
    assert_string_equal(first->definition, DEFINITION);
    assert_string_equal(first->text, "before I touch nginx");
    assert_int_equal(first->state, XW_CHECKPOINT_KEPT);
    assert_int_equal(checkpoints.items[1].state, XW_CHECKPOINT_MAKING);
    assert_string_equal(checkpoints.items[1].text, "");
    assert_int_equal(checkpoints.items[2].state, XW_CHECKPOINT_DELETING);
}

static void every_line_and_byte_counts(void **state)
{
    (void)state;
    xw_test_each_line(parse, HEAD ONE("web", "works", "kept") "end\n");
    xw_test_each_byte(parse, HEAD ONE("web", "works", "kept") "text a line\nend\n");
}

static void what_is_refused(void **state)
{
    static const char *const bad[] = {
        HEAD ONE("web", "works", "kept") ONE("web", "works", "making") "end\n",
        HEAD ONE("web", "Works", "kept") "end\n",
        HEAD ONE("../web", "works", "kept") "end\n",
        HEAD ONE("web", "-works", "kept") "end\n",
        HEAD ONE("aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", "works", "kept") "end\n",
        HEAD ONE("web", "works", "pending") "end\n",
        HEAD ONE("web", "works", "keptt") "end\n",
        HEAD ONE("web", "works", "a-state-that-is-much-too-long") "end\n",
        "xworlds-checkpoints 2\nlab fw\nowner alice\nend\n",
        "xworlds-checkpoints 1\nlab Fw\nowner alice\nend\n",
        "xworlds-checkpoints 1\nlab fw\nowner -alice\nend\n",
        HEAD "checkpoint web\nend\n",
        HEAD "checkpoint web a b\nend\n",
        HEAD "checkpoint web a\nmade 0\nstate kept\nmemory 1\nsize 1\ndefinition " DEFINITION
             "\nend\n",
        HEAD "checkpoint web a\nmade 1\nstate kept\nmemory 2\nsize 1\ndefinition " DEFINITION
             "\nend\n",
        HEAD "checkpoint web a\nmade 1\nstate kept\nmemory 1\nsize -1\ndefinition " DEFINITION
             "\nend\n",
        HEAD "checkpoint web a\nmade 1\nstate kept\nmemory 1\nsize 2251799813685248\n"
             "definition " DEFINITION "\nend\n",
        HEAD "checkpoint web a\nmade 253402300800\nstate kept\nmemory 1\nsize 1\n"
             "definition " DEFINITION "\nend\n",
        HEAD "checkpoint web a\nmade 1\nstate kept\nmemory 1\nsize 1\n"
             "definition 297A6E5F-83b9-5977-93f8-7eed2c51ecbd\nend\n",
        HEAD "checkpoint web a\nmade 1\nstate kept\nmemory 1\nsize 1\n"
             "definition 297a6e5f-83b9-5977-93f8-7eed2c51ecbdx\nend\n",
        HEAD "checkpoint web a\nmade 1\nstate kept\nmemory 1\nsize 1\n"
             "definition 297a6e5f083b9-5977-93f8-7eed2c51ecbd\nend\n",
        HEAD ONE("web", "a", "kept") "text \xe2\x80\xaehidden\nend\n",
        HEAD ONE("web", "a", "kept") "text \xff\nend\n",
    };

    (void)state;
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        if (parse_text(bad[i]) != -EBADMSG)
            fail_msg("taken: %s", bad[i]);
        /* Nothing of what was read before the deviation is left. */
        assert_int_equal(checkpoints.count, 0);
    }
    assert_int_equal(parse_text(HEAD "checkpoint web a\nmade 253402300799\nstate kept\nmemory 0\n"
                                     "size 1125899906842624\ndefinition " DEFINITION "\nend\n"),
                     0);
    assert_false(checkpoints.items[0].memory);
}

static void fill(size_t count)
{
    memset(&checkpoints, 0, sizeof(checkpoints));
    strcpy(checkpoints.lab, "fw");
    strcpy(checkpoints.owner, "alice");
    checkpoints.count = count;
    for (size_t i = 0; i < count; i++) {
        struct xw_checkpoint *checkpoint = &checkpoints.items[i];
        memset(checkpoint->machine, 'm', XW_NAME_MAX);
        snprintf(checkpoint->name, sizeof(checkpoint->name), "%0*zu", XW_NAME_MAX, i);
        checkpoint->made = XW_TIME_MAX;
        checkpoint->state = XW_CHECKPOINT_DELETING;
        checkpoint->memory = true;
        checkpoint->size = 1ULL << 50;
        strcpy(checkpoint->definition, DEFINITION);
        memset(checkpoint->text, 't', XW_NOTE_MAX);
    }
}

static void write_text(const char *text)
{
    FILE *file = fopen(WORLD "/checkpoints", "w");

    assert_non_null(file);
    fputs(text, file);
    assert_int_equal(fclose(file), 0);
}

static int read_back(struct xw_error *err)
{
    memset(&checkpoints, 0x5a, sizeof(checkpoints));
    return xw_checkpoints_read("fw", "alice", &checkpoints, err);
}

/* As many as there may be, each as long as it may be, can be read again; one more can't. */
static void the_largest_record_is_read_again(void **state)
{
    static struct xw_checkpoints before;
    struct xw_error err = {0};

    (void)state;
    fill(XW_CHECKPOINTS_MAX);
    before = checkpoints;
    assert_int_equal(xw_checkpoints_write(&checkpoints, &err), 0);
    assert_int_equal(read_back(&err), 0);
    assert_string_equal(err.text, "");
    assert_memory_equal(&checkpoints, &before, sizeof(before));
    struct stat status;
    assert_int_equal(stat(WORLD "/checkpoints", &status), 0);
    assert_true(status.st_size <= XW_RECORD_BYTES_MAX);
    assert_int_equal(status.st_mode & 0777, 0600);
    assert_int_not_equal(stat(WORLD "/checkpoints.new", &status), 0);
    FILE *file = fopen(WORLD "/checkpoints", "r+");
    assert_non_null(file);
    fseek(file, -4, SEEK_END);
    fputs(ONE("web", "more", "kept") "end\n", file);
    fclose(file);
    assert_int_equal(read_back(&err), -EBADMSG);
    assert_int_equal(checkpoints.count, 0);
}

static void files_that_are_not_ours(void **state)
{
    struct xw_error err = {0};

    (void)state;
    unlink(WORLD "/checkpoints");
    assert_int_equal(read_back(&err), 0);
    assert_int_equal(checkpoints.count, 0);
    assert_string_equal(checkpoints.lab, "fw");
    assert_string_equal(checkpoints.owner, "alice");
    write_text("xworlds-checkpoints 1\nlab fw\nowner bob\n" ONE("web", "a", "kept") "end\n");
    assert_int_equal(read_back(&err), -EBADMSG);
    assert_non_null(strstr(err.text, "another world"));
    assert_int_equal(checkpoints.count, 0);
    write_text("xworlds-checkpoints 1\nlab fx\nowner alice\n" ONE("web", "a", "kept") "end\n");
    assert_int_equal(read_back(&err), -EBADMSG);
    write_text(HEAD ONE("web", "a", "kept") "end\n");
    assert_int_equal(read_back(&err), 0);
    assert_int_equal(checkpoints.count, 1);
    assert_int_equal(chmod(WORLD "/checkpoints", 0660), 0);
    assert_int_equal(read_back(&err), -EPERM);
    assert_int_equal(chmod(WORLD "/checkpoints", 0600), 0);
    assert_int_equal(link(WORLD "/checkpoints", WORLD "/other"), 0);
    assert_int_equal(read_back(&err), -EPERM);
    unlink(WORLD "/checkpoints");
    assert_int_equal(symlink("other", WORLD "/checkpoints"), 0);
    assert_int_equal(read_back(&err), -EPERM);
    unlink(WORLD "/checkpoints");
    unlink(WORLD "/other");
    assert_int_equal(xw_checkpoints_read("fw", "bob", &checkpoints, &err), -ENOENT);
}

/* A world that isn't there, and a name aside that can't be made: the old record stays. */
static void what_cannot_be_written(void **state)
{
    struct xw_error err = {0};

    (void)state;
    fill(1);
    assert_int_equal(xw_checkpoints_write(&checkpoints, &err), 0);
    assert_int_equal(mkdir(WORLD "/checkpoints.new", 0700), 0);
    fill(2);
    assert_int_equal(xw_checkpoints_write(&checkpoints, &err), -EISDIR);
    assert_int_equal(rmdir(WORLD "/checkpoints.new"), 0);
    assert_int_equal(read_back(&err), 0);
    assert_int_equal(checkpoints.count, 1);
    strcpy(checkpoints.owner, "bob");
    assert_int_equal(xw_checkpoints_write(&checkpoints, &err), -ENOENT);
    strcpy(checkpoints.owner, "alice");
    xw_fault_set("open_memstream", 1, ENOMEM);
    assert_int_equal(xw_checkpoints_write(&checkpoints, &err), -ENOMEM);
    xw_fault_set("write", 1, ENOSPC);
    assert_int_equal(xw_checkpoints_write(&checkpoints, &err), -ENOSPC);
    assert_int_equal(access(WORLD "/checkpoints.new", F_OK), -1);
    xw_fault_set("write", 1, EINTR);
    fill(2);
    assert_int_equal(xw_checkpoints_write(&checkpoints, &err), 0);
    xw_fault_set(NULL, 0, 0);
    assert_int_equal(read_back(&err), 0);
    assert_int_equal(checkpoints.count, 2);
}

static void they_are_found_and_forgotten(void **state)
{
    (void)state;
    assert_int_equal(parse_text(HEAD ONE("web", "a", "kept") ONE("web", "b", "making")
                                    ONE("db", "a", "deleting") ONE("db", "c", "kept") "end\n"),
                     0);
    assert_ptr_equal(xw_checkpoints_find(&checkpoints, "db", "a"), &checkpoints.items[2]);
    assert_null(xw_checkpoints_find(&checkpoints, "db", "b"));
    assert_null(xw_checkpoints_find(&checkpoints, "d", "a"));
    assert_int_equal(xw_checkpoints_of(&checkpoints, "web"), 2);
    assert_int_equal(xw_checkpoints_of(&checkpoints, "nosuch"), 0);
    assert_true(xw_checkpoints_making(&checkpoints, "web"));
    assert_false(xw_checkpoints_making(&checkpoints, "db"));
    assert_int_equal(xw_checkpoints_remove_unkept(&checkpoints), 2);
    assert_int_equal(checkpoints.count, 2);
    assert_string_equal(checkpoints.items[0].name, "a");
    assert_string_equal(checkpoints.items[1].name, "c");
    assert_int_equal(xw_checkpoints_remove_unkept(&checkpoints), 0);
}

static int begin_all(void **state)
{
    (void)state;
    return xw_test_private_root("/etc") < 0 ||
                   mount("tmpfs", "/var/lib", "tmpfs", 0, "mode=755") < 0 ||
                   mkdir(XW_STATE_DIR, 0755) < 0 || mkdir(XW_WORLDS_DIR, 0711) < 0 ||
                   mkdir(XW_WORLDS_DIR "/fw", 0711) < 0 || mkdir(WORLD, 0711) < 0
               ? -1
               : 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_record_is_taken),
        cmocka_unit_test(every_line_and_byte_counts),
        cmocka_unit_test(what_is_refused),
        cmocka_unit_test(the_largest_record_is_read_again),
        cmocka_unit_test(files_that_are_not_ours),
        cmocka_unit_test(what_cannot_be_written),
        cmocka_unit_test(they_are_found_and_forgotten),
    };

    return cmocka_run_group_tests(tests, begin_all, NULL);
}
