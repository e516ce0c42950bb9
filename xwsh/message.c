/* The lines of the protocol, read. */
#include "xwsh/model.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>

#include "xwsh/message_fields.h"
#include "xwsh/message_machine.h"

#define SAVED_BYTES_MAX (1UL << 50)

enum { NUMBER_MAX = 1 << 30 };

static const char *const window_words[] = {[XW_WINDOW_OPEN] = "open",
                                           [XW_WINDOW_BEFORE] = "before",
                                           [XW_WINDOW_GRACE] = "grace",
                                           [XW_WINDOW_CLOSED] = "closed"};

static const char *const role_words[XW_GRANT_ROLES] = {
    [XW_GRANT_STUDENT] = "student",
    [XW_GRANT_USER] = "user",
    [XW_GRANT_TEAM] = "team",
    [XW_GRANT_INSTRUCTOR] = "instructor",
    [XW_GRANT_INSTRUCTOR_USER] = "instructor-user",
};

const char *xw_grant_role_word(enum xw_grant_role role)
{
    return role_words[role];
}

const char *xw_window_word(enum xw_window_state state)
{
    return window_words[state];
}

/* Lab, owner and the two counts, which `world` and `member` have in common. */
static bool parse_counts(char *const field[XW_FIELDS_MAX], struct xw_world *world)
{
    if (!xw_name_ok(field[1]) || !xw_owner_ok(field[2]) ||
        xw_number(field[3], XW_MACHINES_MAX, &world->machines) < 0 ||
        xw_number(field[4], world->machines, &world->running) < 0)
        return false;
    snprintf(world->lab, sizeof(world->lab), "%s", field[1]);
    snprintf(world->owner, sizeof(world->owner), "%s", field[2]);
    return true;
}

/*
 * One of the caller's own: what isn't a team's is theirs alone, and needs no owner's name. A title
 * that is too long is cut, not refused: it is only shown.
 */
static int parse_world(char *line, struct xw_world *world)
{
    char *field[XW_FIELDS_MAX];

    if (!xw_fields_split(line, field, 6, true) || !parse_counts(field, world))
        return -EBADMSG;
    bool team = *world->owner == '@';
    snprintf(world->address, sizeof(world->address), "%s%s%s", world->lab, team ? ":" : "",
             team ? world->owner : "");
    snprintf(world->title, sizeof(world->title), "%s", field[5]);
    return 0;
}

static bool parse_time(const char *word, time_t *when)
{
    unsigned long seconds;

    if (xw_number(word, (unsigned long)XW_TIME_MAX + XW_GRACE_MAX, &seconds) < 0)
        return false;
    *when = (time_t)seconds;
    return true;
}

/* A world of a lab that the caller looks after. */
static int parse_member(char *line, struct xw_world *world)
{
    char *field[XW_FIELDS_MAX];

    if (!xw_fields_split(line, field, 6, false) || !parse_counts(field, world) ||
        !parse_time(field[5], &world->last_use))
        return -EBADMSG;
    snprintf(world->address, sizeof(world->address), "%s:%s", world->lab, world->owner);
    return 0;
}

static int parse_instructs(char *line, struct xw_lab_instructed *lab)
{
    char *field[XW_FIELDS_MAX];

    if (!xw_fields_split(line, field, 3, true) || !xw_name_ok(field[1]))
        return -EBADMSG;
    snprintf(lab->lab, sizeof(lab->lab), "%s", field[1]);
    snprintf(lab->title, sizeof(lab->title), "%s", field[2]);
    return 0;
}

static bool find_role(const char *word, enum xw_grant_role *role)
{
    for (int i = 0; i < XW_GRANT_ROLES; i++) {
        if (strcmp(role_words[i], word) == 0) {
            *role = (enum xw_grant_role)i;
            return true;
        }
    }
    return false;
}

/* Of a group its number, of a user the number and the name. */
static int parse_grant(char *line, struct xw_grant *grant)
{
    char *field[XW_FIELDS_MAX];
    unsigned long number;

    if (!xw_fields_split(line, field, 3, true))
        return -EBADMSG;
    char *name = strchr(field[2], ' ');
    if (name)
        *name++ = '\0';
    if (!find_role(field[1], &grant->role) || xw_number(field[2], UINT_MAX, &number) < 0)
        return -EBADMSG;
    const bool user = grant->role == XW_GRANT_USER || grant->role == XW_GRANT_INSTRUCTOR_USER;
    if (user != (name != NULL) || (name && (!xw_owner_ok(name) || xw_is_team(name))))
        return -EBADMSG;
    *(user ? &grant->uid : &grant->gid) = (id_t)number;
    snprintf(grant->user, sizeof(grant->user), "%s", name ? name : "");
    return 0;
}

static int parse_extension(char *line, struct xw_extension *extension)
{
    char *field[XW_FIELDS_MAX];

    if (!xw_fields_split(line, field, 3, false) || !xw_owner_ok(field[1]) ||
        !parse_time(field[2], &extension->until))
        return -EBADMSG;
    snprintf(extension->owner, sizeof(extension->owner), "%s", field[1]);
    return 0;
}

static int parse_window(char *line, struct xw_lab_window *window)
{
    char *field[XW_FIELDS_MAX];
    struct xw_request world = {0};

    if (!xw_fields_split(line, field, 6, false) || xw_request_set_world(&world, field[1]) < 0 ||
        !parse_time(field[3], &window->window.opens) ||
        !parse_time(field[4], &window->window.closes) ||
        !parse_time(field[5], &window->window.ends))
        return -EBADMSG;
    snprintf(window->world, sizeof(window->world), "%s", field[1]);
    for (size_t i = 0; i < sizeof(window_words) / sizeof(window_words[0]); i++) {
        if (strcmp(window_words[i], field[2]) == 0) {
            window->window.state = (enum xw_window_state)i;
            return 0;
        }
    }
    return -EBADMSG;
}

static int parse_saved(char *line, struct xw_saved *saved)
{
    char *field[XW_FIELDS_MAX];

    if (!xw_fields_split(line, field, 9, true) || !xw_name_ok(field[1]) || !xw_owner_ok(field[2]) ||
        !xw_name_ok(field[3]) || !xw_name_ok(field[4]) || !parse_time(field[5], &saved->made) ||
        (strcmp(field[6], "memory") != 0 && strcmp(field[6], "disk") != 0) ||
        xw_number(field[7], SAVED_BYTES_MAX, &saved->size) < 0 ||
        !xw_fields_copy(saved->text, sizeof(saved->text), field[8]))
        return -EBADMSG;
    saved->memory = strcmp(field[6], "memory") == 0;
    snprintf(saved->lab, sizeof(saved->lab), "%s", field[1]);
    snprintf(saved->owner, sizeof(saved->owner), "%s", field[2]);
    snprintf(saved->machine, sizeof(saved->machine), "%s", field[3]);
    snprintf(saved->name, sizeof(saved->name), "%s", field[4]);
    return 0;
}

static int parse_about(char *line, struct xw_message *message)
{
    char *field[XW_FIELDS_MAX];

    if (!xw_fields_split(line, field, 3, true))
        return -EBADMSG;
    bool whole = strcmp(field[1], "-") == 0;
    if (!whole && !xw_name_ok(field[1]))
        return -EBADMSG;
    snprintf(message->subject, sizeof(message->subject), "%s", whole ? "" : field[1]);
    message->text = field[2];
    return 0;
}

static int parse_graphics(char *line, struct xw_message *message)
{
    char *field[XW_FIELDS_MAX];

    if (!xw_fields_split(line, field, 2, false) || !xw_name_ok(field[1]))
        return -EBADMSG;
    snprintf(message->subject, sizeof(message->subject), "%s", field[1]);
    return 0;
}

static int parse_viewer(char *line, struct xw_viewer *viewer)
{
    static const char *const modes[] = {
        [XW_VIEWER_WRITES] = "write", [XW_VIEWER_WATCHES] = "watch", [XW_VIEWER_TAKES] = "take"};
    char *field[XW_FIELDS_MAX];

    if (!xw_fields_split(line, field, 3, false) || !xw_owner_ok(field[1]))
        return -EBADMSG;
    snprintf(viewer->name, sizeof(viewer->name), "%s", field[1]);
    for (size_t i = 0; i < sizeof(modes) / sizeof(modes[0]); i++) {
        if (strcmp(modes[i], field[2]) == 0) {
            viewer->mode = (enum xw_viewer_mode)i;
            return 0;
        }
    }
    return -EBADMSG;
}

static int parse_error(char *line, struct xw_message *message)
{
    char *field[XW_FIELDS_MAX];

    if (!xw_fields_split(line, field, 2, true))
        return -EBADMSG;
    message->text = field[1];
    return 0;
}

static int parse_history(char *line, unsigned long *bytes)
{
    char *field[XW_FIELDS_MAX];

    if (!xw_fields_split(line, field, 2, false) || xw_number(field[1], XW_HISTORY_MAX, bytes) < 0)
        return -EBADMSG;
    return 0;
}

static int parse_end(char *line, struct xw_message *message)
{
    static const enum xw_exit known[] = {XW_EXIT_OK,      XW_EXIT_FAILED,  XW_EXIT_USAGE,
                                         XW_EXIT_REFUSED, XW_EXIT_LIMITED, XW_EXIT_TRY_AGAIN};
    char *field[XW_FIELDS_MAX];
    unsigned long code = 0;

    if (!xw_fields_split(line, field, 2, false) ||
        xw_number(field[1], XW_EXIT_TRY_AGAIN, &code) < 0)
        return -EBADMSG;
    for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
        if (code == (unsigned long)known[i]) {
            message->code = known[i];
            return 0;
        }
    }
    return -EBADMSG;
}

static int parse_hello(char *line)
{
    char *field[XW_FIELDS_MAX];

    /* Of another version only the version is known to be in its place. */
    if (!xw_fields_split(line, field, 3, true))
        return -EBADMSG;
    if (strcmp(field[1], XW_PROTOCOL_VERSION) != 0)
        return -EPROTO;
    return xw_request_id_ok(field[2]) ? 0 : -EBADMSG;
}

static int parse_kind(const char *line, size_t length, enum xw_message_kind *kind)
{
    static const char *const names[] = {
        [XW_MESSAGE_HELLO] = "xworlds",     [XW_MESSAGE_WORLD] = "world",
        [XW_MESSAGE_MEMBER] = "member",     [XW_MESSAGE_INSTRUCTS] = "instructs",
        [XW_MESSAGE_GRANT] = "grant",       [XW_MESSAGE_EXTENSION] = "extension",
        [XW_MESSAGE_WINDOW] = "window",     [XW_MESSAGE_SEGMENT] = "segment",
        [XW_MESSAGE_MACHINE] = "machine",   [XW_MESSAGE_CHECKPOINT] = "checkpoint",
        [XW_MESSAGE_GRAPHICS] = "graphics", [XW_MESSAGE_PROGRESS] = "progress",
        [XW_MESSAGE_DONE] = "done",         [XW_MESSAGE_FAIL] = "fail",
        [XW_MESSAGE_ERROR] = "error",       [XW_MESSAGE_VIEWER] = "viewer",
        [XW_MESSAGE_LEFT] = "left",         [XW_MESSAGE_HISTORY] = "history",
        [XW_MESSAGE_OPEN] = "open",         [XW_MESSAGE_END] = "end",
    };

    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        if (strlen(names[i]) == length && strncmp(line, names[i], length) == 0) {
            *kind = (enum xw_message_kind)i;
            return 0;
        }
    }
    return -EBADMSG;
}

int xw_message_parse(char *line, struct xw_message *message)
{
    memset(message, 0, sizeof(*message));
    message->text = "";
    if (parse_kind(line, strcspn(line, " "), &message->kind) < 0)
        return -EBADMSG;
    switch (message->kind) {
    case XW_MESSAGE_HELLO:
        return parse_hello(line);
    case XW_MESSAGE_WORLD:
        return parse_world(line, &message->world);
    case XW_MESSAGE_MEMBER:
        return parse_member(line, &message->world);
    case XW_MESSAGE_INSTRUCTS:
        return parse_instructs(line, &message->lab);
    case XW_MESSAGE_GRANT:
        return parse_grant(line, &message->grant);
    case XW_MESSAGE_EXTENSION:
        return parse_extension(line, &message->extension);
    case XW_MESSAGE_WINDOW:
        return parse_window(line, &message->window);
    case XW_MESSAGE_SEGMENT:
        return xw_message_segment(line, &message->segment);
    case XW_MESSAGE_MACHINE:
        return xw_message_machine(line, &message->machine);
    case XW_MESSAGE_GRAPHICS:
        return parse_graphics(line, message);
    case XW_MESSAGE_CHECKPOINT:
        return parse_saved(line, &message->saved);
    case XW_MESSAGE_PROGRESS:
    case XW_MESSAGE_DONE:
    case XW_MESSAGE_FAIL:
        return parse_about(line, message);
    case XW_MESSAGE_VIEWER:
    case XW_MESSAGE_LEFT:
        return parse_viewer(line, &message->viewer);
    case XW_MESSAGE_ERROR:
        return parse_error(line, message);
    case XW_MESSAGE_HISTORY:
        return parse_history(line, &message->history);
    case XW_MESSAGE_OPEN:
        return strcmp(line, "open") == 0 ? 0 : -EBADMSG;
    case XW_MESSAGE_END:
        return parse_end(line, message);
    }
    return -EBADMSG;
}
