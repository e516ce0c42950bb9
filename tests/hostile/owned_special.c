/*
 * Class J, J3 and J4: what is particular to each part. The gate's connection to the keeper, its
 * audit socket; what each of them holds; and what belongs to their accounts.
 */
#include <errno.h>
#include <fnmatch.h>
#include <libaudit.h>
#include <linux/netlink.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/access.h"
#include "common/paths.h"
#include "tests/hostile/parts.h"
#include "tests/hostile/proxy.h"
#include "tests/hostile/talk.h"

#define ID " 0123456789abcdef\n"

static const char refusal[] = "error not found or not allowed\nend 3\n";

static bool untouched(struct proxy_count before)
{
    return proxy_count().connections == before.connections;
}

/* --- J3: the keeper decides again ------------------------------------------------------------- */

static void say_refused(const char *line)
{
    struct drive_result result;

    tried(1);
    parts_gate(ARGV("say", line), 0, &result);
    if (strcmp(result.out, refusal) != 0)
        fail("%.60s: the keeper answers %.200s", line, result.out);
}

/* Every verb on worlds of others, of labs that aren't hers, and on what isn't there. */
static void others_worlds(void)
{
    static const char *const verbs[] = {"status", "start",  "stop",
                                        "reboot", "revert", "checkpoints"};
    static const char *const targets[] = {"hostile bob", "lab10 bob",   "lab10 alice",
                                          "other alice", "other bob",   "lab1 bob",
                                          "nolab alice", "hostile root"};
    char line[128];

    for (size_t i = 0; i < sizeof(verbs) / sizeof(verbs[0]); i++) {
        for (size_t j = 0; j < sizeof(targets) / sizeof(targets[0]); j++) {
            snprintf(line, sizeof(line), "1 %s %s %s -" ID, verbs[i], targets[j],
                     i == 0  ? "-"
                     : j % 2 ? "*"
                             : "m1");
            say_refused(line);
        }
    }
}

/* What says that it is somebody else's: there is no such field, and no such word. */
static void forged_lines(void)
{
    static const char *const lines[] = {
        "1 list - bob - -" ID,
        "1 list - root - -" ID,
        "1 prepare - alice - -" ID,
        "1 prepare - bob - -" ID,
        "1 console hostile bob m1 -" ID,
        "1 status hostile alice - - 0123456789abcdef uid=1002\n",
        "1 status hostile alice uid=0 -" ID,
        "1 status hostile alice,bob - -" ID,
        "1 start hostile alice m1,../bob/m1 -" ID,
        "1 start hostile @cs530 m1 -" ID,
        "1 list - alice - -" ID "1 start hostile bob m1 -" ID,
        "1 list - alice\n- -" ID,
    };

    for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++)
        say_refused(lines[i]);
}

static void keeper_decides_again(void)
{
    struct proxy_count before = proxy_count();
    struct drive_result result;

    parts_install_gate(ALL_LAYERS);
    others_worlds();
    forged_lines();
    /* A second request, after the answer to one that is hers. */
    parts_gate(ARGV("say", "1 list - alice - -" ID, "1 start hostile bob m2 -" ID), 0, &result);
    if (!strstr(result.out, "\nend 0\n") || strstr(result.out, "end 3"))
        fail("two requests on one connection: %.200s", result.out);
    if (!untouched(before))
        fail("libvirt's read-write socket was used");
    /* The control: what is hers is done, and shows in what is counted. */
    parts_gate(ARGV("say", "1 start hostile alice m2 -" ID), 0, &result);
    if (!strstr(result.out, "end 0\n") || proxy_count().mutating == before.mutating)
        fail("the control: her own machine doesn't start: %.200s", result.out);
    parts_gate(ARGV("say", "1 stop hostile alice m2 force" ID), 0, &result);
    parts_restore();
}

/* --- J3: its descriptors, passed along -------------------------------------------------------- */

/* The errno with which the kernel answers a record sent on the audit socket. */
static int send_record(int audit)
{
    struct {
        struct nlmsghdr header;
        char text[64];
    } message = {{sizeof(message), AUDIT_TRUSTED_APP, NLM_F_REQUEST | NLM_F_ACK, 1, 0},
                 "xworlds test of an audit socket"};
    struct {
        struct nlmsghdr header;
        struct nlmsgerr error;
    } answer = {0};
    const struct sockaddr_nl kernel = {.nl_family = AF_NETLINK};

    if (sendto(audit, &message, sizeof(message), 0, (const struct sockaddr *)&kernel,
               sizeof(kernel)) < 0)
        return errno;
    if (recv(audit, &answer, sizeof(answer), 0) < (ssize_t)sizeof(answer.header) + 4)
        return EIO;
    return -answer.error.error;
}

static bool receive_two(int from, int fds[2])
{
    char byte;
    union {
        struct cmsghdr header;
        char space[CMSG_SPACE(2 * sizeof(int))];
    } control;
    struct iovec data = {&byte, 1};
    struct msghdr message = {.msg_iov = &data,
                             .msg_iovlen = 1,
                             .msg_control = &control,
                             .msg_controllen = sizeof(control.space)};

    if (recvmsg(from, &message, MSG_DONTWAIT) != 1 || !CMSG_FIRSTHDR(&message) ||
        CMSG_FIRSTHDR(&message)->cmsg_len != CMSG_LEN(2 * sizeof(int)))
        return false;
    memcpy(fds, CMSG_DATA(CMSG_FIRSTHDR(&message)), 2 * sizeof(int));
    return true;
}

/* As alice, with what her gate has passed to her. 0 when it is of no use. */
static int use_both(int from)
{
    static const char line[] = "1 start hostile bob m1 -" ID;
    char answer[256];
    int fds[2];

    if (!receive_two(from, fds))
        return 1;
    if (send_record(fds[0]) != EPERM)
        return 2;
    send_with(fds[1], line, strlen(line), NULL, 0);
    read_reply(fds[1], answer, sizeof(answer));
    return strcmp(answer, refusal) == 0 ? 0 : 3;
}

static void passed_along(void)
{
    struct proxy_count before = proxy_count();
    struct drive_result result;
    int pair[2];
    int status;

    parts_install_gate(ALL_LAYERS);
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) < 0)
        abort();
    parts_gate(ARGV("pass"), pair[1], &result);
    if (strcmp(result.out, "had\n") != 0)
        fail("the gate can't pass its descriptors: this shows nothing: %.100s", result.out);
    fflush(NULL);
    pid_t pid = drive_fork_as(people.alice);
    if (pid == 0)
        _exit(use_both(pair[0]));
    if (waitpid(pid, &status, 0) != pid || !WIFEXITED(status) || WEXITSTATUS(status) != 0)
        fail("what the gate passed to its student is of use: step %d", WEXITSTATUS(status));
    close(pair[0]), close(pair[1]);
    tried(2);
    if (!untouched(before))
        fail("libvirt's read-write socket was used");
    /* The control: with the capability, the same record is taken. */
    int audit = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_AUDIT);
    if (audit < 0 || send_record(audit) != 0)
        fail("the control: root's record is not taken");
    close(audit);
    parts_restore();
}

/* --- what each holds -------------------------------------------------------------------------- */

/* A descriptor's target begins with one of these words. */
struct held {
    int fd;
    const char *target;
};

static void holds_exactly(const char *who, pid_t pid, const struct held *held, size_t count)
{
    char path[64];
    char target[256];
    size_t found = 0;

    for (int fd = 0; fd < 1024; fd++) {
        snprintf(path, sizeof(path), "/proc/%d/fd/%d", (int)pid, fd);
        ssize_t n = readlink(path, target, sizeof(target) - 1);
        if (n < 0)
            continue;
        target[n] = '\0';
        bool known = false;
        for (size_t i = 0; i < count; i++)
            known = known || (held[i].fd == fd &&
                              strncmp(target, held[i].target, strlen(held[i].target)) == 0);
        if (!known)
            fail("the %s holds %d: %s", who, fd, target);
        found++;
    }
    if (found != count)
        fail("the %s holds %zu descriptors, not %zu", who, found, count);
    tried(1);
}

static void gate_holds(void)
{
    static const struct held held[] = {{0, "/dev/null"}, {1, "pipe:"},   {2, "/dev/null"},
                                       {3, "/dev/null"}, {4, "socket:"}, {5, "socket:"}};
    struct drive_result result;

    parts_install_gate(ALL_LAYERS);
    parts_gate(ARGV("held"), 0, &result);
    if (strcmp(result.out, "0 1 2 3 4 5 ") != 0)
        fail("the gate holds %.100s", result.out);
    holds_exactly("gate", parts_victim(IN_GATE), held, sizeof(held) / sizeof(held[0]));
    parts_end_victim();
    parts_restore();
}

static void reader_and_relay_hold(void)
{
    static const struct held reader[] = {
        {0, "/dev/null"}, {1, "/run/throwaway/log/"}, {2, "/run/throwaway/log/"}, {6, "socket:"}};
    static const struct held relay[] = {
        {3, "socket:"}, {4, "socket:"}, {5, "socket:"}, {6, "anon_inode:[timerfd]"}};
    char text[256];

    parts_install_keeper(ALL_LAYERS);
    holds_exactly("reader", parts_victim(IN_READER), reader, sizeof(reader) / sizeof(reader[0]));
    parts_end_victim();
    holds_exactly("relay", parts_victim(IN_RELAY), relay, sizeof(relay) / sizeof(relay[0]));
    parts_end_victim();
    parts_say(IN_RELAY, "held\n", text, sizeof(text));
    if (strcmp(text, "3 4 5 6 \n") != 0)
        fail("the relay finds %.100s", text);
    parts_restore();
}

/* --- what belongs to them --------------------------------------------------------------------- */

/* Where a host keeps its state; the rest is programs of packages. */
#define PLACES "/etc /var /usr/local /run /tmp /dev /home /opt /srv"

/* What an account of ours may use beyond what everybody may, as owner or by its group. */
static const struct {
    const char *account;
    const char *pattern; /* fnmatch(3) */
} belongs[] = {
    {XW_HELPER_USER, XW_GATE_PATH},
    {XW_HELPER_USER, XW_KEEPER_SOCKET},
    {XW_HELPER_USER, XW_LABS_DIR},
    {XW_HELPER_USER, XW_LABS_DIR "/*"},
    {XW_HELPER_USER, XW_OWNERS_DIR},
    {XW_HELPER_USER, XW_OWNERS_DIR "/*"},
    {XW_READER_USER, "/run/libvirt/libvirt-sock-ro"},
};

static bool may_belong(const char *path, const char *user, const char *group)
{
    for (size_t i = 0; i < sizeof(belongs) / sizeof(belongs[0]); i++) {
        if (fnmatch(belongs[i].pattern, path, 0) == 0 &&
            (strcmp(user, belongs[i].account) == 0 ||
             (strcmp(user, "root") == 0 && strcmp(group, belongs[i].account) == 0)))
            return true;
    }
    return false;
}

#define BY_GROUP(account) " -o -group " account " -perm /070"

static void accounts_own_nothing(void)
{
    char path[512];
    char user[64];
    char group[64];
    unsigned int count = 0;
    FILE *list = popen( // NOLINT: a test's own words
        "find " PLACES " -xdev \\( -user " XW_HELPER_USER " -o -user " XW_READER_USER
        " -o -user " XW_RELAY_USER BY_GROUP(XW_HELPER_USER) BY_GROUP(XW_READER_USER)
            BY_GROUP(XW_RELAY_USER) " \\) -printf '%p %u %g\\n'",
        "re");

    while (list && fscanf(list, "%511s %63s %63s", path, user, group) == 3) {
        count++;
        if (!may_belong(path, user, group))
            fail("%s is %s:%s", path, user, group);
    }
    if (!list || pclose(list) != 0 || count < 8)
        fail("looking for what belongs to our accounts: %u files", count);
    tried(count);
}

const struct test suite_owned_special[] = {
    {"T-J3 the gate taken over asks the keeper for what is others'", keeper_decides_again},
    {"T-J3 the gate taken over passes its descriptors to its student", passed_along},
    {"T-J3 the gate holds what its source names", gate_holds},
    {"T-J4 reader and relay hold what their source names", reader_and_relay_hold},
    {"T-J3 T-J4 what belongs to the accounts", accounts_own_nothing},
    {NULL, NULL},
};
