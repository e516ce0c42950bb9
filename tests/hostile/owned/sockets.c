/* New sockets: libvirt's, the keeper's, consoles, the network, the kernel's. */
#include <arpa/inet.h>
#include <errno.h>
#include <linux/netlink.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <unistd.h>

#include "common/paths.h"
#include "tests/hostile/owned/attempts.h"

/* Returns a descriptor or a negative errno. */
static int connect_to(const char *path)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    int fd = (int)syscall(SYS_socket, AF_UNIX, SOCK_STREAM, 0);

    if (fd < 0)
        return -errno;
    snprintf(address.sun_path, sizeof(address.sun_path), "%s", path);
    if (syscall(SYS_connect, fd, &address, sizeof(address)) < 0) {
        int error = errno;
        syscall(SYS_close, fd);
        return -error;
    }
    return fd;
}

static int reach(const char *path)
{
    int fd = connect_to(path);

    if (fd >= 0)
        syscall(SYS_close, fd);
    return fd < 0 ? fd : 0;
}

#define REACHES(function, path)                                                                    \
    static int function(const struct scene *scene)                                                 \
    {                                                                                              \
        (void)scene;                                                                               \
        return reach(path);                                                                        \
    }

REACHES(libvirt_rw, "/run/libvirt/libvirt-sock")
REACHES(libvirt_ro, "/run/libvirt/libvirt-sock-ro")
REACHES(libvirt_admin, "/run/libvirt/libvirt-admin-sock")
REACHES(virtlogd, "/run/libvirt/virtlogd-sock")
REACHES(bus, "/run/dbus/system_bus_socket")

static int console_other(const struct scene *scene)
{
    char path[128];

    snprintf(path, sizeof(path), XW_CONSOLE_DIR "/%s", scene->uuid);
    return reach(path);
}

/* Another connection, with the part's own uid, for the other student's world. */
static int keeper_again(const struct scene *scene)
{
    static const char line[] = "1 status hostile bob - - 0123456789abcdef\n";
    char answer[256] = "";
    int fd = connect_to(XW_KEEPER_SOCKET);
    struct pollfd ready = {.fd = fd, .events = POLLIN};

    (void)scene;
    if (fd < 0)
        return fd;
    if (syscall(SYS_sendto, fd, line, sizeof(line) - 1, MSG_NOSIGNAL, NULL, 0) < 0)
        return -errno;
    if (syscall(SYS_poll, &ready, 1, 10000) != 1 ||
        syscall(SYS_read, fd, answer, sizeof(answer) - 1) <= 0)
        return KEEPER_REFUSED; /* hung up on */
    syscall(SYS_close, fd);
    return strncmp(answer, "error ", 6) == 0 ? KEEPER_REFUSED : 0;
}

static int internet(const struct scene *scene)
{
    const struct sockaddr_in address = {
        .sin_family = AF_INET, .sin_port = htons(22), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int fd = (int)syscall(SYS_socket, AF_INET, SOCK_STREAM, 0);

    (void)scene;
    if (fd < 0)
        return -errno;
    int rc = outcome(syscall(SYS_connect, fd, &address, sizeof(address)));
    syscall(SYS_close, fd);
    return rc;
}

static int make(int family, int type, int protocol)
{
    int fd = (int)syscall(SYS_socket, family, type, protocol);

    if (fd < 0)
        return -errno;
    syscall(SYS_close, fd);
    return 0;
}

static int netlink(const struct scene *scene)
{
    (void)scene;
    return make(AF_NETLINK, SOCK_RAW, NETLINK_ROUTE);
}

static int frames(const struct scene *scene)
{
    (void)scene;
    return make(AF_PACKET, SOCK_RAW, 0);
}

static int vsock(const struct scene *scene)
{
    (void)scene;
    return make(AF_VSOCK, SOCK_STREAM, 0);
}

const struct attempt attempts_sockets[] = {
    {"libvirt-rw", IN_ALL, 0, libvirt_rw, "connect to libvirt's read-write socket"},
    {"libvirt-ro", IN_GATE | IN_RELAY, 0, libvirt_ro, "connect to libvirt's read-only socket"},
    {"libvirt-admin", IN_ALL, 0, libvirt_admin, "connect to libvirt's administration socket"},
    {"virtlogd", IN_ALL, 0, virtlogd, "connect to virtlogd"},
    {"console-other", IN_ALL, 0, console_other, "connect to another student's console"},
    {"keeper-again", IN_ALL, AS_A_GATE, keeper_again, "connect to the keeper under its own uid"},
    {"bus", IN_ALL, 0, bus, "connect to the system bus"},
    {"inet", IN_ALL, 0, internet, "connect over TCP"},
    {"netlink", IN_ALL, 0, netlink, "make a netlink socket"},
    {"packet", IN_ALL, 0, frames, "make a packet socket"},
    {"vsock", IN_ALL, 0, vsock, "make a vsock socket"},
    {NULL, 0, 0, NULL, NULL},
};
