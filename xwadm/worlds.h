/*
 * Which worlds there are, and what they stand on.
 */
#ifndef XW_XWADM_WORLDS_H
#define XW_XWADM_WORLDS_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "common/error.h"
#include "common/names.h"

struct xw_world_name {
    char lab[XW_NAME_SIZE];
    char owner[XW_NAME_SIZE];
};

/* Sorted by lab, then owner. */
struct xw_worlds {
    size_t count;
    struct xw_world_name *items;
};

/* All worlds of a lab, or of all labs if lab is NULL. The caller frees. */
int xw_worlds_read(const char *lab, struct xw_worlds *worlds, struct xw_error *err);

/*
 * The worlds that stand on an image: those of labs whose plan names it, and those with an overlay
 * whose backing file is the image's (of a plan that has changed since).
 */
int xw_worlds_on_image(const char *image, struct xw_worlds *worlds, struct xw_error *err);

/* The worlds of a lab that have files of a machine. */
int xw_worlds_with_machine(const char *lab, const char *machine, struct xw_worlds *worlds,
                           struct xw_error *err);

/*
 * The uid of a world's owner, or a team's gid: by the world's record, or by name where that is
 * gone, (id_t)-1 where neither says. Not by name where the record can't be read: the name may be
 * somebody else's by now, and the record of this number would stay. Returns 0 or a negative errno.
 */
int xw_worlds_number(const char *lab, const char *owner, id_t *number, struct xw_error *err);

void xw_worlds_free(struct xw_worlds *worlds);

#define XW_AUTO_WORLDS __attribute__((cleanup(xw_worlds_free))) struct xw_worlds

/* "firewall/alice, firewall/bob and 8 more" */
#define XW_WORLDS_TEXT_SIZE 480
void xw_worlds_text(const struct xw_worlds *worlds, char text[XW_WORLDS_TEXT_SIZE]);

#endif
