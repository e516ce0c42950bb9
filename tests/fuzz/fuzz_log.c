/* links: xwsh/log_lines.c xwsh/log_mark.c xwsh/safe_text.c */
/*
 * A guest's output as lines: however it is cut into pieces they are the same, each within its
 * bounds, and nothing of one that is made safe is a control; and a log's mark is found within it.
 */
#include "tests/fuzz/fuzz.h"
#include "xwsh/log_lines.h"
#include "xwsh/log_mark.h"
#include "xwsh/safe_text.h"

struct seen {
    size_t lines;
    uint64_t hash;
};

static void take(const char *line, void *data)
{
    static char safe[XW_SAFE_SIZE(XW_LOG_LINE_SIZE)];
    struct seen *seen = data;

    MUST(strlen(line) < XW_LOG_LINE_SIZE);
    seen->lines++;
    seen->hash = seen->hash * 31 + '\n';
    for (const char *at = line; *at; at++)
        seen->hash = seen->hash * 31 + (unsigned char)*at;
    xw_safe_text(XW_CHARSET_UTF8, line, safe, sizeof(safe));
    for (const char *at = safe; *at; at++)
        MUST((unsigned char)*at >= ' ' && *at != 0x7f);
    (void)xw_log_is_prompt(line);
}

static struct seen print(const uint8_t *data, size_t size, size_t piece)
{
    static struct xw_log_lines lines;
    char text[XW_LOG_LINE_SIZE];
    struct seen seen = {0};

    memset(&lines, 0, sizeof(lines));
    for (size_t at = 0; at < size; at += piece)
        xw_log_lines_take(&lines, (const char *)data + at, size - at < piece ? size - at : piece,
                          take, &seen);
    take(xw_log_lines_current(&lines, text), &seen);
    return seen;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct xw_log_mark mark = {0};
    struct seen whole = print(data, size, size + 1);
    struct seen cut = print(data, size, 3);

    MUST(whole.lines == cut.lines && whole.hash == cut.hash);
    if (size < 2)
        return 0;
    size_t before = data[0] * size / 256;
    xw_log_mark_take(&mark, (const char *)data, before);
    MUST(xw_log_mark_find(&mark, (const char *)data, size) == before);
    MUST(xw_log_mark_find(&mark, (const char *)data + size / 2, size - size / 2) <= size);
    return 0;
}
