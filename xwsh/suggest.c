#include "xwsh/suggest.h"

#include <string.h>

/* In a word of three characters two edits would find a likeness in almost anything. */
enum { LONGEST = 24, FARTHEST = 2, SHORT = 3 };

static size_t smaller(size_t a, size_t b)
{
    return a < b ? a : b;
}

/* The optimal string alignment distance (Damerau 1964; Boytsov 2011 for the name). */
static size_t distance(const char *a, const char *b)
{
    size_t cost[LONGEST + 1][LONGEST + 1];
    size_t rows = strlen(a);
    size_t columns = strlen(b);

    for (size_t i = 0; i <= rows; i++) {
        for (size_t j = 0; j <= columns; j++) {
            if (i == 0 || j == 0) {
                cost[i][j] = i + j;
                continue;
            }
            size_t best = cost[i - 1][j - 1] + (a[i - 1] != b[j - 1]);
            best = smaller(best, smaller(cost[i - 1][j], cost[i][j - 1]) + 1);
            if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
                best = smaller(best, cost[i - 2][j - 2] + 1);
            cost[i][j] = best;
        }
    }
    return cost[rows][columns];
}

const char *xw_suggest(const char *typed, const char *const *words, size_t count)
{
    size_t length = strnlen(typed, LONGEST + 1);
    size_t nearest = (length <= SHORT ? 1 : FARTHEST) + 1;
    const char *found = NULL;

    if (length <= 1 || length > LONGEST)
        return NULL;
    for (size_t i = 0; i < count; i++) {
        if (strlen(words[i]) > LONGEST)
            continue;
        size_t far = distance(typed, words[i]);
        if (far < nearest) {
            nearest = far;
            found = words[i];
        }
    }
    return found;
}
