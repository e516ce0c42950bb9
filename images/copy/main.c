/*
 * xwcopyd: copies files into a machine and out of it, for xwsh's `copy`, over a channel that leads
 * nowhere but to the host (xworlds-image(5)). It serves one transfer after the other, as root:
 * whoever may ask for one may be root on the machine's console, too.
 */
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "port.h"
#include "transfer.h"

static void serve(struct port *port)
{
    struct xw_copy_request request;
    struct xw_copy_request next;
    struct xw_copy_frame frame;

    port_wait_for_host(port);
    while (port_next(port, &frame) == 1) {
        if (frame.kind != XW_COPY_REQUEST || xw_copy_read_request(&frame, &request) < 0)
            continue;
        while (transfer_serve(port, &request, &next) == 1)
            request = next;
    }
}

int main(void)
{
    static struct port port;
    int rc = port_open(&port);

    /* init would begin it again and again; in a lab without copying there is nothing to do. */
    if (rc < 0) {
        fprintf(stderr, "xwcopyd: no channel %s: %s\n", XW_COPY_CHANNEL, strerror(-rc));
        for (;;)
            pause();
    }
    signal(SIGPIPE, SIG_IGN);
    for (;;)
        serve(&port);
}
