/*
 * `events`: what happens to machines, as it happens (docs/protocols.md). The reader again, with
 * libvirt's lifecycle events on its read-only socket.
 */
#ifndef XW_READER_EVENTS_H
#define XW_READER_EVENTS_H

#include <stddef.h>

#include "common/error.h"
#include "xwhelper/reader/sight.h"

/* Seconds after which the stream ends, so that what the caller may hear of is decided anew. */
enum { XW_STREAM_SECONDS = 900 };

/*
 * Says `open` to the peer once nothing can be missed any more, then a line to the viewer, a stream
 * socket, for each change of a machine of those worlds, and of no other. Nobody is waited for: of
 * a viewer that doesn't read, only which machines have changed is kept, and of too many only that.
 * There is no deadline once it is open, but for each answer of libvirt's one of SIGALRM's.
 *
 * Returns 0 when a stream that was open has ended: the peer or the viewer has gone or has said
 * anything, the time is over, or libvirt has gone, of which the viewer is told. Before, a negative
 * errno with err filled: -EAGAIN where libvirt isn't answering.
 */
int xw_reader_events(int peer, int viewer, const struct xw_sight *sights, size_t count,
                     struct xw_error *err);

#endif
