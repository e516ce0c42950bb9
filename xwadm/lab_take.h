/*
 * Taking values out of the tree of a lab file. What is not as it must be goes to problems, with
 * what would be right. A node that is broken has been reported: it is passed over.
 */
#ifndef XW_XWADM_LAB_TAKE_H
#define XW_XWADM_LAB_TAKE_H

#include <stdbool.h>
#include <stddef.h>

#include "common/names.h"
#include "xwadm/problems.h"
#include "xwadm/tree.h"

/* How much of a word is repeated in a sentence about it. */
#define XW_LAB_SHOWN_MAX 40

struct xw_lab_keys {
    const char *of; /* what has these keys, for sentences */
    size_t count;
    const char *const *names;
};

/* Whether a node is there and of this kind; says what it should be. */
bool xw_lab_is_kind(const struct xw_node *node, enum xw_node_kind kind, const char *what,
                    const char *right, struct xw_problems *problems);

/* Reports keys that nobody knows. */
void xw_lab_check_keys(const struct xw_node *map, const struct xw_lab_keys *keys,
                       struct xw_problems *problems);

/* The value of a key that must be there. */
const struct xw_node *xw_lab_require(const struct xw_node *map, const char *key, const char *of,
                                     const char *right, struct xw_problems *problems);

/* Copies a scalar's text, without the spaces and line ends around it, if it fits one line. */
bool xw_lab_take_text(const struct xw_node *node, const char *what, const char *right, char *text,
                      size_t size, struct xw_problems *problems);

bool xw_lab_take_name(const struct xw_node *node, const char *what, char name[XW_NAME_SIZE],
                      struct xw_problems *problems);

/* A number without quotes. A node of NULL is no problem: *number stays as it is. */
bool xw_lab_take_number(const struct xw_node *node, const char *what, unsigned int min,
                        unsigned int max, unsigned int *number, struct xw_problems *problems);

/* The same with true and false. */
void xw_lab_take_bool(const struct xw_node *node, const char *what, bool *value,
                      struct xw_problems *problems);

#endif
