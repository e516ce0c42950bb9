/* links: xwhelper/keeper/checkpoint_record.c xwhelper/keeper/world.c xwhelper/keeper/lock.c common/record.c common/lines.c common/names.c common/error.c */
/* A world's record of checkpoints: what is taken holds names, bounds and text for a terminal. */
#include "tests/fuzz/fuzz.h"

#include "common/lines.h"
#include "common/record.h"
#include "xwhelper/keeper/checkpoint_record.h"

static void check(struct xw_checkpoints *checkpoints, size_t index)
{
    struct xw_checkpoint *checkpoint = &checkpoints->items[index];

    MUST(xw_name_ok(checkpoint->machine) && xw_name_ok(checkpoint->name));
    MUST(checkpoint->made > 0 && checkpoint->made <= XW_TIME_MAX);
    MUST(checkpoint->state <= XW_CHECKPOINT_DELETING);
    MUST(strlen(checkpoint->definition) == UUID_STR_LEN - 1);
    MUST(!*checkpoint->text || xw_text_ok(checkpoint->text));
    MUST(xw_checkpoints_find(checkpoints, checkpoint->machine, checkpoint->name) == checkpoint);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct xw_checkpoints checkpoints;
    struct xw_error err = {0};
    int rc = xw_checkpoints_parse((const char *)data, size, &checkpoints, &err);

    MUST((rc < 0) == (err.code < 0));
    MUST(rc == 0 || checkpoints.count == 0);
    for (size_t i = 0; i < checkpoints.count; i++)
        check(&checkpoints, i);
    return 0;
}
