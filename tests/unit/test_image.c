/* links: common/error.c common/lines.c common/names.c common/record.c xwhelper/keeper/image.c xwadm/buffer.c xwadm/confined.c xwadm/disk.c */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/unit/private_root.h"
#include "tests/unit/record_lines.h"
#include "xwadm/disk.h"
#include "xwhelper/keeper/image.h"

#define PLACE "/var/lib"
#define TINY  PLACE "/xworlds/images/tiny"
#define ID    "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
#define OTHER "1123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

static const char good[] = "xworlds-image 1\n"
                           "name tiny\n"
                           "description Debian's kernel & busybox\n"
                           "arch x86_64\n"
                           "disk disk.qcow2\n"
                           "kernel vmlinuz\n"
                           "initrd initrd.img\n"
                           "cmdline console=ttyS0 root=/dev/vda\n"
                           "memory-min 64\n"
                           "login root\n"
                           "sha256 disk.qcow2 " ID "\n"
                           "sha256 vmlinuz " ID "\n"
                           "sha256 initrd.img " ID "\n"
                           "input busybox-static=1:1.35.0-4\n"
                           "input iproute2=6.1.0-3\n";

static int parse(const char *text)
{
    struct xw_image image;

    return xw_image_parse(text, strlen(text), &image, NULL);
}

static int parse_with(const char *line, const char *replacement)
{
    char text[XW_TEST_TEXT_MAX];
    const char *at = strstr(good, line);

    assert_non_null(at);
    snprintf(text, sizeof(text), "%.*s%s%s", (int)(at - good), good, replacement,
             at + strlen(line));
    return parse(text);
}

static void conf_is_read(void **state)
{
    struct xw_image image;

    (void)state;
    assert_int_equal(xw_image_parse(good, strlen(good), &image, NULL), 0);
    assert_string_equal(image.name, "tiny");
    assert_string_equal(image.description, "Debian's kernel & busybox");
    assert_string_equal(image.disk, "disk.qcow2");
    assert_string_equal(image.kernel, "vmlinuz");
    assert_string_equal(image.initrd, "initrd.img");
    assert_string_equal(image.cmdline, "console=ttyS0 root=/dev/vda");
    assert_int_equal(image.memory_min, 64);
    static const char smallest[] =
        "xworlds-image 1\nname a\narch x86_64\ndisk d\nsha256 d " ID "\n";
    assert_int_equal(xw_image_parse(smallest, strlen(smallest), &image, NULL), 0);
    assert_string_equal(image.kernel, "");
    assert_int_equal(image.memory_min, 0);
}

/* Keys may come in any order and some may be missing, but none twice. */
static void lines_taken_away_and_doubled(void **state)
{
    static const char *const needed[] = {"xworlds-image 1\n",       "name tiny\n",
                                         "arch x86_64\n",           "disk disk.qcow2\n",
                                         "kernel vmlinuz\n",        "sha256 disk.qcow2 " ID "\n",
                                         "sha256 vmlinuz " ID "\n", "sha256 initrd.img " ID "\n"};
    static const char *const free_to_go[] = {
        "description Debian's kernel & busybox\n", "cmdline console=ttyS0 root=/dev/vda\n",
        "memory-min 64\n", "login root\n", "initrd initrd.img\n"};
    static const char *const input = "input iproute2=6.1.0-3\n";
    char twice[256];

    (void)state;
    for (size_t i = 0; i < sizeof(needed) / sizeof(needed[0]); i++) {
        assert_int_equal(parse_with(needed[i], ""), -EBADMSG);
        snprintf(twice, sizeof(twice), "%s%s", needed[i], needed[i]);
        assert_int_equal(parse_with(needed[i], twice), -EBADMSG);
    }
    for (size_t i = 0; i < sizeof(free_to_go) / sizeof(free_to_go[0]); i++) {
        assert_int_equal(parse_with(free_to_go[i], ""), 0);
        snprintf(twice, sizeof(twice), "%s%s", free_to_go[i], free_to_go[i]);
        assert_int_equal(parse_with(free_to_go[i], twice), -EBADMSG);
    }
    snprintf(twice, sizeof(twice), "%s%s", input, input);
    assert_int_equal(parse_with(input, twice), 0);
}

static void values_that_are_not(void **state)
{
    static const struct {
        const char *line;
        const char *replacement;
    } wrong[] = {
        {"xworlds-image 1", "xworlds-image 2"},
        {"name tiny", "name Tiny"},
        {"name tiny", "name ../tiny"},
        {"arch x86_64", "arch arm64"},
        {"disk disk.qcow2", "disk /etc/shadow"},
        {"disk disk.qcow2", "disk ../disk.qcow2"},
        {"disk disk.qcow2", "disk .disk"},
        {"disk disk.qcow2", "disk -disk"},
        {"disk disk.qcow2", "disk disk,file=/etc/shadow"},
        {"disk disk.qcow2", "disk json:{}"},
        {"disk disk.qcow2", "disk nbd:host"},
        {"disk disk.qcow2", "disk installed"},
        {"disk disk.qcow2", "disk template.qcow2"},
        {"disk disk.qcow2", "disk image.conf"},
        {"kernel vmlinuz", "kernel other"},
        {"memory-min 64", "memory-min 0"},
        {"memory-min 64", "memory-min 64M"},
        {"memory-min 64", "memory-min 1048577"},
        {"sha256 vmlinuz 0123", "sha256 vmlinuz 012"},
        {"sha256 vmlinuz 0123", "sha256 vmlinuz 012G"},
        {"sha256 vmlinuz ", "sha256 ../vmlinuz "},
        {"sha256 vmlinuz ", "sha256 template.qcow2 "},
        {"login root", "password root"},
        {"login root", "login\troot"},
        {"login root\n", "login root\n\n"},
        {"login root\n", "login root\n# a comment\n"},
        {"console=ttyS0", "console=tty\x1b[0m"},
        {"Debian's", "\xff"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
        if (parse_with(wrong[i].line, wrong[i].replacement) != -EBADMSG)
            fail_msg("taken: %s", wrong[i].replacement);
    }
}

/* The good text with a file's name, wherever it is, replaced: what is wrong with that. */
static const char *wrong_with_name(const char *name, const char *replacement)
{
    static struct xw_error err;
    struct xw_image image;
    char text[XW_TEST_TEXT_MAX] = "";
    const char *from = good;

    for (const char *at = good; (at = strstr(from, name)); from = at + strlen(name)) {
        strncat(text, from, (size_t)(at - from));
        strncat(text, replacement, sizeof(text) - strlen(text) - 1);
    }
    strncat(text, from, sizeof(text) - strlen(text) - 1);
    err = (struct xw_error){0};
    int rc = xw_image_parse(text, strlen(text), &image, &err);
    assert_int_equal(rc, err.code);
    if (err.code < 0)
        assert_string_equal(image.name, "");
    return err.text;
}

/* Its sum says the same name: nothing else is wrong with the text. */
static void names_of_files(void **state)
{
    static const char *const wrong[] = {
        ".vmlinuz",  "-vmlinuz",   "/vmlinuz",   "../vmlinuz", "a/b",
        "vm,linuz",  "json:{}",    "vmlinuz\"",  "vm*",        "template.qcow2",
        "installed", "image.conf", "vm\xc3\xa4", "..",         "."};
    static const char *const right[] = {"v", "VM-linuz_1.0", "template.qcow", "a..b", "9"};
    char longest[XW_IMAGE_FILE_SIZE + 1];

    (void)state;
    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
        assert_string_equal(wrong_with_name("vmlinuz", wrong[i]),
                            "line 6: the value of \"kernel\" can't be a file's name in an image");
    for (size_t i = 0; i < sizeof(right) / sizeof(right[0]); i++)
        assert_string_equal(wrong_with_name("vmlinuz", right[i]), "");
    memset(longest, 'v', sizeof(longest));
    longest[XW_IMAGE_FILE_SIZE] = '\0';
    assert_non_null(strstr(wrong_with_name("vmlinuz", longest), "line 6: a value of \"kernel\""));
    longest[XW_IMAGE_FILE_SIZE - 1] = '\0';
    assert_string_equal(wrong_with_name("vmlinuz", longest), "");
}

/* A sum of a file that nothing else names. */
static void sums_of_files(void **state)
{
    static const struct {
        const char *line;
        const char *what;
    } wrong[] = {
        {"sha256 .x " ID, "line 16: the name of the file can't be used in an image"},
        {"sha256 -x " ID, "line 16: the name of the file can't be used in an image"},
        {"sha256 a/x " ID, "line 16: the name of the file can't be used in an image"},
        {"sha256 installed " ID, "line 16: the name of the file can't be used in an image"},
        {"sha256 image.conf " ID, "line 16: the name of the file can't be used in an image"},
        {"sha256 template.qcow2 " ID, "line 16: the name of the file can't be used in an image"},
        {"sha256 vmlinuz " ID, "line 16: the file has a sum already"},
        {"sha256 x 012", "line 16: a SHA-256 is 64 lower-case hexadecimal digits"},
        {"sha256 x 0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdeG",
         "line 16: a SHA-256 is 64 lower-case hexadecimal digits"},
        {"sha256 x", "line 16: \"sha256\" takes two fields with one space between them"},
        {"disk other", "line 16: \"disk\" is there twice"},
        {"memory-min 64", "line 16: \"memory-min\" is there twice"},
        {"sha256 x " ID, ""},
    };
    struct xw_image image;

    (void)state;
    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
        char text[XW_TEST_TEXT_MAX];
        struct xw_error err = {0};
        snprintf(text, sizeof(text), "%s%s\n", good, wrong[i].line);
        xw_image_parse(text, strlen(text), &image, &err);
        assert_string_equal(err.text, wrong[i].what);
    }
}

/* Without a kernel there is nobody to give an initrd or a command line to. */
static void what_needs_a_kernel(void **state)
{
    static const char start[] = "xworlds-image 1\nname a\narch x86_64\ndisk d\nsha256 d " ID "\n";
    char text[XW_TEST_TEXT_MAX];

    (void)state;
    snprintf(text, sizeof(text), "%scmdline quiet\n", start);
    assert_int_equal(parse(text), -EBADMSG);
    snprintf(text, sizeof(text), "%sinitrd i\nsha256 i " ID "\n", start);
    assert_int_equal(parse(text), -EBADMSG);
    snprintf(text, sizeof(text), "%skernel k\nsha256 k " ID "\n", start);
    assert_int_equal(parse(text), 0);
}

static void every_cut(void **state)
{
    char text[sizeof(good)];

    (void)state;
    for (size_t cut = 0; cut < strlen(good); cut++) {
        memcpy(text, good, cut);
        text[cut] = '\0';
        /* Whole lines less: the inputs at the end are free to go. */
        bool fine = cut >= (size_t)(strstr(good, "input busybox") - good) && good[cut - 1] == '\n';
        assert_int_equal(parse(text), fine ? 0 : -EBADMSG);
    }
    static const char with_nul[] = "xworlds-image 1\nname a\0b\n";
    struct xw_image image;
    assert_int_equal(xw_image_parse(with_nul, sizeof(with_nul) - 1, &image, NULL), -EBADMSG);
}

static void too_many_files(void **state)
{
    char text[XW_TEST_TEXT_MAX];

    (void)state;
    for (int count = 14; count <= 15; count++) {
        size_t used =
            (size_t)snprintf(text, sizeof(text), "xworlds-image 1\nname a\narch x86_64\ndisk f0\n");
        for (int i = 0; i < count; i++)
            used += (size_t)snprintf(text + used, sizeof(text) - used, "sha256 f%d " ID "\n", i);
        assert_int_equal(parse(text), count == 14 ? 0 : -EBADMSG);
    }
}

/* --- An installed image ----------------------------------------------------------------------- */

/* Through no link: what a failed test left behind must not lead out of the place. */
static void write_file(const char *path, const char *text)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0640);

    assert_true(fd >= 0);
    assert_int_equal(write(fd, text, strlen(text)), strlen(text));
    close(fd);
}

/* Writes the record of what is there now. */
static void write_installed(void)
{
    static const char *const names[] = {"image.conf", "template.qcow2", "disk.qcow2", "vmlinuz",
                                        "initrd.img"};
    char text[XW_TEST_TEXT_MAX];
    char path[256];
    struct stat info;
    size_t used = (size_t)snprintf(text, sizeof(text), "xworlds-installed 1\nid " ID "\n");

    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        snprintf(path, sizeof(path), TINY "/%s", names[i]);
        assert_int_equal(stat(path, &info), 0);
        used +=
            (size_t)snprintf(text + used, sizeof(text) - used, "file %s %lld %lld\n", names[i],
                             (long long)info.st_size,
                             (long long)info.st_mtim.tv_sec * 1000000000 + info.st_mtim.tv_nsec);
    }
    snprintf(text + used, sizeof(text) - used, "end\n");
    write_file(TINY "/installed", text);
}

static int install(void **state)
{
    static const char *const made[] = {PLACE "/xworlds", PLACE "/xworlds/images", TINY};

    (void)state;
    if (access(PLACE "/xworlds", F_OK) < 0) {
        for (size_t i = 0; i < sizeof(made) / sizeof(made[0]); i++)
            assert_int_equal(mkdir(made[i], 0755), 0);
    }
    write_file(TINY "/image.conf", good);
    write_file(TINY "/template.qcow2", "template");
    write_file(TINY "/disk.qcow2", "disk");
    write_file(TINY "/vmlinuz", "kernel");
    write_file(TINY "/initrd.img", "initrd");
    write_installed();
    return 0;
}

static int enter_place(void **state)
{
    (void)state;
    return xw_test_private_root(PLACE) < 0 ? -1 : 0;
}

static int check(const char *name, const char *id)
{
    struct xw_image image;

    return xw_image_check(name, id, &image, NULL);
}

static void image_as_installed(void **state)
{
    struct xw_image image;

    (void)state;
    assert_int_equal(xw_image_read("tiny", &image, NULL), 0);
    assert_string_equal(image.id, ID);
    assert_int_equal(check("tiny", ID), 0);
    assert_int_equal(check("tiny", OTHER), -ESTALE);
    assert_int_equal(check("missing", ID), -ENOENT);
    assert_int_equal(check("../images/tiny", ID), -ENOENT);
}

static void image_that_changed(void **state)
{
    struct stat before;

    (void)state;
    assert_int_equal(stat(TINY "/disk.qcow2", &before), 0);
    write_file(TINY "/disk.qcow2", "disk and more");
    assert_int_equal(check("tiny", ID), -ESTALE);
    /* The same size and time, as far as a tool can set it, but to the nanosecond. */
    write_file(TINY "/disk.qcow2", "disc");
    struct timespec times[2] = {{.tv_nsec = UTIME_OMIT}, before.st_mtim};
    times[1].tv_nsec = times[1].tv_nsec / 1000000 * 1000000 + 1;
    assert_int_equal(utimensat(AT_FDCWD, TINY "/disk.qcow2", times, 0), 0);
    assert_int_equal(check("tiny", ID), -ESTALE);
}

/* A link of the same size and time as the file was. */
static void image_that_became_a_link(void **state)
{
    struct stat before;

    (void)state;
    assert_int_equal(stat(TINY "/disk.qcow2", &before), 0);
    assert_int_equal(unlink(TINY "/disk.qcow2"), 0);
    assert_int_equal(symlink("link", TINY "/disk.qcow2"), 0);
    const struct timespec times[2] = {{.tv_nsec = UTIME_OMIT}, before.st_mtim};
    assert_int_equal(utimensat(AT_FDCWD, TINY "/disk.qcow2", times, AT_SYMLINK_NOFOLLOW), 0);
    assert_int_equal(check("tiny", ID), -ESTALE);
    assert_int_equal(unlink(TINY "/disk.qcow2"), 0);
}

static void image_that_vanished(void **state)
{
    static const char *const files[] = {"/disk.qcow2", "/vmlinuz", "/initrd.img",
                                        "/template.qcow2"};

    for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
        char path[128];
        snprintf(path, sizeof(path), TINY "%s", files[i]);
        assert_int_equal(unlink(path), 0);
        assert_int_equal(check("tiny", ID), -ENOENT);
        assert_int_equal(symlink("/proc/version", path), 0);
        assert_int_equal(check("tiny", ID), -ESTALE);
        assert_int_equal(unlink(path), 0);
        install(state);
        assert_int_equal(check("tiny", ID), 0);
    }
}

/* A record that says something else of one file. */
static void write_other(const char *line, const char *replacement)
{
    char text[XW_TEST_TEXT_MAX] = "";
    char changed[XW_TEST_TEXT_MAX];
    FILE *file = fopen(TINY "/installed", "re");

    assert_non_null(file);
    assert_true(fread(text, 1, sizeof(text) - 1, file) > 0);
    fclose(file);
    const char *at = strstr(text, line);
    assert_non_null(at);
    snprintf(changed, sizeof(changed), "%.*s%s%s", (int)(at - text), text, replacement,
             at + strlen(line));
    write_file(TINY "/installed", changed);
}

static const char *wrong_with_tiny(int code)
{
    static struct xw_error err;
    struct xw_image image;

    err = (struct xw_error){0};
    assert_int_equal(xw_image_check("tiny", ID, &image, &err), code);
    return err.text;
}

static void records_that_are_wrong(void **state)
{
    static const char before[] = "the image \"tiny\" can't be used: ";
    const size_t skip = strlen(before);
    static const struct {
        const char *line;
        const char *replacement;
        const char *what;
    } cases[] = {
        {"id 0", "id G", "installed, line 2: an identity is 64 lower-case hexadecimal digits"},
        {"id 0", "id ", "installed, line 2: an identity is 64 lower-case hexadecimal digits"},
        {"file vmlinuz ", "file .vmlinuz ", "installed, line 6: \"file\" takes a name"},
        {"file vmlinuz 6", "file vmlinuz x", "installed, line 6: \"file\" takes a name"},
        {"file vmlinuz 6 ", "file vmlinuz 6 x", "installed, line 6: \"file\" takes a name"},
        {"file vmlinuz 6 ", "file vmlinuz6 ", "installed, line 6: \"file\" takes a name"},
        {"file vmlinuz ", "file other ", "its record \"installed\" lacks vmlinuz"},
        {"file image.conf ", "file other ", "its record \"installed\" lacks image.conf"},
        {"file template.qcow2 ", "file other ", "its record \"installed\" lacks template.qcow2"},
    };

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        write_other(cases[i].line, cases[i].replacement);
        const char *text = wrong_with_tiny(-EBADMSG);
        assert_memory_equal(text, before, skip);
        assert_non_null(strstr(text, cases[i].what));
        install(state);
    }
    write_file(TINY "/image.conf", "xworlds-image 1\nname tiny\n");
    assert_non_null(strstr(wrong_with_tiny(-EBADMSG), "image.conf, "));
    install(state);
    /* As many files as there can be, and one more. */
    for (size_t count = 16; count <= 17; count++) {
        char more[1024] = "";
        for (size_t i = 5; i < count; i++)
            snprintf(more + strlen(more), sizeof(more) - strlen(more), "file f%zu 0 0\n", i);
        snprintf(more + strlen(more), sizeof(more) - strlen(more), "end\n");
        write_other("end\n", more);
        if (count == 17)
            assert_non_null(strstr(wrong_with_tiny(-EBADMSG), "there are more than 16 files"));
        else
            assert_non_null(strstr(wrong_with_tiny(-ENOENT), "the file f5 of the image"));
        install(state);
    }
    assert_string_equal(wrong_with_tiny(0), "");
}

/* An image without a kernel: no file of an empty name is looked for. */
static void an_image_that_is_a_disk_alone(void **state)
{
    write_file(TINY "/image.conf", "xworlds-image 1\nname tiny\narch x86_64\ndisk disk.qcow2\n"
                                   "sha256 disk.qcow2 " ID "\n");
    write_installed();
    assert_string_equal(wrong_with_tiny(0), "");
    install(state);
}

/* The same time and another size; the same size and time, but a link or gone. */
static void files_that_differ(void **state)
{
    struct stat before;

    assert_int_equal(stat(TINY "/disk.qcow2", &before), 0);
    const struct timespec times[2] = {{.tv_nsec = UTIME_OMIT}, before.st_mtim};
    write_file(TINY "/disk.qcow2", "disk and more");
    assert_int_equal(utimensat(AT_FDCWD, TINY "/disk.qcow2", times, 0), 0);
    assert_non_null(
        strstr(wrong_with_tiny(-ESTALE), "disk.qcow2 of the image \"tiny\" has changed"));
    write_file(TINY "/disk.qcow2", "disk");
    assert_int_equal(utimensat(AT_FDCWD, TINY "/disk.qcow2", times, 0), 0);
    assert_string_equal(wrong_with_tiny(0), "");
    assert_int_equal(unlink(TINY "/disk.qcow2"), 0);
    assert_non_null(strstr(wrong_with_tiny(-ENOENT), "disk.qcow2 of the image \"tiny\" is gone"));
    install(state);
}

/* What stands where an image's directory should be. */
static void images_that_are_no_directories(void **state)
{
    struct xw_image image;
    struct xw_error err = {0};

    assert_int_equal(symlink("tiny", PLACE "/xworlds/images/link"), 0);
    write_file(PLACE "/xworlds/images/file", "");
    assert_int_equal(xw_image_read("link", &image, &err), -EPERM);
    assert_int_equal(xw_image_read("file", &image, &err), -EPERM);
    assert_int_equal(xw_image_read("none", &image, &err), -ENOENT);
    assert_string_equal(err.text, "there is no image \"none\"");
    assert_int_equal(rename(PLACE "/xworlds/images", PLACE "/xworlds/other"), 0);
    assert_int_equal(xw_image_read("tiny", &image, &err), -ENOENT);
    assert_non_null(strstr(err.text, "/images can't be opened"));
    assert_int_equal(symlink("other", PLACE "/xworlds/images"), 0);
    assert_true(xw_image_read("tiny", &image, &err) < 0);
    assert_int_equal(unlink(PLACE "/xworlds/images"), 0);
    assert_int_equal(rename(PLACE "/xworlds/other", PLACE "/xworlds/images"), 0);
    install(state);
}

static void image_with_bad_records(void **state)
{
    (void)state;
    write_file(TINY "/installed", "xworlds-installed 1\nid " ID "\nend\n");
    assert_int_equal(check("tiny", ID), -EBADMSG);
    write_file(TINY "/installed", "xworlds-installed 1\nid " ID "\nfile x 1\nend\n");
    assert_int_equal(check("tiny", ID), -EBADMSG);
    write_file(TINY "/installed", "xworlds-installed 1\nend\n");
    assert_int_equal(check("tiny", ID), -EBADMSG);
    assert_int_equal(unlink(TINY "/installed"), 0);
    assert_int_equal(check("tiny", ID), -ENOENT);
    install(NULL);
    assert_int_equal(chmod(TINY "/image.conf", 0666), 0);
    assert_int_equal(check("tiny", ID), -EPERM);
    assert_int_equal(unlink(TINY "/image.conf"), 0);
}

/* --- Disks ------------------------------------------------------------------------------------ */

/* The beginning of a qcow2 of version 3 as `qemu-img create` writes it. */
static void write_header(unsigned char header[512])
{
    static const unsigned char beginning[] = {'Q', 'F', 'I', 0xfb, 0, 0, 0, 3};

    memset(header, 0, 512);
    memcpy(header, beginning, sizeof(beginning));
    header[23] = 16;   /* cluster bits */
    header[103] = 104; /* header length */
}

static int judge(const unsigned char *header, size_t length, const char **format)
{
    return xw_disk_header(header, length, format, NULL);
}

static void headers_of_qcow2(void **state)
{
    unsigned char header[512];
    const char *format = NULL;

    (void)state;
    write_header(header);
    assert_int_equal(judge(header, sizeof(header), &format), 0);
    assert_string_equal(format, "qcow2");
    assert_int_equal(judge(header, 103, &format), -EINVAL);
    header[15] = 1; /* a backing file */
    assert_int_equal(judge(header, sizeof(header), &format), -EINVAL);
    write_header(header);
    header[8] = 0x80; /* its highest byte counts, too */
    assert_int_equal(judge(header, sizeof(header), &format), -EINVAL);
    write_header(header);
    header[79] = 4; /* an external data file */
    assert_int_equal(judge(header, sizeof(header), &format), -EINVAL);
    write_header(header);
    header[79] = 2; /* corrupt */
    assert_int_equal(judge(header, sizeof(header), &format), -EINVAL);
    write_header(header);
    header[79] = 1; /* dirty: fine */
    assert_int_equal(judge(header, sizeof(header), &format), 0);
    write_header(header);
    header[35] = 2; /* encrypted */
    assert_int_equal(judge(header, sizeof(header), &format), -EINVAL);
    write_header(header);
    header[7] = 2;
    assert_int_equal(judge(header, sizeof(header), &format), 0);
    header[7] = 4;
    assert_int_equal(judge(header, sizeof(header), &format), -EINVAL);
    header[7] = 1;
    assert_int_equal(judge(header, sizeof(header), &format), -EINVAL);
}

static void headers_of_others(void **state)
{
    static const char *const beginnings[] = {"KDMV",     "# Disk DescriptorFile\nversion=1\n",
                                             "vhdxfile", "conectix",
                                             "COWD",     "WithouFreSpacExt"};
    unsigned char header[512];
    const char *format = NULL;

    (void)state;
    for (size_t i = 0; i < sizeof(beginnings) / sizeof(beginnings[0]); i++) {
        memset(header, 0, sizeof(header));
        memcpy(header, beginnings[i], strlen(beginnings[i]));
        assert_int_equal(judge(header, sizeof(header), &format), -EINVAL);
    }
    memset(header, 0, sizeof(header));
    memcpy(header + 64, "\x7f\x10\xda\xbe", 4);
    assert_int_equal(judge(header, sizeof(header), &format), -EINVAL);
    memset(header, 0, sizeof(header));
    assert_int_equal(judge(header, sizeof(header), &format), 0);
    assert_string_equal(format, "raw");
    assert_int_equal(judge(header, 0, &format), 0);
}

static int judge_json(const char *json)
{
    unsigned long long size = 0;
    int rc = xw_disk_judge(json, "qcow2", &size, NULL);

    if (rc == 0)
        assert_int_equal(size, 65536);
    return rc;
}

static void words_of_qemu_img(void **state)
{
    static const char *const wrong[] = {
        "",
        "null",
        "[]",
        "{",
        "{}",
        "{\"format\":\"raw\",\"virtual-size\":65536}",
        "{\"format\":1,\"virtual-size\":65536}",
        "{\"format\":\"qcow2\"}",
        "{\"format\":\"qcow2\",\"virtual-size\":0}",
        "{\"format\":\"qcow2\",\"virtual-size\":-1}",
        "{\"format\":\"qcow2\",\"virtual-size\":\"65536\"}",
        "{\"format\":\"qcow2\",\"virtual-size\":4398046511105}",
        "{\"format\":\"qcow2\",\"virtual-size\":9223372036854775807}",
        "{\"format\":\"qcow2\",\"virtual-size\":65536,\"backing-filename\":\"/etc/shadow\"}",
        "{\"format\":\"qcow2\",\"virtual-size\":65536,\"full-backing-filename\":\"x\"}",
        "{\"format\":\"qcow2\",\"virtual-size\":65536,\"encrypted\":true}",
        "{\"format\":\"qcow2\",\"virtual-size\":65536,\"format-specific\":{\"data\":"
        "{\"data-file\":\"/dev/sda\"}}}",
        "{\"format\":\"qcow2\",\"virtual-size\":65536,\"format-specific\":{\"data\":"
        "{\"corrupt\":true}}}",
    };

    (void)state;
    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
        if (judge_json(wrong[i]) != -EINVAL)
            fail_msg("taken: %s", wrong[i]);
    }
    assert_int_equal(judge_json("{\"format\":\"qcow2\",\"virtual-size\":65536,\"encrypted\":false,"
                                "\"format-specific\":{\"type\":\"qcow2\",\"data\":{\"corrupt\":"
                                "false}}}"),
                     0);
}

int main(void)
{
    const struct CMUnitTest texts[] = {
        cmocka_unit_test(conf_is_read),        cmocka_unit_test(lines_taken_away_and_doubled),
        cmocka_unit_test(values_that_are_not), cmocka_unit_test(every_cut),
        cmocka_unit_test(too_many_files),      cmocka_unit_test(headers_of_qcow2),
        cmocka_unit_test(headers_of_others),   cmocka_unit_test(words_of_qemu_img),
        cmocka_unit_test(names_of_files),      cmocka_unit_test(sums_of_files),
        cmocka_unit_test(what_needs_a_kernel),
    };
    const struct CMUnitTest files[] = {
        cmocka_unit_test_setup(image_as_installed, install),
        cmocka_unit_test_setup(image_that_changed, install),
        cmocka_unit_test_setup(image_that_became_a_link, install),
        cmocka_unit_test_setup(image_that_vanished, install),
        cmocka_unit_test_setup(image_with_bad_records, install),
        cmocka_unit_test_setup(records_that_are_wrong, install),
        cmocka_unit_test_setup(an_image_that_is_a_disk_alone, install),
        cmocka_unit_test_setup(files_that_differ, install),
        cmocka_unit_test_setup(images_that_are_no_directories, install),
    };
    int failed = cmocka_run_group_tests(texts, NULL, NULL);

    return failed + cmocka_run_group_tests(files, enter_place, NULL);
}
