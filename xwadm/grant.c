#include <errno.h>
#include <grp.h>
#include <stdio.h>

#include "common/exitcode.h"
#include "xwadm/command.h"
#include "xwadm/files.h"
#include "xwadm/grant_common.h"
#include "xwadm/say.h"

/* The group that sshd gives xwsh to (contrib/sshd_config.d). */
#define LOGIN_GROUP "xworlds"

/* One group must be meant. */
static int choose_group(const struct xw_grant *grant)
{
    const struct xw_access *access = &grant->access;
    char names[XW_LAB_GROUPS_TEXT_SIZE];

    if (grant->groups.count == 1)
        return XW_EXIT_OK;
    /* The students' comes first; a team is only meant where it is named. */
    if (!grant->instructors && access->student_count == 1 &&
        grant->groups.gids[0] == access->students[0])
        return XW_EXIT_OK;
    xw_lab_groups_text(&grant->groups, names);
    xw_note("grant: the lab \"%s\" has several groups: %s; say which with --group",
            grant->access.lab, names);
    return XW_EXIT_USAGE;
}

static bool is_member(const struct xw_grant *grant, size_t i)
{
    return xw_membership_of(&grant->people.items[i], grant->groups.gids[0]) != XW_MEMBERSHIP_NONE;
}

static size_t count_new(const struct xw_grant *grant)
{
    size_t count = 0;

    for (size_t i = 0; i < grant->people.count; i++)
        count += !is_member(grant, i);
    return count;
}

/* Without that group, sshd leaves them their own shell. */
static void note_login_group(const struct xw_member *member)
{
    const struct group *group = getgrnam(LOGIN_GROUP);

    if (group && !xw_member_in(member, group->gr_gid))
        xw_note("%s isn't in the group " LOGIN_GROUP
                ", whose members get xwsh when they log in: `gpasswd -a %s " LOGIN_GROUP "`",
                member->name, member->name);
}

/* Names those whom it wasn't come to, after a failure or an interrupt. */
static void note_rest(const struct xw_grant *grant, size_t from)
{
    for (size_t i = from; i < grant->people.count; i++) {
        if (!is_member(grant, i))
            xw_note("not done: %s", grant->people.items[i].name);
    }
}

static int grant_all(const struct xw_grant *grant)
{
    const struct xw_lab_group *group = &grant->groups.items[0];
    struct xw_error err = {0};

    for (size_t i = 0; i < grant->people.count; i++) {
        const struct xw_member *member = &grant->people.items[i];
        if (is_member(grant, i)) {
            xw_say("%s: is in %s already", member->name, group->name);
            continue;
        }
        int rc = xw_interrupted() ? xw_fail(&err, -EINTR, "interrupted")
                                  : xw_membership_change(group, member->name, true, &err);
        if (rc < 0) {
            xw_complain(&err);
            note_rest(grant, i);
            return xw_exit_of(rc);
        }
        xw_say("%s: added to %s", member->name, group->name);
        if (xw_grant_names(grant, member))
            xw_note("%s is named in the file of the lab, and has it without the group, too",
                    member->name);
        note_login_group(member);
    }
    return XW_EXIT_OK;
}

static int grant_to_people(const struct xw_grant *grant)
{
    struct xw_error err = {0};
    int code = choose_group(grant);

    if (code != XW_EXIT_OK)
        return code;
    const size_t new_ones = count_new(grant);
    if (new_ones > 0 && xw_membership_is_ours(&grant->groups.items[0], &err) < 0) {
        xw_complain(&err);
        note_rest(grant, 0);
        return XW_EXIT_FAILED;
    }
    code = grant_all(grant);
    if (code == XW_EXIT_OK && new_ones > 0) {
        xw_note("it counts from the next login on: a login that is open keeps the groups that it "
                "began with");
        xw_lab_groups_note_others(grant->labs_fd, grant->access.lab, &grant->groups);
    }
    return code;
}

static int run(int argc, char **argv)
{
    struct xw_grant grant;
    int code = xw_grant_open(&grant, argc, argv, false);

    if (code == XW_EXIT_OK)
        code = grant_to_people(&grant);
    xw_grant_close(&grant);
    return code;
}

const struct xw_command xw_command_grant = {
    .name = "grant",
    .arguments = "LAB USER... [--instructor] [--group GROUP]",
    .summary = "add people to a lab's group",
    .help =
        "Add each USER to the group whose members are the students of LAB, with gpasswd(1). They\n"
        "have the lab from their next login on. Who is in it already stays so.\n"
        "\n"
        "  --instructor   to the group of its instructors instead\n"
        "  --group GROUP  which one, where the lab has several, or a team's\n"
        "\n"
        "A group that isn't in /etc/group (of LDAP or SSSD) is only read: its members are changed\n"
        "where it comes from. If one USER doesn't exist, nothing is done; if gpasswd fails, who "
        "was\n"
        "added before is said, and who was not.\n"
        "\n"
        "Examples:\n"
        "  xwadm grant firewall alice bob\n"
        "  xwadm grant firewall tina --instructor\n",
    .run = run,
};
