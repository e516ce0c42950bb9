#ifndef XW_GATE_POLICY_H
#define XW_GATE_POLICY_H

#include "common/policy.h"

extern const struct xw_policy xw_gate_policy;

#endif
