/*
 * What there is to be said about an installed image.
 */
#ifndef XW_XWADM_IMAGE_VIEW_H
#define XW_XWADM_IMAGE_VIEW_H

#include <json-c/json.h>
#include <time.h>

#include "xwadm/worlds.h"
#include "xwhelper/keeper/image.h"

struct xw_image_view {
    char name[XW_NAME_SIZE];
    struct xw_image image;    /* only if readable */
    int rc;                   /* 0, or why the image can't be used: -ESTALE, -ENOENT, … */
    struct xw_error trouble;  /* the same in words */
    unsigned long long bytes; /* that the disk's file has */
    time_t installed;         /* when; 0 where unknown */
    struct xw_worlds worlds;  /* that stand on it */
};

/* Looks at an image. -ENOENT: there is no such directory. The caller frees the view. */
int xw_image_view_read(const char *name, struct xw_image_view *view, struct xw_error *err);

void xw_image_view_free(struct xw_image_view *view);

/* Adds the members that `image list` and `image show` have in common. */
void xw_image_view_json(const struct xw_image_view *view, struct json_object *object);

/* Notes what is wrong with the image and which worlds suffer, if anything is. */
void xw_image_view_complain(const struct xw_image_view *view);

#endif
