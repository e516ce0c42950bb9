/* links: xwhelper/keeper/world.c common/record.c common/lines.c common/names.c common/error.c xwhelper/keeper/lock.c */
/*
 * Worlds as directories: whose they are, how they are listed, locked and put on the disk.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/paths.h"
#include "tests/unit/faults.h"
#include "tests/unit/private_root.h"
#include "xwhelper/keeper/world.h"

#define WORLD XW_WORLDS_DIR "/firewall/alice"

XW_FAULTY(chmod, (const char *path, mode_t mode), path, mode);

/* What was put on the disk last. */
static ino_t synced;

int fsync(int fd)
{
    int (*libc)(int) = NULL;
    struct stat info;

    *(void **)&libc = dlsym(RTLD_NEXT, "fsync");
    if (xw_fault_strikes("fsync"))
        return -1;
    synced = fstat(fd, &info) == 0 ? info.st_ino : 0;
    return libc(fd);
}

XW_FAULTY_LOCK;

static int enter_place(void **state)
{
    static const char *const made[] = {XW_STATE_DIR, XW_WORLDS_DIR, XW_WORLDS_DIR "/firewall",
                                       WORLD};

    (void)state;
    if (xw_test_private_root("/var/lib") < 0)
        return -1;
    for (size_t i = 0; i < sizeof(made) / sizeof(made[0]); i++) {
        if (mkdir(made[i], 0755) < 0)
            return -1;
    }
    return 0;
}

static void put(const char *path, const char *text, size_t length)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);

    assert_true(fd >= 0);
    assert_int_equal(write(fd, text, length), length);
    close(fd);
}

static int owner_of(const char *text, size_t length, uid_t *uid)
{
    struct xw_error err = {0};

    put(WORLD "/owner", text, length);
    int rc = xw_world_owner("firewall", "alice", uid, &err);
    assert_int_equal(rc, err.code);
    return rc;
}

static void the_owner_is_one_line(void **state)
{
    static const char *const wrong[] = {
        "",
        "uid \n",
        "uid 1001",
        "uid 1001\n\n",
        "uid 1001\nuid 1002\n",
        "uid  1001\n",
        "uid 01001\n",
        "uid -1\n",
        "uid 4294967295\n",
        "uid 99999999999999\n",
        "gid 1001\n",
        "uid1001\n",
        "uid 1001 \n",
        "uid x\n",
        "\nuid 1001",
    };
    uid_t uid = 7;
    struct xw_error err = {0};

    (void)state;
    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
        if (owner_of(wrong[i], strlen(wrong[i]), &uid) != -EBADMSG)
            fail_msg("taken: \"%s\"", wrong[i]);
        assert_int_equal(uid, 7);
    }
    assert_int_equal(owner_of("uid 1\0\n", 7, &uid), -EBADMSG);
    assert_int_equal(owner_of("uid 1001\n", 9, &uid), 0);
    assert_int_equal(uid, 1001);
    assert_int_equal(owner_of("uid 1\n", 6, &uid), 0);
    assert_int_equal(uid, 1);
    assert_int_equal(owner_of("uid 4294967294\n", 15, &uid), 0);
    assert_true(uid == 4294967294U);
    /* Only root's own file says it. */
    assert_int_equal(chmod(WORLD "/owner", 0622), 0);
    assert_int_equal(xw_world_owner("firewall", "alice", &uid, &err), -EPERM);
    assert_int_equal(unlink(WORLD "/owner"), 0);
    assert_int_equal(xw_world_owner("firewall", "alice", &uid, &err), -ENOENT);
    assert_int_equal(xw_world_owner("firewall", "bob", &uid, &err), -ENOENT);
    assert_non_null(strstr(err.text, "The world firewall of bob can't be opened"));
    assert_int_equal(symlink("alice", XW_WORLDS_DIR "/firewall/eve"), 0);
    put(WORLD "/owner", "uid 1001\n", 9);
    assert_true(xw_world_owner("firewall", "eve", &uid, &err) < 0);
    assert_int_equal(unlink(XW_WORLDS_DIR "/firewall/eve"), 0);
    /* A team's says a gid, a user's a uid, and neither the other. */
    assert_int_equal(mkdir(XW_WORLDS_DIR "/firewall/@alice", 0711), 0);
    put(XW_WORLDS_DIR "/firewall/@alice/owner", "gid 2004\n", 9);
    assert_int_equal(xw_world_owner("firewall", "@alice", &uid, &err), 0);
    assert_int_equal(uid, 2004);
    put(XW_WORLDS_DIR "/firewall/@alice/owner", "uid 2004\n", 9);
    assert_int_equal(xw_world_owner("firewall", "@alice", &uid, &err), -EBADMSG);
    assert_non_null(strstr(err.text, "is not a line \"gid NUMBER\""));
    put(WORLD "/owner", "gid 1001\n", 9);
    assert_int_equal(xw_world_owner("firewall", "alice", &uid, &err), -EBADMSG);
    assert_int_equal(unlink(XW_WORLDS_DIR "/firewall/@alice/owner"), 0);
    assert_int_equal(rmdir(XW_WORLDS_DIR "/firewall/@alice"), 0);
}

static void paths_fit(void **state)
{
    char path[PATH_MAX];
    uid_t uid;
    struct xw_error err = {0};
    static char long_name[PATH_MAX + 1];

    (void)state;
    assert_int_equal(xw_world_path("firewall", "alice", path, sizeof(WORLD)), 0);
    assert_string_equal(path, WORLD);
    assert_int_equal(xw_world_path("firewall", "alice", path, sizeof(WORLD) - 1), -ENAMETOOLONG);
    memset(long_name, 'a', PATH_MAX);
    assert_int_equal(xw_world_owner("firewall", long_name, &uid, &err), -ENAMETOOLONG);
    assert_int_equal(xw_world_exists("firewall", long_name, &err), -ENAMETOOLONG);
    /* Not even where a shorter one would be a world's. */
    put(WORLD "/owner", "uid 1001\n", 9);
    memcpy(long_name, "alice", 6);
    for (size_t i = strlen(long_name); i + 2 < PATH_MAX; i += 2)
        memcpy(long_name + i, "/.", 3);
    assert_int_equal(xw_world_owner("firewall", long_name, &uid, &err), -ENAMETOOLONG);
    assert_int_equal(xw_world_exists("firewall", long_name, &err), -ENAMETOOLONG);
    long_name[64] = '\0';
    assert_int_equal(xw_world_owner("firewall", long_name, &uid, &err), 0);
    assert_int_equal(xw_world_exists("firewall", long_name, &err), 1);
}

/* It is the directory that a new name is in that has to be put on the disk. */
static void names_are_put_on_the_disk(void **state)
{
    struct xw_error err = {0};
    struct stat info;

    (void)state;
    assert_int_equal(stat(WORLD, &info), 0);
    assert_int_equal(xw_sync_parent(WORLD "/owner", &err), 0);
    assert_true(synced == info.st_ino);
    assert_int_equal(stat(XW_WORLDS_DIR "/firewall", &info), 0);
    assert_int_equal(xw_world_directory(XW_WORLDS_DIR "/firewall/new", &err), 1);
    assert_true(synced == info.st_ino);
    assert_int_equal(rmdir(XW_WORLDS_DIR "/firewall/new"), 0);
    assert_int_equal(chdir(WORLD), 0);
    assert_int_equal(stat(WORLD, &info), 0);
    assert_int_equal(xw_sync_parent("owner", &err), 0);
    assert_true(synced == info.st_ino);
    assert_int_equal(chdir("/"), 0);
    assert_int_equal(xw_sync_parent(XW_WORLDS_DIR "/none/owner", &err), -ENOENT);
    assert_non_null(strstr(err.text, "none can't be put on the disk: No such file"));
    xw_fault_set("fsync", 1, EIO);
    assert_int_equal(xw_sync_parent(WORLD "/owner", &err), -EIO);
    xw_fault_set("fsync", 1, EIO);
    assert_int_equal(xw_world_directory(XW_WORLDS_DIR "/new", &err), -EIO);
    xw_fault_set(NULL, 0, 0);
    assert_int_equal(rmdir(XW_WORLDS_DIR "/new"), 0);
}

static void a_world_is_a_directory(void **state)
{
    struct xw_error err = {0};

    (void)state;
    assert_int_equal(xw_world_exists("firewall", "alice", &err), 1);
    assert_false(0 != xw_world_exists("firewall", "bob", &err));
    put(XW_WORLDS_DIR "/firewall/file", "", 0);
    assert_false(0 != xw_world_exists("firewall", "file", &err));
    /* Nor is anything in what is no lab's directory. */
    assert_false(0 != xw_world_exists("firewall/file", "alice", &err));
    assert_int_equal(err.code, 0);
    assert_int_equal(unlink(XW_WORLDS_DIR "/firewall/file"), 0);
    assert_int_equal(symlink("alice", XW_WORLDS_DIR "/firewall/link"), 0);
    assert_false(0 != xw_world_exists("firewall", "link", &err));
    assert_int_equal(unlink(XW_WORLDS_DIR "/firewall/link"), 0);
}

static void directories_have_their_mode(void **state)
{
    struct xw_error err = {0};
    struct stat info;
    mode_t before = umask(077);

    (void)state;
    assert_int_equal(xw_world_directory(XW_WORLDS_DIR "/new", &err), 1);
    assert_int_equal(stat(XW_WORLDS_DIR "/new", &info), 0);
    assert_int_equal(info.st_mode & 07777, 0711);
    assert_int_equal(xw_world_directory(XW_WORLDS_DIR "/new", &err), 0);
    assert_int_equal(rmdir(XW_WORLDS_DIR "/new"), 0);
    assert_int_equal(err.code, 0);
    xw_fault_set("chmod", 1, EPERM);
    assert_int_equal(xw_world_directory(XW_WORLDS_DIR "/new", &err), -EPERM);
    xw_fault_set(NULL, 0, 0);
    assert_int_equal(rmdir(XW_WORLDS_DIR "/new"), 0);
    assert_int_equal(xw_world_directory(XW_WORLDS_DIR "/none/new", &err), -ENOENT);
    umask(before);
}

/* Another process gets the lock when this one gives it back, and not before. */
static void one_at_a_time(void **state)
{
    struct xw_error err = {0};
    int lock = xw_world_lock("firewall", "alice", &err);
    int ends[2];
    int status;
    char byte;

    (void)state;
    assert_true(lock >= 0);
    assert_int_equal(fcntl(lock, F_GETFD), FD_CLOEXEC);
    assert_int_equal(pipe(ends), 0);
    pid_t child = fork();
    if (child == 0) {
        close(lock);
        int theirs = xw_world_lock("firewall", "alice", &err);
        int others = xw_world_lock("firewall", "bob", &err);
        _exit(theirs >= 0 && others >= 0 && write(ends[1], "l", 1) == 1 ? 0 : 1);
    }
    /* It can't have it while we do: what it would try is refused. */
    struct flock want = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
    int fd = open(XW_WORLDS_DIR "/firewall/.alice.lock", O_RDWR);
    assert_int_equal(fcntl(fd, F_OFD_SETLK, &want), -1);
    assert_int_equal(waitpid(child, &status, WNOHANG), 0);
    close(lock);
    assert_int_equal(read(ends[0], &byte, 1), 1);
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);
    close(fd);
    close(ends[0]);
    close(ends[1]);
}

static void locks_that_are_none(void **state)
{
    struct xw_error err = {0};

    (void)state;
    assert_int_equal(symlink("/var/lib/target", XW_WORLDS_DIR "/firewall/.eve.lock"), 0);
    assert_int_equal(xw_world_lock("firewall", "eve", &err), -ELOOP);
    assert_non_null(strstr(err.text, ".eve.lock can't be opened"));
    assert_int_equal(access("/var/lib/target", F_OK), -1);
    assert_int_equal(unlink(XW_WORLDS_DIR "/firewall/.eve.lock"), 0);
    put(XW_WORLDS_DIR "/file", "", 0);
    assert_true(xw_world_lock("file", "eve", &err) < 0);
    assert_int_equal(unlink(XW_WORLDS_DIR "/file"), 0);
    /* A file that knows no locks. */
    assert_int_equal(symlink("/proc/self/fd", XW_WORLDS_DIR "/none"), 0);
    assert_true(xw_world_lock("none", "eve", &err) < 0);
    assert_int_equal(unlink(XW_WORLDS_DIR "/none"), 0);
    /* Nothing is locked in a directory that is not as it has to be. */
    xw_fault_set("chmod", 1, EPERM);
    assert_int_equal(xw_world_lock("new", "eve", &err), -EPERM);
    xw_fault_set(NULL, 0, 0);
    assert_non_null(strstr(err.text, "The mode of " XW_WORLDS_DIR "/new can't be set"));
    assert_int_equal(rmdir(XW_WORLDS_DIR "/new"), 0);
    /* A lock that isn't given is no lock, and nothing stays open. */
    int next = dup(STDERR_FILENO);
    assert_int_equal(close(next), 0);
    xw_fault_set("lock", 1, ENOLCK);
    assert_int_equal(xw_world_lock("firewall", "eve", &err), -ENOLCK);
    xw_fault_set(NULL, 0, 0);
    assert_non_null(strstr(err.text, "The world firewall of eve can't be locked"));
    int lock = xw_world_lock("firewall", "eve", &err);
    assert_int_equal(lock, next);
    close(lock);
}

/* --- listing --------------------------------------------------------------------------------- */

struct list {
    char text[256];
    const char *stop_at;
};

static int add(const char *lab, const char *owner, void *data)
{
    struct list *list = data;
    size_t used = strlen(list->text);

    snprintf(list->text + used, sizeof(list->text) - used, "%s/%s ", lab, owner);
    return list->stop_at && strcmp(owner, list->stop_at) == 0 ? -ECANCELED : 0;
}

static const char *listed(const char *lab, const char *stop_at, int expected)
{
    static struct list list;
    struct xw_error err = {0};

    list = (struct list){.stop_at = stop_at};
    /* Whatever has failed before. */
    errno = EACCES;
    assert_int_equal(xw_world_list(lab, add, &list, &err), expected);
    return list.text;
}

static void worlds_are_listed_in_order(void **state)
{
    static const char *const made[] = {
        "/firewall/bob", "/firewall/@team", "/firewall/.hidden", "/firewall/Bad", "/lab2",
        "/lab2/carol",   "/.trash",         "/.trash/dora",      "/Bad",          "/Bad/eve"};
    char path[128];

    (void)state;
    for (size_t i = 0; i < sizeof(made) / sizeof(made[0]); i++) {
        snprintf(path, sizeof(path), XW_WORLDS_DIR "%s", made[i]);
        assert_int_equal(mkdir(path, 0711), 0);
    }
    put(XW_WORLDS_DIR "/firewall/file", "", 0);
    assert_string_equal(listed(NULL, NULL, 0),
                        "firewall/@team firewall/alice firewall/bob lab2/carol ");
    assert_string_equal(listed("firewall", NULL, 0), "firewall/@team firewall/alice firewall/bob ");
    assert_string_equal(listed("lab2", NULL, 0), "lab2/carol ");
    assert_string_equal(listed("none", NULL, 0), "");
    /* An error of the caller's ends it. */
    assert_string_equal(listed(NULL, "alice", -ECANCELED), "firewall/@team firewall/alice ");
    assert_string_equal(listed("firewall", "@team", -ECANCELED), "firewall/@team ");
    struct xw_error err = {0};
    put(XW_WORLDS_DIR "/file", "", 0);
    assert_int_equal(xw_world_list("file", add, NULL, &err), -ENOTDIR);
    assert_non_null(strstr(err.text, "file can't be read"));
    /* A lab without worlds, and no lab at all. */
    assert_int_equal(mkdir(XW_WORLDS_DIR "/empty", 0711), 0);
    assert_string_equal(listed("empty", NULL, 0), "");
    assert_int_equal(rename(XW_WORLDS_DIR, XW_STATE_DIR "/other"), 0);
    assert_string_equal(listed(NULL, NULL, 0), "");
    assert_int_equal(mkdir(XW_WORLDS_DIR, 0711), 0);
    assert_string_equal(listed(NULL, NULL, 0), "");
    assert_int_equal(rmdir(XW_WORLDS_DIR), 0);
    put(XW_WORLDS_DIR, "", 0);
    assert_int_equal(xw_world_list(NULL, add, NULL, &err), -ENOTDIR);
    assert_int_equal(unlink(XW_WORLDS_DIR), 0);
    assert_int_equal(rename(XW_STATE_DIR "/other", XW_WORLDS_DIR), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_owner_is_one_line),       cmocka_unit_test(paths_fit),
        cmocka_unit_test(names_are_put_on_the_disk),   cmocka_unit_test(a_world_is_a_directory),
        cmocka_unit_test(directories_have_their_mode), cmocka_unit_test(one_at_a_time),
        cmocka_unit_test(locks_that_are_none),         cmocka_unit_test(worlds_are_listed_in_order),
    };

    return cmocka_run_group_tests(tests, enter_place, NULL);
}
