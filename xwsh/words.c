#include "xwsh/words.h"

#include <errno.h>
#include <stdbool.h>
#include <string.h>

struct splitter {
    const char *at; /* next character to read */
    char *out;      /* next place in words->text */
};

static bool is_space(char c)
{
    return c == ' ' || c == '\t';
}

static bool is_control(char c)
{
    unsigned char byte = (unsigned char)c;

    return (byte < 0x20 && byte != '\t') || byte == 0x7f;
}

/* Copies what stands between quotes, with at on the opening one. */
static int take_quoted(struct splitter *split, struct xw_error *err)
{
    char quote = *split->at++;

    while (*split->at != quote) {
        if (!*split->at)
            return xw_fail(err, -EINVAL, "a quote (%c) is opened and not closed", quote);
        bool escaped =
            quote == '"' && split->at[0] == '\\' && (split->at[1] == '"' || split->at[1] == '\\');
        if (escaped)
            split->at++;
        *split->out++ = *split->at++;
    }
    split->at++;
    return 0;
}

static int take_word(struct splitter *split, struct xw_error *err)
{
    while (*split->at && !is_space(*split->at)) {
        if (*split->at == '\'' || *split->at == '"') {
            int rc = take_quoted(split, err);
            if (rc < 0)
                return rc;
            continue;
        }
        if (*split->at == '\\' && !*++split->at)
            return xw_fail(err, -EINVAL, "the command ends in a backslash");
        *split->out++ = *split->at++;
    }
    *split->out++ = '\0';
    return 0;
}

static int check_line(const char *line, struct xw_error *err)
{
    size_t length = strnlen(line, XW_COMMAND_MAX);

    if (length == XW_COMMAND_MAX)
        return xw_fail(err, -E2BIG, "the command is longer than %d bytes", XW_COMMAND_MAX - 1);
    for (size_t i = 0; i < length; i++) {
        if (is_control(line[i]))
            return xw_fail(err, -EINVAL,
                           "the command holds a control character: give one command, on one line");
    }
    return 0;
}

int xw_words_split(const char *line, struct xw_words *words, struct xw_error *err)
{
    struct splitter split = {line, words->text};
    int rc = check_line(line, err);

    words->count = 0;
    words->word[0] = NULL;
    if (rc < 0)
        return rc;
    for (;;) {
        while (is_space(*split.at))
            split.at++;
        if (!*split.at)
            return 0;
        if (words->count == XW_WORDS_MAX)
            return xw_fail(err, -E2BIG, "the command has more than %d words", XW_WORDS_MAX);
        words->word[words->count] = split.out;
        rc = take_word(&split, err);
        if (rc < 0)
            return rc;
        words->word[++words->count] = NULL;
    }
}
