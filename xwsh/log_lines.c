#include "xwsh/log_lines.h"

#include <string.h>

#include "xwsh/safe_text.h"

enum { TAB = 8, PARAMETER_MAX = 9999 };

/* The text of the line, without blanks at its end. */
static void write_line(const struct xw_log_lines *lines, char *text)
{
    size_t used = 0;
    size_t end = 0;

    for (size_t i = 0; i < lines->length; i++) {
        uint32_t code = lines->cells[i];
        if (code >= XW_LOG_RAW)
            text[used++] = (char)(unsigned char)(code & 0xff);
        else
            used += xw_utf8_encode(code, text + used);
        if (code != ' ')
            end = used;
    }
    text[end] = '\0';
}

static void end_line(struct xw_log_lines *lines, xw_log_line *take, void *data)
{
    char text[XW_LOG_LINE_SIZE];

    write_line(lines, text);
    lines->column = lines->length = 0;
    take(text, data);
}

/* Before something that belongs elsewhere; what stands there alone is no line. */
static void end_if_begun(struct xw_log_lines *lines, xw_log_line *take, void *data)
{
    if (lines->length > 0)
        end_line(lines, take, data);
    lines->column = 0;
}

static void move_to(struct xw_log_lines *lines, size_t column)
{
    lines->column = column < XW_LOG_COLUMNS_MAX ? column : XW_LOG_COLUMNS_MAX - 1;
}

static void put_cell(struct xw_log_lines *lines, uint32_t cell, xw_log_line *take, void *data)
{
    if (lines->column == XW_LOG_COLUMNS_MAX)
        end_line(lines, take, data);
    while (lines->length < lines->column)
        lines->cells[lines->length++] = ' ';
    lines->cells[lines->column++] = cell;
    if (lines->length < lines->column)
        lines->length = lines->column;
}

/* The bytes that were to be a character, each for itself. */
static void give_up_partial(struct xw_log_lines *lines, xw_log_line *take, void *data)
{
    size_t count = lines->partial_count;

    lines->partial_count = 0;
    for (size_t i = 0; i < count; i++)
        put_cell(lines, XW_LOG_RAW + (unsigned char)lines->partial[i], take, data);
}

static size_t length_of(unsigned char first)
{
    return first >= 0xf0 && first <= 0xf4   ? 4
           : first >= 0xe0 && first <= 0xef ? 3
           : first >= 0xc2 && first <= 0xdf ? 2
                                            : 0;
}

/* A byte beyond ASCII. */
static void take_high(struct xw_log_lines *lines, unsigned char byte, xw_log_line *take, void *data)
{
    char whole[sizeof(lines->partial) + 1] = "";
    uint32_t code;

    if ((byte & 0xc0) != 0x80) {
        give_up_partial(lines, take, data);
        if (length_of(byte) > 0)
            lines->partial[lines->partial_count++] = (char)byte;
        else
            put_cell(lines, XW_LOG_RAW + (uint32_t)byte, take, data);
        return;
    }
    if (lines->partial_count == 0) {
        put_cell(lines, XW_LOG_RAW + (uint32_t)byte, take, data);
        return;
    }
    lines->partial[lines->partial_count++] = (char)byte;
    if (lines->partial_count < length_of((unsigned char)lines->partial[0]))
        return;
    memcpy(whole, lines->partial, lines->partial_count);
    if (xw_utf8_decode(whole, &code) != lines->partial_count) {
        give_up_partial(lines, take, data);
        return;
    }
    lines->partial_count = 0;
    put_cell(lines, code, take, data);
}

static void take_text(struct xw_log_lines *lines, unsigned char byte, xw_log_line *take, void *data)
{
    if (byte >= 0x80) {
        take_high(lines, byte, take, data);
        return;
    }
    give_up_partial(lines, take, data);
    switch (byte) {
    case '\n':
    case '\v':
    case '\f':
        end_line(lines, take, data);
        break;
    case '\r':
        lines->column = 0;
        break;
    case '\b':
        lines->column -= lines->column > 0;
        break;
    case '\t':
        move_to(lines, (lines->column / TAB + 1) * TAB);
        break;
    case 0x1b:
        lines->state = XW_LOG_ESCAPE;
        break;
    default:
        if (byte >= ' ' && byte != 0x7f)
            put_cell(lines, byte, take, data);
        break;
    }
}

static void erase(struct xw_log_lines *lines)
{
    size_t all = lines->length;

    if (lines->parameter == 0 && lines->column < all)
        lines->length = lines->column;
    else if (lines->parameter == 2)
        lines->length = 0;
    for (size_t i = 0; lines->parameter == 1 && i <= lines->column && i < all; i++)
        lines->cells[i] = ' ';
}

/* A sequence of one number at most that ends with this byte. */
static void obey(struct xw_log_lines *lines, char final, xw_log_line *take, void *data)
{
    size_t by = lines->parameter > 0 ? lines->parameter : 1;

    switch (final) {
    case 'C':
        move_to(lines, lines->column + by);
        break;
    case 'D':
        lines->column -= by < lines->column ? by : lines->column;
        break;
    case 'G':
    case '`':
        move_to(lines, by - 1);
        break;
    case 'K':
        erase(lines);
        break;
    case 'J':
        /* 0, of the screen's rest: what shells with a line editor send all the time. */
        if (lines->parameter == 0)
            erase(lines);
        else
            end_if_begun(lines, take, data);
        break;
    case 'A':
    case 'B':
    case 'E':
    case 'F':
    case 'H':
    case 'd':
    case 'f':
        end_if_begun(lines, take, data);
        break;
    default:
        break;
    }
}

static void take_sequence(struct xw_log_lines *lines, char byte, xw_log_line *take, void *data)
{
    if (byte >= '0' && byte <= '9') {
        if (lines->parameter <= PARAMETER_MAX)
            lines->parameter = lines->parameter * 10 + (unsigned int)(byte - '0');
    } else if (byte >= ' ' && byte <= '?') {
        lines->plain = false;
    } else {
        lines->state = XW_LOG_TEXT;
        if (lines->plain)
            obey(lines, byte, take, data);
        else if (byte == 'H' || byte == 'f')
            end_if_begun(lines, take, data);
    }
}

/* The byte after ESC, or after what stands between it and the last one. */
static void take_escape(struct xw_log_lines *lines, char byte, xw_log_line *take, void *data)
{
    if (byte >= ' ' && byte < '0')
        return;
    lines->state = XW_LOG_TEXT;
    lines->parameter = 0;
    lines->plain = true;
    if (byte == '[')
        lines->state = XW_LOG_SEQUENCE;
    else if (byte && strchr("]PX^_", byte))
        lines->state = XW_LOG_STRING;
    else if (byte == 'D' || byte == 'E' || byte == 'M' || byte == 'c')
        end_if_begun(lines, take, data);
}

static void take_byte(struct xw_log_lines *lines, char byte, xw_log_line *take, void *data)
{
    const bool control = (unsigned char)byte < ' ' || (unsigned char)byte >= 0x7f;

    if (lines->state == XW_LOG_STRING) {
        if (byte == 0x1b)
            lines->state = XW_LOG_ESCAPE;
        else if (byte == '\a' || byte == 0x18 || byte == 0x1a)
            lines->state = XW_LOG_TEXT;
        if (byte != '\n')
            return;
    }
    if (lines->state != XW_LOG_TEXT && control)
        lines->state = XW_LOG_TEXT;
    if (lines->state == XW_LOG_ESCAPE)
        take_escape(lines, byte, take, data);
    else if (lines->state == XW_LOG_SEQUENCE)
        take_sequence(lines, byte, take, data);
    else
        take_text(lines, (unsigned char)byte, take, data);
}

void xw_log_lines_take(struct xw_log_lines *lines, const char *bytes, size_t count,
                       xw_log_line *take, void *data)
{
    for (size_t i = 0; i < count; i++)
        take_byte(lines, bytes[i], take, data);
}

const char *xw_log_lines_current(const struct xw_log_lines *lines, char text[XW_LOG_LINE_SIZE])
{
    write_line(lines, text);
    return text;
}

bool xw_log_is_prompt(const char *line)
{
    static const char word[] = "login:";
    static const char last[] = "Last ";

    for (const char *at = line; (at = strstr(at, word)) != NULL; at += strlen(word)) {
        const char *behind = at + strlen(word);
        size_t before = (size_t)(at - line);
        behind += strspn(behind, " ");
        if (*behind && *behind != '[')
            continue;
        if (before < strlen(last) || memcmp(at - strlen(last), last, strlen(last)) != 0)
            return true;
    }
    return false;
}
