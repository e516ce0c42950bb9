#include "xwadm/window.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "common/cleanup.h"
#include "common/paths.h"
#include "common/record.h"
#include "xwadm/files.h"
#include "xwadm/say.h"
#include "xwhelper/keeper/world.h"

void xw_when_text(time_t when, char text[XW_WHEN_SIZE])
{
    struct tm parts;

    if (!localtime_r(&when, &parts) ||
        strftime(text, XW_WHEN_SIZE, "%Y-%m-%d %H:%M %Z", &parts) == 0)
        snprintf(text, XW_WHEN_SIZE, "%lld", (long long)when);
}

int xw_extension_read(const char *lab, const char *user, struct xw_owner *owner,
                      struct xw_error *err)
{
    id_t number;
    XW_AUTO_CLOSE int owners = xw_directory_open(XW_OWNERS_DIR, err);

    memset(owner, 0, sizeof(*owner));
    if (owners < 0)
        return owners;
    int rc = xw_world_owner(lab, user, &number, err);
    if (rc == 0)
        rc = xw_is_team(user) ? xw_owner_read_group(owners, number, owner, err)
                              : xw_owner_read(owners, number, owner, err);
    return rc == -ENOENT ? 0 : rc;
}

void xw_window_text(const struct xw_window *window, char text[XW_WINDOW_TEXT_SIZE])
{
    char when[XW_WHEN_SIZE];
    const bool before = window->state == XW_WINDOW_BEFORE;

    text[0] = '\0';
    if (!before && !window->closes)
        return;
    xw_when_text(before ? window->opens : window->closes, when);
    snprintf(text, XW_WINDOW_TEXT_SIZE, "%s %s",
             before                            ? "opens"
             : window->state == XW_WINDOW_OPEN ? "open until"
                                               : "closed since",
             when);
}

void xw_window_json(const struct xw_window *window, struct json_object *object)
{
    static const char *const words[] = {[XW_WINDOW_OPEN] = "open",
                                        [XW_WINDOW_BEFORE] = "before",
                                        [XW_WINDOW_GRACE] = "grace",
                                        [XW_WINDOW_CLOSED] = "closed"};

    if (!window->opens && !window->closes)
        return;
    struct json_object *member = xw_json_need(json_object_new_object());
    xw_json_text(member, "state", words[window->state]);
    if (window->opens)
        xw_json_time(member, "opens", window->opens);
    if (window->closes) {
        xw_json_time(member, "closes", window->closes);
        xw_json_time(member, "consoles_end", window->ends);
    }
    json_object_object_add(object, "window", member);
}
