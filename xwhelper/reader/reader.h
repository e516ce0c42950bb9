/*
 * The reader: uid xwread, libvirt's read-only socket, no file. What it needs from the records was
 * read before it became that.
 */
#ifndef XW_READER_READER_H
#define XW_READER_READER_H

#include "common/error.h"
#include "common/record.h"
#include "xwhelper/keeper/checkpoint_record.h"
#include "xwhelper/keeper/confine.h"
#include "xwhelper/keeper/host.h"
#include "xwhelper/keeper/machine.h"
#include "xwhelper/keeper/plan.h"

/* Becomes xwread for good, and loads the reader's policy. Aborts on failure. */
void xw_reader_become(const struct xw_account *account);

/* A world that is told of. */
struct xw_listed {
    char owner[XW_NAME_SIZE];
    const struct xw_access *access; /* its lab */
    time_t last_use;                /* UTC seconds; for xw_reader_members() */
};

/* `list`: a line for each world that is the caller's. */
int xw_reader_list(int peer, const struct xw_listed *worlds, size_t count, struct xw_error *err);

/* `worlds`: a line for each world of a lab. */
int xw_reader_members(int peer, const struct xw_listed *worlds, size_t count, struct xw_error *err);

/* The word for a machine's state (xw_machine_state()). Returns 0 or a negative errno. */
int xw_reader_state(struct xw_host *host, const struct xw_machine *machine, const char **state,
                    struct xw_error *err);

/* `status`: a line for each segment of a world, then one for each machine. */
int xw_reader_status(int peer, const char *owner, const struct xw_plan *plan, struct xw_error *err);

/* `checkpoints`: a line for each that is kept, of the machines that the request names. */
void xw_reader_checkpoints(int peer, const struct xw_request *request,
                           const struct xw_checkpoints *checkpoints);

#endif
