#include "xwadm/lab_file.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/cleanup.h"
#include "common/names.h"
#include "common/paths.h"
#include "xwadm/confined.h"
#include "xwadm/files.h"
#include "xwadm/lab.h"
#include "xwadm/people.h"
#include "xwadm/say.h"
#include "xwadm/tree.h"
#include "xwadm/zone.h"
#include "xwhelper/keeper/image.h"

enum { PATH_SIZE = 4096, GROUP_BUFFER = 1048576 };

/* The last part of a path, without slashes at its end. Returns its length. */
static size_t last_part(const char *path, size_t length, const char **part)
{
    while (length > 1 && path[length - 1] == '/')
        length--;
    const char *slash = memrchr(path, '/', length);
    *part = slash ? slash + 1 : path;
    return length - (size_t)(*part - path);
}

int xw_lab_file_name(const char *path, char name[XW_NAME_SIZE], struct xw_error *err)
{
    static const char suffix[] = ".yaml";
    char absolute[PATH_SIZE];
    const char *part;
    size_t length = last_part(path, strlen(path), &part);

    if (length == strlen("lab.yaml") && memcmp(part, "lab.yaml", length) == 0) {
        /* The directory may be given as "." or not at all. */
        if (!realpath(path, absolute))
            return xw_fail_errno(err, -errno, "%s can't be found", path);
        size_t before = strlen(absolute) - strlen("/lab.yaml");
        length = last_part(absolute, before, &part);
    } else if (length > strlen(suffix) && memcmp(part + length - 5, suffix, 5) == 0) {
        length -= strlen(suffix);
    } else {
        return xw_fail(err, -EINVAL,
                       "%s: a lab file is called LAB.yaml, or lab.yaml in a directory with the "
                       "lab's name",
                       path);
    }
    if (length < XW_NAME_SIZE) {
        memcpy(name, part, length);
        name[length] = '\0';
        if (xw_name_ok(name))
            return 0;
    }
    return xw_fail(err, -EINVAL,
                   "%s: \"%.*s\" can't be a lab's name: small letters, digits and -, at most 32; "
                   "rename the file or its directory",
                   path, length < 64 ? (int)length : 64, part);
}

static int find_group(const char *name, gid_t *gid, struct xw_error *err)
{
    struct group entry;
    struct group *found = NULL;
    char *buffer = malloc(GROUP_BUFFER);

    if (!buffer)
        return xw_fail(err, -ENOMEM, "there is not enough memory");
    int rc = getgrnam_r(name, &entry, buffer, GROUP_BUFFER, &found);
    if (found)
        *gid = found->gr_gid;
    free(buffer);
    if (found)
        return 0;
    /* getgrnam(3): these, too, may mean that there is none. */
    if (rc == 0 || rc == ENOENT || rc == ESRCH || rc == EBADF || rc == EPERM)
        return -ENOENT;
    return xw_fail(err, -rc, "%s", strerror(rc));
}

/* A directory may take other spellings of a name for the same (SSSD): here only its own counts. */
static int find_user(const char *name, uid_t *uid, struct xw_error *err)
{
    const struct passwd *user;
    int rc = xw_user_find(name, &user, err);

    if (rc < 0)
        return rc;
    if (!user || strcmp(user->pw_name, name) != 0)
        return -ENOENT;
    *uid = user->pw_uid;
    return 0;
}

static int find_image(const char *name, char *id, unsigned int *memory_min, struct xw_error *err)
{
    struct xw_image image;
    int rc = xw_image_read(name, &image, err);

    if (rc < 0)
        return rc;
    memcpy(id, image.id, sizeof(image.id));
    *memory_min = image.memory_min;
    rc = xw_image_check(name, id, &image, err);
    /* The image is there; -ENOENT would say that it isn't. */
    return rc == -ENOENT ? -ESTALE : rc;
}

static int compile(struct xw_lab_file *file, struct xw_error *err)
{
    XW_AUTO_BUFFER lines = {0};
    char(*names)[XW_NAME_SIZE] = NULL;
    const char **images = NULL;
    XW_AUTO_ZONES zones = {0};
    XW_AUTO_CLOSE int images_fd = xw_directory_open(XW_IMAGES_DIR, err);

    if (images_fd < 0)
        return images_fd;
    int rc = xw_confined_run(xw_lab_translate, file->source, file->source_length, &lines, err);
    if (rc < 0)
        return rc;
    rc = xw_zones_read(&zones, err);
    if (rc < 0)
        return rc;
    ssize_t count = xw_directory_names(images_fd, xw_name_ok, &names, err);
    if (count < 0)
        return (int)count;
    images = calloc((size_t)count + 1, sizeof(*images));
    for (ssize_t i = 0; images && i < count; i++)
        images[i] = names[i];
    const struct xw_lab_lookup lookup = {.group = find_group,
                                         .user = find_user,
                                         .image = find_image,
                                         .time = xw_zone_time,
                                         .zones = zones.names,
                                         .zone_count = zones.count,
                                         .images = images,
                                         .image_count = images ? (size_t)count : 0};
    rc = xw_lab_compile(file->name, lines.text ? lines.text : "", lines.length, &lookup,
                        &file->compiled, &file->problems, err);
    free(images);
    free(names);
    return rc;
}

int xw_lab_file_load(const char *path, struct xw_lab_file *file, struct xw_error *err)
{
    struct xw_error why = {0};

    memset(file, 0, sizeof(*file));
    file->path = path;
    int rc = xw_lab_file_name(path, file->name, err);
    if (rc < 0)
        return rc;
    rc = xw_file_read(AT_FDCWD, path, XW_SOURCE_MAX, &file->source, &file->source_length, err);
    if (rc < 0)
        return rc;
    rc = compile(file, &why);
    return rc < 0 ? xw_fail(err, rc, "%s: %s", path, why.text) : 0;
}

void xw_lab_file_free(struct xw_lab_file *file)
{
    free(file->source);
    xw_buffer_free(&file->compiled.access_text);
    xw_buffer_free(&file->compiled.plan_text);
    memset(file, 0, sizeof(*file));
}

void xw_lab_file_complain(const struct xw_lab_file *file)
{
    const struct xw_problems *problems = &file->problems;

    fflush(stdout);
    for (size_t i = 0; i < problems->count; i++)
        fprintf(stderr, "%s:%u:%u: %s\n", file->path, problems->items[i].at.line,
                problems->items[i].at.column, problems->items[i].text);
    if (problems->dropped)
        fprintf(stderr, "%s: there are %zu errors more; correct these first\n", file->path,
                problems->dropped);
}

static int helper_group(gid_t *gid, struct xw_error *err)
{
    int rc = find_group(XW_HELPER_USER, gid, err);

    if (rc == -ENOENT)
        return xw_fail(err, rc, "this host has no group %s; is xworlds installed?", XW_HELPER_USER);
    return rc;
}

static int fill(const struct xw_lab_file *file, int aside, gid_t helper, struct xw_error *err)
{
    const struct xw_lab_compiled *compiled = &file->compiled;
    int rc = xw_file_write(aside, "lab.yaml", file->source, file->source_length, 0640, 0, err);

    if (rc == 0)
        rc = xw_file_write(aside, "access", compiled->access_text.text,
                           compiled->access_text.length, 0640, helper, err);
    if (rc == 0)
        rc = xw_file_write(aside, "plan", compiled->plan_text.text, compiled->plan_text.length,
                           0640, 0, err);
    return rc;
}

int xw_lab_file_install(const struct xw_lab_file *file, int labs_fd, struct xw_error *err)
{
    char aside_name[XW_ASIDE_SIZE];
    gid_t helper = 0;

    int rc = helper_group(&helper, err);
    if (rc < 0)
        return rc;
    xw_aside_clean(labs_fd);
    XW_AUTO_CLOSE int aside = xw_aside_make(labs_fd, file->name, aside_name, err);
    if (aside < 0)
        return aside;
    rc = fill(file, aside, helper, err);
    if (rc == 0)
        rc = xw_aside_publish(labs_fd, aside, aside_name, file->name, 0750, helper, err);
    if (rc < 0)
        xw_directory_remove(labs_fd, aside_name, NULL);
    return rc;
}
