#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "common/cleanup.h"
#include "common/exitcode.h"
#include "common/names.h"
#include "common/paths.h"
#include "xwadm/command.h"
#include "xwadm/files.h"
#include "xwadm/image_view.h"
#include "xwadm/say.h"

static const char *state_word(int rc)
{
    switch (rc) {
    case 0:
        return "ok";
    case -ESTALE:
        return "changed";
    case -ENOENT:
        return "incomplete";
    default:
        return "unusable";
    }
}

static void print_line(const struct xw_image_view *view)
{
    char size[16];
    char worlds[24];

    xw_size_text(view->bytes, size);
    snprintf(worlds, sizeof(worlds), "%zu", view->worlds.count);
    xw_say("%-20s %-10s %9s %6s  %s", view->name, state_word(view->rc), size, worlds,
           view->image.description);
}

static void add_json(const struct xw_image_view *view, struct json_object *images)
{
    struct json_object *object = xw_json_need(json_object_new_object());

    xw_image_view_json(view, object);
    json_object_array_add(images, object);
}

/* Looks at all images, then shows them; trouble is told after the table. */
static int list(const char (*names)[XW_NAME_SIZE], size_t count, struct xw_image_view *views,
                struct json_object *images, struct xw_error *err)
{
    int rc = 0;

    for (size_t i = 0; i < count && rc == 0; i++)
        rc = xw_image_view_read(names[i], &views[i], err);
    if (rc < 0)
        return rc;
    if (!images && count > 0)
        xw_say("%-20s %-10s %9s %6s  %s", "IMAGE", "STATE", "DISK", "WORLDS", "DESCRIPTION");
    for (size_t i = 0; i < count; i++) {
        if (images)
            add_json(&views[i], images);
        else
            print_line(&views[i]);
    }
    for (size_t i = 0; i < count; i++)
        xw_image_view_complain(&views[i]);
    return 0;
}

static int list_with_views(const char (*names)[XW_NAME_SIZE], size_t count,
                           struct json_object *images, struct xw_error *err)
{
    struct xw_image_view *views = calloc(count + 1, sizeof(*views));

    if (!views)
        return xw_fail(err, -ENOMEM, "there is not enough memory");
    int rc = list(names, count, views, images, err);
    for (size_t i = 0; i < count; i++)
        xw_image_view_free(&views[i]);
    free(views);
    return rc;
}

static int list_all(bool json, struct xw_error *err)
{
    char(*names)[XW_NAME_SIZE] = NULL;
    XW_AUTO_CLOSE int images_fd = xw_directory_open(XW_IMAGES_DIR, err);

    if (images_fd < 0)
        return images_fd;
    ssize_t count = xw_directory_names(images_fd, xw_name_ok, &names, err);
    if (count < 0)
        return (int)count;
    struct json_object *images = json ? xw_json_need(json_object_new_array()) : NULL;
    int rc = list_with_views((const char(*)[XW_NAME_SIZE])names, (size_t)count, images, err);
    if (rc == 0 && json) {
        struct json_object *object = xw_json_new();
        json_object_object_add(object, "images", images);
        xw_json_print(object);
    } else {
        json_object_put(images);
    }
    if (rc == 0 && !json && count == 0)
        xw_note("no image is installed; `xwadm help image add` tells how");
    free(names);
    return rc;
}

static int run(int argc, char **argv)
{
    struct xw_error err = {0};
    bool json;

    if (!xw_json_option(argc, argv, &json) || !xw_operands_ok(argc, argv, 0, 0, ""))
        return XW_EXIT_USAGE;
    return list_all(json, &err) < 0 ? xw_complain(&err) : XW_EXIT_OK;
}

const struct xw_command xw_command_image_list = {
    .name = "image list",
    .arguments = "[--json]",
    .summary = "list the installed images",
    .help = "List the installed images: state, size of the disk's file, and how many worlds stand\n"
            "on each. STATE is ok, changed (a file is not the one that was installed), incomplete\n"
            "(a file is gone) or unusable; the worlds that suffer are named.\n"
            "\n"
            "  --json  for programs; sizes in bytes\n"
            "\n"
            "Example:\n"
            "  xwadm image list\n",
    .run = run,
};
