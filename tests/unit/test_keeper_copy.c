/* links: xwhelper/keeper/copy.c xwhelper/keeper/opening.c xwhelper/keeper/become_relay.c xwhelper/keeper/machine.c common/request.c common/names.c common/error.c */
/*
 * copy-to, copy-from: what is refused before anything is opened, one at a time for each machine,
 * and the relay's descriptors and limit, with privilege gone before it is executed.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <fcntl.h>
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
#include "tests/unit/private_root.h"
#include "xwhelper/keeper/become_relay.h"
#include "xwhelper/keeper/machine.h"
#include "xwhelper/keeper/verbs.h"

enum { EXECUTED = 40, CHANNEL = 3, VIEWER = 4, GATE = 5, TIMER = 6, LOCK = 7 };

static const struct xw_machine web = {"fw", "alice", "web"};

static struct seen {
    char steps[128];
    char words[256];
    int rc;
    int leaked;
    bool refused;
    bool placed;
    bool locked; /* nobody else can have the lock */
    char name[40];
} * seen;

static char console[256], channel[256], lock_path[300];
static ino_t viewer_inode, peer_inode;

static void step(const char *name)
{
    strcat(seen->steps, name);
    strcat(seen->steps, " ");
}

void xw_confine_copy(void)
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
    step(entry->phase == XW_PHASE_OPEN && entry->uid == 1001 ? "journal" : "other-entry");
}

const struct xw_plan_machine *xw_plan_machine(const struct xw_plan *plan, const char *name)
{
    return strcmp(plan->machines[0].name, name) == 0 ? &plan->machines[0] : NULL;
}

static ino_t inode_of(int fd)
{
    struct stat info = {0};

    return fstat(fd, &info) == 0 ? info.st_ino : 0;
}

static int count_descriptors(void)
{
    int count = 0;

    for (int fd = 0; fd < 256; fd++)
        count += fcntl(fd, F_GETFD) >= 0;
    return count;
}

int execve(const char *path, char *const argv[], char *const environment[])
{
    struct sockaddr_un peer = {0};
    socklen_t size = sizeof(peer);

    step(strcmp(path, XW_RELAY_PATH) == 0 && !environment[0] ? "execute" : "execute-another");
    snprintf(seen->name, sizeof(seen->name), "%s %s", argv[0], argv[1]);
    int fd = open(lock_path, O_RDONLY);
    seen->locked = fd >= 0 && flock(fd, LOCK_EX | LOCK_NB) < 0;
    if (fd >= 0)
        close(fd);
    seen->placed = getpeername(CHANNEL, (struct sockaddr *)&peer, &size) == 0 &&
                   strcmp(peer.sun_path, channel) == 0 && inode_of(VIEWER) == viewer_inode &&
                   inode_of(GATE) == peer_inode && fcntl(TIMER, F_GETFD) == 0 &&
                   fcntl(LOCK, F_GETFD) == 0 && count_descriptors() == 5;
    _exit(EXECUTED);
}

static int listen_at(const char *name)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

    snprintf(address.sun_path, sizeof(address.sun_path), "%.100s", name);
    return bind(fd, (const struct sockaddr *)&address, sizeof(address)) < 0 || listen(fd, 5) < 0
               ? -1
               : fd;
}

static int begin_all(void **state)
{
    (void)state;
    seen = mmap(NULL, sizeof(*seen), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (seen == MAP_FAILED || xw_test_private_root("/run") < 0 || mkdir(XW_RUN_DIR, 0755) < 0 ||
        mkdir(XW_CONSOLE_DIR, 0755) < 0 ||
        xw_machine_console_path(&web, console, sizeof(console)) < 0 ||
        xw_machine_copy_path(&web, channel, sizeof(channel)) < 0)
        return -1;
    snprintf(lock_path, sizeof(lock_path), "%s.copying", console);
    return 0;
}

/* Its exit code. */
static int run(enum xw_verb verb, const char *machine, unsigned int limit)
{
    static struct xw_plan plan = {.lab = "fw", .machine_count = 1, .machines = {{.name = "web"}}};
    struct xw_request request = {.verb = verb, .lab = "fw", .machine_count = 1};
    const struct xw_owner owner = {.uid = 1001, .name = "alice"};
    static struct xw_journal journal;
    static struct xw_note note;
    const struct xw_opening opening = {&journal, 1001, 99, &note, 100};
    const struct xw_account relay = {56, 56};
    int ends[2];
    int status;

    plan.copy_limit = limit;
    snprintf(request.machines[0], XW_NAME_SIZE, "%s", machine);
    memset(seen, 0, sizeof(*seen));
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends), 0);
    viewer_inode = inode_of(ends[0]);
    peer_inode = inode_of(ends[1]);
    const struct xw_job job = {.peer = ends[1],
                               .viewer = ends[0],
                               .request = &request,
                               .owner = &owner,
                               .plan = &plan,
                               .opening = &opening,
                               .relay = &relay};
    fflush(NULL);
    pid_t pid = fork();
    if (pid == 0) {
        struct xw_error err = {0};
        signal(SIGABRT, SIG_DFL);
        int before = count_descriptors();
        seen->rc = xw_verb_copy(&job, &err);
        seen->leaked = count_descriptors() - before;
        seen->refused = err.refused;
        snprintf(seen->words, sizeof(seen->words), "%.255s", err.text);
        _exit(0);
    }
    close(ends[0]);
    close(ends[1]);
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_int_equal(seen->leaked, 0);
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

static void it_becomes_the_relay(void **state)
{
    int listener = listen_at(channel);

    (void)state;
    assert_true(listener >= 0);
    assert_int_equal(run(XW_VERB_COPY_TO, "web", 64), EXECUTED);
    assert_string_equal(seen->steps, "confine journal become-relay execute ");
    assert_string_equal(seen->name, "xwrelay copy-to=64");
    assert_true(seen->placed);
    assert_true(seen->locked);
    assert_int_equal(run(XW_VERB_COPY_FROM, "web", XW_COPY_LIMIT_MAX), EXECUTED);
    assert_string_equal(seen->name, "xwrelay copy-from=4096");
    close(listener);
    unlink(channel);
}

static void what_is_refused(void **state)
{
    (void)state;
    assert_int_equal(run(XW_VERB_COPY_TO, "mail", 64), 0);
    assert_true(seen->refused);
    assert_int_equal(run(XW_VERB_COPY_TO, "web", 0), 0);
    assert_int_equal(seen->rc, -EDQUOT);
    assert_string_equal(seen->steps, "");
    assert_int_equal(access(lock_path, F_OK), -1);
}

static void one_at_a_time(void **state)
{
    int listener = listen_at(channel);
    int lock = open(lock_path, O_RDONLY | O_CREAT, 0600);

    (void)state;
    assert_int_equal(flock(lock, LOCK_EX), 0);
    assert_int_equal(run(XW_VERB_COPY_FROM, "web", 64), 0);
    assert_int_equal(seen->rc, -EAGAIN);
    assert_non_null(strstr(seen->words, "already"));
    assert_string_equal(seen->steps, "confine ");
    close(lock);
    assert_int_equal(run(XW_VERB_COPY_FROM, "web", 64), EXECUTED);
    /* A lock that leads elsewhere is none. */
    unlink(lock_path);
    assert_int_equal(symlink("/run/elsewhere", lock_path), 0);
    assert_int_equal(run(XW_VERB_COPY_FROM, "web", 64), 0);
    assert_int_equal(seen->rc, -ELOOP);
    assert_int_equal(access("/run/elsewhere", F_OK), -1);
    unlink(lock_path);
    close(listener);
    unlink(channel);
}

/* Off; killed, with its sockets left; or started before it had the channel. */
static void a_machine_without_the_channel(void **state)
{
    (void)state;
    assert_int_equal(run(XW_VERB_COPY_TO, "web", 64), 0);
    assert_int_equal(seen->rc, -ENXIO);
    assert_string_equal(seen->words, "web is off; start it first");
    close(listen_at(channel));
    close(listen_at(console));
    assert_int_equal(run(XW_VERB_COPY_TO, "web", 64), 0);
    assert_string_equal(seen->words, "web is off; start it first");
    unlink(channel);
    assert_int_equal(run(XW_VERB_COPY_TO, "web", 64), 0);
    assert_int_equal(seen->rc, -ENXIO);
    assert_non_null(strstr(seen->words, "stop it and start it again"));
    unlink(console);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_refused),
        cmocka_unit_test(it_becomes_the_relay),
        cmocka_unit_test(one_at_a_time),
        cmocka_unit_test(a_machine_without_the_channel),
    };

    return cmocka_run_group_tests(tests, begin_all, NULL);
}
