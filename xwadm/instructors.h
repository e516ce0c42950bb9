/*
 * Which groups and users look after a lab, in the records of these (docs/protocols.md): from there
 * the gate knows what to read before its filter is loaded. Who may do what stands in the lab's
 * record.
 */
#ifndef XW_XWADM_INSTRUCTORS_H
#define XW_XWADM_INSTRUCTORS_H

#include "common/error.h"
#include "common/record.h"

/*
 * Makes the records say that the instructors of this access record look after the lab, and no
 * others; with NULL, nobody: for who holds the lock of all labs. A record of another that can't be
 * read is noted and left. Returns 0 or a negative errno; the same call completes what was cut
 * short.
 */
int xw_instructors_write(const char *lab, const struct xw_access *access, struct xw_error *err);

#endif
