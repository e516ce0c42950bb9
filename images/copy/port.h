/*
 * The machine's end of the channel: a port of virtio-console, which Linux shows as /dev/vportNpM.
 */
#ifndef XW_IMAGES_COPY_PORT_H
#define XW_IMAGES_COPY_PORT_H

#include <stdbool.h>
#include <stddef.h>

#include "common/copy_frame.h"

struct port {
    int fd;       /* non-blocking */
    size_t start; /* of what was read and not yet taken */
    size_t end;
    struct xw_copy_reader reader;
    unsigned char bytes[16384];
};

/*
 * Opens the port whose name is that of the channel. The signal SIGIO, which the kernel sends when
 * something changes, is blocked from now on. Returns 0; -ENOENT where the machine has no such port.
 */
int port_open(struct port *port);

/* Waits, without using the processor, until somebody on the host is there. */
void port_wait_for_host(const struct port *port);

/*
 * Waits for the next frame that is one. Returns 1, or 0 where nobody on the host is there any
 * more.
 */
int port_next(struct port *port, struct xw_copy_frame *frame);

/*
 * Sends a frame in one piece. Returns 0; -EPIPE where nobody on the host is there any more or,
 * with heed, something has come from there meanwhile: it wants something else then.
 */
int port_send(struct port *port, const unsigned char *bytes, size_t count, bool heed);

#endif
