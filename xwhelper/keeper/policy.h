/*
 * The policies of the listener and of each kind of process that it forks; and the rule sets that
 * the reader's policy shares with them.
 */
#ifndef XW_KEEPER_POLICY_H
#define XW_KEEPER_POLICY_H

#include "common/policy.h"

extern const struct xw_rule_set xw_memory_rules;
extern const struct xw_rule_set xw_reply_rules;
extern const struct xw_rule_set xw_libvirt_rules;

/* Everything of the keeper's: a filter is inherited, so this one is as wide as all below. */
extern const struct xw_policy xw_listener_policy;

/*
 * From the fork until the request has been authorized; peers other than root. The second is the
 * broker's, until it has decided what it is asked (broker.h).
 */
extern const struct xw_policy xw_request_policy;
extern const struct xw_policy xw_broker_policy;

/*
 * start, stop, reboot, revert; prepare and deploy; suspend; extend; console, relay, vnc and copy,
 * up to their first lines.
 */
extern const struct xw_policy xw_changing_policy;
extern const struct xw_policy xw_prepare_policy;
extern const struct xw_policy xw_suspend_policy;
extern const struct xw_policy xw_extending_policy;
extern const struct xw_policy xw_console_policy;
extern const struct xw_policy xw_sharing_policy;
extern const struct xw_policy xw_copy_policy;
extern const struct xw_policy xw_display_policy;

#endif
