#include "xwhelper/reader/sight.h"

#include <string.h>

/* Takes what goes to the next colon, or to the end. Returns whether it is as it must be. */
static bool take_part(const char **at, bool last, char part[XW_NAME_SIZE])
{
    size_t length = strcspn(*at, ":");

    if (length > XW_NAME_MAX || ((*at)[length] == '\0') != last)
        return false;
    memcpy(part, *at, length);
    part[length] = '\0';
    *at += length + !last;
    return true;
}

static bool split(const char *domain, struct xw_seen *seen)
{
    static const char before[] = "xw:";

    if (strncmp(domain, before, sizeof(before) - 1) != 0)
        return false;
    domain += sizeof(before) - 1;
    return take_part(&domain, false, seen->lab) && take_part(&domain, false, seen->owner) &&
           take_part(&domain, true, seen->machine) && xw_name_ok(seen->lab) &&
           xw_owner_ok(seen->owner) && xw_name_ok(seen->machine);
}

bool xw_sight_has(const struct xw_sight *sights, size_t count, const char *domain,
                  struct xw_seen *seen)
{
    if (!split(domain, seen))
        return false;
    for (size_t i = 0; i < count; i++) {
        const struct xw_access *access = sights[i].access;
        const bool owners = !*sights[i].owner || strcmp(sights[i].owner, seen->owner) == 0;
        if (owners && strcmp(access->lab, seen->lab) == 0 &&
            xw_names_find(access->machines, access->machine_count, seen->machine) <
                access->machine_count)
            return true;
    }
    return false;
}
