/*
 * bare-deploy: makes the machines of a lab with nothing but what deployment can't do without: an
 * overlay and virDomainDefineXML() for each, over one connection, one after the other. Prints the
 * microseconds that this took, then takes everything away again.
 *
 * This is what "xwadm deploy" is measured against, so the XML is the product's own, byte for byte,
 * and whatever isn't one of the two calls (plan, XML, directories) is done before the clock runs.
 */
#include <errno.h>
#include <fcntl.h>
#include <libvirt/libvirt.h>
#include <limits.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "common/cleanup.h"
#include "common/paths.h"
#include "xwhelper/keeper/host.h"
#include "xwhelper/keeper/image.h"
#include "xwhelper/keeper/machine.h"
#include "xwhelper/keeper/partition.h"
#include "xwhelper/keeper/plan.h"
#include "xwhelper/keeper/world.h"

#define QEMU_IMG "/usr/bin/qemu-img"

/* One machine of one owner. Paths are absolute. */
struct item {
    char *xml;
    char overlay[PATH_MAX];
    char base[PATH_MAX];
    char template[PATH_MAX];
    virDomainPtr domain;
};

typedef int (*overlay_maker)(const struct item *item);

/* The overlay as people make it who use libvirt by hand: qemu-img(1), "create". */
static int create_overlay(const struct item *item)
{
    const char *const argv[] = {"qemu-img", "create", "-q",    "-f",          "qcow2", "-b",
                                item->base, "-F",     "qcow2", item->overlay, NULL};
    char *const environment[] = {NULL};
    pid_t pid;
    int status;

    int rc = posix_spawn(&pid, QEMU_IMG, NULL, NULL, (char *const *)argv, environment);
    if (rc != 0)
        return -rc;
    if (waitpid(pid, &status, 0) != pid)
        return -errno;
    return WIFEXITED(status) && WEXITSTATUS(status) == 0 ? 0 : -EIO;
}

/* The overlay as a copy of an empty one that was made before; holes stay holes. */
static int copy_overlay(const struct item *item)
{
    XW_AUTO_CLOSE int in = open(item->template, O_RDONLY | O_CLOEXEC);
    XW_AUTO_CLOSE int out = open(item->overlay, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    struct stat info;

    if (in < 0 || out < 0 || fstat(in, &info) < 0 || ftruncate(out, info.st_size) < 0)
        return -errno;
    off_t at = 0;
    while (at < info.st_size) {
        off_t from = lseek(in, at, SEEK_DATA);
        if (from < 0)
            return errno == ENXIO ? 0 : -errno;
        at = lseek(in, from, SEEK_HOLE);
        off_t to = from;
        while (from < at) {
            if (copy_file_range(in, &from, out, &to, (size_t)(at - from), 0) <= 0)
                return -EIO;
        }
    }
    return 0;
}

static int fill_item(struct item *item, const struct xw_plan *plan, const char *owner,
                     const struct xw_plan_machine *planned, const struct xw_config *config)
{
    const struct xw_bounds bounds = xw_bounds_find(config);
    const struct xw_machine machine = {plan->lab, owner, planned->name};
    struct xw_error err = {0};
    struct xw_image image;

    int rc = xw_image_check(planned->image, planned->image_id, &image, &err);
    if (rc == 0)
        rc = xw_machine_overlay_path(&machine, item->overlay, sizeof(item->overlay));
    if (rc == 0) {
        snprintf(item->base, sizeof(item->base), "%s/%s/%s", XW_IMAGES_DIR, image.name, image.disk);
        snprintf(item->template, sizeof(item->template), "%s/%s/template.qcow2", XW_IMAGES_DIR,
                 image.name);
        item->xml =
            xw_machine_xml(&machine, plan, planned, &image, config->accelerator, &bounds, &err);
        rc = item->xml ? 0 : err.code;
    }
    if (rc < 0)
        fprintf(stderr, "bare-deploy: %s of %s: %s\n", planned->name, owner, err.text);
    return rc;
}

/* An owner's directory, which must be new: worlds that exist are not to be measured upon. */
static int make_directory(const char *lab, const char *owner)
{
    char path[PATH_MAX];
    int rc = xw_world_path(lab, owner, path, sizeof(path));

    if (rc == 0 && mkdir(path, 0711) < 0)
        rc = -errno;
    if (rc < 0)
        fprintf(stderr, "bare-deploy: %s can't be made: %s\n", path, strerror(-rc));
    return rc;
}

static int fill_items(struct item *items, const struct xw_plan *plan, size_t owner_count,
                      char *const owners[])
{
    struct xw_config config;
    struct xw_error err = {0};
    int rc = xw_config_read(XW_CONFIG_PATH, &config, &err);

    if (rc < 0)
        fprintf(stderr, "bare-deploy: %s\n", err.text);
    for (size_t i = 0; rc == 0 && i < owner_count; i++) {
        rc = make_directory(plan->lab, owners[i]);
        for (size_t j = 0; rc == 0 && j < plan->machine_count; j++)
            rc = fill_item(&items[i * plan->machine_count + j], plan, owners[i], &plan->machines[j],
                           &config);
    }
    return rc;
}

static double microseconds_since(const struct timespec *start)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)(now.tv_sec - start->tv_sec) * 1e6 +
           (double)(now.tv_nsec - start->tv_nsec) / 1e3;
}

/* What is measured. */
static int deploy(virConnectPtr *libvirt, struct item *items, size_t count, overlay_maker make)
{
    struct timespec start;

    clock_gettime(CLOCK_MONOTONIC, &start);
    *libvirt = virConnectOpen("qemu:///system");
    if (!*libvirt)
        return -EAGAIN;
    for (size_t i = 0; i < count; i++) {
        int rc = make(&items[i]);
        if (rc < 0) {
            fprintf(stderr, "bare-deploy: %s: %s\n", items[i].overlay, strerror(-rc));
            return rc;
        }
        items[i].domain = virDomainDefineXML(*libvirt, items[i].xml);
        if (!items[i].domain)
            return -EIO;
    }
    printf("%.0f\n", microseconds_since(&start));
    return 0;
}

static int undo(struct item *items, size_t count, const char *lab, size_t owner_count,
                char *const owners[])
{
    char path[PATH_MAX];
    int rc = 0;

    for (size_t i = 0; i < count; i++) {
        if (items[i].domain && virDomainUndefine(items[i].domain) < 0)
            rc = -EIO;
        if (items[i].domain)
            virDomainFree(items[i].domain);
        if (*items[i].overlay && unlink(items[i].overlay) < 0 && errno != ENOENT)
            rc = -errno;
        free(items[i].xml);
    }
    for (size_t i = 0; i < owner_count; i++) {
        if (xw_world_path(lab, owners[i], path, sizeof(path)) < 0 || rmdir(path) < 0)
            rc = -errno;
    }
    if (rc < 0)
        fprintf(stderr, "bare-deploy: not everything could be taken away: %s\n", strerror(-rc));
    return rc;
}

static int measure(const struct xw_plan *plan, size_t owner_count, char *const owners[],
                   overlay_maker make)
{
    size_t count = owner_count * plan->machine_count;
    struct item *items = calloc(count, sizeof(*items));
    virConnectPtr libvirt = NULL;

    if (!items)
        return -ENOMEM;
    int rc = fill_items(items, plan, owner_count, owners);
    if (rc == 0)
        rc = deploy(&libvirt, items, count, make);
    int undone = undo(items, count, plan->lab, owner_count, owners);
    if (libvirt)
        virConnectClose(libvirt);
    free(items);
    return rc < 0 ? rc : undone;
}

int main(int argc, char *argv[])
{
    static struct xw_plan plan;
    struct xw_error err = {0};
    overlay_maker make = NULL;

    if (argc >= 4 && strcmp(argv[1], "create") == 0)
        make = create_overlay;
    else if (argc >= 4 && strcmp(argv[1], "copy") == 0)
        make = copy_overlay;
    if (!make) {
        fputs("Usage: bare-deploy create|copy LAB OWNER...\n"
              "Prints the microseconds that overlays (of qemu-img create, or copied) and the\n"
              "domains' definitions took, and takes both away again.\n",
              stderr);
        return 2;
    }
    XW_AUTO_CLOSE int labs = open(XW_LABS_DIR, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (labs < 0 || xw_plan_read(labs, argv[2], &plan, &err) < 0) {
        fprintf(stderr, "bare-deploy: the lab %s can't be read: %s\n", argv[2], err.text);
        return 1;
    }
    return measure(&plan, (size_t)argc - 3, argv + 3, make) < 0 ? 1 : 0;
}
