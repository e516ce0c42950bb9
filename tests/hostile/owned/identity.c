/* Other uids, other groups, capabilities. By number: no library comes between. */
#include <linux/capability.h>
#include <sched.h>
#include <stdint.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "tests/hostile/owned/attempts.h"

static int be_root(const struct scene *scene)
{
    (void)scene;
    return outcome(syscall(SYS_setresuid, 0, 0, 0));
}

static int be_another(const struct scene *scene)
{
    return outcome(syscall(SYS_setresuid, scene->other, scene->other, scene->other));
}

static int be_group_root(const struct scene *scene)
{
    (void)scene;
    return outcome(syscall(SYS_setresgid, 0, 0, 0));
}

static int take_group(const struct scene *scene)
{
    const gid_t root = 0;

    (void)scene;
    return outcome(syscall(SYS_setgroups, 1, &root));
}

static int take_capabilities(const struct scene *scene)
{
    struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
    const uint32_t wanted = CAP_TO_MASK(CAP_SETUID) | CAP_TO_MASK(CAP_DAC_OVERRIDE);
    const struct __user_cap_data_struct data[2] = {{.permitted = wanted, .effective = wanted}};

    (void)scene;
    return outcome(syscall(SYS_capset, &header, data));
}

static int user_namespace(const struct scene *scene)
{
    (void)scene;
    return outcome(syscall(SYS_unshare, CLONE_NEWUSER));
}

const struct attempt attempts_identity[] = {
    {"uid-root", IN_ALL, 0, be_root, "become root"},
    {"uid-other", IN_ALL, 0, be_another, "become another student"},
    {"gid-root", IN_ALL, 0, be_group_root, "take root's group"},
    {"groups", IN_ALL, 0, take_group, "take a group besides"},
    {"capset", IN_ALL, 0, take_capabilities, "take capabilities"},
    {"userns", IN_ALL, 0, user_namespace, "make a user namespace"},
    {NULL, 0, 0, NULL, NULL},
};
