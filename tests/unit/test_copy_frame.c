/* links: common/copy_frame.c */
/*
 * The frames of a copy: both ways and cut anywhere, what is none, what an aborted transfer leaves
 * in front of a request, and how many bytes pass at most (T-H11).
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "common/copy_frame.h"

static unsigned char stream[8 * XW_COPY_FRAME];
static size_t used;

static void add(const void *bytes, size_t count)
{
    memcpy(stream + used, bytes, count);
    used += count;
}

static void add_frame(enum xw_copy_kind kind, const void *bytes, size_t length)
{
    used += xw_copy_write(stream + used, kind, bytes, length);
}

static struct xw_copy_request example(const char *path)
{
    struct xw_copy_request request = {.token = "0123456789abcde", .put = true};

    snprintf(request.path, sizeof(request.path), "%s", path);
    return request;
}

static void add_request(const struct xw_copy_request *request)
{
    used += xw_copy_write_request(stream + used, request);
}

/* The kinds of the frames that are read, in pieces of this size; '!' for what is none. */
static const char *read_all(size_t piece, struct xw_copy_request *last)
{
    static char kinds[4096];
    static struct xw_copy_reader reader;
    struct xw_copy_frame frame;
    size_t count = 0;
    size_t at = 0;

    memset(&reader, 0, sizeof(reader));
    while (at < used && count < sizeof(kinds) - 1) {
        size_t now = used - at < piece ? used - at : piece;
        int taken = xw_copy_feed(&reader, stream + at, now, &frame);
        if (taken < 0) {
            if (count == 0 || kinds[count - 1] != '!')
                kinds[count++] = '!';
            at++;
            continue;
        }
        assert_true((size_t)taken <= now);
        at += (size_t)taken;
        if (frame.kind == XW_COPY_NOTHING)
            continue;
        kinds[count++] = (char)frame.kind;
        if (last && frame.kind == XW_COPY_REQUEST)
            assert_int_equal(xw_copy_read_request(&frame, last), 0);
    }
    kinds[count] = '\0';
    return kinds;
}

static void frames_are_read_as_they_were_written(void **state)
{
    static unsigned char data[XW_COPY_CHUNK];
    static const size_t pieces[] = {1, 2, 3, 5, 4098, 4099, 4100, sizeof(stream)};
    struct xw_copy_request request = example("/root/notes");
    struct xw_copy_request read;

    (void)state;
    for (size_t i = 0; i < sizeof(data); i++)
        data[i] = (unsigned char)i;
    for (int i = 0; i < 4; i++) {
        request.put = i & 1;
        request.tar = i & 2;
        used = 0;
        add_request(&request);
        add_frame(XW_COPY_DATA, data, sizeof(data));
        /* What means nothing between frames. */
        add((const unsigned char[7]){0}, 7);
        add_frame(XW_COPY_DATA, data, 1);
        add_frame(XW_COPY_END, NULL, 0);
        for (size_t j = 0; j < sizeof(pieces) / sizeof(pieces[0]); j++) {
            assert_string_equal(read_all(pieces[j], &read), "rdde");
            assert_memory_equal(&read, &request, sizeof(read));
        }
    }
}

static void answers_are_read_as_they_were_written(void **state)
{
    struct xw_copy_answer answer = {.token = "0123456789abcde", .words = "no space"};
    struct xw_copy_answer read;
    struct xw_copy_reader reader = {0};
    struct xw_copy_frame frame;
    unsigned char out[XW_COPY_FRAME];

    (void)state;
    for (int good = 0; good < 2; good++) {
        answer.good = good;
        size_t length = xw_copy_write_answer(out, XW_COPY_DONE, &answer);
        assert_int_equal(length, XW_COPY_HEAD + XW_COPY_ANSWER);
        assert_int_equal(xw_copy_feed(&reader, out, length, &frame), length);
        assert_int_equal(frame.kind, XW_COPY_DONE);
        assert_int_equal(xw_copy_read_answer(&frame, &read), 0);
        assert_memory_equal(&read, &answer, sizeof(read));
    }
    /* Neither good nor bad; words without an end. */
    out[XW_COPY_HEAD + XW_COPY_TOKEN] = '?';
    xw_copy_feed(&reader, out, sizeof(out), &frame);
    assert_int_equal(xw_copy_read_answer(&frame, &read), -EPROTO);
    out[XW_COPY_HEAD + XW_COPY_TOKEN] = '-';
    memset(out + XW_COPY_HEAD + XW_COPY_TOKEN + 1, 'x', XW_COPY_WORDS_SIZE);
    xw_copy_feed(&reader, out, sizeof(out), &frame);
    assert_int_equal(xw_copy_read_answer(&frame, &read), -EPROTO);
    frame.kind = XW_COPY_DATA;
    assert_int_equal(xw_copy_read_answer(&frame, &read), -EPROTO);
}

static void requests_are_checked(void **state)
{
    struct xw_copy_request request = example("/root");
    struct xw_copy_request read;
    unsigned char out[XW_COPY_FRAME];
    const struct xw_copy_frame frame = {XW_COPY_REQUEST, XW_COPY_CHUNK, out + XW_COPY_HEAD};
    const struct xw_copy_frame other = {XW_COPY_DATA, XW_COPY_CHUNK, out + XW_COPY_HEAD};

    (void)state;
    xw_copy_write_request(out, &request);
    assert_int_equal(xw_copy_read_request(&frame, &read), 0);
    assert_int_equal(xw_copy_read_request(&other, &read), -EPROTO);
    for (size_t i = 0; i < 2; i++) {
        out[XW_COPY_HEAD + XW_COPY_TOKEN + i] ^= 1;
        assert_int_equal(xw_copy_read_request(&frame, &read), -EPROTO);
        out[XW_COPY_HEAD + XW_COPY_TOKEN + i] ^= 1;
    }
    out[XW_COPY_HEAD + XW_COPY_TOKEN + 2] = 'r';
    assert_int_equal(xw_copy_read_request(&frame, &read), -EPROTO);
    memset(out + XW_COPY_HEAD + XW_COPY_TOKEN + 2, '/', XW_COPY_PATH_SIZE);
    assert_int_equal(xw_copy_read_request(&frame, &read), -EPROTO);
}

static void what_is_no_frame_is_refused(void **state)
{
    static const struct {
        unsigned char head[XW_COPY_HEAD];
        bool right;
    } cases[] = {
        {{'d', 0x10, 0}, true},     {{'d', 0x10, 1}, false}, {{'d', 0, 0}, false},
        {{'d', 0xff, 0xff}, false}, {{'d', 0, 1}, true},     {{'e', 0, 0}, true},
        {{'e', 0, 1}, false},       {{'r', 0x10, 0}, true},  {{'r', 0x0f, 0xff}, false},
        {{'a', 1, 0}, true},        {{'a', 1, 1}, false},    {{'z', 1, 0}, true},
        {{'z', 0, 255}, false},     {{'x', 0, 1}, false},    {{1, 0, 0}, false},
    };
    struct xw_copy_frame frame;

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct xw_copy_reader reader = {0};
        int taken = xw_copy_feed(&reader, cases[i].head, XW_COPY_HEAD, &frame);
        assert_int_equal(taken, cases[i].right ? XW_COPY_HEAD : -EPROTO);
        if (!cases[i].right)
            assert_int_equal(reader.used, 0);
    }
}

/* Wherever a transfer was cut, the request that follows is read, and as it is. */
static void a_request_is_found_behind_whatever_was_left(void **state)
{
    static const unsigned char lead[XW_COPY_LEAD];
    static unsigned char data[XW_COPY_CHUNK];
    static unsigned char before[2 * XW_COPY_FRAME];
    const struct xw_copy_request request = example("/etc/hosts");
    struct xw_copy_request read;

    (void)state;
    memset(data, 'r', sizeof(data));
    for (size_t i = 0; i < sizeof(data); i += 7)
        data[i] = 'd';
    size_t length = xw_copy_write(before, XW_COPY_DATA, data, sizeof(data));
    length += xw_copy_write(before + length, XW_COPY_DATA, data, 900);
    for (size_t cut = 0; cut <= length; cut++) {
        for (size_t skipped = 0; skipped <= 2; skipped += 2) {
            used = 0;
            /* Also as it is where the beginning of what was left has been lost. */
            add(before + skipped, cut > skipped ? cut - skipped : 0);
            add(lead, sizeof(lead));
            add_request(&request);
            memset(&read, 0, sizeof(read));
            const char *kinds = read_all(sizeof(stream), &read);
            assert_int_equal(kinds[strlen(kinds) - 1], XW_COPY_REQUEST);
            assert_memory_equal(&read, &request, sizeof(read));
        }
    }
}

/* What is written when so much is copied. */
static uint64_t data_size(uint64_t bytes)
{
    unsigned char out[XW_COPY_FRAME];
    static const unsigned char data[XW_COPY_CHUNK];
    uint64_t sum = xw_copy_write(out, XW_COPY_END, NULL, 0);

    for (; bytes > 0; bytes -= bytes < XW_COPY_CHUNK ? bytes : XW_COPY_CHUNK)
        sum +=
            xw_copy_write(out, XW_COPY_DATA, data, bytes < XW_COPY_CHUNK ? bytes : XW_COPY_CHUNK);
    return sum;
}

static void the_passage_is_exact(void **state)
{
    static const uint64_t sizes[] = {0, 1, 4095, 4096, 4097, 1 << 20, (1 << 20) + 1};
    const uint64_t request = XW_COPY_LEAD + XW_COPY_FRAME;
    const uint64_t answers = 2 * (XW_COPY_HEAD + XW_COPY_ANSWER);

    (void)state;
    for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
        struct xw_copy_passage put = xw_copy_passage(true, sizes[i]);
        struct xw_copy_passage get = xw_copy_passage(false, sizes[i]);
        assert_int_equal(put.to_machine, request + data_size(sizes[i]));
        assert_int_equal(put.from_machine, answers);
        assert_int_equal(get.to_machine, request);
        assert_int_equal(get.from_machine, answers + data_size(sizes[i]));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(frames_are_read_as_they_were_written),
        cmocka_unit_test(answers_are_read_as_they_were_written),
        cmocka_unit_test(requests_are_checked),
        cmocka_unit_test(what_is_no_frame_is_refused),
        cmocka_unit_test(a_request_is_found_behind_whatever_was_left),
        cmocka_unit_test(the_passage_is_exact),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
