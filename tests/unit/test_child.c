/* links: common/access.c common/request.c common/names.c common/record.c common/lines.c common/error.c xwhelper/keeper/auditing_rule.c xwhelper/keeper/authority.c xwhelper/keeper/list.c xwhelper/keeper/reply.c xwhelper/keeper/plan.c */
/*
 * One request in the keeper's child, from the first byte to the verb: what is no request, who is
 * refused, what the listener is told, and in which order privilege goes. The verbs, the filters
 * and the auditing are the test's; the socket, its credentials and the records are real.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <dirent.h>
#include <fcntl.h>
#include <grp.h>
#include <pwd.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include "xwhelper/keeper/child.c"

#include "common/clock.h"
#include "tests/unit/lab_records.h"
#include "xwhelper/keeper/world.h"

#define ID      "0123456789abcdef"
#define HASH    "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
#define REFUSED "error " XW_REFUSED_TEXT "\nend 3\n"

enum { ALICE = 1001, BOB = 1002, CAROL = 1003, TINA = 1004, DAVE = 1008, UMA = 1009 };
enum { STUDENTS = 2001, OTHERS = 2002, BLUE = 2004, TEACHERS = 2005, RED = 2006, GREEN = 2007 };

/* What is seen of the child, by the test, whatever ends it. */
struct seen {
    char called[512]; /* the functions in their order */
    struct xw_note note;
    bool unmapped;
    int journal;
    bool journal_open;             /* when a verb is performed */
    size_t directories;            /* of the records, that are open then */
    time_t until;                  /* when a console has to end */
    char alarms[64];               /* the deadlines that were set, in seconds */
    int patience;                  /* for the first line, in milliseconds */
    struct xw_broker_case brokers; /* what it was started for; its pointers are of no use */
    size_t brokers_groups;
    uid_t brokers_uid;
    bool broker_waits; /* when a verb is performed */
    char reply[2048];
};
static struct seen *seen;

/* What is so while it runs. */
static struct {
    enum xw_auditing auditing;
    bool audit_required;
    int config_rc;
    int verb_rc;
    const char *name_of_alice; /* NULL: there is no such user */
    const char *name_of_bob;
    const char *name_of_blue;
    const char *name_of_dave;
    const char *name_of_uma;
    gid_t second_group;     /* besides the one that is asked with; 0: none */
    const char *comes_late; /* the line, if it is sent when the child waits for one */
    bool time_is_up;        /* for the first line */
    bool overdue;           /* the deadline passes while the verb is performed */
    bool caller_is_gone;    /* then */
    int room;               /* for so many descriptors more, or -1: for all */
    int flags;              /* what the kernel says of the message, besides */
    int level, type;        /* of the control message, if not what was sent */
    time_t now;
    int broker_rc;   /* what starting one gives; 0: a broker */
    bool is_present; /* the world that is to be deployed */
} so;

/* The journal's descriptor, and the caller's end, both in the child. */
static int journal_fd;
static int callers_end;

static void called(const char *name)
{
    strncat(seen->called, name, sizeof(seen->called) - strlen(seen->called) - 2);
    strcat(seen->called, " ");
}

/* --- what it calls --------------------------------------------------------------------------- */

time_t xw_clock_now(void)
{
    return so.now;
}

enum xw_auditing xw_auditing(void)
{
    called("auditing");
    return so.auditing;
}

int xw_config_read(const char *path, struct xw_config *config, struct xw_error *err)
{
    assert_string_equal(path, XW_CONFIG_PATH);
    config->audit_required = so.audit_required;
    return so.config_rc < 0 ? xw_fail(err, so.config_rc, "the configuration is wrong") : 0;
}

/* From here to the first note there is so much room for descriptors. */
static void make_room(int room)
{
    static struct rlimit before;
    struct rlimit limit;

    if (room < 0 || getrlimit(RLIMIT_NOFILE, &limit) < 0)
        return;
    if (before.rlim_cur == 0) {
        before = limit;
        int next = dup(STDERR_FILENO);
        close(next);
        limit.rlim_cur = (rlim_t)next + (rlim_t)room;
    } else {
        limit = before;
    }
    if (setrlimit(RLIMIT_NOFILE, &limit) < 0)
        _exit(103);
}

void xw_confine_request(void)
{
    called("confine-request");
    make_room(so.room);
}

/* The wait for the first line. Nobody waits for real: either it is there, or the time is up. */
int poll(struct pollfd *fds, nfds_t count, int milliseconds)
{
    const struct timespec none = {0};

    seen->patience = milliseconds;
    if (so.time_is_up)
        return 0;
    if (so.comes_late && send(callers_end, so.comes_late, strlen(so.comes_late), 0) < 0)
        _exit(104);
    return (int)syscall(SYS_ppoll, fds, count, &none, NULL, 0);
}

/* The message, and what a kernel could say of it that this one can't be brought to say. */
ssize_t recvmsg(int fd, struct msghdr *message, int flags)
{
    ssize_t n = syscall(SYS_recvmsg, fd, message, flags);
    struct cmsghdr *control = n > 0 ? CMSG_FIRSTHDR(message) : NULL;

    message->msg_flags |= so.flags;
    if (control && so.type) {
        control->cmsg_level = so.level;
        control->cmsg_type = so.type;
    }
    return n;
}

unsigned int alarm(unsigned int seconds)
{
    size_t used = strlen(seen->alarms);

    snprintf(seen->alarms + used, sizeof(seen->alarms) - used, "%u ", seconds);
    return 0;
}

/* How many of the records' directories this process has open. */
static size_t open_directories(void)
{
    DIR *directory = opendir("/proc/self/fd");
    size_t count = 0;
    char target[256];

    if (!directory)
        _exit(105);
    for (struct dirent *entry = readdir(directory); entry; entry = readdir(directory)) {
        ssize_t n = readlinkat(dirfd(directory), entry->d_name, target, sizeof(target) - 1);
        target[n < 0 ? 0 : n] = '\0';
        count += strcmp(target, XW_OWNERS_DIR) == 0 || strcmp(target, XW_LABS_DIR) == 0;
    }
    closedir(directory);
    return count;
}

void xw_confine_change(const struct xw_request *request)
{
    static const enum xw_verb verbs[] = {XW_VERB_START,
                                         XW_VERB_STOP,
                                         XW_VERB_REBOOT,
                                         XW_VERB_REVERT,
                                         XW_VERB_CHECKPOINT_CREATE,
                                         XW_VERB_CHECKPOINT_DELETE};
    bool changes = false;

    for (size_t i = 0; i < sizeof(verbs) / sizeof(verbs[0]); i++)
        changes = changes || request->verb == verbs[i];
    called(changes ? "confine-change" : "confine-wrongly");
}

void xw_reader_become(const struct xw_account *account)
{
    called(account->uid == 55 ? "become-reader" : "become-somebody");
    /* It could read every user's records through them. */
    if (open_directories() > 0)
        called("with-records");
}

int xw_reader_list(int peer, const struct xw_listed *worlds, size_t count, struct xw_error *err)
{
    (void)err;
    called("list");
    for (size_t i = 0; i < count; i++)
        xw_reply(peer, "world %s %s", worlds[i].access->lab, worlds[i].owner);
    return so.verb_rc;
}

int xw_reader_status(int peer, const char *owner, const struct xw_plan *plan, struct xw_error *err)
{
    called("status");
    xw_reply(peer, "machines %s %s %zu", plan->lab, owner, plan->machine_count);
    return so.verb_rc < 0 ? xw_fail(err, so.verb_rc, "it failed") : so.verb_rc;
}

/* Before it becomes the reader, which opens no file. */
int xw_checkpoints_read(const char *lab, const char *owner, struct xw_checkpoints *checkpoints,
                        struct xw_error *err)
{
    called("read-checkpoints");
    assert_string_equal(lab, "fw");
    assert_string_equal(owner, "alice");
    checkpoints->count = 0;
    return so.verb_rc < 0 ? xw_fail(err, so.verb_rc, "it failed") : so.verb_rc;
}

void xw_reader_checkpoints(int peer, const struct xw_request *request,
                           const struct xw_checkpoints *checkpoints)
{
    called("checkpoints");
    xw_reply(peer, "checkpoints %s %zu", request->lab, checkpoints->count);
}

/* Its other end is open until nothing can be asked of it any more. */
static int brokers_end = -1;

/* Whether there is a broker that could still be asked. */
static void look_at_broker(void)
{
    struct pollfd end = {.fd = brokers_end, .events = POLLRDHUP};
    const struct timespec none = {0};

    seen->broker_waits = brokers_end >= 0 && syscall(SYS_ppoll, &end, 1, &none, NULL, 0) == 0;
}

static int verb(const char *name, const struct xw_job *job, struct xw_error *err)
{
    called(name);
    seen->until = job->until;
    seen->journal = job->opening->journal->fd;
    seen->journal_open = fcntl(journal_fd, F_GETFD) >= 0;
    seen->directories = open_directories();
    look_at_broker();
    if (so.caller_is_gone)
        shutdown(callers_end, SHUT_RDWR);
    if (so.overdue)
        raise(SIGALRM);
    assert_int_equal(job->relay->uid, 56);
    xw_reply(job->peer, "%s %s %s %s", name, job->plan->lab, job->owner->name,
             job->viewer >= 0 ? "viewer" : "-");
    if (job->viewer >= 0)
        xw_reply(job->peer, "seen by the others as %s", job->viewer_name);
    return so.verb_rc < 0 ? xw_fail(err, so.verb_rc, "it failed") : so.verb_rc;
}

int xw_verb_start(const struct xw_job *job, struct xw_error *err)
{
    return verb("start", job, err);
}

int xw_verb_stop(const struct xw_job *job, struct xw_error *err)
{
    return verb("stop", job, err);
}

int xw_verb_reboot(const struct xw_job *job, struct xw_error *err)
{
    return verb("reboot", job, err);
}

int xw_verb_revert(const struct xw_job *job, struct xw_error *err)
{
    return verb("revert", job, err);
}

int xw_verb_checkpoint_create(const struct xw_job *job, struct xw_error *err)
{
    return verb("checkpoint-create", job, err);
}

int xw_verb_checkpoint_delete(const struct xw_job *job, struct xw_error *err)
{
    return verb("checkpoint-delete", job, err);
}

int xw_verb_console(const struct xw_job *job, struct xw_error *err)
{
    return verb("console", job, err);
}

int xw_verb_copy(const struct xw_job *job, struct xw_error *err)
{
    return verb("copy", job, err);
}

int xw_verb_vnc(const struct xw_job *job, struct xw_error *err)
{
    return verb("vnc", job, err);
}

int xw_verb_worlds(int peer, const struct xw_authority *authority, const struct xw_account *reader,
                   struct xw_error *err)
{
    (void)err;
    called(reader->uid == 55 ? "worlds" : "wrong");
    xw_reply(peer, "worlds %s", authority->access.lab);
    return 0;
}

int xw_verb_grants(int peer, const struct xw_authority *authority, const struct xw_account *reader,
                   struct xw_error *err)
{
    (void)err;
    called(reader->uid == 55 ? "grants" : "wrong");
    xw_reply(peer, "grants %s", authority->access.lab);
    return 0;
}

int xw_broker_start(const struct xw_broker_case *what)
{
    int fds[2];

    called("start-broker");
    seen->brokers = *what;
    seen->brokers_groups = what->caller->group_count;
    seen->brokers_uid = what->caller->uid;
    if (so.broker_rc < 0)
        return so.broker_rc;
    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, fds) < 0)
        _exit(106);
    brokers_end = fds[1];
    return fds[0];
}

bool xw_broker_does(enum xw_verb verb)
{
    return verb == XW_VERB_EXTEND || verb == XW_VERB_DEPLOY;
}

int xw_broker_ask(int fd, const struct xw_request *request, bool *present, struct xw_error *err)
{
    called(request->verb == XW_VERB_EXTEND ? "ask-to-extend" : "ask-to-deploy");
    look_at_broker();
    if (fd < 0)
        return xw_fail(err, -EAGAIN, "there is none");
    *present = so.is_present;
    return so.verb_rc < 0 ? xw_fail(err, so.verb_rc, "it failed") : 0;
}

/* worlds/LAB/OWNER/owner, as far as there are worlds. */
int xw_world_owner(const char *lab, const char *owner, id_t *number, struct xw_error *err)
{
    static const struct {
        const char *lab, *owner;
        id_t number;
    } worlds[] = {{"fw", "alice", ALICE},  {"timed", "bob", BOB},     {"teams", "@blue", BLUE},
                  {"teams", "bob", BOB},   {"fw", "@blue", BLUE},     {"teams", "zoe", ALICE},
                  {"teams", "@red", BLUE}, {"timed", "gone", 4711},   {"other", "alice", ALICE},
                  {"longer", "bob", BOB},  {"teams", "alice", ALICE}, {"teams", "carol", CAROL},
                  {"named", "dave", DAVE}};

    (void)err;
    called("look-at-world");
    for (size_t i = 0; i < sizeof(worlds) / sizeof(worlds[0]); i++) {
        if (strcmp(worlds[i].lab, lab) == 0 && strcmp(worlds[i].owner, owner) == 0) {
            *number = worlds[i].number;
            return 0;
        }
    }
    return -ENOENT;
}

int xw_verb_relay(int peer, const struct xw_request *request, const struct xw_account *account,
                  struct xw_error *err)
{
    (void)err;
    called("relay");
    xw_reply(peer, "relay %s/%s/%s %d", request->lab, request->owner, request->machines[0],
             account != NULL);
    return 0;
}

int xw_verb_prepare(int peer, const struct xw_request *request, struct xw_error *err)
{
    (void)err;
    called("prepare");
    xw_reply(peer, "prepared %s", request->owner);
    return 0;
}

int xw_verb_suspend(int peer, const struct xw_request *request, int owners, int labs,
                    struct xw_error *err)
{
    (void)err;
    called(owners >= 0 && labs >= 0 ? "suspend" : "suspend-without-records");
    xw_reply(peer, "suspending %s", request->owner);
    return 0;
}

void xw_notes_unmap(struct xw_note *notes, size_t count)
{
    assert_int_equal(count, 1);
    assert_ptr_equal(notes, &seen->note);
    seen->unmapped = true;
}

void xw_note_request(struct xw_note *note, const struct xw_request *request,
                     const struct xw_access *access)
{
    called(access ? "note-allowed" : "note");
    make_room(so.room);
    so.room = -1;
    note->request = *request;
    note->parsed = true;
}

struct passwd *getpwuid(uid_t uid)
{
    static struct passwd account;

    account.pw_name = (char *)(size_t)(uid == ALICE   ? so.name_of_alice
                                       : uid == BOB   ? so.name_of_bob
                                       : uid == CAROL ? "carol"
                                       : uid == TINA  ? "tina"
                                       : uid == DAVE  ? so.name_of_dave
                                       : uid == UMA   ? so.name_of_uma
                                                      : NULL);
    return account.pw_name ? &account : NULL;
}

struct group *getgrgid(gid_t gid)
{
    static struct group group;

    group.gr_name = (char *)(size_t)(gid == BLUE ? so.name_of_blue : gid == RED ? "red" : NULL);
    return group.gr_name ? &group : NULL;
}

/* --- one request ----------------------------------------------------------------------------- */

struct asked {
    const char *line;
    size_t length; /* 0: strlen(line) */
    uid_t uid;
    gid_t group; /* the one that the kernel attests */
    int descriptors;
    int type; /* of the descriptor: a socket's type, 0 for a file */
};

/* What the child that is asked sends and takes: its own end is `peer`. */
static int be_child(const struct asked *asked, int ours, int peer)
{
    static struct xw_journal journal;
    const struct xw_peer who = {peer, asked->uid, 99, 4711};
    const struct xw_trail trail = {&journal, &seen->note, 1, &seen->note, 77};
    static const struct xw_accounts accounts = {{55, 55}, {56, 56}};
    union {
        struct cmsghdr header;
        char space[CMSG_SPACE(8 * sizeof(int))];
    } control = {.space = {0}};
    size_t length = asked->length ? asked->length : strlen(asked->line);
    struct iovec data = {(void *)(size_t)asked->line, length};
    struct msghdr message = {.msg_iov = &data, .msg_iovlen = 1};
    int fds[8];

    for (int i = 0; i < asked->descriptors; i++)
        fds[i] = asked->type ? socket(AF_UNIX, asked->type, 0) : open("/dev/null", O_RDWR);
    if (asked->descriptors) {
        size_t size = sizeof(int) * (size_t)asked->descriptors;
        message.msg_control = &control;
        message.msg_controllen = CMSG_SPACE(size);
        control.header.cmsg_level = SOL_SOCKET;
        control.header.cmsg_type = SCM_RIGHTS;
        control.header.cmsg_len = CMSG_LEN(size);
        memcpy(CMSG_DATA(&control.header), fds, size);
    }
    if (length && !so.comes_late && sendmsg(ours, &message, 0) != (ssize_t)length)
        return 100;
    if (!length)
        shutdown(ours, SHUT_WR);
    for (int i = 0; i < asked->descriptors; i++)
        close(fds[i]);
    journal.fd = journal_fd = open("/dev/null", O_RDWR);
    callers_end = ours;
    return xw_child_serve(&who, &trail, &accounts);
}

/* Asks; returns the exit code, or 128 + the signal. */
static int ask(const struct asked *asked)
{
    int ends[2];
    int status;

    memset(seen, 0, sizeof(*seen));
    seen->journal = -2;
    /* The kernel attests the groups of who makes the pair. */
    const gid_t groups[] = {asked->group, so.second_group};
    assert_int_equal(setgroups(so.second_group ? 2 : 1, groups), 0);
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, ends), 0);
    fflush(NULL);
    pid_t pid = fork();
    if (pid == 0) {
        int quiet = open("/dev/null", O_RDWR);
        dup2(quiet, STDERR_FILENO);
        signal(SIGPIPE, SIG_DFL);
        _exit(be_child(asked, ends[0], ends[1]));
    }
    assert_true(pid > 0);
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_true(recv(ends[0], seen->reply, sizeof(seen->reply) - 1, MSG_DONTWAIT) >= 0);
    close(ends[0]);
    close(ends[1]);
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

static int ask_as(uid_t uid, gid_t group, const char *line)
{
    const struct asked asked = {.line = line, .uid = uid, .group = group};

    return ask(&asked);
}

static int as_alice(const char *line)
{
    return ask_as(ALICE, STUDENTS, line);
}

/* --- the records ----------------------------------------------------------------------------- */

/* group is the students', and `more` what else there is between it and the machines. */
static void make_lab(const char *lab, int group, const char *more)
{
    xw_test_lab_access(lab, group, more);
    xw_test_lab_plan(lab, HASH);
}

static int make_records(void **state)
{
    (void)state;
    seen = mmap(NULL, sizeof(*seen), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (seen == MAP_FAILED || xw_test_records_begin() < 0)
        return -1;
    put(XW_OWNERS_DIR "/1001",
        "xworlds-owner 1\nuid 1001\nname alice\nlab fw\nlab other\nlab gone\nlab broken\nend\n");
    make_lab("fw", STUDENTS, "");
    make_lab("other", OTHERS, "");
    make_lab("broken", STUDENTS, "");
    put(XW_LABS_DIR "/broken/plan", "xworlds-plan 1\n");
    make_lab("foreign", STUDENTS, "closes 5\n");
    make_lab("timed", STUDENTS, "instructor 2002\nopens 1000\ncloses 2000\ngrace 300\n");
    make_lab("longer", STUDENTS, "opens 1000\ncloses 2000\ngrace 300\n");
    put(XW_OWNERS_DIR "/1002", "xworlds-owner 1\nuid 1002\nname bob\nlab timed\nlab longer\n"
                               "until 5000\nend\n");
    make_lab("teams", STUDENTS, "team 2004\nteam 2006\ninstructor 2005\ncloses 2000\n");
    put(XW_OWNERS_DIR "/1003", "xworlds-owner 1\nuid 1003\nname carol\nlab teams\nend\n");
    put(XW_OWNERS_DIR "/g2004", "xworlds-owner 1\ngid 2004\nname @blue\nlab teams\nuntil 5000\n"
                                "lab fw\nend\n");
    put(XW_OWNERS_DIR "/g2005", "xworlds-owner 1\ngid 2005\nname @ta\ninstructs teams\nend\n");
    put(XW_OWNERS_DIR "/g2006", "xworlds-owner 1\ngid 2006\nname @blue\nlab teams\nend\n");
    put(XW_OWNERS_DIR "/g2007", "xworlds-owner 1\ngid 2007\nname @green\nlab teams\nend\n");
    /* By name: dave and mallory's uid have worlds, uma teaches, and so does who dave was before. */
    make_lab("named", OTHERS, "user 1008 dave\nteam 2004\ninstructor-user 1009 uma\n");
    make_lab("namesake", OTHERS, "user 1001 dave\nuser 1008 dan\ninstructor-user 1009 una\n");
    put(XW_OWNERS_DIR "/1008",
        "xworlds-owner 1\nuid 1008\nname dave\nlab named\nlab namesake\nend\n");
    put(XW_OWNERS_DIR "/1009", "xworlds-owner 1\nuid 1009\nname uma\ninstructs named\n"
                               "instructs namesake\nend\n");
    return 0;
}

static int begin(void **state)
{
    (void)state;
    memset(&so, 0, sizeof(so));
    so.auditing = XW_AUDITING_ON;
    so.audit_required = true;
    so.name_of_alice = "alice";
    so.name_of_blue = "blue";
    so.name_of_dave = "dave";
    so.name_of_uma = "uma";
    so.room = -1;
    return 0;
}

/* --- tests ----------------------------------------------------------------------------------- */

static void each_verb_of_a_student(void **state)
{
    static const struct {
        const char *line;
        const char *called;
        const char *reply;
        bool asks_auditing;
        const char *alarms;
    } cases[] = {
        {"1 list - alice - - " ID "\n",
         "auditing confine-request note note-allowed become-reader list ",
         "world fw alice\nworld broken alice\nend 0\n", false, "10 0 "},
        {"1 status fw alice - - " ID "\n",
         "auditing confine-request note note-allowed become-reader status ",
         "machines fw alice 1\nend 0\n", false, "10 0 "},
        {"1 start fw alice web - " ID "\n",
         "auditing confine-request note note-allowed confine-change start ",
         "start fw alice -\nend 0\n", true, "120 0 "},
        {"1 stop fw alice * force " ID "\n",
         "auditing confine-request note note-allowed confine-change stop ",
         "stop fw alice -\nend 0\n", true, "180 0 "},
        {"1 reboot fw alice web,client - " ID "\n",
         "auditing confine-request note note-allowed confine-change reboot ",
         "reboot fw alice -\nend 0\n", true, "180 0 "},
        {"1 revert fw alice web - " ID "\n",
         "auditing confine-request note note-allowed confine-change revert ",
         "revert fw alice -\nend 0\n", true, "120 0 "},
        {"1 revert fw alice web checkpoint=works " ID "\n",
         "auditing confine-request note note-allowed confine-change revert ",
         "revert fw alice -\nend 0\n", true, "120 0 "},
        {"1 checkpoints fw alice web - " ID "\n",
         "auditing confine-request note note-allowed read-checkpoints become-reader checkpoints ",
         "checkpoints fw 0\nend 0\n", false, "10 0 "},
        {"1 checkpoint-create fw alice web checkpoint=works:61 " ID "\n",
         "auditing confine-request note note-allowed confine-change checkpoint-create ",
         "checkpoint-create fw alice -\nend 0\n", true, "600 0 "},
        {"1 checkpoint-delete fw alice web checkpoint=works " ID "\n",
         "auditing confine-request note note-allowed confine-change checkpoint-delete ",
         "checkpoint-delete fw alice -\nend 0\n", true, "120 0 "},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        assert_int_equal(as_alice(cases[i].line), 0);
        assert_string_equal(seen->called, cases[i].called);
        assert_string_equal(seen->reply, cases[i].reply);
        assert_true(seen->unmapped);
        assert_true(seen->note.parsed && seen->note.decided);
        assert_int_equal(seen->note.decision, XW_DECISION_ALLOW);
        assert_false(seen->note.malformed || seen->note.silent);
        assert_string_equal(seen->note.request.id, ID);
        assert_string_equal(seen->alarms, cases[i].alarms);
        assert_int_equal(seen->note.asked_auditing, cases[i].asks_auditing);
        if (cases[i].asks_auditing) {
            assert_int_equal(seen->note.auditing, XW_AUDITING_ON);
            /* Nobody but a console could write into the journal. */
            assert_int_equal(seen->journal, -1);
            assert_false(seen->journal_open);
            /* What is gone when it becomes the reader. */
            assert_int_equal(seen->directories, 2);
        }
    }
}

static void a_console_takes_its_viewer(void **state)
{
    static const char line[] = "1 console fw alice web - " ID "\n";
    struct asked asked = {
        .line = line, .uid = ALICE, .group = STUDENTS, .descriptors = 1, .type = SOCK_STREAM};

    (void)state;
    assert_int_equal(ask(&asked), 0);
    assert_string_equal(seen->reply,
                        "console fw alice viewer\nseen by the others as alice\nend 0\n");
    assert_string_equal(seen->called, "auditing confine-request note note-allowed console ");
    assert_true(seen->journal >= 0 && seen->journal_open);
    assert_true(seen->note.asked_auditing);
    /* To watch is the same to all but the relay; to take over is for instructors. */
    asked.line = "1 watch fw alice web - " ID "\n";
    assert_int_equal(ask(&asked), 0);
    assert_string_equal(seen->reply,
                        "console fw alice viewer\nseen by the others as alice\nend 0\n");
    assert_true(seen->journal_open && seen->note.asked_auditing);
    static const char *const copies[] = {"1 copy-to fw alice web - " ID "\n",
                                         "1 copy-from fw alice web - " ID "\n"};
    for (size_t i = 0; i < sizeof(copies) / sizeof(copies[0]); i++) {
        asked.line = copies[i];
        assert_int_equal(ask(&asked), 0);
        assert_string_equal(seen->called, "auditing confine-request note note-allowed copy ");
        assert_true(seen->journal_open && seen->note.asked_auditing);
    }
    asked.line = "1 take fw alice web - " ID "\n";
    assert_int_equal(ask(&asked), 3);
    assert_string_equal(seen->reply, REFUSED);
    asked.line = line;
    /* None, two, and others. */
    struct asked wrong[] = {asked, asked, asked, asked, asked};
    wrong[0].descriptors = 0;
    wrong[1].descriptors = 2;
    wrong[2].type = SOCK_DGRAM;
    wrong[3].type = SOCK_SEQPACKET;
    wrong[4].type = 0;
    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
        assert_int_equal(ask(&wrong[i]), 3);
        assert_string_equal(seen->reply, REFUSED);
        assert_true(seen->note.malformed);
        assert_false(seen->note.decided);
    }
    /* A descriptor where the verb takes none. */
    asked.line = "1 list - alice - - " ID "\n";
    assert_int_equal(ask(&asked), 3);
    assert_string_equal(seen->reply, REFUSED);
    assert_true(seen->note.malformed);
}

static void what_is_no_request(void **state)
{
    static const char *const lines[] = {
        "1 list - alice - - " ID,
        "1 list - alice - - " ID "\n\n",
        "1 list - alice - - " ID "\nx",
        "1 list - alice - - " ID "\n1 list - alice - - " ID "\n",
        "2 list - alice - - " ID "\n",
        "\n",
        "1 list - alice - -\n",
        "1 lists - alice - - " ID "\n",
        "1 list - alice - force " ID "\n",
        "1 console fw alice web,client - " ID "\n",
    };
    static const char with_nul[] = "1 list - alice - - " ID "\0\n";
    static char long_line[XW_LINE_MAX + 1];

    (void)state;
    for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
        assert_int_equal(as_alice(lines[i]), 3);
        assert_string_equal(seen->reply, REFUSED);
        assert_true(seen->note.malformed);
        assert_false(seen->note.silent);
        assert_string_equal(seen->called, "auditing confine-request ");
    }
    struct asked asked = {
        .line = with_nul, .length = sizeof(with_nul) - 1, .uid = ALICE, .group = STUDENTS};
    assert_int_equal(ask(&asked), 3);
    assert_true(seen->note.malformed);
    memset(long_line, 'x', XW_LINE_MAX - 1);
    long_line[XW_LINE_MAX - 1] = '\n';
    assert_int_equal(as_alice(long_line), 3);
    assert_true(seen->note.malformed);
    /* Gone without a word. */
    assert_int_equal(as_alice(""), 3);
    assert_true(seen->note.silent);
    assert_false(seen->note.malformed);
}

/* The first line is waited for, and not for long. */
static void the_first_line_in_time(void **state)
{
    static const char list[] = "1 list - alice - - " ID "\n";

    (void)state;
    so.comes_late = list;
    assert_int_equal(as_alice(list), 0);
    assert_string_equal(seen->reply, "world fw alice\nworld broken alice\nend 0\n");
    assert_int_equal(seen->patience, 2000);
    /* Nothing comes, or what comes is too late. */
    so.time_is_up = true;
    for (int i = 0; i < 2; i++) {
        assert_int_equal(as_alice(list), 3);
        assert_string_equal(seen->reply, REFUSED);
        assert_string_equal(seen->called, "auditing confine-request ");
        assert_true(seen->note.malformed);
        assert_false(seen->note.silent);
        so.comes_late = NULL;
    }
}

static void assert_malformed(const struct asked *asked)
{
    assert_int_equal(ask(asked), 3);
    assert_string_equal(seen->reply, REFUSED);
    assert_string_equal(seen->called, "auditing confine-request ");
    assert_true(seen->note.malformed);
    assert_false(seen->note.decided);
}

/* A message of which not everything has arrived. */
static void what_is_cut(void **state)
{
    struct asked console = {.line = "1 console fw alice web - " ID "\n",
                            .uid = ALICE,
                            .group = STUDENTS,
                            .descriptors = 1,
                            .type = SOCK_STREAM};
    struct asked list = console;

    (void)state;
    list.line = "1 list - alice - - " ID "\n";
    /* Descriptors for which the kernel found no room: none of one, one of two. */
    so.room = 1;
    assert_int_equal(ask(&console), 0);
    console.descriptors = 2;
    assert_malformed(&console);
    so.room = 0;
    assert_malformed(&list);
    list.descriptors = 0;
    assert_int_equal(ask(&list), 0);
    /* No stream cuts its bytes; of another kind of socket the kernel would say so. */
    so.flags = MSG_TRUNC;
    assert_malformed(&list);
}

/* What comes beside the line and is no descriptor is not taken for one. */
static void other_control_messages(void **state)
{
    static const struct {
        int level, type;
        bool viewer;
    } cases[] = {
        {SOL_SOCKET, SCM_RIGHTS, true},
        {SOL_SOCKET, SCM_CREDENTIALS, false},
        {SOL_SOCKET + 1, SCM_RIGHTS, false},
    };
    const struct asked console = {.line = "1 console fw alice web - " ID "\n",
                                  .uid = ALICE,
                                  .group = STUDENTS,
                                  .descriptors = 1,
                                  .type = SOCK_STREAM};
    struct asked list = console;

    (void)state;
    list.line = "1 list - alice - - " ID "\n";
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        so.level = cases[i].level;
        so.type = cases[i].type;
        assert_int_equal(ask(&console), cases[i].viewer ? 0 : 3);
        assert_int_equal(seen->note.malformed, !cases[i].viewer);
        assert_int_equal(ask(&list), cases[i].viewer ? 3 : 0);
        assert_int_equal(seen->note.malformed, cases[i].viewer);
    }
}

/* What was done is kept, and the caller is told. */
static void the_deadline(void **state)
{
    static const char start[] = "1 start fw alice web - " ID "\n";

    (void)state;
    so.overdue = true;
    assert_int_equal(as_alice(start), 75);
    assert_string_equal(seen->reply, "error this took longer than it may; what was done so far is "
                                     "kept, and the same command goes on with it\nend 75\n");
    assert_string_equal(seen->alarms, "120 ");
    /* Nobody to tell: no other end than that. */
    so.caller_is_gone = true;
    assert_int_equal(as_alice(start), 75);
    assert_string_equal(seen->reply, "");
}

/* What is known of the others is listed all the same, and the end says that it is not all. */
static void a_lab_that_cannot_be_read(void **state)
{
    static const char torn[] = "xworlds-access 1\nlab other\ntitle A\nstudent 2001\nmachine web\n";
    char whole[4096];

    (void)state;
    snprintf(whole, sizeof(whole), "%s", content(XW_LABS_DIR "/other/access"));
    put(XW_LABS_DIR "/other/access", torn);
    assert_int_equal(as_alice("1 list - alice - - " ID "\n"), 1);
    assert_string_equal(seen->reply,
                        "error the lab other can't be read; try again, then tell your instructor\n"
                        "world fw alice\nworld broken alice\nend 1\n");
    assert_int_equal(as_alice("1 status other alice - - " ID "\n"), 3);
    put(XW_LABS_DIR "/other/access", whole);
}

static void who_is_refused(void **state)
{
    static const struct {
        uid_t uid;
        gid_t group;
        const char *line;
    } cases[] = {
        {ALICE, OTHERS, "1 status fw alice - - " ID "\n"},
        {ALICE, STUDENTS, "1 status other alice - - " ID "\n"},
        {ALICE, STUDENTS, "1 status gone alice - - " ID "\n"},
        {ALICE, STUDENTS, "1 status foreign alice - - " ID "\n"},
        {ALICE, STUDENTS, "1 status none alice - - " ID "\n"},
        {ALICE, STUDENTS, "1 status fw bob - - " ID "\n"},
        {ALICE, STUDENTS, "1 start fw alice none - " ID "\n"},
        {ALICE, STUDENTS, "1 prepare - alice - - " ID "\n"},
        {ALICE, STUDENTS, "1 suspend - alice - - " ID "\n"},
        {ALICE, STUDENTS, "1 relay fw alice web - " ID "\n"},
        {BOB, STUDENTS, "1 status fw alice - - " ID "\n"},
        {BOB, STUDENTS, "1 status fw bob - - " ID "\n"},
        {BOB, STUDENTS, "1 list - bob - - " ID "\n"},
        {0, STUDENTS, "1 list - alice - - " ID "\n"},
        {0, STUDENTS, "1 start fw alice web - " ID "\n"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        assert_int_equal(ask_as(cases[i].uid, cases[i].group, cases[i].line), 3);
        assert_string_equal(seen->reply, REFUSED);
        assert_string_equal(seen->called,
                            cases[i].uid ? "auditing confine-request note note " : "note note ");
        assert_true(seen->note.parsed && seen->note.decided);
        assert_int_equal(seen->note.decision, XW_DECISION_REFUSE);
        assert_false(seen->note.malformed || seen->note.asked_auditing);
        assert_true(seen->unmapped);
    }
}

/* bob has two worlds with windows, of which one has been extended. */
static int as_bob(const char *line)
{
    return ask_as(BOB, STUDENTS, line);
}

static int bob_at_console(const char *line)
{
    const struct asked asked = {
        .line = line, .uid = BOB, .group = STUDENTS, .descriptors = 1, .type = SOCK_STREAM};

    return ask(&asked);
}

/* What the time forbids is refused in its own words, before privilege goes anywhere (T-E7). */
static void outside_of_the_window(void **state)
{
    static const char *const lines[] = {
        "1 start timed bob * - " ID "\n", "1 stop timed bob web force " ID "\n",
        "1 reboot timed bob web - " ID "\n", "1 revert timed bob web - " ID "\n"};
    static const struct {
        time_t now;
        const char *reply; /* NULL: it is done */
    } times[] = {
        {999, "window timed before 1000 2000 2300\nerror " XW_NOT_OPEN_TEXT "\nend 4\n"},
        {1000, NULL},
        {1999, NULL},
        {2000, "window timed grace 1000 2000 2300\nerror " XW_CLOSED_TEXT "\nend 4\n"},
        {2300, "window timed closed 1000 2000 2300\nerror " XW_CLOSED_TEXT "\nend 4\n"},
    };

    (void)state;
    so.name_of_bob = "bob";
    for (size_t i = 0; i < sizeof(times) / sizeof(times[0]); i++) {
        const int code = times[i].reply ? 4 : 0;
        so.now = times[i].now;
        for (size_t k = 0; k < sizeof(lines) / sizeof(lines[0]); k++) {
            assert_int_equal(as_bob(lines[k]), code);
            if (code)
                assert_string_equal(seen->reply, times[i].reply);
            assert_int_equal(strstr(seen->called, "confine-change") != NULL, code == 0);
            assert_true(seen->note.decided && seen->unmapped);
            assert_int_equal(seen->note.decision, code ? XW_DECISION_LIMIT : XW_DECISION_ALLOW);
            assert_int_equal(seen->note.asked_auditing, code == 0);
        }
        assert_int_equal(bob_at_console("1 console timed bob web - " ID "\n"), code);
        assert_int_equal(strstr(seen->called, "console") != NULL, code == 0);
        assert_int_equal(seen->until, code ? 0 : 2300);
        /* A machine that isn't there has no time. */
        assert_int_equal(as_bob("1 start timed bob none - " ID "\n"), 3);
        assert_string_equal(seen->reply, REFUSED);
        assert_int_equal(as_bob("1 status timed bob - - " ID "\n"), 0);
        assert_memory_equal(seen->reply, "window timed ", 13);
    }
}

static void an_extension_is_its_labs(void **state)
{
    (void)state;
    so.name_of_bob = "bob";
    so.now = 4999;
    assert_int_equal(as_bob("1 start longer bob web - " ID "\n"), 0);
    assert_int_equal(as_bob("1 start timed bob web - " ID "\n"), 4);
    assert_int_equal(bob_at_console("1 console longer bob web - " ID "\n"), 0);
    assert_int_equal(seen->until, 5300);
    assert_int_equal(as_bob("1 list - bob - - " ID "\n"), 0);
    assert_string_equal(seen->reply, "window timed closed 1000 2000 2300\n"
                                     "window longer open 1000 5000 5300\n"
                                     "world timed bob\nworld longer bob\nend 0\n");
    so.now = 5000;
    assert_int_equal(as_bob("1 start longer bob web - " ID "\n"), 4);
    assert_string_equal(seen->reply,
                        "window longer grace 1000 5000 5300\nerror " XW_CLOSED_TEXT "\nend 4\n");
    /* A lab that doesn't close ends no console. */
    const struct asked always = {.line = "1 console fw alice web - " ID "\n",
                                 .uid = ALICE,
                                 .group = STUDENTS,
                                 .descriptors = 1,
                                 .type = SOCK_STREAM};
    assert_int_equal(ask(&always), 0);
    assert_int_equal(seen->until, 0);
}

/* Who instructs the lab tries it at any time, and no closing ends that console. */
static void an_instructors_own_world(void **state)
{
    (void)state;
    so.name_of_bob = "bob";
    so.second_group = OTHERS;
    so.now = 1500;
    assert_int_equal(bob_at_console("1 console timed bob web - " ID "\n"), 0);
    assert_int_equal(seen->until, 0);
    so.now = 9000;
    assert_int_equal(bob_at_console("1 console timed bob web - " ID "\n"), 0);
    assert_int_equal(as_bob("1 start timed bob web - " ID "\n"), 0);
    assert_int_equal(as_bob("1 start longer bob web - " ID "\n"), 4);
}

/* --- teams and instructors -------------------------------------------------------------------- */

static int ask_console(uid_t uid, gid_t group, const char *line)
{
    const struct asked asked = {
        .line = line, .uid = uid, .group = group, .descriptors = 1, .type = SOCK_STREAM};

    return ask(&asked);
}

/* Who is in the team's group has its world, with a record of their own or without. */
static void a_teams_world(void **state)
{
    (void)state;
    so.now = 1000;
    assert_int_equal(ask_as(TINA, BLUE, "1 start teams @blue * - " ID "\n"), 0);
    assert_string_equal(seen->reply, "start teams @blue -\nend 0\n");
    assert_string_equal(seen->called,
                        "auditing confine-request note note-allowed confine-change start ");
    assert_string_equal(seen->note.request.owner, "@blue");
    assert_int_equal(ask_as(CAROL, BLUE, "1 status teams @blue - - " ID "\n"), 0);
    assert_string_equal(seen->reply, "window teams:@blue open 0 5000 5000\n"
                                     "machines teams @blue 1\nend 0\n");
    assert_int_equal(ask_console(TINA, BLUE, "1 console teams @blue web - " ID "\n"), 0);
    assert_string_equal(seen->reply,
                        "console teams @blue viewer\nseen by the others as tina\nend 0\n");
    assert_int_equal(seen->until, 5000);
    /* The extension is the team's. */
    so.now = 4999;
    assert_int_equal(ask_as(TINA, BLUE, "1 start teams @blue web - " ID "\n"), 0);
    so.now = 5000;
    assert_int_equal(ask_as(TINA, BLUE, "1 start teams @blue web - " ID "\n"), 4);
    assert_string_equal(seen->reply,
                        "window teams:@blue closed 0 5000 5000\nerror " XW_CLOSED_TEXT "\nend 4\n");
}

static void everything_that_is_theirs(void **state)
{
    (void)state;
    so.second_group = STUDENTS;
    assert_int_equal(ask_as(CAROL, BLUE, "1 list - carol - - " ID "\n"), 0);
    assert_string_equal(seen->reply, "window teams open 0 2000 2000\n"
                                     "window teams:@blue open 0 5000 5000\n"
                                     "world teams carol\nworld teams @blue\nend 0\n");
    assert_int_equal(ask_as(CAROL, BLUE, "1 list - - - - " ID "\n"), 3);
    so.second_group = 0;
    assert_int_equal(ask_as(TINA, BLUE, "1 list - - - - " ID "\n"), 0);
    assert_string_equal(seen->reply, "window teams:@blue open 0 5000 5000\nworld teams @blue\n"
                                     "end 0\n");
    assert_int_equal(ask_as(TINA, BLUE, "1 list - tina - - " ID "\n"), 3);
    /* Who looks after a lab has no world by that; nor has a group that is another's now. */
    assert_int_equal(ask_as(TINA, TEACHERS, "1 list - - - - " ID "\n"), 0);
    assert_string_equal(seen->reply, "instructs teams A\nend 0\n");
    so.second_group = TEACHERS;
    assert_int_equal(ask_as(TINA, BLUE, "1 list - - - - " ID "\n"), 0);
    assert_string_equal(seen->reply, "window teams:@blue open 0 5000 5000\ninstructs teams A\n"
                                     "world teams @blue\nend 0\n");
    so.second_group = 0;
    assert_int_equal(ask_as(TINA, RED, "1 list - - - - " ID "\n"), 0);
    assert_string_equal(seen->reply, "end 0\n");
}

/* By the kernel's groups alone, and by what the group is called today. */
static void who_is_in_no_such_team(void **state)
{
    static const struct {
        uid_t uid;
        gid_t group;
        const char *line;
    } cases[] = {
        {TINA, STUDENTS, "1 status teams @blue - - " ID "\n"},
        {CAROL, STUDENTS, "1 status teams @blue - - " ID "\n"},
        {TINA, GREEN, "1 status teams @blue - - " ID "\n"},
        {TINA, GREEN, "1 status teams @green - - " ID "\n"}, /* no team of the lab */
        {TINA, RED, "1 status teams @blue - - " ID "\n"},    /* red was blue */
        {TINA, RED, "1 status teams @red - - " ID "\n"},
        {TINA, BLUE, "1 status teams blue - - " ID "\n"},
        {TINA, BLUE, "1 status teams carol - - " ID "\n"},
        {TINA, BLUE, "1 status fw @blue - - " ID "\n"}, /* not for teams */
        {TINA, BLUE, "1 worlds teams - - - " ID "\n"},
        {TINA, BLUE, "1 grants teams - - - " ID "\n"},
        {TINA, BLUE, "1 extend teams @blue - 9000 " ID "\n"},
        {TINA, BLUE, "1 deploy teams @blue - - " ID "\n"},
        {0, BLUE, "1 status teams @blue - - " ID "\n"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        assert_int_equal(ask_as(cases[i].uid, cases[i].group, cases[i].line), 3);
        assert_string_equal(seen->reply, REFUSED);
        assert_string_equal(seen->called,
                            cases[i].uid ? "auditing confine-request note note " : "note note ");
        assert_int_equal(seen->note.decision, XW_DECISION_REFUSE);
    }
    so.name_of_blue = "green";
    assert_int_equal(ask_as(TINA, BLUE, "1 status teams @blue - - " ID "\n"), 3);
    so.name_of_blue = NULL;
    assert_int_equal(ask_as(TINA, BLUE, "1 list - - - - " ID "\n"), 0);
    assert_string_equal(seen->reply, "end 0\n");
}

#define AS_INSTRUCTOR "auditing start-broker confine-request "

/* Every world of the lab, at any time, and what is asked of all of them. */
static void an_instructor(void **state)
{
    static const struct {
        const char *line;
        const char *called;
        const char *reply;
        bool asks_auditing;
    } cases[] = {
        {"1 status teams carol - - " ID "\n",
         AS_INSTRUCTOR "note look-at-world note-allowed become-reader status ",
         "window teams:carol closed 0 2000 2000\nmachines teams carol 1\nend 0\n", false},
        {"1 start teams carol web - " ID "\n",
         AS_INSTRUCTOR "note look-at-world note-allowed confine-change start ",
         "start teams carol -\nend 0\n", true},
        {"1 stop teams @blue * force " ID "\n",
         AS_INSTRUCTOR "note look-at-world note-allowed confine-change stop ",
         "stop teams @blue -\nend 0\n", true},
        {"1 worlds teams - - - " ID "\n", AS_INSTRUCTOR "note note-allowed worlds ",
         "worlds teams\nend 0\n", false},
        {"1 grants teams - - - " ID "\n", AS_INSTRUCTOR "note note-allowed grants ",
         "grants teams\nend 0\n", false},
        {"1 extend teams carol - 9000 " ID "\n",
         AS_INSTRUCTOR "note look-at-world note-allowed ask-to-extend ",
         "extension carol 9000\nend 0\n", true},
        {"1 extend teams @blue - 0 " ID "\n",
         AS_INSTRUCTOR "note look-at-world note-allowed ask-to-extend ",
         "extension @blue 0\nend 0\n", true},
        {"1 deploy teams nobody - - " ID "\n",
         AS_INSTRUCTOR "note look-at-world note-allowed ask-to-deploy ", "done - deployed\nend 0\n",
         true},
    };

    (void)state;
    so.now = 9000;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        assert_int_equal(ask_as(TINA, TEACHERS, cases[i].line), 0);
        assert_string_equal(seen->reply, cases[i].reply);
        assert_non_null(strstr(seen->called, AS_INSTRUCTOR));
        assert_string_equal(seen->called + strlen("auditing "),
                            cases[i].called + strlen("auditing "));
        assert_int_equal(seen->note.asked_auditing, cases[i].asks_auditing);
        assert_int_equal(seen->broker_waits, strstr(cases[i].called, "ask-to-") != NULL);
    }
    assert_int_equal(ask_console(TINA, TEACHERS, "1 console teams carol web - " ID "\n"), 0);
    assert_string_equal(seen->reply,
                        "console teams carol viewer\nseen by the others as tina\nend 0\n");
    assert_int_equal(seen->until, 0);
    /* To watch it and to take it over, too. */
    assert_int_equal(ask_console(TINA, TEACHERS, "1 watch teams carol web - " ID "\n"), 0);
    assert_int_equal(ask_console(TINA, TEACHERS, "1 take teams carol web - " ID "\n"), 0);
    assert_string_equal(seen->reply,
                        "console teams carol viewer\nseen by the others as tina\nend 0\n");
    /* What they do is audited, or not done. */
    so.auditing = XW_AUDITING_OFF;
    assert_int_equal(ask_as(TINA, TEACHERS, "1 extend teams carol - 9000 " ID "\n"), 75);
    assert_null(strstr(seen->called, "ask-to-"));
    assert_int_equal(ask_as(TINA, TEACHERS, "1 deploy teams carol - - " ID "\n"), 75);
    assert_int_equal(ask_as(TINA, TEACHERS, "1 worlds teams - - - " ID "\n"), 0);
}

/* What a broker is told is the kernel's word; what comes of it is told the peer. */
static void an_instructors_broker(void **state)
{
    static const char extend[] = "1 extend teams carol - 9000 " ID "\n";
    static const char deploy[] = "1 deploy teams carol - - " ID "\n";

    (void)state;
    so.second_group = OTHERS;
    so.is_present = true;
    assert_int_equal(ask_as(TINA, TEACHERS, deploy), 0);
    assert_string_equal(seen->reply, "done - is there\nend 0\n");
    assert_int_equal(seen->brokers_uid, TINA);
    assert_int_equal(seen->brokers_groups, 2);
    assert_int_equal(seen->brokers.auditing, XW_AUDITING_ON);
    assert_int_equal(seen->brokers.note_count, 1);
    assert_ptr_equal(seen->brokers.notes, &seen->note);
    assert_true(seen->brokers.peer >= 0 && seen->brokers.journal >= 0);
    so.verb_rc = -ENOENT;
    assert_int_equal(ask_as(TINA, TEACHERS, deploy), 1);
    assert_string_equal(seen->reply, "error it failed\nend 1\n");
    so.verb_rc = -EAGAIN;
    assert_int_equal(ask_as(TINA, TEACHERS, extend), 75);
    /* Without one, all else goes on. */
    so.verb_rc = 0;
    so.broker_rc = -EAGAIN;
    assert_int_equal(ask_as(TINA, TEACHERS, extend), 75);
    assert_string_equal(seen->reply, "error there is none\nend 75\n");
    assert_int_equal(ask_as(TINA, TEACHERS, "1 worlds teams - - - " ID "\n"), 0);
    assert_int_equal(ask_as(TINA, TEACHERS, "1 start teams carol web - " ID "\n"), 0);
}

/* Nothing in other labs, and of their own nothing that isn't there: one answer. */
static void where_an_instructor_ends(void **state)
{
    static const struct {
        const char *line;
        bool looks; /* at a world of the lab that is instructed */
    } cases[] = {
        {"1 status fw alice - - " ID "\n", false},
        {"1 start fw alice web - " ID "\n", false},
        {"1 status fw @blue - - " ID "\n", false},
        {"1 worlds fw - - - " ID "\n", false},
        {"1 grants fw - - - " ID "\n", false},
        {"1 extend fw alice - 9000 " ID "\n", false},
        {"1 deploy fw alice - - " ID "\n", false},
        {"1 worlds none - - - " ID "\n", false},
        {"1 status teams nobody - - " ID "\n", true},
        {"1 status teams blue - - " ID "\n", true},
        {"1 status teams zoe - - " ID "\n", true},   /* alice's record says another name */
        {"1 status teams alice - - " ID "\n", true}, /* and doesn't list the lab */
        {"1 status teams @red - - " ID "\n", true},
        {"1 start teams carol none - " ID "\n", true},
        {"1 extend teams nobody - 9000 " ID "\n", true},
        {"1 prepare - carol - - " ID "\n", false},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        assert_int_equal(ask_as(TINA, TEACHERS, cases[i].line), 3);
        assert_string_equal(seen->reply, REFUSED);
        assert_int_equal(strstr(seen->called, "look-at-world") != NULL, cases[i].looks);
        assert_int_equal(seen->note.decision, XW_DECISION_REFUSE);
        assert_false(seen->note.asked_auditing);
    }
    /* A uid whose record is another's now gives nothing by any group. */
    so.name_of_alice = "mallory";
    assert_int_equal(ask_as(ALICE, TEACHERS, "1 worlds teams - - - " ID "\n"), 3);
    assert_int_equal(ask_as(ALICE, BLUE, "1 status teams @blue - - " ID "\n"), 3);
    so.name_of_alice = "alice";
    assert_int_equal(ask_as(ALICE, TEACHERS, "1 worlds teams - - - " ID "\n"), 0);
    assert_int_equal(ask_as(ALICE, BLUE, "1 status teams @blue - - " ID "\n"), 0);
}

/* Without any group: the user whom a lab names, and the instructor. */
static void users_who_are_named(void **state)
{
    static const struct {
        uid_t uid;
        const char *line;
        int code;
        const char *reply; /* NULL: that of what doesn't exist */
    } cases[] = {
        {DAVE, "1 list - dave - - " ID "\n", 0, "world named dave\nend 0\n"},
        {DAVE, "1 status named dave - - " ID "\n", 0, "machines named dave 1\nend 0\n"},
        {DAVE, "1 start named dave web - " ID "\n", 0, "start named dave -\nend 0\n"},
        {DAVE, "1 start named dave none - " ID "\n", 3, NULL},
        {DAVE, "1 status namesake dave - - " ID "\n", 3, NULL},
        {DAVE, "1 status fw alice - - " ID "\n", 3, NULL},
        {DAVE, "1 status named uma - - " ID "\n", 3, NULL},
        {DAVE, "1 worlds named - - - " ID "\n", 3, NULL},
        {DAVE, "1 grants named - - - " ID "\n", 3, NULL},
        {DAVE, "1 deploy named dave - - " ID "\n", 3, NULL},
        {UMA, "1 list - uma - - " ID "\n", 0, "instructs named A\nend 0\n"},
        {UMA, "1 status named dave - - " ID "\n", 0, "machines named dave 1\nend 0\n"},
        {UMA, "1 worlds named - - - " ID "\n", 0, "worlds named\nend 0\n"},
        {UMA, "1 grants named - - - " ID "\n", 0, "grants named\nend 0\n"},
        {UMA, "1 deploy named uma - - " ID "\n", 0, "done - deployed\nend 0\n"},
        {UMA, "1 status named uma - - " ID "\n", 3, NULL},
        {UMA, "1 status named nobody - - " ID "\n", 3, NULL},
        {UMA, "1 worlds namesake - - - " ID "\n", 3, NULL},
        {UMA, "1 worlds fw - - - " ID "\n", 3, NULL},
        {UMA, "1 status fw alice - - " ID "\n", 3, NULL},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        if (ask_as(cases[i].uid, GREEN + 1, cases[i].line) != cases[i].code ||
            strcmp(seen->reply, cases[i].reply ? cases[i].reply : REFUSED) != 0)
            fail_msg("%s: %s", cases[i].line, seen->reply);
        const bool teaches = cases[i].uid == UMA;
        assert_int_equal(strstr(seen->called, AS_INSTRUCTOR) != NULL, teaches);
    }
    /* A team of theirs is found beside what they have by name. */
    assert_int_equal(ask_as(DAVE, BLUE, "1 status teams @blue - - " ID "\n"), 0);
    assert_int_equal(ask_as(UMA, BLUE, "1 status teams @blue - - " ID "\n"), 0);
    /* The uid that is another's now. */
    so.name_of_dave = "mallory";
    so.name_of_uma = "dave";
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        assert_int_equal(ask_as(cases[i].uid, GREEN + 1, cases[i].line), 3);
        assert_string_equal(seen->reply, REFUSED);
    }
}

/* A uid that has another name now, or none. */
static void a_reused_uid_is_refused(void **state)
{
    static const char *const names[] = {"mallory", "alic", "alice2", NULL};

    (void)state;
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        so.name_of_alice = names[i];
        assert_int_equal(as_alice("1 status fw alice - - " ID "\n"), 3);
        assert_string_equal(seen->reply, REFUSED);
        assert_int_equal(as_alice("1 list - alice - - " ID "\n"), 3);
    }
}

static void root_prepares_and_nothing_else(void **state)
{
    (void)state;
    assert_int_equal(ask_as(0, 0, "1 prepare - bob - - " ID "\n"), 0);
    assert_string_equal(seen->reply, "prepared bob\nend 0\n");
    assert_string_equal(seen->called, "note note-allowed prepare ");
    assert_false(seen->note.asked_auditing);
    assert_int_equal(ask_as(0, 0, "1 suspend - bob - - " ID "\n"), 0);
    assert_string_equal(seen->reply, "suspending bob\nend 0\n");
    assert_string_equal(seen->called, "note note-allowed suspend ");
    assert_false(seen->note.asked_auditing);
    /* And for itself, with whatever is to be opened. */
    assert_int_equal(ask_as(0, 0, "1 relay fw alice web - " ID "\n"), 0);
    assert_string_equal(seen->reply, "relay fw/alice/web 1\nend 0\n");
    assert_string_equal(seen->called, "note note-allowed relay ");
    assert_false(seen->note.asked_auditing);
}

static void auditing_that_is_off(void **state)
{
    static const char off[] = "error this lab keeps a record of every change, and the host's "
                              "auditing is off: nothing was done; tell your instructor\nend 75\n";
    static const char start[] = "1 start fw alice web - " ID "\n";

    (void)state;
    for (int i = 0; i < 2; i++) {
        so.auditing = i ? XW_AUDITING_OFF : XW_AUDITING_UNKNOWN;
        assert_int_equal(as_alice(start), 75);
        assert_string_equal(seen->reply, off);
        assert_null(strstr(seen->called, "start"));
        assert_int_equal(seen->note.auditing, so.auditing);
    }
    /* To look changes nothing. */
    assert_int_equal(as_alice("1 status fw alice - - " ID "\n"), 0);
    assert_int_equal(as_alice("1 list - alice - - " ID "\n"), 0);
    assert_int_equal(ask_as(0, 0, "1 prepare - bob - - " ID "\n"), 0);
    struct asked console = {.line = "1 console fw alice web - " ID "\n",
                            .uid = ALICE,
                            .group = STUDENTS,
                            .descriptors = 1,
                            .type = SOCK_STREAM};
    assert_int_equal(ask(&console), 75);
    assert_string_equal(seen->reply, off);
    so.audit_required = false;
    assert_int_equal(as_alice(start), 0);
    so.config_rc = -EBADMSG;
    assert_int_equal(as_alice(start), 1);
    assert_string_equal(seen->reply, "error the configuration is wrong\nend 1\n");
    so.auditing = XW_AUDITING_ON;
    assert_int_equal(as_alice(start), 0);
}

static void what_the_verb_says_is_the_end(void **state)
{
    (void)state;
    so.verb_rc = 1;
    assert_int_equal(as_alice("1 start fw alice web - " ID "\n"), 1);
    assert_string_equal(seen->reply, "start fw alice -\nend 1\n");
    so.verb_rc = -EAGAIN;
    assert_int_equal(as_alice("1 start fw alice web - " ID "\n"), 75);
    assert_string_equal(seen->reply, "start fw alice -\nerror it failed\nend 75\n");
    so.verb_rc = -EIO;
    assert_int_equal(as_alice("1 status fw alice - - " ID "\n"), 1);
    /* A plan that can't be read. */
    so.verb_rc = 0;
    assert_int_equal(as_alice("1 start broken alice web - " ID "\n"), 1);
    assert_null(strstr(seen->called, "start"));
    assert_null(strstr(seen->called, "confine-change"));
    assert_non_null(strstr(seen->reply, "error labs/broken/plan, line 2: "));
}

#define IN_ORDER(test) cmocka_unit_test_setup(test, begin)

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_ORDER(each_verb_of_a_student),
        IN_ORDER(a_console_takes_its_viewer),
        IN_ORDER(what_is_no_request),
        IN_ORDER(the_first_line_in_time),
        IN_ORDER(what_is_cut),
        IN_ORDER(other_control_messages),
        IN_ORDER(the_deadline),
        IN_ORDER(a_lab_that_cannot_be_read),
        IN_ORDER(who_is_refused),
        IN_ORDER(outside_of_the_window),
        IN_ORDER(an_extension_is_its_labs),
        IN_ORDER(an_instructors_own_world),
        IN_ORDER(a_teams_world),
        IN_ORDER(everything_that_is_theirs),
        IN_ORDER(who_is_in_no_such_team),
        IN_ORDER(an_instructor),
        IN_ORDER(an_instructors_broker),
        IN_ORDER(where_an_instructor_ends),
        IN_ORDER(users_who_are_named),
        IN_ORDER(a_reused_uid_is_refused),
        IN_ORDER(root_prepares_and_nothing_else),
        IN_ORDER(auditing_that_is_off),
        IN_ORDER(what_the_verb_says_is_the_end),
    };

    if (geteuid() != 0) {
        puts("1..0 # SKIP only root can be in groups of its choice");
        return 0;
    }
    return cmocka_run_group_tests(tests, make_records, NULL);
}
