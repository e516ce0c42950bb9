/*
 * What the relays may do: move bytes between the descriptors they were given, and end. A console's
 * gets more descriptors while it runs, through the socket that only the keeper reaches.
 */
#include "xwhelper/relay/policy.h"

static const struct xw_rule moving[] = {
    XW_CALL(poll, "waiting for any side"),
    XW_CALL(sendto, "bytes to another side, words to the gate"),
    XW_CALL(restart_syscall, "poll() that the kernel continues after a stop"),
    XW_CALL(exit_group, "the end"),
};
static const struct xw_rule_set moving_rules = XW_RULE_SET(moving);

static const struct xw_rule viewer[] = {
    XW_CALL(read, "the viewer's keys, the console's frames"),
};
static const struct xw_rule_set viewer_rules = XW_RULE_SET(viewer);

static const struct xw_rule console[] = {
    XW_CALL(recvfrom, "the guest's bytes, the viewers' keys, never waiting for them"),
    XW_CALL(recvmsg, "a viewer whom the keeper brings"),
    XW_CALL(read, "what the guest wrote before; notices"),
    XW_CALL_IF(write, "the mark of traffic", XW_INT_IS(0, 6), XW_LONG_IS(2, 1)),
    XW_CALL(close, "a viewer who has left; the pipe of what was before"),
    XW_CALL(clock_gettime, "how long nobody has taken anything, where the vdso has no clock"),
};
static const struct xw_rule_set console_rules = XW_RULE_SET(console);

static const struct xw_rule stream[] = {
    XW_CALL(recvmsg, "either side's bytes, never waiting for them"),
};
static const struct xw_rule_set stream_rules = XW_RULE_SET(stream);

const struct xw_policy xw_relay_viewer_policy = {
    "viewer's relay", {&moving_rules, &viewer_rules}, xw_reach_nothing};

const struct xw_policy xw_relay_console_policy = {
    "console's relay", {&moving_rules, &console_rules}, xw_reach_nothing};

const struct xw_policy xw_relay_stream_policy = {
    "stream's relay", {&moving_rules, &stream_rules}, xw_reach_nothing};
