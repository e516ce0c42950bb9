/*
 * The reader, taken over: linked into the keeper with the keeper's own objects (ld --wrap), and in
 * charge from where the reader, confined, would begin. It takes its script from the connection,
 * one line:
 *
 *   NAME PART VICTIM CALLER OTHER UUID   an attempt
 *   wait              stays until the connection ends, as an attempt's victim
 *   log TEXT          a line on descriptor 2
 *   libvirt           every call that changes something (reader_calls.c)
 */
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "tests/hostile/owned/attempts.h"
#include "tests/hostile/owned/reader_calls.h"
#include "xwhelper/reader/reader.h"

int __wrap_xw_reader_status(int peer, const char *owner, const struct xw_plan *plan,
                            struct xw_error *err);
int __wrap_xw_reader_list(int peer, const struct xw_listed *worlds, size_t count,
                          struct xw_error *err);

static void report(int peer, const char *text)
{
    if (send(peer, text, strlen(text), MSG_NOSIGNAL) < 0)
        _exit(1);
}

static _Noreturn void take_over(int peer)
{
    char line[1024] = "";
    const char *words[6] = {NULL};
    struct order order;

    report(peer, "script\n");
    if (read(peer, line, sizeof(line) - 1) <= 0)
        _exit(1);
    if (strcmp(line, "wait\n") == 0) {
        struct pollfd end = {.fd = peer, .events = POLLRDHUP};
        report(peer, "ready\n");
        poll(&end, 1, -1);
    } else if (strncmp(line, "log ", 4) == 0) {
        report(peer, write(STDERR_FILENO, line + 4, strlen(line + 4)) > 0 ? "had\n" : "refused\n");
    } else if (strcmp(line, "libvirt\n") == 0) {
        reader_calls(peer, READ_ONLY_SOCKET, false, report);
    } else if (order_split(line, words) && order_read(words, &order)) {
        report(peer, order_carry_out(&order));
        report(peer, "\n");
    }
    _exit(0);
}

int __wrap_xw_reader_status(int peer, const char *owner, const struct xw_plan *plan,
                            struct xw_error *err)
{
    (void)owner, (void)plan, (void)err;
    take_over(peer);
}

int __wrap_xw_reader_list(int peer, const struct xw_listed *worlds, size_t count,
                          struct xw_error *err)
{
    (void)worlds, (void)count, (void)err;
    take_over(peer);
}
