#include "xwadm/standing.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/clock.h"
#include "common/paths.h"
#include "xwadm/files.h"
#include "xwadm/holders.h"
#include "xwadm/membership.h"
#include "xwadm/name_sources.h"
#include "xwadm/say.h"
#include "xwadm/window.h"

int xw_survey_begin(struct xw_survey *survey, struct xw_error *err)
{
    struct xw_error why = {0};

    *survey = (struct xw_survey){.labs_fd = xw_directory_open(XW_LABS_DIR, err), .owners_fd = -1};
    if (survey->labs_fd < 0)
        return survey->labs_fd;
    survey->owners_fd = xw_directory_open(XW_OWNERS_DIR, err);
    if (survey->owners_fd < 0)
        return survey->owners_fd;
    survey->elsewhere = xw_names_come_from_elsewhere(XW_SOURCES_FILE);
    survey->domains_rc = xw_domains_ask(&survey->domains, &why);
    if (survey->domains_rc < 0)
        xw_complain(&why);
    return 0;
}

void xw_survey_end(struct xw_survey *survey)
{
    xw_domains_free(&survey->domains);
    if (survey->labs_fd >= 0)
        close(survey->labs_fd);
    if (survey->owners_fd >= 0)
        close(survey->owners_fd);
}

static bool has_world(const struct xw_lab_view *lab, const char *owner)
{
    for (size_t i = 0; i < lab->worlds.count; i++) {
        if (strcmp(lab->worlds.items[i].owner, owner) == 0)
            return true;
    }
    return false;
}

/*
 * Who has left all groups may still have one in a login that was begun before: for a world of their
 * own, which is there still, or for a team's.
 */
static int count_held(struct xw_standing *standing, struct xw_error *err)
{
    const struct xw_access *access = &standing->lab->access;
    const enum xw_why why = standing->explanation.why;
    gid_t gids[2 * XW_GROUPS_PER_LAB_MAX];
    const struct xw_held held = {standing->member->uid, gids, xw_lab_groups_all(access, gids)};

    if (why != XW_WHY_LEFT && (why != XW_WHY_NO_GROUP || access->team_count == 0))
        return 0;
    ssize_t count = xw_holders_count(&held, err);
    if (count > 0)
        standing->held = (size_t)count;
    return count < 0 ? (int)count : 0;
}

/* The records of the lab's teams that the person is in. One that can't be read is as none. */
static int read_teams(const struct xw_survey *survey, struct xw_standing *standing,
                      struct xw_error *err)
{
    const struct xw_access *access = &standing->lab->access;

    standing->teams = calloc(access->team_count + 1, sizeof(*standing->teams));
    if (!standing->teams)
        return xw_fail(err, -ENOMEM, "there is not enough memory");
    for (size_t i = 0; i < access->team_count; i++) {
        struct xw_owner *team = &standing->teams[standing->team_count];
        if (xw_member_in(standing->member, access->teams[i]) &&
            xw_owner_read_group(survey->owners_fd, access->teams[i], team, NULL) == 0)
            standing->team_count++;
    }
    return 0;
}

/* The record of the owner of the world that it is about; NULL where there is none. */
static const struct xw_owner *record_of_world(const struct xw_standing *standing)
{
    for (size_t i = 0; standing->explanation.why == XW_WHY_TEAM && i < standing->team_count; i++) {
        if (standing->teams[i].gid == standing->explanation.team_by)
            return &standing->teams[i];
    }
    return standing->owner_rc == 0 ? &standing->owner : NULL;
}

static void explain(struct xw_standing *standing)
{
    const struct xw_member *member = standing->member;
    const struct xw_claimant claimant = {
        .caller = {member->uid, member->groups, member->group_count, member->name},
        .owner_rc = standing->owner_rc,
        .owner = &standing->owner,
        .team_count = standing->team_count,
        .teams = standing->teams,
    };

    xw_explain(&claimant, &standing->lab->access, &standing->explanation);
    const struct xw_owner *owner = record_of_world(standing);
    standing->window = xw_access_window(owner, &standing->lab->access, xw_clock_now());
    if (standing->explanation.why == XW_WHY_TEAM)
        snprintf(standing->world, sizeof(standing->world), "%s", owner->name);
}

int xw_standing_find(const struct xw_survey *survey, const struct xw_lab_view *lab,
                     const struct xw_member *member, struct xw_standing *standing,
                     struct xw_error *err)
{
    int rc = 0;

    *standing = (struct xw_standing){
        .member = member,
        .lab = lab,
        .has_domains = survey->domains_rc == 0,
        .owner_rc = -ENOENT,
        .explanation = {.decision = XW_DECISION_REFUSE, .why = XW_WHY_NO_GROUP},
    };
    snprintf(standing->world, sizeof(standing->world), "%s", member->name);
    if (member->exists) {
        standing->owner_rc =
            xw_owner_read(survey->owners_fd, member->uid, &standing->owner, &standing->trouble);
        rc = read_teams(survey, standing, err);
    }
    if (rc == 0 && member->exists) {
        explain(standing);
        rc = count_held(standing, err);
    }
    standing->has_world = has_world(lab, standing->world);
    standing->running = xw_domains_running(&survey->domains, lab->name, standing->world);
    return rc;
}

void xw_standing_clear(struct xw_standing *standing)
{
    free(standing->teams);
    standing->teams = NULL;
}
