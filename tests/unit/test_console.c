/* links: xwhelper/keeper/console.c xwhelper/keeper/opening.c xwhelper/keeper/become_relay.c common/request.c common/names.c common/error.c */
/*
 * console, watch, take: what is asked of the keeper in the viewer's name, the four descriptors
 * where the viewer's relay expects them, nothing else open, and privilege gone before the relay is
 * executed.
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
#include "xwhelper/keeper/verbs.h"
#include "xwhelper/relay/frame.h"
#include "xwhelper/relay/join.h"

enum { EXECUTED = 40, TIMER = 6 };

static struct seen {
    char steps[128];
    char words[256]; /* of the error */
    int rc;
    int highest;   /* descriptor above the four */
    int lowest;    /* below them */
    int left;      /* more descriptors than before */
    bool placed;   /* each is what it should be */
    char path[64]; /* what is executed */
    char name[16];
    bool environment;
    unsigned int alarm;
    char timer[512]; /* as the kernel describes it */
    bool time_is_up;
    int asked;          /* connections to the keeper */
    char line[128];     /* of the last one */
    struct xw_join who; /* and whom it told of */
} * seen;

static int inode_of(int fd)
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
XW_FAULTY(socket, (int family, int type, int protocol), family, type, protocol);

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

int execve(const char *path, char *const argv[], char *const environment[])
{
    step("execute");
    snprintf(seen->path, sizeof(seen->path), "%s", path);
    snprintf(seen->name, sizeof(seen->name), "%s %s%s", argv[0], argv[1], argv[2] ? " more" : "");
    seen->environment = environment[0] != NULL;
    seen->alarm = alarm(0);
    seen->lowest = 256;
    for (int fd = 0; fd < 256; fd++) {
        if (fcntl(fd, F_GETFD, 0L) < 0)
            continue;
        seen->highest = fd;
        seen->lowest = fd < seen->lowest ? fd : seen->lowest;
    }
    seen->placed = (ino_t)inode_of(4) == viewer_inode && (ino_t)inode_of(5) == peer_inode &&
                   send(3, "keys", 4, 0) == 4;
    for (int fd = 3; fd <= TIMER; fd++)
        seen->placed = seen->placed && fcntl(fd, F_GETFD, 0L) == 0;
    struct pollfd timer = {.fd = TIMER, .events = POLLIN};
    seen->time_is_up = poll(&timer, 1, 0) == 1;
    int info = open("/proc/self/fdinfo/6", O_RDONLY);
    if (read(info, seen->timer, sizeof(seen->timer) - 1) < 0)
        seen->timer[0] = '\0';
    _exit(EXECUTED);
}

/* --- the keeper, as it answers --------------------------------------------------------------- */

/* What it says at each connection: before it is told of the viewer, and after. */
struct answer {
    const char *first;
    const char *then;
};

static const struct answer *answers;
static size_t answer_count;
static int keeper = -1;

static void serve_one(int fd, const struct answer *answer)
{
    char keys[8] = "";

    memset(seen->line, 0, sizeof(seen->line));
    if (recv(fd, seen->line, sizeof(seen->line) - 1, 0) < 0 ||
        send(fd, answer->first, strlen(answer->first), MSG_NOSIGNAL) < 0)
        _exit(1);
    seen->asked++;
    if (strcmp(answer->first, "?") != 0) {
        /* Who was not asked for the viewer says nothing of one. */
        if (shutdown(fd, SHUT_WR) < 0 || recv(fd, keys, 1, 0) > 0)
            step("unasked");
        return;
    }
    if (recv(fd, &seen->who, sizeof(seen->who), MSG_WAITALL) != sizeof(seen->who) ||
        send(fd, answer->then, strlen(answer->then), MSG_NOSIGNAL) < 0)
        _exit(1);
    if (strcmp(answer->then, "+") == 0 && recv(fd, keys, 4, MSG_WAITALL) == 4)
        step(keys);
}

static pid_t serve(void)
{
    fflush(NULL);
    pid_t pid = fork();
    if (pid != 0)
        return pid;
    for (size_t i = 0; i < answer_count; i++) {
        int fd = accept(keeper, NULL, NULL);
        serve_one(fd, &answers[i]);
        close(fd);
    }
    _exit(0);
}

/* --- a console ------------------------------------------------------------------------------- */

static time_t until;
static enum xw_verb asked_verb;

static int begin_all(void **state)
{
    const struct sockaddr_un address = {.sun_family = AF_UNIX, .sun_path = XW_KEEPER_SOCKET};

    (void)state;
    seen = mmap(NULL, sizeof(*seen), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (seen == MAP_FAILED || xw_test_private_root("/run") < 0 || mkdir(XW_RUN_DIR, 0755) < 0)
        return -1;
    keeper = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    return bind(keeper, (const struct sockaddr *)&address, sizeof(address)) < 0 ||
                   listen(keeper, 200) < 0
               ? -1
               : 0;
}

static int begin(void **state)
{
    static const struct answer good[] = {{"?", "+"}};

    (void)state;
    xw_fault_set(NULL, 0, 0);
    until = 0;
    asked_verb = XW_VERB_CONSOLE;
    answers = good;
    answer_count = 1;
    return 0;
}

static void ask_console(const char *machine)
{
    static struct xw_plan plan = {.lab = "fw", .machine_count = 1, .machines = {{.name = "web"}}};
    struct xw_request request = {
        .verb = asked_verb, .lab = "fw", .machine_count = 1, .id = "0123456789abcdef"};
    const struct xw_owner owner = {.uid = 1001, .name = "alice"};
    static struct xw_journal journal;
    static struct xw_note note;
    const struct xw_opening opening = {&journal, 1001, 99, &note, 100};
    const struct xw_account relay = {56, 56};
    struct xw_error err = {0};
    int ends[2];

    signal(SIGABRT, SIG_DFL);
    snprintf(request.machines[0], XW_NAME_SIZE, "%s", machine);
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) < 0)
        _exit(41);
    viewer_inode = (ino_t)inode_of(ends[0]);
    peer_inode = (ino_t)inode_of(ends[1]);
    const struct xw_job job = {.peer = ends[1],
                               .viewer = ends[0],
                               .request = &request,
                               .owner = &owner,
                               .plan = &plan,
                               .opening = &opening,
                               .relay = &relay,
                               .until = until,
                               .viewer_name = "carol"};
    alarm(1000);
    int before = count_descriptors();
    seen->rc = xw_verb_console(&job, &err);
    seen->left = count_descriptors() - before;
    snprintf(seen->words, sizeof(seen->words), "%.255s", err.text);
    _exit(0);
}

/* Its exit code, or 128 + the signal: EXECUTED where it became the relay. */
static int run(const char *machine)
{
    int status;

    memset(seen, 0, sizeof(*seen));
    pid_t server = serve();
    pid_t pid = fork();
    if (pid == 0)
        ask_console(machine);
    assert_int_equal(waitpid(pid, &status, 0), pid);
    kill(server, SIGKILL);
    waitpid(server, NULL, 0);
    assert_int_equal(seen->left, 0);
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

static void it_becomes_the_relay(void **state)
{
    (void)state;
    assert_int_equal(run("web"), EXECUTED);
    assert_int_equal(strncmp(seen->steps, "confine journal become-relay execute ", 37), 0);
    assert_string_equal(seen->path, XW_RELAY_PATH);
    assert_string_equal(seen->name, "xwrelay viewer");
    assert_false(seen->environment);
    assert_int_equal(seen->alarm, 0);
    assert_int_equal(seen->highest, TIMER);
    assert_int_equal(seen->lowest, 3);
    assert_true(seen->placed);
    assert_string_equal(seen->line, "1 relay fw alice web - 0123456789abcdef\n");
}

/* The name is that of who asks, not of whose world it is. */
static void the_relay_is_told_who_and_how(void **state)
{
    static const struct {
        enum xw_verb verb;
        enum xw_join_mode mode;
    } cases[] = {{XW_VERB_CONSOLE, XW_JOIN_WRITE},
                 {XW_VERB_WATCH, XW_JOIN_WATCH},
                 {XW_VERB_TAKE, XW_JOIN_TAKE}};
    static const struct xw_join carol = {.name = "carol"};

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        asked_verb = cases[i].verb;
        assert_int_equal(run("web"), EXECUTED);
        assert_int_equal(seen->who.mode, cases[i].mode);
        assert_memory_equal(seen->who.name, carol.name, sizeof(carol.name));
    }
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
        assert_int_equal(run("web"), EXECUTED);
        assert_int_equal(seen->time_is_up, cases[i].up);
        assert_non_null(strstr(seen->timer, "clockid: 0\n"));
        assert_non_null(strstr(seen->timer, "settime flags: 01\n"));
        assert_int_equal(strstr(seen->timer, "it_value: (0, 0)") == NULL, cases[i].armed);
    }
    static const char *const calls[] = {"timerfd_create", "timerfd_settime"};
    for (size_t i = 0; i < sizeof(calls) / sizeof(calls[0]); i++) {
        xw_fault_set(calls[i], 1, EMFILE);
        assert_int_equal(run("web"), 0);
        assert_int_equal(seen->rc, -EMFILE);
        assert_non_null(strstr(seen->words, "The console of web can't be given its time"));
        assert_string_equal(seen->steps, "confine ");
    }
}

/* A relay that ended while it was asked: again, until there is one. */
static void a_relay_that_ends_is_asked_again(void **state)
{
    static const struct answer late[] = {{"", ""}, {"?", ""}, {"?", "+"}};

    (void)state;
    answers = late;
    answer_count = 3;
    assert_int_equal(run("web"), EXECUTED);
    assert_int_equal(seen->asked, 3);
    /* Not for ever. */
    static struct answer never[200];
    for (size_t i = 0; i < 200; i++)
        never[i] = (struct answer){"?", ""};
    answers = never;
    answer_count = 200;
    assert_int_equal(run("web"), 0);
    assert_int_equal(seen->rc, -EAGAIN);
    assert_int_equal(seen->asked, 100);
    assert_non_null(strstr(seen->words, "The console of web is not to be had"));
    assert_string_equal(seen->steps, "confine ");
}

static void what_fails_is_passed_on(void **state)
{
    static const struct {
        struct answer answer;
        int rc;
        const char *words;
    } cases[] = {
        {{"error web is off; start it first\nend 1\n", ""}, -EIO, "web is off; start it first"},
        {{"?", "error web is off; start it first\nend 1\n"}, -EIO, "web is off; start it first"},
        {{"error too many requests at once\nend 75\n", ""}, -EAGAIN, "too many requests at once"},
        {{"?", "error full\nend 75\n"}, -EAGAIN, "full"},
        {{"wrong broken\nend 1\n", ""}, -EAGAIN, "The console broke off; try again in a moment"},
        {{"error broken", ""}, -EAGAIN, "The console broke off; try again in a moment"},
        {{"?", "x"}, -EAGAIN, "The console broke off; try again in a moment"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        answers = &cases[i].answer;
        assert_int_equal(run("web"), 0);
        assert_int_equal(seen->rc, cases[i].rc);
        assert_string_equal(seen->words, cases[i].words);
        assert_int_equal(seen->asked, 1);
        assert_string_equal(seen->steps, "confine ");
    }
}

static void a_keeper_that_is_not_there(void **state)
{
    (void)state;
    xw_fault_set("socket", 1, EMFILE);
    assert_int_equal(run("web"), 0);
    assert_int_equal(seen->rc, -EAGAIN);
    assert_non_null(strstr(seen->words, "The console of web can't be asked for"));
    xw_fault_set(NULL, 0, 0);
    assert_int_equal(rename(XW_KEEPER_SOCKET, XW_KEEPER_SOCKET ".away"), 0);
    assert_int_equal(run("web"), 0);
    assert_int_equal(seen->rc, -EAGAIN);
    assert_string_equal(seen->steps, "confine ");
    assert_int_equal(rename(XW_KEEPER_SOCKET ".away", XW_KEEPER_SOCKET), 0);
}

static void what_is_not_in_the_plan(void **state)
{
    (void)state;
    assert_int_equal(run("router"), 0);
    assert_int_equal(seen->rc, -EPERM);
    assert_string_equal(seen->words, "not found or not allowed");
    assert_string_equal(seen->steps, "");
    assert_int_equal(seen->asked, 0);
}

static void where_a_call_fails_it_ends(void **state)
{
    static const char *const calls[] = {"dup2", "fcntl", "close_range"};

    (void)state;
    for (size_t i = 0; i < sizeof(calls) / sizeof(calls[0]); i++) {
        xw_fault_set(calls[i], 1, EMFILE);
        assert_int_equal(run("web"), 128 + SIGABRT);
        assert_null(strstr(seen->steps, "become"));
        assert_null(strstr(seen->steps, "execute"));
    }
    xw_fault_set("dup2", 4, EMFILE);
    assert_int_equal(run("web"), 128 + SIGABRT);
    xw_fault_set("close_range", 2, EMFILE);
    assert_int_equal(run("web"), 128 + SIGABRT);
}

#define FRESH(test) cmocka_unit_test_setup(test, begin)

int main(void)
{
    const struct CMUnitTest tests[] = {
        FRESH(it_becomes_the_relay),      FRESH(the_relay_is_told_who_and_how),
        FRESH(it_ends_when_the_lab_does), FRESH(a_relay_that_ends_is_asked_again),
        FRESH(what_fails_is_passed_on),   FRESH(a_keeper_that_is_not_there),
        FRESH(what_is_not_in_the_plan),   FRESH(where_a_call_fails_it_ends),
    };

    return cmocka_run_group_tests(tests, begin_all, NULL);
}
