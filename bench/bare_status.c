/*
 * bare-status: what "xwsh -c status" is measured against: for each domain that is named, the calls
 * to libvirt that its state takes, over one connection to the read-only socket, and nothing else.
 * Prints a line for each.
 */
#include <libvirt/libvirt.h>
#include <stdio.h>

static int tell(virConnectPtr connection, const char *name)
{
    int state;
    int reason;
    virDomainPtr domain = virDomainLookupByName(connection, name);

    if (!domain)
        return -1;
    const int saved = virDomainHasManagedSaveImage(domain, 0);
    const int rc = virDomainGetState(domain, &state, &reason, 0);
    virDomainFree(domain);
    if (saved < 0 || rc < 0)
        return -1;
    printf("%s\t%d\t%d\n", name, state, saved);
    return 0;
}

int main(int argc, char *argv[])
{
    virConnectPtr connection = virConnectOpenReadOnly("qemu:///system");
    int rc = connection ? 0 : -1;

    for (int i = 1; rc == 0 && i < argc; i++)
        rc = tell(connection, argv[i]);
    if (connection)
        virConnectClose(connection);
    return rc < 0 ? 1 : 0;
}
