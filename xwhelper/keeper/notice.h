/*
 * What is told to an open console from outside: a FIFO (fifo(7)) beside the console's socket, which
 * the machine's relay has open, and which only root can open. One byte is one notice. The relay
 * also writes into it, and takes out again, one byte for whatever its viewer types: when the FIFO
 * was last written to is when there was traffic last.
 */
#ifndef XW_KEEPER_NOTICE_H
#define XW_KEEPER_NOTICE_H

#include <stdbool.h>
#include <stdint.h>

#include "common/error.h"
#include "xwhelper/keeper/machine.h"
#include "xwhelper/relay/notice.h"

/* For a relay: makes the FIFO where it isn't there. Returns a descriptor or a negative errno. */
int xw_notice_make(const struct xw_machine *machine, struct xw_error *err);

/* Tells an open console. Returns 0, -ENXIO (nobody has the console open) or a negative errno. */
int xw_notice_send(const struct xw_machine *machine, unsigned char notice);

struct xw_notice_state {
    bool open;     /* somebody has the console open */
    uint64_t when; /* of the last traffic: nanoseconds, to be compared only; 0: never was any */
};

/* Returns 0 or a negative errno. */
int xw_notice_look(const struct xw_machine *machine, struct xw_notice_state *state);

/* Removes the FIFO of a machine that goes, by the path of its console's socket. */
void xw_notice_remove(const char *console);

#endif
