/*
 * Whether one machine more may run: the limits of its owner and of its lab (xworlds.conf(5),
 * xworlds-lab(5)) and what the host keeps for itself. Counting, deciding and starting are one
 * critical section of all requests: whoever starts a machine holds the lock until it runs.
 */
#ifndef XW_KEEPER_ADMISSION_H
#define XW_KEEPER_ADMISSION_H

#include <stddef.h>

#include "common/config.h"
#include "common/error.h"
#include "common/names.h"
#include "xwhelper/keeper/host.h"
#include "xwhelper/keeper/machine.h"
#include "xwhelper/keeper/plan.h"

/* A machine that runs, or that is to run. */
struct xw_running {
    char lab[XW_NAME_SIZE]; /* "" for a domain that is not ours */
    char owner[XW_NAME_SIZE];
    char machine[XW_NAME_SIZE];
    unsigned long long memory; /* MiB */
    unsigned int vcpus;
};

/* Everything that the decision depends on; what is pointed to is borrowed. Sizes are in MiB. */
struct xw_admission {
    const struct xw_limits *user;
    const struct xw_limits *lab;
    unsigned long long memory;           /* of the host */
    unsigned long long memory_available; /* of it, for who needs some now */
    unsigned long long memory_reserve;
    unsigned long long disk_available;
    unsigned long long disk_reserve;
    const struct xw_running *running;
    size_t running_count;
    const struct xw_running *wanted;
};

/*
 * The rule. Pure: no I/O. Returns 0, or -EDQUOT with err saying which limit, how much is used by
 * what, and what to stop.
 */
int xw_admission_decide(const struct xw_admission *admission, struct xw_error *err);

/*
 * Takes the host's lock of admission (an OFD write lock, fcntl(2)), waiting until it is free.
 * Returns its descriptor, which ends it, or a negative errno.
 */
int xw_admission_lock(struct xw_error *err);

/*
 * For who holds the lock: counts what runs, looks at what the host has left, and decides. Returns
 * 0, -EDQUOT as above, or what libvirt's failure is (xw_libvirt_fail()).
 */
int xw_admission_check(struct xw_host *host, int lock, const struct xw_plan *plan,
                       const struct xw_plan_machine *planned, const char *owner,
                       struct xw_error *err);

#endif
