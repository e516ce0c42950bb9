#include "xwsh/target.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

const char *xw_target_world(const struct xw_request *request, char buffer[XW_WORLD_SIZE])
{
    snprintf(buffer, XW_WORLD_SIZE, "%s%s%s", request->lab, *request->owner ? ":" : "",
             request->owner);
    return buffer;
}

int xw_target_parse(const char *text, struct xw_request *request)
{
    enum xw_scope scope = xw_verb_info(request->verb)->scope;
    const char *slash = strchr(text, '/');
    char world[XW_WORLD_SIZE];
    size_t length = slash ? (size_t)(slash - text) : strlen(text);

    if (length >= sizeof(world))
        return -EINVAL;
    memcpy(world, text, length);
    world[length] = '\0';
    int rc = xw_request_set_world(request, world);
    if (rc < 0)
        return rc;
    if (slash && scope == XW_SCOPE_LAB)
        return -EDOM;
    if (!slash && scope == XW_SCOPE_ONE)
        return -EDOM;
    if (scope == XW_SCOPE_LAB)
        return 0;
    rc = xw_request_set_machines(request, slash ? slash + 1 : "*");
    if (rc < 0)
        return rc;
    return scope == XW_SCOPE_ONE && request->machine_count != 1 ? -EDOM : 0;
}

const char *xw_target_machines(const struct xw_request *request, char buffer[XW_TARGET_SIZE])
{
    size_t used = 0;

    snprintf(buffer, XW_TARGET_SIZE, "%s", request->whole_world ? "*" : "");
    for (size_t i = 0; i < request->machine_count; i++) {
        int n = snprintf(buffer + used, XW_TARGET_SIZE - used, "%s%s", i ? "," : "",
                         request->machines[i]);
        used += (size_t)n;
    }
    return buffer;
}

const char *xw_target_format(const struct xw_request *request, char buffer[XW_TARGET_SIZE])
{
    char machines[XW_TARGET_SIZE];
    char world[XW_WORLD_SIZE];

    xw_target_world(request, world);
    if (request->whole_world || request->machine_count == 0)
        snprintf(buffer, XW_TARGET_SIZE, "%s", world);
    else
        snprintf(buffer, XW_TARGET_SIZE, "%s/%.*s", world, XW_TARGET_SIZE - XW_WORLD_SIZE - 1,
                 xw_target_machines(request, machines));
    return buffer;
}

const char *xw_target_word(const struct xw_request *request)
{
    if (*request->owner)
        return request->owner;
    return request->machine_count == 1 ? request->machines[0] : request->lab;
}
