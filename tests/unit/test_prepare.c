/* links: xwhelper/keeper/prepare.c common/record.c common/lines.c common/names.c common/error.c common/access.c xwhelper/keeper/plan.c xwhelper/keeper/reply.c common/request.c */
/*
 * prepare: which labs are deployed for a user, and what is said where one can't be.
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
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/clock.h"
#include "common/exitcode.h"
#include "common/paths.h"
#include "tests/unit/private_root.h"
#include "tests/unit/small_files.h"
#include "xwhelper/keeper/confine.h"
#include "xwhelper/keeper/host.h"
#include "xwhelper/keeper/verbs.h"
#include "xwhelper/keeper/world.h"

#define HASH "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

static char steps[512];
static int host_rc, groups_rc;
static uid_t uid_of_alice = 1001;
static const char *fails; /* a lab */
static const char *there; /* a lab */
static bool long_name;    /* of a group */

static void step(const char *what)
{
    strcat(steps, what);
    strcat(steps, " ");
}

struct passwd *getpwnam(const char *name)
{
    static char alice[] = "alice";
    static struct passwd account = {.pw_name = alice, .pw_gid = 2000};

    step("names");
    account.pw_uid = uid_of_alice;
    return strcmp(name, "alice") == 0 ? &account : NULL;
}

int getgrouplist(const char *name, gid_t group, gid_t *groups, int *count)
{
    assert_string_equal(name, "alice");
    groups[0] = group;
    groups[1] = 2001;
    groups[2] = 3001;
    groups[3] = 3002;
    *count = 4;
    return groups_rc < 0 ? -1 : 4;
}

/* The names of groups; names that are nobody's are not asked for. */
struct group *getgrgid(gid_t gid)
{
    static char blue[] = "blue", capital[] = "Red", longest[] = "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa";
    static struct group group;

    step("group");
    assert_null(strstr(steps, "confine"));
    group.gr_name = gid == 3001 ? blue : gid == 3002 ? capital : longest;
    return gid == 2001 && !long_name ? NULL : &group;
}

void xw_confine_change(const struct xw_request *request)
{
    step(request->verb == XW_VERB_PREPARE ? "confine" : "wrong");
}

int xw_host_open(struct xw_host **host, struct xw_error *err)
{
    *host = NULL;
    return host_rc < 0 ? xw_fail(err, host_rc, "libvirt is not answering") : 0;
}

void xw_host_close(struct xw_host *host)
{
    assert_null(host);
    step("close");
}

time_t xw_clock_now(void)
{
    return 5000;
}

int xw_world_exists(const char *lab, const char *owner, struct xw_error *err)
{
    (void)err;
    assert_true(strcmp(owner, "alice") == 0 || strcmp(owner, "@blue") == 0);
    return there && strcmp(there, lab) == 0;
}

int xw_world_deploy(struct xw_host *host, const struct xw_plan *plan, const char *owner, uid_t uid,
                    enum xw_deploy_result *result, struct xw_error *err)
{
    assert_null(host);
    if (strcmp(owner, "@blue") == 0)
        assert_int_equal(uid, 3001);
    else
        assert_true(strcmp(owner, "alice") == 0 && uid == 1001);
    step(plan->lab);
    *result = there && strcmp(there, plan->lab) == 0 ? XW_DEPLOY_PRESENT : XW_DEPLOY_MADE;
    return fails && strcmp(fails, plan->lab) == 0 ? xw_fail(err, -ENOSPC, "no room") : 0;
}

/* --- labs ------------------------------------------------------------------------------------ */

static void make_lab(const char *lab, const char *students, const char *others)
{
    char path[256];
    char text[1024];

    snprintf(path, sizeof(path), XW_LABS_DIR "/%s", lab);
    assert_int_equal(mkdir(path, 0750), 0);
    snprintf(path, sizeof(path), XW_LABS_DIR "/%s/access", lab);
    snprintf(text, sizeof(text), "xworlds-access 1\nlab %s\ntitle A\n%s%smachine web\nend\n", lab,
             students, others);
    put(path, text);
    snprintf(path, sizeof(path), XW_LABS_DIR "/%s/plan", lab);
    snprintf(text, sizeof(text),
             "xworlds-plan 1\nlab %s\nmachine web\nimage tiny " HASH
             "\nmemory 1\nvcpus 1\norder 0\ngateway -\nforward 0\nend\n",
             lab);
    put(path, text);
}

static int begin_all(void **state)
{
    (void)state;
    if (xw_test_private_root("/var/lib") < 0 || mkdir(XW_STATE_DIR, 0755) < 0 ||
        mkdir(XW_LABS_DIR, 0750) < 0)
        return -1;
    make_lab("one", "student 1000\nstudent 2000\n", "");
    make_lab("two", "student 2001\nstudent 3000\n", "");
    make_lab("not", "student 1999\nstudent 2002\n", "");
    make_lab("taught", "student 2002\n", "instructor 2001\n");
    make_lab("Bad", "student 2001\n", "");
    assert_int_equal(mkdir(XW_LABS_DIR "/empty", 0750), 0);
    return 0;
}

static int ends[2];
static char said[1024];
static char words[512];

static int prepare(const char *name)
{
    struct xw_request request = {.verb = XW_VERB_PREPARE};
    struct xw_error err = {0};

    steps[0] = '\0';
    snprintf(request.owner, sizeof(request.owner), "%s", name);
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, ends), 0);
    int rc = xw_verb_prepare(ends[0], &request, &err);
    memset(said, 0, sizeof(said));
    recv(ends[1], said, sizeof(said) - 1, MSG_DONTWAIT);
    snprintf(words, sizeof(words), "%.511s", err.text);
    close(ends[0]);
    close(ends[1]);
    return rc;
}

/* By name, in no group of the lab: the account that was meant, and no other. */
static void who_is_named_is_prepared(void **state)
{
    (void)state;
    make_lab("named", "student 1999\nuser 1001 alice\n", "");
    make_lab("namesake", "user 1002 alice\n", "");
    make_lab("former", "user 1001 zoe\n", "instructor-user 1001 alice\n");
    assert_int_equal(prepare("alice"), 0);
    assert_non_null(strstr(said, "done named deployed\n"));
    assert_null(strstr(said, "namesake"));
    assert_null(strstr(said, "former"));
    assert_int_equal(rename(XW_LABS_DIR "/named", XW_LABS_DIR "/Named"), 0);
    assert_int_equal(rename(XW_LABS_DIR "/namesake", XW_LABS_DIR "/Namesake"), 0);
    assert_int_equal(rename(XW_LABS_DIR "/former", XW_LABS_DIR "/Former"), 0);
}

static void what_is_granted_is_deployed(void **state)
{
    (void)state;
    there = "two";
    assert_int_equal(prepare("alice"), 0);
    /* In whatever order the directory has them. */
    assert_non_null(strstr(said, "done one deployed\n"));
    assert_non_null(strstr(said, "done two is there\n"));
    assert_int_equal(strlen(said), strlen("done one deployed\ndone two is there\n"));
    assert_memory_equal(steps, "names confine ", 14);
    assert_int_equal(strlen(steps), strlen("names confine one two close "));
    fails = "one";
    assert_int_equal(prepare("alice"), XW_EXIT_FAILED);
    assert_non_null(strstr(said, "fail one no room\n"));
    assert_non_null(strstr(said, "done two is there\n"));
    fails = there = NULL;
    /* One that can't be read may have been granted. */
    make_lab("broken", "student 2001\n", "nonsense\n");
    assert_int_equal(prepare("alice"), XW_EXIT_FAILED);
    assert_non_null(strstr(said, "fail broken labs/broken/access, line 5: "));
    assert_non_null(strstr(said, "done one deployed\n"));
    assert_int_equal(rename(XW_LABS_DIR "/broken", XW_LABS_DIR "/Broken"), 0);
    assert_int_equal(prepare("alice"), 0);
    /* A plan that can't be read is that lab's failure. */
    put(XW_LABS_DIR "/one/plan", "nonsense\n");
    assert_int_equal(prepare("alice"), XW_EXIT_FAILED);
    assert_non_null(strstr(said, "fail one labs/one/plan, line 1: "));
    assert_non_null(strstr(said, "done two deployed\n"));
}

/* Closed for all is over, but for who has a world of it or instructs it (T-E8). */
static void what_has_closed_is_not_made_anew(void **state)
{
    (void)state;
    make_lab("over", "student 2001\n", "closes 4000\ngrace 1000\n");
    make_lab("grace", "student 2001\n", "closes 4000\ngrace 1001\n");
    make_lab("later", "student 2001\n", "opens 6000\ncloses 7000\n");
    make_lab("mine", "student 2001\n", "instructor 2001\ncloses 4000\n");
    prepare("alice");
    assert_null(strstr(said, " over "));
    assert_non_null(strstr(said, "done grace deployed\n"));
    assert_non_null(strstr(said, "done later deployed\n"));
    assert_non_null(strstr(said, "done mine deployed\n"));
    there = "over";
    prepare("alice");
    assert_non_null(strstr(said, "done over is there\n"));
    there = NULL;
}

/* Once for each team that the user is in, and by its own name; groups are looked up before. */
static void teams_are_prepared(void **state)
{
    (void)state;
    make_lab("teams", "team 3001\nteam 3003\n", "");
    make_lab("both", "student 2000\nteam 3001\n", "");
    make_lab("capital", "team 3002\n", "");
    make_lab("unnamed", "team 2001\n", "");
    make_lab("strange", "team 3003\nteam 3004\n", "");
    make_lab("pasttime", "team 3001\n", "closes 4000\n");
    prepare("alice");
    assert_non_null(strstr(said, "done teams:@blue deployed\n"));
    assert_non_null(strstr(said, "done both deployed\ndone both:@blue deployed\n"));
    assert_null(strstr(said, "capital"));
    assert_null(strstr(said, "unnamed"));
    assert_null(strstr(said, "strange"));
    assert_null(strstr(said, "pasttime"));
    assert_null(strstr(said, "done teams deployed"));
    long_name = true;
    prepare("alice");
    assert_null(strstr(said, "unnamed"));
    long_name = false;
    fails = "teams";
    assert_int_equal(prepare("alice"), XW_EXIT_FAILED);
    assert_non_null(strstr(said, "fail teams:@blue no room\n"));
    assert_non_null(strstr(said, "done both:@blue deployed\n"));
    fails = NULL;
    there = "pasttime";
    prepare("alice");
    assert_non_null(strstr(said, "done pasttime:@blue is there\n"));
    there = NULL;
}

static void who_can_have_no_world(void **state)
{
    (void)state;
    assert_int_equal(prepare("nobody"), -ENOENT);
    assert_string_equal(words, "There is no user nobody who could have a world");
    uid_of_alice = 0;
    assert_int_equal(prepare("alice"), -ENOENT);
    uid_of_alice = 1001;
    groups_rc = -1;
    assert_int_equal(prepare("alice"), -ENOENT);
    groups_rc = 0;
    assert_string_equal(steps, "names ");
    host_rc = -EAGAIN;
    assert_int_equal(prepare("alice"), -EAGAIN);
    assert_string_equal(words, "libvirt is not answering");
    assert_non_null(strstr(steps, " confine "));
    host_rc = 0;
    assert_int_equal(rename(XW_LABS_DIR, XW_STATE_DIR "/other"), 0);
    assert_int_equal(prepare("alice"), -ENOENT);
    assert_non_null(strstr(words, "Reading " XW_LABS_DIR));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(who_is_named_is_prepared),
        cmocka_unit_test(what_is_granted_is_deployed),
        cmocka_unit_test(what_has_closed_is_not_made_anew),
        cmocka_unit_test(teams_are_prepared),
        cmocka_unit_test(who_can_have_no_world),
    };

    return cmocka_run_group_tests(tests, begin_all, NULL);
}
