#include "xwhelper/keeper/checkpoint.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/cleanup.h"
#include "xwhelper/keeper/definition.h"

/*
 * A number alone would be taken for the id of another snapshot in the overlay, and "pristine" is
 * there already.
 */
#define PREFIX "cp-"

enum { SNAPSHOT_NAME_SIZE = sizeof(PREFIX) + XW_NAME_MAX };

int xw_checkpoint_open(struct xw_host *host, const struct xw_job *job,
                       const struct xw_plan_machine *planned, struct xw_checkpoint_site *site,
                       struct xw_error *err)
{
    const struct xw_machine machine = {job->plan->lab, job->owner->name, planned->name};
    const struct xw_bounds unbound = {0};
    struct xw_image image;

    *site = (struct xw_checkpoint_site){.host = host, .name = planned->name};
    int rc = xw_image_check(planned->image, planned->image_id, &image, err);
    if (rc == 0)
        rc = xw_machine_overlay_path(&machine, site->overlay, sizeof(site->overlay));
    if (rc == 0)
        rc = xw_definition_ensure(host, &machine, job->plan, planned, &image, &site->domain, err);
    if (rc < 0)
        return rc;
    site->xml = xw_definition_xml(host, &machine, job->plan, planned, &image, err);
    /* What a machine may use of the host is no part of what it is. */
    XW_AUTO_FREE char *itself = xw_machine_xml(&machine, job->plan, planned, &image,
                                               xw_host_config(host)->accelerator, &unbound, err);
    if (!site->xml || !itself)
        return -ENOMEM;
    xw_checkpoint_digest(&machine, itself, site->definition);
    return 0;
}

void xw_checkpoint_close(struct xw_checkpoint_site *site)
{
    if (site->domain)
        virDomainFree(site->domain);
    free(site->xml);
    site->domain = NULL;
    site->xml = NULL;
}

void xw_checkpoint_digest(const struct xw_machine *machine, const char *xml,
                          char digest[UUID_STR_LEN])
{
    uuid_t name_space = {0};
    uuid_t hash = {0};

    xw_machine_uuid(machine, name_space);
    uuid_generate_sha1(hash, name_space, xml, strlen(xml));
    uuid_unparse_lower(hash, digest);
}

/*
 * What libvirt is told of a snapshot (formatsnapshot): with xml, one that exists. Names are in our
 * grammar and the XML is our own. The caller frees it.
 */
static char *describe(const char *name, bool memory, const char *xml, struct xw_error *err)
{
    char *text = NULL;
    int length =
        asprintf(&text,
                 "<domainsnapshot>\n  <name>%s%s</name>\n%s%s%s  <memory snapshot='%s'/>\n"
                 "  <disks><disk name='vda' snapshot='internal'/></disks>\n%s</domainsnapshot>\n",
                 strcmp(name, XW_PRISTINE) == 0 ? "" : PREFIX, name, xml ? "  <state>" : "",
                 !xml     ? ""
                 : memory ? "running"
                          : "shutoff",
                 xml ? "</state>\n  <creationTime>1</creationTime>\n" : "",
                 memory ? "internal" : "no", xml ? xml : "");

    if (length >= 0)
        return text;
    xw_fail(err, -ENOMEM, "There is not enough memory on the host");
    return NULL;
}

/* libvirt forgets every snapshot that it knows of the domain; the states stay in the overlay. */
static int forget(const struct xw_checkpoint_site *site, struct xw_error *err)
{
    virDomainSnapshotPtr *snapshots;
    int count = virDomainListAllSnapshots(site->domain, &snapshots, 0);
    int rc = 0;

    if (count < 0)
        return xw_libvirt_fail(site->host, err, "Asking for the snapshots of %s", site->name);
    for (int i = 0; i < count; i++) {
        if (rc == 0 &&
            virDomainSnapshotDelete(snapshots[i], VIR_DOMAIN_SNAPSHOT_DELETE_METADATA_ONLY) < 0)
            rc = xw_libvirt_fail(site->host, err, "Forgetting a snapshot of %s", site->name);
        virDomainSnapshotFree(snapshots[i]);
    }
    free(snapshots);
    return rc;
}

/* Tells libvirt of a snapshot that is in the overlay, and of no other. */
static int tell(const struct xw_checkpoint_site *site, const char *name, bool memory,
                virDomainSnapshotPtr *snapshot, struct xw_error *err)
{
    XW_AUTO_FREE char *text = describe(name, memory, site->xml, err);
    int rc = text ? forget(site, err) : -ENOMEM;

    if (rc < 0)
        return rc;
    *snapshot = virDomainSnapshotCreateXML(site->domain, text, VIR_DOMAIN_SNAPSHOT_CREATE_REDEFINE);
    return *snapshot ? 0
                     : xw_libvirt_fail(site->host, err, "Naming the checkpoint %s of %s", name,
                                       site->name);
}

int xw_checkpoint_take(const struct xw_checkpoint_site *site, const char *name, bool memory,
                       struct xw_error *err)
{
    XW_AUTO_FREE char *text = describe(name, memory, NULL, err);
    int rc = text ? forget(site, err) : -ENOMEM;

    if (rc < 0)
        return rc;
    virDomainSnapshotPtr snapshot =
        virDomainSnapshotCreateXML(site->domain, text, VIR_DOMAIN_SNAPSHOT_CREATE_NO_METADATA);
    if (!snapshot)
        return xw_libvirt_fail(site->host, err, "Saving %s as %s", site->name, name);
    virDomainSnapshotFree(snapshot);
    return 0;
}

int xw_checkpoint_restore(const struct xw_checkpoint_site *site, const char *name, bool memory,
                          struct xw_error *err)
{
    virDomainSnapshotPtr snapshot = NULL;
    struct xw_error forgetting = {0};
    int rc = tell(site, name, memory, &snapshot, err);

    if (rc < 0)
        return rc;
    if (virDomainRevertToSnapshot(snapshot, memory ? VIR_DOMAIN_SNAPSHOT_REVERT_RUNNING : 0) < 0)
        rc = xw_libvirt_fail(site->host, err, "Putting %s back to %s", site->name, name);
    virDomainSnapshotFree(snapshot);
    /* What stays known is forgotten before libvirt is told of another. */
    forget(site, &forgetting);
    return rc;
}

int xw_checkpoint_drop(const struct xw_checkpoint_site *site, const char *name,
                       struct xw_error *err)
{
    virDomainSnapshotPtr snapshot = NULL;
    int rc = tell(site, name, false, &snapshot, err);

    if (rc < 0)
        return rc;
    if (virDomainSnapshotDelete(snapshot, 0) < 0)
        rc = xw_libvirt_fail(site->host, err, "Deleting the checkpoint %s of %s", name, site->name);
    virDomainSnapshotFree(snapshot);
    return rc;
}
