#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "common/exitcode.h"
#include "xwadm/command.h"
#include "xwadm/lab_file.h"
#include "xwadm/say.h"

static int check(const char *path)
{
    struct xw_error err = {0};
    struct xw_lab_file *file = calloc(1, sizeof(*file));

    if (!file) {
        xw_note("there is not enough memory");
        return XW_EXIT_FAILED;
    }
    int rc = xw_lab_file_load(path, file, &err);
    if (rc == 0)
        xw_say("%s: the lab \"%s\" is right: %zu machines on %zu segments.", path, file->name,
               file->compiled.plan.machine_count, file->compiled.plan.segment_count);
    else if (file->problems.count > 0)
        xw_lab_file_complain(file);
    else
        xw_complain(&err);
    xw_lab_file_free(file);
    free(file);
    return rc < 0 ? XW_EXIT_FAILED : XW_EXIT_OK;
}

static int run(int argc, char **argv)
{
    static const struct option options[] = {{0}};
    int code = XW_EXIT_OK;

    if (xw_option(argc, argv, options) != -1 ||
        !xw_operands_ok(argc, argv, 1, INT_MAX, "a lab file"))
        return XW_EXIT_USAGE;
    for (int i = optind; i < argc; i++) {
        if (check(argv[i]) != XW_EXIT_OK)
            code = XW_EXIT_FAILED;
    }
    return code;
}

const struct xw_command xw_command_lab_check = {
    .name = "lab check",
    .arguments = "FILE...",
    .summary = "check lab files without changing anything",
    .help = "Check lab files against the format of xworlds-lab(5) and against this host: its\n"
            "groups, users and images. All errors of a file are shown at once, each as\n"
            "\n"
            "  FILE:LINE:COLUMN: what is wrong; what would be right\n"
            "\n"
            "which editors understand. A file called LAB.yaml describes the lab LAB, a file\n"
            "LAB/lab.yaml too. Files are read by a process without any privilege.\n"
            "\n"
            "Example:\n"
            "  xwadm lab check /etc/xworlds/labs.d/*.yaml\n",
    .run = run,
};
