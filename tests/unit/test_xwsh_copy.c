/* links: xwsh/copy_transfer.c xwsh/copy_link.c xwsh/tar_filter.c common/copy_frame.c common/lines.c common/names.c common/error.c */
/*
 * A copy as xwsh sees it, against machines that do as they should and others (T-H11): what is
 * written and sent, what is left from another copy, and in which words it ends.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "xwsh/copy_transfer.h"
#include "xwsh/pump.h"
#include "xwsh/signals.h"

enum { SIZE = 10000 };

/* --- the gate, and what else of xwsh is not looked at here -------------------------------------
 */

static int machine_fd;
static int gate_pipe[2];
static struct xw_message messages[3];
static size_t message_count;
static size_t message_next;

int xw_gate_open(const struct xw_request *request, int console_fd, bool quiet,
                 struct xw_gate **gate, struct xw_error *err)
{
    (void)request;
    (void)quiet;
    (void)err;
    machine_fd = fcntl(console_fd, F_DUPFD_CLOEXEC, 10);
    *gate = (struct xw_gate *)&messages;
    return 0;
}

int xw_gate_fd(const struct xw_gate *gate)
{
    (void)gate;
    return gate_pipe[0];
}

int xw_gate_next(struct xw_gate *gate, struct xw_message *message, struct xw_error *err)
{
    char byte;

    (void)gate;
    (void)err;
    if (message_next == message_count || read(gate_pipe[0], &byte, 1) != 1)
        return 0;
    *message = messages[message_next++];
    return 1;
}

int xw_gate_take(const struct xw_message *message, struct xw_model *model, enum xw_exit *code,
                 struct xw_error *err)
{
    (void)model;
    if (message->kind == XW_MESSAGE_ERROR)
        xw_fail(err, -EIO, "%s", message->text);
    if (message->kind != XW_MESSAGE_END)
        return 0;
    *code = message->code;
    return 1;
}

void xw_gate_close(struct xw_gate *gate)
{
    (void)gate;
}

void xw_model_clear(struct xw_model *model)
{
    (void)model;
}

int64_t xw_pump_now(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

enum xw_signal xw_signals_next(int signal_fd)
{
    (void)signal_fd;
    return XW_SIGNAL_NONE;
}

void xw_progress_show(struct xw_progress *progress, const char *subject, const char *text)
{
    (void)progress;
    (void)subject;
    (void)text;
}

void xw_progress_clear(struct xw_progress *progress)
{
    (void)progress;
}

void xw_session_complain(const struct xw_session *session, const char *text)
{
    (void)session;
    (void)text;
}

/* --- a machine ---------------------------------------------------------------------------------
 */

static struct xw_copy_request got; /* in the child */
static unsigned char data[SIZE];

static void send_bytes(const void *bytes, size_t count)
{
    if (send(machine_fd, bytes, count, MSG_NOSIGNAL) != (ssize_t)count)
        _exit(1);
}

static void send_frame(enum xw_copy_kind kind, const void *bytes, size_t length)
{
    unsigned char frame[XW_COPY_FRAME];

    send_bytes(frame, xw_copy_write(frame, kind, bytes, length));
}

static void send_answer(enum xw_copy_kind kind, const char *why, int other)
{
    struct xw_copy_answer answer = {.good = !why};
    unsigned char frame[XW_COPY_FRAME];

    memcpy(answer.token, got.token, sizeof(answer.token));
    answer.token[0] ^= (unsigned char)other;
    snprintf(answer.words, sizeof(answer.words), "%s", why ? why : "");
    send_bytes(frame, xw_copy_write_answer(frame, kind, &answer));
}

static void send_data(void)
{
    for (size_t at = 0; at < SIZE; at += XW_COPY_CHUNK)
        send_frame(XW_COPY_DATA, data + at, SIZE - at < XW_COPY_CHUNK ? SIZE - at : XW_COPY_CHUNK);
}

static struct xw_copy_reader reader;
static unsigned char input[65536];
static size_t input_start, input_end;

/* The next frame; of the kind XW_COPY_NOTHING where nobody is there any more. */
static struct xw_copy_frame next(void)
{
    struct xw_copy_frame frame = {0};

    while (frame.kind == XW_COPY_NOTHING) {
        if (input_start == input_end) {
            ssize_t n = recv(machine_fd, input, sizeof(input), 0);
            if (n <= 0)
                break;
            input_start = 0;
            input_end = (size_t)n;
        }
        int taken = xw_copy_feed(&reader, input + input_start, input_end - input_start, &frame);
        if (taken < 0)
            _exit(2);
        input_start += (size_t)taken;
    }
    return frame;
}

static void read_request(void)
{
    struct xw_copy_frame frame = next();

    if (xw_copy_read_request(&frame, &got) < 0)
        _exit(3);
}

static void is_good(void)
{
    send_answer(XW_COPY_READY, NULL, 0);
    send_data();
    send_frame(XW_COPY_END, NULL, 0);
    send_answer(XW_COPY_DONE, NULL, 0);
}

static void has_some_left(void)
{
    send_data();
    send_answer(XW_COPY_DONE, "of another", 1);
    send_answer(XW_COPY_READY, NULL, 1);
    send_frame(XW_COPY_END, NULL, 0);
    is_good();
}

static void has_no_such_file(void)
{
    send_answer(XW_COPY_READY, "/etc/x: \033[2J", 0);
}

static void says_nothing_then(void)
{
    send_answer(XW_COPY_READY, "", 0);
}

static void fails_in_the_middle(void)
{
    send_answer(XW_COPY_READY, NULL, 0);
    send_data();
    send_frame(XW_COPY_END, NULL, 0);
    send_answer(XW_COPY_DONE, "an error of the disk", 0);
}

static void says_what_is_no_frame(void)
{
    send_bytes("login: ", 7);
}

static void has_no_end(void)
{
    send_answer(XW_COPY_READY, NULL, 0);
    send_data();
    send_answer(XW_COPY_DONE, NULL, 0);
}

static void ends_another(void)
{
    send_answer(XW_COPY_READY, NULL, 0);
    send_data();
    send_frame(XW_COPY_END, NULL, 0);
    send_answer(XW_COPY_DONE, NULL, 1);
}

static void asks_for_something(void)
{
    static const unsigned char request[XW_COPY_CHUNK];

    send_answer(XW_COPY_READY, NULL, 0);
    send_frame(XW_COPY_REQUEST, request, sizeof(request));
}

static void goes(void)
{
    send_answer(XW_COPY_READY, NULL, 0);
    send_data();
}

static void takes_it(void)
{
    struct xw_copy_frame frame;
    size_t used = 0;

    send_answer(XW_COPY_READY, NULL, 0);
    while ((frame = next()).kind == XW_COPY_DATA) {
        if (used + frame.length > SIZE || memcmp(frame.bytes, data + used, frame.length) != 0)
            send_answer(XW_COPY_DONE, "other bytes", 0);
        used += frame.length;
    }
    send_answer(XW_COPY_DONE, used == SIZE && frame.kind == XW_COPY_END ? NULL : "not all", 0);
}

static void has_a_full_disk(void)
{
    send_answer(XW_COPY_READY, NULL, 0);
    send_answer(XW_COPY_DONE, "No space left on device", 0);
    while (next().kind != XW_COPY_NOTHING)
        continue;
}

/* --- */

static char output[2 * SIZE];
static size_t output_size;

static int file_of(const void *bytes, size_t count)
{
    int fd = memfd_create("file", MFD_CLOEXEC);

    assert_true(fd >= 0);
    assert_int_equal(write(fd, bytes, count), count);
    assert_int_equal(lseek(fd, 0, SEEK_SET), 0);
    return fd;
}

static void gate_says(struct xw_message message)
{
    messages[message_count++] = message;
    assert_int_equal(write(gate_pipe[1], "", 1), 1);
}

/* Copies with a machine that does this. What comes out is in output. */
static enum xw_exit copy_with(void (*machine)(void), bool put, bool tar, const char *refusal,
                              struct xw_copy *copy, struct xw_error *err)
{
    static const struct xw_session session;
    static struct xw_copy_link link;
    struct xw_request request = {.verb = put ? XW_VERB_COPY_TO : XW_VERB_COPY_FROM};
    int status;

    message_count = message_next = 0;
    assert_int_equal(pipe2(gate_pipe, O_CLOEXEC | O_NONBLOCK), 0);
    gate_says((struct xw_message){.kind = XW_MESSAGE_OPEN});
    link = XW_COPY_LINK_NONE(-1);
    *copy = (struct xw_copy){.session = &session,
                             .target = "fw/web",
                             .link = &link,
                             .request = {.put = put, .tar = tar}};
    strcpy(copy->request.path, "/etc/x");
    *err = (struct xw_error){0};
    assert_int_equal(xw_copy_link_open(&link, &request, err), 0);
    fflush(NULL);
    pid_t pid = fork();
    if (pid == 0) {
        close(link.socket);
        read_request();
        machine();
        /* What it has said is read before its end is seen. */
        _exit(0);
    }
    close(machine_fd);
    if (refusal) {
        gate_says(
            (struct xw_message){.kind = XW_MESSAGE_ERROR, .text = (char *)(uintptr_t)refusal});
        gate_says((struct xw_message){.kind = XW_MESSAGE_END, .code = XW_EXIT_LIMITED});
    }
    int in = file_of(data, put ? SIZE : 0);
    int out = file_of("", 0);
    int saved[2] = {dup(0), dup(1)};
    dup2(in, 0);
    dup2(out, 1);
    enum xw_exit code = xw_copy_run(copy, err);
    dup2(saved[0], 0);
    dup2(saved[1], 1);
    lseek(out, 0, SEEK_SET);
    ssize_t n = read(out, output, sizeof(output));
    output_size = n > 0 ? (size_t)n : 0;
    const int all[] = {in, out, saved[0], saved[1], gate_pipe[0], gate_pipe[1]};
    for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++)
        close(all[i]);
    if (link.socket >= 0)
        close(link.socket);
    assert_int_equal(waitpid(pid, &status, 0), pid);
    return code;
}

static void what_comes_out(void **state)
{
    static const struct {
        void (*machine)(void);
        const char *refusal;
        enum xw_exit code;
        const char *words;
        bool whole;
    } cases[] = {
        {is_good, NULL, XW_EXIT_OK, "", true},
        {has_some_left, NULL, XW_EXIT_OK, "", true},
        {has_no_such_file, NULL, XW_EXIT_FAILED, "fw/web: /etc/x: ?[2J", false},
        {says_nothing_then, NULL, XW_EXIT_FAILED, "the machine does not say why", false},
        {fails_in_the_middle, NULL, XW_EXIT_FAILED, "fw/web: an error of the disk", true},
        {says_what_is_no_frame, NULL, XW_EXIT_FAILED, "answers something else", false},
        {has_no_end, NULL, XW_EXIT_FAILED, "answers something else", true},
        {ends_another, NULL, XW_EXIT_FAILED, "answers something else", true},
        {asks_for_something, NULL, XW_EXIT_FAILED, "answers something else", false},
        {goes, "more than 2 MiB", XW_EXIT_LIMITED, "more than 2 MiB", true},
    };
    struct xw_copy copy;
    struct xw_error err;

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        enum xw_exit code =
            copy_with(cases[i].machine, false, false, cases[i].refusal, &copy, &err);
        if (code != cases[i].code ||
            (*cases[i].words ? !strstr(err.text, cases[i].words) : *err.text))
            fail_msg("case %zu: %d, %s", i, code, err.text);
        assert_int_equal(output_size, cases[i].whole ? SIZE : 0);
        assert_memory_equal(output, data, output_size);
        assert_int_equal(copy.moved, output_size);
    }
}

static void what_goes_in(void **state)
{
    static const struct {
        void (*machine)(void);
        enum xw_exit code;
        const char *words;
    } cases[] = {
        {takes_it, XW_EXIT_OK, ""},
        {has_no_such_file, XW_EXIT_FAILED, "fw/web: /etc/x: "},
        {has_a_full_disk, XW_EXIT_FAILED, "fw/web: No space left on device"},
        {says_what_is_no_frame, XW_EXIT_FAILED, "answers something else"},
    };
    struct xw_copy copy;
    struct xw_error err;

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        enum xw_exit code = copy_with(cases[i].machine, true, false, NULL, &copy, &err);
        if (code != cases[i].code ||
            (*cases[i].words ? !strstr(err.text, cases[i].words) : *err.text))
            fail_msg("case %zu: %d, %s", i, code, err.text);
        if (code == XW_EXIT_OK)
            assert_int_equal(copy.moved, SIZE);
    }
}

/* What is no archive stops at the filter, and nothing of it is written. */
static void an_archive_is_filtered(void **state)
{
    struct xw_copy copy;
    struct xw_error err;

    (void)state;
    assert_int_equal(copy_with(is_good, false, true, NULL, &copy, &err), XW_EXIT_FAILED);
    assert_non_null(strstr(err.text, "no archive that is passed on"));
    assert_int_equal(output_size, 0);
}

static int make_data(void **state)
{
    (void)state;
    for (size_t i = 0; i < SIZE; i++)
        data[i] = (unsigned char)(1 + i * 7 + i / 251);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_comes_out),
        cmocka_unit_test(what_goes_in),
        cmocka_unit_test(an_archive_is_filtered),
    };

    return cmocka_run_group_tests(tests, make_data, NULL);
}
