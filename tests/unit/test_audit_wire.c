/* links: common/names.c common/error.c common/request.c xwadm/audit_events.c xwadm/audit_wire.c xwadm/buffer.c */
/*
 * Events between the process that reads the trails and the one that shows them (T-K1): there and
 * back, and lines of a reader that has been taken over.
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

#include "xwadm/audit_wire.h"

#define GOOD                                                                                       \
    "0 0123456789abcdef 0 1796108400000000 1001 start firewall alice web,router 0 1 0 0 1500 "     \
    "1001 8 pts/0 ="

static int take(const char *text, enum xw_audit_source *source, struct xw_audit_event *event)
{
    char line[8192];

    snprintf(line, sizeof(line), "%s", text);
    return xw_audit_wire_take(line, source, event);
}

static void same_text(const char *a, const char *b)
{
    assert_int_equal(a == NULL, b == NULL);
    if (a)
        assert_string_equal(a, b);
}

static void there_and_back(enum xw_audit_source source, const struct xw_audit_event *event)
{
    struct xw_buffer buffer = {0};
    struct xw_audit_event back;
    enum xw_audit_source other = XW_AUDIT_SOURCES;
    const struct xw_audit_side *a = &event->side[source];

    xw_audit_wire_put(&buffer, source, event);
    assert_int_equal(buffer.text[buffer.length - 1], '\n');
    buffer.text[buffer.length - 1] = '\0';
    assert_int_equal(xw_audit_wire_take(buffer.text, &other, &back), 0);
    assert_int_equal(other, source);
    const struct xw_audit_side *b = &back.side[source];
    assert_string_equal(back.id, event->id);
    assert_int_equal(back.phase, event->phase);
    assert_true(a->when == b->when && a->uid == b->uid && a->refused == b->refused);
    assert_true(a->code == b->code && a->signal == b->signal && a->malformed == b->malformed);
    assert_true(a->duration == b->duration && back.login == event->login);
    assert_true(back.session == event->session);
    assert_string_equal(b->op, a->op);
    assert_string_equal(b->lab, a->lab);
    assert_string_equal(b->owner, a->owner);
    same_text(b->machines, a->machines);
    assert_string_equal(back.terminal, event->terminal);
    same_text(back.domains, event->domains);
    xw_audit_event_clear(&back);
    xw_buffer_free(&buffer);
}

static void what_is_sent_is_what_comes(void **state)
{
    struct xw_audit_event event = {.id = "0123456789abcdef",
                                   .phase = XW_AUDIT_CLOSE,
                                   .login = 1001,
                                   .session = 7,
                                   .terminal = "pts/0"};
    struct xw_audit_side side = {.when = UINT64_MAX,
                                 .uid = (uid_t)-1,
                                 .op = "console",
                                 .lab = "firewall",
                                 .owner = "alice",
                                 .machines = (char *)"web",
                                 .code = 75,
                                 .duration = 3};

    (void)state;
    event.side[XW_AUDIT_GATE] = side;
    there_and_back(XW_AUDIT_GATE, &event);
    event = (struct xw_audit_event){.login = (uid_t)-1, .session = -1};
    event.domains = (char *)"aaaaaaaa-bbbb-cccc-dddd-eeeeeeeeeeee";
    event.side[XW_AUDIT_KEEPER] = (struct xw_audit_side){.op = "-",
                                                         .lab = "-",
                                                         .owner = "?",
                                                         .machines = (char *)"*",
                                                         .refused = true,
                                                         .code = -1,
                                                         .signal = 31,
                                                         .malformed = true};
    there_and_back(XW_AUDIT_KEEPER, &event);
}

/* What a log says of an end that no request has is a failure. */
static void ends_that_there_are_not(void **state)
{
    static const int codes[] = {-2, 256, INT32_MIN, INT32_MAX};
    struct xw_audit_event event = {.session = -1};
    struct xw_audit_event back;
    enum xw_audit_source source;

    (void)state;
    for (size_t i = 0; i < sizeof(codes) / sizeof(codes[0]); i++) {
        struct xw_buffer buffer = {0};
        event.side[XW_AUDIT_GATE] = (struct xw_audit_side){.lab = "-",
                                                           .owner = "-",
                                                           .machines = (char *)"-",
                                                           .code = codes[i],
                                                           .signal = codes[i]};
        xw_audit_wire_put(&buffer, XW_AUDIT_GATE, &event);
        buffer.text[buffer.length - 1] = '\0';
        assert_int_equal(xw_audit_wire_take(buffer.text, &source, &back), 0);
        assert_int_equal(back.side[XW_AUDIT_GATE].code, 1);
        assert_in_range(back.side[XW_AUDIT_GATE].signal, 1, 64);
        xw_audit_event_clear(&back);
        xw_buffer_free(&buffer);
    }
}

/* Each field of a good line replaced: what isn't in audit.h's grammar refuses the line. */
static void a_reader_that_was_taken_over(void **state)
{
    static const struct {
        size_t field;
        const char *value;
    } wrong[] = {
        {0, "2"},
        {0, "-1"},
        {0, ""},
        {1, "0123"},
        {1, "0123456789abcdeF"},
        {1, "0123456789abcdef0"},
        {2, "4"},
        {2, "x"},
        {3, "18446744073709551616"},
        {3, "-5"},
        {4, "4294967296"},
        {5, "START"},
        {5, "startstartstartx"},
        {5, "\033[2J"},
        {6, "../x"},
        {6, "Firewall"},
        {6, "="},
        {6, "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"},
        {7, "a/b"},
        {7, "\033]0;x\a"},
        {8, "web;id"},
        {8, "\xff"},
        {9, "2"},
        {10, "257"},
        {11, "65"},
        {12, "7"},
        {13, "1e3"},
        {14, "-1"},
        {15, "4294967296"},
        {16, "pts\0330"},
        {16, "/dev/pts/aaaaaaaaaaaaaaaaaaaaaaaaaaaaa"},
        {17, "xyz"},
        {17, "= more"},
        {17, ""},
    };
    struct xw_audit_event event;
    enum xw_audit_source source;

    (void)state;
    assert_int_equal(take(GOOD, &source, &event), 0);
    assert_int_equal(event.session, 7);
    assert_int_equal(event.side[XW_AUDIT_GATE].code, 0);
    assert_null(event.domains);
    xw_audit_event_clear(&event);
    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
        char line[1024] = "";
        char good[] = GOOD;
        char *rest = good;
        for (size_t field = 0; rest; field++) {
            const char *value = strsep(&rest, " ");
            size_t used = strlen(line);
            snprintf(line + used, sizeof(line) - used, "%s%s", field ? " " : "",
                     field == wrong[i].field ? wrong[i].value : value);
        }
        if (take(line, &source, &event) != -EBADMSG)
            fail_msg("taken: %s", line);
    }
    assert_int_equal(take("", &source, &event), -EBADMSG);
    assert_int_equal(take("0 =", &source, &event), -EBADMSG);
    assert_int_equal(take("end", &source, &event), -EBADMSG);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_sent_is_what_comes),
        cmocka_unit_test(ends_that_there_are_not),
        cmocka_unit_test(a_reader_that_was_taken_over),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
