#include "xwadm/lab_view.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "common/clock.h"
#include "common/exitcode.h"
#include "common/lines.h"
#include "xwadm/named.h"
#include "xwadm/say.h"
#include "xwadm/window.h"

int xw_lab_view_read(int labs_fd, const char *name, struct xw_lab_view *view, struct xw_error *err)
{
    struct stat info;
    char plan[XW_NAME_SIZE + sizeof("/plan")];

    memset(view, 0, sizeof(*view));
    if (fstatat(labs_fd, name, &info, AT_SYMLINK_NOFOLLOW) < 0)
        return xw_fail(err, -ENOENT, "there is no lab \"%s\"; `xwadm lab list` shows them all",
                       name);
    snprintf(view->name, sizeof(view->name), "%s", name);
    view->rc = xw_access_read(labs_fd, name, &view->access, &view->trouble);
    if (view->rc == 0)
        view->rc = xw_plan_read(labs_fd, name, &view->plan, &view->trouble);
    snprintf(plan, sizeof(plan), "%s/plan", view->name);
    if (fstatat(labs_fd, plan, &info, AT_SYMLINK_NOFOLLOW) == 0)
        view->applied = info.st_mtime;
    else if (view->rc == 0)
        view->rc = xw_fail_errno(&view->trouble, -errno, "%s can't be examined", plan);
    return xw_worlds_read(name, &view->worlds, err);
}

struct xw_lab_view *xw_lab_view_new(void)
{
    struct xw_lab_view *view = calloc(1, sizeof(*view));

    if (!view) {
        xw_note("there is not enough memory");
        exit(XW_EXIT_FAILED);
    }
    return view;
}

void xw_lab_view_free(struct xw_lab_view *view)
{
    xw_worlds_free(&view->worlds);
}

void xw_group_text(gid_t gid, char *text)
{
    const struct group *group = getgrgid(gid);

    if (group && xw_text_ok(group->gr_name))
        snprintf(text, XW_GROUP_TEXT_SIZE, "%s", group->gr_name);
    else
        snprintf(text, XW_GROUP_TEXT_SIZE, "%lu", (unsigned long)gid);
}

static struct json_object *groups_json(const gid_t *gids, size_t count)
{
    struct json_object *groups = xw_json_need(json_object_new_array());
    char text[XW_GROUP_TEXT_SIZE];

    for (size_t i = 0; i < count; i++) {
        struct json_object *group = xw_json_need(json_object_new_object());
        xw_group_text(gids[i], text);
        xw_json_text(group, "name", text);
        xw_json_number(group, "gid", gids[i]);
        json_object_array_add(groups, group);
    }
    return groups;
}

static struct json_object *users_json(const struct xw_named *users, size_t count)
{
    struct json_object *list = xw_json_need(json_object_new_array());

    for (size_t i = 0; i < count; i++) {
        struct json_object *user = xw_json_need(json_object_new_object());
        xw_json_text(user, "name", users[i].name);
        xw_json_number(user, "uid", users[i].uid);
        const enum xw_named_state state = xw_named_find(&users[i]);
        if (state == XW_NAMED_UNKNOWN)
            json_object_object_add(user, "exists", NULL);
        else
            xw_json_bool(user, "exists", state == XW_NAMED_THERE);
        json_object_array_add(list, user);
    }
    return list;
}

void xw_lab_view_json(const struct xw_lab_view *view, struct json_object *object)
{
    xw_json_text(object, "name", view->name);
    xw_json_bool(object, "usable", view->rc == 0);
    if (view->rc < 0)
        xw_json_text(object, "trouble", view->trouble.text);
    xw_json_text(object, "title", view->access.title);
    if (view->applied)
        xw_json_time(object, "applied", view->applied);
    json_object_object_add(object, "students",
                           groups_json(view->access.students, view->access.student_count));
    json_object_object_add(object, "users",
                           users_json(view->access.users, view->access.user_count));
    json_object_object_add(object, "teams",
                           groups_json(view->access.teams, view->access.team_count));
    json_object_object_add(object, "instructors",
                           groups_json(view->access.instructors, view->access.instructor_count));
    json_object_object_add(
        object, "instructor_users",
        users_json(view->access.instructor_users, view->access.instructor_user_count));
    const struct xw_window window = xw_access_window(NULL, &view->access, xw_clock_now());
    xw_window_json(&window, object);
    xw_json_number(object, "machine_count", view->plan.machine_count);
    xw_json_number(object, "segment_count", view->plan.segment_count);
    xw_json_number(object, "world_count", view->worlds.count);
}
