/* links: xwhelper/keeper/console.c xwhelper/keeper/machine.c xwhelper/keeper/notice.c common/error.c */
/*
 * console: one viewer at a time, the six descriptors where the relay expects them, nothing else
 * open, and privilege gone before the relay is executed.
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
#include <sys/timerfd.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/paths.h"
#include "tests/unit/faults.h"
#include "tests/unit/private_root.h"
#include "xwhelper/keeper/confine.h"
#include "xwhelper/keeper/machine.h"
#include "xwhelper/keeper/notice.h"
#include "xwhelper/keeper/verbs.h"

enum { EXECUTED = 40, LOCK = 6, TIMER = 7, NOTICE = 8 };

static const struct xw_machine web = {"fw", "alice", "web"};

static struct seen {
    char steps[128];
    char words[256]; /* of the error */
    int rc;
    int highest;   /* descriptor above the six */
    int lowest;    /* below them */
    int left;      /* more descriptors than before */
    bool placed;   /* each is what it should be */
    bool locked;   /* another one can't have the lock */
    char who[64];  /* in the lock's file */
    char path[64]; /* what is executed */
    char name[16];
    bool environment;
    unsigned int alarm;
    char timer[512]; /* as the kernel describes it */
    bool time_is_up;
    bool fifo; /* what is written into the FIFO by its name comes, and nothing is awaited there */
} * seen;

static int guest_inode_of(int fd)
{
    struct stat info;

    return fstat(fd, &info) < 0 ? -1 : (int)info.st_ino;
}

static ino_t viewer_inode, peer_inode;

static int count_descriptors(void)
{
    int count = 0;

    for (int fd = 0; fd < 256; fd++)
        count += fcntl(fd, F_GETFD, 0L) >= 0;
    return count;
}

static void step(const char *name)
{
    strcat(seen->steps, name);
    strcat(seen->steps, " ");
}

void xw_confine_console(void)
{
    step("confine");
}

void xw_become(const struct xw_account *account)
{
    step(account->uid == 56 ? "become-relay" : "become-somebody");
}

uint64_t xw_journal_clock(void)
{
    return 500;
}

void xw_journal_write(struct xw_journal *journal, const struct xw_entry *entry)
{
    (void)journal;
    if (entry->phase != XW_PHASE_OPEN || entry->uid != 1001 || entry->peer_pid != 99 ||
        entry->pid != getpid() || entry->usec != 400 || !entry->note)
        abort();
    step("journal");
}

const struct xw_plan_machine *xw_plan_machine(const struct xw_plan *plan, const char *name)
{
    return strcmp(plan->machines[0].name, name) == 0 ? &plan->machines[0] : NULL;
}

XW_FAULTY(dup2, (int from, int to), from, to);
XW_FAULTY(close_range, (unsigned int first, unsigned int last, int flags), first, last, flags);
XW_FAULTY(timerfd_create, (int clock, int flags), clock, flags);
XW_FAULTY(timerfd_settime,
          (int fd, int flags, const struct itimerspec *at, struct itimerspec *before), fd, flags,
          at, before);
XW_FAULTY(ftruncate, (int fd, off_t length), fd, length);
XW_FAULTY(socket, (int family, int type, int protocol), family, type, protocol);

int open(const char *name, int flags, ...)
{
    va_list args;
    int (*libc)(const char *, int, ...) = NULL;

    va_start(args, flags);
    int mode = flags & O_CREAT ? va_arg(args, int) : 0;
    va_end(args);
    *(void **)&libc = dlsym(RTLD_NEXT, "open");
    return xw_fault_strikes("open") ? -1 : libc(name, flags, mode);
}

int fcntl(int fd, int command, ...)
{
    va_list args;
    int (*libc)(int, int, ...) = NULL;

    va_start(args, command);
    long value = va_arg(args, long);
    va_end(args);
    *(void **)&libc = dlsym(RTLD_NEXT, "fcntl");
    return command == F_DUPFD && xw_fault_strikes("fcntl") ? -1 : libc(fd, command, value);
}

ssize_t write(int fd, const void *bytes, size_t length)
{
    ssize_t (*libc)(int, const void *, size_t) = NULL;

    *(void **)&libc = dlsym(RTLD_NEXT, "write");
    return xw_fault_strikes("write") ? -1 : libc(fd, bytes, length);
}

int execve(const char *path, char *const argv[], char *const environment[])
{
    int other;

    step("execute");
    snprintf(seen->path, sizeof(seen->path), "%s", path);
    snprintf(seen->name, sizeof(seen->name), "%s%s", argv[0], argv[1] ? " more" : "");
    seen->environment = environment[0] != NULL;
    seen->alarm = alarm(0);
    seen->lowest = 256;
    for (int fd = 0; fd < 256; fd++) {
        if (fcntl(fd, F_GETFD, 0L) < 0)
            continue;
        seen->highest = fd;
        seen->lowest = fd < seen->lowest ? fd : seen->lowest;
    }
    seen->placed = (ino_t)guest_inode_of(4) == viewer_inode &&
                   (ino_t)guest_inode_of(5) == peer_inode && send(3, "guest", 5, 0) == 5;
    for (int fd = 3; fd <= NOTICE; fd++)
        seen->placed = seen->placed && fcntl(fd, F_GETFD, 0L) == 0;
    struct pollfd timer = {.fd = TIMER, .events = POLLIN};
    seen->time_is_up = poll(&timer, 1, 0) == 1;
    int info = open("/proc/self/fdinfo/7", O_RDONLY);
    if (read(info, seen->timer, sizeof(seen->timer) - 1) < 0)
        seen->timer[0] = '\0';
    char byte = 0;
    seen->fifo = read(NOTICE, &byte, 1) < 0 && errno == EAGAIN && xw_notice_send(&web, 7) == 0 &&
                 read(NOTICE, &byte, 1) == 1 && byte == 7;
    char lock[96];
    snprintf(lock, sizeof(lock), "/proc/self/fd/%d", LOCK);
    other = open(lock, O_RDONLY);
    seen->locked = other >= 0 && flock(other, LOCK_EX | LOCK_NB) < 0;
    if (pread(other, seen->who, sizeof(seen->who) - 1, 0) < 0)
        seen->who[0] = '?';
    _exit(EXECUTED);
}

/* --- a console ------------------------------------------------------------------------------- */

static char path[256];
static char lock_path[300];
static int guest = -1;
static time_t until;

static int begin_all(void **state)
{
    (void)state;
    seen = mmap(NULL, sizeof(*seen), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (seen == MAP_FAILED || xw_test_private_root("/run") < 0 || mkdir(XW_RUN_DIR, 0755) < 0 ||
        mkdir(XW_CONSOLE_DIR, 0755) < 0 || xw_machine_console_path(&web, path, sizeof(path)) < 0)
        return -1;
    snprintf(lock_path, sizeof(lock_path), "%s.viewer", path);
    return 0;
}

static int begin(void **state)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};

    (void)state;
    xw_fault_set(NULL, 0, 0);
    until = 0;
    unlink(path);
    unlink(lock_path);
    if (guest >= 0)
        close(guest);
    snprintf(address.sun_path, sizeof(address.sun_path), "%.100s", path);
    guest = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    return bind(guest, (const struct sockaddr *)&address, sizeof(address)) < 0 ||
                   listen(guest, 5) < 0
               ? -1
               : 0;
}

/* Its exit code, or 128 + the signal: EXECUTED where it became the relay. */
static int run(const char *machine, const char *owner_name)
{
    int status;

    memset(seen, 0, sizeof(*seen));
    fflush(NULL);
    pid_t pid = fork();
    if (pid == 0) {
        static struct xw_plan plan = {
            .lab = "fw", .machine_count = 1, .machines = {{.name = "web"}}};
        struct xw_request request = {.machine_count = 1};
        struct xw_owner owner = {.uid = 1001};
        static struct xw_journal journal;
        static struct xw_note note;
        const struct xw_opening opening = {&journal, 1001, 99, &note, 100};
        const struct xw_account relay = {56, 56};
        struct xw_error err = {0};
        int ends[2];
        struct stat info;
        signal(SIGABRT, SIG_DFL);
        snprintf(request.machines[0], XW_NAME_SIZE, "%s", machine);
        snprintf(owner.name, XW_NAME_SIZE, "%s", owner_name);
        if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) < 0)
            _exit(41);
        fstat(ends[0], &info);
        viewer_inode = (ino_t)(int)info.st_ino;
        fstat(ends[1], &info);
        peer_inode = (ino_t)(int)info.st_ino;
        const struct xw_job job = {ends[1],  ends[0], &request,   &owner, &plan,
                                   &opening, &relay,  owner.name, until,  NULL};
        alarm(1000);
        int before = count_descriptors();
        seen->rc = xw_verb_console(&job, &err);
        seen->left = count_descriptors() - before;
        snprintf(seen->words, sizeof(seen->words), "%.255s", err.text);
        /* What failed keeps nothing. */
        int lock = open(lock_path, O_RDONLY);
        _exit(lock >= 0 && flock(lock, LOCK_EX | LOCK_NB) < 0 ? 42 : 0);
    }
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_int_equal(seen->left, 0);
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

static void it_becomes_the_relay(void **state)
{
    char said[8] = "";

    (void)state;
    assert_int_equal(run("web", "alice"), EXECUTED);
    assert_string_equal(seen->steps, "confine journal become-relay execute ");
    assert_string_equal(seen->path, XW_RELAY_PATH);
    assert_string_equal(seen->name, "xwrelay");
    assert_false(seen->environment);
    assert_int_equal(seen->alarm, 0);
    assert_int_equal(seen->highest, NOTICE);
    assert_true(seen->fifo);
    assert_int_equal(seen->lowest, 3);
    assert_true(seen->placed);
    assert_true(seen->locked);
    assert_string_equal(seen->who, "alice");
    int accepted = accept(guest, NULL, NULL);
    assert_int_equal(recv(accepted, said, 5, 0), 5);
    assert_string_equal(said, "guest");
    close(accepted);
    struct stat info;
    assert_int_equal(stat(lock_path, &info), 0);
    assert_int_equal(info.st_mode & 07777, 0600);
    /* The next one's name takes the place of a longer one. */
    int fd = open(lock_path, O_WRONLY);
    assert_int_equal(pwrite(fd, "somebody-with-a-long-name", 25, 0), 25);
    close(fd);
    assert_int_equal(run("web", "alice"), EXECUTED);
    assert_string_equal(seen->who, "alice");
}

/* By the clock of the wall, and absolute: a clock that is set moves the end with it. */
static void it_ends_when_the_lab_does(void **state)
{
    static const struct {
        time_t until;
        bool up;
        bool armed;
    } cases[] = {{0, false, false}, {1, true, false}, {XW_TIME_MAX, false, true}};

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        until = cases[i].until;
        assert_int_equal(run("web", "alice"), EXECUTED);
        assert_int_equal(seen->time_is_up, cases[i].up);
        assert_non_null(strstr(seen->timer, "clockid: 0\n"));
        assert_non_null(strstr(seen->timer, "settime flags: 01\n"));
        assert_int_equal(strstr(seen->timer, "it_value: (0, 0)") == NULL, cases[i].armed);
    }
    static const char *const calls[] = {"timerfd_create", "timerfd_settime"};
    for (size_t i = 0; i < sizeof(calls) / sizeof(calls[0]); i++) {
        xw_fault_set(calls[i], 1, EMFILE);
        assert_int_equal(run("web", "alice"), 0);
        assert_int_equal(seen->rc, -EMFILE);
        assert_non_null(strstr(seen->words, "The console of web can't be given its time"));
        assert_string_equal(seen->steps, "confine ");
    }
}

/* The FIFO is root's alone, is made once, and tells whether a console is open. */
static void it_can_be_told(void **state)
{
    struct xw_notice_state look;
    char name[300];
    struct stat info;

    (void)state;
    snprintf(name, sizeof(name), "%s.notice", path);
    unlink(name);
    assert_int_equal(xw_notice_send(&web, 7), -ENXIO);
    assert_int_equal(xw_notice_look(&web, &look), 0);
    assert_false(look.open);
    assert_int_equal(look.when, 0);
    for (int i = 0; i < 2; i++) {
        assert_int_equal(run("web", "alice"), EXECUTED);
        assert_true(seen->fifo);
    }
    assert_int_equal(stat(name, &info), 0);
    assert_int_equal(info.st_mode, S_IFIFO | 0600);
    /* It has ended. */
    assert_int_equal(xw_notice_send(&web, 7), -ENXIO);
    assert_int_equal(xw_notice_look(&web, &look), 0);
    assert_false(look.open);
    const uint64_t when = look.when;
    int fd = open(name, O_RDWR);
    assert_int_equal(xw_notice_look(&web, &look), 0);
    assert_true(look.open);
    assert_int_equal(look.when, when);
    const struct timespec pause = {0, 20000000};
    nanosleep(&pause, NULL);
    assert_int_equal(write(fd, "t", 1), 1);
    assert_int_equal(xw_notice_look(&web, &look), 0);
    assert_true(look.when > when);
    close(fd);
    xw_notice_remove(path);
    assert_int_equal(access(name, F_OK), -1);
    /* A link, or no FIFO at all, is not followed and nothing is written over. */
    assert_int_equal(symlink("/etc/passwd", name), 0);
    assert_int_equal(run("web", "alice"), 0);
    assert_int_equal(seen->rc, -ELOOP);
    assert_non_null(strstr(seen->words, "The notices of the console of web can't be opened"));
    assert_int_equal(xw_notice_send(&web, 7), -ELOOP);
    assert_int_equal(xw_notice_look(&web, &look), -ELOOP);
    unlink(name);
}

static void the_second_is_told_who_is_there(void **state)
{
    int fd = open(lock_path, O_RDWR | O_CREAT, 0600);

    (void)state;
    assert_int_equal(flock(fd, LOCK_EX), 0);
    assert_int_equal(run("web", "alice"), 42);
    assert_int_equal(seen->rc, -EBUSY);
    assert_string_equal(seen->words,
                        "somebody is at the console of web already; leave there first (^])");
    assert_int_equal(pwrite(fd, "bob", 3, 0), 3);
    assert_int_equal(run("web", "alice"), 42);
    assert_string_equal(seen->words,
                        "bob is at the console of web already; leave there first (^])");
    assert_string_equal(seen->steps, "confine ");
    close(fd);
    assert_int_equal(run("web", "alice"), EXECUTED);
}

static void a_machine_that_is_off(void **state)
{
    (void)state;
    close(guest);
    guest = -1;
    assert_int_equal(run("web", "alice"), 0);
    assert_int_equal(seen->rc, -ENXIO);
    assert_string_equal(seen->words, "web is off; start it first");
    assert_int_equal(unlink(path), 0);
    assert_int_equal(run("web", "alice"), 0);
    assert_int_equal(seen->rc, -ENXIO);
    /* What is no socket of QEMU's is another error. */
    assert_int_equal(symlink("loop", path), 0);
    assert_int_equal(symlink("loop", XW_CONSOLE_DIR "/loop"), 0);
    assert_int_equal(run("web", "alice"), 0);
    assert_int_equal(seen->rc, -ELOOP);
    assert_non_null(strstr(seen->words, "The console of web does not open"));
    assert_string_equal(seen->steps, "confine ");
    xw_fault_set("socket", 1, EMFILE);
    assert_int_equal(run("web", "alice"), 0);
    assert_string_equal(seen->words, "The console of web has no address");
}

static void what_is_not_in_the_plan(void **state)
{
    (void)state;
    assert_int_equal(run("router", "alice"), 0);
    assert_int_equal(seen->rc, -EPERM);
    assert_string_equal(seen->words, "not found or not allowed");
    assert_string_equal(seen->steps, "");
}

static void locks_that_are_none(void **state)
{
    (void)state;
    assert_int_equal(symlink("/run/target", lock_path), 0);
    assert_int_equal(run("web", "alice"), 0);
    assert_int_equal(seen->rc, -ELOOP);
    assert_non_null(strstr(seen->words, "Opening the console's lock of web"));
    assert_int_equal(access("/run/target", F_OK), -1);
    unlink(lock_path);
    xw_fault_set("ftruncate", 1, EIO);
    assert_int_equal(run("web", "alice"), 0);
    assert_int_equal(seen->rc, -EIO);
    assert_non_null(strstr(seen->words, "Writing the console's lock of web"));
    xw_fault_set("write", 1, ENOSPC);
    assert_int_equal(run("web", "alice"), 0);
    assert_int_equal(seen->rc, -ENOSPC);
    /* Either of its two descriptors. */
    for (int i = 1; i <= 2; i++) {
        xw_fault_set("open", i, EMFILE);
        assert_int_equal(run("web", "alice"), 0);
        assert_int_equal(seen->rc, -EMFILE);
        assert_non_null(strstr(seen->words, "Opening the console's lock of web"));
    }
}

static void where_a_call_fails_it_ends(void **state)
{
    static const char *const calls[] = {"dup2", "fcntl", "close_range"};

    (void)state;
    for (size_t i = 0; i < sizeof(calls) / sizeof(calls[0]); i++) {
        xw_fault_set(calls[i], 1, EMFILE);
        assert_int_equal(run("web", "alice"), 128 + SIGABRT);
        assert_null(strstr(seen->steps, "become"));
        assert_null(strstr(seen->steps, "execute"));
    }
    xw_fault_set("dup2", 4, EMFILE);
    assert_int_equal(run("web", "alice"), 128 + SIGABRT);
}

#define FRESH(test) cmocka_unit_test_setup(test, begin)

int main(void)
{
    const struct CMUnitTest tests[] = {
        FRESH(it_becomes_the_relay),      FRESH(it_can_be_told),
        FRESH(it_ends_when_the_lab_does), FRESH(the_second_is_told_who_is_there),
        FRESH(a_machine_that_is_off),     FRESH(what_is_not_in_the_plan),
        FRESH(locks_that_are_none),       FRESH(where_a_call_fails_it_ends),
    };

    return cmocka_run_group_tests(tests, begin_all, NULL);
}
