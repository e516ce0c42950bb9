/*
 * What the gate may still do when it begins to read what its caller asks. No program, no file, no
 * new descriptor, no signal to another gate. The records of its caller have been read before, so
 * that one which is taken over can't read anybody else's.
 */
#include "xwhelper/gate/policy.h"

#include <sys/mman.h>
#include <unistd.h>

static const struct xw_rule rules[] = {
    XW_CALL(read, "the keeper's lines"),
    XW_CALL(close, "the viewer's end once it is the keeper's"),
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

const struct xw_policy xw_gate_policy = {"gate", {&gate}, xw_reach_nothing};
