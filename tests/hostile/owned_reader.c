/*
 * Class J, J4: the reader taken over asks libvirt to change something, by every call that could,
 * over the read-only socket and as a client that doesn't say it is a reader.
 */
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/hostile/parts.h"
#include "tests/hostile/proxy.h"

static void write_text(const char *path, const char *text, mode_t mode)
{
    FILE *file = fopen(path, "we");

    if (!file || fputs(text, file) < 0 || fclose(file) != 0 || chmod(path, mode) < 0)
        fail("writing %s", path);
}

#define VIRSH(...) MUST("virsh", "-q", "-c", "qemu:///system", __VA_ARGS__)

/* Something of each kind, for the calls to be tried on. */
static void make_targets(void)
{
    write_text("/tmp/domain.xml",
               "<domain type='qemu'><name>victim</name><memory>16384</memory><os><type>hvm</type>"
               "</os><devices><disk type='file'><driver name='qemu' type='qcow2'/>"
               "<source file='/tmp/victim.qcow2'/><target dev='vda'/></disk></devices></domain>",
               0600);
    write_text("/tmp/network.xml", "<network><name>victim</name></network>", 0600);
    write_text("/tmp/filter.xml", "<filter name='victim'/>", 0600);
    write_text("/tmp/secret.xml",
               "<secret ephemeral='no'><uuid>42424242-4242-4242-4242-424242424242</uuid></secret>",
               0600);
    write_text("/tmp/bait/emulator", "#!/bin/sh\n: >/tmp/bait/executed\n", 0755);
    MUST("qemu-img", "create", "-q", "-f", "qcow2", "/tmp/victim.qcow2", "1M");
    VIRSH("define", "/tmp/domain.xml");
    VIRSH("snapshot-create-as", "victim", "before");
    VIRSH("net-define", "/tmp/network.xml");
    VIRSH("nwfilter-define", "/tmp/filter.xml");
    VIRSH("secret-define", "/tmp/secret.xml");
    MUST("mkdir", "-p", "/tmp/pool");
    VIRSH("pool-create-as", "victim", "dir", "--target", "/tmp/pool");
    VIRSH("vol-create-as", "victim", "victim", "4096");
}

static void remove_targets(void)
{
    VIRSH("snapshot-delete", "victim", "before");
    VIRSH("undefine", "victim");
    VIRSH("net-undefine", "victim");
    VIRSH("nwfilter-undefine", "victim");
    VIRSH("secret-undefine", "42424242-4242-4242-4242-424242424242");
    VIRSH("pool-destroy", "victim");
}

/* All that libvirt knows, as a sum. */
static void state_of_libvirt(char sum[128])
{
    FILE *file = popen( // NOLINT: a test's own words
        "all=; for d in $(virsh -q list --all --name); do "
        "all=\"$all domstate $d; dumpxml $d; dumpxml --inactive $d; snapshot-list $d;\"; done; "
        "{ virsh -q \"$all net-list --all; nwfilter-list; secret-list; pool-list --all; "
        "vol-list victim --details; iface-list --all; nodedev-list\"; "
        "ls -l /tmp/made /etc/libvirt/qemu; } 2>&1 | sha256sum",
        "re");

    if (!file || !fgets(sum, 128, file))
        fail("libvirt's state can't be read");
    if (file)
        pclose(file);
}

static void changes_nothing(void)
{
    static char text[65536];
    char before[128];
    char after[128];
    unsigned int denied = 0;
    char *rest = NULL;
    struct drive_result result;

    make_targets();
    parts_install_keeper(ALL_LAYERS);
    state_of_libvirt(before);
    struct proxy_count before_asking = proxy_count();
    parts_say(IN_READER, "libvirt\n", text, sizeof(text));
    if (proxy_count().connections != before_asking.connections)
        fail("libvirt's read-write socket was used");
    state_of_libvirt(after);
    if (!strstr(text, "complete\n"))
        fail("not every call was made: %.300s", text);
    for (char *line = strtok_r(text, "\n", &rest); line; line = strtok_r(NULL, "\n", &rest)) {
        bool no = strstr(line, " denied ") != NULL;
        denied += no;
        if (!no && strcmp(line, "complete") != 0)
            fail("libvirt's answer to the reader: %s", line);
    }
    printf("# %u calls, each denied\n", denied);
    tried(denied);
    if (strcmp(before, after) != 0)
        fail("libvirt's state has changed");
    if (access("/tmp/bait/executed", F_OK) == 0)
        fail("libvirt has executed what the reader named");
    /* The control: over the read-write socket these go, and the state is another. */
    drive_run(&(struct drive_call){.program = "build/hostile/owned/read_write",
                                   .argv = ARGV(NULL),
                                   .user = people.root},
              &result);
    if (strstr(result.out, "denied") || strstr(result.out, "error") ||
        !strstr(result.out, "DomainCreate had") || !strstr(result.out, "complete\n"))
        fail("the control: %.300s", result.out);
    state_of_libvirt(after);
    if (strcmp(before, after) == 0)
        fail("the control: libvirt's state is as before");
    COMMAND("virsh", "-q", "destroy", "victim");
    remove_targets();
    parts_restore();
}

const struct test suite_owned_reader[] = {
    {"T-J4 the reader taken over asks libvirt to change something", changes_nothing},
    {NULL, NULL},
};
