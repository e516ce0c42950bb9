/*
 * Confinement as data. Each part of the helper has one file, policy.c, in which every system call
 * that it may still make stands with its reason and its conditions, and every file that it may
 * still reach. From that table come the seccomp filter, the Landlock rules and the tests.
 */
#ifndef XW_COMMON_POLICY_H
#define XW_COMMON_POLICY_H

#include <seccomp.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define XW_CONDITIONS_MAX 3
#define XW_SETS_MAX       24

/* Holds when (argument & mask) == value. A mask of 0 ends the conditions. */
struct xw_condition {
    unsigned int argument; /* 0 to 5 */
    uint64_t mask;
    uint64_t value;
};

/* One call with what it is for; all conditions must hold. A call may have several rules. */
struct xw_rule {
    int call; /* SCMP_SYS(...) */
    const char *name;
    const char *reason;
    struct xw_condition when[XW_CONDITIONS_MAX];
};

/* Rules that belong together, and that parts may share. */
struct xw_rule_set {
    const struct xw_rule *rules;
    size_t count;
};

/* What may be done beneath a path (landlock(7)). */
enum {
    XW_REACH_END,          /* ends a table */
    XW_REACH_READ,         /* files and directories */
    XW_REACH_EXECUTE,      /* and execute */
    XW_REACH_WRITE,        /* read and write what is there */
    XW_REACH_CHANGE,       /* and make, rename and remove files, sockets and directories */
    XW_REACH_FIFOS,        /* and make FIFOs */
    XW_REACH_IF_THERE = 16 /* added to one of these: the path may be missing */
};

struct xw_reach {
    unsigned int kind;
    const char *path;
    const char *reason;
};

/* An empty table: no file at all. */
extern const struct xw_reach xw_reach_nothing[];

struct xw_policy {
    const char *name;
    const struct xw_rule_set *sets[XW_SETS_MAX]; /* up to the first NULL */
    const struct xw_reach *reach;                /* up to XW_REACH_END; NULL: not by Landlock */
};

/*
 * The kernel looks at the lower 32 bits of an argument that it declares as int, and so does a
 * condition on INT_; it looks at all 64 of one that it declares as long or size_t: LONG_.
 */
#define XW_INT_IS(argument, bits)                                                                  \
    {                                                                                              \
        (argument), UINT32_MAX, (uint32_t)(bits)                                                   \
    }
#define XW_INT_WITHIN(argument, bits)                                                              \
    {                                                                                              \
        (argument), (uint32_t) ~(uint32_t)(bits), 0                                                \
    }
#define XW_INT_IS_WITH(argument, bits, optional)                                                   \
    {                                                                                              \
        (argument), (uint32_t) ~(uint32_t)(optional), (uint32_t)(bits)                             \
    }
#define XW_LONG_IS(argument, bits)                                                                 \
    {                                                                                              \
        (argument), UINT64_MAX, (uint64_t)(bits)                                                   \
    }
#define XW_LONG_WITHIN(argument, bits)                                                             \
    {                                                                                              \
        (argument), ~(uint64_t)(bits), 0                                                           \
    }

#define XW_CALL(call, reason)                                                                      \
    {                                                                                              \
        SCMP_SYS(call), #call, (reason),                                                           \
        {                                                                                          \
            {                                                                                      \
                0, 0, 0                                                                            \
            }                                                                                      \
        }                                                                                          \
    }
#define XW_CALL_IF(call, reason, ...)                                                              \
    {                                                                                              \
        SCMP_SYS(call), #call, (reason),                                                           \
        {                                                                                          \
            __VA_ARGS__                                                                            \
        }                                                                                          \
    }

#define XW_RULE_SET(array)                                                                         \
    {                                                                                              \
        (array), sizeof(array) / sizeof((array)[0])                                                \
    }

/*
 * The filter of a policy: what it lists is allowed, and all else kills the process, whatever the
 * number, the argument or the entry into the kernel (x32 and i386 included). Returns NULL when
 * libseccomp refuses a rule; seccomp_release() frees it.
 */
scmp_filter_ctx xw_policy_filter(const struct xw_policy *policy);

/*
 * Confines this process: no_new_privs, Landlock where the kernel has it, the filter. Aborts
 * unless all of it is in force. Returns whether Landlock is.
 *
 * A killed call is in the audit trail without a flag of ours: the kernel writes an AUDIT_SECCOMP
 * record for every kill as long as kernel.seccomp.actions_logged has kill_process, its default.
 */
bool xw_policy_enter(const struct xw_policy *policy);

#endif
