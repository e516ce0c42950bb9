/* links: common/names.c common/request.c */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>

#include "common/request.h"

#define ID "0123456789abcdef"

/* One good line for each verb, as the protocol's page has them. */
static const char *const good[] = {
    "1 list - alice - - " ID,
    "1 status firewall alice - - " ID,
    "1 start firewall alice * - " ID,
    "1 start firewall alice web,client - " ID,
    "1 stop firewall alice router force " ID,
    "1 reboot firewall @blue router - " ID,
    "1 revert firewall alice router - " ID,
    "1 console firewall alice router - " ID,
    "1 watch firewall alice router - " ID,
    "1 copy-to firewall alice router - " ID,
    "1 copy-from firewall @blue router - " ID,
    "1 take firewall @blue router - " ID,
    "1 revert firewall alice router checkpoint=works " ID,
    "1 revert firewall @blue * checkpoint=1 " ID,
    "1 checkpoints firewall alice router,web - " ID,
    "1 checkpoint-create firewall alice * checkpoint=before-nat " ID,
    "1 checkpoint-create firewall alice web checkpoint=a:00ff7e " ID,
    "1 checkpoint-delete firewall alice web checkpoint=before-nat " ID,
    "1 prepare - alice - - " ID,
    "1 list - - - - " ID,
    "1 start firewall @blue * - " ID,
    "1 worlds firewall - - - " ID,
    "1 grants firewall - - - " ID,
    "1 extend firewall alice - 1796133600 " ID,
    "1 extend firewall @blue - 0 " ID,
    "1 deploy firewall @blue - - " ID,
    "1 relay firewall alice router - " ID,
};

enum { GOOD = sizeof(good) / sizeof(good[0]) };

static void round_trip(void **state)
{
    char line[XW_LINE_MAX];
    struct xw_request request;

    (void)state;
    for (size_t i = 0; i < GOOD; i++) {
        assert_int_equal(xw_request_parse(good[i], &request), 0);
        int length = xw_request_format(&request, line);
        assert_int_equal(length, strlen(good[i]) + 1);
        assert_int_equal(line[length - 1], '\n');
        line[length - 1] = '\0';
        assert_string_equal(line, good[i]);
    }
}

static void fields_are_taken(void **state)
{
    struct xw_request request;

    (void)state;
    assert_int_equal(xw_request_parse(good[3], &request), 0);
    assert_int_equal(request.verb, XW_VERB_START);
    assert_string_equal(request.lab, "firewall");
    assert_string_equal(request.owner, "alice");
    assert_int_equal(request.machine_count, 2);
    assert_string_equal(request.machines[0], "web");
    assert_string_equal(request.machines[1], "client");
    assert_false(request.whole_world);
    assert_false(request.force);
    assert_string_equal(request.id, ID);
    assert_int_equal(xw_request_parse(good[2], &request), 0);
    assert_true(request.whole_world);
    assert_int_equal(request.machine_count, 0);
    assert_int_equal(xw_request_parse(good[4], &request), 0);
    assert_true(request.force);
    assert_int_equal(xw_request_parse("1 extend firewall @blue - 253402300799 " ID, &request), 0);
    assert_string_equal(request.owner, "@blue");
    assert_true(request.until == 253402300799);
    assert_false(request.force);
    assert_int_equal(xw_request_parse("1 list - - - - " ID, &request), 0);
    assert_string_equal(request.owner, "");
    assert_true(request.until == 0);
}

/* A world as xwsh names it to the gate. */
static void worlds_by_name(void **state)
{
    static const struct {
        const char *text;
        const char *lab; /* NULL: refused */
        const char *owner;
    } cases[] = {
        {"firewall", "firewall", ""},
        {"firewall:alice", "firewall", "alice"},
        {"firewall:@blue", "firewall", "@blue"},
        {"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa:@aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
         "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", "@aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"},
        {"", NULL, NULL},
        {":", NULL, NULL},
        {":alice", NULL, NULL},
        {"firewall:", NULL, NULL},
        {"firewall:@", NULL, NULL},
        {"firewall:@@blue", NULL, NULL},
        {"firewall:Alice", NULL, NULL},
        {"firewall:alice:web", NULL, NULL},
        {"firewall::alice", NULL, NULL},
        {"firewall:../root", NULL, NULL},
        {"firewall:alice ", NULL, NULL},
        {"@blue", NULL, NULL},
        {"../fw:alice", NULL, NULL},
        {"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", NULL, NULL},
        {"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa:alice", NULL, NULL},
        {"firewall:aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", NULL, NULL},
        {"firewall:@aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", NULL, NULL},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct xw_request request = {.lab = "before", .owner = "them"};
        int rc = xw_request_set_world(&request, cases[i].text);
        if (rc != (cases[i].lab ? 0 : -EINVAL))
            fail_msg("\"%s\": %d", cases[i].text, rc);
        assert_string_equal(request.lab, cases[i].lab ? cases[i].lab : "before");
        assert_string_equal(request.owner, cases[i].lab ? cases[i].owner : "them");
    }
}

static void hostile_lines(void **state)
{
    static const char *const lines[] = {
        "",
        " ",
        "1",
        "1 list",
        "1 list - alice - -",
        "1 list - alice - - " ID " ",
        " 1 list - alice - - " ID,
        "1  list - alice - - " ID,
        "1 list - alice - - " ID " more",
        "1 list - alice - - " ID "\n",
        "1\tlist - alice - - " ID,
        "1 LIST - alice - - " ID,
        "1 lis - alice - - " ID,
        "1 listx - alice - - " ID,
        "1 destroy firewall alice * - " ID,
        "1 list firewall alice - - " ID,
        "1 list - alice * - " ID,
        "1 list - @ - - " ID,
        "1 list - alice - force " ID,
        "1 list - - * - " ID,
        "1 status firewall - - - " ID,
        "1 status firewall alice - 5 " ID,
        "1 start firewall - web - " ID,
        "1 start firewall @@blue web - " ID,
        "1 start firewall @Blue web - " ID,
        "1 start firewall @ web - " ID,
        "1 prepare - - - - " ID,
        "1 worlds - - - - " ID,
        "1 worlds firewall alice - - " ID,
        "1 worlds firewall - * - " ID,
        "1 worlds firewall - - force " ID,
        "1 grants firewall @blue - - " ID,
        "1 grants - alice - - " ID,
        "1 extend firewall alice - - " ID,
        "1 extend firewall alice - force " ID,
        "1 extend firewall alice - -1 " ID,
        "1 extend firewall alice - +1 " ID,
        "1 extend firewall alice - 01 " ID,
        "1 extend firewall alice - 1x " ID,
        "1 extend firewall alice - 253402300800 " ID,
        "1 extend firewall alice - 18446744073709551617 " ID,
        "1 extend firewall - - 5 " ID,
        "1 extend firewall alice web 5 " ID,
        "1 extend - alice - 5 " ID,
        "1 deploy firewall alice - force " ID,
        "1 deploy firewall alice - 5 " ID,
        "1 deploy firewall - - - " ID,
        "1 deploy - alice - - " ID,
        "1 deploy firewall alice * - " ID,
        "1 status - alice - - " ID,
        "1 status firewall alice * - " ID,
        "1 status ../etc alice - - " ID,
        "1 status . alice - - " ID,
        "1 status firewall/alice alice - - " ID,
        "1 status Firewall alice - - " ID,
        "1 status firewall alice:x - - " ID,
        "1 status firewall ../root - - " ID,
        "1 start firewall alice - - " ID,
        "1 start firewall alice , - " ID,
        "1 start firewall alice web, - " ID,
        "1 start firewall alice ,web - " ID,
        "1 start firewall alice web,,client - " ID,
        "1 start firewall alice web,web - " ID,
        "1 start firewall alice *,web - " ID,
        "1 start firewall alice web,* - " ID,
        "1 start firewall alice ** - " ID,
        "1 start firewall alice web force " ID,
        "1 stop firewall alice web Force " ID,
        "1 stop firewall alice web -- " ID,
        "1 stop firewall alice web forcex " ID,
        "1 console firewall alice * - " ID,
        "1 console firewall alice web,client - " ID,
        "1 start firewall alice web checkpoint=a " ID,
        "1 checkpoints firewall alice web checkpoint=a " ID,
        "1 checkpoints firewall alice - - " ID,
        "1 revert firewall alice web force " ID,
        "1 revert firewall alice web a " ID,
        "1 revert firewall alice web checkpoint " ID,
        "1 revert firewall alice web checkpoint= " ID,
        "1 revert firewall alice web Checkpoint=a " ID,
        "1 revert firewall alice web checkpoint=a:00 " ID,
        "1 revert firewall alice web checkpoint=-a " ID,
        "1 revert firewall alice web checkpoint=A " ID,
        "1 revert firewall alice web checkpoint=../a " ID,
        "1 revert firewall alice web checkpoint=aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa " ID,
        "1 checkpoint-delete firewall alice web - " ID,
        "1 checkpoint-delete firewall alice web checkpoint=a:00 " ID,
        "1 checkpoint-create firewall alice web - " ID,
        "1 checkpoint-create firewall alice web force " ID,
        "1 checkpoint-create firewall alice web checkpoint=a: " ID,
        "1 checkpoint-create firewall alice web checkpoint=:00 " ID,
        "1 checkpoint-create firewall alice web checkpoint=a:0 " ID,
        "1 checkpoint-create firewall alice web checkpoint=a:0A " ID,
        "1 checkpoint-create firewall alice web checkpoint=a:0g " ID,
        "1 checkpoint-create firewall alice web checkpoint=a:00:00 " ID,
        "1 checkpoint-create firewall alice web checkpoint=a=00 " ID,
        "1 checkpoint-create firewall alice - checkpoint=a " ID,
        "1 prepare firewall alice - - " ID,
        "1 prepare - alice * - " ID,
        "1 list - alice - - 0123456789ABCDEF",
        "1 list - alice - - 0123456789abcde",
        "1 list - alice - - 0123456789abcdef0",
        "1 list - alice - - -",
        "1 start firewall alice aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa - " ID,
        "1 start firewall aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa web - " ID,
        "1 start aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa alice web - " ID,
        "1 start firewall alice %s%n - " ID,
        "1 start firewall alice \xff - " ID,
    };

    (void)state;
    for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
        struct xw_request request;
        if (xw_request_parse(lines[i], &request) != -EINVAL)
            fail_msg("taken: \"%s\"", lines[i]);
    }
}

static void other_versions(void **state)
{
    static const char *const lines[] = {"0 list - alice - - " ID, "2 list - alice - - " ID,
                                        "01 list - alice - - " ID, "1.0 list - alice - - " ID};
    struct xw_request request;

    (void)state;
    for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++)
        assert_int_equal(xw_request_parse(lines[i], &request), -EPROTO);
}

static void refused_request_is_untouched(void **state)
{
    struct xw_request request;
    struct xw_request before;

    (void)state;
    memset(&request, 0x5a, sizeof(request));
    before = request;
    assert_int_equal(xw_request_parse("1 stop firewall alice web force", &request), -EINVAL);
    assert_memory_equal(&request, &before, sizeof(request));
}

/* Whatever byte is put anywhere: the line is refused, or it says exactly what it reads as. */
static void every_byte_changed(void **state)
{
    char line[XW_LINE_MAX];
    char again[XW_LINE_MAX];

    (void)state;
    for (size_t i = 0; i < GOOD; i++) {
        for (size_t at = 0; at < strlen(good[i]); at++) {
            for (int byte = 1; byte <= UCHAR_MAX; byte++) {
                struct xw_request request;
                strcpy(line, good[i]);
                line[at] = (char)byte;
                if (xw_request_parse(line, &request) < 0)
                    continue;
                int length = xw_request_format(&request, again);
                assert_true(length > 0);
                again[length - 1] = '\0';
                assert_string_equal(again, line);
            }
        }
    }
}

static void every_cut(void **state)
{
    char line[XW_LINE_MAX];

    (void)state;
    for (size_t i = 0; i < GOOD; i++) {
        for (size_t length = 0; length < strlen(good[i]); length++) {
            struct xw_request request;
            memcpy(line, good[i], length);
            line[length] = '\0';
            assert_int_not_equal(xw_request_parse(line, &request), 0);
        }
    }
}

/* Writes "start" for count machines whose names are of the given length. */
static void write_many(char *line, size_t size, int count, int length)
{
    size_t used = (size_t)snprintf(line, size, "1 start firewall alice ");

    for (int i = 0; i < count; i++)
        used += (size_t)snprintf(line + used, size - used, "%s%0*d", i ? "," : "", length, i);
    snprintf(line + used, size - used, " - " ID);
}

static void sizes(void **state)
{
    char line[2 * XW_LINE_MAX];
    char again[XW_LINE_MAX];
    struct xw_request request;

    (void)state;
    write_many(line, sizeof(line), XW_MACHINES_MAX, XW_NAME_MAX);
    assert_int_equal(xw_request_parse(line, &request), 0);
    assert_int_equal(request.machine_count, XW_MACHINES_MAX);
    assert_int_equal(xw_request_format(&request, again), strlen(line) + 1);
    write_many(line, sizeof(line), XW_MACHINES_MAX + 1, XW_NAME_MAX);
    assert_int_equal(xw_request_parse(line, &request), -EINVAL);
    memset(line, 'a', XW_LINE_MAX);
    line[XW_LINE_MAX] = '\0';
    assert_int_equal(xw_request_parse(line, &request), -EINVAL);
    /* A name that is longer than the whole request, as an argument can be. */
    static char long_name[sizeof(struct xw_request) + 4096];
    memset(long_name, 'a', sizeof(long_name) - 1);
    assert_int_equal(xw_request_set_machines(&request, long_name), -EINVAL);
}

/* Two digits for each byte of what is said of a checkpoint, and a bound for both. */
static void names_and_notes(void **state)
{
    char option[sizeof("checkpoint=:") + XW_NAME_MAX + 2 * XW_NOTE_MAX + 4];
    char again[XW_CHECKPOINT_OPTION_SIZE];
    struct xw_request request = {.verb = XW_VERB_CHECKPOINT_CREATE};

    (void)state;
    assert_string_equal(xw_request_checkpoint(&request, again), "");
    snprintf(option, sizeof(option), "checkpoint=%0*d:%0*d", XW_NAME_MAX, 1, 2 * XW_NOTE_MAX, 7);
    assert_int_equal(xw_request_set_checkpoint(&request, option), 0);
    assert_int_equal(strlen(request.checkpoint), XW_NAME_MAX);
    assert_int_equal(strlen(request.note), 2 * XW_NOTE_MAX);
    assert_string_equal(xw_request_checkpoint(&request, again), option);
    struct xw_request before = request;
    snprintf(option, sizeof(option), "checkpoint=a:%0*d", 2 * XW_NOTE_MAX + 2, 7);
    assert_int_equal(xw_request_set_checkpoint(&request, option), -EINVAL);
    snprintf(option, sizeof(option), "checkpoint=%0*d", XW_NAME_MAX + 1, 7);
    assert_int_equal(xw_request_set_checkpoint(&request, option), -ENOENT);
    assert_int_equal(xw_request_set_checkpoint(&request, "checkpoint=a\n"), -ENOENT);
    assert_int_equal(xw_request_set_checkpoint(&request, "checkpoint=-"), -ENOENT);
    assert_int_equal(xw_request_set_checkpoint(&request, "checkpoint"), -EINVAL);
    assert_int_equal(xw_request_set_checkpoint(&request, ""), -EINVAL);
    assert_int_equal(xw_request_set_checkpoint(&request, "checkpoint=a:zz"), -EINVAL);
    /* What is refused has left nothing behind. */
    assert_memory_equal(&request, &before, sizeof(request));
    assert_int_equal(xw_request_set_checkpoint(&request, "checkpoint=b"), 0);
    assert_string_equal(request.note, "");
    request.verb = XW_VERB_START;
    assert_int_equal(xw_request_set_checkpoint(&request, "checkpoint=b"), -EINVAL);
}

/* The whole world is told by its sign, whatever machines were looked up for it. */
static void whole_world_is_a_star(void **state)
{
    struct xw_request request = {.verb = XW_VERB_START,
                                 .lab = "firewall",
                                 .owner = "alice",
                                 .whole_world = true,
                                 .machine_count = 1,
                                 .machines = {"web"},
                                 .id = ID};
    char line[XW_LINE_MAX];

    (void)state;
    assert_true(xw_request_format(&request, line) > 0);
    assert_string_equal(line, "1 start firewall alice * - " ID "\n");
}

static void verbs(void **state)
{
    enum xw_verb verb;

    (void)state;
    for (int i = 0; i < XW_VERB_COUNT; i++) {
        const struct xw_verb_info *info = xw_verb_info((enum xw_verb)i);
        assert_non_null(info->name);
        assert_int_equal(xw_verb_find(info->name, &verb), 0);
        assert_int_equal(verb, i);
        /* Who may only look takes no --force. */
        assert_false(info->may_force && !info->changes);
        assert_int_equal(info->takes_descriptor,
                         i == XW_VERB_CONSOLE || i == XW_VERB_WATCH || i == XW_VERB_TAKE ||
                             i == XW_VERB_VNC || i == XW_VERB_COPY_TO || i == XW_VERB_COPY_FROM);
        assert_int_equal(info->takes_time, i == XW_VERB_EXTEND);
        assert_int_equal(info->role, i >= XW_VERB_PREPARE ? XW_ROLE_ROOT
                                     : i >= XW_VERB_TAKE  ? XW_ROLE_INSTRUCTOR
                                                          : XW_ROLE_STUDENT);
    }
    assert_int_equal(xw_verb_find("", &verb), -ENOENT);
    assert_int_equal(xw_verb_find("starts", &verb), -ENOENT);
    assert_int_equal(xw_verb_find("star", &verb), -ENOENT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(round_trip),
        cmocka_unit_test(fields_are_taken),
        cmocka_unit_test(worlds_by_name),
        cmocka_unit_test(hostile_lines),
        cmocka_unit_test(other_versions),
        cmocka_unit_test(refused_request_is_untouched),
        cmocka_unit_test(every_byte_changed),
        cmocka_unit_test(every_cut),
        cmocka_unit_test(sizes),
        cmocka_unit_test(names_and_notes),
        cmocka_unit_test(whole_world_is_a_star),
        cmocka_unit_test(verbs),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
