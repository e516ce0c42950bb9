/*
 * A request, the table of verbs, and the line that carries a request from gate to keeper
 * (docs/protocols.md). Compiled into gate and keeper; no I/O.
 */
#ifndef XW_COMMON_REQUEST_H
#define XW_COMMON_REQUEST_H

#include <stdbool.h>
#include <stddef.h>
#include <time.h>

#include "common/names.h"

#define XW_PROTOCOL_VERSION "1"
#define XW_MACHINES_MAX     64   /* machines of one world */
#define XW_LINE_MAX         4096 /* bytes of a protocol line with its end */
#define XW_MACHINES_SIZE    (XW_MACHINES_MAX * XW_NAME_SIZE + 1) /* their names with commas */
#define XW_TIME_MAX         253402300799 /* the last second of the year 9999 */

enum xw_verb {
    XW_VERB_LIST,
    XW_VERB_STATUS,
    XW_VERB_START,
    XW_VERB_STOP,
    XW_VERB_REBOOT,
    XW_VERB_REVERT,
    XW_VERB_CONSOLE,
    XW_VERB_WATCH, /* a console, without typing */
    XW_VERB_CHECKPOINTS,
    XW_VERB_CHECKPOINT_CREATE,
    XW_VERB_CHECKPOINT_DELETE,
    XW_VERB_VNC,  /* a graphical console */
    XW_VERB_TAKE, /* a console, with nobody else typing */
    XW_VERB_WORLDS,
    XW_VERB_GRANTS,
    XW_VERB_EXTEND,
    XW_VERB_DEPLOY,
    XW_VERB_PREPARE,
    XW_VERB_SUSPEND,
    XW_VERB_RELAY, /* a child of the keeper's, for one of the three */
    XW_VERB_COUNT
};

/* What a verb is about, and so what has to be named. */
enum xw_scope {
    XW_SCOPE_NONE, /* no lab: everything that is one user's */
    XW_SCOPE_ALL,  /* all worlds of a lab, without an owner */
    XW_SCOPE_LAB,  /* one world */
    XW_SCOPE_SET,  /* machines of one world, '*' for all */
    XW_SCOPE_ONE   /* one machine */
};

/* Whether a verb names a checkpoint. */
enum xw_naming {
    XW_NAMING_NONE,
    XW_NAMING_MAY,
    XW_NAMING_MUST,
    XW_NAMING_NOTED /* it must, and something may be said of it */
};

/* The role that a verb needs. */
enum xw_role {
    XW_ROLE_STUDENT,    /* the owner of the world, or who instructs its lab, through the gate */
    XW_ROLE_INSTRUCTOR, /* who instructs the lab, through the gate */
    XW_ROLE_ROOT        /* a peer of uid 0 */
};

struct xw_verb_info {
    const char *name;
    enum xw_scope scope;
    enum xw_role role;     /* whose verb it is; nobody else may ask for it */
    unsigned int deadline; /* seconds until the keeper gives up; 0: none once it is open */
    bool changes;          /* changes a world, or what is known of one */
    bool may_force;        /* takes --force */
    bool takes_time;       /* a time has to be given */
    bool takes_descriptor; /* a console's, of either kind: one descriptor comes along */
    enum xw_naming naming; /* of a checkpoint */
};

/* The table's row for a verb; never NULL for a value below XW_VERB_COUNT. */
const struct xw_verb_info *xw_verb_info(enum xw_verb verb);

/* Finds a verb by its exact name. Returns 0 and sets *verb, or -ENOENT. */
int xw_verb_find(const char *name, enum xw_verb *verb);

struct xw_request {
    enum xw_verb verb;
    char lab[XW_NAME_SIZE];   /* "" where the verb takes none */
    char owner[XW_NAME_SIZE]; /* a user, or a team with its '@'; "" for nobody in particular */
    bool whole_world;         /* '*' */
    size_t machine_count;     /* 0 with whole_world */
    char machines[XW_MACHINES_MAX][XW_NAME_SIZE];
    bool force;
    time_t until; /* UTC seconds, of a verb that takes a time; 0 takes an extension back */
    char checkpoint[XW_NAME_SIZE];  /* "" where none is named */
    char note[2 * XW_NOTE_MAX + 1]; /* what is said of it, in hexadecimal digits; "": nothing */
    char id[XW_REQUEST_ID_LEN + 1];
};

/*
 * Sets request->lab and request->owner from "LAB:OWNER", or "LAB": no owner. Both names must be in
 * the grammar. Returns 0 or -EINVAL; then both are as before.
 */
int xw_request_set_world(struct xw_request *request, const char *text);

/*
 * Sets request->machines from "*" or "a,b,c". Every name must be in the grammar and named once;
 * there are 1 to XW_MACHINES_MAX. Returns 0 or -EINVAL.
 */
int xw_request_set_machines(struct xw_request *request, const char *list);

/* Writes the machines as they are asked for: "a,b,c", "*" for the whole world, "-" for none. */
void xw_request_machines(const struct xw_request *request, char text[XW_MACHINES_SIZE]);

/*
 * Sets the checkpoint and its note from "checkpoint=NAME" or, where the verb takes a note,
 * "checkpoint=NAME:DIGITS": two lower-case hexadecimal digits for each of 1 to XW_NOTE_MAX bytes,
 * which nobody decodes but the keeper. Returns 0, -EINVAL (not of this form), -ENOENT (the name is
 * not in the grammar).
 */
int xw_request_set_checkpoint(struct xw_request *request, const char *option);

/* The same, written. Returns text: "" where no checkpoint is named. */
#define XW_CHECKPOINT_OPTION_SIZE (sizeof("checkpoint=:") + XW_NAME_MAX + (size_t)2 * XW_NOTE_MAX)
const char *xw_request_checkpoint(const struct xw_request *request,
                                  char text[XW_CHECKPOINT_OPTION_SIZE]);

/*
 * Writes the request's line, with its newline and a terminating NUL, into line.
 * Returns its length without the NUL, or -EMSGSIZE.
 */
int xw_request_format(const struct xw_request *request, char line[XW_LINE_MAX]);

/*
 * Reads a line without its newline. Everything is checked: version, seven fields, one space
 * between them, the grammar of each field, and that the verb takes exactly these. Nobody is named
 * ("-") where the verb is about a whole lab, and may be nobody where a user asks for what is
 * theirs. Returns 0, -EPROTO (another version) or -EINVAL (anything else); *request is whole or
 * unset.
 */
int xw_request_parse(const char *line, struct xw_request *request);

#endif
