/*
 * The overlay of a machine: a copy of its image's template, whose backing file is the image.
 */
#ifndef XW_KEEPER_OVERLAY_H
#define XW_KEEPER_OVERLAY_H

#include "common/error.h"

/*
 * Puts a fresh overlay of the image at path, in one step: the old one, if any, stays whole until
 * the new one is on the disk. Nothing may have it open. Returns 0, -ENOENT (no such image),
 * -ENOSPC or another errno.
 */
int xw_overlay_fresh(const char *image, const char *path, struct xw_error *err);

#endif
