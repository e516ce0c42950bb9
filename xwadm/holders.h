/*
 * Who still has a group, by the kernel's word. A process keeps the groups that its login began with
 * (credentials(7)), so who is taken out of a group loses it with the last process that has it, and
 * not before. Nothing here goes by a program's name or file: what counts is which uid a process
 * has, which groups, and who is at the other end of a connection to the keeper.
 */
#ifndef XW_XWADM_HOLDERS_H
#define XW_XWADM_HOLDERS_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "common/error.h"

/* Whose processes, and which groups they would have. Borrowed. */
struct xw_held {
    uid_t uid;
    const gid_t *gids;
    size_t gid_count;
};

enum { XW_PROCESS_UIDS = 4, XW_PROCESS_GIDS = 4 };

/* A process, as proc(5) has it in /proc/PID/status. */
struct xw_process {
    pid_t pid;
    pid_t parent;
    uid_t uids[XW_PROCESS_UIDS]; /* real, effective, saved, of the file system */
    size_t gid_count;            /* the same four, then the supplementary groups */
    gid_t *gids;
};

/*
 * Takes one line of /proc/PID/status, of which those with the parent, the uids and the gids count.
 * Returns 0, -EBADMSG or -ENOMEM. xw_process_clear() frees.
 */
int xw_process_line(struct xw_process *process, const char *line);

void xw_process_clear(struct xw_process *process);

/* Whether the process of a pidfd has ended (poll(2)). */
bool xw_process_ended(int pidfd);

/* Whether one of its four uids is that, and one of its groups one of those. */
bool xw_process_holds(const struct xw_process *process, const struct xw_held *held);

/*
 * Called for each process, in no order. pidfd was opened before anything was read, and the process
 * was still there afterwards: what is said of it is of no other that got its number since, and no
 * signal through pidfd reaches another. Returns 0 to go on, or a negative errno to stop.
 */
typedef int (*xw_process_visit)(const struct xw_process *process, int pidfd, void *data);

/* Goes through all processes. Returns 0 or a negative errno. */
int xw_processes(xw_process_visit visit, void *data, struct xw_error *err);

/* How many processes hold any of it; a negative errno if that can't be found out. */
ssize_t xw_holders_count(const struct xw_held *held, struct xw_error *err);

/* The kernel's numbers of the keeper's connections (proc(5), /proc/net/unix). */
struct xw_connections {
    size_t count;
    unsigned long *inodes;
};

int xw_connections_read(struct xw_connections *connections, struct xw_error *err);
void xw_connections_free(struct xw_connections *connections);

/*
 * Whether the process has the keeper's end of a connection whose other end was made with that uid
 * and one of those groups: it carries out a request of that person's, or is the relay of a console.
 * 1, 0, or a negative errno. Takes CAP_SYS_PTRACE, which root has.
 */
int xw_serves(const struct xw_process *process, int pidfd, const struct xw_connections *connections,
              const struct xw_held *held);

#endif
