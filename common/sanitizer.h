/*
 * A build with the address sanitizer is confined as any other, by the same tables. What the
 * sanitizer's runtime asks of the kernel besides is in sanitizer_rules.c, which is linked into such
 * builds only; nothing that is installed on a real host has it.
 */
#ifndef XW_COMMON_SANITIZER_H
#define XW_COMMON_SANITIZER_H

#include "common/policy.h"

#if defined(__SANITIZE_ADDRESS__)
#define XW_SANITIZED 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define XW_SANITIZED 1
#endif
#endif
#ifndef XW_SANITIZED
#define XW_SANITIZED 0
#endif

/* Where the runtime leaves its reports; see tests/sanitizer_options.c. */
#define XW_SANITIZER_REPORTS "/run/throwaway/sanitizer"

/* What any part may need while it runs. */
extern const struct xw_rule_set xw_sanitizer_rules;

/* What the start of a program takes, besides: for a policy that allows execve(2). */
extern const struct xw_rule_set xw_sanitizer_start_rules;
extern const struct xw_reach xw_sanitizer_start_reach[];

enum { XW_SANITIZER_REACH_MAX = 16 };

/* A policy with the above added, and where it is kept. */
struct xw_sanitizer_policy {
    struct xw_policy policy;
    struct xw_reach reach[XW_SANITIZER_REACH_MAX];
};

/* Fills `wider` from a policy; returns its policy. Aborts if there is no room. */
const struct xw_policy *xw_sanitizer_widen(const struct xw_policy *policy,
                                           struct xw_sanitizer_policy *wider);

#endif
