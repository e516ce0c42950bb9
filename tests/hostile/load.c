/*
 * Class L: availability. Callers that stop whatever they can, and storms. (A libvirtd that hangs or
 * is gone: tests/integration/failures.bats.)
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/hostile/suite.h"

/* --- L2 --------------------------------------------------------------------------------------- */

/*
 * Runs the gate as alice with descriptor 1 a pipe that nobody reads, and leaves it be. The pipe has
 * two buffers (pipe(7)): one is full, the other takes the gate's heading, and then there is no room
 * for what the keeper says.
 */
static pid_t start_gate(const char *const argv[], int *output)
{
    static const char filling[4096];
    int ends[2];

    if (pipe(ends) < 0 || fcntl(ends[1], F_SETPIPE_SZ, 2 * sizeof(filling)) < 0 ||
        write(ends[1], filling, sizeof(filling)) != sizeof(filling))
        abort();
    fflush(NULL);
    pid_t pid = drive_fork_as(people.alice);
    if (pid == 0) {
        char *const nothing[] = {NULL};
        dup2(ends[1], 1);
        syscall(SYS_close_range, 3U, ~0U, 0U);
        execve("/usr/local/libexec/xworlds/xwhelper", (char *const *)(const void *)argv, nothing);
        _exit(99);
    }
    close(ends[1]);
    *output = ends[0];
    return pid;
}

/* Waits until the gate waits for room in the pipe, having heard from the keeper. */
static bool becomes_deaf(pid_t pid)
{
    char path[64];
    long until = milliseconds() + 10000;

    snprintf(path, sizeof(path), "/proc/%d/syscall", (int)pid);
    while (milliseconds() < until) {
        long number = -1;
        unsigned long descriptors = 0;
        unsigned long count = 0;
        FILE *file = fopen(path, "re");
        int fields = file ? fscanf(file, "%ld 0x%lx 0x%lx", &number, &descriptors, &count) : 0;
        if (file)
            fclose(file);
        if (fields == 3 && number == SYS_poll)
            return true;
        usleep(1000);
    }
    return false;
}

/* As alice: SIGSTOP to the gate, at a moment when it may still be hers to stop. */
static void stop_it(pid_t pid)
{
    usleep(random_below(6000));
    pid_t killer = drive_fork_as(people.alice);
    if (killer == 0) {
        kill(pid, SIGSTOP);
        _exit(0);
    }
    waitpid(killer, NULL, 0);
}

/* While callers are stopped and deaf, as many as alice may have, her world is not locked to her. */
static void stopped_callers(void)
{
    enum { COUNT = 12 };
    pid_t pids[COUNT];
    int outputs[COUNT];
    struct drive_result result;

    for (size_t i = 0; i < COUNT; i++) {
        pids[i] = start_gate(i % 4 < 2 ? ARGV("stop", "hostile", "m1", "--force")
                                       : ARGV("revert", "hostile", "m1"),
                             &outputs[i]);
        if (i % 2)
            stop_it(pids[i]);
        else if (!becomes_deaf(pids[i]))
            fail("a caller that doesn't read is not waited for");
        tried(1);
    }
    drive_run(&(struct drive_call){.argv = ARGV("stop", "hostile", "m1", "--force"),
                                   .user = people.alice},
              &result);
    if (result.code != 0 || result.milliseconds > 10000)
        fail("while %d callers are stopped or deaf: %d after %ld ms: %.200s", COUNT, result.code,
             result.milliseconds, result.out);
    drive_free(&result);
    for (size_t i = 0; i < COUNT; i++) {
        kill(pids[i], SIGKILL);
        waitpid(pids[i], NULL, 0);
        close(outputs[i]);
    }
    control(people.alice);
}

/* --- L3 --------------------------------------------------------------------------------------- */

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

/* 500 of alice's at once: each ends with a result or "try again"; bob is answered meanwhile. */
static void storm(void)
{
    enum { COUNT = 500 };
    static pid_t pids[COUNT];
    unsigned int done = 0;
    unsigned int again = 0;
    unsigned int other = 0;
    struct drive_result result;
    int gate[2];

    if (pipe2(gate, O_CLOEXEC) < 0)
        abort();
    fflush(NULL);
    for (int i = 0; i < COUNT; i++) {
        pids[i] = drive_fork_as(people.alice);
        if (pids[i] == 0) {
            char *const nothing[] = {NULL};
            char byte;
            int null = open("/dev/null", O_RDWR | O_CLOEXEC);
            dup2(null, 1);
            close(gate[1]);
            if (read(gate[0], &byte, 1) != 0) /* all begin when the other end is closed */
                _exit(98);
            execve("/usr/local/libexec/xworlds/xwhelper",
                   (char *const[]){(char[]){"xwhelper"}, (char[]){"status"}, (char[]){"hostile"},
                                   NULL},
                   nothing);
            _exit(99);
        }
    }
    close(gate[0]);
    close(gate[1]);
    drive_run(&(struct drive_call){.argv = ARGV("list"), .user = people.bob, .patience = 60},
              &result);
    if (result.code != 0)
        fail("bob's list meanwhile: %d after %ld ms: %.200s", result.code, result.milliseconds,
             result.out);
    drive_free(&result);
    for (int i = 0; i < COUNT; i++) {
        int status = 0;
        waitpid(pids[i], &status, 0);
        done += WIFEXITED(status) && WEXITSTATUS(status) == 0;
        again += WIFEXITED(status) && WEXITSTATUS(status) == XW_EXIT_TRY_AGAIN;
        other += !WIFEXITED(status) ||
                 (WEXITSTATUS(status) != 0 && WEXITSTATUS(status) != XW_EXIT_TRY_AGAIN);
    }
    tried(COUNT);
    printf("# %u answered, %u told to try again, bob's list in %ld ms\n", done, again,
           result.milliseconds);
    if (other || done == 0)
        fail("%u of %d ended in another way, %u were answered", other, COUNT, done);
    for (int turn = 0; turn < 500 && children_of(keeper_pid()) > 0; turn++)
        usleep(10000);
    if (children_of(keeper_pid()) > 0)
        fail("%u children of the keeper are left", children_of(keeper_pid()));
    control(people.alice);
}

const struct test suite_load[] = {
    {"T-L2 callers stopped and deaf: no lock stays held", stopped_callers},
    {"T-L3 500 requests of one user at once", storm},
    {NULL, NULL},
};
