/*
 * One request in one process: read the line, authorize it again by what the kernel attested, then
 * be a reader, a keeper child or a relay.
 */
#ifndef XW_KEEPER_CHILD_H
#define XW_KEEPER_CHILD_H

#include <sys/types.h>

/* What the listener learnt of the peer from the kernel. */
struct xw_peer {
    int fd;
    uid_t uid;
    gid_t gid;
    pid_t pid;
};

/* Serves one peer and returns the process's exit code. */
int xw_child_serve(const struct xw_peer *peer);

#endif
