#include "tests/hostile/suite.h"

#include <signal.h>
#include <spawn.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "common/paths.h"
#include "tests/hostile/proxy.h"

struct people people;
const struct drive_tracer recorder = {0};

static unsigned int failures; /* of the test under way */
static size_t attempts;       /* in it */
static unsigned int seed;
static pid_t keeper; /* that ran when the test under way began */

void fail(const char *format, ...)
{
    va_list args;

    failures++;
    if (failures > 20)
        return;
    va_start(args, format);
    printf("# failed: ");
    vprintf(format, args);
    printf("\n");
    va_end(args);
}

void tried(size_t count)
{
    attempts += count;
}

bool everything(void)
{
    const char *full = getenv("XW_FULL");

    return full && strcmp(full, "1") == 0;
}

unsigned int random_below(unsigned int limit)
{
    seed = seed * 1103515245U + 12345U;
    return (seed >> 8) % limit;
}

long milliseconds(void)
{
    struct timespec time;

    clock_gettime(CLOCK_MONOTONIC, &time);
    return time.tv_sec * 1000 + time.tv_nsec / 1000000;
}

bool is_there(pid_t pid)
{
    return kill(pid, 0) == 0;
}

pid_t keeper_pid(void)
{
    FILE *file = fopen("/run/throwaway/keeper.pid", "re");
    int pid = 0;

    if (!file || fscanf(file, "%d", &pid) != 1)
        fail("there is no keeper");
    if (file)
        fclose(file);
    return pid;
}

void keeper_was_restarted(void)
{
    keeper = keeper_pid();
}

int command(const char *const argv[])
{
    pid_t pid;
    int status;
    extern char **environ;

    fflush(NULL);
    if (posix_spawnp(&pid, argv[0], NULL, NULL, (char *const *)(const void *)argv, environ) != 0 ||
        waitpid(pid, &status, 0) != pid || !WIFEXITED(status))
        return -1;
    return WEXITSTATUS(status);
}

/* --- verdicts --------------------------------------------------------------------------------- */

static void show(const char *what, const struct drive_result *result)
{
    fail("%s: %s %d, after %ld ms%s; it said: %.300s%.100s", what,
         result->exited ? "exit" : "signal", result->code, result->milliseconds,
         result->timed_out ? " (killed by the driver)" : "", result->out, result->err);
    for (size_t i = 0; i < result->audit_count && i < DRIVE_AUDIT_MAX; i++)
        printf("#   audit: %.300s\n", result->audit[i]);
}

const char *without_id(const struct drive_result *result)
{
    static const char heading[] = "xworlds 1 ";
    const char *end = strchr(result->out, '\n');

    if (strncmp(result->out, heading, strlen(heading)) != 0 || !end ||
        end - result->out != (long)strlen(heading) + 16)
        return NULL;
    return end + 1;
}

/* Exactly one record, with this decision and code, the caller's uid, and the gate's own file. */
static bool record_fits(const struct drive_call *call, const struct drive_result *result,
                        const char *decision, int code)
{
    char caller[32];
    char outcome[64];
    const char *text = result->audit[0];

    snprintf(caller, sizeof(caller), " caller=%u ", (unsigned int)call->user->uid);
    snprintf(outcome, sizeof(outcome), "decision=%s code=%d", decision, code);
    return result->audit_count == 1 && strncmp(text, "op=xworlds-", 11) == 0 &&
           strstr(text, caller) && strstr(text, outcome) &&
           strstr(text, "exe=\"" XW_GATE_PATH "\"") &&
           (strstr(text, "res=success") != NULL) == (code == 0);
}

/* What of libvirt's read-write socket was used meanwhile. */
static bool untouched(const struct proxy_count *before)
{
    struct proxy_count after = proxy_count();

    return before->connections == after.connections && before->calls == after.calls &&
           before->mutating == after.mutating;
}

static struct drive_call recorded(const struct drive_call *call)
{
    struct drive_call copy = *call;

    if (!copy.tracer)
        copy.tracer = &recorder;
    return copy;
}

static bool refusal_fits(const struct drive_call *call, const struct drive_result *result, int code)
{
    const char *lines = without_id(result);
    char end[32];

    snprintf(end, sizeof(end), "\nend %d\n", code);
    if (!result->exited || result->code != code || result->timed_out || *result->err)
        return false;
    /* Where descriptor 1 was closed, nobody hears. */
    if (call->closed & 2)
        return *result->out == '\0';
    if (lines && code == XW_EXIT_LIMITED) {
        if (strncmp(lines, "window ", 7) != 0 || !strchr(lines, '\n'))
            return false;
        lines = strchr(lines, '\n') + 1;
    }
    if (!lines || strncmp(lines, "error ", 6) != 0 || !strchr(lines, '\n'))
        return false;
    return strcmp(strchr(lines, '\n'), end) == 0;
}

static void must_be_refused(const char *what, const struct drive_call *call, const char *decision,
                            int code)
{
    struct proxy_count before = proxy_count();
    struct drive_call traced = recorded(call);
    struct drive_result result;

    tried(1);
    drive_run(&traced, &result);
    if (!refusal_fits(call, &result, code) || !record_fits(call, &result, decision, code))
        show(what, &result);
    if (!untouched(&before))
        fail("%s: was refused, but libvirt's read-write socket was used", what);
    drive_free(&result);
}

void refused(const char *what, const struct drive_call *call, int code)
{
    must_be_refused(what, call, "refuse", code);
}

void refused_by_keeper(const char *what, const struct drive_call *call)
{
    must_be_refused(what, call, "allow", XW_EXIT_REFUSED);
}

void refused_or_dead(const char *what, const struct drive_call *call)
{
    struct proxy_count before = proxy_count();
    struct drive_call traced = recorded(call);
    struct drive_result result;

    tried(1);
    drive_run(&traced, &result);
    bool dead = !result.exited && !result.timed_out && result.audit_count == 0;
    bool clean = result.exited && result.code != 0 && result.audit_count == 1;
    if (!dead && !clean)
        show(what, &result);
    if (!untouched(&before))
        fail("%s: libvirt's read-write socket was used", what);
    drive_free(&result);
}

void allowed(const char *what, const struct drive_call *call)
{
    struct drive_call traced = recorded(call);
    struct drive_result result;

    tried(1);
    drive_run(&traced, &result);
    const char *lines = without_id(&result);
    bool silent = (call->closed & 2) != 0;
    if (!result.exited || result.code != 0 || (!silent && (!lines || !strstr(lines, "end 0\n"))) ||
        *result.err || !record_fits(call, &result, "allow", 0))
        show(what, &result);
    drive_free(&result);
}

void exits(const char *what, const struct drive_call *call, int code)
{
    struct drive_result result;

    tried(1);
    drive_run(call, &result);
    if (!result.exited || result.code != code)
        show(what, &result);
    drive_free(&result);
}

void control(const struct drive_user *user)
{
    allowed("the control", &(struct drive_call){.argv = ARGV("status", "hostile"), .user = user});
}

/* --- the harness ------------------------------------------------------------------------------ */

static const struct {
    const char *name;
    const struct test *tests;
} suites[] = {
    {"arguments", suite_arguments}, {"environment", suite_environment},
    {"inherited", suite_inherited}, {"files", suite_files},
    {"ownership", suite_ownership}, {"ownership", suite_windows},
    {"signals", suite_signals},     {"keeper", suite_keeper},
    {"audit", suite_audit},         {"load", suite_load},
    {"owned", suite_owned},         {"owned", suite_owned_special},
    {"owned", suite_owned_reader},  {"owned", suite_owned_broker},
};

/* Whether an argument is the class's name, or a tag ("T-E6") of the test. */
static bool chosen(const char *class, const struct test *test, int argc, char *const argv[])
{
    for (int i = 1; i < argc; i++) {
        size_t length = strlen(argv[i]);
        if (strcmp(argv[i], class) == 0 ||
            (strncmp(argv[i], test->name, length) == 0 && test->name[length] == ' '))
            return true;
    }
    return argc == 1;
}

static void run_test(const struct test *test, unsigned int number)
{
    long began = milliseconds();

    keeper = keeper_pid();
    failures = 0;
    attempts = 0;
    test->run();
    if (!is_there(keeper))
        fail("the keeper's listener has ended");
    printf("%s %u - %s\n# %zu tried, %ld ms\n", failures ? "not ok" : "ok", number, test->name,
           attempts, milliseconds() - began);
    fflush(stdout);
}

static void meet_people(void)
{
    people = (struct people){
        .alice = drive_user("alice"),
        .bob = drive_user("bob"),
        .eve = drive_user("eve"),
        .ruth = drive_user("ruth"),
        .tina = drive_user("tina"),
        .hank = drive_user("hank"),
        .gail = drive_user("gail"),
        .blue = drive_user("blue"),
        .nina = drive_user("nina"),
        .uwe = drive_user("uwe"),
        .gus = drive_user("gus"),
        .wendy = drive_user("wendy"),
        .walt = drive_user("walt"),
        .oscar = drive_user("oscar"),
        .root = drive_user("root"),
    };
}

int main(int argc, char *argv[])
{
    const char *text = getenv("XW_SEED");
    unsigned int number = 0;

    seed = text ? (unsigned int)strtoul(text, NULL, 10) : (unsigned int)time(NULL);
    printf("# seed: XW_SEED=%u\n", seed);
    signal(SIGPIPE, SIG_IGN);
    meet_people();
    proxy_start();
    for (size_t i = 0; i < sizeof(suites) / sizeof(suites[0]); i++) {
        for (const struct test *test = suites[i].tests; test->name; test++) {
            if (chosen(suites[i].name, test, argc, argv))
                run_test(test, ++number);
        }
    }
    proxy_stop();
    printf("1..%u\n", number);
    return 0;
}
