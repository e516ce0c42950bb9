/* Its own program's file, the state of the product, and the host's files. */
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "common/paths.h"
#include "tests/hostile/owned/attempts.h"

#define ACL "system.posix_acl_access"

/* How the parts' tables let a file be opened, where they let one be opened at all. */
enum { FOR_READING = O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC };

static const char *own_file(const struct scene *scene)
{
    return scene->part == IN_GATE     ? XW_GATE_PATH
           : scene->part == IN_READER ? XW_LIBEXECDIR "/xwkeeper"
                                      : XW_RELAY_PATH;
}

static int own_mode(const struct scene *scene)
{
    return scene->part == IN_GATE ? 06111 : 0755;
}

/* Lets everybody write it, and takes that back. */
static int change_mode(const char *path, int mode)
{
    int rc = outcome(syscall(SYS_fchmodat, AT_FDCWD, path, mode | 0222));

    if (rc == 0)
        rc = outcome(syscall(SYS_fchmodat, AT_FDCWD, path, mode));
    return rc;
}

static int own_chmod(const struct scene *scene)
{
    return change_mode(own_file(scene), own_mode(scene));
}

static int running_chmod(const struct scene *scene)
{
    return change_mode("/proc/self/exe", scene->alone ? 0755 : own_mode(scene));
}

/* acl(5), as the kernel takes it: the other student may write. */
static int own_acl(const struct scene *scene)
{
    const uint16_t x = scene->part == IN_GATE ? 1 : 5;
    const struct {
        uint32_t version;
        struct {
            uint16_t tag, rights;
            uint32_t id;
        } entry[5];
    } acl = {2,
             {{1, scene->part == IN_GATE ? 1 : 7, UINT32_MAX},
              {2, 7, scene->other},
              {4, x, UINT32_MAX},
              {16, 7, UINT32_MAX},
              {32, x, UINT32_MAX}}};
    const char *path = own_file(scene);
    int rc = outcome(syscall(SYS_setxattr, path, ACL, &acl, sizeof(acl), 0));

    if (rc == 0)
        rc = outcome(syscall(SYS_removexattr, path, ACL));
    if (rc == 0)
        rc = outcome(syscall(SYS_fchmodat, AT_FDCWD, path, own_mode(scene)));
    return rc;
}

static int try_open(const char *path, int flags)
{
    int fd = (int)syscall(SYS_openat, AT_FDCWD, path, flags, 0600);

    if (fd < 0)
        return -errno;
    syscall(SYS_close, fd);
    return 0;
}

/* Reads, so that it is not the opening alone that counts. */
static int try_read(const char *path)
{
    char byte;
    int fd = (int)syscall(SYS_openat, AT_FDCWD, path, FOR_READING);

    if (fd < 0)
        return -errno;
    int rc = outcome(syscall(SYS_read, fd, &byte, 1));
    syscall(SYS_close, fd);
    return rc;
}

/* While somebody runs it, it can't be written; the right to is what counts. */
static int own_write(const struct scene *scene)
{
    int rc = try_open(own_file(scene), O_WRONLY | O_CLOEXEC);

    return rc == -ETXTBSY ? 0 : rc;
}

static int own_replace(const struct scene *scene)
{
    char aside[256];

    snprintf(aside, sizeof(aside), "%s.aside", own_file(scene));
    int rc = outcome(syscall(SYS_rename, own_file(scene), aside));
    return rc < 0 ? rc : outcome(syscall(SYS_rename, aside, own_file(scene)));
}

static const char *record_of(const struct scene *scene, char path[64])
{
    snprintf(path, 64, XW_OWNERS_DIR "/%u", (unsigned int)scene->other);
    return path;
}

static int record_read(const struct scene *scene)
{
    char path[64];

    return try_read(record_of(scene, path));
}

static int record_write(const struct scene *scene)
{
    char path[64];

    return try_open(record_of(scene, path), O_WRONLY | O_NOFOLLOW | O_CLOEXEC);
}

static int record_make(const struct scene *scene)
{
    static const char path[] = XW_OWNERS_DIR "/4242";
    int rc = try_open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC);

    (void)scene;
    return rc < 0 ? rc : outcome(syscall(SYS_unlink, path));
}

/* A setuid program of its uid, for its student to come back with. */
static int leave_setuid(const struct scene *scene)
{
    static const char path[] = "/tmp/left-behind";
    int fd = (int)syscall(SYS_openat, AT_FDCWD, path, O_WRONLY | O_CREAT | O_EXCL, 0700);

    (void)scene;
    if (fd < 0)
        return -errno;
    int rc = outcome(syscall(SYS_fchmod, fd, 04755));
    syscall(SYS_close, fd);
    syscall(SYS_unlink, path);
    return rc;
}

#define READS(function, path)                                                                      \
    static int function(const struct scene *scene)                                                 \
    {                                                                                              \
        (void)scene;                                                                               \
        return try_read(path);                                                                     \
    }
#define OPENS(function, path, flags)                                                               \
    static int function(const struct scene *scene)                                                 \
    {                                                                                              \
        (void)scene;                                                                               \
        return try_open(path, (flags) | O_CLOEXEC);                                                \
    }

READS(lab_read, XW_LABS_DIR "/lab10/access")
READS(plan_read, XW_LABS_DIR "/hostile/plan")
READS(overlay_read, XW_WORLDS_DIR "/hostile/bob/m1.qcow2")
OPENS(overlay_write, XW_WORLDS_DIR "/hostile/alice/m1.qcow2", O_WRONLY)
OPENS(image_write, XW_IMAGES_DIR "/serial/disk.qcow2", O_WRONLY)
OPENS(kvm, "/dev/kvm", O_RDWR)
READS(shadow, "/etc/shadow")
READS(home_caller, "/home/alice/.ssh/authorized_keys")
READS(home_other, "/home/bob/.ssh/authorized_keys")
READS(passwd, "/etc/passwd")

const struct attempt attempts_files[] = {
    {"own-chmod", IN_ALL, OWN_FILE, own_chmod, "let everybody write its own program"},
    {"exe-chmod", IN_ALL, OWN_FILE, running_chmod, "the same by /proc/self/exe"},
    {"own-acl", IN_ALL, OWN_FILE, own_acl, "let one student write its own program, by an ACL"},
    {"own-write", IN_ALL, OWN_FILE, own_write, "open its own program for writing"},
    {"own-replace", IN_ALL, OWN_FILE, own_replace, "rename its own program"},
    {"record-read", IN_ALL, 0, record_read, "read another student's record"},
    {"record-write", IN_ALL, 0, record_write, "open another student's record for writing"},
    {"record-make", IN_ALL, 0, record_make, "make a record"},
    {"lab-read", IN_ALL, 0, lab_read, "read the record of a lab that isn't its student's"},
    {"plan-read", IN_ALL, 0, plan_read, "read a lab's plan"},
    {"overlay-read", IN_ALL, 0, overlay_read, "read another student's disk"},
    {"overlay-write", IN_ALL, 0, overlay_write, "open its student's disk for writing"},
    {"image-write", IN_ALL, 0, image_write, "open an image's disk for writing"},
    {"kvm", IN_ALL, 0, kvm, "open /dev/kvm"},
    {"shadow", IN_ALL, 0, shadow, "read /etc/shadow"},
    {"home-caller", IN_ALL, 0, home_caller, "read in its student's home"},
    {"home-other", IN_ALL, 0, home_other, "read in another student's home"},
    {"passwd", IN_ALL, 0, passwd, "read a file that everybody may read"},
    {"leave-setuid", IN_ALL, ITS_UID, leave_setuid, "leave a setuid program of its uid in /tmp"},
    {NULL, 0, 0, NULL, NULL},
};
