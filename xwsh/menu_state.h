/*
 * What the parts of the menu share: menu.c (the loop and the lists), menu_keys.c (what keys do),
 * menu_question.c (what is asked before something is done), menu_search.c (looking for a row),
 * menu_console.c (a console), menu_job.c (requests that run while keys are read), menu_boot.c
 * (machines that boot after one), menu_prepared.c (worlds that are still being made), menu_events.c
 * (what happens to the machines that are shown), menu_password.c (the lock, and the password before
 * a verb), menu_draw.c (the screen), menu_list.c (the list on it), menu_map.c (a world's machines
 * drawn). Nothing outside the menu includes this.
 */
#ifndef XW_XWSH_MENU_STATE_H
#define XW_XWSH_MENU_STATE_H

#include <curses.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "xwsh/boots.h"
#include "xwsh/events.h"
#include "xwsh/gate.h"
#include "xwsh/keys.h"
#include "xwsh/picture.h"
#include "xwsh/reauth.h"
#include "xwsh/secret.h"
#include "xwsh/session.h"
#include "xwsh/settings.h"
#include "xwsh/target.h"

/*
 * One's own worlds and the labs that one looks after; all worlds of such a lab; a world; the
 * checkpoints of a machine.
 */
enum xw_menu_page {
    XW_PAGE_WORLDS,
    XW_PAGE_LAB,
    XW_PAGE_MACHINES,
    XW_PAGE_CHECKPOINTS,
    XW_PAGE_COUNT
};

enum xw_menu_mode {
    XW_MODE_BROWSE,
    XW_MODE_CONFIRM, /* a name is being typed to confirm what is pending */
    XW_MODE_NAME,    /* the name of a new checkpoint is being typed */
    XW_MODE_OFFER,   /* whether a machine that is off is to be started, for its console */
    XW_MODE_SEARCH,  /* a part of a row is being typed */
    XW_MODE_HELP,
    XW_MODE_NOTICE, /* a console has closed by itself: what is still being typed was meant for it */
    XW_MODE_PASSWORD, /* the password is asked for before what is pending */
    XW_MODE_LOCKED
};

enum xw_dialog_stage {
    XW_DIALOG_RESTS, /* nobody is asked; Enter at the lock begins */
    XW_DIALOG_WAITS, /* for PAM: for its first question, or for what an answer comes to */
    XW_DIALOG_ASKS   /* an answer is being typed */
};

/* The password as it is being asked for, or the word that stands for one. */
struct xw_dialog {
    enum xw_dialog_stage stage;
    struct xw_reauth reauth; /* none while a word is asked for */
    bool shown;              /* the answer may be seen */
    int64_t deadline;        /* of what is waited for */
    struct xw_secret typed;
    char question[XW_REAUTH_TEXT_MAX + 1]; /* unsafe to show, as is this: */
    char told[XW_ERROR_TEXT_MAX];
};

/* Pairs of the terminal's own colours. */
enum { XW_PAIR_GOOD = 1, XW_PAIR_BUSY, XW_PAIR_BAD };

/* A request in the background. */
struct xw_job {
    struct xw_gate *gate; /* NULL: none runs */
    struct xw_request request;
    struct xw_model model;
    struct xw_error err;
    int64_t started;              /* milliseconds, monotonic */
    char note[XW_ERROR_TEXT_MAX]; /* the latest progress; unsafe to show */
};

struct xw_menu {
    const struct xw_session *session;
    const struct xw_settings *settings;
    enum xw_menu_page page;
    enum xw_menu_mode mode;
    struct xw_model model[XW_PAGE_COUNT];
    bool loaded[XW_PAGE_COUNT];
    size_t cursor[XW_PAGE_COUNT];
    size_t first[XW_PAGE_COUNT]; /* index of the first row on the screen */
    bool map;                    /* a world's machines are drawn, not listed */
    int map_row;                 /* the first of the map's rows and columns on the screen */
    int map_column;
    char lab[XW_NAME_SIZE];     /* of the lab's page */
    char world[XW_WORLD_SIZE];  /* of the machines' page */
    enum xw_menu_page back;     /* from there */
    char machine[XW_NAME_SIZE]; /* of the checkpoints' page */
    struct xw_job refresh;      /* list, worlds, status or checkpoints */
    struct xw_job action;       /* whatever changes a world */
    struct xw_boots boots;      /* of the machines that the action boots; none: nobody looks */
    bool boot_acted;            /* it has, and they boot */
    int64_t boot_began;
    int64_t began_refresh;
    int64_t next_refresh;
    bool outdated; /* something has happened since the list was asked for */
    struct xw_events events;
    int64_t made_since; /* worlds are still being made since then; -1: none are */
    int64_t last_key;
    struct xw_request pending; /* awaits its confirmation */
    bool confirmed;            /* by its name */
    struct xw_dialog dialog;
    bool console_next; /* the machine's, when it has been started */
    char typed[XW_NAME_SIZE];
    bool found;                      /* what is searched for */
    size_t search_from;              /* the row where it began */
    char message[XW_ERROR_TEXT_MAX]; /* unsafe to show */
    bool is_error;
    bool refresh_failed; /* the message is about that */
    struct xw_keys keys;
    bool leaving;
};

/* What a row begins with; on the page of a lab that is who a world belongs to. */
const char *xw_menu_row_name(const struct xw_menu *menu, size_t row);

/* How many rows the current page has. */
size_t xw_menu_rows(const struct xw_menu *menu);

/*
 * The machine, the checkpoint, or the world as it is written, in the row of the cursor; "" where
 * there is none.
 */
const char *xw_menu_name_at_cursor(const struct xw_menu *menu);

/* The lab in the row of the cursor; "" where there is none. */
const char *xw_menu_lab_at_cursor(const struct xw_menu *menu);

/* Sets the message, which stands until the next key. */
void xw_menu_tell(struct xw_menu *menu, bool is_error, const char *text);

/* The page that one comes back to from the current one. */
enum xw_menu_page xw_menu_page_before(const struct xw_menu *menu);

/* Turns to a page, whose list is asked for at once. */
void xw_menu_show_page(struct xw_menu *menu, enum xw_menu_page page);

/* Starts an action, or beeps while another one runs. */
void xw_menu_start_action(struct xw_menu *menu, const struct xw_request *request);

/* Says what the login has left to be told. */
void xw_menu_prepared_begin(struct xw_menu *menu);

/* Tells which worlds are in a fresh list that were not in the last one, while some are being made.
 */
void xw_menu_prepared_compare(struct xw_menu *menu, const struct xw_model *fresh);

/* Whether worlds may still be being made: the list is asked for more often then. */
bool xw_menu_prepared_waits(const struct xw_menu *menu);

/* What is shown while there is no world yet; "" where nothing is awaited. Safe to show. */
void xw_menu_prepared_describe(const struct xw_menu *menu, char *text, size_t size);

/* Takes what has happened, onto the page or by having its list asked for. */
void xw_menu_events_step(struct xw_menu *menu);

/* When events are to be asked for; -1 while they are, or nobody is to see them. */
int64_t xw_menu_events_due(const struct xw_menu *menu);

/* A fresh list of worlds: where it has others than the last one, events are asked for anew. */
void xw_menu_events_compare(struct xw_menu *menu, const struct xw_model *fresh);

/* Whether the list has the world. */
bool xw_menu_has_world(const struct xw_model *model, const struct xw_world *world);

/* Does what a key means in the current mode. */
void xw_menu_take_key(struct xw_menu *menu, int key);

/* Makes a request about the row of the cursor, or its whole world. Returns whether there is one. */
bool xw_menu_request(const struct xw_menu *menu, enum xw_verb verb, bool whole,
                     struct xw_request *request);

/* Makes a request the one that is pending; nothing has been answered about it. */
void xw_menu_ask(struct xw_menu *menu, const struct xw_request *request);

/* Whether a question about what is pending stands in the last two lines; draws it. */
bool xw_menu_asks(const struct xw_menu *menu);
void xw_menu_draw_question(const struct xw_menu *menu);

/* Draws the last line: a prompt, what has been typed, the cursor. */
void xw_menu_draw_typed(const struct xw_menu *menu, const char *prompt);

/* What a key answers. */
void xw_menu_take_answer(struct xw_menu *menu, int key);

/* Adds a key to what has been typed, or takes one off. Returns whether it is different now. */
bool xw_menu_type(struct xw_menu *menu, int key);

/* The search for a row: begins, goes on with a key, draws its two lines. */
void xw_menu_search_begin(struct xw_menu *menu);
void xw_menu_search_take_key(struct xw_menu *menu, int key);
void xw_menu_search_draw(const struct xw_menu *menu);

/* Opens the console of the row of the cursor; if the machine is off, asks whether to start it. */
void xw_menu_open_console(struct xw_menu *menu);

/* The action has ended: if it was begun for a console, opens that. */
void xw_menu_console_after(struct xw_menu *menu, enum xw_exit code);

/* Gives the terminal to the console that is pending, and takes it back. */
void xw_menu_run_console(struct xw_menu *menu);

/* Does what is pending: everything that was to be asked before it has been asked. */
void xw_menu_perform(struct xw_menu *menu);

/* Does what is pending if no password is wanted before it, or has it asked for. */
void xw_menu_guard(struct xw_menu *menu);

/* When the menu locks; -1 for never, or when it is locked. */
int64_t xw_menu_lock_at(const struct xw_menu *menu);

/* Locks the menu, dropping whatever was being asked or typed. */
void xw_menu_lock(struct xw_menu *menu);

/*
 * Whether the dialog has the keyboard: its bytes are then to be read with xw_dialog_take_input(),
 * past curses, which keeps what it reads.
 */
bool xw_dialog_has_input(const struct xw_menu *menu);
void xw_dialog_take_input(struct xw_menu *menu);

void xw_dialog_take_key(struct xw_menu *menu, int key);

/* Takes what has come from PAM, and heeds the deadline. */
void xw_dialog_step(struct xw_menu *menu);

/* Ends it and forgets what was typed. */
void xw_dialog_end(struct xw_menu *menu);

void xw_menu_draw(struct xw_menu *menu);

/*
 * The question that stands, at the end of the line the cursor, and what is typed where it may be;
 * the same before a verb.
 */
void xw_menu_draw_answer(const struct xw_menu *menu, int row);
void xw_menu_draw_password(const struct xw_menu *menu);

/* The part of it between the bar and the message; the second is for a world with machines. */
void xw_menu_draw_list(struct xw_menu *menu);
void xw_menu_draw_map(struct xw_menu *menu);

/* How many rows at the bottom show the keys: two where one is too short and the screen is high. */
int xw_menu_key_rows(const struct xw_menu *menu);

/* How curses shows a mark. */
chtype xw_menu_look(enum xw_mark mark);

/* Draws text, made safe, at most `columns` wide; returns the columns taken. */
int xw_menu_put(const struct xw_menu *menu, int row, int column, int columns, const char *text);

/* An action begins on the page of machines, or has ended: those that boot by it are looked at. */
void xw_menu_boot_begin(struct xw_menu *menu, const struct xw_request *request);
void xw_menu_boot_acted(struct xw_menu *menu);

/* Takes what they have written. */
void xw_menu_boot_step(struct xw_menu *menu);

/* Whether there is something to say of them; and what. Unsafe to show. */
bool xw_menu_boot_shows(const struct xw_menu *menu);
void xw_menu_boot_describe(const struct xw_menu *menu, char *text, size_t size);

/*
 * A bar for what takes a while: a block goes to and fro in it with the time, for how much of it is
 * over nobody knows. Returns bar.
 */
enum { XW_MENU_BAR = 10, XW_MENU_BAR_SIZE = XW_MENU_BAR + 3 };
const char *xw_menu_bar(int64_t elapsed, char bar[XW_MENU_BAR_SIZE]);

/* Looks no longer; they go on. */
void xw_menu_boot_end(struct xw_menu *menu);

/* Starts a job that does not run yet. Returns 0 or a negative errno with job->err set. */
int xw_job_start(struct xw_job *job, const struct xw_request *request);

/* Takes what has come. Returns true when the job has ended, with its outcome in *code and err. */
bool xw_job_step(struct xw_job *job, enum xw_exit *code);

/* Ends a job, whether it is running or not, and forgets what it knew. */
void xw_job_stop(struct xw_job *job);

/* What the action is doing, or has come to, in words; unsafe to show. */
void xw_job_describe(const struct xw_job *job, int64_t now, char *text, size_t size);
void xw_job_conclude(const struct xw_job *job, enum xw_exit code, char *text, size_t size);

#endif
