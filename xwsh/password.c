#include "xwsh/password.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>

#include "xwsh/pump.h"
#include "xwsh/reauth.h"
#include "xwsh/signals.h"
#include "xwsh/tty.h"

static int give_up(int rc, struct xw_error *err)
{
    if (rc == -EPIPE)
        return xw_fail(err, rc, "interrupted: the terminal is gone");
    return xw_fail(err, -EINTR, "interrupted");
}

static int ask_word(const struct xw_session *session, const char *word, struct xw_error *err)
{
    char prompt[XW_USER_MAX + 32];
    char answer[XW_USER_MAX + 2];

    if (!word)
        return 0;
    snprintf(prompt, sizeof(prompt), "Type %s to go on: ", word);
    int rc = xw_tty_read_line(session->signal_fd, prompt, true, answer, sizeof(answer));
    if (rc == -EINTR || rc == -EPIPE) {
        putchar('\n');
        return give_up(rc, err);
    }
    if (rc < 0 || strcmp(answer, word) != 0)
        return xw_fail(err, -EACCES, "that was not the word");
    return 0;
}

static int answer(const struct xw_session *session, const struct xw_reauth *reauth,
                  const struct xw_reauth_event *event)
{
    char prompt[XW_SAFE_SIZE(XW_REAUTH_TEXT_MAX)];
    char typed[XW_REAUTH_ANSWER_MAX + 1];
    int64_t deadline = xw_pump_now() + XW_REAUTH_CHECK_MS;
    int rc;

    xw_safe_text(session->charset, event->text, prompt, sizeof(prompt));
    if (event->kind == XW_REAUTH_ASK)
        rc = xw_tty_read_secret(session->signal_fd, prompt, deadline, typed, sizeof(typed));
    else
        rc = xw_tty_read_line_until(session->signal_fd, prompt, true, deadline, typed,
                                    sizeof(typed));
    /* One that is too long for PAM is no password: it is answered, and refused, as an empty one. */
    if (rc == -EMSGSIZE) {
        typed[0] = '\0';
        rc = 0;
    }
    if (rc == 0)
        xw_reauth_answer(reauth, typed);
    explicit_bzero(typed, sizeof(typed));
    return rc;
}

/*
 * Waits for the next event. ^C does not shorten the wait that follows a wrong password, or guesses
 * would cost nothing. Returns 0, -EPIPE or -ETIMEDOUT.
 */
static int await(const struct xw_session *session, const struct xw_reauth *reauth,
                 struct xw_reauth_event *event)
{
    int64_t deadline = xw_pump_now() + XW_REAUTH_CHECK_MS;

    while (!xw_reauth_next(reauth, event)) {
        struct pollfd wait[2] = {{.fd = reauth->fd, .events = POLLIN},
                                 {.fd = session->signal_fd, .events = POLLIN}};
        int64_t left = deadline - xw_pump_now();
        if (left <= 0)
            return -ETIMEDOUT;
        poll(wait, 2, (int)left);
        if (wait[1].revents && xw_signals_next(session->signal_fd) == XW_SIGNAL_HANGUP)
            return -EPIPE;
    }
    return 0;
}

static void tell(const struct xw_session *session, const char *text)
{
    char safe[XW_SAFE_SIZE(XW_REAUTH_TEXT_MAX)];

    xw_safe_text(session->charset, text, safe, sizeof(safe));
    puts(safe);
}

/* From question to question, up to the event that ends the attempt. */
static int converse(const struct xw_session *session, const struct xw_reauth *reauth,
                    struct xw_reauth_event *event)
{
    for (;;) {
        int rc = await(session, reauth, event);
        if (rc < 0)
            return rc;
        if (event->kind == XW_REAUTH_TELL)
            tell(session, event->text);
        else if (event->kind != XW_REAUTH_ASK && event->kind != XW_REAUTH_ASK_SHOWN)
            return 0;
        else if ((rc = answer(session, reauth, event)) < 0)
            return rc;
    }
}

int xw_password_prove(const struct xw_session *session, const struct xw_settings *settings,
                      const char *word, struct xw_error *err)
{
    struct xw_reauth_event event = {0};
    struct xw_reauth reauth;

    if (settings->by_word)
        return ask_word(session, word, err);
    int rc = xw_reauth_open(settings->user, &reauth, err);
    if (rc < 0)
        return -EACCES;
    rc = converse(session, &reauth, &event);
    xw_reauth_close(&reauth);
    if (rc == -ETIMEDOUT)
        return xw_fail(err, -EINTR, "there was no answer for a minute");
    if (rc < 0)
        return give_up(rc, err);
    if (event.kind == XW_REAUTH_PASSED)
        return 0;
    if (event.kind == XW_REAUTH_UNASKED)
        return ask_word(session, word, err);
    xw_reauth_explain(&event, err);
    return -EACCES;
}
