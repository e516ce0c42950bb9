#include "xwsh/confirm.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "common/paths.h"
#include "xwsh/checkpoint.h"
#include "xwsh/password.h"
#include "xwsh/pump.h"
#include "xwsh/settings.h"
#include "xwsh/target.h"
#include "xwsh/tty.h"

/* What is about to be lost. */
static void describe(const struct xw_request *request, char *text, size_t size)
{
    char target[XW_TARGET_SIZE];

    xw_target_format(request, target);
    if (request->verb == XW_VERB_CHECKPOINT_DELETE)
        snprintf(text, size, "This deletes the checkpoint %s of %s.\nThe machine stays as it is.\n",
                 request->checkpoint, target);
    else if (*request->checkpoint)
        snprintf(text, size,
                 "This puts %s back to the checkpoint %s.\n"
                 "What was changed since then is lost.\n",
                 target, request->checkpoint);
    else
        snprintf(text, size,
                 "This puts %s back to its first state.\n"
                 "What was changed on its disk since then is lost.\n",
                 target);
}

/*
 * Asks on the terminal before disks are put back, or a way back is removed. Where the word may
 * stand for a password, it must be this one. Whoever doesn't answer finds the menu, if it is one,
 * locked.
 */
static bool is_name_given(const struct xw_session *session, const struct xw_settings *settings,
                          const struct xw_request *request, const char *word)
{
    char loss[XW_ERROR_TEXT_MAX + XW_TARGET_SIZE];
    char prompt[sizeof(loss) + XW_NAME_SIZE + 32];
    char answer[XW_NAME_SIZE * 2] = "";

    describe(request, loss, sizeof(loss));
    snprintf(prompt, sizeof(prompt), "%sType %s to go on: ", loss, word);
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
    char suffix[XW_NAME_SIZE + 1];
    const char *verb = xw_checkpoint_words(request->verb);

    snprintf(text, sizeof(text),
             "'%s' asks for your password here, which takes a terminal: ssh -t HOST %s %.200s%s",
             verb, verb, xw_target_format(request, target), xw_checkpoint_suffix(request, suffix));
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
    bool loses = request->verb == XW_VERB_REVERT || request->verb == XW_VERB_CHECKPOINT_DELETE;
    bool asks = loses && !yes && terminal;
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
