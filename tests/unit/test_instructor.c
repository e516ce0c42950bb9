/* links: xwhelper/keeper/instructor.c xwhelper/keeper/members.c xwhelper/keeper/machine.c xwhelper/keeper/reply.c common/access.c common/names.c common/request.c common/error.c */
/*
 * What an instructor changes and is told: extensions, worlds of others, all worlds of a lab. What
 * is below is the test's.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <pwd.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "xwhelper/keeper/authority.h"
#include "xwhelper/keeper/confine.h"
#include "xwhelper/keeper/owner_record.h"
#include "xwhelper/keeper/verbs.h"
#include "xwhelper/keeper/world.h"
#include "xwhelper/reader/reader.h"

enum { ALICE = 1001, STUDENTS = 2001, BLUE = 2004, TEACHERS = 2005, READER = 55 };

static struct xw_authority authority;
static char steps[256];
static int deploy_rc, host_rc, extend_rc, groups_rc;
static bool is_present;
static const char *account_name; /* what the data base has for alice */
static uid_t account_uid;
static gid_t group_gid; /* of blue */
static size_t many;     /* worlds besides */
static int owner_rc;

static void step(const char *what)
{
    if (strlen(steps) + strlen(what) + 2 < sizeof(steps))
        strcat(strcat(steps, what), " ");
}

/* --- what is called ----------------------------------------------------------------------------
 */

void xw_confine_change(const struct xw_request *request)
{
    step(request->verb == XW_VERB_EXTEND   ? "confine-extend"
         : request->verb == XW_VERB_DEPLOY ? "confine-deploy"
                                           : "confine-wrongly");
}

int xw_owner_extend(id_t number, const char *name, const char *lab, time_t until,
                    struct xw_error *err)
{
    char text[64];

    snprintf(text, sizeof(text), "%u/%s/%s/%lld", (unsigned int)number, name, lab,
             (long long)until);
    step(text);
    return extend_rc < 0 ? xw_fail(err, extend_rc, "no") : 0;
}

struct passwd *getpwnam(const char *name)
{
    static struct passwd account;

    step("user");
    account = (struct passwd){
        .pw_name = (char *)(size_t)account_name, .pw_uid = account_uid, .pw_gid = 100};
    return account_name && strcmp(name, "alice") == 0 ? &account : NULL;
}

int getgrouplist(const char *name, gid_t group, gid_t *groups, int *count)
{
    assert_string_equal(name, "alice");
    groups[0] = group;
    groups[1] = STUDENTS;
    *count = 2;
    return groups_rc;
}

struct group *getgrnam(const char *name)
{
    static char blue[] = "blue", other[] = "Blue";
    static struct group group;

    step("group");
    group =
        (struct group){.gr_name = strcmp(name, "blue") == 0 ? blue : other, .gr_gid = group_gid};
    return strcmp(name, "blue") == 0 || strcmp(name, "bluE") == 0 ? &group : NULL;
}

int xw_host_open(struct xw_host **host, struct xw_error *err)
{
    *host = NULL;
    step("open");
    return host_rc < 0 ? xw_fail(err, host_rc, "libvirt is not answering") : 0;
}

void xw_host_close(struct xw_host *host)
{
    assert_null(host);
    step("close");
}

int xw_world_deploy(struct xw_host *host, const struct xw_plan *plan, const char *owner,
                    id_t number, enum xw_deploy_result *result, struct xw_error *err)
{
    char text[64];

    assert_null(host);
    snprintf(text, sizeof(text), "%s/%s/%u", plan->lab, owner, (unsigned int)number);
    step(text);
    *result = is_present ? XW_DEPLOY_PRESENT : XW_DEPLOY_MADE;
    return deploy_rc < 0 ? xw_fail(err, deploy_rc, "no room") : 0;
}

int xw_world_list(const char *lab, xw_world_each each, void *data, struct xw_error *err)
{
    static const char *const owners[] = {"@blue", "alice", "bob"};
    char name[XW_NAME_SIZE];
    int rc = 0;

    (void)err;
    assert_string_equal(lab, "fw");
    for (size_t i = 0; rc == 0 && i < 3; i++)
        rc = each(lab, owners[i], data);
    for (size_t i = 0; rc == 0 && i < many; i++) {
        snprintf(name, sizeof(name), "user%zu", i);
        rc = each(lab, name, data);
    }
    return rc;
}

int xw_authority_owner_of(int owners, const char *lab, const char *name, struct xw_owner *owner,
                          struct xw_error *err)
{
    assert_int_equal(owners, authority.owners);
    assert_string_equal(lab, "fw");
    *owner = (struct xw_owner){.uid = 1, .lab_count = 1, .labs = {"fw"}};
    owner->until[0] = strcmp(name, "@blue") == 0 ? 9000 : 0;
    if (strcmp(name, "bob") == 0)
        return owner_rc < 0 ? xw_fail(err, owner_rc, "it can't be read") : owner_rc;
    return 0;
}

void xw_authority_close(const struct xw_authority *of)
{
    close(of->owners);
    close(of->labs);
}

void xw_reader_become(const struct xw_account *account)
{
    step(account->uid == READER ? "become-reader" : "become-somebody");
    if (fcntl(authority.owners, F_GETFD) >= 0 || fcntl(authority.labs, F_GETFD) >= 0)
        step("with-records");
}

static struct xw_listed told[300];
static size_t told_count;

int xw_reader_members(int peer, const struct xw_listed *worlds, size_t count, struct xw_error *err)
{
    (void)peer;
    (void)err;
    step("members");
    assert_true(count <= 300);
    memcpy(told, worlds, count * sizeof(*told));
    told_count = count;
    return 0;
}

/* When the overlays of alice's machines were written. */
int lstat(const char *path, struct stat *info)
{
    memset(info, 0, sizeof(*info));
    if (strcmp(path, "/var/lib/xworlds/worlds/fw/alice/web.qcow2") == 0)
        info->st_mtime = 700;
    else if (strcmp(path, "/var/lib/xworlds/worlds/fw/alice/client.qcow2") == 0)
        info->st_mtime = 800;
    else if (strcmp(path, "/var/lib/xworlds/worlds/fw/alice/last.qcow2") == 0)
        info->st_mtime = 600;
    else
        return errno = ENOENT, -1;
    return 0;
}

/* --- the lab -----------------------------------------------------------------------------------
 */

static const struct xw_plan plan = {.lab = "fw"};
static int ends[2];
static char said[1024];
static struct xw_error failure;
static enum xw_deploy_result deployed;

static int begin(void **state)
{
    (void)state;
    authority = (struct xw_authority){
        .owners = open("/", O_PATH | O_CLOEXEC),
        .labs = open("/", O_PATH | O_CLOEXEC),
        .now = 5000,
        .owner = {.uid = ALICE, .name = "alice"},
        .access = {.lab = "fw",
                   .student_count = 2,
                   .students = {7, STUDENTS},
                   .team_count = 1,
                   .teams = {BLUE},
                   .instructor_count = 1,
                   .instructors = {TEACHERS},
                   .closes = 4000,
                   .machine_count = 3,
                   .machines = {"web", "client", "last"}},
    };
    deploy_rc = host_rc = extend_rc = groups_rc = owner_rc = 0;
    is_present = false;
    account_name = "alice";
    account_uid = ALICE;
    group_gid = BLUE;
    many = 0;
    steps[0] = '\0';
    failure = (struct xw_error){0};
    return socketpair(AF_UNIX, SOCK_STREAM, 0, ends);
}

static int end(void **state)
{
    (void)state;
    close(ends[0]);
    close(ends[1]);
    close(authority.owners);
    close(authority.labs);
    return 0;
}

static const char *reply(void)
{
    memset(said, 0, sizeof(said));
    return recv(ends[1], said, sizeof(said) - 1, MSG_DONTWAIT) < 0 ? "" : said;
}

static int extend(time_t until)
{
    const struct xw_request request = {.verb = XW_VERB_EXTEND, .until = until};

    return xw_verb_extend(&authority, &request, &failure);
}

static int deploy(const char *owner)
{
    struct xw_request request = {.verb = XW_VERB_DEPLOY};

    snprintf(request.owner, sizeof(request.owner), "%s", owner);
    return xw_verb_deploy(&authority, &request, &plan, &deployed, &failure);
}

/* --- tests -------------------------------------------------------------------------------------
 */

static void extensions(void **state)
{
    (void)state;
    assert_int_equal(extend(5001), 0);
    assert_string_equal(steps, "confine-extend 1001/alice/fw/5001 ");
    steps[0] = '\0';
    authority.owner = (struct xw_owner){.gid = BLUE, .name = "@blue"};
    assert_int_equal(extend(0), 0);
    assert_string_equal(steps, "confine-extend 2004/@blue/fw/0 ");
    extend_rc = -ENOENT;
    assert_int_equal(extend(5001), -ENOENT);
}

static void extensions_that_are_none(void **state)
{
    (void)state;
    assert_int_equal(extend(5000), -ERANGE);
    assert_string_equal(failure.text, "that time is past: give a later one");
    authority.now = 3000;
    assert_int_equal(extend(4000), -ERANGE);
    assert_string_equal(failure.text,
                        "the lab fw is open so long for everybody: give a later time");
    authority.access.closes = 0;
    assert_int_equal(extend(9000), -ERANGE);
    assert_string_equal(failure.text, "the lab fw doesn't close: there is nothing to extend");
    assert_string_equal(steps, "");
    /* What is taken back needs no time. */
    assert_int_equal(extend(0), 0);
}

static void worlds_are_deployed(void **state)
{
    (void)state;
    assert_int_equal(deploy("alice"), 0);
    assert_string_equal(steps, "user confine-deploy open fw/alice/1001 close ");
    assert_int_equal(deployed, XW_DEPLOY_MADE);
    steps[0] = '\0';
    is_present = true;
    assert_int_equal(deploy("@blue"), 0);
    assert_string_equal(steps, "group confine-deploy open fw/@blue/2004 close ");
    assert_int_equal(deployed, XW_DEPLOY_PRESENT);
    deploy_rc = -ENOSPC;
    assert_int_equal(deploy("alice"), -ENOSPC);
    steps[0] = '\0';
    host_rc = -EAGAIN;
    assert_int_equal(deploy("alice"), -EAGAIN);
    assert_string_equal(steps, "user confine-deploy open ");
}

static void assert_not_for(const char *owner)
{
    steps[0] = '\0';
    assert_int_equal(deploy(owner), -ENOENT);
    assert_non_null(strstr(failure.text, "is not for"));
    assert_null(strstr(steps, "confine"));
    assert_null(strstr(steps, "open"));
}

/* Nobody has a world of a lab that isn't for them, whoever asks for it. */
static void who_the_lab_is_not_for(void **state)
{
    (void)state;
    assert_not_for("nobody");
    assert_not_for("@nobody");
    assert_not_for("@bluE");
    group_gid = TEACHERS;
    assert_not_for("@blue");
    authority.access.students[1] = TEACHERS;
    assert_not_for("alice");
    authority.access.students[1] = STUDENTS;
    account_uid = 0;
    assert_not_for("alice");
    account_uid = ALICE;
    groups_rc = -1;
    assert_not_for("alice");
    groups_rc = 0;
    account_name = "Alice";
    assert_not_for("alice");
    account_name = NULL;
    assert_not_for("alice");
}

/* A user who is named needs no group; the account must be the one that was meant. */
static void who_is_named_has_a_world(void **state)
{
    struct xw_access *access = &authority.access;

    (void)state;
    access->student_count = 0;
    access->user_count = 1;
    access->users[0] = (struct xw_named){ALICE, "alice"};
    assert_int_equal(deploy("alice"), 0);
    assert_string_equal(steps, "user confine-deploy open fw/alice/1001 close ");
    assert_int_equal(deployed, XW_DEPLOY_MADE);
    assert_not_for("@alice");
    account_uid = ALICE + 1;
    assert_not_for("alice");
    assert_string_equal(failure.text, "the lab fw is not for alice: they are in no group of it, "
                                      "nor named in its file");
    account_uid = ALICE;
    access->users[0] = (struct xw_named){ALICE, "zoe"};
    assert_not_for("alice");
    /* Who teaches it has no world by that. */
    access->instructor_user_count = 1;
    access->instructor_users[0] = (struct xw_named){ALICE, "alice"};
    assert_not_for("alice");
}

static void members_are_told(void **state)
{
    const struct xw_account reader = {READER, READER};

    (void)state;
    assert_int_equal(xw_verb_worlds(ends[0], &authority, &reader, &failure), 0);
    assert_string_equal(steps, "become-reader members ");
    assert_int_equal(told_count, 3);
    assert_string_equal(told[0].owner, "@blue");
    assert_int_equal(told[0].last_use, 0);
    assert_string_equal(told[1].owner, "alice");
    assert_int_equal(told[1].last_use, 800);
    assert_ptr_equal(told[1].access, &authority.access);
    many = 200;
    assert_int_equal(xw_verb_worlds(ends[0], &authority, &reader, &failure), 0);
    assert_int_equal(told_count, 203);
    assert_string_equal(told[202].owner, "user199");
    /* One without a record is there; of one that can't be read nothing is passed over. */
    owner_rc = -ENOENT;
    assert_int_equal(xw_verb_worlds(ends[0], &authority, &reader, &failure), 0);
    steps[0] = '\0';
    owner_rc = -EBADMSG;
    assert_int_equal(xw_verb_worlds(ends[0], &authority, &reader, &failure), -EBADMSG);
    assert_int_equal(xw_verb_grants(ends[0], &authority, &reader, &failure), -EBADMSG);
    assert_string_equal(steps, "");
    assert_string_equal(reply(), "");
}

static void grants_are_told(void **state)
{
    const struct xw_account reader = {READER, READER};

    (void)state;
    assert_int_equal(xw_verb_grants(ends[0], &authority, &reader, &failure), 0);
    assert_string_equal(steps, "become-reader ");
    assert_string_equal(reply(), "window fw closed 0 4000 4000\ngrant student 7\n"
                                 "grant student 2001\ngrant team 2004\ngrant instructor 2005\n"
                                 "extension @blue 9000\n");
    authority.access.closes = 0;
    authority.access.team_count = 0;
    assert_int_equal(xw_verb_grants(ends[0], &authority, &reader, &failure), 0);
    assert_string_equal(reply(), "grant student 7\ngrant student 2001\ngrant instructor 2005\n"
                                 "extension @blue 9000\n");
}

static void named_users_are_told(void **state)
{
    const struct xw_account reader = {READER, READER};
    struct xw_access *access = &authority.access;

    (void)state;
    access->closes = 0;
    access->user_count = 2;
    access->users[0] = (struct xw_named){1005, "dave"};
    access->users[1] = (struct xw_named){4294967294U, "_a-b_9"};
    access->instructor_user_count = 1;
    access->instructor_users[0] = (struct xw_named){1006, "tina"};
    assert_int_equal(xw_verb_grants(ends[0], &authority, &reader, &failure), 0);
    assert_string_equal(reply(), "grant student 7\ngrant student 2001\ngrant user 1005 dave\n"
                                 "grant user 4294967294 _a-b_9\ngrant team 2004\n"
                                 "grant instructor 2005\ngrant instructor-user 1006 tina\n"
                                 "extension @blue 9000\n");
}

#define FRESH(test) cmocka_unit_test_setup_teardown(test, begin, end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        FRESH(extensions),
        FRESH(extensions_that_are_none),
        FRESH(worlds_are_deployed),
        FRESH(who_the_lab_is_not_for),
        FRESH(members_are_told),
        FRESH(grants_are_told),
        FRESH(who_is_named_has_a_world),
        FRESH(named_users_are_told),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
