/*
 * What the parts of a console share: console.c (its life, its keys, what moves) and console_say.c
 * (what is told on it). Nothing else includes this.
 */
#ifndef XW_XWSH_CONSOLE_STATE_H
#define XW_XWSH_CONSOLE_STATE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "xwsh/company.h"
#include "xwsh/console_once.h"
#include "xwsh/gate.h"
#include "xwsh/pump.h"
#include "xwsh/recorder.h"

struct xw_console {
    const struct xw_session *session;
    struct xw_console_visit *visit;
    const char *target; /* firewall/router */
    enum xw_verb verb;  /* how this viewer is there */
    struct xw_company company;
    bool opened;
    size_t history;     /* how many of the guest's bytes are from before */
    int64_t menu_until; /* ^] was typed, and a key is waited for until then; 0: it wasn't */
    struct xw_gate *gate;
    bool raw; /* the terminal is in raw mode: lines need their own carriage return */
    char note[XW_ERROR_TEXT_MAX]; /* the last thing that the gate said about the machine */
    bool gate_ended;
    struct xw_recorder *recorder;
    enum xw_exit code;     /* once gate_ended */
    struct xw_model model; /* what `done` and `fail` lines tell */
    struct xw_error *err;
};

/* While the guest is shown: on a line of its own between what the guest writes. */
void xw_console_show(const struct xw_console *console, const char *text);

/* The same of what is news in a recording, too. */
void xw_console_announce(const struct xw_console *console, const char *text);

/* What has to be told where there is no terminal, too. */
void xw_console_tell(const struct xw_console *console, const char *text);

/* Keeps what the gate says about the machine, and shows it at once. */
void xw_console_note(struct xw_console *console, const char *text);

/* What ^] offers. */
void xw_console_show_help(const struct xw_console *console);

/*
 * What is said at the beginning, on a terminal that is raw; with shown, below the screen as the
 * guest left it, where there is one.
 */
void xw_console_greet(const struct xw_console *console, struct xw_pump *pump, bool shown);

#endif
