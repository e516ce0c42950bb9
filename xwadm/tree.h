/*
 * A YAML file as a tree of bounded size that knows where each value stands. Only what a lab file
 * needs: one document, no anchors, aliases or tags, no key twice.
 *
 * Runs in the confined child: no I/O, memory only.
 */
#ifndef XW_XWADM_TREE_H
#define XW_XWADM_TREE_H

#include <stdbool.h>
#include <stddef.h>

#include "xwadm/problems.h"

#define XW_SOURCE_MAX 1048576 /* bytes of a lab file */

enum xw_node_kind {
    XW_NODE_SCALAR,
    XW_NODE_LIST,
    XW_NODE_MAP,
    XW_NODE_BROKEN /* a problem has been reported already; say nothing more about it */
};

struct xw_node;

struct xw_entry {
    struct xw_node *key; /* NULL in a list */
    struct xw_node *value;
};

struct xw_node {
    enum xw_node_kind kind;
    struct xw_place at;
    bool plain;    /* a scalar without quotes */
    char *value;   /* of a scalar; holds no NUL before its end */
    size_t length; /* of value */
    size_t count;
    struct xw_entry *entries; /* of a list or map */
};

/*
 * Reads a file's text. Returns the tree, which the caller frees, or NULL when the text as a whole
 * can't be read; problems says why. There may be problems with a tree as well.
 */
struct xw_node *xw_tree_read(const char *text, size_t length, struct xw_problems *problems);

void xw_tree_free(struct xw_node *node);

/* The value of a map's key, or NULL. */
struct xw_node *xw_tree_get(const struct xw_node *map, const char *key);

#endif
