/* links: xwadm/audit_events.c */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "xwadm/audit.h"

static struct xw_audit_events *events;

static int begin(void **state)
{
    (void)state;
    events = xw_audit_events_new();
    return events ? 0 : -1;
}

static int end(void **state)
{
    (void)state;
    xw_audit_events_free(events);
    return 0;
}

/* What both trails say of a request that was allowed and worked. */
static struct xw_audit_event honest(enum xw_audit_source source, const char *id)
{
    struct xw_audit_event event = {.login = (uid_t)-1, .session = -1};
    struct xw_audit_side *side = &event.side[source];

    snprintf(event.id, sizeof(event.id), "%s", id);
    side->when = source == XW_AUDIT_GATE ? 2000 : 1000;
    side->uid = 1001;
    snprintf(side->op, sizeof(side->op), "start");
    snprintf(side->lab, sizeof(side->lab), "firewall");
    snprintf(side->owner, sizeof(side->owner), "alice");
    side->machines = strdup("web,client");
    if (source == XW_AUDIT_GATE)
        event.session = 7;
    return event;
}

static void add(enum xw_audit_source source, struct xw_audit_event event)
{
    assert_int_equal(xw_audit_events_add(events, source, &event), 0);
    assert_null(event.side[source].machines);
}

static struct xw_audit_event **all(size_t expected)
{
    struct xw_audit_event **found;
    size_t count;

    xw_audit_events_sort(events, &found, &count);
    assert_int_equal(count, expected);
    return found;
}

static const char *dispute(const struct xw_audit_event *event)
{
    static char text[160];

    xw_audit_event_dispute(event, text, sizeof(text));
    return text;
}

/* The note on a request of which both trails have a record. */
static const char *dispute_of(struct xw_audit_event gate, struct xw_audit_event keeper)
{
    add(XW_AUDIT_GATE, gate);
    add(XW_AUDIT_KEEPER, keeper);
    const char *text = dispute(*all(1));
    xw_audit_events_drop(events, 1);
    return text;
}

static void two_records_are_one_request(void **state)
{
    (void)state;
    add(XW_AUDIT_KEEPER, honest(XW_AUDIT_KEEPER, "00000000000000aa"));
    add(XW_AUDIT_KEEPER, honest(XW_AUDIT_KEEPER, "00000000000000bb"));
    add(XW_AUDIT_GATE, honest(XW_AUDIT_GATE, "00000000000000bb"));
    add(XW_AUDIT_GATE, honest(XW_AUDIT_GATE, "00000000000000aa"));
    struct xw_audit_event **found = all(2);
    for (size_t i = 0; i < 2; i++) {
        assert_true(found[i]->side[XW_AUDIT_GATE].present);
        assert_true(found[i]->side[XW_AUDIT_KEEPER].present);
        assert_int_equal(found[i]->session, 7);
        assert_string_equal(dispute(found[i]), "");
        assert_string_equal(xw_audit_event_result(found[i]), "done");
    }
}

static void ends_of_a_console_stay_apart(void **state)
{
    (void)state;
    for (int phase = XW_AUDIT_OPEN; phase <= XW_AUDIT_CLOSE; phase++) {
        struct xw_audit_event gate = honest(XW_AUDIT_GATE, "00000000000000aa");
        struct xw_audit_event keeper = honest(XW_AUDIT_KEEPER, "00000000000000aa");
        gate.phase = keeper.phase = (enum xw_audit_phase)phase;
        add(XW_AUDIT_GATE, gate);
        add(XW_AUDIT_KEEPER, keeper);
    }
    struct xw_audit_event **found = all(2);
    assert_string_equal(dispute(found[0]), "");
    assert_string_equal(dispute(found[1]), "");
}

/* A second record under an id that has been used does not replace the first. */
static void a_copied_id_hides_nothing(void **state)
{
    struct xw_audit_event lie = honest(XW_AUDIT_GATE, "00000000000000aa");

    (void)state;
    add(XW_AUDIT_GATE, honest(XW_AUDIT_GATE, "00000000000000aa"));
    add(XW_AUDIT_KEEPER, honest(XW_AUDIT_KEEPER, "00000000000000aa"));
    lie.side[XW_AUDIT_GATE].when = 5000;
    add(XW_AUDIT_GATE, lie);
    struct xw_audit_event **found = all(2);
    assert_string_equal(dispute(found[0]), "");
    assert_string_equal(dispute(found[1]), "in the audit log, not in the journal");
}

static void lies_are_seen(void **state)
{
    struct xw_audit_event gate;

    (void)state;
    gate = honest(XW_AUDIT_GATE, "00000000000000aa");
    gate.side[XW_AUDIT_GATE].uid = 1002;
    assert_string_equal(dispute_of(gate, honest(XW_AUDIT_KEEPER, "00000000000000aa")),
                        "uid: the audit log says 1002, the journal 1001");
    gate = honest(XW_AUDIT_GATE, "00000000000000aa");
    snprintf(gate.side[XW_AUDIT_GATE].op, 16, "list");
    assert_string_equal(dispute_of(gate, honest(XW_AUDIT_KEEPER, "00000000000000aa")),
                        "verb: the audit log says list, the journal start");
    gate = honest(XW_AUDIT_GATE, "00000000000000aa");
    free(gate.side[XW_AUDIT_GATE].machines);
    gate.side[XW_AUDIT_GATE].machines = strdup("web");
    assert_string_equal(dispute_of(gate, honest(XW_AUDIT_KEEPER, "00000000000000aa")),
                        "machines: the audit log says web, the journal web,client");
    gate = honest(XW_AUDIT_GATE, "00000000000000aa");
    gate.side[XW_AUDIT_GATE].refused = true;
    assert_string_equal(dispute_of(gate, honest(XW_AUDIT_KEEPER, "00000000000000aa")),
                        "the audit log says refused, but the keeper was asked");
    gate = honest(XW_AUDIT_GATE, "00000000000000aa");
    gate.side[XW_AUDIT_GATE].code = 3;
    assert_string_equal(dispute_of(gate, honest(XW_AUDIT_KEEPER, "00000000000000aa")),
                        "exit code: the audit log says 3, the journal 0");
    assert_string_equal(dispute_of(honest(XW_AUDIT_GATE, "00000000000000aa"),
                                   honest(XW_AUDIT_KEEPER, "00000000000000aa")),
                        "");
}

static const char *alone(enum xw_audit_source source, struct xw_audit_event event)
{
    add(source, event);
    const char *text = dispute(*all(1));
    xw_audit_events_drop(events, 1);
    return text;
}

static void alone_rightly_and_wrongly(void **state)
{
    struct xw_audit_event event;

    (void)state;
    assert_string_equal(alone(XW_AUDIT_GATE, honest(XW_AUDIT_GATE, "00000000000000aa")),
                        "in the audit log, not in the journal");
    assert_string_equal(alone(XW_AUDIT_KEEPER, honest(XW_AUDIT_KEEPER, "00000000000000aa")),
                        "in the journal, not in the audit log");
    event = honest(XW_AUDIT_GATE, "00000000000000aa");
    event.side[XW_AUDIT_GATE].refused = true;
    assert_string_equal(alone(XW_AUDIT_GATE, event), "");
    event = honest(XW_AUDIT_GATE, "00000000000000aa");
    event.side[XW_AUDIT_GATE].code = 75;
    assert_string_equal(alone(XW_AUDIT_GATE, event), "");
    event = honest(XW_AUDIT_KEEPER, "00000000000000aa");
    event.side[XW_AUDIT_KEEPER].uid = 0;
    assert_string_equal(alone(XW_AUDIT_KEEPER, event), "");
}

static void results(void **state)
{
    const struct {
        int code;
        int signal;
        const char *word;
    } cases[] = {{0, 0, "done"},    {1, 0, "failed"},     {2, 0, "usage"},   {3, 0, "refused"},
                 {4, 0, "limited"}, {75, 0, "try-again"}, {-1, 31, "killed"}};

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct xw_audit_event event = honest(XW_AUDIT_KEEPER, "00000000000000aa");
        event.side[XW_AUDIT_KEEPER].present = true;
        event.side[XW_AUDIT_KEEPER].code = cases[i].code;
        event.side[XW_AUDIT_KEEPER].signal = cases[i].signal;
        assert_string_equal(xw_audit_event_result(&event), cases[i].word);
        xw_audit_event_clear(&event);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(two_records_are_one_request, begin, end),
        cmocka_unit_test_setup_teardown(ends_of_a_console_stay_apart, begin, end),
        cmocka_unit_test_setup_teardown(a_copied_id_hides_nothing, begin, end),
        cmocka_unit_test_setup_teardown(lies_are_seen, begin, end),
        cmocka_unit_test_setup_teardown(alone_rightly_and_wrongly, begin, end),
        cmocka_unit_test(results),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
