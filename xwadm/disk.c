#include "xwadm/disk.h"

#include <errno.h>
#include <fcntl.h>
#include <json-c/json.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/cleanup.h"
#include "xwadm/confined.h"

#define QEMU_IMG "/usr/bin/qemu-img"
/* Where xw_confined_exec() puts the descriptor. */
#define HANDED_PATH "/proc/self/fd/3"

/* docs/interop/qcow2.txt, "Header" */
enum {
    QCOW2_VERSION = 4,
    QCOW2_BACKING_OFFSET = 8,
    QCOW2_CRYPT_METHOD = 32,
    QCOW2_INCOMPATIBLE = 72,
    QCOW2_V2_LENGTH = 72,
    QCOW2_CORRUPT = 1 << 1,
    QCOW2_DATA_FILE = 1 << 2
};

/* What QEMU would probe as another format, or people take for a disk by mistake. */
static const struct {
    size_t offset;
    size_t length;
    const char *bytes;
    const char *name;
} foreign[] = {
    {0, 4, "KDMV", "VMDK"},          {0, 4, "COWD", "VMDK"},
    {0, 5, "# Dis", "VMDK"},         {64, 4, "\x7f\x10\xda\xbe", "VDI"},
    {0, 8, "vhdxfile", "VHDX"},      {0, 8, "conectix", "VHD"},
    {0, 4, "QED\0", "QED"},          {0, 6, "LUKS\xba\xbe", "LUKS"},
    {0, 8, "WithoutF", "Parallels"}, {0, 8, "WithouFr", "Parallels"},
};

static uint64_t big_endian(const unsigned char *bytes, size_t length)
{
    uint64_t value = 0;

    for (size_t i = 0; i < length; i++)
        value = value << 8 | bytes[i];
    return value;
}

static int judge_qcow2(const unsigned char *bytes, size_t length, struct xw_error *err)
{
    uint64_t version = length < QCOW2_V2_LENGTH ? 0 : big_endian(bytes + QCOW2_VERSION, 4);

    if (version != 2 && (version != 3 || length < XW_DISK_HEADER_SIZE))
        return xw_fail(err, -EINVAL, "the disk is not a whole qcow2 of version 2 or 3");
    if (big_endian(bytes + QCOW2_BACKING_OFFSET, 8) != 0)
        return xw_fail(err, -EINVAL,
                       "the disk has a backing file; make it whole with `qemu-img convert -O "
                       "qcow2`");
    if (big_endian(bytes + QCOW2_CRYPT_METHOD, 4) != 0)
        return xw_fail(err, -EINVAL, "the disk is encrypted; decrypt it with `qemu-img convert`");
    uint64_t incompatible = version == 3 ? big_endian(bytes + QCOW2_INCOMPATIBLE, 8) : 0;
    if (incompatible & QCOW2_DATA_FILE)
        return xw_fail(err, -EINVAL,
                       "the disk keeps its data in another file; make it whole with `qemu-img "
                       "convert -O qcow2`");
    if (incompatible & QCOW2_CORRUPT)
        return xw_fail(err, -EINVAL,
                       "the disk is marked as corrupt; repair it with `qemu-img "
                       "check -r all`");
    return 0;
}

int xw_disk_header(const unsigned char *bytes, size_t length, const char **format,
                   struct xw_error *err)
{
    if (length >= 4 && memcmp(bytes, "QFI\xfb", 4) == 0) {
        *format = "qcow2";
        return judge_qcow2(bytes, length, err);
    }
    for (size_t i = 0; i < sizeof(foreign) / sizeof(foreign[0]); i++) {
        if (length >= foreign[i].offset + foreign[i].length &&
            memcmp(bytes + foreign[i].offset, foreign[i].bytes, foreign[i].length) == 0)
            return xw_fail(err, -EINVAL,
                           "the disk is a %s; convert it with `qemu-img convert -O qcow2`",
                           foreign[i].name);
    }
    *format = "raw";
    return 0;
}

static bool has(struct json_object *object, const char *key)
{
    struct json_object *value = NULL;

    return json_object_object_get_ex(object, key, &value) && value;
}

static bool is_true(struct json_object *object, const char *key)
{
    struct json_object *value = NULL;

    return json_object_object_get_ex(object, key, &value) && json_object_get_boolean(value);
}

static int judge_object(struct json_object *object, const char *format,
                        unsigned long long *virtual_size, struct xw_error *err)
{
    struct json_object *found = NULL;
    struct json_object *data = NULL;

    if (!json_object_object_get_ex(object, "format", &found) ||
        !json_object_is_type(found, json_type_string) ||
        strcmp(json_object_get_string(found), format) != 0)
        return xw_fail(err, -EINVAL, "the disk is not the %s that it seems to be", format);
    if (has(object, "backing-filename") || has(object, "full-backing-filename"))
        return xw_fail(err, -EINVAL, "the disk has a backing file");
    if (is_true(object, "encrypted"))
        return xw_fail(err, -EINVAL, "the disk is encrypted");
    if (json_object_object_get_ex(object, "format-specific", &found) &&
        json_object_object_get_ex(found, "data", &data)) {
        if (has(data, "data-file") || is_true(data, "data-file-raw"))
            return xw_fail(err, -EINVAL, "the disk keeps its data in another file");
        if (is_true(data, "corrupt"))
            return xw_fail(err, -EINVAL, "the disk is marked as corrupt");
    }
    if (!json_object_object_get_ex(object, "virtual-size", &found) ||
        !json_object_is_type(found, json_type_int) || json_object_get_int64(found) <= 0)
        return xw_fail(err, -EINVAL, "the disk has no size");
    if (json_object_get_uint64(found) > XW_DISK_VIRTUAL_MAX)
        return xw_fail(err, -EINVAL, "the disk claims to be larger than 4 TiB");
    *virtual_size = json_object_get_uint64(found);
    return 0;
}

int xw_disk_judge(const char *json, const char *format, unsigned long long *virtual_size,
                  struct xw_error *err)
{
    struct json_object *object = json_tokener_parse(json);
    int rc = xw_fail(err, -EINVAL, "qemu-img gave no proper answer about the disk");

    if (object && json_object_is_type(object, json_type_object))
        rc = judge_object(object, format, virtual_size, err);
    json_object_put(object);
    return rc;
}

int xw_disk_inspect(int fd, struct xw_disk *disk, struct xw_error *err)
{
    unsigned char bytes[512];
    XW_AUTO_BUFFER output = {0};
    ssize_t length = pread(fd, bytes, sizeof(bytes), 0);

    if (length < 0)
        return xw_fail_errno(err, -errno, "the disk can't be read");
    int rc = xw_disk_header(bytes, (size_t)length, &disk->format, err);
    if (rc < 0)
        return rc;
    const char *const argv[] = {QEMU_IMG,    "info", "--output=json", "-f", disk->format,
                                HANDED_PATH, NULL};
    rc = xw_confined_exec(argv, fd, &output, err);
    if (rc < 0)
        return rc;
    return xw_disk_judge(output.text ? output.text : "", disk->format, &disk->virtual_size, err);
}

static int run_qemu_img(const char *const argv[], int fd, struct xw_error *err)
{
    XW_AUTO_BUFFER output = {0};

    return xw_confined_exec(argv, fd, &output, err);
}

static int fill_template(int fd, const char *base, const struct xw_disk *disk, struct xw_error *err)
{
    static const char without_backing[] =
        "json:{\"driver\":\"qcow2\",\"backing\":null,"
        "\"file\":{\"driver\":\"file\",\"filename\":\"" HANDED_PATH "\"}}";
    char size[32];

    snprintf(size, sizeof(size), "%llu", disk->virtual_size);
    const char *const create[] = {QEMU_IMG,    "create", "-q", "-u", "-f",
                                  "qcow2",     "-b",     base, "-F", disk->format,
                                  HANDED_PATH, size,     NULL};
    int rc = run_qemu_img(create, fd, err);
    if (rc < 0)
        return rc;
    /* Without its backing file, which isn't in its place yet, and which nobody may read. */
    const char *const snapshot[] = {QEMU_IMG, "snapshot", "-c", "pristine", without_backing, NULL};
    return run_qemu_img(snapshot, fd, err);
}

int xw_disk_make_template(int dir_fd, const char *base, const struct xw_disk *disk, gid_t gid,
                          struct xw_error *err)
{
    XW_AUTO_CLOSE int fd =
        openat(dir_fd, "template.qcow2", O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);

    if (fd < 0)
        return xw_fail_errno(err, -errno, "the template can't be made");
    if (fchown(fd, XW_NOBODY, XW_NOBODY) < 0)
        return xw_fail_errno(err, -errno, "the template can't be given to nobody");
    int rc = fill_template(fd, base, disk, err);
    if (rc < 0)
        return rc;
    if (fchown(fd, 0, gid) < 0 || fchmod(fd, 0640) < 0 || fsync(fd) < 0)
        return xw_fail_errno(err, -errno, "the template can't be completed");
    return 0;
}
