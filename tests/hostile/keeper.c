/*
 * The keeper's socket (claim J5): every uid and gid, half requests, floods, stalled clients, and
 * descriptors that are not what they should be. Whatever one does, another user is answered.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <poll.h>
#include <pwd.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/paths.h"
#include "tests/hostile/proxy.h"
#include "tests/hostile/suite.h"
#include "tests/hostile/talk.h"

#define ID "0123456789abcdef"

/* One conversation as a user: what came back, or "" when nothing did. */
struct talk {
    const char *bytes;
    size_t size; /* 0: strlen(bytes) */
    const int *fds;
    size_t fd_count;
};

/* Returns the errno of connect, or 0. */
static int talk_as(const struct drive_user *user, const struct talk *talk, char *reply, size_t size)
{
    int ends[2];
    int error = 0;
    int status;

    if (pipe2(ends, O_CLOEXEC) < 0)
        abort();
    fflush(NULL);
    pid_t pid = drive_fork_as(user);
    if (pid == 0) {
        int keeper = connect_keeper();
        if (keeper < 0)
            _exit(-keeper);
        size_t length = talk->size ? talk->size : strlen(talk->bytes);
        send_with(keeper, talk->bytes, length, talk->fds, talk->fd_count);
        char text[4096];
        read_reply(keeper, text, sizeof(text));
        _exit(write(ends[1], text, strlen(text)) < 0 ? 255 : 0);
    }
    close(ends[1]);
    read_reply(ends[0], reply, size);
    close(ends[0]);
    if (waitpid(pid, &status, 0) == pid && WIFEXITED(status))
        error = WEXITSTATUS(status);
    return error;
}

/* Another user's list is answered, and soon. */
static void others_are_served(const char *meanwhile)
{
    struct drive_result result;

    drive_run(&(struct drive_call){.argv = ARGV("list"), .user = people.bob}, &result);
    if (result.code != 0 || !strstr(result.out, "world lab10 bob") || result.milliseconds > 5000)
        fail("%s, bob's list: %d after %ld ms: %.200s", meanwhile, result.code, result.milliseconds,
             result.out);
    drive_free(&result);
}

/* --- who may speak ---------------------------------------------------------------------------- */

enum answer { CANNOT_CONNECT, IS_HUNG_UP_ON, IS_REFUSED, IS_ANSWERED };

static void expect_answer(const char *who, const struct drive_user *user, const char *line,
                          enum answer expected)
{
    char reply[4096] = "";
    const struct talk talk = {.bytes = line};
    int error = talk_as(user, &talk, reply, sizeof(reply));
    enum answer got = error                      ? CANNOT_CONNECT
                      : *reply == '\0'           ? IS_HUNG_UP_ON
                      : strstr(reply, "end 3\n") ? IS_REFUSED
                                                 : IS_ANSWERED;

    tried(1);
    if (got != expected || (error && error != EACCES))
        fail("%s: expected %d, got %d (errno %d): %.200s", who, expected, got, error, reply);
}

static void every_identity(void)
{
    static const char list_alice[] = "1 list - alice - - " ID "\n";
    static const char *const accounts[] = {"alice",        "nobody",   "xwread", "xwrelay",
                                           "libvirt-qemu", "xwhelper", "daemon", "sshd"};
    gid_t helper = helper_group();
    struct proxy_count before = proxy_count();

    for (size_t i = 0; i < sizeof(accounts) / sizeof(accounts[0]); i++) {
        const struct passwd *account = getpwnam(accounts[i]);
        if (!account) {
            fail("there is no %s", accounts[i]);
            continue;
        }
        /* With its own group alone; with the helper's among its groups; with it as the only one. */
        gid_t own = account->pw_gid == helper ? 65534 : account->pw_gid;
        struct drive_user user = {account->pw_uid, own, NULL, 0};
        expect_answer(accounts[i], &user, list_alice, CANNOT_CONNECT);
        user.groups = &helper;
        user.group_count = 1;
        expect_answer(accounts[i], &user, list_alice, IS_HUNG_UP_ON);
        user.gid = helper;
        user.group_count = 0;
        /* The gate's right, without the student's groups: alice is known, nobody else is. */
        expect_answer(accounts[i], &user, list_alice, i == 0 ? IS_ANSWERED : IS_REFUSED);
        expect_answer(accounts[i], &user, "1 status hostile alice - - " ID "\n", IS_REFUSED);
    }
    const struct drive_user alice = taken_over(people.alice);
    const struct drive_user root = {0, 0, NULL, 0};
    expect_answer("alice's gate, own list", &alice, list_alice, IS_ANSWERED);
    expect_answer("alice's gate, own world", &alice, "1 status hostile alice - - " ID "\n",
                  IS_ANSWERED);
    expect_answer("alice's gate, as bob", &alice, "1 list - bob - - " ID "\n", IS_REFUSED);
    expect_answer("alice's gate, bob's world", &alice, "1 start hostile bob m1 - " ID "\n",
                  IS_REFUSED);
    expect_answer("alice's gate, bob's lab", &alice, "1 start lab10 alice m1 - " ID "\n",
                  IS_REFUSED);
    static const char *const theirs[] = {"1 worlds hostile - - - " ID "\n",
                                         "1 grants hostile - - - " ID "\n",
                                         "1 extend hostile alice - 4000000000 " ID "\n",
                                         "1 deploy hostile alice - - " ID "\n",
                                         "1 start hostile @blue m1 - " ID "\n",
                                         "1 status hostile blue - - " ID "\n"};
    const struct drive_user tina = taken_over(people.tina);
    const struct drive_user hank = taken_over(people.hank);
    for (size_t i = 0; i < sizeof(theirs) / sizeof(theirs[0]); i++) {
        expect_answer("alice's gate, an instructor's verb or another's world", &alice, theirs[i],
                      IS_REFUSED);
        expect_answer("the gate of another lab's instructor", &hank, theirs[i], IS_REFUSED);
    }
    expect_answer("an instructor's gate, the own lab", &tina, theirs[1], IS_ANSWERED);
    expect_answer("an instructor's gate, another lab", &tina, "1 worlds other - - - " ID "\n",
                  IS_REFUSED);
    expect_answer("an instructor's gate, another lab's world", &tina,
                  "1 start timely wendy m1 - " ID "\n", IS_REFUSED);
    expect_answer("an instructor's gate, another lab's extension", &tina,
                  "1 extend timely wendy - 4000000000 " ID "\n", IS_REFUSED);
    expect_answer("an instructor's gate, prepare", &tina, "1 prepare - alice - - " ID "\n",
                  IS_REFUSED);
    expect_answer("alice's gate, prepare", &alice, "1 prepare - bob - - " ID "\n", IS_REFUSED);
    expect_answer("root, list", &root, list_alice, IS_REFUSED);
    expect_answer("root, alice's world", &root, "1 start hostile alice m1 - " ID "\n", IS_REFUSED);
    if (proxy_count().connections != before.connections)
        fail("libvirt's read-write socket was used");
    others_are_served("after all identities");
}

/* --- what may be said ------------------------------------------------------------------------- */

static void not_requests(void)
{
    static char flood[262144];
    static const char *const lines[] = {
        "\n",
        "1\n",
        "1 list\n",
        "1 list - alice - -\n",
        "1 list - alice - - " ID, /* no newline */
        "2 list - alice - - " ID "\n",
        "01 list - alice - - " ID "\n",
        "1 list - alice - - " ID " x\n",
        "1  list - alice - - " ID "\n",
        " 1 list - alice - - " ID "\n",
        "1 list - alice - - " ID " \n",
        "1\tlist - alice - - " ID "\n",
        "1 list - alice - - " ID "\r\n",
        "1 list - alice - - 0123456789ABCDEF\n",
        "1 list - alice - - 0123\n",
        "1 LIST - alice - - " ID "\n",
        "1 list hostile alice - - " ID "\n",
        "1 list - alice m1 - " ID "\n",
        "1 list - alice - force " ID "\n",
        "1 list - - - - " ID "\n",
        "1 list - Alice - - " ID "\n",
        "1 list - ../alice - - " ID "\n",
        "1 status ../hostile alice - - " ID "\n",
        "1 status - alice - - " ID "\n",
        "1 start hostile alice m1,m1 - " ID "\n",
        "1 start hostile alice m1, - " ID "\n",
        "1 start hostile alice * force " ID "\n",
        "1 start hostile alice - - " ID "\n",
        "1 stop hostile alice m1 Force " ID "\n",
        "1 console hostile alice * - " ID "\n",
        "1 console hostile alice m1 - " ID "\n", /* without its descriptor */
        "1 list - alice - - " ID "\n1 list - alice - - " ID "\n",
        "%n%n%n%n\n",
        "\xff\xfe\xfd\n",
        "GET / HTTP/1.0\r\n\r\n",
    };
    const struct drive_user alice = taken_over(people.alice);
    struct proxy_count before = proxy_count();

    for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++)
        expect_answer(lines[i], &alice, lines[i], IS_REFUSED);
    char reply[4096];
    talk_as(&alice, &(struct talk){.bytes = "1 list - alice\0- - " ID "\n", .size = 40}, reply,
            sizeof(reply));
    if (!strstr(reply, "end 3\n"))
        fail("a NUL in the line: %.200s", reply);
    memset(flood, '1', sizeof(flood));
    talk_as(&alice, &(struct talk){.bytes = flood, .size = sizeof(flood)}, reply, sizeof(reply));
    if (*reply && !strstr(reply, "end 3\n"))
        fail("256 KiB without a newline: %.200s", reply);
    memset(flood, '\n', sizeof(flood));
    talk_as(&alice, &(struct talk){.bytes = flood, .size = sizeof(flood)}, reply, sizeof(reply));
    if (*reply && !strstr(reply, "end 3\n"))
        fail("256 Ki newlines: %.200s", reply);
    tried(3);
    expect_answer("the control", &alice, "1 list - alice - - " ID "\n", IS_ANSWERED);
    if (proxy_count().connections != before.connections)
        fail("libvirt's read-write socket was used");
    others_are_served("after what is no request");
}

static void strange_descriptors(void)
{
    static const char console[] = "1 console hostile alice m1 - " ID "\n";
    static const char list[] = "1 list - alice - - " ID "\n";
    const struct drive_user alice = taken_over(people.alice);
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    int pair[2];
    int datagrams[2];
    int tube[2];
    int many[253];
    char reply[4096];

    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) < 0 ||
        socketpair(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0, datagrams) < 0 || pipe(tube) < 0)
        abort();
    int listening = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (bind(listening, (const struct sockaddr *)&address, sizeof(sa_family_t)) < 0 ||
        listen(listening, 1) < 0)
        abort();
    int own = connect_keeper();
    const int single[] = {open("/dev/null", O_RDWR | O_CLOEXEC),
                          open("/", O_PATH | O_CLOEXEC),
                          open("/etc/passwd", O_RDONLY | O_CLOEXEC),
                          tube[0],
                          datagrams[0],
                          socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0)};
    for (size_t i = 0; i < sizeof(single) / sizeof(single[0]); i++) {
        talk_as(&alice, &(struct talk){console, 0, &single[i], 1}, reply, sizeof(reply));
        tried(1);
        if (!strstr(reply, "end 3\n"))
            fail("descriptor %zu as a viewer: %.200s", i, reply);
    }
    /* Stream sockets that nobody is at the other end of, or that are the keeper's own. */
    const int sockets[] = {listening, own, socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)};
    for (size_t i = 0; i < sizeof(sockets) / sizeof(sockets[0]); i++) {
        talk_as(&alice, &(struct talk){console, 0, &sockets[i], 1}, reply, sizeof(reply));
        tried(1);
        if (!strstr(reply, "end "))
            fail("socket %zu as a viewer: no end: %.200s", i, reply);
    }
    for (size_t i = 0; i < 253; i++)
        many[i] = pair[0];
    const size_t counts[] = {1, 2, 3, 253};
    for (size_t i = 0; i < 4; i++) {
        talk_as(&alice, &(struct talk){list, 0, many, counts[i]}, reply, sizeof(reply));
        tried(1);
        if (!strstr(reply, "end 3\n"))
            fail("list with %zu descriptors: %.200s", counts[i], reply);
        if (counts[i] > 1) {
            talk_as(&alice, &(struct talk){console, 0, many, counts[i]}, reply, sizeof(reply));
            if (!strstr(reply, "end 3\n"))
                fail("console with %zu descriptors: %.200s", counts[i], reply);
        }
    }
    others_are_served("after strange descriptors");
    for (size_t i = 0; i < sizeof(single) / sizeof(single[0]); i++)
        close(single[i]);
    close(pair[0]), close(pair[1]), close(datagrams[1]), close(tube[1]), close(listening);
    close(own), close(sockets[2]);
}

/* --- clients that stall ----------------------------------------------------------------------- */

static unsigned int descriptors_of(pid_t pid)
{
    char path[64];
    unsigned int count = 0;

    snprintf(path, sizeof(path), "/proc/%d/fd", (int)pid);
    DIR *directory = opendir(path);
    while (directory && readdir(directory))
        count++;
    if (directory)
        closedir(directory);
    return count;
}

static unsigned int children_of(pid_t pid)
{
    char path[64];
    unsigned int count = 0;
    int child;

    snprintf(path, sizeof(path), "/proc/%d/task/%d/children", (int)pid, (int)pid);
    FILE *file = fopen(path, "re");
    while (file && fscanf(file, "%d", &child) == 1)
        count++;
    if (file)
        fclose(file);
    return count;
}

/* Every child has ended within the bound. */
static void no_children(const char *after)
{
    pid_t keeper = keeper_pid();

    for (int turn = 0; turn < 600 && children_of(keeper) > 0; turn++)
        usleep(10000);
    if (children_of(keeper) > 0)
        fail("%s: %u children of the keeper are left", after, children_of(keeper));
}

/* A client that connects `count` times, sends some bytes in each and stops itself. */
static pid_t stalled_client(const struct drive_user *user, int count, const char *bytes)
{
    fflush(NULL);
    pid_t pid = drive_fork_as(user);

    if (pid == 0) {
        for (int i = 0; i < count; i++) {
            int keeper = connect_keeper();
            if (keeper >= 0 && *bytes && write(keeper, bytes, strlen(bytes)) < 0)
                continue;
        }
        raise(SIGSTOP);
        _exit(0);
    }
    int status;
    if (waitpid(pid, &status, WUNTRACED) != pid || !WIFSTOPPED(status))
        fail("the client that stalls has ended");
    return pid;
}

static void end_client(pid_t pid)
{
    kill(pid, SIGKILL);
    waitpid(pid, NULL, 0);
}

static void stalled(void)
{
    static const char *const bytes[] = {"", "1", "1 list - alice - - "};
    const struct drive_user alice = taken_over(people.alice);
    pid_t keeper = keeper_pid();

    no_children("before");
    unsigned int before = descriptors_of(keeper);
    for (size_t i = 0; i < sizeof(bytes) / sizeof(bytes[0]); i++) {
        pid_t client = stalled_client(&alice, everything() ? 900 : 150, bytes[i]);
        others_are_served("while a client stalls");
        if (i == 0 && children_of(keeper) > 40)
            fail("one user has %u children of the keeper", children_of(keeper));
        no_children("2 s after half a request");
        tried(1);
        end_client(client);
    }
    /* A client that was stopped in the middle of its request's answer. */
    pid_t client = stalled_client(&alice, 40, "1 status hostile alice - - " ID "\n");
    others_are_served("while a client is stopped");
    no_children("a stopped client");
    end_client(client);
    if (descriptors_of(keeper) != before)
        fail("the keeper had %u descriptors and has %u", before, descriptors_of(keeper));
    control(people.alice);
}

/* Clients that connect and leave at once, as fast as they can. */
static void leaving(void)
{
    const struct drive_user alice = taken_over(people.alice);
    pid_t keeper = keeper_pid();
    unsigned int before = descriptors_of(keeper);

    fflush(NULL);
    pid_t pid = drive_fork_as(&alice);
    if (pid == 0) {
        for (int i = 0; i < (everything() ? 20000 : 300); i++) {
            int fd = connect_keeper();
            if (fd >= 0)
                close(fd);
        }
        _exit(0);
    }
    others_are_served("while clients come and go");
    waitpid(pid, NULL, 0);
    tried(1);
    others_are_served("after clients have come and gone");
    no_children("clients that left");
    if (descriptors_of(keeper) != before)
        fail("the keeper had %u descriptors and has %u", before, descriptors_of(keeper));
}

const struct test suite_keeper[] = {
    {"T-J5 the keeper's socket from every uid and gid", every_identity},
    {"T-J5 what is not a request", not_requests},
    {"T-J5 descriptors that are not what they should be", strange_descriptors},
    {"T-J5 half requests and stopped clients", stalled},
    {"T-J5 clients that leave at once", leaving},
    {NULL, NULL},
};
