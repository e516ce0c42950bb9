/*
 * The keeper's connections, and which processes have them. A connection that was accepted has the
 * address of the socket that it came in by (unix(7)), so the kernel's list names them all, those of
 * a keeper that has been restarted or replaced since as well.
 */
#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/pidfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include "common/cleanup.h"
#include "common/names.h"
#include "common/paths.h"
#include "xwadm/holders.h"

enum { PATH_SIZE = 64, LINK_SIZE = 64, GROUPS_MAX = 65536 };

void xw_connections_free(struct xw_connections *connections)
{
    free(connections->inodes);
    *connections = (struct xw_connections){0};
}

/* Num RefCount Protocol Flags Type St Inode Path */
static bool is_keepers(const char *line, unsigned long *inode)
{
    int path = 0;

    if (sscanf(line, "%*s %*s %*s %*s %*s %*s %lu %n", inode, &path) != 1 || path == 0)
        return false;
    size_t length = strcspn(line + path, "\n");
    return length == strlen(XW_KEEPER_SOCKET) &&
           strncmp(line + path, XW_KEEPER_SOCKET, length) == 0;
}

int xw_connections_read(struct xw_connections *connections, struct xw_error *err)
{
    XW_AUTO_FREE char *line = NULL;
    size_t size = 0;
    XW_AUTO_FCLOSE FILE *file = fopen("/proc/net/unix", "re");
    unsigned long inode;

    *connections = (struct xw_connections){0};
    if (!file)
        return xw_fail_errno(err, -errno, "/proc/net/unix can't be opened");
    while (getline(&line, &size, file) >= 0) {
        if (!is_keepers(line, &inode))
            continue;
        unsigned long *more =
            reallocarray(connections->inodes, connections->count + 1, sizeof(*more));
        if (!more) {
            xw_connections_free(connections);
            return xw_fail(err, -ENOMEM, "there is not enough memory");
        }
        connections->inodes = more;
        more[connections->count++] = inode;
    }
    if (!ferror(file))
        return 0;
    xw_connections_free(connections);
    return xw_fail(err, -EIO, "/proc/net/unix can't be read");
}

/* Whether a descriptor of a process is one of the connections, by its link in /proc. */
static bool is_connection(int dir_fd, const char *name, const struct xw_connections *connections)
{
    char link[LINK_SIZE];
    unsigned long inode;
    ssize_t length = readlinkat(dir_fd, name, link, sizeof(link) - 1);

    if (length < 0)
        return false;
    link[length] = '\0';
    if (sscanf(link, "socket:[%lu]", &inode) != 1)
        return false;
    for (size_t i = 0; i < connections->count; i++) {
        if (connections->inodes[i] == inode)
            return true;
    }
    return false;
}

static bool has_group(const gid_t *groups, size_t count, const struct xw_held *held)
{
    for (size_t i = 0; i < count; i++) {
        for (size_t j = 0; j < held->gid_count; j++) {
            if (groups[i] == held->gids[j])
                return true;
        }
    }
    return false;
}

/* Whether the other end is that person's, with one of those groups: as the keeper asks it itself.
 */
static int is_theirs(int fd, const struct xw_held *held)
{
    struct ucred peer;
    socklen_t size = sizeof(peer);
    XW_AUTO_FREE gid_t *groups = NULL;

    if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &size) < 0)
        return -errno;
    if (peer.uid != held->uid)
        return 0;
    size = GROUPS_MAX * sizeof(gid_t);
    groups = malloc(size);
    if (!groups)
        return -ENOMEM;
    if (getsockopt(fd, SOL_SOCKET, SO_PEERGROUPS, groups, &size) < 0)
        return -errno;
    return has_group(groups, size / sizeof(gid_t), held);
}

/* The process may have ended, or closed the descriptor, since it was looked at. */
static bool is_gone(int code)
{
    return code == ESRCH || code == EBADF;
}

int xw_serves(const struct xw_process *process, int pidfd, const struct xw_connections *connections,
              const struct xw_held *held)
{
    char path[PATH_SIZE];
    const struct dirent *entry;
    unsigned long number;
    int rc = 0;

    if (connections->count == 0)
        return 0;
    snprintf(path, sizeof(path), "/proc/%d/fd", (int)process->pid);
    XW_AUTO_CLOSEDIR DIR *dir = opendir(path);
    if (!dir)
        return errno == ENOENT ? 0 : -errno;
    while (rc == 0 && (entry = readdir(dir))) {
        if (xw_number(entry->d_name, INT_MAX, &number) < 0 ||
            !is_connection(dirfd(dir), entry->d_name, connections))
            continue;
        XW_AUTO_CLOSE int fd = pidfd_getfd(pidfd, (int)number, 0);
        if (fd < 0 && is_gone(errno))
            continue;
        rc = fd < 0 ? -errno : is_theirs(fd, held);
    }
    return rc < 0 && xw_process_ended(pidfd) ? 0 : rc;
}
