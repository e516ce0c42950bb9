#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "common/cleanup.h"
#include "common/exitcode.h"
#include "common/names.h"
#include "common/paths.h"
#include "xwadm/command.h"
#include "xwadm/files.h"
#include "xwadm/instructors.h"
#include "xwadm/say.h"
#include "xwadm/worlds.h"

static int remove_lab(const char *name, struct xw_error *err)
{
    XW_AUTO_WORLDS worlds = {0};
    char text[XW_WORLDS_TEXT_SIZE];
    struct stat info;
    XW_AUTO_CLOSE int labs = xw_directory_open(XW_LABS_DIR, err);

    if (labs < 0)
        return labs;
    XW_AUTO_CLOSE int lock = xw_directory_lock(labs, XW_LOCK_ALONE, "labs", err);
    if (lock < 0)
        return lock;
    xw_aside_clean(labs);
    if (fstatat(labs, name, &info, AT_SYMLINK_NOFOLLOW) < 0)
        return errno == ENOENT
                   ? xw_fail(err, -ENOENT,
                             "there is no lab \"%s\"; `xwadm lab list` shows them all", name)
                   : xw_fail_errno(err, -errno, "the lab \"%s\" can't be examined", name);
    int rc = xw_worlds_read(name, &worlds, err);
    if (rc < 0)
        return rc;
    if (worlds.count > 0) {
        xw_worlds_text(&worlds, text);
        return xw_fail(err, -EBUSY,
                       "there are worlds of the lab \"%s\": %s; destroy them first (`xwadm destroy "
                       "%s --all`)",
                       name, text, name);
    }
    rc = xw_instructors_write(name, NULL, err);
    return rc < 0 ? rc : xw_directory_withdraw(labs, name, err);
}

static int run(int argc, char **argv)
{
    static const struct option options[] = {{0}};
    struct xw_error err = {0};

    if (xw_option(argc, argv, options) != -1 || !xw_operands_ok(argc, argv, 1, 1, "the lab's name"))
        return XW_EXIT_USAGE;
    if (!xw_name_ok(argv[optind]))
        return xw_bad_name("a lab", argv[optind]);
    int rc = remove_lab(argv[optind], &err);
    if (rc < 0) {
        xw_complain(&err);
        return rc == -ENOENT ? XW_EXIT_REFUSED : XW_EXIT_FAILED;
    }
    xw_say("The lab \"%s\" is removed. Its file below %s, if there is one, is untouched.",
           argv[optind], XW_LABS_SOURCE);
    return XW_EXIT_OK;
}

const struct xw_command xw_command_lab_remove = {
    .name = "lab remove",
    .arguments = "LAB",
    .summary = "remove a lab that has no worlds",
    .help = "Remove a lab: nobody may use it any more. Refused, naming them, while there are\n"
            "worlds of it. The file that it was made from stays where it is.\n"
            "\n"
            "Example:\n"
            "  xwadm destroy firewall --all && xwadm lab remove firewall\n",
    .run = run,
};
