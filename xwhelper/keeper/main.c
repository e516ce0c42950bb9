/*
 * The keeper's listener: accepts, checks the peer, counts per uid, forks, reaps. It reads no byte
 * of any client, so no client can stop it.
 */
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <libvirt/libvirt.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/exitcode.h"
#include "common/landlock.h"
#include "common/paths.h"
#include "xwhelper/keeper/child.h"
#include "xwhelper/keeper/confine.h"
#include "xwhelper/keeper/host.h"
#include "xwhelper/keeper/journal.h"
#include "xwhelper/keeper/partition.h"
#include "xwhelper/keeper/ready.h"
#include "xwhelper/keeper/turn.h"

enum { CHILDREN_MAX = 4096, SEND_TIMEOUT = 30 };

struct listener {
    int socket;
    int signals;
    gid_t gate_group;
    struct xw_accounts accounts;
    struct xw_config config;
    struct xw_journal journal;
    struct xw_note *notes; /* CHILDREN_MAX of them, shared with the children */
    bool note_used[CHILDREN_MAX];
    size_t note_count; /* all that were ever used come before this one */
    size_t turns;      /* of one user at once */
    size_t count;
    struct xw_running children[CHILDREN_MAX];
};

static int listen_on_socket(gid_t group, struct xw_error *err)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX, .sun_path = XW_KEEPER_SOCKET};
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

    if (fd < 0)
        return xw_fail_errno(err, -errno, "Making a socket");
    if (unlink(XW_KEEPER_SOCKET) < 0 && errno != ENOENT)
        return xw_fail_errno(err, -errno, "Removing the old " XW_KEEPER_SOCKET);
    /* Made root:xwhelper 0660 from the start, which takes no capability over owners. */
    mode_t before = umask(0117);
    int rc = setresgid((gid_t)-1, group, (gid_t)-1);
    if (rc == 0)
        rc = bind(fd, (const struct sockaddr *)&address, sizeof(address));
    umask(before);
    if (rc < 0 || setresgid((gid_t)-1, 0, (gid_t)-1) < 0 || listen(fd, 256) < 0)
        return xw_fail_errno(err, -errno, "Listening on " XW_KEEPER_SOCKET);
    return fd;
}

static size_t count_of(const struct listener *listener, uid_t uid)
{
    size_t sum = 0;

    for (size_t i = 0; i < listener->count; i++)
        sum += listener->children[i].uid == uid;
    return sum;
}

/* The lowest note that is free, so that few pages are ever touched. */
static size_t take_note(struct listener *listener, uid_t uid)
{
    size_t free_one = 0;

    while (listener->note_used[free_one])
        free_one++;
    listener->note_used[free_one] = true;
    if (free_one >= listener->note_count)
        listener->note_count = free_one + 1;
    listener->notes[free_one].uid = uid;
    return free_one;
}

/* It says nothing from now on: others look through the notes. */
static void free_note(struct listener *listener, size_t note)
{
    memset(&listener->notes[note], 0, sizeof(listener->notes[note]));
    listener->note_used[note] = false;
}

/* A console that opened is a relay, which ends with 0; one that didn't ends with its reason. */
static enum xw_phase last_phase(const struct xw_note *note, int code, int signal)
{
    const struct xw_verb_info *verb = note->parsed ? xw_verb_info(note->request.verb) : NULL;
    bool console = verb && verb->takes_descriptor && verb->scope == XW_SCOPE_ONE &&
                   note->decision == XW_DECISION_ALLOW;

    return console && (code == XW_EXIT_OK || signal) ? XW_PHASE_CLOSE : XW_PHASE_REQUEST;
}

/* One entry in the journal, whatever ended the process; a console's relay ends with its viewers. */
static void tell_end(struct listener *listener, const struct xw_running *child, int status)
{
    int code = WIFEXITED(status) ? WEXITSTATUS(status) : XW_EXIT_FAILED;
    int signal = WIFSIGNALED(status) ? WTERMSIG(status) : 0;
    const struct xw_note *note = &listener->notes[child->note];
    const struct xw_entry entry = {last_phase(note, code, signal),
                                   child->uid,
                                   child->peer_pid,
                                   child->pid,
                                   note,
                                   code,
                                   signal,
                                   xw_journal_clock() - child->began};

    if (signal || child->uid != 0 || !note->parsed || note->request.verb != XW_VERB_RELAY)
        xw_journal_write(&listener->journal, &entry);
    free_note(listener, child->note);
}

static void give_turns(struct listener *listener, uid_t uid)
{
    const uint64_t now = xw_journal_clock();
    struct xw_running *next;

    while ((next = xw_turn_next(listener->children, listener->count, listener->notes,
                                listener->turns, uid, now)))
        xw_turn_give(next, listener->notes, now);
}

static void reap(struct listener *listener)
{
    struct signalfd_siginfo ignored;
    pid_t pid;
    int status;

    /* It is emptied, no more: who has ended, waitpid(2) says; what is left in it, poll(2) again. */
    if (read(listener->signals, &ignored, sizeof(ignored)) < 0 && errno == EBADF)
        abort();
    while ((pid = waitpid(-1, &status, WNOHANG)) > 0) {
        for (size_t i = 0; i < listener->count; i++) {
            if (listener->children[i].pid == pid) {
                const uid_t uid = listener->children[i].uid;
                tell_end(listener, &listener->children[i], status);
                listener->children[i] = listener->children[--listener->count];
                give_turns(listener, uid);
                break;
            }
        }
    }
}

static bool admits(const struct listener *listener, uid_t uid)
{
    return listener->count < listener->config.in_all && listener->count < CHILDREN_MAX &&
           (uid == 0 || count_of(listener, uid) < listener->config.per_user);
}

static _Noreturn void be_child(struct listener *listener, const struct xw_peer *peer, size_t note,
                               uint64_t began)
{
    const struct xw_trail trail = {.journal = &listener->journal,
                                   .notes = listener->notes,
                                   .note_count = CHILDREN_MAX,
                                   .note = &listener->notes[note],
                                   .began = began,
                                   .streams = {listener->note_count,
                                               xw_streams_of_user(&listener->config),
                                               xw_streams_in_all(&listener->config)}};
    sigset_t none;

    close(listener->socket);
    close(listener->signals);
    sigemptyset(&none);
    if (sigprocmask(SIG_SETMASK, &none, NULL) < 0 || setgroups(0, NULL) < 0)
        abort();
    if (peer->uid != 0)
        xw_turn_wait(&listener->notes[note]);
    exit(xw_child_serve(peer, &trail, &listener->accounts));
}

/* A peer for which no process was made: nothing of its request has been read. */
static void tell_turned_away(struct listener *listener, const struct xw_peer *peer)
{
    static const struct xw_note nothing;
    const struct xw_entry entry = {
        .uid = peer->uid, .peer_pid = peer->pid, .note = &nothing, .code = XW_EXIT_TRY_AGAIN};

    xw_journal_write(&listener->journal, &entry);
}

#define TOO_MANY "error too many requests at once; wait for the others to end\nend 75\n"
#define NO_PROCESS                                                                                 \
    "error the lab's host has no room for another process; try again in a minute\nend 75\n"

/* Without waiting for the peer, whatever it does with its end. */
static void turn_away(struct listener *listener, const struct xw_peer *peer, const char *text)
{
    tell_turned_away(listener, peer);
    if (send(peer->fd, text, strlen(text), MSG_NOSIGNAL | MSG_DONTWAIT) < 0)
        return;
}

static void serve_peer(struct listener *listener, int fd)
{
    struct ucred credentials;
    socklen_t size = sizeof(credentials);
    const struct timeval patience = {.tv_sec = SEND_TIMEOUT};

    if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &credentials, &size) < 0 ||
        setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof(patience)) < 0)
        return;
    const struct xw_peer peer = {fd, credentials.uid, credentials.gid, credentials.pid};
    if (peer.uid != 0 && peer.gid != listener->gate_group)
        return;
    if (!admits(listener, peer.uid)) {
        turn_away(listener, &peer, TOO_MANY);
        return;
    }
    size_t note = take_note(listener, peer.uid);
    uint64_t began = xw_journal_clock();
    pid_t pid = fork();
    if (pid == 0)
        be_child(listener, &peer, note, began);
    if (pid > 0) {
        listener->children[listener->count++] =
            (struct xw_running){pid, peer.uid, peer.pid, began, 0, note};
        give_turns(listener, peer.uid);
    } else {
        free_note(listener, note);
        turn_away(listener, &peer, NO_PROCESS);
    }
}

static void run(struct listener *listener)
{
    struct pollfd wait[] = {{.fd = listener->socket, .events = POLLIN},
                            {.fd = listener->signals, .events = POLLIN}};

    for (;;) {
        /* A host that is short of memory for a moment doesn't end the keeper. */
        if (poll(wait, 2, -1) < 0) {
            if (errno != EINTR && errno != ENOMEM)
                abort();
            continue;
        }
        if (wait[1].revents)
            reap(listener);
        if (!wait[0].revents)
            continue;
        int fd = accept4(listener->socket, NULL, NULL, SOCK_CLOEXEC);
        if (fd >= 0) {
            serve_peer(listener, fd);
            close(fd);
        }
    }
}

/* Said once, when the keeper starts: each request asks again. */
static void warn_of_auditing(const struct listener *listener)
{
    enum xw_auditing state = xw_auditing();

    if (state != XW_AUDITING_ON)
        fprintf(stderr, "<4>xwkeeper: the kernel's auditing is %s: %s (xworlds.conf(5), audit)\n",
                xw_auditing_word(state),
                listener->config.audit_required ? "what changes a world is refused"
                                                : "requests go on, without audit records");
}

/* Machines start all the same; said once, when the keeper starts. */
static void prepare_partitions(void)
{
    struct xw_error why = {0};

    if (xw_partitions_prepare(&why) < 0)
        fprintf(stderr,
                "<4>xwkeeper: worlds have no cgroups of their own, so one with more machines gets "
                "more of the processors: %s\n",
                why.text);
}

static int prepare(struct listener *listener, struct xw_error *err)
{
    struct xw_account gate;
    sigset_t child;

    if (geteuid() != 0)
        return xw_fail(err, -EPERM, "The keeper must be started by root");
    if (xw_account_find(XW_HELPER_USER, &gate, err) < 0 ||
        xw_account_find(XW_READER_USER, &listener->accounts.reader, err) < 0 ||
        xw_account_find(XW_RELAY_USER, &listener->accounts.relay, err) < 0)
        return -ENOENT;
    listener->gate_group = gate.gid;
    int rc = xw_config_read(XW_CONFIG_PATH, &listener->config, err);
    if (rc < 0)
        return rc;
    xw_journal_open(&listener->journal);
    listener->notes = xw_notes_map(CHILDREN_MAX);
    if (!listener->notes)
        return xw_fail_errno(err, -errno, "Getting memory for notes");
    listener->turns = xw_turns_of_user();
    sigemptyset(&child);
    sigaddset(&child, SIGCHLD);
    if (sigprocmask(SIG_BLOCK, &child, NULL) < 0 ||
        (listener->signals = signalfd(-1, &child, SFD_CLOEXEC | SFD_NONBLOCK)) < 0)
        return xw_fail_errno(err, -errno, "Watching for children");
    if (virInitialize() < 0)
        return xw_fail(err, -EIO, "libvirt's client library does not initialise");
    listener->socket = listen_on_socket(listener->gate_group, err);
    return listener->socket < 0 ? listener->socket : 0;
}

/*
 * Nothing of ours reads the environment from here on; glib does, and where it finds no home it asks
 * the C library's data base of users, where it finds no character set it reads a file of aliases.
 */
static int set_environment(void)
{
    return clearenv() != 0 || setenv("HOME", "/nonexistent", 1) < 0 ||
                   setenv("CHARSET", "UTF-8", 1) < 0
               ? -1
               : 0;
}

int main(void)
{
    static struct listener listener;
    struct xw_ready ready;
    struct xw_error err = {0};

    const struct rlimit no_core = {0, 0};

    if (signal(SIGPIPE, SIG_IGN) == SIG_ERR || setrlimit(RLIMIT_CORE, &no_core) < 0)
        abort();
    umask(077);
    if (chdir("/") < 0 || xw_ready_find(&ready, &err) < 0 || set_environment() < 0 ||
        prepare(&listener, &err) < 0) {
        fprintf(stderr, "<3>xwkeeper: %s\n", err.text);
        return XW_EXIT_FAILED;
    }
    warn_of_auditing(&listener);
    prepare_partitions();
    if (xw_ready_tell(&ready, &err) < 0)
        fprintf(stderr, "<4>xwkeeper: %s\n", err.text);
    if (xw_landlock_version() == 0)
        fprintf(stderr, "<4>xwkeeper: this kernel has no Landlock: which files a process reaches "
                        "is left to its uid and its seccomp filter\n");
    xw_confine_listener(listener.config.world_disk > 0);
    run(&listener);
}
