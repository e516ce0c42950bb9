#include "common/sanitizer.h"

#include <fcntl.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

static const struct xw_rule running[] = {
    XW_CALL(sigaltstack, "the reporter's stack, looked up before a function that doesn't return"),
    XW_CALL_IF(mmap, "the allocator and its shadow", XW_LONG_WITHIN(2, PROT_READ | PROT_WRITE)),
    XW_CALL(munmap, "the same"),
    XW_CALL(madvise, "the same"),
    XW_CALL(futex, "the runtime's locks"),
    XW_CALL(sched_yield, "the same"),
    XW_CALL(getpid, "a report names the process"),
    XW_CALL(gettid, "a report names the thread"),
    XW_CALL_IF(write, "a report on descriptor 2", XW_INT_IS(0, STDERR_FILENO)),
};
const struct xw_rule_set xw_sanitizer_rules = XW_RULE_SET(running);

static const struct xw_rule starting[] = {
    XW_CALL_IF(open, "/proc/self: what is mapped, the name, the environment",
               XW_INT_IS(1, O_RDONLY)),
    XW_CALL(readlink, "/proc/self/exe"),
    XW_CALL(read, "the same"),
    XW_CALL(dup, "what it opened as one of the descriptors 0 to 2, out of their way"),
    XW_CALL(rt_sigaction, "SIGSEGV and its kind are reported"),
    XW_CALL_IF(openat, "the reports", XW_INT_IS(2, O_RDWR | O_NOFOLLOW | O_CLOEXEC)),
};
const struct xw_rule_set xw_sanitizer_start_rules = XW_RULE_SET(starting);

const struct xw_reach xw_sanitizer_start_reach[] = {
    {XW_REACH_READ, "/proc/self", "what is mapped, the name, the environment"},
    {XW_REACH_WRITE | XW_REACH_IF_THERE, XW_SANITIZER_REPORTS, "the reports"},
    {XW_REACH_END, NULL, NULL},
};

static void add_set(struct xw_policy *policy, const struct xw_rule_set *set)
{
    size_t i = 0;

    while (i < XW_SETS_MAX && policy->sets[i])
        i++;
    if (i == XW_SETS_MAX)
        abort();
    policy->sets[i] = set;
}

/* Returns how many there are with those of `from`, its end not counted. */
static size_t add_reach(struct xw_reach *reach, size_t count, const struct xw_reach *from)
{
    for (; from->kind != XW_REACH_END; from++) {
        if (count == XW_SANITIZER_REACH_MAX - 1)
            abort();
        reach[count++] = *from;
    }
    reach[count] = *from;
    return count;
}

static bool executes(const struct xw_policy *policy)
{
    for (size_t i = 0; i < XW_SETS_MAX && policy->sets[i]; i++) {
        for (size_t j = 0; j < policy->sets[i]->count; j++) {
            if (policy->sets[i]->rules[j].call == SYS_execve)
                return true;
        }
    }
    return false;
}

const struct xw_policy *xw_sanitizer_widen(const struct xw_policy *policy,
                                           struct xw_sanitizer_policy *wider)
{
    wider->policy = *policy;
    add_set(&wider->policy, &xw_sanitizer_rules);
    if (!executes(policy))
        return &wider->policy;
    add_set(&wider->policy, &xw_sanitizer_start_rules);
    if (policy->reach) {
        add_reach(wider->reach, add_reach(wider->reach, 0, policy->reach),
                  xw_sanitizer_start_reach);
        wider->policy.reach = wider->reach;
    }
    return &wider->policy;
}
