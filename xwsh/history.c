#include "xwsh/history.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "xwsh/replay.h"
#include "xwsh/tty.h"

/* Takes so many bytes, or what has come when the time is over or the stream. */
static size_t take(int socket, char *bytes, size_t count)
{
    const int64_t deadline = xw_pump_now() + XW_HISTORY_WAIT_MS;
    size_t used = 0;

    while (used < count) {
        struct pollfd wait = {.fd = socket, .events = POLLIN};
        int64_t left = deadline - xw_pump_now();
        if (left <= 0 || poll(&wait, 1, (int)left) == 0)
            break;
        ssize_t n = recv(socket, bytes + used, count - used, MSG_DONTWAIT);
        if (n == 0 || (n < 0 && errno != EAGAIN && errno != EINTR))
            break;
        used += n < 0 ? 0 : (size_t)n;
    }
    return used;
}

/* A terminal that is gone is noticed by who waits for it. */
static void show(struct xw_pump *pump, const struct xw_replay *replay, const char *rest,
                 size_t count)
{
    if (xw_write_all(STDOUT_FILENO, replay->text, strlen(replay->text)) < 0)
        return;
    pump->guest.touched = pump->guest.touched || replay->touches;
    pump->guest.alternate = replay->alternate;
    xw_pump_show(pump, rest, count);
}

int xw_history_show(const struct xw_session *session, struct xw_pump *pump, char *bytes,
                    size_t count, const char *words, const char *if_blank)
{
    struct xw_replay replay;
    int rows;
    int columns;

    pump->passed_over = count - take(pump->socket, bytes, count);
    if (pump->passed_over > 0)
        return -ETIMEDOUT;
    size_t whole = xw_replay_whole(bytes, count);
    xw_tty_size(STDOUT_FILENO, &rows, &columns);
    int rc =
        xw_replay_make(bytes, whole, rows, columns, session->charset, words, if_blank, &replay);
    if (rc < 0)
        return rc;
    show(pump, &replay, bytes + whole, count - whole);
    free(replay.text);
    return 0;
}
