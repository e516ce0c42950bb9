/* links: xwadm/idle.c */
/*
 * Which worlds are idle (T-L9): the rule, by every combination of what can have happened between
 * two looks, and by the time.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "xwadm/idle.h"

#define MINUTE       ((int64_t)60000)
#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static const struct xw_idle_limits limits = {30 * MINUTE, 5 * MINUTE, 5};

/* Two machines, in front of both of which nobody sits. */
struct looked {
    struct xw_idle_world world;
    struct xw_idle_machine machines[3];
};

static void look(struct looked *looked, int64_t idle, int64_t warned)
{
    *looked = (struct looked){
        .world = {.lab = "fw", .owner = "alice", .idle = idle, .warned = warned, .count = 2},
        .machines = {{.name = "m1", .run = 7, .cpu = 5000000000, .network = 100, .log = 2000},
                     {.name = "m2", .run = 8, .cpu = 9000000000, .network = 200, .log = 3000}}};
    looked->world.machines = looked->machines;
}

/* --- what makes it busy ---------------------------------------------------------------------- */

static void nothing(struct looked *now, size_t i)
{
    (void)now;
    (void)i;
}
static void cpu_at_limit(struct looked *now, size_t i)
{
    now->machines[i].cpu += 3000000000; /* 5 percent of a minute */
}
static void cpu_over(struct looked *now, size_t i)
{
    now->machines[i].cpu += 3000000001;
}
static void cpu_backwards(struct looked *now, size_t i)
{
    now->machines[i].cpu--;
}
static void network(struct looked *now, size_t i)
{
    now->machines[i].network++;
}
static void network_backwards(struct looked *now, size_t i)
{
    now->machines[i].network--;
}
static void console(struct looked *now, size_t i)
{
    now->machines[i].log++;
}
static void console_rotated(struct looked *now, size_t i)
{
    now->machines[i].log = 0;
}
static void typed(struct looked *now, size_t i)
{
    now->machines[i].traffic++;
}
static void opened_or_left(struct looked *now, size_t i)
{
    now->machines[i].open = !now->machines[i].open;
}
static void started_again(struct looked *now, size_t i)
{
    now->machines[i].run++;
}
static void another(struct looked *now, size_t i)
{
    now->machines[i].name[0] = 'n';
}

static const struct {
    const char *name;
    void (*happens)(struct looked *now, size_t i);
    bool busy;
} events[] = {
    {"nothing", nothing, false},
    {"CPU up to the limit", cpu_at_limit, false},
    {"CPU beyond the limit", cpu_over, true},
    {"CPU time that went backwards", cpu_backwards, true},
    {"a byte on the network", network, true},
    {"network bytes that went backwards", network_backwards, true},
    {"a byte on the console", console, true},
    {"a console's log that begins anew", console_rotated, true},
    {"a key", typed, true},
    {"a console opened or left", opened_or_left, true},
    {"a machine started again", started_again, true},
    {"another machine", another, true},
};

/* Each event on the one machine with each on the other, a console open or not, warned or not. */
static void every_pair_of_events(void **state)
{
    size_t cases = 0;

    (void)state;
    for (size_t a = 0; a < COUNT(events); a++) {
        for (size_t b = 0; b < COUNT(events); b++) {
            for (unsigned int how = 0; how < 4; how++) {
                struct looked before, now;
                const bool open = how & 1;
                const bool warned = how & 2;
                const bool busy = events[a].busy || events[b].busy;
                look(&before, 29 * MINUTE, warned ? 4 * MINUTE : XW_IDLE_UNWARNED);
                look(&now, 999, 999);
                before.machines[1].open = now.machines[1].open = open;
                events[a].happens(&now, 0);
                events[b].happens(&now, 1);
                enum xw_idle_verdict verdict =
                    xw_idle_judge(&before.world, &now.world, MINUTE, &limits);
                enum xw_idle_verdict expected = busy              ? XW_IDLE_STAYS
                                                : open && !warned ? XW_IDLE_WARN
                                                                  : XW_IDLE_SUSPEND;
                if (verdict != expected)
                    print_error("%s with %s, %s, %s: %d\n", events[a].name, events[b].name,
                                open ? "open" : "closed", warned ? "warned" : "unwarned", verdict);
                assert_int_equal(verdict, expected);
                assert_int_equal(now.world.idle, busy ? 0 : 30 * MINUTE);
                assert_int_equal(now.world.warned, busy || !warned ? XW_IDLE_UNWARNED : 5 * MINUTE);
                cases++;
            }
        }
    }
    printf("%zu combinations\n", cases);
}

static void machines_come_and_go(void **state)
{
    struct looked before, now;

    (void)state;
    look(&before, 60 * MINUTE, XW_IDLE_UNWARNED);
    for (size_t count = 0; count <= 3; count++) {
        look(&now, 0, 0);
        now.machines[2] = (struct xw_idle_machine){.name = "m3"};
        now.world.count = count;
        assert_int_equal(xw_idle_judge(&before.world, &now.world, MINUTE, &limits),
                         count == 2 ? XW_IDLE_SUSPEND : XW_IDLE_STAYS);
        assert_int_equal(xw_idle_untouched(&before.world, &now.world), count == 2);
    }
    /* Where nothing runs there is nothing to suspend. */
    look(&now, 0, 0);
    before.world.count = now.world.count = 0;
    assert_int_equal(xw_idle_judge(&before.world, &now.world, MINUTE, &limits), XW_IDLE_STAYS);
}

static void cpu_alone_is_not_touched(void **state)
{
    struct looked before, now;

    (void)state;
    look(&before, 0, XW_IDLE_UNWARNED);
    look(&now, 0, XW_IDLE_UNWARNED);
    cpu_over(&now, 0);
    assert_true(xw_idle_untouched(&before.world, &now.world));
}

/* --- time ------------------------------------------------------------------------------------ */

static void times(void **state)
{
    static const struct {
        const char *what;
        int64_t idle, warned, elapsed;
        bool open;
        int64_t after, warning;
        enum xw_idle_verdict verdict;
        int64_t idle_then, warned_then;
    } cases[] = {
        {"too near", 60 * MINUTE, -1, 9999, false, 30, 5, XW_IDLE_STAYS, 0, -1},
        {"near enough", 30 * MINUTE - 10000, -1, 10000, false, 30, 5, XW_IDLE_SUSPEND, 30 * MINUTE,
         -1},
        {"a millisecond short", 29 * MINUTE - 1, -1, MINUTE, false, 30, 5, XW_IDLE_STAYS,
         30 * MINUTE - 1, -1},
        {"no time at all", 60 * MINUTE, -1, 0, false, 30, 5, XW_IDLE_STAYS, 0, -1},
        {"the host has booted", 60 * MINUTE, -1, -5 * MINUTE, false, 30, 5, XW_IDLE_STAYS, 0, -1},
        {"the longest jump back", 60 * MINUTE, -1, INT64_MIN, false, 30, 5, XW_IDLE_STAYS, 0, -1},
        {"a gap counts for five minutes", 0, -1, 600 * MINUTE, false, 30, 5, XW_IDLE_STAYS,
         5 * MINUTE, -1},
        {"the longest jump", 0, -1, INT64_MAX / 100000000, false, 30, 5, XW_IDLE_STAYS, 5 * MINUTE,
         -1},
        {"a gap counts for five minutes of a warning", 60 * MINUTE, 0, 600 * MINUTE, true, 30, 6,
         XW_IDLE_STAYS, 65 * MINUTE, 5 * MINUTE},
        {"never", 999999 * MINUTE, -1, MINUTE, false, 0, 5, XW_IDLE_STAYS, 1000000 * MINUTE, -1},
        {"never, with a console", 999999 * MINUTE, 99 * MINUTE, MINUTE, true, 0, 5, XW_IDLE_STAYS,
         1000000 * MINUTE, 100 * MINUTE},
        {"before the warning", 23 * MINUTE, -1, MINUTE, true, 30, 5, XW_IDLE_STAYS, 24 * MINUTE,
         -1},
        {"the warning", 24 * MINUTE, -1, MINUTE, true, 30, 5, XW_IDLE_WARN, 25 * MINUTE, -1},
        {"a late warning", 60 * MINUTE, -1, MINUTE, true, 30, 5, XW_IDLE_WARN, 61 * MINUTE, -1},
        {"warned", 26 * MINUTE, 0, MINUTE, true, 30, 5, XW_IDLE_STAYS, 27 * MINUTE, MINUTE},
        {"warned late: it stands its time", 60 * MINUTE, 0, MINUTE, true, 30, 5, XW_IDLE_STAYS,
         61 * MINUTE, MINUTE},
        {"warned, not idle for long enough", 27 * MINUTE, 9 * MINUTE, MINUTE, true, 30, 5,
         XW_IDLE_STAYS, 28 * MINUTE, 10 * MINUTE},
        {"warned a millisecond too short", 60 * MINUTE, 4 * MINUTE - 1, MINUTE, true, 30, 5,
         XW_IDLE_STAYS, 61 * MINUTE, 5 * MINUTE - 1},
        {"warned for long enough", 29 * MINUTE, 4 * MINUTE, MINUTE, true, 30, 5, XW_IDLE_SUSPEND,
         30 * MINUTE, 5 * MINUTE},
        {"a warning longer than the time", 0, -1, MINUTE, true, 1, 5, XW_IDLE_WARN, MINUTE, -1},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        const struct xw_idle_limits own = {cases[i].after * MINUTE, cases[i].warning * MINUTE, 5};
        struct looked before, now;
        look(&before, cases[i].idle, cases[i].warned);
        look(&now, 0, 0);
        before.machines[0].open = now.machines[0].open = cases[i].open;
        enum xw_idle_verdict verdict =
            xw_idle_judge(&before.world, &now.world, cases[i].elapsed, &own);
        if (verdict != cases[i].verdict || now.world.idle != cases[i].idle_then ||
            now.world.warned != cases[i].warned_then)
            print_error("%s\n", cases[i].what);
        assert_int_equal(verdict, cases[i].verdict);
        assert_int_equal(now.world.idle, cases[i].idle_then);
        assert_int_equal(now.world.warned, cases[i].warned_then);
    }
}

static void without_a_look_before(void **state)
{
    struct looked now;

    (void)state;
    look(&now, 99 * MINUTE, 99 * MINUTE);
    assert_int_equal(xw_idle_judge(NULL, &now.world, MINUTE, &limits), XW_IDLE_STAYS);
    assert_int_equal(now.world.idle, 0);
    assert_int_equal(now.world.warned, XW_IDLE_UNWARNED);
}

/* Each machine has its own limit, in proportion to the time. */
static void cpu_by_time_and_percent(void **state)
{
    (void)state;
    for (unsigned int percent = 1; percent <= 100; percent++) {
        for (int64_t elapsed = XW_IDLE_LEAST_MS; elapsed < 700000; elapsed += 68900) {
            const struct xw_idle_limits own = {MINUTE, MINUTE, percent};
            const uint64_t most = (uint64_t)elapsed * 10000 * percent;
            for (uint64_t more = 0; more < 2; more++) {
                struct looked before, now;
                look(&before, 60 * MINUTE, XW_IDLE_UNWARNED);
                look(&now, 0, 0);
                now.machines[0].cpu += most;
                now.machines[1].cpu += most + more;
                assert_int_equal(xw_idle_judge(&before.world, &now.world, elapsed, &own),
                                 more ? XW_IDLE_STAYS : XW_IDLE_SUSPEND);
            }
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_pair_of_events),     cmocka_unit_test(machines_come_and_go),
        cmocka_unit_test(cpu_alone_is_not_touched), cmocka_unit_test(times),
        cmocka_unit_test(without_a_look_before),    cmocka_unit_test(cpu_by_time_and_percent),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
