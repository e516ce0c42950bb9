#include "xwsh/copy.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/paths.h"
#include "xwsh/copy_transfer.h"
#include "xwsh/help.h"
#include "xwsh/settings.h"
#include "xwsh/target.h"

enum { LEAVE_MS = 1000 };

/* What the operands say. */
struct what {
    const char *operand; /* WORLD/MACHINE:PATH */
    bool put;
};

/* Returns false where they are no source and target. */
static bool read_operands(const struct xw_arguments *arguments, struct what *what)
{
    const char *first = arguments->operand[0];
    const char *second = arguments->count > 1 ? arguments->operand[1] : "-";

    what->put = strcmp(first, "-") == 0;
    what->operand = what->put ? second : first;
    return strcmp(what->operand, "-") != 0 && (what->put || strcmp(second, "-") == 0);
}

static enum xw_exit complain(const struct xw_session *session, enum xw_exit code, const char *text)
{
    xw_session_complain(session, text);
    return code;
}

/* WORLD/MACHINE:PATH; a world may have a colon of its own. */
static enum xw_exit read_target(const struct xw_session *session, const struct what *what,
                                struct xw_request *request, char path[XW_COPY_PATH_SIZE])
{
    char target[2 * XW_TARGET_SIZE / XW_MACHINES_MAX + XW_WORLD_SIZE];
    const char *slash = strchr(what->operand, '/');
    const char *colon = slash ? strchr(slash, ':') : NULL;

    *request = (struct xw_request){.verb = what->put ? XW_VERB_COPY_TO : XW_VERB_COPY_FROM};
    if (!colon)
        return complain(session, XW_EXIT_USAGE,
                        "say where in which machine, like firewall/web:/root/notes; the other side "
                        "is '-'");
    if (colon[1] != '/')
        return complain(session, XW_EXIT_USAGE, "a path in a machine begins with /");
    if (strlen(colon + 1) >= XW_COPY_PATH_SIZE)
        return complain(session, XW_EXIT_USAGE, "that path is too long");
    snprintf(path, XW_COPY_PATH_SIZE, "%s", colon + 1);
    const size_t length = (size_t)(colon - what->operand);
    if (length >= sizeof(target))
        return xw_command_refuse(session);
    memcpy(target, what->operand, length);
    target[length] = '\0';
    return xw_target_parse(target, request) < 0 ? xw_command_refuse(session) : XW_EXIT_OK;
}

/* What is a terminal is neither a file nor fit for a guest's raw bytes. */
static enum xw_exit check_ends(const struct xw_session *session, const struct what *what)
{
    if (what->put && session->in_tty)
        return complain(
            session, XW_EXIT_USAGE,
            "standard input is a terminal; give it a file, from your computer: ssh HOST "
            "copy - WORLD/MACHINE:PATH <FILE");
    if (!what->put && session->out_tty)
        return complain(session, XW_EXIT_USAGE,
                        "a machine's bytes are not written to a terminal; take them into a file, "
                        "from your computer: ssh HOST copy WORLD/MACHINE:PATH >FILE");
    return XW_EXIT_OK;
}

/* Who copies is root in the machine, as on its console; and there is no terminal to ask on. */
static enum xw_exit check_password(const struct xw_session *session)
{
    struct xw_settings settings;
    struct xw_error err = {0};

    if (xw_settings_read(XW_CONFIG_PATH, &settings, &err) < 0)
        return complain(session, XW_EXIT_TRY_AGAIN, err.text);
    if (!xw_settings_guard(&settings, XW_VERB_CONSOLE))
        return XW_EXIT_OK;
    return complain(session, XW_EXIT_PASSWORD,
                    "this host asks for your password before a console opens, and so lets nothing "
                    "be copied: a copy has no terminal to ask on");
}

static void report(const struct xw_copy *copy)
{
    char text[XW_ERROR_TEXT_MAX];
    char safe[XW_SAFE_SIZE(sizeof(text))];

    if (!copy->request.put)
        return;
    snprintf(text, sizeof(text), "%s: %llu bytes %s %.300s", copy->target,
             (unsigned long long)copy->moved, copy->request.tar ? "unpacked below" : "written to",
             copy->request.path);
    xw_safe_text(xw_session_out_charset(copy->session), text, safe, sizeof(safe));
    puts(safe);
}

static enum xw_exit run(const struct xw_session *session, const struct xw_request *request,
                        struct xw_copy *copy)
{
    struct xw_error err = {0};
    enum xw_exit code = XW_EXIT_TRY_AGAIN;
    int rc = xw_copy_link_open(copy->link, request, &err);

    if (rc == 0) {
        code = xw_copy_run(copy, &err);
    } else if (copy->link->told) {
        err = copy->link->err;
        code = copy->link->code == XW_EXIT_OK ? XW_EXIT_FAILED : copy->link->code;
    } else if (rc == -EINTR) {
        code = XW_EXIT_FAILED;
    }
    xw_copy_link_close(copy->link, LEAVE_MS);
    if (code == XW_EXIT_OK)
        report(copy);
    else
        xw_session_complain(session, err.text);
    return code;
}

enum xw_exit xw_run_copy(const struct xw_session *session, const struct xw_command *command,
                         const struct xw_arguments *arguments)
{
    struct xw_copy copy = {.session = session, .progress = {.session = session}};
    struct xw_request request;
    char target[XW_TARGET_SIZE];
    struct what what;

    if (!read_operands(arguments, &what)) {
        xw_help_usage(stderr, command);
        return XW_EXIT_USAGE;
    }
    enum xw_exit code = read_target(session, &what, &request, copy.request.path);
    if (code == XW_EXIT_OK)
        code = check_ends(session, &what);
    if (code == XW_EXIT_OK)
        code = check_password(session);
    if (code != XW_EXIT_OK)
        return code;
    copy.request.put = what.put;
    copy.request.tar = (arguments->options & XW_OPTION_TAR) != 0;
    copy.target = xw_target_format(&request, target);
    copy.link = calloc(1, sizeof(*copy.link));
    if (!copy.link)
        return complain(session, XW_EXIT_FAILED, "out of memory");
    *copy.link = XW_COPY_LINK_NONE(session->signal_fd);
    code = run(session, &request, &copy);
    free(copy.link);
    return code;
}
