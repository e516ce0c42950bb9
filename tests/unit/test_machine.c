/* links: xwhelper/keeper/machine.c xwhelper/keeper/machine_xml.c common/error.c */
/*
 * Names that are computed, which must never change, and what a definition says of accelerator, boot
 * and interfaces, and that it is whole.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/unit/faults.h"
#include "xwhelper/keeper/machine.h"

XW_FAULTY_MEMORY;

/* What fails to be closed is gone all the same. */
int fclose(FILE *file)
{
    int (*libc)(FILE *) = NULL;

    *(void **)&libc = dlsym(RTLD_NEXT, "fclose");
    int rc = libc(file);
    return xw_fault_strikes("fclose") ? EOF : rc;
}

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

static const struct xw_bounds no_bounds;

static void names_of_partitions(void **state)
{
    char one[XW_PARTITION_SIZE];
    char two[XW_PARTITION_SIZE];

    (void)state;
    xw_world_partition("firewall", "alice", one);
    /* Never to be changed: machines may be running in it. */
    assert_string_equal(one, "/machine/xw/gxzs5v6i5yit");
    xw_world_partition("firewall", "@alice", two);
    assert_string_not_equal(one, two);
    xw_world_partition("firewal", "lalice", two);
    assert_string_not_equal(one, two);
    /* The longest that there are. */
    xw_world_partition("aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", "@bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb",
                       two);
    assert_int_equal(strlen(two), strlen(one));
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
    char *xml = xw_machine_xml(&client, plan, planned, &image, accelerator, &no_bounds, &err);
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
    static const char *const absent[] = {"<kernel>", "<initrd>", "<cmdline>", "<tcg>",
                                         "<cpu ",    "<channel", NULL};

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

/* A whole definition, as it was when libvirt and the guests were tried with it. */
static void the_definition_as_a_whole(void **state)
{
    static const char expected[] =
        "<domain type='kvm'>\n"
        "  <name>xw:firewall:alice:client</name>\n"
        "  <uuid>f4c788f8-0e29-55e2-b3b2-07280aa8861a</uuid>\n"
        "  <memory unit='MiB'>128</memory>\n"
        "  <vcpu>2</vcpu>\n"
        "  <sysinfo type='fwcfg'>\n"
        "    <entry name='opt/org.xworlds/hostname'>client</entry>\n"
        "    <entry name='opt/org.xworlds/interfaces'>52:54:00:7e:5b:57 "
        "10.1.0.2/24;52:54:00:fe:bf:2f -</entry>\n"
        "    <entry name='opt/org.xworlds/hosts'>10.1.0.2 client;fd00::2 web</entry>\n"
        "    <entry name='opt/org.xworlds/gateway'>10.1.0.1</entry>\n"
        "    <entry name='opt/org.xworlds/forward'>1</entry>\n"
        "  </sysinfo>\n"
        "  <memtune><soft_limit unit='MiB'>656</soft_limit></memtune>\n"
        "  <resource><partition>/machine/xw/gxzs5v6i5yit</partition></resource>\n"
        "  <os>\n"
        "    <type arch='x86_64' machine='q35'>hvm</type>\n"
        "    <kernel>/var/lib/xworlds/images/tiny/vmlinuz</kernel>\n"
        "    <initrd>/var/lib/xworlds/images/tiny/initrd.img</initrd>\n"
        "    <cmdline>quiet a=&quot;&lt;b&gt;&quot; &amp; &apos;c&apos;</cmdline>\n"
        "  </os>\n"
        "  <features>\n"
        "    <acpi/>\n"
        "    <apic/>\n"
        "  </features>\n"
        "  <cpu mode='host-passthrough'/>\n"
        "  <on_poweroff>destroy</on_poweroff>\n"
        "  <on_reboot>restart</on_reboot>\n"
        "  <on_crash>destroy</on_crash>\n"
        "  <devices>\n"
        "    <disk type='file' device='disk'>\n"
        "      <driver name='qemu' type='qcow2' error_policy='stop' "
        "rerror_policy='report' discard='unmap'/>\n"
        "      <source file='/var/lib/xworlds/worlds/firewall/alice/client.qcow2'/>\n"
        "      <backingStore type='file'>\n"
        "        <format type='qcow2'/>\n"
        "        <source file='/var/lib/xworlds/images/tiny/disk.qcow2'>\n"
        "          <seclabel model='dac' relabel='no'/>\n"
        "        </source>\n"
        "        <backingStore/>\n"
        "      </backingStore>\n"
        "      <target dev='vda' bus='virtio'/>\n"
        "      <iotune>\n"
        "        <total_bytes_sec>104857600</total_bytes_sec>\n"
        "        <total_iops_sec>2000</total_iops_sec>\n"
        "      </iotune>\n"
        "    </disk>\n"
        "    <interface type='bridge'>\n"
        "      <mac address='52:54:00:7e:5b:57'/>\n"
        "      <source bridge='xw-wsvypgbmcbll'/>\n"
        "      <target dev='xwt-gbdopw3ex2w'/>\n"
        "      <model type='virtio'/>\n"
        "      <rom enabled='no'/>\n"
        "    </interface>\n"
        "    <interface type='bridge'>\n"
        "      <mac address='52:54:00:fe:bf:2f'/>\n"
        "      <source bridge='xw-gwd25wyf3sgn'/>\n"
        "      <target dev='xwt-6jb2ocx3pzp'/>\n"
        "      <model type='virtio'/>\n"
        "      <rom enabled='no'/>\n"
        "    </interface>\n"
        "    <serial type='unix'>\n"
        "      <source mode='bind' "
        "path='/run/xworlds/console/f4c788f8-0e29-55e2-b3b2-07280aa8861a'/>\n"
        "      <log file='/var/lib/xworlds/worlds/firewall/alice/client.log' append='on'/>\n"
        "      <target type='isa-serial' port='0'/>\n"
        "    </serial>\n"
        "    <channel type='unix'>\n"
        "      <source mode='bind' "
        "path='/run/xworlds/console/f4c788f8-0e29-55e2-b3b2-07280aa8861a.copy'/>\n"
        "      <target type='virtio' name='org.xworlds.copy.0'/>\n"
        "    </channel>\n"
        "    <controller type='virtio-serial' index='0'/>\n"
        "    <rng model='virtio'>\n"
        "      <backend model='random'>/dev/urandom</backend>\n"
        "    </rng>\n"
        "    <controller type='usb' model='none'/>\n"
        "    <memballoon model='none'/>\n"
        "  </devices>\n"
        "</domain>\n";
    static struct xw_plan plan = {
        .lab = "firewall",
        .copy_limit = 64,
        .segment_count = 2,
        .segments = {"outside", "inside"},
        .machine_count = 2,
        .machines = {
            {.name = "client",
             .memory = 128,
             .vcpus = 2,
             .gateway = "10.1.0.1",
             .forward = true,
             .interface_count = 2,
             .interfaces = {{"outside", "10.1.0.2/24"}, {"inside", ""}}},
            {.name = "web", .interface_count = 1, .interfaces = {{"inside", "fd00::2/64"}}}}};
    const struct xw_image image = {.name = "tiny",
                                   .disk = "disk.qcow2",
                                   .kernel = "vmlinuz",
                                   .initrd = "initrd.img",
                                   .cmdline = "quiet a=\"<b>\" & 'c'"};
    const struct xw_bounds bounds = {true, true, 100, 2000};
    struct xw_error err = {0};

    (void)state;
    char *xml = xw_machine_xml(&client, &plan, &plan.machines[0], &image, "kvm", &bounds, &err);
    assert_non_null(xml);
    assert_string_equal(xml, expected);
    free(xml);
}

/* Where there is nothing to say, nothing is said. */
static void a_machine_alone(void **state)
{
    static const char *const said[] = {"org.xworlds/interfaces",
                                       "org.xworlds/hosts",
                                       "org.xworlds/gateway",
                                       "org.xworlds/forward",
                                       "<initrd>",
                                       "<cmdline>",
                                       "<interface ",
                                       "<memtune>",
                                       "<resource>",
                                       "<iotune>",
                                       "<graphics",
                                       "<video>",
                                       "<input"};
    static struct xw_plan plan = {
        .lab = "firewall", .machine_count = 1, .machines = {{.name = "client", .memory = 1}}};
    const struct xw_image image = {.name = "tiny", .disk = "disk.qcow2", .kernel = "vmlinuz"};
    struct xw_error err = {0};

    (void)state;
    char *xml = xw_machine_xml(&client, &plan, &plan.machines[0], &image, "kvm", &no_bounds, &err);
    assert_non_null(xml);
    assert_non_null(strstr(xml, "<entry name='opt/org.xworlds/hostname'>client</entry>"));
    for (size_t i = 0; i < sizeof(said) / sizeof(said[0]); i++)
        assert_null(strstr(xml, said[i]));
    free(xml);
}

/* A display that listens nowhere, and from which nobody can be turned out. */
static void a_machine_with_a_screen(void **state)
{
    static const char screen[] = "    <graphics type='vnc' sharePolicy='ignore'>\n"
                                 "      <listen type='none'/>\n"
                                 "    </graphics>\n"
                                 "    <video>\n"
                                 "      <model type='vga'/>\n"
                                 "    </video>\n";
    static struct xw_plan plan = {.lab = "firewall",
                                  .machine_count = 1,
                                  .machines = {{.name = "client", .memory = 1, .graphics = true}}};
    const struct xw_image image = {.name = "tiny", .disk = "disk.qcow2", .kernel = "vmlinuz"};
    struct xw_error err = {0};

    (void)state;
    char *xml = xw_machine_xml(&client, &plan, &plan.machines[0], &image, "kvm", &no_bounds, &err);
    assert_non_null(xml);
    assert_non_null(strstr(xml, screen));
    assert_null(strstr(strstr(xml, "<graphics") + 1, "<graphics"));
    free(xml);
}

/* Each bound by itself. */
static void bounds_one_by_one(void **state)
{
    static struct xw_plan plan = {
        .lab = "firewall", .machine_count = 1, .machines = {{.name = "client", .memory = 1}}};
    const struct xw_image image = {.name = "tiny", .disk = "disk.qcow2"};
    static const struct {
        struct xw_bounds bounds;
        const char *said;
    } rows[] = {
        {{.partition = true}, "<resource><partition>/machine/xw/"},
        {{.memory_limit = true}, "<memtune><soft_limit unit='MiB'>513</soft_limit></memtune>"},
        {{.disk_rate = 65536}, "<total_bytes_sec>68719476736</total_bytes_sec>"},
        {{.disk_operations = 10}, "<total_iops_sec>10</total_iops_sec>"},
    };
    enum { ROWS = sizeof(rows) / sizeof(rows[0]) };

    (void)state;
    for (size_t i = 0; i < ROWS; i++) {
        struct xw_error err = {0};
        char *xml =
            xw_machine_xml(&client, &plan, &plan.machines[0], &image, "kvm", &rows[i].bounds, &err);
        assert_non_null(xml);
        for (size_t j = 0; j < ROWS; j++)
            assert_int_equal(strstr(xml, rows[j].said) != NULL, i == j);
        free(xml);
    }
}

/* A definition is whole or none at all: no machine is defined without what it is told of itself. */
static void without_memory(void **state)
{
    static const char *const calls[] = {"open_memstream", "fclose"};
    static struct xw_plan plan = {
        .lab = "firewall", .machine_count = 1, .machines = {{.name = "client", .memory = 1}}};
    const struct xw_image image = {.name = "tiny", .disk = "disk.qcow2"};

    (void)state;
    for (size_t i = 0; i < sizeof(calls) / sizeof(calls[0]); i++) {
        int nth = 0;
        char *xml = NULL;

        /* Each stream once, until none is left to fail. */
        do {
            struct xw_error err = {0};
            xw_fault_set(calls[i], ++nth, ENOMEM);
            xml =
                xw_machine_xml(&client, &plan, &plan.machines[0], &image, "kvm", &no_bounds, &err);
            assert_int_equal(err.code, xml ? 0 : -ENOMEM);
            assert_string_equal(err.text, xml ? "" : "There is not enough memory on the host");
        } while (!xml && nth < 20);
        xw_fault_set(NULL, 0, 0);
        free(xml);
        /* The definition's own, and those of the five things that a guest can be told. */
        assert_int_equal(nth, 7);
    }
}

/* Paths have an end; what doesn't fit is an error and never a shorter path. */
static void paths_that_fit(void **state)
{
    static const char overlay[] = "/var/lib/xworlds/worlds/firewall/alice/client.qcow2";
    static const char console[] = "/run/xworlds/console/f4c788f8-0e29-55e2-b3b2-07280aa8861a";
    char path[256];

    (void)state;
    assert_int_equal(xw_machine_overlay_path(&client, path, sizeof(overlay)), 0);
    assert_string_equal(path, overlay);
    assert_int_equal(xw_machine_overlay_path(&client, path, sizeof(overlay) - 1), -ENAMETOOLONG);
    assert_int_equal(xw_machine_console_path(&client, path, sizeof(console)), 0);
    assert_string_equal(path, console);
    assert_int_equal(xw_machine_console_path(&client, path, sizeof(console) - 1), -ENAMETOOLONG);
}

/* Nor is there a definition that names another file. */
static void a_definition_whose_paths_do_not_fit(void **state)
{
    static char owner[PATH_MAX];
    static struct xw_plan plan = {
        .lab = "firewall", .machine_count = 1, .machines = {{.name = "client", .memory = 1}}};
    const struct xw_machine machine = {"firewall", owner, "client"};
    const struct xw_image image = {.name = "tiny", .disk = "disk.qcow2"};
    const size_t rest = strlen("/var/lib/xworlds/worlds/firewall//client.qcow2");
    struct xw_error err = {0};

    (void)state;
    memset(owner, 'a', PATH_MAX - rest);
    assert_null(
        xw_machine_xml(&machine, &plan, &plan.machines[0], &image, "kvm", &no_bounds, &err));
    assert_int_equal(err.code, -ENAMETOOLONG);
    assert_string_equal(err.text, "The paths of machine client are too long");
    owner[PATH_MAX - rest - 1] = '\0';
    char *xml = xw_machine_xml(&machine, &plan, &plan.machines[0], &image, "kvm", &no_bounds, &err);
    assert_non_null(xml);
    free(xml);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(names_are_what_they_were),
        cmocka_unit_test(taps_fit_and_differ),
        cmocka_unit_test(a_disk_boots_by_itself),
        cmocka_unit_test(a_kernel_gets_the_processor),
        cmocka_unit_test(emulation_is_bounded),
        cmocka_unit_test(an_interface_has_our_names),
        cmocka_unit_test(the_definition_as_a_whole),
        cmocka_unit_test(a_machine_alone),
        cmocka_unit_test(a_machine_with_a_screen),
        cmocka_unit_test(names_of_partitions),
        cmocka_unit_test(bounds_one_by_one),
        cmocka_unit_test(without_memory),
        cmocka_unit_test(paths_that_fit),
        cmocka_unit_test(a_definition_whose_paths_do_not_fit),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
