#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "common/cleanup.h"
#include "common/exitcode.h"
#include "common/names.h"
#include "common/paths.h"
#include "common/record.h"
#include "xwadm/command.h"
#include "xwadm/files.h"
#include "xwadm/image_view.h"
#include "xwadm/say.h"

/* Compares a file's bytes with its sum. */
static int verify_file(int dir_fd, const char *name, const char *sum, struct xw_error *err)
{
    char found[XW_IMAGE_ID_LEN + 1];
    XW_AUTO_CLOSE int fd = openat(dir_fd, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);

    if (fd < 0)
        return xw_fail_errno(err, -errno, "%s can't be opened", name);
    int rc = xw_file_sum(fd, found, err);
    if (rc == 0 && strcmp(found, sum) != 0)
        rc = xw_fail(err, -ESTALE, "%s is not the file that was installed: its SHA-256 is %s", name,
                     found);
    return rc;
}

/* Walks through the lines `sha256 FILE SUM` of an installed image.conf. */
static int verify_files(int dir_fd, char *conf, struct xw_error *err)
{
    static const char key[] = "sha256 ";
    char *rest = NULL;
    int rc = 0;

    for (char *line = strtok_r(conf, "\n", &rest); line && rc == 0;
         line = strtok_r(NULL, "\n", &rest)) {
        if (strncmp(line, key, sizeof(key) - 1) != 0)
            continue;
        char *name = line + sizeof(key) - 1;
        char *space = strchr(name, ' ');
        if (!space)
            return xw_fail(err, -EBADMSG, "image.conf is damaged");
        *space = '\0';
        rc = verify_file(dir_fd, name, space + 1, err);
    }
    return rc;
}

/* Recomputes the sums of everything in an image's directory. */
static int verify(const struct xw_image *image, struct xw_error *err)
{
    XW_AUTO_FREE char *conf = NULL;
    size_t length;
    char path[512];
    char id[XW_IMAGE_ID_LEN + 1];

    snprintf(path, sizeof(path), "%s/%s", XW_IMAGES_DIR, image->name);
    XW_AUTO_CLOSE int dir = xw_directory_open(path, err);
    if (dir < 0)
        return dir;
    int rc = xw_record_read(dir, "image.conf", &conf, &length, err);
    if (rc < 0)
        return rc;
    rc = xw_bytes_sum(conf, length, id, err);
    if (rc < 0)
        return rc;
    if (strcmp(id, image->id) != 0)
        return xw_fail(err, -ESTALE, "image.conf is not the one that was installed");
    return verify_files(dir, conf, err);
}

static void print_text(const struct xw_image_view *view, bool verified)
{
    char size[16];
    char worlds[XW_WORLDS_TEXT_SIZE];

    xw_size_text(view->bytes, size);
    xw_say("Name:         %s", view->image.name);
    if (view->image.description[0])
        xw_say("Description:  %s", view->image.description);
    xw_say("Identity:     %s", view->image.id);
    xw_say("Disk:         %s (%s)", view->image.disk, size);
    if (view->image.kernel[0])
        xw_say("Kernel:       %s", view->image.kernel);
    if (view->image.initrd[0])
        xw_say("Initrd:       %s", view->image.initrd);
    if (view->image.cmdline[0])
        xw_say("Command line: %s", view->image.cmdline);
    if (view->image.memory_min)
        xw_say("Memory:       at least %u MiB", view->image.memory_min);
    xw_worlds_text(&view->worlds, worlds);
    xw_say("Worlds on it: %s", view->worlds.count ? worlds : "none");
    if (view->rc < 0)
        xw_say("State:        %s", view->trouble.text);
    else
        xw_say("State:        %s", verified ? "as installed, all sums right" : "as installed");
}

static void print_json(const struct xw_image_view *view, bool verified)
{
    struct json_object *object = xw_json_new();

    xw_image_view_json(view, object);
    xw_json_bool(object, "verified", verified && view->rc == 0);
    xw_json_print(object);
}

static int show(const char *name, bool json, bool with_sums)
{
    struct xw_image_view view = {0};
    struct xw_error err = {0};

    int rc = xw_image_view_read(name, &view, &err);
    if (rc < 0) {
        xw_complain(&err);
        return rc == -ENOENT ? XW_EXIT_REFUSED : XW_EXIT_FAILED;
    }
    if (with_sums && view.rc == 0)
        view.rc = verify(&view.image, &view.trouble);
    if (json)
        print_json(&view, with_sums);
    else
        print_text(&view, with_sums);
    int code = view.rc < 0 ? XW_EXIT_FAILED : XW_EXIT_OK;
    xw_image_view_free(&view);
    return code;
}

static int run(int argc, char **argv)
{
    static const struct option options[] = {
        {"json", no_argument, NULL, 'j'}, {"verify", no_argument, NULL, 'v'}, {0}};
    bool json = false;
    bool with_sums = false;
    int option;

    while ((option = xw_option(argc, argv, options)) != -1) {
        if (option == '?')
            return XW_EXIT_USAGE;
        json = json || option == 'j';
        with_sums = with_sums || option == 'v';
    }
    if (!xw_operands_ok(argc, argv, 1, 1, "the image's name"))
        return XW_EXIT_USAGE;
    if (!xw_name_ok(argv[optind]))
        return xw_bad_name("an image", argv[optind]);
    return show(argv[optind], json, with_sums);
}

const struct xw_command xw_command_image_show = {
    .name = "image show",
    .arguments = "NAME [--json] [--verify]",
    .summary = "show an image, its state and the worlds on it",
    .help = "Show what is known about an installed image, whether its files are as they were\n"
            "installed, and which worlds stand on it.\n"
            "\n"
            "  --json    for programs\n"
            "  --verify  read every file and compare its SHA-256, not only size and time\n"
            "\n"
            "Exit status 1 means that files have changed or gone. Put them back by adding the\n"
            "same image again: `xwadm image add NAME DIR`.\n"
            "\n"
            "Example:\n"
            "  xwadm image show tiny --verify\n",
    .run = run,
};
