#include "port.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define PORTS "/sys/class/virtio-ports"

/* Whether the port of this name in PORTS is the channel's. */
static bool is_ours(const char *entry)
{
    char path[sizeof(PORTS) + 272];
    char name[64] = "";

    snprintf(path, sizeof(path), PORTS "/%.255s/name", entry);
    FILE *file = fopen(path, "re");
    if (!file)
        return false;
    bool read = fgets(name, sizeof(name), file) != NULL;
    fclose(file);
    name[strcspn(name, "\n")] = '\0';
    return read && strcmp(name, XW_COPY_CHANNEL) == 0;
}

static int find(char *path, size_t size)
{
    const struct dirent *entry;
    int rc = -ENOENT;
    DIR *ports = opendir(PORTS);

    if (!ports)
        return -ENOENT;
    while (rc < 0 && (entry = readdir(ports)) != NULL) {
        if (entry->d_name[0] == '.' || !is_ours(entry->d_name))
            continue;
        snprintf(path, size, "/dev/%s", entry->d_name);
        rc = 0;
    }
    closedir(ports);
    return rc;
}

int port_open(struct port *port)
{
    char path[272];
    sigset_t set;
    int rc = find(path, sizeof(path));

    if (rc < 0)
        return rc;
    sigemptyset(&set);
    sigaddset(&set, SIGIO);
    if (sigprocmask(SIG_BLOCK, &set, NULL) < 0)
        return -errno;
    *port = (struct port){.fd = open(path, O_RDWR | O_NONBLOCK | O_CLOEXEC)};
    if (port->fd < 0 || fcntl(port->fd, F_SETOWN, getpid()) < 0 ||
        fcntl(port->fd, F_SETFL, O_RDWR | O_NONBLOCK | O_ASYNC) < 0)
        return -errno;
    return 0;
}

/* What of these events is there, POLLHUP always; waits for any of them, timeout 0: doesn't. */
static short look(const struct port *port, short events, int timeout)
{
    struct pollfd ready = {.fd = port->fd, .events = events};

    while (poll(&ready, 1, timeout) < 0) {
        if (errno != EINTR)
            return POLLHUP;
    }
    return ready.revents;
}

/* Without the host poll(2) returns at once, always; the signal is what tells of its coming. */
void port_wait_for_host(const struct port *port)
{
    siginfo_t info;
    sigset_t set;

    sigemptyset(&set);
    sigaddset(&set, SIGIO);
    while (look(port, POLLIN, 0) & POLLHUP)
        sigwaitinfo(&set, &info);
}

/* Returns 0 at the host's end. */
static int fill(struct port *port)
{
    for (;;) {
        ssize_t n = read(port->fd, port->bytes, sizeof(port->bytes));
        if (n > 0) {
            port->start = 0;
            port->end = (size_t)n;
            return 1;
        }
        if (n == 0 || (errno != EAGAIN && errno != EINTR))
            return 0;
        look(port, POLLIN, -1);
    }
}

int port_next(struct port *port, struct xw_copy_frame *frame)
{
    for (;;) {
        if (port->start == port->end && fill(port) == 0) {
            port->reader.used = 0;
            return 0;
        }
        int taken =
            xw_copy_feed(&port->reader, port->bytes + port->start, port->end - port->start, frame);
        /* What is no frame is left behind byte by byte, until one begins. */
        port->start += taken < 0 ? 1 : (size_t)taken;
        if (taken >= 0 && frame->kind != XW_COPY_NOTHING)
            return 1;
    }
}

int port_send(struct port *port, const unsigned char *bytes, size_t count, bool heed)
{
    const short events = heed ? POLLIN : 0;

    for (;;) {
        if ((heed && port->start < port->end) || look(port, events, 0) != 0)
            return -EPIPE;
        ssize_t n = write(port->fd, bytes, count);
        if (n == (ssize_t)count)
            return 0;
        if (n >= 0 || (errno != EAGAIN && errno != EINTR))
            return -EPIPE;
        look(port, (short)(events | POLLOUT), -1);
    }
}
