/*
 * In each file that tests/mutants/mutate has filled with mutants: which of them is awake, and which
 * have been met. Both are in a page that all processes share, so that one write wakes a mutant in
 * programs that run already; it is mapped before main() begins, and so before any confinement.
 */
#pragma once

#include <fcntl.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

enum { XW_MUTANTS_MAX = 8188 };

struct xw_mutants {
    volatile int awake; /* 0: none */
    volatile unsigned char met[XW_MUTANTS_MAX];
};

/* The host's; a unit test is told its own by the environment, which a setuid program doesn't heed. */
#define XW_MUTANTS_PAGE "/usr/lib/xworlds-mutants"
#define XW_MUTANTS_VARIABLE "XW_MUTANTS"

static struct xw_mutants xw_no_mutants;
static struct xw_mutants *xw_mutants = &xw_no_mutants;

/* A relay begins under the filter of what became it and may only read: what it meets is not noted. */
#ifdef XW_MUTANTS_RELAY
enum { XW_MUTANTS_NOTED = 0, XW_MUTANTS_OPEN = O_RDONLY, XW_MUTANTS_MAP = PROT_READ };
#else
enum { XW_MUTANTS_NOTED = 1, XW_MUTANTS_OPEN = O_RDWR, XW_MUTANTS_MAP = PROT_READ | PROT_WRITE };
#endif

__attribute__((constructor)) static void xw_map_mutants(void)
{
    const char *path = secure_getenv(XW_MUTANTS_VARIABLE);
    int fd = open(path ? path : XW_MUTANTS_PAGE, XW_MUTANTS_OPEN | O_CLOEXEC);

    if (fd < 0)
        return;
    void *page = mmap(NULL, sizeof(*xw_mutants), XW_MUTANTS_MAP, MAP_SHARED, fd, 0);
    close(fd);
    if (page != MAP_FAILED)
        xw_mutants = page;
}

static inline int xw_mutant(int number)
{
    if (XW_MUTANTS_NOTED && !xw_mutants->met[number])
        xw_mutants->met[number] = 1;
    return xw_mutants->awake == number;
}
