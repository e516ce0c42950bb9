/* links: common/error.c xwhelper/keeper/ready.c */
/* What the service manager is told, on real sockets: by path, by abstract name, and by nobody's. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include "xwhelper/keeper/ready.h"

static char directory[] = "/tmp/xworlds-ready-XXXXXX";

/* A service manager that listens under this name; the descriptor is the caller's. */
static int manager(const char *name)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    const size_t length = strlen(name);
    const int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);

    memcpy(address.sun_path, name, length);
    if (name[0] == '@')
        address.sun_path[0] = '\0';
    assert_int_equal(bind(fd, (const struct sockaddr *)&address,
                          (socklen_t)(offsetof(struct sockaddr_un, sun_path) + length)),
                     0);
    assert_int_equal(setenv("NOTIFY_SOCKET", name, 1), 0);
    return fd;
}

static void is_told(const char *name)
{
    struct xw_ready ready;
    struct xw_error err = {0};
    char text[64] = "";
    const int fd = manager(name);

    assert_int_equal(xw_ready_find(&ready, &err), 0);
    assert_int_equal(recv(fd, text, sizeof(text), MSG_DONTWAIT), -1);
    /* What is told has been found before the environment was dropped. */
    assert_int_equal(unsetenv("NOTIFY_SOCKET"), 0);
    assert_int_equal(xw_ready_tell(&ready, &err), 0);
    assert_int_equal(recv(fd, text, sizeof(text), MSG_DONTWAIT), 7);
    assert_string_equal(text, "READY=1");
    assert_int_equal(recv(fd, text, sizeof(text), MSG_DONTWAIT), -1);
    close(fd);
}

static void by_a_path(void **state)
{
    char path[64];

    (void)state;
    snprintf(path, sizeof(path), "%s/notify", directory);
    is_told(path);
    unlink(path);
}

static void by_an_abstract_name(void **state)
{
    char name[64];

    (void)state;
    snprintf(name, sizeof(name), "@%s", directory);
    is_told(name);
}

static void by_the_longest_path(void **state)
{
    struct xw_ready ready;
    struct xw_error err = {0};
    char name[sizeof(ready.address.sun_path) + 1];

    (void)state;
    memset(name, 'a', sizeof(name));
    memcpy(name, directory, strlen(directory));
    name[strlen(directory)] = '/';
    name[sizeof(name) - 2] = '\0';
    is_told(name);
    unlink(name);
    name[sizeof(name) - 2] = 'a';
    name[sizeof(name) - 1] = '\0';
    assert_int_equal(setenv("NOTIFY_SOCKET", name, 1), 0);
    assert_int_equal(xw_ready_find(&ready, &err), -EINVAL);
    assert_non_null(strstr(err.text, "names no UNIX socket"));
}

static void nobody_waits(void **state)
{
    struct xw_ready ready;
    struct xw_error err = {0};

    (void)state;
    assert_int_equal(unsetenv("NOTIFY_SOCKET"), 0);
    assert_int_equal(xw_ready_find(&ready, &err), 0);
    assert_int_equal(xw_ready_tell(&ready, &err), 0);
    assert_int_equal(setenv("NOTIFY_SOCKET", "", 1), 0);
    assert_int_equal(xw_ready_find(&ready, &err), 0);
    assert_int_equal(xw_ready_tell(&ready, &err), 0);
}

static void a_name_that_is_none(void **state)
{
    struct xw_ready ready;
    struct xw_error err = {0};

    (void)state;
    assert_int_equal(setenv("NOTIFY_SOCKET", "vsock:2:1234", 1), 0);
    assert_int_equal(xw_ready_find(&ready, &err), -EINVAL);
    assert_non_null(strstr(err.text, "\"vsock:2:1234\", which names no UNIX socket"));
}

static void a_manager_that_is_gone(void **state)
{
    struct xw_ready ready;
    struct xw_error err = {0};

    (void)state;
    assert_int_equal(setenv("NOTIFY_SOCKET", "/nonexistent/notify", 1), 0);
    assert_int_equal(xw_ready_find(&ready, &err), 0);
    assert_int_equal(xw_ready_tell(&ready, &err), -ENOENT);
    assert_non_null(strstr(err.text, "Telling the service manager that the keeper listens"));
}

static void where_no_socket_can_be_made(void **state)
{
    struct rlimit before;
    struct xw_ready ready;
    struct xw_error err = {0};

    (void)state;
    assert_int_equal(setenv("NOTIFY_SOCKET", "/nonexistent/notify", 1), 0);
    assert_int_equal(xw_ready_find(&ready, &err), 0);
    assert_int_equal(getrlimit(RLIMIT_NOFILE, &before), 0);
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &(struct rlimit){0, before.rlim_max}), 0);
    const int rc = xw_ready_tell(&ready, &err);
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &before), 0);
    assert_int_equal(rc, -EMFILE);
    assert_non_null(strstr(err.text, "Making a socket to the service manager"));
}

static int begin(void **state)
{
    (void)state;
    return mkdtemp(directory) ? 0 : -1;
}

static int end(void **state)
{
    (void)state;
    return rmdir(directory);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(by_a_path),
        cmocka_unit_test(by_an_abstract_name),
        cmocka_unit_test(by_the_longest_path),
        cmocka_unit_test(nobody_waits),
        cmocka_unit_test(a_name_that_is_none),
        cmocka_unit_test(a_manager_that_is_gone),
        cmocka_unit_test(where_no_socket_can_be_made),
    };

    return cmocka_run_group_tests(tests, begin, end);
}
