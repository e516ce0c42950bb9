#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "common/cleanup.h"
#include "common/exitcode.h"
#include "common/names.h"
#include "common/paths.h"
#include "xwadm/command.h"
#include "xwadm/files.h"
#include "xwadm/lab_view.h"
#include "xwadm/say.h"

static void print_line(const struct xw_lab_view *view)
{
    if (view->rc < 0)
        xw_say("%-20s %8s %6zu  %s", view->name, "?", view->worlds.count, "(unreadable)");
    else
        xw_say("%-20s %8zu %6zu  %s", view->name, view->plan.machine_count, view->worlds.count,
               view->access.title);
}

/* Shows one lab; what is wrong with it goes to the standard error. */
static int list_one(int labs_fd, const char *name, struct json_object *labs, struct xw_error *err)
{
    struct xw_lab_view *view = calloc(1, sizeof(*view));

    if (!view)
        return xw_fail(err, -ENOMEM, "there is not enough memory");
    int rc = xw_lab_view_read(labs_fd, name, view, err);
    if (rc == 0 && labs) {
        struct json_object *object = xw_json_need(json_object_new_object());
        xw_lab_view_json(view, object);
        json_object_array_add(labs, object);
    } else if (rc == 0) {
        print_line(view);
    }
    if (rc == 0 && view->rc < 0)
        xw_note("the lab \"%s\": %s; apply it again", name, view->trouble.text);
    xw_lab_view_free(view);
    free(view);
    return rc;
}

static int list_all(bool json, struct xw_error *err)
{
    char(*names)[XW_NAME_SIZE] = NULL;
    XW_AUTO_CLOSE int labs_fd = xw_directory_open(XW_LABS_DIR, err);

    if (labs_fd < 0)
        return labs_fd;
    ssize_t count = xw_directory_names(labs_fd, xw_name_ok, &names, err);
    if (count < 0)
        return (int)count;
    struct json_object *labs = json ? xw_json_need(json_object_new_array()) : NULL;
    int rc = 0;
    if (!json && count > 0)
        xw_say("%-20s %8s %6s  %s", "LAB", "MACHINES", "WORLDS", "TITLE");
    for (ssize_t i = 0; i < count && rc == 0; i++)
        rc = list_one(labs_fd, names[i], labs, err);
    free(names);
    if (rc == 0 && json) {
        struct json_object *object = xw_json_new();
        json_object_object_add(object, "labs", labs);
        xw_json_print(object);
    } else {
        json_object_put(labs);
    }
    if (rc == 0 && !json && count == 0)
        xw_note("no lab is applied; `xwadm help lab apply` tells how");
    return rc;
}

static int run(int argc, char **argv)
{
    struct xw_error err = {0};
    bool json;

    if (!xw_json_option(argc, argv, &json) || !xw_operands_ok(argc, argv, 0, 0, ""))
        return XW_EXIT_USAGE;
    return list_all(json, &err) < 0 ? xw_complain(&err) : XW_EXIT_OK;
}

const struct xw_command xw_command_lab_list = {
    .name = "lab list",
    .arguments = "[--json]",
    .summary = "list the labs that are applied",
    .help = "List the labs that are applied: how many machines each has, and how many worlds of\n"
            "it there are.\n"
            "\n"
            "  --json  for programs\n"
            "\n"
            "Example:\n"
            "  xwadm lab list\n",
    .run = run,
};
