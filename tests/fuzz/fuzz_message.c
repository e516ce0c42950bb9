/* links: common/error.c common/names.c common/request.c xwsh/event_line.c xwsh/message.c xwsh/message_fields.c xwsh/message_machine.c xwsh/model.c xwsh/safe_text.c xwsh/target.c */
/* What xwsh reads from the gate and from a stream of events, and what it would show of it. */
#include "tests/fuzz/fuzz.h"
#include "xwsh/events.h"
#include "xwsh/model.h"
#include "xwsh/safe_text.h"

/* No byte that a terminal acts on: C0, DEL, or C1 in its UTF-8 form (0xc2 0x80 to 0xc2 0x9f). */
static void check_safe(enum xw_charset charset, const char *text)
{
    static char safe[XW_SAFE_SIZE(65536)];

    size_t length = xw_safe_text(charset, text, safe, sizeof(safe));
    MUST(length == strlen(safe));
    for (size_t i = 0; i < length; i++) {
        unsigned char byte = (unsigned char)safe[i];
        MUST(byte >= 0x20 && byte != 0x7f);
        MUST(charset == XW_CHARSET_UTF8 || byte < 0x80);
        MUST(byte != 0xc2 || (unsigned char)safe[i + 1] >= 0xa0);
    }
}

/* What is taken for a name is one. */
static void take_event(const char *line)
{
    struct xw_event event;
    char *copy = strdup(line);

    if (copy && xw_event_parse(copy, &event) == 0 && event.kind == XW_EVENT_STATE) {
        MUST(xw_name_ok(event.lab) && xw_owner_ok(event.owner) && xw_name_ok(event.machine));
        MUST(event.state < XW_STATE_COUNT);
    }
    free(copy);
}

static void take(char *line, struct xw_model *model)
{
    struct xw_message message = {0};

    check_safe(XW_CHARSET_UTF8, line);
    check_safe(XW_CHARSET_ASCII, line);
    take_event(line);
    if (xw_message_parse(line, &message) == 0)
        xw_model_add(model, &message);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct xw_model model = {0};
    char *text = size < 65536 ? fuzz_string(data, size) : NULL;
    char *rest = text;

    while (rest) {
        char *newline = strchr(rest, '\n');
        if (newline)
            *newline = '\0';
        take(rest, &model);
        rest = newline ? newline + 1 : NULL;
    }
    xw_model_clear(&model);
    free(text);
    return 0;
}
