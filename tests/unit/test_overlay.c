/* links: xwhelper/keeper/overlay.c xwhelper/keeper/world.c common/record.c common/lines.c common/names.c common/error.c xwhelper/keeper/lock.c */
/*
 * Fresh overlays: the template's bytes and holes, in the place of what was there, or the old one
 * whole; with the kernel's copying and without it.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/paths.h"
#include "tests/unit/faults.h"
#include "tests/unit/private_root.h"
#include "xwhelper/keeper/overlay.h"

#define TEMPLATE XW_IMAGES_DIR "/tiny/template.qcow2"
#define OVERLAY  XW_STATE_DIR "/web.qcow2"

enum { SIZE = 1 << 20, CHUNK = 200000 };

XW_FAULTY(fsync, (int fd), fd);
XW_FAULTY(rename, (const char *from, const char *to), from, to);
XW_FAULTY(ftruncate, (int fd, off_t length), fd, length);

/* How much the kernel copies at once, and what it says instead of copying. */
static size_t most = SIZE;
static bool kernel_copies = true;

ssize_t copy_file_range(int in, off64_t *from, int out, off64_t *to, size_t length, unsigned flags)
{
    ssize_t (*libc)(int, off64_t *, int, off64_t *, size_t, unsigned) = NULL;

    *(void **)&libc = dlsym(RTLD_NEXT, "copy_file_range");
    if (!kernel_copies) {
        errno = EXDEV;
        return -1;
    }
    if (xw_fault_strikes("copy_file_range"))
        return errno == 0 ? 0 : -1;
    return libc(in, from, out, to, length < most ? length : most, flags);
}

ssize_t pread(int fd, void *bytes, size_t length, off_t from)
{
    ssize_t (*libc)(int, void *, size_t, off_t) = NULL;

    *(void **)&libc = dlsym(RTLD_NEXT, "pread");
    if (xw_fault_strikes("pread"))
        return errno == 0 ? 0 : -1;
    return libc(fd, bytes, length, from);
}

ssize_t pwrite(int fd, const void *bytes, size_t length, off_t from)
{
    ssize_t (*libc)(int, const void *, size_t, off_t) = NULL;

    *(void **)&libc = dlsym(RTLD_NEXT, "pwrite");
    if (xw_fault_strikes("pwrite"))
        return errno == 0 ? 0 : -1;
    return libc(fd, bytes, length < most ? length : most, from);
}

off_t lseek(int fd, off_t from, int whence)
{
    off_t (*libc)(int, off_t, int) = NULL;

    *(void **)&libc = dlsym(RTLD_NEXT, "lseek");
    if ((whence == SEEK_DATA && xw_fault_strikes("seek data")) ||
        (whence == SEEK_HOLE && xw_fault_strikes("seek hole")))
        return -1;
    return libc(fd, from, whence);
}

static unsigned char chunk[CHUNK];

/* Data at the beginning, a hole, data, and a hole at the end. */
static void write_template(void)
{
    int fd = open(TEMPLATE, O_WRONLY | O_CREAT | O_TRUNC, 0644);

    assert_true(fd >= 0);
    for (size_t i = 0; i < sizeof(chunk); i++)
        chunk[i] = (unsigned char)(1 + i % 251);
    assert_int_equal(write(fd, chunk, CHUNK), CHUNK);
    assert_true(lseek(fd, 512 << 10, SEEK_SET) >= 0);
    assert_int_equal(write(fd, chunk, CHUNK), CHUNK);
    assert_int_equal(ftruncate(fd, SIZE), 0);
    close(fd);
}

static int enter_place(void **state)
{
    (void)state;
    if (xw_test_private_root("/var/lib") < 0 || mkdir(XW_STATE_DIR, 0755) < 0 ||
        mkdir(XW_IMAGES_DIR, 0755) < 0 || mkdir(XW_IMAGES_DIR "/tiny", 0755) < 0)
        return -1;
    return 0;
}

static int begin(void **state)
{
    (void)state;
    xw_fault_set(NULL, 0, 0);
    most = SIZE;
    kernel_copies = true;
    write_template();
    unlink(OVERLAY);
    unlink(OVERLAY ".new");
    return 0;
}

static char *whole(const char *path, off_t *size)
{
    struct stat info;
    int fd = open(path, O_RDONLY);

    assert_true(fd >= 0);
    assert_int_equal(fstat(fd, &info), 0);
    char *bytes = malloc((size_t)info.st_size + 1);
    assert_non_null(bytes);
    assert_int_equal(read(fd, bytes, (size_t)info.st_size), info.st_size);
    bytes[info.st_size] = '\0';
    close(fd);
    *size = info.st_size;
    return bytes;
}

static void assert_fresh(void)
{
    off_t size;
    off_t wanted;
    struct stat overlay;
    struct stat template;
    char *is = whole(OVERLAY, &size);
    char *should = whole(TEMPLATE, &wanted);

    assert_int_equal(size, wanted);
    assert_memory_equal(is, should, (size_t)size);
    free(is);
    free(should);
    assert_int_equal(stat(OVERLAY, &overlay), 0);
    assert_int_equal(stat(TEMPLATE, &template), 0);
    assert_true(overlay.st_blocks <= template.st_blocks);
    assert_int_equal(overlay.st_mode & 07777, 0600);
    assert_int_equal(access(OVERLAY ".new", F_OK), -1);
}

static int fresh(void)
{
    struct xw_error err = {0};
    int rc = xw_overlay_fresh("tiny", OVERLAY, &err);

    assert_int_equal(rc, err.code);
    return rc;
}

static size_t count_descriptors(void)
{
    size_t count = 0;

    for (int fd = 0; fd < 64; fd++)
        count += fcntl(fd, F_GETFD) >= 0;
    return count;
}

static void a_fresh_one_is_the_template(void **state)
{
    size_t before = count_descriptors();

    (void)state;
    assert_int_equal(fresh(), 0);
    assert_fresh();
    /* In the place of what is there, and whatever was left aside. */
    truncate(OVERLAY, 5);
    int fd = open(OVERLAY ".new", O_WRONLY | O_CREAT, 0600);
    assert_int_equal(ftruncate(fd, 2L * SIZE), 0);
    close(fd);
    assert_int_equal(fresh(), 0);
    assert_fresh();
    /* The kernel copies less than it was asked for. */
    most = 4096;
    assert_int_equal(fresh(), 0);
    assert_fresh();
    assert_int_equal(count_descriptors(), before);
}

/* A template without a hole at its end, and an empty one. */
static void other_templates(void **state)
{
    (void)state;
    assert_int_equal(truncate(TEMPLATE, (512 << 10) + CHUNK), 0);
    assert_int_equal(fresh(), 0);
    assert_fresh();
    assert_int_equal(truncate(TEMPLATE, 0), 0);
    assert_int_equal(fresh(), 0);
    assert_fresh();
}

/* Every fault of the kernel's copying is met by copying itself, where that can help. */
static void where_the_kernel_does_not_copy(void **state)
{
    const int numbers[] = {EXDEV, EOPNOTSUPP, EINVAL};

    (void)state;
    for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++) {
        for (int nth = 1; nth <= 2; nth++) {
            most = nth == 1 ? SIZE : 5000;
            xw_fault_set("copy_file_range", nth, numbers[i]);
            assert_int_equal(fresh(), 0);
            assert_fresh();
        }
    }
    /* Each of our own calls can fail, too; a template that has become shorter is an error. */
    static const struct {
        const char *call;
        int number;
        int expected;
    } faults[] = {{"pread", EIO, -EIO},
                  {"pread", 0, -EIO},
                  {"pwrite", ENOSPC, -ENOSPC},
                  {"pwrite", EINVAL, -EINVAL},
                  {"pread", EINTR, 0}};
    kernel_copies = false;
    for (size_t i = 0; i < sizeof(faults) / sizeof(faults[0]); i++) {
        xw_fault_set(faults[i].call, 1, faults[i].number);
        assert_int_equal(fresh(), faults[i].expected);
    }
    assert_fresh();
    kernel_copies = true;
    /* Interrupted: once more. */
    xw_fault_set("copy_file_range", 1, EINTR);
    assert_int_equal(fresh(), 0);
    assert_fresh();
}

static void assert_old(void)
{
    off_t size;
    char *text = whole(OVERLAY, &size);

    assert_string_equal(text, "old");
    free(text);
    assert_int_equal(access(OVERLAY ".new", F_OK), -1);
}

static void calls_that_fail(void **state)
{
    static const struct {
        const char *call;
        int nth;
        int number;
        int expected;
    } faults[] = {
        {"ftruncate", 1, ENOSPC, -ENOSPC},
        {"seek data", 1, EIO, -EIO},
        {"seek hole", 1, EIO, -EIO},
        {"seek data", 2, EIO, -EIO},
        {"copy_file_range", 1, ENOSPC, -ENOSPC},
        {"copy_file_range", 2, ENOSPC, -ENOSPC},
        {"copy_file_range", 1, 0, -EIO},
        {"fsync", 1, EIO, -EIO},
        {"rename", 1, EACCES, -EACCES},
    };
    size_t before = count_descriptors();

    (void)state;
    for (size_t i = 0; i < sizeof(faults) / sizeof(faults[0]); i++) {
        int fd = open(OVERLAY, O_WRONLY | O_CREAT | O_TRUNC, 0600);
        assert_int_equal(write(fd, "old", 3), 3);
        close(fd);
        xw_fault_set(faults[i].call, faults[i].nth, faults[i].number);
        assert_int_equal(fresh(), faults[i].expected);
        xw_fault_set(NULL, 0, 0);
        assert_old();
        assert_int_equal(count_descriptors(), before);
    }
    /* What is told is the first that failed: a disk that is full can be helped. */
    xw_fault_set("copy_file_range", 1, ENOSPC);
    xw_fault_also("fsync", 1, EIO);
    assert_int_equal(fresh(), -ENOSPC);
    assert_old();
    /* The directory can't be put on the disk: the new one is there, and it is an error. */
    xw_fault_set("fsync", 2, EIO);
    assert_int_equal(fresh(), -EIO);
    assert_fresh();
}

static void places_that_are_not(void **state)
{
    struct xw_error err = {0};
    char path[PATH_MAX + 8];

    (void)state;
    assert_int_equal(xw_overlay_fresh("none", OVERLAY, &err), -ENOENT);
    assert_non_null(strstr(err.text, "The template of image none can't be opened"));
    assert_int_equal(unlink(TEMPLATE), 0);
    assert_int_equal(symlink("/etc/passwd", TEMPLATE), 0);
    assert_int_equal(fresh(), -ELOOP);
    assert_int_equal(unlink(TEMPLATE), 0);
    write_template();
    /* What stands aside is nobody's way into another file. */
    assert_int_equal(symlink("/var/lib/target", OVERLAY ".new"), 0);
    assert_int_equal(fresh(), -ELOOP);
    assert_int_equal(access("/var/lib/target", F_OK), -1);
    assert_int_equal(xw_overlay_fresh("tiny", XW_STATE_DIR "/none/web.qcow2", &err), -ENOENT);
    assert_non_null(strstr(err.text, "none/web.qcow2 can't be made"));
    memset(path, 'a', sizeof(path));
    path[PATH_MAX - 4] = '\0';
    assert_int_equal(xw_overlay_fresh("tiny", path, &err), -ENAMETOOLONG);
    assert_non_null(strstr(err.text, "The path of the overlay is too long"));
    /* Shorter by one it is the file system that finds its one name too long. */
    path[PATH_MAX - 5] = '\0';
    assert_int_equal(xw_overlay_fresh("tiny", path, &err), -ENAMETOOLONG);
    assert_memory_equal(err.text, "The overlay aaa", 15);
    /* A path of one component is the current directory's. */
    assert_int_equal(chdir(XW_STATE_DIR), 0);
    assert_int_equal(xw_overlay_fresh("tiny", "web.qcow2", &err), 0);
    assert_fresh();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(a_fresh_one_is_the_template, begin),
        cmocka_unit_test_setup(other_templates, begin),
        cmocka_unit_test_setup(where_the_kernel_does_not_copy, begin),
        cmocka_unit_test_setup(calls_that_fail, begin),
        cmocka_unit_test_setup(places_that_are_not, begin),
    };

    return cmocka_run_group_tests(tests, enter_place, NULL);
}
