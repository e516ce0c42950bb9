#include "xwsh/confirm.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "common/paths.h"
#include "xwsh/password.h"
#include "xwsh/pump.h"
#include "xwsh/settings.h"
#include "xwsh/target.h"
#include "xwsh/tty.h"

/*
 * Asks on the terminal before disks are put back. Where the word may stand for a password, it must
 * be this one. Whoever doesn't answer finds the menu, if it is one, locked.
 */
static bool is_name_given(const struct xw_session *session, const struct xw_settings *settings,
                          const struct xw_request *request, const char *word)
{
    char target[XW_TARGET_SIZE];
    char prompt[XW_ERROR_TEXT_MAX + XW_TARGET_SIZE];
    char answer[XW_NAME_SIZE * 2] = "";

    snprintf(prompt, sizeof(prompt),
             "This puts %s back to its first state.\n"
             "What was changed on its disk since then is lost.\n"
             "Type %s to go on: ",
             xw_target_format(request, target), word);
    int64_t deadline = settings->lock_ms > 0 ? xw_pump_now() + settings->lock_ms : -1;
    int rc =
        xw_tty_read_line_until(session->signal_fd, prompt, true, deadline, answer, sizeof(answer));
    bool yes = !xw_settings_guard(settings, request->verb) && strcmp(answer, "yes") == 0;
    if (rc == 0 && (yes || strcmp(answer, word) == 0))
        return true;
    if (rc == -ETIMEDOUT && session->quiet)
        *session->quiet = settings->lock_ms;
    fprintf(stderr, "%sNothing was changed.\n", rc < 0 ? "\n" : "");
    return false;
}

static enum xw_exit refuse_without_terminal(const struct xw_session *session,
                                            const struct xw_request *request)
{
    char text[XW_ERROR_TEXT_MAX];
    char target[XW_TARGET_SIZE];
    const char *verb = xw_verb_info(request->verb)->name;

    snprintf(text, sizeof(text),
             "'%s' asks for your password here, which takes a terminal: ssh -t HOST %s %.200s",
             verb, verb, xw_target_format(request, target));
    xw_session_complain(session, text);
    return XW_EXIT_PASSWORD;
}

static enum xw_exit prove(const struct xw_session *session, const struct xw_settings *settings,
                          const char *word)
{
    char text[XW_ERROR_TEXT_MAX];
    struct xw_error err = {0};
    int rc = xw_password_prove(session, settings, word, &err);

    if (rc == 0)
        return XW_EXIT_OK;
    snprintf(text, sizeof(text), "%.400s; nothing was changed", err.text);
    xw_session_complain(session, text);
    return rc == -EACCES ? XW_EXIT_PASSWORD : XW_EXIT_FAILED;
}

enum xw_exit xw_confirm(const struct xw_session *session, const struct xw_request *request,
                        bool yes)
{
    const char *word = xw_target_word(request);
    bool terminal = session->in_tty && session->out_tty;
    bool asks = request->verb == XW_VERB_REVERT && !yes && terminal;
    struct xw_settings settings;
    struct xw_error err = {0};

    if (xw_settings_read(XW_CONFIG_PATH, &settings, &err) < 0) {
        xw_session_complain(session, err.text);
        return XW_EXIT_TRY_AGAIN;
    }
    bool guarded = xw_settings_guard(&settings, request->verb);
    if (guarded && !terminal)
        return refuse_without_terminal(session, request);
    if (asks && !is_name_given(session, &settings, request, word))
        return XW_EXIT_FAILED;
    return guarded ? prove(session, &settings, asks ? NULL : word) : XW_EXIT_OK;
}
