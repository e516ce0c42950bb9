#include "xwadm/tree.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <yaml.h>

#include "common/lines.h"

enum { DEPTH_MAX = 12, NODES_MAX = 20000, CHARACTER_MAX = 4 };

struct builder {
    yaml_parser_t parser;
    struct xw_problems *problems;
    size_t nodes;
    bool failed; /* there is no going on */
};

static struct xw_place place(yaml_mark_t mark)
{
    return (struct xw_place){.line = (unsigned int)mark.line + 1,
                             .column = (unsigned int)mark.column + 1};
}

void xw_tree_free(struct xw_node *node)
{
    if (!node)
        return;
    for (size_t i = 0; i < node->count; i++) {
        xw_tree_free(node->entries[i].key);
        xw_tree_free(node->entries[i].value);
    }
    free(node->entries);
    free(node->value);
    free(node);
}

struct xw_node *xw_tree_get(const struct xw_node *map, const char *key)
{
    for (size_t i = 0; map->kind == XW_NODE_MAP && i < map->count; i++) {
        const struct xw_node *found = map->entries[i].key;
        if (found->kind == XW_NODE_SCALAR && strcmp(found->value, key) == 0)
            return map->entries[i].value;
    }
    return NULL;
}

static void give_up(struct builder *builder, struct xw_place at, const char *text)
{
    if (!builder->failed)
        xw_problem_add(builder->problems, at, "%s", text);
    builder->failed = true;
}

/* libyaml's word on what it could not read. */
static void report_syntax(struct builder *builder)
{
    const yaml_parser_t *parser = &builder->parser;

    if (builder->failed)
        return;
    builder->failed = true;
    if (parser->error == YAML_MEMORY_ERROR)
        xw_problem_add(builder->problems, place(parser->mark),
                       "the file needs too much memory; make it smaller");
    else
        xw_problem_add(builder->problems, place(parser->problem_mark),
                       "this is not YAML: %s%s%s; correct the indentation or the punctuation here "
                       "or just before",
                       parser->problem ? parser->problem : "unreadable", parser->context ? " " : "",
                       parser->context ? parser->context : "");
}

static bool next_event(struct builder *builder, yaml_event_t *event)
{
    if (builder->failed)
        return false;
    if (!yaml_parser_parse(&builder->parser, event)) {
        report_syntax(builder);
        return false;
    }
    return true;
}

static struct xw_node *new_node(struct builder *builder, enum xw_node_kind kind, yaml_mark_t mark)
{
    struct xw_node *node = NULL;

    if (++builder->nodes > NODES_MAX)
        give_up(builder, place(mark), "the file holds too many values; no lab needs so many");
    else if (!(node = calloc(1, sizeof(*node))))
        give_up(builder, place(mark), "the file needs too much memory; make it smaller");
    if (node) {
        node->kind = kind;
        node->at = place(mark);
    }
    return node;
}

/* Anchors and tags say nothing in a lab file, and are how a small file becomes a huge one. */
static bool is_bare(struct builder *builder, const yaml_event_t *event, const yaml_char_t *anchor,
                    const yaml_char_t *tag)
{
    if (anchor)
        xw_problem_add(builder->problems, place(event->start_mark),
                       "anchors (&%.40s) are not allowed in a lab file; write the value out",
                       (const char *)anchor);
    if (tag)
        xw_problem_add(builder->problems, place(event->start_mark),
                       "tags (%.40s) are not allowed in a lab file; write the value alone",
                       (const char *)tag);
    return !anchor && !tag;
}

static struct xw_node *read_scalar(struct builder *builder, const yaml_event_t *event)
{
    struct xw_node *node = new_node(builder, XW_NODE_SCALAR, event->start_mark);
    const char *value = (const char *)event->data.scalar.value;

    if (!node)
        return NULL;
    if (!is_bare(builder, event, event->data.scalar.anchor, event->data.scalar.tag))
        node->kind = XW_NODE_BROKEN;
    if (memchr(value, '\0', event->data.scalar.length)) {
        node->kind = XW_NODE_BROKEN;
        xw_problem_add(builder->problems, node->at,
                       "there is a NUL character in this value; write text only");
    }
    node->plain = event->data.scalar.style == YAML_PLAIN_SCALAR_STYLE;
    node->length = event->data.scalar.length;
    node->value = strdup(value);
    if (!node->value)
        give_up(builder, node->at, "the file needs too much memory; make it smaller");
    return node;
}

/* Adds an entry; both are the node's from now on, even when this fails. */
static void add_entry(struct builder *builder, struct xw_node *node, struct xw_node *key,
                      struct xw_node *value)
{
    /* Grows at powers of two. */
    if ((node->count & (node->count - 1)) == 0) {
        size_t room = node->count ? node->count * 2 : 1;
        struct xw_entry *entries = reallocarray(node->entries, room, sizeof(*entries));
        if (!entries) {
            give_up(builder, node->at, "the file needs too much memory; make it smaller");
            xw_tree_free(key);
            xw_tree_free(value);
            return;
        }
        node->entries = entries;
    }
    node->entries[node->count++] = (struct xw_entry){.key = key, .value = value};
}

/* Reports a key that is no word, or is there already. */
static void check_key(struct builder *builder, const struct xw_node *map, struct xw_node *key)
{
    if (key->kind == XW_NODE_LIST || key->kind == XW_NODE_MAP) {
        xw_problem_add(builder->problems, key->at, "a key must be a word, not a list or a mapping");
        return;
    }
    for (size_t i = 0; key->kind == XW_NODE_SCALAR && i < map->count; i++) {
        const struct xw_node *other = map->entries[i].key;
        if (other->kind == XW_NODE_SCALAR && strcmp(other->value, key->value) == 0) {
            xw_problem_add(builder->problems, key->at,
                           "\"%.40s\" is there twice, first in line %u; keep one of them",
                           key->value, other->at.line);
            return;
        }
    }
}

static struct xw_node *read_node(struct builder *builder, const yaml_event_t *event,
                                 unsigned int depth);

/* Reads the node that comes next, NULL where the list or map ends or reading has failed. */
static struct xw_node *read_next(struct builder *builder, yaml_event_type_t end, unsigned int depth)
{
    yaml_event_t event;

    if (!next_event(builder, &event))
        return NULL;
    struct xw_node *node = event.type == end ? NULL : read_node(builder, &event, depth);
    yaml_event_delete(&event);
    return node;
}

static void read_list(struct builder *builder, struct xw_node *list, unsigned int depth)
{
    struct xw_node *value;

    while ((value = read_next(builder, YAML_SEQUENCE_END_EVENT, depth)))
        add_entry(builder, list, NULL, value);
}

static void read_map(struct builder *builder, struct xw_node *map, unsigned int depth)
{
    struct xw_node *key;

    while ((key = read_next(builder, YAML_MAPPING_END_EVENT, depth))) {
        struct xw_node *value = read_next(builder, YAML_NO_EVENT, depth);
        if (!value) {
            xw_tree_free(key);
            return;
        }
        check_key(builder, map, key);
        add_entry(builder, map, key, value);
    }
}

static struct xw_node *read_collection(struct builder *builder, const yaml_event_t *event,
                                       unsigned int depth)
{
    bool is_list = event->type == YAML_SEQUENCE_START_EVENT;
    const yaml_char_t *anchor =
        is_list ? event->data.sequence_start.anchor : event->data.mapping_start.anchor;
    const yaml_char_t *tag =
        is_list ? event->data.sequence_start.tag : event->data.mapping_start.tag;

    if (depth == DEPTH_MAX) {
        give_up(builder, place(event->start_mark),
                "lists and mappings are nested too deeply; no lab needs so many levels");
        return NULL;
    }
    struct xw_node *node =
        new_node(builder, is_list ? XW_NODE_LIST : XW_NODE_MAP, event->start_mark);
    if (!node)
        return NULL;
    bool bare = is_bare(builder, event, anchor, tag);
    if (is_list)
        read_list(builder, node, depth + 1);
    else
        read_map(builder, node, depth + 1);
    if (!bare)
        node->kind = XW_NODE_BROKEN;
    return node;
}

static struct xw_node *read_alias(struct builder *builder, const yaml_event_t *event)
{
    xw_problem_add(builder->problems, place(event->start_mark),
                   "aliases (*%.40s) are not allowed in a lab file; write the value out",
                   (const char *)event->data.alias.anchor);
    return new_node(builder, XW_NODE_BROKEN, event->start_mark);
}

static struct xw_node *read_node(struct builder *builder, const yaml_event_t *event,
                                 unsigned int depth)
{
    switch (event->type) {
    case YAML_SCALAR_EVENT:
        return read_scalar(builder, event);
    case YAML_SEQUENCE_START_EVENT:
    case YAML_MAPPING_START_EVENT:
        return read_collection(builder, event, depth);
    case YAML_ALIAS_EVENT:
        return read_alias(builder, event);
    default:
        give_up(builder, place(event->start_mark), "a value was expected here");
        return NULL;
    }
}

/* Takes one event, which must be of this type; reports text where it isn't: at, or at its place. */
static bool expect(struct builder *builder, yaml_event_type_t type, const struct xw_place *at,
                   const char *text)
{
    yaml_event_t event;

    if (!next_event(builder, &event))
        return false;
    bool found = event.type == type;
    if (!found)
        give_up(builder, at ? *at : place(event.start_mark), text);
    yaml_event_delete(&event);
    return found;
}

static struct xw_node *read_document(struct builder *builder)
{
    static const struct xw_place beginning = {1, 1};

    if (!expect(builder, YAML_STREAM_START_EVENT, &beginning, "the file can't be read") ||
        !expect(builder, YAML_DOCUMENT_START_EVENT, &beginning,
                "the file is empty; a lab file begins with \"xworlds: 1\""))
        return NULL;
    struct xw_node *root = read_next(builder, YAML_NO_EVENT, 0);
    expect(builder, YAML_DOCUMENT_END_EVENT, NULL,
           "a second value begins here; a lab is one mapping");
    expect(builder, YAML_STREAM_END_EVENT, NULL,
           "a second document begins here; each lab has a file of its own");
    return root;
}

/* How many bytes the line at text has, its newline excluded. */
static size_t line_length(const char *text, size_t left)
{
    const char *newline = memchr(text, '\n', left);

    return newline ? (size_t)(newline - text) : left;
}

/* Whether the character at text is one that a file may hold; *taken: its bytes. */
static bool character_ok(const char *text, size_t left, size_t *taken)
{
    char copy[CHARACTER_MAX + 1];

    *taken = 1;
    if (text[0] == '\t')
        return true;
    for (size_t length = 1; length <= CHARACTER_MAX && length <= left; length++) {
        memcpy(copy, text, length);
        copy[length] = '\0';
        *taken = length;
        if (xw_text_ok(copy))
            return true;
    }
    return false;
}

/*
 * libyaml reports the byte, not the place, of what it can't decode, and takes UTF-16 too: so the
 * text is checked before it is given to libyaml. Reports the first character that isn't fit.
 */
static bool is_plain_text(const char *text, size_t length, struct xw_problems *problems)
{
    struct xw_place at = {.line = 1, .column = 1};

    for (size_t i = 0; i < length; at.line++, at.column = 1, i++) {
        size_t stop = i + line_length(text + i, length - i);
        bool has_return = stop > i && stop < length && text[stop - 1] == '\r';
        size_t taken;
        for (; i < stop - has_return; i += taken, at.column++) {
            if (character_ok(text + i, stop - i, &taken))
                continue;
            xw_problem_add(problems, at,
                           "there is a byte here (0x%02x) that doesn't belong in a text; save the "
                           "file as plain UTF-8 text",
                           (unsigned int)(unsigned char)text[i]);
            return false;
        }
        i = stop;
    }
    return true;
}

struct xw_node *xw_tree_read(const char *text, size_t length, struct xw_problems *problems)
{
    struct builder builder = {.problems = problems};
    struct xw_node *root = NULL;

    if (length > XW_SOURCE_MAX) {
        xw_problem_add(problems, (struct xw_place){1, 1},
                       "the file is larger than 1 MiB; no lab needs so much");
        return NULL;
    }
    if (!is_plain_text(text, length, problems))
        return NULL;
    if (!yaml_parser_initialize(&builder.parser)) {
        xw_problem_add(problems, (struct xw_place){1, 1}, "there is not enough memory");
        return NULL;
    }
    yaml_parser_set_encoding(&builder.parser, YAML_UTF8_ENCODING);
    yaml_parser_set_input_string(&builder.parser, (const unsigned char *)text, length);
    root = read_document(&builder);
    yaml_parser_delete(&builder.parser);
    if (builder.failed) {
        xw_tree_free(root);
        root = NULL;
    }
    return root;
}
