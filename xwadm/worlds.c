#include "xwadm/worlds.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <pwd.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/cleanup.h"
#include "common/paths.h"
#include "xwhelper/keeper/machine.h"
#include "xwhelper/keeper/plan.h"
#include "xwhelper/keeper/world.h"

enum { SHOWN = 5 };

void xw_worlds_free(struct xw_worlds *worlds)
{
    free(worlds->items);
    *worlds = (struct xw_worlds){0};
}

static int add_world(const char *lab, const char *owner, void *data)
{
    struct xw_worlds *worlds = data;
    struct xw_world_name *items = reallocarray(worlds->items, worlds->count + 1, sizeof(*items));

    if (!items)
        return -ENOMEM;
    worlds->items = items;
    snprintf(items[worlds->count].lab, XW_NAME_SIZE, "%s", lab);
    snprintf(items[worlds->count].owner, XW_NAME_SIZE, "%s", owner);
    worlds->count++;
    return 0;
}

int xw_worlds_read(const char *lab, struct xw_worlds *worlds, struct xw_error *err)
{
    *worlds = (struct xw_worlds){0};
    int rc = xw_world_list(lab, add_world, worlds, err);
    if (rc == -ENOMEM)
        xw_fail(err, rc, "there is not enough memory");
    if (rc < 0)
        xw_worlds_free(worlds);
    return rc;
}

/* Keeps the worlds for which keep() holds. */
static void filter(struct xw_worlds *worlds,
                   bool (*keep)(const struct xw_world_name *world, const void *data),
                   const void *data)
{
    size_t kept = 0;

    for (size_t i = 0; i < worlds->count; i++) {
        if (keep(&worlds->items[i], data))
            worlds->items[kept++] = worlds->items[i];
    }
    worlds->count = kept;
}

static uint64_t big_endian(const unsigned char *bytes, size_t length)
{
    uint64_t value = 0;

    for (size_t i = 0; i < length; i++)
        value = value << 8 | bytes[i];
    return value;
}

/* Whether a qcow2's backing file is below the directory `prefix` (docs/interop/qcow2.txt). */
static bool is_backed_by(int dir_fd, const char *name, const char *prefix)
{
    unsigned char header[20];
    char backing[1024];
    XW_AUTO_CLOSE int fd = openat(dir_fd, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
    size_t length = strlen(prefix);

    if (fd < 0 || pread(fd, header, sizeof(header), 0) != (ssize_t)sizeof(header) ||
        memcmp(header, "QFI\xfb", 4) != 0)
        return false;
    uint64_t offset = big_endian(header + 8, 8);
    uint64_t size = big_endian(header + 16, 4);
    if (offset == 0 || offset > INT32_MAX || size < length || length > sizeof(backing))
        return false;
    return pread(fd, backing, length, (off_t)offset) == (ssize_t)length &&
           memcmp(backing, prefix, length) == 0;
}

static bool has_overlay_on(const struct xw_world_name *world, const char *image)
{
    char path[512];
    char prefix[sizeof(XW_IMAGES_DIR) + XW_NAME_SIZE + 2];
    struct dirent *entry;

    if (xw_world_path(world->lab, world->owner, path, sizeof(path)) < 0)
        return false;
    snprintf(prefix, sizeof(prefix), "%s/%s/", XW_IMAGES_DIR, image);
    XW_AUTO_CLOSEDIR DIR *dir = opendir(path);
    while (dir && (entry = readdir(dir))) {
        if (is_backed_by(dirfd(dir), entry->d_name, prefix))
            return true;
    }
    return false;
}

/* Whether the plan of a world's lab names an image. A plan that can't be read names none. */
static bool is_planned_on(const struct xw_world_name *world, const char *image)
{
    bool found = false;
    XW_AUTO_CLOSE int labs = open(XW_LABS_DIR, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    struct xw_plan *plan = labs < 0 ? NULL : calloc(1, sizeof(*plan));

    if (plan && xw_plan_read(labs, world->lab, plan, NULL) == 0) {
        for (size_t i = 0; i < plan->machine_count && !found; i++)
            found = strcmp(plan->machines[i].image, image) == 0;
    }
    free(plan);
    return found;
}

static bool stands_on(const struct xw_world_name *world, const void *image)
{
    return is_planned_on(world, image) || has_overlay_on(world, image);
}

int xw_worlds_on_image(const char *image, struct xw_worlds *worlds, struct xw_error *err)
{
    int rc = xw_worlds_read(NULL, worlds, err);

    if (rc == 0)
        filter(worlds, stands_on, image);
    return rc;
}

static bool has_machine(const struct xw_world_name *world, const void *name)
{
    char path[512];
    const struct xw_machine machine = {.lab = world->lab, .owner = world->owner, .machine = name};

    return xw_machine_overlay_path(&machine, path, sizeof(path)) == 0 && access(path, F_OK) == 0;
}

int xw_worlds_with_machine(const char *lab, const char *machine, struct xw_worlds *worlds,
                           struct xw_error *err)
{
    int rc = xw_worlds_read(lab, worlds, err);

    if (rc == 0)
        filter(worlds, has_machine, machine);
    return rc;
}

/* The number of a user or, with its '@', of a group; (id_t)-1 where there is none of that name. */
static id_t find_number(const char *owner)
{
    const struct passwd *user = xw_is_team(owner) ? NULL : getpwnam(owner);
    const struct group *group = xw_is_team(owner) ? getgrnam(owner + 1) : NULL;

    return user ? user->pw_uid : group ? group->gr_gid : (id_t)-1;
}

int xw_worlds_number(const char *lab, const char *owner, id_t *number, struct xw_error *err)
{
    struct xw_error reading = {0};
    int rc = xw_world_owner(lab, owner, number, &reading);

    if (rc == 0 || (rc != -ENOENT && rc != -EBADMSG))
        return rc == 0 ? 0 : xw_fail(err, rc, "%s", reading.text);
    *number = find_number(owner);
    return 0;
}

void xw_worlds_text(const struct xw_worlds *worlds, char text[XW_WORLDS_TEXT_SIZE])
{
    size_t used = 0;
    size_t shown = worlds->count <= SHOWN + 1 ? worlds->count : SHOWN;

    text[0] = '\0';
    /* Never cut off: SHOWN + 1 names of two parts fit. */
    for (size_t i = 0; i < shown && used < XW_WORLDS_TEXT_SIZE; i++) {
        int n = snprintf(text + used, XW_WORLDS_TEXT_SIZE - used, "%s%s/%s", i ? ", " : "",
                         worlds->items[i].lab, worlds->items[i].owner);
        used += n > 0 ? (size_t)n : 0;
    }
    if (shown < worlds->count && used < XW_WORLDS_TEXT_SIZE)
        snprintf(text + used, XW_WORLDS_TEXT_SIZE - used, " and %zu more", worlds->count - shown);
}
