/*
 * What ^] offers on a console.
 */
#ifndef XW_XWSH_CONSOLE_KEYS_H
#define XW_XWSH_CONSOLE_KEYS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/request.h"

enum xw_console_key {
    XW_CONSOLE_STAYS, /* and whatever was typed is the machine's */
    XW_CONSOLE_LEAVES,
    XW_CONSOLE_LITERAL,
    XW_CONSOLE_WHO,
    XW_CONSOLE_BREAK,
    XW_CONSOLE_HELP,
    XW_CONSOLE_RECORDS, /* or stops recording */
    XW_CONSOLE_GIVES,   /* back what was taken over */
    XW_CONSOLE_TAKES    /* over */
};

/* How long it waits for a key before it leaves, in milliseconds. */
enum { XW_CONSOLE_MENU_MS = 2000 };

/* What the bytes that one read(2) gave mean, to who is there by this verb; a second ^] leaves. */
enum xw_console_key xw_console_key(const char *bytes, size_t count, enum xw_verb verb);

/* The line that is shown after ^]; what ? shows, lines ended by \n; what b shows. */
const char *xw_console_menu(enum xw_verb verb, bool recording);
const char *xw_console_help(enum xw_verb verb);
const char *xw_console_break(void);

#endif
