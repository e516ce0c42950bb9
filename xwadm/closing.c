#include "xwadm/closing.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "common/record.h"
#include "xwadm/people.h"
#include "xwadm/say.h"
#include "xwadm/window.h"

static void read_lab(struct xw_closing *closing, const char *lab)
{
    struct xw_error err = {0};

    snprintf(closing->lab, sizeof(closing->lab), "%s", lab);
    closing->rc = xw_access_read(closing->labs, lab, &closing->access, &err);
    if (closing->rc < 0)
        xw_note("the worlds of the lab \"%s\" are left alone, it can't be known when it closes: %s",
                lab, err.text);
}

int xw_closing_window(struct xw_closing *closing, const struct xw_world_name *world,
                      struct xw_window *window)
{
    struct xw_owner owner;
    struct xw_error err = {0};

    if (strcmp(closing->lab, world->lab) != 0)
        read_lab(closing, world->lab);
    if (closing->rc < 0)
        return closing->rc;
    int rc = xw_extension_read(world->lab, world->owner, &owner, &err);
    if (rc < 0) {
        xw_note("%s/%s is left alone, an extension can't be looked up: %s", world->lab,
                world->owner, err.text);
        return rc;
    }
    *window = xw_access_window(&owner, &closing->access, closing->now);
    return 0;
}

/* The user's or team's number: 1, 0 where there is none of that name, or a negative errno. */
static int find_owner(struct xw_person *person, struct xw_error *err)
{
    const struct passwd *user = NULL;
    const struct group *group = NULL;
    int rc = xw_is_team(person->name) ? xw_team_find(person->name, &group, err)
                                      : xw_user_find(person->name, &user, err);

    if (rc < 0)
        return rc;
    person->number = user ? user->pw_uid : group ? group->gr_gid : (id_t)-1;
    return user || group;
}

int xw_closing_instructs(const struct xw_closing *closing, const struct xw_world_name *world)
{
    struct xw_person person = {0};
    struct xw_error err = {0};

    snprintf(person.name, sizeof(person.name), "%s", world->owner);
    int rc = find_owner(&person, &err);
    if (rc < 0)
        xw_note("%s/%s is left alone: %s", world->lab, world->owner, err.text);
    if (rc <= 0)
        return rc;
    return xw_person_in_groups(&person, closing->access.instructors,
                               closing->access.instructor_count) ||
           xw_person_is_named(&person, closing->access.instructor_users,
                              closing->access.instructor_user_count);
}
