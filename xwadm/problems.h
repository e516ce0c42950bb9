/*
 * What is wrong with a lab file: places and sentences, collected so that one run shows them all.
 */
#ifndef XW_XWADM_PROBLEMS_H
#define XW_XWADM_PROBLEMS_H

#include <stddef.h>

#define XW_PROBLEMS_MAX     50
#define XW_PROBLEM_TEXT_MAX 320 /* bytes with the end */

/* A place in a file; both from 1, the column in characters. */
struct xw_place {
    unsigned int line;
    unsigned int column;
};

struct xw_problem {
    struct xw_place at;
    char text[XW_PROBLEM_TEXT_MAX]; /* what is wrong; what would be right */
};

struct xw_problems {
    size_t count;
    size_t dropped; /* those beyond XW_PROBLEMS_MAX */
    struct xw_problem items[XW_PROBLEMS_MAX];
};

/* Adds a problem. What can't be shown on one line of a terminal becomes '?'. */
void xw_problem_add(struct xw_problems *problems, struct xw_place at, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* Sorts by place; problems of one place stay in the order they were added in. */
void xw_problems_sort(struct xw_problems *problems);

#endif
