/*
 * How one person stands with one lab: what `who-can` and `what-can` show in a line.
 */
#ifndef XW_XWADM_STANDING_H
#define XW_XWADM_STANDING_H

#include <json-c/json.h>
#include <stdbool.h>
#include <stddef.h>

#include "common/error.h"
#include "common/record.h"
#include "xwadm/buffer.h"
#include "xwadm/domains.h"
#include "xwadm/explain.h"
#include "xwadm/lab_view.h"
#include "xwadm/member.h"

/* What is asked once for all lines. */
struct xw_survey {
    int labs_fd;
    int owners_fd;
    bool elsewhere; /* not all users and groups need be listed */
    int domains_rc; /* 0: libvirt has answered */
    struct xw_domains domains;
};

/* Complains where libvirt doesn't answer, which is no failure. xw_survey_end() in any case. */
int xw_survey_begin(struct xw_survey *survey, struct xw_error *err);
void xw_survey_end(struct xw_survey *survey);

struct xw_standing {
    const struct xw_member *member;
    const struct xw_lab_view *lab;
    struct xw_owner owner; /* the record of the uid, if owner_rc is 0 */
    int owner_rc;
    struct xw_owner *teams; /* the records of the lab's teams that they are in */
    size_t team_count;
    char world[XW_NAME_SIZE]; /* the owner of the world that it is about: themselves, or their team
                               */
    struct xw_error trouble;  /* of reading it */
    struct xw_explanation explanation;
    struct xw_window window; /* of this person, now */
    bool has_world;
    bool has_domains; /* whether `running` is known */
    size_t running;
    size_t held; /* of one who has left: processes that still have a group of the lab */
};

/* xw_standing_clear() in any case. */
int xw_standing_find(const struct xw_survey *survey, const struct xw_lab_view *lab,
                     const struct xw_member *member, struct xw_standing *standing,
                     struct xw_error *err);

void xw_standing_clear(struct xw_standing *standing);

/* "yes", "not yet", "instructor" or "no" */
const char *xw_standing_may(const struct xw_standing *standing);

/* "none", "1 of 3 running", "3 machines" */
#define XW_STANDING_WORLD_SIZE 48
void xw_standing_world(const struct xw_standing *standing, char text[XW_STANDING_WORLD_SIZE]);

/* The reason, as a sentence's part. */
void xw_standing_why(const struct xw_standing *standing, struct xw_buffer *text);

/* All of it but the names of user and lab. */
void xw_standing_json(const struct xw_standing *standing, struct json_object *object);

#endif
