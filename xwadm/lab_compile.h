/*
 * From the confined child's lines (lab.h) to a lab's compiled records. The child is not trusted:
 * its lines are read strictly, and what they give is parsed as gate and keeper will parse it.
 */
#ifndef XW_XWADM_LAB_COMPILE_H
#define XW_XWADM_LAB_COMPILE_H

#include "common/error.h"
#include "common/record.h"
#include "xwadm/buffer.h"
#include "xwadm/local_time.h"
#include "xwadm/problems.h"
#include "xwhelper/keeper/plan.h"

#define XW_MEMORY_DEFAULT 128 /* MiB, where neither the lab nor the image asks for more */

/* How names are looked up. The first three: 0, -ENOENT (no such), or a negative errno. */
struct xw_lab_lookup {
    int (*group)(const char *name, gid_t *gid, struct xw_error *err);
    int (*user)(const char *name, uid_t *uid, struct xw_error *err);
    /* id has XW_IMAGE_ID_LEN + 1 bytes; *memory_min is in MiB, 0 where the image doesn't say */
    int (*image)(const char *name, char *id, unsigned int *memory_min, struct xw_error *err);
    /*
     * What a time is in UTC in a zone of zones ("": the host's). How often there is it, as
     * xw_local_time_find() says, or a negative errno.
     */
    int (*time)(const char *zone, const struct xw_local_time *local, time_t *first, time_t *last,
                struct xw_error *err);
    const char *const *zones; /* the names of those that the host knows */
    size_t zone_count;
    const char *const *images; /* the names of those that are installed, for suggestions */
    size_t image_count;
};

struct xw_lab_compiled {
    struct xw_buffer access_text;
    struct xw_buffer plan_text;
    struct xw_access access;
    struct xw_plan plan;
};

/*
 * Compiles the lab `name`. Returns 0 with *compiled whole if problems is empty, -EINVAL when there
 * are problems (sorted), -EBADMSG when the lines are not what xw_lab_write() writes, or another
 * negative errno. The caller frees *compiled's two buffers in every case.
 */
int xw_lab_compile(const char *name, const char *lines, size_t length,
                   const struct xw_lab_lookup *lookup, struct xw_lab_compiled *compiled,
                   struct xw_problems *problems, struct xw_error *err);

#endif
