/*
 * relay: brings a viewer to the relay of a console, or opens the console and becomes that relay.
 * Which, is decided by a lock, /run/xworlds/console/UUID.relay, held by the relay while it lives;
 * viewers are brought by way of its socket, UUID.join. Root alone gets into that directory.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "common/cleanup.h"
#include "common/paths.h"
#include "xwhelper/keeper/become_relay.h"
#include "xwhelper/keeper/history.h"
#include "xwhelper/keeper/machine.h"
#include "xwhelper/keeper/notice.h"
#include "xwhelper/keeper/reply.h"
#include "xwhelper/keeper/verbs.h"
#include "xwhelper/relay/join.h"

/* A relay that begins or ends isn't to be had for a moment. */
enum { TRIES = 150, PAUSE_MS = 20 };

/* What there is of a console, and whose it is. */
struct place {
    struct xw_machine of;
    const char *machine;
    char guest[PATH_MAX];
    char lock[PATH_MAX + 8];
    struct sockaddr_un join;
    struct xw_history history; /* opened */
};

static int find_place(const struct xw_request *request, struct place *place, struct xw_error *err)
{
    const struct xw_machine machine = {request->lab, request->owner, request->machines[0]};
    const size_t size = sizeof(place->join.sun_path);

    place->of = machine;
    place->machine = request->machines[0];
    place->join.sun_family = AF_UNIX;
    int rc = xw_machine_console_path(&machine, place->guest, sizeof(place->guest));
    int n = snprintf(place->join.sun_path, size, "%.*s.join", (int)size, place->guest);
    if (rc < 0 || n < 0 || (size_t)n >= size)
        return xw_fail(err, -EIO, "The console of %s has no address", place->machine);
    snprintf(place->lock, sizeof(place->lock), "%s.relay", place->guest);
    return 0;
}

/*
 * Returns a stream of the guest's; of a machine that is off, for who only looks and where there is
 * a log, a socket that is at its end: the relay has what was written before, and then that it is
 * over.
 */
static int connect_guest(const struct place *place, bool looks, struct xw_error *err)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    int n = snprintf(address.sun_path, sizeof(address.sun_path), "%s", place->guest);
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

    if (fd < 0 || n < 0 || (size_t)n >= sizeof(address.sun_path))
        return xw_fail(err, -EIO, "The console of %s has no address", place->machine);
    if (connect(fd, (const struct sockaddr *)&address, sizeof(address)) == 0)
        return fd;
    int error = errno;
    const bool off = error == ENOENT || error == ECONNREFUSED;
    if (off && looks && place->history.newest >= 0)
        return fd;
    close(fd);
    if (off)
        return xw_fail(err, -ENXIO, "%s is off; start it first", place->machine);
    return xw_fail_errno(err, -error, "The console of %s does not open", place->machine);
}

/* Returns a descriptor that has the lock, or -EWOULDBLOCK where there is a relay. */
static int take_lock(const struct place *place, struct xw_error *err)
{
    int fd = open(place->lock, O_RDONLY | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);

    if (fd >= 0 && flock(fd, LOCK_EX | LOCK_NB) == 0)
        return fd;
    int error = errno;
    if (fd >= 0)
        close(fd);
    return error == EWOULDBLOCK
               ? -EWOULDBLOCK
               : xw_fail_errno(err, -error, "Opening the console's lock of %s", place->machine);
}

/* Where viewers are brought; 0600 by the keeper's umask. */
static int make_join(const struct place *place, struct xw_error *err)
{
    int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);

    if (fd >= 0 && (unlink(place->join.sun_path) == 0 || errno == ENOENT) &&
        bind(fd, (const struct sockaddr *)&place->join, sizeof(place->join)) == 0)
        return fd;
    int error = errno;
    if (fd >= 0)
        close(fd);
    return xw_fail_errno(err, -error, "Making the socket of %s's console", place->machine);
}

/* Sends the viewer to the relay. Returns 0 or a negative errno. */
static int bring(const struct place *place, int from, const struct xw_join *who, int viewer)
{
    struct sockaddr_un address = place->join;
    struct xw_join copy = *who;
    union {
        struct cmsghdr header;
        char space[CMSG_SPACE(sizeof(int))];
    } control = {.space = {0}};
    struct iovec data = {.iov_base = &copy, .iov_len = sizeof(copy)};
    struct msghdr message = {.msg_name = &address,
                             .msg_namelen = sizeof(address),
                             .msg_iov = &data,
                             .msg_iovlen = 1,
                             .msg_control = &control,
                             .msg_controllen = sizeof(control.space)};
    struct cmsghdr *header = CMSG_FIRSTHDR(&message);

    header->cmsg_level = SOL_SOCKET;
    header->cmsg_type = SCM_RIGHTS;
    header->cmsg_len = CMSG_LEN(sizeof(int));
    memcpy(CMSG_DATA(header), &viewer, sizeof(int));
    return sendmsg(from, &message, MSG_NOSIGNAL | MSG_DONTWAIT) < 0 ? -errno : 0;
}

/* There is a relay: it is told. Returns 0, or -EAGAIN where it can't be for the moment. */
static int bring_to_relay(const struct place *place, const struct xw_join *who, int viewer,
                          struct xw_error *err)
{
    XW_AUTO_CLOSE int from = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    int rc = from < 0 ? -errno : bring(place, from, who, viewer);

    if (rc == -ENOENT || rc == -ECONNREFUSED || rc == -ENOBUFS)
        rc = -EAGAIN;
    return rc < 0 && rc != -EAGAIN
               ? xw_fail_errno(err, rc, "Going to the console of %s", place->machine)
               : rc;
}

/* Opens the console and becomes its relay, which finds the viewer waiting. */
static int begin_relay(const struct place *place, int lock, const struct xw_join *who, int viewer,
                       const struct xw_account *account, struct xw_error *err)
{
    XW_AUTO_CLOSE int guest = connect_guest(place, who->mode == XW_JOIN_WATCH, err);
    if (guest < 0)
        return guest;
    XW_AUTO_CLOSE int join = make_join(place, err);
    if (join < 0)
        return join;
    XW_AUTO_CLOSE int notice = xw_notice_make(&place->of, err);
    if (notice < 0)
        return notice;
    int rc = bring(place, join, who, viewer);
    if (rc < 0)
        return xw_fail_errno(err, rc, "Opening the console of %s", place->machine);
    /* The console is worth having without it. */
    XW_AUTO_CLOSE int history = xw_history_take(&place->history, guest);
    /* The relay's descriptors, see xwhelper/relay/console.c. */
    const int descriptors[] = {guest, join, lock, notice, history};
    xw_become_relay(account, "console", descriptors, history < 0 ? 4 : 5);
}

/* Asks who the viewer is; the other side is a process of our own. */
static int ask_who(int peer, struct xw_join *who, struct xw_error *err)
{
    static const char question = XW_RELAY_ASKS;

    if (send(peer, &question, 1, MSG_NOSIGNAL) == 1 &&
        read(peer, who, sizeof(*who)) == (ssize_t)sizeof(*who) && who->mode < XW_JOIN_MODES &&
        memchr(who->name, '\0', sizeof(who->name)) && xw_owner_ok(who->name))
        return 0;
    return xw_refuse(err);
}

int xw_verb_relay(int peer, const struct xw_request *request, const struct xw_account *account,
                  struct xw_error *err)
{
    struct place place = {0};
    struct xw_join who = {0};

    int rc = find_place(request, &place, err);
    /* The log, too, before: afterwards there is no way to any file of a world. */
    if (rc == 0)
        place.history = xw_history_open(&place.of);
    xw_confine_relay();
    if (rc == 0)
        rc = ask_who(peer, &who, err);
    if (rc < 0)
        return rc;
    for (int i = 0; i < TRIES; i++) {
        XW_AUTO_CLOSE int lock = take_lock(&place, err);
        if (lock >= 0)
            return begin_relay(&place, lock, &who, peer, account, err);
        rc = lock == -EWOULDBLOCK ? bring_to_relay(&place, &who, peer, err) : lock;
        /* The peer is the relay's from now on: nothing more is said to it. */
        if (rc == 0)
            _exit(0);
        if (rc != -EAGAIN)
            return rc;
        poll(NULL, 0, PAUSE_MS);
    }
    return xw_fail(err, -EAGAIN, "The console of %s is not to be had; try again in a moment",
                   place.machine);
}
