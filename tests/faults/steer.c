/*
 * faults: steers the preloaded library through the page that they share.
 *
 *   faults FILE listener PID          look at the children of this process only
 *   faults FILE count                 count calls from now on
 *   faults FILE error|eintr|short|death CALL N
 *                                     disturb the Nth call of this kind from now on
 *   faults FILE off
 *   faults FILE hit                   status 0 if the fault has happened
 *   faults FILE counts                prints CALL COUNT lines
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "tests/faults/faults.h"

static const char *const names[] = {
#define XW_FAULTY_NAME(name, error) [XW_CALL_##name] = #name,
    XW_FAULTY_CALLS(XW_FAULTY_NAME)
#undef XW_FAULTY_NAME
};

static struct xw_faults *map(const char *path)
{
    int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);

    if (fd < 0 || ftruncate(fd, sizeof(struct xw_faults)) < 0)
        return NULL;
    void *page = mmap(NULL, sizeof(struct xw_faults), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    close(fd);
    return page == MAP_FAILED ? NULL : page;
}

static int usage(void)
{
    fputs("Usage: faults FILE listener PID | count | off | hit | counts\n"
          "       faults FILE error|eintr|short|death CALL N\n",
          stderr);
    return 2;
}

static void begin(struct xw_faults *faults, int mode, int call, int nth)
{
    faults->mode = XW_FAULT_OFF;
    for (int i = 0; i < XW_CALL_COUNT; i++)
        faults->counts[i] = 0;
    faults->call = call;
    faults->nth = nth;
    faults->hit = 0;
    faults->mode = mode;
}

static int disturb(struct xw_faults *faults, const char *how, const char *call, const char *nth)
{
    static const struct {
        const char *name;
        int mode;
    } modes[] = {{"error", XW_FAULT_ERROR},
                 {"eintr", XW_FAULT_EINTR},
                 {"short", XW_FAULT_SHORT},
                 {"death", XW_FAULT_DEATH}};

    for (size_t i = 0; i < sizeof(modes) / sizeof(modes[0]); i++) {
        for (int j = 0; strcmp(how, modes[i].name) == 0 && j < XW_CALL_COUNT; j++) {
            if (strcmp(call, names[j]) == 0) {
                begin(faults, modes[i].mode, j, (int)strtol(nth, NULL, 10));
                return 0;
            }
        }
    }
    return usage();
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
    struct xw_faults *faults = argc >= 3 ? map(argv[1]) : NULL;

    if (!faults)
        return usage();
    if (argc == 5)
        return disturb(faults, argv[2], argv[3], argv[4]);
    if (argc == 4 && strcmp(argv[2], "listener") == 0) {
        faults->listener = (int)strtol(argv[3], NULL, 10);
        return 0;
    }
    if (strcmp(argv[2], "hit") == 0)
        return faults->hit ? 0 : 1;
    if (strcmp(argv[2], "counts") == 0)
        return print_counts(faults);
    if (strcmp(argv[2], "count") == 0)
        begin(faults, XW_FAULT_COUNT, 0, 0);
    else if (strcmp(argv[2], "off") == 0)
        faults->mode = XW_FAULT_OFF;
    else
        return usage();
    return 0;
}
