/*
 * copy-to, copy-from: opens the machine's channel for files and becomes the relay between it and
 * what the viewer gave. One at a time for each machine: by a lock,
 * /run/xworlds/console/UUID.copying, held by the relay while it lives. What passes is limited there
 * (xwhelper/relay/stream.c).
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "common/cleanup.h"
#include "xwhelper/keeper/become_relay.h"
#include "xwhelper/keeper/machine.h"
#include "xwhelper/keeper/opening.h"
#include "xwhelper/keeper/verbs.h"

/* Returns a descriptor that has the lock. */
static int take_lock(const struct xw_machine *machine, struct xw_error *err)
{
    char console[PATH_MAX];
    char path[PATH_MAX + 8];

    if (xw_machine_console_path(machine, console, sizeof(console)) < 0)
        return xw_fail(err, -EIO, "%s has no address", machine->machine);
    snprintf(path, sizeof(path), "%s.copying", console);
    int fd = open(path, O_RDONLY | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);
    if (fd >= 0 && flock(fd, LOCK_EX | LOCK_NB) == 0)
        return fd;
    int error = errno;
    if (fd >= 0)
        close(fd);
    if (error == EWOULDBLOCK)
        return xw_fail(err, -EAGAIN,
                       "something is being copied to or from %s already; try again when that is "
                       "done",
                       machine->machine);
    return xw_fail_errno(err, -error, "Opening the lock of copies with %s", machine->machine);
}

/* A machine that runs has a console; without the channel, it had none when it was started. */
static int explain(const struct xw_machine *machine, int error, struct xw_error *err)
{
    char console[PATH_MAX];

    if (error != ENOENT && error != ECONNREFUSED)
        return xw_fail_errno(err, -error, "The channel of %s for files does not open",
                             machine->machine);
    if (error == ENOENT && xw_machine_console_path(machine, console, sizeof(console)) == 0 &&
        access(console, F_OK) == 0)
        return xw_fail(err, -ENXIO,
                       "%s was started before this lab let files be copied; stop it and start it "
                       "again",
                       machine->machine);
    return xw_fail(err, -ENXIO, "%s is off; start it first", machine->machine);
}

static int connect_machine(const struct xw_machine *machine, struct xw_error *err)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};

    if (xw_machine_copy_path(machine, address.sun_path, sizeof(address.sun_path)) < 0)
        return xw_fail(err, -EIO, "%s has no address", machine->machine);
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd >= 0 && connect(fd, (const struct sockaddr *)&address, sizeof(address)) == 0)
        return fd;
    int error = errno;
    if (fd >= 0)
        close(fd);
    return explain(machine, error, err);
}

int xw_verb_copy(const struct xw_job *job, struct xw_error *err)
{
    const char *name = job->request->machines[0];
    const struct xw_machine machine = {job->plan->lab, job->owner->name, name};
    char kind[XW_RELAY_KIND_SIZE];
    char what[XW_NAME_SIZE + 16];

    if (!xw_plan_machine(job->plan, name))
        return xw_refuse(err);
    if (job->plan->copy_limit == 0)
        return xw_fail(err, -EDQUOT, "this lab lets no files be copied");
    xw_confine_copy();
    snprintf(what, sizeof(what), "A copy with %s", name);
    XW_AUTO_CLOSE int timer = xw_opening_timer(job->until, what, err);
    if (timer < 0)
        return timer;
    XW_AUTO_CLOSE int lock = take_lock(&machine, err);
    if (lock < 0)
        return lock;
    XW_AUTO_CLOSE int channel = connect_machine(&machine, err);
    if (channel < 0)
        return channel;
    /* The relay's descriptors, see xwhelper/relay/stream.c; and the lock. */
    const int descriptors[] = {channel, job->viewer, job->peer, timer, lock};
    snprintf(kind, sizeof(kind), "%s=%u", xw_verb_info(job->request->verb)->name,
             job->plan->copy_limit);
    xw_opening_tell(job->opening);
    xw_become_relay(job->relay, kind, descriptors, sizeof(descriptors) / sizeof(int));
}
