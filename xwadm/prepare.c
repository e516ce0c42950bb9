#include <errno.h>
#include <poll.h>
#include <pwd.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "common/cleanup.h"
#include "common/exitcode.h"
#include "common/lines.h"
#include "common/names.h"
#include "common/paths.h"
#include "common/request.h"
#include "xwadm/command.h"
#include "xwadm/files.h"
#include "xwadm/people.h"
#include "xwadm/say.h"
#include "xwsh/lines.h"

enum { CODE_MAX = 254, NOT_ENDED = -1, MILLISECONDS = 1000 };

static int connect_keeper(struct xw_error *err)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX, .sun_path = XW_KEEPER_SOCKET};
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

    if (fd < 0)
        return xw_fail_errno(err, -errno, "a socket can't be made");
    if (connect(fd, (const struct sockaddr *)&address, sizeof(address)) == 0)
        return fd;
    int rc = -errno;
    close(fd);
    if (rc == -ENOENT || rc == -ECONNREFUSED)
        return xw_fail(err, -EAGAIN, "the keeper isn't running; start it and try again");
    return xw_fail_errno(err, rc, "the keeper can't be reached");
}

static int send_request(int fd, const char *user, struct xw_error *err)
{
    struct xw_request request = {.verb = XW_VERB_PREPARE};
    char line[XW_LINE_MAX];
    uint64_t random;

    if (getrandom(&random, sizeof(random), 0) != (ssize_t)sizeof(random))
        return xw_fail_errno(err, -errno, "there are no random numbers");
    snprintf(request.id, sizeof(request.id), "%016llx", (unsigned long long)random);
    snprintf(request.owner, sizeof(request.owner), "%s", user);
    int length = xw_request_format(&request, line);
    if (length < 0)
        return xw_fail(err, length, "the request can't be written");
    if (send(fd, line, (size_t)length, MSG_NOSIGNAL) != length)
        return xw_fail_errno(err, -EAGAIN, "the keeper doesn't take the request");
    return 0;
}

/* Splits "KIND MACHINE TEXT": ends the machine's name, returns the text. */
static const char *split_machine(char *rest)
{
    char *space = strchr(rest, ' ');

    if (!space)
        return "";
    *space = '\0';
    return space + 1;
}

static bool starts(const char *line, const char *kind)
{
    size_t length = strlen(kind);

    return strncmp(line, kind, length) == 0 && line[length] == ' ';
}

/* Shows one line of the keeper's. Returns the code of `end`, NOT_ENDED before that. */
static int show_line(char *line)
{
    unsigned long code;
    char *rest = strchr(line, ' ');

    if (!xw_text_ok(line) || !rest)
        return NOT_ENDED;
    rest++;
    if (starts(line, "end"))
        return xw_number(rest, CODE_MAX, &code) == 0 ? (int)code : XW_EXIT_TRY_AGAIN;
    if (starts(line, "error")) {
        xw_note("%s", rest);
    } else if (starts(line, "fail")) {
        const char *text = split_machine(rest);
        xw_note("%s%s%s", strcmp(rest, "-") ? rest : "", strcmp(rest, "-") ? ": " : "", text);
    } else if (starts(line, "progress") || starts(line, "done")) {
        const char *text = split_machine(rest);
        xw_say("%s%s%s", strcmp(rest, "-") ? rest : "", strcmp(rest, "-") ? ": " : "", text);
    }
    return NOT_ENDED;
}

/* Shows what the keeper says until it has ended. Returns its code, or a negative errno. */
static int show_reply(int fd, struct xw_error *err)
{
    const int patience = (int)xw_verb_info(XW_VERB_PREPARE)->deadline * MILLISECONDS;
    struct xw_lines lines = {0};
    struct pollfd polled = {.fd = fd, .events = POLLIN};
    char *line;

    for (;;) {
        int rc;
        while ((rc = xw_lines_next(&lines, &line)) == 1) {
            int code = show_line(line);
            if (code != NOT_ENDED)
                return code;
        }
        if (rc < 0 || lines.at_end)
            return xw_fail(err, -EAGAIN, "the keeper ended without an answer; try again");
        rc = poll(&polled, 1, patience);
        if (rc < 0 && errno == EINTR)
            return xw_fail(err, -EINTR, "interrupted; what the keeper has begun, it completes");
        if (rc <= 0)
            return xw_fail(err, -EAGAIN, "the keeper doesn't answer; try again later");
        rc = xw_lines_fill(&lines, fd);
        if (rc < 0)
            return xw_fail_errno(err, -EAGAIN, "the keeper's answer can't be read");
    }
}

static int prepare(const char *user)
{
    struct xw_error err = {0};
    XW_AUTO_CLOSE int fd = connect_keeper(&err);
    int rc = fd < 0 ? fd : send_request(fd, user, &err);

    if (rc == 0)
        rc = show_reply(fd, &err);
    return rc < 0 ? xw_complain(&err) : rc;
}

static int run(int argc, char **argv)
{
    static const struct option options[] = {{0}};

    if (xw_option(argc, argv, options) != -1 ||
        !xw_operands_ok(argc, argv, 1, 1, "the user's name"))
        return XW_EXIT_USAGE;
    const char *user = argv[optind];
    if (!xw_owner_ok(user) || user[0] == '@') {
        xw_note("\"%.40s\" can't be a user's name here: small letters, digits, - and _", user);
        return XW_EXIT_USAGE;
    }
    const struct passwd *found;
    struct xw_error err = {0};
    if (xw_user_find(user, &found, &err) < 0)
        return xw_complain(&err);
    if (!found) {
        xw_note("this host has no user \"%s\"", user);
        return XW_EXIT_REFUSED;
    }
    return prepare(user);
}

const struct xw_command xw_command_prepare = {
    .name = "prepare",
    .arguments = "USER",
    .summary = "make the worlds that the labs grant to a user",
    .help = "Ask the keeper for what it does at every login of USER: make the worlds of all labs\n"
            "that grant one to a group of theirs and have not closed. What it says is shown; its "
            "exit status is this\n"
            "command's, 75 if it isn't running or was cut off.\n"
            "\n"
            "Example:\n"
            "  xwadm prepare alice\n",
    .run = run,
};
