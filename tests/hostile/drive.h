/*
 * Executes a program that has privilege as a hostile caller would: any arguments, environment,
 * credentials, descriptors, limits, signals, directory; and reports what came of it. With a tracer,
 * also every system call, and a say at each of them.
 *
 * The driver is root (it becomes the caller in the child), so that the kernel honours the set-id
 * bits of a program under its tracer (execve(2): a tracer without CAP_SYS_PTRACE disables them).
 */
#ifndef XW_HOSTILE_DRIVE_H
#define XW_HOSTILE_DRIVE_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

enum { DRIVE_GROUPS_MAX = 65536, DRIVE_TEXT = 200, DRIVE_AUDIT_MAX = 8, DRIVE_AUDIT_TEXT = 4096 };

/* Who calls; groups are borrowed. */
struct drive_user {
    uid_t uid;
    gid_t gid;
    const gid_t *groups;
    size_t group_count;
};

/* One system call that the program made. */
struct drive_syscall {
    long number;
    unsigned long args[6];
    long result;           /* valid after it returned */
    char text[DRIVE_TEXT]; /* the path or socket address that it names, or "" */
};

/* What the tracer does at the entry of a system call. */
enum drive_do {
    DRIVE_GO_ON,
    DRIVE_FAIL,    /* the call is not made and fails with `value` as errno */
    DRIVE_PRETEND, /* the call is not made and returns `value` */
    DRIVE_SIGNAL,  /* the process gets signal `value`, with the call to come */
    DRIVE_RELEASE  /* the process is stopped and no longer traced, then goes on (see released) */
};

struct drive_order {
    enum drive_do what;
    int value;
};

struct drive_tracer {
    /* Called at each entry, index counts from the exec; NULL: DRIVE_GO_ON. May take its time. */
    struct drive_order (*at)(void *data, pid_t pid, size_t index, const struct drive_syscall *call);
    /* Called while the released process is stopped and untraced; may be NULL. */
    void (*released)(void *data, pid_t pid);
    /* Called when the process is about to end, all its state still there; may be NULL. */
    void (*ending)(void *data, pid_t pid);
    void *data;
};

struct drive_call {
    const char *program;      /* NULL: the installed gate */
    const char *const *argv;  /* ends with NULL; may be empty */
    char *const *environment; /* ends with NULL; NULL: empty */
    const struct drive_user *user;
    unsigned int closed;         /* bit n: descriptor n (0 to 2) is closed */
    int viewer;                  /* becomes descriptor 3; 0: none */
    void (*as_root)(void *data); /* in the child, before it becomes the user; may be NULL */
    void (*as_user)(void *data); /* in the child, last before execve; may be NULL */
    void *data;
    const struct drive_tracer *tracer; /* NULL: not traced */
    unsigned int patience;             /* seconds until it is killed; 0: 20 */
};

struct drive_result {
    bool exited; /* else ended by a signal */
    int code;    /* of exit, or the signal's number */
    bool timed_out;
    bool dumped; /* a core was written */
    long milliseconds;
    char out[8192]; /* what it wrote to 1 and 2, NUL-terminated */
    char err[8192];
    size_t syscall_count;
    struct drive_syscall *syscalls; /* of a traced one; drive_free() */
    size_t audit_count;             /* AUDIT_TRUSTED_APP messages that it sent to the kernel */
    char audit[DRIVE_AUDIT_MAX][DRIVE_AUDIT_TEXT];
};

/* Runs it to its end. Aborts the test program when the driver itself fails. */
void drive_run(const struct drive_call *call, struct drive_result *result);

void drive_free(struct drive_result *result);

/* Forks and becomes the user in the child; the child gets 0, with default signals. */
pid_t drive_fork_as(const struct drive_user *user);

/* The caller of this name, as a login would make it; lives until the process ends. */
const struct drive_user *drive_user(const char *name);

#endif
