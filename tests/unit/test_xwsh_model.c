/* links: xwsh/model.c xwsh/message.c xwsh/message_fields.c xwsh/message_machine.c xwsh/target.c common/names.c common/request.c */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "xwsh/model.h"

static char line[2 * XW_LINE_MAX];

static int parse(const char *text, struct xw_message *message)
{
    snprintf(line, sizeof(line), "%s", text);
    return xw_message_parse(line, message);
}

static void parses_worlds_and_machines(void **state)
{
    char addresses[XW_ADDRESSES_MAX];
    struct xw_message message;

    (void)state;
    assert_int_equal(parse("world firewall alice 3 2 A firewall  in two parts", &message), 0);
    assert_int_equal(message.kind, XW_MESSAGE_WORLD);
    assert_string_equal(message.world.lab, "firewall");
    assert_string_equal(message.world.owner, "alice");
    assert_int_equal(message.world.machines, 3);
    assert_int_equal(message.world.running, 2);
    assert_string_equal(message.world.title, "A firewall  in two parts");
    assert_int_equal(parse("world firewall @blue 0 0", &message), 0);
    assert_string_equal(message.world.title, "");
    assert_int_equal(
        parse(
            "machine firewall alice router running 64 outside=10.1.0.1/24,dmz=-,inside=fd00::1/64",
            &message),
        0);
    assert_int_equal(message.machine.state, XW_STATE_RUNNING);
    assert_int_equal(message.machine.memory, 64);
    assert_string_equal(xw_machine_addresses(&message.machine, addresses),
                        "10.1.0.1/24,fd00::1/64");
    assert_int_equal(message.machine.link_count, 3);
    assert_string_equal(message.machine.links[0].segment, "outside");
    assert_string_equal(message.machine.links[0].address, "10.1.0.1/24");
    assert_string_equal(message.machine.links[1].segment, "dmz");
    assert_string_equal(message.machine.links[1].address, "");
    assert_string_equal(message.machine.links[2].address, "fd00::1/64");
    assert_int_equal(parse("machine firewall alice web off 64 a=-,b=-", &message), 0);
    assert_int_equal(message.machine.link_count, 2);
    assert_string_equal(xw_machine_addresses(&message.machine, addresses), "-");
    assert_int_equal(parse("machine firewall alice web off 64 -", &message), 0);
    assert_int_equal(message.machine.link_count, 0);
    assert_string_equal(xw_machine_addresses(&message.machine, addresses), "-");
    assert_int_equal(parse("segment inside", &message), 0);
    assert_int_equal(message.kind, XW_MESSAGE_SEGMENT);
    assert_string_equal(message.segment.name, "inside");
}

static void parses_the_other_kinds(void **state)
{
    struct xw_message message;

    (void)state;
    assert_int_equal(parse("xworlds 1 0123456789abcdef", &message), 0);
    assert_int_equal(message.kind, XW_MESSAGE_HELLO);
    assert_int_equal(parse("progress - making the bridges", &message), 0);
    assert_string_equal(message.subject, "");
    assert_string_equal(message.text, "making the bridges");
    assert_int_equal(parse("fail web no memory is left", &message), 0);
    assert_int_equal(message.kind, XW_MESSAGE_FAIL);
    assert_string_equal(message.subject, "web");
    assert_int_equal(parse("done web", &message), 0);
    assert_string_equal(message.text, "");
    assert_int_equal(parse("error not found or not allowed", &message), 0);
    assert_string_equal(message.text, "not found or not allowed");
    assert_int_equal(parse("history 65536", &message), 0);
    assert_int_equal(message.kind, XW_MESSAGE_HISTORY);
    assert_int_equal(message.history, XW_HISTORY_MAX);
    assert_int_equal(parse("open", &message), 0);
    assert_int_equal(parse("viewer alice watch", &message), 0);
    assert_int_equal(message.kind, XW_MESSAGE_VIEWER);
    assert_string_equal(message.viewer.name, "alice");
    assert_int_equal(message.viewer.mode, XW_VIEWER_WATCHES);
    assert_int_equal(parse("left @blue take", &message), 0);
    assert_int_equal(message.kind, XW_MESSAGE_LEFT);
    assert_int_equal(message.viewer.mode, XW_VIEWER_TAKES);
    assert_int_equal(parse("viewer bob write", &message), 0);
    assert_int_equal(message.viewer.mode, XW_VIEWER_WRITES);
    assert_int_equal(parse("end 75", &message), 0);
    assert_int_equal(message.code, XW_EXIT_TRY_AGAIN);
}

static void parses_checkpoints(void **state)
{
    static const char *const bad[] = {
        "checkpoint firewall alice web works 5 memory",
        "checkpoint firewall alice web works 5 ram 7 text",
        "checkpoint firewall alice web Works 5 memory 7 text",
        "checkpoint firewall alice - works 5 memory 7 text",
        "checkpoint firewall alice web works x memory 7 text",
        "checkpoint firewall alice web works 5 memory -7 text",
        "checkpoint firewall alice web works 5 memory 1125899906842625 text",
        "checkpoint",
    };
    struct xw_model model = {0};
    struct xw_message message;
    char text[XW_NOTE_MAX + 64];

    (void)state;
    assert_int_equal(
        parse("checkpoint firewall @blue web works 1796031854 memory 71434391 a  b", &message), 0);
    assert_int_equal(message.kind, XW_MESSAGE_CHECKPOINT);
    assert_string_equal(message.saved.lab, "firewall");
    assert_string_equal(message.saved.owner, "@blue");
    assert_string_equal(message.saved.machine, "web");
    assert_string_equal(message.saved.name, "works");
    assert_int_equal(message.saved.made, 1796031854);
    assert_true(message.saved.memory);
    assert_int_equal(message.saved.size, 71434391);
    assert_string_equal(message.saved.text, "a  b");
    assert_int_equal(xw_model_add(&model, &message), 0);
    assert_int_equal(parse("checkpoint firewall alice web 2 5 disk 0", &message), 0);
    assert_false(message.saved.memory);
    assert_string_equal(message.saved.text, "");
    assert_int_equal(xw_model_add(&model, &message), 0);
    assert_int_equal(model.saved_count, 2);
    assert_string_equal(model.saved[1].name, "2");
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        if (parse(bad[i], &message) != -EBADMSG)
            fail_msg("taken: %s", bad[i]);
    }
    snprintf(text, sizeof(text), "checkpoint fw alice web a 5 disk 0 %0*d", XW_NOTE_MAX, 1);
    assert_int_equal(parse(text, &message), 0);
    snprintf(text, sizeof(text), "checkpoint fw alice web a 5 disk 0 %0*d", XW_NOTE_MAX + 1, 1);
    assert_int_equal(parse(text, &message), -EBADMSG);
    while (model.saved_count < XW_SAVED_MAX) {
        parse("checkpoint firewall alice web 2 5 disk 0", &message);
        assert_int_equal(xw_model_add(&model, &message), 0);
    }
    assert_int_equal(xw_model_add(&model, &message), -EBADMSG);
    xw_model_clear(&model);
    assert_int_equal(model.saved_count, 0);
}

static void parses_windows(void **state)
{
    struct xw_model model = {0};
    struct xw_message message;

    (void)state;
    assert_int_equal(parse("window firewall closed 0 1796112000 1796113800", &message), 0);
    assert_int_equal(message.kind, XW_MESSAGE_WINDOW);
    assert_string_equal(message.window.world, "firewall");
    assert_int_equal(message.window.window.state, XW_WINDOW_CLOSED);
    assert_int_equal(message.window.window.opens, 0);
    assert_int_equal(message.window.window.closes, 1796112000);
    assert_int_equal(message.window.window.ends, 1796113800);
    assert_int_equal(xw_model_add(&model, &message), 0);
    assert_int_equal(parse("window other before 5 0 0", &message), 0);
    assert_int_equal(message.window.window.state, XW_WINDOW_BEFORE);
    assert_int_equal(xw_model_add(&model, &message), 0);
    assert_int_equal(parse("window other open 5 253402300799 253402905599", &message), 0);
    assert_int_equal(parse("window other grace 5 6 7", &message), 0);
    assert_int_equal(message.window.window.state, XW_WINDOW_GRACE);
    assert_int_equal(xw_model_window(&model, "firewall")->closes, 1796112000);
    assert_int_equal(xw_model_window(&model, "other")->opens, 5);
    assert_null(xw_model_window(&model, "firewal"));
    assert_int_equal(model.window_count, 2);
    for (size_t i = 2; i < XW_WORLDS_MAX; i++)
        assert_int_equal(xw_model_add(&model, &message), 0);
    assert_int_equal(xw_model_add(&model, &message), -EBADMSG);
    xw_model_clear(&model);
    assert_null(xw_model_window(&model, "other"));
    for (int i = 0; i <= XW_WINDOW_CLOSED; i++) {
        char text[64];
        snprintf(text, sizeof(text), "window x %s 1 2 3", xw_window_word((enum xw_window_state)i));
        assert_int_equal(parse(text, &message), 0);
        assert_int_equal(message.window.window.state, i);
    }
}

/* What is written for it: LAB for one's own, LAB:@TEAM for a team's, LAB:OWNER for all others. */
static void addresses_of_worlds(void **state)
{
    struct xw_message message;

    (void)state;
    assert_int_equal(parse("world firewall alice 3 2 Title", &message), 0);
    assert_string_equal(message.world.address, "firewall");
    assert_int_equal(parse("world firewall @blue 3 2 Title", &message), 0);
    assert_string_equal(message.world.address, "firewall:@blue");
    assert_int_equal(parse("member firewall alice 3 2 1796112000", &message), 0);
    assert_string_equal(message.world.address, "firewall:alice");
    assert_int_equal(message.world.last_use, 1796112000);
    assert_int_equal(message.world.running, 2);
}

static void windows_of_worlds_and_labs(void **state)
{
    static const char *const lines[] = {"window firewall closed 0 10 11",
                                        "window firewall:@blue open 0 20 21",
                                        "window fire before 5 0 0"};
    struct xw_model model = {0};
    struct xw_message message;

    (void)state;
    for (size_t i = 0; i < 3; i++) {
        assert_int_equal(parse(lines[i], &message), 0);
        assert_int_equal(xw_model_add(&model, &message), 0);
    }
    assert_int_equal(xw_model_window(&model, "firewall")->closes, 10);
    assert_int_equal(xw_model_window(&model, "firewall:@blue")->closes, 20);
    assert_int_equal(xw_model_window(&model, "firewall:@red")->closes, 10);
    assert_int_equal(xw_model_window(&model, "fire:alice")->opens, 5);
    assert_null(xw_model_window(&model, "fir"));
    assert_null(xw_model_window(&model, "firewall2:@blue"));
    xw_model_clear(&model);
}

static void what_instructors_are_told(void **state)
{
    static const char *const lines[] = {"instructs firewall A firewall",
                                        "instructs untitled",
                                        "member firewall @blue 3 0 0",
                                        "grant student 2001",
                                        "grant team 2003",
                                        "grant instructor 2002",
                                        "grant user 1005 dave",
                                        "grant instructor-user 4294967294 uma",
                                        "extension alice 1797292740"};
    struct xw_model model = {0};
    struct xw_message message;

    (void)state;
    for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
        assert_int_equal(parse(lines[i], &message), 0);
        assert_int_equal(xw_model_add(&model, &message), 0);
    }
    assert_int_equal(model.lab_count, 2);
    assert_string_equal(model.labs[0].lab, "firewall");
    assert_string_equal(model.labs[0].title, "A firewall");
    assert_string_equal(model.labs[1].title, "");
    assert_int_equal(model.world_count, 1);
    assert_int_equal(model.grant_count, 5);
    assert_string_equal(model.grants[2].user, "");
    assert_string_equal(xw_grant_role_word(model.grants[3].role), "user");
    assert_true(model.grants[3].uid == 1005 && model.grants[4].uid == 4294967294U);
    assert_string_equal(model.grants[3].user, "dave");
    assert_string_equal(xw_grant_role_word(model.grants[4].role), "instructor-user");
    assert_string_equal(xw_grant_role_word(model.grants[1].role), "team");
    assert_int_equal(model.grants[2].gid, 2002);
    assert_int_equal(model.extension_count, 1);
    assert_string_equal(model.extensions[0].owner, "alice");
    assert_int_equal(model.extensions[0].until, 1797292740);
    xw_model_clear(&model);
}

static void refuses_other_lines(void **state)
{
    static const char *const hostile[] = {
        "",
        " ",
        "open ",
        "history",
        "history 65537",
        "history -1",
        "history 1 1",
        "opens",
        "OPEN",
        "end",
        "end ",
        "end 5",
        "end 255",
        "end -1",
        "end 0 0",
        "end 00",
        "end 99999999999999999999",
        "world",
        "world firewall alice 3",
        "world firewall alice 3 4 more run than there are",
        "world firewall alice 65 0 too many",
        "world firewall alice -1 0 negative",
        "world  alice 3 2 empty field",
        "world fire/wall alice 3 2 bad name",
        "world firewall Alice 3 2 bad owner",
        "world \x1b[2J alice 3 2 control",
        "machine firewall alice router running 64",
        "machine firewall alice router running 64 - -",
        "machine firewall alice router dancing 64 -",
        "machine firewall alice router running 0x40 -",
        "machine firewall alice router running 99999999999 -",
        "machine firewall alice .. running 64 -",
        "machine firewall alice router running 64 10.1.0.1/24",
        "machine firewall alice router running 64 outside",
        "machine firewall alice router running 64 outside=",
        "machine firewall alice router running 64 =10.1.0.1/24",
        "machine firewall alice router running 64 Outside=10.1.0.1/24",
        "machine firewall alice router running 64 outside=10.1.0.1/24,",
        "machine firewall alice router running 64 outside=10.1.0.1/24,-",
        "machine firewall alice router running 64 ,outside=10.1.0.1/24",
        "segment",
        "segment ",
        "segment ../x",
        "segment inside outside",
        "graphics",
        "graphics ",
        "graphics ../x",
        "graphics web client",
        "machine firewall alice aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa running 64 -",
        "member firewall alice 3 1",
        "member firewall alice 3 1 0 more",
        "member firewall alice 3 4 0",
        "member firewall alice 3 1 -1",
        "member firewall Alice 3 1 0",
        "instructs",
        "instructs fire/wall Title",
        "grant student",
        "grant student -1",
        "grant student 4294967296",
        "grant student 2001 more",
        "grant admin 2001",
        "grant user 1005",
        "grant user 1005 ",
        "grant user 1005 Dave",
        "grant user 1005 @dave",
        "grant user 1005 dave more",
        "grant user dave 1005",
        "grant user -1 dave",
        "grant student 1005 dave",
        "grant instructor 1005 dave",
        "grant instructor-user 1006",
        "extension alice",
        "extension alice never",
        "extension Alice 1797292740",
        "extension alice 1797292740 more",
        "window",
        "window firewall",
        "window firewall: open 1 2 3",
        "window firewall:@ open 1 2 3",
        "window firewall open 1 2",
        "window firewall open 1 2 3 4",
        "window firewall shut 1 2 3",
        "window fire/wall open 1 2 3",
        "window firewall open -1 2 3",
        "window firewall open 1 02 3",
        "window firewall open 1 2 253402905600",
        "window firewall  1 2 3",
        "viewer",
        "viewer alice",
        "viewer alice look",
        "viewer al\x1bice write",
        "left alice write now",
        "progress",
        "progress ../x text",
        "done * text",
        "fail  text",
        "xworlds 1",
        "xworlds 1 xyz",
        "xworlds 1 0123456789ABCDEF",
        "xworlds",
        "bogus line",
        "\x1b[31mworld firewall alice 3 2 x",
    };
    struct xw_message message;

    (void)state;
    for (size_t i = 0; i < sizeof(hostile) / sizeof(hostile[0]); i++) {
        if (parse(hostile[i], &message) != -EBADMSG)
            fail_msg("accepted: \"%s\"", hostile[i]);
    }
    assert_int_equal(parse("xworlds 2 what comes then is not known", &message), -EPROTO);
}

static void long_fields_are_cut_or_refused(void **state)
{
    char text[XW_LINE_MAX];
    struct xw_message message;
    int used;

    (void)state;
    used = snprintf(text, sizeof(text), "world firewall alice 1 0 ");
    memset(text + used, 't', sizeof(text) - (size_t)used - 1);
    text[sizeof(text) - 1] = '\0';
    assert_int_equal(parse(text, &message), 0);
    assert_int_equal(strlen(message.world.title), XW_TITLE_MAX);
    used = snprintf(text, sizeof(text), "machine firewall alice web off 1 a=");
    memset(text + used, '1', sizeof(text) - (size_t)used - 1);
    assert_int_equal(parse(text, &message), -EBADMSG);
    text[used + XW_LINK_SIZE] = '\0';
    assert_int_equal(parse(text, &message), -EBADMSG);
    text[used + XW_LINK_SIZE - 1] = '\0';
    assert_int_equal(parse(text, &message), 0);
}

/* As many interfaces as a machine can have, all with the longest addresses, and one more. */
static void many_interfaces_are_read(void **state)
{
    char text[XW_LINE_MAX] = "machine firewall alice web off 1 ";
    char address[XW_LINK_SIZE];
    char addresses[XW_ADDRESSES_MAX];
    struct xw_message message;
    size_t used = strlen(text);

    (void)state;
    memset(address, '1', sizeof(address) - 1);
    address[sizeof(address) - 1] = '\0';
    for (int i = 0; i <= XW_LINKS_MAX; i++) {
        used += (size_t)snprintf(text + used, sizeof(text) - used, "%ss%d=%s", i ? "," : "", i,
                                 address);
        assert_int_equal(parse(text, &message), i < XW_LINKS_MAX ? 0 : -EBADMSG);
        assert_int_equal(message.machine.link_count, i < XW_LINKS_MAX ? i + 1 : XW_LINKS_MAX);
        assert_int_equal(strlen(xw_machine_addresses(&message.machine, addresses)),
                         message.machine.link_count * sizeof(address) - 1);
    }
}

static void collects_a_bounded_model(void **state)
{
    struct xw_model model = {0};
    struct xw_model other = {0};
    struct xw_message message;

    (void)state;
    assert_int_equal(parse("machine firewall alice web off 64 -", &message), 0);
    for (int i = 0; i < XW_MACHINES_MAX; i++)
        assert_int_equal(xw_model_add(&model, &message), 0);
    assert_int_equal(xw_model_add(&model, &message), -EBADMSG);
    assert_int_equal(model.machine_count, XW_MACHINES_MAX);
    assert_int_equal(parse("segment inside", &message), 0);
    for (int i = 0; i < XW_SEGMENTS_MAX; i++)
        assert_int_equal(xw_model_add(&model, &message), 0);
    assert_int_equal(xw_model_add(&model, &message), -EBADMSG);
    assert_string_equal(model.segments[XW_SEGMENTS_MAX - 1].name, "inside");
    assert_int_equal(parse("graphics web", &message), 0);
    assert_false(model.machines[0].graphics);
    assert_int_equal(xw_model_add(&model, &message), 0);
    assert_true(model.machines[0].graphics);
    assert_int_equal(parse("graphics client", &message), 0);
    assert_int_equal(xw_model_add(&model, &message), -EBADMSG);
    assert_int_equal(parse("fail web no memory", &message), 0);
    assert_int_equal(xw_model_add(&model, &message), 0);
    assert_int_equal(model.result_count, 1);
    assert_false(model.results[0].done);
    assert_string_equal(model.results[0].text, "no memory");
    assert_int_equal(parse("world firewall alice 3 2 x", &message), 0);
    assert_int_equal(xw_model_add(&model, &message), 0);
    xw_model_replace(&other, &model);
    assert_int_equal(other.world_count, 1);
    assert_null(model.worlds);
    xw_model_clear(&other);
    assert_int_equal(other.machine_count, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(parses_worlds_and_machines),
                                       cmocka_unit_test(parses_the_other_kinds),
                                       cmocka_unit_test(parses_checkpoints),
                                       cmocka_unit_test(parses_windows),
                                       cmocka_unit_test(addresses_of_worlds),
                                       cmocka_unit_test(windows_of_worlds_and_labs),
                                       cmocka_unit_test(what_instructors_are_told),
                                       cmocka_unit_test(refuses_other_lines),
                                       cmocka_unit_test(long_fields_are_cut_or_refused),
                                       cmocka_unit_test(many_interfaces_are_read),
                                       cmocka_unit_test(collects_a_bounded_model)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
