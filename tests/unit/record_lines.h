/*
 * What every strict record must survive: its lines taken away, doubled, exchanged, cut and spoiled.
 */
#ifndef XW_TESTS_RECORD_LINES_H
#define XW_TESTS_RECORD_LINES_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { XW_TEST_TEXT_MAX = 8192 };

/* Parses a text as the record under test. */
typedef int (*xw_test_parse)(const char *text, size_t length);

/* The beginning of line number `index`, or the end of the text. */
static inline const char *xw_test_line(const char *text, size_t index)
{
    while (index-- > 0 && *text)
        text += strcspn(text, "\n") + 1;
    return text;
}

static inline size_t xw_test_count_lines(const char *text)
{
    size_t count = 0;

    for (; *text; text++)
        count += *text == '\n';
    return count;
}

/* Copies the text with the lines in the order that `order` gives; count of them. */
static inline void xw_test_reorder(const char *text, const size_t *order, size_t count, char *out)
{
    out[0] = '\0';
    for (size_t i = 0; i < count; i++) {
        const char *line = xw_test_line(text, order[i]);
        strncat(out, line, strcspn(line, "\n") + 1);
    }
}

static inline void xw_test_must_refuse(xw_test_parse parse, const char *text, size_t length,
                                       const char *how, size_t line)
{
    if (parse(text, length) == 0)
        fail_msg("taken with line %zu %s:\n%s", line + 1, how, text);
}

/* Deletes, doubles and exchanges each line of a good text: nothing of that may be taken. */
static inline void xw_test_each_line(xw_test_parse parse, const char *text)
{
    char changed[XW_TEST_TEXT_MAX];
    size_t lines = xw_test_count_lines(text);
    size_t order[64];

    assert_int_equal(parse(text, strlen(text)), 0);
    for (size_t line = 0; line < lines; line++) {
        size_t used = 0;
        for (size_t i = 0; i < lines; i++) {
            if (i != line)
                order[used++] = i;
        }
        xw_test_reorder(text, order, used, changed);
        xw_test_must_refuse(parse, changed, strlen(changed), "deleted", line);
        used = 0;
        for (size_t i = 0; i < lines; i++) {
            order[used++] = i;
            if (i == line)
                order[used++] = i;
        }
        xw_test_reorder(text, order, used, changed);
        xw_test_must_refuse(parse, changed, strlen(changed), "doubled", line);
        for (size_t other = line + 1; other < lines; other++) {
            for (size_t i = 0; i < lines; i++)
                order[i] = i == line ? other : i == other ? line : i;
            xw_test_reorder(text, order, lines, changed);
            xw_test_must_refuse(parse, changed, strlen(changed), "exchanged", line);
        }
    }
}

/* Cuts the text everywhere, appends to it, and puts spoiling bytes everywhere. */
static inline void xw_test_each_byte(xw_test_parse parse, const char *text)
{
    static const char spoiling[] = {'\0', '\t', '\r', '\v', '\x1b', '\x7f', '\x01'};
    char changed[XW_TEST_TEXT_MAX];
    size_t length = strlen(text);

    for (size_t cut = 0; cut < length; cut++)
        xw_test_must_refuse(parse, text, cut, "cut", cut);
    for (size_t at = 0; at < length; at++) {
        for (size_t i = 0; i < sizeof(spoiling); i++) {
            memcpy(changed, text, length + 1);
            changed[at] = spoiling[i];
            xw_test_must_refuse(parse, changed, length, "spoiled", at);
            memcpy(changed + at + 1, text + at, length - at + 1);
            xw_test_must_refuse(parse, changed, length + 1, "spoiled", at);
        }
    }
    memcpy(changed, text, length);
    for (int byte = 0; byte < 256; byte++) {
        changed[length] = (char)byte;
        xw_test_must_refuse(parse, changed, length + 1, "followed by a byte", length);
    }
}

#endif
