/* links: xwhelper/keeper/relay.c xwhelper/keeper/become_relay.c xwhelper/keeper/machine.c xwhelper/keeper/history.c xwhelper/keeper/notice.c xwhelper/keeper/reply.c common/names.c common/error.c */
/*
 * relay: the first viewer's process opens the console and becomes its relay; the viewers after are
 * brought to it; and a relay that begins or ends in between leaves nobody behind.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/paths.h"
#include "tests/unit/faults.h"
#include "tests/unit/private_root.h"
#include "xwhelper/keeper/become_relay.h"
#include "xwhelper/keeper/machine.h"
#include "xwhelper/keeper/verbs.h"
#include "xwhelper/relay/join.h"

enum { EXECUTED = 40, GUEST = 3, JOIN = 4, LOCK = 5, NOTICE = 6, HISTORY = 7 };

static const struct xw_machine web = {"fw", "alice", "web"};

static struct seen {
    char steps[128];
    char words[256];
    int rc;
    int leaked; /* descriptors, where it fails */
    int highest;
    int lowest;
    bool placed;
    bool ended;    /* the guest's stream, before anything of it */
    bool locked;   /* another one can't have the lock */
    char name[32]; /* what is executed, and how */
    bool environment;
    struct xw_join who; /* the viewer who waits for the relay */
    bool brought;       /* with a descriptor that is the peer's */
    char history[64];
} * seen;

static void step(const char *name)
{
    strcat(seen->steps, name);
    strcat(seen->steps, " ");
}

void xw_confine_relay(void)
{
    step("confine");
}

void xw_become(const struct xw_account *account)
{
    step(account->uid == 56 ? "become-relay" : "become-somebody");
}

XW_FAULTY(dup2, (int from, int to), from, to);
XW_FAULTY(close_range, (unsigned int first, unsigned int last, int flags), first, last, flags);
XW_FAULTY(socket, (int family, int type, int protocol), family, type, protocol);
XW_FAULTY(unlink, (const char *name), name);
XW_FAULTY_AS(ssize_t, -1, sendmsg, (int fd, const struct msghdr *message, int flags), fd, message,
             flags);

/* What waits in a relay's socket: whom it is about; `text` is sent to the one who comes with it. */
static bool receive(int fd, struct xw_join *who, const char *text)
{
    union {
        struct cmsghdr header;
        char space[CMSG_SPACE(sizeof(int))];
    } control;
    struct iovec data = {.iov_base = who, .iov_len = sizeof(*who)};
    struct msghdr message = {.msg_iov = &data,
                             .msg_iovlen = 1,
                             .msg_control = &control,
                             .msg_controllen = sizeof(control)};
    int viewer = -1;

    if (recvmsg(fd, &message, MSG_DONTWAIT) != (ssize_t)sizeof(*who) || !CMSG_FIRSTHDR(&message))
        return false;
    memcpy(&viewer, CMSG_DATA(CMSG_FIRSTHDR(&message)), sizeof(viewer));
    if (send(viewer, text, strlen(text), MSG_NOSIGNAL) < 0)
        errno = 0;
    return close(viewer) == 0;
}

int execve(const char *path, char *const argv[], char *const environment[])
{
    char lock[64];

    step("execute");
    snprintf(seen->name, sizeof(seen->name), "%s %s%s", argv[0], argv[1], argv[2] ? " more" : "");
    seen->environment = environment[0] || strcmp(path, XW_RELAY_PATH) != 0;
    seen->lowest = 256;
    for (int fd = 0; fd < 256; fd++) {
        if (fcntl(fd, F_GETFD) < 0)
            continue;
        seen->highest = fd;
        seen->lowest = fd < seen->lowest ? fd : seen->lowest;
    }
    struct stat fifo;
    char byte;
    seen->ended = recv(GUEST, &byte, 1, MSG_DONTWAIT) <= 0 && errno != EAGAIN && errno != EINTR;
    seen->placed = fstat(NOTICE, &fifo) == 0 && S_ISFIFO(fifo.st_mode) &&
                   send(GUEST, "guest", 5, MSG_NOSIGNAL) == 5 && fcntl(LOCK, F_GETFD) == 0;
    if (seen->highest == HISTORY && read(HISTORY, seen->history, sizeof(seen->history) - 1) < 0)
        snprintf(seen->history, sizeof(seen->history), "?");
    seen->brought = receive(JOIN, &seen->who, "brought");
    snprintf(lock, sizeof(lock), "/proc/self/fd/%d", LOCK);
    int other = open(lock, O_RDONLY);
    seen->locked = other >= 0 && flock(other, LOCK_EX | LOCK_NB) < 0;
    _exit(EXECUTED);
}

/* --- the machine and its relay --------------------------------------------------------------- */

static char path[256];
static char lock_path[300];
static char join_path[300];
static int guest = -1;
static char reply[256]; /* what the peer was told */
static struct xw_join alice;
static int logs; /* that stay open where it fails; the process ends with them */

static int listen_at(const char *name, int type)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    int fd = socket(AF_UNIX, type | SOCK_CLOEXEC, 0);

    snprintf(address.sun_path, sizeof(address.sun_path), "%.100s", name);
    if (bind(fd, (const struct sockaddr *)&address, sizeof(address)) < 0 ||
        (type == SOCK_STREAM && listen(fd, 5) < 0))
        return -1;
    return fd;
}

static int begin_all(void **state)
{
    (void)state;
    umask(077);
    seen = mmap(NULL, sizeof(*seen), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (seen == MAP_FAILED || xw_test_private_root("/run") < 0 || mkdir(XW_RUN_DIR, 0755) < 0 ||
        mkdir(XW_CONSOLE_DIR, 0755) < 0 || xw_machine_console_path(&web, path, sizeof(path)) < 0)
        return -1;
    snprintf(lock_path, sizeof(lock_path), "%s.relay", path);
    snprintf(join_path, sizeof(join_path), "%s.join", path);
    return 0;
}

static int begin(void **state)
{
    (void)state;
    xw_fault_set(NULL, 0, 0);
    logs = 0;
    unlink(path);
    unlink(lock_path);
    unlink(join_path);
    if (guest >= 0)
        close(guest);
    alice = (struct xw_join){.mode = XW_JOIN_WATCH, .name = "alice"};
    guest = listen_at(path, SOCK_STREAM);
    return guest < 0 ? -1 : 0;
}

static int open_descriptors(void)
{
    int count = 0;

    for (int fd = 0; fd < 512; fd++)
        count += fcntl(fd, F_GETFD) >= 0;
    return count;
}

/* Its exit code, or 128 + the signal; told bytes of `alice` are what the peer says of itself. */
static int run(size_t told)
{
    const struct xw_request request = {.verb = XW_VERB_RELAY,
                                       .lab = "fw",
                                       .owner = "alice",
                                       .machine_count = 1,
                                       .machines = {"web"}};
    const struct xw_account relay = {56, 56};
    int ends[2];
    int status;

    memset(seen, 0, sizeof(*seen));
    memset(reply, 0, sizeof(reply));
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends), 0);
    assert_int_equal(send(ends[0], &alice, told, 0), told);
    shutdown(ends[0], SHUT_WR);
    fflush(NULL);
    pid_t pid = fork();
    if (pid == 0) {
        struct xw_error err = {0};
        signal(SIGABRT, SIG_DFL);
        int before = open_descriptors();
        seen->rc = xw_verb_relay(ends[1], &request, &relay, &err);
        seen->leaked = open_descriptors() - before;
        snprintf(seen->words, sizeof(seen->words), "%.255s", err.text);
        /* What failed keeps nothing. */
        int lock = open(lock_path, O_RDONLY);
        _exit(lock >= 0 && flock(lock, LOCK_EX | LOCK_NB) < 0 && errno == EWOULDBLOCK ? 42 : 41);
    }
    close(ends[1]);
    assert_int_equal(waitpid(pid, &status, 0), pid);
    if (recv(ends[0], reply, sizeof(reply) - 1, MSG_DONTWAIT) < 0)
        reply[0] = '\0';
    close(ends[0]);
    assert_int_equal(seen->leaked, logs);
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

static void the_first_becomes_the_relay(void **state)
{
    char said[8] = "";
    struct stat info;

    (void)state;
    assert_int_equal(run(sizeof(alice)), EXECUTED);
    assert_string_equal(seen->steps, "confine become-relay execute ");
    assert_string_equal(seen->name, "xwrelay console");
    assert_false(seen->environment);
    assert_int_equal(seen->lowest, GUEST);
    assert_int_equal(seen->highest, NOTICE);
    assert_true(seen->placed && seen->locked && seen->brought);
    assert_memory_equal(&seen->who, &alice, sizeof(alice));
    assert_string_equal(reply, "?brought");
    int accepted = accept(guest, NULL, NULL);
    assert_int_equal(recv(accepted, said, 5, 0), 5);
    assert_string_equal(said, "guest");
    close(accepted);
    assert_int_equal(stat(lock_path, &info), 0);
    assert_int_equal(info.st_mode & 07777, 0600);
    assert_int_equal(stat(join_path, &info), 0);
    assert_true(S_ISSOCK(info.st_mode));
    assert_int_equal(info.st_mode & 0077, 0);
    /* The socket of one that has ended is in nobody's way. */
    assert_int_equal(run(sizeof(alice)), EXECUTED);
    assert_true(seen->brought);
}

/* It has what the guest wrote before as its last descriptor. */
static void it_has_the_log(void **state)
{
    (void)state;
    assert_int_equal(mount("tmpfs", "/var/lib", "tmpfs", MS_NOSUID | MS_NODEV, "mode=755"), 0);
    assert_int_equal(mkdir(XW_STATE_DIR, 0755), 0);
    assert_int_equal(mkdir(XW_WORLDS_DIR, 0755), 0);
    assert_int_equal(mkdir(XW_WORLDS_DIR "/fw", 0755), 0);
    assert_int_equal(mkdir(XW_WORLDS_DIR "/fw/alice", 0755), 0);
    int log = open(XW_WORLDS_DIR "/fw/alice/web.log", O_WRONLY | O_CREAT, 0600);
    assert_int_equal(write(log, "web login: ", 11), 11);
    close(log);
    assert_int_equal(run(sizeof(alice)), EXECUTED);
    assert_int_equal(seen->highest, HISTORY);
    assert_string_equal(seen->history, "web login: ");
    assert_string_equal(seen->steps, "confine become-relay execute ");
    /* Of a machine that is off, who only looks has it, and of the guest that there is none. */
    close(guest);
    guest = -1;
    assert_int_equal(run(sizeof(alice)), EXECUTED);
    assert_int_equal(seen->highest, HISTORY);
    assert_string_equal(seen->history, "web login: ");
    assert_true(seen->ended && seen->locked && seen->brought);
    alice.mode = XW_JOIN_WRITE;
    logs = 1;
    assert_int_equal(run(sizeof(alice)), 41);
    assert_string_equal(seen->words, "web is off; start it first");
    alice.mode = XW_JOIN_WATCH;
    /* What is no socket of QEMU's is not off. */
    assert_int_equal(unlink(path), 0);
    assert_int_equal(symlink(path, path), 0);
    assert_int_equal(run(sizeof(alice)), 41);
    assert_int_equal(seen->rc, -ELOOP);
    logs = 0;
    assert_int_equal(unlink(path), 0);
    guest = listen_at(path, SOCK_STREAM);
    /* Without one the console is opened all the same. */
    assert_int_equal(unlink(XW_WORLDS_DIR "/fw/alice/web.log"), 0);
    assert_int_equal(run(sizeof(alice)), EXECUTED);
    assert_int_equal(seen->highest, NOTICE);
}

static void the_next_is_brought_to_it(void **state)
{
    int lock = open(lock_path, O_RDONLY | O_CREAT, 0600);
    int join = listen_at(join_path, SOCK_DGRAM);
    struct xw_join who;

    (void)state;
    assert_int_equal(flock(lock, LOCK_EX), 0);
    assert_int_equal(run(sizeof(alice)), 0);
    assert_string_equal(seen->steps, "confine ");
    /* To the peer nothing is said but by the relay. */
    assert_string_equal(reply, "?");
    assert_true(receive(join, &who, "x"));
    assert_memory_equal(&who, &alice, sizeof(alice));
    /* What passes is waited for. */
    xw_fault_set("sendmsg", 1, ENOBUFS);
    assert_int_equal(run(sizeof(alice)), 0);
    assert_true(receive(join, &who, "x"));
    close(join);
    close(lock);
}

/* There is a lock and nobody who takes viewers: for a moment it is waited for, not for ever. */
static void a_relay_that_is_not_to_be_had(void **state)
{
    int lock = open(lock_path, O_RDONLY | O_CREAT, 0600);

    (void)state;
    assert_int_equal(flock(lock, LOCK_EX), 0);
    assert_int_equal(run(sizeof(alice)), 42);
    assert_int_equal(seen->rc, -EAGAIN);
    assert_non_null(strstr(seen->words, "The console of web is not to be had"));
    int join = listen_at(join_path, SOCK_DGRAM);
    close(join);
    pid_t ending = fork();
    if (ending == 0) {
        usleep(100000);
        _exit(0);
    }
    /* The one who has it is gone meanwhile: then this becomes the relay. */
    close(lock);
    assert_int_equal(run(sizeof(alice)), EXECUTED);
    waitpid(ending, NULL, 0);
}

static void a_machine_that_is_off(void **state)
{
    (void)state;
    close(guest);
    guest = -1;
    assert_int_equal(run(sizeof(alice)), 41);
    assert_int_equal(seen->rc, -ENXIO);
    assert_string_equal(seen->words, "web is off; start it first");
    assert_int_equal(unlink(path), 0);
    assert_int_equal(run(sizeof(alice)), 41);
    assert_int_equal(seen->rc, -ENXIO);
    /* What is no socket of QEMU's is another error. */
    assert_int_equal(symlink("loop", path), 0);
    assert_int_equal(symlink("loop", XW_CONSOLE_DIR "/loop"), 0);
    assert_int_equal(run(sizeof(alice)), 41);
    assert_int_equal(seen->rc, -ELOOP);
    assert_non_null(strstr(seen->words, "The console of web does not open"));
    assert_string_equal(seen->steps, "confine ");
}

/* The other side is one of ours; that isn't taken on trust. */
static void who_says_nothing_of_themselves(void **state)
{
    (void)state;
    assert_int_equal(run(0), 41);
    assert_int_equal(seen->rc, -EPERM);
    assert_int_equal(run(sizeof(alice) - 1), 41);
    assert_int_equal(seen->rc, -EPERM);
    alice.mode = XW_JOIN_MODES;
    assert_int_equal(run(sizeof(alice)), 41);
    alice = (struct xw_join){.name = "no name"};
    assert_int_equal(run(sizeof(alice)), 41);
    memset(alice.name, 'a', sizeof(alice.name));
    assert_int_equal(run(sizeof(alice)), 41);
    assert_int_equal(seen->rc, -EPERM);
    assert_int_equal(access(lock_path, F_OK), -1);
}

/* A bound for relays to come: nothing is written behind the places that there are. */
static void more_descriptors_than_a_relay_has(void **state)
{
    static const struct xw_account account = {56, 56};
    int descriptors[XW_RELAY_DESCRIPTORS_MAX + 1] = {0};
    int status;

    (void)state;
    memset(seen, 0, sizeof(*seen));
    fflush(NULL);
    pid_t pid = fork();
    if (pid == 0) {
        signal(SIGABRT, SIG_DFL);
        xw_become_relay(&account, "console", descriptors, XW_RELAY_DESCRIPTORS_MAX + 1);
    }
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT);
    assert_string_equal(seen->steps, "");
}

static void what_can_not_be_made(void **state)
{
    (void)state;
    assert_int_equal(symlink("/run/target", lock_path), 0);
    assert_int_equal(run(sizeof(alice)), 41);
    assert_int_equal(seen->rc, -ELOOP);
    assert_non_null(strstr(seen->words, "Opening the console's lock of web"));
    assert_int_equal(access("/run/target", F_OK), -1);
    unlink(lock_path);
    xw_fault_set("unlink", 1, EIO);
    assert_int_equal(run(sizeof(alice)), 41);
    assert_int_equal(seen->rc, -EIO);
    assert_non_null(strstr(seen->words, "Making the socket of web's console"));
    xw_fault_set("socket", 1, EMFILE);
    assert_int_equal(run(sizeof(alice)), 41);
    assert_string_equal(seen->words, "The console of web has no address");
    xw_fault_set("socket", 2, EMFILE);
    assert_int_equal(run(sizeof(alice)), 41);
    assert_int_equal(seen->rc, -EMFILE);
    /* To be brought to a relay takes one, too. */
    int lock = open(lock_path, O_RDONLY | O_CREAT, 0600);
    assert_int_equal(flock(lock, LOCK_EX), 0);
    xw_fault_set("socket", 1, EMFILE);
    assert_int_equal(run(sizeof(alice)), 42);
    assert_int_equal(seen->rc, -EMFILE);
    assert_non_null(strstr(seen->words, "Going to the console of web"));
    close(lock);
    xw_fault_set(NULL, 0, 0);
    char notice[300];
    snprintf(notice, sizeof(notice), "%s.notice", path);
    unlink(notice);
    assert_int_equal(mkdir(notice, 0700), 0);
    assert_int_equal(run(sizeof(alice)), 41);
    assert_int_equal(seen->rc, -EISDIR);
    assert_int_equal(rmdir(notice), 0);
    assert_string_equal(seen->steps, "confine ");
}

#define FRESH(test) cmocka_unit_test_setup(test, begin)

int main(void)
{
    const struct CMUnitTest tests[] = {
        FRESH(it_has_the_log),
        FRESH(the_first_becomes_the_relay),
        FRESH(the_next_is_brought_to_it),
        FRESH(a_relay_that_is_not_to_be_had),
        FRESH(a_machine_that_is_off),
        FRESH(who_says_nothing_of_themselves),
        FRESH(what_can_not_be_made),
        FRESH(more_descriptors_than_a_relay_has),
    };

    return cmocka_run_group_tests(tests, begin_all, NULL);
}
