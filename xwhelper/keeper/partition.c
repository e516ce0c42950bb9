#include "xwhelper/keeper/partition.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/cleanup.h"
#include "common/paths.h"
#include "xwhelper/keeper/machine.h"

/* libvirt adds the suffix to each part but "machine" (virCgroupSetPartitionSuffix()). */
#define TOP    "machine"
#define PARENT XW_PARTITIONS_DIR

/* What libvirt 9.0 looks for (virCgroupController); where two are mounted as one, links lead there.
 */
static const char *const controllers[] = {"cpu",     "cpuacct", "cpuset",  "memory",    "devices",
                                          "freezer", "blkio",   "net_cls", "perf_event"};
enum { CONTROLLERS = sizeof(controllers) / sizeof(controllers[0]) };

static bool is_there(const char *path)
{
    return access(path, F_OK) == 0;
}

/* What libvirt asks D-Bus: whether systemd-machined could be started (virSystemdHasMachined()). */
static bool has_machined(void)
{
    return is_there("/run/systemd/system") &&
           is_there("/usr/share/dbus-1/system-services/org.freedesktop.machine1.service");
}

enum xw_partitions xw_partitions_find(void)
{
    if (has_machined())
        return XW_PARTITIONS_SYSTEMD;
    return is_there(XW_CGROUP_DIR "/cpu/" PARENT) ? XW_PARTITIONS_OURS : XW_PARTITIONS_NONE;
}

/* Reads a small file whole; returns its length or an errno. */
static ssize_t read_small(const char *path, char *text, size_t size)
{
    XW_AUTO_CLOSE int fd = open(path, O_RDONLY | O_CLOEXEC);
    ssize_t length = fd < 0 ? -1 : read(fd, text, size - 1);

    if (length < 0)
        return -errno;
    text[length] = '\0';
    return length;
}

static bool has_memory_controller(void)
{
    char text[256];
    char *rest = NULL;

    if (is_there(XW_CGROUP_DIR "/memory/memory.soft_limit_in_bytes"))
        return true;
    if (read_small(XW_CGROUP_DIR "/cgroup.controllers", text, sizeof(text)) <= 0)
        return false;
    for (char *word = strtok_r(text, " \n", &rest); word; word = strtok_r(NULL, " \n", &rest)) {
        if (strcmp(word, "memory") == 0)
            return true;
    }
    return false;
}

struct xw_bounds xw_bounds_find(const struct xw_config *config)
{
    return (struct xw_bounds){.partition = xw_partitions_find() != XW_PARTITIONS_NONE,
                              .memory_limit = has_memory_controller(),
                              .disk_rate = config->disk_rate,
                              .disk_operations = config->disk_operations};
}

/* A new cpuset is empty, and takes no process until it has what its parent has. */
static int inherit(const char *directory, const char *setting)
{
    char from[PATH_MAX];
    char to[PATH_MAX];
    char text[4096];

    snprintf(from, sizeof(from), "%.*s/%s", (int)(strrchr(directory, '/') - directory), directory,
             setting);
    snprintf(to, sizeof(to), "%s/%s", directory, setting);
    ssize_t length = read_small(from, text, sizeof(text));
    if (length < 0)
        return (int)length;
    XW_AUTO_CLOSE int fd = open(to, O_WRONLY | O_CLOEXEC);
    return fd >= 0 && write(fd, text, (size_t)length) == length ? 0 : -errno;
}

/* Also one that was left half-made: its settings are written again. */
static int make_group(const char *controller, const char *group, struct xw_error *err)
{
    char path[PATH_MAX];

    snprintf(path, sizeof(path), XW_CGROUP_DIR "/%s/%s", controller, group);
    int rc = mkdir(path, 0755) < 0 && errno != EEXIST ? -errno : 0;
    if (rc == 0 && strcmp(controller, "cpuset") == 0) {
        rc = inherit(path, "cpuset.cpus");
        if (rc == 0)
            rc = inherit(path, "cpuset.mems");
    }
    return rc < 0 ? xw_fail_errno(err, rc, "The cgroup %s can't be made", path) : 0;
}

/* In every hierarchy that is there: libvirt uses them all. */
static int make_groups(const char *group, struct xw_error *err)
{
    int rc = 0;

    for (size_t i = 0; rc == 0 && i < CONTROLLERS; i++) {
        char path[PATH_MAX];
        snprintf(path, sizeof(path), XW_CGROUP_DIR "/%s", controllers[i]);
        if (is_there(path))
            rc = make_group(controllers[i], group, err);
    }
    return rc;
}

int xw_partitions_prepare(struct xw_error *err)
{
    if (has_machined())
        return 0;
    if (!is_there(XW_CGROUP_DIR "/cpu/cpu.shares"))
        return xw_fail(
            err, -EOPNOTSUPP,
            "this host has neither systemd-machined nor the cpu controller of cgroup v1");
    int rc = make_groups(TOP, err);
    return rc == 0 ? make_groups(PARENT, err) : rc;
}

/* The world's cgroup below a controller's directory. */
static void group_of(const char *lab, const char *owner, char *group, size_t size)
{
    char partition[XW_PARTITION_SIZE];

    xw_world_partition(lab, owner, partition);
    snprintf(group, size, PARENT "/%s.partition", strrchr(partition, '/') + 1);
}

int xw_partition_ensure(const char *lab, const char *owner, struct xw_error *err)
{
    char group[PATH_MAX];

    switch (xw_partitions_find()) {
    case XW_PARTITIONS_SYSTEMD:
        return 0;
    case XW_PARTITIONS_OURS:
        group_of(lab, owner, group, sizeof(group));
        return make_groups(group, err);
    default:
        return xw_fail(err, -EOPNOTSUPP, "this host has no partitions");
    }
}

void xw_partition_remove(const char *lab, const char *owner)
{
    char group[PATH_MAX];

    if (xw_partitions_find() != XW_PARTITIONS_OURS)
        return;
    group_of(lab, owner, group, sizeof(group));
    for (size_t i = 0; i < CONTROLLERS; i++) {
        char path[PATH_MAX + 64];
        snprintf(path, sizeof(path), XW_CGROUP_DIR "/%s/%s", controllers[i], group);
        /* Busy in the first, it is busy in all. */
        if (rmdir(path) < 0 && errno == EBUSY)
            return;
    }
}
