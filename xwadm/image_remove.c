#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "common/cleanup.h"
#include "common/exitcode.h"
#include "common/names.h"
#include "common/paths.h"
#include "xwadm/command.h"
#include "xwadm/files.h"
#include "xwadm/say.h"
#include "xwadm/worlds.h"
#include "xwhelper/keeper/plan.h"

enum { TEXT_SIZE = 400 };

static bool plan_uses(const struct xw_plan *plan, const char *image)
{
    for (size_t i = 0; i < plan->machine_count; i++) {
        if (strcmp(plan->machines[i].image, image) == 0)
            return true;
    }
    return false;
}

/*
 * Whether the plan of a lab uses an image: 1, 0, or an errno. A plan that is no plan uses none; one
 * that can't be read just now may use it.
 */
static int lab_uses(int labs_fd, const char *lab, const char *image, struct xw_error *err)
{
    struct xw_error why = {0};
    XW_AUTO_FREE struct xw_plan *plan = calloc(1, sizeof(*plan));

    if (!plan)
        return xw_fail(err, -ENOMEM, "there is not enough memory");
    int rc = xw_plan_read(labs_fd, lab, plan, &why);
    if (rc == -ENOENT || rc == -EBADMSG || rc == -EPERM || rc == -EFBIG)
        return 0;
    return rc < 0 ? xw_fail(err, rc, "the lab \"%s\": %s", lab, why.text) : plan_uses(plan, image);
}

/* Writes the names of the compiled labs that use an image. Returns how many, or an errno. */
static int labs_using(const char *image, char text[TEXT_SIZE], struct xw_error *err)
{
    char(*names)[XW_NAME_SIZE] = NULL;
    XW_AUTO_CLOSE int labs = xw_directory_open(XW_LABS_DIR, err);
    size_t used = 0;
    int found = 0;

    if (labs < 0)
        return labs;
    ssize_t count = xw_directory_names(labs, xw_name_ok, &names, err);
    for (ssize_t i = 0; i < count; i++) {
        int uses = lab_uses(labs, names[i], image, err);
        if (uses < 0) {
            free(names);
            return uses;
        }
        if (!uses)
            continue;
        if (used < TEXT_SIZE) {
            int n = snprintf(text + used, TEXT_SIZE - used, "%s%s", found ? ", " : "", names[i]);
            used += n > 0 ? (size_t)n : 0;
        }
        found++;
    }
    free(names);
    return count < 0 ? (int)count : found;
}

static int refuse_if_used(const char *image, struct xw_error *err)
{
    XW_AUTO_WORLDS worlds = {0};
    char text[XW_WORLDS_TEXT_SIZE];
    char labs[TEXT_SIZE] = "";

    int rc = xw_worlds_on_image(image, &worlds, err);
    if (rc < 0)
        return rc;
    if (worlds.count > 0) {
        xw_worlds_text(&worlds, text);
        return xw_fail(err, -EBUSY,
                       "worlds stand on the image \"%s\": %s; destroy them first (`xwadm "
                       "destroy`)",
                       image, text);
    }
    rc = labs_using(image, labs, err);
    if (rc > 0)
        rc = xw_fail(err, -EBUSY,
                     "labs use the image \"%s\": %s; remove them first (`xwadm lab remove`), or "
                     "apply them with another image",
                     image, labs);
    return rc;
}

static int remove_image(const char *name, struct xw_error *err)
{
    struct stat info;
    XW_AUTO_CLOSE int images = xw_directory_open(XW_IMAGES_DIR, err);

    if (images < 0)
        return images;
    XW_AUTO_CLOSE int lock = xw_directory_lock(images, XW_LOCK_ALONE, "images", err);
    if (lock < 0)
        return lock;
    xw_aside_clean(images);
    if (fstatat(images, name, &info, 0) < 0 && errno == ENOENT)
        return xw_fail(err, -ENOENT, "there is no image \"%s\"; `xwadm image list` shows them all",
                       name);
    int rc = refuse_if_used(name, err);
    return rc < 0 ? rc : xw_directory_withdraw(images, name, err);
}

static int run(int argc, char **argv)
{
    static const struct option options[] = {{0}};
    struct xw_error err = {0};

    if (xw_option(argc, argv, options) != -1 ||
        !xw_operands_ok(argc, argv, 1, 1, "the image's name"))
        return XW_EXIT_USAGE;
    if (!xw_name_ok(argv[optind]))
        return xw_bad_name("an image", argv[optind]);
    int rc = remove_image(argv[optind], &err);
    if (rc < 0) {
        xw_complain(&err);
        return rc == -ENOENT ? XW_EXIT_REFUSED : XW_EXIT_FAILED;
    }
    xw_say("The image \"%s\" is removed.", argv[optind]);
    return XW_EXIT_OK;
}

const struct xw_command xw_command_image_remove = {
    .name = "image remove",
    .arguments = "NAME",
    .summary = "remove an image that nothing uses",
    .help = "Remove an installed image. Refused, naming them, while worlds stand on it or labs\n"
            "name it.\n"
            "\n"
            "Example:\n"
            "  xwadm image remove tiny\n",
    .run = run,
};
