/* links: xwadm/named.c */
/* A user whom a lab's file names: still that account, another one by now, or nobody can say. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <pwd.h>
#include <string.h>

#include "xwadm/named.h"
#include "xwadm/people.h"

static struct passwd dave = {.pw_name = (char[]){"dave"}, .pw_uid = 1004};

int xw_user_find(const char *name, const struct passwd **user, struct xw_error *err)
{
    (void)err;
    if (strcmp(name, "broken") == 0)
        return -EIO;
    *user = strcmp(name, "dave") == 0 ? &dave : NULL;
    return 0;
}

static void each_state(void **state)
{
    const struct xw_named there = {.name = "dave", .uid = 1004};
    const struct xw_named other = {.name = "dave", .uid = 1005};
    const struct xw_named gone = {.name = "erin", .uid = 1004};
    const struct xw_named broken = {.name = "broken", .uid = 1004};

    (void)state;
    assert_int_equal(xw_named_find(&there), XW_NAMED_THERE);
    assert_int_equal(xw_named_find(&other), XW_NAMED_CHANGED);
    assert_int_equal(xw_named_find(&gone), XW_NAMED_CHANGED);
    assert_int_equal(xw_named_find(&broken), XW_NAMED_UNKNOWN);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(each_state)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
