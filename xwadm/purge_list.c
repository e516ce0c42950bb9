#include "xwadm/purge_list.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "common/cleanup.h"
#include "xwadm/say.h"
#include "xwadm/window.h"
#include "xwhelper/keeper/world.h"

enum { BLOCK = 512 }; /* what st_blocks counts in (stat(3type)) */

void xw_purge_list_free(struct xw_purge_list *list)
{
    free(list->items);
    *list = (struct xw_purge_list){0};
}

/* The file "owner" is as old as the world: it tells nothing of its use. */
static void look_at_file(struct xw_purge_world *world, int directory, const char *name)
{
    struct stat info;

    if (fstatat(directory, name, &info, AT_SYMLINK_NOFOLLOW) < 0 || !S_ISREG(info.st_mode))
        return;
    world->bytes += (unsigned long long)info.st_blocks * BLOCK;
    if (info.st_mtime > world->last_use && strcmp(name, "owner") != 0)
        world->last_use = info.st_mtime;
}

static int look_at_files(struct xw_purge_world *world, struct xw_error *err)
{
    char path[PATH_MAX];
    const struct dirent *entry;

    int rc = xw_world_path(world->name.lab, world->name.owner, path, sizeof(path));
    if (rc < 0)
        return xw_fail_errno(err, rc, "%s/%s", world->name.lab, world->name.owner);
    XW_AUTO_CLOSEDIR DIR *directory = opendir(path);
    if (!directory)
        return xw_fail_errno(err, -errno, "%s can't be opened", path);
    while (errno = 0, (entry = readdir(directory)))
        look_at_file(world, dirfd(directory), entry->d_name);
    return errno ? xw_fail_errno(err, -errno, "%s can't be read", path) : 0;
}

int xw_purge_list_add(struct xw_purge_list *list, const struct xw_world_name *name,
                      const struct xw_window *window, struct xw_error *err)
{
    struct xw_purge_world *items = reallocarray(list->items, list->count + 1, sizeof(*items));

    if (!items)
        return xw_fail(err, -ENOMEM, "there is not enough memory");
    list->items = items;
    items[list->count] = (struct xw_purge_world){.name = *name, .window = *window};
    int rc = look_at_files(&items[list->count], err);
    if (rc == 0)
        list->count++;
    return rc;
}

static void print_world(const struct xw_purge_world *world)
{
    char closed[XW_WHEN_SIZE];
    char used[XW_WHEN_SIZE] = "never";
    char size[16];

    xw_when_text(world->window.closes, closed);
    if (world->last_use)
        xw_when_text(world->last_use, used);
    xw_size_text(world->bytes, size);
    xw_say("%-20s %-20s %-22s %9s  %s", world->name.lab, world->name.owner, closed, size, used);
}

void xw_purge_list_print(const struct xw_purge_list *list)
{
    unsigned long long bytes = 0;
    char size[16];

    xw_say("%-20s %-20s %-22s %9s  %s", "LAB", "OWNER", "CLOSED SINCE", "DISK", "LAST USE");
    for (size_t i = 0; i < list->count; i++) {
        print_world(&list->items[i]);
        bytes += list->items[i].bytes;
    }
    xw_size_text(bytes, size);
    xw_say("%zu world%s, %s on the disk.", list->count, list->count == 1 ? "" : "s", size);
}

struct json_object *xw_purge_list_json(const struct xw_purge_list *list)
{
    struct json_object *worlds = xw_json_need(json_object_new_array());

    for (size_t i = 0; i < list->count; i++) {
        const struct xw_purge_world *world = &list->items[i];
        struct json_object *object = xw_json_need(json_object_new_object());
        xw_json_text(object, "lab", world->name.lab);
        xw_json_text(object, "owner", world->name.owner);
        xw_json_time(object, "closed", world->window.closes);
        xw_json_time(object, "ended", world->window.ends);
        xw_json_number(object, "bytes", world->bytes);
        if (world->last_use)
            xw_json_time(object, "last_use", world->last_use);
        xw_json_text(object, "result", world->result ? world->result : "due");
        json_object_array_add(worlds, object);
    }
    return worlds;
}
