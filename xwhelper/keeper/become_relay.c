#include "xwhelper/keeper/become_relay.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "common/paths.h"

/* Puts the descriptors where the relay expects them, out of each other's way first. */
static void place_descriptors(const int *from, size_t count)
{
    int aside[XW_RELAY_DESCRIPTORS_MAX];

    if (count > XW_RELAY_DESCRIPTORS_MAX)
        abort();
    for (size_t i = 0; i < count; i++) {
        aside[i] = fcntl(from[i], F_DUPFD, 64);
        if (aside[i] < 0)
            abort();
    }
    for (size_t i = 0; i < count; i++) {
        const int to = XW_RELAY_FIRST + (int)i;
        if (dup2(aside[i], to) != to)
            abort();
    }
    if (close_range(0, XW_RELAY_FIRST - 1, 0) < 0 ||
        close_range(XW_RELAY_FIRST + (unsigned int)count, ~0U, 0) < 0)
        abort();
}

void xw_become_relay(const struct xw_account *account, const char *kind, const int *descriptors,
                     size_t count)
{
    char name[] = "xwrelay";
    char argument[XW_RELAY_KIND_SIZE];
    char *const argv[] = {name, argument, NULL};
    char *const environment[] = {NULL};

    snprintf(argument, sizeof(argument), "%s", kind);
    alarm(0);
    place_descriptors(descriptors, count);
    xw_become(account);
    execve(XW_RELAY_PATH, argv, environment);
    abort();
}
