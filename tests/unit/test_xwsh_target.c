/* links: xwsh/target.c common/request.c common/names.c */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <string.h>

#include "xwsh/target.h"

static int parse(enum xw_verb verb, const char *text, struct xw_request *request)
{
    *request = (struct xw_request){.verb = verb};
    return xw_target_parse(text, request);
}

static void whole_world(void **state)
{
    struct xw_request request;
    char buffer[XW_TARGET_SIZE];

    (void)state;
    assert_int_equal(parse(XW_VERB_START, "firewall", &request), 0);
    assert_string_equal(request.lab, "firewall");
    assert_true(request.whole_world);
    assert_string_equal(xw_target_machines(&request, buffer), "*");
    assert_string_equal(xw_target_format(&request, buffer), "firewall");
}

static void some_machines(void **state)
{
    struct xw_request request;
    char buffer[XW_TARGET_SIZE];

    (void)state;
    assert_int_equal(parse(XW_VERB_STOP, "firewall/web,client", &request), 0);
    assert_false(request.whole_world);
    assert_int_equal(request.machine_count, 2);
    assert_string_equal(request.machines[1], "client");
    assert_string_equal(xw_target_machines(&request, buffer), "web,client");
    assert_string_equal(xw_target_format(&request, buffer), "firewall/web,client");
}

static void form_follows_the_verb(void **state)
{
    struct xw_request request;

    (void)state;
    assert_int_equal(parse(XW_VERB_STATUS, "firewall", &request), 0);
    assert_int_equal(parse(XW_VERB_STATUS, "firewall/web", &request), -EDOM);
    assert_int_equal(parse(XW_VERB_CONSOLE, "firewall/web", &request), 0);
    assert_int_equal(parse(XW_VERB_CONSOLE, "firewall", &request), -EDOM);
    assert_int_equal(parse(XW_VERB_CONSOLE, "firewall/web,client", &request), -EDOM);
    assert_int_equal(parse(XW_VERB_CONSOLE, "firewall/*", &request), -EDOM);
}

static void refuses_names_outside_the_grammar(void **state)
{
    static const char *const hostile[] = {"",
                                          "/",
                                          "firewall/",
                                          "/web",
                                          "firewall/web,",
                                          "../etc",
                                          "Firewall",
                                          "fire wall",
                                          "firewall/a/b",
                                          "firewall/web,web",
                                          "-x",
                                          "--force",
                                          "firewall:",
                                          ":alice",
                                          "firewall:@",
                                          "firewall:@@blue",
                                          "firewall:Alice",
                                          "firewall:1st",
                                          "firewall:alice:web",
                                          "firewall:../etc/web",
                                          "firewall:al ice/web",
                                          "firewall:aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
                                          "firewall:@aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
                                          "firewall/%s%n",
                                          "firewall/\x1b[2J",
                                          "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"};
    struct xw_request request;

    (void)state;
    for (size_t i = 0; i < sizeof(hostile) / sizeof(hostile[0]); i++)
        assert_int_equal(parse(XW_VERB_START, hostile[i], &request), -EINVAL);
}

static void the_largest_target_fits(void **state)
{
    char text[XW_TARGET_SIZE] = "";
    char buffer[XW_TARGET_SIZE];
    struct xw_request request;
    size_t used = XW_WORLD_SIZE - 1;

    (void)state;
    memset(text, 'l', used);
    memcpy(text + XW_NAME_MAX, ":@", 2);
    for (size_t i = 0; i < XW_MACHINES_MAX; i++) {
        text[used++] = i == 0 ? '/' : ',';
        memset(text + used, 'm', XW_NAME_MAX);
        text[used] = (char)('a' + i % 26);
        text[used + 1] = (char)('a' + i / 26);
        used += XW_NAME_MAX;
    }
    assert_int_equal(used, XW_TARGET_SIZE - 1);
    assert_int_equal(parse(XW_VERB_START, text, &request), 0);
    assert_string_equal(xw_target_format(&request, buffer), text);
}

static void worlds_of_teams_and_others(void **state)
{
    struct xw_request request;
    char buffer[XW_TARGET_SIZE];
    char world[XW_WORLD_SIZE];

    (void)state;
    assert_int_equal(parse(XW_VERB_START, "firewall:@blue/web", &request), 0);
    assert_string_equal(request.lab, "firewall");
    assert_string_equal(request.owner, "@blue");
    assert_string_equal(request.machines[0], "web");
    assert_string_equal(xw_target_format(&request, buffer), "firewall:@blue/web");
    assert_string_equal(xw_target_world(&request, world), "firewall:@blue");
    assert_int_equal(parse(XW_VERB_STATUS, "firewall:blue", &request), 0);
    assert_string_equal(request.owner, "blue");
    assert_int_equal(parse(XW_VERB_CONSOLE, "firewall:blue", &request), -EDOM);
    /* What was there before doesn't stay. */
    assert_int_equal(xw_request_set_world(&request, "firewall"), 0);
    assert_string_equal(request.owner, "");
    assert_string_equal(xw_target_world(&request, world), "firewall");
}

/* The owner's name is what is typed wherever the world is named by it. */
static void what_is_typed_to_confirm(void **state)
{
    static const struct {
        const char *target, *word;
    } cases[] = {
        {"firewall", "firewall"}, {"firewall/web", "web"},     {"firewall/web,client", "firewall"},
        {"firewall:bob", "bob"},  {"firewall:bob/web", "bob"}, {"firewall:@blue/web", "@blue"}};
    struct xw_request request;

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        assert_int_equal(parse(XW_VERB_REVERT, cases[i].target, &request), 0);
        assert_string_equal(xw_target_word(&request), cases[i].word);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(whole_world),
                                       cmocka_unit_test(some_machines),
                                       cmocka_unit_test(form_follows_the_verb),
                                       cmocka_unit_test(refuses_names_outside_the_grammar),
                                       cmocka_unit_test(the_largest_target_fits),
                                       cmocka_unit_test(worlds_of_teams_and_others),
                                       cmocka_unit_test(what_is_typed_to_confirm)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
