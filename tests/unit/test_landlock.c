/* links: common/landlock.c */
/*
 * What a table of paths leaves within reach; each refusal beside what is allowed. In a kernel
 * without Landlock these are skipped: nothing else of the confinement depends on it.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/landlock.h"

/* Each run has a directory of its own, in which all of these are relative. */
#define BASE "."

static char base[] = "/tmp/xworlds-landlock-XXXXXX";

static const struct xw_reach table[] = {
    {XW_REACH_READ, BASE "/read", "a"},
    {XW_REACH_WRITE, BASE "/write", "b"},
    {XW_REACH_CHANGE, BASE "/change", "c"},
    {XW_REACH_READ, BASE "/single", "one file"},
    {XW_REACH_READ | XW_REACH_IF_THERE, BASE "/missing", "d"},
    {XW_REACH_END, NULL, NULL},
};

static void make_file(const char *path)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

    assert_true(fd >= 0);
    assert_int_equal(close(fd), 0);
}

static int make_tree(void **state)
{
    const char *const directories[] = {"", "/read", "/write", "/change", "/other"};
    char path[128];

    (void)state;
    assert_non_null(mkdtemp(base));
    assert_int_equal(chdir(base), 0);
    for (size_t i = 0; i < sizeof(directories) / sizeof(directories[0]); i++) {
        snprintf(path, sizeof(path), BASE "%s", directories[i]);
        if (i > 0 && mkdir(path, 0700) < 0)
            assert_int_equal(errno, EEXIST);
        snprintf(path, sizeof(path), BASE "%s/file", directories[i]);
        make_file(path);
    }
    make_file(BASE "/single");
    return 0;
}

static int remove_tree(void **state)
{
    const char *const paths[] = {"/file",       "/read/file", "/write/file", "/change/file",
                                 "/other/file", "/single",    "/change/new", "/read",
                                 "/write",      "/change",    "/other",      ""};
    char path[128];

    (void)state;
    for (size_t i = 0; i < sizeof(paths) / sizeof(paths[0]); i++) {
        snprintf(path, sizeof(path), BASE "%s", paths[i]);
        remove(path);
    }
    return chdir("/") < 0 || rmdir(base) < 0 ? -1 : 0;
}

static int opens(const char *path, int flags)
{
    int fd = open(path, flags | O_CLOEXEC, 0600);

    if (fd < 0)
        return errno;
    close(fd);
    return 0;
}

/* Runs a look at the world in a child, confined or not; returns what it saw. */
static int look(int (*what)(void), const struct xw_reach *reach)
{
    int status;
    pid_t pid = fork();

    if (pid == 0) {
        if (reach && (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0 || xw_landlock_enter(reach) < 0))
            _exit(200);
        _exit(what());
    }
    assert_true(pid > 0);
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_true(WIFEXITED(status));
    return WEXITSTATUS(status);
}

static void need_version(int version)
{
    if (xw_landlock_version() < version) {
        print_message("# this kernel's Landlock is of version %d, %d is needed\n",
                      xw_landlock_version(), version);
        skip();
    }
}

static int read_read(void)
{
    return opens(BASE "/read/file", O_RDONLY);
}
static int read_single(void)
{
    return opens(BASE "/single", O_RDONLY);
}
static int write_read(void)
{
    return opens(BASE "/read/file", O_WRONLY);
}
static int create_read(void)
{
    return opens(BASE "/read/new", O_WRONLY | O_CREAT);
}
static int write_write(void)
{
    return opens(BASE "/write/file", O_RDWR | O_TRUNC);
}
static int create_write(void)
{
    return opens(BASE "/write/new", O_WRONLY | O_CREAT);
}
static int create_change(void)
{
    int rc = opens(BASE "/change/new", O_WRONLY | O_CREAT);
    if (rc == 0 && rename(BASE "/change/new", BASE "/change/newer") < 0)
        rc = errno;
    return rc == 0 && unlink(BASE "/change/newer") < 0 ? errno : rc;
}
static int move_out(void)
{
    return rename(BASE "/change/file", BASE "/other/moved") < 0 ? errno : 0;
}
static int read_other(void)
{
    return opens(BASE "/other/file", O_RDONLY);
}
static int list_other(void)
{
    return opens(BASE "/other", O_RDONLY | O_DIRECTORY);
}
static int climb(void)
{
    return opens(BASE "/read/../other/file", O_RDONLY);
}
static int run_program(void)
{
    char *const argv[] = {(char[]){"true"}, NULL};
    char *const environment[] = {NULL};

    execve("/bin/true", argv, environment);
    return errno;
}
static int connect_tcp(void)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(9)};
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    return connect(fd, (struct sockaddr *)&address, sizeof(address)) < 0 ? errno : 0;
}
static int signal_parent(void)
{
    return kill(getppid(), 0) < 0 ? errno : 0;
}

static void what_is_listed_is_reached(void **state)
{
    (void)state;
    need_version(3);
    assert_int_equal(look(read_read, table), 0);
    assert_int_equal(look(read_single, table), 0);
    assert_int_equal(look(write_write, table), 0);
    assert_int_equal(look(create_change, table), 0);
}

static void what_is_not_listed_is_refused(void **state)
{
    int (*const refused[])(void) = {write_read, create_read, create_write, read_other,
                                    list_other, climb,       run_program};

    (void)state;
    need_version(3);
    for (size_t i = 0; i < sizeof(refused) / sizeof(refused[0]); i++) {
        assert_int_equal(look(refused[i], table), EACCES);
        assert_int_equal(look(refused[i], NULL), 0);
        unlink(BASE "/read/new");
        unlink(BASE "/write/new");
    }
    /* EXDEV is what a file may not be taken out of its tree with. */
    int rc = look(move_out, table);
    assert_true(rc == EACCES || rc == EXDEV);
    assert_int_equal(look(move_out, NULL), 0);
    assert_int_equal(rename(BASE "/other/moved", BASE "/change/file"), 0);
}

static void an_empty_table_leaves_no_file(void **state)
{
    static const struct xw_reach nothing[] = {{XW_REACH_END, NULL, NULL}};

    (void)state;
    need_version(1);
    assert_int_equal(look(read_read, nothing), EACCES);
    assert_int_equal(look(list_other, nothing), EACCES);
    assert_int_equal(look(read_read, NULL), 0);
}

static void tcp_and_signals(void **state)
{
    (void)state;
    need_version(6);
    assert_int_equal(look(connect_tcp, table), EACCES);
    assert_int_equal(look(connect_tcp, NULL), ECONNREFUSED);
    assert_int_equal(look(signal_parent, table), EPERM);
    assert_int_equal(look(signal_parent, NULL), 0);
}

/* A path that is missing refuses the whole, unless the table says that it may be. */
static void a_missing_path_refuses(void **state)
{
    static const struct xw_reach missing[] = {{XW_REACH_READ, BASE "/missing", "x"},
                                              {XW_REACH_END, NULL, NULL}};

    (void)state;
    need_version(1);
    assert_int_equal(look(read_read, missing), 200);
    assert_int_equal(xw_landlock_enter(missing), -ENOENT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_listed_is_reached),
        cmocka_unit_test(what_is_not_listed_is_refused),
        cmocka_unit_test(an_empty_table_leaves_no_file),
        cmocka_unit_test(tcp_and_signals),
        cmocka_unit_test(a_missing_path_refuses),
    };

    return cmocka_run_group_tests(tests, make_tree, remove_tree);
}
