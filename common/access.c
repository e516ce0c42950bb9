#include "common/access.h"

#include <string.h>

static bool in_any_group(const struct xw_caller *caller, const gid_t *groups, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        for (size_t j = 0; j < caller->group_count; j++) {
            if (groups[i] == caller->groups[j])
                return true;
        }
    }
    return false;
}

static bool has_name(const char (*names)[XW_NAME_SIZE], size_t count, const char *name)
{
    for (size_t i = 0; i < count; i++) {
        if (strcmp(names[i], name) == 0)
            return true;
    }
    return false;
}

bool xw_access_lists(const struct xw_owner *owner, const char *lab)
{
    return has_name(owner->labs, owner->lab_count, lab);
}

bool xw_access_grants(const struct xw_caller *caller, const struct xw_access *access)
{
    return caller->uid != 0 && in_any_group(caller, access->students, access->student_count);
}

bool xw_access_instructs(const struct xw_caller *caller, const struct xw_access *access)
{
    return caller->uid != 0 && in_any_group(caller, access->instructors, access->instructor_count);
}

static bool has_every_machine(const struct xw_access *access, const struct xw_request *request)
{
    for (size_t i = 0; i < request->machine_count; i++) {
        if (!has_name(access->machines, access->machine_count, request->machines[i]))
            return false;
    }
    return true;
}

enum xw_decision xw_access_to_lab(const struct xw_caller *caller, const struct xw_owner *owner,
                                  const struct xw_access *access)
{
    if (caller->uid == 0 || !owner || !access)
        return XW_DECISION_REFUSE;
    if (owner->uid != caller->uid || !xw_access_lists(owner, access->lab))
        return XW_DECISION_REFUSE;
    return xw_access_grants(caller, access) ? XW_DECISION_ALLOW : XW_DECISION_REFUSE;
}

enum xw_decision xw_access_decide(const struct xw_caller *caller, const struct xw_request *request,
                                  const struct xw_owner *owner, const struct xw_access *access)
{
    const struct xw_verb_info *verb = xw_verb_info(request->verb);

    if ((caller->uid == 0) != (verb->role == XW_ROLE_ROOT))
        return XW_DECISION_REFUSE;
    if (verb->role == XW_ROLE_ROOT)
        return XW_DECISION_ALLOW;
    if (!owner || owner->uid != caller->uid || strcmp(owner->name, request->owner) != 0)
        return XW_DECISION_REFUSE;
    if (verb->scope == XW_SCOPE_NONE)
        return XW_DECISION_ALLOW;
    if (!access || strcmp(access->lab, request->lab) != 0)
        return XW_DECISION_REFUSE;
    if (xw_access_to_lab(caller, owner, access) != XW_DECISION_ALLOW)
        return XW_DECISION_REFUSE;
    return has_every_machine(access, request) ? XW_DECISION_ALLOW : XW_DECISION_REFUSE;
}
