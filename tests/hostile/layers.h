/*
 * The table of which layer stops what: a row for each attempt, a column for each layer that is
 * off. Printed with the tests, and held against docs/layers.md.
 */
#ifndef XW_HOSTILE_LAYERS_H
#define XW_HOSTILE_LAYERS_H

#include "tests/hostile/parts.h"

/* Columns. The flag is the gate's; reader and relay have four. */
enum column {
    WITH_ALL,
    WITHOUT_SECCOMP,
    WITHOUT_LANDLOCK,
    WITHOUT_FLAG,
    PERMISSIONS_ALONE,
    COLUMNS
};

struct row {
    const struct attempt *attempt;
    bool here;              /* this kernel has what is tried: the control could do it */
    struct outcome student; /* what the student's own process gets */
    struct outcome control; /* where it is allowed */
    struct outcome flag;    /* with the flag as the only layer besides permissions */
    struct outcome cell[COLUMNS];
};

/* What stopped it, or what it means that it did not: a word or two. Static. */
const char *layers_word(const struct row *row, enum column column);

/* Whether it had something that its student hasn't. */
bool layers_gained(const struct row *row, enum column column);

/* Prints the table as comments and requires that docs/layers.md has the same. */
void layers_compare(int part, const struct row *rows, size_t count);

#endif
