/*
 * One request in one process: read the line, authorize it again by what the kernel attested, then
 * be a reader, a keeper child or a relay, or ask a broker (broker.h).
 */
#ifndef XW_KEEPER_CHILD_H
#define XW_KEEPER_CHILD_H

#include <stdint.h>
#include <sys/types.h>

#include "xwhelper/keeper/confine.h"
#include "xwhelper/keeper/journal.h"
#include "xwhelper/keeper/streams.h"

/* What the listener learnt of the peer from the kernel. */
struct xw_peer {
    int fd;
    uid_t uid;
    gid_t gid;
    pid_t pid;
};

/* How a child tells of its request (journal.h): its own note, and all of them to give back. */
struct xw_trail {
    struct xw_journal *journal;
    struct xw_note *notes;
    size_t note_count;
    struct xw_note *note;
    uint64_t began; /* xw_journal_clock() at the connection */
    struct xw_streams streams;
};

/* The accounts that a child may become; looked up by the listener when it starts. */
struct xw_accounts {
    struct xw_account reader;
    struct xw_account relay;
};

/* Serves one peer and returns the process's exit code. */
int xw_child_serve(const struct xw_peer *peer, const struct xw_trail *trail,
                   const struct xw_accounts *accounts);

#endif
