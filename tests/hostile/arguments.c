/*
 * Class A: arguments and identity.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/hostile/suite.h"

/* The kernel's bound on one argument is 128 KiB with its end (execve(2), MAX_ARG_STRLEN). */
enum { LONGEST = 128 * 1024 - 1 };

static char *filled(char byte, size_t length)
{
    char *text = malloc(length + 1);

    if (!text)
        abort();
    memset(text, byte, length);
    text[length] = '\0';
    return text;
}

static void as_alice(const char *what, const char *const argv[], int code)
{
    const struct drive_call call = {.argv = argv, .user = people.alice};

    if (code == 0)
        allowed(what, &call);
    else
        refused(what, &call, code);
}

static void no_arguments(void)
{
    as_alice("argc = 0", (const char *const[]){NULL}, XW_EXIT_USAGE);
    as_alice("argv[0] alone", (const char *const[]){"xwhelper", NULL}, XW_EXIT_USAGE);
    as_alice("an empty argv[0]", (const char *const[]){"", NULL}, XW_EXIT_USAGE);
    as_alice("an empty verb", ARGV(""), XW_EXIT_USAGE);
    control(people.alice);
}

/* The record names the gate by the kernel's word, whatever argv[0] says: record_fits(). */
static void program_names(void)
{
    char *long_name = filled('A', LONGEST);
    const char *const names[] = {
        "%n%s%n%s%n%s", "xw\nhelper res=success", "\x1b[2Jx", "-xwsh", "/bin/sh", "", long_name};

    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        as_alice("argv[0], refused", (const char *const[]){names[i], "nosuchverb", NULL},
                 XW_EXIT_USAGE);
        as_alice("argv[0], allowed", (const char *const[]){names[i], "status", "hostile", NULL}, 0);
    }
    free(long_name);
}

static void options(void)
{
    static const char *const bad[][4] = {
        {"--help"},
        {"--version"},
        {"-h"},
        {"--"},
        {"lis"},
        {"LIST"},
        {"list "},
        {"list\n"},
        {"list", "--"},
        {"list", "--force"},
        {"list", "hostile"},
        {"--force", "list"},
        {"status"},
        {"status", "hostile", "m1"},
        {"status", "hostile", "--force"},
        {"start", "hostile"},
        {"start", "hostile", "m1", "--force"},
        {"start", "hostile", "m1", "m2"},
        {"start", "hostile", "m1", "\\"},
        {"stop", "hostile", "--force"},
        {"stop", "--force", "hostile", "m1"},
        {"stop", "hostile", "m1", "--forc"},
        {"stop", "hostile", "m1", "-f"},
        {"stop", "hostile", "m1", "--force="},
        {"revert", "hostile", "m1", "--force"},
        {"console", "hostile"},
        {"console", "hostile", "m1", "m2"},
        {"prepare"},
        {"prepare", "alice"},
        {"revert", "hostile", "m1", "/etc/passwd"},
    };

    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        as_alice(bad[i][0], ARGV(bad[i][0], bad[i][1], bad[i][2], bad[i][3]), XW_EXIT_USAGE);
    as_alice("--force twice", ARGV("stop", "hostile", "m1", "--force", "--force"), XW_EXIT_USAGE);
    as_alice("--force once", ARGV("stop", "hostile", "m1", "--force"), 0);
}

/* Each in each place where a name stands. */
static void names(void)
{
    char *longest = filled('a', LONGEST);
    char *too_long = filled('a', 33);
    const char *const bad[] = {
        "",
        "-1",
        "4294967296",
        "4294967296/",
        "0x1",
        "0x1 ",
        " a",
        "a\n",
        "a b",
        "-h",
        "--help",
        "a,b,",
        ",",
        ",,",
        "a,,b",
        "../x",
        "..",
        ".",
        "a/../../b",
        "/",
        "/etc/passwd",
        "hostile/",
        "./hostile",
        "hostile\n",
        "Hostile",
        "HOSTILE",
        "hostile ",
        "hostile\t",
        "\xff\xfe",
        "h\xc3\xb6stile",
        "\xc0\xae\xc0\xae",
        "%s%n",
        "$(id)",
        "`id`",
        ";id",
        "hostile;",
        "xw:hostile:alice:m1",
        "@alice",
        "alice/hostile",
        "\x1b[31m",
        "*x",
        "m1,*",
        "*,*",
        "m1,m1",
        "\\",
        longest,
        too_long,
    };

    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        as_alice(bad[i], ARGV("status", bad[i]), XW_EXIT_REFUSED);
        as_alice(bad[i], ARGV("start", bad[i], "m1"), XW_EXIT_REFUSED);
        as_alice(bad[i], ARGV("start", "hostile", bad[i]), XW_EXIT_REFUSED);
        as_alice(bad[i], ARGV("console", "hostile", bad[i]), XW_EXIT_REFUSED);
    }
    as_alice("console of all", ARGV("console", "hostile", "*"), XW_EXIT_REFUSED);
    as_alice("console of two", ARGV("console", "hostile", "m1,m2"), XW_EXIT_REFUSED);
    as_alice("names that are well formed", ARGV("stop", "hostile", "m1,m2", "--force"), 0);
    free(longest);
    free(too_long);
}

/* One character more than a lab of hers has, whose name is as long as a name can be. */
static void longest_name(void)
{
    char *name = filled('l', 33);

    as_alice("a name of 33", ARGV("status", name), XW_EXIT_REFUSED);
    name[32] = '\0';
    as_alice("a name of 32", ARGV("status", name), 0);
    name[31] = '\0';
    as_alice("a name of 31", ARGV("status", name), XW_EXIT_REFUSED);
    free(name);
}

/* 65 machines are one more than a request holds; 64 names that don't exist are refused too. */
static void many_names(void)
{
    char text[65 * 4 + 1] = "";

    for (int i = 0; i < 65; i++)
        snprintf(text + strlen(text), sizeof(text) - strlen(text), "%sn%02d", i ? "," : "", i);
    as_alice("65 machines", ARGV("start", "hostile", text), XW_EXIT_REFUSED);
    *strrchr(text, ',') = '\0';
    as_alice("64 machines", ARGV("start", "hostile", text), XW_EXIT_REFUSED);
    as_alice("all machines", ARGV("stop", "hostile", "*", "--force"), 0);
}

static void unknown_users(void)
{
    static const uid_t uids[] = {2147483648U, 3000000000U, 4294967294U, 65534, 12345};
    struct drive_user stranger = *people.alice; /* her groups, too */

    for (size_t i = 0; i < sizeof(uids) / sizeof(uids[0]); i++) {
        stranger.uid = uids[i];
        const struct drive_call status = {.argv = ARGV("status", "hostile"), .user = &stranger};
        const struct drive_call list = {.argv = ARGV("list"), .user = &stranger};
        refused("a stranger with alice's groups", &status, XW_EXIT_REFUSED);
        allowed("a stranger's list", &list);
    }
    control(people.alice);
}

static void many_groups(void)
{
    gid_t *groups = calloc(DRIVE_GROUPS_MAX, sizeof(*groups));
    struct drive_user user = {people.alice->uid, people.alice->gid, groups, DRIVE_GROUPS_MAX};

    if (!groups)
        abort();
    for (size_t i = 0; i < DRIVE_GROUPS_MAX; i++)
        groups[i] = (gid_t)(i == 0 ? 0 : 100000 + i);
    const struct drive_call status = {.argv = ARGV("status", "hostile"), .user = &user};
    refused("65536 groups, none of them the lab's", &status, XW_EXIT_REFUSED);
    user.uid = people.oscar->uid;
    refused("an outsider with 65536 groups and gid 0", &status, XW_EXIT_REFUSED);
    user.uid = people.alice->uid;
    groups[DRIVE_GROUPS_MAX - 1] = people.alice->groups[0];
    for (size_t i = 0; i < people.alice->group_count; i++)
        groups[DRIVE_GROUPS_MAX - 2 - i] = people.alice->groups[i];
    /* Not traced: at a tracer's pace 65,536 look-ups outlast the keeper's patience. */
    exits("65536 groups, the lab's among them", &status, XW_EXIT_OK);
    free(groups);
}

const struct test suite_arguments[] = {
    {"T-A1 no arguments at all", no_arguments},
    {"T-A2 argv[0] as a format, with a newline, as long as can be", program_names},
    {"T-A3 options that are none", options},
    {"T-A4 names beyond the grammar", names},
    {"T-A4 the longest name, and one longer", longest_name},
    {"T-A4 more names than a request holds", many_names},
    {"T-A5 uids that nobody has", unknown_users},
    {"T-A6 65,536 supplementary groups, gid 0 among them", many_groups},
    {NULL, NULL},
};
