/*
 * The reader of the trails: opens for reading, maps and reads files, and writes to its standard
 * output, the pipe to xwadm. libauparse works on what it is given; libsystemd opens journal files
 * by itself, new ones for as long as it follows them.
 */
#include "xwadm/audit_policy.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

static const struct xw_rule rules[] = {
    XW_CALL(brk, "memory"),
    XW_CALL_IF(mmap, "memory, and a journal's file: never executable",
               XW_LONG_WITHIN(2, PROT_READ | PROT_WRITE)),
    XW_CALL_IF(mprotect, "the allocator", XW_LONG_WITHIN(2, PROT_READ | PROT_WRITE)),
    XW_CALL(munmap, "memory"),
    XW_CALL(mremap, "memory"),
    XW_CALL(madvise, "memory"),
    XW_CALL_IF(openat, "a log that has been rotated, a journal's files: for reading",
               XW_INT_WITHIN(2, O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC | O_DIRECTORY | O_NOCTTY)),
    XW_CALL(read, "the log; what a watch has seen"),
    XW_CALL(pread64, "a journal's header"),
    XW_CALL(lseek, "the log, back to the beginning of half a line"),
    XW_CALL(close, "a log or a journal's file"),
    XW_CALL(fstat, "how long a file is"),
    XW_CALL(newfstatat, "whether the log has been rotated"),
    XW_CALL(fstatfs, "what kind of file system the journal is on"),
    XW_CALL(fcntl, "the flags of what has been opened"),
    XW_CALL(getdents64, "a journal's directory"),
    XW_CALL(inotify_init1, "whether the journal grows"),
    XW_CALL(inotify_add_watch, "a journal's directory"),
    XW_CALL(inotify_rm_watch, "one that has gone"),
    XW_CALL(poll, "waiting for the journal"),
    XW_CALL(ppoll, "the same"),
    XW_CALL(clock_nanosleep, "waiting without a journal"),
    XW_CALL(clock_gettime, "time, where the vdso can't tell it"),
    XW_CALL(getrandom, "the seed of a hash table"),
    XW_CALL(getpid, "libsystemd: whether the journal was opened by this process"),
    XW_CALL(futex, "the libraries' locks"),
    XW_CALL(restart_syscall, "a wait that the kernel continues after a stop"),
    XW_CALL_IF(write, "events to xwadm", XW_INT_IS(0, STDOUT_FILENO)),
    XW_CALL(exit_group, "the end"),
};
static const struct xw_rule_set reading = XW_RULE_SET(rules);

const struct xw_policy xw_audit_policy = {"audit", {&reading}, NULL};
