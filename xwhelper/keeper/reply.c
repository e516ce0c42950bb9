#include "xwhelper/keeper/reply.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#include "common/exitcode.h"
#include "common/request.h"

/* Sends all of it. An answer of which something was lost must not come to an `end`. */
static void send_all(int peer, const char *line, size_t length)
{
    while (length > 0) {
        /* The listener gave the socket a send timeout (socket(7), SO_SNDTIMEO). */
        ssize_t n = send(peer, line, length, MSG_NOSIGNAL);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0) {
            shutdown(peer, SHUT_WR);
            return;
        }
        line += n;
        length -= (size_t)n;
    }
}

void xw_reply(int peer, const char *format, ...)
{
    char line[XW_LINE_MAX];
    va_list args;

    va_start(args, format);
    int n = vsnprintf(line, sizeof(line) - 1, format, args);
    va_end(args);
    if (n < 0)
        return;
    size_t length = strnlen(line, sizeof(line) - 2);
    for (size_t i = 0; i < length; i++) {
        if ((unsigned char)line[i] < 0x20 || line[i] == 0x7f)
            line[i] = '?';
    }
    line[length++] = '\n';
    send_all(peer, line, length);
}

/* What the kernel refuses us (EACCES, EPERM) is this host's fault, not the caller's. */
static int exit_code(const struct xw_error *err)
{
    if (err->refused)
        return XW_EXIT_REFUSED;
    switch (err->code) {
    case -EAGAIN:
    case -EINTR:
    case -ETIMEDOUT:
        return XW_EXIT_TRY_AGAIN;
    case -EDQUOT:
        return XW_EXIT_LIMITED;
    default:
        return XW_EXIT_FAILED;
    }
}

int xw_reply_failure(int peer, const struct xw_error *err)
{
    int code = exit_code(err);

    xw_reply(peer, "error %s", err->text);
    xw_reply(peer, "end %d", code);
    return code;
}
