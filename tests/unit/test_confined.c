/* links: common/error.c xwadm/buffer.c xwadm/confined.c */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "xwadm/confined.h"

static int run(xw_confined_work work, struct xw_error *err)
{
    XW_AUTO_BUFFER answer = {0};

    return xw_confined_run(work, "input", 5, &answer, err);
}

static void repeat(const char *input, size_t length, struct xw_buffer *answer)
{
    for (int i = 0; i < 40000; i++)
        xw_buffer_append(answer, input, length);
}

static void answers_come_whole(void **state)
{
    XW_AUTO_BUFFER answer = {0};

    (void)state;
    assert_int_equal(xw_confined_run(repeat, "input", 5, &answer, NULL), 0);
    assert_int_equal(answer.length, 200000);
    assert_memory_equal(answer.text + 199995, "input", 5);
}

/* What a reader that has been taken over might try; by number, so that no library comes between. */
static void try_open(const char *input, size_t length, struct xw_buffer *answer)
{
    (void)input, (void)length, (void)answer;
    syscall(SYS_openat, AT_FDCWD, "/dev/null", O_RDONLY);
}

static void try_read(const char *input, size_t length, struct xw_buffer *answer)
{
    char byte;

    (void)input, (void)length, (void)answer;
    syscall(SYS_read, 0, &byte, 1);
}

static void try_write_elsewhere(const char *input, size_t length, struct xw_buffer *answer)
{
    (void)length, (void)answer;
    syscall(SYS_write, 2, input, 1);
}

static void try_socket(const char *input, size_t length, struct xw_buffer *answer)
{
    (void)input, (void)length, (void)answer;
    syscall(SYS_socket, AF_UNIX, SOCK_STREAM, 0);
}

static void try_fork(const char *input, size_t length, struct xw_buffer *answer)
{
    (void)input, (void)length, (void)answer;
    syscall(SYS_fork);
}

static void try_exec(const char *input, size_t length, struct xw_buffer *answer)
{
    (void)input, (void)length, (void)answer;
    syscall(SYS_execve, NULL, NULL, NULL);
}

static void try_kill(const char *input, size_t length, struct xw_buffer *answer)
{
    (void)input, (void)length, (void)answer;
    syscall(SYS_kill, 0, 0);
}

static void try_ptrace(const char *input, size_t length, struct xw_buffer *answer)
{
    (void)input, (void)length, (void)answer;
    syscall(SYS_ptrace, 0, 0, 0, 0);
}

static void try_setuid(const char *input, size_t length, struct xw_buffer *answer)
{
    (void)input, (void)length, (void)answer;
    syscall(SYS_setuid, 0);
}

static void try_code(const char *input, size_t length, struct xw_buffer *answer)
{
    (void)input, (void)length, (void)answer;
    syscall(SYS_mmap, NULL, 4096UL, PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0UL);
}

static void try_prctl(const char *input, size_t length, struct xw_buffer *answer)
{
    (void)input, (void)length, (void)answer;
    syscall(SYS_prctl, 0, 0, 0, 0, 0);
}

static void calls_are_fatal(void **state)
{
    static const struct {
        const char *name;
        xw_confined_work work;
    } attempts[] = {
        {"open", try_open},     {"read", try_read},     {"write", try_write_elsewhere},
        {"socket", try_socket}, {"fork", try_fork},     {"execve", try_exec},
        {"kill", try_kill},     {"ptrace", try_ptrace}, {"setuid", try_setuid},
        {"mmap", try_code},     {"prctl", try_prctl},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(attempts) / sizeof(attempts[0]); i++) {
        struct xw_error err = {0};
        int rc = run(attempts[i].work, &err);
        if (rc != -EPROTO || !strstr(err.text, "may not do"))
            fail_msg("%s: %d, %s", attempts[i].name, rc, err.text);
    }
}

static void answer_without_end(const char *input, size_t length, struct xw_buffer *answer)
{
    (void)answer;
    for (;;) {
        if (write(STDOUT_FILENO, input, length) < 0)
            return;
    }
}

static void answers_are_bounded(void **state)
{
    (void)state;
    assert_int_equal(run(answer_without_end, NULL), -EMSGSIZE);
}

static void crash(const char *input, size_t length, struct xw_buffer *answer)
{
    (void)input, (void)length, (void)answer;
    __builtin_trap();
}

static void be_out_of_memory(const char *input, size_t length, struct xw_buffer *answer)
{
    (void)input, (void)length;
    answer->failed = true;
}

static void deaths_are_told(void **state)
{
    struct xw_error err = {0};

    (void)state;
    assert_int_equal(run(crash, &err), -EPROTO);
    assert_non_null(strstr(err.text, "died of signal"));
    assert_int_equal(run(be_out_of_memory, &err), -ENOMEM);
}

/* --- Programs --------------------------------------------------------------------------------- */

static int exec_it(const char *const argv[], int fd, struct xw_buffer *output, struct xw_error *err)
{
    return xw_confined_exec(argv, fd, output, err);
}

static void program_is_nobody(void **state)
{
    static const char *const argv[] = {"/usr/bin/grep", "-E", "^(Uid|Gid|Groups|CapEff|NoNewPrivs)",
                                       "/proc/self/status", NULL};
    XW_AUTO_BUFFER output = {0};
    int fd = open("/dev/null", O_RDONLY | O_CLOEXEC);

    (void)state;
    assert_int_equal(exec_it(argv, fd, &output, NULL), 0);
    assert_non_null(strstr(output.text, "Uid:\t65534\t65534\t65534\t65534\n"));
    assert_non_null(strstr(output.text, "Gid:\t65534\t65534\t65534\t65534\n"));
    assert_non_null(strstr(output.text, "Groups:\t \n"));
    assert_non_null(strstr(output.text, "CapEff:\t0000000000000000\n"));
    assert_non_null(strstr(output.text, "NoNewPrivs:\t1\n"));
    close(fd);
}

static void program_has_these_files_only(void **state)
{
    static const char *const argv[] = {"/usr/bin/ls", "/proc/self/fd", NULL};
    XW_AUTO_BUFFER output = {0};
    int fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
    int leaked = open("/dev/null", O_RDONLY);

    (void)state;
    assert_int_equal(exec_it(argv, fd, &output, NULL), 0);
    /* 4 is ls's own, of the directory. */
    assert_string_equal(output.text, "0\n1\n2\n3\n4\n");
    close(fd);
    close(leaked);
}

static void program_has_no_environment(void **state)
{
    static const char *const argv[] = {"/usr/bin/env", NULL};
    XW_AUTO_BUFFER output = {0};
    int fd = open("/dev/null", O_RDONLY | O_CLOEXEC);

    (void)state;
    setenv("LD_DEBUG_OUTPUT", "/tmp/x", 1);
    assert_int_equal(exec_it(argv, fd, &output, NULL), 0);
    assert_string_equal(output.text, "LC_ALL=C\n");
    unsetenv("LD_DEBUG_OUTPUT");
    close(fd);
}

static void program_that_fails(void **state)
{
    static const char *const argv[] = {"/usr/bin/ls", "/nonexistent\nx", NULL};
    static const char *const missing[] = {"/nonexistent", NULL};
    XW_AUTO_BUFFER output = {0};
    struct xw_error err = {0};
    int fd = open("/dev/null", O_RDONLY | O_CLOEXEC);

    (void)state;
    assert_int_equal(exec_it(argv, fd, &output, &err), -EIO);
    assert_non_null(strstr(err.text, "/usr/bin/ls failed: "));
    assert_null(strchr(err.text, '\n'));
    assert_int_equal(exec_it(missing, fd, &output, &err), -EPROTO);
    close(fd);
}

/* So that there is something to be given up. */
static int join_groups(void **state)
{
    static const gid_t groups[] = {1, 2};

    (void)state;
    return setgroups(2, groups);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(answers_come_whole),
        cmocka_unit_test(calls_are_fatal),
        cmocka_unit_test(answers_are_bounded),
        cmocka_unit_test(deaths_are_told),
        cmocka_unit_test(program_is_nobody),
        cmocka_unit_test(program_has_these_files_only),
        cmocka_unit_test(program_has_no_environment),
        cmocka_unit_test(program_that_fails),
    };

    /* Giving up privilege needs some. */
    if (geteuid() != 0) {
        puts("1..0 # SKIP only root can give up what this tests");
        return 0;
    }
    return cmocka_run_group_tests(tests, join_groups, NULL);
}
