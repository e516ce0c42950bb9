/* links: common/error.c */
/*
 * The PAM module, as it is shipped, behind the real libpam: what each entry point returns
 * (T-I1), hostile items (T-I3), hostile configurations (T-I4), calls in any order (T-I5), keepers
 * that hang (T-I6).
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <dirent.h>
#include <errno.h>
#include <pthread.h>
#include <sys/syscall.h>

#include "tests/unit/pam_stack.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

#define NO_LAB                                                                                     \
    "No lab is open to your account yet; ask your instructor to add you to the course's group.\n"

/* --- T-I1: the matrix ------------------------------------------------------------------------- */

static const struct person {
    const char *name;
    bool student, instructor;
    const char
        *member_of; /* of which of the groups that the options name; "": none; NULL: unknown */
} people[] = {
    {"root", false, false, "root"},
    {"toor", false, false, "root"},
    {"staff", false, false, ""},
    {"alice", true, false, "xworlds cs530"},
    {"bob", false, false, "xworlds"},
    {"tina", false, true, "xworlds cs530-ta"},
    {"Upper", false, false, "xworlds cs530"},
    {"nobody-such", false, false, NULL},
};

static const struct arguments {
    const char *text;
    const char *groups;
    bool wrong, maintenance, quiet;
    const char *sentence;
} arguments[] = {
    {"", "xworlds", false, false, false, NULL},
    {"debug prepare_timeout=1", "xworlds", false, false, false, NULL},
    {"quiet", "xworlds", false, false, true, NULL},
    {"maintenance", "xworlds", false, true, false,
     "The lab is closed for maintenance; try again later.\n"},
    {"[maintenance=Back at eight.]", "xworlds", false, true, false, "Back at eight.\n"},
    {"maintenance quiet", "xworlds", false, true, true, NULL},
    {"nonsense", "xworlds", true, false, false, NULL},
    {"Quiet", "xworlds", true, false, false, NULL},
    {"prepare_timeout=0", "xworlds", true, false, false, NULL},
    {"prepare_timeout=1s", "xworlds", true, false, false, NULL},
    {"config=relative", "xworlds", true, false, false, NULL},
    {"nonsense groups=cs530", "cs530", true, false, false, NULL},
    {"groups=", "xworlds", true, false, false, NULL},
    {"groups=cs530,", "xworlds", true, false, false, NULL},
    {"groups=nosuch,cs530", "cs530", false, false, false, NULL},
    {"groups=nosuch", "nosuch", false, false, false, NULL},
};

enum records { FINE, EMPTY, BROKEN, MISSING, RECORDS };

static void put_labs(enum records records)
{
    put_records();
    if (records == BROKEN)
        put_file(ACCESS, "xworlds-access 2\n");
    if (records == EMPTY || records == MISSING)
        assert_int_equal(unlink(ACCESS), 0);
    if (records == MISSING) {
        assert_int_equal(rmdir("/var/lib/xworlds/labs/firewall"), 0);
        assert_int_equal(rmdir("/var/lib/xworlds/labs"), 0);
    }
}

enum conf { NO_CONF, EMPTY_CONF, CLOSED_CONF, BROKEN_CONF, SUSPEND_CONF, CONFS };

static void put_conf(enum conf conf)
{
    static const char *const texts[] = {[EMPTY_CONF] = "",
                                        [CLOSED_CONF] = "maintenance = On Monday again.\n",
                                        [BROKEN_CONF] = "stop-grace = never\n",
                                        [SUSPEND_CONF] = "suspend-on-logout = yes\n"};

    if (conf == NO_CONF)
        (void)unlink(CONF);
    else
        put_file(CONF, texts[conf]);
}

static int account_of(const struct person *person, const struct arguments *options,
                      enum records records, enum conf conf)
{
    if (conf == BROKEN_CONF)
        return PAM_SERVICE_ERR;
    if (options->maintenance || conf == CLOSED_CONF)
        return PAM_PERM_DENIED;
    if (records == BROKEN)
        return PAM_SERVICE_ERR;
    if (records == MISSING)
        return PAM_SYSTEM_ERR;
    return records == FINE && (person->student || person->instructor) ? PAM_SUCCESS
                                                                      : PAM_PERM_DENIED;
}

static bool is_member(const struct person *person, const char *group)
{
    char members[64], word[64];

    snprintf(members, sizeof(members), " %s ", person->member_of);
    snprintf(word, sizeof(word), " %s ", group);
    return strstr(members, word);
}

/* What must come back, by the list at the head of pam/module.c. */
static int expected(enum entry entry, const struct person *person, const struct arguments *options,
                    enum records records, enum conf conf, enum keeper keeper)
{
    if (entry == AUTH || entry == SETCRED || entry == PASSWORD)
        return PAM_IGNORE;
    if (!person->member_of)
        return PAM_USER_UNKNOWN;
    if (!is_member(person, options->groups))
        return PAM_IGNORE;
    if (options->wrong)
        return PAM_SERVICE_ERR;
    if (entry == CLOSE && conf != SUSPEND_CONF)
        return conf == BROKEN_CONF ? PAM_SESSION_ERR : PAM_SUCCESS;
    if (entry == ACCOUNT)
        return account_of(person, options, records, conf);
    return keeper == READY || strcmp(person->name, "Upper") == 0 ? PAM_SUCCESS : PAM_SESSION_ERR;
}

static void check_told(enum entry entry, int status, const struct arguments *options,
                       enum conf conf)
{
    /* Who logs out is told nothing but that the stack is wrong. */
    if ((entry == CLOSE && !options->wrong) || status == PAM_SUCCESS || status == PAM_IGNORE ||
        status == PAM_USER_UNKNOWN || options->quiet) {
        assert_string_equal(told, "");
        return;
    }
    /* One sentence. */
    assert_ptr_equal(strchr(told, '\n'), told + strlen(told) - 1);
    bool own =
        options->sentence && (conf != CLOSED_CONF || strncmp(options->sentence, "Back", 4) == 0);
    if (status == PAM_PERM_DENIED && own)
        assert_string_equal(told, options->sentence);
    else if (status == PAM_PERM_DENIED)
        assert_string_equal(told, conf == CLOSED_CONF ? "On Monday again.\n" : NO_LAB);
}

static size_t combinations;

static void try_one(enum entry entry, const struct person *person, const struct arguments *options,
                    enum records records, enum conf conf, enum keeper keeper)
{
    int wanted = expected(entry, person, options, records, conf, keeper);

    forget();
    int status = call(person->name, entry);
    if (status != wanted)
        print_message("# entry %d, %s, \"%s\", records %d, configuration %d, keeper %d\n", entry,
                      person->name, options->text, records, conf, keeper);
    assert_int_equal(status, wanted);
    check_told(entry, status, options, conf);
    combinations++;
}

static void try_people(enum entry entry, const struct arguments *options, enum records records,
                       enum conf conf, enum keeper keeper)
{
    for (size_t i = 0; i < COUNT(people); i++)
        try_one(entry, &people[i], options, records, conf, keeper);
}

/* T-I1 */
static void every_combination_returns_what_it_must(void **state)
{
    static const enum keeper keepers[] = {READY, FAILS, NOISE, HANGS_UP, GONE};

    (void)state;
    for (size_t o = 0; o < COUNT(arguments); o++) {
        put_service(shipped, arguments[o].text);
        for (enum records r = FINE; r < RECORDS; r++) {
            put_labs(r);
            for (enum conf c = NO_CONF; c < CONFS; c++) {
                put_conf(c);
                try_people(ACCOUNT, &arguments[o], r, c, GONE);
            }
        }
        for (size_t k = 0; k < COUNT(keepers); k++) {
            keeper_start(keepers[k]);
            try_people(OPEN, &arguments[o], MISSING, BROKEN_CONF, keepers[k]);
        }
        for (size_t k = 0; k < COUNT(keepers); k++) {
            keeper_start(keepers[k]);
            for (enum conf c = NO_CONF; c < CONFS; c++) {
                put_conf(c);
                try_people(CLOSE, &arguments[o], MISSING, c, keepers[k]);
            }
        }
        put_conf(BROKEN_CONF);
        for (enum entry e = AUTH; e < ENTRIES; e++)
            try_people(e, &arguments[o], MISSING, BROKEN_CONF, GONE);
    }
    print_message("# %zu combinations\n", combinations);
    keeper_stop();
    put_labs(FINE);
    put_conf(NO_CONF);
}

/* T-I1: a stack of this module alone lets nobody in where it has no opinion. */
static void nobody_gets_in_by_being_ignored(void **state)
{
    char text[2048];

    (void)state;
    snprintf(text, sizeof(text), "auth required %s\naccount required %s\n", shipped, shipped);
    put_lines("xw", text);
    assert_int_not_equal(call("alice", AUTH), PAM_SUCCESS);
    assert_int_not_equal(call("staff", ACCOUNT), PAM_SUCCESS);
    assert_int_equal(call("alice", ACCOUNT), PAM_SUCCESS);
}

/* The line of INSTALL, with a stack that has decided before. */
static void the_recommended_line(void **state)
{
    static const char control[] =
        "account required pam_permit.so\n"
        "account [success=ok new_authtok_reqd=ok ignore=ignore module_unknown=ignore default=die] ";
    char text[2048];

    (void)state;
    snprintf(text, sizeof(text), "%s%s\n", control, shipped);
    put_lines("xw", text);
    assert_int_equal(call("alice", ACCOUNT), PAM_SUCCESS);
    assert_int_equal(call("staff", ACCOUNT), PAM_SUCCESS);
    assert_int_equal(call("root", ACCOUNT), PAM_SUCCESS);
    assert_int_equal(call("bob", ACCOUNT), PAM_PERM_DENIED);
    put_conf(BROKEN_CONF);
    assert_int_equal(call("alice", ACCOUNT), PAM_SERVICE_ERR);
    assert_int_equal(call("root", ACCOUNT), PAM_SUCCESS);
    assert_int_equal(call("staff", ACCOUNT), PAM_SUCCESS);
    put_conf(NO_CONF);
    /* Without the module nobody is locked out. */
    snprintf(text, sizeof(text), "%s/nowhere/pam_xworlds.so\n", control);
    put_lines("xw", text);
    assert_int_equal(call("alice", ACCOUNT), PAM_SUCCESS);
}

/* What the service asks not to be said isn't; the answer is the same. */
static void silence_is_kept(void **state)
{
    (void)state;
    put_service(shipped, "");
    pam_handle_t *bob = start("bob");
    forget();
    assert_int_equal(enter(bob, ACCOUNT, PAM_SILENT), PAM_PERM_DENIED);
    assert_string_equal(told, "");
    assert_int_equal(enter(bob, ACCOUNT, 0), PAM_PERM_DENIED);
    assert_string_equal(told, NO_LAB);
    pam_end(bob, PAM_SUCCESS);
}

/* A group whose members fill more than the first buffer, and a user in more groups than fit at
 * first. */
static void large_groups(void **state)
{
    (void)state;
    FILE *file = fopen("/etc/group", "ae");
    assert_non_null(file);
    fputs("course:x:3000:", file);
    for (int i = 0; i < 5000; i++)
        fprintf(file, "student%d,", i);
    fputs("alice\n", file);
    for (int i = 0; i < 300; i++)
        fprintf(file, "g%d:x:%d:alice\n", i, 4000 + i);
    assert_int_equal(fclose(file), 0);
    put_service(shipped, "groups=course");
    assert_int_equal(call("alice", ACCOUNT), PAM_SUCCESS);
    assert_int_equal(call("bob", ACCOUNT), PAM_IGNORE);
    put_service(shipped, "groups=g299");
    assert_int_equal(call("alice", ACCOUNT), PAM_SUCCESS);
    put_users();
}

/* --- T-I3: items -------------------------------------------------------------------------------
 */

static void whatever_the_user_is_called_is_unknown(void **state)
{
    static char endless[20000];
    const char *const names[] = {
        "",       "/",       "..", "../../etc/passwd", "a/b",     "%n%s%s",   "alice\n",
        "alice ", "alice:x", "-",  "@alice",           "\033[2J", "\xff\xfe", endless};

    (void)state;
    memset(endless, 'a', sizeof(endless) - 1);
    put_service(shipped, "");
    for (size_t i = 0; i < COUNT(names); i++) {
        forget();
        for (enum entry e = ACCOUNT; e <= CLOSE; e++)
            assert_int_equal(call(names[i], e), PAM_USER_UNKNOWN);
        assert_string_equal(told, "");
    }
    for (enum entry e = ACCOUNT; e <= CLOSE; e++)
        assert_int_equal(call(NULL, e), PAM_USER_UNKNOWN);
    assert_int_equal(call("alice", ACCOUNT), PAM_SUCCESS);
}

static void other_items_change_nothing(void **state)
{
    static const int items[] = {PAM_RHOST, PAM_TTY, PAM_RUSER, PAM_USER_PROMPT, PAM_XDISPLAY};
    static const char *const values[] = {"", "root", "%n%s", "../../x\n\033]0;x\a", "localhost"};

    (void)state;
    put_service(shipped, "");
    for (size_t i = 0; i < COUNT(items) * COUNT(values); i++) {
        pam_handle_t *alice = start("alice");
        pam_handle_t *bob = start("bob");
        const char *value = values[i % COUNT(values)];
        int item = items[i / COUNT(values)];
        assert_int_equal(pam_set_item(alice, item, value), PAM_SUCCESS);
        assert_int_equal(pam_set_item(bob, item, value), PAM_SUCCESS);
        assert_int_equal(enter(alice, ACCOUNT, 0), PAM_SUCCESS);
        assert_int_equal(enter(bob, ACCOUNT, 0), PAM_PERM_DENIED);
        pam_end(alice, PAM_SUCCESS);
        pam_end(bob, PAM_SUCCESS);
    }
}

static void requested_verb(const char *verb, const char *name)
{
    char text[512] = "";
    FILE *file = fopen("/run/xworlds/request", "re");

    assert_non_null(file);
    assert_non_null(fgets(text, sizeof(text), file));
    fclose(file);
    char wanted[64];
    snprintf(wanted, sizeof(wanted), "1 %s - %s - - ", verb, name);
    assert_memory_equal(text, wanted, strlen(wanted));
    assert_int_equal(strlen(text), strlen(wanted) + 17);
}

static void requested(const char *name)
{
    requested_verb("prepare", name);
}

/* T-I3: nothing is remembered of who it was before. */
static void a_user_who_changes_is_judged_anew(void **state)
{
    (void)state;
    put_service(shipped, "");
    pam_handle_t *handle = start("alice");
    keeper_start(READY);
    assert_int_equal(enter(handle, ACCOUNT, 0), PAM_SUCCESS);
    assert_int_equal(pam_set_item(handle, PAM_USER, "bob"), PAM_SUCCESS);
    assert_int_equal(enter(handle, ACCOUNT, 0), PAM_PERM_DENIED);
    assert_int_equal(pam_set_item(handle, PAM_USER, "tina"), PAM_SUCCESS);
    assert_int_equal(enter(handle, OPEN, 0), PAM_SUCCESS);
    requested("tina");
    assert_int_equal(pam_set_item(handle, PAM_USER, NULL), PAM_SUCCESS);
    assert_int_equal(enter(handle, ACCOUNT, 0), PAM_USER_UNKNOWN);
    pam_end(handle, PAM_SUCCESS);
    keeper_stop();
}

/* --- T-I4: configurations ----------------------------------------------------------------------
 */

static void remove_conf(void)
{
    (void)unlink(CONF);
    (void)rmdir(CONF);
    (void)unlink("/etc/xworlds/other");
}

static void conf_fifo(void)
{
    assert_int_equal(mkfifo(CONF, 0600), 0);
}

static void conf_link(void)
{
    put_file("/etc/xworlds/other", "");
    assert_int_equal(symlink("/etc/xworlds/other", CONF), 0);
}

static void conf_two_links(void)
{
    put_file("/etc/xworlds/other", "");
    assert_int_equal(link("/etc/xworlds/other", CONF), 0);
}

static void conf_directory(void)
{
    assert_int_equal(mkdir(CONF, 0755), 0);
}

static void conf_huge(void)
{
    put_conf(EMPTY_CONF);
    assert_int_equal(truncate(CONF, 1 << 30), 0);
}

static void conf_writable(void)
{
    put_conf(EMPTY_CONF);
    assert_int_equal(chmod(CONF, 0666), 0);
}

static void conf_foreign(void)
{
    put_conf(EMPTY_CONF);
    if (really_root)
        assert_int_equal(chown(CONF, 1001, 100), 0);
    else
        conf_writable();
}

static void conf_nul(void)
{
    put_conf(EMPTY_CONF);
    assert_int_equal(truncate(CONF, 10), 0);
}

static void conf_unknown(void)
{
    put_file(CONF, "no-such-setting = 1\n");
}

static void conf_escape(void)
{
    put_file(CONF, "maintenance = \033[2Jback\n");
}

static void conf_broken(void)
{
    put_conf(BROKEN_CONF);
}

/* T-I4 */
static void a_broken_configuration_is_an_error_and_locks_no_admin_out(void **state)
{
    static void (*const makers[])(void) = {
        conf_fifo,    conf_link, conf_two_links, conf_directory, conf_huge,  conf_writable,
        conf_foreign, conf_nul,  conf_unknown,   conf_escape,    conf_broken};

    (void)state;
    put_service(shipped, "");
    for (size_t i = 0; i < COUNT(makers); i++) {
        remove_conf();
        makers[i]();
        forget();
        int status = call("alice", ACCOUNT);
        assert_true(status == PAM_SERVICE_ERR || status == PAM_SYSTEM_ERR);
        assert_string_equal(
            told, "The lab can't check your account just now; tell your administrator.\n");
        assert_int_equal(call("bob", ACCOUNT), status);
        assert_int_equal(call("root", ACCOUNT), PAM_IGNORE);
        assert_int_equal(call("staff", ACCOUNT), PAM_IGNORE);
        remove_conf();
        assert_int_equal(call("alice", ACCOUNT), PAM_SUCCESS);
    }
}

/* T-I4: missing or empty at the usual place says nothing; where it was named, it has to be there.
 */
static void a_named_configuration_has_to_be_there(void **state)
{
    (void)state;
    put_conf(EMPTY_CONF);
    put_service(shipped, "");
    assert_int_equal(call("alice", ACCOUNT), PAM_SUCCESS);
    put_service(shipped, "config=/etc/xworlds/other");
    assert_int_equal(call("alice", ACCOUNT), PAM_SYSTEM_ERR);
    assert_int_equal(call("root", ACCOUNT), PAM_IGNORE);
    put_service(shipped, "config=/nowhere/other");
    assert_int_equal(call("alice", ACCOUNT), PAM_SYSTEM_ERR);
    put_file("/etc/xworlds/other", "maintenance = Not here.\n");
    put_service(shipped, "config=/etc/xworlds/other");
    forget();
    assert_int_equal(call("alice", ACCOUNT), PAM_PERM_DENIED);
    assert_string_equal(told, "Not here.\n");
    put_file("/etc/xworlds/other", "maintenance = off\n");
    assert_int_equal(call("alice", ACCOUNT), PAM_SUCCESS);
    remove_conf();
}

/* A lab whose record is broken keeps out those only whom no other lab admits. */
static void one_broken_lab_is_not_all_labs(void **state)
{
    (void)state;
    put_service(faulty, "");
    assert_int_equal(mkdir("/var/lib/xworlds/labs/another", 0755), 0);
    put_file("/var/lib/xworlds/labs/another/access", "");
    assert_int_equal(call("alice", ACCOUNT), PAM_SUCCESS);
    assert_int_equal(call("bob", ACCOUNT), PAM_SERVICE_ERR);
    assert_non_null(strstr(faults->log, "labs/another/access"));
    assert_int_equal(unlink("/var/lib/xworlds/labs/another/access"), 0);
    assert_int_equal(call("bob", ACCOUNT), PAM_PERM_DENIED);
    assert_int_equal(rmdir("/var/lib/xworlds/labs/another"), 0);
}

/* --- windows ---------------------------------------------------------------------------------- */

/* Long past, and in the far future: whatever the clock of this host says. */
#define PAST   "978307200"  /* 2001-01-01 00:00 */
#define FUTURE "4102444800" /* 2100-01-01 00:00 */

static void put_window(const char *lab, const char *times)
{
    char path[256];
    char text[512];

    snprintf(path, sizeof(path), "/var/lib/xworlds/labs/%s", lab);
    (void)mkdir(path, 0755);
    snprintf(path, sizeof(path), "/var/lib/xworlds/labs/%s/access", lab);
    snprintf(text, sizeof(text),
             "xworlds-access 1\nlab %s\ntitle A\nstudent 2001\ninstructor 2002\n%smachine m\nend\n",
             lab, times);
    put_file(path, text);
}

static void remove_lab(const char *lab)
{
    char path[256];

    snprintf(path, sizeof(path), "/var/lib/xworlds/labs/%s/access", lab);
    (void)unlink(path);
    snprintf(path, sizeof(path), "/var/lib/xworlds/labs/%s", lab);
    (void)rmdir(path);
}

static void put_owner(const char *name, const char *rest)
{
    char text[256];

    (void)mkdir("/var/lib/xworlds/owners", 0755);
    snprintf(text, sizeof(text), "xworlds-owner 1\nuid 1001\nname %s\n%send\n", name, rest);
    put_file("/var/lib/xworlds/owners/1001", text);
}

#define OPENS_LATER "Your lab firewall opens Fri 1 Jan 2100 00:00; log in again then.\n"
#define HAS_CLOSED                                                                                 \
    "Your lab firewall is closed since Mon 1 Jan 2001 00:00; ask your instructor if you need "     \
    "more "                                                                                        \
    "time.\n"

static void expect(int status, const char *sentence)
{
    forget();
    int got = call("alice", ACCOUNT);
    if (got != status || strcmp(told, sentence) != 0)
        print_message("# %d: %s", got, told);
    assert_int_equal(got, status);
    assert_string_equal(told, sentence);
    /* Who teaches the lab comes in at any time, and who is not of it learns nothing. */
    forget();
    assert_int_equal(call("tina", ACCOUNT), PAM_SUCCESS);
    forget();
    assert_int_equal(call("bob", ACCOUNT), PAM_PERM_DENIED);
    assert_string_equal(told, NO_LAB);
}

/* T-E7 T-I1 */
static void labs_that_are_not_open(void **state)
{
    (void)state;
    assert_int_equal(setenv("TZ", "UTC0", 1), 0);
    tzset();
    put_service(faulty, "");
    put_window("firewall", "opens " PAST "\ncloses " FUTURE "\n");
    expect(PAM_SUCCESS, "");
    put_window("firewall", "opens " FUTURE "\n");
    expect(PAM_PERM_DENIED, OPENS_LATER);
    assert_non_null(strstr(faults->log, "bob: not let in: no lab is open to this user"));
    /* The record with the extension must be readable, or nothing is known. */
    put_window("firewall", "closes " PAST "\n");
    forget();
    assert_int_equal(call("alice", ACCOUNT), PAM_SYSTEM_ERR);
    assert_int_equal(call("tina", ACCOUNT), PAM_SUCCESS);
    (void)mkdir("/var/lib/xworlds/owners", 0755);
    expect(PAM_PERM_DENIED, HAS_CLOSED);
    put_owner("alice", "lab firewall\n");
    expect(PAM_PERM_DENIED, HAS_CLOSED);
    put_window("firewall", "opens 5\ncloses " PAST "\ngrace 604800\n");
    expect(PAM_PERM_DENIED, HAS_CLOSED);
    put_owner("alice", "lab firewall\nuntil " FUTURE "\n");
    expect(PAM_SUCCESS, "");
    /* The extension of another lab, or of who had the uid before. */
    put_owner("alice", "lab firewall\nlab other\nuntil " FUTURE "\n");
    expect(PAM_PERM_DENIED, HAS_CLOSED);
    put_owner("zoe", "lab firewall\nuntil " FUTURE "\n");
    expect(PAM_PERM_DENIED, HAS_CLOSED);
    put_file("/var/lib/xworlds/owners/1001", "xworlds-owner 2\n");
    forget();
    assert_int_equal(call("alice", ACCOUNT), PAM_SERVICE_ERR);
    assert_non_null(strstr(faults->log, "owners/1001"));
    assert_int_equal(unlink("/var/lib/xworlds/owners/1001"), 0);
}

/* Of several, one that is open lets in; else the next that opens is told, or the last that closed.
 */
static void several_labs(void **state)
{
    (void)state;
    put_service(faulty, "");
    put_window("firewall", "opens " FUTURE "\n");
    put_window("aaa", "closes " PAST "\n");
    put_window("zzz", "closes " PAST "\n");
    put_window("later", "opens 4102444801\n");
    put_window("much-later", "opens 5102444800\n");
    expect(PAM_PERM_DENIED, OPENS_LATER);
    put_window("open", "");
    expect(PAM_SUCCESS, "");
    remove_lab("open");
    remove_lab("later");
    remove_lab("much-later");
    put_window("firewall", "closes " PAST "\n");
    put_window("aaa", "closes 978307199\n");
    put_window("zzz", "closes 5\n");
    expect(PAM_PERM_DENIED, HAS_CLOSED);
    remove_lab("aaa");
    remove_lab("zzz");
    put_records();
    assert_int_equal(rmdir("/var/lib/xworlds/owners"), 0);
}

/* --- teams ------------------------------------------------------------------------------------ */

static void put_team(const char *file, const char *lines, const char *rest)
{
    char text[256];

    snprintf(text, sizeof(text), "xworlds-owner 1\n%s%send\n", lines, rest);
    put_file(file, text);
}

#define BLUE "/var/lib/xworlds/owners/g2003"
#define RED  "/var/lib/xworlds/owners/g2004"

static void put_lab_of_teams(const char *groups, const char *times)
{
    char text[512];

    snprintf(text, sizeof(text), "xworlds-access 1\nlab firewall\ntitle A\n%s%smachine m\nend\n",
             groups, times);
    put_file(ACCESS, text);
}

static void expect_of(const char *user, int status, const char *sentence)
{
    forget();
    assert_int_equal(call(user, ACCOUNT), status);
    assert_string_equal(told, sentence);
}

/* A member of a team's group is let in; who only has the team's name for their own is not. */
static void members_of_teams(void **state)
{
    (void)state;
    put_service(faulty, "");
    put_records();
    expect_of("carol", PAM_PERM_DENIED, NO_LAB);
    put_lab_of_teams("team 2003\n", "");
    expect_of("carol", PAM_SUCCESS, "");
    expect_of("alice", PAM_PERM_DENIED, NO_LAB);
    expect_of("blue", PAM_PERM_DENIED, NO_LAB);
    put_lab_of_teams("student 2001\nteam 2003\ninstructor 2002\n", "");
    expect_of("carol", PAM_SUCCESS, "");
    expect_of("alice", PAM_SUCCESS, "");
    expect_of("tina", PAM_SUCCESS, "");
    expect_of("bob", PAM_PERM_DENIED, NO_LAB);
    put_records();
}

/* Whom a lab names is let in without a group of it; uid and name must be those of the account. */
static void users_who_are_named(void **state)
{
    (void)state;
    assert_int_equal(setenv("TZ", "UTC0", 1), 0);
    tzset();
    put_service(faulty, "");
    put_lab_of_teams("student 2001\nuser 1002 bob\nuser 1004 staff\n", "");
    expect_of("bob", PAM_SUCCESS, "");
    expect_of("alice", PAM_SUCCESS, "");
    expect_of("carol", PAM_PERM_DENIED, NO_LAB);
    /* Outside the group xworlds it is none of the module's business. */
    expect_of("staff", PAM_IGNORE, "");
    put_lab_of_teams("student 2001\nuser 1003 bob\n", "");
    expect_of("bob", PAM_PERM_DENIED, NO_LAB);
    put_lab_of_teams("user 1002 bo\nuser 1006 bob\n", "instructor-user 1001 bob\n");
    expect_of("bob", PAM_PERM_DENIED, NO_LAB);
    expect_of("alice", PAM_PERM_DENIED, NO_LAB);
    expect_of("carol", PAM_PERM_DENIED, NO_LAB);
    /* A window is for who is named, too, and not for who teaches. */
    put_lab_of_teams("user 1002 bob\ninstructor-user 1006 carol\n", "closes " PAST "\n");
    (void)mkdir("/var/lib/xworlds/owners", 0755);
    expect_of("bob", PAM_PERM_DENIED, HAS_CLOSED);
    expect_of("carol", PAM_SUCCESS, "");
    put_team("/var/lib/xworlds/owners/1002", "uid 1002\nname bob\n",
             "lab firewall\nuntil " FUTURE "\n");
    expect_of("bob", PAM_SUCCESS, "");
    assert_int_equal(unlink("/var/lib/xworlds/owners/1002"), 0);
    assert_int_equal(rmdir("/var/lib/xworlds/owners"), 0);
    put_records();
}

/* T-E7. One team's extension is that of its members, and of nobody else. */
static void extensions_of_teams(void **state)
{
    (void)state;
    assert_int_equal(setenv("TZ", "UTC0", 1), 0);
    tzset();
    put_service(faulty, "");
    (void)mkdir("/var/lib/xworlds/owners", 0755);
    put_lab_of_teams("student 2001\nteam 2003\nteam 2004\n", "closes " PAST "\n");
    expect_of("carol", PAM_PERM_DENIED, HAS_CLOSED);
    put_team(BLUE, "gid 2003\nname @blue\n", "lab firewall\n");
    put_team(RED, "gid 2004\nname @red\n", "lab firewall\nuntil " FUTURE "\n");
    expect_of("carol", PAM_SUCCESS, "");
    expect_of("alice", PAM_PERM_DENIED, HAS_CLOSED);
    put_team(RED, "gid 2004\nname @red\n", "lab firewall\n");
    expect_of("carol", PAM_PERM_DENIED, HAS_CLOSED);
    /* Her own isn't the team's, for which alone she has the lab. */
    put_team("/var/lib/xworlds/owners/1006", "uid 1006\nname carol\n",
             "lab firewall\nuntil " FUTURE "\n");
    expect_of("carol", PAM_PERM_DENIED, HAS_CLOSED);
    /* A record that can't be read may be the one that lets her in. */
    put_file(RED, "xworlds-owner 2\n");
    expect_of("carol", PAM_SERVICE_ERR,
              "The lab can't check your account just now; tell your administrator.\n");
    put_team(BLUE, "gid 2003\nname @blue\n", "lab firewall\nuntil " FUTURE "\n");
    expect_of("carol", PAM_SUCCESS, "");
    assert_int_equal(unlink("/var/lib/xworlds/owners/1006"), 0);
    assert_int_equal(unlink(BLUE), 0);
    assert_int_equal(unlink(RED), 0);
    assert_int_equal(rmdir("/var/lib/xworlds/owners"), 0);
    put_records();
}

/* --- T-I5: order, threads, callers --------------------------------------------------------------
 */

static void calls_in_any_order(void **state)
{
    (void)state;
    put_service(shipped, "");
    pam_handle_t *first = start("alice");
    pam_handle_t *second = start("tina");
    keeper_start(READY);
    assert_int_equal(enter(first, CLOSE, 0), PAM_SUCCESS);
    assert_int_equal(enter(first, SETCRED, 0), PAM_IGNORE);
    assert_int_equal(enter(first, OPEN, 0), PAM_SUCCESS);
    assert_int_equal(enter(second, OPEN, 0), PAM_SUCCESS);
    requested("tina");
    assert_int_equal(enter(first, OPEN, 0), PAM_SUCCESS);
    requested("alice");
    assert_int_equal(enter(second, CLOSE, 0), PAM_SUCCESS);
    assert_int_equal(enter(first, CLOSE, 0), PAM_SUCCESS);
    assert_int_equal(enter(first, CLOSE, 0), PAM_SUCCESS);
    assert_int_equal(enter(first, ACCOUNT, 0), PAM_SUCCESS);
    pam_end(first, PAM_SUCCESS);
    pam_end(second, PAM_SUCCESS);
    keeper_stop();
}

static void *log_in_often(void *data)
{
    const char *user = data;
    bool student = strcmp(user, "bob") != 0;
    pam_handle_t *handle = start(user);
    intptr_t wrong = 0;

    for (int i = 0; i < 50; i++) {
        wrong += enter(handle, ACCOUNT, PAM_SILENT) != (student ? PAM_SUCCESS : PAM_PERM_DENIED);
        wrong += enter(handle, OPEN, PAM_SILENT) != PAM_SUCCESS;
    }
    pam_end(handle, PAM_SUCCESS);
    return (void *)wrong;
}

static void many_at_once_in_one_process(void **state)
{
    static char users[][8] = {"alice", "bob", "tina", "alice", "bob", "tina"};
    pthread_t threads[COUNT(users)];
    void *wrong;

    (void)state;
    put_service(shipped, "");
    keeper_start(READY);
    for (size_t i = 0; i < COUNT(users); i++)
        assert_int_equal(pthread_create(&threads[i], NULL, log_in_often, users[i]), 0);
    for (size_t i = 0; i < COUNT(users); i++) {
        assert_int_equal(pthread_join(threads[i], &wrong), 0);
        assert_null(wrong);
    }
    keeper_stop();
}

/* In a process of its own with these uids; returns what alice's account returned there. */
static int as_uids(uid_t real, uid_t effective)
{
    pid_t pid = fork();
    int status;

    if (pid == 0) {
        /* pam_wrapper makes itself a new directory after a fork, which goes with the namespace. */
        if (!dlopen(shipped, RTLD_NOW) || unshare(CLONE_NEWNS) < 0 ||
            mount("tmpfs", "/tmp", "tmpfs", 0, NULL) < 0)
            syscall(SYS_exit_group, 98);
        pam_handle_t *handle = start("alice");
        if (setresgid(100, 100, 100) < 0 || setresuid(real, effective, effective) < 0)
            syscall(SYS_exit_group, 99);
        /* The leak checker's own end would want privileges that are gone. */
        syscall(SYS_exit_group, enter(handle, ACCOUNT, 0));
    }
    assert_int_equal(waitpid(pid, &status, 0), pid);
    return WEXITSTATUS(status);
}

/* A set-id program whose effective uid is root's is a login like another; nobody else can decide.
 */
static void a_caller_without_privilege_gets_an_error(void **state)
{
    (void)state;
    if (!really_root)
        skip();
    put_service(shipped, "");
    assert_int_equal(chmod("/var/lib/xworlds/labs", 0750), 0);
    assert_int_equal(as_uids(1001, 0), PAM_SUCCESS);
    assert_int_equal(as_uids(1001, 1001), PAM_SYSTEM_ERR);
    assert_int_equal(as_uids(0, 1001), PAM_SYSTEM_ERR);
    assert_int_equal(chmod("/var/lib/xworlds/labs", 0755), 0);
}

static int open_descriptors(void)
{
    DIR *directory = opendir("/proc/self/fd");
    int count = 0;

    assert_non_null(directory);
    while (readdir(directory))
        count++;
    closedir(directory);
    return count;
}

static void note_signals(struct sigaction actions[65], sigset_t *mask)
{
    for (int i = 1; i < 65; i++) {
        struct sigaction now = {0};
        (void)sigaction(i, NULL, &now);
        actions[i].sa_handler = now.sa_handler;
        actions[i].sa_flags = now.sa_flags;
    }
    assert_int_equal(sigprocmask(SIG_SETMASK, NULL, mask), 0);
}

/* Other people's process is as it was. */
static void nothing_is_left_behind(void **state)
{
    static struct sigaction before[65], after[65];
    static const enum keeper keepers[] = {READY, FAILS, HANGS_UP, GONE};
    sigset_t mask_before = {0};
    sigset_t mask_after = {0};

    (void)state;
    put_service(shipped, "prepare_timeout=1");
    call("alice", ACCOUNT);
    unsigned int alarm_before = alarm(0);
    int descriptors = open_descriptors();
    note_signals(before, &mask_before);
    for (size_t i = 0; i < COUNT(keepers); i++) {
        keeper_start(keepers[i]);
        for (enum entry e = ACCOUNT; e < ENTRIES; e++) {
            call("alice", e);
            call("bob", e);
            call("root", e);
        }
    }
    keeper_stop();
    note_signals(after, &mask_after);
    assert_memory_equal(before, after, sizeof(before));
    assert_memory_equal(&mask_before, &mask_after, sizeof(mask_before));
    assert_int_equal(open_descriptors(), descriptors);
    assert_int_equal(alarm(alarm_before), 0);
}

/* --- T-I6: a keeper that hangs ------------------------------------------------------------------
 */

static double opened(int wanted)
{
    double began = seconds();

    forget();
    assert_int_equal(call("alice", OPEN), wanted);
    return seconds() - began;
}

/* T-I6: bounded by its option; without a bound, this test would not end. */
static void a_login_waits_for_its_bound_and_no_longer(void **state)
{
    (void)state;
    put_service(shipped, "prepare_timeout=1");
    keeper_start(SILENT);
    double waited = opened(PAM_SUCCESS);
    assert_true(waited >= 0.95 && waited < 20);
    assert_string_equal(
        told, "Your worlds are still being made; they appear in the list when they are ready.\n");
    requested("alice");
    keeper_start(DRIPS);
    assert_true(opened(PAM_SUCCESS) < 20);
    keeper_start(FLOODS);
    assert_true(opened(PAM_SESSION_ERR) < 20);
    keeper_start(READY);
    assert_true(opened(PAM_SUCCESS) < 20);
    assert_string_equal(told, "");
    put_service(shipped, "");
    keeper_start(SILENT);
    assert_true(opened(PAM_SUCCESS) >= 1.95);
    keeper_stop();
}

static double closed(int wanted)
{
    double began = seconds();

    (void)unlink("/run/xworlds/request");
    assert_int_equal(call("alice", CLOSE), wanted);
    return seconds() - began;
}

/* T-I6: the same at logout, where only the configuration makes it ask at all. */
static void a_logout_waits_for_its_bound_and_no_longer(void **state)
{
    (void)state;
    put_service(shipped, "prepare_timeout=1");
    for (enum conf conf = NO_CONF; conf < CONFS; conf++) {
        if (conf == SUSPEND_CONF)
            continue;
        put_conf(conf);
        keeper_start(SILENT);
        assert_true(closed(conf == BROKEN_CONF ? PAM_SESSION_ERR : PAM_SUCCESS) < 20);
        assert_int_equal(access("/run/xworlds/request", F_OK), -1);
    }
    put_file(CONF, "suspend-on-logout = no\n");
    closed(PAM_SUCCESS);
    assert_int_equal(access("/run/xworlds/request", F_OK), -1);
    put_conf(SUSPEND_CONF);
    double waited = closed(PAM_SUCCESS);
    assert_true(waited >= 0.95 && waited < 20);
    requested_verb("suspend", "alice");
    keeper_start(DRIPS);
    assert_true(closed(PAM_SUCCESS) < 20);
    keeper_start(FLOODS);
    assert_true(closed(PAM_SESSION_ERR) < 20);
    keeper_start(GONE);
    assert_true(closed(PAM_SESSION_ERR) < 20);
    keeper_start(READY);
    assert_true(closed(PAM_SUCCESS) < 20);
    requested_verb("suspend", "alice");
    /* Whom it isn't for causes no request. */
    (void)unlink("/run/xworlds/request");
    assert_int_equal(call("root", CLOSE), PAM_IGNORE);
    assert_int_equal(call("staff", CLOSE), PAM_IGNORE);
    assert_int_equal(call("Upper", CLOSE), PAM_SUCCESS);
    assert_int_equal(access("/run/xworlds/request", F_OK), -1);
    keeper_stop();
    put_conf(NO_CONF);
}

/* Opens a session; what is left for xwsh in PAM's environment, "" for nothing. */
static const char *left(const char *user, int wanted)
{
    static char value[64];
    pam_handle_t *handle = start(user);
    int status = enter(handle, OPEN, 0);
    const char *set = pam_getenv(handle, "XWORLDS_PREPARED");

    snprintf(value, sizeof(value), "%s", set ? set : "");
    assert_int_equal(status, wanted);
    assert_int_equal(pam_end(handle, status), PAM_SUCCESS);
    return value;
}

/* sshd drops what a session's module says where a command is forced. */
static void xwsh_is_left_word_of_what_became_of_the_worlds(void **state)
{
    (void)state;
    put_service(shipped, "prepare_timeout=1");
    keeper_start(READY);
    assert_string_equal(left("alice", PAM_SUCCESS), "");
    keeper_start(FAILS);
    assert_string_equal(left("alice", PAM_SESSION_ERR), "failed");
    keeper_start(GONE);
    assert_string_equal(left("alice", PAM_SESSION_ERR), "failed");
    assert_string_equal(left("staff", PAM_IGNORE), "");
    assert_string_equal(left("root", PAM_IGNORE), "");
    keeper_start(SILENT);
    assert_string_equal(left("alice", PAM_SUCCESS), "later");
    put_service(shipped, "prepare_timeout=1 quiet");
    assert_string_equal(left("alice", PAM_SUCCESS), "");
    keeper_start(FAILS);
    assert_string_equal(left("alice", PAM_SESSION_ERR), "");
    keeper_stop();
}

/* T-I6: connections that nobody accepts: the queue is full, and connect(2) itself would wait. */
static void a_full_queue_is_bounded_too(void **state)
{
    const struct sockaddr_un address = {.sun_family = AF_UNIX,
                                        .sun_path = "/run/xworlds/keeper.sock"};
    int waiting = 0;
    int fds[16];

    (void)state;
    put_service(shipped, "prepare_timeout=1");
    keeper_start(DEAF);
    for (; waiting < 16; waiting++) {
        fds[waiting] = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
        if (connect(fds[waiting], (const struct sockaddr *)&address, sizeof(address)) < 0)
            break;
    }
    assert_in_range(waiting, 1, 15);
    double waited = opened(PAM_SESSION_ERR);
    assert_true(waited >= 0.95 && waited < 20);
    for (int i = 0; i <= waiting; i++)
        close(fds[i]);
    keeper_stop();
}

static void a_keeper_who_is_not_root_is_told_nothing(void **state)
{
    (void)state;
    if (!really_root)
        skip();
    put_service(shipped, "prepare_timeout=1");
    assert_int_equal(chmod("/run/xworlds", 0777), 0);
    assert_int_equal(seteuid(1001), 0);
    keeper_start(READY);
    assert_int_equal(seteuid(0), 0);
    opened(PAM_SESSION_ERR);
    assert_int_equal(access("/run/xworlds/request", F_OK), -1);
    keeper_stop();
    assert_int_equal(chmod("/run/xworlds", 0755), 0);
}

int main(int argc, char *argv[])
{
    (void)argc;
    wrap_pam(argv);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_combination_returns_what_it_must),
        cmocka_unit_test(nobody_gets_in_by_being_ignored),
        cmocka_unit_test(the_recommended_line),
        cmocka_unit_test(silence_is_kept),
        cmocka_unit_test(large_groups),
        cmocka_unit_test(whatever_the_user_is_called_is_unknown),
        cmocka_unit_test(other_items_change_nothing),
        cmocka_unit_test(a_user_who_changes_is_judged_anew),
        cmocka_unit_test(a_broken_configuration_is_an_error_and_locks_no_admin_out),
        cmocka_unit_test(a_named_configuration_has_to_be_there),
        cmocka_unit_test(one_broken_lab_is_not_all_labs),
        cmocka_unit_test(labs_that_are_not_open),
        cmocka_unit_test(several_labs),
        cmocka_unit_test(members_of_teams),
        cmocka_unit_test(users_who_are_named),
        cmocka_unit_test(extensions_of_teams),
        cmocka_unit_test(calls_in_any_order),
        cmocka_unit_test(many_at_once_in_one_process),
        cmocka_unit_test(a_caller_without_privilege_gets_an_error),
        cmocka_unit_test(nothing_is_left_behind),
        cmocka_unit_test(a_login_waits_for_its_bound_and_no_longer),
        cmocka_unit_test(a_logout_waits_for_its_bound_and_no_longer),
        cmocka_unit_test(xwsh_is_left_word_of_what_became_of_the_worlds),
        cmocka_unit_test(a_full_queue_is_bounded_too),
        cmocka_unit_test(a_keeper_who_is_not_root_is_told_nothing),
    };

    return cmocka_run_group_tests(tests, set_up_stack, NULL);
}
