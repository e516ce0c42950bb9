#include "xwhelper/keeper/broker.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "common/access.h"
#include "common/exitcode.h"
#include "common/paths.h"
#include "xwhelper/keeper/confine.h"
#include "xwhelper/keeper/journal.h"
#include "xwhelper/keeper/plan.h"
#include "xwhelper/keeper/verbs.h"
#include "xwhelper/keeper/world.h"

/* For how long a request may be read and decided, in seconds; its first line has 2 of them. */
enum { WAIT = 30 };

bool xw_broker_does(enum xw_verb verb)
{
    return verb == XW_VERB_EXTEND || verb == XW_VERB_DEPLOY;
}

/* --- the broker ------------------------------------------------------------------------------- */

/*
 * The request that an order is; false where it is none that could be. A name that has no end within
 * its array is none in the grammar, which looks no further (names.c).
 */
static bool understand(const struct xw_broker_order *order, struct xw_request *request)
{
    if (!xw_broker_does((enum xw_verb)order->verb) || !xw_name_ok(order->lab) ||
        !xw_owner_ok(order->owner) || order->until < 0 || order->until > XW_TIME_MAX ||
        (order->verb != XW_VERB_EXTEND && order->until))
        return false;
    *request = (struct xw_request){.verb = (enum xw_verb)order->verb, .until = order->until};
    memcpy(request->lab, order->lab, sizeof(request->lab));
    memcpy(request->owner, order->owner, sizeof(request->owner));
    return true;
}

static int deploy(const struct xw_authority *authority, const struct xw_request *request,
                  bool *present, struct xw_error *err)
{
    static struct xw_plan plan;
    enum xw_deploy_result result = XW_DEPLOY_PRESENT;
    int rc = xw_plan_read(authority->labs, request->lab, &plan, err);

    if (rc == 0)
        rc = xw_verb_deploy(authority, request, &plan, &result, err);
    *present = result == XW_DEPLOY_PRESENT;
    return rc;
}

/* Decides as if nobody had, and carries it out. */
static int carry_out(const struct xw_broker_case *what, const struct xw_request *request,
                     bool *present, struct xw_error *err)
{
    static struct xw_authority authority;

    authority = (struct xw_authority){.owners = what->owners, .caller = *what->caller};
    authority.labs = xw_record_directory(XW_LABS_DIR);
    if (xw_authority_decide(&authority, request) != XW_DECISION_ALLOW)
        return xw_refuse(err);
    int rc = xw_auditing_require(what->auditing, err);
    if (rc < 0)
        return rc;
    return request->verb == XW_VERB_EXTEND ? xw_verb_extend(&authority, request, err)
                                           : deploy(&authority, request, present, err);
}

/*
 * Takes the one order. From then on nothing is to come but the end of who gave it, and whatever
 * comes is the end of this process: SIGIO's default. What came before that is looked for.
 */
static bool take_order(int fd, struct xw_broker_order *order)
{
    char bytes[sizeof(*order) + 1]; /* a longer message shows */
    struct pollfd more = {.fd = fd, .events = POLLIN | POLLRDHUP};

    ssize_t n = read(fd, bytes, sizeof(bytes));
    if (n != (ssize_t)sizeof(*order))
        return false;
    memcpy(order, bytes, sizeof(*order));
    if (fcntl(fd, F_SETFL, O_ASYNC) < 0)
        abort();
    return poll(&more, 1, 0) == 0;
}

static _Noreturn void serve(int fd, const struct xw_broker_case *what)
{
    struct xw_broker_result result = {.code = 0};
    struct xw_broker_order order;
    struct xw_request request;

    alarm(WAIT);
    if (!take_order(fd, &order))
        _exit(XW_EXIT_OK);
    if (!understand(&order, &request))
        _exit(XW_EXIT_REFUSED);
    alarm(xw_verb_info(request.verb)->deadline);
    result.code = carry_out(what, &request, &result.present, &result.error);
    _exit(send(fd, &result, sizeof(result), MSG_NOSIGNAL) == (ssize_t)sizeof(result)
              ? XW_EXIT_OK
              : XW_EXIT_FAILED);
}

/* What the other process alone has to do with. */
static void let_go(const struct xw_broker_case *what, int others_end)
{
    close(others_end);
    close(what->peer);
    if (what->journal >= 0)
        close(what->journal);
    xw_notes_unmap(what->notes, what->note_count);
}

/* Ends as the kernel has processes end by these, whoever started the listener. */
static void end_by_signals(int fd)
{
    if (signal(SIGALRM, SIG_DFL) == SIG_ERR || signal(SIGIO, SIG_DFL) == SIG_ERR ||
        fcntl(fd, F_SETOWN, getpid()) < 0)
        abort();
}

/* --- who asks it ------------------------------------------------------------------------------ */

int xw_broker_start(const struct xw_broker_case *what)
{
    int fds[2];

    /* Nobody waits for the broker, and its end leaves nothing. */
    if (signal(SIGCHLD, SIG_IGN) == SIG_ERR ||
        socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, fds) < 0)
        return -errno;
    pid_t pid = fork();
    if (pid == 0) {
        let_go(what, fds[0]);
        end_by_signals(fds[1]);
        xw_confine_broker();
        serve(fds[1], what);
    }
    int rc = pid < 0 ? -errno : fds[0];
    close(fds[1]);
    if (pid < 0)
        close(fds[0]);
    return rc;
}

static bool send_order(int fd, const struct xw_request *request)
{
    struct xw_broker_order order;

    /* Its padding, too, goes to another process. */
    memset(&order, 0, sizeof(order));
    order.verb = request->verb;
    order.until = request->until;
    memcpy(order.lab, request->lab, sizeof(order.lab));
    memcpy(order.owner, request->owner, sizeof(order.owner));
    return send(fd, &order, sizeof(order), MSG_NOSIGNAL) == (ssize_t)sizeof(order);
}

int xw_broker_ask(int fd, const struct xw_request *request, bool *present, struct xw_error *err)
{
    struct xw_broker_result result;

    if (fd < 0)
        return xw_fail(err, -EAGAIN,
                       "the lab's host has no room for another process; try again in a minute");
    if (!send_order(fd, request) || read(fd, &result, sizeof(result)) != (ssize_t)sizeof(result) ||
        result.code > 0)
        return xw_fail(err, -EAGAIN,
                       "this broke off before it was done; the same command goes on with it");
    *present = result.present;
    if (result.code < 0) {
        *err = result.error;
        err->text[sizeof(err->text) - 1] = '\0';
    }
    return result.code;
}
