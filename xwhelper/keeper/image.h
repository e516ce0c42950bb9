/*
 * An installed image: /var/lib/xworlds/images/NAME/ holds image.conf, the files that it names and
 * template.qcow2, the overlay that every fresh machine starts from.
 */
#ifndef XW_KEEPER_IMAGE_H
#define XW_KEEPER_IMAGE_H

#include <stddef.h>
#include <stdint.h>

#include "common/error.h"
#include "xwhelper/keeper/plan.h"

#define XW_IMAGE_FILE_SIZE 128  /* a file's name with its end */
#define XW_CMDLINE_SIZE    1024 /* a kernel command line with its end */

struct xw_image {
    char name[XW_NAME_SIZE];
    char id[XW_IMAGE_ID_LEN + 1]; /* SHA-256 of image.conf as installed */
    char disk[XW_IMAGE_FILE_SIZE];
    char kernel[XW_IMAGE_FILE_SIZE]; /* "" when the disk boots by itself */
    char initrd[XW_IMAGE_FILE_SIZE]; /* "" where there is none */
    char cmdline[XW_CMDLINE_SIZE];
    char description[XW_CMDLINE_SIZE];
    unsigned int memory_min; /* MiB, 0 where it isn't said */
};

/*
 * Parses image.conf's text: lines `key value`, the first `xworlds-image 1`; unknown keys are
 * errors. File names are single path components. Returns 0 or -EBADMSG with the line.
 * image->id is not set by this.
 */
int xw_image_parse(const char *text, size_t length, struct xw_image *image, struct xw_error *err);

/* Reads an installed image. Returns 0, -ENOENT (no such image), -EBADMSG or another errno. */
int xw_image_read(const char *name, struct xw_image *image, struct xw_error *err);

/*
 * Checks that an image is the one that a plan was compiled against and that its disk, kernel and
 * initrd are on the host as they were installed (size and modification time, recorded in
 * images/NAME/installed; the bytes themselves are checked by `xwadm image show --verify`).
 * Returns 0, -ENOENT (gone), -ESTALE (changed): overlays on it would be corrupt.
 */
int xw_image_check(const char *name, const char *id, struct xw_image *image, struct xw_error *err);

#endif
