#include "xwsh/checkpoint.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "common/lines.h"

int xw_checkpoint_name(struct xw_request *request, const char *name, struct xw_error *err)
{
    request->checkpoint[0] = '\0';
    if (!name)
        return 0;
    if (!xw_name_ok(name))
        return xw_fail(err, -EINVAL,
                       "a checkpoint's name has small letters, digits and hyphens, %d at most, and "
                       "doesn't begin with a hyphen",
                       XW_NAME_MAX);
    snprintf(request->checkpoint, sizeof(request->checkpoint), "%s", name);
    return 0;
}

int xw_checkpoint_note(struct xw_request *request, const char *text, struct xw_error *err)
{
    size_t length = text ? strlen(text) : 0;

    request->note[0] = '\0';
    if (!text)
        return 0;
    if (length > XW_NOTE_MAX || !xw_text_ok(text) || text[0] == ' ' || text[length - 1] == ' ')
        return xw_fail(err, -EINVAL,
                       "the text of a checkpoint is one line of plain UTF-8, %d bytes at most, and "
                       "neither begins nor ends with a space",
                       XW_NOTE_MAX);
    for (size_t i = 0; i < length; i++)
        snprintf(request->note + 2 * i, 3, "%02x", (unsigned char)text[i]);
    return 0;
}

const char *xw_checkpoint_words(enum xw_verb verb)
{
    switch (verb) {
    case XW_VERB_CHECKPOINTS:
        return "checkpoint list";
    case XW_VERB_CHECKPOINT_CREATE:
        return "checkpoint create";
    case XW_VERB_CHECKPOINT_DELETE:
        return "checkpoint delete";
    default:
        return xw_verb_info(verb)->name;
    }
}

const char *xw_checkpoint_suffix(const struct xw_request *request, char buffer[XW_NAME_SIZE + 1])
{
    snprintf(buffer, XW_NAME_SIZE + 1, "%s%s", *request->checkpoint ? " " : "",
             request->checkpoint);
    return buffer;
}

void xw_checkpoint_size(unsigned long long bytes, char text[XW_SIZE_SIZE])
{
    const unsigned long long mib = 1ULL << 20;

    if (bytes < mib)
        snprintf(text, XW_SIZE_SIZE, "%llu KiB", (bytes + 1023) >> 10);
    else
        snprintf(text, XW_SIZE_SIZE, "%llu MiB", (bytes + mib / 2) >> 20);
}
