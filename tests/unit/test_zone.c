/* links: xwadm/zone.c xwadm/local_time.c common/error.c */
/*
 * The host's time zones: their names, and times in them. The data base is the test's, with real
 * files of the host's below it.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "xwadm/files.h"
#include "xwadm/zone.h"

/* What the list is, or the errno that it gives. */
static const char *list;
static int list_rc;

int xw_file_read(int dir_fd, const char *name, size_t max, char **text, size_t *length,
                 struct xw_error *err)
{
    (void)dir_fd;
    assert_string_equal(name, "/usr/share/zoneinfo/tzdata.zi");
    assert_true(max >= 1 << 20);
    if (list_rc < 0)
        return xw_fail(err, list_rc, "no list");
    *text = strdup(list);
    *length = strlen(list);
    return 0;
}

static bool has(const struct xw_zones *zones, const char *name)
{
    for (size_t i = 0; i < zones->count; i++) {
        if (strcmp(zones->names[i], name) == 0)
            return true;
    }
    return false;
}

static void names_of_zones(void **state)
{
    struct xw_zones zones;
    struct xw_error err = {0};

    (void)state;
    list = "# version 2025b\n"
           "R d 1916 o - Jun 14 23s 1 S\n"
           "Z Europe/Berlin 0:53:28 - LMT 1893 Apr\n"
           "1 c CE%sT 1945 May 24 2\n"
           "Z Etc/UTC 0 - UTC\n"
           "L Etc/UTC UTC\n"
           "Zulu Nowhere\n"
           "L Etc/UTC\n"
           "Z \n"
           "Z aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa 0 - X\n"
           "L Etc/UTC Etc/Zulu";
    assert_int_equal(xw_zones_read(&zones, &err), 0);
    assert_int_equal(zones.count, 4);
    assert_true(has(&zones, "Europe/Berlin") && has(&zones, "Etc/UTC") && has(&zones, "UTC") &&
                has(&zones, "Etc/Zulu"));
    xw_zones_free(&zones);
    assert_int_equal(zones.count, 0);
    /* More than are made room for at first. */
    static char many[100000];
    size_t used = 0;
    for (int i = 0; i < 3000; i++)
        used += (size_t)snprintf(many + used, sizeof(many) - used, "Z Zone/%d 0 - X\n", i);
    list = many;
    assert_int_equal(xw_zones_read(&zones, &err), 0);
    assert_int_equal(zones.count, 3000);
    assert_string_equal(zones.names[2999], "Zone/2999");
    xw_zones_free(&zones);
}

/* A host without the list knows its own zone and no other; one that can't be read is an error. */
static void hosts_without_a_list(void **state)
{
    struct xw_zones zones;
    struct xw_error err = {0};

    (void)state;
    list_rc = -ENOENT;
    assert_int_equal(xw_zones_read(&zones, &err), 0);
    assert_int_equal(zones.count, 0);
    assert_int_equal(err.code, 0);
    xw_zones_free(&zones);
    list_rc = -EACCES;
    assert_int_equal(xw_zones_read(&zones, &err), -EACCES);
    xw_zones_free(&zones);
    list_rc = 0;
}

static void times_in_a_zone(void **state)
{
    const struct xw_local_time local = {2026, 12, 1, 8, 0};
    struct xw_error err = {0};
    time_t first = 0;
    time_t last = 0;

    (void)state;
    assert_int_equal(xw_zone_time("Europe/Berlin", &local, &first, &last, &err), 1);
    assert_int_equal(first, 1796108400);
    /* The process's own zone is what it was. */
    assert_null(getenv("TZ"));
    assert_int_equal(xw_zone_time("Asia/Tokyo", &local, &first, &last, &err), 1);
    assert_int_equal(first, 1796079600);
    struct tm parts;
    const time_t epoch = 0;
    const long offset = localtime_r(&epoch, &parts)->tm_gmtoff;
    assert_int_equal(xw_zone_time("", &local, &first, &last, &err), 1);
    assert_int_equal(localtime_r(&first, &parts)->tm_hour, 8);
    assert_int_equal(localtime_r(&epoch, &parts)->tm_gmtoff, offset);
    /* One that is in the list and not on the disk is not taken for UTC. */
    assert_int_equal(xw_zone_time("Europe/Nowhere", &local, &first, &last, &err), -ENOENT);
    assert_non_null(strstr(err.text, "the time zone Europe/Nowhere is not installed"));
    assert_null(getenv("TZ"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(names_of_zones),
        cmocka_unit_test(hosts_without_a_list),
        cmocka_unit_test(times_in_a_zone),
    };

    unsetenv("TZ");
    return cmocka_run_group_tests(tests, NULL, NULL);
}
