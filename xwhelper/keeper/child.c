#include "xwhelper/keeper/child.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/access.h"
#include "common/exitcode.h"
#include "common/paths.h"
#include "xwhelper/keeper/auditing.h"
#include "xwhelper/keeper/authority.h"
#include "xwhelper/keeper/broker.h"
#include "xwhelper/keeper/reply.h"
#include "xwhelper/keeper/verbs.h"
#include "xwhelper/reader/reader.h"

enum { FIRST_LINE_MS = 2000, GROUPS_MAX = 65536 };

/* For the deadline's signal handler alone, which can be given no argument. */
static int deadline_peer = -1;

static void deadline_passed(int number)
{
    static const char text[] = "error this took longer than it may; what was done so far is kept, "
                               "and the same command goes on with it\nend 75\n";

    (void)number;
    if (send(deadline_peer, text, sizeof(text) - 1, MSG_NOSIGNAL | MSG_DONTWAIT) < 0)
        _exit(XW_EXIT_TRY_AGAIN);
    _exit(XW_EXIT_TRY_AGAIN);
}

static void set_deadline(int peer, unsigned int seconds)
{
    struct sigaction action = {.sa_handler = deadline_passed};

    deadline_peer = peer;
    sigemptyset(&action.sa_mask);
    if (sigaction(SIGALRM, &action, NULL) < 0)
        abort();
    alarm(seconds);
}

/* Takes the descriptors of a message; returns their number and the first one in *fd. */
static size_t take_descriptors(struct msghdr *message, int *fd)
{
    size_t count = 0;

    for (struct cmsghdr *at = CMSG_FIRSTHDR(message); at; at = CMSG_NXTHDR(message, at)) {
        if (at->cmsg_level != SOL_SOCKET || at->cmsg_type != SCM_RIGHTS)
            continue;
        size_t here = (at->cmsg_len - CMSG_LEN(0)) / sizeof(int);
        for (size_t i = 0; i < here; i++) {
            int received;
            memcpy(&received, CMSG_DATA(at) + i * sizeof(int), sizeof(int));
            if (count++ == 0)
                *fd = received;
            else
                close(received);
        }
    }
    return count;
}

/* Receives the one line, within its bound, with at most one descriptor. */
static int receive_line(int peer, char line[XW_LINE_MAX], int *viewer)
{
    union {
        struct cmsghdr header;
        char space[CMSG_SPACE(sizeof(int))];
    } control;
    struct iovec data = {.iov_base = line, .iov_len = XW_LINE_MAX - 1};
    struct msghdr message = {.msg_iov = &data,
                             .msg_iovlen = 1,
                             .msg_control = &control,
                             .msg_controllen = sizeof(control)};
    struct pollfd ready = {.fd = peer, .events = POLLIN};

    if (poll(&ready, 1, FIRST_LINE_MS) != 1)
        return -ETIMEDOUT;
    ssize_t n = recvmsg(peer, &message, MSG_CMSG_CLOEXEC | MSG_DONTWAIT);
    if (n <= 0)
        return n < 0 ? -errno : -EPIPE;
    size_t descriptors = take_descriptors(&message, viewer);
    if ((message.msg_flags & (MSG_CTRUNC | MSG_TRUNC)) || descriptors > 1)
        return -EINVAL;
    /* Exactly one line in exactly one message: a NUL or a second line is not ours. */
    if (line[n - 1] != '\n' || memchr(line, '\n', (size_t)n) != line + n - 1 ||
        memchr(line, '\0', (size_t)n))
        return -EINVAL;
    line[n - 1] = '\0';
    return 0;
}

/* The viewer must be a connected stream socket, or nothing where the verb takes none. */
static bool viewer_fits(const struct xw_request *request, int viewer)
{
    struct stat info;
    int type;
    socklen_t size = sizeof(type);

    if (!xw_verb_info(request->verb)->takes_descriptor)
        return viewer < 0;
    return viewer >= 0 && fstat(viewer, &info) == 0 && S_ISSOCK(info.st_mode) &&
           getsockopt(viewer, SOL_SOCKET, SO_TYPE, &type, &size) == 0 && type == SOCK_STREAM;
}

static int read_groups(int peer, struct xw_caller *caller)
{
    socklen_t size = GROUPS_MAX * sizeof(gid_t);
    gid_t *groups = malloc(size);

    if (!groups || getsockopt(peer, SOL_SOCKET, SO_PEERGROUPS, groups, &size) < 0) {
        free(groups);
        return -errno;
    }
    caller->groups = groups;
    caller->group_count = size / sizeof(gid_t);
    return 0;
}

struct child {
    enum xw_auditing auditing; /* asked at the start */
    const struct xw_accounts *accounts;
    struct xw_request request;
    struct xw_authority authority;
    struct xw_plan plan;
    int viewer;
    int broker;   /* the connection to it; negative: there is none */
    bool crowded; /* it is a stream of events, and there are too many */
};

static bool is_console(const struct xw_verb_info *verb)
{
    return verb->takes_descriptor && verb->scope == XW_SCOPE_ONE;
}

/* When a console that is opened now has to end; 0: never. */
static time_t console_end(const struct xw_authority *authority)
{
    if (xw_access_instructs(&authority->caller, &authority->access))
        return 0;
    return xw_access_window(&authority->owner, &authority->access, authority->now).ends;
}

/* What takes a wider filter than this process has. */
static int ask_broker(const struct child *child, int peer, struct xw_error *err)
{
    const struct xw_request *request = &child->request;
    bool present = false;
    int rc = xw_broker_ask(child->broker, request, &present, err);

    if (rc == 0 && request->verb == XW_VERB_EXTEND)
        xw_reply(peer, "extension %s %lld", request->owner, (long long)request->until);
    else if (rc == 0)
        xw_reply(peer, "done - %s", present ? "is there" : "deployed");
    return rc;
}

/* What is about all worlds of a lab, or about none of its machines. */
static int instruct(const struct child *child, int peer, struct xw_error *err)
{
    const struct xw_authority *authority = &child->authority;

    switch (child->request.verb) {
    case XW_VERB_WORLDS:
        return xw_verb_worlds(peer, authority, &child->accounts->reader, err);
    case XW_VERB_GRANTS:
        return xw_verb_grants(peer, authority, &child->accounts->reader, err);
    default:
        return ask_broker(child, peer, err);
    }
}

/* The world's own record is read first: the reader opens no file. */
static int list_checkpoints(struct child *child, const struct xw_job *job, struct xw_error *err)
{
    static struct xw_checkpoints checkpoints;
    int rc = xw_checkpoints_read(job->plan->lab, job->owner->name, &checkpoints, err);

    if (rc < 0)
        return rc;
    xw_authority_close(&child->authority);
    xw_reader_become(&child->accounts->reader);
    xw_reader_checkpoints(job->peer, job->request, &checkpoints);
    return XW_EXIT_OK;
}

static int perform(struct child *child, int peer, const struct xw_opening *opening,
                   struct xw_error *err)
{
    const struct xw_job job = {.peer = peer,
                               .viewer = child->viewer,
                               .request = &child->request,
                               .owner = &child->authority.owner,
                               .plan = &child->plan,
                               .opening = opening,
                               .relay = &child->accounts->relay,
                               .viewer_name = xw_authority_name(&child->authority),
                               .until = console_end(&child->authority)};

    /* Only a console tells the journal by itself; nobody else could forge an entry. */
    if (!is_console(xw_verb_info(child->request.verb)) && opening->journal->fd >= 0) {
        close(opening->journal->fd);
        opening->journal->fd = -1;
    }
    /* It would wait as long as this process: a console goes on for hours. */
    if (child->broker >= 0 && !xw_broker_does(child->request.verb)) {
        close(child->broker);
        child->broker = -ENOTCONN;
    }
    if (child->request.verb == XW_VERB_LIST)
        return xw_verb_list(peer, &child->authority, &child->accounts->reader, err);
    if (child->request.verb == XW_VERB_EVENTS)
        return child->crowded
                   ? xw_fail(err, -EAGAIN, "too many menus are open; close some of the others")
                   : xw_verb_events(peer, child->viewer, &child->authority,
                                    &child->accounts->reader, err);
    if (child->request.verb == XW_VERB_PREPARE)
        return xw_verb_prepare(peer, &child->request, err);
    if (child->request.verb == XW_VERB_SUSPEND)
        return xw_verb_suspend(peer, &child->request, child->authority.owners,
                               child->authority.labs, err);
    if (child->request.verb == XW_VERB_RELAY)
        return xw_verb_relay(peer, &child->request, &child->accounts->relay, err);
    int rc = xw_plan_read(child->authority.labs, child->request.lab, &child->plan, err);
    if (rc < 0)
        return rc;
    const struct xw_verb_info *verb = xw_verb_info(child->request.verb);
    if (verb->role == XW_ROLE_INSTRUCTOR && !verb->takes_descriptor)
        return instruct(child, peer, err);
    if (verb->changes)
        xw_confine_change(&child->request);
    switch (child->request.verb) {
    case XW_VERB_STATUS:
        xw_authority_tell_window(&child->authority, peer, job.owner, &child->authority.access);
        xw_authority_close(&child->authority);
        xw_reader_become(&child->accounts->reader);
        return xw_reader_status(peer, job.owner->name, &child->plan, err);
    case XW_VERB_START:
        return xw_verb_start(&job, err);
    case XW_VERB_STOP:
        return xw_verb_stop(&job, err);
    case XW_VERB_REBOOT:
        return xw_verb_reboot(&job, err);
    case XW_VERB_REVERT:
        return xw_verb_revert(&job, err);
    case XW_VERB_CHECKPOINTS:
        return list_checkpoints(child, &job, err);
    case XW_VERB_CHECKPOINT_CREATE:
        return xw_verb_checkpoint_create(&job, err);
    case XW_VERB_CHECKPOINT_DELETE:
        return xw_verb_checkpoint_delete(&job, err);
    case XW_VERB_CONSOLE:
    case XW_VERB_WATCH:
    case XW_VERB_TAKE:
        return xw_verb_console(&job, err);
    case XW_VERB_COPY_TO:
    case XW_VERB_COPY_FROM:
        return xw_verb_copy(&job, err);
    case XW_VERB_VNC:
        return xw_verb_vnc(&job, err);
    default:
        return xw_refuse(err);
    }
}

static int refuse(int peer)
{
    xw_reply(peer, "error " XW_REFUSED_TEXT);
    xw_reply(peer, "end %d", XW_EXIT_REFUSED);
    return XW_EXIT_REFUSED;
}

/* Theirs, but not now. */
static int limit(const struct child *child, int peer)
{
    const struct xw_authority *authority = &child->authority;
    const struct xw_window window =
        xw_access_window(&authority->owner, &authority->access, authority->now);

    xw_authority_tell_window(authority, peer, &authority->owner, &authority->access);
    xw_reply(peer, "error %s", xw_window_refusal(&window));
    xw_reply(peer, "end %d", XW_EXIT_LIMITED);
    return XW_EXIT_LIMITED;
}

/* What is done to a world, by root excepted; typing on a console is that, too. */
static bool must_be_audited(const struct xw_verb_info *verb)
{
    return (verb->changes || is_console(verb)) && verb->role != XW_ROLE_ROOT;
}

/* The listener learns what is asked and what was decided; then the memory is given back. */
static enum xw_decision decide_and_note(struct child *child, const struct xw_trail *trail,
                                        struct xw_note *copy)
{
    enum xw_decision decision = xw_authority_decide(&child->authority, &child->request);

    xw_note_request(trail->note, &child->request,
                    decision == XW_DECISION_ALLOW ? &child->authority.access : NULL);
    trail->note->decision = decision;
    trail->note->decided = true;
    if (decision == XW_DECISION_ALLOW && must_be_audited(xw_verb_info(child->request.verb))) {
        trail->note->auditing = child->auditing;
        trail->note->asked_auditing = true;
    }
    child->crowded = child->request.verb == XW_VERB_EVENTS &&
                     !xw_streams_fit(&trail->streams, trail->notes, trail->note->uid);
    *copy = *trail->note;
    xw_notes_unmap(trail->notes, trail->note_count);
    return decision;
}

/*
 * What has to be done before the first byte is read, and takes what is then given up. Whether the
 * kernel audits is asked now, because asking takes a capability that can also switch auditing off.
 * Who instructs some lab gets a broker, for the two verbs that take more than a request may.
 */
static void confine(struct child *child, const struct xw_peer *peer, const struct xw_trail *trail)
{
    child->auditing = xw_auditing();
    if (xw_authority_instructs(&child->authority)) {
        const struct xw_broker_case what = {.caller = &child->authority.caller,
                                            .owners = child->authority.owners,
                                            .auditing = child->auditing,
                                            .peer = peer->fd,
                                            .journal = trail->journal->fd,
                                            .notes = trail->notes,
                                            .note_count = trail->note_count};
        child->broker = xw_broker_start(&what);
    }
    xw_confine_request();
}

int xw_child_serve(const struct xw_peer *peer, const struct xw_trail *trail,
                   const struct xw_accounts *accounts)
{
    static struct child child = {.viewer = -1, .broker = -ENOTCONN};
    static struct xw_note note;
    char line[XW_LINE_MAX];
    struct xw_error err = {0};

    child.accounts = accounts;
    child.authority.caller.uid = peer->uid;
    child.authority.owners = xw_record_directory(XW_OWNERS_DIR);
    int groups = read_groups(peer->fd, &child.authority.caller);
    /* Root alone may ask for `prepare`, which looks names up: a filter would forbid too little. */
    if (peer->uid != 0)
        confine(&child, peer, trail);
    int rc = receive_line(peer->fd, line, &child.viewer);
    trail->note->silent = rc == -EPIPE;
    if (rc == 0)
        rc = xw_request_parse(line, &child.request);
    /* Noted now, so that whatever ends this process, it is known what it was about. */
    if (rc == 0)
        xw_note_request(trail->note, &child.request, NULL);
    if (rc < 0 || groups < 0 || !viewer_fits(&child.request, child.viewer)) {
        trail->note->malformed = !trail->note->silent;
        return refuse(peer->fd);
    }
    set_deadline(peer->fd, xw_verb_info(child.request.verb)->deadline);
    child.authority.labs = xw_record_directory(XW_LABS_DIR);
    enum xw_decision decision = decide_and_note(&child, trail, &note);
    if (decision == XW_DECISION_LIMIT)
        return limit(&child, peer->fd);
    if (decision != XW_DECISION_ALLOW)
        return refuse(peer->fd);
    const struct xw_opening opening = {trail->journal, peer->uid, peer->pid, &note, trail->began};
    rc = note.asked_auditing ? xw_auditing_require(note.auditing, &err) : 0;
    if (rc == 0)
        rc = perform(&child, peer->fd, &opening, &err);
    alarm(0);
    if (rc < 0) {
        fprintf(stderr, "<4>request=%s %s\n", child.request.id, err.text);
        return xw_reply_failure(peer->fd, &err);
    }
    xw_reply(peer->fd, "end %d", rc);
    return rc;
}
