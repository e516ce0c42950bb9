#include "xwadm/explain.h"

#include <errno.h>
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

    return owner && strcmp(owner->name, claimant->caller.name) == 0 ? owner : NULL;
}

/* Whether a team of theirs has a world; that one is the team that counts. */
static bool find_team(const struct xw_claimant *claimant, const struct xw_access *access, gid_t *by)
{
    for (size_t i = 0; i < claimant->team_count; i++) {
        const struct xw_owner *team = &claimant->teams[i];
        if (team->gid && xw_access_to_lab(&claimant->caller, team, access) == XW_DECISION_ALLOW) {
            *by = team->gid;
            return true;
        }
    }
    return false;
}

/* The one whom the list names with this uid or this name, but not with both. */
static const struct xw_named *find_other(const struct xw_caller *caller,
                                         const struct xw_named *users, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if ((users[i].uid == caller->uid) != (strcmp(users[i].name, caller->name) == 0))
            return &users[i];
    }
    return NULL;
}

/* Of who is in a student group, or named, and has no world: what keeps it from them. */
static enum xw_why find_obstacle(const struct xw_claimant *claimant, const struct xw_owner *owner,
                                 const struct xw_access *access)
{
    if (!xw_owner_ok(claimant->caller.name) || xw_is_team(claimant->caller.name))
        return XW_WHY_NAME;
    if (claimant->owner_rc < 0 && claimant->owner_rc != -ENOENT)
        return XW_WHY_RECORD;
    if (claimant->owner_rc == 0 && !owner)
        return XW_WHY_OTHER_NAME;
    return owner && xw_access_lists(owner, access->lab) ? XW_WHY_REFUSED : XW_WHY_NO_WORLD;
}

/* Of who may use no world. */
static enum xw_why find_reason(const struct xw_claimant *claimant, const struct xw_owner *owner,
                               const struct xw_access *access, struct xw_explanation *explanation)
{
    if (claimant->caller.uid == 0)
        return XW_WHY_ROOT;
    if (explanation->student)
        return find_obstacle(claimant, owner, access);
    if (explanation->team)
        return XW_WHY_NO_TEAM_WORLD;
    if (explanation->instructor)
        return XW_WHY_INSTRUCTOR;
    const struct xw_caller *caller = &claimant->caller;
    explanation->other = find_other(caller, access->users, access->user_count);
    if (!explanation->other)
        explanation->other =
            find_other(caller, access->instructor_users, access->instructor_user_count);
    if (explanation->other)
        return XW_WHY_OTHER_ACCOUNT;
    return owner && xw_access_lists(owner, access->lab) ? XW_WHY_LEFT : XW_WHY_NO_GROUP;
}

void xw_explain(const struct xw_claimant *claimant, const struct xw_access *access,
                struct xw_explanation *explanation)
{
    const struct xw_caller *caller = &claimant->caller;
    const struct xw_owner *owner = record_of(claimant);

    *explanation = (struct xw_explanation){
        .decision = xw_access_to_lab(caller, owner, access),
        .student = xw_access_grants(caller, access),
        .instructor = xw_access_instructs(caller, access),
        .named = xw_access_names(caller, access->users, access->user_count),
        .instructor_named =
            xw_access_names(caller, access->instructor_users, access->instructor_user_count),
    };
    find_group(caller, access->students, access->student_count, &explanation->student_by);
    find_group(caller, access->instructors, access->instructor_count, &explanation->instructor_by);
    explanation->team = caller->uid != 0 && find_group(caller, access->teams, access->team_count,
                                                       &explanation->team_by);
    bool team_world = find_team(claimant, access, &explanation->team_by);
    if (explanation->decision == XW_DECISION_ALLOW) {
        explanation->why = XW_WHY_WORLD;
    } else if (team_world) {
        explanation->why = XW_WHY_TEAM;
        explanation->decision = XW_DECISION_ALLOW;
    } else {
        explanation->why = find_reason(claimant, owner, access, explanation);
    }
}

const char *xw_why_word(enum xw_why why)
{
    static const char *const words[XW_WHY_COUNT] = {
        [XW_WHY_WORLD] = "world",
        [XW_WHY_NO_WORLD] = "no_world",
        [XW_WHY_TEAM] = "team",
        [XW_WHY_NO_TEAM_WORLD] = "no_team_world",
        [XW_WHY_INSTRUCTOR] = "instructor",
        [XW_WHY_LEFT] = "left_group",
        [XW_WHY_NO_GROUP] = "no_group",
        [XW_WHY_OTHER_ACCOUNT] = "named_as_another",
        [XW_WHY_OTHER_NAME] = "uid_of_another",
        [XW_WHY_RECORD] = "record",
        [XW_WHY_NAME] = "name",
        [XW_WHY_ROOT] = "root",
        [XW_WHY_REFUSED] = "refused",
    };

    return words[why];
}
