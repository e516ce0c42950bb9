/*
 * What the process that reads the two trails may do (audit_reader.h).
 */
#ifndef XW_XWADM_AUDIT_POLICY_H
#define XW_XWADM_AUDIT_POLICY_H

#include "common/policy.h"

/* Without Landlock's part, which depends on where the trails are: the reader adds it. */
extern const struct xw_policy xw_audit_policy;

#endif
