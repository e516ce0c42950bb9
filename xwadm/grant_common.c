#include "xwadm/grant_common.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/access.h"
#include "common/exitcode.h"
#include "common/names.h"
#include "common/paths.h"
#include "xwadm/command.h"
#include "xwadm/files.h"
#include "xwadm/people.h"
#include "xwadm/say.h"

enum { PEOPLE_MAX = 4096 };

static bool read_options(struct xw_grant *grant, int argc, char **argv, bool may_now)
{
    const struct option options[] = {{"instructor", no_argument, NULL, 'i'},
                                     {"group", required_argument, NULL, 'g'},
                                     {may_now ? "now" : NULL, no_argument, NULL, 'n'},
                                     {0}};
    int option;

    while ((option = xw_option(argc, argv, options)) != -1) {
        if (option == '?')
            return false;
        if (option == 'g')
            grant->group = optarg;
        grant->instructors = grant->instructors || option == 'i';
        grant->now = grant->now || option == 'n';
    }
    return xw_operands_ok(argc, argv, 2, PEOPLE_MAX, "the lab's name, or the user's,");
}

static int read_lab(struct xw_grant *grant, const char *lab, struct xw_error *err)
{
    grant->labs_fd = xw_directory_open(XW_LABS_DIR, err);
    if (grant->labs_fd < 0)
        return grant->labs_fd;
    struct xw_error why = {0};
    int rc = xw_access_read(grant->labs_fd, lab, &grant->access, &why);
    if (rc == -ENOENT)
        return xw_fail(err, rc, "there is no lab \"%s\"; `xwadm lab list` shows them all", lab);
    if (rc < 0)
        return xw_fail(err, rc, "the lab \"%s\": %s; apply it again", lab, why.text);
    return 0;
}

static int find_person(struct xw_grant *grant, const char *name, struct xw_error *err)
{
    XW_AUTO_PEOPLE checked = {0};
    int rc = xw_people_add_user(&checked, name, err);

    return rc < 0 ? rc : xw_members_add(&grant->people, name, err);
}

int xw_grant_open(struct xw_grant *grant, int argc, char **argv, bool may_now)
{
    struct xw_error err = {0};

    *grant = (struct xw_grant){.labs_fd = -1};
    if (!read_options(grant, argc, argv, may_now))
        return XW_EXIT_USAGE;
    const char *lab = argv[optind];
    if (!xw_name_ok(lab))
        return xw_bad_name("a lab", lab);
    int rc = read_lab(grant, lab, &err);
    for (int i = optind + 1; i < argc && rc == 0; i++)
        rc = find_person(grant, argv[i], &err);
    if (rc == 0)
        rc = xw_lab_groups_find(&grant->access, grant->instructors, grant->group, &grant->groups,
                                &err);
    if (rc == 0)
        return XW_EXIT_OK;
    xw_complain(&err);
    return rc == -ENOENT ? XW_EXIT_REFUSED : xw_exit_of(rc);
}

bool xw_grant_names(const struct xw_grant *grant, const struct xw_member *member)
{
    const struct xw_access *access = &grant->access;
    const struct xw_caller caller = {.uid = member->uid, .name = member->name};

    return grant->instructors
               ? xw_access_names(&caller, access->instructor_users, access->instructor_user_count)
               : xw_access_names(&caller, access->users, access->user_count);
}

void xw_grant_close(struct xw_grant *grant)
{
    xw_members_free(&grant->people);
    if (grant->labs_fd >= 0)
        close(grant->labs_fd);
}
