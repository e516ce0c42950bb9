/*
 * A viewer's relay, taken over: linked with the relay's own objects (ld --wrap), and in charge from
 * where its filter is in force. It takes its script from the viewer, one line, and answers the
 * gate:
 *
 *   NAME PART VICTIM CALLER OTHER UUID   an attempt
 *   wait            stays until the gate is gone, as an attempt's victim
 *   held            the numbers of its descriptors
 */
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "common/policy.h"
#include "tests/hostile/owned/attempts.h"
#include "xwhelper/relay/policy.h"

enum { VIEWER = 4, GATE = 5 };

bool __real_xw_policy_enter(const struct xw_policy *policy);
bool __wrap_xw_policy_enter(const struct xw_policy *policy);

static void report(const char *text)
{
    if (send(GATE, text, strlen(text), MSG_NOSIGNAL) < 0)
        _exit(1);
}

bool __wrap_xw_policy_enter(const struct xw_policy *policy)
{
    char line[1024] = "";
    const char *words[6] = {NULL};
    struct order order;

    /* The console's relay goes on as it is; the viewer's is the one that has been taken over. */
    bool landlock = __real_xw_policy_enter(policy);
    if (policy != &xw_relay_viewer_policy)
        return landlock;
    if (read(VIEWER, line, sizeof(line) - 1) <= 0)
        _exit(1);
    if (strcmp(line, "wait\n") == 0) {
        struct pollfd end = {.fd = GATE, .events = POLLRDHUP};
        report("ready\n");
        poll(&end, 1, -1);
    } else if (strcmp(line, "held\n") == 0) {
        tell_held(report);
        report("\n");
    } else if (order_split(line, words) && order_read(words, &order)) {
        report(order_carry_out(&order));
        report("\n");
    }
    _exit(0);
}
