/*
 * The gate's audit record: one a request, refused ones included; a console has one at each end.
 *
 * Its type is AUDIT_TRUSTED_APP, what libaudit.h reserves for the messages of applications that
 * the system trusts. AUDIT_VIRT_CONTROL would have been nearer in name, but it is libvirt's word
 * for what has been done to a guest, one a guest and with its uuid; auvirt(8) counts those, and a
 * request of ours may be refused, concern several guests, or only look. AUDIT_USER_CMD is sudo's,
 * for a command line. The record is made of
 *
 *   op         xworlds-VERB (the audit log is shared; ausearch(8) shows op as it is)
 *   phase      request, or open and close for a console's two ends, or malformed: the arguments
 *              were not of the gate's form, so that op and the names say nothing
 *   request    the request's id: the same in the keeper's entry in the journal
 *   caller     the uid that the kernel gave for whoever executed the gate
 *   lab owner machines   names, encoded as libaudit encodes what isn't trusted; "*": all machines
 *   force      1 with --force
 *   decision   allow or refuse, the gate's own
 *   code       the exit code (common/exitcode.h)
 *   usec       microseconds since the gate began; at close, how long the console was open
 *   landlock   1, or 0 where the kernel has none: seccomp and the uid alone confined the gate
 *
 * and the kernel puts pid, uid (xwhelper's: this is how a reader knows the gate's record), auid
 * (the login), ses (its session) and, where SELinux or AppArmor is on, subj in front; libaudit
 * adds exe, terminal and res. No domain uuid: it is computed from lab, owner and machine
 * (xwhelper/keeper/machine.h), so it says nothing that the names don't, and the SHA-1 that this
 * takes is no code for a setuid program. The keeper's entry carries it; libvirt's VIRT_CONTROL has
 * the name, xw:LAB:OWNER:MACHINE, beside the uuid.
 */
#ifndef XW_GATE_AUDIT_H
#define XW_GATE_AUDIT_H

#include <stdbool.h>
#include <stdint.h>

#include "common/access.h"
#include "common/request.h"

/* Microseconds of CLOCK_MONOTONIC. */
uint64_t xw_gate_clock(void);

/* Where the records go, and what they say of this process. */
struct xw_gate_log {
    int fd;            /* audit_open()'s; negative: nowhere */
    bool landlock;     /* in force */
    char terminal[64]; /* "" without one */
};

/*
 * The terminal of descriptors 0 to 2, without "/dev/". Asked before the filter is loaded: for a
 * terminal of another devpts ttyname_r(3) searches directories.
 */
void xw_gate_terminal(char terminal[64]);

/*
 * Sends one record. phase is as above; since is when the request or the console began
 * (xw_gate_clock()).
 */
void xw_gate_audit(const struct xw_gate_log *log, uid_t caller, const struct xw_request *request,
                   const char *phase, bool allowed, int code, uint64_t since);

#endif
