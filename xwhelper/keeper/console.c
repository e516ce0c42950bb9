/*
 * console: opens the machine's console for the relay and becomes it. One viewer at a time: a lock
 * on /run/xworlds/console/UUID.viewer, held by the relay while it lives, with the viewer's name
 * inside for the next one who asks.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/timerfd.h>
#include <sys/un.h>
#include <unistd.h>

#include "common/cleanup.h"
#include "common/paths.h"
#include "xwhelper/keeper/confine.h"
#include "xwhelper/keeper/machine.h"
#include "xwhelper/keeper/notice.h"
#include "xwhelper/keeper/reply.h"
#include "xwhelper/keeper/verbs.h"

/* The relay's descriptors, see xwhelper/relay/main.c. */
enum {
    RELAY_GUEST = 3,
    RELAY_VIEWER = 4,
    RELAY_GATE = 5,
    RELAY_LOCK = 6,
    RELAY_TIMER = 7,
    RELAY_NOTICE = 8,
    RELAY_END = 9,
    RELAY_COUNT = RELAY_END - RELAY_GUEST
};

static int connect_guest(const char *path, const char *machine, struct xw_error *err)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    int n = snprintf(address.sun_path, sizeof(address.sun_path), "%s", path);
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

    if (fd < 0 || n < 0 || (size_t)n >= sizeof(address.sun_path))
        return xw_fail(err, -EIO, "The console of %s has no address", machine);
    if (connect(fd, (const struct sockaddr *)&address, sizeof(address)) < 0) {
        int error = errno;
        close(fd);
        return xw_fail_errno(err, -error, "The console of %s does not open", machine);
    }
    return fd;
}

/* Takes the viewer's lock, or says who has it. Returns a descriptor. */
static int take_lock(const char *path, const char *machine, const char *viewer,
                     struct xw_error *err)
{
    char who[XW_NAME_SIZE] = "";
    XW_AUTO_CLOSE int writer = open(path, O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);
    int fd = open(path, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);

    if (writer < 0 || fd < 0) {
        if (fd >= 0)
            close(fd);
        return xw_fail_errno(err, -errno, "Opening the console's lock of %s", machine);
    }
    if (flock(fd, LOCK_EX | LOCK_NB) < 0) {
        ssize_t n = read(fd, who, sizeof(who) - 1);
        close(fd);
        return xw_fail(err, -EBUSY, "%s is at the console of %s already; leave there first (^])",
                       n > 0 ? who : "somebody", machine);
    }
    if (ftruncate(writer, 0) < 0 || write(writer, viewer, strlen(viewer)) < 0) {
        close(fd);
        return xw_fail_errno(err, -errno, "Writing the console's lock of %s", machine);
    }
    return fd;
}

/*
 * What ends the console when the lab closes: readable from then on, by the clock of the wall, so
 * that it follows when that is set. until 0: never.
 */
static int make_timer(time_t until, const char *machine, struct xw_error *err)
{
    const struct itimerspec at = {.it_value = {.tv_sec = until}};
    int fd = timerfd_create(CLOCK_REALTIME, TFD_CLOEXEC);

    if (fd >= 0 && timerfd_settime(fd, TFD_TIMER_ABSTIME, &at, NULL) == 0)
        return fd;
    int error = errno;
    if (fd >= 0)
        close(fd);
    return xw_fail_errno(err, -error, "The console of %s can't be given its time", machine);
}

/*
 * Puts the descriptors where the relay expects them, out of each other's way first; it gets no
 * others, and not the keeper's first three: descriptor 2 is a socket of journald's on a real host.
 */
static void place_descriptors(const int from[RELAY_COUNT])
{
    int aside[RELAY_COUNT];

    for (int i = 0; i < RELAY_COUNT; i++) {
        aside[i] = fcntl(from[i], F_DUPFD, 64);
        if (aside[i] < 0)
            abort();
    }
    for (int i = 0; i < RELAY_COUNT; i++) {
        if (dup2(aside[i], RELAY_GUEST + i) != RELAY_GUEST + i)
            abort();
    }
    if (close_range(0, RELAY_GUEST - 1, 0) < 0 || close_range(RELAY_END, ~0U, 0) < 0)
        abort();
}

static _Noreturn void become_relay(const struct xw_account *account, const int from[RELAY_COUNT])
{
    char name[] = "xwrelay";
    char *const argv[] = {name, NULL};
    char *const environment[] = {NULL};

    alarm(0);
    place_descriptors(from);
    xw_become(account);
    execve(XW_RELAY_PATH, argv, environment);
    abort();
}

static void tell_journal(const struct xw_opening *opening)
{
    const struct xw_entry entry = {.phase = XW_PHASE_OPEN,
                                   .uid = opening->uid,
                                   .peer_pid = opening->peer_pid,
                                   .pid = getpid(),
                                   .note = opening->note,
                                   .usec = xw_journal_clock() - opening->began};

    xw_journal_write(opening->journal, &entry);
}

int xw_verb_console(const struct xw_job *job, struct xw_error *err)
{
    const struct xw_plan_machine *planned = xw_plan_machine(job->plan, job->request->machines[0]);
    char path[PATH_MAX];
    char lock_path[PATH_MAX + 8];

    if (!planned)
        return xw_refuse(err);
    xw_confine_console();
    const struct xw_machine machine = {job->plan->lab, job->owner->name, planned->name};
    int rc = xw_machine_console_path(&machine, path, sizeof(path));
    if (rc < 0)
        return xw_fail(err, rc, "The console of %s has no address", planned->name);
    snprintf(lock_path, sizeof(lock_path), "%s.viewer", path);
    XW_AUTO_CLOSE int lock = take_lock(lock_path, planned->name, job->viewer_name, err);
    if (lock < 0)
        return lock;
    XW_AUTO_CLOSE int guest = connect_guest(path, planned->name, err);
    if (guest == -ENOENT || guest == -ECONNREFUSED)
        return xw_fail(err, -ENXIO, "%s is off; start it first", planned->name);
    if (guest < 0)
        return guest;
    XW_AUTO_CLOSE int timer = make_timer(job->until, planned->name, err);
    if (timer < 0)
        return timer;
    XW_AUTO_CLOSE int notice = xw_notice_make(&machine, err);
    if (notice < 0)
        return notice;
    const int descriptors[RELAY_COUNT] = {guest, job->viewer, job->peer, lock, timer, notice};
    tell_journal(job->opening);
    become_relay(job->relay, descriptors);
}
