#include "pam/keeper.h"

#include <errno.h>
#include <poll.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "common/cleanup.h"
#include "common/lines.h"
#include "common/names.h"
#include "common/paths.h"
#include "common/request.h"
#include "xwsh/lines.h"

enum { CODE_MAX = 254, NOT_ENDED = -1, MILLISECONDS = 1000, NANOSECONDS_PER_MS = 1000000 };

/* By a clock that nobody sets; or a negative errno. */
static int64_t now_ms(void)
{
    struct timespec now = {0};

    if (clock_gettime(CLOCK_MONOTONIC, &now) < 0)
        return -errno;
    return (int64_t)now.tv_sec * MILLISECONDS + now.tv_nsec / NANOSECONDS_PER_MS;
}

/* What is left until the deadline, in milliseconds; 0 when it has passed; or a negative errno. */
static int left_ms(int64_t deadline)
{
    int64_t now = now_ms();

    if (now < 0)
        return (int)now;
    return deadline > now ? (int)(deadline - now) : 0;
}

/* Whether root listens there: nobody else should be told who logs in. */
static int check_peer(int fd, struct xw_error *err)
{
    struct ucred peer;
    socklen_t size = sizeof(peer);

    if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &size) < 0)
        return xw_fail_errno(err, -errno, "the kernel doesn't say who the keeper is");
    return peer.uid == 0 ? 0 : xw_fail(err, -EPERM, "it isn't root who listens as the keeper");
}

/*
 * Connects. A keeper that is stopped lets connections wait until its queue is full, and then those
 * who connect; the send timeout bounds that (socket(7)), where poll(2) would have nothing to wait
 * for.
 */
static int connect_keeper(int fd, int64_t deadline, struct xw_error *err)
{
    const struct sockaddr_un address = {.sun_family = AF_UNIX, .sun_path = XW_KEEPER_SOCKET};
    int left;

    while ((left = left_ms(deadline)) > 0) {
        const struct timeval patience = {left / MILLISECONDS,
                                         (suseconds_t)(left % MILLISECONDS) * MILLISECONDS};
        if (setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof(patience)) < 0)
            return xw_fail_errno(err, -errno, "the socket takes no timeout");
        if (connect(fd, (const struct sockaddr *)&address, sizeof(address)) == 0)
            return check_peer(fd, err);
        if (errno == ENOENT || errno == ECONNREFUSED)
            return xw_fail(err, -EAGAIN, "the keeper isn't running");
        if (errno == EAGAIN)
            break;
        if (errno != EINTR)
            return xw_fail_errno(err, -errno, "the keeper can't be reached");
    }
    return xw_fail(err, -EAGAIN, "the keeper takes no connection");
}

static int send_request(int fd, enum xw_verb verb, const char *user, struct xw_error *err)
{
    struct xw_request request = {.verb = verb};
    char line[XW_LINE_MAX];
    uint64_t random;

    /* Without waiting for a kernel that has just booted to be random enough. */
    if (getrandom(&random, sizeof(random), GRND_NONBLOCK) != (ssize_t)sizeof(random))
        return xw_fail(err, -EAGAIN, "there are no random numbers yet");
    snprintf(request.id, sizeof(request.id), "%016llx", (unsigned long long)random);
    snprintf(request.owner, sizeof(request.owner), "%s", user);
    int length = xw_request_format(&request, line);
    if (length < 0)
        return xw_fail(err, length, "the request can't be written");
    /* One short line into an empty buffer: it goes whole, at once, or not at all. */
    if (send(fd, line, (size_t)length, MSG_NOSIGNAL | MSG_DONTWAIT) != length)
        return xw_fail(err, -EAGAIN, "the keeper doesn't take the request");
    return 0;
}

static bool starts(const char *line, const char *kind)
{
    size_t length = strlen(kind);

    return strncmp(line, kind, length) == 0 && line[length] == ' ';
}

/*
 * Takes one line of the answer. Returns the code of `end`, or NOT_ENDED. The first failure's text
 * is kept for the log; what else is said is for xwsh to show.
 */
static int take_line(const char *line, struct xw_error *err)
{
    unsigned long code;

    if (!xw_text_ok(line))
        return NOT_ENDED;
    if (starts(line, "end"))
        return xw_number(line + strlen("end "), CODE_MAX, &code) == 0 ? (int)code : NOT_ENDED;
    if ((starts(line, "fail") || starts(line, "error")) && err->code == 0)
        xw_fail(err, -EIO, "the keeper says: %s", strchr(line, ' ') + 1);
    return NOT_ENDED;
}

/* Waits until there is something to read: 1; 0 when the deadline has passed; or a negative errno.
 */
static int await(int fd, int64_t deadline)
{
    struct pollfd polled = {.fd = fd, .events = POLLIN};
    int left;

    while ((left = left_ms(deadline)) > 0) {
        int rc = poll(&polled, 1, left);
        if (rc > 0)
            return 1;
        if (rc < 0 && errno != EINTR)
            return -errno;
    }
    return left;
}

/* What the answer's end says. */
static int finish(int code, struct xw_error *err)
{
    if (code == 0) {
        *err = (struct xw_error){0};
        return 0;
    }
    return err->code != 0 ? err->code : xw_fail(err, -EIO, "the keeper ended with %d", code);
}

static int await_answer(int fd, int64_t deadline, enum xw_pam_prepared *outcome,
                        struct xw_error *err)
{
    struct xw_lines lines = {0};
    char *line;

    for (;;) {
        int rc;
        while ((rc = xw_lines_next(&lines, &line)) == 1) {
            int code = take_line(line, err);
            if (code != NOT_ENDED) {
                *outcome = XW_PAM_READY;
                return finish(code, err);
            }
        }
        if (rc < 0 || lines.at_end)
            return err->code != 0 ? err->code
                                  : xw_fail(err, -EPROTO, "the keeper ended without an answer");
        rc = await(fd, deadline);
        if (rc == 0) {
            *outcome = XW_PAM_UNDER_WAY;
            return err->code;
        }
        if (rc > 0)
            rc = xw_lines_fill(&lines, fd);
        if (rc < 0)
            return xw_fail_errno(err, rc, "the keeper's answer can't be read");
    }
}

static int ask(enum xw_verb verb, const char *user, unsigned int seconds,
               enum xw_pam_prepared *outcome, struct xw_error *err)
{
    int64_t began = now_ms();
    int64_t deadline = began + (int64_t)seconds * MILLISECONDS;
    XW_AUTO_CLOSE int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

    if (began < 0)
        return xw_fail_errno(err, (int)began, "there is no clock to wait by");
    if (fd < 0)
        return xw_fail_errno(err, -errno, "a socket can't be made");
    int rc = connect_keeper(fd, deadline, err);
    if (rc == 0)
        rc = send_request(fd, verb, user, err);
    return rc == 0 ? await_answer(fd, deadline, outcome, err) : rc;
}

int xw_pam_prepare(const char *user, unsigned int seconds, enum xw_pam_prepared *outcome,
                   struct xw_error *err)
{
    return ask(XW_VERB_PREPARE, user, seconds, outcome, err);
}

int xw_pam_suspend(const char *user, unsigned int seconds, struct xw_error *err)
{
    enum xw_pam_prepared outcome;

    return ask(XW_VERB_SUSPEND, user, seconds, &outcome, err);
}
