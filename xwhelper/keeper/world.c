#include "xwhelper/keeper/world.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <libvirt/virterror.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "common/cleanup.h"
#include "common/names.h"
#include "common/paths.h"
#include "common/record.h"
#include "xwhelper/keeper/bridge.h"
#include "xwhelper/keeper/image.h"
#include "xwhelper/keeper/machine.h"
#include "xwhelper/keeper/overlay.h"
#include "xwhelper/keeper/owner_record.h"

int xw_world_path(const char *lab, const char *owner, char *path, size_t size)
{
    int length = snprintf(path, size, "%s/%s/%s", XW_WORLDS_DIR, lab, owner);
    return length < 0 || (size_t)length >= size ? -ENAMETOOLONG : 0;
}

bool xw_world_exists(const char *lab, const char *owner)
{
    char path[PATH_MAX];
    struct stat status;

    return xw_world_path(lab, owner, path, sizeof(path)) == 0 && lstat(path, &status) == 0 &&
           S_ISDIR(status.st_mode);
}

/* Returns 1 when the directory is new, 0 when it was there, or an errno. */
static int make_directory(const char *path, struct xw_error *err)
{
    if (mkdir(path, 0711) == 0) {
        if (chmod(path, 0711) < 0)
            return xw_fail_errno(err, -errno, "The mode of %s can't be set", path);
        return 1;
    }
    return errno == EEXIST ? 0 : xw_fail_errno(err, -errno, "%s can't be made", path);
}

int xw_world_lock(const char *lab, const char *owner, struct xw_error *err)
{
    char path[PATH_MAX];
    struct flock lock = {.l_type = F_WRLCK, .l_whence = SEEK_SET};

    snprintf(path, sizeof(path), "%s/%s", XW_WORLDS_DIR, lab);
    int rc = make_directory(path, err);
    if (rc < 0)
        return rc;
    snprintf(path, sizeof(path), "%s/%s/.%s.lock", XW_WORLDS_DIR, lab, owner);
    int fd = open(path, O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);
    if (fd < 0)
        return xw_fail_errno(err, -errno, "%s can't be opened", path);
    if (fcntl(fd, F_OFD_SETLKW, &lock) < 0) {
        rc = -errno;
        close(fd);
        return xw_fail_errno(err, rc, "The world %s of %s can't be locked", lab, owner);
    }
    return fd;
}

int xw_world_owner(const char *lab, const char *owner, uid_t *uid, struct xw_error *err)
{
    char path[PATH_MAX];
    XW_AUTO_FREE char *text = NULL;
    size_t length;
    unsigned long value;

    int rc = xw_world_path(lab, owner, path, sizeof(path));
    if (rc < 0)
        return xw_fail_errno(err, rc, "The world %s of %s", lab, owner);
    XW_AUTO_CLOSE int fd = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (fd < 0)
        return xw_fail_errno(err, -errno, "The world %s of %s can't be opened", lab, owner);
    rc = xw_record_read(fd, "owner", &text, &length, err);
    if (rc < 0)
        return rc;

    /* The newline, and nothing after it, ends the one line. */
    bool good = length > 5 && strncmp(text, "uid ", 4) == 0 &&
                memchr(text, '\n', length) == text + length - 1;
    if (good) {
        text[length - 1] = '\0';
        good = xw_number(text + 4, UINT_MAX - 1UL, &value) == 0;
    }
    if (!good)
        return xw_fail(err, -EBADMSG, "%s/owner is not a line \"uid NUMBER\"", path);
    *uid = (uid_t)value;
    return 0;
}

/* What one deployment works with. */
struct deployment {
    struct xw_host *host;
    const struct xw_plan *plan;
    const char *owner;
    uid_t uid;
    bool made_something;
};

static int write_world_owner(struct deployment *deployment, const char *path, struct xw_error *err)
{
    char name[PATH_MAX];
    char aside[PATH_MAX];

    snprintf(name, sizeof(name), "%s/%s/%s/owner", XW_WORLDS_DIR, deployment->plan->lab,
             deployment->owner);
    snprintf(aside, sizeof(aside), "%s/%s/%s/owner.new", XW_WORLDS_DIR, deployment->plan->lab,
             deployment->owner);
    FILE *file = fopen(aside, "we");
    int rc = file && fchmod(fileno(file), 0600) == 0 ? 0 : -errno;

    if (file) {
        if (rc == 0 && (fprintf(file, "uid %u\n", (unsigned int)deployment->uid) < 0 ||
                        fflush(file) != 0 || fsync(fileno(file)) < 0))
            rc = -errno;
        if (fclose(file) != 0 && rc == 0)
            rc = -errno;
    }
    if (rc == 0 && rename(aside, name) < 0)
        rc = -errno;
    if (rc < 0) {
        unlink(aside);
        return xw_fail_errno(err, rc, "The owner can't be recorded in %s", path);
    }
    deployment->made_something = true;
    return 0;
}

/* Makes the world's directory and its owner's name in it. Returns 1 when the world is new. */
static int make_world(struct deployment *deployment, struct xw_error *err)
{
    const char *lab = deployment->plan->lab;
    char path[PATH_MAX];
    uid_t uid;

    int rc = xw_world_path(lab, deployment->owner, path, sizeof(path));
    if (rc < 0)
        return xw_fail_errno(err, rc, "The world %s of %s", lab, deployment->owner);
    int made = make_directory(path, err);
    if (made < 0)
        return made;

    struct xw_error reading = {0};
    rc = xw_world_owner(lab, deployment->owner, &uid, &reading);
    if (rc == -ENOENT)
        rc = write_world_owner(deployment, path, err);
    else if (rc < 0)
        rc = xw_fail(err, rc, "%s", reading.text);
    else if (uid != deployment->uid)
        rc = xw_fail(err, -EEXIST,
                     "The world %s of %s belongs to the uid %u, not %u; an "
                     "administrator must destroy it first",
                     lab, deployment->owner, (unsigned int)uid, (unsigned int)deployment->uid);
    return rc < 0 ? rc : made;
}

static int make_overlay(struct deployment *deployment, const struct xw_machine *machine,
                        const char *image, struct xw_error *err)
{
    char path[PATH_MAX];
    struct stat status;

    int rc = xw_machine_overlay_path(machine, path, sizeof(path));
    if (rc < 0)
        return xw_fail_errno(err, rc, "The overlay of machine %s", machine->machine);
    if (lstat(path, &status) == 0)
        return 0;
    if (errno != ENOENT)
        return xw_fail_errno(err, -errno, "%s can't be looked at", path);
    deployment->made_something = true;
    return xw_overlay_fresh(image, path, err);
}

/*
 * Defines what isn't running. libvirt fills definitions in, so that whether one has changed is
 * seen by comparing what it says before and after.
 */
static int define(struct deployment *deployment, const char *name, const char *xml,
                  struct xw_error *err)
{
    virConnectPtr libvirt = xw_host_libvirt(deployment->host);
    XW_AUTO_FREE char *before = NULL;
    XW_AUTO_FREE char *after = NULL;
    virDomainPtr domain = virDomainLookupByName(libvirt, name);

    if (domain) {
        int active = virDomainIsActive(domain);
        if (active == 0)
            before = virDomainGetXMLDesc(domain, VIR_DOMAIN_XML_INACTIVE);
        int rc = active < 0 ? xw_libvirt_fail(deployment->host, err, "Domain %s", name) : 0;
        virDomainFree(domain);
        if (active != 0)
            return rc;
    } else {
        struct xw_error looking = {0};
        int rc = xw_libvirt_fail(deployment->host, &looking, "Domain %s", name);
        if (rc != -ENOENT)
            return xw_fail(err, rc, "%s", looking.text);
    }

    domain = virDomainDefineXML(libvirt, xml);
    if (!domain)
        return xw_libvirt_fail(deployment->host, err, "Domain %s can't be defined", name);
    after = virDomainGetXMLDesc(domain, VIR_DOMAIN_XML_INACTIVE);
    virDomainFree(domain);
    if (!before || !after || strcmp(before, after) != 0)
        deployment->made_something = true;
    return 0;
}

static int deploy_machine(struct deployment *deployment, const struct xw_plan_machine *planned,
                          struct xw_error *err)
{
    const struct xw_machine machine = {deployment->plan->lab, deployment->owner, planned->name};
    char name[XW_DOMAIN_NAME_SIZE];
    struct xw_image image;

    int rc = xw_image_check(planned->image, planned->image_id, &image, err);
    if (rc < 0)
        return rc;
    rc = make_overlay(deployment, &machine, planned->image, err);
    if (rc < 0)
        return rc;

    XW_AUTO_FREE char *xml = xw_machine_xml(&machine, deployment->plan, planned, &image,
                                            xw_host_config(deployment->host)->accelerator, err);
    if (!xml)
        return err && err->code < 0 ? err->code : -ENOMEM;
    xw_machine_domain(&machine, name);
    return define(deployment, name, xml, err);
}

/* All images before anything is made: a world is not begun that can't be finished. */
static int check_images(const struct xw_plan *plan, struct xw_error *err)
{
    for (size_t i = 0; i < plan->machine_count; i++) {
        struct xw_image image;
        int rc = xw_image_check(plan->machines[i].image, plan->machines[i].image_id, &image, err);
        if (rc < 0)
            return rc;
    }
    return 0;
}

int xw_world_deploy(struct xw_host *host, const struct xw_plan *plan, const char *owner, uid_t uid,
                    enum xw_deploy_result *result, struct xw_error *err)
{
    struct deployment deployment = {.host = host, .plan = plan, .owner = owner, .uid = uid};
    XW_AUTO_CLOSE int lock = xw_world_lock(plan->lab, owner, err);
    if (lock < 0)
        return lock;

    int rc = xw_owner_check(uid, owner, err);
    if (rc == 0)
        rc = check_images(plan, err);
    if (rc < 0)
        return rc;
    int made = make_world(&deployment, err);
    if (made < 0)
        return made;
    for (size_t i = 0; i < plan->machine_count; i++) {
        rc = deploy_machine(&deployment, &plan->machines[i], err);
        if (rc < 0)
            return rc;
    }
    rc = xw_owner_grant(uid, owner, plan->lab, err);
    if (rc < 0)
        return rc;
    *result = made                        ? XW_DEPLOY_MADE
              : deployment.made_something ? XW_DEPLOY_MENDED
                                          : XW_DEPLOY_PRESENT;
    return 0;
}

/* The domains of one world. */
struct domains {
    virDomainPtr *all; /* the first `count` are the world's */
    size_t count;
};

static void free_domains(struct domains *domains)
{
    for (size_t i = 0; i < domains->count; i++)
        virDomainFree(domains->all[i]);
    free(domains->all);
}

static int find_domains(struct xw_host *host, const char *lab, const char *owner,
                        struct domains *domains, struct xw_error *err)
{
    char prefix[XW_DOMAIN_NAME_SIZE];
    int length = snprintf(prefix, sizeof(prefix), "xw:%s:%s:", lab, owner);
    int listed = virConnectListAllDomains(xw_host_libvirt(host), &domains->all, 0);

    if (listed < 0)
        return xw_libvirt_fail(host, err, "The domains can't be listed");
    for (int i = 0; i < listed; i++) {
        virDomainPtr domain = domains->all[i];
        if (strncmp(virDomainGetName(domain), prefix, (size_t)length) == 0)
            domains->all[domains->count++] = domain;
        else
            virDomainFree(domain);
    }
    return 0;
}

static int stop_domains(struct xw_host *host, const struct domains *domains, bool force,
                        struct xw_error *err)
{
    for (size_t i = 0; i < domains->count && !force; i++) {
        if (virDomainIsActive(domains->all[i]) == 1)
            return xw_fail(err, -EBUSY, "%s is running; stop it first, or use force",
                           strrchr(virDomainGetName(domains->all[i]), ':') + 1);
    }
    for (size_t i = 0; i < domains->count && force; i++) {
        virDomainPtr domain = domains->all[i];
        /* It may have stopped by itself in between. */
        if (virDomainIsActive(domain) == 1 && virDomainDestroy(domain) < 0) {
            struct xw_error stopping = {0};
            int rc = xw_libvirt_fail(host, &stopping, "Domain %s can't be stopped",
                                     virDomainGetName(domain));
            if (virDomainIsActive(domain) != 0)
                return xw_fail(err, rc, "%s", stopping.text);
        }
    }
    return 0;
}

/* The bridges that a definition names, so that they go even when the plan has gone before. */
static int remove_bridges_of(virDomainPtr domain, struct xw_error *err)
{
    static const char before[] = "<source bridge='";
    XW_AUTO_FREE char *xml = virDomainGetXMLDesc(domain, VIR_DOMAIN_XML_INACTIVE);

    for (const char *at = xml ? strstr(xml, before) : NULL; at; at = strstr(at, before)) {
        char bridge[XW_BRIDGE_SIZE];
        at += sizeof(before) - 1;
        size_t length = strcspn(at, "'");
        if (length >= sizeof(bridge) || strncmp(at, "xw-", 3) != 0)
            continue;
        memcpy(bridge, at, length);
        bridge[length] = '\0';
        int rc = xw_bridge_remove(bridge, err);
        if (rc < 0)
            return rc;
    }
    return 0;
}

static int undefine(struct xw_host *host, virDomainPtr domain, struct xw_error *err)
{
    char uuid[VIR_UUID_STRING_BUFLEN];
    char console[PATH_MAX];
    int rc = remove_bridges_of(domain, err);

    if (rc < 0)
        return rc;
    if (virDomainGetUUIDString(domain, uuid) == 0) {
        snprintf(console, sizeof(console), "%s/%s", XW_CONSOLE_DIR, uuid);
        unlink(console);
    }
    if (virDomainUndefineFlags(domain, VIR_DOMAIN_UNDEFINE_MANAGED_SAVE |
                                           VIR_DOMAIN_UNDEFINE_SNAPSHOTS_METADATA |
                                           VIR_DOMAIN_UNDEFINE_NVRAM) == 0)
        return 0;
    struct xw_error undefining = {0};
    rc = xw_libvirt_fail(host, &undefining, "Domain %s can't be undefined",
                         virDomainGetName(domain));
    return rc == -ENOENT ? 0 : xw_fail(err, rc, "%s", undefining.text);
}

/* The bridges of the lab's plan, if there still is one: domains may be missing. */
static int remove_planned_bridges(const char *lab, const char *owner, struct xw_error *err)
{
    XW_AUTO_FREE struct xw_plan *plan = malloc(sizeof(*plan));
    if (!plan)
        return xw_fail(err, -ENOMEM, "There is not enough memory on the host");
    XW_AUTO_CLOSE int labs_fd = open(XW_LABS_DIR, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (labs_fd < 0 || xw_plan_read(labs_fd, lab, plan, NULL) < 0)
        return 0;

    for (size_t i = 0; i < plan->segment_count; i++) {
        char bridge[XW_BRIDGE_SIZE];
        xw_segment_bridge(lab, owner, plan->segments[i], bridge);
        int rc = xw_bridge_remove(bridge, err);
        if (rc < 0)
            return rc;
    }
    return 0;
}

/* Everything in the world's directory but the owner's name, which the last step needs. */
static int remove_files(const char *path, struct xw_error *err)
{
    XW_AUTO_CLOSEDIR DIR *directory = opendir(path);
    if (!directory)
        return errno == ENOENT ? 0 : xw_fail_errno(err, -errno, "%s can't be opened", path);

    const struct dirent *entry;
    while (errno = 0, (entry = readdir(directory))) {
        const char *name = entry->d_name;
        if (strcmp(name, ".") == 0 || strcmp(name, "..") == 0 || strcmp(name, "owner") == 0)
            continue;
        if (unlinkat(dirfd(directory), name, 0) < 0 && errno != ENOENT)
            return xw_fail_errno(err, -errno, "%s/%s can't be removed", path, name);
    }
    return errno ? xw_fail_errno(err, -errno, "%s can't be read", path) : 0;
}

static int remove_directory(const char *path, struct xw_error *err)
{
    XW_AUTO_CLOSE int fd = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (fd < 0)
        return errno == ENOENT ? 0 : xw_fail_errno(err, -errno, "%s can't be opened", path);
    if ((unlinkat(fd, "owner", 0) < 0 && errno != ENOENT) || rmdir(path) < 0)
        return xw_fail_errno(err, -errno, "%s can't be removed", path);
    return 0;
}

int xw_world_destroy(struct xw_host *host, const char *lab, const char *owner, uid_t uid,
                     bool force, struct xw_error *err)
{
    __attribute__((cleanup(free_domains))) struct domains domains = {0};
    char path[PATH_MAX];

    int rc = xw_world_path(lab, owner, path, sizeof(path));
    if (rc < 0)
        return xw_fail_errno(err, rc, "The world %s of %s", lab, owner);
    XW_AUTO_CLOSE int lock = xw_world_lock(lab, owner, err);
    if (lock < 0)
        return lock;
    rc = find_domains(host, lab, owner, &domains, err);
    if (rc < 0)
        return rc;
    if (domains.count == 0 && !xw_world_exists(lab, owner))
        return xw_fail(err, -ENOENT, "There is no world %s of %s", lab, owner);

    rc = stop_domains(host, &domains, force, err);
    for (size_t i = 0; rc == 0 && i < domains.count; i++)
        rc = undefine(host, domains.all[i], err);
    if (rc == 0)
        rc = remove_planned_bridges(lab, owner, err);
    if (rc == 0)
        rc = remove_files(path, err);
    if (rc == 0)
        rc = xw_owner_revoke(uid, lab, err);
    return rc == 0 ? remove_directory(path, err) : rc;
}

static int is_lab(const struct dirent *entry)
{
    return xw_name_ok(entry->d_name);
}

static int is_owner(const struct dirent *entry)
{
    const char *name = entry->d_name;
    return xw_owner_ok(name[0] == '@' ? name + 1 : name);
}

static int by_bytes(const struct dirent **a, const struct dirent **b)
{
    return strcmp((*a)->d_name, (*b)->d_name);
}

static void free_entries(struct dirent **entries, int count)
{
    for (int i = 0; i < count; i++)
        free(entries[i]);
    free(entries);
}

static int list_lab(const char *lab, xw_world_each each, void *data, struct xw_error *err)
{
    char path[PATH_MAX];
    struct dirent **owners;
    int rc = 0;

    snprintf(path, sizeof(path), "%s/%s", XW_WORLDS_DIR, lab);
    int count = scandir(path, &owners, is_owner, by_bytes);
    if (count < 0)
        return errno == ENOENT ? 0 : xw_fail_errno(err, -errno, "%s can't be read", path);
    for (int i = 0; rc == 0 && i < count; i++) {
        if (xw_world_exists(lab, owners[i]->d_name))
            rc = each(lab, owners[i]->d_name, data);
    }
    free_entries(owners, count);
    return rc;
}

int xw_world_list(const char *lab, xw_world_each each, void *data, struct xw_error *err)
{
    struct dirent **labs;
    int rc = 0;

    if (lab)
        return list_lab(lab, each, data, err);
    int count = scandir(XW_WORLDS_DIR, &labs, is_lab, by_bytes);
    if (count < 0)
        return errno == ENOENT ? 0 : xw_fail_errno(err, -errno, "%s can't be read", XW_WORLDS_DIR);
    for (int i = 0; rc == 0 && i < count; i++)
        rc = list_lab(labs[i]->d_name, each, data, err);
    free_entries(labs, count);
    return rc;
}
