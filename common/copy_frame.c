#include "common/copy_frame.h"

#include <errno.h>
#include <string.h>

enum { PUT = 'p', GET = 'g', FILE_ALONE = 'f', ARCHIVE = 't', GOOD = '+', BAD = '-' };

/* Whether a frame of this kind may have this length. */
static bool is_right(unsigned char kind, size_t length)
{
    switch (kind) {
    case XW_COPY_REQUEST:
        return length == XW_COPY_CHUNK;
    case XW_COPY_DATA:
        return length > 0 && length <= XW_COPY_CHUNK;
    case XW_COPY_END:
        return length == 0;
    case XW_COPY_READY:
    case XW_COPY_DONE:
        return length == XW_COPY_ANSWER;
    default:
        return false;
    }
}

/* Of the frame that has begun: of its head, as long as that is all that is known. */
static size_t frame_size(const struct xw_copy_reader *reader)
{
    return reader->used < XW_COPY_HEAD
               ? XW_COPY_HEAD
               : XW_COPY_HEAD + ((size_t)reader->bytes[1] << 8 | reader->bytes[2]);
}

int xw_copy_feed(struct xw_copy_reader *reader, const unsigned char *bytes, size_t count,
                 struct xw_copy_frame *frame)
{
    size_t taken = 0;

    *frame = (struct xw_copy_frame){.kind = XW_COPY_NOTHING};
    while (taken < count && frame->kind == XW_COPY_NOTHING) {
        if (reader->used == 0 && bytes[taken] == 0) {
            taken++;
            continue;
        }
        size_t now = frame_size(reader) - reader->used;
        if (now > count - taken)
            now = count - taken;
        memcpy(reader->bytes + reader->used, bytes + taken, now);
        reader->used += now;
        taken += now;
        if (reader->used < XW_COPY_HEAD)
            continue;
        const size_t length = frame_size(reader) - XW_COPY_HEAD;
        if (!is_right(reader->bytes[0], length)) {
            reader->used = 0;
            return -EPROTO;
        }
        if (reader->used < XW_COPY_HEAD + length)
            continue;
        *frame = (struct xw_copy_frame){.kind = (enum xw_copy_kind)reader->bytes[0],
                                        .length = length,
                                        .bytes = reader->bytes + XW_COPY_HEAD};
        reader->used = 0;
    }
    return (int)taken;
}

static void write_head(unsigned char out[XW_COPY_FRAME], enum xw_copy_kind kind, size_t length)
{
    out[0] = (unsigned char)kind;
    out[1] = (unsigned char)(length >> 8);
    out[2] = (unsigned char)length;
}

size_t xw_copy_write(unsigned char out[XW_COPY_FRAME], enum xw_copy_kind kind, const void *bytes,
                     size_t length)
{
    write_head(out, kind, length);
    if (length > 0)
        memcpy(out + XW_COPY_HEAD, bytes, length);
    return XW_COPY_HEAD + length;
}

size_t xw_copy_write_request(unsigned char out[XW_COPY_FRAME],
                             const struct xw_copy_request *request)
{
    unsigned char *at = out + XW_COPY_HEAD;

    memset(out, 0, XW_COPY_FRAME);
    write_head(out, XW_COPY_REQUEST, XW_COPY_CHUNK);
    memcpy(at, request->token, XW_COPY_TOKEN);
    at[XW_COPY_TOKEN] = request->put ? PUT : GET;
    at[XW_COPY_TOKEN + 1] = request->tar ? ARCHIVE : FILE_ALONE;
    memcpy(at + XW_COPY_TOKEN + 2, request->path, strnlen(request->path, XW_COPY_PATH_SIZE - 1));
    return XW_COPY_FRAME;
}

int xw_copy_read_request(const struct xw_copy_frame *frame, struct xw_copy_request *request)
{
    const unsigned char *at = frame->bytes;

    if (frame->kind != XW_COPY_REQUEST || (at[XW_COPY_TOKEN] != PUT && at[XW_COPY_TOKEN] != GET) ||
        (at[XW_COPY_TOKEN + 1] != ARCHIVE && at[XW_COPY_TOKEN + 1] != FILE_ALONE))
        return -EPROTO;
    memcpy(request->token, at, XW_COPY_TOKEN);
    request->put = at[XW_COPY_TOKEN] == PUT;
    request->tar = at[XW_COPY_TOKEN + 1] == ARCHIVE;
    memcpy(request->path, at + XW_COPY_TOKEN + 2, XW_COPY_PATH_SIZE);
    return request->path[0] == '/' && request->path[XW_COPY_PATH_SIZE - 1] == '\0' ? 0 : -EPROTO;
}

size_t xw_copy_write_answer(unsigned char out[XW_COPY_FRAME], enum xw_copy_kind kind,
                            const struct xw_copy_answer *answer)
{
    unsigned char *at = out + XW_COPY_HEAD;

    memset(out, 0, XW_COPY_HEAD + XW_COPY_ANSWER);
    write_head(out, kind, XW_COPY_ANSWER);
    memcpy(at, answer->token, XW_COPY_TOKEN);
    at[XW_COPY_TOKEN] = answer->good ? GOOD : BAD;
    memcpy(at + XW_COPY_TOKEN + 1, answer->words, strnlen(answer->words, XW_COPY_WORDS_SIZE - 1));
    return XW_COPY_HEAD + XW_COPY_ANSWER;
}

int xw_copy_read_answer(const struct xw_copy_frame *frame, struct xw_copy_answer *answer)
{
    const unsigned char *at = frame->bytes;

    if ((frame->kind != XW_COPY_READY && frame->kind != XW_COPY_DONE) ||
        (at[XW_COPY_TOKEN] != GOOD && at[XW_COPY_TOKEN] != BAD) || at[XW_COPY_ANSWER - 1] != '\0')
        return -EPROTO;
    memcpy(answer->token, at, XW_COPY_TOKEN);
    answer->good = at[XW_COPY_TOKEN] == GOOD;
    memcpy(answer->words, at + XW_COPY_TOKEN + 1, XW_COPY_WORDS_SIZE);
    return 0;
}

struct xw_copy_passage xw_copy_passage(bool put, uint64_t bytes)
{
    const uint64_t frames = bytes / XW_COPY_CHUNK + (bytes % XW_COPY_CHUNK > 0);
    const uint64_t data = bytes + frames * XW_COPY_HEAD + XW_COPY_HEAD;
    struct xw_copy_passage passage = {
        .to_machine = XW_COPY_LEAD + XW_COPY_FRAME,
        .from_machine = (uint64_t)2 * (XW_COPY_HEAD + XW_COPY_ANSWER),
    };

    if (put)
        passage.to_machine += data;
    else
        passage.from_machine += data;
    return passage;
}
