#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "common/cleanup.h"
#include "common/exitcode.h"
#include "common/paths.h"
#include "xwadm/command.h"
#include "xwadm/files.h"
#include "xwadm/instructors.h"
#include "xwadm/lab_file.h"
#include "xwadm/say.h"
#include "xwadm/worlds.h"

/* Tells which worlds keep the files of a machine that the lab no longer has. */
static int tell_removed(const char *lab, const char *machine, struct xw_error *err)
{
    XW_AUTO_WORLDS worlds = {0};
    char text[XW_WORLDS_TEXT_SIZE];

    int rc = xw_worlds_with_machine(lab, machine, &worlds, err);
    if (rc < 0 || worlds.count == 0)
        return rc;
    xw_worlds_text(&worlds, text);
    xw_note("the lab \"%s\" no longer has the machine \"%s\", but these worlds do: %s. Its files "
            "stay until they are destroyed",
            lab, machine, text);
    return 0;
}

/* An existing overlay is meaningless on another disk. */
static int refuse_other_image(const char *lab, const struct xw_plan_machine *old,
                              const struct xw_plan_machine *new, struct xw_error *err)
{
    XW_AUTO_WORLDS worlds = {0};
    char text[XW_WORLDS_TEXT_SIZE];

    if (strcmp(old->image_id, new->image_id) == 0 && strcmp(old->image, new->image) == 0)
        return 0;
    int rc = xw_worlds_with_machine(lab, new->name, &worlds, err);
    if (rc < 0 || worlds.count == 0)
        return rc;
    xw_worlds_text(&worlds, text);
    return xw_fail(err, -EBUSY,
                   "the machine \"%s\" would get another image, but its disk stands on the old one "
                   "in these worlds: %s; destroy them first, or give the new machine another name",
                   new->name, text);
}

/* Compares the lab with the one that is there. Worlds may depend on the old one. */
static int compare(const struct xw_lab_file *file, int labs_fd, struct xw_error *err)
{
    XW_AUTO_FREE struct xw_plan *old = calloc(1, sizeof(*old));
    int rc = 0;

    if (!old)
        return xw_fail(err, -ENOMEM, "there is not enough memory");
    if (xw_plan_read(labs_fd, file->name, old, NULL) < 0)
        return 0;
    for (size_t i = 0; i < old->machine_count && rc == 0; i++) {
        const struct xw_plan_machine *new =
            xw_plan_machine(&file->compiled.plan, old->machines[i].name);
        if (new)
            rc = refuse_other_image(file->name, &old->machines[i], new, err);
    }
    for (size_t i = 0; i < old->machine_count && rc == 0; i++) {
        if (!xw_plan_machine(&file->compiled.plan, old->machines[i].name))
            rc = tell_removed(file->name, old->machines[i].name, err);
    }
    return rc;
}

static int apply(struct xw_lab_file *file, const char *path, int labs_fd, struct xw_error *err)
{
    struct xw_error why = {0};
    int rc = xw_lab_file_load(path, file, err);

    if (rc == 0)
        rc = compare(file, labs_fd, err);
    if (rc == 0 && xw_interrupted())
        rc = xw_fail(err, -EINTR, "interrupted; the lab \"%s\" is as it was", file->name);
    if (rc == 0)
        rc = xw_lab_file_install(file, labs_fd, err);
    if (rc < 0)
        return rc;
    rc = xw_instructors_write(file->name, &file->compiled.access, &why);
    if (rc < 0)
        return xw_fail(
            err, rc,
            "the lab \"%s\" is applied, but not all of its instructors can see that: %s; "
            "apply it again",
            file->name, why.text);
    xw_say("The lab \"%s\" is applied: %zu machines on %zu segments.", file->name,
           file->compiled.plan.machine_count, file->compiled.plan.segment_count);
    return 0;
}

static int apply_and_complain(const char *path, int labs_fd)
{
    struct xw_error err = {0};
    struct xw_lab_file *file = calloc(1, sizeof(*file));

    if (!file) {
        xw_note("there is not enough memory");
        return XW_EXIT_FAILED;
    }
    int rc = apply(file, path, labs_fd, &err);
    if (file->problems.count > 0)
        xw_lab_file_complain(file);
    else if (rc < 0)
        xw_complain(&err);
    xw_lab_file_free(file);
    free(file);
    return rc < 0 ? XW_EXIT_FAILED : XW_EXIT_OK;
}

static int apply_all(int count, char **paths)
{
    struct xw_error err = {0};
    int code = XW_EXIT_OK;
    XW_AUTO_CLOSE int images = xw_directory_open(XW_IMAGES_DIR, &err);
    XW_AUTO_CLOSE int labs = images < 0 ? -1 : xw_directory_open(XW_LABS_DIR, &err);

    if (labs < 0)
        return xw_complain(&err);
    XW_AUTO_CLOSE int images_lock = xw_directory_lock(images, XW_LOCK_SHARED, "images", &err);
    XW_AUTO_CLOSE int labs_lock =
        images_lock < 0 ? -1 : xw_directory_lock(labs, XW_LOCK_ALONE, "labs", &err);
    if (labs_lock < 0)
        return xw_complain(&err);
    for (int i = 0; i < count; i++) {
        if (apply_and_complain(paths[i], labs) != XW_EXIT_OK)
            code = XW_EXIT_FAILED;
    }
    return code;
}

static int run(int argc, char **argv)
{
    static const struct option options[] = {{0}};

    if (xw_option(argc, argv, options) != -1 ||
        !xw_operands_ok(argc, argv, 1, INT_MAX, "a lab file"))
        return XW_EXIT_USAGE;
    return apply_all(argc - optind, argv + optind);
}

const struct xw_command xw_command_lab_apply = {
    .name = "lab apply",
    .arguments = "FILE...",
    .summary = "check lab files and make them count",
    .help = "Check lab files as `xwadm lab check` does, and compile those that are right: from\n"
            "then on the groups and users of each may use the lab, and worlds are made after it. A "
            "lab\n"
            "changes as a whole or, when its file has errors, not at all.\n"
            "\n"
            "Worlds that exist keep their disks. `xwadm deploy` brings the rest of them up to\n"
            "date; machines that run change when they have been stopped. Which worlds have\n"
            "machines that the lab no longer has is told. Giving a machine another image is\n"
            "refused while worlds have it.\n"
            "\n"
            "Example:\n"
            "  xwadm lab apply /etc/xworlds/labs.d/firewall.yaml && xwadm deploy firewall --all\n",
    .run = run,
};
