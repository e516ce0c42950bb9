/*
 * worlds and grants: what an instructor is told of all worlds of a lab. What takes files is read
 * first; then the process becomes the reader.
 */
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "common/cleanup.h"
#include "xwhelper/keeper/authority.h"
#include "xwhelper/keeper/machine.h"
#include "xwhelper/keeper/reply.h"
#include "xwhelper/keeper/verbs.h"
#include "xwhelper/keeper/world.h"
#include "xwhelper/reader/reader.h"

enum { ROOM = 64 };

/* The worlds of a lab as they are found. */
struct members {
    const struct xw_authority *authority;
    struct xw_listed *worlds;
    time_t *until; /* the extension of each */
    size_t count;
    struct xw_error *err;
};

/* When one of the world's disks was written last: by a machine that ran, or when it was made. */
static time_t last_use(const struct xw_access *access, const char *owner)
{
    time_t newest = 0;

    for (size_t i = 0; i < access->machine_count; i++) {
        const struct xw_machine machine = {access->lab, owner, access->machines[i]};
        char path[PATH_MAX];
        struct stat overlay;
        if (xw_machine_overlay_path(&machine, path, sizeof(path)) == 0 &&
            lstat(path, &overlay) == 0 && overlay.st_mtime > newest)
            newest = overlay.st_mtime;
    }
    return newest;
}

static int make_room(struct members *members)
{
    const size_t count = members->count + ROOM;

    if (members->count % ROOM)
        return 0;
    struct xw_listed *worlds = realloc(members->worlds, count * sizeof(*worlds));
    if (worlds)
        members->worlds = worlds;
    time_t *until = realloc(members->until, count * sizeof(*until));
    if (until)
        members->until = until;
    return worlds && until ? 0 : xw_fail(members->err, -ENOMEM, "The host's memory is short");
}

static int add_member(const char *lab, const char *owner, void *data)
{
    struct members *members = data;
    const struct xw_access *access = &members->authority->access;
    struct xw_owner record;
    int rc = make_room(members);

    if (rc < 0)
        return rc;
    rc = xw_authority_owner_of(members->authority->owners, lab, owner, &record, members->err);
    if (rc < 0 && rc != -ENOENT)
        return rc;
    struct xw_listed *world = &members->worlds[members->count];
    *world = (struct xw_listed){.access = access, .last_use = last_use(access, owner)};
    snprintf(world->owner, sizeof(world->owner), "%s", owner);
    members->until[members->count++] = rc == 0 ? xw_access_extension(&record, lab) : 0;
    return 0;
}

static void free_members(struct members *members)
{
    free(members->worlds);
    free(members->until);
}

/* Everything that takes a file. */
static int gather(struct members *members)
{
    return xw_world_list(members->authority->access.lab, add_member, members, members->err);
}

int xw_verb_worlds(int peer, const struct xw_authority *authority, const struct xw_account *reader,
                   struct xw_error *err)
{
    __attribute__((cleanup(free_members))) struct members members = {.authority = authority,
                                                                     .err = err};
    int rc = gather(&members);

    if (rc < 0)
        return rc;
    xw_authority_close(authority);
    xw_reader_become(reader);
    return xw_reader_members(peer, members.worlds, members.count, err);
}

static void tell_groups(int peer, const char *role, const gid_t *groups, size_t count)
{
    for (size_t i = 0; i < count; i++)
        xw_reply(peer, "grant %s %u", role, (unsigned int)groups[i]);
}

static void tell_users(int peer, const char *role, const struct xw_named *users, size_t count)
{
    for (size_t i = 0; i < count; i++)
        xw_reply(peer, "grant %s %u %s", role, (unsigned int)users[i].uid, users[i].name);
}

int xw_verb_grants(int peer, const struct xw_authority *authority, const struct xw_account *reader,
                   struct xw_error *err)
{
    __attribute__((cleanup(free_members))) struct members members = {.authority = authority,
                                                                     .err = err};
    const struct xw_access *access = &authority->access;
    const struct xw_window window = xw_access_window(NULL, access, authority->now);
    char line[XW_WINDOW_LINE_SIZE];
    int rc = gather(&members);

    if (rc < 0)
        return rc;
    xw_authority_close(authority);
    xw_reader_become(reader);
    if (xw_window_line(access->lab, "", &window, line))
        xw_reply(peer, "%s", line);
    tell_groups(peer, "student", access->students, access->student_count);
    tell_users(peer, "user", access->users, access->user_count);
    tell_groups(peer, "team", access->teams, access->team_count);
    tell_groups(peer, "instructor", access->instructors, access->instructor_count);
    tell_users(peer, "instructor-user", access->instructor_users, access->instructor_user_count);
    for (size_t i = 0; i < members.count; i++) {
        if (members.until[i])
            xw_reply(peer, "extension %s %lld", members.worlds[i].owner,
                     (long long)members.until[i]);
    }
    return 0;
}
