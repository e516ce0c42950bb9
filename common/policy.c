#include "common/policy.h"

#include <stdlib.h>
#include <sys/prctl.h>

#include "common/landlock.h"
#include "common/sanitizer.h"

const struct xw_reach xw_reach_nothing[] = {{XW_REACH_END, NULL, NULL}};

static int add_rule(scmp_filter_ctx filter, const struct xw_rule *rule)
{
    struct scmp_arg_cmp conditions[XW_CONDITIONS_MAX];
    unsigned int count = 0;

    for (; count < XW_CONDITIONS_MAX && rule->when[count].mask; count++) {
        const struct xw_condition *when = &rule->when[count];
        conditions[count] = (struct scmp_arg_cmp){.arg = when->argument,
                                                  .op = SCMP_CMP_MASKED_EQ,
                                                  .datum_a = when->mask,
                                                  .datum_b = when->value};
    }
    return seccomp_rule_add_array(filter, SCMP_ACT_ALLOW, rule->call, count, conditions);
}

static int add_set(scmp_filter_ctx filter, const struct xw_rule_set *set)
{
    int rc = 0;

    for (size_t i = 0; i < set->count && rc == 0; i++)
        rc = add_rule(filter, &set->rules[i]);
    return rc;
}

scmp_filter_ctx xw_policy_filter(const struct xw_policy *policy)
{
    scmp_filter_ctx filter = seccomp_init(SCMP_ACT_KILL_PROCESS);
    int rc = filter ? 0 : -1;

    /* Another entry into the kernel kills the process, too, and not one thread only. */
    if (rc == 0)
        rc = seccomp_attr_set(filter, SCMP_FLTATR_ACT_BADARCH, SCMP_ACT_KILL_PROCESS);
    for (size_t i = 0; i < XW_SETS_MAX && policy->sets[i] && rc == 0; i++)
        rc = add_set(filter, policy->sets[i]);
    if (rc == 0)
        return filter;
    seccomp_release(filter);
    return NULL;
}

bool xw_policy_enter(const struct xw_policy *policy)
{
#if XW_SANITIZED
    struct xw_sanitizer_policy wider;
    policy = xw_sanitizer_widen(policy, &wider);
#endif
    scmp_filter_ctx filter = xw_policy_filter(policy);

    if (!filter || prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0 ||
        prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) != 1)
        abort();
    int landlock = policy->reach ? xw_landlock_enter(policy->reach) : XW_LANDLOCK_NONE;
    if (landlock < 0 && landlock != XW_LANDLOCK_NONE)
        abort();
    if (seccomp_load(filter) < 0)
        abort();
    seccomp_release(filter);
    return landlock == 0;
}
