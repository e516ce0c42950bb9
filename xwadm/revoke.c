#include <errno.h>
#include <stdio.h>

#include "common/exitcode.h"
#include "xwadm/command.h"
#include "xwadm/files.h"
#include "xwadm/grant_common.h"
#include "xwadm/hang_up.h"
#include "xwadm/holders.h"
#include "xwadm/say.h"

/* Whether somebody can be taken out of a group of which they are a member. */
static int check_group(const struct xw_member *member, const struct xw_lab_group *group,
                       struct xw_error *err)
{
    struct xw_error why = {0};
    enum xw_membership membership = xw_membership_of(member, group->gid);

    if (membership == XW_MEMBERSHIP_NONE)
        return 0;
    if (membership == XW_MEMBERSHIP_PRIMARY)
        return xw_fail(err, -EINVAL,
                       "%s is the primary group of %s, which only another primary group takes "
                       "away: `usermod -g GROUP %s`",
                       group->name, member->name, member->name);
    int rc = xw_membership_is_ours(group, &why);
    return rc < 0 ? xw_fail(err, rc, "%s: %s", member->name, why.text) : 0;
}

/* No group takes away what the lab's file gives to a name. */
static int check_name(const struct xw_grant *grant, const struct xw_member *member,
                      struct xw_error *err)
{
    if (grant->group || !xw_grant_names(grant, member))
        return 0;
    return xw_fail(err, -EINVAL,
                   "%s is named in the file of the lab %s, which lets them in whatever their "
                   "groups are: take the name out of \"%s\" there, and apply it again",
                   member->name, grant->access.lab,
                   grant->instructors ? "instructor-users" : "users");
}

/* All of it before anything is changed. Complains of each; returns whether all can be. */
static bool check_all(const struct xw_grant *grant)
{
    bool all = true;

    for (size_t i = 0; i < grant->people.count; i++) {
        struct xw_error named = {0};
        if (check_name(grant, &grant->people.items[i], &named) < 0) {
            xw_complain(&named);
            all = false;
        }
        for (size_t j = 0; j < grant->groups.count; j++) {
            struct xw_error err = {0};
            if (check_group(&grant->people.items[i], &grant->groups.items[j], &err) < 0) {
                xw_complain(&err);
                all = false;
            }
        }
    }
    if (!all)
        xw_note("nothing was changed");
    return all;
}

static int take_out(const struct xw_grant *grant, const struct xw_member *member,
                    struct xw_error *err)
{
    char names[XW_LAB_GROUPS_TEXT_SIZE];
    size_t taken = 0;

    for (size_t i = 0; i < grant->groups.count; i++) {
        const struct xw_lab_group *group = &grant->groups.items[i];
        if (xw_membership_of(member, group->gid) == XW_MEMBERSHIP_NONE)
            continue;
        int rc = xw_interrupted() ? xw_fail(err, -EINTR, "interrupted")
                                  : xw_membership_change(group, member->name, false, err);
        if (rc < 0)
            return rc;
        xw_say("%s: taken out of %s", member->name, group->name);
        taken++;
    }
    xw_lab_groups_text(&grant->groups, names);
    if (taken == 0)
        xw_say("%s: is not in %s", member->name, names);
    return 0;
}

/* Says who still has it, and for how long. */
static int tell_held(const struct xw_grant *grant, const struct xw_member *member,
                     const struct xw_held *held, struct xw_error *err)
{
    ssize_t count = xw_holders_count(held, err);

    if (count < 0)
        return (int)count;
    if (count == 0)
        xw_say("%s: nothing that runs has the group: the next request is refused", member->name);
    else
        xw_say("%s: %zd %s the group from a login that is open, and may use the lab until %s; "
               "`xwadm revoke %s %s%s --now` ends %s",
               member->name, count, count == 1 ? "process has" : "processes have",
               count == 1 ? "it ends" : "they end", grant->access.lab, member->name,
               grant->instructors ? " --instructor" : "", count == 1 ? "it" : "them");
    return 0;
}

static int end_held(const struct xw_member *member, const struct xw_held *held,
                    struct xw_error *err)
{
    struct xw_hung_up done;
    struct xw_error why = {0};
    int rc = xw_hang_up(held, &done, &why);

    xw_say("%s: ended %zu %s and %zu %s", member->name, done.consoles,
           done.consoles == 1 ? "console" : "consoles", done.processes,
           done.processes == 1 ? "process" : "processes");
    if (rc < 0)
        return xw_fail(err, rc, "%s: %s", member->name, why.text);
    if (done.under_way > 0)
        xw_say("%s: %zu %s that began before; it goes on to its end", member->name, done.under_way,
               done.under_way == 1 ? "request is under way" : "requests are under way");
    return 0;
}

/* With --group, another group, or the lab's file, may go on giving the lab. */
static int tell_others(const struct xw_grant *grant, const struct xw_member *member,
                       struct xw_error *err)
{
    struct xw_lab_groups all;
    int rc =
        grant->group ? xw_lab_groups_find(&grant->access, grant->instructors, NULL, &all, err) : 0;

    for (size_t i = 0; grant->group && rc == 0 && i < all.count; i++) {
        if (all.gids[i] != grant->groups.gids[0] && xw_member_in(member, all.gids[i]))
            xw_say("%s: stays %s of the lab: in %s", member->name,
                   grant->instructors ? "an instructor" : "a student", all.items[i].name);
    }
    if (rc == 0 && xw_grant_names(grant, member))
        xw_say("%s: stays %s of the lab: named in its file", member->name,
               grant->instructors ? "an instructor" : "a student");
    return rc;
}

static int revoke_one(const struct xw_grant *grant, const struct xw_member *member,
                      struct xw_error *err)
{
    const struct xw_held held = {member->uid, grant->groups.gids, grant->groups.count};
    int rc = take_out(grant, member, err);

    if (rc == 0)
        rc = tell_others(grant, member, err);
    if (rc < 0)
        return rc;
    return grant->now ? end_held(member, &held, err) : tell_held(grant, member, &held, err);
}

static int revoke_all(const struct xw_grant *grant)
{
    struct xw_error err = {0};

    for (size_t i = 0; i < grant->people.count; i++) {
        int rc = revoke_one(grant, &grant->people.items[i], &err);
        if (rc == 0)
            continue;
        xw_complain(&err);
        for (; i < grant->people.count; i++)
            xw_note("not done: %s", grant->people.items[i].name);
        return xw_exit_of(rc);
    }
    xw_lab_groups_note_others(grant->labs_fd, grant->access.lab, &grant->groups);
    return XW_EXIT_OK;
}

static int run(int argc, char **argv)
{
    struct xw_grant grant;
    int code = xw_grant_open(&grant, argc, argv, true);

    if (code == XW_EXIT_OK)
        code = check_all(&grant) ? revoke_all(&grant) : XW_EXIT_FAILED;
    xw_grant_close(&grant);
    return code;
}

const struct xw_command xw_command_revoke = {
    .name = "revoke",
    .arguments = "LAB USER... [--instructor] [--group GROUP] [--now]",
    .summary = "take people out of a lab's groups",
    .help =
        "Take each USER out of all groups of the students of LAB, its teams too, with gpasswd(1). "
        "Their worlds\n"
        "stay. The next login has the group no more; a login that is open keeps the groups that "
        "it\n"
        "began with, so its menu, its consoles and new requests go on until it ends. How many\n"
        "processes still have the group is said.\n"
        "\n"
        "  --now          end their consoles, and all processes of theirs that have the group\n"
        "  --instructor   out of the groups of its instructors instead\n"
        "  --group GROUP  out of this one only\n"
        "\n"
        "A primary group, and one that isn't in /etc/group (of LDAP or SSSD), can't be taken away\n"
        "here: nothing is done then, for any USER. Take them out where the group comes from, then\n"
        "run this with --now. Nor can it be taken away here that the lab's file names a USER: "
        "change\n"
        "the file, and apply it.\n"
        "\n"
        "Examples:\n"
        "  xwadm revoke firewall bob\n"
        "  xwadm revoke firewall bob --now\n",
    .run = run,
};
