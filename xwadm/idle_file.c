#include "xwadm/idle_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/cleanup.h"
#include "common/lines.h"
#include "xwadm/buffer.h"
#include "xwadm/files.h"

#define HEADING "xworlds-idle 1"

enum { FILE_MAX = 64 << 20 };

void xw_idle_free(struct xw_idle_look *look)
{
    for (size_t i = 0; i < look->count; i++)
        free(look->worlds[i].machines);
    free(look->worlds);
    *look = (struct xw_idle_look){0};
}

/* Room for one item more: doubled whenever their number is a power of two. NULL: memory is short.
 */
static void *grow(void *items, size_t count, size_t size)
{
    if (count & (count - 1))
        return items;
    return reallocarray(items, count ? 2 * count : 1, size);
}

bool xw_idle_add_world(struct xw_idle_look *look, const char *lab, const char *owner)
{
    struct xw_idle_world *more = grow(look->worlds, look->count, sizeof(*more));

    if (!more)
        return false;
    look->worlds = more;
    struct xw_idle_world *world = &more[look->count++];
    *world = (struct xw_idle_world){.warned = XW_IDLE_UNWARNED};
    snprintf(world->lab, sizeof(world->lab), "%s", lab);
    snprintf(world->owner, sizeof(world->owner), "%s", owner);
    return true;
}

bool xw_idle_add_machine(struct xw_idle_look *look, const struct xw_idle_machine *machine)
{
    struct xw_idle_world *world = &look->worlds[look->count - 1];
    struct xw_idle_machine *more = grow(world->machines, world->count, sizeof(*more));

    if (!more)
        return false;
    world->machines = more;
    more[world->count++] = *machine;
    return true;
}

struct xw_idle_world *xw_idle_find(const struct xw_idle_look *look, const char *lab,
                                   const char *owner)
{
    for (size_t i = 0; i < look->count; i++) {
        if (strcmp(look->worlds[i].lab, lab) == 0 && strcmp(look->worlds[i].owner, owner) == 0)
            return &look->worlds[i];
    }
    return NULL;
}

static void read_number(struct xw_record_lines *lines, const char *key, uint64_t *value)
{
    unsigned long number = 0;

    if (xw_record_number(lines, key, 0, INT64_MAX, &number))
        *value = number;
}

static void read_time(struct xw_record_lines *lines, const char *key, int64_t *value)
{
    uint64_t number = 0;

    read_number(lines, key, &number);
    *value = (int64_t)number;
}

static bool read_machine(struct xw_record_lines *lines, struct xw_idle_look *look)
{
    struct xw_idle_machine machine = {0};
    uint64_t open = 0;

    xw_record_name(lines, "machine", xw_name_ok, machine.name);
    read_number(lines, "run", &machine.run);
    read_number(lines, "cpu", &machine.cpu);
    read_number(lines, "network", &machine.network);
    read_number(lines, "log", &machine.log);
    read_number(lines, "open", &open);
    machine.open = open != 0;
    read_number(lines, "traffic", &machine.traffic);
    return xw_idle_add_machine(look, &machine);
}

static bool read_world(struct xw_record_lines *lines, struct xw_idle_look *look)
{
    char lab[XW_NAME_SIZE] = "";
    char owner[XW_NAME_SIZE] = "";
    bool enough = true;

    if (xw_record_pair(lines, "world", lab, sizeof(lab), owner, sizeof(owner)) &&
        (!xw_name_ok(lab) || !xw_owner_ok(owner)))
        xw_record_refuse_taken(lines, "there can be no such world");
    if (!xw_idle_add_world(look, lab, owner))
        return false;
    struct xw_idle_world *world = &look->worlds[look->count - 1];
    read_time(lines, "idle", &world->idle);
    if (xw_record_at(lines, "warned"))
        read_time(lines, "warned", &world->warned);
    while (enough && xw_record_at(lines, "machine"))
        enough = read_machine(lines, look);
    return enough;
}

int xw_idle_parse(const char *text, size_t length, struct xw_idle_look *look, struct xw_error *err)
{
    struct xw_record_lines lines;
    bool enough = true;

    *look = (struct xw_idle_look){0};
    xw_record_begin(&lines, text, length, HEADING, err);
    read_time(&lines, "taken", &look->taken);
    while (enough && xw_record_at(&lines, "world"))
        enough = read_world(&lines, look);
    int rc = enough ? xw_record_end(&lines) : xw_fail(err, -ENOMEM, "there is not enough memory");
    if (rc < 0)
        xw_idle_free(look);
    return rc;
}

int xw_idle_read(int directory, const char *name, struct xw_idle_look *look, struct xw_error *err)
{
    XW_AUTO_FREE char *text = NULL;
    size_t length = 0;

    *look = (struct xw_idle_look){0};
    int rc = xw_file_read(directory, name, FILE_MAX, &text, &length, err);
    if (rc == -ENOENT)
        return 0;
    return rc < 0 ? rc : xw_idle_parse(text, length, look, err);
}

static void write_machine(const struct xw_idle_machine *machine, struct xw_buffer *out)
{
    xw_buffer_add(out, "machine %s\nrun %llu\ncpu %llu\nnetwork %llu\n", machine->name,
                  (unsigned long long)machine->run, (unsigned long long)machine->cpu,
                  (unsigned long long)machine->network);
    xw_buffer_add(out, "log %llu\nopen %d\ntraffic %llu\n", (unsigned long long)machine->log,
                  machine->open, (unsigned long long)machine->traffic);
}

static void write_look(const struct xw_idle_look *look, struct xw_buffer *out)
{
    xw_buffer_add(out, HEADING "\ntaken %lld\n", (long long)look->taken);
    for (size_t i = 0; i < look->count; i++) {
        const struct xw_idle_world *world = &look->worlds[i];
        xw_buffer_add(out, "world %s %s\nidle %lld\n", world->lab, world->owner,
                      (long long)world->idle);
        if (world->warned != XW_IDLE_UNWARNED)
            xw_buffer_add(out, "warned %lld\n", (long long)world->warned);
        for (size_t j = 0; j < world->count; j++)
            write_machine(&world->machines[j], out);
    }
    xw_buffer_add(out, "end\n");
}

/*
 * Not xw_file_write(), which gives a file its owner: xworlds-tick.service may change none (chown(2)
 * is among systemd's @privileged).
 */
static int write_aside(int directory, const char *aside, const char *text, size_t length)
{
    XW_AUTO_CLOSE int fd =
        openat(directory, aside, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);

    if (fd < 0)
        return -errno;
    while (length > 0) {
        ssize_t n = write(fd, text, length);
        if (n < 0 && errno != EINTR)
            return -errno;
        text += n > 0 ? n : 0;
        length -= n > 0 ? (size_t)n : 0;
    }
    return fsync(fd) < 0 ? -errno : 0;
}

/* What a dead pass has left aside is in the way of nobody: passes don't overlap by their lock. */
static int publish(int directory, const char *name, const char *text, size_t length,
                   struct xw_error *err)
{
    char aside[XW_NAME_SIZE + 8];

    snprintf(aside, sizeof(aside), ".%s.new", name);
    if (unlinkat(directory, aside, 0) < 0 && errno != ENOENT)
        return xw_fail_errno(err, -errno, "%s can't be removed", aside);
    int rc = write_aside(directory, aside, text, length);
    if (rc < 0)
        return xw_fail_errno(err, rc, "%s can't be written", aside);
    if (renameat(directory, aside, directory, name) < 0 || fsync(directory) < 0)
        return xw_fail_errno(err, -errno, "%s can't be put into its place", name);
    return 0;
}

int xw_idle_write(int directory, const char *name, const struct xw_idle_look *look,
                  struct xw_error *err)
{
    struct xw_buffer out = {0};

    write_look(look, &out);
    int rc = out.failed ? xw_fail(err, -ENOMEM, "there is not enough memory")
                        : publish(directory, name, out.text, out.length, err);
    xw_buffer_free(&out);
    return rc;
}
