/*
 * events: which worlds the caller may hear of is decided here, by the rules of list and of worlds;
 * then the process becomes the reader.
 */
#include <stdio.h>

#include "xwhelper/keeper/authority.h"
#include "xwhelper/keeper/verbs.h"
#include "xwhelper/reader/events.h"
#include "xwhelper/reader/reader.h"

enum { SIGHTS_MAX = 128 };

struct sights {
    size_t count;
    struct xw_sight items[SIGHTS_MAX];
    struct xw_access labs[SIGHTS_MAX]; /* of each */
};

/* The worlds of one owner: the caller, or a team of theirs. */
static void add_owner(const struct xw_authority *authority, const struct xw_owner *owner,
                      struct sights *sights)
{
    for (size_t i = 0; i < owner->lab_count && sights->count < SIGHTS_MAX; i++) {
        struct xw_access *access = &sights->labs[sights->count];
        struct xw_sight *sight = &sights->items[sights->count];
        if (xw_access_read(authority->labs, owner->labs[i], access, NULL) < 0 ||
            xw_access_to_lab(&authority->caller, owner, access) != XW_DECISION_ALLOW)
            continue;
        sight->access = access;
        snprintf(sight->owner, sizeof(sight->owner), "%s", owner->name);
        sights->count++;
    }
}

/* All worlds of the labs that the caller, or a group of theirs, looks after. */
static void add_instructed(const struct xw_authority *authority, const struct xw_owner *record,
                           struct sights *sights)
{
    for (size_t i = 0; i < record->instructed_count && sights->count < SIGHTS_MAX; i++) {
        struct xw_access *access = &sights->labs[sights->count];
        if (xw_access_read(authority->labs, record->instructed[i], access, NULL) < 0 ||
            !xw_access_instructs(&authority->caller, access))
            continue;
        sights->items[sights->count++].access = access;
    }
}

int xw_verb_events(int peer, int viewer, const struct xw_authority *authority,
                   const struct xw_account *reader, struct xw_error *err)
{
    static struct sights sights; /* too large for the stack */
    const struct xw_caller *caller = &authority->caller;
    struct xw_owner group;

    if (authority->has_own) {
        add_owner(authority, &authority->own, &sights);
        add_instructed(authority, &authority->own, &sights);
    }
    for (size_t i = 0; i < caller->group_count; i++) {
        if (xw_authority_team(authority, i, &group))
            add_owner(authority, &group, &sights);
        if (xw_owner_read_group(authority->owners, caller->groups[i], &group, NULL) == 0)
            add_instructed(authority, &group, &sights);
    }
    xw_authority_close(authority);
    xw_reader_become(reader);
    return xw_reader_events(peer, viewer, sights.items, sights.count, err);
}
