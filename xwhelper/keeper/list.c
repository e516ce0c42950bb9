/*
 * list: the caller's worlds, those of the caller's teams, and the labs that the caller looks after.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "common/exitcode.h"
#include "xwhelper/keeper/authority.h"
#include "xwhelper/keeper/reply.h"
#include "xwhelper/keeper/verbs.h"
#include "xwhelper/reader/reader.h"

enum { LISTED_MAX = 128 };

/* What is listed. */
struct list {
    size_t count;
    struct xw_listed worlds[LISTED_MAX];
    struct xw_access labs[LISTED_MAX]; /* of each world */
    size_t instructed_count;
    char instructed[LISTED_MAX][XW_NAME_SIZE]; /* labs that the caller looks after */
    int code;
};

/* The worlds of one owner: the caller, or a team of theirs. */
static void list_owner(const struct xw_authority *authority, int peer, const struct xw_owner *owner,
                       struct list *list)
{
    for (size_t i = 0; i < owner->lab_count; i++) {
        struct xw_access *access = &list->labs[list->count];
        int rc = list->count < LISTED_MAX
                     ? xw_access_read(authority->labs, owner->labs[i], access, NULL)
                     : -E2BIG;
        /* A lab that isn't there is not listed; one that can't be read is not passed over. */
        if (rc < 0 && rc != -ENOENT) {
            xw_reply(peer, "error the lab %s can't be read; try again, then tell your instructor",
                     owner->labs[i]);
            list->code = XW_EXIT_FAILED;
        } else if (rc == 0 &&
                   xw_access_to_lab(&authority->caller, owner, access) == XW_DECISION_ALLOW) {
            struct xw_listed *world = &list->worlds[list->count++];
            xw_authority_tell_window(authority, peer, owner, access);
            snprintf(world->owner, sizeof(world->owner), "%s", owner->name);
            world->access = access;
        }
    }
}

/*
 * The labs that the caller, or a group of theirs, looks after, each once: a menu offers them by
 * these lines.
 */
static void list_instructed(const struct xw_authority *authority, int peer,
                            const struct xw_owner *record, struct list *list)
{
    static struct xw_access access;

    for (size_t i = 0; i < record->instructed_count && list->instructed_count < LISTED_MAX; i++) {
        const char *lab = record->instructed[i];
        const size_t count = list->instructed_count;
        if (xw_names_find((const char(*)[XW_NAME_SIZE])list->instructed, count, lab) < count ||
            xw_access_read(authority->labs, lab, &access, NULL) < 0 ||
            !xw_access_instructs(&authority->caller, &access))
            continue;
        memcpy(list->instructed[list->instructed_count++], lab, XW_NAME_SIZE);
        xw_reply(peer, "instructs %s %s", access.lab, access.title);
    }
}

int xw_verb_list(int peer, const struct xw_authority *authority, const struct xw_account *reader,
                 struct xw_error *err)
{
    static struct list list = {.code = XW_EXIT_OK}; /* too large for the stack */
    const struct xw_caller *caller = &authority->caller;
    struct xw_owner group;

    if (authority->has_own) {
        list_owner(authority, peer, &authority->own, &list);
        list_instructed(authority, peer, &authority->own, &list);
    }
    for (size_t i = 0; i < caller->group_count; i++) {
        if (xw_authority_team(authority, i, &group))
            list_owner(authority, peer, &group, &list);
        if (xw_owner_read_group(authority->owners, caller->groups[i], &group, NULL) == 0)
            list_instructed(authority, peer, &group, &list);
    }
    xw_authority_close(authority);
    xw_reader_become(reader);
    int rc = xw_reader_list(peer, list.worlds, list.count, err);
    return rc == 0 ? list.code : rc;
}
