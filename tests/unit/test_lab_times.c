/* links: common/error.c common/lines.c common/names.c common/record.c xwhelper/keeper/plan.c xwsh/suggest.c xwadm/address.c xwadm/buffer.c xwadm/lab_access.c xwadm/lab_addresses.c xwadm/lab_compile.c xwadm/lab_read.c xwadm/lab_take.c xwadm/lab_times.c xwadm/lab_write.c xwadm/local_time.c xwadm/problems.c xwadm/tree.c */
/*
 * T-M4. A lab's window from the file to its record: opens, closes, timezone, grace, and what is
 * said of those that are not right. The clocks are those of test_local_time.c.
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

#include "xwadm/lab.h"
#include "xwadm/lab_compile.h"

#define ID "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

static int fake_group(const char *name, gid_t *gid, struct xw_error *err)
{
    (void)name;
    (void)err;
    *gid = 2001;
    return 0;
}

static int fake_user(const char *name, uid_t *uid, struct xw_error *err)
{
    (void)name;
    (void)err;
    *uid = 1005;
    return 0;
}

static int fake_image(const char *name, char *id, unsigned int *memory_min, struct xw_error *err)
{
    (void)name;
    (void)err;
    memcpy(id, ID, sizeof(ID));
    *memory_min = 64;
    return 0;
}

static int fake_time(const char *zone, const struct xw_local_time *local, time_t *first,
                     time_t *last, struct xw_error *err)
{
    if (strcmp(zone, "Europe/Broken") == 0)
        return xw_fail(err, -EIO, "no answer");
    setenv("TZ", strcmp(zone, "Europe/Berlin") == 0 ? "CET-1CEST,M3.5.0,M10.5.0/3" : "UTC0", 1);
    tzset();
    return xw_local_time_find(local, first, last);
}

static const char *const zones[] = {"Europe/Berlin", "Europe/Broken"};

static const struct xw_lab_lookup lookup = {.group = fake_group,
                                            .user = fake_user,
                                            .image = fake_image,
                                            .time = fake_time,
                                            .zones = zones,
                                            .zone_count = 2};

static struct xw_lab_compiled compiled;
static struct xw_problems problems;

/* Compiles a lab with these lines in its section `access`, which begin in line 5, column 3. */
static int compile(const char *lines, const char *students)
{
    XW_AUTO_BUFFER source = {0};
    XW_AUTO_BUFFER out = {0};

    memset(&problems, 0, sizeof(problems));
    xw_buffer_add(&source, "xworlds: 1\ntitle: T\naccess:\n%s%smachines:\n  m:\n    image: tiny\n",
                  students, lines);
    xw_lab_translate(source.text, source.length, &out);
    assert_false(out.failed);
    int rc = xw_lab_compile("firewall", out.text, out.length, &lookup, &compiled, &problems, NULL);
    assert_int_not_equal(rc, -EBADMSG);
    return rc;
}

static void forget(void)
{
    xw_buffer_free(&compiled.access_text);
    xw_buffer_free(&compiled.plan_text);
}

static void windows_that_are_right(void **state)
{
    static const struct {
        const char *lines;
        const char *record; /* between the groups and the machines */
    } cases[] = {
        {"", ""},
        {"  opens: 2026-12-01 08:00\n", "opens 1796112000\n"},
        {"  closes: \"2026-12-01 08:00\"\n", "closes 1796112000\n"},
        {"  closes: 2026-12-01 08:00\n  grace: 30\n", "closes 1796112000\ngrace 1800\n"},
        {"  closes: 2026-12-01 08:00\n  grace: 10080\n", "closes 1796112000\ngrace 604800\n"},
        {"  grace: 0\n  closes: 2026-12-01 08:00\n", "closes 1796112000\n"},
        {"  timezone: Europe/Berlin\n  opens: 2026-12-01 08:00\n", "opens 1796108400\n"},
        {"  closes: 2026-12-01 08:01\n  opens: 2026-12-01 08:00\n  timezone: Europe/Berlin\n",
         "opens 1796108400\ncloses 1796108460\n"},
        /* A time that is there twice: the first to open, the second to close. */
        {"  timezone: Europe/Berlin\n  opens: 2026-10-25 02:30\n  closes: 2026-10-25 02:30\n",
         "opens 1792888200\ncloses 1792891800\n"},
        {"  timezone: Europe/Berlin\n  opens: 2026-10-25 02:59\n  closes: 2026-10-25 02:01\n",
         "opens 1792889940\ncloses 1792890060\n"},
        /* An hour that isn't there is none that the lab is open. */
        {"  timezone: Europe/Berlin\n  opens: 2026-03-29 01:59\n  closes: 2026-03-29 03:00\n",
         "opens 1774745940\ncloses 1774746000\n"},
        /* The host's clock is not that of the place. */
        {"  opens: 2026-03-29 02:30\n", "opens 1774751400\n"},
        {"  opens: 1971-01-01 00:00\n  closes: 9998-12-31 23:59\n",
         "opens 31536000\ncloses 253370764740\n"},
    };
    char expected[512];

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        if (compile(cases[i].lines, "  students: [s]\n") != 0)
            fail_msg("refused: %s%s", cases[i].lines, problems.items[0].text);
        snprintf(expected, sizeof(expected),
                 "xworlds-access 1\nlab firewall\ntitle T\nstudent 2001\n%smachine m\nend\n",
                 cases[i].record);
        assert_string_equal(compiled.access_text.text, expected);
        forget();
    }
}

static void windows_that_are_wrong(void **state)
{
    static const struct {
        const char *lines;
        unsigned int line, column;
        const char *part;
        const char *hint;
    } cases[] = {
        {"  opens: tomorrow\n", 5, 10, "opens \"tomorrow\"", "write it as YYYY-MM-DD HH:MM"},
        {"  opens: 2026-12-01\n", 5, 10, "opens", "like 2026-12-01 08:00"},
        {"  opens: 2026-12-01T08:00:00Z\n", 5, 10, "opens", "like 2026-12-01 08:00"},
        {"  opens: 2026-02-30 08:00\n", 5, 10, "opens", "no such day"},
        {"  closes: 2026-12-01 24:00\n", 5, 11, "closes", "from 00:00 to 23:59"},
        {"  closes: 1970-12-01 08:00\n", 5, 11, "closes", "from 1971"},
        {"  closes: [2026-12-01 08:00]\n", 5, 11, "closes is a list", "YYYY-MM-DD"},
        {"  closes:\n", 5, 10, "closes is empty", "YYYY-MM-DD"},
        {"  closes: 2026-12-01 08:00, or so, if that is all right with everybody\n", 5, 11,
         "closes is longer than", "make it shorter"},
        {"  opens: 2026-12-01 08:00\n  closes: 2026-12-01 08:00\n", 6, 11,
         "closes is not after opens", "correct one"},
        {"  closes: 2026-12-01 08:00\n  opens: 2026-12-01 08:01\n", 5, 11,
         "closes is not after opens", "correct one"},
        {"  opens: 2026-03-29 02:30\n  timezone: Europe/Berlin\n", 5, 10,
         "opens: there is no 2026-03-29 02:30 in Europe/Berlin", "a time before or after"},
        {"  closes: 2026-03-29 02:00\n  timezone: Europe/Berlin\n", 5, 11,
         "closes: there is no 2026-03-29 02:00 in Europe/Berlin", "put forward"},
        {"  timezone: Europe/Berlim\n  opens: 2026-12-01 08:00\n", 5, 13,
         "no time zone \"Europe/Berlim\"", "did you mean \"Europe/Berlin\"?"},
        {"  timezone: Mars\n  opens: 2026-03-29 02:30\n", 5, 13, "no time zone \"Mars\"",
         "timedatectl list-timezones"},
        {"  timezone: ../../etc/passwd\n  opens: 2026-12-01 08:00\n", 5, 13,
         "timezone \"../../etc/passwd\" can't be one", "like Europe/Berlin"},
        {"  timezone: /Europe/Berlin\n  opens: 2026-12-01 08:00\n", 5, 13,
         "no time zone \"/Europe/Berlin\"", "did you mean"},
        {"  timezone: \"Europe Berlin\"\n  closes: 2026-12-01 08:00\n", 5, 13, "can't be one",
         "like Europe/Berlin"},
        {"  timezone: [Europe/Berlin]\n  closes: 2026-03-29 02:30\n", 5, 13, "timezone is a list",
         "like Europe/Berlin"},
        {"  timezone: Europe/Broken\n  closes: 2026-12-01 08:00\n", 6, 11,
         "closes can't be looked up: no answer", ""},
        {"  timezone: Europe/Berlin\n", 5, 13, "timezone means nothing", "remove it"},
        {"  grace: 30\n", 5, 10, "grace means nothing", "remove it"},
        {"  opens: 2026-12-01 08:00\n  grace: 30\n", 6, 10, "grace means nothing", "\"closes\""},
        {"  closes: 2026-12-01 08:00\n  grace: 10081\n", 6, 10, "grace (in minutes)", "to 10080"},
        {"  closes: 2026-12-01 08:00\n  grace: 30m\n", 6, 10, "grace", "must be a number"},
        {"  closes: 2026-12-01 08:00\n  grace: -1\n", 6, 10, "grace", "must be a number"},
        {"  close: 2026-12-01 08:00\n", 5, 3, "access has no key \"close\"", "\"closes\"?"},
        {"  opens: 2026-12-01 08:00\n  opens: 2026-12-01 08:00\n", 6, 3, "is there twice", ""},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        assert_int_equal(compile(cases[i].lines, "  students: [s]\n"), -EINVAL);
        const struct xw_problem *problem = &problems.items[0];
        if (problems.count != 1 || problem->at.line != cases[i].line ||
            problem->at.column != cases[i].column || !strstr(problem->text, cases[i].part) ||
            !strstr(problem->text, cases[i].hint))
            fail_msg("%s: %zu problems, %u:%u: %s", cases[i].lines, problems.count,
                     problem->at.line, problem->at.column, problem->text);
        assert_null(compiled.access_text.text);
        forget();
    }
    /* All at once, in the file's order, the parent's among them. */
    assert_int_equal(compile("  opens: 2026-03-29 02:30\n  closes: soon\n"
                             "  timezone: Europe/Berlin\n  grace: x\n",
                             "  student: [s]\n"),
                     -EINVAL);
    assert_int_equal(problems.count, 5);
    assert_int_equal(problems.items[2].at.line, 5);
    assert_non_null(strstr(problems.items[2].text, "there is no 2026-03-29 02:30"));
    forget();
}

/* On a host without a data base only the host's own zone is known. */
static void without_zones(void **state)
{
    static const char lines[] = "xworlds-lab 1\nstudent 1 1 s\ntimezone 2 3 Europe/Berlin\n"
                                "opens 3 3 2026-12-01 08:00\ntitle T\nmachine m\nimage 1 1 tiny\n"
                                "memory 1 1 64\nvcpus 1\norder 0\ngateway -\nforward 0\nend\n";
    struct xw_lab_lookup none = lookup;

    (void)state;
    none.zones = NULL;
    none.zone_count = 0;
    memset(&problems, 0, sizeof(problems));
    assert_int_equal(
        xw_lab_compile("firewall", lines, strlen(lines), &none, &compiled, &problems, NULL),
        -EINVAL);
    assert_int_equal(problems.count, 1);
    assert_non_null(strstr(problems.items[0].text, "or install tzdata"));
    forget();
}

/* A child that has been taken over may send anything. */
static void hostile_lines(void **state)
{
#define REST                                                                                       \
    "title T\nmachine m\nimage 1 1 tiny\nmemory 1 1 64\nvcpus 1\norder 0\ngateway -\n"             \
    "forward 0\nend\n"
    static const struct {
        const char *lines;
        bool good;
    } cases[] = {
        {"opens 1 1 2026-12-01 08:00\n", true},
        {"closes 1 1 2026-12-01 08:00\ngrace 30\n", true},
        {"opens 1796112000\n", false},
        {"opens 1 1 1796112000\n", false},
        {"opens 1 1 2026-12-01 08:00\nopens 1 1 2026-12-02 08:00\n", false},
        {"closes 1 1 2026-12-01 08:00\ncloses 1 1 2026-12-02 08:00\n", false},
        {"opens 1 1 2026-12-01 08:00x\n", false},
        {"opens 1 2026-12-01 08:00\n", false},
        {"closes 1 1 2026-12-01 08:00\ngrace 0\n", false},
        {"closes 1 1 2026-12-01 08:00\ngrace 10081\n", false},
        {"closes 1 1 2026-12-01 08:00\ngrace 1 1 30\n", false},
        {"grace 30\n", false},
        {"opens 1 1 2026-12-01 08:00\ngrace 30\n", false},
        {"timezone Europe/Berlin\n", false},
    };
    char lines[1024];

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        snprintf(lines, sizeof(lines), "xworlds-lab 1\nstudent 1 1 s\n%s" REST, cases[i].lines);
        memset(&problems, 0, sizeof(problems));
        int rc =
            xw_lab_compile("firewall", lines, strlen(lines), &lookup, &compiled, &problems, NULL);
        if (rc != (cases[i].good ? 0 : -EBADMSG))
            fail_msg("%d for: %s", rc, cases[i].lines);
        forget();
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(windows_that_are_right),
        cmocka_unit_test(windows_that_are_wrong),
        cmocka_unit_test(without_zones),
        cmocka_unit_test(hostile_lines),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
