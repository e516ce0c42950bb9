#include "common/access.h"

#include <stdio.h>
#include <string.h>

#include "common/exitcode.h"

static bool is_among(gid_t group, const gid_t *groups, size_t count)
{
    size_t i = 0;

    while (i < count && groups[i] != group)
        i++;
    return i < count;
}

static bool in_any_group(const struct xw_caller *caller, const gid_t *groups, size_t count)
{
    size_t i = 0;

    while (i < count && !is_among(groups[i], caller->groups, caller->group_count))
        i++;
    return caller->uid != 0 && i < count;
}

bool xw_access_names(const struct xw_caller *caller, const struct xw_named *users, size_t count)
{
    size_t i = 0;

    while (i < count && users[i].uid != caller->uid)
        i++;
    return caller->uid != 0 && i < count && caller->name &&
           strcmp(users[i].name, caller->name) == 0;
}

bool xw_access_lists(const struct xw_owner *owner, const char *lab)
{
    return xw_names_find(owner->labs, owner->lab_count, lab) < owner->lab_count;
}

bool xw_access_concerns(const struct xw_owner *owner, const char *lab)
{
    return xw_access_lists(owner, lab) ||
           xw_names_find(owner->instructed, owner->instructed_count, lab) < owner->instructed_count;
}

bool xw_access_grants(const struct xw_caller *caller, const struct xw_access *access)
{
    return in_any_group(caller, access->students, access->student_count) ||
           xw_access_names(caller, access->users, access->user_count);
}

bool xw_access_grants_team(const struct xw_caller *caller, const struct xw_access *access,
                           gid_t team)
{
    return in_any_group(caller, &team, 1) && is_among(team, access->teams, access->team_count);
}

bool xw_access_instructs(const struct xw_caller *caller, const struct xw_access *access)
{
    return in_any_group(caller, access->instructors, access->instructor_count) ||
           xw_access_names(caller, access->instructor_users, access->instructor_user_count);
}

time_t xw_access_extension(const struct xw_owner *owner, const char *lab)
{
    size_t at = xw_names_find(owner->labs, owner->lab_count, lab);

    return at < owner->lab_count ? owner->until[at] : 0;
}

struct xw_window xw_access_window(const struct xw_owner *owner, const struct xw_access *access,
                                  time_t now)
{
    struct xw_window window = {.opens = access->opens, .closes = access->closes};
    time_t until = owner ? xw_access_extension(owner, access->lab) : 0;

    if (window.closes && until > window.closes)
        window.closes = until;
    if (window.closes)
        window.ends = window.closes + access->grace;
    if (now < window.opens)
        window.state = XW_WINDOW_BEFORE;
    else if (window.closes && now >= window.ends)
        window.state = XW_WINDOW_CLOSED;
    else if (window.closes && now >= window.closes)
        window.state = XW_WINDOW_GRACE;
    return window;
}

bool xw_window_line(const char *lab, const char *owner, const struct xw_window *window,
                    char line[XW_WINDOW_LINE_SIZE])
{
    static const char *const words[] = {"open", "before", "grace", "closed"};

    snprintf(line, XW_WINDOW_LINE_SIZE, "window %s%s%s %s %lld %lld %lld", lab, *owner ? ":" : "",
             owner, words[window->state], (long long)window->opens, (long long)window->closes,
             (long long)window->ends);
    return window->opens || window->closes;
}

const char *xw_window_refusal(const struct xw_window *window)
{
    return window->state == XW_WINDOW_BEFORE ? XW_NOT_OPEN_TEXT : XW_CLOSED_TEXT;
}

static bool has_every_machine(const struct xw_access *access, const struct xw_request *request)
{
    for (size_t i = 0; i < request->machine_count; i++) {
        if (xw_names_find(access->machines, access->machine_count, request->machines[i]) ==
            access->machine_count)
            return false;
    }
    return true;
}

enum xw_decision xw_access_to_lab(const struct xw_caller *caller, const struct xw_owner *owner,
                                  const struct xw_access *access)
{
    if (caller->uid == 0 || !owner || !access || !xw_access_lists(owner, access->lab))
        return XW_DECISION_REFUSE;
    bool theirs = owner->gid ? xw_access_grants_team(caller, access, owner->gid)
                             : owner->uid == caller->uid && xw_access_grants(caller, access);
    return theirs ? XW_DECISION_ALLOW : XW_DECISION_REFUSE;
}

/* Who asks for everything that is theirs: under their name, or under none without a record. */
static enum xw_decision decide_own(const struct xw_caller *caller, const struct xw_request *request,
                                   const struct xw_owner *owner)
{
    bool theirs = !owner || (owner->uid == caller->uid && !owner->gid);

    return theirs && strcmp(request->owner, owner ? owner->name : "") == 0 ? XW_DECISION_ALLOW
                                                                           : XW_DECISION_REFUSE;
}

enum xw_decision xw_access_decide(const struct xw_caller *caller, const struct xw_request *request,
                                  const struct xw_owner *owner, const struct xw_access *access,
                                  time_t now)
{
    const struct xw_verb_info *verb = xw_verb_info(request->verb);

    if ((caller->uid == 0) != (verb->role == XW_ROLE_ROOT))
        return XW_DECISION_REFUSE;
    if (verb->role == XW_ROLE_ROOT)
        return XW_DECISION_ALLOW;
    if (verb->scope == XW_SCOPE_NONE)
        return decide_own(caller, request, owner);
    if (!access || strcmp(access->lab, request->lab) != 0 || !has_every_machine(access, request))
        return XW_DECISION_REFUSE;
    bool instructs = xw_access_instructs(caller, access);
    /* Of these there need be no world. */
    if (verb->scope == XW_SCOPE_ALL || request->verb == XW_VERB_DEPLOY)
        return instructs ? XW_DECISION_ALLOW : XW_DECISION_REFUSE;
    if (!owner || strcmp(owner->name, request->owner) != 0 || !xw_access_lists(owner, access->lab))
        return XW_DECISION_REFUSE;
    if (instructs)
        return XW_DECISION_ALLOW;
    if (verb->role != XW_ROLE_STUDENT ||
        xw_access_to_lab(caller, owner, access) != XW_DECISION_ALLOW)
        return XW_DECISION_REFUSE;
    if (!verb->changes && !verb->takes_descriptor)
        return XW_DECISION_ALLOW;
    return xw_access_window(owner, access, now).state == XW_WINDOW_OPEN ? XW_DECISION_ALLOW
                                                                        : XW_DECISION_LIMIT;
}
