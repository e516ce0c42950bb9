/*
 * The question in the last two lines, about what is pending: how it is asked, and what the keys
 * answer.
 */
#include <curses.h>
#include <stdio.h>
#include <string.h>

#include "xwsh/checkpoint.h"
#include "xwsh/menu_state.h"
#include "xwsh/target.h"

bool xw_menu_asks(const struct xw_menu *menu)
{
    return menu->mode == XW_MODE_CONFIRM || menu->mode == XW_MODE_NAME ||
           menu->mode == XW_MODE_OFFER;
}

/* What is asked about what is pending. */
static void describe(const struct xw_menu *menu, char *text, size_t size)
{
    char target[XW_TARGET_SIZE];

    xw_target_format(&menu->pending, target);
    if (menu->mode == XW_MODE_OFFER)
        snprintf(text, size, "%s is off. Start it, and go to its console?", target);
    else if (menu->mode == XW_MODE_NAME)
        snprintf(text, size, "Save %s under a name: small letters, digits, hyphens. Esc: no.",
                 target);
    else if (menu->pending.verb == XW_VERB_CHECKPOINT_DELETE)
        snprintf(text, size, "Delete the checkpoint %s of %s? Esc: no.", menu->pending.checkpoint,
                 target);
    else if (*menu->pending.checkpoint)
        snprintf(text, size, "Revert %s to %s? What was changed since then is lost. Esc: no.",
                 target, menu->pending.checkpoint);
    else if (menu->pending.verb == XW_VERB_REVERT)
        snprintf(text, size, "Revert %s? What was changed on disk is lost. Esc: no.", target);
    else
        snprintf(text, size, "%s %s? Esc: no.", xw_checkpoint_words(menu->pending.verb), target);
}

void xw_menu_draw_question(const struct xw_menu *menu)
{
    char text[2 * XW_TARGET_SIZE];

    describe(menu, text, sizeof(text));
    attron(A_BOLD);
    xw_menu_put(menu, LINES - 2, 0, COLS - 1, text);
    attroff(A_BOLD);
    if (menu->mode == XW_MODE_OFFER) {
        xw_menu_put(menu, LINES - 1, 0, COLS - 1, "Enter yes  Esc no");
        return;
    }
    if (menu->mode == XW_MODE_NAME)
        snprintf(text, sizeof(text), "Name: ");
    else
        snprintf(text, sizeof(text), "Type %s: ", xw_target_word(&menu->pending));
    xw_menu_draw_typed(menu, text);
}

void xw_menu_draw_typed(const struct xw_menu *menu, const char *prompt)
{
    int column = xw_menu_put(menu, LINES - 1, 0, COLS - 2, prompt);

    column += xw_menu_put(menu, LINES - 1, column, COLS - 1 - column, menu->typed);
    move(LINES - 1, column < COLS ? column : COLS - 1);
}

void xw_menu_draw_answer(const struct xw_menu *menu, int row)
{
    const struct xw_dialog *dialog = &menu->dialog;

    if (dialog->stage != XW_DIALOG_ASKS) {
        xw_menu_put(menu, row, 0, COLS - 1, dialog->stage == XW_DIALOG_WAITS ? "Checking ..." : "");
        return;
    }
    int column = xw_menu_put(menu, row, 0, COLS - 2, dialog->question);
    if (dialog->shown)
        column += xw_menu_put(menu, row, column, COLS - 1 - column, xw_secret_text(&dialog->typed));
    move(row, column < COLS ? column : COLS - 1);
}

void xw_menu_draw_password(const struct xw_menu *menu)
{
    char text[2 * XW_TARGET_SIZE];
    char target[XW_TARGET_SIZE];
    char suffix[XW_NAME_SIZE + 1];

    snprintf(text, sizeof(text), "Your password, to %s %s%s. Esc: no.  %.200s",
             xw_checkpoint_words(menu->pending.verb), xw_target_format(&menu->pending, target),
             xw_checkpoint_suffix(&menu->pending, suffix), menu->dialog.told);
    attron(A_BOLD);
    xw_menu_put(menu, LINES - 2, 0, COLS - 1, text);
    attroff(A_BOLD);
    xw_menu_draw_answer(menu, LINES - 1);
}

static void end_confirm(struct xw_menu *menu)
{
    struct xw_error err = {0};

    if (menu->mode == XW_MODE_NAME) {
        menu->mode = XW_MODE_BROWSE;
        if (xw_checkpoint_name(&menu->pending, menu->typed, &err) < 0)
            xw_menu_tell(menu, true, err.text);
        else
            xw_menu_guard(menu);
        return;
    }
    menu->mode = XW_MODE_BROWSE;
    menu->confirmed = strcmp(menu->typed, xw_target_word(&menu->pending)) == 0;
    if (menu->confirmed)
        xw_menu_guard(menu);
    else
        xw_menu_tell(menu, false, "That was not the name; nothing was changed.");
}

bool xw_menu_type(struct xw_menu *menu, int key)
{
    size_t length = strlen(menu->typed);

    if (key == KEY_BACKSPACE || key == 0x7f || key == '\b') {
        menu->typed[length > 0 ? length - 1 : 0] = '\0';
        return true;
    }
    if (key < ' ' || key >= 0x7f || length + 1 >= sizeof(menu->typed))
        return false;
    menu->typed[length] = (char)key;
    menu->typed[length + 1] = '\0';
    return true;
}

/* A machine that is off is started, and its console follows. */
static void end_offer(struct xw_menu *menu)
{
    menu->mode = XW_MODE_BROWSE;
    menu->pending.verb = XW_VERB_START;
    menu->console_next = true;
    xw_menu_guard(menu);
}

void xw_menu_take_answer(struct xw_menu *menu, int key)
{
    switch (key) {
    case '\r':
    case '\n':
    case KEY_ENTER:
        if (menu->mode == XW_MODE_OFFER)
            end_offer(menu);
        else
            end_confirm(menu);
        break;
    case XW_KEY_ESCAPE:
    case 'C' - '@':
        menu->mode = XW_MODE_BROWSE;
        xw_menu_tell(menu, false, "Nothing was changed.");
        break;
    default:
        if (menu->mode == XW_MODE_OFFER && (key == 'y' || key == 'Y'))
            end_offer(menu);
        else if (menu->mode == XW_MODE_OFFER && (key == 'n' || key == 'N' || key == 'q'))
            xw_menu_take_answer(menu, XW_KEY_ESCAPE);
        else if (menu->mode != XW_MODE_OFFER && key != ' ')
            xw_menu_type(menu, key);
        break;
    }
}
