/* links: xwadm/idle_file.c xwadm/idle.c xwadm/buffer.c xwadm/files.c xwadm/say.c common/lines.c common/names.c common/error.c */
/*
 * What tick keeps from one pass to the next (T-L9): read as written, refused in whole where a line
 * is anything else, and never half of it in place.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "xwadm/idle_file.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static const char whole[] =
    "xworlds-idle 1\ntaken 81234567\n"
    "world firewall alice\nidle 60000\nwarned 0\n"
    "machine router\nrun 7\ncpu 9812345678\nnetwork 1432\nlog 2918\nopen 1\n"
    "traffic 1796133600123456789\n"
    "machine web\nrun 8\ncpu 0\nnetwork 0\nlog 0\nopen 0\ntraffic 0\n"
    "world firewall bob\nidle 0\n"
    "end\n";

static char directory[] = "/tmp/idle-XXXXXX";
static int directory_fd;

static int make_directory(void **state)
{
    (void)state;
    directory_fd = mkdtemp(directory) ? open(directory, O_RDONLY | O_DIRECTORY) : -1;
    return directory_fd < 0;
}

static int remove_directory(void **state)
{
    (void)state;
    unlinkat(directory_fd, "look", 0);
    return rmdir(directory);
}

static void is_whole(const struct xw_idle_look *look)
{
    assert_int_equal(look->taken, 81234567);
    assert_int_equal(look->count, 2);
    const struct xw_idle_world *alice = xw_idle_find(look, "firewall", "alice");
    const struct xw_idle_world *bob = xw_idle_find(look, "firewall", "bob");
    assert_non_null(alice);
    assert_non_null(bob);
    assert_null(xw_idle_find(look, "firewall", "carol"));
    assert_null(xw_idle_find(look, "fire", "alice"));
    assert_int_equal(alice->idle, 60000);
    assert_int_equal(alice->warned, 0);
    assert_int_equal(alice->count, 2);
    assert_int_equal(bob->warned, XW_IDLE_UNWARNED);
    assert_int_equal(bob->count, 0);
    const struct xw_idle_machine *router = &alice->machines[0];
    assert_string_equal(router->name, "router");
    assert_int_equal(router->run, 7);
    assert_int_equal(router->cpu, 9812345678);
    assert_int_equal(router->network, 1432);
    assert_int_equal(router->log, 2918);
    assert_true(router->open);
    assert_int_equal(router->traffic, 1796133600123456789);
    assert_string_equal(alice->machines[1].name, "web");
    assert_false(alice->machines[1].open);
}

static void it_is_read_and_written(void **state)
{
    XW_AUTO_IDLE look = {0};
    XW_AUTO_IDLE again = {0};
    struct xw_error err = {0};
    char text[sizeof(whole) + 1];

    (void)state;
    assert_int_equal(xw_idle_parse(whole, sizeof(whole) - 1, &look, &err), 0);
    is_whole(&look);
    assert_int_equal(xw_idle_write(directory_fd, "look", &look, &err), 0);
    int fd = openat(directory_fd, "look", O_RDONLY);
    assert_int_equal(read(fd, text, sizeof(text)), sizeof(whole) - 1);
    close(fd);
    assert_memory_equal(text, whole, sizeof(whole) - 1);
    assert_int_equal(xw_idle_read(directory_fd, "look", &again, &err), 0);
    is_whole(&again);
}

static void none_is_empty(void **state)
{
    struct xw_idle_look look = {.count = 9};
    struct xw_error err = {0};

    (void)state;
    unlinkat(directory_fd, "look", 0);
    assert_int_equal(xw_idle_read(directory_fd, "look", &look, &err), 0);
    assert_int_equal(look.count, 0);
}

/* Cut off anywhere, or with any one byte another: never taken for something else than it is. */
static void garbled(void **state)
{
    char text[sizeof(whole)];

    (void)state;
    for (size_t length = 0; length < sizeof(whole) - 1; length++) {
        struct xw_idle_look look;
        assert_int_equal(xw_idle_parse(whole, length, &look, NULL), -EBADMSG);
        assert_int_equal(look.count, 0);
        assert_null(look.worlds);
    }
    for (size_t at = 0; at < sizeof(whole) - 1; at++) {
        static const char others[] = {'\0', '\n', ' ', '-', '\x7f', '/', ':'};
        for (size_t i = 0; i < COUNT(others); i++) {
            struct xw_idle_look look;
            memcpy(text, whole, sizeof(whole));
            if (text[at] == others[i])
                continue;
            text[at] = others[i];
            /* A name may hold '-', but not begin with it. */
            if (xw_idle_parse(text, sizeof(whole) - 1, &look, NULL) == 0) {
                assert_int_equal(others[i], '-');
                xw_idle_free(&look);
            }
        }
    }
}

static void wrong_lines(void **state)
{
    static const char *const wrong[] = {
        "xworlds-idle 2\ntaken 1\nend\n",
        "xworlds-idle 1\nend\n",
        "xworlds-idle 1\ntaken -1\nend\n",
        "xworlds-idle 1\ntaken 9223372036854775808\nend\n",
        "xworlds-idle 1\ntaken 1\nworld ../x alice\nidle 0\nend\n",
        "xworlds-idle 1\ntaken 1\nworld fw Alice\nidle 0\nend\n",
        "xworlds-idle 1\ntaken 1\nworld fw alice\nend\n",
        "xworlds-idle 1\ntaken 1\nworld fw alice\nidle 0\nmachine m1\nend\n",
        "xworlds-idle 1\ntaken 1\nmachine m1\nend\n",
        "xworlds-idle 1\ntaken 1\nend\nend\n",
    };

    (void)state;
    for (size_t i = 0; i < COUNT(wrong); i++) {
        struct xw_idle_look look;
        struct xw_error err = {0};
        assert_int_equal(xw_idle_parse(wrong[i], strlen(wrong[i]), &look, &err), -EBADMSG);
        assert_true(err.text[0] != '\0');
    }
}

/* What a dead pass left is no hindrance; a file that can't be put into place leaves the old one. */
static void what_is_in_the_way(void **state)
{
    XW_AUTO_IDLE look = {0};
    XW_AUTO_IDLE still = {0};
    struct xw_error err = {0};

    (void)state;
    assert_int_equal(xw_idle_parse(whole, sizeof(whole) - 1, &look, &err), 0);
    assert_int_equal(xw_idle_write(directory_fd, "look", &look, &err), 0);
    close(openat(directory_fd, ".look.new", O_WRONLY | O_CREAT, 0600));
    assert_int_equal(xw_idle_write(directory_fd, "look", &look, &err), 0);
    assert_int_equal(faccessat(directory_fd, ".look.new", F_OK, 0), -1);
    assert_int_equal(mkdirat(directory_fd, ".look.new", 0700), 0);
    look.taken = 1;
    assert_int_not_equal(xw_idle_write(directory_fd, "look", &look, &err), 0);
    assert_true(err.text[0] != '\0');
    assert_int_equal(unlinkat(directory_fd, ".look.new", AT_REMOVEDIR), 0);
    assert_int_equal(xw_idle_read(directory_fd, "look", &still, &err), 0);
    is_whole(&still);
}

static void many(void **state)
{
    XW_AUTO_IDLE look = {0};
    XW_AUTO_IDLE again = {0};
    struct xw_error err = {0};
    char name[XW_NAME_SIZE];

    (void)state;
    for (int i = 0; i < 1000; i++) {
        snprintf(name, sizeof(name), "u%d", i);
        assert_true(xw_idle_add_world(&look, "fw", name));
        for (int j = 0; j < i % 7; j++) {
            struct xw_idle_machine machine = {.run = (uint64_t)i};
            snprintf(machine.name, sizeof(machine.name), "m%d", j);
            assert_true(xw_idle_add_machine(&look, &machine));
        }
    }
    assert_int_equal(xw_idle_write(directory_fd, "look", &look, &err), 0);
    assert_int_equal(xw_idle_read(directory_fd, "look", &again, &err), 0);
    assert_int_equal(again.count, 1000);
    for (size_t i = 0; i < 1000; i++)
        assert_int_equal(again.worlds[i].count, i % 7);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(it_is_read_and_written),
        cmocka_unit_test(none_is_empty),
        cmocka_unit_test(garbled),
        cmocka_unit_test(wrong_lines),
        cmocka_unit_test(what_is_in_the_way),
        cmocka_unit_test(many),
    };

    return cmocka_run_group_tests(tests, make_directory, remove_directory);
}
