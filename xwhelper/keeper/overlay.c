#include "xwhelper/keeper/overlay.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "common/cleanup.h"
#include "common/paths.h"
#include "xwhelper/keeper/world.h"

/* Through our own memory: copy_file_range(2) may refuse two file systems of different kinds. */
static ssize_t copy_chunk(int in, int out, off_t from, size_t length)
{
    char chunk[65536];
    ssize_t got = pread(in, chunk, length < sizeof(chunk) ? length : sizeof(chunk), from);

    return got > 0 ? pwrite(out, chunk, (size_t)got, from) : got;
}

/* Copies the bytes from `from` up to `end` to the same place. */
static int copy_range(int in, int out, off_t from, off_t end)
{
    bool in_kernel = true;

    while (from < end) {
        off_t at = from;
        off_t to = from;
        size_t length = (size_t)(end - from);
        ssize_t copied = in_kernel ? copy_file_range(in, &at, out, &to, length, 0)
                                   : copy_chunk(in, out, from, length);
        if (copied == 0)
            return -EIO;
        if (copied > 0)
            from += copied;
        else if (in_kernel && (errno == EXDEV || errno == EOPNOTSUPP || errno == EINVAL))
            in_kernel = false;
        else if (errno != EINTR)
            return -errno;
    }
    return 0;
}

/* Copies data and leaves holes (lseek(2), SEEK_DATA). */
static int copy_sparse(int in, int out)
{
    struct stat status;
    off_t at = 0;

    if (fstat(in, &status) < 0 || ftruncate(out, status.st_size) < 0)
        return -errno;
    while (at < status.st_size) {
        off_t data = lseek(in, at, SEEK_DATA);
        if (data < 0)
            return errno == ENXIO ? 0 : -errno;
        off_t hole = lseek(in, data, SEEK_HOLE);
        if (hole < 0)
            return -errno;
        int rc = copy_range(in, out, data, hole);
        if (rc < 0)
            return rc;
        at = hole;
    }
    return 0;
}

static int copy_to(int in, const char *path)
{
    XW_AUTO_CLOSE int out = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0600);
    if (out < 0)
        return -errno;

    int rc = copy_sparse(in, out);
    if (rc == 0 && fsync(out) < 0)
        rc = -errno;
    return rc;
}

int xw_overlay_fresh(const char *image, const char *path, struct xw_error *err)
{
    char template[PATH_MAX];
    char aside[PATH_MAX];
    int length = snprintf(aside, sizeof(aside), "%s.new", path);

    if (length < 0 || (size_t)length >= sizeof(aside))
        return xw_fail(err, -ENAMETOOLONG, "The path of the overlay is too long");
    snprintf(template, sizeof(template), "%s/%s/template.qcow2", XW_IMAGES_DIR, image);

    XW_AUTO_CLOSE int in = open(template, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
    if (in < 0)
        return xw_fail_errno(err, -errno, "The template of image %s can't be opened", image);

    int rc = copy_to(in, aside);
    if (rc == 0 && rename(aside, path) < 0)
        rc = -errno;
    if (rc < 0) {
        unlink(aside);
        return xw_fail_errno(err, rc, "The overlay %s can't be made", path);
    }
    return xw_sync_parent(path, err);
}
