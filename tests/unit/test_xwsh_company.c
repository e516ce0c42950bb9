/* links: xwsh/company.c xwsh/console_keys.c */
/* Who else is at a console, in words; and what the keys after ^] mean. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <string.h>

#include "xwsh/company.h"
#include "xwsh/console_keys.h"

static const struct xw_viewer alice = {"alice", XW_VIEWER_WRITES};
static const struct xw_viewer alice_watching = {"alice", XW_VIEWER_WATCHES};
static const struct xw_viewer tina = {"tina", XW_VIEWER_TAKES};

static void who_comes_and_goes(void **state)
{
    struct xw_company company = {0};
    char text[XW_COMPANY_TEXT_MAX];

    (void)state;
    assert_string_equal(xw_company_list(&company, text), "nobody else");
    xw_company_join(&company, &alice);
    xw_company_join(&company, &alice_watching);
    xw_company_join(&company, &tina);
    assert_string_equal(xw_company_list(&company, text),
                        "alice, alice (watching), tina (has taken over)");
    assert_true(xw_company_taken(&company));
    /* Of one name, the one who was there in that way. */
    xw_company_leave(&company, &alice_watching);
    assert_string_equal(xw_company_list(&company, text), "alice, tina (has taken over)");
    xw_company_leave(&company, &alice_watching);
    assert_int_equal(company.count, 2);
    xw_company_leave(&company, &tina);
    assert_false(xw_company_taken(&company));
    xw_company_leave(&company, &alice);
    assert_string_equal(xw_company_list(&company, text), "nobody else");
}

/* However many the helper tells of. */
static void more_than_there_can_be(void **state)
{
    struct xw_company company = {0};
    struct xw_viewer long_one = {"", XW_VIEWER_TAKES};
    char text[XW_COMPANY_TEXT_MAX];

    (void)state;
    memset(long_one.name, 'x', sizeof(long_one.name) - 1);
    for (int i = 0; i < 1000; i++)
        xw_company_join(&company, &long_one);
    assert_int_equal(company.count, XW_COMPANY_MAX);
    assert_true(strlen(xw_company_list(&company, text)) < sizeof(text));
}

static void the_news(void **state)
{
    struct xw_company company = {0};
    char text[XW_COMPANY_TEXT_MAX];

    (void)state;
    assert_string_equal(xw_company_news(&company, &alice, true, XW_VIEWER_WRITES, text),
                        "alice has joined");
    assert_string_equal(xw_company_news(&company, &alice, false, XW_VIEWER_WRITES, text),
                        "alice has left");
    assert_string_equal(xw_company_news(&company, &alice_watching, true, XW_VIEWER_WRITES, text),
                        "alice is watching");
    assert_string_equal(xw_company_news(&company, &alice_watching, false, XW_VIEWER_WRITES, text),
                        "alice has left");
    assert_string_equal(xw_company_news(&company, &tina, true, XW_VIEWER_WRITES, text),
                        "tina has taken over; your keys do nothing until they leave");
    assert_string_equal(xw_company_news(&company, &tina, true, XW_VIEWER_WATCHES, text),
                        "tina has taken over");
    assert_string_equal(xw_company_news(&company, &tina, false, XW_VIEWER_WRITES, text),
                        "tina has left; your keys reach the machine again");
    assert_string_equal(xw_company_news(&company, &tina, false, XW_VIEWER_WATCHES, text),
                        "tina has left");
    /* Somebody else still has it. */
    xw_company_join(&company, &tina);
    assert_string_equal(xw_company_news(&company, &tina, false, XW_VIEWER_WRITES, text),
                        "tina has left");
}

static void the_keys(void **state)
{
    static const struct {
        const char *bytes;
        enum xw_console_key typing, taking;
    } cases[] = {
        {"d", XW_CONSOLE_LEAVES, XW_CONSOLE_LEAVES},
        {"]", XW_CONSOLE_LITERAL, XW_CONSOLE_LITERAL},
        {"w", XW_CONSOLE_WHO, XW_CONSOLE_WHO},
        {"b", XW_CONSOLE_BREAK, XW_CONSOLE_BREAK},
        {"?", XW_CONSOLE_HELP, XW_CONSOLE_HELP},
        {"g", XW_CONSOLE_STAYS, XW_CONSOLE_GIVES},
        {"r", XW_CONSOLE_RECORDS, XW_CONSOLE_RECORDS},
        {"t", XW_CONSOLE_TAKES, XW_CONSOLE_STAYS},
        {"x", XW_CONSOLE_STAYS, XW_CONSOLE_STAYS},
        {"dd", XW_CONSOLE_STAYS, XW_CONSOLE_STAYS},
        {"", XW_CONSOLE_STAYS, XW_CONSOLE_STAYS},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        size_t count = strlen(cases[i].bytes);
        assert_int_equal(xw_console_key(cases[i].bytes, count, XW_VERB_CONSOLE), cases[i].typing);
        assert_int_equal(xw_console_key(cases[i].bytes, count, XW_VERB_WATCH), cases[i].typing);
        assert_int_equal(xw_console_key(cases[i].bytes, count, XW_VERB_TAKE), cases[i].taking);
    }
    /* Only who has taken over is offered to give back. */
    for (int recording = 0; recording < 2; recording++) {
        const char *menu = xw_console_menu(XW_VERB_CONSOLE, recording);
        const char *taking_menu = xw_console_menu(XW_VERB_TAKE, recording);
        assert_null(strstr(menu, "give back"));
        assert_non_null(strstr(taking_menu, "g give back"));
        assert_int_equal(strstr(menu, "r ends recording") != NULL, recording);
        assert_int_equal(strstr(taking_menu, "r ends recording") != NULL, recording);
        assert_int_equal(strstr(menu, "r record,") != NULL, !recording);
        assert_int_equal(strstr(taking_menu, "r record,") != NULL, !recording);
    }
    assert_non_null(strstr(xw_console_help(XW_VERB_TAKE), "\ng "));
    assert_non_null(strstr(xw_console_help(XW_VERB_WATCH), "\nt "));
    assert_non_null(strstr(xw_console_break(), "can't be sent"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(who_comes_and_goes),
        cmocka_unit_test(more_than_there_can_be),
        cmocka_unit_test(the_news),
        cmocka_unit_test(the_keys),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
