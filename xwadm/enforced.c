#include "xwadm/enforced.h"

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

void xw_tell_unenforced(const struct xw_worlds *worlds, struct json_object *object)
{
    struct xw_config config;
    struct xw_error err = {0};
    bool has_cgroups = xw_partitions_find() != XW_PARTITIONS_NONE;
    size_t unlimited = 0;

    if (xw_config_read(XW_CONFIG_PATH, &config, &err) < 0)
        xw_complain(&err);
    else if (config.world_disk)
        unlimited = count_unlimited(worlds);
    if (object) {
        xw_json_bool(object, "cgroups", has_cgroups);
        xw_json_number(object, "disk_unlimited", unlimited);
        return;
    }
    if (!has_cgroups)
        xw_note("this host gives worlds no cgroups of their own: one that runs more machines gets "
                "more of the processors; see xwkeeper(8)");
    if (unlimited > 0)
        xw_note("disk-per-world is %u MiB, and not in force for %zu of these worlds: `xwadm "
                "deploy` sets it where the file system has project quotas; see xworlds.conf(5)",
                config.world_disk, unlimited);
}
