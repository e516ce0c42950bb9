/*
 * What the gate tells (docs/protocols.md), parsed line by line, and what is known from it: the
 * worlds, a world's machines, the results of a verb. The only place that knows the lines.
 */
#ifndef XW_XWSH_MODEL_H
#define XW_XWSH_MODEL_H

#include <stdbool.h>
#include <stddef.h>

#include "common/access.h"
#include "common/error.h"
#include "common/exitcode.h"
#include "common/names.h"
#include "common/record.h"
#include "common/request.h"
#include "xwsh/target.h"

#define XW_WORLDS_MAX    1024
#define XW_SEGMENTS_MAX  64
#define XW_LINKS_MAX     16 /* of one machine */
#define XW_LINK_SIZE     64 /* of an address, with its end */
#define XW_ADDRESSES_MAX ((size_t)XW_LINKS_MAX * XW_LINK_SIZE)
#define XW_SAVED_MAX     1024
#define XW_HISTORY_MAX   65536 /* bytes */

enum xw_state {
    XW_STATE_OFF,
    XW_STATE_STARTING,
    XW_STATE_RUNNING,
    XW_STATE_PAUSED,
    XW_STATE_DISK_FULL,
    XW_STATE_SUSPENDED,
    XW_STATE_STOPPING,
    XW_STATE_CRASHED,
    XW_STATE_MISSING,
    XW_STATE_COUNT
};

struct xw_world {
    char lab[XW_NAME_SIZE];
    char owner[XW_NAME_SIZE];
    char address[XW_WORLD_SIZE]; /* how its user writes it: LAB, or LAB:OWNER where not one's own */
    unsigned long machines;
    unsigned long running;
    time_t last_use;              /* of a `member` line; 0 where unknown */
    char title[XW_TITLE_MAX + 1]; /* unsafe: show it through safe_text.h */
};

/* A segment of a world. */
struct xw_segment {
    char name[XW_NAME_SIZE];
};

/* An interface of a machine. */
struct xw_link {
    char segment[XW_NAME_SIZE];
    char address[XW_LINK_SIZE]; /* "10.1.0.1/24", "" for none; unsafe to show */
};

struct xw_machine {
    char lab[XW_NAME_SIZE];
    char owner[XW_NAME_SIZE];
    char name[XW_NAME_SIZE];
    enum xw_state state;
    unsigned long memory; /* MiB */
    bool graphics;        /* has a graphical console */
    size_t link_count;
    struct xw_link links[XW_LINKS_MAX];
};

/* What a student saved to go back to. */
struct xw_saved {
    char lab[XW_NAME_SIZE];
    char owner[XW_NAME_SIZE];
    char machine[XW_NAME_SIZE];
    char name[XW_NAME_SIZE];
    time_t made;
    bool memory;                /* or the disk alone: the machine was off */
    unsigned long size;         /* bytes */
    char text[XW_NOTE_MAX + 1]; /* unsafe: show it through safe_text.h */
};

/* When a lab may be used; of those that are always open nothing is told. */
struct xw_lab_window {
    char world[XW_WORLD_SIZE]; /* LAB for all its worlds, or LAB:OWNER for that one */
    struct xw_window window;
};

/* A lab whose worlds the caller looks after. */
struct xw_lab_instructed {
    char lab[XW_NAME_SIZE];
    char title[XW_TITLE_MAX + 1]; /* unsafe to show */
};

enum xw_grant_role {
    XW_GRANT_STUDENT,
    XW_GRANT_USER,
    XW_GRANT_TEAM,
    XW_GRANT_INSTRUCTOR,
    XW_GRANT_INSTRUCTOR_USER,
    XW_GRANT_ROLES
};

/* A group or a single user that a lab names. */
struct xw_grant {
    enum xw_grant_role role;
    gid_t gid;               /* of a group */
    uid_t uid;               /* of a user, with the name that went with it */
    char user[XW_NAME_SIZE]; /* "" for a group */
};

/* One owner's own closing time of a lab. */
struct xw_extension {
    char owner[XW_NAME_SIZE];
    time_t until;
};

/* How somebody is at a console. */
enum xw_viewer_mode { XW_VIEWER_WRITES, XW_VIEWER_WATCHES, XW_VIEWER_TAKES };

struct xw_viewer {
    char name[XW_NAME_SIZE];
    enum xw_viewer_mode mode;
};

enum xw_message_kind {
    XW_MESSAGE_HELLO,
    XW_MESSAGE_WORLD,
    XW_MESSAGE_MEMBER,
    XW_MESSAGE_INSTRUCTS,
    XW_MESSAGE_GRANT,
    XW_MESSAGE_EXTENSION,
    XW_MESSAGE_WINDOW,
    XW_MESSAGE_SEGMENT,
    XW_MESSAGE_MACHINE,
    XW_MESSAGE_GRAPHICS,
    XW_MESSAGE_CHECKPOINT,
    XW_MESSAGE_PROGRESS,
    XW_MESSAGE_DONE,
    XW_MESSAGE_FAIL,
    XW_MESSAGE_ERROR,
    XW_MESSAGE_VIEWER,
    XW_MESSAGE_LEFT,
    XW_MESSAGE_HISTORY,
    XW_MESSAGE_OPEN,
    XW_MESSAGE_END
};

struct xw_message {
    enum xw_message_kind kind;
    struct xw_world world;         /* WORLD, MEMBER */
    struct xw_lab_window window;   /* WINDOW */
    struct xw_lab_instructed lab;  /* INSTRUCTS */
    struct xw_grant grant;         /* GRANT */
    struct xw_extension extension; /* EXTENSION */
    struct xw_segment segment;     /* SEGMENT */
    struct xw_machine machine;     /* MACHINE */
    struct xw_viewer viewer;       /* VIEWER, LEFT */
    struct xw_saved saved;         /* CHECKPOINT */
    char subject[XW_NAME_SIZE];    /* GRAPHICS, PROGRESS, DONE, FAIL: a machine, "" for the world */
    const char *text;              /* PROGRESS, DONE, FAIL, ERROR: into the line; unsafe to show */
    unsigned long history;         /* HISTORY: bytes */
    enum xw_exit code;             /* END */
};

/*
 * Parses one line without its newline; the line is written into, and message->text points into it.
 * Returns 0, -EPROTO (the `xworlds` line of another version) or -EBADMSG (no line of the protocol).
 */
int xw_message_parse(char *line, struct xw_message *message);

/* The protocol's word for a state. */
const char *xw_state_name(enum xw_state state);

struct xw_result {
    char machine[XW_NAME_SIZE]; /* "" for the world as a whole */
    bool done;                  /* or failed */
    char text[XW_ERROR_TEXT_MAX];
    bool waited; /* for what --wait names (wait.h), for so many seconds */
    unsigned int seconds;
    char reason[XW_ERROR_TEXT_MAX]; /* why that did not come; "" where it did */
};

/* Start with { 0 }, end with xw_model_clear(). */
struct xw_model {
    struct xw_world *worlds;
    size_t world_count;
    struct xw_lab_window *windows;
    size_t window_count;
    struct xw_lab_instructed *labs;
    size_t lab_count;
    struct xw_grant *grants;
    size_t grant_count;
    struct xw_extension *extensions;
    size_t extension_count;
    struct xw_segment *segments;
    size_t segment_count;
    struct xw_machine *machines;
    size_t machine_count;
    struct xw_saved *saved;
    size_t saved_count;
    struct xw_result *results;
    size_t result_count;
};

/* The machine of that name, or NULL. */
const struct xw_machine *xw_model_machine(const struct xw_model *model, const char *name);

/* The addresses of its interfaces, joined by commas, "-" for none; unsafe to show. Returns text. */
const char *xw_machine_addresses(const struct xw_machine *machine, char text[XW_ADDRESSES_MAX]);

/* Whether a machine is suspended, and what is said then. */
bool xw_model_suspended(const struct xw_model *model);
#define XW_SUSPENDED_TEXT                                                                          \
    "suspended: 'start' or 'console' lets it go on where it was, in about a second"

/*
 * Adds what a message tells. Returns 0, -ENOMEM, or -EBADMSG where there is more of anything than
 * there can be.
 */
int xw_model_add(struct xw_model *model, const struct xw_message *message);

/*
 * The window of a world, by its address: its own, or its lab's; NULL where none has been told.
 */
const struct xw_window *xw_model_window(const struct xw_model *model, const char *world);

/* The protocol's word for the role of a group. */
const char *xw_grant_role_word(enum xw_grant_role role);

/* The protocol's word for a window's state. */
const char *xw_window_word(enum xw_window_state state);

void xw_model_clear(struct xw_model *model);

/* Frees what *to holds and moves *from there; *from is empty afterwards. */
void xw_model_replace(struct xw_model *to, struct xw_model *from);

#endif
