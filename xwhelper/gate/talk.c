#include "xwhelper/gate/talk.h"

#include <errno.h>
#include <poll.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "common/exitcode.h"

/* How long xwsh may leave its pipe full before the gate stops talking to it, in ms. */
enum { STALLED_READER = 30000 };

/* How much later than the keeper the gate gives up, in s. */
enum { GRACE = 5 };

/* An answer of which something was lost must not come to an `end`: nothing more is said. */
static void write_out(const char *text, size_t length)
{
    struct pollfd out = {.fd = STDOUT_FILENO, .events = POLLOUT};

    while (length > 0) {
        int ready = poll(&out, 1, STALLED_READER);
        if (ready < 0 && errno == EINTR)
            continue;
        ssize_t n = ready > 0 && (out.revents & POLLOUT) ? write(STDOUT_FILENO, text, length) : 0;
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0) {
            close(STDOUT_FILENO);
            return;
        }
        text += n;
        length -= (size_t)n;
    }
}

void xw_gate_say(const char *format, ...)
{
    char line[XW_LINE_MAX];
    va_list args;

    va_start(args, format);
    int n = vsnprintf(line, sizeof(line) - 1, format, args);
    va_end(args);
    if (n < 0)
        return;
    size_t length = strnlen(line, sizeof(line) - 2);
    line[length++] = '\n';
    write_out(line, length);
}

int xw_gate_send(int keeper, const struct xw_request *request, int viewer)
{
    char line[XW_LINE_MAX];
    int length = xw_request_format(request, line);
    union {
        struct cmsghdr header;
        char space[CMSG_SPACE(sizeof(int))];
    } control = {.space = {0}};

    if (length < 0)
        return length;
    struct iovec data = {.iov_base = line, .iov_len = (size_t)length};
    struct msghdr message = {.msg_iov = &data, .msg_iovlen = 1};
    if (viewer >= 0) {
        message.msg_control = &control;
        message.msg_controllen = sizeof(control.space);
        struct cmsghdr *header = CMSG_FIRSTHDR(&message);
        header->cmsg_level = SOL_SOCKET;
        header->cmsg_type = SCM_RIGHTS;
        header->cmsg_len = CMSG_LEN(sizeof(int));
        memcpy(CMSG_DATA(header), &viewer, sizeof(int));
    }
    ssize_t n = sendmsg(keeper, &message, MSG_NOSIGNAL);
    return n < 0 ? -errno : n == length ? 0 : -EIO;
}

/* What is known of the keeper's answer so far. */
struct answer {
    bool opened; /* a console: no deadline any more */
    bool ended;
    int code;       /* of `end` */
    uint64_t until; /* seconds of CLOCK_MONOTONIC */
};

static uint64_t seconds(void)
{
    struct timespec now;

    if (clock_gettime(CLOCK_MONOTONIC, &now) < 0)
        abort();
    return (uint64_t)now.tv_sec;
}

/* Looks at one whole line. */
static void look_at(const char *line, struct answer *answer, void (*opened)(void *), void *data)
{
    unsigned long value;

    if (strcmp(line, "open") == 0 && !answer->opened) {
        answer->opened = true;
        opened(data);
    }
    if (strncmp(line, "end ", 4) == 0 && xw_number(line + 4, 125, &value) == 0) {
        answer->ended = true;
        answer->code = (int)value;
    }
}

/* Waits until the keeper has said something, or ended; false when its time is over. */
static bool wait_for(int keeper, const struct answer *answer)
{
    struct pollfd in = {.fd = keeper, .events = POLLIN};
    int rc;

    do {
        uint64_t now = seconds();
        if (!answer->opened && now >= answer->until)
            return false;
        rc = poll(&in, 1, answer->opened ? -1 : (int)(answer->until - now) * 1000);
    } while (rc == 0 || (rc < 0 && errno == EINTR));
    return rc > 0;
}

int xw_gate_pass_on(int keeper, unsigned int deadline, void (*opened)(void *), void *data)
{
    struct answer answer = {.until = seconds() + deadline + GRACE};
    char buffer[XW_LINE_MAX];
    size_t used = 0;

    while (used < sizeof(buffer) && wait_for(keeper, &answer)) {
        ssize_t n = read(keeper, buffer + used, sizeof(buffer) - used);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            break;
        used += (size_t)n;
        char *newline;
        while ((newline = memchr(buffer, '\n', used)) != NULL) {
            size_t length = (size_t)(newline - buffer) + 1;
            write_out(buffer, length);
            *newline = '\0';
            look_at(buffer, &answer, opened, data);
            if (answer.ended)
                return answer.code;
            used -= length;
            memmove(buffer, newline + 1, used);
        }
    }
    xw_gate_say("error the lab's keeper broke off; try again in a moment");
    xw_gate_say("end %d", XW_EXIT_TRY_AGAIN);
    return XW_EXIT_TRY_AGAIN;
}
