#include "xwhelper/keeper/machine.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "common/paths.h"

/* The name space of our UUIDs: drawn at random once, and never to be changed. */
static const uuid_t name_space = {0x6d, 0x1f, 0x0a, 0x52, 0xc3, 0x8e, 0x4b, 0x97,
                                  0xa5, 0x24, 0x7e, 0x39, 0xd0, 0xb6, 0x18, 0xf1};

static int fits(int length, size_t size)
{
    return length < 0 || (size_t)length >= size ? -ENAMETOOLONG : 0;
}

void xw_machine_domain(const struct xw_machine *machine, char name[XW_DOMAIN_NAME_SIZE])
{
    snprintf(name, XW_DOMAIN_NAME_SIZE, "xw:%s:%s:%s", machine->lab, machine->owner,
             machine->machine);
}

void xw_machine_uuid(const struct xw_machine *machine, uuid_t uuid)
{
    char name[XW_DOMAIN_NAME_SIZE];

    xw_machine_domain(machine, name);
    uuid_generate_sha1(uuid, name_space, name, strlen(name));
}

void xw_machine_mac(const struct xw_machine *machine, size_t index, char mac[XW_MAC_SIZE])
{
    char domain[XW_DOMAIN_NAME_SIZE];
    char name[XW_DOMAIN_NAME_SIZE + 24];
    uuid_t hash;

    xw_machine_domain(machine, domain);
    snprintf(name, sizeof(name), "%s/%zu", domain, index);
    uuid_generate_sha1(hash, name_space, name, strlen(name));
    snprintf(mac, XW_MAC_SIZE, "52:54:00:%02x:%02x:%02x", hash[0], hash[1], hash[2]);
}

/* Fills the prefix, and letters and digits of what is named; as long as an interface's name. */
static void hash_name(const char *prefix, const char *named, char name[XW_BRIDGE_SIZE])
{
    static const char digits[] = "abcdefghijklmnopqrstuvwxyz234567";
    /* Bytes 6 and 8 hold the version and the variant, which are the same in every UUID. */
    static const size_t random_bytes[] = {0, 1, 2, 3, 4, 5, 9, 10};
    size_t length = strlen(prefix);
    uuid_t hash;
    unsigned long long bits = 0;

    uuid_generate_sha1(hash, name_space, named, strlen(named));
    for (size_t i = 0; i < sizeof(random_bytes) / sizeof(random_bytes[0]); i++)
        bits = bits << 8 | hash[random_bytes[i]];

    memcpy(name, prefix, length);
    for (size_t i = length; i < XW_BRIDGE_SIZE - 1; i++) {
        name[i] = digits[bits & 31];
        bits >>= 5;
    }
    name[XW_BRIDGE_SIZE - 1] = '\0';
}

void xw_segment_bridge(const char *lab, const char *owner, const char *segment,
                       char bridge[XW_BRIDGE_SIZE])
{
    char name[3 * XW_NAME_SIZE];

    snprintf(name, sizeof(name), "%s:%s:%s", lab, owner, segment);
    hash_name("xw-", name, bridge);
}

void xw_machine_tap(const struct xw_machine *machine, size_t index, char tap[XW_BRIDGE_SIZE])
{
    char domain[XW_DOMAIN_NAME_SIZE];
    char name[XW_DOMAIN_NAME_SIZE + 24];

    xw_machine_domain(machine, domain);
    snprintf(name, sizeof(name), "%s/%zu", domain, index);
    hash_name("xwt-", name, tap);
}

void xw_world_partition(const char *lab, const char *owner, char partition[XW_PARTITION_SIZE])
{
    char world[2 * XW_NAME_SIZE];
    char name[XW_BRIDGE_SIZE];

    snprintf(world, sizeof(world), "%s:%s", lab, owner);
    hash_name("xw-", world, name);
    snprintf(partition, XW_PARTITION_SIZE, "/machine/xw/%s", name + 3);
}

unsigned int xw_machine_memory_limit(unsigned int memory)
{
    return memory + memory / 8 + 512;
}

int xw_machine_console_path(const struct xw_machine *machine, char *path, size_t size)
{
    uuid_t uuid = {0};
    char text[UUID_STR_LEN];

    xw_machine_uuid(machine, uuid);
    uuid_unparse_lower(uuid, text);
    return fits(snprintf(path, size, "%s/%s", XW_CONSOLE_DIR, text), size);
}

int xw_machine_copy_path(const struct xw_machine *machine, char *path, size_t size)
{
    int rc = xw_machine_console_path(machine, path, size);
    size_t length = rc < 0 ? 0 : strlen(path);

    return rc < 0 ? rc : fits(snprintf(path + length, size - length, ".copy"), size - length);
}

int xw_machine_overlay_path(const struct xw_machine *machine, char *path, size_t size)
{
    return fits(snprintf(path, size, "%s/%s/%s/%s.qcow2", XW_WORLDS_DIR, machine->lab,
                         machine->owner, machine->machine),
                size);
}

int xw_machine_log_path(const struct xw_machine *machine, char *path, size_t size)
{
    return fits(snprintf(path, size, "%s/%s/%s/%s.log", XW_WORLDS_DIR, machine->lab, machine->owner,
                         machine->machine),
                size);
}

static const char *off_state(virDomainPtr domain, int reason)
{
    if (reason == VIR_DOMAIN_SHUTOFF_CRASHED)
        return "crashed";
    int saved = virDomainHasManagedSaveImage(domain, 0);
    return saved < 0 ? NULL : saved ? "suspended" : "off";
}

const char *xw_machine_state(virDomainPtr domain)
{
    int state;
    int reason;

    if (!domain)
        return "missing";
    if (virDomainGetState(domain, &state, &reason, 0) < 0)
        return virGetLastErrorCode() == VIR_ERR_NO_DOMAIN ? "missing" : NULL;
    switch (state) {
    case VIR_DOMAIN_RUNNING:
    case VIR_DOMAIN_BLOCKED:
        return "running";
    case VIR_DOMAIN_PAUSED:
        if (reason == VIR_DOMAIN_PAUSED_STARTING_UP)
            return "starting";
        if (reason == VIR_DOMAIN_PAUSED_IOERROR)
            return XW_MACHINE_DISK_FULL;
        return reason == VIR_DOMAIN_PAUSED_CRASHED ? "crashed" : "paused";
    case VIR_DOMAIN_SHUTDOWN:
        return "stopping";
    case VIR_DOMAIN_CRASHED:
        return "crashed";
    case VIR_DOMAIN_PMSUSPENDED:
        return "suspended";
    case VIR_DOMAIN_SHUTOFF:
        return off_state(domain, reason);
    default:
        return "starting";
    }
}
