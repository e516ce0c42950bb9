/* links: xwhelper/keeper/reply.c common/error.c */
/*
 * The keeper's lines: one each, whole and in order through a socket that takes them by pieces; and
 * an answer of which something was lost comes to no end.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>
#include <wchar.h>

#include "common/exitcode.h"
#include "common/request.h"
#include "tests/unit/faults.h"
#include "xwhelper/keeper/reply.h"

static int ends[2];
static char said[4 * XW_LINE_MAX];

/* --- a socket that is slow ------------------------------------------------------------------- */

static size_t at_most;  /* what it takes at once */
static int sends;       /* how often it was asked */
static bool interrupts; /* each second time */
static bool takes_nothing;

ssize_t send(int fd, const void *bytes, size_t length, int flags)
{
    ssize_t (*libc)(int, const void *, size_t, int) = NULL;

    *(void **)&libc = dlsym(RTLD_NEXT, "send");
    assert_true(flags & MSG_NOSIGNAL);
    if (++sends > 100000)
        fail_msg("sends and sends");
    if (xw_fault_strikes("send"))
        return -1;
    errno = EINTR;
    if (interrupts && sends % 2)
        return -1;
    if (takes_nothing)
        return 0;
    ssize_t n = libc(fd, bytes, length < at_most ? length : at_most, flags);
    /* What an earlier call has left there says nothing of this one. */
    errno = n < 0 ? errno : EINTR;
    return n;
}

static int begin(void **state)
{
    (void)state;
    xw_fault_set(NULL, 0, 0);
    at_most = SIZE_MAX;
    sends = 0;
    interrupts = false;
    takes_nothing = false;
    return socketpair(AF_UNIX, SOCK_STREAM, 0, ends);
}

static int finish(void **state)
{
    (void)state;
    close(ends[0]);
    close(ends[1]);
    return 0;
}

/* What has come. */
static const char *received(void)
{
    ssize_t n = recv(ends[1], said, sizeof(said) - 1, MSG_DONTWAIT);

    said[n < 0 ? 0 : n] = '\0';
    return said;
}

/* True when nothing can come any more. */
static bool has_ended(void)
{
    char byte;

    return recv(ends[1], &byte, 1, MSG_DONTWAIT) == 0;
}

/* --- lines ----------------------------------------------------------------------------------- */

static void a_line_is_one_line(void **state)
{
    (void)state;
    xw_reply(ends[0], "done %s %s", "web", "started");
    xw_reply(ends[0], "end %d", 0);
    assert_string_equal(received(), "done web started\nend 0\n");
    xw_reply(ends[0], "fail web a\nend 0\r\x1b[2J\x1f\x7f ~\xc3\xa9");
    assert_string_equal(received(), "fail web a?end 0??[2J?? ~\xc3\xa9\n");
    /* Nothing to say is a line, too: what comes next begins one. */
    xw_reply(ends[0], "%s", "");
    assert_string_equal(received(), "\n");
    assert_false(has_ended());
}

/* The gate takes no longer one: it is cut, and still ends. */
static void a_long_line_is_cut(void **state)
{
    char text[2 * XW_LINE_MAX];

    (void)state;
    memset(text, 'x', sizeof(text) - 1);
    text[sizeof(text) - 1] = '\0';
    xw_reply(ends[0], "fail web %s", text);
    assert_int_equal(strlen(received()), XW_LINE_MAX - 1);
    assert_int_equal(strcspn(said, "\n"), XW_LINE_MAX - 2);
    assert_memory_equal(said, "fail web xxx", 12);
}

/* No words for it: what the stack held before must not be sent in their place. */
static void what_cannot_be_written_is_not_sent(void **state)
{
    char secret[XW_LINE_MAX];

    (void)state;
    memset(secret, 's', sizeof(secret) - 1);
    secret[sizeof(secret) - 1] = '\0';
    xw_reply(ends[0], "%s", secret);
    received();
    xw_reply(ends[0], "progress %lc", (wint_t)0x20ac); /* not in the C locale */
    assert_string_equal(received(), "");
    xw_reply(ends[0], "end 1");
    assert_string_equal(received(), "end 1\n");
}

/* --- sending --------------------------------------------------------------------------------- */

static void pieces_make_the_line(void **state)
{
    (void)state;
    at_most = 3;
    interrupts = true;
    xw_reply(ends[0], "done router was running already");
    xw_reply(ends[0], "end 0");
    assert_string_equal(received(), "done router was running already\nend 0\n");
    assert_false(has_ended());
}

/* In the middle of a line, or between two: no `end` comes after what was lost. */
static void after_a_loss_comes_no_end(void **state)
{
    static const int numbers[] = {EAGAIN, EPIPE, ENOBUFS};

    for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++) {
        finish(state);
        begin(state);
        at_most = 9;
        xw_fault_set("send", 2, numbers[i]);
        xw_reply(ends[0], "done web started");
        assert_int_equal(sends, 2);
        xw_reply(ends[0], "end 0");
        assert_string_equal(received(), "done web ");
        assert_true(has_ended());
    }
    finish(state);
    begin(state);
    takes_nothing = true;
    xw_reply(ends[0], "done web started");
    takes_nothing = false;
    xw_reply(ends[0], "end 0");
    assert_string_equal(received(), "");
    assert_true(has_ended());
}

static void a_peer_that_is_gone_is_no_error(void **state)
{
    (void)state;
    close(ends[1]);
    xw_reply(ends[0], "done web started");
    xw_reply(ends[0], "end 0");
    assert_int_equal(sends, 2);
    ends[1] = dup(ends[0]);
}

/* --- failures -------------------------------------------------------------------------------- */

static void a_failure_has_its_code(void **state)
{
    static const struct {
        int code;
        bool refused;
        int exit_code;
    } cases[] = {
        {-EPERM, true, XW_EXIT_REFUSED},        {-EAGAIN, true, XW_EXIT_REFUSED},
        {-EAGAIN, false, XW_EXIT_TRY_AGAIN},    {-EINTR, false, XW_EXIT_TRY_AGAIN},
        {-ETIMEDOUT, false, XW_EXIT_TRY_AGAIN}, {-EPERM, false, XW_EXIT_FAILED},
        {-EACCES, false, XW_EXIT_FAILED},       {-EIO, false, XW_EXIT_FAILED},
        {-ENOENT, false, XW_EXIT_FAILED},
    };
    char expected[64];

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        const struct xw_error err = {
            .code = cases[i].code, .refused = cases[i].refused, .text = "so\nit is"};
        assert_int_equal(xw_reply_failure(ends[0], &err), cases[i].exit_code);
        snprintf(expected, sizeof(expected), "error so?it is\nend %d\n", cases[i].exit_code);
        assert_string_equal(received(), expected);
    }
}

#define FRESH(test) cmocka_unit_test_setup_teardown(test, begin, finish)

int main(void)
{
    const struct CMUnitTest tests[] = {
        FRESH(a_line_is_one_line),
        FRESH(a_long_line_is_cut),
        FRESH(what_cannot_be_written_is_not_sent),
        FRESH(pieces_make_the_line),
        FRESH(after_a_loss_comes_no_end),
        FRESH(a_peer_that_is_gone_is_no_error),
        FRESH(a_failure_has_its_code),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
