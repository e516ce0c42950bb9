/* links: xwsh/recordings.c common/error.c */
/*
 * Where recordings are: nothing but plain files of the user's own in a directory of the user's own,
 * whatever lies there; as many and as large as may be; and one that runs stays.
 * T-H9
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
#include <sys/stat.h>
#include <unistd.h>

#include "xwsh/recordings.h"

#define DIRECTORY "/.local/share/xworlds/recordings"

enum { MIB = 1 << 20, NOW = 1800000000 };

static const struct xw_recordings_limits ample = {.one = 4 * MIB, .all = 16 * MIB};
static char home[64];
static struct xw_error err;

static const char *in_home(const char *path)
{
    static char whole[256];

    snprintf(whole, sizeof(whole), "%s%s", home, path);
    return whole;
}

static int open_directory(bool make)
{
    err = (struct xw_error){0};
    return xw_recordings_open(home, make, &err);
}

static int make_one(int directory, const struct xw_recordings_limits *limits, char *name)
{
    uint64_t room;

    err = (struct xw_error){0};
    return xw_recordings_make(directory, limits, "firewall-@blue-web", NOW, name, &room, &err);
}

static int new_home(void **state)
{
    (void)state;
    snprintf(home, sizeof(home), "/tmp/recordings-XXXXXX");
    return mkdtemp(home) ? 0 : -1;
}

static int remove_home(void **state)
{
    char command[96];

    (void)state;
    snprintf(command, sizeof(command), "rm -rf '%s'", home);
    return system(command);
}

/* How many there are in the list, and whether one of this name runs, is there, or isn't. */
static size_t listed(int directory, const char *name, int *how)
{
    struct xw_recording *list;
    size_t count;

    *how = -1;
    assert_int_equal(xw_recordings_list(directory, &list, &count, &err), 0);
    for (size_t i = 0; i < count; i++) {
        assert_true(i == 0 || strcmp(list[i - 1].name, list[i].name) < 0);
        *how = strcmp(list[i].name, name) == 0 ? list[i].runs : *how;
    }
    free(list);
    return count;
}

static void the_directory(void **state)
{
    static const char *const steps[] = {"/.local", "/.local/share", "/.local/share/xworlds",
                                        DIRECTORY};
    struct stat info;

    (void)state;
    assert_int_equal(open_directory(false), -ENOENT);
    assert_string_equal(err.text, "");
    umask(0);
    int fd = open_directory(true);
    assert_true(fd >= 0);
    close(fd);
    for (size_t i = 0; i < sizeof(steps) / sizeof(steps[0]); i++) {
        assert_int_equal(lstat(in_home(steps[i]), &info), 0);
        assert_int_equal(info.st_mode, S_IFDIR | 0700);
    }
    fd = open_directory(false);
    assert_true(fd >= 0);
    close(fd);
}

static void no_home(void **state)
{
    static const char *const homes[] = {"", "home", "/nonexistent/at/all", "/proc/self/status"};

    (void)state;
    for (size_t i = 0; i < sizeof(homes) / sizeof(homes[0]); i++) {
        err = (struct xw_error){0};
        assert_true(xw_recordings_open(homes[i], true, &err) < 0);
        assert_non_null(strstr(err.text, "no home directory"));
    }
}

static void a_step_that_is_a_link(void **state)
{
    static const char *const steps[] = {"/.local", "/.local/share", "/.local/share/xworlds",
                                        DIRECTORY};
    char away[128];

    (void)state;
    close(open_directory(true));
    for (size_t i = 0; i < sizeof(steps) / sizeof(steps[0]); i++) {
        snprintf(away, sizeof(away), "%s/away", home);
        assert_int_equal(rename(in_home(steps[i]), away), 0);
        assert_int_equal(symlink(away, in_home(steps[i])), 0);
        assert_true(open_directory(true) < 0);
        assert_non_null(strstr(err.text, "no link"));
        assert_int_equal(unlink(in_home(steps[i])), 0);
        close(open(in_home(steps[i]), O_WRONLY | O_CREAT | O_CLOEXEC, 0600));
        assert_int_equal(open_directory(true), -ENOTDIR);
        assert_int_equal(unlink(in_home(steps[i])), 0);
        assert_int_equal(rename(away, in_home(steps[i])), 0);
        int fd = open_directory(false);
        assert_true(fd >= 0);
        close(fd);
    }
}

static void a_directory_of_others(void **state)
{
    (void)state;
    close(open_directory(true));
    assert_int_equal(chmod(in_home(DIRECTORY), 0720), 0);
    assert_int_equal(open_directory(false), -EPERM);
    assert_int_equal(chmod(in_home(DIRECTORY), 0702), 0);
    assert_int_equal(open_directory(false), -EPERM);
    assert_non_null(strstr(err.text, "chmod go-w"));
    assert_int_equal(chmod(in_home(DIRECTORY), 0755), 0);
    close(open_directory(false));
    if (getuid() != 0)
        skip();
    assert_int_equal(chown(in_home(DIRECTORY), 12345, 0), 0);
    assert_int_equal(open_directory(false), -EPERM);
    assert_int_equal(chown(in_home(DIRECTORY), 0, 0), 0);
    assert_int_equal(chown(in_home(""), 12345, 0), 0);
    assert_int_equal(open_directory(false), -EPERM);
    assert_int_equal(chown(in_home(""), 0, 0), 0);
    close(open_directory(false));
}

static void names_and_modes(void **state)
{
    char first[XW_RECORDING_NAME_SIZE];
    char name[XW_RECORDING_NAME_SIZE];
    int directory = open_directory(true);
    struct stat info;

    (void)state;
    setenv("TZ", "UTC", 1);
    umask(0);
    int made = make_one(directory, &ample, first);
    assert_true(made >= 0);
    assert_string_equal(first, "firewall-@blue-web-2027-01-15-080000.cast");
    assert_int_equal(fstat(made, &info), 0);
    assert_int_equal(info.st_mode, S_IFREG | 0600);
    assert_int_equal(fcntl(made, F_GETFL) & (O_ACCMODE | O_APPEND), O_WRONLY | O_APPEND);
    assert_int_equal(fcntl(made, F_GETFD), FD_CLOEXEC);
    close(made);
    for (int i = 2; i <= 9; i++) {
        int fd = make_one(directory, &ample, name);
        assert_true(fd >= 0);
        close(fd);
    }
    assert_string_equal(name, "firewall-@blue-web-2027-01-15-080000-9.cast");
    assert_int_equal(make_one(directory, &ample, name), -EEXIST);
    close(directory);
}

static void what_is_no_recording(void **state)
{
    static const char *const names[] = {"",           ".cast",    ".x.cast",   "-x.cast",
                                        "x",          "X.cast",   "../x.cast", "a/b.cast",
                                        "x.cast/",    "x.cast\n", "link.cast", "fifo.cast",
                                        "inner.cast", ".lock",    "x\xff.cast"};
    char name[XW_RECORDING_NAME_SIZE];
    char too_long[XW_RECORDING_NAME_SIZE + 8];
    int how;
    int directory = open_directory(true);

    (void)state;
    close(make_one(directory, &ample, name));
    /* Planted: a link to something that can be read, and what would block or is no file. */
    assert_int_equal(symlinkat("/etc/passwd", directory, "link.cast"), 0);
    assert_int_equal(mkfifoat(directory, "fifo.cast", 0600), 0);
    assert_int_equal(mkdirat(directory, "inner.cast", 0700), 0);
    close(openat(directory, "X.cast", O_WRONLY | O_CREAT | O_CLOEXEC, 0600));
    assert_int_equal(listed(directory, name, &how), 1);
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        err = (struct xw_error){0};
        assert_int_equal(xw_recordings_read(directory, names[i], &err), -ENOENT);
        assert_non_null(strstr(err.text, "you have no recording"));
        assert_int_equal(xw_recordings_remove(directory, names[i], &err), -ENOENT);
    }
    memset(too_long, 'x', sizeof(too_long));
    memcpy(too_long + sizeof(too_long) - 6, ".cast", 6);
    assert_int_equal(xw_recordings_read(directory, too_long, &err), -ENOENT);
    assert_int_equal(xw_recordings_read(-ENOENT, name, &err), -ENOENT);
    assert_int_equal(faccessat(directory, "link.cast", F_OK, AT_SYMLINK_NOFOLLOW), 0);
    /* The control: the one that is one. */
    int fd = xw_recordings_read(directory, name, &err);
    assert_true(fd >= 0);
    close(fd);
    assert_int_equal(xw_recordings_remove(directory, name, &err), 0);
    assert_int_equal(listed(directory, name, &how), 0);
    close(directory);
}

static void one_that_runs(void **state)
{
    char name[XW_RECORDING_NAME_SIZE];
    int how;
    int directory = open_directory(true);

    (void)state;
    int fd = make_one(directory, &ample, name);
    assert_true(fd >= 0);
    assert_int_equal(listed(directory, name, &how), 1);
    assert_int_equal(how, 1);
    assert_int_equal(xw_recordings_remove(directory, name, &err), -EBUSY);
    close(xw_recordings_read(directory, name, &err));
    assert_int_equal(listed(directory, name, &how), 1);
    assert_int_equal(how, 1);
    close(fd);
    assert_int_equal(listed(directory, name, &how), 1);
    assert_int_equal(how, 0);
    assert_int_equal(xw_recordings_remove(directory, name, &err), 0);
    close(directory);
}

static void one_at_a_time_begins(void **state)
{
    const struct flock whole = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
    char name[XW_RECORDING_NAME_SIZE];
    int directory = open_directory(true);

    (void)state;
    int other = openat(directory, ".lock", O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    assert_int_equal(fcntl(other, F_OFD_SETLK, &whole), 0);
    assert_true(make_one(directory, &ample, name) < 0);
    assert_non_null(strstr(err.text, "another of your consoles"));
    close(other);
    int fd = make_one(directory, &ample, name);
    assert_true(fd >= 0);
    close(fd);
    /* A link in its place isn't followed. */
    assert_int_equal(unlinkat(directory, ".lock", 0), 0);
    assert_int_equal(symlinkat(in_home("/made"), directory, ".lock"), 0);
    assert_true(make_one(directory, &ample, name) < 0);
    assert_int_equal(access(in_home("/made"), F_OK), -1);
    close(directory);
}

static void room(void **state)
{
    const struct xw_recordings_limits no_sum = {.one = 4 * MIB, .all = 0};
    char name[XW_RECORDING_NAME_SIZE];
    uint64_t left = 0;
    int directory = open_directory(true);

    (void)state;
    assert_int_equal(xw_recordings_room(directory, &ample, &err), 4 * MIB);
    int large = openat(directory, "large.cast", O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
    assert_int_equal(ftruncate(large, 9 * MIB), 0);
    assert_int_equal(xw_recordings_room(directory, &ample, &err), 4 * MIB);
    assert_int_equal(ftruncate(large, 13 * MIB), 0);
    assert_int_equal(xw_recordings_room(directory, &ample, &err), 3 * MIB);
    int fd = xw_recordings_make(directory, &ample, "w", NOW, name, &left, &err);
    assert_true(fd >= 0);
    assert_int_equal(left, 3 * MIB);
    /* It runs, and may become as large as one may be: nothing is left. */
    assert_int_equal(xw_recordings_room(directory, &ample, &err), -EDQUOT);
    assert_non_null(strstr(err.text, "recordings delete NAME"));
    assert_int_equal(make_one(directory, &ample, name), -EDQUOT);
    assert_int_equal(xw_recordings_room(directory, &no_sum, &err), 4 * MIB);
    close(fd);
    assert_int_equal(xw_recordings_room(directory, &ample, &err), 3 * MIB);
    assert_int_equal(ftruncate(large, 15 * MIB + 1), 0);
    assert_int_equal(xw_recordings_room(directory, &ample, &err), -EDQUOT);
    assert_int_equal(ftruncate(large, 15 * MIB), 0);
    assert_int_equal(xw_recordings_room(directory, &ample, &err), MIB);
    close(large);
    close(directory);
}

static void not_too_many(void **state)
{
    char name[XW_RECORDING_NAME_SIZE];
    int directory = open_directory(true);

    (void)state;
    for (int i = 0; i < XW_RECORDINGS_MAX - 1; i++) {
        snprintf(name, sizeof(name), "x%d.cast", i);
        close(openat(directory, name, O_WRONLY | O_CREAT | O_CLOEXEC, 0600));
    }
    int fd = make_one(directory, &ample, name);
    assert_true(fd >= 0);
    close(fd);
    assert_int_equal(make_one(directory, &ample, name), -EDQUOT);
    close(directory);
}

#define test(function) cmocka_unit_test_setup_teardown(function, new_home, remove_home)

int main(void)
{
    const struct CMUnitTest tests[] = {
        test(the_directory),
        test(no_home),
        test(a_step_that_is_a_link),
        test(a_directory_of_others),
        test(names_and_modes),
        test(what_is_no_recording),
        test(one_that_runs),
        test(one_at_a_time_begins),
        test(room),
        test(not_too_many),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
