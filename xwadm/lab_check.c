#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "common/exitcode.h"
#include "xwadm/command.h"
#include "xwadm/lab_file.h"
#include "xwadm/lab_topology.h"
#include "xwadm/say.h"

/* What to print of a lab that is right. */
struct wanted {
    bool topology;
    bool plain;
};

static int check(const char *path, const struct wanted *wanted)
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
    if (rc == 0 && wanted->topology)
        rc = xw_lab_topology_print(&file->compiled.plan, wanted->plain, &err);
    if (rc < 0 && file->problems.count > 0)
        xw_lab_file_complain(file);
    else if (rc < 0)
        xw_complain(&err);
    xw_lab_file_free(file);
    free(file);
    return rc < 0 ? XW_EXIT_FAILED : XW_EXIT_OK;
}

static int run(int argc, char **argv)
{
    static const struct option options[] = {
        {"topology", no_argument, NULL, 't'}, {"plain", no_argument, NULL, 'p'}, {0}};
    struct wanted wanted = {0};
    int code = XW_EXIT_OK;
    int option;

    while ((option = xw_option(argc, argv, options)) != -1) {
        if (option == '?')
            return XW_EXIT_USAGE;
        wanted.topology = wanted.topology || option == 't';
        wanted.plain = wanted.plain || option == 'p';
    }
    if (wanted.plain && !wanted.topology) {
        xw_note("--plain goes with --topology");
        return XW_EXIT_USAGE;
    }
    if (!xw_operands_ok(argc, argv, 1, INT_MAX, "a lab file"))
        return XW_EXIT_USAGE;
    for (int i = optind; i < argc; i++) {
        if (check(argv[i], &wanted) != XW_EXIT_OK)
            code = XW_EXIT_FAILED;
    }
    return code;
}

const struct xw_command xw_command_lab_check = {
    .name = "lab check",
    .arguments = "FILE... [--topology [--plain]]",
    .summary = "check lab files without changing anything",
    .help = "Check lab files against the format of xworlds-lab(5) and against this host: its\n"
            "groups, users and images. All errors of a file are shown at once, each as\n"
            "\n"
            "  FILE:LINE:COLUMN: what is wrong; what would be right\n"
            "\n"
            "which editors understand. A file called LAB.yaml describes the lab LAB, a file\n"
            "LAB/lab.yaml too. Files are read by a process without any privilege.\n"
            "\n"
            "  --topology  draw the segments of a lab that is right, and its machines on them\n"
            "  --plain     the same in sentences\n"
            "\n"
            "Examples:\n"
            "  xwadm lab check /etc/xworlds/labs.d/*.yaml\n"
            "  xwadm lab check firewall.yaml --topology\n",
    .run = run,
};
