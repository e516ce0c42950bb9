#include "xwhelper/keeper/bridge.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <net/if.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include <linux/sockios.h>

#include "common/cleanup.h"
#include "common/paths.h"

static int open_control(const char *name, struct xw_error *err)
{
    if (strlen(name) >= IFNAMSIZ)
        return xw_fail(err, -ENAMETOOLONG, "\"%s\" is too long for a bridge's name", name);
    int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    return fd >= 0 ? fd : xw_fail_errno(err, -errno, "A socket can't be opened");
}

static int set_up(int fd, const char *name, bool up)
{
    struct ifreq request = {0};

    memcpy(request.ifr_name, name, strlen(name));
    if (ioctl(fd, SIOCGIFFLAGS, &request) < 0)
        return -errno;
    request.ifr_flags = (short)(up ? request.ifr_flags | IFF_UP : request.ifr_flags & ~IFF_UP);
    return ioctl(fd, SIOCSIFFLAGS, &request) < 0 ? -errno : 0;
}

static int write_setting(const char *path, const char *value)
{
    XW_AUTO_CLOSE int fd = open(path, O_WRONLY | O_CLOEXEC);
    if (fd < 0)
        return -errno;
    return write(fd, value, strlen(value)) == (ssize_t)strlen(value) ? 0 : -errno;
}

/* Before the bridge is up, or the kernel gives it a link-local address on the students' segment. */
static int disable_ipv6(const char *name)
{
    char path[PATH_MAX];

    snprintf(path, sizeof(path), "/proc/sys/net/ipv6/conf/%s/disable_ipv6", name);
    int rc = write_setting(path, "1");
    return rc == -ENOENT ? 0 : rc; /* a kernel without IPv6 */
}

/*
 * A bridge hands frames for 01:80:c2:00:00:0e (LLDP, IEEE 802.1AB) to the host by the port that
 * they came in by, past every rule for bridges (net/bridge/br_input.c), unless it is told to
 * forward them as any other frame: bit 14 of the mask.
 */
static int forward_lldp(const char *name)
{
    char path[PATH_MAX];

    snprintf(path, sizeof(path), XW_INTERFACES_DIR "/%s/bridge/group_fwd_mask", name);
    return write_setting(path, "0x4000");
}

int xw_bridge_ensure(const char *name, struct xw_error *err)
{
    XW_AUTO_CLOSE int fd = open_control(name, err);
    if (fd < 0)
        return fd;
    if (ioctl(fd, SIOCBRADDBR, name) < 0 && errno != EEXIST)
        return xw_fail_errno(err, -errno, "Bridge %s can't be made", name);

    int rc = disable_ipv6(name);
    if (rc < 0)
        return xw_fail_errno(err, rc, "IPv6 can't be disabled on bridge %s", name);
    rc = forward_lldp(name);
    if (rc < 0)
        return xw_fail_errno(err, rc, "Bridge %s can't be told to keep LLDP to itself", name);
    rc = set_up(fd, name, true);
    return rc < 0 ? xw_fail_errno(err, rc, "Bridge %s can't be set up", name) : 0;
}

int xw_bridge_remove(const char *name, struct xw_error *err)
{
    XW_AUTO_CLOSE int fd = open_control(name, err);
    if (fd < 0)
        return fd;

    int rc = set_up(fd, name, false);
    if (rc == 0 && ioctl(fd, SIOCBRDELBR, name) < 0)
        rc = -errno;
    if (rc == 0 || rc == -ENODEV || rc == -ENXIO)
        return 0;
    return xw_fail_errno(err, rc, "Bridge %s can't be removed", name);
}
