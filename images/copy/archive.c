#include "archive.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

/* No search along a PATH, and nothing of an environment: tar needs neither. */
static const char tar[] = "/bin/tar";

static void close_both(const int ends[2])
{
    close(ends[0]);
    close(ends[1]);
}

/* In the child: tar's descriptors, and signals as they were. Returns only where it fails. */
static void execute(char *const argv[], int bytes, int as, int errors)
{
    sigset_t none;

    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
    signal(SIGPIPE, SIG_DFL);
    int null = open("/dev/null", O_RDWR);
    if (null < 0 || dup2(null, STDIN_FILENO) < 0 || dup2(null, STDOUT_FILENO) < 0 ||
        dup2(bytes, as) < 0 || dup2(errors, STDERR_FILENO) < 0)
        return;
    execve(tar, argv, (char *[]){NULL});
    fprintf(stderr, "%s: %s\n", tar, strerror(errno));
}

/* as: which of tar's descriptors the archive is. */
static int start(struct archive *archive, char *const argv[], int as)
{
    int bytes[2];
    int errors[2];
    const int theirs = as == STDIN_FILENO ? 0 : 1;

    if (pipe2(bytes, O_CLOEXEC) < 0)
        return -errno;
    if (pipe2(errors, O_CLOEXEC) < 0) {
        int rc = -errno;
        close_both(bytes);
        return rc;
    }
    /* One who says more than the pipe holds doesn't wait for us. */
    fcntl(errors[1], F_SETFL, O_NONBLOCK);
    archive->pid = fork();
    if (archive->pid == 0) {
        execute(argv, bytes[theirs], as, errors[1]);
        _exit(127);
    }
    close(bytes[theirs]);
    close(errors[1]);
    archive->bytes = bytes[!theirs];
    archive->errors = errors[0];
    if (archive->pid > 0)
        return 0;
    int rc = -errno;
    close(archive->bytes);
    close(archive->errors);
    return rc;
}

int archive_unpack(struct archive *archive, const char *directory)
{
    char where[PATH_MAX];
    char *const argv[] = {"tar", "-x", "-o", "-f", "-", "-C", where, NULL};

    snprintf(where, sizeof(where), "%s", directory);
    return start(archive, argv, STDIN_FILENO);
}

int archive_pack(struct archive *archive, const char *path)
{
    char where[PATH_MAX];
    char name[PATH_MAX];
    char *const argv[] = {"tar", "-c", "-f", "-", "-C", where, "--", name, NULL};

    snprintf(where, sizeof(where), "%s", path);
    size_t length = strlen(where);
    while (length > 1 && where[length - 1] == '/')
        where[--length] = '\0';
    char *slash = strrchr(where, '/');
    snprintf(name, sizeof(name), "%s", slash && slash[1] ? slash + 1 : ".");
    if (slash)
        slash[slash == where] = '\0';
    return start(archive, argv, STDOUT_FILENO);
}

int archive_end(struct archive *archive, bool abort, char *words, size_t size)
{
    int status = 0;
    ssize_t n = 0;

    close(archive->bytes);
    if (abort)
        kill(archive->pid, SIGKILL);
    while (waitpid(archive->pid, &status, 0) < 0 && errno == EINTR)
        continue;
    if (!abort && status != 0) {
        n = read(archive->errors, words, size - 1);
        words[n > 0 ? n : 0] = '\0';
        words[strcspn(words, "\n")] = '\0';
        if (!*words)
            snprintf(words, size, "tar has failed");
    }
    close(archive->errors);
    return status == 0 ? 0 : -EIO;
}
