#include "xwsh/model.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { GRANTS_MAX = 3 * XW_GROUPS_PER_LAB_MAX + 2 * XW_USERS_PER_LAB_MAX };

const struct xw_machine *xw_model_machine(const struct xw_model *model, const char *name)
{
    for (size_t i = 0; i < model->machine_count; i++) {
        if (strcmp(model->machines[i].name, name) == 0)
            return &model->machines[i];
    }
    return NULL;
}

const char *xw_machine_addresses(const struct xw_machine *machine, char text[XW_ADDRESSES_MAX])
{
    size_t used = 0;

    snprintf(text, XW_ADDRESSES_MAX, "-");
    for (size_t i = 0; i < machine->link_count; i++) {
        const char *address = machine->links[i].address;
        if (*address)
            used += (size_t)snprintf(text + used, XW_ADDRESSES_MAX - used, "%s%s", used ? "," : "",
                                     address);
    }
    return text;
}

bool xw_model_suspended(const struct xw_model *model)
{
    bool suspended = false;

    for (size_t i = 0; i < model->machine_count; i++)
        suspended = suspended || model->machines[i].state == XW_STATE_SUSPENDED;
    return suspended;
}

/*
 * Appends a copy of an item of `size` bytes to an array of *count items so far and max at most.
 * Returns the array, which may have moved; with *rc = -EBADMSG or -ENOMEM it is as before.
 */
static void *append(void *array, size_t *count, size_t max, const void *item, size_t size, int *rc)
{
    void *bigger = *count < max ? reallocarray(array, *count + 1, size) : NULL;

    if (!bigger) {
        *rc = *count < max ? -ENOMEM : -EBADMSG;
        return array;
    }
    memcpy((char *)bigger + *count * size, item, size);
    ++*count;
    return bigger;
}

const struct xw_window *xw_model_window(const struct xw_model *model, const char *world)
{
    const struct xw_window *of_lab = NULL;
    size_t length = strcspn(world, ":");

    for (size_t i = 0; i < model->window_count; i++) {
        const struct xw_lab_window *told = &model->windows[i];
        if (strcmp(told->world, world) == 0)
            return &told->window;
        if (strncmp(told->world, world, length) == 0 && told->world[length] == '\0')
            of_lab = &told->window;
    }
    return of_lab;
}

static struct xw_result result_of(const struct xw_message *message)
{
    struct xw_result result = {.done = message->kind == XW_MESSAGE_DONE};

    snprintf(result.machine, sizeof(result.machine), "%s", message->subject);
    snprintf(result.text, sizeof(result.text), "%s", message->text);
    return result;
}

/* Of a machine that has been told. */
static int add_graphics(struct xw_model *model, const char *name)
{
    for (size_t i = 0; i < model->machine_count; i++) {
        if (strcmp(model->machines[i].name, name) == 0) {
            model->machines[i].graphics = true;
            return 0;
        }
    }
    return -EBADMSG;
}

int xw_model_add(struct xw_model *model, const struct xw_message *message)
{
    struct xw_result result;
    int rc = 0;

    switch (message->kind) {
    case XW_MESSAGE_WORLD:
    case XW_MESSAGE_MEMBER:
        model->worlds = append(model->worlds, &model->world_count, XW_WORLDS_MAX, &message->world,
                               sizeof(message->world), &rc);
        break;
    case XW_MESSAGE_WINDOW:
        model->windows = append(model->windows, &model->window_count, XW_WORLDS_MAX,
                                &message->window, sizeof(message->window), &rc);
        break;
    case XW_MESSAGE_INSTRUCTS:
        model->labs = append(model->labs, &model->lab_count, XW_WORLDS_MAX, &message->lab,
                             sizeof(message->lab), &rc);
        break;
    case XW_MESSAGE_GRANT:
        model->grants = append(model->grants, &model->grant_count, GRANTS_MAX, &message->grant,
                               sizeof(message->grant), &rc);
        break;
    case XW_MESSAGE_EXTENSION:
        model->extensions = append(model->extensions, &model->extension_count, XW_WORLDS_MAX,
                                   &message->extension, sizeof(message->extension), &rc);
        break;
    case XW_MESSAGE_SEGMENT:
        model->segments = append(model->segments, &model->segment_count, XW_SEGMENTS_MAX,
                                 &message->segment, sizeof(message->segment), &rc);
        break;
    case XW_MESSAGE_MACHINE:
        model->machines = append(model->machines, &model->machine_count, XW_MACHINES_MAX,
                                 &message->machine, sizeof(message->machine), &rc);
        break;
    case XW_MESSAGE_GRAPHICS:
        rc = add_graphics(model, message->subject);
        break;
    case XW_MESSAGE_CHECKPOINT:
        model->saved = append(model->saved, &model->saved_count, XW_SAVED_MAX, &message->saved,
                              sizeof(message->saved), &rc);
        break;
    case XW_MESSAGE_DONE:
    case XW_MESSAGE_FAIL:
        result = result_of(message);
        model->results = append(model->results, &model->result_count, XW_MACHINES_MAX, &result,
                                sizeof(result), &rc);
        break;
    default:
        break;
    }
    return rc;
}

void xw_model_clear(struct xw_model *model)
{
    free(model->worlds);
    free(model->windows);
    free(model->labs);
    free(model->grants);
    free(model->extensions);
    free(model->segments);
    free(model->machines);
    free(model->saved);
    free(model->results);
    *model = (struct xw_model){0};
}

void xw_model_replace(struct xw_model *to, struct xw_model *from)
{
    xw_model_clear(to);
    *to = *from;
    *from = (struct xw_model){0};
}
