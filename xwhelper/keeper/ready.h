/*
 * Tells the service manager that the keeper listens, so that `systemctl restart` returns no sooner:
 * one datagram, READY=1, to the socket that NOTIFY_SOCKET names (sd_notify(3), "Notes", which
 * states the protocol so that it can be spoken without libsystemd; journal.h says why it is).
 */
#ifndef XW_KEEPER_READY_H
#define XW_KEEPER_READY_H

#include <sys/socket.h>
#include <sys/un.h>

#include "common/error.h"

struct xw_ready {
    struct sockaddr_un address;
    socklen_t size; /* 0: nobody waits for it */
};

/* Reads the environment, before it is dropped. -EINVAL: NOTIFY_SOCKET is no UNIX socket's name. */
int xw_ready_find(struct xw_ready *ready, struct xw_error *err);

/* Called once, when connections are taken. A negative errno-style code: it could not be told. */
int xw_ready_tell(const struct xw_ready *ready, struct xw_error *err);

#endif
