/* links: xwhelper/keeper/machine.c xwhelper/keeper/machine_xml.c common/error.c */
/*
 * Names that are computed, which must never change, and what a definition says of accelerator, boot
 * and interfaces.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "xwhelper/keeper/machine.h"

static const struct xw_machine client = {"firewall", "alice", "client"};

static void names_are_what_they_were(void **state)
{
    char bridge[XW_BRIDGE_SIZE];
    char mac[XW_MAC_SIZE];
    char tap[XW_BRIDGE_SIZE];

    (void)state;
    xw_segment_bridge("firewall", "alice", "outside", bridge);
    assert_string_equal(bridge, "xw-wsvypgbmcbll");
    xw_machine_mac(&client, 0, mac);
    assert_string_equal(mac, "52:54:00:7e:5b:57");
    xw_machine_tap(&client, 0, tap);
    assert_string_equal(tap, "xwt-gbdopw3ex2w");
}

/* contrib/xworlds.nft knows them by their beginnings. */
static void taps_fit_and_differ(void **state)
{
    const struct xw_machine other = {"firewall", "bob", "client"};
    char one[XW_BRIDGE_SIZE];
    char two[XW_BRIDGE_SIZE];

    (void)state;
    xw_machine_tap(&client, 0, one);
    assert_int_equal(strlen(one), 15);
    assert_memory_equal(one, "xwt-", 4);
    xw_machine_tap(&client, 1, two);
    assert_string_not_equal(one, two);
    xw_machine_tap(&other, 0, two);
    assert_string_not_equal(one, two);
}

/* The definition of the client, on an image with a kernel or without. The caller frees it. */
static char *definition(const char *kernel, const char *accelerator)
{
    struct xw_plan *plan = calloc(1, sizeof(*plan));
    struct xw_image image = {.name = "tiny", .disk = "disk.qcow2"};
    struct xw_error err = {0};

    assert_non_null(plan);
    strcpy(image.kernel, kernel);
    strcpy(plan->lab, "firewall");
    strcpy(plan->segments[0], "outside");
    plan->segment_count = 1;
    plan->machine_count = 1;
    struct xw_plan_machine *planned = &plan->machines[0];
    strcpy(planned->name, "client");
    planned->memory = 128;
    planned->vcpus = 1;
    planned->interface_count = 1;
    strcpy(planned->interfaces[0].segment, "outside");
    char *xml = xw_machine_xml(&client, plan, planned, &image, accelerator, &err);
    free(plan);
    assert_non_null(xml);
    return xml;
}

static void check(const char *kernel, const char *accelerator, const char *const *present,
                  const char *const *absent)
{
    char *xml = definition(kernel, accelerator);

    for (; *present; present++) {
        if (!strstr(xml, *present))
            fail_msg("%s is missing: %s", *present, xml);
    }
    for (; *absent; absent++) {
        if (strstr(xml, *absent))
            fail_msg("%s is there: %s", *absent, xml);
    }
    free(xml);
}

static void a_disk_boots_by_itself(void **state)
{
    static const char *const present[] = {"<boot dev='hd'/>", "<domain type='kvm'>", NULL};
    static const char *const absent[] = {"<kernel>", "<initrd>", "<cmdline>",
                                         "<tcg>",    "<cpu ",    NULL};

    (void)state;
    check("", "kvm", present, absent);
}

static void a_kernel_gets_the_processor(void **state)
{
    static const char *const present[] = {"<kernel>/var/lib/xworlds/images/tiny/vmlinuz</kernel>",
                                          "<cpu mode='host-passthrough'/>", NULL};
    static const char *const absent[] = {"<boot dev='hd'/>", "qemu64", NULL};

    (void)state;
    check("vmlinuz", "kvm", present, absent);
}

static void emulation_is_bounded(void **state)
{
    static const char *const present[] = {"<domain type='qemu'>", "<model>qemu64</model>",
                                          "<tb-cache unit='MiB'>32</tb-cache>", NULL};
    static const char *const absent[] = {"host-passthrough", NULL};

    (void)state;
    check("", "qemu", present, absent);
    check("vmlinuz", "qemu", present, absent);
}

static void an_interface_has_our_names(void **state)
{
    char tap[XW_BRIDGE_SIZE];
    char target[64];

    (void)state;
    xw_machine_tap(&client, 0, tap);
    snprintf(target, sizeof(target), "<target dev='%s'/>", tap);
    const char *const present[] = {"<source bridge='xw-wsvypgbmcbll'/>", target, NULL};
    static const char *const absent[] = {"vnet", NULL};
    check("vmlinuz", "qemu", present, absent);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(names_are_what_they_were), cmocka_unit_test(taps_fit_and_differ),
        cmocka_unit_test(a_disk_boots_by_itself),   cmocka_unit_test(a_kernel_gets_the_processor),
        cmocka_unit_test(emulation_is_bounded),     cmocka_unit_test(an_interface_has_our_names),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
