#include "xwhelper/keeper/ready.h"

#include <errno.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "common/cleanup.h"

int xw_ready_find(struct xw_ready *ready, struct xw_error *err)
{
    const char *name = getenv("NOTIFY_SOCKET");
    const size_t length = name ? strlen(name) : 0;

    *ready = (struct xw_ready){.address.sun_family = AF_UNIX};
    if (length == 0)
        return 0;
    if ((name[0] != '/' && name[0] != '@') || length >= sizeof(ready->address.sun_path))
        return xw_fail(err, -EINVAL,
                       "NOTIFY_SOCKET is \"%s\", which names no UNIX socket; the service manager "
                       "sets it (sd_notify(3))",
                       name);
    memcpy(ready->address.sun_path, name, length);
    ready->size = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + length);
    /* Linux's abstract names begin with a zero byte and have no other end than their length. */
    if (name[0] == '@')
        ready->address.sun_path[0] = '\0';
    else
        ready->size++;
    return 0;
}

int xw_ready_tell(const struct xw_ready *ready, struct xw_error *err)
{
    static const char text[] = "READY=1";

    if (ready->size == 0)
        return 0;
    XW_AUTO_CLOSE int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return xw_fail_errno(err, -errno, "Making a socket to the service manager");
    if (sendto(fd, text, sizeof(text) - 1, MSG_NOSIGNAL, (const struct sockaddr *)&ready->address,
               ready->size) < 0)
        return xw_fail_errno(err, -errno, "Telling the service manager that the keeper listens");
    return 0;
}
