/*
 * The gate's audit record. The kernel adds pid, uid, loginuid, session and, in libaudit, terminal.
 */
#ifndef XW_GATE_AUDIT_H
#define XW_GATE_AUDIT_H

#include <stdbool.h>

#include "common/access.h"
#include "common/request.h"

/*
 * Sends one AUDIT_TRUSTED_APP record: the type that audit(8) reserves for applications' own
 * messages. Values are encoded as libaudit encodes untrusted strings. fd is audit_open()'s.
 * phase is "request", or "open" and "close" for a console's two ends.
 */
void xw_gate_audit(int fd, uid_t caller, const struct xw_request *request, const char *phase,
                   bool allowed, int code);

#endif
