#include "xwadm/lab_take.h"

#include <stdio.h>
#include <string.h>

#include "common/lines.h"
#include "xwsh/suggest.h"

static const char *kind_of(const struct xw_node *node)
{
    switch (node->kind) {
    case XW_NODE_LIST:
        return "a list";
    case XW_NODE_MAP:
        return "a mapping";
    default:
        return node->length ? "a word" : "empty";
    }
}

bool xw_lab_is_kind(const struct xw_node *node, enum xw_node_kind kind, const char *what,
                    const char *right, struct xw_problems *problems)
{
    if (!node || node->kind == XW_NODE_BROKEN)
        return false;
    if (node->kind == kind)
        return true;
    xw_problem_add(problems, node->at, "%s is %s; it must be %s", what, kind_of(node), right);
    return false;
}

static void add_known(const struct xw_lab_keys *keys, char *text, size_t size)
{
    size_t used = 0;

    for (size_t i = 0; i < keys->count && used < size; i++) {
        int n = snprintf(text + used, size - used, "%s%s", i ? ", " : "", keys->names[i]);
        used += n > 0 ? (size_t)n : 0;
    }
}

void xw_lab_check_keys(const struct xw_node *map, const struct xw_lab_keys *keys,
                       struct xw_problems *problems)
{
    char known[128];

    for (size_t i = 0; i < map->count; i++) {
        const struct xw_node *key = map->entries[i].key;
        bool found = key->kind != XW_NODE_SCALAR;
        for (size_t j = 0; j < keys->count && !found; j++)
            found = strcmp(keys->names[j], key->value) == 0;
        if (found)
            continue;
        const char *near = xw_suggest(key->value, keys->names, keys->count);
        add_known(keys, known, sizeof(known));
        if (near)
            xw_problem_add(problems, key->at, "%s has no key \"%.*s\"; did you mean \"%s\"?",
                           keys->of, XW_LAB_SHOWN_MAX, key->value, near);
        else
            xw_problem_add(problems, key->at, "%s has no key \"%.*s\"; known are %s", keys->of,
                           XW_LAB_SHOWN_MAX, key->value, known);
    }
}

const struct xw_node *xw_lab_require(const struct xw_node *map, const char *key, const char *of,
                                     const char *right, struct xw_problems *problems)
{
    const struct xw_node *value = xw_tree_get(map, key);

    if (!value)
        xw_problem_add(problems, map->at, "%s lacks \"%s\"; add %s", of, key, right);
    return value;
}

bool xw_lab_take_text(const struct xw_node *node, const char *what, const char *right, char *text,
                      size_t size, struct xw_problems *problems)
{
    if (!xw_lab_is_kind(node, XW_NODE_SCALAR, what, right, problems))
        return false;
    const char *from = node->value + strspn(node->value, " \n");
    size_t length = strlen(from);
    while (length > 0 && (from[length - 1] == ' ' || from[length - 1] == '\n'))
        length--;
    if (length == 0) {
        xw_problem_add(problems, node->at, "%s is empty; it must be %s", what, right);
        return false;
    }
    if (length >= size) {
        xw_problem_add(problems, node->at, "%s is longer than %zu bytes; make it shorter", what,
                       size - 1);
        return false;
    }
    memcpy(text, from, length);
    text[length] = '\0';
    if (!xw_text_ok(text)) {
        xw_problem_add(problems, node->at,
                       "%s holds a line end, a control character or a mark that changes the "
                       "direction of text; write one line of plain text",
                       what);
        text[0] = '\0';
        return false;
    }
    return true;
}

#define NAME_RULE "small letters, digits and -, at most 32, the first a letter or digit"

bool xw_lab_take_name(const struct xw_node *node, const char *what, char name[XW_NAME_SIZE],
                      struct xw_problems *problems)
{
    if (!xw_lab_is_kind(node, XW_NODE_SCALAR, what, "a name: " NAME_RULE, problems))
        return false;
    if (!xw_name_ok(node->value)) {
        xw_problem_add(problems, node->at, "%s \"%.*s\" is not a name; use " NAME_RULE, what,
                       XW_LAB_SHOWN_MAX, node->value);
        return false;
    }
    snprintf(name, XW_NAME_SIZE, "%s", node->value);
    return true;
}

bool xw_lab_take_number(const struct xw_node *node, const char *what, unsigned int min,
                        unsigned int max, unsigned int *number, struct xw_problems *problems)
{
    unsigned long value = 0;

    if (!node || node->kind == XW_NODE_BROKEN)
        return false;
    if (node->kind != XW_NODE_SCALAR || !node->plain || xw_number(node->value, max, &value) < 0 ||
        value < min) {
        xw_problem_add(problems, node->at, "%s must be a number from %u to %u, without quotes",
                       what, min, max);
        return false;
    }
    *number = (unsigned int)value;
    return true;
}

void xw_lab_take_bool(const struct xw_node *node, const char *what, bool *value,
                      struct xw_problems *problems)
{
    if (!node || node->kind == XW_NODE_BROKEN)
        return;
    bool is_true = node->kind == XW_NODE_SCALAR && node->plain && !strcmp(node->value, "true");
    bool is_false = node->kind == XW_NODE_SCALAR && node->plain && !strcmp(node->value, "false");
    if (is_true || is_false)
        *value = is_true;
    else
        xw_problem_add(problems, node->at, "%s must be true or false, without quotes", what);
}
