#include "xwsh/json.h"

#include <errno.h>
#include <json-c/json.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "xwsh/json_build.h"
#include "xwsh/json_text.h"
#include "xwsh/when.h"

enum { SCHEMA = 1, MIB = 1 << 20 };

/* Each add_ takes over the value and returns whether everything could be allocated. */
static bool add_text(struct json_object *object, const char *key, const char *text)
{
    return xw_json_add(object, key, json_object_new_string(text));
}

static bool add_number(struct json_object *object, const char *key, uint64_t number)
{
    return xw_json_add(object, key, json_object_new_uint64(number));
}

/* Appends a new empty object to the array and returns it, or NULL. */
static struct json_object *append_object(struct json_object *array)
{
    struct json_object *object = json_object_new_object();

    return xw_json_append(array, object) ? object : NULL;
}

/* Prints and frees the document; ok tells whether it is whole. */
static int finish(struct json_object *document, bool ok)
{
    const char *text = NULL;

    if (ok)
        text = json_object_to_json_string_ext(document, JSON_C_TO_STRING_PLAIN |
                                                            JSON_C_TO_STRING_NOSLASHESCAPE);
    if (text) {
        xw_json_put_ascii(stdout, text);
        putchar('\n');
    }
    json_object_put(document);
    return text ? 0 : -ENOMEM;
}

/* Starts a document; request may be NULL. The list is owned by the document. */
static bool start(struct json_object **document, const struct xw_request *request, bool with_verb,
                  const char *list_key, struct json_object **list)
{
    char world[XW_WORLD_SIZE];

    *document = json_object_new_object();
    if (!*document || !add_number(*document, "schema", SCHEMA))
        return false;
    if (with_verb && !add_text(*document, "verb", xw_verb_info(request->verb)->name))
        return false;
    if (request && !add_text(*document, "world", xw_target_world(request, world)))
        return false;
    *list = json_object_new_array();
    return xw_json_add(*document, list_key, *list);
}

static bool add_time(struct json_object *object, const char *key, time_t when)
{
    char text[XW_RFC3339_SIZE];

    if (!when)
        return json_object_object_add(object, key, NULL) == 0;
    xw_when_rfc3339(when, text);
    return add_text(object, key, text);
}

/* null for a lab that is always open. */
static bool add_window(struct json_object *object, const struct xw_window *window)
{
    struct json_object *item = window ? json_object_new_object() : NULL;

    if (!window)
        return json_object_object_add(object, "window", NULL) == 0;
    return xw_json_add(object, "window", item) &&
           add_text(item, "state", xw_window_word(window->state)) &&
           add_time(item, "opens", window->opens) && add_time(item, "closes", window->closes) &&
           add_time(item, "consoles_end", window->ends);
}

int xw_json_worlds(const struct xw_model *model)
{
    struct json_object *document;
    struct json_object *list;
    bool ok = start(&document, NULL, false, "worlds", &list);

    for (size_t i = 0; ok && i < model->world_count; i++) {
        const struct xw_world *world = &model->worlds[i];
        struct json_object *item = append_object(list);
        ok = item && add_text(item, "world", world->address) &&
             add_text(item, "owner", world->owner) &&
             add_number(item, "machines", world->machines) &&
             add_number(item, "running", world->running) && add_text(item, "title", world->title) &&
             add_window(item, xw_model_window(model, world->address));
    }
    return finish(document, ok);
}

/* Names joined by commas as a list of their own; "-" for none. */
static bool add_list(struct json_object *item, const char *key, const char *joined)
{
    struct json_object *list = json_object_new_array();

    if (!xw_json_add(item, key, list))
        return false;
    while (strcmp(joined, "-") != 0 && *joined) {
        size_t length = strcspn(joined, ",");
        struct json_object *text = json_object_new_string_len(joined, (int)length);
        if (!xw_json_append(list, text))
            return false;
        joined += length + (joined[length] == ',');
    }
    return true;
}

int xw_json_members(const struct xw_request *request, const struct xw_model *model)
{
    struct json_object *document;
    struct json_object *list;
    bool ok = start(&document, NULL, false, "worlds", &list);

    ok = ok && add_text(document, "lab", request->lab);
    for (size_t i = 0; ok && i < model->world_count; i++) {
        const struct xw_world *world = &model->worlds[i];
        struct json_object *item = append_object(list);
        ok = item && add_text(item, "world", world->address) &&
             add_text(item, "owner", world->owner) &&
             add_number(item, "machines", world->machines) &&
             add_number(item, "running", world->running) &&
             add_time(item, "last_use", world->last_use) &&
             add_window(item, xw_model_window(model, world->address));
    }
    return finish(document, ok);
}

int xw_json_grants(const struct xw_request *request, const struct xw_model *model,
                   const struct xw_group_view *groups)
{
    struct json_object *document;
    struct json_object *list;
    bool ok = start(&document, NULL, false, "groups", &list);

    ok = ok && add_text(document, "lab", request->lab) &&
         add_window(document, xw_model_window(model, request->lab));
    for (size_t i = 0; ok && i < model->grant_count; i++) {
        struct json_object *item = append_object(list);
        ok = item && add_text(item, "role", xw_grant_role_word(model->grants[i].role)) &&
             (*model->grants[i].user ? add_text(item, "user", groups[i].name) &&
                                           add_number(item, "uid", model->grants[i].uid)
                                     : add_text(item, "group", groups[i].name) &&
                                           add_number(item, "gid", model->grants[i].gid)) &&
             add_list(item, "members", groups[i].members);
    }
    list = ok ? json_object_new_array() : NULL;
    ok = ok && xw_json_add(document, "extensions", list);
    for (size_t i = 0; ok && i < model->extension_count; i++) {
        struct json_object *item = append_object(list);
        ok = item && add_text(item, "owner", model->extensions[i].owner) &&
             add_time(item, "until", model->extensions[i].until);
    }
    return finish(document, ok);
}

static bool add_interfaces(struct json_object *item, const struct xw_machine *machine)
{
    struct json_object *list = json_object_new_array();
    bool ok = xw_json_add(item, "interfaces", list);

    for (size_t i = 0; ok && i < machine->link_count; i++) {
        const struct xw_link *link = &machine->links[i];
        struct json_object *interface = append_object(list);
        ok = interface && add_text(interface, "segment", link->segment) &&
             (*link->address ? add_text(interface, "address", link->address)
                             : json_object_object_add(interface, "address", NULL) == 0);
    }
    return ok;
}

static bool add_segments(struct json_object *document, const struct xw_model *model)
{
    struct json_object *list = json_object_new_array();
    bool ok = xw_json_add(document, "segments", list);

    for (size_t i = 0; ok && i < model->segment_count; i++)
        ok = xw_json_append(list, json_object_new_string(model->segments[i].name));
    return ok;
}

int xw_json_machines(const struct xw_request *request, const struct xw_model *model)
{
    struct json_object *document;
    struct json_object *list;
    char addresses[XW_ADDRESSES_MAX];
    char world[XW_WORLD_SIZE];
    bool ok = start(&document, request, false, "machines", &list);

    xw_target_world(request, world);
    ok = ok && add_window(document, xw_model_window(model, world));
    for (size_t i = 0; ok && i < model->machine_count; i++) {
        const struct xw_machine *machine = &model->machines[i];
        struct json_object *item = append_object(list);
        ok = item && add_text(item, "machine", machine->name) &&
             add_text(item, "owner", machine->owner) &&
             add_text(item, "state", xw_state_name(machine->state)) &&
             add_number(item, "memory", (uint64_t)machine->memory * MIB) &&
             xw_json_add(item, "graphics", json_object_new_boolean(machine->graphics)) &&
             add_list(item, "addresses", xw_machine_addresses(machine, addresses)) &&
             add_interfaces(item, machine);
    }
    ok = ok && add_segments(document, model);
    return finish(document, ok);
}

int xw_json_checkpoints(const struct xw_request *request, const struct xw_model *model)
{
    struct json_object *document;
    struct json_object *list;
    bool ok = start(&document, request, false, "checkpoints", &list);

    for (size_t i = 0; ok && i < model->saved_count; i++) {
        const struct xw_saved *saved = &model->saved[i];
        struct json_object *item = append_object(list);
        ok = item && add_text(item, "machine", saved->machine) &&
             add_text(item, "owner", saved->owner) && add_text(item, "checkpoint", saved->name) &&
             add_time(item, "time", saved->made) &&
             xw_json_add(item, "memory", json_object_new_boolean(saved->memory)) &&
             add_number(item, "size", saved->size);
        ok = ok && (*saved->text ? add_text(item, "text", saved->text)
                                 : json_object_object_add(item, "text", NULL) == 0);
    }
    return finish(document, ok);
}

int xw_json_log(const struct xw_request *request, char *const *line, size_t count)
{
    struct json_object *document;
    struct json_object *list;
    bool ok = start(&document, request, false, "lines", &list);

    ok = ok && add_text(document, "machine", request->machines[0]);
    for (size_t i = 0; ok && i < count; i++)
        ok = xw_json_append(list, json_object_new_string(line[i]));
    return finish(document, ok);
}

int xw_json_recordings(const struct xw_recording *recordings, size_t count)
{
    struct json_object *document;
    struct json_object *list;
    bool ok = start(&document, NULL, false, "recordings", &list);

    for (size_t i = 0; ok && i < count; i++) {
        struct json_object *item = append_object(list);
        ok = item && add_text(item, "recording", recordings[i].name) &&
             add_number(item, "size", recordings[i].size) &&
             add_time(item, "time", recordings[i].written) &&
             xw_json_add(item, "running", json_object_new_boolean(recordings[i].runs));
    }
    return finish(document, ok);
}

int xw_json_results(const struct xw_request *request, const struct xw_model *model)
{
    struct json_object *document;
    struct json_object *list;
    bool ok = start(&document, request, true, "results", &list);

    for (size_t i = 0; ok && i < model->result_count; i++) {
        const struct xw_result *result = &model->results[i];
        struct json_object *item = append_object(list);
        ok = item && (*result->machine ? add_text(item, "machine", result->machine)
                                       : json_object_object_add(item, "machine", NULL) == 0);
        ok = ok && add_text(item, "result", result->done ? "done" : "fail") &&
             add_text(item, "text", result->text);
        if (ok && result->waited)
            ok = xw_json_add(item, "reached", json_object_new_boolean(!*result->reason)) &&
                 add_number(item, "seconds", result->seconds) &&
                 (!*result->reason || add_text(item, "reason", result->reason));
    }
    return finish(document, ok);
}
