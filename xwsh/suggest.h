/*
 * "Did you mean": the nearest of some words.
 */
#ifndef XW_XWSH_SUGGEST_H
#define XW_XWSH_SUGGEST_H

#include <stddef.h>

/*
 * The word of the list (count of them) nearest to `typed`: at most two edits away (insert, delete,
 * replace, exchange of neighbours), or one where typed has only two or three characters; the
 * first of several equally near. NULL where none is near.
 */
const char *xw_suggest(const char *typed, const char *const *words, size_t count);

#endif
