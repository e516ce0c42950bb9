#include "xwsh/copy_link.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

#include "xwsh/pump.h"
#include "xwsh/signals.h"

static void take_messages(struct xw_copy_link *link)
{
    struct xw_message message;
    int rc = 0;

    while (!link->told && (rc = xw_gate_next(link->gate, &message, &link->err)) > 0) {
        if (message.kind == XW_MESSAGE_PROGRESS)
            snprintf(link->note, sizeof(link->note), "%s", message.text);
        link->opened = link->opened || message.kind == XW_MESSAGE_OPEN;
        rc = xw_gate_take(&message, &link->model, &link->code, &link->err);
        if (rc < 0)
            break;
        link->told = rc == 1;
    }
    if (rc < 0) {
        link->code = XW_EXIT_TRY_AGAIN;
        link->told = true;
    }
}

int xw_copy_link_wait(struct xw_copy_link *link, short events, struct pollfd *other,
                      int64_t deadline)
{
    struct pollfd wait[4] = {{.fd = link->socket, .events = events},
                             {.fd = link->told ? -1 : xw_gate_fd(link->gate), .events = POLLIN},
                             {.fd = link->signal_fd, .events = POLLIN},
                             {.fd = -1}};
    const int64_t left = deadline - xw_pump_now();

    if (other)
        wait[3] = *other;
    int ready = poll(wait, 4, left > INT_MAX ? -1 : left > 0 ? (int)left : 0);
    if (ready < 0 && errno != EINTR)
        return -errno;
    if (ready == 0 && left <= 0)
        return -ETIMEDOUT;
    if (other)
        other->revents = (short)(ready > 0 ? wait[3].revents : 0);
    if (ready > 0 && wait[1].revents)
        take_messages(link);
    for (;;) {
        switch (xw_signals_next(link->signal_fd)) {
        case XW_SIGNAL_NONE:
            return 0;
        case XW_SIGNAL_RESIZE:
            break;
        default:
            return -EINTR;
        }
    }
}

int xw_copy_link_open(struct xw_copy_link *link, const struct xw_request *request,
                      struct xw_error *err)
{
    int ends[2];
    int rc = 0;

    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) < 0)
        return xw_fail_errno(err, -errno, "cannot make a socket");
    rc = xw_gate_open(request, ends[1], false, &link->gate, err);
    /* Only the gate's copy may stay open, or its closing would never be seen. */
    close(ends[1]);
    link->socket = ends[0];
    while (rc == 0 && !link->opened && !link->told)
        rc = xw_copy_link_wait(link, 0, NULL, INT64_MAX);
    if (rc == -EINTR)
        return xw_fail(err, rc, "interrupted");
    return rc < 0 ? rc : link->opened ? 0 : -ECONNREFUSED;
}

static void close_socket(struct xw_copy_link *link)
{
    if (link->socket >= 0)
        close(link->socket);
    link->socket = -1;
}

int xw_copy_link_next(struct xw_copy_link *link, struct xw_copy_frame *frame)
{
    for (;;) {
        while (link->start < link->end) {
            int taken = xw_copy_feed(&link->reader, link->bytes + link->start,
                                     link->end - link->start, frame);
            if (taken < 0)
                return taken;
            link->start += (size_t)taken;
            if (frame->kind != XW_COPY_NOTHING)
                return 1;
        }
        if (link->socket < 0)
            return -ENODATA;
        ssize_t n = recv(link->socket, link->bytes, sizeof(link->bytes), MSG_DONTWAIT);
        if (n < 0 && (errno == EAGAIN || errno == EINTR))
            return 0;
        link->start = 0;
        link->end = n > 0 ? (size_t)n : 0;
        if (n <= 0)
            close_socket(link);
    }
}

ssize_t xw_copy_link_send(const struct xw_copy_link *link, const unsigned char *bytes, size_t count)
{
    ssize_t n = send(link->socket, bytes, count, MSG_NOSIGNAL | MSG_DONTWAIT);

    if (n < 0 && (errno == EAGAIN || errno == EINTR))
        return 0;
    return n < 0 ? -EPIPE : n;
}

void xw_copy_link_hear(struct xw_copy_link *link, int patience)
{
    const int64_t deadline = xw_pump_now() + patience;
    struct pollfd wait = {.events = POLLIN};
    int64_t left;

    while (link->gate && !link->told && (left = deadline - xw_pump_now()) > 0) {
        wait.fd = xw_gate_fd(link->gate);
        if (poll(&wait, 1, (int)left) > 0)
            take_messages(link);
    }
}

void xw_copy_link_close(struct xw_copy_link *link, int patience)
{
    close_socket(link);
    xw_copy_link_hear(link, patience);
    xw_gate_close(link->gate);
    link->gate = NULL;
    xw_model_clear(&link->model);
}
