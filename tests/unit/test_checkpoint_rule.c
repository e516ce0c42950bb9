/* links: xwhelper/keeper/checkpoint_rule.c xwhelper/keeper/checkpoint_record.c xwhelper/keeper/world.c xwhelper/keeper/lock.c common/record.c common/lines.c common/names.c common/error.c */
/*
 * Whether there is room for one more checkpoint (T-L7), at each limit; and what could be deleted.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "xwhelper/keeper/checkpoint.h"

static struct xw_checkpoints checkpoints;
static struct xw_checkpoint_room room;
static struct xw_error failure;

static void add(const char *machine, const char *name)
{
    struct xw_checkpoint *checkpoint = &checkpoints.items[checkpoints.count++];

    snprintf(checkpoint->machine, sizeof(checkpoint->machine), "%s", machine);
    snprintf(checkpoint->name, sizeof(checkpoint->name), "%s", name);
}

static int begin(void **state)
{
    (void)state;
    memset(&checkpoints, 0, sizeof(checkpoints));
    room = (struct xw_checkpoint_room){.needs = 10, .disk_available = 1000};
    return 0;
}

static int admit(void)
{
    failure = (struct xw_error){0};
    return xw_checkpoint_admit(&checkpoints, "web", &room, &failure);
}

static void how_many(void **state)
{
    (void)state;
    add("web", "a");
    add("client", "other");
    assert_int_equal(admit(), 0);
    room.most = 2;
    assert_int_equal(admit(), 0);
    add("web", "b");
    assert_int_equal(admit(), -EDQUOT);
    assert_string_equal(failure.text, "nothing was saved: web has 2 checkpoints, and 2 is the most "
                                      "for a machine; delete one first (a, b)");
    room.most = 1;
    assert_int_equal(admit(), -EDQUOT);
    room.most = 0;
    assert_int_equal(admit(), 0);
    assert_string_equal(failure.text, "");
}

/* Eight are named, and the others counted. */
static void what_could_be_deleted(void **state)
{
    char name[8];

    (void)state;
    for (int i = 1; i <= 8; i++) {
        snprintf(name, sizeof(name), "n%d", i);
        add("web", name);
    }
    room.most = 1;
    assert_int_equal(admit(), -EDQUOT);
    assert_non_null(strstr(failure.text, " first (n1, n2, n3, n4, n5, n6, n7, n8)"));
    add("web", "n9");
    assert_int_equal(admit(), -EDQUOT);
    assert_non_null(strstr(failure.text, " first (n1, n2, n3, n4, n5, n6, n7, n8 and 1 more)"));
}

static void the_space_of_a_world(void **state)
{
    (void)state;
    room.used = 90;
    room.limit = 100;
    assert_int_equal(admit(), 0);
    room.used = 91;
    assert_int_equal(admit(), -EDQUOT);
    assert_non_null(strstr(failure.text, "needs up to 10 MiB"));
    assert_non_null(strstr(failure.text, "take 91 of the 100 MiB"));
    room.limit = 0;
    assert_int_equal(admit(), 0);
}

static void the_hosts_disk(void **state)
{
    (void)state;
    room.disk_reserve = 990;
    assert_int_equal(admit(), 0);
    room.disk_reserve = 991;
    assert_int_equal(admit(), -EDQUOT);
    assert_non_null(strstr(failure.text, "has 9 MiB left"));
    room.disk_reserve = 2000;
    assert_int_equal(admit(), -EDQUOT);
    assert_non_null(strstr(failure.text, "has 0 MiB left"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(how_many, begin),
        cmocka_unit_test_setup(what_could_be_deleted, begin),
        cmocka_unit_test_setup(the_space_of_a_world, begin),
        cmocka_unit_test_setup(the_hosts_disk, begin),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
