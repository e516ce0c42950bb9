/*
 * What the listener and the processes that it forks may do. A filter is inherited and can only be
 * narrowed: the listener's holds all that its children do, `request` all that a request can become
 * whoever asks, `broker` what two verbs of instructors take besides, and each kind of child what it
 * is for.
 *
 * Nobody gets tgkill() or kill(): a root process without them can't end another one. So abort()
 * ends by the filter, as a violation does, which is as dead and leaves a record besides.
 */
#include "xwhelper/keeper/policy.h"

#include <fcntl.h>
#include <linux/fs.h>
#include <linux/sockios.h>
#include <sched.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/timerfd.h>

#include "common/paths.h"
#include "common/record.h"
#include "xwhelper/keeper/quota.h"

#define DATA (PROT_READ | PROT_WRITE)

static const struct xw_rule memory[] = {
    XW_CALL(brk, "malloc"),
    XW_CALL_IF(mmap, "malloc", XW_LONG_WITHIN(2, DATA)),
    XW_CALL_IF(mprotect, "malloc", XW_LONG_WITHIN(2, DATA)),
    XW_CALL(munmap, "free"),
    XW_CALL(mremap, "realloc"),
    XW_CALL(madvise, "free"),
    XW_CALL(futex, "once-only initialisation and locks in glib and libvirt; a turn"),
    XW_CALL(getrandom, "glib: the seed of its hash tables"),
    XW_CALL(restart_syscall, "a wait that the kernel continues after a stop"),
    XW_CALL(exit_group, "the end"),
};
const struct xw_rule_set xw_memory_rules = XW_RULE_SET(memory);

static const struct xw_rule reply[] = {
    XW_CALL(sendto, "lines to the gate"),
    XW_CALL(shutdown, "no more of them, where one was lost"),
    XW_CALL(write, "the log on descriptor 2; libvirt's wake-up of itself"),
    XW_CALL(close, "any descriptor"),
    XW_CALL(alarm, "the deadline"),
    XW_CALL(clock_gettime, "the vdso's fall-back"),
    XW_CALL(gettimeofday, "the vdso's fall-back"),
};
const struct xw_rule_set xw_reply_rules = XW_RULE_SET(reply);

static const struct xw_rule libvirt[] = {
    XW_CALL_IF(socket, "libvirt's UNIX socket; a console's", XW_INT_IS(0, AF_UNIX),
               XW_INT_IS_WITH(1, SOCK_STREAM, SOCK_CLOEXEC | SOCK_NONBLOCK), XW_INT_IS(2, 0)),
    XW_CALL(connect, "the same"),
    XW_CALL(getsockname, "libvirt: the address for its log"),
    XW_CALL_IF(fcntl, "libvirt: close-on-exec", XW_INT_IS(1, F_GETFD)),
    XW_CALL_IF(fcntl, "libvirt: close-on-exec", XW_INT_IS(1, F_SETFD)),
    XW_CALL_IF(fcntl, "libvirt: non-blocking", XW_INT_IS(1, F_GETFL)),
    XW_CALL_IF(fcntl, "libvirt: non-blocking", XW_INT_IS(1, F_SETFL)),
    XW_CALL(access, "libvirt: which of its sockets and files are there"),
    XW_CALL(eventfd2, "glib's main loop wakes itself"),
    XW_CALL(read, "libvirt's replies, wake-ups"),
    XW_CALL(poll, "waiting for a reply"),
    XW_CALL(rt_sigprocmask, "libvirt: SIGPIPE and SIGCHLD are held while it waits"),
    XW_CALL(getpid, "glib"),
    XW_CALL(gettid, "libvirt: the thread, for its log"),
    XW_CALL(getuid, "libvirt: which of its sockets is ours"),
    XW_CALL(geteuid, "the same"),
    XW_CALL(getgid, "the same"),
    XW_CALL(getegid, "the same"),
};
const struct xw_rule_set xw_libvirt_rules = XW_RULE_SET(libvirt);

static const struct xw_rule reading[] = {
    XW_CALL_IF(openat, "records, images, configuration: for reading",
               XW_INT_WITHIN(2, O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC | O_DIRECTORY)),
    XW_CALL(newfstatat, "owner, mode and links of what was opened"),
    XW_CALL(fstat, "the same, glibc from 2.39 on"),
    XW_CALL(lseek, "where a file has holes; stdio"),
    XW_CALL(getdents64, "the labs there are"),
};
static const struct xw_rule_set reading_rules = XW_RULE_SET(reading);

static const struct xw_rule world[] = {
    XW_CALL_IF(openat, "overlays, locks, records written aside, /dev/kvm",
               XW_INT_WITHIN(2, O_ACCMODE | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC),
               XW_INT_WITHIN(3, 0666)),
    XW_CALL_IF(fcntl, "the world's lock, the host's of admission", XW_INT_IS(1, F_OFD_SETLKW)),
    XW_CALL_IF(mkdir, "a lab's directory of worlds, a world's", XW_INT_WITHIN(1, 0777)),
    XW_CALL_IF(chmod, "the same: 0711 whatever the umask", XW_INT_IS(1, 0711)),
    XW_CALL(ftruncate, "the size of an overlay"),
    XW_CALL(copy_file_range, "an overlay from its template"),
    XW_CALL(pread64, "the same, from one kind of file system to another"),
    XW_CALL(pwrite64, "the same"),
    XW_CALL(fsync, "on the disk before it is renamed"),
    XW_CALL(rename, "what was written aside into its place"),
    XW_CALL(unlink, "what was written aside and failed; an overlay whose room the new one needs"),
    XW_CALL(fstatfs, "start: the space that the disk has left"),
};
static const struct xw_rule_set world_rules = XW_RULE_SET(world);

static const struct xw_rule bridges[] = {
    XW_CALL_IF(socket, "to speak of interfaces with the kernel", XW_INT_IS(0, AF_UNIX),
               XW_INT_IS(1, SOCK_DGRAM | SOCK_CLOEXEC), XW_INT_IS(2, 0)),
    XW_CALL_IF(ioctl, "a bridge is made", XW_INT_IS(1, SIOCBRADDBR)),
    XW_CALL_IF(ioctl, "and set up", XW_INT_IS(1, SIOCGIFFLAGS)),
    XW_CALL_IF(ioctl, "the same", XW_INT_IS(1, SIOCSIFFLAGS)),
    XW_CALL(rmdir, "stop: the world's cgroup, when nothing runs in it any more"),
};
static const struct xw_rule_set bridge_rules = XW_RULE_SET(bridges);

/* An owner's record, and how much of the disk a new world may take. */
static const struct xw_rule deploying[] = {
    XW_CALL(read, "the record as it is"),
    XW_CALL_IF(fcntl, "stdio: what a descriptor is for", XW_INT_IS(1, F_GETFL)),
    XW_CALL_IF(fchmod, "0640, 0600", XW_INT_WITHIN(1, 0640)),
    XW_CALL_IF(fcntl, "a second descriptor for stdio", XW_INT_IS(1, F_DUPFD_CLOEXEC)),
    XW_CALL(renameat, "the record into its place"),
    XW_CALL(unlinkat, "what was written aside and failed; the files of a world that is taken back"),
    XW_CALL(rmdir, "a new world that can't be completed is taken back"),
    XW_CALL_IF(ioctl, "a world's project", XW_INT_IS(1, FS_IOC_FSGETXATTR)),
    XW_CALL_IF(ioctl, "the same", XW_INT_IS(1, FS_IOC_FSSETXATTR)),
    XW_CALL_IF(quotactl_fd, "its limit: of a project, and nothing else of quotas",
               XW_INT_IS(1, XW_SET_PROJECT_LIMIT)),
};
static const struct xw_rule_set deploy_rules = XW_RULE_SET(deploying);

static const struct xw_rule console[] = {
    XW_CALL_IF(timerfd_create, "the console's end, when the lab closes",
               XW_INT_IS(0, CLOCK_REALTIME), XW_INT_IS(1, TFD_CLOEXEC)),
    XW_CALL_IF(timerfd_settime, "the same", XW_INT_IS(1, TFD_TIMER_ABSTIME)),
};
static const struct xw_rule_set console_rules = XW_RULE_SET(console);

static const struct xw_rule copying[] = {
    XW_CALL_IF(openat, "the lock: one copy at a time for each machine",
               XW_INT_IS(2, O_RDONLY | O_CREAT | O_NOFOLLOW | O_CLOEXEC), XW_INT_IS(3, 0600)),
    XW_CALL(flock, "the same"),
    XW_CALL(recvmsg, "the relay's own"),
};
static const struct xw_rule_set copying_rules = XW_RULE_SET(copying);

/* What nobody does for a student's process, but for another child of the keeper's. */
static const struct xw_rule sharing[] = {
    XW_CALL_IF(openat, "the console's lock: made, and held",
               XW_INT_IS(2, O_RDONLY | O_CREAT | O_NOFOLLOW | O_CLOEXEC), XW_INT_IS(3, 0600)),
    XW_CALL(flock, "the same"),
    XW_CALL_IF(socket, "where viewers are brought to the relay", XW_INT_IS(0, AF_UNIX),
               XW_INT_IS(1, SOCK_DGRAM | SOCK_CLOEXEC), XW_INT_IS(2, 0)),
    XW_CALL(unlink, "the one of a relay that has ended"),
    XW_CALL_IF(mknodat, "the FIFO of the console's notices", XW_INT_IS_WITH(2, S_IFIFO, 0600)),
    XW_CALL_IF(openat, "the same", XW_INT_IS(2, O_RDWR | O_NONBLOCK | O_NOFOLLOW | O_CLOEXEC)),
    XW_CALL(bind, "in the console's directory"),
    XW_CALL(sendmsg, "a viewer"),
    XW_CALL_IF(pipe2, "what the guest wrote before, for the relay",
               XW_INT_IS(1, O_NONBLOCK | O_CLOEXEC)),
    XW_CALL_IF(fcntl, "how much of it has room", XW_INT_IS(1, F_GETPIPE_SZ)),
    XW_CALL(recvfrom, "how much of it the guest has sent besides; the relay's own"),
    XW_CALL(recvmsg, "the relay's own"),
};
static const struct xw_rule_set sharing_rules = XW_RULE_SET(sharing);

static const struct xw_rule display[] = {
    XW_CALL(recvmsg, "the display's end, from libvirt; then the relay's own"),
    XW_CALL(dup, "libvirt: the same, for its caller"),
};
static const struct xw_rule_set display_rules = XW_RULE_SET(display);

static const struct xw_rule handing[] = {
    XW_CALL_IF(fcntl, "the relay's descriptors", XW_INT_IS(1, F_DUPFD)),
    XW_CALL(dup2, "the same"),
    XW_CALL(close_range, "no other descriptor goes along"),
};
static const struct xw_rule_set handing_rules = XW_RULE_SET(handing);

/* Another uid. */
static const struct xw_rule becoming[] = {
    XW_CALL(setgroups, "no group"),  XW_CALL(setresgid, "xwread, xwrelay"),
    XW_CALL(setresuid, "the same"),  XW_CALL(getresgid, "read back"),
    XW_CALL(getresuid, "read back"), XW_CALL(getgroups, "read back"),
};
static const struct xw_rule_set becoming_rules = XW_RULE_SET(becoming);

/* Fewer capabilities, a narrower filter. */
static const struct xw_rule narrowing[] = {
    XW_CALL(capget, "read back"),
    XW_CALL(capset, "fewer capabilities"),
    XW_CALL(prctl, "no_new_privs, dumpable, the bounding set"),
    XW_CALL(landlock_create_ruleset, "the files of a kind of child"),
    XW_CALL(landlock_add_rule, "the same"),
    XW_CALL(landlock_restrict_self, "the same"),
    XW_CALL_IF(openat, "the same: the path of a rule", XW_INT_IS(2, O_PATH | O_CLOEXEC)),
    XW_CALL(seccomp, "its filter; what the kernel knows of filters"),
};
static const struct xw_rule_set narrowing_rules = XW_RULE_SET(narrowing);

/* The relay's program, its loader, and the loader's libraries: the one place with code mapped. */
static const struct xw_rule starting[] = {
    XW_CALL(execve, "the relay"),
    XW_CALL_IF(mmap, "libraries", XW_LONG_WITHIN(2, PROT_READ | PROT_WRITE | PROT_EXEC)),
    XW_CALL(pread64, "a library's headers"),
    XW_CALL_IF(openat, "libraries", XW_INT_IS(2, O_RDONLY | O_CLOEXEC)),
    XW_CALL(newfstatat, "libraries"),
    XW_CALL(fstat, "the same, glibc from 2.39 on"),
    XW_CALL(read, "libraries; then the console's bytes"),
    XW_CALL(poll, "the relay's own"),
    XW_CALL(access, "ld.so: a list of preloaded libraries"),
    XW_CALL(arch_prctl, "the C library starts"),
    XW_CALL(set_tid_address, "the same"),
    XW_CALL(set_robust_list, "the same"),
    XW_CALL(rseq, "the same"),
    XW_CALL(prlimit64, "the same"),
};
static const struct xw_rule_set starting_rules = XW_RULE_SET(starting);

static const struct xw_rule first_line[] = {
    XW_CALL(recvmsg, "the request and the viewer's end"),
    XW_CALL(getsockopt, "the peer's groups, the viewer's kind of socket"),
    XW_CALL(rt_sigaction, "the deadline's signal"),
    XW_CALL_IF(openat, "the way to the directories of records", XW_INT_IS(2, XW_RECORD_WAY_FLAGS)),
};
static const struct xw_rule_set first_line_rules = XW_RULE_SET(first_line);

static const struct xw_rule listening[] = {
    XW_CALL(accept4, "a peer"),
    XW_CALL(getsockopt, "its credentials"),
    XW_CALL(setsockopt, "how long a child may wait for it"),
    XW_CALL_IF(clone, "fork()", XW_LONG_IS(0, CLONE_CHILD_SETTID | CLONE_CHILD_CLEARTID | SIGCHLD)),
    XW_CALL(set_robust_list, "fork(): glibc, in the child"),
    XW_CALL(wait4, "children that ended"),
    XW_CALL_IF(socketpair, "a request and its broker", XW_INT_IS(0, AF_UNIX),
               XW_INT_IS(1, SOCK_SEQPACKET | SOCK_CLOEXEC), XW_INT_IS(2, 0)),
    XW_CALL_IF(fcntl, "whom the end of that connection ends", XW_INT_IS(1, F_SETOWN)),
};
static const struct xw_rule_set listening_rules = XW_RULE_SET(listening);

/*
 * The user that root prepares worlds for may be known to any module of nsswitch.conf(5) only, and
 * is looked up under the listener's filter: modules are loaded, local daemons and directory
 * servers asked. So is, by a broker, who an instructor has a world deployed for. What reads a
 * request never gets here, `request` has none of it.
 */
static const struct xw_rule names[] = {
    XW_CALL_IF(mmap, "a module and its libraries",
               XW_LONG_WITHIN(2, PROT_READ | PROT_WRITE | PROT_EXEC)),
    XW_CALL(socket, "nscd, sssd, systemd, a directory server"),
    XW_CALL(bind, "netlink: which addresses this host has"),
    XW_CALL(setsockopt, "the same sockets"),
    XW_CALL(getsockopt, "the same"),
    XW_CALL(getpeername, "the same"),
    XW_CALL(recvfrom, "their answers"),
    XW_CALL(recvmsg, "the same"),
    XW_CALL(sendmmsg, "the resolver's questions"),
    XW_CALL(shutdown, "the end of a connection"),
    XW_CALL(sendmsg, "nscd and others: a question"),
    XW_CALL(readv, "nscd: an answer"),
    XW_CALL(writev, "nscd and others: a question"),
    XW_CALL_IF(openat, "maps of users, libraries: for reading",
               XW_INT_WITHIN(2, O_PATH | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC | O_DIRECTORY)),
    XW_CALL(readlinkat, "systemd: where its directories are"),
    XW_CALL(readlink, "the same"),
    XW_CALL(statx, "the same"),
    XW_CALL(fstatfs, "the same"),
    XW_CALL(getcwd, "the same"),
    XW_CALL(epoll_create1, "systemd's event loop"),
    XW_CALL(epoll_ctl, "the same"),
    XW_CALL(epoll_wait, "the same"),
    XW_CALL(epoll_pwait, "the same"),
    XW_CALL(timerfd_create, "the same"),
    XW_CALL(timerfd_settime, "the same"),
    XW_CALL(ppoll, "the same"),
    XW_CALL(getsockname, "the same"),
    XW_CALL(sysinfo, "qsort's memory"),
    XW_CALL(uname, "sssd, the resolver"),
};
static const struct xw_rule_set name_rules = XW_RULE_SET(names);

/* What libvirt needs of a world's cgroup: one in each hierarchy of cgroup v1 (partition.h). */
#define PARTITION_REACH(controller)                                                                \
    {                                                                                              \
        XW_REACH_CHANGE | XW_REACH_IF_THERE, XW_CGROUP_DIR "/" controller "/" XW_PARTITIONS_DIR,   \
            "worlds' cgroups"                                                                      \
    }
#define CONTROLLERS_REACH                                                                          \
    {                                                                                              \
        XW_REACH_READ | XW_REACH_IF_THERE, XW_CGROUP_DIR "/cgroup.controllers",                    \
            "whether memory can be limited"                                                        \
    }

/* Besides its answer and libvirt. */
static const struct xw_rule suspending[] = {
    XW_CALL_IF(openat, "the world's lock, the host's of admission",
               XW_INT_IS(2, O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC), XW_INT_IS(3, 0600)),
    XW_CALL_IF(fcntl, "the same", XW_INT_IS(1, F_OFD_SETLKW)),
    XW_CALL_IF(mkdir, "the directory of the world's lock, which is there", XW_INT_WITHIN(1, 0777)),
    XW_CALL_IF(openat, "notices to open consoles",
               XW_INT_IS(2, O_WRONLY | O_NONBLOCK | O_NOFOLLOW | O_CLOEXEC)),
    XW_CALL_IF(openat, "/dev/kvm", XW_INT_IS(2, O_RDWR | O_CLOEXEC)),
    XW_CALL(statfs, "the space that saved memory would have"),
    XW_CALL(fstatfs, "the space that the disk has left, where one goes on again"),
};
static const struct xw_rule_set suspend_rules = XW_RULE_SET(suspending);

/* Before its filter. */
static const struct xw_rule presence[] = {
    XW_CALL(pidfd_open, "suspend: a process of who has logged out, to wait for its end"),
};
static const struct xw_rule_set presence_rules = XW_RULE_SET(presence);

static const struct xw_reach changing_reach[] = {
    {XW_REACH_CHANGE, XW_WORLDS_DIR, "overlays, locks"},
    {XW_REACH_READ, XW_IMAGES_DIR, "what an image is; its template"},
    {XW_REACH_READ | XW_REACH_IF_THERE, XW_CONFIG_PATH, "accelerator, grace time"},
    {XW_REACH_READ | XW_REACH_IF_THERE, "/etc/libvirt", "the client's configuration"},
    {XW_REACH_WRITE | XW_REACH_IF_THERE, "/proc/sys/net/ipv6/conf", "no IPv6 address on a bridge"},
    {XW_REACH_WRITE, XW_INTERFACES_DIR, "no LLDP from a bridge to the host"},
    PARTITION_REACH("cpu"),
    PARTITION_REACH("cpuacct"),
    PARTITION_REACH("cpuset"),
    PARTITION_REACH("memory"),
    PARTITION_REACH("devices"),
    PARTITION_REACH("freezer"),
    PARTITION_REACH("blkio"),
    PARTITION_REACH("net_cls"),
    PARTITION_REACH("perf_event"),
    CONTROLLERS_REACH,
    {XW_REACH_WRITE | XW_REACH_IF_THERE, "/dev/kvm", "whether it opens"},
    {XW_REACH_READ, "/proc/cpuinfo", "whether the processor virtualises"},
    {XW_REACH_END, NULL, NULL},
};

static const struct xw_reach prepare_reach[] = {
    {XW_REACH_CHANGE, XW_OWNERS_DIR, "the owner's record"},
    {XW_REACH_READ, XW_LABS_DIR, "labs and their plans"},
    {XW_REACH_CHANGE, XW_WORLDS_DIR, "worlds"},
    {XW_REACH_READ, XW_IMAGES_DIR, "what an image is; its template"},
    {XW_REACH_READ | XW_REACH_IF_THERE, XW_CONFIG_PATH, "accelerator"},
    CONTROLLERS_REACH,
    {XW_REACH_READ | XW_REACH_IF_THERE, "/etc/libvirt", "the client's configuration"},
    {XW_REACH_WRITE | XW_REACH_IF_THERE, "/dev/kvm", "whether it opens"},
    {XW_REACH_READ, "/proc/cpuinfo", "whether the processor virtualises"},
    {XW_REACH_END, NULL, NULL},
};

static const struct xw_reach suspend_reach[] = {
    {XW_REACH_CHANGE, XW_WORLDS_DIR, "locks"},
    {XW_REACH_READ, XW_LABS_DIR, "plans: which labs are never suspended"},
    {XW_REACH_WRITE, XW_CONSOLE_DIR, "whether a console is open; notices"},
    {XW_REACH_READ | XW_REACH_IF_THERE, XW_CONFIG_PATH, "what the disk keeps"},
    {XW_REACH_READ | XW_REACH_IF_THERE, "/etc/libvirt", "the client's configuration"},
    {XW_REACH_WRITE | XW_REACH_IF_THERE, "/dev/kvm", "whether it opens"},
    {XW_REACH_READ, "/proc/cpuinfo", "whether the processor virtualises"},
    {XW_REACH_END, NULL, NULL},
};

static const struct xw_reach extending_reach[] = {
    {XW_REACH_CHANGE, XW_OWNERS_DIR, "the owner's record"},
    {XW_REACH_END, NULL, NULL},
};

/* clang-format off */
#define RELAY_REACH                                                                                \
    {XW_REACH_EXECUTE, XW_RELAY_PATH, "the relay"},                                                \
    {XW_REACH_EXECUTE, "/usr/lib", "its libraries"},                                               \
    {XW_REACH_EXECUTE, "/lib", "the same, where /lib is a directory of its own"},                  \
    {XW_REACH_EXECUTE, "/lib64", "the loader"},                                                    \
    {XW_REACH_READ | XW_REACH_IF_THERE, "/etc/ld.so.cache", "where libraries are"},                \
    {XW_REACH_READ | XW_REACH_IF_THERE, "/etc/ld.so.preload", "the administrator's list"},         \
    {XW_REACH_END, NULL, NULL}
/* clang-format on */

static const struct xw_reach console_reach[] = {RELAY_REACH};

static const struct xw_reach copy_reach[] = {{XW_REACH_CHANGE, XW_CONSOLE_DIR, "the lock"},
                                             RELAY_REACH};

static const struct xw_reach sharing_reach[] = {
    {XW_REACH_FIFOS, XW_CONSOLE_DIR, "the console's lock and notices; the relay's socket"},
    RELAY_REACH};

/*
 * The listener, `request` and `broker` have no Landlock rules of their own: the layers of Landlock
 * are cut with one another, and each kind of child has its own.
 */
const struct xw_policy xw_listener_policy = {
    "listener",
    {&xw_memory_rules, &xw_reply_rules, &listening_rules, &first_line_rules, &becoming_rules,
     &narrowing_rules, &xw_libvirt_rules, &reading_rules, &world_rules, &bridge_rules,
     &deploy_rules, &console_rules, &sharing_rules, &display_rules, &handing_rules, &starting_rules,
     &name_rules, &suspend_rules, &presence_rules},
    NULL};

const struct xw_policy xw_request_policy = {
    "request",
    {&xw_memory_rules, &xw_reply_rules, &first_line_rules, &becoming_rules, &narrowing_rules,
     &xw_libvirt_rules, &reading_rules, &world_rules, &bridge_rules, &console_rules, &display_rules,
     &copying_rules, &handing_rules, &starting_rules},
    NULL};

const struct xw_policy xw_broker_policy = {"broker",
                                           {&xw_memory_rules, &xw_reply_rules, &narrowing_rules,
                                            &xw_libvirt_rules, &reading_rules, &world_rules,
                                            &deploy_rules, &name_rules},
                                           NULL};

const struct xw_policy xw_changing_policy = {"changing",
                                             {&xw_memory_rules, &xw_reply_rules, &xw_libvirt_rules,
                                              &reading_rules, &world_rules, &bridge_rules},
                                             changing_reach};

const struct xw_policy xw_prepare_policy = {"prepare",
                                            {&xw_memory_rules, &xw_reply_rules, &xw_libvirt_rules,
                                             &reading_rules, &world_rules, &deploy_rules},
                                            prepare_reach};

const struct xw_policy xw_suspend_policy = {
    "suspend",
    {&xw_memory_rules, &xw_reply_rules, &xw_libvirt_rules, &reading_rules, &suspend_rules},
    suspend_reach};

const struct xw_policy xw_extending_policy = {
    "extending",
    {&xw_memory_rules, &xw_reply_rules, &reading_rules, &world_rules, &deploy_rules},
    extending_reach};

const struct xw_policy xw_console_policy = {"console",
                                            {&xw_memory_rules, &xw_reply_rules, &xw_libvirt_rules,
                                             &console_rules, &handing_rules, &becoming_rules,
                                             &narrowing_rules, &starting_rules},
                                            console_reach};

const struct xw_policy xw_sharing_policy = {"sharing",
                                            {&xw_memory_rules, &xw_reply_rules, &xw_libvirt_rules,
                                             &sharing_rules, &handing_rules, &becoming_rules,
                                             &narrowing_rules, &starting_rules},
                                            sharing_reach};

const struct xw_policy xw_copy_policy = {"copy",
                                         {&xw_memory_rules, &xw_reply_rules, &xw_libvirt_rules,
                                          &console_rules, &copying_rules, &handing_rules,
                                          &becoming_rules, &narrowing_rules, &starting_rules},
                                         copy_reach};

const struct xw_policy xw_display_policy = {"display",
                                            {&xw_memory_rules, &xw_reply_rules, &xw_libvirt_rules,
                                             &console_rules, &display_rules, &handing_rules,
                                             &becoming_rules, &narrowing_rules, &starting_rules},
                                            console_reach};
