#include "tests/hostile/parts.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/paths.h"
#include "tests/hostile/talk.h"

#define KEEPER_PATH XW_LIBEXECDIR "/xwkeeper"
#define KEEPER_LOG  "/run/throwaway/log/keeper.log"

static const char *const suffixes[] = {"all", "no-seccomp", "no-landlock", "permissions"};

static pid_t victim;        /* the part */
static pid_t victim_client; /* who keeps it at work; the same for a gate */

/* --- installing ------------------------------------------------------------------------------- */

bool parts_set_flag(bool on)
{
    int fd = open(XW_GATE_PATH, O_RDONLY | O_CLOEXEC);
    int flags = 0;
    bool done = fd >= 0 && ioctl(fd, FS_IOC_GETFLAGS, &flags) == 0;

    flags = on ? flags | FS_IMMUTABLE_FL : flags & ~FS_IMMUTABLE_FL;
    done = done && ioctl(fd, FS_IOC_SETFLAGS, &flags) == 0;
    if (fd >= 0)
        close(fd);
    return done;
}

static void install_gate(const char *from)
{
    parts_set_flag(false);
    MUST("install", "-o", "xwhelper", "-g", "xwhelper", "-m", "6111", from, XW_GATE_PATH);
    MUST("setcap", "cap_audit_write=ep", XW_GATE_PATH);
}

static void install_keeper(const char *keeper, const char *relay)
{
    MUST("install", keeper, KEEPER_PATH);
    MUST("install", relay, XW_RELAY_PATH);
    MUST("tests/throwaway-host", "service", "restart", "keeper");
    keeper_was_restarted();
}

void parts_install_gate(enum layers layers)
{
    char path[128];

    snprintf(path, sizeof(path), "build/hostile/owned/xwhelper-%s", suffixes[layers]);
    install_gate(path);
}

void parts_install_keeper(enum layers layers)
{
    char keeper[128];
    char relay[128];

    snprintf(keeper, sizeof(keeper), "build/hostile/owned/xwkeeper-%s", suffixes[layers]);
    snprintf(relay, sizeof(relay), "build/hostile/owned/xwrelay-%s", suffixes[layers]);
    install_keeper(keeper, relay);
}

void parts_install_parser(void)
{
    install_keeper("build/hostile/owned/xwkeeper-parser", "build/xwrelay");
}

void parts_restore(void)
{
    install_gate("build/xwhelper");
    parts_set_flag(true); /* as the installation does, where it can */
    install_keeper("build/xwkeeper", "build/xwrelay");
}

/* --- talking to them -------------------------------------------------------------------------- */

/* A request of its own for each, so that the keeper's log tells how it ended. */
static const char *next_id(void)
{
    static unsigned int number;
    static char id[17];

    snprintf(id, sizeof(id), "%016x", 0x10000U + number++);
    return id;
}

void parts_gate(const char *const argv[], int viewer, struct drive_result *result)
{
    drive_run(
        &(struct drive_call){.argv = argv, .user = people.alice, .viewer = viewer, .patience = 60},
        result);
}

/* Reads one line. */
static bool read_line(int fd, char *line, size_t size)
{
    size_t used = 0;

    while (used < size - 1) {
        struct pollfd ready = {.fd = fd, .events = POLLIN};
        if (poll(&ready, 1, 10000) != 1 || read(fd, line + used, 1) != 1)
            break;
        if (line[used++] == '\n')
            break;
    }
    line[used] = '\0';
    return used > 0 && line[used - 1] == '\n';
}

/* In a process of the student's: a request that becomes the part, with its order. */
static int ask_for_part(int part, const char *name, const char *id, const char *order)
{
    char line[256];
    char answer[64];
    int pair[2];
    int keeper = connect_keeper();

    if (keeper < 0 || socketpair(AF_UNIX, SOCK_STREAM, 0, pair) < 0)
        return -1;
    if (part == IN_RELAY) {
        if (write(pair[0], order, strlen(order)) < 0)
            return -1;
        snprintf(line, sizeof(line), "1 console hostile %s m1 - %s\n", name, id);
        return send_with(keeper, line, strlen(line), &pair[1], 1) ? keeper : -1;
    }
    snprintf(line, sizeof(line), "1 status hostile %s - - %s\n", name, id);
    if (!send_with(keeper, line, strlen(line), NULL, 0) ||
        !read_line(keeper, answer, sizeof(answer)) || strcmp(answer, "script\n") != 0 ||
        !send_with(keeper, order, strlen(order), NULL, 0))
        return -1;
    return keeper;
}

/* One request; the relay before may not have let go of its lock yet, then "busy" comes back. */
static void say_once(int part, const char *id, const char *line, char *text, size_t size)
{
    const struct drive_user alice = taken_over(people.alice);
    int ends[2];

    if (pipe2(ends, O_CLOEXEC) < 0)
        abort();
    fflush(NULL);
    pid_t pid = drive_fork_as(&alice);
    if (pid == 0) {
        static char answer[65536];
        int keeper = ask_for_part(part, "alice", id, line);
        if (keeper >= 0)
            read_reply(keeper, answer, sizeof(answer));
        _exit(write(ends[1], answer, strlen(answer)) < 0);
    }
    close(ends[1]);
    read_reply(ends[0], text, size);
    close(ends[0]);
    waitpid(pid, NULL, 0);
}

static void say(int part, const char *id, const char *line, char *text, size_t size)
{
    long until = milliseconds() + 10000;

    do
        say_once(part, id, line, text, size);
    while (strstr(text, "is at the console") && milliseconds() < until);
}

void parts_say(int part, const char *line, char *text, size_t size)
{
    say(part, next_id(), line, text, size);
}

/* --- what came of it -------------------------------------------------------------------------- */

static struct outcome read_outcome(const char *text)
{
    unsigned int number;

    if (strcmp(text, "had\n") == 0 || strcmp(text, "had") == 0)
        return (struct outcome){HAD, 0};
    if (strncmp(text, "keeper", 6) == 0)
        return (struct outcome){REFUSED_BY_KEEPER, 0};
    if (sscanf(text, "refused %u", &number) == 1)
        return (struct outcome){REFUSED, (int)number};
    return (struct outcome){BROKEN, 0};
}

/* Whether the keeper's entry of the request says that a filter has ended it. */
static bool was_killed(const char *id, long from)
{
    long until = milliseconds() + 10000;
    char wanted[64];
    char line[1024];

    snprintf(wanted, sizeof(wanted), "request=%s:", id);
    while (milliseconds() < until) {
        FILE *log = fopen(KEEPER_LOG, "re");
        bool killed = false;
        bool ended = false;
        if (!log || fseek(log, from, SEEK_SET) != 0)
            abort();
        while (fgets(line, sizeof(line), log)) {
            if (!strstr(line, wanted) || strstr(line, "(open)"))
                continue;
            ended = true;
            killed = strstr(line, "result=killed by SIGSYS") != NULL;
        }
        fclose(log);
        if (ended)
            return killed;
        usleep(2000);
    }
    return false;
}

static long log_size(void)
{
    FILE *log = fopen(KEEPER_LOG, "re");
    long size = log && fseek(log, 0, SEEK_END) == 0 ? ftell(log) : 0;

    if (log)
        fclose(log);
    return size;
}

struct numbers {
    char part[16], victim[16], caller[16], other[16];
};

static void write_numbers(const struct scene *scene, struct numbers *numbers)
{
    snprintf(numbers->part, sizeof(numbers->part), "%d", scene->part);
    snprintf(numbers->victim, sizeof(numbers->victim), "%d", (int)scene->victim);
    snprintf(numbers->caller, sizeof(numbers->caller), "%d", (int)scene->caller);
    snprintf(numbers->other, sizeof(numbers->other), "%u", (unsigned int)scene->other);
}

static struct outcome in_gate(const struct attempt *attempt, const struct scene *scene)
{
    struct numbers n;
    struct drive_result result;

    write_numbers(scene, &n);
    parts_gate(ARGV(attempt->name, n.part, n.victim, n.caller, n.other, scene->uuid), 0, &result);
    if (!result.exited && result.code == SIGSYS)
        return (struct outcome){KILLED, 0};
    return read_outcome(result.out);
}

struct outcome parts_attempt(const struct attempt *attempt, const struct scene *scene)
{
    struct numbers n;
    char line[256];
    char text[4096] = "";

    tried(1);
    if (scene->part == IN_GATE)
        return in_gate(attempt, scene);
    long from = log_size();
    const char *id = next_id();
    write_numbers(scene, &n);
    snprintf(line, sizeof(line), "%s %s %s %s %s %s\n", attempt->name, n.part, n.victim, n.caller,
             n.other, scene->uuid);
    say(scene->part, id, line, text, sizeof(text));
    if (*text == '\0' && was_killed(id, from))
        return (struct outcome){KILLED, 0};
    struct outcome outcome = read_outcome(text);
    if (outcome.what == BROKEN)
        printf("# %s: it said: %.200s\n", attempt->name, text);
    return outcome;
}

struct outcome parts_attempt_alone(const struct attempt *attempt, const struct scene *scene,
                                   const struct drive_user *user)
{
    struct numbers n;
    struct drive_result result;

    write_numbers(scene, &n);
    drive_run(
        &(struct drive_call){.program = "/tmp/alone",
                             .argv = (const char *const[]){"alone", attempt->name, n.part, n.victim,
                                                           n.caller, n.other, scene->uuid, NULL},
                             .user = user},
        &result);
    return read_outcome(result.out);
}

/* --- victims ---------------------------------------------------------------------------------- */

static _Noreturn void be_victim_client(int part, int ready)
{
    char line[64];

    if (part == IN_GATE) {
        char *const argv[] = {(char[]){"xwhelper"}, (char[]){"wait"}, NULL};
        char *const nothing[] = {NULL};
        int null = open("/dev/null", O_RDWR | O_CLOEXEC);
        dup2(null, 0);
        dup2(ready, 1);
        dup2(null, 2);
        execve(XW_GATE_PATH, argv, nothing);
        _exit(1);
    }
    int keeper = ask_for_part(part, "bob", "fedcba9876543210", "wait\n");
    if (keeper < 0 || !read_line(keeper, line, sizeof(line)) || strcmp(line, "ready\n") != 0 ||
        write(ready, line, strlen(line)) < 0)
        _exit(1);
    for (;;)
        pause();
}

/* Whether a process is the relay of a console, which viewers share. */
static bool is_consoles_relay(int pid)
{
    char path[64];
    char name[32] = "";

    snprintf(path, sizeof(path), "/proc/%d/comm", pid);
    FILE *file = fopen(path, "re");
    bool read = file && fgets(name, sizeof(name), file);
    if (file)
        fclose(file);
    return read && strcmp(name, "xwrelay-console\n") == 0;
}

/* The keeper's only child; a viewer's relay comes with the console's, which isn't counted. */
static pid_t child_of_keeper(void)
{
    char path[64];
    int found = 0;
    int child = 0;
    int count = 0;

    snprintf(path, sizeof(path), "/proc/%d/task/%d/children", (int)keeper_pid(), (int)keeper_pid());
    FILE *file = fopen(path, "re");
    while (file && fscanf(file, "%d", &found) == 1) {
        if (is_consoles_relay(found))
            continue;
        child = found;
        count++;
    }
    if (file)
        fclose(file);
    return count == 1 ? (pid_t)child : count == 0 ? 0 : -1;
}

static void await_no_child(void)
{
    long until = milliseconds() + 10000;

    while (child_of_keeper() != 0 && milliseconds() < until)
        usleep(1000);
}

pid_t parts_victim(int part)
{
    const struct drive_user bob = taken_over(people.bob);
    char line[64] = "";
    int ends[2];

    if (victim && is_there(victim))
        return victim;
    parts_end_victim();
    await_no_child();
    if (pipe2(ends, O_CLOEXEC) < 0)
        abort();
    fflush(NULL);
    victim_client = drive_fork_as(part == IN_GATE ? people.bob : &bob);
    if (victim_client == 0)
        be_victim_client(part, ends[1]);
    close(ends[1]);
    if (!read_line(ends[0], line, sizeof(line)))
        fail("there is no victim");
    close(ends[0]);
    victim = part == IN_GATE ? victim_client : child_of_keeper();
    if (victim <= 0)
        fail("the victim isn't found");
    return victim;
}

void parts_end_victim(void)
{
    if (victim_client) {
        kill(victim_client, SIGKILL);
        waitpid(victim_client, NULL, 0);
    }
    victim_client = 0;
    victim = 0;
}
