/*
 * One copy between standard input or output and a machine, over a link that is open.
 */
#ifndef XW_XWSH_COPY_TRANSFER_H
#define XW_XWSH_COPY_TRANSFER_H

#include <stdint.h>

#include "common/error.h"
#include "common/exitcode.h"
#include "xwsh/copy_link.h"
#include "xwsh/print.h"
#include "xwsh/session.h"

struct xw_copy {
    const struct xw_session *session;
    const char *target; /* firewall/web */
    struct xw_copy_link *link;
    struct xw_copy_request request; /* without its token, which is drawn */
    uint64_t moved;                 /* bytes, so far */
    uint64_t left_out;              /* entries of an archive */
    int64_t deadline;               /* when the machine has done nothing for too long */
    int64_t began;
    struct xw_progress progress;
};

/*
 * Copies what the request says. Returns XW_EXIT_OK, or the code with the reason in err; words of
 * the machine's in it are raw.
 */
enum xw_exit xw_copy_run(struct xw_copy *copy, struct xw_error *err);

#endif
