#ifndef XW_RELAY_POLICY_H
#define XW_RELAY_POLICY_H

#include "common/policy.h"

extern const struct xw_policy xw_relay_viewer_policy;
extern const struct xw_policy xw_relay_console_policy;
extern const struct xw_policy xw_relay_stream_policy;

#endif
