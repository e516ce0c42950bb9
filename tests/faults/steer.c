/*
 * faults: steers the preloaded library through the page that they share.
 *
 *   faults PROGRAM count         count this program's calls from now on
 *   faults PROGRAM error|full|eintr|short|death|cut|amid CALL N
 *                                disturb its Nth call of this kind from now on
 *   faults off
 *   faults hit                   status 0 if the fault has happened
 *   faults await PID             waits until it has happened, or that process has ended
 *   faults kill MS               waits until it has happened, then so long, and kills that process
 *   faults counts                prints CALL COUNT lines
 *
 * PROGRAM: keeper (the processes that it forks), listener, xwadm, gate, relay, xwsh.
 */
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "tests/faults/faults.h"

static const char *const names[] = {
#define XW_FAULTY_NAME(name, error) [XW_CALL_##name] = #name,
    XW_FAULTY_CALLS(XW_FAULTY_NAME)
#undef XW_FAULTY_NAME
};

static const char *const programs[] = {
#define XW_FAULTY_NAME(name, file) [XW_PROGRAM_##name] = #name,
    XW_FAULTY_PROGRAMS(XW_FAULTY_NAME)
#undef XW_FAULTY_NAME
};

static const char *const modes[] = {
    [XW_FAULT_OFF] = "",        [XW_FAULT_COUNT] = "count", [XW_FAULT_ERROR] = "error",
    [XW_FAULT_FULL] = "full",   [XW_FAULT_EINTR] = "eintr", [XW_FAULT_SHORT] = "short",
    [XW_FAULT_DEATH] = "death", [XW_FAULT_CUT] = "cut",     [XW_FAULT_AMID] = "amid",
};

/* The programs run as several users: all of them may write to the page. */
static struct xw_faults *map(void)
{
    int fd = open(XW_FAULTS_PAGE, O_RDWR | O_CREAT | O_CLOEXEC, 0666);

    if (fd < 0 || fchmod(fd, 0666) < 0 || ftruncate(fd, sizeof(struct xw_faults)) < 0)
        return NULL;
    void *page = mmap(NULL, sizeof(struct xw_faults), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    close(fd);
    return page == MAP_FAILED ? NULL : page;
}

static int usage(void)
{
    fputs("Usage: faults PROGRAM count\n"
          "       faults PROGRAM error|full|eintr|short|death|cut|amid CALL N\n"
          "       faults off | hit | counts | await PID | kill MS\n",
          stderr);
    return 2;
}

/* The index of a word, or the count. */
static int find(const char *word, const char *const *list, int count)
{
    int i = 0;

    while (i < count && strcmp(word, list[i]) != 0)
        i++;
    return i;
}

static int begin(struct xw_faults *faults, int argc, char *argv[])
{
    int program = find(argv[1], programs, XW_PROGRAM_NONE);
    int mode = find(argv[2], modes, XW_FAULT_AMID + 1);
    int call = argc == 5 ? find(argv[3], names, XW_CALL_COUNT) : 0;

    if (program == XW_PROGRAM_NONE || mode > XW_FAULT_AMID || call == XW_CALL_COUNT ||
        (mode == XW_FAULT_COUNT) != (argc == 3))
        return usage();
    faults->mode = XW_FAULT_OFF;
    for (int i = 0; i < XW_CALL_COUNT; i++)
        faults->counts[i] = 0;
    faults->program = program;
    faults->call = call;
    faults->nth = argc == 5 ? (int)strtol(argv[4], NULL, 10) : 0;
    faults->hit = 0;
    faults->pid = 0;
    faults->mode = mode;
    return 0;
}

static int await(const struct xw_faults *faults, pid_t pid)
{
    const struct timespec turn = {.tv_nsec = 1000000};

    while (!faults->hit && kill(pid, 0) == 0)
        nanosleep(&turn, NULL);
    return faults->hit ? 0 : 1;
}

static int kill_later(const struct xw_faults *faults, long milliseconds)
{
    const struct timespec later = {milliseconds / 1000, milliseconds % 1000 * 1000000};

    await(faults, getpid());
    nanosleep(&later, NULL);
    return kill(faults->pid, SIGKILL) == 0 ? 0 : 1;
}

static int print_counts(const struct xw_faults *faults)
{
    for (int i = 0; i < XW_CALL_COUNT; i++) {
        if (faults->counts[i] > 0)
            printf("%s %d\n", names[i], faults->counts[i]);
    }
    return 0;
}

int main(int argc, char *argv[])
{
    struct xw_faults *faults = argc >= 2 ? map() : NULL;

    if (!faults)
        return usage();
    if (argc == 5 || (argc == 3 && strcmp(argv[2], "count") == 0))
        return begin(faults, argc, argv);
    if (argc == 3 && strcmp(argv[1], "await") == 0)
        return await(faults, (pid_t)strtol(argv[2], NULL, 10));
    if (argc == 3 && strcmp(argv[1], "kill") == 0)
        return kill_later(faults, strtol(argv[2], NULL, 10));
    if (argc != 2)
        return usage();
    if (strcmp(argv[1], "hit") == 0)
        return faults->hit ? 0 : 1;
    if (strcmp(argv[1], "counts") == 0)
        return print_counts(faults);
    if (strcmp(argv[1], "off") != 0)
        return usage();
    faults->mode = XW_FAULT_OFF;
    return 0;
}
