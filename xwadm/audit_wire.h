/*
 * Events on their way from the process that reads the trails to the one that shows them: a line
 * each, which the second takes for hostile.
 */
#ifndef XW_XWADM_AUDIT_WIRE_H
#define XW_XWADM_AUDIT_WIRE_H

#include "xwadm/audit.h"
#include "xwadm/buffer.h"

/* Appends an event of this source. A failed allocation is the buffer's to tell. */
void xw_audit_wire_put(struct xw_buffer *buffer, enum xw_audit_source source,
                       const struct xw_audit_event *event);

/*
 * Reads a line without its newline, which it takes apart. Names, verbs, lists and numbers are as
 * audit.h says, or the line is refused. Returns 0 with *source and *event, to be freed with
 * xw_audit_event_clear() or handed to xw_audit_events_add(); -EBADMSG, or -ENOMEM.
 */
int xw_audit_wire_take(char *line, enum xw_audit_source *source, struct xw_audit_event *event);

#endif
