#include "xwadm/choice.h"

#include <errno.h>
#include <stdlib.h>

#include "xwadm/say.h"

void xw_choice_free(struct xw_choice *choice)
{
    free(choice->users);
    free(choice->groups);
    *choice = (struct xw_choice){0};
}

static bool append(const char ***list, size_t *count, const char *value)
{
    const char **more = reallocarray(*list, *count + 1, sizeof(*more));

    if (!more) {
        xw_note("there is not enough memory");
        return false;
    }
    more[(*count)++] = value;
    *list = more;
    return true;
}

bool xw_choice_add(struct xw_choice *choice, int option, const char *value)
{
    switch (option) {
    case 'u':
        return append(&choice->users, &choice->user_count, value);
    case 'g':
        return append(&choice->groups, &choice->group_count, value);
    default:
        choice->all = true;
        return true;
    }
}

bool xw_choice_ok(const struct xw_choice *choice, const char *command)
{
    bool some = choice->user_count > 0 || choice->group_count > 0;

    if (some == choice->all) {
        xw_note(some ? "%s: --all already means everybody; give either it or --user and --group"
                     : "%s: for whom? Give --user USER, --group GROUP or --all",
                command);
        return false;
    }
    return true;
}

int xw_choice_people(const struct xw_choice *choice, const struct xw_access *access,
                     struct xw_people *people, struct xw_error *err)
{
    int rc = 0;

    for (size_t i = 0; i < choice->user_count && rc == 0; i++)
        rc = xw_people_add_user(people, choice->users[i], err);
    for (size_t i = 0; i < choice->group_count && rc == 0; i++)
        rc = xw_people_add_group(people, choice->groups[i], err);
    for (size_t i = 0; choice->all && i < access->student_count && rc == 0; i++)
        rc = xw_people_add_gid(people, access->students[i], err);
    for (size_t i = 0; choice->all && i < access->user_count && rc == 0; i++)
        rc = xw_people_add_named(people, &access->users[i], err);
    for (size_t i = 0; choice->all && i < access->team_count && rc == 0; i++)
        rc = xw_people_add_team(people, access->teams[i], err);
    xw_people_sort(people);
    return rc;
}
