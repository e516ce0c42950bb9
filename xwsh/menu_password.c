/*
 * The menu's lock, and the password before a verb. Either is one dialog with PAM (reauth.h), taken
 * step by step by the menu's own loop, so that resizes, hang-ups and a running action are seen to
 * meanwhile.
 */
#include <curses.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "xwsh/menu_state.h"
#include "xwsh/pump.h"

enum { CANCEL = 'C' - '@', CLEAR_LINE = 'U' - '@' };

int64_t xw_menu_lock_at(const struct xw_menu *menu)
{
    if (menu->settings->lock_ms == 0 || menu->mode == XW_MODE_LOCKED)
        return -1;
    return menu->last_key + menu->settings->lock_ms;
}

bool xw_dialog_has_input(const struct xw_menu *menu)
{
    return menu->mode == XW_MODE_LOCKED || menu->mode == XW_MODE_PASSWORD;
}

void xw_dialog_end(struct xw_menu *menu)
{
    struct xw_dialog *dialog = &menu->dialog;

    xw_reauth_close(&dialog->reauth);
    xw_secret_wipe(&dialog->typed);
    dialog->stage = XW_DIALOG_RESTS;
    dialog->told[0] = '\0';
}

/* Back to the menu: without any key that was meant for the dialog, whoever has it by now. */
static void leave_dialog(struct xw_menu *menu)
{
    xw_dialog_end(menu);
    flushinp();
    menu->keys = (struct xw_keys){0};
    menu->mode = XW_MODE_BROWSE;
    menu->last_key = xw_pump_now();
    menu->next_refresh = 0;
}

static void rest(struct xw_menu *menu, const char *why)
{
    xw_dialog_end(menu);
    snprintf(menu->dialog.told, sizeof(menu->dialog.told), "%s", why);
}

/* The attempt has come to nothing: the lock stays, or nothing is done. */
static void give_up(struct xw_menu *menu, const char *why)
{
    char text[XW_ERROR_TEXT_MAX];

    if (menu->mode == XW_MODE_LOCKED) {
        rest(menu, why);
        return;
    }
    leave_dialog(menu);
    snprintf(text, sizeof(text), "%.400s; nothing was changed", why);
    xw_menu_tell(menu, true, text);
}

static void ask(struct xw_menu *menu, bool shown, const char *question)
{
    struct xw_dialog *dialog = &menu->dialog;

    xw_secret_wipe(&dialog->typed);
    snprintf(dialog->question, sizeof(dialog->question), "%s", question);
    dialog->shown = shown;
    dialog->stage = XW_DIALOG_ASKS;
    dialog->deadline = xw_pump_now() + XW_REAUTH_CHECK_MS;
}

static void ask_word(struct xw_menu *menu)
{
    char question[XW_USER_MAX + 32];

    xw_reauth_close(&menu->dialog.reauth);
    snprintf(question, sizeof(question), "Type %s to go on: ", menu->settings->user);
    ask(menu, true, question);
}

static void begin(struct xw_menu *menu)
{
    struct xw_dialog *dialog = &menu->dialog;
    struct xw_error err = {0};

    if (xw_reauth_open(menu->settings->user, &dialog->reauth, &err) < 0) {
        give_up(menu, err.text);
        return;
    }
    dialog->stage = XW_DIALOG_WAITS;
    dialog->deadline = xw_pump_now() + XW_REAUTH_CHECK_MS;
}

void xw_menu_lock(struct xw_menu *menu)
{
    xw_menu_boot_end(menu);
    leave_dialog(menu);
    xw_job_stop(&menu->refresh);
    menu->mode = XW_MODE_LOCKED;
}

/* What stands for a password is the name of what is pending, typed at the menu's usual question. */
static void confirm_or_perform(struct xw_menu *menu)
{
    if (menu->confirmed)
        xw_menu_perform(menu);
    else
        menu->mode = XW_MODE_CONFIRM;
}

void xw_menu_guard(struct xw_menu *menu)
{
    if (!xw_settings_guard(menu->settings, menu->pending.verb)) {
        xw_menu_perform(menu);
    } else if (menu->settings->by_word) {
        confirm_or_perform(menu);
    } else {
        flushinp();
        menu->keys = (struct xw_keys){0};
        menu->mode = XW_MODE_PASSWORD;
        begin(menu);
    }
}

static void conclude(struct xw_menu *menu, const struct xw_reauth_event *event)
{
    bool locked = menu->mode == XW_MODE_LOCKED;
    struct xw_error err = {0};

    if (event->kind == XW_REAUTH_UNASKED && locked) {
        ask_word(menu);
    } else if (event->kind == XW_REAUTH_PASSED || event->kind == XW_REAUTH_UNASKED) {
        leave_dialog(menu);
        if (!locked && event->kind == XW_REAUTH_PASSED)
            xw_menu_perform(menu);
        else if (!locked)
            confirm_or_perform(menu);
    } else {
        xw_reauth_explain(event, &err);
        give_up(menu, err.text);
        /* Somebody is there; who can't be checked at all isn't asked again by itself. */
        if (locked && event->kind == XW_REAUTH_WRONG) {
            begin(menu);
            snprintf(menu->dialog.told, sizeof(menu->dialog.told), "%s", err.text);
        }
    }
}

static void take_event(struct xw_menu *menu, const struct xw_reauth_event *event)
{
    struct xw_dialog *dialog = &menu->dialog;

    switch (event->kind) {
    case XW_REAUTH_TELL:
        snprintf(dialog->told, sizeof(dialog->told), "%.*s", XW_ERROR_TEXT_MAX - 1, event->text);
        break;
    case XW_REAUTH_ASK:
    case XW_REAUTH_ASK_SHOWN:
        ask(menu, event->kind == XW_REAUTH_ASK_SHOWN, event->text);
        break;
    default:
        conclude(menu, event);
        break;
    }
}

void xw_dialog_step(struct xw_menu *menu)
{
    struct xw_dialog *dialog = &menu->dialog;
    struct xw_reauth_event event;

    while (dialog->reauth.fd >= 0 && xw_reauth_next(&dialog->reauth, &event))
        take_event(menu, &event);
    if (dialog->stage != XW_DIALOG_RESTS && xw_pump_now() >= dialog->deadline)
        give_up(menu, dialog->stage == XW_DIALOG_ASKS ? "there was no answer for a minute"
                                                      : "your password could not be checked in "
                                                        "a minute; tell an administrator");
}

static void submit(struct xw_menu *menu)
{
    struct xw_dialog *dialog = &menu->dialog;
    const char *typed = xw_secret_text(&dialog->typed);

    if (dialog->reauth.fd >= 0) {
        xw_reauth_answer(&dialog->reauth, typed);
        xw_secret_wipe(&dialog->typed);
        dialog->told[0] = '\0';
        dialog->stage = XW_DIALOG_WAITS;
        dialog->deadline = xw_pump_now() + XW_REAUTH_CHECK_MS;
    } else if (strcmp(typed, menu->settings->user) == 0) {
        leave_dialog(menu);
    } else {
        rest(menu, "that was not the word");
    }
}

static void take_typed_key(struct xw_menu *menu, int key)
{
    struct xw_dialog *dialog = &menu->dialog;

    dialog->deadline = xw_pump_now() + XW_REAUTH_CHECK_MS;
    switch (key) {
    case '\r':
    case '\n':
        submit(menu);
        break;
    case 0x7f:
    case '\b':
        xw_secret_erase(&dialog->typed);
        break;
    case CLEAR_LINE:
        xw_secret_wipe(&dialog->typed);
        break;
    default:
        if (key >= ' ' && key <= 0xff)
            xw_secret_add(&dialog->typed, (char)key);
        break;
    }
}

/*
 * While an answer is checked nothing but ^C at the lock has an effect: an attempt that could be
 * broken off would make wrong guesses as quick as right ones.
 */
void xw_dialog_take_key(struct xw_menu *menu, int key)
{
    bool locked = menu->mode == XW_MODE_LOCKED;
    enum xw_dialog_stage stage = menu->dialog.stage;

    if (key == CANCEL && locked)
        menu->leaving = true;
    else if (stage == XW_DIALOG_ASKS && (key == CANCEL || key == XW_KEY_ESCAPE))
        give_up(menu, locked ? "" : "no password was given");
    else if (stage == XW_DIALOG_ASKS)
        take_typed_key(menu, key);
    else if (stage == XW_DIALOG_RESTS && (key == '\r' || key == '\n') && menu->settings->by_word)
        ask_word(menu);
    else if (stage == XW_DIALOG_RESTS && (key == '\r' || key == '\n'))
        begin(menu);
}

void xw_dialog_take_input(struct xw_menu *menu)
{
    char bytes[64];
    ssize_t got = read(STDIN_FILENO, bytes, sizeof(bytes));

    if (got == 0 || (got < 0 && errno != EINTR && errno != EAGAIN))
        menu->leaving = true;
    for (ssize_t i = 0; i < got && !menu->leaving && xw_dialog_has_input(menu); i++) {
        int key = xw_keys_take(&menu->keys, (unsigned char)bytes[i], xw_pump_now());
        if (key != XW_KEY_NONE)
            xw_menu_take_key(menu, key);
    }
    explicit_bzero(bytes, sizeof(bytes));
}
