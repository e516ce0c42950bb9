#include "xwsh/target.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

static int set_lab(struct xw_request *request, const char *text, size_t length)
{
    if (length > XW_NAME_MAX)
        return -EINVAL;
    memcpy(request->lab, text, length);
    request->lab[length] = '\0';
    return xw_name_ok(request->lab) ? 0 : -EINVAL;
}

int xw_target_parse(const char *text, struct xw_request *request)
{
    enum xw_scope scope = xw_verb_info(request->verb)->scope;
    const char *slash = strchr(text, '/');
    int rc = set_lab(request, text, slash ? (size_t)(slash - text) : strlen(text));

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

    if (request->whole_world || request->machine_count == 0)
        snprintf(buffer, XW_TARGET_SIZE, "%s", request->lab);
    else
        snprintf(buffer, XW_TARGET_SIZE, "%s/%.*s", request->lab, XW_TARGET_SIZE - XW_NAME_SIZE - 1,
                 xw_target_machines(request, machines));
    return buffer;
}
