/*
 * checkpoint-create: all machines of the request at one instant, or none. Those that run are paused
 * together, saved one after the other, and go on together. The record says that the checkpoints are
 * being made before anything is saved, and that they are kept in one step at the end.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>

#include "common/cleanup.h"
#include "common/clock.h"
#include "common/exitcode.h"
#include "common/lines.h"
#include "xwhelper/keeper/checkpoint.h"
#include "xwhelper/keeper/reply.h"
#include "xwhelper/keeper/world.h"

struct creation {
    const struct xw_job *job;
    struct xw_host *host;
    struct xw_checkpoints *checkpoints;
    char text[XW_NOTE_MAX + 1];
    size_t count;
    const struct xw_plan_machine *planned[XW_MACHINES_MAX];
    struct xw_checkpoint_site sites[XW_MACHINES_MAX];
    bool runs[XW_MACHINES_MAX];
    size_t running;
    size_t paused; /* the first of them are, in the order of sites */
};

static unsigned int digit(char hexadecimal)
{
    return (unsigned int)(hexadecimal <= '9' ? hexadecimal - '0' : hexadecimal - 'a' + 10);
}

/* What the request says of the checkpoint; its digits have been checked, what they mean has not. */
static int read_note(const char *note, char text[XW_NOTE_MAX + 1], struct xw_error *err)
{
    size_t length = strlen(note) / 2;

    for (size_t i = 0; i < length; i++)
        text[i] = (char)(digit(note[2 * i]) << 4 | digit(note[2 * i + 1]));
    text[length] = '\0';
    if (length > 0 &&
        (strlen(text) != length || !xw_text_ok(text) || text[0] == ' ' || text[length - 1] == ' '))
        return xw_fail(err, -EINVAL,
                       "the text of a checkpoint is one line of plain UTF-8, without control "
                       "characters, and neither begins nor ends with a space");
    return 0;
}

/* Whether one can be made of it: 0, or why not. */
static int look_at(struct creation *creation, size_t index, struct xw_error *err)
{
    const struct xw_checkpoint_site *site = &creation->sites[index];
    const char *name = creation->job->request->checkpoint;
    const char *state = xw_machine_state(site->domain);

    if (!state)
        return xw_libvirt_fail(creation->host, err, "Asking for %s", site->name);
    creation->runs[index] = strcmp(state, "running") == 0;
    creation->running += creation->runs[index];
    if (strcmp(state, "suspended") == 0)
        return xw_fail(err, -EINVAL,
                       "nothing was saved: %s is suspended, and its memory would be missing; "
                       "start it first",
                       site->name);
    if (!creation->runs[index] && strcmp(state, "off") != 0 && strcmp(state, "crashed") != 0)
        return xw_fail(err, -EINVAL,
                       "nothing was saved: %s is %s; a checkpoint is made of a machine that runs "
                       "or is off",
                       site->name, state);
    if (xw_checkpoints_find(creation->checkpoints, site->name, name))
        return xw_fail(err, -EEXIST,
                       "nothing was saved: %s has a checkpoint %s already; delete it, or take "
                       "another name",
                       site->name, name);
    return 0;
}

static unsigned long long allocated(const char *path)
{
    struct stat status;

    return stat(path, &status) == 0 ? (unsigned long long)status.st_blocks * 512 : 0;
}

static int measure(const struct creation *creation, struct xw_checkpoint_room *room,
                   struct xw_error *err)
{
    const struct xw_config *config = xw_host_config(creation->host);
    const struct xw_plan *plan = creation->job->plan;
    unsigned long long bytes = 0;
    char path[PATH_MAX];
    struct statvfs disk;

    *room = (struct xw_checkpoint_room){.most = config->user.checkpoints,
                                        .limit = config->checkpoint_space,
                                        .disk_reserve = config->disk_reserve};
    if (plan->limits.checkpoints && (!room->most || plan->limits.checkpoints < room->most))
        room->most = plan->limits.checkpoints;
    for (size_t i = 0; i < plan->machine_count; i++) {
        const struct xw_machine machine = {plan->lab, creation->job->owner->name,
                                           plan->machines[i].name};
        if (xw_machine_overlay_path(&machine, path, sizeof(path)) == 0)
            bytes += allocated(path);
    }
    room->used = bytes >> 20;
    for (size_t i = 0; i < creation->count; i++)
        room->needs += 1 + (creation->runs[i] ? creation->planned[i]->memory : 0);
    int rc = xw_world_path(plan->lab, creation->job->owner->name, path, sizeof(path));
    XW_AUTO_CLOSE int fd =
        rc < 0 ? rc : open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (fd < 0 || fstatvfs(fd, &disk) < 0)
        return xw_fail_errno(err, -errno, "The space on the disk of %s can't be asked for", path);
    room->disk_available = (unsigned long long)disk.f_bavail * disk.f_frsize >> 20;
    return 0;
}

/* Everything that can be known before anything is changed. */
static int check(struct creation *creation, struct xw_error *err)
{
    struct xw_checkpoint_room room;

    if (strcmp(creation->job->request->checkpoint, XW_PRISTINE) == 0)
        return xw_fail(err, -EINVAL,
                       "nothing was saved: " XW_PRISTINE " is the state in which you got the "
                       "machine; take another name");
    int rc = xw_checkpoints_mend(creation->host, creation->job, creation->checkpoints, err);
    for (size_t i = 0; i < creation->count && rc == 0; i++) {
        rc = xw_checkpoint_open(creation->host, creation->job, creation->planned[i],
                                &creation->sites[i], err);
        if (rc == 0)
            rc = look_at(creation, i, err);
    }
    if (rc == 0 && creation->checkpoints->count + creation->count > XW_CHECKPOINTS_MAX)
        rc = xw_fail(err, -EDQUOT,
                     "nothing was saved: a world has %d checkpoints at most, and this one has %zu",
                     XW_CHECKPOINTS_MAX, creation->checkpoints->count);
    if (rc == 0)
        rc = measure(creation, &room, err);
    for (size_t i = 0; i < creation->count && rc == 0; i++)
        rc = xw_checkpoint_admit(creation->checkpoints, creation->sites[i].name, &room, err);
    return rc;
}

static int record_making(struct creation *creation, struct xw_error *err)
{
    const time_t now = xw_clock_now();

    for (size_t i = 0; i < creation->count; i++) {
        struct xw_checkpoint *checkpoint =
            &creation->checkpoints->items[creation->checkpoints->count++];
        *checkpoint = (struct xw_checkpoint){
            .made = now, .state = XW_CHECKPOINT_MAKING, .memory = creation->runs[i]};
        snprintf(checkpoint->machine, XW_NAME_SIZE, "%s", creation->sites[i].name);
        snprintf(checkpoint->name, XW_NAME_SIZE, "%s", creation->job->request->checkpoint);
        memcpy(checkpoint->definition, creation->sites[i].definition, UUID_STR_LEN);
        memcpy(checkpoint->text, creation->text, sizeof(checkpoint->text));
    }
    return xw_checkpoints_write(creation->checkpoints, err);
}

/* One alone is paused by QEMU while it is saved. */
static int pause_all(struct creation *creation, struct xw_error *err)
{
    for (; creation->running > 1 && creation->paused < creation->count; creation->paused++) {
        const struct xw_checkpoint_site *site = &creation->sites[creation->paused];
        if (creation->runs[creation->paused] && virDomainSuspend(site->domain) < 0)
            return xw_libvirt_fail(creation->host, err, "Pausing %s", site->name);
    }
    return 0;
}

static int go_on_all(const struct creation *creation, struct xw_error *err)
{
    int rc = 0;

    for (size_t i = 0; i < creation->paused; i++) {
        const struct xw_checkpoint_site *site = &creation->sites[i];
        if (creation->runs[i] && virDomainResume(site->domain) < 0 && rc == 0)
            rc = xw_libvirt_fail(creation->host, err, "Letting %s go on", site->name);
    }
    return rc;
}

static int save_all(struct creation *creation, struct xw_error *err)
{
    const char *name = creation->job->request->checkpoint;
    int rc = 0;

    for (size_t i = 0; i < creation->count && rc == 0; i++) {
        const struct xw_checkpoint_site *site = &creation->sites[i];
        unsigned long long before = allocated(site->overlay);

        xw_reply(creation->job->peer, "progress %s is being saved", site->name);
        rc = xw_checkpoint_take(site, name, creation->runs[i], err);
        unsigned long long after = allocated(site->overlay);
        xw_checkpoints_find(creation->checkpoints, site->name, name)->size =
            after > before ? after - before : 0;
    }
    return rc;
}

/* Without libvirt that can't be done; what has been begun is removed by the next command then. */
static int take_back(struct creation *creation, const struct xw_error *why, struct xw_error *err)
{
    struct xw_error mending = {0};

    if (why->code != -EAGAIN)
        xw_checkpoints_mend(creation->host, creation->job, creation->checkpoints, &mending);
    return xw_fail(err, why->code, "nothing was saved: %s%s%s", why->text,
                   mending.code < 0 ? "; and what had been begun can't be removed: " : "",
                   mending.text);
}

static void set_state(const struct creation *creation, enum xw_checkpoint_state state)
{
    const char *name = creation->job->request->checkpoint;

    for (size_t i = 0; i < creation->count; i++)
        xw_checkpoints_find(creation->checkpoints, creation->sites[i].name, name)->state = state;
}

static int save(struct creation *creation, struct xw_error *err)
{
    const char *name = creation->job->request->checkpoint;
    struct xw_error why = {0};
    struct xw_error resuming = {0};
    int rc = record_making(creation, &why);

    if (rc < 0)
        return xw_fail(err, rc, "nothing was saved: %s", why.text);
    rc = pause_all(creation, &why);
    if (rc == 0)
        rc = save_all(creation, &why);
    if (go_on_all(creation, &resuming) < 0 && rc == 0) {
        why = resuming;
        rc = resuming.code;
    }
    if (rc < 0)
        return take_back(creation, &why, err);
    set_state(creation, XW_CHECKPOINT_KEPT);
    rc = xw_checkpoints_write(creation->checkpoints, &why);
    if (rc < 0) {
        set_state(creation, XW_CHECKPOINT_MAKING);
        return take_back(creation, &why, err);
    }
    for (size_t i = 0; i < creation->count; i++)
        xw_reply(creation->job->peer, "done %s is saved as %s%s", creation->sites[i].name, name,
                 creation->runs[i] ? ", with its memory" : "");
    return XW_EXIT_OK;
}

int xw_verb_checkpoint_create(const struct xw_job *job, struct xw_error *err)
{
    /* Too large for the stack; a process serves one request. */
    static struct creation creation;
    static struct xw_checkpoints checkpoints;

    creation = (struct creation){.job = job, .checkpoints = &checkpoints};
    creation.count = xw_job_machines(job, creation.planned);
    int rc = read_note(job->request->note, creation.text, err);
    if (rc < 0)
        return rc;
    XW_AUTO_CLOSE int lock = xw_job_lock(job, err);
    if (lock < 0)
        return lock;
    rc = xw_checkpoints_read(job->plan->lab, job->owner->name, &checkpoints, err);
    if (rc == 0)
        rc = xw_host_open(&creation.host, err);
    if (rc < 0)
        return rc;
    rc = check(&creation, err);
    if (rc == 0)
        rc = save(&creation, err);
    for (size_t i = 0; i < creation.count; i++)
        xw_checkpoint_close(&creation.sites[i]);
    xw_host_close(creation.host);
    return rc;
}
