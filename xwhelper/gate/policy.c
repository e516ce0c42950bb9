/*
 * What the gate may still do when it begins to read what its caller asks. No program, no new
 * descriptor but a record's, no change of any file, no signal to another gate.
 *
 * Why openat() and not openat2() here: openat2(2) takes its flags in memory, where a seccomp
 * filter can't look; allowed at all, it could open for writing whatever Landlock doesn't forbid,
 * and not every kernel has Landlock. openat() has its flags in a register. So the two directories,
 * paths of several components, are gone to one component at a time before the filter (record.c);
 * after it each open is of one component that the grammar of names has passed (no slash,
 * no dot) with O_NOFOLLOW: there is no second component to be resolved anywhere else.
 */
#include "xwhelper/gate/policy.h"

#include <fcntl.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "common/paths.h"

enum { RECORD = O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC };

static const struct xw_rule rules[] = {
    XW_CALL_IF(openat, "a record, or a lab's directory: for reading, no link followed",
               XW_INT_IS_WITH(2, RECORD, O_DIRECTORY)),
    XW_CALL(read, "a record, the keeper's lines"),
    XW_CALL(close, "a record, the viewer's end once it is the keeper's"),
    XW_CALL_IF(newfstatat, "fstat() of an open record", XW_INT_IS(3, AT_EMPTY_PATH)),
    XW_CALL(fstat, "the same, glibc from 2.39 on"),
    XW_CALL_IF(write, "lines to xwsh", XW_INT_IS(0, STDOUT_FILENO)),
    XW_CALL(poll, "waiting for the keeper, xwsh and the audit acknowledgement"),
    XW_CALL(sendmsg, "the request with the viewer's end"),
    XW_CALL(sendto, "libaudit: the record, on netlink"),
    XW_CALL(recvfrom, "libaudit: its acknowledgement"),
    XW_CALL(readlink, "libaudit: exe= of the record"),
    XW_CALL(getpid, "libaudit: the port on netlink"),
    XW_CALL(uname, "libaudit: hostname= of a record with a terminal"),
    XW_CALL(getrandom, "the request's id"),
    XW_CALL(clock_gettime, "the deadline, where the vdso has no clock"),
    XW_CALL(brk, "malloc"),
    XW_CALL_IF(mmap, "malloc", XW_LONG_WITHIN(2, PROT_READ | PROT_WRITE),
               XW_LONG_IS(3, MAP_PRIVATE | MAP_ANONYMOUS)),
    XW_CALL(munmap, "free"),
    XW_CALL(restart_syscall, "poll() that the kernel continues after a stop"),
    XW_CALL(exit_group, "the end"),
};
static const struct xw_rule_set gate = XW_RULE_SET(rules);

static const struct xw_reach reach[] = {
    {XW_REACH_READ, XW_OWNERS_DIR, "the caller's record"},
    {XW_REACH_READ, XW_LABS_DIR, "the lab's record"},
    {XW_REACH_END, NULL, NULL},
};

const struct xw_policy xw_gate_policy = {"gate", {&gate}, reach};
