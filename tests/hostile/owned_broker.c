/*
 * Class J, J7: what reads an instructor's request, in the keeper. It may no more than what reads a
 * student's; taken over, it has of its broker what its instructor could ask for, and nothing else.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/paths.h"
#include "tests/hostile/parts.h"
#include "tests/hostile/proxy.h"
#include "tests/hostile/talk.h"
#include "xwhelper/keeper/broker.h"

enum { CONNECTIONS = 40, PATIENCE = 10000, STEPS_MAX = 4096, LATER = 2000000000 };

/* --- processes -------------------------------------------------------------------------------- */

static size_t children_of(pid_t pid, pid_t *first)
{
    char path[64];
    size_t count = 0;
    int child;

    snprintf(path, sizeof(path), "/proc/%d/task/%d/children", (int)pid, (int)pid);
    FILE *file = fopen(path, "re");
    while (file && fscanf(file, "%d", &child) == 1) {
        if (count++ == 0)
            *first = child;
    }
    if (file)
        fclose(file);
    return count;
}

/* What proc(5) says of a process: who it is, what it may do, how it is confined. */
static void read_status(pid_t pid, char *text, size_t size)
{
    static const char *const fields[] = {"Uid:", "Gid:", "Groups:", "Cap", "NoNewP", "Seccomp"};
    char path[64];
    char line[256];
    size_t used = 0;

    snprintf(path, sizeof(path), "/proc/%d/status", (int)pid);
    FILE *file = fopen(path, "re");
    while (file && fgets(line, sizeof(line), file)) {
        for (size_t i = 0; i < sizeof(fields) / sizeof(fields[0]); i++) {
            if (strncmp(line, fields[i], strlen(fields[i])) == 0 && used + strlen(line) < size) {
                memcpy(text + used, line, strlen(line));
                used += strlen(line);
            }
        }
    }
    text[used] = '\0';
    if (file)
        fclose(file);
}

/* The listener's filter and its own are in force. */
static bool is_confined(pid_t pid, char *status, size_t size)
{
    read_status(pid, status, size);
    return strstr(status, "Seccomp_filters:\t2\n") != NULL;
}

/* The listener's, then the process's own. */
struct filters {
    int count[2]; /* of instructions, or a negative errno */
    struct sock_filter code[2][STEPS_MAX];
};

/* The kernel's copy of both filters; ptrace(2), PTRACE_SECCOMP_GET_FILTER. */
static void read_filters(pid_t pid, struct filters *filters)
{
    int status;

    memset(filters, 0, sizeof(*filters));
    if (ptrace(PTRACE_SEIZE, pid, NULL, NULL) < 0 ||
        ptrace(PTRACE_INTERRUPT, pid, NULL, NULL) < 0 || waitpid(pid, &status, __WALL) != pid) {
        fail("%d can't be traced: errno %d", (int)pid, errno);
        return;
    }
    for (long i = 0; i < 2; i++) {
        long count = ptrace(PTRACE_SECCOMP_GET_FILTER, pid, (void *)i, NULL);
        filters->count[i] = count < 0 ? -errno : (int)count;
        if (count > 0 && count <= STEPS_MAX &&
            ptrace(PTRACE_SECCOMP_GET_FILTER, pid, (void *)i, filters->code[i]) != count)
            fail("the filter of %d can't be read: errno %d", (int)pid, errno);
    }
    ptrace(PTRACE_DETACH, pid, NULL, NULL);
}

struct reading {
    size_t brokers;
    char request[1024]; /* read_status() of what will read the request */
    char broker[1024];
    struct filters filters;
    struct filters brokers_filters;
};

/* Somebody connects and says nothing: all that is of the request waits, confined. */
static void look_at_reading(const struct drive_user *who, struct reading *reading)
{
    const struct drive_user user = taken_over(who);
    pid_t keeper = keeper_pid();
    pid_t request = 0;
    pid_t broker = 0;
    long until = milliseconds() + PATIENCE;
    int tube[2];

    memset(reading, 0, sizeof(*reading));
    while (children_of(keeper, &request) > 0 && milliseconds() < until)
        usleep(1000);
    if (pipe2(tube, O_CLOEXEC) < 0)
        abort();
    fflush(NULL);
    pid_t client = drive_fork_as(&user);
    if (client == 0) {
        char byte;
        close(tube[1]);
        _exit(connect_keeper() < 0 || read(tube[0], &byte, 1) < 0);
    }
    while (children_of(keeper, &request) == 0 && milliseconds() < until)
        usleep(1000);
    while (!is_confined(request, reading->request, sizeof(reading->request)) &&
           milliseconds() < until)
        usleep(1000);
    reading->brokers = children_of(request, &broker);
    while (broker && !is_confined(broker, reading->broker, sizeof(reading->broker)) &&
           milliseconds() < until)
        usleep(1000);
    read_filters(request, &reading->filters);
    if (broker)
        read_filters(broker, &reading->brokers_filters);
    close(tube[0]), close(tube[1]);
    waitpid(client, NULL, 0);
    while (broker && is_there(broker) && milliseconds() < until)
        usleep(1000);
    if (broker && is_there(broker))
        fail("the broker of a request that ended is still there");
}

static void as_a_students(void)
{
    static struct reading alice, tina;

    look_at_reading(people.alice, &alice);
    look_at_reading(people.tina, &tina);
    tried(2);
    if (!strstr(alice.request, "Seccomp_filters:\t2\n"))
        fail("alice's request: %s", alice.request);
    if (strcmp(alice.request, tina.request) != 0)
        fail("an instructor's request isn't confined as a student's: %s and %s", tina.request,
             alice.request);
    if (alice.brokers != 0 || tina.brokers != 1)
        fail("%zu brokers of a student, %zu of an instructor", alice.brokers, tina.brokers);
    /* The control: the broker's own are others. CAP_SETPCAP, and no limit of disks is set here. */
    if (strcmp(tina.broker, tina.request) == 0 || !strstr(tina.broker, "CapPrm:\t0000000000000100"))
        fail("the broker: %s", tina.broker);
    if (alice.filters.count[0] <= 0) {
        printf("# the kernel doesn't show filters: errno %d\n", -alice.filters.count[0]);
        return;
    }
    printf("# filters of %d and %d instructions; the broker's own of %d\n", alice.filters.count[0],
           alice.filters.count[1], tina.brokers_filters.count[1]);
    if (memcmp(&alice.filters, &tina.filters, sizeof(alice.filters)) != 0)
        fail("an instructor's request has another filter than a student's");
    if (memcmp(&tina.filters, &tina.brokers_filters, sizeof(tina.filters)) == 0)
        fail("the broker's filter is the request's: nothing was compared");
}

static size_t keepers_processes(void)
{
    FILE *file = popen("pgrep -c -x xwkeeper", "re"); // NOLINT: a test's own words
    unsigned int count = 0;

    if (!file || fscanf(file, "%u", &count) != 1)
        fail("pgrep says nothing");
    if (file)
        pclose(file);
    return count;
}

/* How many requests of one user's are admitted at once, and how many processes those are. */
static size_t admitted(const struct drive_user *who, size_t *processes)
{
    const struct drive_user user = taken_over(who);
    pid_t keeper = keeper_pid();
    pid_t first;
    char byte = 0;
    int tube[2];

    if (pipe2(tube, O_CLOEXEC) < 0)
        abort();
    fflush(NULL);
    pid_t client = drive_fork_as(&user);
    if (client == 0) {
        int last = -1;
        for (int i = 0; i < CONNECTIONS; i++)
            last = connect_keeper();
        /* It is turned away, so all before it have been seen to. */
        _exit(last < 0 || read(last, &byte, 1) != 1 || write(tube[1], &byte, 1) != 1 || pause());
    }
    close(tube[1]);
    if (read(tube[0], &byte, 1) != 1)
        fail("the last of %d connections isn't answered", CONNECTIONS);
    size_t count = children_of(keeper, &first);
    *processes = keepers_processes();
    kill(client, SIGKILL);
    waitpid(client, NULL, 0);
    close(tube[0]);
    for (long until = milliseconds() + PATIENCE; milliseconds() < until && keepers_processes() > 1;)
        usleep(10000);
    return count;
}

static void counts_as_one(void)
{
    size_t alices, tinas;
    size_t of_alice = admitted(people.alice, &alices);
    size_t of_tina = admitted(people.tina, &tinas);

    printf("# %zu and %zu requests at once, in %zu and %zu processes\n", of_alice, of_tina, alices,
           tinas);
    if (of_alice != of_tina || of_alice < 2 || of_alice >= CONNECTIONS)
        fail("an instructor has other limits than a student");
    if (alices != 1 + of_alice || tinas > 1 + 2 * of_tina)
        fail("there are more processes than two for a request");
    tried(2 * CONNECTIONS);
}

/* --- taken over ------------------------------------------------------------------------------- */

/* Has a user's request, taken over, do as `words` say; text is what it answers, to its end. */
static void order(const struct drive_user *who, const char *words, char *text, size_t size)
{
    const struct drive_user user = taken_over(who);
    int tube[2];

    if (pipe2(tube, O_CLOEXEC) < 0)
        abort();
    fflush(NULL);
    pid_t pid = drive_fork_as(&user);
    if (pid == 0) {
        static char answer[4096];
        int keeper = connect_keeper();
        if (keeper >= 0 && send_with(keeper, words, strlen(words), NULL, 0))
            read_reply(keeper, answer, sizeof(answer));
        _exit(write(tube[1], answer, strlen(answer)) < 0);
    }
    close(tube[1]);
    read_reply(tube[0], text, size);
    close(tube[0]);
    waitpid(pid, NULL, 0);
    tried(1);
}

static void expect_bytes(const struct drive_user *who, const char *how, const void *bytes,
                         size_t size, const char *expected)
{
    char words[2048];
    char text[4096];
    size_t used = (size_t)snprintf(words, sizeof(words), "owned %s ", how);

    for (size_t i = 0; i < size; i++)
        used += (size_t)snprintf(words + used, sizeof(words) - used, "%02x",
                                 ((const unsigned char *)bytes)[i]);
    snprintf(words + used, sizeof(words) - used, "\n");
    order(who, words, text, sizeof(text));
    if (strncmp(text, expected, strlen(expected)) != 0)
        fail("%.60s...: expected %s, got %.200s", words, expected, text);
}

static struct xw_broker_order order_of(int verb, const char *lab, const char *owner, time_t until)
{
    struct xw_broker_order made;

    memset(&made, 0, sizeof(made));
    made.verb = (uint32_t)verb;
    made.until = until;
    memcpy(made.lab, lab, strlen(lab));
    memcpy(made.owner, owner, strlen(owner));
    return made;
}

static void expect(const struct drive_user *who, struct xw_broker_order made, const char *expected)
{
    expect_bytes(who, "order", &made, sizeof(made), expected);
}

#define REFUSED_ANSWER "answer -1 not found or not allowed\n"

/* Of the records and of which worlds there are, a sum. */
static void state_of_records(char sum[128])
{
    FILE *file = popen( // NOLINT: a test's own words
        "{ cd " XW_STATE_DIR " && grep -r . owners && find owners worlds -printf '%p %s %m\\n'; } "
        "2>&1 | sort | sha256sum",
        "re");

    if (!file || !fgets(sum, 128, file))
        fail("the records can't be read");
    if (file)
        pclose(file);
}

static void what_is_no_order(void)
{
    static const int verbs[] = {XW_VERB_START,   XW_VERB_REVERT, XW_VERB_CONSOLE, XW_VERB_WORLDS,
                                XW_VERB_PREPARE, XW_VERB_RELAY,  XW_VERB_SUSPEND, -1};
    struct xw_broker_order late = order_of(XW_VERB_EXTEND, "late", "wendy", LATER);
    unsigned char larger[2 * sizeof(late)] = {0};

    memcpy(larger, &late, sizeof(late));
    expect_bytes(people.tina, "order", larger, 1, "ended\n");
    expect_bytes(people.tina, "order", larger, sizeof(late) - 1, "ended\n");
    expect_bytes(people.tina, "order", larger, sizeof(late) + 1, "ended\n");
    expect_bytes(people.tina, "order", larger, sizeof(larger), "ended\n");
    for (size_t i = 0; i < sizeof(verbs) / sizeof(verbs[0]); i++)
        expect(people.tina, order_of(verbs[i], "late", "wendy", 0), "ended\n");
    expect(people.tina, order_of(XW_VERB_EXTEND, "../late", "wendy", LATER), "ended\n");
    expect(people.tina, order_of(XW_VERB_DEPLOY, "hostile", "../bob", 0), "ended\n");
    expect(people.tina, order_of(XW_VERB_DEPLOY, "hostile", "", 0), "ended\n");
    expect(people.tina, order_of(XW_VERB_EXTEND, "late", "wendy", -1), "ended\n");
    expect(people.tina, order_of(XW_VERB_DEPLOY, "hostile", "bob", LATER), "ended\n");
    struct xw_broker_order endless = late;
    memset(endless.lab, 'a', sizeof(endless.lab));
    expect(people.tina, endless, "ended\n");
    endless = late;
    memset(endless.owner, 'a', sizeof(endless.owner));
    expect(people.tina, endless, "ended\n");
}

static void what_is_others(void)
{
    expect(people.tina, order_of(XW_VERB_EXTEND, "timely", "wendy", LATER), REFUSED_ANSWER);
    expect(people.tina, order_of(XW_VERB_EXTEND, "longer", "wendy", 0), REFUSED_ANSWER);
    expect(people.tina, order_of(XW_VERB_DEPLOY, "other", "alice", 0), REFUSED_ANSWER);
    expect(people.tina, order_of(XW_VERB_DEPLOY, "nolab", "alice", 0), REFUSED_ANSWER);
    expect(people.tina, order_of(XW_VERB_EXTEND, "late", "alice", LATER), REFUSED_ANSWER);
    expect(people.tina, order_of(XW_VERB_EXTEND, "late", "root", LATER), REFUSED_ANSWER);
    expect(people.tina, order_of(XW_VERB_EXTEND, "hostile", "@cs530", LATER), REFUSED_ANSWER);
    expect(people.hank, order_of(XW_VERB_EXTEND, "late", "wendy", LATER), REFUSED_ANSWER);
    expect(people.hank, order_of(XW_VERB_DEPLOY, "hostile", "bob", 0), REFUSED_ANSWER);
    /* Theirs, and for nobody whom the lab isn't for: as an instructor is told, too. */
    expect(people.tina, order_of(XW_VERB_DEPLOY, "hostile", "oscar", 0), "answer -2 the lab");
    expect(people.tina, order_of(XW_VERB_DEPLOY, "hostile", "root", 0), "answer -2 the lab");
    /* A student has nobody to ask. */
    expect(people.alice, order_of(XW_VERB_DEPLOY, "hostile", "bob", 0), "no broker\n");
}

/* What a broker could, and what reads a request can't: it is killed. */
static void brokers_calls(void)
{
    static const long calls[][5] = {
        {SYS_socket, AF_NETLINK, SOCK_RAW, 0},
        {SYS_socket, AF_INET, SOCK_STREAM, 0},
        {SYS_bind, -1, 0, 0},
        {SYS_sendmsg, -1, 0, 0},
        {SYS_unlinkat, AT_FDCWD, 0, 0},
        {SYS_renameat, -1, 0, -1, 0},
        {SYS_fchmod, -1, 0640},
        {SYS_quotactl_fd, -1, 0, 0},
        {SYS_fork},
        {SYS_fcntl, -1, F_SETOWN, 1},
    };
    char words[128];
    char text[4096];

    for (size_t i = 0; i < sizeof(calls) / sizeof(calls[0]); i++) {
        snprintf(words, sizeof(words), "owned call %ld %ld %ld %ld %ld\n", calls[i][0], calls[i][1],
                 calls[i][2], calls[i][3], calls[i][4]);
        order(people.tina, words, text, sizeof(text));
        if (*text)
            fail("%.100s: %.100s", words, text);
    }
    /* The control, for both: what is in the table. */
    snprintf(words, sizeof(words), "owned call %d 0 0 0 0\n", SYS_getpid);
    order(people.tina, words, text, sizeof(text));
    if (strcmp(text, "had 0\n") != 0)
        fail("the control: %.100s", text);
}

/* Orders that are left behind, as fast as they can be given: nothing stays, nobody else waits. */
static void left_behind(void)
{
    const struct drive_user tina = taken_over(people.tina);
    struct xw_broker_order made = order_of(XW_VERB_DEPLOY, "hostile", "bob", 0);
    const int rounds = everything() ? 500 : 60;
    long until;

    fflush(NULL);
    pid_t pid = drive_fork_as(&tina);
    if (pid == 0) {
        for (int i = 0; i < rounds; i++) {
            char words[512] = "owned leave ";
            size_t used = strlen(words);
            for (size_t b = 0; b < sizeof(made); b++)
                used += (size_t)snprintf(words + used, sizeof(words) - used, "%02x",
                                         ((const unsigned char *)&made)[b]);
            snprintf(words + used, sizeof(words) - used, "\n");
            int keeper = connect_keeper();
            char byte;
            if (keeper >= 0 && send_with(keeper, words, strlen(words), NULL, 0) &&
                read(keeper, &byte, 1) < 0)
                _exit(1);
            if (keeper >= 0)
                close(keeper);
        }
        _exit(0);
    }
    exits("bob's list", &(struct drive_call){.argv = ARGV("list"), .user = people.bob}, 0);
    waitpid(pid, NULL, 0);
    for (until = milliseconds() + PATIENCE; milliseconds() < until && keepers_processes() > 1;)
        usleep(10000);
    if (keepers_processes() != 1)
        fail("%zu processes of the keeper's are left", keepers_processes());
    tried((size_t)rounds);
}

static void taken_over_request(void)
{
    struct proxy_count calls = proxy_count();
    char before[128];
    char after[128];

    parts_install_parser();
    state_of_records(before);
    what_is_no_order();
    what_is_others();
    brokers_calls();
    state_of_records(after);
    if (strcmp(before, after) != 0)
        fail("the records, or what worlds there are, have changed");
    if (proxy_count().connections != calls.connections)
        fail("libvirt's read-write socket was used");
    /* The controls: what its instructor may ask for is done, and shows in what is compared. */
    expect(people.tina, order_of(XW_VERB_EXTEND, "late", "wendy", LATER), "answer 0 done\n");
    state_of_records(after);
    if (strcmp(before, after) == 0)
        fail("the control: the extension isn't in the records");
    expect(people.tina, order_of(XW_VERB_EXTEND, "late", "wendy", 0), "answer 0 done\n");
    expect(people.tina, order_of(XW_VERB_DEPLOY, "hostile", "bob", 0), "answer 0 present\n");
    left_behind();
    state_of_records(after);
    if (strcmp(before, after) != 0)
        fail("what was taken back is still in the records");
    parts_restore();
}

const struct test suite_owned_broker[] = {
    {"T-J7 what reads an instructor's request is confined as a student's", as_a_students},
    {"T-J7 an instructor's request with its broker counts as one", counts_as_one},
    {"T-J7 what reads an instructor's request, taken over, and the broker", taken_over_request},
    {NULL, NULL},
};
