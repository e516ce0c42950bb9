/*
 * What is known of a world's checkpoints: /var/lib/xworlds/worlds/LAB/OWNER/checkpoints
 * (docs/protocols.md). The state itself is in the overlays; libvirt is told of it only while it
 * does something with it (checkpoint.h). Reading and writing is for who holds the world's lock;
 * reading alone needs no lock, since the file is only ever replaced.
 */
#ifndef XW_KEEPER_CHECKPOINT_RECORD_H
#define XW_KEEPER_CHECKPOINT_RECORD_H

#include <stdbool.h>
#include <stddef.h>
#include <time.h>
#include <uuid/uuid.h>

#include "common/error.h"
#include "common/names.h"

/* Of one world, all machines together: the file stays below XW_RECORD_BYTES_MAX. */
#define XW_CHECKPOINTS_MAX 160

enum xw_checkpoint_state {
    XW_CHECKPOINT_KEPT,
    XW_CHECKPOINT_MAKING,  /* begun, and perhaps never completed: nothing to go back to */
    XW_CHECKPOINT_DELETING /* the same */
};

struct xw_checkpoint {
    char machine[XW_NAME_SIZE];
    char name[XW_NAME_SIZE];
    time_t made; /* UTC seconds */
    enum xw_checkpoint_state state;
    bool memory;                   /* the machine ran, and its memory is there, too */
    unsigned long long size;       /* bytes by which the overlay grew */
    char definition[UUID_STR_LEN]; /* xw_checkpoint_digest() */
    char text[XW_NOTE_MAX + 1];    /* UTF-8 for one line of a terminal; "": none */
};

struct xw_checkpoints {
    char lab[XW_NAME_SIZE];
    char owner[XW_NAME_SIZE];
    size_t count;
    struct xw_checkpoint items[XW_CHECKPOINTS_MAX];
};

/* Parses a record's text. Returns 0, or -EBADMSG with the line in the error. */
int xw_checkpoints_parse(const char *text, size_t length, struct xw_checkpoints *checkpoints,
                         struct xw_error *err);

/*
 * Reads the record of a world, which must be about this world. A world without one has no
 * checkpoint. Returns 0, -EBADMSG, -EPERM (not a file of root's alone) or another errno.
 */
int xw_checkpoints_read(const char *lab, const char *owner, struct xw_checkpoints *checkpoints,
                        struct xw_error *err);

/*
 * Writes the record aside, puts it on the disk and renames it into place. Returns 0, -ENOSPC or
 * another errno; then the old one stays.
 */
int xw_checkpoints_write(const struct xw_checkpoints *checkpoints, struct xw_error *err);

/* That machine's checkpoint of that name, in whatever state; NULL where there is none. */
struct xw_checkpoint *xw_checkpoints_find(struct xw_checkpoints *checkpoints, const char *machine,
                                          const char *name);

/* How many there are of a machine, in whatever state. */
size_t xw_checkpoints_of(const struct xw_checkpoints *checkpoints, const char *machine);

/* Whether making one of this machine's has been begun and not completed. */
bool xw_checkpoints_making(const struct xw_checkpoints *checkpoints, const char *machine);

/* Forgets those that are not kept. Returns how many there were. */
size_t xw_checkpoints_remove_unkept(struct xw_checkpoints *checkpoints);

#endif
