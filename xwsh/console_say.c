#include "xwsh/console_state.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/cleanup.h"
#include "xwsh/console_keys.h"
#include "xwsh/history.h"
#include "xwsh/print.h"
#include "xwsh/target.h"

enum { GREETING_MAX = XW_COMPANY_TEXT_MAX + XW_TARGET_SIZE + 256 };

void xw_console_show(const struct xw_console *console, const char *text)
{
    char safe[XW_SAFE_SIZE(XW_COMPANY_TEXT_MAX)];

    xw_safe_text(xw_session_err_charset(console->session), text, safe, sizeof(safe));
    if (console->raw)
        fprintf(stderr, "\r\n[%s: %s]\r\n", console->target, safe);
}

void xw_console_announce(const struct xw_console *console, const char *text)
{
    xw_console_show(console, text);
    xw_recorder_said(console->recorder, text);
}

void xw_console_tell(const struct xw_console *console, const char *text)
{
    xw_console_show(console, text);
    if (!console->raw)
        xw_session_complain(console->session, text);
}

void xw_console_note(struct xw_console *console, const char *text)
{
    snprintf(console->note, sizeof(console->note), "%s", text);
    xw_console_announce(console, console->note);
}

/* Lines, whether the terminal is in raw mode or not. */
static void put_lines(const char *text)
{
    for (const char *end; (end = strchr(text, '\n')) != NULL; text = end + 1)
        fprintf(stderr, "%.*s\r\n", (int)(end - text), text);
}

void xw_console_show_help(const struct xw_console *console)
{
    fputs("\r\n", stderr);
    put_lines(xw_console_help(console->verb));
}

/* What is said at the beginning; with a hint where nothing else is to be seen. */
static void make_greeting(const struct xw_console *console, const char *hint,
                          char words[GREETING_MAX])
{
    char text[XW_COMPANY_TEXT_MAX];
    bool watches = console->verb == XW_VERB_WATCH;
    bool taken = console->verb == XW_VERB_CONSOLE && xw_company_taken(&console->company);
    bool alone = console->company.count == 0;

    snprintf(words, GREETING_MAX, "%s %s%s\n%s%s%s%s%s", watches ? "Watching" : "Connected to",
             console->target,
             watches ? "; your keys go nowhere. Press ^] (Ctrl and ]) to leave."
                     : ". Press ^] (Ctrl and ]) to leave.",
             watches ? "" : hint,
             alone ? "" : "Also here: ", alone ? "" : xw_company_list(&console->company, text),
             alone ? "" : ".\n",
             taken ? "Your keys do nothing until the one who has taken over leaves.\n" : "");
}

/* The screen as the guest left it, with the greeting. */
static int show_history(const struct xw_console *console, struct xw_pump *pump, const char *words,
                        const char *hinting)
{
    XW_AUTO_FREE char *bytes = malloc(console->history);

    if (!bytes) {
        pump->passed_over = console->history;
        return -ENOMEM;
    }
    int rc = xw_history_show(console->session, pump, bytes, console->history, words, hinting);
    if (rc == 0)
        xw_recorder_was(console->recorder, bytes, console->history);
    return rc;
}

void xw_console_greet(const struct xw_console *console, struct xw_pump *pump, bool shown)
{
    char words[GREETING_MAX];
    char hinting[GREETING_MAX];

    make_greeting(console, "", words);
    make_greeting(console, "If nothing shows, press Enter.\n", hinting);
    if (console->history == 0 || !shown) {
        put_lines(hinting);
    } else if (show_history(console, pump, words, hinting) < 0) {
        put_lines("The last screen can't be shown.\n");
        put_lines(hinting);
    }
}
