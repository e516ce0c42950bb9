/*
 * What a keeper child does, one function a verb. Each sends its lines to the peer, `end` excepted,
 * and returns an exit code; a negative errno-style code with err filled means that `error` is due.
 */
#ifndef XW_KEEPER_VERBS_H
#define XW_KEEPER_VERBS_H

#include <stdbool.h>
#include <time.h>

#include "common/error.h"
#include "common/record.h"
#include "common/request.h"
#include "xwhelper/keeper/authority.h"
#include "xwhelper/keeper/checkpoint_record.h"
#include "xwhelper/keeper/confine.h"
#include "xwhelper/keeper/host.h"
#include "xwhelper/keeper/journal.h"
#include "xwhelper/keeper/plan.h"
#include "xwhelper/keeper/world.h"

/* What the journal is told when a console opens; its end is the listener's to tell. */
struct xw_opening {
    struct xw_journal *journal;
    uid_t uid;
    pid_t peer_pid;
    const struct xw_note *note;
    uint64_t began;
};

/* What a verb works on; everything has been checked. */
struct xw_job {
    int peer;
    int viewer; /* console's descriptor, or -1 */
    const struct xw_request *request;
    const struct xw_owner *owner;
    const struct xw_plan *plan;
    const struct xw_opening *opening;
    const struct xw_account *relay; /* who a console's child becomes */
    const char *viewer_name; /* of who asks, for others at the console: by the kernel's word */
    time_t until;            /* when a console has to end; 0: never */
    struct xw_checkpoints *checkpoints; /* revert: those of the world */
};

int xw_verb_start(const struct xw_job *job, struct xw_error *err);
int xw_verb_stop(const struct xw_job *job, struct xw_error *err);
/*
 * What stop does, for who holds the world's lock: the machines of the request that are not off. Of
 * the job, nothing but peer, request, plan and the owner's name is looked at. xw_lifecycle_init()
 * must have been called before xw_host_open().
 */
int xw_stop_machines(const struct xw_job *job, struct xw_host *host, struct xw_error *err);

int xw_verb_reboot(const struct xw_job *job, struct xw_error *err);
int xw_verb_revert(const struct xw_job *job, struct xw_error *err);
int xw_verb_checkpoint_create(const struct xw_job *job, struct xw_error *err);
int xw_verb_checkpoint_delete(const struct xw_job *job, struct xw_error *err);

/*
 * console, watch, take: asks the keeper for the console's relay (below) and becomes the viewer's;
 * returns only when that fails.
 */
int xw_verb_console(const struct xw_job *job, struct xw_error *err);

/* vnc: opens a machine's display and becomes the viewer's relay; returns only when that fails. */
int xw_verb_vnc(const struct xw_job *job, struct xw_error *err);

/*
 * copy-to, copy-from: opens the machine's channel for files and becomes its relay; returns only
 * when that fails. -EDQUOT where the lab lets nothing be copied, -EAGAIN where somebody is copying.
 */
int xw_verb_copy(const struct xw_job *job, struct xw_error *err);

/*
 * relay, what a child of the keeper's asks for in xw_verb_console(): the peer becomes a viewer of
 * the console's relay, which this process becomes where there is none. Says XW_RELAY_ASKS, and is
 * answered with a struct xw_join. Returns only when that fails.
 */
int xw_verb_relay(int peer, const struct xw_request *request, const struct xw_account *account,
                  struct xw_error *err);

/* All that is the caller's, told as the reader; of the authority everything has been decided. */
int xw_verb_list(int peer, const struct xw_authority *authority, const struct xw_account *reader,
                 struct xw_error *err);

/*
 * Of all that is the caller's, and of the worlds of the labs that the caller looks after, what
 * happens, told to the viewer as the reader, until the viewer, or libvirt, has gone.
 */
int xw_verb_events(int peer, int viewer, const struct xw_authority *authority,
                   const struct xw_account *reader, struct xw_error *err);

/*
 * For who instructs a lab: all of its worlds, as the reader; who may use it and for whom it was
 * extended, the same. Of the authority everything has been decided.
 */
int xw_verb_worlds(int peer, const struct xw_authority *authority, const struct xw_account *reader,
                   struct xw_error *err);
int xw_verb_grants(int peer, const struct xw_authority *authority, const struct xw_account *reader,
                   struct xw_error *err);

/*
 * The same people's, in a broker (broker.h), with no line for the peer: an extension, or with 0 its
 * end; the world of an owner, made where the lab is for them. Both return 0 or a negative errno.
 */
int xw_verb_extend(const struct xw_authority *authority, const struct xw_request *request,
                   struct xw_error *err);
int xw_verb_deploy(const struct xw_authority *authority, const struct xw_request *request,
                   const struct xw_plan *plan, enum xw_deploy_result *result, struct xw_error *err);

/* Deploys what the labs grant to the user named in the request, and to the user's teams. */
int xw_verb_prepare(int peer, const struct xw_request *request, struct xw_error *err);

/*
 * Suspends the worlds of the user named in the request, who has logged out: those that nobody has
 * open any more. The peer is answered at once, before anything is done. owners and labs are the
 * directories of records.
 */
int xw_verb_suspend(int peer, const struct xw_request *request, int owners, int labs,
                    struct xw_error *err);

/*
 * Takes the world's lock (xw_world_lock()) and checks that the world's directory is one, no link to
 * another's, and says that it is this owner's. Returns a descriptor; -ENOENT (there is no such
 * world), -EPERM (it is another's or not a directory of ours) or another negative errno.
 */
int xw_job_lock(const struct xw_job *job, struct xw_error *err);

/*
 * The machines of a request in start order. chosen has room for XW_MACHINES_MAX; returns their
 * number.
 */
size_t xw_job_machines(const struct xw_job *job, const struct xw_plan_machine **chosen);

/* What a verb does with one machine; sends `done` itself. */
typedef int (*xw_machine_verb)(struct xw_host *host, const struct xw_job *job,
                               const struct xw_plan_machine *planned, struct xw_error *err);

/*
 * Under the world's lock: the verb for each machine of the request, in start order or backwards.
 * A machine's failure is reported (`fail`) and stops no other, except -EAGAIN, which ends the
 * request. Returns an exit code or a negative errno-style code with err filled.
 */
int xw_job_each(const struct xw_job *job, xw_machine_verb verb, bool backwards,
                struct xw_error *err);

/* The same, for who holds the world's lock. */
int xw_job_on(struct xw_host *host, const struct xw_job *job, xw_machine_verb verb, bool backwards,
              struct xw_error *err);

/*
 * What a machine needs to start: admission (admission.h), unless it runs already, and its bridges.
 * *lock, which the caller closes, is held until the machine runs. Under the world's lock.
 */
int xw_job_may_start(struct xw_host *host, const struct xw_job *job,
                     const struct xw_plan_machine *planned, int *lock, struct xw_error *err);

/* The machine's domain, NULL where libvirt gives none (virGetLastErrorCode() says why). */
virDomainPtr xw_job_find(struct xw_host *host, const struct xw_job *job,
                         const struct xw_plan_machine *planned);

#endif
