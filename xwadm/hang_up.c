#include "xwadm/hang_up.h"

#include <errno.h>
#include <poll.h>
#include <pwd.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/pidfd.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "common/cleanup.h"
#include "common/paths.h"
#include "common/request.h"

enum {
    MILLISECONDS = 1000,
    NANOSECONDS = 1000000,
    PAUSE_MS = 20,
    SETTLE_MS = 300,
    TERMINATE_MS = 1000,
    KILL_MS = 3000,
    GIVE_UP_MS = 10000,
    /* Beyond a request's deadline: what the keeper waits for its line and for its turn. */
    BEFORE_REQUEST_MS = 5000,
    FOUND_MAX = 256, /* in one round; the next finds the others */
    RELAY_VIEWER = 4 /* see xwhelper/relay/main.c */
};

struct found {
    pid_t pid;
    pid_t parent;
    int pidfd;
    bool console;
    bool reader; /* it may be a stream of events, which ends with its viewer, or later */
};

/* One round. */
struct round {
    const struct xw_held *held;
    struct xw_connections connections;
    uid_t relay;
    uid_t reader;
    int unseen; /* why a process could not be looked into, or 0 */
    size_t under_way;
    size_t count;
    struct found found[FOUND_MAX];
};

/* Remembered from round to round: since when, and so that each is counted once. */
struct sight {
    pid_t pid;
    long since;
    bool parent; /* of one of the others: at some time */
};

struct seen {
    size_t count;
    struct sight *items;
};

static long milliseconds(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec * MILLISECONDS + now.tv_nsec / NANOSECONDS;
}

static int find_uid(const char *name, uid_t *uid, struct xw_error *err)
{
    const struct passwd *account = getpwnam(name);

    if (!account)
        return xw_fail(err, -ENOENT, "there is no account %s; install xworlds again", name);
    *uid = account->pw_uid;
    return 0;
}

static int look_at(const struct xw_process *process, int pidfd, void *data)
{
    struct round *round = data;
    bool holds = xw_process_holds(process, round->held);
    int serves = holds ? 0 : xw_serves(process, pidfd, &round->connections, round->held);

    /* Sessions are ended all the same; that a console may be left is said at the end. */
    if (serves < 0)
        round->unseen = serves;
    const bool console = serves > 0 && process->uids[0] == round->relay;
    const bool reader = serves > 0 && process->uids[0] == round->reader;
    if (serves > 0 && !console && !reader)
        round->under_way++;
    if ((!holds && !console && !reader) || round->count == FOUND_MAX)
        return 0;
    /* The visitor's descriptor is closed behind it. */
    int copy = dup(pidfd);
    if (copy < 0)
        return -errno;
    round->found[round->count++] =
        (struct found){process->pid, process->parent, copy, console, reader};
    return 0;
}

static int find_all(struct round *round, struct xw_error *err)
{
    int rc = xw_connections_read(&round->connections, err);

    if (rc == 0)
        rc = xw_processes(look_at, round, err);
    xw_connections_free(&round->connections);
    return rc;
}

static bool is_parent(const struct round *round, pid_t pid)
{
    for (size_t i = 0; i < round->count; i++) {
        if (round->found[i].parent == pid)
            return true;
    }
    return false;
}

/* Who has ended meanwhile needs no signal. */
static int send_signal(const struct found *found, int number)
{
    return pidfd_send_signal(found->pidfd, number, NULL, 0) < 0 && errno != ESRCH ? -errno : 0;
}

/* To the relay it is as if the viewer had left. Where this fails, a later signal doesn't. */
static int hang_up_viewer(const struct found *found)
{
    XW_AUTO_CLOSE int viewer = pidfd_getfd(found->pidfd, RELAY_VIEWER, 0);

    if (viewer >= 0)
        shutdown(viewer, SHUT_RDWR);
    return 0;
}

/*
 * A console has its own time, as it may open late, and so has a reader; processes have one for
 * all, so that none gains any by making another.
 */
static int end_one(const struct found *found, const struct sight *sight, long now)
{
    const long elapsed = found->console || found->reader ? now - sight->since : now;

    if (elapsed >= KILL_MS)
        return send_signal(found, SIGKILL);
    if (elapsed >= TERMINATE_MS) {
        int rc = send_signal(found, SIGHUP);
        if (rc == 0)
            rc = send_signal(found, SIGTERM);
        return rc == 0 ? send_signal(found, SIGCONT) : rc;
    }
    if (found->console)
        return hang_up_viewer(found);
    return sight->parent || found->reader ? 0 : send_signal(found, SIGHUP);
}

/* What is remembered of it, or NULL where memory is short. Until the next call. */
static struct sight *remember(struct seen *seen, const struct found *found, long now,
                              struct xw_hung_up *done)
{
    for (size_t i = 0; i < seen->count; i++) {
        if (seen->items[i].pid == found->pid)
            return &seen->items[i];
    }
    struct sight *more = reallocarray(seen->items, seen->count + 1, sizeof(*more));
    if (!more)
        return NULL;
    seen->items = more;
    more[seen->count] = (struct sight){.pid = found->pid, .since = now};
    if (!found->reader)
        *(found->console ? &done->consoles : &done->processes) += 1;
    return &more[seen->count++];
}

/* Ends what was found, and waits a moment for the first of it. */
static int end_found(struct round *round, struct seen *seen, long now, struct xw_hung_up *done,
                     struct xw_error *err)
{
    int rc = 0;

    for (size_t i = 0; i < round->count; i++) {
        const struct found *found = &round->found[i];
        struct sight *sight = remember(seen, found, now, done);
        if (sight)
            sight->parent = sight->parent || is_parent(round, found->pid);
        int ending = sight ? end_one(found, sight, now) : -ENOMEM;
        rc = rc < 0 ? rc : ending;
    }
    struct pollfd first = {.fd = round->count ? round->found[0].pidfd : -1, .events = POLLIN};
    if (poll(&first, 1, PAUSE_MS) < 0 && errno != EINTR && rc == 0)
        rc = -errno;
    for (size_t i = 0; i < round->count; i++)
        close(round->found[i].pidfd);
    return rc < 0 ? xw_fail_errno(err, rc, "not everything was ended; try again") : 0;
}

/* How long a request that was accepted before can take to become a console. */
static long longest_opening(void)
{
    return (long)xw_verb_info(XW_VERB_CONSOLE)->deadline * MILLISECONDS + BEFORE_REQUEST_MS;
}

/* One round. Returns 1 when there is nothing left to do, 0, or a negative errno. */
static int go_round(struct round *round, struct seen *seen, long now, struct xw_hung_up *done,
                    struct xw_error *err)
{
    int rc = find_all(round, err);

    done->under_way = round->under_way;
    if (rc == 0 && round->count == 0 && (round->under_way == 0 || now >= longest_opening()))
        return round->unseen == 0 ? 1
                                  : xw_fail_errno(err, round->unseen,
                                                  "sessions are ended; whether a console is "
                                                  "left can't be found out");
    if (rc == 0 && round->count > 0 && now >= longest_opening() + GIVE_UP_MS)
        rc = xw_fail(err, -EBUSY, "%zu processes don't end, the first is %d", round->count,
                     (int)round->found[0].pid);
    int ending = end_found(round, seen, now, done, rc < 0 ? NULL : err);
    return rc < 0 ? rc : ending;
}

/*
 * A login that had read the groups just before they were changed is root's until it has set them:
 * it is seen a moment later.
 */
static int settle(struct xw_error *err)
{
    if (poll(NULL, 0, SETTLE_MS) < 0 && errno != EINTR)
        return xw_fail_errno(err, -errno, "a moment can't be waited for");
    return 0;
}

int xw_hang_up(const struct xw_held *held, struct xw_hung_up *done, struct xw_error *err)
{
    const long began = milliseconds();
    struct seen seen = {0};
    uid_t relay = 0;
    uid_t reader = 0;

    *done = (struct xw_hung_up){0};
    int rc = find_uid(XW_RELAY_USER, &relay, err);
    if (rc == 0)
        rc = find_uid(XW_READER_USER, &reader, err);
    for (bool clean = false; rc == 0;) {
        struct round round = {.held = held, .relay = relay, .reader = reader};
        rc = go_round(&round, &seen, milliseconds() - began, done, err);
        if (rc <= 0) {
            clean = false;
            continue;
        }
        if (clean)
            break;
        clean = true;
        rc = settle(err);
    }
    free(seen.items);
    return rc < 0 ? rc : 0;
}
