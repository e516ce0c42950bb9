#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/cleanup.h"
#include "common/exitcode.h"
#include "common/paths.h"
#include "common/record.h"
#include "xwadm/buffer.h"
#include "xwadm/command.h"
#include "xwadm/disk.h"
#include "xwadm/files.h"
#include "xwadm/say.h"
#include "xwadm/worlds.h"
#include "xwhelper/keeper/image.h"

/* image.c takes 16 files, image.conf and the template among them. */
enum { FILES_MAX = 14, PATH_SIZE = 512 };

struct summed_file {
    char name[XW_IMAGE_FILE_SIZE];
    char sum[XW_IMAGE_ID_LEN + 1];
};

/* An image on its way from a directory of somebody's into ours. */
struct addition {
    int source;
    int images;
    int aside;
    char aside_name[XW_ASIDE_SIZE];
    char name[XW_NAME_SIZE];
    char *conf;
    size_t conf_length;
    char id[XW_IMAGE_ID_LEN + 1];
    struct xw_image image;
    size_t file_count;
    struct summed_file files[FILES_MAX];
};

/* Collects the lines `sha256 FILE SUM` of an image.conf that xw_image_parse() has accepted. */
static void collect_sums(struct addition *addition)
{
    static const char key[] = "sha256 ";
    const char *line = addition->conf;

    while (*line && addition->file_count < FILES_MAX) {
        size_t length = strcspn(line, "\n");
        if (strncmp(line, key, sizeof(key) - 1) == 0) {
            struct summed_file *file = &addition->files[addition->file_count++];
            const char *name = line + sizeof(key) - 1;
            size_t name_length = strcspn(name, " ");
            memcpy(file->name, name, name_length);
            file->name[name_length] = '\0';
            memcpy(file->sum, name + name_length + 1, XW_IMAGE_ID_LEN);
            file->sum[XW_IMAGE_ID_LEN] = '\0';
        }
        line += length + (line[length] == '\n');
    }
}

static int read_conf(struct addition *addition, const char *directory, struct xw_error *err)
{
    struct xw_error why = {0};

    addition->source = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (addition->source < 0)
        return xw_fail_errno(err, -errno, "the directory %s can't be opened", directory);
    int rc = xw_file_read(addition->source, "image.conf", XW_RECORD_BYTES_MAX, &addition->conf,
                          &addition->conf_length, &why);
    if (rc < 0)
        return xw_fail(err, rc, "%s: %s", directory, why.text);
    rc = xw_image_parse(addition->conf, addition->conf_length, &addition->image, &why);
    if (rc < 0)
        return xw_fail(err, rc, "%s/image.conf, %s", directory, why.text);
    rc = xw_bytes_sum(addition->conf, addition->conf_length, addition->id, err);
    if (rc < 0)
        return rc;
    if (!addition->name[0])
        memcpy(addition->name, addition->image.name, sizeof(addition->name));
    collect_sums(addition);
    return 0;
}

/* What is installed under this name already. */
enum installed { INSTALLED_NOT, INSTALLED_SAME, INSTALLED_SAME_DAMAGED, INSTALLED_OTHER };

static enum installed look(const struct addition *addition)
{
    XW_AUTO_FREE char *conf = NULL;
    size_t length;
    char id[XW_IMAGE_ID_LEN + 1] = "";
    struct xw_image image;
    XW_AUTO_CLOSE int dir =
        openat(addition->images, addition->name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

    if (dir < 0)
        return INSTALLED_NOT;
    if (xw_file_read(dir, "image.conf", XW_RECORD_BYTES_MAX, &conf, &length, NULL) == 0)
        xw_bytes_sum(conf, length, id, NULL);
    if (strcmp(id, addition->id) != 0)
        return INSTALLED_OTHER;
    return xw_image_check(addition->name, addition->id, &image, NULL) == 0 ? INSTALLED_SAME
                                                                           : INSTALLED_SAME_DAMAGED;
}

/* Nothing may change below the overlays of a world. */
static int refuse_if_used(const struct addition *addition, struct xw_error *err)
{
    XW_AUTO_WORLDS worlds = {0};
    char text[XW_WORLDS_TEXT_SIZE];

    int rc = xw_worlds_on_image(addition->name, &worlds, err);
    if (rc < 0 || worlds.count == 0)
        return rc;
    xw_worlds_text(&worlds, text);
    return xw_fail(err, -EBUSY,
                   "another image \"%s\" is installed and worlds stand on it: %s; destroy them "
                   "first, or add this one under another name (`xwadm image add NAME DIR`)",
                   addition->name, text);
}

/* Copies a file aside, checks the copy's sum, and the disk's format if it is the disk. */
static int copy_file(const struct addition *addition, const struct summed_file *file,
                     struct xw_disk *disk, struct xw_error *err)
{
    char sum[XW_IMAGE_ID_LEN + 1];
    struct xw_error why = {0};
    XW_AUTO_CLOSE int copy =
        xw_file_copy(addition->source, file->name, addition->aside, file->name, 0644, err);

    if (copy < 0)
        return copy;
    int rc = xw_file_sum(copy, sum, err);
    if (rc < 0)
        return rc;
    if (strcmp(sum, file->sum) != 0)
        return xw_fail(err, -EBADMSG,
                       "%s is not the file that image.conf describes: its SHA-256 is %s; get or "
                       "build the image again",
                       file->name, sum);
    if (strcmp(file->name, addition->image.disk) != 0)
        return 0;
    rc = xw_disk_inspect(copy, disk, &why);
    return rc < 0 ? xw_fail(err, rc, "%s: %s", file->name, why.text) : 0;
}

static int add_installed_line(const struct addition *addition, const char *name,
                              struct xw_buffer *text, struct xw_error *err)
{
    struct stat info;

    if (fstatat(addition->aside, name, &info, AT_SYMLINK_NOFOLLOW) < 0)
        return xw_fail_errno(err, -errno, "%s can't be examined", name);
    xw_buffer_add(text, "file %s %llu %llu\n", name, (unsigned long long)info.st_size,
                  (unsigned long long)info.st_mtim.tv_sec * 1000000000ULL +
                      (unsigned long long)info.st_mtim.tv_nsec);
    return 0;
}

/* Writes the record that xw_image_check() compares the files with. */
static int write_installed(const struct addition *addition, struct xw_error *err)
{
    XW_AUTO_BUFFER text = {0};

    xw_buffer_add(&text, "xworlds-installed 1\nid %s\n", addition->id);
    int rc = add_installed_line(addition, "image.conf", &text, err);
    if (rc == 0)
        rc = add_installed_line(addition, "template.qcow2", &text, err);
    for (size_t i = 0; i < addition->file_count && rc == 0; i++)
        rc = add_installed_line(addition, addition->files[i].name, &text, err);
    xw_buffer_add(&text, "end\n");
    if (rc == 0 && text.failed)
        rc = xw_fail(err, -ENOMEM, "there is not enough memory");
    return rc < 0
               ? rc
               : xw_file_write(addition->aside, "installed", text.text, text.length, 0640, 0, err);
}

static int fill(const struct addition *addition, struct xw_error *err)
{
    struct xw_disk disk = {0};
    char base[PATH_SIZE];

    int rc = xw_file_write(addition->aside, "image.conf", addition->conf, addition->conf_length,
                           0640, 0, err);
    for (size_t i = 0; i < addition->file_count && rc == 0; i++)
        rc = copy_file(addition, &addition->files[i], &disk, err);
    if (rc < 0)
        return rc;
    snprintf(base, sizeof(base), "%s/%s/%s", XW_IMAGES_DIR, addition->name, addition->image.disk);
    rc = xw_disk_make_template(addition->aside, base, &disk, 0, err);
    if (rc == 0)
        rc = write_installed(addition, err);
    return rc;
}

/* Makes the image aside and puts it in its place. QEMU's group is the one of images/. */
static int install(struct addition *addition, struct xw_error *err)
{
    struct stat images;

    if (fstat(addition->images, &images) < 0)
        return xw_fail_errno(err, -errno, "%s can't be examined", XW_IMAGES_DIR);
    xw_aside_clean(addition->images);
    addition->aside = xw_aside_make(addition->images, addition->name, addition->aside_name, err);
    if (addition->aside < 0)
        return addition->aside;
    int rc = fill(addition, err);
    if (xw_interrupted())
        rc = xw_fail(err, -EINTR, "interrupted; nothing has been installed");
    if (rc == 0)
        rc = xw_aside_publish(addition->images, addition->aside, addition->aside_name,
                              addition->name, images.st_mode & 0777, images.st_gid, err);
    if (rc < 0)
        xw_directory_remove(addition->images, addition->aside_name, NULL);
    return rc;
}

static int add(struct addition *addition, const char *directory, struct xw_error *err)
{
    static const char *const said[] = {
        [INSTALLED_NOT] = "is installed",
        [INSTALLED_SAME] = "is installed already: the same files, unchanged",
        [INSTALLED_SAME_DAMAGED] = "is installed again: files of it had changed or gone",
        [INSTALLED_OTHER] = "has replaced another one; apply again the labs that use it",
    };

    addition->images = xw_directory_open(XW_IMAGES_DIR, err);
    if (addition->images < 0)
        return addition->images;
    XW_AUTO_CLOSE int lock = xw_directory_lock(addition->images, XW_LOCK_ALONE, "images", err);
    if (lock < 0)
        return lock;
    int rc = read_conf(addition, directory, err);
    if (rc < 0)
        return rc;
    enum installed before = look(addition);
    if (before == INSTALLED_OTHER)
        rc = refuse_if_used(addition, err);
    if (rc == 0 && before != INSTALLED_SAME)
        rc = install(addition, err);
    if (rc == 0)
        xw_say("The image \"%s\" %s.", addition->name, said[before]);
    return rc;
}

static int run(int argc, char **argv)
{
    static const struct option options[] = {{0}};
    struct addition addition = {.source = -1, .images = -1, .aside = -1};
    struct xw_error err = {0};

    if (xw_option(argc, argv, options) != -1 ||
        !xw_operands_ok(argc, argv, 1, 2, "the image's directory"))
        return XW_EXIT_USAGE;
    if (argc - optind == 2) {
        if (!xw_name_ok(argv[optind]))
            return xw_bad_name("an image", argv[optind]);
        snprintf(addition.name, sizeof(addition.name), "%s", argv[optind]);
    }
    int rc = add(&addition, argv[argc - 1], &err);
    free(addition.conf);
    xw_cleanup_close(&addition.source);
    xw_cleanup_close(&addition.images);
    xw_cleanup_close(&addition.aside);
    return rc < 0 ? xw_complain(&err) : XW_EXIT_OK;
}

const struct xw_command xw_command_image_add = {
    .name = "image add",
    .arguments = "[NAME] DIR",
    .summary = "install an image from a directory",
    .help = "Install the image that DIR holds: image.conf and the files that it names. They are\n"
            "copied, each is compared with its SHA-256 in image.conf, and the disk is looked at\n"
            "without privilege: it must be a qcow2 or raw disk that names no other file. The\n"
            "image appears under NAME (default: the name in image.conf) when all of it is there.\n"
            "\n"
            "Adding the same image again changes nothing, and repairs one whose files have\n"
            "changed or gone. Another image under a name that worlds stand on is refused:\n"
            "overlays on a changed disk would be corrupt.\n"
            "\n"
            "Examples:\n"
            "  images/tiny/build /srv/images/tiny && xwadm image add /srv/images/tiny\n"
            "  xwadm image add tiny-2 /srv/images/tiny     # a second version beside the first\n",
    .run = run,
};
