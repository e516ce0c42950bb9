#ifndef XW_READER_POLICY_H
#define XW_READER_POLICY_H

#include "common/policy.h"

extern const struct xw_policy xw_reader_policy;

#endif
