/* links: xwsh/tar_filter.c common/copy_frame.c common/lines.c common/names.c common/error.c */
/*
 * What a machine sends when files are copied, as frames and as an archive, in pieces of any size:
 * where they end must make no difference, and what is passed on must be an archive of which
 * nothing is left out any more.
 */
#include <stdbool.h>

#include "common/copy_frame.h"
#include "tests/fuzz/fuzz.h"
#include "xwsh/tar_filter.h"

enum { ROOM = 6144 }; /* a longer one says nothing else, and takes its time */

struct passed {
    size_t count;
    size_t left_out;
    unsigned char bytes[ROOM];
};

static int collect(const void *bytes, size_t count, void *data)
{
    struct passed *passed = data;

    MUST(passed->count + count <= ROOM);
    memcpy(passed->bytes + passed->count, bytes, count);
    passed->count += count;
    return 0;
}

static void note(const char *name, const char *why, void *data)
{
    struct passed *passed = data;

    MUST(strlen(name) < XW_TAR_NAME_SIZE && *why);
    passed->left_out++;
}

static int filter(const uint8_t *data, size_t size, size_t piece, struct passed *passed)
{
    struct xw_tar_filter tar = {.sink = collect, .left_out = note, .data = passed};
    struct xw_error err = {0};
    int rc = 0;

    passed->count = passed->left_out = 0;
    for (size_t at = 0; at < size && rc == 0; at += piece)
        rc = xw_tar_filter_feed(&tar, data + at, size - at < piece ? size - at : piece, &err);
    if (rc == 0)
        rc = xw_tar_filter_end(&tar, &err);
    MUST((rc < 0) == (*err.text != '\0'));
    return rc;
}

static void archives(const uint8_t *data, size_t size)
{
    static struct passed whole, pieces, again;
    int rc = filter(data, size, ROOM, &whole);

    MUST(filter(data, size, 1 + size % 700, &pieces) == rc);
    MUST(whole.count == pieces.count && whole.left_out == pieces.left_out);
    MUST(memcmp(whole.bytes, pieces.bytes, whole.count) == 0);
    if (rc < 0)
        return;
    MUST(filter(whole.bytes, whole.count, ROOM, &again) == 0);
    MUST(again.left_out == 0 && again.count == whole.count);
}

/* Without a sum that is right nothing would get any further than its first header. */
static void sign(uint8_t *data, size_t size)
{
    for (uint8_t *block = data; block + XW_TAR_BLOCK <= data + size; block += XW_TAR_BLOCK) {
        char text[8];
        unsigned int sum = 0;
        if (!block[156] || !strchr("01234567LKxgS", block[156]))
            continue;
        memset(block + 148, ' ', 8);
        for (size_t i = 0; i < XW_TAR_BLOCK; i++)
            sum += block[i];
        snprintf(text, sizeof(text), "%06o", sum);
        memcpy(block + 148, text, 7);
    }
}

static void frames(const uint8_t *data, size_t size, size_t piece)
{
    static struct xw_copy_reader reader;
    struct xw_copy_request request;
    struct xw_copy_answer answer;
    struct xw_copy_frame frame;

    reader.used = 0;
    for (size_t at = 0; at < size;) {
        size_t now = size - at < piece ? size - at : piece;
        int taken = xw_copy_feed(&reader, data + at, now, &frame);
        MUST(taken <= (int)now && reader.used <= sizeof(reader.bytes));
        at += taken < 0 ? 1 : (size_t)taken;
        if (taken < 0 || frame.kind == XW_COPY_NOTHING)
            continue;
        MUST(frame.length <= XW_COPY_CHUNK);
        if (xw_copy_read_request(&frame, &request) == 0)
            MUST(strlen(request.path) < XW_COPY_PATH_SIZE && request.path[0] == '/');
        if (xw_copy_read_answer(&frame, &answer) == 0)
            MUST(strlen(answer.words) < XW_COPY_WORDS_SIZE);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static uint8_t copy[ROOM];

    if (size > ROOM)
        return 0;
    frames(data, size, 1 + size % 5000);
    archives(data, size);
    memcpy(copy, data, size);
    sign(copy, size);
    archives(copy, size);
    return 0;
}
