/* New programs, new code, and the large interfaces of the kernel. */
#include <errno.h>
#include <fcntl.h>
#include <linux/bpf.h>
#include <linux/io_uring.h>
#include <linux/keyctl.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/hostile/owned/attempts.h"

/* Forks; the child runs `be` and ends with what it returns. */
static int in_child(int (*be)(void))
{
    int status = 0;
    long pid = syscall(SYS_clone, SIGCHLD, NULL, NULL, NULL, NULL);

    if (pid < 0)
        return -errno;
    if (pid == 0)
        syscall(SYS_exit_group, be());
    if (syscall(SYS_wait4, pid, &status, 0, NULL) < 0)
        return -errno;
    return WIFEXITED(status) ? -WEXITSTATUS(status) : -EINTR;
}

static int be_nothing(void)
{
    return 0;
}

static int be_true(void)
{
    char *const argv[] = {(char[]){"true"}, NULL};
    char *const environment[] = {NULL};

    syscall(SYS_execve, "/bin/true", argv, environment);
    return errno;
}

static int fork_one(const struct scene *scene)
{
    (void)scene;
    return in_child(be_nothing);
}

static int execute(const struct scene *scene)
{
    char *const nothing[] = {NULL};

    (void)scene;
    /* First the call alone, so that it is execve() that meets a filter, not fork(). */
    syscall(SYS_execve, "/nonexistent", nothing, nothing);
    return in_child(be_true);
}

static int map_code(const struct scene *scene)
{
    const int rights = PROT_READ | PROT_WRITE | PROT_EXEC;

    (void)scene;
    return outcome(syscall(SYS_mmap, NULL, 4096, rights, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
}

static int protect_code(const struct scene *scene)
{
    static char page[8192] __attribute__((aligned(4096)));

    (void)scene;
    return outcome(syscall(SYS_mprotect, page, 4096, PROT_READ | PROT_EXEC));
}

static int memory_file(const struct scene *scene)
{
    (void)scene;
    return outcome(syscall(SYS_memfd_create, "taken", MFD_CLOEXEC));
}

static int ring(const struct scene *scene)
{
    struct io_uring_params params = {0};

    (void)scene;
    return outcome(syscall(SYS_io_uring_setup, 1, &params));
}

static int bpf_map(const struct scene *scene)
{
    union bpf_attr attributes;

    (void)scene;
    memset(&attributes, 0, sizeof(attributes));
    attributes.map_type = BPF_MAP_TYPE_ARRAY;
    attributes.key_size = 4;
    attributes.value_size = 4;
    attributes.max_entries = 1;
    return outcome(syscall(SYS_bpf, BPF_MAP_CREATE, &attributes, sizeof(attributes)));
}

static int keep_key(const struct scene *scene)
{
    (void)scene;
    return outcome(syscall(SYS_add_key, "user", "xworlds", "taken", 5, KEY_SPEC_PROCESS_KEYRING));
}

static int user_faults(const struct scene *scene)
{
    (void)scene;
    return outcome(syscall(SYS_userfaultfd, O_CLOEXEC));
}

const struct attempt attempts_kernel[] = {
    {"fork", IN_ALL, 0, fork_one, "fork"},
    {"execve", IN_ALL, 0, execute, "execute a program"},
    {"mmap-exec", IN_ALL, 0, map_code, "map memory that is code"},
    {"mprotect-exec", IN_ALL, 0, protect_code, "make memory code"},
    {"memfd", IN_ALL, 0, memory_file, "make a file in memory"},
    {"io_uring", IN_ALL, 0, ring, "io_uring"},
    {"bpf", IN_ALL, 0, bpf_map, "bpf"},
    {"keyctl", IN_ALL, 0, keep_key, "keep something in a keyring"},
    {"userfaultfd", IN_ALL, 0, user_faults, "userfaultfd"},
    {NULL, 0, 0, NULL, NULL},
};
