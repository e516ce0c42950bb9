/*
 * What reads a request in the keeper, taken over: linked into the keeper with the keeper's own
 * objects (ld --wrap), and in charge from where the request, confined, would be parsed. Its script
 * is the line itself:
 *
 *   owned order BYTES      these bytes, in hexadecimal digits, to the broker; then its answer
 *   owned leave BYTES      the same, and at once its own end
 *   owned call NUMBER A B C D   a system call
 *
 * Any other line is parsed as ever.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "common/request.h"
#include "xwhelper/keeper/broker.h"
#include "xwhelper/keeper/child.h"

int __real_xw_child_serve(const struct xw_peer *peer, const struct xw_trail *trail,
                          const struct xw_accounts *accounts);
int __wrap_xw_child_serve(const struct xw_peer *peer, const struct xw_trail *trail,
                          const struct xw_accounts *accounts);
int __real_xw_broker_start(const struct xw_broker_case *what);
int __wrap_xw_broker_start(const struct xw_broker_case *what);
int __real_xw_request_parse(const char *line, struct xw_request *request);
int __wrap_xw_request_parse(const char *line, struct xw_request *request);

/* What it finds in its memory; here it is noted as it comes. */
static int peer_fd = -1;
static int broker = -1;

int __wrap_xw_child_serve(const struct xw_peer *peer, const struct xw_trail *trail,
                          const struct xw_accounts *accounts)
{
    peer_fd = peer->fd;
    return __real_xw_child_serve(peer, trail, accounts);
}

int __wrap_xw_broker_start(const struct xw_broker_case *what)
{
    broker = __real_xw_broker_start(what);
    return broker;
}

static void report(const char *text)
{
    if (send(peer_fd, text, strlen(text), MSG_NOSIGNAL) < 0)
        _exit(1);
}

static size_t decode(const char *digits, unsigned char *bytes, size_t size)
{
    unsigned int byte;
    size_t count = 0;

    while (count < size && sscanf(digits + 2 * count, "%2x", &byte) == 1)
        bytes[count++] = (unsigned char)byte;
    return count;
}

static void tell_answer(void)
{
    struct xw_broker_result result;
    char text[1024];

    if (read(broker, &result, sizeof(result)) != (ssize_t)sizeof(result)) {
        report("ended\n");
        return;
    }
    snprintf(text, sizeof(text), "answer %d %s\n", result.code,
             result.code      ? result.error.text
             : result.present ? "present"
                              : "done");
    report(text);
}

static void say(const char *digits)
{
    unsigned char bytes[1024];
    size_t size = decode(digits, bytes, sizeof(bytes));

    if (send(broker, bytes, size, MSG_NOSIGNAL) != (ssize_t)size)
        report("can't\n");
}

static void call(const char *words)
{
    long n[5] = {0};
    char text[64];

    if (sscanf(words, "%ld %ld %ld %ld %ld", &n[0], &n[1], &n[2], &n[3], &n[4]) < 1)
        _exit(1);
    const long rc = syscall(n[0], n[1], n[2], n[3], n[4]);
    snprintf(text, sizeof(text), "had %d\n", rc < 0 ? -errno : 0);
    report(text);
}

int __wrap_xw_request_parse(const char *line, struct xw_request *request)
{
    if (strncmp(line, "owned ", 6) != 0)
        return __real_xw_request_parse(line, request);
    line += 6;
    if (strncmp(line, "call ", 5) == 0) {
        call(line + 5);
    } else if (broker < 0) {
        report("no broker\n");
    } else {
        say(line + 6);
        if (strncmp(line, "leave ", 6) != 0)
            tell_answer();
    }
    _exit(0);
}
