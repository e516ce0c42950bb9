/*
 * The two trails, read where what is in them can do no harm: what students' programs wrote is
 * parsed by libauparse and libsystemd in a process of its own, which is nobody, has a seccomp
 * filter (audit_policy.h) and reads, by Landlock, nothing but the trails. The events come here over
 * a pipe (audit_wire.h). They are shown here, because users' names may be anybody's to tell
 * (nsswitch.conf).
 */
#ifndef XW_XWADM_AUDIT_READER_H
#define XW_XWADM_AUDIT_READER_H

#include "xwadm/audit.h"

struct xw_audit_reader;

/* Where the trails are; NULL: the system's. */
struct xw_audit_trails {
    const char *log_path;
    const char *journal_path;
    uint64_t since; /* of the journal: microseconds since 1970 */
};

/*
 * Starts reading; with follow, for as long as the reader lives. Both processes give up root's
 * privileges once the trails are open. One of the system's that can't be opened is told on the
 * standard error, and the other is read alone. Returns NULL with err filled.
 */
struct xw_audit_reader *xw_audit_reader_start(const struct xw_audit_trails *trails, bool follow,
                                              struct xw_error *err);

/*
 * Hands what comes within so many milliseconds (-1: all there is) to take. Returns 1 while there
 * may be more, 0 at the end, -EINTR, or another negative errno with err filled: what take returned,
 * what the reader said, or that it died.
 */
int xw_audit_reader_next(struct xw_audit_reader *reader, int milliseconds, xw_audit_take take,
                         void *data, struct xw_error *err);

/* Whether this trail could be opened. */
bool xw_audit_reader_has(const struct xw_audit_reader *reader, enum xw_audit_source source);

/* Ends the process. NULL is fine. */
void xw_audit_reader_stop(struct xw_audit_reader *reader);

#endif
