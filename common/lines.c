#include "common/lines.h"

#include <errno.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "common/names.h"

/* Remembers the first deviation, and where it is. */
static void remember(struct xw_record_lines *lines, unsigned int number, const char *text)
{
    if (lines->rc == 0)
        lines->rc = xw_fail(lines->err, -EBADMSG, "line %u: %s", number, text);
}

bool xw_record_refuse(struct xw_record_lines *lines, const char *format, ...)
{
    char text[XW_ERROR_TEXT_MAX] = "";
    va_list args;

    va_start(args, format);
    vsnprintf(text, sizeof(text), format, args);
    va_end(args);
    remember(lines, lines->number, text);
    return false;
}

bool xw_record_refuse_taken(struct xw_record_lines *lines, const char *format, ...)
{
    char text[XW_ERROR_TEXT_MAX] = "";
    va_list args;

    va_start(args, format);
    vsnprintf(text, sizeof(text), format, args);
    va_end(args);
    remember(lines, lines->taken, text);
    return false;
}

static bool has_control(const char *text, size_t length)
{
    for (size_t i = 0; i < length; i++) {
        unsigned char byte = (unsigned char)text[i];
        if (byte < 0x20 || byte == 0x7f)
            return true;
    }
    return false;
}

/* Makes the next line the current one. */
static void advance(struct xw_record_lines *lines)
{
    size_t left = (size_t)(lines->end - lines->rest);

    lines->line[0] = '\0';
    lines->number++;
    if (left == 0) {
        lines->finished = true;
        return;
    }
    const char *newline = memchr(lines->rest, '\n', left);
    size_t length = newline ? (size_t)(newline - lines->rest) : left;
    if (!newline) {
        xw_record_refuse(lines, "the line has no end: the file is cut off");
    } else if (length >= sizeof(lines->line)) {
        xw_record_refuse(lines, "the line is longer than %zu bytes", sizeof(lines->line) - 1);
    } else if (length == 0) {
        xw_record_refuse(lines, "the line is empty");
    } else if (has_control(lines->rest, length)) {
        xw_record_refuse(lines, "there is a control character in the line");
    } else if (lines->rest[0] == ' ' || lines->rest[length - 1] == ' ') {
        xw_record_refuse(lines, "the line begins or ends with a space");
    } else {
        memcpy(lines->line, lines->rest, length);
        lines->line[length] = '\0';
        lines->rest = newline + 1;
    }
}

void xw_record_begin(struct xw_record_lines *lines, const char *text, size_t length,
                     const char *heading, struct xw_error *err)
{
    lines->rest = text;
    lines->end = text + length;
    lines->number = 0;
    lines->taken = 0;
    lines->finished = false;
    lines->rc = 0;
    lines->err = err;
    advance(lines);
    if (lines->rc == 0 && strcmp(lines->line, heading) != 0)
        xw_record_refuse(lines, "the file must begin with \"%s\"", heading);
    if (lines->rc == 0)
        advance(lines);
}

/* The value of the current line if its key is this one, NULL otherwise. */
static const char *value_of(const struct xw_record_lines *lines, const char *key)
{
    size_t length = strlen(key);

    if (lines->rc < 0 || lines->finished)
        return NULL;
    if (strncmp(lines->line, key, length) != 0 || lines->line[length] != ' ')
        return NULL;
    return lines->line + length + 1;
}

bool xw_record_at(const struct xw_record_lines *lines, const char *key)
{
    return value_of(lines, key) != NULL;
}

bool xw_record_finished(const struct xw_record_lines *lines)
{
    return lines->rc == 0 && lines->finished;
}

/* value_of(), where anything else is a deviation. */
static const char *expect(struct xw_record_lines *lines, const char *key)
{
    const char *value = value_of(lines, key);

    if (!value)
        xw_record_refuse(lines, "\"%s\" and its value must be here", key);
    return value;
}

/* Copies a field of 1 to size - 1 bytes. */
static bool copy_field(struct xw_record_lines *lines, const char *key, const char *field,
                       size_t length, char *copy, size_t size)
{
    if (length == 0)
        return xw_record_refuse(lines, "\"%s\" lacks a value", key);
    if (length >= size)
        return xw_record_refuse(lines, "a value of \"%s\" is longer than %zu bytes", key, size - 1);
    memcpy(copy, field, length);
    copy[length] = '\0';
    return true;
}

/* Ends the taking of a line. */
static bool taken(struct xw_record_lines *lines)
{
    lines->taken = lines->number;
    advance(lines);
    return lines->rc == 0;
}

bool xw_record_text(struct xw_record_lines *lines, const char *key, char *value, size_t size)
{
    const char *found = expect(lines, key);

    return found && copy_field(lines, key, found, strlen(found), value, size) && taken(lines);
}

bool xw_record_name(struct xw_record_lines *lines, const char *key, bool (*ok)(const char *),
                    char *value)
{
    const char *found = expect(lines, key);

    if (!found)
        return false;
    if (!ok(found))
        return xw_record_refuse(lines, "the value of \"%s\" is not a name", key);
    return copy_field(lines, key, found, strlen(found), value, XW_NAME_SIZE) && taken(lines);
}

bool xw_record_number(struct xw_record_lines *lines, const char *key, unsigned long min,
                      unsigned long max, unsigned long *value)
{
    const char *found = expect(lines, key);

    if (!found)
        return false;
    if (xw_number(found, max, value) < 0 || *value < min)
        return xw_record_refuse(lines, "the value of \"%s\" must be a number from %lu to %lu", key,
                                min, max);
    return taken(lines);
}

bool xw_record_pair(struct xw_record_lines *lines, const char *key, char *first, size_t first_size,
                    char *second, size_t second_size)
{
    const char *found = expect(lines, key);

    if (!found)
        return false;
    const char *space = strchr(found, ' ');
    if (!space || strchr(space + 1, ' '))
        return xw_record_refuse(lines, "\"%s\" takes two fields with one space between them", key);
    return copy_field(lines, key, found, (size_t)(space - found), first, first_size) &&
           copy_field(lines, key, space + 1, strlen(space + 1), second, second_size) &&
           taken(lines);
}

int xw_record_end(struct xw_record_lines *lines)
{
    if (lines->rc == 0 && (lines->finished || strcmp(lines->line, "end") != 0))
        xw_record_refuse(lines, "something else was expected here, or \"end\"");
    if (lines->rc == 0 && lines->rest != lines->end) {
        lines->number++;
        xw_record_refuse(lines, "nothing may follow the line \"end\"");
    }
    return lines->rc;
}

/*
 * Decodes one character of UTF-8; returns the bytes it takes, or 0 if it is ill-formed. The bounds
 * are those of the table in RFC 3629, 4: no overlong form, no surrogate, nothing above U+10FFFF.
 */
static size_t decode(const unsigned char *at, uint32_t *character)
{
    static const uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
    size_t length = at[0] < 0x80             ? 1
                    : (at[0] & 0xe0) == 0xc0 ? 2
                    : (at[0] & 0xf0) == 0xe0 ? 3
                    : (at[0] & 0xf8) == 0xf0 ? 4
                                             : 0;

    if (length < 2) {
        *character = at[0];
        return length;
    }
    uint32_t value = at[0] & (0x7fU >> length);
    for (size_t i = 1; i < length; i++) {
        if ((at[i] & 0xc0) != 0x80)
            return 0;
        value = value << 6 | (at[i] & 0x3fU);
    }
    *character = value;
    bool surrogate = value >= 0xd800 && value <= 0xdfff;
    return value < least[length] || value > 0x10ffff || surrogate ? 0 : length;
}

/* Unicode's categories Cc, Zl and Zp, the byte order mark, and the property Bidi_Control. */
static bool is_unfit(uint32_t character)
{
    static const struct {
        uint32_t first, last;
    } unfit[] = {{0x00, 0x1f},     {0x7f, 0x9f},     {0x061c, 0x061c}, {0x200e, 0x200f},
                 {0x2028, 0x202e}, {0x2066, 0x2069}, {0xfeff, 0xfeff}};

    for (size_t i = 0; i < sizeof(unfit) / sizeof(unfit[0]); i++) {
        if (character >= unfit[i].first && character <= unfit[i].last)
            return true;
    }
    return false;
}

bool xw_text_ok(const char *text)
{
    const unsigned char *at = (const unsigned char *)text;

    if (!*at)
        return false;
    while (*at) {
        uint32_t character;
        size_t length = decode(at, &character);
        if (length == 0 || is_unfit(character))
            return false;
        at += length;
    }
    return true;
}
