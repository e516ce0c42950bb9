#include "xwhelper/reader/events.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "xwhelper/keeper/host.h"
#include "xwhelper/keeper/lifecycle.h"
#include "xwhelper/keeper/machine.h"
#include "xwhelper/keeper/reply.h"
#include "xwhelper/reader/reader.h"

/*
 * Machines that have changed and that the viewer has not been told of; and for how long libvirt may
 * take to say what one is doing, in seconds: nobody else would notice meanwhile that all have left.
 */
enum { CHANGED_MAX = 64, ANSWER_SECONDS = 10 };

struct stream {
    struct xw_host *host;
    int viewer;
    int watch; /* libvirt's number for it */
    const struct xw_sight *sights;
    size_t sight_count;
    size_t changed_count;
    struct xw_seen changed[CHANGED_MAX];
    bool more; /* have changed than fit */
    bool full; /* the viewer takes no more for now */
    bool lost; /* libvirt has gone */
    bool over;
};

/* Each is kept once: what is told is the state at the time of telling. */
static int machine_changed(virConnectPtr libvirt, virDomainPtr domain, int event, int detail,
                           void *data)
{
    struct stream *stream = data;
    struct xw_seen seen = {0};

    (void)libvirt;
    (void)event;
    (void)detail;
    if (!xw_sight_has(stream->sights, stream->sight_count, virDomainGetName(domain), &seen))
        return 0;
    for (size_t i = 0; i < stream->changed_count; i++) {
        if (strcmp(stream->changed[i].machine, seen.machine) == 0 &&
            strcmp(stream->changed[i].owner, seen.owner) == 0 &&
            strcmp(stream->changed[i].lab, seen.lab) == 0)
            return 0;
    }
    if (stream->changed_count < CHANGED_MAX)
        stream->changed[stream->changed_count++] = seen;
    else
        stream->more = true;
    return 0;
}

static void connection_closed(virConnectPtr libvirt, int reason, void *data)
{
    (void)libvirt;
    (void)reason;
    ((struct stream *)data)->lost = true;
}

static void time_passed(int timer, void *data)
{
    (void)timer;
    ((struct stream *)data)->over = true;
}

/* Neither of them has anything to say. */
static void other_side_spoke(int watch, int fd, int events, void *data)
{
    (void)watch;
    (void)fd;
    (void)events;
    ((struct stream *)data)->over = true;
}

static void viewer_ready(int watch, int fd, int events, void *data)
{
    struct stream *stream = data;

    (void)fd;
    stream->over = stream->over || (events & ~VIR_EVENT_HANDLE_WRITABLE);
    stream->full = false;
    virEventUpdateHandle(watch, VIR_EVENT_HANDLE_READABLE);
}

/* Returns whether the viewer has it. A line is far smaller than what a socket takes at once. */
static bool tell(struct stream *stream, const char *line)
{
    ssize_t n = send(stream->viewer, line, strlen(line), MSG_DONTWAIT | MSG_NOSIGNAL);

    if (n == (ssize_t)strlen(line))
        return true;
    if (n < 0 && errno == EAGAIN) {
        stream->full = true;
        virEventUpdateHandle(stream->watch, VIR_EVENT_HANDLE_READABLE | VIR_EVENT_HANDLE_WRITABLE);
    } else {
        stream->over = true;
    }
    return false;
}

static void tell_machine(struct stream *stream)
{
    const struct xw_seen *seen = &stream->changed[stream->changed_count - 1];
    const struct xw_machine machine = {seen->lab, seen->owner, seen->machine};
    char line[3 * XW_NAME_SIZE + 32];
    struct xw_error err = {0};
    const char *state;

    alarm(ANSWER_SECONDS);
    int rc = xw_reader_state(stream->host, &machine, &state, &err);
    alarm(0);
    if (rc < 0) {
        stream->lost = true;
        return;
    }
    snprintf(line, sizeof(line), "state %s %s %s %s\n", seen->lab, seen->owner, seen->machine,
             state);
    if (tell(stream, line))
        stream->changed_count--;
}

static void tell_changes(struct stream *stream)
{
    while (stream->changed_count > 0 && !stream->full && !stream->lost && !stream->over) {
        if (!stream->more) {
            tell_machine(stream);
        } else if (tell(stream, "changed\n")) {
            stream->more = false;
            stream->changed_count = 0;
        }
    }
}

static void run(struct stream *stream)
{
    while (!stream->lost && !stream->over) {
        if (virEventRunDefaultImpl() < 0)
            stream->over = true;
        tell_changes(stream);
    }
    if (stream->lost)
        tell(stream, "lost\n");
}

/* What has to be looked at besides libvirt's own connection. */
static int watch_others(struct stream *stream, int peer)
{
    stream->watch =
        virEventAddHandle(stream->viewer, VIR_EVENT_HANDLE_READABLE, viewer_ready, stream, NULL);
    return stream->watch < 0 ||
                   virEventAddHandle(peer, VIR_EVENT_HANDLE_READABLE, other_side_spoke, stream,
                                     NULL) < 0 ||
                   virEventAddTimeout(XW_STREAM_SECONDS * 1000, time_passed, stream, NULL) < 0
               ? -1
               : 0;
}

/* With the connection open. What is registered here ends with the process. */
static int serve(struct stream *stream, int peer, struct xw_error *err)
{
    virConnectPtr libvirt = xw_host_libvirt(stream->host);

    if (virConnectRegisterCloseCallback(libvirt, connection_closed, stream, NULL) < 0 ||
        virConnectDomainEventRegisterAny(libvirt, NULL, VIR_DOMAIN_EVENT_ID_LIFECYCLE,
                                         VIR_DOMAIN_EVENT_CALLBACK(machine_changed), stream,
                                         NULL) < 0 ||
        watch_others(stream, peer) < 0)
        return xw_libvirt_fail(stream->host, err, "Asking for libvirt's events");
    xw_reply(peer, "open");
    alarm(0);
    run(stream);
    return 0;
}

int xw_reader_events(int peer, int viewer, const struct xw_sight *sights, size_t count,
                     struct xw_error *err)
{
    /* libvirt keeps a pointer to it. */
    static struct stream stream;

    stream = (struct stream){.viewer = viewer, .sights = sights, .sight_count = count};
    int rc = xw_lifecycle_init(err);
    if (rc == 0)
        rc = xw_host_open_read_only(&stream.host, err);
    return rc < 0 ? rc : serve(&stream, peer, err);
}
