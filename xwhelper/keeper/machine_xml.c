#include <errno.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "common/cleanup.h"
#include "common/copy_frame.h"
#include "common/paths.h"
#include "xwhelper/keeper/machine.h"

/* What the parts of one definition are made from. */
struct source {
    const struct xw_machine *machine;
    const struct xw_plan *plan;
    const struct xw_plan_machine *planned;
    const struct xw_image *image;
    const char *accelerator;
    const struct xw_bounds *bounds;
    const char *overlay;
    const char *console;
    const char *log;
    const char *copy;
};

/* Text for an element or for an attribute in single quotes. */
static void put_escaped(FILE *xml, const char *text)
{
    for (; *text; text++) {
        switch (*text) {
        case '&':
            fputs("&amp;", xml);
            break;
        case '<':
            fputs("&lt;", xml);
            break;
        case '>':
            fputs("&gt;", xml);
            break;
        case '\'':
            fputs("&apos;", xml);
            break;
        case '"':
            fputs("&quot;", xml);
            break;
        default:
            fputc(*text, xml);
        }
    }
}

/* before, the escaped value, after. */
static void put(FILE *xml, const char *before, const char *value, const char *after)
{
    fputs(before, xml);
    put_escaped(xml, value);
    fputs(after, xml);
}

/* The path of a file of the image between before and after. */
static void put_image_file(FILE *xml, const struct source *source, const char *before,
                           const char *file, const char *after)
{
    put(xml, before, XW_IMAGES_DIR, "/");
    put(xml, "", source->image->name, "/");
    put(xml, "", file, after);
}

/* Called with the stream of one fw_cfg entry. */
typedef void (*entry_writer)(FILE *text, const struct source *source);

static void write_hostname(FILE *text, const struct source *source)
{
    fputs(source->machine->machine, text);
}

static void write_interfaces(FILE *text, const struct source *source)
{
    for (size_t i = 0; i < source->planned->interface_count; i++) {
        const char *address = source->planned->interfaces[i].address;
        char mac[XW_MAC_SIZE];

        xw_machine_mac(source->machine, i, mac);
        fprintf(text, "%s%s %s", i ? ";" : "", mac, address[0] ? address : "-");
    }
}

static void write_hosts(FILE *text, const struct source *source)
{
    const char *between = "";

    for (size_t i = 0; i < source->plan->machine_count; i++) {
        const struct xw_plan_machine *machine = &source->plan->machines[i];

        for (size_t j = 0; j < machine->interface_count; j++) {
            const char *address = machine->interfaces[j].address;

            if (!address[0])
                continue;
            fprintf(text, "%s%.*s %s", between, (int)strcspn(address, "/"), address, machine->name);
            between = ";";
        }
    }
}

static void write_gateway(FILE *text, const struct source *source)
{
    fputs(source->planned->gateway, text);
}

static void write_forward(FILE *text, const struct source *source)
{
    if (source->planned->forward)
        fputc('1', text);
}

/* One entry for the guest's fw_cfg device; none where there is nothing to say. */
static int put_entry(FILE *xml, const struct source *source, const char *name, entry_writer write)
{
    XW_AUTO_FREE char *value = NULL;
    size_t size = 0;
    FILE *text = open_memstream(&value, &size);

    if (!text)
        return -ENOMEM;
    write(text, source);
    if (fclose(text) != 0)
        return -ENOMEM;
    if (size > 0) {
        put(xml, "    <entry name='opt/org.xworlds/", name, "'>");
        put(xml, "", value, "</entry>\n");
    }
    return 0;
}

static int put_entries(FILE *xml, const struct source *source)
{
    static const struct {
        const char *name;
        entry_writer write;
    } entries[] = {
        {"hostname", write_hostname}, {"interfaces", write_interfaces}, {"hosts", write_hosts},
        {"gateway", write_gateway},   {"forward", write_forward},
    };

    fputs("  <sysinfo type='fwcfg'>\n", xml);
    for (size_t i = 0; i < sizeof(entries) / sizeof(entries[0]); i++) {
        int rc = put_entry(xml, source, entries[i].name, entries[i].write);
        if (rc < 0)
            return rc;
    }
    fputs("  </sysinfo>\n", xml);
    return 0;
}

static void put_identity(FILE *xml, const struct source *source)
{
    char name[XW_DOMAIN_NAME_SIZE];
    uuid_t uuid = {0};
    char text[UUID_STR_LEN];

    xw_machine_domain(source->machine, name);
    xw_machine_uuid(source->machine, uuid);
    uuid_unparse_lower(uuid, text);
    put(xml, "<domain type='", source->accelerator, "'>\n");
    put(xml, "  <name>", name, "</name>\n");
    put(xml, "  <uuid>", text, "</uuid>\n");
    fprintf(xml, "  <memory unit='MiB'>%u</memory>\n  <vcpu>%u</vcpu>\n", source->planned->memory,
            source->planned->vcpus);
}

/* Every world's cgroup has the same weight, which is the default of each; so have its machines'. */
static void put_bounds(FILE *xml, const struct source *source)
{
    const struct xw_machine *machine = source->machine;
    char partition[XW_PARTITION_SIZE];

    if (source->bounds->memory_limit)
        fprintf(xml, "  <memtune><soft_limit unit='MiB'>%u</soft_limit></memtune>\n",
                xw_machine_memory_limit(source->planned->memory));
    if (source->bounds->partition) {
        xw_world_partition(machine->lab, machine->owner, partition);
        put(xml, "  <resource><partition>", partition, "</partition></resource>\n");
    }
}

static void put_boot(FILE *xml, const struct source *source)
{
    const struct xw_image *image = source->image;

    fputs("  <os>\n    <type arch='x86_64' machine='q35'>hvm</type>\n", xml);
    if (image->kernel[0]) {
        put_image_file(xml, source, "    <kernel>", image->kernel, "</kernel>\n");
        if (image->initrd[0])
            put_image_file(xml, source, "    <initrd>", image->initrd, "</initrd>\n");
        if (image->cmdline[0])
            put(xml, "    <cmdline>", image->cmdline, "</cmdline>\n");
    } else {
        fputs("    <boot dev='hd'/>\n", xml);
    }
    fputs("  </os>\n  <features>\n    <acpi/>\n    <apic/>\n", xml);
    /* TCG's own cache of translated code would else be as large as a small guest's memory. */
    if (strcmp(source->accelerator, "kvm") != 0)
        fputs("    <tcg><tb-cache unit='MiB'>32</tb-cache></tcg>\n", xml);
    fputs("  </features>\n", xml);
}

/*
 * With KVM a distribution's kernel gets the host's processor; a disk that brings a loader of its
 * own gets libvirt's plain model, which every KVM can give (some can't set all registers of the
 * host's processor).
 */
static void put_processor(FILE *xml, const struct source *source)
{
    if (strcmp(source->accelerator, "kvm") != 0)
        fputs("  <cpu mode='custom' match='exact'><model>qemu64</model></cpu>\n", xml);
    else if (source->image->kernel[0])
        fputs("  <cpu mode='host-passthrough'/>\n", xml);
    fputs("  <on_poweroff>destroy</on_poweroff>\n"
          "  <on_reboot>restart</on_reboot>\n"
          "  <on_crash>destroy</on_crash>\n",
          xml);
}

/* By QEMU itself, so that no controller is needed. */
static void put_disk_bounds(FILE *xml, const struct source *source)
{
    const struct xw_bounds *bounds = source->bounds;

    if (!bounds->disk_rate && !bounds->disk_operations)
        return;
    fputs("      <iotune>\n", xml);
    if (bounds->disk_rate)
        fprintf(xml, "        <total_bytes_sec>%llu</total_bytes_sec>\n",
                (unsigned long long)bounds->disk_rate << 20);
    if (bounds->disk_operations)
        fprintf(xml, "        <total_iops_sec>%u</total_iops_sec>\n", bounds->disk_operations);
    fputs("      </iotune>\n", xml);
}

/*
 * The chain is written out so that libvirt probes nothing, and the base, which all worlds share,
 * keeps its owner. Where the host's disk takes no more the guest is paused instead of told, so that
 * it loses nothing: upon every error of writing, because QEMU's "enospace" is ENOSPC alone, and a
 * project quota of ext4 says EDQUOT. What a deleted checkpoint took is given back to the host.
 */
static void put_disk(FILE *xml, const struct source *source)
{
    fputs("    <disk type='file' device='disk'>\n"
          "      <driver name='qemu' type='qcow2' error_policy='stop' "
          "rerror_policy='report' discard='unmap'/>\n",
          xml);
    put(xml, "      <source file='", source->overlay, "'/>\n");
    fputs("      <backingStore type='file'>\n        <format type='qcow2'/>\n", xml);
    put_image_file(xml, source, "        <source file='", source->image->disk, "'>\n");
    fputs("          <seclabel model='dac' relabel='no'/>\n"
          "        </source>\n"
          "        <backingStore/>\n"
          "      </backingStore>\n"
          "      <target dev='vda' bus='virtio'/>\n",
          xml);
    put_disk_bounds(xml, source);
    fputs("    </disk>\n", xml);
}

/*
 * The tap has a name that the nftables tables know: the host's IP answers on a bridge's port, too,
 * to frames for the addresses that IEEE 802.1D keeps from being forwarded, and speaks there by
 * itself.
 */
static void put_interfaces(FILE *xml, const struct source *source)
{
    const struct xw_machine *machine = source->machine;

    for (size_t i = 0; i < source->planned->interface_count; i++) {
        char mac[XW_MAC_SIZE];
        char bridge[XW_BRIDGE_SIZE];
        char tap[XW_BRIDGE_SIZE];

        xw_machine_mac(machine, i, mac);
        xw_segment_bridge(machine->lab, machine->owner, source->planned->interfaces[i].segment,
                          bridge);
        xw_machine_tap(machine, i, tap);
        fputs("    <interface type='bridge'>\n", xml);
        put(xml, "      <mac address='", mac, "'/>\n");
        put(xml, "      <source bridge='", bridge, "'/>\n");
        put(xml, "      <target dev='", tap, "'/>\n");
        fputs("      <model type='virtio'/>\n"
              "      <rom enabled='no'/>\n"
              "    </interface>\n",
              xml);
    }
}

/*
 * Nothing where the lab lets nothing be copied: no channel is safer than one that is not used.
 * libvirt would add the controller by itself, between those of PCI, and after them once the machine
 * has run; then each deployment would find the definition changed.
 */
static void put_channel(FILE *xml, const struct source *source)
{
    if (source->plan->copy_limit == 0)
        return;
    put(xml, "    <channel type='unix'>\n      <source mode='bind' path='", source->copy, "'/>\n");
    put(xml, "      <target type='virtio' name='", XW_COPY_CHANNEL, "'/>\n");
    fputs("    </channel>\n"
          "    <controller type='virtio-serial' index='0'/>\n",
          xml);
}

/*
 * A display that listens nowhere: whoever may see it is given a connection of their own through
 * libvirt. A viewer who asks to be alone, as some do unless told otherwise, is shared with all the
 * same (QEMU's "ignore"): "force-shared" would refuse them, the default turn the others out. The
 * tablet tells where the pointer is, as VNC does; until a guest's driver has taken it, there is the
 * PS/2 mouse.
 */
static void put_graphics(FILE *xml)
{
    fputs("    <graphics type='vnc' sharePolicy='ignore'>\n"
          "      <listen type='none'/>\n"
          "    </graphics>\n"
          "    <video>\n"
          "      <model type='vga'/>\n"
          "    </video>\n"
          "    <input type='tablet' bus='virtio'/>\n",
          xml);
}

static void put_devices(FILE *xml, const struct source *source)
{
    fputs("  <devices>\n", xml);
    put_disk(xml, source);
    put_interfaces(xml, source);
    put(xml, "    <serial type='unix'>\n      <source mode='bind' path='", source->console,
        "'/>\n");
    put(xml, "      <log file='", source->log, "' append='on'/>\n");
    fputs("      <target type='isa-serial' port='0'/>\n"
          "    </serial>\n",
          xml);
    put_channel(xml, source);
    if (source->planned->graphics)
        put_graphics(xml);
    fputs("    <rng model='virtio'>\n"
          "      <backend model='random'>/dev/urandom</backend>\n"
          "    </rng>\n"
          "    <controller type='usb' model='none'/>\n"
          "    <memballoon model='none'/>\n"
          "  </devices>\n"
          "</domain>\n",
          xml);
}

static int put_domain(FILE *xml, const struct source *source)
{
    put_identity(xml, source);
    int rc = put_entries(xml, source);
    if (rc < 0)
        return rc;
    put_bounds(xml, source);
    put_boot(xml, source);
    put_processor(xml, source);
    put_devices(xml, source);
    return ferror(xml) ? -ENOMEM : 0;
}

char *xw_machine_xml(const struct xw_machine *machine, const struct xw_plan *plan,
                     const struct xw_plan_machine *planned, const struct xw_image *image,
                     const char *accelerator, const struct xw_bounds *bounds, struct xw_error *err)
{
    char overlay[PATH_MAX];
    char console[PATH_MAX];
    char log[PATH_MAX];
    char copy[PATH_MAX];
    const struct source source = {machine, plan,    planned, image, accelerator,
                                  bounds,  overlay, console, log,   copy};

    if (xw_machine_log_path(machine, log, sizeof(log)) < 0 ||
        xw_machine_overlay_path(machine, overlay, sizeof(overlay)) < 0 ||
        xw_machine_copy_path(machine, copy, sizeof(copy)) < 0 ||
        xw_machine_console_path(machine, console, sizeof(console)) < 0) {
        xw_fail(err, -ENAMETOOLONG, "The paths of machine %s are too long", machine->machine);
        return NULL;
    }

    char *text = NULL;
    size_t size = 0;
    FILE *xml = open_memstream(&text, &size);
    int rc = xml ? put_domain(xml, &source) : -ENOMEM;

    if (xml && fclose(xml) != 0)
        rc = -ENOMEM;
    if (rc < 0) {
        free(text);
        xw_fail(err, rc, "There is not enough memory on the host");
        return NULL;
    }
    return text;
}
