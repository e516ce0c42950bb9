/*
 * console, watch, take: asks the keeper, as root, for a place at the console's relay, and becomes
 * the viewer's. What opens the machine's console, and makes sockets, is another child's (relay.c):
 * no process that a student's request became can do either.
 */
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "common/cleanup.h"
#include "common/exitcode.h"
#include "common/paths.h"
#include "xwhelper/keeper/become_relay.h"
#include "xwhelper/keeper/opening.h"
#include "xwhelper/keeper/reply.h"
#include "xwhelper/keeper/verbs.h"
#include "xwhelper/relay/frame.h"
#include "xwhelper/relay/join.h"

/* A relay that ends when it is asked is asked again, which makes a new one. */
enum { TRIES = 100, PAUSE_MS = 20 };

static int connect_keeper(const char *machine, struct xw_error *err)
{
    const struct sockaddr_un address = {.sun_family = AF_UNIX, .sun_path = XW_KEEPER_SOCKET};
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

    if (fd >= 0 && connect(fd, (const struct sockaddr *)&address, sizeof(address)) == 0)
        return fd;
    int error = errno;
    if (fd >= 0)
        close(fd);
    return xw_fail_errno(err, -EAGAIN, "The console of %s can't be asked for (%s)", machine,
                         strerror(error));
}

static int send_all(int fd, const void *bytes, size_t length)
{
    ssize_t n = send(fd, bytes, length, MSG_NOSIGNAL);

    return n < 0 ? -errno : (size_t)n == length ? 0 : -EIO;
}

/* Reads one byte. Returns it; 0 when the other side has ended. */
static char next_byte(int fd)
{
    char byte;

    if (read(fd, &byte, 1) != 1)
        byte = '\0';
    return byte;
}

/* What the other child has failed with, as protocol lines; the first byte has been read. */
static int take_failure(int fd, char first, struct xw_error *err)
{
    static const char word[] = "error ";
    char text[XW_LINE_MAX] = {first};
    size_t used = 1;
    ssize_t n;

    while (used < sizeof(text) - 1 && (n = read(fd, text + used, sizeof(text) - 1 - used)) > 0)
        used += (size_t)n;
    text[used] = '\0';
    char *newline = strchr(text, '\n');
    if (strncmp(text, word, strlen(word)) != 0 || !newline)
        return xw_fail(err, -EAGAIN, "The console broke off; try again in a moment");
    *newline = '\0';
    bool later = strcmp(newline + 1, "end 75\n") == 0;
    return xw_fail(err, later ? -EAGAIN : -EIO, "%s", text + strlen(word));
}

/* Asks once. Returns 1 when the relay has taken this viewer, 0 when it has ended meanwhile. */
static int ask(int fd, const struct xw_job *job, struct xw_error *err)
{
    struct xw_request request = *job->request;
    struct xw_join join = {.mode = request.verb == XW_VERB_WATCH  ? XW_JOIN_WATCH
                                   : request.verb == XW_VERB_TAKE ? XW_JOIN_TAKE
                                                                  : XW_JOIN_WRITE};
    char line[XW_LINE_MAX];

    request.verb = XW_VERB_RELAY;
    snprintf(request.owner, sizeof(request.owner), "%s", job->owner->name);
    snprintf(join.name, sizeof(join.name), "%s", job->viewer_name);
    int length = xw_request_format(&request, line);
    if (length < 0 || send_all(fd, line, (size_t)length) < 0)
        return 0;
    char byte = next_byte(fd);
    if (byte == XW_RELAY_ASKS && send_all(fd, &join, sizeof(join)) == 0)
        byte = next_byte(fd);
    if (byte == XW_RELAY_ACCEPTS)
        return 1;
    return byte ? take_failure(fd, byte, err) : 0;
}

/* Returns a stream to the console's relay, which has taken this viewer. */
static int join_relay(const struct xw_job *job, const char *machine, struct xw_error *err)
{
    for (int i = 0; i < TRIES; i++) {
        int fd = connect_keeper(machine, err);
        int rc = fd < 0 ? fd : ask(fd, job, err);
        if (rc > 0)
            return fd;
        if (fd >= 0)
            close(fd);
        if (rc < 0)
            return rc;
        poll(NULL, 0, PAUSE_MS);
    }
    return xw_fail(err, -EAGAIN, "The console of %s is not to be had; try again in a moment",
                   machine);
}

int xw_verb_console(const struct xw_job *job, struct xw_error *err)
{
    const struct xw_plan_machine *planned = xw_plan_machine(job->plan, job->request->machines[0]);
    char what[XW_NAME_SIZE + sizeof("The console of ")];

    if (!planned)
        return xw_refuse(err);
    xw_confine_console();
    snprintf(what, sizeof(what), "The console of %s", planned->name);
    XW_AUTO_CLOSE int timer = xw_opening_timer(job->until, what, err);
    if (timer < 0)
        return timer;
    XW_AUTO_CLOSE int relay = join_relay(job, planned->name, err);
    if (relay < 0)
        return relay;
    /* The relay's descriptors, see xwhelper/relay/viewer.c. */
    const int descriptors[] = {relay, job->viewer, job->peer, timer};
    xw_opening_tell(job->opening);
    xw_become_relay(job->relay, "viewer", descriptors, sizeof(descriptors) / sizeof(int));
}
