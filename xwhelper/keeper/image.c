#include "xwhelper/keeper/image.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "common/cleanup.h"
#include "common/lines.h"
#include "common/names.h"
#include "common/paths.h"
#include "common/record.h"

enum {
    FILES_MAX = 16, /* files of one image, image.conf and the template among them */
    SUM_LEN = 64    /* hexadecimal digits of a SHA-256 */
};

/* A file as it was when the image was installed. */
struct installed_file {
    char name[XW_IMAGE_FILE_SIZE];
    unsigned long size;  /* bytes */
    unsigned long mtime; /* nanoseconds since 1970 */
};

/* images/NAME/installed */
struct installed {
    char id[XW_IMAGE_ID_LEN + 1];
    size_t count;
    struct installed_file files[FILES_MAX];
};

/* The names of the files that image.conf gives a sum for. */
struct summed {
    size_t count;
    char names[FILES_MAX][XW_IMAGE_FILE_SIZE];
};

/* One path component that no program takes for an option, a hidden file or a list. */
static bool file_name_ok(const char *name)
{
    static const char allowed[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
                                  "0123456789._-";
    size_t length = strlen(name);

    return length > 0 && length < XW_IMAGE_FILE_SIZE && strspn(name, allowed) == length &&
           name[0] != '.' && name[0] != '-';
}

/* What an image's directory holds beside the files that come with the image. */
static bool is_ours(const char *name)
{
    return strcmp(name, "image.conf") == 0 || strcmp(name, "installed") == 0 ||
           strcmp(name, "template.qcow2") == 0;
}

static bool sum_ok(const char *sum)
{
    return strlen(sum) == SUM_LEN && strspn(sum, "0123456789abcdef") == SUM_LEN;
}

static bool has_sum(const struct summed *summed, const char *name)
{
    for (size_t i = 0; i < summed->count; i++) {
        if (strcmp(summed->names[i], name) == 0)
            return true;
    }
    return false;
}

static void read_sum(struct xw_record_lines *lines, struct summed *summed)
{
    char name[XW_IMAGE_FILE_SIZE];
    char sum[SUM_LEN + 1];

    if (!xw_record_pair(lines, "sha256", name, sizeof(name), sum, sizeof(sum)))
        return;
    if (!file_name_ok(name) || is_ours(name))
        xw_record_refuse_taken(lines, "the name of the file can't be used in an image");
    else if (!sum_ok(sum))
        xw_record_refuse_taken(lines, "a SHA-256 is 64 lower-case hexadecimal digits");
    else if (has_sum(summed, name))
        xw_record_refuse_taken(lines, "the file has a sum already");
    else if (summed->count == FILES_MAX - 2)
        xw_record_refuse_taken(lines, "an image has at most %d files", FILES_MAX - 2);
    else
        memcpy(summed->names[summed->count++], name, sizeof(name));
}

/* Reads a text that may be there once. */
static void read_once(struct xw_record_lines *lines, const char *key, char *value, size_t size)
{
    if (value[0]) {
        xw_record_refuse(lines, "\"%s\" is there twice", key);
        return;
    }
    if (xw_record_text(lines, key, value, size) && !xw_text_ok(value))
        xw_record_refuse_taken(lines, "the value of \"%s\" is not plain UTF-8 text", key);
}

static void read_file_name(struct xw_record_lines *lines, const char *key,
                           char name[XW_IMAGE_FILE_SIZE])
{
    read_once(lines, key, name, XW_IMAGE_FILE_SIZE);
    if (lines->rc == 0 && (!file_name_ok(name) || is_ours(name)))
        xw_record_refuse_taken(lines, "the value of \"%s\" can't be a file's name in an image",
                               key);
}

static void read_memory(struct xw_record_lines *lines, struct xw_image *image)
{
    unsigned long memory;

    if (image->memory_min)
        xw_record_refuse(lines, "\"memory-min\" is there twice");
    if (xw_record_number(lines, "memory-min", 1, XW_MEMORY_MAX, &memory))
        image->memory_min = (unsigned int)memory;
}

/* What is read, and kept no longer than until the text has been read. */
struct passing {
    char arch[16];
    char login[XW_CMDLINE_SIZE];
    char input[XW_CMDLINE_SIZE];
    struct summed summed;
};

static void read_line(struct xw_record_lines *lines, struct xw_image *image,
                      struct passing *passing)
{
    const struct {
        const char *key;
        char *value;
        size_t size;
    } texts[] = {
        {"name", image->name, sizeof(image->name)},
        {"description", image->description, sizeof(image->description)},
        {"arch", passing->arch, sizeof(passing->arch)},
        {"cmdline", image->cmdline, sizeof(image->cmdline)},
        {"login", passing->login, sizeof(passing->login)},
    };

    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        if (xw_record_at(lines, texts[i].key)) {
            read_once(lines, texts[i].key, texts[i].value, texts[i].size);
            return;
        }
    }
    if (xw_record_at(lines, "disk"))
        read_file_name(lines, "disk", image->disk);
    else if (xw_record_at(lines, "kernel"))
        read_file_name(lines, "kernel", image->kernel);
    else if (xw_record_at(lines, "initrd"))
        read_file_name(lines, "initrd", image->initrd);
    else if (xw_record_at(lines, "memory-min"))
        read_memory(lines, image);
    else if (xw_record_at(lines, "sha256"))
        read_sum(lines, &passing->summed);
    else if (xw_record_at(lines, "input"))
        xw_record_text(lines, "input", passing->input, sizeof(passing->input));
    else
        xw_record_refuse(lines, "no such key is known here, or it lacks a value");
}

/* What must be true of the whole. */
static void check_whole(struct xw_record_lines *lines, const struct xw_image *image,
                        const struct passing *passing)
{
    const char *files[] = {image->disk, image->kernel, image->initrd};

    if (!xw_name_ok(image->name))
        xw_record_refuse(lines, "\"name\" is missing, or its value is not a name");
    if (strcmp(passing->arch, "x86_64") != 0)
        xw_record_refuse(lines, "\"arch\" is missing, or its value is not x86_64");
    if (!image->disk[0])
        xw_record_refuse(lines, "\"disk\" is missing");
    if (!image->kernel[0] && (image->initrd[0] || image->cmdline[0]))
        xw_record_refuse(lines, "\"initrd\" and \"cmdline\" need a \"kernel\"");
    for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
        if (files[i][0] && !has_sum(&passing->summed, files[i]))
            xw_record_refuse(lines, "there is no \"sha256\" for %s", files[i]);
    }
}

int xw_image_parse(const char *text, size_t length, struct xw_image *image, struct xw_error *err)
{
    struct xw_record_lines lines;
    struct passing passing = {0};

    memset(image, 0, sizeof(*image));
    xw_record_begin(&lines, text, length, "xworlds-image 1", err);
    while (lines.rc == 0 && !xw_record_finished(&lines))
        read_line(&lines, image, &passing);
    check_whole(&lines, image, &passing);
    if (lines.rc < 0)
        memset(image, 0, sizeof(*image));
    return lines.rc;
}

/* Reads "NAME SIZE MTIME". */
static bool split_file(char *text, struct installed_file *file)
{
    char *size = strchr(text, ' ');
    char *mtime = size ? strchr(size + 1, ' ') : NULL;

    if (!mtime)
        return false;
    *size++ = '\0';
    *mtime++ = '\0';
    if (!file_name_ok(text) || xw_number(size, LONG_MAX, &file->size) < 0 ||
        xw_number(mtime, LONG_MAX, &file->mtime) < 0)
        return false;
    memcpy(file->name, text, strlen(text) + 1);
    return true;
}

static int parse_installed(const char *text, size_t length, struct installed *installed,
                           struct xw_error *err)
{
    struct xw_record_lines lines;
    char value[XW_IMAGE_FILE_SIZE + 64];

    memset(installed, 0, sizeof(*installed));
    xw_record_begin(&lines, text, length, "xworlds-installed 1", err);
    if (xw_record_text(&lines, "id", installed->id, sizeof(installed->id)) &&
        !sum_ok(installed->id))
        xw_record_refuse_taken(&lines, "an identity is 64 lower-case hexadecimal digits");
    while (xw_record_at(&lines, "file")) {
        if (installed->count == FILES_MAX)
            xw_record_refuse(&lines, "there are more than %d files", FILES_MAX);
        else if (xw_record_text(&lines, "file", value, sizeof(value)) &&
                 !split_file(value, &installed->files[installed->count++]))
            xw_record_refuse_taken(&lines, "\"file\" takes a name, a size and a time");
    }
    return xw_record_end(&lines);
}

static const struct installed_file *find_file(const struct installed *installed, const char *name)
{
    for (size_t i = 0; i < installed->count; i++) {
        if (strcmp(installed->files[i].name, name) == 0)
            return &installed->files[i];
    }
    return NULL;
}

/* Opens images/NAME. */
static int open_image(const char *name, struct xw_error *err)
{
    const int flags = O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC | O_DIRECTORY;

    if (!xw_name_ok(name))
        return xw_fail(err, -ENOENT, "there is no such image");
    XW_AUTO_CLOSE int images = open(XW_IMAGES_DIR, flags);
    if (images < 0)
        return xw_fail_errno(err, -errno, "%s can't be opened", XW_IMAGES_DIR);
    int fd = openat(images, name, flags);
    if (fd >= 0)
        return fd;
    if (errno == ENOENT)
        return xw_fail(err, -ENOENT, "there is no image \"%s\"", name);
    return xw_fail_errno(err, errno == ELOOP || errno == ENOTDIR ? -EPERM : -errno,
                         "the image \"%s\" can't be opened", name);
}

/* Reads image.conf and installed from the image's directory, and compares the two. */
static int read_records(int fd, const char *name, struct xw_image *image,
                        struct installed *installed, struct xw_error *err)
{
    XW_AUTO_FREE char *conf = NULL;
    XW_AUTO_FREE char *record = NULL;
    size_t conf_length = 0;
    size_t record_length = 0;
    struct xw_error why = {0};

    int rc = xw_record_read(fd, "image.conf", &conf, &conf_length, &why);
    if (rc == 0)
        rc = xw_image_parse(conf, conf_length, image, &why);
    if (rc < 0)
        return xw_fail(err, rc, "the image \"%s\" can't be used: image.conf, %s", name, why.text);
    rc = xw_record_read(fd, "installed", &record, &record_length, &why);
    if (rc == 0)
        rc = parse_installed(record, record_length, installed, &why);
    if (rc < 0)
        return xw_fail(err, rc, "the image \"%s\" can't be used: installed, %s", name, why.text);
    const char *files[] = {"image.conf", "template.qcow2", image->disk, image->kernel,
                           image->initrd};
    for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
        if (files[i][0] && !find_file(installed, files[i]))
            return xw_fail(err, -EBADMSG,
                           "the image \"%s\" can't be used: its record \"installed\" lacks %s",
                           name, files[i]);
    }
    snprintf(image->name, sizeof(image->name), "%s", name);
    memcpy(image->id, installed->id, sizeof(image->id));
    return 0;
}

int xw_image_read(const char *name, struct xw_image *image, struct xw_error *err)
{
    struct installed installed = {0};
    XW_AUTO_CLOSE int fd = open_image(name, err);

    return fd < 0 ? fd : read_records(fd, name, image, &installed, err);
}

/* Whether a file is as it was when the image was installed. */
static int check_file(int fd, const char *image, const struct installed_file *file,
                      struct xw_error *err)
{
    struct stat info;

    if (fstatat(fd, file->name, &info, AT_SYMLINK_NOFOLLOW) < 0) {
        if (errno == ENOENT)
            return xw_fail(err, -ENOENT,
                           "the file %s of the image \"%s\" is gone: an administrator must add "
                           "the image again",
                           file->name, image);
        return xw_fail_errno(err, -errno, "the file %s of the image \"%s\" can't be examined",
                             file->name, image);
    }
    unsigned long mtime =
        (unsigned long)info.st_mtim.tv_sec * 1000000000UL + (unsigned long)info.st_mtim.tv_nsec;
    if (!S_ISREG(info.st_mode) || (unsigned long)info.st_size != file->size || mtime != file->mtime)
        return xw_fail(err, -ESTALE,
                       "the file %s of the image \"%s\" has changed since it was installed: an "
                       "administrator must add the image again",
                       file->name, image);
    return 0;
}

int xw_image_check(const char *name, const char *id, struct xw_image *image, struct xw_error *err)
{
    struct installed installed = {0};
    XW_AUTO_CLOSE int fd = open_image(name, err);

    if (fd < 0)
        return fd;
    int rc = read_records(fd, name, image, &installed, err);
    if (rc < 0)
        return rc;
    if (strcmp(image->id, id) != 0)
        return xw_fail(err, -ESTALE,
                       "the image \"%s\" is another one than the lab was made for: an "
                       "administrator must apply the lab again",
                       name);
    for (size_t i = 0; i < installed.count && rc == 0; i++)
        rc = check_file(fd, name, &installed.files[i], err);
    return rc;
}
