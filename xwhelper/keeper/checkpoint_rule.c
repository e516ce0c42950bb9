#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "xwhelper/keeper/checkpoint.h"

enum { NAMED_MAX = 8, LIST_SIZE = NAMED_MAX * (XW_NAME_SIZE + 2) + 32 };

/* " (before-nat, works and 3 more)": what could be deleted. */
static void list_names(const struct xw_checkpoints *checkpoints, const char *machine,
                       char list[LIST_SIZE])
{
    size_t used = 0;
    size_t named = 0;
    size_t more = 0;

    list[0] = '\0';
    for (size_t i = 0; i < checkpoints->count; i++) {
        const struct xw_checkpoint *checkpoint = &checkpoints->items[i];

        if (strcmp(checkpoint->machine, machine) != 0)
            continue;
        if (named == NAMED_MAX) {
            more++;
            continue;
        }
        used += (size_t)snprintf(list + used, LIST_SIZE - used, "%s%s", named ? ", " : " (",
                                 checkpoint->name);
        named++;
    }
    if (more > 0)
        snprintf(list + used, LIST_SIZE - used, " and %zu more)", more);
    else if (named > 0)
        snprintf(list + used, LIST_SIZE - used, ")");
}

int xw_checkpoint_admit(const struct xw_checkpoints *checkpoints, const char *machine,
                        const struct xw_checkpoint_room *room, struct xw_error *err)
{
    char list[LIST_SIZE];
    size_t have = xw_checkpoints_of(checkpoints, machine);
    unsigned long long left =
        room->disk_available > room->disk_reserve ? room->disk_available - room->disk_reserve : 0;

    list_names(checkpoints, machine, list);
    if (room->most && have >= room->most)
        return xw_fail(err, -EDQUOT,
                       "nothing was saved: %s has %zu checkpoints, and %u is the most for a "
                       "machine; delete one first%s",
                       machine, have, room->most, list);
    if (room->limit && room->used + room->needs > room->limit)
        return xw_fail(err, -EDQUOT,
                       "nothing was saved: this needs up to %llu MiB, and the disks of this world "
                       "with their checkpoints take %llu of the %llu MiB that they may; delete a "
                       "checkpoint, or revert a machine that has none",
                       room->needs, room->used, room->limit);
    if (room->needs > left)
        return xw_fail(err, -EDQUOT,
                       "nothing was saved: this needs up to %llu MiB, and this host's disk has "
                       "%llu MiB left for it; tell your instructor",
                       room->needs, left);
    return 0;
}
