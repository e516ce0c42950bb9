/* links: xwsh/topology.c xwsh/topology_wiring.c xwsh/topology_layout.c xwsh/topology_draw.c xwsh/picture.c xwsh/safe_text.c xwadm/address.c common/names.c */
/* Topologies drawn, as they have to look, and told in words. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <locale.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "xwsh/topology.h"

enum { STATES_WIDTH = 9, NAME_MAX_LENGTH = 32 };

typedef struct xw_topology_interface interface;
typedef struct xw_topology_machine machine;

#define COUNT(list) (sizeof(list) / sizeof((list)[0]))
#define ON(list)    .interface_count = COUNT(list), .interfaces = (list)
#define RUNNING     .words = "running", .mark = XW_MARK_GOOD
#define OFF         .words = "off", .mark = XW_MARK_OFF
#define LAB(nets, all)                                                                             \
    {                                                                                              \
        .segment_count = COUNT(nets), .segments = (nets), .machine_count = COUNT(all),             \
        .machines = (all), .words_columns = STATES_WIDTH                                           \
    }

static const char *const outside_inside[] = {"outside", "inside"};
static const interface router_on[] = {{"outside", "10.1.0.1/24"}, {"inside", "10.2.0.1/24"}};
static const interface web_on[] = {{"inside", "10.2.0.2/24"}};
static const interface client_on[] = {{"outside", "10.1.0.2/24"}};
static const machine firewall_machines[] = {{.name = "router", RUNNING, ON(router_on)},
                                            {.name = "web", OFF, ON(web_on)},
                                            {.name = "client", OFF, ON(client_on)}};
static const struct xw_topology firewall = LAB(outside_inside, firewall_machines);

/* Requires this drawing, whose first line is the first after the newline. */
static void must_be(const struct xw_topology *topology, enum xw_charset charset, int columns,
                    const char *wanted)
{
    struct xw_drawing drawing;

    assert_int_equal(xw_topology_draw(topology, charset, columns, &drawing), 0);
    char *lines = xw_picture_lines(&drawing.picture);
    assert_non_null(lines);
    if (strcmp(lines, wanted + 1) != 0)
        fail_msg("drawn:\n%sinstead of:%s", lines, wanted);
    free(lines);
    xw_drawing_free(&drawing);
}

static void must_be_told(const struct xw_topology *topology, const char *wanted)
{
    char *text = xw_topology_describe(topology, XW_CHARSET_UTF8);

    assert_non_null(text);
    assert_string_equal(text, wanted);
    free(text);
}

static void a_router_stands_between_its_segments(void **state)
{
    (void)state;
    must_be(&firewall, XW_CHARSET_UTF8, 79,
            "\n"
            "                outside                          inside\n"
            "              10.1.0.0/24                     10.2.0.0/24\n"
            "                   ║                               ║\n"
            "┌─────────────┐    ║    ┌─────────────────────┐    ║    ┌─────────────┐\n"
            "│ client      │    ║    │ router              │    ║    │ web         │\n"
            "│ ○ off       │    ║    │ ● running           │    ║    │ ○ off       │\n"
            "│    10.1.0.2 ├────╫────┤ 10.1.0.1   10.2.0.1 ├────╫────┤ 10.2.0.2    │\n"
            "└─────────────┘    ║    └─────────────────────┘    ║    └─────────────┘\n"
            "                   ║                               ║\n");
}

static void in_ascii(void **state)
{
    (void)state;
    must_be(&firewall, XW_CHARSET_ASCII, 79,
            "\n"
            "                outside                          inside\n"
            "              10.1.0.0/24                     10.2.0.0/24\n"
            "                   #                               #\n"
            "+-------------+    #    +---------------------+    #    +-------------+\n"
            "| client      |    #    | router              |    #    | web         |\n"
            "| o off       |    #    | * running           |    #    | o off       |\n"
            "|    10.1.0.2 +----#----+ 10.1.0.1   10.2.0.1 +----#----+ 10.2.0.2    |\n"
            "+-------------+    #    +---------------------+    #    +-------------+\n"
            "                   #                               #\n");
}

static void narrower_it_is_stacked(void **state)
{
    (void)state;
    must_be(&firewall, XW_CHARSET_UTF8, 60,
            "\n"
            "  outside                          inside\n"
            "10.1.0.0/24                     10.2.0.0/24\n"
            "     ║                               ║\n"
            "     ║    ┌─────────────────────┐    ║    ┌─────────────┐\n"
            "     ║    │ router              │    ║    │ web         │\n"
            "     ║    │ ● running           │    ║    │ ○ off       │\n"
            "     ╟────┤ 10.1.0.1   10.2.0.1 ├────╫────┤ 10.2.0.2    │\n"
            "     ║    └─────────────────────┘    ║    └─────────────┘\n"
            "     ║    ┌─────────────────────┐    ║\n"
            "     ║    │ client              │    ║\n"
            "     ║    │ ○ off               │    ║\n"
            "     ╟────┤ 10.1.0.2            │    ║\n"
            "     ║    └─────────────────────┘    ║\n"
            "     ║                               ║\n");
    must_be(&firewall, XW_CHARSET_UTF8, 40,
            "\n"
            "  outside                      inside\n"
            "10.1.0.0/24                 10.2.0.0/24\n"
            "     ║                           ║\n"
            "     ║  ┌─────────────────────┐  ║\n"
            "     ║  │ router              │  ║\n"
            "     ║  │ ● running           │  ║\n"
            "     ╟──┤ 10.1.0.1   10.2.0.1 ├──╢\n"
            "     ║  └─────────────────────┘  ║\n"
            "     ║  ┌─────────────────────┐  ║\n"
            "     ║  │ web                 │  ║\n"
            "     ║  │ ○ off               │  ║\n"
            "     ║  │            10.2.0.2 ├──╢\n"
            "     ║  └─────────────────────┘  ║\n"
            "     ║  ┌─────────────────────┐  ║\n"
            "     ║  │ client              │  ║\n"
            "     ║  │ ○ off               │  ║\n"
            "     ╟──┤ 10.1.0.2            │  ║\n"
            "     ║  └─────────────────────┘  ║\n"
            "     ║                           ║\n");
}

static void one_segment(void **state)
{
    static const char *const lan[] = {"lan"};
    static const interface attacker_on[] = {{"lan", "10.0.0.66/24"}};
    static const interface a_on[] = {{"lan", "10.0.0.1/24"}};
    static const interface b_on[] = {{"lan", ""}};
    static const machine machines[] = {
        {.name = "alice-pc", RUNNING, ON(a_on)},
        {.name = "bob-pc", .words = "suspended", .mark = XW_MARK_BUSY, ON(b_on)},
        {.name = "attacker", .words = "crashed", .mark = XW_MARK_BAD, ON(attacker_on)}};
    const struct xw_topology topology = LAB(lan, machines);

    (void)state;
    must_be(&topology, XW_CHARSET_UTF8, 79,
            "\n"
            "                  lan\n"
            "              10.0.0.0/24\n"
            "                   ║\n"
            "┌─────────────┐    ║    ┌─────────────┐\n"
            "│ alice-pc    │    ║    │ bob-pc      │\n"
            "│ ● running   │    ║    │ ◐ suspended │\n"
            "│    10.0.0.1 ├────╫────┤ no address  │\n"
            "└─────────────┘    ║    └─────────────┘\n"
            "┌─────────────┐    ║\n"
            "│ attacker    │    ║\n"
            "│ ! crashed   │    ║\n"
            "│   10.0.0.66 ├────╢\n"
            "└─────────────┘    ║\n"
            "                   ║\n");
    must_be_told(&topology, "1 segment, 3 machines.\n"
                            "Segment lan, 10.0.0.0/24: alice-pc at 10.0.0.1, bob-pc with no "
                            "address, attacker at 10.0.0.66.\n"
                            "Machine alice-pc, running: on lan at 10.0.0.1.\n"
                            "Machine bob-pc, suspended: on lan with no address.\n"
                            "Machine attacker, crashed: on lan at 10.0.0.66.\n");
}

static const char *const three_segments[] = {"outside", "dmz", "inside"};
static const interface firewall_on[] = {
    {"outside", "198.51.100.2/24"}, {"dmz", "10.1.0.1/24"}, {"inside", "10.2.0.1/24"}};
static const interface shop_on[] = {{"dmz", "10.1.0.10/24"}};
static const interface mail_on[] = {{"dmz", "10.1.0.11/24"}};
static const interface desk_on[] = {{"inside", "10.2.0.20/24"}};
static const interface tunnel_on[] = {{"outside", "198.51.100.3/24"}, {"inside", "10.2.0.3/24"}};
static const machine three_machines[] = {{.name = "fw", RUNNING, ON(firewall_on)},
                                         {.name = "shop", RUNNING, ON(shop_on)},
                                         {.name = "mail", OFF, ON(mail_on)},
                                         {.name = "desk", OFF, ON(desk_on)},
                                         {.name = "vpn", RUNNING, ON(tunnel_on)}};
static const struct xw_topology three = LAB(three_segments, three_machines);

/* A line that goes on interrupts the segment that it passes. */
static void a_machine_with_three_interfaces(void **state)
{
    (void)state;
    must_be(&three, XW_CHARSET_UTF8, 79,
            "\n"
            "    outside                           dmz                        inside\n"
            "198.51.100.0/24                   10.1.0.0/24                 10.2.0.0/24\n"
            "       ║                               ║                           ║\n"
            "       ║                               ║  ┌─────────────────────┐  ║\n"
            "       ║                               ║  │ fw                  │  ║\n"
            "       ║                               ║  │ ● running           │  ║\n"
            "       ║                               ╟──┤ 10.1.0.1   10.2.0.1 ├──╢\n"
            "       ╟──────────────────────────────────┤ 198.51.100.2        │  ║\n"
            "       ║                               ║  └─────────────────────┘  ║\n"
            "       ║  ┌─────────────────────────┐  ║                           ║\n"
            "       ║  │ vpn                     │  ║                           ║\n"
            "       ║  │ ● running               │  ║                           ║\n"
            "       ╟──┤ 198.51.100.3   10.2.0.3 ├──────────────────────────────╢\n"
            "       ║  └─────────────────────────┘  ║                           ║\n"
            "       ║  ┌─────────────────────────┐  ║  ┌─────────────────────┐  ║\n"
            "       ║  │ shop                    │  ║  │ mail                │  ║\n"
            "       ║  │ ● running               │  ║  │ ○ off               │  ║\n"
            "       ║  │               10.1.0.10 ├──╫──┤ 10.1.0.11           │  ║\n"
            "       ║  └─────────────────────────┘  ║  └─────────────────────┘  ║\n"
            "       ║                               ║  ┌─────────────────────┐  ║\n"
            "       ║                               ║  │ desk                │  ║\n"
            "       ║                               ║  │ ○ off               │  ║\n"
            "       ║                               ║  │           10.2.0.20 ├──╢\n"
            "       ║                               ║  └─────────────────────┘  ║\n"
            "       ║                               ║                           ║\n");
    must_be(&three, XW_CHARSET_ASCII, 120,
            "\n"
            "    outside                               dmz                            inside\n"
            "198.51.100.0/24                       10.1.0.0/24                     10.2.0.0/24\n"
            "       #                                   #                               #\n"
            "       #                                   #    +---------------------+    #    "
            "+-------------+\n"
            "       #                                   #    | fw                  |    #    | "
            "desk        |\n"
            "       #                                   #    | * running           |    #    | o "
            "off       |\n"
            "       #                                   #----+ 10.1.0.1   10.2.0.1 +----#----+ "
            "10.2.0.20   |\n"
            "       #----------------------------------------+ 198.51.100.2        |    #    "
            "+-------------+\n"
            "       #                                   #    +---------------------+    #\n"
            "       #    +-------------------------+    #                               #\n"
            "       #    | vpn                     |    #                               #\n"
            "       #    | * running               |    #                               #\n"
            "       #----+ 198.51.100.3   10.2.0.3 +------------------------------------#\n"
            "       #    +-------------------------+    #                               #\n"
            "       #    +-------------------------+    #    +---------------------+    #\n"
            "       #    | shop                    |    #    | mail                |    #\n"
            "       #    | * running               |    #    | o off               |    #\n"
            "       #    |               10.1.0.10 +----#----+ 10.1.0.11           |    #\n"
            "       #    +-------------------------+    #    +---------------------+    #\n"
            "       #                                   #                               #\n");
}

static void seventeen_machines(void **state)
{
    static const char *const company[] = {"company"};
    static machine machines[17];
    static interface interfaces[17];
    static char names[17][16];
    static char addresses[17][32];
    const struct xw_topology topology = LAB(company, machines);

    (void)state;
    for (size_t i = 0; i < COUNT(machines); i++) {
        snprintf(names[i], sizeof(names[i]), "pc-%02zu", i + 1);
        snprintf(addresses[i], sizeof(addresses[i]), "172.16.0.%zu/16", 10 + i);
        interfaces[i] = (interface){"company", addresses[i]};
        machines[i] =
            (machine){.name = names[i], OFF, .interface_count = 1, .interfaces = &interfaces[i]};
    }
    must_be(&topology, XW_CHARSET_UTF8, 79,
            "\n"
            "                company\n"
            "             172.16.0.0/16\n"
            "                   ║\n"
            "┌─────────────┐    ║    ┌─────────────┐\n"
            "│ pc-01       │    ║    │ pc-02       │\n"
            "│ ○ off       │    ║    │ ○ off       │\n"
            "│ 172.16.0.10 ├────╫────┤ 172.16.0.11 │\n"
            "└─────────────┘    ║    └─────────────┘\n"
            "┌─────────────┐    ║    ┌─────────────┐\n"
            "│ pc-03       │    ║    │ pc-04       │\n"
            "│ ○ off       │    ║    │ ○ off       │\n"
            "│ 172.16.0.12 ├────╫────┤ 172.16.0.13 │\n"
            "└─────────────┘    ║    └─────────────┘\n"
            "┌─────────────┐    ║    ┌─────────────┐\n"
            "│ pc-05       │    ║    │ pc-06       │\n"
            "│ ○ off       │    ║    │ ○ off       │\n"
            "│ 172.16.0.14 ├────╫────┤ 172.16.0.15 │\n"
            "└─────────────┘    ║    └─────────────┘\n"
            "┌─────────────┐    ║    ┌─────────────┐\n"
            "│ pc-07       │    ║    │ pc-08       │\n"
            "│ ○ off       │    ║    │ ○ off       │\n"
            "│ 172.16.0.16 ├────╫────┤ 172.16.0.17 │\n"
            "└─────────────┘    ║    └─────────────┘\n"
            "┌─────────────┐    ║    ┌─────────────┐\n"
            "│ pc-09       │    ║    │ pc-10       │\n"
            "│ ○ off       │    ║    │ ○ off       │\n"
            "│ 172.16.0.18 ├────╫────┤ 172.16.0.19 │\n"
            "└─────────────┘    ║    └─────────────┘\n"
            "┌─────────────┐    ║    ┌─────────────┐\n"
            "│ pc-11       │    ║    │ pc-12       │\n"
            "│ ○ off       │    ║    │ ○ off       │\n"
            "│ 172.16.0.20 ├────╫────┤ 172.16.0.21 │\n"
            "└─────────────┘    ║    └─────────────┘\n"
            "┌─────────────┐    ║    ┌─────────────┐\n"
            "│ pc-13       │    ║    │ pc-14       │\n"
            "│ ○ off       │    ║    │ ○ off       │\n"
            "│ 172.16.0.22 ├────╫────┤ 172.16.0.23 │\n"
            "└─────────────┘    ║    └─────────────┘\n"
            "┌─────────────┐    ║    ┌─────────────┐\n"
            "│ pc-15       │    ║    │ pc-16       │\n"
            "│ ○ off       │    ║    │ ○ off       │\n"
            "│ 172.16.0.24 ├────╫────┤ 172.16.0.25 │\n"
            "└─────────────┘    ║    └─────────────┘\n"
            "┌─────────────┐    ║\n"
            "│ pc-17       │    ║\n"
            "│ ○ off       │    ║\n"
            "│ 172.16.0.26 ├────╢\n"
            "└─────────────┘    ║\n"
            "                   ║\n");
}

static void without_segments(void **state)
{
    static const interface lost_on[] = {{"nowhere", "10.0.0.1/24"}};
    static const machine machines[] = {{.name = "alone", OFF},
                                       {.name = "lost", OFF, ON(lost_on)},
                                       {.name = "bare", .words = "", .mark = XW_MARK_NONE}};
    const struct xw_topology topology = {
        .machine_count = COUNT(machines), .machines = machines, .words_columns = STATES_WIDTH};
    const struct xw_topology nothing = {0};

    (void)state;
    must_be(&topology, XW_CHARSET_UTF8, 79,
            "\n"
            "┌─────────────┐\n"
            "│ alone       │\n"
            "│ ○ off       │\n"
            "└─────────────┘\n"
            "┌─────────────┐\n"
            "│ lost        │\n"
            "│ ○ off       │\n"
            "└─────────────┘\n"
            "┌─────────────┐\n"
            "│ bare        │\n"
            "└─────────────┘\n");
    must_be_told(&topology, "0 segments, 3 machines.\n"
                            "Machine alone, off: on no segment.\n"
                            "Machine lost, off: on no segment.\n"
                            "Machine bare: on no segment.\n");
    must_be(&nothing, XW_CHARSET_UTF8, 79, "\n");
    must_be_told(&nothing, "0 segments, 0 machines.\n");
}

static void segments_without_machines(void **state)
{
    static const machine machines[] = {{.name = "web", OFF, ON(web_on)}, {.name = "usb", OFF}};
    const struct xw_topology topology = LAB(outside_inside, machines);
    const struct xw_topology empty = {.segment_count = 2, .segments = outside_inside};

    (void)state;
    must_be(&topology, XW_CHARSET_UTF8, 79,
            "\n"
            "                outside                  inside\n"
            "                                      10.2.0.0/24\n"
            "                   ║                       ║\n"
            "┌─────────────┐    ║    ┌─────────────┐    ║\n"
            "│ usb         │    ║    │ web         │    ║\n"
            "│ ○ off       │    ║    │ ○ off       │    ║\n"
            "└─────────────┘    ║    │    10.2.0.2 ├────╢\n"
            "                   ║    └─────────────┘    ║\n"
            "                   ║                       ║\n");
    must_be(&empty, XW_CHARSET_UTF8, 79,
            "\n"
            "outside  inside\n"
            "   ║       ║\n"
            "   ║       ║\n");
    must_be_told(&topology, "2 segments, 2 machines.\n"
                            "Segment outside: no machine.\n"
                            "Segment inside, 10.2.0.0/24: web at 10.2.0.2.\n"
                            "Machine web, off: on inside at 10.2.0.2.\n"
                            "Machine usb, off: on no segment.\n");
}

#define LONGEST "abcdefghijklmnopqrstuvwxyz-12345"

static void the_longest_names(void **state)
{
    static const char *const segments[] = {LONGEST, "z" LONGEST};
    static const interface long_on[] = {{LONGEST, "2001:db8:1111:2222:3333:4444:5555:6666/64"},
                                        {"z" LONGEST, "255.255.255.255/32"}};
    static const machine machines[] = {{.name = LONGEST, RUNNING, ON(long_on)}};
    const struct xw_topology topology = LAB(segments, machines);

    (void)state;
    assert_int_equal(strlen(LONGEST), NAME_MAX_LENGTH);
    must_be(&topology, XW_CHARSET_UTF8, 79,
            "\n"
            "abcdefghijklmnopqrstuvwxyz-12345              zabcdefghijklmnopqrstuvwxyz-12345\n"
            "    2001:db8:1111:2222::/64\n"
            "               ║                                              ║\n"
            "               ║  ┌────────────────────────────────────────┐  ║\n"
            "               ║  │ abcdefghijklmnopqrstuvwxyz-12345       │  ║\n"
            "               ║  │ ● running                              │  ║\n"
            "               ╟──┤ 2001:db8:1111:2222:3333:4444:5555:6666 │  ║\n"
            "               ║  │                     255.255.255.255/32 ├──╢\n"
            "               ║  └────────────────────────────────────────┘  ║\n"
            "               ║                                              ║\n");
}

/* Where no subnet tells the prefixes, the addresses do. */
static void addresses_of_several_subnets(void **state)
{
    static const char *const segments[] = {"lan", "mixed", "wide"};
    static const interface a_on[] = {{"lan", "10.0.0.1/24"}, {"mixed", "fd00::1/64"}};
    static const interface b_on[] = {{"lan", "10.0.1.1/24"}, {"mixed", "10.1.0.1/16"}};
    static const interface c_on[] = {{"wide", "10.2.0.1/24"}};
    static const interface d_on[] = {{"wide", "10.2.0.2/16"}};
    static const machine machines[] = {{.name = "a", OFF, ON(a_on)},
                                       {.name = "b", OFF, ON(b_on)},
                                       {.name = "c", OFF, ON(c_on)},
                                       {.name = "d", OFF, ON(d_on)}};
    const struct xw_topology topology = LAB(segments, machines);

    (void)state;
    must_be_told(&topology, "3 segments, 4 machines.\n"
                            "Segment lan: a at 10.0.0.1/24, b at 10.0.1.1/24.\n"
                            "Segment mixed: a at fd00::1/64, b at 10.1.0.1/16.\n"
                            "Segment wide: c at 10.2.0.1/24, d at 10.2.0.2/16.\n"
                            "Machine a, off: on lan at 10.0.0.1/24, on mixed at fd00::1/64.\n"
                            "Machine b, off: on lan at 10.0.1.1/24, on mixed at 10.1.0.1/16.\n"
                            "Machine c, off: on wide at 10.2.0.1/24.\n"
                            "Machine d, off: on wide at 10.2.0.2/16.\n");
}

/* A chain of four segments, which would be too wide with two addresses in a row. */
static void many_segments(void **state)
{
    static const char *const segments[] = {"lan-1", "lan-2", "lan-3", "lan-4"};
    static const interface r1_on[] = {{"lan-1", "10.1.0.1/16"}, {"lan-2", "10.2.0.1/16"}};
    static const interface r2_on[] = {{"lan-2", "10.2.0.2/16"}, {"lan-3", "10.3.0.2/16"}};
    static const interface r3_on[] = {{"lan-3", "10.3.0.3/16"}, {"lan-4", "10.4.0.3/16"}};
    static const interface pc_on[] = {{"lan-4", "10.4.0.99/16"}};
    static const machine machines[] = {{.name = "r1", RUNNING, ON(r1_on)},
                                       {.name = "r2", RUNNING, ON(r2_on)},
                                       {.name = "r3", RUNNING, ON(r3_on)},
                                       {.name = "pc", OFF, ON(pc_on)}};
    const struct xw_topology topology = LAB(segments, machines);

    (void)state;
    must_be(&topology, XW_CHARSET_UTF8, 79,
            "\n"
            "   lan-1               lan-2               lan-3               lan-4\n"
            "10.1.0.0/16         10.2.0.0/16         10.3.0.0/16         10.4.0.0/16\n"
            "     ║                   ║                   ║                   ║\n"
            "     ║  ┌─────────────┐  ║  ┌─────────────┐  ║  ┌─────────────┐  ║\n"
            "     ║  │ r1          │  ║  │ r2          │  ║  │ r3          │  ║\n"
            "     ║  │ ● running   │  ║  │ ● running   │  ║  │ ● running   │  ║\n"
            "     ╟──┤ 10.1.0.1    │  ╟──┤ 10.2.0.2    │  ╟──┤ 10.3.0.3    │  ║\n"
            "     ║  │    10.2.0.1 ├──╢  │    10.3.0.2 ├──╢  │    10.4.0.3 ├──╢\n"
            "     ║  └─────────────┘  ║  └─────────────┘  ║  └─────────────┘  ║\n"
            "     ║                   ║                   ║  ┌─────────────┐  ║\n"
            "     ║                   ║                   ║  │ pc          │  ║\n"
            "     ║                   ║                   ║  │ ○ off       │  ║\n"
            "     ║                   ║                   ║  │   10.4.0.99 ├──╢\n"
            "     ║                   ║                   ║  └─────────────┘  ║\n"
            "     ║                   ║                   ║                   ║\n");
    must_be(&topology, XW_CHARSET_UTF8, 140,
            "\n"
            "   lan-1                           lan-2                           lan-3              "
            "             lan-4\n"
            "10.1.0.0/16                     10.2.0.0/16                     10.3.0.0/16           "
            "          10.4.0.0/16\n"
            "     ║                               ║                               ║                "
            "               ║\n"
            "     ║    ┌─────────────────────┐    ║    ┌─────────────────────┐    ║    "
            "┌─────────────────────┐    ║    ┌─────────────┐\n"
            "     ║    │ r1                  │    ║    │ r2                  │    ║    │ r3        "
            "          │    ║    │ pc          │\n"
            "     ║    │ ● running           │    ║    │ ● running           │    ║    │ ● running "
            "          │    ║    │ ○ off       │\n"
            "     ╟────┤ 10.1.0.1   10.2.0.1 ├────╫────┤ 10.2.0.2   10.3.0.2 ├────╫────┤ 10.3.0.3  "
            " 10.4.0.3 ├────╫────┤ 10.4.0.99   │\n"
            "     ║    └─────────────────────┘    ║    └─────────────────────┘    ║    "
            "└─────────────────────┘    ║    └─────────────┘\n"
            "     ║                               ║                               ║                "
            "               ║\n");
}

/* Characters of two columns keep their room; what a terminal would act on is shown. */
static void wide_and_hostile_texts(void **state)
{
    static const char *const segments[] = {"\xe6\xbc\xa2\xe5\xad\x97"};
    static const interface wide_on[] = {{"\xe6\xbc\xa2\xe5\xad\x97", "\x1b[2J"}};
    static const machine machines[] = {
        {.name = "\xe6\xbc\xa2\xe5\xad\x97\xe6\xbc\xa2\xe5\xad\x97\xe6\xbc\xa2\xe5\xad\x97",
         .words = "\xe2\x80\xae"
                  "e\xcc\x81",
         .mark = XW_MARK_BAD,
         ON(wide_on)}};
    const struct xw_topology topology = LAB(segments, machines);

    (void)state;
    must_be(&topology, XW_CHARSET_UTF8, 79,
            "\n"
            "                   漢字\n"
            "                    ║\n"
            "┌──────────────┐    ║\n"
            "│ 漢字漢字漢字 │    ║\n"
            "│ ! \\u202ee    │    ║\n"
            "│      \\x1b[2J ├────╢\n"
            "└──────────────┘    ║\n"
            "                    ║\n");
    must_be(&topology, XW_CHARSET_ASCII, 79,
            "\n"
            "                   ??\n"
            "                   #\n"
            "+-------------+    #\n"
            "| ??????      |    #\n"
            "| ! \\u202ee?  |    #\n"
            "|     \\x1b[2J +----#\n"
            "+-------------+    #\n"
            "                   #\n");
    must_be_told(&topology, "1 segment, 1 machine.\n"
                            "Segment 漢字: 漢字漢字漢字 at \\x1b[2J.\n"
                            "Machine 漢字漢字漢字, \\u202eé: on 漢字 at \\x1b[2J.\n");
}

static void in_words(void **state)
{
    (void)state;
    must_be_told(&firewall,
                 "2 segments, 3 machines.\n"
                 "Segment outside, 10.1.0.0/24: router at 10.1.0.1, client at 10.1.0.2.\n"
                 "Segment inside, 10.2.0.0/24: router at 10.2.0.1, web at 10.2.0.2.\n"
                 "Machine router, running: on outside at 10.1.0.1, on inside at 10.2.0.1.\n"
                 "Machine web, off: on inside at 10.2.0.2.\n"
                 "Machine client, off: on outside at 10.1.0.2.\n");
    must_be_told(
        &three, "3 segments, 5 machines.\n"
                "Segment outside, 198.51.100.0/24: fw at 198.51.100.2, vpn at 198.51.100.3.\n"
                "Segment dmz, 10.1.0.0/24: fw at 10.1.0.1, shop at 10.1.0.10, mail at 10.1.0.11.\n"
                "Segment inside, 10.2.0.0/24: fw at 10.2.0.1, desk at 10.2.0.20, vpn at 10.2.0.3.\n"
                "Machine fw, running: on outside at 198.51.100.2, on dmz at 10.1.0.1, on inside at "
                "10.2.0.1.\n"
                "Machine shop, running: on dmz at 10.1.0.10.\n"
                "Machine mail, off: on dmz at 10.1.0.11.\n"
                "Machine desk, off: on inside at 10.2.0.20.\n"
                "Machine vpn, running: on outside at 198.51.100.3, on inside at 10.2.0.3.\n");
}

/* --- any topology -------------------------------------------------------------------------------
 */

enum { SEGMENTS = 7, MACHINES = 24, INTERFACES = 6, ROUNDS = 400 };
enum { ACROSS = 0x2500, INTO_LEFT = 0x2524, INTO_RIGHT = 0x251c, SEGMENT = 0x2551 };
enum { KNOT_LEFT = 0x2562, KNOT_RIGHT = 0x255f, KNOT_BOTH = 0x256b };

static const char *const all_segments[SEGMENTS] = {"a",   "segment-b",   "c", "d-has-a-long-name",
                                                   "eee", "f-segment-f", "g"};

static unsigned int next_random(unsigned int *seed, unsigned int below)
{
    *seed = *seed * 1103515245U + 12345U;
    return (*seed >> 16) % below;
}

/* Which segment has its line in that column, by the row below the names. */
static size_t segment_at(const struct xw_drawing *drawing, int column)
{
    size_t index = 0;

    assert_int_equal(xw_picture_at(&drawing->picture, drawing->head, column), SEGMENT);
    for (int i = 0; i < column; i++)
        index += xw_picture_at(&drawing->picture, drawing->head, i) == SEGMENT;
    return index;
}

/* Follows a line from a box. Returns its segment, to which it must be joined. */
static size_t follow(const struct xw_drawing *drawing, int row, int column, int step)
{
    do {
        column += step;
    } while (xw_picture_at(&drawing->picture, row, column) == ACROSS);
    uint32_t knot = xw_picture_at(&drawing->picture, row, column);
    assert_true(knot == KNOT_BOTH || knot == (uint32_t)(step > 0 ? KNOT_LEFT : KNOT_RIGHT));
    return segment_at(drawing, column);
}

/* Each interface has its line, and there is no other. */
static void check_machine(const struct xw_topology *topology, const struct xw_drawing *drawing,
                          size_t index)
{
    const struct xw_topology_box *box = &drawing->boxes[index];
    const int right = box->column + box->columns - 1;
    int reached[SEGMENTS] = {0};

    assert_true(box->column >= 0 && right < drawing->picture.columns);
    assert_true(box->row >= drawing->head && box->row + box->rows <= drawing->picture.rows);
    for (int row = box->row; row < box->row + box->rows; row++) {
        if (xw_picture_at(&drawing->picture, row, box->column) == INTO_LEFT)
            reached[follow(drawing, row, box->column, -1)]++;
        if (xw_picture_at(&drawing->picture, row, right) == INTO_RIGHT)
            reached[follow(drawing, row, right, 1)]++;
    }
    for (size_t i = 0; i < topology->machines[index].interface_count; i++) {
        for (size_t j = 0; j < topology->segment_count; j++)
            reached[j] -=
                strcmp(topology->machines[index].interfaces[i].segment, topology->segments[j]) == 0;
    }
    for (size_t i = 0; i < SEGMENTS; i++)
        assert_int_equal(reached[i], 0);
}

static bool are_apart(const struct xw_topology_box *a, const struct xw_topology_box *b)
{
    return a->row + a->rows <= b->row || b->row + b->rows <= a->row ||
           a->column + a->columns <= b->column || b->column + b->columns <= a->column;
}

static int count_knots(const struct xw_picture *picture)
{
    int knots = 0;

    for (int i = 0; i < picture->rows * picture->columns; i++) {
        uint32_t code = picture->cells[i].code;
        knots += code == KNOT_LEFT || code == KNOT_RIGHT ? 1 : code == KNOT_BOTH ? 2 : 0;
    }
    return knots;
}

static void every_line_goes_where_it_belongs(void **state)
{
    static const int widths[] = {10, 79, 130, 300};
    static machine machines[MACHINES];
    static interface interfaces[MACHINES][INTERFACES];
    struct xw_topology topology = {.segments = all_segments, .machines = machines};
    unsigned int seed = 1;

    (void)state;
    for (int round = 0; round < ROUNDS; round++) {
        struct xw_drawing drawing;
        size_t wires = 0;
        topology.segment_count = 1 + next_random(&seed, SEGMENTS);
        topology.machine_count = next_random(&seed, MACHINES + 1);
        for (size_t i = 0; i < topology.machine_count; i++) {
            unsigned int count = next_random(&seed, next_random(&seed, 4) ? 3 : INTERFACES + 1);
            for (unsigned int j = 0; j < count; j++)
                interfaces[i][j] = (interface){
                    all_segments[next_random(&seed, (unsigned int)topology.segment_count)],
                    next_random(&seed, 3) ? "10.0.0.1/24" : "10.255.255.254/30"};
            machines[i] = (machine){.name = all_segments[next_random(&seed, SEGMENTS)],
                                    .words = next_random(&seed, 4) ? "running" : "",
                                    .interface_count = count,
                                    .interfaces = interfaces[i]};
            wires += count;
        }
        int rc = xw_topology_draw(&topology, XW_CHARSET_UTF8,
                                  widths[next_random(&seed, COUNT(widths))], &drawing);
        assert_int_equal(rc, 0);
        for (size_t i = 0; i < topology.machine_count; i++) {
            check_machine(&topology, &drawing, i);
            for (size_t j = 0; j < i; j++)
                assert_true(are_apart(&drawing.boxes[i], &drawing.boxes[j]));
        }
        assert_int_equal(count_knots(&drawing.picture), wires);
        xw_drawing_free(&drawing);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_router_stands_between_its_segments),
        cmocka_unit_test(in_ascii),
        cmocka_unit_test(narrower_it_is_stacked),
        cmocka_unit_test(one_segment),
        cmocka_unit_test(a_machine_with_three_interfaces),
        cmocka_unit_test(seventeen_machines),
        cmocka_unit_test(without_segments),
        cmocka_unit_test(segments_without_machines),
        cmocka_unit_test(the_longest_names),
        cmocka_unit_test(addresses_of_several_subnets),
        cmocka_unit_test(many_segments),
        cmocka_unit_test(wide_and_hostile_texts),
        cmocka_unit_test(in_words),
        cmocka_unit_test(every_line_goes_where_it_belongs),
    };

    if (!setlocale(LC_CTYPE, "C.UTF-8"))
        return 1;
    return cmocka_run_group_tests(tests, NULL, NULL);
}
