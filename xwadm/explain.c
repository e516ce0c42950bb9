#include "xwadm/explain.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "common/names.h"

static bool find_group(const struct xw_caller *caller, const gid_t *groups, size_t count, gid_t *by)
{
    for (size_t i = 0; i < count; i++) {
        for (size_t j = 0; j < caller->group_count; j++) {
            if (groups[i] == caller->groups[j]) {
                *by = groups[i];
                return true;
            }
        }
    }
    return false;
}

/* The record as the keeper takes it: none where it can't be read or is about another name. */
static const struct xw_owner *record_of(const struct xw_claimant *claimant)
{
    const struct xw_owner *owner = claimant->owner_rc == 0 ? claimant->owner : NULL;

    return owner && strcmp(owner->name, claimant->name) == 0 ? owner : NULL;
}

/* What a person asks for who wants to see one world: to look is allowed at any time. */
static enum xw_decision decide(const struct xw_claimant *claimant, const struct xw_owner *owner,
                               const struct xw_access *access)
{
    struct xw_request request = {.verb = XW_VERB_STATUS};

    snprintf(request.lab, sizeof(request.lab), "%s", access->lab);
    snprintf(request.owner, sizeof(request.owner), "%s", claimant->name);
    return xw_access_decide(&claimant->caller, &request, owner, access, 0);
}

static enum xw_why find_reason(const struct xw_claimant *claimant, const struct xw_owner *owner,
                               const struct xw_access *access,
                               const struct xw_explanation *explanation)
{
    const bool listed = owner && xw_access_lists(owner, access->lab);

    if (explanation->decision == XW_DECISION_ALLOW)
        return XW_WHY_WORLD;
    if (claimant->caller.uid == 0)
        return XW_WHY_ROOT;
    if (listed && !explanation->student)
        return XW_WHY_LEFT;
    if (explanation->student && !xw_owner_ok(claimant->name))
        return XW_WHY_NAME;
    if (explanation->student && claimant->owner_rc < 0 && claimant->owner_rc != -ENOENT)
        return XW_WHY_RECORD;
    if (explanation->student && claimant->owner_rc == 0 && !owner)
        return XW_WHY_OTHER_NAME;
    if (explanation->student)
        return listed ? XW_WHY_REFUSED : XW_WHY_NO_WORLD;
    return explanation->instructor ? XW_WHY_INSTRUCTOR : XW_WHY_NO_GROUP;
}

void xw_explain(const struct xw_claimant *claimant, const struct xw_access *access,
                struct xw_explanation *explanation)
{
    const struct xw_caller *caller = &claimant->caller;
    const struct xw_owner *owner = record_of(claimant);

    *explanation = (struct xw_explanation){
        .decision = decide(claimant, owner, access),
        .student = xw_access_grants(caller, access),
        .instructor = xw_access_instructs(caller, access),
    };
    find_group(caller, access->students, access->student_count, &explanation->student_by);
    find_group(caller, access->instructors, access->instructor_count, &explanation->instructor_by);
    explanation->why = find_reason(claimant, owner, access, explanation);
}

const char *xw_why_word(enum xw_why why)
{
    static const char *const words[XW_WHY_COUNT] = {
        [XW_WHY_WORLD] = "world",
        [XW_WHY_NO_WORLD] = "no_world",
        [XW_WHY_INSTRUCTOR] = "instructor",
        [XW_WHY_LEFT] = "left_group",
        [XW_WHY_NO_GROUP] = "no_group",
        [XW_WHY_OTHER_NAME] = "uid_of_another",
        [XW_WHY_RECORD] = "record",
        [XW_WHY_NAME] = "name",
        [XW_WHY_ROOT] = "root",
        [XW_WHY_REFUSED] = "refused",
    };

    return words[why];
}
