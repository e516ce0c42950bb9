/*
 * What a machine wrote to its console before it was opened, for the relay that opens it: the end of
 * the log that libvirt keeps (virtlogd(8)). Bytes, which nobody here looks at.
 *
 * The log goes on while the console is open, and a little later than the console itself. What comes
 * over the console after it was opened is in the log, too, and there is no mark where it begins;
 * but it can be counted. QEMU writes to the console first and to the log afterwards, so that the
 * log's size, less what the console has brought until then, is never beyond that mark, and is at it
 * when the log has caught up. So nothing is given twice. What virtlogd has not written within
 * XW_HISTORY_PATIENCE_MS, or what the guest says before QEMU has taken the connection, is missing.
 */
#ifndef XW_KEEPER_HISTORY_H
#define XW_KEEPER_HISTORY_H

#include "xwhelper/keeper/machine.h"

enum {
    XW_HISTORY_STILL_MS = 20,     /* the log counts as caught up when it stood still for so long */
    XW_HISTORY_PATIENCE_MS = 200, /* and is waited for no longer than this */
    XW_HISTORY_PEEK = 1 << 20     /* bytes; more than any console's socket holds */
};

/* The log's files: the newest, and the one before it, from which it was rotated. */
struct xw_history {
    int newest; /* or -1 */
    int before; /* or -1 */
};

/*
 * Opens them, where they are regular files. Asks nothing of what may be done: the caller has to
 * know that the machine is the one that was authorized. Whoever calls this ends with the
 * descriptors.
 */
struct xw_history xw_history_open(const struct xw_machine *machine);

/*
 * To be called as soon as the console is open; guest is its stream, of which nothing has been read.
 * Returns the reading end of a pipe with the bytes, XW_RELAY_HISTORY_MAX at most, whose other end
 * is closed; or a negative errno: then there is nothing to be had of the log.
 */
int xw_history_take(const struct xw_history *history, int guest);

#endif
