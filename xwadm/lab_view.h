/*
 * What there is to be said about a compiled lab.
 */
#ifndef XW_XWADM_LAB_VIEW_H
#define XW_XWADM_LAB_VIEW_H

#include <json-c/json.h>
#include <time.h>

#include "common/record.h"
#include "xwadm/worlds.h"
#include "xwhelper/keeper/plan.h"

struct xw_lab_view {
    char name[XW_NAME_SIZE];
    int rc;                  /* 0, or why the records can't be used */
    struct xw_error trouble; /* the same in words */
    struct xw_access access;
    struct xw_plan plan;
    time_t applied; /* when; 0 where unknown */
    struct xw_worlds worlds;
};

/* Looks at a lab. -ENOENT: there is none of that name. The caller frees the view. */
int xw_lab_view_read(int labs_fd, const char *name, struct xw_lab_view *view, struct xw_error *err);

/* An empty view, which is large; the program ends, with words, where memory is short. */
struct xw_lab_view *xw_lab_view_new(void);

void xw_lab_view_free(struct xw_lab_view *view);

/* Adds the members that `lab list` and `lab show` have in common. */
void xw_lab_view_json(const struct xw_lab_view *view, struct json_object *object);

/* A group's name, or its number where it has none any more. text has XW_GROUP_TEXT_SIZE bytes. */
#define XW_GROUP_TEXT_SIZE 256
void xw_group_text(gid_t gid, char *text);

#endif
