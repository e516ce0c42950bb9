#include "xwhelper/keeper/lock.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

int xw_lock_file(int directory, const char *name, const char *path, const char *what,
                 struct xw_error *err)
{
    struct flock lock = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
    int fd = openat(directory, name, O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);

    if (fd < 0)
        return xw_fail_errno(err, -errno, "%s can't be opened", path);
    if (fcntl(fd, F_OFD_SETLKW, &lock) < 0) {
        int rc = -errno;
        close(fd);
        return xw_fail_errno(err, rc, "%s can't be locked", what);
    }
    return fd;
}
