/*
 * What the relay may do: move bytes between the descriptors it was given, and end.
 */
#include "xwhelper/relay/policy.h"

static const struct xw_rule rules[] = {
    XW_CALL(poll, "waiting for either side"),
    XW_CALL(read, "bytes of the guest or the viewer, notices"),
    XW_CALL_IF(write, "the mark of traffic", XW_INT_IS(0, 8), XW_LONG_IS(2, 1)),
    XW_CALL(sendto, "bytes to the other side, words to the gate"),
    XW_CALL(restart_syscall, "poll() that the kernel continues after a stop"),
    XW_CALL(exit_group, "the end"),
};
static const struct xw_rule_set relay = XW_RULE_SET(rules);

const struct xw_policy xw_relay_policy = {"relay", {&relay}, xw_reach_nothing};
