/*
 * The gate, taken over: linked with the gate's own objects (ld --wrap), and in charge from where
 * the filter is in force and main would look at its arguments. These are its script:
 *
 *   NAME PART VICTIM CALLER OTHER UUID   an attempt
 *   wait            stays, as an attempt's victim
 *   held            the numbers of its descriptors
 *   say LINE...     each line to the keeper on the connection that it has, then what came back
 *   forge TEXT      an audit record
 *   pass            the audit socket and the keeper's connection over descriptor 3
 */
#include <libaudit.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "common/policy.h"
#include "tests/hostile/owned/attempts.h"

enum { PATIENCE = 10000, VIEWER = 3 };

bool __real_xw_policy_enter(const struct xw_policy *policy);
bool __wrap_xw_policy_enter(const struct xw_policy *policy);
int __real_xw_gate_connect_and_drop(uid_t student);
int __wrap_xw_gate_connect_and_drop(uid_t student);
int __real_audit_open(void);
int __wrap_audit_open(void);

/* What it finds in its memory; here it is noted as it comes. */
static char **arguments;
static int keeper = -1;
static int audit = -1;

__attribute__((constructor)) static void remember(int argc, char *argv[])
{
    (void)argc;
    arguments = argv;
}

int __wrap_audit_open(void)
{
    audit = __real_audit_open();
    return audit;
}

int __wrap_xw_gate_connect_and_drop(uid_t student)
{
    keeper = __real_xw_gate_connect_and_drop(student);
    return keeper;
}

static void report(const char *text)
{
    if (write(STDOUT_FILENO, text, strlen(text)) < 0)
        _exit(1);
}

/*
 * The lines go out one by one, each when something has come back for the one before, if the keeper
 * hasn't closed meanwhile.
 */
static void say(char *const lines[])
{
    char answer[4096];
    struct pollfd ready = {.fd = keeper, .events = POLLIN};

    for (; *lines; lines++) {
        if (sendto(keeper, *lines, strlen(*lines), MSG_NOSIGNAL, NULL, 0) < 0) {
            report("(closed)\n");
            break;
        }
        if (poll(&ready, 1, PATIENCE) != 1)
            report("(nothing)\n");
    }
    for (;;) {
        if (poll(&ready, 1, PATIENCE) != 1)
            return;
        ssize_t n = read(keeper, answer, sizeof(answer) - 1);
        if (n <= 0)
            return;
        answer[n] = '\0';
        report(answer);
    }
}

static void forge(const char *text)
{
    int rc = audit_log_user_message(audit, AUDIT_TRUSTED_APP, text, NULL, NULL, "?", 1);

    report(rc > 0 ? "had\n" : "refused\n");
}

static void pass(void)
{
    const int both[2] = {audit, keeper};
    union {
        struct cmsghdr header;
        char space[CMSG_SPACE(sizeof(both))];
    } control = {.space = {0}};
    struct iovec data = {"x", 1};
    struct msghdr message = {.msg_iov = &data,
                             .msg_iovlen = 1,
                             .msg_control = &control,
                             .msg_controllen = sizeof(control.space)};
    struct cmsghdr *header = CMSG_FIRSTHDR(&message);

    header->cmsg_level = SOL_SOCKET;
    header->cmsg_type = SCM_RIGHTS;
    header->cmsg_len = CMSG_LEN(sizeof(both));
    memcpy(CMSG_DATA(header), both, sizeof(both));
    report(sendmsg(VIEWER, &message, MSG_NOSIGNAL) == 1 ? "had\n" : "refused\n");
}

static void carry_out(char *const words[])
{
    struct order order;

    if (strcmp(words[0], "wait") == 0) {
        report("ready\n");
        poll(NULL, 0, -1);
    } else if (strcmp(words[0], "held") == 0) {
        tell_held(report);
    } else if (strcmp(words[0], "say") == 0) {
        say(words + 1);
    } else if (strcmp(words[0], "forge") == 0) {
        forge(words[1]);
    } else if (strcmp(words[0], "pass") == 0) {
        pass();
    } else if (order_read((const char *const *)(const void *)words, &order)) {
        report(order_carry_out(&order));
    }
}

bool __wrap_xw_policy_enter(const struct xw_policy *policy)
{
    __real_xw_policy_enter(policy);
    carry_out(arguments + 1);
    _exit(0);
}
