/*
 * The disk of an image, which may come from anywhere: looked at without privilege, refused when it
 * names another file (CVE-2024-32498 and its kind).
 */
#ifndef XW_XWADM_DISK_H
#define XW_XWADM_DISK_H

#include <stddef.h>
#include <sys/types.h>

#include "common/error.h"

#define XW_DISK_HEADER_SIZE 104                                /* of a qcow2, version 3 */
#define XW_DISK_VIRTUAL_MAX (4ULL * 1024 * 1024 * 1024 * 1024) /* bytes */

struct xw_disk {
    const char *format;              /* "qcow2" or "raw" */
    unsigned long long virtual_size; /* bytes */
};

/*
 * Judges the first bytes of a disk (QEMU's docs/interop/qcow2.txt): sets *format if it is a qcow2
 * without a backing file, an external data file or encryption, or no disk format that QEMU would
 * take for something else than raw. Returns 0 or -EINVAL.
 */
int xw_disk_header(const unsigned char *bytes, size_t length, const char **format,
                   struct xw_error *err);

/* Judges an open disk: its header, and then what qemu-img(1), run as nobody, says of it. */
int xw_disk_inspect(int fd, struct xw_disk *disk, struct xw_error *err);

/* Judges qemu-img's JSON about a disk of this format; sets *virtual_size. */
int xw_disk_judge(const char *json, const char *format, unsigned long long *virtual_size,
                  struct xw_error *err);

/*
 * Makes template.qcow2 in a directory: an empty overlay of the disk that will be at the absolute
 * path base, with the empty internal snapshot "pristine". The base isn't opened. qemu-img runs as
 * nobody on a descriptor.
 */
int xw_disk_make_template(int dir_fd, const char *base, const struct xw_disk *disk, gid_t gid,
                          struct xw_error *err);

#endif
