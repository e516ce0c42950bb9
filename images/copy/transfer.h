/*
 * One transfer: what the host has asked for.
 */
#ifndef XW_IMAGES_COPY_TRANSFER_H
#define XW_IMAGES_COPY_TRANSFER_H

#include "port.h"

/*
 * Serves the request, answers included. Returns 0 when it is over; 1 with *next filled when
 * another request has come instead of its end: what had been begun is taken back then, as it is
 * where the host has gone.
 */
int transfer_serve(struct port *port, const struct xw_copy_request *request,
                   struct xw_copy_request *next);

#endif
