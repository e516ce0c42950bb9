#include "xwadm/image_view.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "common/cleanup.h"
#include "common/paths.h"
#include "xwadm/files.h"
#include "xwadm/say.h"

int xw_image_view_read(const char *name, struct xw_image_view *view, struct xw_error *err)
{
    struct stat info;

    memset(view, 0, sizeof(*view));
    XW_AUTO_CLOSE int images = xw_directory_open(XW_IMAGES_DIR, err);
    if (images < 0)
        return images;
    XW_AUTO_CLOSE int dir = openat(images, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (dir < 0)
        return xw_fail(err, -ENOENT, "there is no image \"%s\"; `xwadm image list` shows them all",
                       name);
    snprintf(view->name, sizeof(view->name), "%s", name);
    view->rc = xw_image_read(name, &view->image, &view->trouble);
    if (view->rc == 0) {
        char id[XW_IMAGE_ID_LEN + 1];
        memcpy(id, view->image.id, sizeof(id));
        view->rc = xw_image_check(name, id, &view->image, &view->trouble);
    }
    if (view->image.disk[0] && fstatat(dir, view->image.disk, &info, AT_SYMLINK_NOFOLLOW) == 0)
        view->bytes = (unsigned long long)info.st_size;
    else if (view->rc == 0)
        view->rc = xw_fail_errno(&view->trouble, -errno,
                                 "the disk of the image \"%s\" can't be examined", name);
    if (fstatat(dir, "installed", &info, AT_SYMLINK_NOFOLLOW) == 0)
        view->installed = info.st_mtime;
    else if (view->rc == 0)
        view->rc = xw_fail_errno(&view->trouble, -errno,
                                 "the record of the image \"%s\" can't be examined", name);
    return xw_worlds_on_image(name, &view->worlds, err);
}

void xw_image_view_free(struct xw_image_view *view)
{
    xw_worlds_free(&view->worlds);
}

void xw_image_view_json(const struct xw_image_view *view, struct json_object *object)
{
    struct json_object *worlds = xw_json_need(json_object_new_array());

    for (size_t i = 0; i < view->worlds.count; i++) {
        struct json_object *world = xw_json_need(json_object_new_object());
        xw_json_text(world, "lab", view->worlds.items[i].lab);
        xw_json_text(world, "owner", view->worlds.items[i].owner);
        json_object_array_add(worlds, world);
    }
    xw_json_text(object, "name", view->name);
    xw_json_text(object, "id", view->image.id);
    xw_json_text(object, "description", view->image.description);
    xw_json_text(object, "disk", view->image.disk);
    xw_json_number(object, "disk_bytes", view->bytes);
    xw_json_number(object, "memory_min_bytes", view->image.memory_min * 1048576ULL);
    if (view->installed)
        xw_json_time(object, "installed", view->installed);
    xw_json_bool(object, "usable", view->rc == 0);
    if (view->rc < 0)
        xw_json_text(object, "trouble", view->trouble.text);
    json_object_object_add(object, "worlds", worlds);
}

void xw_image_view_complain(const struct xw_image_view *view)
{
    char worlds[XW_WORLDS_TEXT_SIZE];

    if (view->rc == 0)
        return;
    xw_worlds_text(&view->worlds, worlds);
    if (view->worlds.count)
        xw_note("%s. Worlds that stand on it: %s", view->trouble.text, worlds);
    else
        xw_note("%s. No world stands on it", view->trouble.text);
}
