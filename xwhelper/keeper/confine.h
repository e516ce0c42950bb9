/*
 * How a process of the keeper's loses what it doesn't need: its uid, its capabilities, and by the
 * tables of policy.h its system calls and files. Each step is read back; whatever fails, aborts.
 */
#ifndef XW_KEEPER_CONFINE_H
#define XW_KEEPER_CONFINE_H

#include <stdbool.h>
#include <sys/types.h>

#include "common/error.h"
#include "common/request.h"

/* An account of ours; looked up once, by the listener before it listens. */
struct xw_account {
    uid_t uid;
    gid_t gid;
};

/* Looks up a user by name; never root. Returns 0 or -ENOENT. */
int xw_account_find(const char *name, struct xw_account *account, struct xw_error *err);

/* Becomes the account in all uids and gids, without groups, capabilities and core dumps. */
void xw_become(const struct xw_account *account);

/*
 * The listener, when all is ready. What limits disks (xworlds.conf(5), disk-per-world) takes
 * CAP_SYS_ADMIN, which is kept for that alone, and only if the unit has granted it.
 */
void xw_confine_listener(bool limits_disks);

/* A child of the listener's whose peer isn't root, before it reads a byte: whoever that is. */
void xw_confine_request(void);

/* A request's broker (broker.h), before it reads a byte. */
void xw_confine_broker(void);

/* A child, or a broker, that is about to carry out a verb that changes something. */
void xw_confine_change(const struct xw_request *request);

/* A child that is about to become a viewer's relay, a console's, that of a display, or a copy's. */
void xw_confine_console(void);
void xw_confine_relay(void);
void xw_confine_display(void);
void xw_confine_copy(void);

#endif
