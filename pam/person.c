#include "pam/person.h"

#include <errno.h>
#include <grp.h>
#include <pwd.h>
#include <security/pam_modutil.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "pam/options.h"

enum {
    GROUP_BUFFER = 4096,
    GROUP_BUFFER_MAX = 4 << 20, /* a group with some hundred thousand members */
    MEMBERSHIPS = 64,
    MEMBERSHIPS_MAX = 65536 /* NGROUPS_MAX of the kernel */
};

/* Fills the groups that the user is in, the primary one among them. */
static int find_groups(struct xw_pam_person *person, gid_t primary, struct xw_error *err)
{
    for (int room = MEMBERSHIPS; room <= MEMBERSHIPS_MAX;) {
        int count = room;
        gid_t *groups = calloc((size_t)room, sizeof(*groups));

        if (!groups) {
            xw_fail(err, -ENOMEM, "there is not enough memory for a list of groups");
            return PAM_BUF_ERR;
        }
        if (getgrouplist(person->name, primary, groups, &count) >= 0) {
            person->groups = groups;
            person->caller.groups = groups;
            person->caller.group_count = (size_t)count;
            return PAM_SUCCESS;
        }
        free(groups);
        if (count <= room)
            break;
        room = count;
    }
    xw_fail(err, -EIO, "the groups of %s can't be looked up", person->name);
    return PAM_SYSTEM_ERR;
}

/* Looks a group up with this much room; PAM_INCOMPLETE where it is too little. */
static int look_up_group(const char *name, size_t size, gid_t *gid, struct xw_error *err)
{
    char *buffer = malloc(size);
    struct group entry;
    struct group *found = NULL;

    if (!buffer) {
        xw_fail(err, -ENOMEM, "there is not enough memory to look up the group %s", name);
        return PAM_BUF_ERR;
    }
    int rc = getgrnam_r(name, &entry, buffer, size, &found);
    if (rc == 0 && found)
        *gid = found->gr_gid;
    free(buffer);
    if (rc == ERANGE)
        return PAM_INCOMPLETE;
    if (rc != 0 && rc != ENOENT && rc != ESRCH) {
        xw_fail_errno(err, -rc, "the group %s can't be looked up", name);
        return PAM_SYSTEM_ERR;
    }
    return found ? PAM_SUCCESS : PAM_IGNORE;
}

/*
 * The number of a group. Returns PAM_SUCCESS, PAM_IGNORE where there is none of this name, or an
 * error: getgrnam_r(3) tells the two apart, which getgrnam(3) and pam_modutil don't.
 */
static int find_group(const char *name, gid_t *gid, struct xw_error *err)
{
    for (size_t size = GROUP_BUFFER; size <= GROUP_BUFFER_MAX; size *= 4) {
        int status = look_up_group(name, size, gid, err);
        if (status != PAM_INCOMPLETE)
            return status;
    }
    xw_fail(err, -ERANGE, "the group %s is too large", name);
    return PAM_SYSTEM_ERR;
}

static bool is_member(const struct xw_pam_person *person, gid_t gid)
{
    for (size_t i = 0; i < person->caller.group_count; i++) {
        if (person->caller.groups[i] == gid)
            return true;
    }
    return false;
}

/* PAM_SUCCESS for a member of one of the groups, PAM_IGNORE for a member of none, or an error. */
static int find_membership(const struct xw_pam_person *person, const char *groups,
                           struct xw_error *err)
{
    char name[XW_PAM_GROUP_NAME_SIZE];

    while (xw_pam_group_next(&groups, name)) {
        gid_t gid = (gid_t)-1;
        int status = find_group(name, &gid, err);
        if (status != PAM_SUCCESS && status != PAM_IGNORE)
            return status;
        if (status == PAM_SUCCESS && is_member(person, gid))
            return PAM_SUCCESS;
    }
    return PAM_IGNORE;
}

int xw_pam_person_find(pam_handle_t *pamh, const char *groups, struct xw_pam_person *person,
                       struct xw_error *err)
{
    const void *user = NULL;

    *person = (struct xw_pam_person){0};
    int status = pam_get_item(pamh, PAM_USER, &user);
    if (status != PAM_SUCCESS || !user || *(const char *)user == '\0') {
        xw_fail(err, -EINVAL, "the service hasn't said who logs in");
        return status == PAM_SUCCESS ? PAM_USER_UNKNOWN : status;
    }
    const struct passwd *account = pam_modutil_getpwnam(pamh, user);
    if (!account) {
        /* Without the name: people type passwords where a name is asked. */
        xw_fail(err, -ENOENT, "who logs in is no user of this host, or can't be looked up");
        return PAM_USER_UNKNOWN;
    }
    if (account->pw_uid == 0)
        return PAM_IGNORE;
    person->name = account->pw_name;
    person->caller.uid = account->pw_uid;
    person->caller.name = person->name;
    status = find_groups(person, account->pw_gid, err);
    if (status == PAM_SUCCESS)
        status = find_membership(person, groups, err);
    if (status != PAM_SUCCESS)
        xw_pam_person_clear(person);
    return status;
}

void xw_pam_person_clear(struct xw_pam_person *person)
{
    free(person->groups);
    *person = (struct xw_pam_person){0};
}
