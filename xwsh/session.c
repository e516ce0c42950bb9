#include "xwsh/session.h"

#include <errno.h>
#include <fcntl.h>
#include <langinfo.h>
#include <locale.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

#include "xwsh/signals.h"
#include "xwsh/tty.h"

enum { KEPT = 3 };

static const char *const locale_variables[KEPT] = {"LC_ALL", "LC_CTYPE", "LANG"};

/* Whether text is 1 to 64 letters, digits and characters of `extra`, the first no extra one. */
static bool is_plain(const char *text, const char *extra)
{
    static const char alphanumeric[] = "abcdefghijklmnopqrstuvwxyz"
                                       "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789";
    size_t length = strnlen(text, XW_TERM_MAX + 1);

    if (length == 0 || length > XW_TERM_MAX || !strchr(alphanumeric, text[0]))
        return false;
    for (size_t i = 0; i < length; i++) {
        if (!strchr(alphanumeric, text[i]) && !strchr(extra, text[i]))
            return false;
    }
    return true;
}

static void take_original_command(struct xw_session *session)
{
    const char *original = getenv("SSH_ORIGINAL_COMMAND");

    session->has_original = original != NULL;
    if (original)
        snprintf(session->original, sizeof(session->original), "%s", original);
}

static void take_term(struct xw_session *session)
{
    const char *term = getenv("TERM");

    if (term && is_plain(term, ".+-"))
        snprintf(session->term, sizeof(session->term), "%s", term);
}

/* Clears the environment but for plain locale names; HOME and TERMINFO would name files to read. */
static int clear_environment(void)
{
    char kept[KEPT][XW_TERM_MAX + 1] = {{0}};

    for (int i = 0; i < KEPT; i++) {
        const char *value = getenv(locale_variables[i]);
        if (value && is_plain(value, "._@-"))
            snprintf(kept[i], sizeof(kept[i]), "%s", value);
    }
    if (clearenv() != 0)
        return -ENOMEM;
    for (int i = 0; i < KEPT; i++) {
        if (kept[i][0] && setenv(locale_variables[i], kept[i], 1) < 0)
            return -errno;
    }
    return 0;
}

static int open_standard_descriptors(void)
{
    int fd = -1;

    do {
        fd = open("/dev/null", O_RDWR | O_CLOEXEC);
        if (fd < 0)
            return -errno;
    } while (fd <= STDERR_FILENO);
    close(fd);
    return 0;
}

static int prepare_process(struct xw_session *session, struct xw_error *err)
{
    static const struct rlimit no_core = {0, 0};
    int rc = open_standard_descriptors();

    if (rc < 0)
        return xw_fail_errno(err, rc, "cannot open /dev/null");
    if (setrlimit(RLIMIT_CORE, &no_core) < 0 || prctl(PR_SET_DUMPABLE, 0) < 0)
        return xw_fail_errno(err, -errno, "cannot switch core dumps off");
    if (chdir("/") < 0)
        return xw_fail_errno(err, -errno, "cannot change to /");
    session->signal_fd = xw_signals_open();
    if (session->signal_fd < 0)
        return xw_fail_errno(err, session->signal_fd, "cannot prepare for signals");
    return 0;
}

int xw_session_start(struct xw_session *session, struct xw_error *err)
{
    *session = (struct xw_session){.signal_fd = -1};
    session->colour = getenv("NO_COLOR") == NULL;
    session->prepared = xw_prepared_read(getenv(XW_PREPARED_VARIABLE));
    take_original_command(session);
    take_term(session);
    int rc = clear_environment();
    if (rc < 0)
        return xw_fail_errno(err, rc, "cannot clear the environment");
    rc = prepare_process(session, err);
    if (rc < 0)
        return rc;
    setlocale(LC_CTYPE, "");
    bool utf8 = strcmp(nl_langinfo(CODESET), "UTF-8") == 0;
    session->charset = utf8 ? XW_CHARSET_UTF8 : XW_CHARSET_ASCII;
    session->in_tty = isatty(STDIN_FILENO) == 1;
    session->out_tty = isatty(STDOUT_FILENO) == 1;
    session->err_tty = isatty(STDERR_FILENO) == 1;
    session->capable = session->out_tty && xw_tty_is_capable(session->term);
    return 0;
}

enum xw_charset xw_session_out_charset(const struct xw_session *session)
{
    return session->out_tty ? session->charset : XW_CHARSET_UTF8;
}

enum xw_charset xw_session_err_charset(const struct xw_session *session)
{
    return session->err_tty ? session->charset : XW_CHARSET_UTF8;
}

void xw_session_complain(const struct xw_session *session, const char *text)
{
    char safe[XW_SAFE_SIZE(XW_ERROR_TEXT_MAX)];

    xw_safe_text(xw_session_err_charset(session), text, safe, sizeof(safe));
    fprintf(stderr, "xwsh: %s\n", safe);
}
