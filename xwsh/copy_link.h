/*
 * The way to the program in a machine that copies files: the gate, and the socket whose other end
 * a relay has. Frames come out of it (common/copy_frame.h); they are a guest's, and hostile.
 */
#ifndef XW_XWSH_COPY_LINK_H
#define XW_XWSH_COPY_LINK_H

#include <poll.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "common/copy_frame.h"
#include "common/error.h"
#include "common/exitcode.h"
#include "common/request.h"
#include "xwsh/gate.h"

/* Start with XW_COPY_LINK_NONE(the descriptor of the signals). */
struct xw_copy_link {
    int signal_fd;
    struct xw_gate *gate; /* NULL: there is none */
    int socket;           /* -1 once it has closed */
    bool opened;
    bool told;         /* the gate has said its last word */
    enum xw_exit code; /* with told */
    struct xw_model model;
    struct xw_error err;          /* of the gate */
    char note[XW_ERROR_TEXT_MAX]; /* the last thing that was said of the machine */
    size_t start;                 /* of what was received and not yet taken */
    size_t end;
    struct xw_copy_reader reader;
    unsigned char bytes[16384];
};

#define XW_COPY_LINK_NONE(signals)                                                                 \
    (struct xw_copy_link)                                                                          \
    {                                                                                              \
        .signal_fd = (signals), .socket = -1                                                       \
    }

/*
 * Asks for it, and waits until it is open. Returns 0 or a negative errno: the gate's words and code
 * are in the link, or err has the reason. To be closed in either case.
 */
int xw_copy_link_open(struct xw_copy_link *link, const struct xw_request *request,
                      struct xw_error *err);

/*
 * Waits until the socket has one of the events, something else happens at it, other (or NULL) is
 * ready, or the gate says something; until a moment of xw_pump_now(). Returns 0, -ETIMEDOUT or
 * -EINTR: a signal that ends us.
 */
int xw_copy_link_wait(struct xw_copy_link *link, short events, struct pollfd *other,
                      int64_t deadline);

/*
 * The next frame, without waiting; its bytes are valid until the next call. Returns 1; 0 where
 * there is none yet; -EPROTO where what came is none; -ENODATA where the other side has closed.
 */
int xw_copy_link_next(struct xw_copy_link *link, struct xw_copy_frame *frame);

/* Sends what is taken without waiting. Returns the number of bytes, or -EPIPE. */
ssize_t xw_copy_link_send(const struct xw_copy_link *link, const unsigned char *bytes,
                          size_t count);

/* Waits for the gate's last word, for so many milliseconds at most. */
void xw_copy_link_hear(struct xw_copy_link *link, int patience);

/* Closes our end, and waits for so many milliseconds at most until the lab has noticed. */
void xw_copy_link_close(struct xw_copy_link *link, int patience);

#endif
