#include "xwadm/problems.h"

#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>

#include "common/lines.h"

/* A text may hold a piece of a hostile file, cut off anywhere. */
static void make_plain(char *text)
{
    if (xw_text_ok(text))
        return;
    for (unsigned char *at = (unsigned char *)text; *at; at++) {
        if (*at < 0x20 || *at >= 0x7f)
            *at = '?';
    }
}

void xw_problem_add(struct xw_problems *problems, struct xw_place at, const char *format, ...)
{
    if (problems->count == XW_PROBLEMS_MAX) {
        problems->dropped++;
        return;
    }
    struct xw_problem *problem = &problems->items[problems->count++];
    va_list args;
    va_start(args, format);
    if (vsnprintf(problem->text, sizeof(problem->text), format, args) < 0)
        problem->text[0] = '\0';
    va_end(args);
    problem->at = at;
    make_plain(problem->text);
}

static bool is_after(struct xw_place a, struct xw_place b)
{
    return a.line > b.line || (a.line == b.line && a.column > b.column);
}

void xw_problems_sort(struct xw_problems *problems)
{
    for (size_t i = 1; i < problems->count; i++) {
        struct xw_problem moving = problems->items[i];
        size_t j = i;
        for (; j > 0 && is_after(problems->items[j - 1].at, moving.at); j--)
            problems->items[j] = problems->items[j - 1];
        problems->items[j] = moving;
    }
}
