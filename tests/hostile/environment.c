/*
 * Class B: the environment. Whatever it holds, the gate names the same paths to the kernel as with
 * none at all, and says the same; no file that a variable names appears.
 */
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/hostile/signature.h"
#include "tests/hostile/suite.h"

/* A directory in which anybody may write, and a library that would be loaded from it. */
#define BAIT "/tmp/bait"

static const char *const loader[] = {
    "LD_PRELOAD=" BAIT "/libbait.so",
    "LD_AUDIT=" BAIT "/libbait.so",
    "LD_LIBRARY_PATH=" BAIT,
    "LD_DEBUG=all",
    "LD_DEBUG_OUTPUT=" BAIT "/debug",
    "LD_ORIGIN_PATH=" BAIT,
    "LD_PROFILE_OUTPUT=" BAIT,
    "LD_SHOW_AUXV=1",
    "LD_BIND_NOW=1",
    "LD_BIND_NOT=1",
    "LD_WARN=1",
    "LD_VERBOSE=1",
    "LD_USE_LOAD_BIAS=1",
    "LD_DYNAMIC_WEAK=1",
    "LD_HWCAP_MASK=0",
    "LD_ASSUME_KERNEL=2.4.0",
    "LD_POINTER_GUARD=0",
    "LD_PREFER_MAP_32BIT_EXEC=1",
    "GLIBC_TUNABLES=glibc.malloc.mxfast=glibc.malloc.mxfast=A",
    "GLIBC_TUNABLES=glibc.malloc.check=3",
    "GCONV_PATH=" BAIT,
    "GETCONF_DIR=" BAIT,
    "HOSTALIASES=" BAIT "/hosts",
    "LOCALDOMAIN=bait",
    "LOCPATH=" BAIT,
    "LC_ALL=../../../.." BAIT,
    "LANG=../../../.." BAIT,
    "LANGUAGE=../" BAIT,
    "NLSPATH=" BAIT "/%N",
    "MALLOC_TRACE=" BAIT "/malloc",
    "MALLOC_CHECK_=3",
    "MALLOC_PERTURB_=165",
    "MALLOC_ARENA_MAX=1",
    "NIS_PATH=" BAIT,
    "RESOLV_HOST_CONF=" BAIT "/host.conf",
    "RES_OPTIONS=debug",
    "TMPDIR=" BAIT,
    "TZ=/../../../tmp/bait/zone",
    "TZ=:/tmp/bait/zone",
    "TZDIR=" BAIT,
    "TERMINFO=" BAIT,
    "TERMINFO_DIRS=" BAIT,
    "TERM=../../../tmp/bait/term",
    "TERMCAP=" BAIT "/cap",
    "TERMPATH=" BAIT,
    "INPUTRC=" BAIT "/inputrc",
    "SHELL=" BAIT "/sh",
    "HOME=" BAIT,
    "PATH=" BAIT,
    "IFS=/",
    "ENV=" BAIT "/env",
    "BASH_ENV=" BAIT "/env",
    "BASH_FUNC_x%%=() { :; }; touch " BAIT "/shell",
    "x=() { :; }; touch " BAIT "/shellshock",
    "PS4=$(touch " BAIT "/ps4)",
    "SHELLOPTS=xtrace",
    "ASAN_OPTIONS=log_path=" BAIT "/asan",
    "UBSAN_OPTIONS=log_path=" BAIT "/ubsan",
    "GMON_OUT_PREFIX=" BAIT "/gmon",
    "GCOV_PREFIX=" BAIT,
    "LLVM_PROFILE_FILE=" BAIT "/profile",
};

static const char *const libraries[] = {
    "LIBVIRT_DEBUG=1",
    "LIBVIRT_LOG_OUTPUTS=1:file:" BAIT "/libvirt",
    "LIBVIRT_LOG_FILTERS=1:*",
    "LIBVIRT_DEFAULT_URI=test:///default",
    "LIBVIRT_AUTH_FILE=" BAIT "/auth",
    "LIBVIRT_GNUTLS_DEBUG=99",
    "LIBVIRT_AUTOSTART=" BAIT "/libvirtd",
    "LIBVIRT_DIR_OVERRIDE=" BAIT,
    "LIBVIRT_LIBSSH_DEBUG=1",
    "VIRSH_DEFAULT_CONNECT_URI=test:///default",
    "VIR_TEST_DEBUG=1",
    "XDG_RUNTIME_DIR=" BAIT,
    "XDG_CONFIG_HOME=" BAIT,
    "XDG_CACHE_HOME=" BAIT,
    "XDG_DATA_DIRS=" BAIT,
    "DBUS_SYSTEM_BUS_ADDRESS=unix:path=" BAIT "/bus",
    "DBUS_SESSION_BUS_ADDRESS=unix:path=" BAIT "/bus",
    "DBUS_STARTER_ADDRESS=unix:path=" BAIT "/bus",
    "GIO_EXTRA_MODULES=" BAIT,
    "G_DEBUG=fatal-warnings",
    "G_MESSAGES_DEBUG=all",
    "GNUTLS_DEBUG_LEVEL=99",
    "GNUTLS_SYSTEM_PRIORITY_FILE=" BAIT "/priority",
    "SSLKEYLOGFILE=" BAIT "/keys",
    "OPENSSL_CONF=" BAIT "/openssl",
    "OPENSSL_MODULES=" BAIT,
    "SASL_CONF_PATH=" BAIT,
    "SASL_PATH=" BAIT,
    "KRB5_CONFIG=" BAIT "/krb5",
    "KRB5_TRACE=" BAIT "/krb5",
    "NSS_WRAPPER_PASSWD=" BAIT "/passwd",
    "SUDO_USER=root",
    "SUDO_UID=0",
    "LOGNAME=root",
    "USER=root",
    "MAIL=root",
    "SSH_ORIGINAL_COMMAND=list",
    "NOTIFY_SOCKET=" BAIT "/notify",
    "LISTEN_FDS=5",
    "JOURNAL_STREAM=1:1",
    "SYSTEMD_LOG_LEVEL=debug",
    "XW_FULL=1",
    "LOGINUID=0",
};

enum {
    LOADER = sizeof(loader) / sizeof(loader[0]),
    LIBRARIES = sizeof(libraries) / sizeof(libraries[0])
};

static void run(const char *const argv[], char *const environment[], struct drive_result *result)
{
    drive_run(
        &(struct drive_call){
            .argv = argv, .environment = environment, .user = people.alice, .tracer = &recorder},
        result);
}

/* With this environment, all is as without one. */
static void compare(const char *what, const char *const argv[], char *const environment[])
{
    struct drive_result without;
    struct drive_result with;
    char line[DRIVE_TEXT + 64];

    run(argv, NULL, &without);
    run(argv, environment, &with);
    tried(1);
    char *left = signature(&without, true);
    char *right = signature(&with, true);
    unsigned int differs = signature_difference(left, right);
    if (differs) {
        signature_line(right, differs, line, sizeof(line));
        fail("%.60s: other paths are named, first: %s", what, line);
    }
    const char *said = without_id(&without);
    const char *says = without_id(&with);
    if (!said || !says || strcmp(said, says) != 0 || *with.err || with.code != without.code)
        fail("%.60s: the answer is another: %d %.200s%.100s", what, with.code, with.out, with.err);
    if (with.audit_count != 1)
        fail("%.60s: %zu audit records", what, with.audit_count);
    free(left);
    free(right);
    drive_free(&without);
    drive_free(&with);
}

/* The bait holds what was put there and nothing more. */
static void nothing_appeared(void)
{
    DIR *bait = opendir(BAIT);
    const struct dirent *entry;

    while (bait && (entry = readdir(bait)) != NULL) {
        if (entry->d_name[0] != '.' && strcmp(entry->d_name, "libbait.so") != 0)
            fail(BAIT "/%s has appeared", entry->d_name);
    }
    if (!bait)
        fail("there is no bait");
    else
        closedir(bait);
}

static void each_and_all(const char *const *variables, size_t count)
{
    char *all[LOADER + LIBRARIES + 1] = {NULL};

    for (size_t i = 0; i < count; i++) {
        char *const one[] = {(char *)(size_t)variables[i], NULL};
        all[i] = one[0];
        compare(variables[i], ARGV("status", "hostile"), one);
    }
    compare("all of them", ARGV("status", "hostile"), all);
    compare("all of them, refused", ARGV("status", "nosuchlab"), all);
    compare("all of them, usage", ARGV("--help"), all);
    compare("all of them, changing", ARGV("stop", "hostile", "m1", "--force"), all);
    nothing_appeared();
}

/*
 * Two variables are the loader's own, before the gate's first instruction: with the one it ends at
 * once, with the other it complains of a directory of the system's that isn't there.
 */
static void loaders_own(void)
{
    char *const trace[] = {(char *)(size_t) "LD_TRACE_LOADED_OBJECTS=1", NULL};
    char *const profile[] = {(char *)(size_t) "LD_PROFILE=libc.so.6",
                             (char *)(size_t) "LD_PROFILE_OUTPUT=" BAIT, NULL};
    struct drive_result result;

    run(ARGV("stop", "hostile", "m1", "--force"), trace, &result);
    if (result.code == 0 || *result.out || result.audit_count)
        fail("LD_TRACE_LOADED_OBJECTS: %d: %.200s", result.code, result.out);
    drive_free(&result);
    run(ARGV("status", "hostile"), profile, &result);
    if (result.code != 0 || result.audit_count != 1 || strstr(result.err, BAIT))
        fail("LD_PROFILE: %d: %.200s%.200s", result.code, result.out, result.err);
    drive_free(&result);
    tried(2);
}

/* The control: the library is loaded into a program that has no privilege. */
static void loader_variables(void)
{
    char *const preload[] = {(char *)(size_t)loader[0], NULL};
    struct drive_result result;

    drive_run(&(struct drive_call){.program = "/bin/true",
                                   .argv = (const char *const[]){"true", NULL},
                                   .environment = preload,
                                   .user = people.alice},
              &result);
    if (access(BAIT "/loaded", F_OK) != 0)
        fail("the control: the library was not loaded into /bin/true");
    unlink(BAIT "/loaded");
    each_and_all(loader, LOADER);
    loaders_own();
}

static void library_variables(void)
{
    each_and_all(libraries, LIBRARIES);
}

static void malformed(void)
{
    enum { MANY = 100000 };
    static char *many[MANY + 1];
    char *const strange[] = {(char *)(size_t) "",
                             (char *)(size_t) "=",
                             (char *)(size_t) "==x",
                             (char *)(size_t) "NOEQUALS",
                             (char *)(size_t) "PATH",
                             (char *)(size_t) "LD_PRELOAD",
                             (char *)(size_t) "A=1",
                             (char *)(size_t) "A=2",
                             (char *)(size_t) "A=1",
                             (char *)(size_t) "\xff\xfe=\n",
                             (char *)(size_t)loader[0],
                             (char *)(size_t)loader[0],
                             NULL};

    compare("duplicates and entries without =", ARGV("status", "hostile"), strange);
    /* 18 bytes each, with its pointer; the kernel takes a quarter of the stack's limit, 2 MiB. */
    for (size_t i = 0; i < MANY; i++)
        many[i] = (char *)(size_t) "LD_X=1234";
    many[MANY] = NULL;
    compare("2 MiB of entries", ARGV("status", "hostile"), many);
    nothing_appeared();
}

const struct test suite_environment[] = {
    {"T-B1 the loader's and the C library's variables", loader_variables},
    {"T-B2 the variables of libvirt, the buses, GnuTLS and others", library_variables},
    {"T-B3 duplicates, entries without =, 2 MiB of them", malformed},
    {NULL, NULL},
};
