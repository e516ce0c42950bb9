#include "xwsh/model.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { FIELDS_MAX = 7, NUMBER_MAX = 1 << 30 };

static const char *const state_names[XW_STATE_COUNT] = {
    [XW_STATE_OFF] = "off",
    [XW_STATE_STARTING] = "starting",
    [XW_STATE_RUNNING] = "running",
    [XW_STATE_PAUSED] = "paused",
    [XW_STATE_DISK_FULL] = "disk-full",
    [XW_STATE_SUSPENDED] = "suspended",
    [XW_STATE_STOPPING] = "stopping",
    [XW_STATE_CRASHED] = "crashed",
    [XW_STATE_MISSING] = "missing",
};

static const char *const window_words[] = {[XW_WINDOW_OPEN] = "open",
                                           [XW_WINDOW_BEFORE] = "before",
                                           [XW_WINDOW_GRACE] = "grace",
                                           [XW_WINDOW_CLOSED] = "closed"};

const char *xw_window_word(enum xw_window_state state)
{
    return window_words[state];
}

bool xw_model_suspended(const struct xw_model *model)
{
    bool suspended = false;

    for (size_t i = 0; i < model->machine_count; i++)
        suspended = suspended || model->machines[i].state == XW_STATE_SUSPENDED;
    return suspended;
}

const char *xw_state_name(enum xw_state state)
{
    return state_names[state];
}

static int parse_state(const char *word, enum xw_state *state)
{
    for (int i = 0; i < XW_STATE_COUNT; i++) {
        if (strcmp(state_names[i], word) == 0) {
            *state = (enum xw_state)i;
            return 0;
        }
    }
    return -EBADMSG;
}

/*
 * Cuts line into count fields at single spaces. With rest, the last field is the remainder of the
 * line with its spaces, and may be empty or missing.
 */
static bool split(char *line, char *fields[FIELDS_MAX], int count, bool rest)
{
    char *at = line;

    for (int i = 0; i < count; i++) {
        bool last = i == count - 1;
        fields[i] = at;
        if (last && rest)
            return true;
        size_t length = strcspn(at, " ");
        bool ends = at[length] == '\0';
        at += length;
        if (length == 0 || (ends && !last && !(rest && i == count - 2)) || (!ends && last))
            return false;
        if (!ends)
            *at++ = '\0';
    }
    return true;
}

static bool copy(char *to, size_t size, const char *from)
{
    int n = snprintf(to, size, "%s", from);

    return n >= 0 && (size_t)n < size;
}

/* A title that is too long is cut, not refused: it is only shown. */
static int parse_world(char *line, struct xw_world *world)
{
    char *field[FIELDS_MAX];

    if (!split(line, field, 6, true) || !xw_name_ok(field[1]) || !xw_owner_ok(field[2]) ||
        xw_number(field[3], XW_MACHINES_MAX, &world->machines) < 0 ||
        xw_number(field[4], world->machines, &world->running) < 0)
        return -EBADMSG;
    snprintf(world->lab, sizeof(world->lab), "%s", field[1]);
    snprintf(world->owner, sizeof(world->owner), "%s", field[2]);
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

static int parse_window(char *line, struct xw_lab_window *window)
{
    char *field[FIELDS_MAX];

    if (!split(line, field, 6, false) || !xw_name_ok(field[1]) ||
        !parse_time(field[3], &window->window.opens) ||
        !parse_time(field[4], &window->window.closes) ||
        !parse_time(field[5], &window->window.ends))
        return -EBADMSG;
    snprintf(window->lab, sizeof(window->lab), "%s", field[1]);
    for (size_t i = 0; i < sizeof(window_words) / sizeof(window_words[0]); i++) {
        if (strcmp(window_words[i], field[2]) == 0) {
            window->window.state = (enum xw_window_state)i;
            return 0;
        }
    }
    return -EBADMSG;
}

static int parse_machine(char *line, struct xw_machine *machine)
{
    char *field[FIELDS_MAX];

    if (!split(line, field, 7, false) || !xw_name_ok(field[1]) || !xw_owner_ok(field[2]) ||
        !xw_name_ok(field[3]) || parse_state(field[4], &machine->state) < 0 ||
        xw_number(field[5], NUMBER_MAX, &machine->memory) < 0 ||
        !copy(machine->addresses, sizeof(machine->addresses), field[6]))
        return -EBADMSG;
    snprintf(machine->lab, sizeof(machine->lab), "%s", field[1]);
    snprintf(machine->owner, sizeof(machine->owner), "%s", field[2]);
    snprintf(machine->name, sizeof(machine->name), "%s", field[3]);
    return 0;
}

static int parse_about(char *line, struct xw_message *message)
{
    char *field[FIELDS_MAX];

    if (!split(line, field, 3, true))
        return -EBADMSG;
    bool whole = strcmp(field[1], "-") == 0;
    if (!whole && !xw_name_ok(field[1]))
        return -EBADMSG;
    snprintf(message->subject, sizeof(message->subject), "%s", whole ? "" : field[1]);
    message->text = field[2];
    return 0;
}

static int parse_error(char *line, struct xw_message *message)
{
    char *field[FIELDS_MAX];

    if (!split(line, field, 2, true))
        return -EBADMSG;
    message->text = field[1];
    return 0;
}

static int parse_end(char *line, struct xw_message *message)
{
    static const enum xw_exit known[] = {XW_EXIT_OK,      XW_EXIT_FAILED,  XW_EXIT_USAGE,
                                         XW_EXIT_REFUSED, XW_EXIT_LIMITED, XW_EXIT_TRY_AGAIN};
    char *field[FIELDS_MAX];
    unsigned long code = 0;

    if (!split(line, field, 2, false) || xw_number(field[1], XW_EXIT_TRY_AGAIN, &code) < 0)
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
    char *field[FIELDS_MAX];

    /* Of another version only the version is known to be in its place. */
    if (!split(line, field, 3, true))
        return -EBADMSG;
    if (strcmp(field[1], XW_PROTOCOL_VERSION) != 0)
        return -EPROTO;
    return xw_request_id_ok(field[2]) ? 0 : -EBADMSG;
}

static int parse_kind(const char *line, size_t length, enum xw_message_kind *kind)
{
    static const char *const names[] = {
        [XW_MESSAGE_HELLO] = "xworlds",     [XW_MESSAGE_WORLD] = "world",
        [XW_MESSAGE_WINDOW] = "window",     [XW_MESSAGE_MACHINE] = "machine",
        [XW_MESSAGE_PROGRESS] = "progress", [XW_MESSAGE_DONE] = "done",
        [XW_MESSAGE_FAIL] = "fail",         [XW_MESSAGE_ERROR] = "error",
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
    case XW_MESSAGE_WINDOW:
        return parse_window(line, &message->window);
    case XW_MESSAGE_MACHINE:
        return parse_machine(line, &message->machine);
    case XW_MESSAGE_PROGRESS:
    case XW_MESSAGE_DONE:
    case XW_MESSAGE_FAIL:
        return parse_about(line, message);
    case XW_MESSAGE_ERROR:
        return parse_error(line, message);
    case XW_MESSAGE_OPEN:
        return strcmp(line, "open") == 0 ? 0 : -EBADMSG;
    case XW_MESSAGE_END:
        return parse_end(line, message);
    }
    return -EBADMSG;
}

/* Makes room for one more of `size` bytes in an array of count, and returns it, zeroed. */
static void *grow(void **array, size_t count, size_t size)
{
    void *bigger = reallocarray(*array, count + 1, size);

    if (!bigger)
        return NULL;
    *array = bigger;
    return memset((char *)bigger + count * size, 0, size);
}

static int add_world(struct xw_model *model, const struct xw_world *world)
{
    void *array = model->worlds;

    if (model->world_count == XW_WORLDS_MAX)
        return -EBADMSG;
    struct xw_world *slot = grow(&array, model->world_count, sizeof(*slot));
    if (!slot)
        return -ENOMEM;
    *slot = *world;
    model->worlds = array;
    model->world_count++;
    return 0;
}

static int add_window(struct xw_model *model, const struct xw_lab_window *window)
{
    void *array = model->windows;

    if (model->window_count == XW_WORLDS_MAX)
        return -EBADMSG;
    struct xw_lab_window *slot = grow(&array, model->window_count, sizeof(*slot));
    if (!slot)
        return -ENOMEM;
    *slot = *window;
    model->windows = array;
    model->window_count++;
    return 0;
}

const struct xw_window *xw_model_window(const struct xw_model *model, const char *lab)
{
    for (size_t i = 0; i < model->window_count; i++) {
        if (strcmp(model->windows[i].lab, lab) == 0)
            return &model->windows[i].window;
    }
    return NULL;
}

static int add_machine(struct xw_model *model, const struct xw_machine *machine)
{
    void *array = model->machines;

    if (model->machine_count == XW_MACHINES_MAX)
        return -EBADMSG;
    struct xw_machine *slot = grow(&array, model->machine_count, sizeof(*slot));
    if (!slot)
        return -ENOMEM;
    *slot = *machine;
    model->machines = array;
    model->machine_count++;
    return 0;
}

static int add_result(struct xw_model *model, const struct xw_message *message)
{
    void *array = model->results;

    if (model->result_count == XW_MACHINES_MAX)
        return -EBADMSG;
    struct xw_result *slot = grow(&array, model->result_count, sizeof(*slot));
    if (!slot)
        return -ENOMEM;
    snprintf(slot->machine, sizeof(slot->machine), "%s", message->subject);
    snprintf(slot->text, sizeof(slot->text), "%s", message->text);
    slot->done = message->kind == XW_MESSAGE_DONE;
    model->results = array;
    model->result_count++;
    return 0;
}

int xw_model_add(struct xw_model *model, const struct xw_message *message)
{
    switch (message->kind) {
    case XW_MESSAGE_WORLD:
        return add_world(model, &message->world);
    case XW_MESSAGE_WINDOW:
        return add_window(model, &message->window);
    case XW_MESSAGE_MACHINE:
        return add_machine(model, &message->machine);
    case XW_MESSAGE_DONE:
    case XW_MESSAGE_FAIL:
        return add_result(model, message);
    default:
        return 0;
    }
}

void xw_model_clear(struct xw_model *model)
{
    free(model->worlds);
    free(model->windows);
    free(model->machines);
    free(model->results);
    *model = (struct xw_model){0};
}

void xw_model_replace(struct xw_model *to, struct xw_model *from)
{
    xw_model_clear(to);
    *to = *from;
    *from = (struct xw_model){0};
}
