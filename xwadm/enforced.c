#include "xwadm/enforced.h"

#include <errno.h>
#include <string.h>

#include "common/paths.h"
#include "xwadm/command.h"
#include "xwadm/say.h"
#include "xwhelper/keeper/host.h"
#include "xwhelper/keeper/partition.h"
#include "xwhelper/keeper/quota.h"

static size_t count_unlimited(const struct xw_worlds *worlds)
{
    size_t count = 0;

    for (size_t i = 0; i < worlds->count; i++) {
        struct xw_quota quota = {0};
        if (xw_quota_ask(worlds->items[i].lab, worlds->items[i].owner, &quota, NULL) < 0 ||
            quota.limit == 0)
            count++;
    }
    return count;
}

/* The number of worlds, or what kept it from being found. */
static int read_unlimited(const struct xw_worlds *worlds, unsigned int *limit, size_t *count)
{
    struct xw_config config;
    struct xw_error err = {0};
    int rc = xw_config_read(XW_CONFIG_PATH, &config, &err);

    if (rc < 0) {
        xw_complain(&err);
        return rc;
    }
    *limit = config.world_disk;
    *count = *limit ? count_unlimited(worlds) : 0;
    return 0;
}

static int read_cgroups(bool *has_cgroups)
{
    *has_cgroups = xw_partitions_find() != XW_PARTITIONS_NONE;
    if (*has_cgroups || errno == ENOENT)
        return 0;
    int rc = -errno;
    xw_note("whether worlds have cgroups of their own can't be looked up: %s", strerror(-rc));
    return rc;
}

bool xw_tell_unenforced(const struct xw_worlds *worlds, struct json_object *object)
{
    unsigned int limit = 0;
    size_t unlimited = 0;
    bool has_cgroups;
    bool known = read_cgroups(&has_cgroups) == 0;
    bool counted = read_unlimited(worlds, &limit, &unlimited) == 0;

    if (object) {
        if (known)
            xw_json_bool(object, "cgroups", has_cgroups);
        if (counted)
            xw_json_number(object, "disk_unlimited", unlimited);
        return known && counted;
    }
    if (known && !has_cgroups)
        xw_note("this host gives worlds no cgroups of their own: one that runs more machines gets "
                "more of the processors; see xwkeeper(8)");
    if (unlimited > 0)
        xw_note("disk-per-world is %u MiB, and not in force for %zu of these worlds: `xwadm "
                "deploy` sets it where the file system has project quotas; see xworlds.conf(5)",
                limit, unlimited);
    return known && counted;
}
