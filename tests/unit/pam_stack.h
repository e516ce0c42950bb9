/*
 * What the tests of the PAM module share: a private root with users, records and a configuration of
 * the test's; services that libpam reads from there (pam_wrapper(1)); a keeper that behaves as
 * told.
 */
#ifndef XW_TESTS_PAM_STACK_H
#define XW_TESTS_PAM_STACK_H

#include <dlfcn.h>
#include <libgen.h>
#include <poll.h>
#include <security/pam_appl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>

#include "tests/pam/faulty.h"
#include "tests/unit/private_root.h"

#define CONF   "/etc/xworlds/xworlds.conf"
#define ACCESS "/var/lib/xworlds/labs/firewall/access"
#define FIREWALL                                                                                   \
    "xworlds-access 1\nlab firewall\ntitle A firewall\nstudent 2001\ninstructor 2002\n"            \
    "machine router\nend\n"

/* What pam_wrapper has at its end. */
const char *__lsan_default_suppressions(void);
const char *__lsan_default_suppressions(void)
{
    return "leak:libpam_wrapper.so";
}

enum entry { ACCOUNT, OPEN, CLOSE, AUTH, SETCRED, PASSWORD, ENTRIES };

/* The module as it is shipped, and as the faults need it. */
static char shipped[512];
static char faulty[512];
static struct xw_pam_faults *faults;
static bool really_root;
static char told[4096]; /* what the conversation has been given, line by line */
static bool conversation_fails;

static inline void put_file(const char *path, const char *text)
{
    FILE *file = fopen(path, "we");

    if (!file || fputs(text, file) < 0 || fclose(file) != 0)
        abort();
    if (chmod(path, 0644) < 0)
        abort();
}

static inline void put_users(void)
{
    put_file("/etc/nsswitch.conf", "passwd: files\ngroup: files\n");
    put_file("/etc/passwd", "root:x:0:0::/:/bin/sh\ntoor:x:0:0::/:/bin/sh\n"
                            "alice:x:1001:100::/:/bin/sh\nbob:x:1002:100::/:/bin/sh\n"
                            "tina:x:1003:100::/:/bin/sh\nstaff:x:1004:100::/:/bin/sh\n"
                            "Upper:x:1005:2000::/:/bin/sh\ncarol:x:1006:100::/:/bin/sh\n"
                            "blue:x:1007:100::/:/bin/sh\n");
    put_file("/etc/group", "root:x:0:\nusers:x:100:\nxworlds:x:2000:alice,bob,tina,carol,blue\n"
                           "cs530:x:2001:alice,Upper\ncs530-ta:x:2002:tina\nblue:x:2003:carol\n"
                           "red:x:2004:carol\n");
}

static inline void put_records(void)
{
    (void)mkdir("/var/lib/xworlds", 0755);
    (void)mkdir("/var/lib/xworlds/labs", 0755);
    (void)mkdir("/var/lib/xworlds/labs/firewall", 0755);
    put_file(ACCESS, FIREWALL);
}

/* Writes a service's file where pam_wrapper keeps its copies of them. */
static inline void put_lines(const char *service, const char *text)
{
    char path[256];

    snprintf(path, sizeof(path), "%s/%s", getenv("PAM_WRAPPER_RUNTIME_DIR"), service);
    put_file(path, text);
    snprintf(path, sizeof(path), "/etc/pam.d/%s", service);
    put_file(path, text);
}

/*
 * pam_wrapper reads its variables when it is loaded, so the program starts again with them. Deep
 * binding and sanitizers exclude each other; release 1.1.4 asks for it by the second name.
 */
static inline void wrap_pam(char *argv[])
{
    static const char *const variables[][2] = {{"PAM_WRAPPER", "1"},
                                               {"PAM_WRAPPER_SERVICE_DIR", "/etc/pam.d"},
                                               {"PAM_WRAPPER_DISABLE_DEEPBIND", "1"},
                                               {"UID_WRAPPER_DISABLE_DEEPBIND", "1"}};

    if (getenv("PAM_WRAPPER"))
        return;
    for (size_t i = 0; i < sizeof(variables) / sizeof(variables[0]); i++) {
        if (setenv(variables[i][0], variables[i][1], 1) < 0)
            abort();
    }
    execv("/proc/self/exe", argv);
    abort();
}

static inline int set_up_stack(void **state)
{
    char self[256] = {0};

    (void)state;
    really_root = geteuid() == 0;
    if (readlink("/proc/self/exe", self, sizeof(self) - 1) < 0)
        return -1;
    const char *directory = dirname(self);
    snprintf(shipped, sizeof(shipped), "%s/../pam_xworlds.so", directory);
    snprintf(faulty, sizeof(faulty), "%s/pam_xworlds.so", directory);
    if (xw_test_private_root("/etc") < 0 ||
        mount("tmpfs", "/var/lib", "tmpfs", MS_NOSUID | MS_NODEV, "mode=755") < 0 ||
        mount("tmpfs", "/run", "tmpfs", MS_NOSUID | MS_NODEV, "mode=755") < 0)
        return -1;
    umask(022);
    put_users();
    put_records();
    if (mkdir("/etc/xworlds", 0755) < 0 || mkdir("/run/xworlds", 0755) < 0 ||
        mkdir("/etc/pam.d", 0755) < 0)
        return -1;
    put_lines("other", "auth required pam_deny.so\naccount required pam_deny.so\n"
                       "session required pam_deny.so\npassword required pam_deny.so\n");
    void *module = dlopen(faulty, RTLD_NOW);
    faults = module ? dlsym(module, XW_PAM_FAULTS_SYMBOL) : NULL;
    if (!faults)
        fprintf(stderr, "%s\n", dlerror());
    alarm(300); /* a wait without a bound ends the test */
    return faults ? 0 : -1;
}

/* The service "xw": what the module returns is what the caller gets ([default=done], pam.conf(5)).
 */
static inline void put_service(const char *module, const char *options)
{
    static const char *const types[] = {"auth", "account", "session", "password"};
    char text[4096] = "";

    for (size_t i = 0; i < 4; i++) {
        size_t used = strlen(text);
        snprintf(text + used, sizeof(text) - used, "%s [default=done] %s %s\n", types[i], module,
                 options);
    }
    put_lines("xw", text);
}

static int converse(int count, const struct pam_message **messages, struct pam_response **responses,
                    void *data)
{
    (void)data;
    if (conversation_fails || !(*responses = calloc((size_t)count, sizeof(**responses))))
        return PAM_CONV_ERR;
    for (int i = 0; i < count; i++) {
        size_t used = strlen(told);
        snprintf(told + used, sizeof(told) - used, "%s\n", messages[i]->msg);
    }
    return PAM_SUCCESS;
}

static inline pam_handle_t *start(const char *user)
{
    static const struct pam_conv conversation = {converse, NULL};
    pam_handle_t *handle = NULL;

    if (pam_start("xw", user, &conversation, &handle) != PAM_SUCCESS)
        abort();
    return handle;
}

static inline int enter(pam_handle_t *handle, enum entry entry, int flags)
{
    switch (entry) {
    case ACCOUNT:
        return pam_acct_mgmt(handle, flags);
    case OPEN:
        return pam_open_session(handle, flags);
    case CLOSE:
        return pam_close_session(handle, flags);
    case AUTH:
        return pam_authenticate(handle, flags);
    case SETCRED:
        return pam_setcred(handle, flags | (int)PAM_ESTABLISH_CRED);
    default:
        return pam_chauthtok(handle, flags);
    }
}

static inline void forget(void)
{
    told[0] = '\0';
    memset(faults, 0, sizeof(*faults));
    faults->call = XW_PAM_CALL_COUNT;
}

/* One call of one entry point, on a handle of its own. */
static inline int call(const char *user, enum entry entry)
{
    pam_handle_t *handle = start(user);
    int status = enter(handle, entry, 0);

    if (pam_end(handle, status) != PAM_SUCCESS)
        abort();
    return status;
}

/* --- the keeper ------------------------------------------------------------------------------- */

enum keeper { GONE, READY, FAILS, SILENT, DRIPS, FLOODS, NOISE, HANGS_UP, DEAF };

static pid_t keeper_pid = -1;

static inline int keeper_socket(int backlog)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX, .sun_path = "/run/xworlds/keeper.sock"};
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

    (void)unlink(address.sun_path);
    if (bind(fd, (const struct sockaddr *)&address, sizeof(address)) < 0 || listen(fd, backlog) < 0)
        abort();
    return fd;
}

static inline void say(int peer, const char *text)
{
    if (send(peer, text, strlen(text), MSG_NOSIGNAL) < 0)
        _exit(0);
}

static inline void answer(int peer, enum keeper how)
{
    char line[512];
    ssize_t n = recv(peer, line, sizeof(line) - 1, 0);

    if (n <= 0)
        return;
    line[n] = '\0';
    put_file("/run/xworlds/request", line);
    switch (how) {
    case READY:
        say(peer, "progress - making\ndone firewall deployed\n");
        say(peer, "end 0\n");
        break;
    case FAILS:
        say(peer, "fail firewall The disk is full\nend 1\n");
        break;
    case NOISE:
        say(peer, "\033]52;c;x\a\nend 999\nnonsense\nend\n");
        break;
    case DRIPS:
        for (;;) {
            say(peer, "progress - still\n");
            poll(NULL, 0, 50);
        }
    case FLOODS:
        for (;;)
            say(peer, "no end of a line ");
    default:
        break;
    }
}

static inline void keeper_stop(void)
{
    if (keeper_pid > 0) {
        kill(keeper_pid, SIGKILL);
        waitpid(keeper_pid, NULL, 0);
    }
    keeper_pid = -1;
    (void)unlink("/run/xworlds/keeper.sock");
    (void)unlink("/run/xworlds/request");
}

static inline void keeper_start(enum keeper how)
{
    keeper_stop();
    if (how == GONE)
        return;
    int fd = keeper_socket(how == DEAF ? 0 : 64);
    keeper_pid = fork();
    if (keeper_pid == 0) {
        for (;;) {
            if (how == DEAF)
                pause();
            int peer = accept(fd, NULL, NULL);
            answer(peer, how);
            if (how != SILENT)
                close(peer);
        }
    }
    close(fd);
    if (keeper_pid < 0)
        abort();
}

static inline double seconds(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

#endif
