/* links: xwsh/replay.c xwsh/draw.c xwsh/safe_text.c */
/*
 * T-H7: the process that renders the last screen, taken over: it can end, and nothing else. In the
 * place of the renderer stands what somebody who owns it would do.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "xwsh/draw.h"
#include "xwsh/render.h"
#include "xwsh/replay.h"

static void (*deed)(void);
static struct seen {
    bool begun;
    bool survived; /* the deed */
    ssize_t written;
    pid_t parent;
} * seen;
static int outside; /* a descriptor of the test's */

size_t xw_render_memory(int rows, int columns)
{
    return (size_t)rows * (size_t)columns;
}

void xw_render(const char *bytes, size_t count, int rows, int columns, struct xw_screen *screen,
               void *memory, size_t size)
{
    (void)bytes;
    (void)count;
    (void)rows;
    (void)columns;
    (void)screen;
    (void)memory;
    (void)size;
    seen->begun = true;
    if (deed)
        deed();
    seen->survived = true;
}

static int make(void)
{
    struct xw_replay replay;
    int rc;

    memset(seen, 0, sizeof(*seen));
    rc = xw_replay_make("x", 1, 24, 80, XW_CHARSET_UTF8, "", "", &replay);
    if (rc == 0)
        free(replay.text);
    return rc;
}

static void nothing_out_of_order(void **state)
{
    (void)state;
    deed = NULL;
    assert_int_equal(make(), 0);
    assert_true(seen->begun && seen->survived);
}

static void opens(void)
{
    (void)syscall(SYS_openat, AT_FDCWD, "/etc/passwd", O_RDONLY, 0);
}

static void connects(void)
{
    (void)syscall(SYS_socket, AF_UNIX, SOCK_STREAM, 0);
}

static void forks(void)
{
    (void)syscall(SYS_fork);
}

static void executes(void)
{
    char name[] = "/bin/true";
    char *const argv[] = {name, NULL};

    (void)syscall(SYS_execve, name, argv, argv + 1);
}

static void kills(void)
{
    (void)syscall(SYS_kill, seen->parent, SIGCONT);
}

static void maps(void)
{
    (void)syscall(SYS_mmap, NULL, 4096, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
}

static void asks_the_terminal(void)
{
    (void)syscall(SYS_ioctl, 0, 0x5412 /* TIOCSTI */, "x");
}

static void is_ended(void)
{
    (void)syscall(SYS_exit_group, 0);
}

static void every_other_call_ends_it(void **state)
{
    static void (*const deeds[])(void) = {opens, connects,          forks,   executes, kills,
                                          maps,  asks_the_terminal, is_ended};

    (void)state;
    seen->parent = getpid();
    for (size_t i = 0; i < sizeof(deeds) / sizeof(deeds[0]); i++) {
        deed = deeds[i];
        assert_int_equal(make(), -EPROTO);
        assert_true(seen->begun);
        assert_false(seen->survived);
    }
}

static void writes(void)
{
    for (int fd = 0; fd < 64; fd++) {
        ssize_t n = syscall(SYS_write, fd, "x", 1);
        /* Descriptor 0 is the pipe that tells of its end; nobody reads it. */
        if (fd > 0 && n > 0)
            seen->written += n;
    }
    if (syscall(SYS_write, outside, "x", 1) > 0)
        seen->written++;
}

static void it_has_nothing_to_write_to(void **state)
{
    (void)state;
    outside = fcntl(STDERR_FILENO, F_DUPFD, 200);
    deed = writes;
    assert_int_equal(make(), 0);
    assert_true(seen->survived);
    assert_int_equal(seen->written, 0);
    close(outside);
}

static void crashes(void)
{
    __builtin_trap();
}

static void one_that_crashes(void **state)
{
    (void)state;
    deed = crashes;
    assert_int_equal(make(), -EPROTO);
    deed = NULL;
    assert_int_equal(make(), 0);
}

static void goes_on_for_ever(void)
{
    for (volatile bool forever = true; forever;)
        continue;
}

static void waits_for_ever(void)
{
    char byte;

    (void)syscall(SYS_read, 0, &byte, 1);
    goes_on_for_ever();
}

static int64_t milliseconds(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static void one_that_does_not_end(void **state)
{
    int64_t began = milliseconds();

    (void)state;
    deed = waits_for_ever;
    int rc = make();
    assert_true(rc == -ETIMEDOUT || rc == -EPROTO);
    assert_in_range(milliseconds() - began, XW_REPLAY_MS / 2, 5 * XW_REPLAY_MS);
    assert_false(seen->survived);
    deed = NULL;
    assert_int_equal(make(), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nothing_out_of_order),       cmocka_unit_test(every_other_call_ends_it),
        cmocka_unit_test(it_has_nothing_to_write_to), cmocka_unit_test(one_that_crashes),
        cmocka_unit_test(one_that_does_not_end),
    };

    seen = mmap(NULL, sizeof(*seen), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    signal(SIGCHLD, SIG_IGN);
    return seen == MAP_FAILED ? 1 : cmocka_run_group_tests(tests, NULL, NULL);
}
