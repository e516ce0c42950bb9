/* links: common/error.c common/names.c common/request.c xwhelper/keeper/ready.c xwhelper/keeper/turn.c xwhelper/keeper/streams.c */
/*
 * The keeper's listener: whom it lets in, how many, what it does where no process can be made, and
 * what it tells the journal of each. What a process then does is the test's; sockets, credentials
 * and processes are real.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

/* A main() may end without a return. */
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wreturn-type"
#define main keeper_main
int keeper_main(void);
#include "xwhelper/keeper/main.c"
#undef main
#pragma GCC diagnostic pop

#include <dlfcn.h>
#include <sched.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <time.h>

#include "tests/unit/private_root.h"

enum { GATE_GROUP = 61003, ALICE = 61001, BOB = 61005, LATEST = 64 };

#define TURNED_AWAY "error too many requests at once; wait for the others to end\nend 75\n"

/* What is seen of the listener, and what is so for it. */
struct world {
    int entries; /* of the journal */
    struct {
        enum xw_phase phase;
        uid_t uid;
        pid_t peer_pid, pid;
        int code, signal;
        bool parsed;
        uint64_t usec;
    } entry[LATEST];
    size_t notes_dirty;  /* a process was given a note that is not new */
    size_t same_note;    /* ... that another one has */
    size_t wrong_groups; /* a process has groups, or signals blocked */
    size_t open_fds;     /* ... has the listener's descriptors */
    int order;           /* confined before the first accept */
    bool no_fork;
    unsigned int per_user, in_all;
    int config_rc, account_missing, vir_rc, partitions_rc;
    unsigned int world_disk;
    bool may_limit_disks;
    bool no_notes;
    enum xw_auditing auditing;
    bool audit_required;
    size_t processors;
    int patience;      /* for how many seconds more a turn is waited for */
    int served;        /* processes that got to their request */
    uid_t latest_user; /* ... whose it was */
    size_t wrong_environment, wrong_journal;
    int poll_error; /* of its next wait */
    bool no_signals, no_landlock;
};
static struct world *world;

/* --- what it calls --------------------------------------------------------------------------- */

pid_t fork(void)
{
    pid_t (*libc)(void) = NULL;

    *(void **)&libc = dlsym(RTLD_NEXT, "fork");
    if (world && world->no_fork && world->order) {
        errno = EAGAIN;
        return -1;
    }
    return libc();
}

int xw_account_find(const char *name, struct xw_account *account, struct xw_error *err)
{
    static const char *const names[] = {XW_HELPER_USER, XW_READER_USER, XW_RELAY_USER};

    for (int i = 0; i < 3; i++) {
        if (strcmp(names[i], name) == 0 && world->account_missing != i + 1) {
            *account = (struct xw_account){(uid_t)(61003 + i), (gid_t)(GATE_GROUP + i)};
            return 0;
        }
    }
    return xw_fail(err, -ENOENT, "there is no user");
}

int xw_config_read(const char *path, struct xw_config *config, struct xw_error *err)
{
    assert_string_equal(path, XW_CONFIG_PATH);
    config->per_user = world->per_user;
    config->world_disk = world->world_disk;
    config->in_all = world->in_all;
    config->audit_required = world->audit_required;
    return world->config_rc < 0 ? xw_fail(err, world->config_rc, "the configuration is wrong") : 0;
}

enum { JOURNAL = 77 };

void xw_journal_open(struct xw_journal *journal)
{
    journal->fd = JOURNAL;
}

uint64_t xw_journal_clock(void)
{
    static uint64_t now = 1000;

    return now += 10;
}

void xw_journal_write(struct xw_journal *journal, const struct xw_entry *entry)
{
    world->wrong_journal += journal->fd != JOURNAL;
    int i = world->entries % LATEST;
    world->entry[i].phase = entry->phase;
    world->entry[i].uid = entry->uid;
    world->entry[i].peer_pid = entry->peer_pid;
    world->entry[i].pid = entry->pid;
    world->entry[i].code = entry->code;
    world->entry[i].signal = entry->signal;
    world->entry[i].parsed = entry->note->parsed;
    world->entry[i].usec = entry->usec;
    world->entries++;
}

struct xw_note *xw_notes_map(size_t count)
{
    void *notes = mmap(NULL, count * sizeof(struct xw_note), PROT_READ | PROT_WRITE,
                       MAP_SHARED | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

    assert_int_equal(count, 4096);
    errno = ENOMEM;
    return world->no_notes || notes == MAP_FAILED ? NULL : notes;
}

enum xw_auditing xw_auditing(void)
{
    return world->auditing;
}

const char *xw_auditing_word(enum xw_auditing state)
{
    return state == XW_AUDITING_OFF ? "off" : "unknown";
}

int sched_getaffinity(pid_t pid, size_t size, cpu_set_t *set)
{
    assert_int_equal(pid, 0);
    assert_int_equal(size, sizeof(*set));
    CPU_ZERO(set);
    for (size_t i = 0; i < world->processors; i++)
        CPU_SET(i, set);
    return 0;
}

int clock_gettime(clockid_t id, struct timespec *time)
{
    long rc = syscall(SYS_clock_gettime, id, time);

    time->tv_sec += world ? world->patience : 0;
    return (int)rc;
}

int xw_landlock_version(void)
{
    return world->no_landlock ? 0 : 3;
}

int signalfd(int fd, const sigset_t *mask, int flags)
{
    int (*libc)(int, const sigset_t *, int) = NULL;

    *(void **)&libc = dlsym(RTLD_NEXT, "signalfd");
    errno = EMFILE;
    return world->no_signals ? -1 : libc(fd, mask, flags);
}

int poll(struct pollfd *fds, nfds_t count, int timeout)
{
    int (*libc)(struct pollfd *, nfds_t, int) = NULL;

    *(void **)&libc = dlsym(RTLD_NEXT, "poll");
    errno = world ? world->poll_error : 0;
    if (!errno)
        return libc(fds, count, timeout);
    world->poll_error = 0;
    return -1;
}

static bool has(const char *name, const char *value)
{
    const char *found = getenv(name);

    return value ? found && strcmp(found, value) == 0 : !found;
}

int virInitialize(void)
{
    world->wrong_environment +=
        !has("HOME", "/nonexistent") || !has("CHARSET", "UTF-8") || !has("LEFT_BY_SOMEBODY", NULL);
    return world->vir_rc;
}

int xw_partitions_prepare(struct xw_error *err)
{
    return world->partitions_rc < 0 ? xw_fail(err, world->partitions_rc, "no cgroups here") : 0;
}

void xw_confine_listener(bool limits_disks)
{
    world->may_limit_disks = limits_disks;
    world->order = 1;
}

/* A request is a word: what its process is to do. */
int xw_child_serve(const struct xw_peer *peer, const struct xw_trail *trail,
                   const struct xw_accounts *accounts)
{
    char word[32] = "";
    sigset_t blocked;
    struct stat info;
    struct timeval patience;
    socklen_t size = sizeof(patience);

    world->served++;
    world->latest_user = peer->uid;
    world->wrong_groups += accounts->reader.uid != 61004 || accounts->relay.uid != 61005;
    world->wrong_groups += getgroups(0, NULL) != 0;
    sigprocmask(SIG_SETMASK, NULL, &blocked);
    world->wrong_groups += sigismember(&blocked, SIGCHLD) != 0;
    world->notes_dirty += trail->note->parsed || trail->note->decided;
    world->notes_dirty += trail->note->uid != peer->uid;
    world->notes_dirty += trail->note >= trail->notes + trail->streams.notes;
    world->notes_dirty += trail->streams.of_user != 1 || trail->streams.in_all != 2;
    world->same_note += trail->note->silent;
    trail->note->silent = true;
    for (int fd = 3; fd < 32; fd++) {
        char link[32], target[64] = "";
        snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
        world->open_fds +=
            readlink(link, target, sizeof(target) - 1) > 0 && strstr(target, "signalfd") != NULL;
        world->open_fds += fd != peer->fd && fcntl(fd, F_GETFD) >= 0 && fstat(fd, &info) == 0 &&
                           (S_ISSOCK(info.st_mode) || !S_ISCHR(info.st_mode)) && fd > 3 &&
                           S_ISSOCK(info.st_mode);
    }
    world->open_fds += getsockopt(peer->fd, SOL_SOCKET, SO_SNDTIMEO, &patience, &size) < 0 ||
                       patience.tv_sec != 30;
    if (read(peer->fd, word, sizeof(word) - 1) < 0)
        return 99;
    if (strncmp(word, "hold", 4) == 0) {
        if (send(peer->fd, "held", 4, 0) < 0 || read(peer->fd, word, 1) < 0)
            return 98;
        return 0;
    }
    trail->note->parsed = strncmp(word, "parsed", 6) == 0 || strncmp(word, "console", 7) == 0;
    trail->note->request.verb = strncmp(word, "console", 7) == 0 ? XW_VERB_CONSOLE : XW_VERB_LIST;
    if (strstr(word, "watch"))
        trail->note->request.verb = XW_VERB_WATCH;
    if (strstr(word, "events"))
        trail->note->request.verb = XW_VERB_EVENTS;
    if (strstr(word, "relay"))
        trail->note->request.verb = XW_VERB_RELAY;
    trail->note->decision = strstr(word, "refused") ? XW_DECISION_REFUSE : XW_DECISION_ALLOW;
    if (strstr(word, "die"))
        raise(SIGKILL);
    return (int)strtol(word + strcspn(word, "0123456789"), NULL, 10);
}

/* --- the listener in a process --------------------------------------------------------------- */

static pid_t listener;

static int begin(void **state)
{
    (void)state;
    world = mmap(NULL, sizeof(*world), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    return world == MAP_FAILED || xw_test_private_root("/run") < 0 || mkdir(XW_RUN_DIR, 0755) < 0
               ? -1
               : 0;
}

static int usual(void **state)
{
    (void)state;
    memset(world, 0, sizeof(*world));
    world->per_user = 2;
    world->in_all = 4;
    world->auditing = XW_AUDITING_ON;
    world->processors = 8;
    return 0;
}

static char said[512]; /* what it said on standard error before it ended or listened */

/* Starts it; true when it listens. Else its exit code is in *status. */
static bool start(int *status)
{
    int ends[2];
    size_t used = 0;
    ssize_t n;

    world->order = 0;
    assert_int_equal(pipe(ends), 0);
    fflush(NULL);
    listener = fork();
    if (listener == 0) {
        const gid_t some[] = {100, 200};
        /* A test that fails leaves nobody behind. */
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        dup2(ends[1], STDERR_FILENO);
        close_range(3, ~0U, 0);
        umask(0);
        if (setenv("LEFT_BY_SOMEBODY", "1", 1) < 0 || setgroups(2, some) < 0 || chdir("/tmp") < 0)
            _exit(97);
        _exit(keeper_main());
    }
    close(ends[1]);
    *status = 0;
    for (int i = 0; i < 6000 && !world->order; i++) {
        if (waitpid(listener, status, WNOHANG) == listener)
            break;
        usleep(10000);
    }
    fcntl(ends[0], F_SETFL, O_NONBLOCK);
    memset(said, 0, sizeof(said));
    while ((n = read(ends[0], said + used, sizeof(said) - 1 - used)) > 0)
        used += (size_t)n;
    close(ends[0]);
    return world->order;
}

static void stop(void)
{
    kill(listener, SIGKILL);
    waitpid(listener, NULL, 0);
}

/* Connects as somebody, in a process that lives until the descriptor is closed. */
static int connect_as(uid_t uid, gid_t gid)
{
    const struct sockaddr_un address = {.sun_family = AF_UNIX, .sun_path = XW_KEEPER_SOCKET};
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

    assert_int_equal(syscall(SYS_setresgid, -1, gid, -1), 0);
    assert_int_equal(syscall(SYS_setresuid, -1, uid, -1), 0);
    int rc = connect(fd, (const struct sockaddr *)&address, sizeof(address));
    int error = errno;
    assert_int_equal(syscall(SYS_setresuid, -1, 0, -1), 0);
    assert_int_equal(syscall(SYS_setresgid, -1, 0, -1), 0);
    if (rc < 0) {
        close(fd);
        return -error;
    }
    const struct timeval patience = {.tv_sec = 10};
    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
    return fd;
}

static const char *reply_of(int fd)
{
    static char text[256];
    size_t used = 0;
    ssize_t n;

    while ((n = read(fd, text + used, sizeof(text) - 1 - used)) > 0)
        used += (size_t)n;
    text[used] = '\0';
    return n < 0 && errno != ECONNRESET ? "(nothing)" : text;
}

static int ask_as(uid_t uid, gid_t gid, const char *word)
{
    int fd = connect_as(uid, gid);

    if (fd >= 0 && send(fd, word, strlen(word), MSG_NOSIGNAL) < 0) {
        close(fd);
        return -EPIPE;
    }
    return fd;
}

static void wait_for_entries(int count)
{
    for (int i = 0; i < 12000 && world->entries < count; i++)
        usleep(5000);
    assert_int_equal(world->entries, count);
}

/* A process that lives as long as the descriptor. */
static int hold(uid_t uid, gid_t gid)
{
    char held[5] = "";
    int fd = ask_as(uid, gid, "hold");

    assert_true(fd >= 0);
    assert_int_equal(read(fd, held, 4), 4);
    return fd;
}

/* --- tests ----------------------------------------------------------------------------------- */

static void each_end_is_told(void **state)
{
    static const struct {
        const char *word;
        enum xw_phase phase;
        int code, signal;
        bool parsed;
    } cases[] = {
        {"0", XW_PHASE_REQUEST, 0, 0, false},
        {"parsed 5", XW_PHASE_REQUEST, 5, 0, true},
        {"parsed 0", XW_PHASE_REQUEST, 0, 0, true},
        {"parsed die", XW_PHASE_REQUEST, 1, SIGKILL, true},
        {"console 0", XW_PHASE_CLOSE, 0, 0, true},
        {"console 1", XW_PHASE_REQUEST, 1, 0, true},
        /* A stream of events has one entry in all. */
        {"parsed events 0", XW_PHASE_REQUEST, 0, 0, true},
        {"parsed events die", XW_PHASE_REQUEST, 1, SIGKILL, true},
        {"console die", XW_PHASE_CLOSE, 1, SIGKILL, true},
        {"console refused 0", XW_PHASE_REQUEST, 0, 0, true},
        {"console watch 0", XW_PHASE_CLOSE, 0, 0, true},
        /* A student's, which is none that the keeper would carry out. */
        {"parsed relay 3", XW_PHASE_REQUEST, 3, 0, true},
        {"die", XW_PHASE_REQUEST, 1, SIGKILL, false},
        {"7", XW_PHASE_REQUEST, 7, 0, false},
    };
    int status;

    (void)state;
    assert_true(start(&status));
    assert_string_equal(said, "");
    assert_int_equal(world->wrong_environment, 0);
    for (int i = 0; i < (int)(sizeof(cases) / sizeof(cases[0])); i++) {
        int fd = ask_as(ALICE, GATE_GROUP, cases[i].word);
        assert_true(fd >= 0);
        reply_of(fd);
        close(fd);
        wait_for_entries(i + 1);
        assert_int_equal(world->entry[i].phase, cases[i].phase);
        assert_int_equal(world->entry[i].code, cases[i].code);
        assert_int_equal(world->entry[i].signal, cases[i].signal);
        assert_int_equal(world->entry[i].parsed, cases[i].parsed);
        assert_int_equal(world->entry[i].uid, ALICE);
        assert_int_equal(world->entry[i].peer_pid, getpid());
        assert_true(world->entry[i].pid > 0);
        assert_true(world->entry[i].usec > 0 && world->entry[i].usec < 1000);
    }
    assert_int_equal(world->notes_dirty + world->same_note + world->wrong_groups + world->open_fds,
                     0);
    assert_int_equal(world->wrong_journal, 0);
    stop();
}

/* What a child has asked for a console's sake is on record with the console. */
static void a_relay_has_no_entry_unless_it_was_killed(void **state)
{
    static const char *const words[] = {"parsed relay 0", "parsed relay 1", "parsed relay die"};
    int status;

    (void)state;
    assert_true(start(&status));
    for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
        int fd = ask_as(0, 0, words[i]);
        assert_true(fd >= 0);
        reply_of(fd);
        close(fd);
    }
    wait_for_entries(1);
    assert_int_equal(world->entry[0].signal, SIGKILL);
    /* What root asked for otherwise has one, and what was never understood. */
    static const char *const others[] = {"parsed 4", "relay 5"};
    for (int i = 0; i < (int)(sizeof(others) / sizeof(others[0])); i++) {
        int fd = ask_as(0, 0, others[i]);
        assert_true(fd >= 0);
        reply_of(fd);
        close(fd);
        wait_for_entries(2 + i);
        assert_int_equal(world->entry[1 + i].code, 4 + i);
    }
    stop();
}

static void who_is_no_gate_is_not_let_in(void **state)
{
    int status;

    (void)state;
    assert_true(start(&status));
    struct stat info;
    assert_int_equal(stat(XW_KEEPER_SOCKET, &info), 0);
    assert_int_equal(info.st_uid, 0);
    assert_int_equal(info.st_gid, GATE_GROUP);
    assert_int_equal(info.st_mode & 07777, 0660);
    assert_int_equal(connect_as(ALICE, ALICE), -EACCES);
    /* Whoever gets to the socket all the same. */
    assert_int_equal(chmod(XW_KEEPER_SOCKET, 0666), 0);
    for (int i = 0; i < 3; i++) {
        const gid_t groups[] = {ALICE, 0, GATE_GROUP + 1};
        int fd = connect_as(ALICE, groups[i]);
        assert_true(fd >= 0);
        assert_string_equal(reply_of(fd), "");
        close(fd);
    }
    /* Root is, in any group; and what was not let in is not told. */
    int fd = ask_as(0, 0, "3");
    reply_of(fd);
    close(fd);
    wait_for_entries(1);
    assert_int_equal(world->entry[0].uid, 0);
    assert_int_equal(world->entry[0].code, 3);
    stop();
}

/* One is served, a second waits; another user's and root's don't, nor does one beside a console. */
static void one_waits_for_its_turn(void **state)
{
    int status;

    (void)state;
    world->processors = 2;
    world->patience = 60;
    world->in_all = 8;
    assert_true(start(&status));
    int first = hold(ALICE, GATE_GROUP);
    int second = ask_as(ALICE, GATE_GROUP, "7");
    close(hold(BOB, GATE_GROUP));
    close(hold(0, 0));
    close(hold(0, 0));
    wait_for_entries(3);
    assert_int_equal(world->served, 4);
    close(first);
    reply_of(second);
    close(second);
    wait_for_entries(5);
    assert_int_equal(world->served, 5);
    assert_int_equal(world->latest_user, ALICE);
    assert_int_equal(world->entry[4].code, 7);
    stop();
}

/* Who has waited long enough goes on, whatever the first one does. */
static void nobody_waits_forever(void **state)
{
    int status;

    (void)state;
    world->processors = 1;
    assert_true(start(&status));
    int first = hold(ALICE, GATE_GROUP);
    close(hold(ALICE, GATE_GROUP));
    wait_for_entries(1);
    close(first);
    stop();
}

static void so_many_and_no_more(void **state)
{
    int status;

    (void)state;
    assert_true(start(&status));
    int first = hold(ALICE, GATE_GROUP);
    int second = hold(ALICE, GATE_GROUP);
    int third = connect_as(ALICE, GATE_GROUP);
    assert_string_equal(reply_of(third), TURNED_AWAY);
    close(third);
    wait_for_entries(1);
    assert_int_equal(world->entry[0].code, 75);
    assert_int_equal(world->entry[0].uid, ALICE);
    assert_int_equal(world->entry[0].peer_pid, getpid());
    assert_int_equal(world->entry[0].pid, 0);
    assert_int_equal(world->entry[0].phase, XW_PHASE_REQUEST);
    assert_false(world->entry[0].parsed);
    /* Others are let in, and root beyond what a user may have; up to the most for all. */
    int bobs = hold(BOB, GATE_GROUP);
    int roots = hold(0, 0);
    int more = connect_as(0, 0);
    assert_string_equal(reply_of(more), TURNED_AWAY);
    close(more);
    wait_for_entries(2);
    /* Whoever goes makes room, and for the right one. */
    close(bobs);
    wait_for_entries(3);
    assert_int_equal(world->entry[2].uid, BOB);
    third = connect_as(ALICE, GATE_GROUP);
    assert_string_equal(reply_of(third), TURNED_AWAY);
    close(third);
    wait_for_entries(4);
    close(first);
    wait_for_entries(5);
    assert_int_equal(world->entry[4].uid, ALICE);
    first = hold(ALICE, GATE_GROUP);
    bobs = hold(BOB, GATE_GROUP);
    close(roots);
    wait_for_entries(6);
    assert_int_equal(world->entry[5].uid, 0);
    roots = hold(0, 0);
    close(roots);
    wait_for_entries(7);
    for (int i = 0; i < 2; i++) {
        roots = hold(0, 0);
        close(roots);
        wait_for_entries(8 + i);
    }
    close(first);
    close(second);
    close(bobs);
    wait_for_entries(12);
    assert_int_equal(world->notes_dirty + world->same_note + world->wrong_groups + world->open_fds,
                     0);
    stop();
}

static void where_no_process_can_be_made(void **state)
{
    int status;

    (void)state;
    assert_true(start(&status));
    world->no_fork = true;
    for (int i = 0; i < 10; i++) {
        int fd = connect_as(ALICE, GATE_GROUP);
        assert_string_equal(reply_of(fd),
                            "error the lab's host has no room for another process; try "
                            "again in a minute\nend 75\n");
        close(fd);
        wait_for_entries(i + 1);
        assert_int_equal(world->entry[i].code, 75);
        assert_int_equal(world->entry[i].pid, 0);
    }
    world->no_fork = false;
    int fd = ask_as(ALICE, GATE_GROUP, "4");
    reply_of(fd);
    close(fd);
    wait_for_entries(11);
    assert_int_equal(world->entry[10].code, 4);
    assert_int_equal(world->notes_dirty + world->same_note, 0);
    stop();
}

/* As many as there are notes, whatever is configured; root's are not counted by user. */
static void the_most_there_can_be(void **state)
{
    static struct listener full = {.config = {.per_user = 2, .in_all = 65536}};

    (void)state;
    for (full.count = 0; full.count < CHILDREN_MAX - 1; full.count++)
        full.children[full.count].uid = full.count % 3 ? BOB : 0;
    assert_true(admits(&full, ALICE));
    assert_false(admits(&full, BOB));
    assert_true(admits(&full, 0));
    full.count++;
    assert_false(admits(&full, ALICE));
    assert_false(admits(&full, 0));
}

static void a_wait_that_fails(void **state)
{
    static const int errors[] = {EINTR, ENOMEM};
    int status;

    (void)state;
    assert_true(start(&status));
    for (int i = 0; i < 2; i++) {
        world->poll_error = errors[i];
        for (int asked = 0; asked < 2; asked++) {
            int fd = ask_as(ALICE, GATE_GROUP, "0");
            assert_string_equal(reply_of(fd), "");
            close(fd);
        }
        wait_for_entries(2 * i + 2);
        assert_int_equal(world->poll_error, 0);
    }
    /* What can't be explained ends it: systemd starts another. */
    world->poll_error = EFAULT;
    int fd = ask_as(ALICE, GATE_GROUP, "0");
    assert_int_equal(waitpid(listener, &status, 0), listener);
    assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT);
    close(fd);
}

static void how_it_runs(void **state)
{
    char path[64];
    char text[4096] = "";
    struct stat root;
    struct stat place;
    struct rlimit core;
    int status;

    (void)state;
    assert_true(start(&status));
    snprintf(path, sizeof(path), "/proc/%d/cwd", listener);
    assert_int_equal(stat(path, &place), 0);
    assert_int_equal(stat("/", &root), 0);
    assert_true(place.st_ino == root.st_ino && place.st_dev == root.st_dev);
    assert_int_equal(prlimit(listener, RLIMIT_CORE, NULL, &core), 0);
    assert_true(core.rlim_cur == 0 && core.rlim_max == 0);
    snprintf(path, sizeof(path), "/proc/%d/status", listener);
    int fd = open(path, O_RDONLY);
    assert_true(read(fd, text, sizeof(text) - 1) > 0);
    close(fd);
    assert_non_null(strstr(text, "\nUmask:\t0077\n"));
    assert_non_null(strstr(text, "\nGid:\t0\t0\t0\t0\n"));
    const char *ignored = strstr(text, "\nSigIgn:\t");
    assert_non_null(ignored);
    assert_true(strtoull(ignored + 9, NULL, 16) & (1ULL << (SIGPIPE - 1)));
    stop();
    /* The socket that a keeper left behind is no obstacle; what is not a socket is one. */
    assert_true(start(&status));
    int held = hold(ALICE, GATE_GROUP);
    close(held);
    stop();
}

/* In the kernel's queue before the keeper is confined, and after its socket takes connections. */
static void the_service_manager_is_told(void **state)
{
    const struct sockaddr_un address = {.sun_family = AF_UNIX, .sun_path = "/tmp/notify"};
    char text[16] = "";
    int status;
    int manager = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);

    (void)state;
    unlink(address.sun_path);
    assert_int_equal(bind(manager, (const struct sockaddr *)&address, sizeof(address)), 0);
    assert_int_equal(setenv("NOTIFY_SOCKET", address.sun_path, 1), 0);
    bool listens = start(&status);
    stop();
    assert_true(listens);
    assert_int_equal(recv(manager, text, sizeof(text), MSG_DONTWAIT), 7);
    assert_string_equal(text, "READY=1");
    /* One that does not start doesn't say so. */
    world->vir_rc = -1;
    assert_false(start(&status));
    assert_int_equal(recv(manager, text, sizeof(text), MSG_DONTWAIT), -1);
    world->vir_rc = 0;
    /* Nobody there any more is told, and no reason not to start; a name that is none is. */
    unlink(address.sun_path);
    listens = start(&status);
    stop();
    assert_true(listens);
    assert_non_null(strstr(said, "<4>xwkeeper: Telling the service manager"));
    assert_int_equal(setenv("NOTIFY_SOCKET", "none", 1), 0);
    assert_false(start(&status));
    assert_int_equal(WEXITSTATUS(status), 1);
    assert_non_null(strstr(said, "<3>xwkeeper: NOTIFY_SOCKET is \"none\""));
    assert_int_equal(unsetenv("NOTIFY_SOCKET"), 0);
    close(manager);
}

static void what_it_needs(void **state)
{
    int status;

    (void)state;
    for (world->account_missing = 1; world->account_missing <= 3; world->account_missing++) {
        assert_false(start(&status));
        assert_int_equal(WEXITSTATUS(status), 1);
        assert_string_equal(said, "<3>xwkeeper: there is no user\n");
    }
    world->account_missing = 0;
    world->config_rc = -EBADMSG;
    assert_false(start(&status));
    assert_int_equal(WEXITSTATUS(status), 1);
    assert_string_equal(said, "<3>xwkeeper: the configuration is wrong\n");
    world->config_rc = 0;
    world->no_notes = true;
    assert_false(start(&status));
    assert_non_null(strstr(said, "Getting memory for notes"));
    world->no_notes = false;
    world->no_signals = true;
    assert_false(start(&status));
    assert_non_null(strstr(said, "Watching for children"));
    world->no_signals = false;
    world->vir_rc = -1;
    assert_false(start(&status));
    assert_string_equal(said, "<3>xwkeeper: libvirt's client library does not initialise\n");
    world->vir_rc = 0;
    unlink(XW_KEEPER_SOCKET);
    assert_int_equal(mkdir(XW_KEEPER_SOCKET, 0755), 0);
    assert_false(start(&status));
    assert_non_null(strstr(said, "Removing the old " XW_KEEPER_SOCKET));
    assert_int_equal(rmdir(XW_KEEPER_SOCKET), 0);
    assert_int_equal(rmdir(XW_RUN_DIR), 0);
    assert_false(start(&status));
    assert_non_null(strstr(said, "Listening on " XW_KEEPER_SOCKET));
    assert_int_equal(mkdir(XW_RUN_DIR, 0755), 0);
}

static void auditing_is_told_at_the_start(void **state)
{
    int status;

    (void)state;
    world->auditing = XW_AUDITING_OFF;
    world->audit_required = true;
    assert_true(start(&status));
    assert_string_equal(said, "<4>xwkeeper: the kernel's auditing is off: what changes a world is "
                              "refused (xworlds.conf(5), audit)\n");
    stop();
    world->audit_required = false;
    world->auditing = XW_AUDITING_UNKNOWN;
    assert_true(start(&status));
    assert_string_equal(said, "<4>xwkeeper: the kernel's auditing is unknown: requests go on, "
                              "without audit records (xworlds.conf(5), audit)\n");
    stop();
}

static void a_kernel_without_landlock_is_told(void **state)
{
    int status;

    (void)state;
    world->no_landlock = true;
    assert_true(start(&status));
    assert_non_null(strstr(said, "<4>xwkeeper: this kernel has no Landlock: "));
    stop();
}

static void worlds_without_cgroups_are_told(void **state)
{
    int status;

    (void)state;
    world->partitions_rc = -EOPNOTSUPP;
    assert_true(start(&status));
    assert_non_null(strstr(said, "<4>xwkeeper: worlds have no cgroups of their own"));
    assert_non_null(strstr(said, ": no cgroups here\n"));
    stop();
}

/* The capability for it is there only where it is wanted. */
static void disks_are_limited_by_configuration(void **state)
{
    int status;

    (void)state;
    assert_true(start(&status));
    assert_false(world->may_limit_disks);
    stop();
    world->world_disk = 16;
    assert_true(start(&status));
    assert_true(world->may_limit_disks);
    stop();
}

#define AS_USUAL(test) cmocka_unit_test_setup(test, usual)

int main(void)
{
    const struct CMUnitTest tests[] = {
        AS_USUAL(each_end_is_told),
        AS_USUAL(a_relay_has_no_entry_unless_it_was_killed),
        AS_USUAL(who_is_no_gate_is_not_let_in),
        AS_USUAL(one_waits_for_its_turn),
        AS_USUAL(nobody_waits_forever),
        AS_USUAL(so_many_and_no_more),
        AS_USUAL(where_no_process_can_be_made),
        AS_USUAL(the_most_there_can_be),
        AS_USUAL(a_wait_that_fails),
        AS_USUAL(how_it_runs),
        AS_USUAL(the_service_manager_is_told),
        AS_USUAL(what_it_needs),
        AS_USUAL(auditing_is_told_at_the_start),
        AS_USUAL(a_kernel_without_landlock_is_told),
        AS_USUAL(worlds_without_cgroups_are_told),
        AS_USUAL(disks_are_limited_by_configuration),
    };

    if (geteuid() != 0) {
        puts("1..0 # SKIP only root can be several users");
        return 0;
    }
    return cmocka_run_group_tests(tests, begin, NULL);
}
