#include "xwsh/watcher.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "xwsh/pump.h"

int xw_watcher_open(struct xw_watcher *watcher, const struct xw_request *about, const char *machine,
                    bool quiet, struct xw_error *err)
{
    struct xw_request request = *about;
    int ends[2];

    *watcher = XW_WATCHER_NONE;
    request.verb = XW_VERB_WATCH;
    request.force = false;
    request.checkpoint[0] = request.note[0] = '\0';
    request.whole_world = false;
    request.machine_count = 1;
    snprintf(request.machines[0], sizeof(request.machines[0]), "%s", machine);
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) < 0)
        return xw_fail_errno(err, -errno, "cannot make a socket");
    int rc = xw_gate_open(&request, ends[1], quiet, &watcher->gate, err);
    /* Only the gate's copy may stay open, or its closing would never be seen. */
    close(ends[1]);
    watcher->socket = ends[0];
    return rc;
}

void xw_watcher_wait(const struct xw_watcher *watcher, struct pollfd wait[XW_WATCHER_WAITS])
{
    const bool gate = watcher->gate && !watcher->told;

    wait[0] =
        (struct pollfd){.fd = watcher->opened ? watcher->socket : -1, .events = (short)POLLIN};
    wait[1] = (struct pollfd){.fd = gate ? xw_gate_fd(watcher->gate) : -1, .events = POLLIN};
}

static void take_messages(struct xw_watcher *watcher)
{
    struct xw_message message;
    int rc = 0;

    while (!watcher->told && (rc = xw_gate_next(watcher->gate, &message, &watcher->err)) > 0) {
        if (message.kind == XW_MESSAGE_PROGRESS)
            snprintf(watcher->note, sizeof(watcher->note), "%s", message.text);
        else if (message.kind == XW_MESSAGE_HISTORY && !watcher->opened)
            watcher->history = message.history;
        watcher->opened = watcher->opened || message.kind == XW_MESSAGE_OPEN;
        rc = xw_gate_take(&message, &watcher->model, &watcher->code, &watcher->err);
        if (rc < 0)
            break;
        watcher->told = rc == 1;
    }
    if (rc < 0) {
        watcher->code = XW_EXIT_TRY_AGAIN;
        watcher->told = true;
    }
}

ssize_t xw_watcher_take(struct xw_watcher *watcher, char *bytes, size_t size, bool *live)
{
    ssize_t n = -1;

    if (!watcher->gate)
        return -ENODATA;
    take_messages(watcher);
    *live = watcher->history == 0;
    if (watcher->opened && watcher->socket >= 0) {
        size_t most = *live || watcher->history > size ? size : watcher->history;
        n = recv(watcher->socket, bytes, most, MSG_DONTWAIT);
        if (n == 0 || (n < 0 && errno != EAGAIN && errno != EINTR)) {
            close(watcher->socket);
            watcher->socket = -1;
        }
    }
    if (n > 0 && !*live)
        watcher->history -= (size_t)n;
    if (n > 0)
        return n;
    return watcher->told && (!watcher->opened || watcher->socket < 0) ? -ENODATA : 0;
}

const char *xw_watcher_words(const struct xw_watcher *watcher)
{
    return *watcher->err.text ? watcher->err.text
           : *watcher->note   ? watcher->note
                              : "the machine has stopped";
}

bool xw_watcher_is_live(const struct xw_watcher *watcher)
{
    return watcher->opened && watcher->history == 0;
}

void xw_watcher_close(struct xw_watcher *watcher, int patience)
{
    const int64_t deadline = xw_pump_now() + patience;
    struct pollfd wait = {.events = POLLIN};
    int64_t left;

    if (watcher->socket >= 0)
        close(watcher->socket);
    while (watcher->gate && !watcher->told && (left = deadline - xw_pump_now()) > 0) {
        wait.fd = xw_gate_fd(watcher->gate);
        if (poll(&wait, 1, (int)left) > 0)
            take_messages(watcher);
    }
    xw_gate_close(watcher->gate);
    xw_model_clear(&watcher->model);
    *watcher = XW_WATCHER_NONE;
}
