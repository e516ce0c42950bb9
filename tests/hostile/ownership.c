/*
 * Class E: ownership. The whole matrix of people, verbs and targets; names that resemble one
 * another; worlds made anew meanwhile; and that nobody can tell a foreign world from none.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "tests/hostile/proxy.h"
#include "tests/hostile/signature.h"
#include "tests/hostile/suite.h"

/* --- the matrix ------------------------------------------------------------------------------- */

struct target {
    const char *lab;
    const char *machine;
};

static const struct target targets[] = {
    {"hostile", "m1"},
    {"hostile", "m2"},
    {"hostile", "*"},
    {"hostile", "m1,m2"},
    {"lab1", "m1"},
    {"lab10", "m1"},
    {"other", "m1"},
    {"nosuchlab", "m1"},
    {"lab", "m1"},
    {"hostile", "nosuch"},
    {"lab1", "m2"},
    {"hostile", "m1,nosuch"},
    {"early", "m1"},
    {"timely", "m1"},
    {"late", "m1"},
    {"longer", "m1"},
    {"late", "*"},
    {"late", "nosuch"},
    {"early", "*"},
    {"early", "m1,nosuch"},
    /* By owner: users', teams', one of a user and a team of one name, and none. */
    {"hostile:alice", "m1"},
    {"hostile:bob", "*"},
    {"hostile:eve", "m1"},
    {"hostile:@blue", "m1"},
    {"hostile:@blue", "*"},
    {"hostile:@blue", "nosuch"},
    {"hostile:blue", "m1"},
    {"hostile:@red", "m1"},
    {"hostile:@alice", "m1"},
    {"hostile:nobody", "m1"},
    {"hostile:@none", "m1"},
    {"lab1:alice", "m1"},
    {"lab10:bob", "m1"},
    {"lab10:alice", "m1"},
    {"lab1:@blue", "m1"},
    {"late:wendy", "m1"},
    {"longer:wendy", "m1"},
    {"early:walt", "nosuch"},
    {"nosuchlab:alice", "m1"},
    /* Of a lab that names users. */
    {"byname", "m1"},
    {"byname:nina", "*"},
    {"byname:@nina", "m1"},
    {"byname:nobody", "m1"},
};

/* The worlds that there are, in words of the above. */
static const char *const worlds[] = {
    "hostile:alice", "hostile:bob", "hostile:eve",  "hostile:@blue", "hostile:blue",
    "hostile:@red",  "lab1:alice",  "lab10:bob",    "late:wendy",    "early:wendy",
    "late:walt",     "early:walt",  "longer:wendy", "byname:nina",
};

static const struct {
    const char *verb;
    const char *option;
    bool machine;
} verbs[] = {
    {"status", NULL, false},
    {"start", NULL, true},
    {"stop", NULL, true},
    {"stop", "--force", true},
    {"reboot", NULL, true},
    {"reboot", "--force", true},
    {"revert", NULL, true},
    {"console", NULL, true},
    {"copy-to", NULL, true},
    {"copy-from", NULL, true},
    {"checkpoints", NULL, true},
    {"checkpoint-create", "checkpoint=e1", true},
    {"checkpoint-delete", "checkpoint=e1", true},
    {"revert", "checkpoint=e1", true},
};

enum { TARGETS = sizeof(targets) / sizeof(targets[0]), VERBS = sizeof(verbs) / sizeof(verbs[0]) };

struct person {
    const char *what;
    const struct drive_user *user;
    const char *labs[6];   /* whose worlds are hers: alone, or with an owner */
    const char *instructs; /* labs of which every world is hers, at any time */
};

#define LABS_OF_TA "hostile lab1 lab10 uuids early late"

/* Whether she instructs the lab of a target. */
static bool is_instructor(const struct person *person, const char *world)
{
    char lab[64];
    char labs[128];

    snprintf(lab, sizeof(lab), " %.*s ", (int)strcspn(world, ":"), world);
    snprintf(labs, sizeof(labs), " %s ", person->instructs ? person->instructs : "");
    return strstr(labs, lab) != NULL;
}

/* Whether there is a world of this name. */
static bool is_world(const char *world)
{
    size_t i = 0;

    while (i < sizeof(worlds) / sizeof(worlds[0]) && strcmp(worlds[i], world) != 0)
        i++;
    return i < sizeof(worlds) / sizeof(worlds[0]);
}

/* Whether the rule of access gives this person this target, from what the world's makers know. */
static bool is_hers(const struct person *person, size_t verb, const struct target *target)
{
    bool lab = is_instructor(person, target->lab) && is_world(target->lab);

    for (size_t i = 0; i < 6 && person->labs[i]; i++)
        lab = lab || strcmp(person->labs[i], target->lab) == 0;
    if (!lab)
        return false;
    if (!verbs[verb].machine)
        return true;
    if (strstr(target->machine, "nosuch") ||
        (strncmp(target->lab, "hostile", 7) != 0 && strcmp(target->machine, "m1") != 0 &&
         strcmp(target->machine, "*") != 0))
        return false;
    bool one =
        strcmp(verbs[verb].verb, "console") == 0 || strncmp(verbs[verb].verb, "copy-", 5) == 0;
    return !one || !strpbrk(target->machine, "*,");
}

/* Whether the lab can be used by this person now, by what tests/hostile/inside has made. */
static bool is_open(const struct person *person, const char *lab)
{
    if (is_instructor(person, lab))
        return true;
    if (strncmp(lab, "longer", 6) == 0)
        return person->user == people.wendy;
    return strncmp(lab, "early", 5) != 0 && strncmp(lab, "late", 4) != 0;
}

static void cell(const struct person *person, size_t verb, const struct target *target)
{
    char what[160];
    const char *option = verbs[verb].option;
    const struct drive_call call = {
        .argv = verbs[verb].machine ? ARGV(verbs[verb].verb, target->lab, target->machine, option)
                                    : ARGV(verbs[verb].verb, target->lab),
        .user = person->user};

    bool looks =
        strcmp(verbs[verb].verb, "status") == 0 || strcmp(verbs[verb].verb, "checkpoints") == 0;
    /* The gate can't know of others' worlds which there are; the keeper does. */
    const char *owner = strchr(target->lab, ':');
    bool own = owner && strcmp(owner, ":alice") == 0 && person->user->uid == people.alice->uid;
    bool asked = is_instructor(person, target->lab) && owner && !own && !is_world(target->lab) &&
                 !strstr(target->machine, "nosuch");

    snprintf(what, sizeof(what), "%s: %s %s %s/%s", person->what, verbs[verb].verb,
             option ? option : "", target->lab, target->machine);
    if (!is_hers(person, verb, target) && asked)
        refused_by_keeper(what, &call);
    else if (!is_hers(person, verb, target))
        refused(what, &call, XW_EXIT_REFUSED);
    else if (!looks && !is_open(person, target->lab))
        refused(what, &call, XW_EXIT_LIMITED);
    else if (looks || (option && verbs[verb].verb[0] == 's'))
        allowed(what, &call); /* the others take a machine's time: own_worlds() */
}

static void matrix(void)
{
    struct drive_user alice_elsewhere = *people.alice;
    struct drive_user oscar_in_group = *people.alice;
    struct drive_user alice_as_teacher = *people.tina;
    alice_elsewhere.group_count = 0;
    oscar_in_group.uid = people.oscar->uid;
    alice_as_teacher.uid = people.alice->uid;
    const struct person persons[] = {
        {"alice", people.alice, {"hostile", "lab1", "uuids", "hostile:alice", "lab1:alice"}, NULL},
        {"bob", people.bob, {"hostile", "lab10", "hostile:bob", "lab10:bob"}, NULL},
        {"eve, no longer in the group", people.eve, {NULL}, NULL},
        {"gail, of the team", people.gail, {"hostile", "hostile:@blue"}, NULL},
        {"the user of the team's name", people.blue, {"hostile", "hostile:blue"}, NULL},
        {"tina, instructor of the lab", people.tina, {NULL}, LABS_OF_TA},
        {"hank, instructor of another", people.hank, {NULL}, "other"},
        {"oscar, nobody", people.oscar, {NULL}, NULL},
        {"alice in a session without groups", &alice_elsewhere, {NULL}, NULL},
        {"oscar in alice's groups, without a world", &oscar_in_group, {NULL}, NULL},
        {"alice's uid with an instructor's groups",
         &alice_as_teacher,
         {"hostile", "lab1", "uuids"},
         LABS_OF_TA},
        {"nina, named in the file", people.nina, {"byname", "byname:nina"}, NULL},
        {"uwe, named as an instructor", people.uwe, {NULL}, "byname"},
        {"gus, in the group of nina's name", people.gus, {NULL}, NULL},
        {"wendy, by the clock",
         people.wendy,
         {"early", "timely", "late", "longer", "late:wendy", "longer:wendy"},
         NULL},
        {"walt, who instructs early and late",
         people.walt,
         {"early", "timely", "late", "longer"},
         LABS_OF_TA},
    };

    for (size_t i = 0; i < sizeof(persons) / sizeof(persons[0]); i++) {
        for (size_t verb = 0; verb < VERBS; verb++) {
            for (size_t j = 0; j < TARGETS; j++)
                cell(&persons[i], verb, &targets[j]);
        }
    }
}

/*
 * What is asked of a whole lab, and what changes without a machine: an instructor's alone. What is
 * another's or missing is refused without anybody being asked; none of it takes libvirt's
 * read-write socket when refused.
 */
static void instructors_verbs(void)
{
    static const char *const labs[] = {"hostile", "lab1",      "lab10", "late",
                                       "other",   "nosuchlab", "byname"};
    const struct person persons[] = {
        {"alice", people.alice, {NULL}, NULL},     {"eve", people.eve, {NULL}, NULL},
        {"gail", people.gail, {NULL}, NULL},       {"tina", people.tina, {NULL}, LABS_OF_TA},
        {"walt", people.walt, {NULL}, LABS_OF_TA}, {"hank", people.hank, {NULL}, "other"},
        {"oscar", people.oscar, {NULL}, NULL},     {"nina", people.nina, {NULL}, NULL},
        {"uwe", people.uwe, {NULL}, "byname"},
    };
    char own[64];
    char gone[64];

    for (size_t i = 0; i < sizeof(persons) / sizeof(persons[0]); i++) {
        for (size_t j = 0; j < sizeof(labs) / sizeof(labs[0]); j++) {
            snprintf(own, sizeof(own), "%s:alice", labs[j]);
            snprintf(gone, sizeof(gone), "%s:nobody", labs[j]);
            const struct drive_call calls[] = {
                {.argv = ARGV("worlds", labs[j]), .user = persons[i].user},
                {.argv = ARGV("grants", labs[j]), .user = persons[i].user},
                {.argv = ARGV("extend", own, "4000000000"), .user = persons[i].user},
                {.argv = ARGV("deploy", own), .user = persons[i].user},
                {.argv = ARGV("extend", gone, "0"), .user = persons[i].user},
            };
            if (!is_instructor(&persons[i], labs[j])) {
                for (size_t k = 0; k < sizeof(calls) / sizeof(calls[0]); k++)
                    refused(persons[i].what, &calls[k], XW_EXIT_REFUSED);
                continue;
            }
            allowed(persons[i].what, &calls[0]);
            allowed(persons[i].what, &calls[1]);
            refused_by_keeper(persons[i].what, &calls[4]);
        }
    }
    /* The positive side: an extension comes and goes, and a world that is there stays. */
    allowed("tina extends", &(struct drive_call){.argv = ARGV("extend", "late:wendy", "4000000000"),
                                                 .user = people.tina});
    allowed("wendy starts", &(struct drive_call){.argv = ARGV("stop", "late", "m1", "--force"),
                                                 .user = people.wendy});
    allowed("tina takes it back",
            &(struct drive_call){.argv = ARGV("extend", "late:wendy", "0"), .user = people.tina});
    refused(
        "wendy starts no more",
        &(struct drive_call){.argv = ARGV("stop", "late", "m1", "--force"), .user = people.wendy},
        XW_EXIT_LIMITED);
    allowed("tina deploys",
            &(struct drive_call){.argv = ARGV("deploy", "lab1:alice"), .user = people.tina});
    exits("tina deploys for who is in no group",
          &(struct drive_call){.argv = ARGV("deploy", "lab1:bob"), .user = people.tina},
          XW_EXIT_FAILED);
    exits("tina deploys for nobody",
          &(struct drive_call){.argv = ARGV("deploy", "lab1:nosuchuser"), .user = people.tina},
          XW_EXIT_FAILED);
}

/* What a list says, exactly. */
void lists(const struct drive_user *user, const char *who, const char *expected)
{
    struct drive_result result;

    drive_run(&(struct drive_call){.argv = ARGV("list"), .user = user, .tracer = &recorder},
              &result);
    tried(1);
    const char *said = without_id(&result);
    if (!said || strcmp(said, expected) != 0 || result.code != 0 || result.audit_count != 1)
        fail("%s's list: exit %d, %zu records: %s", who, result.code, result.audit_count,
             result.out);
    drive_free(&result);
}

static void the_lists(void)
{
    lists(people.alice, "alice",
          "world hostile alice 2 0 Lab hostile\nworld lab1 alice 1 0 Lab lab1\n"
          "world uuids alice 1 0 Lab uuids\n"
          "world llllllllllllllllllllllllllllllll alice 1 0 Lab llllllllllllllllllllllllllllllll\n"
          "end 0\n");
    lists(people.bob, "bob",
          "world hostile bob 2 0 Lab hostile\nworld lab10 bob 1 0 Lab lab10\nend 0\n");
    lists(people.eve, "eve", "end 0\n");
    lists(people.tina, "tina",
          "instructs hostile Lab hostile\ninstructs lab1 Lab lab1\ninstructs lab10 Lab lab10\n"
          "instructs uuids Lab uuids\n"
          "instructs llllllllllllllllllllllllllllllll Lab llllllllllllllllllllllllllllllll\n"
          "instructs early Lab early\ninstructs late Lab late\nend 0\n");
    lists(people.hank, "hank", "instructs other Lab other\nend 0\n");
    lists(people.oscar, "oscar", "end 0\n");
    lists(people.gail, "gail", "world hostile @blue 2 0 Lab hostile\nend 0\n");
    lists(people.nina, "nina", "world byname nina 1 0 Lab byname\nend 0\n");
    lists(people.uwe, "uwe", "instructs byname Lab byname\nend 0\n");
    lists(people.gus, "gus", "end 0\n");
    lists(people.blue, "blue", "world hostile blue 2 0 Lab hostile\nend 0\n");
}

/*
 * ruth has the uid that sven had, and is in the lab's group; his world is not hers. The gate knows
 * no names, so it is the keeper that refuses.
 */
static void reused_uid(void)
{
    for (size_t verb = 0; verb <= VERBS; verb++) {
        const struct drive_call call = {
            .argv = verb == VERBS ? ARGV("list")
                    : verbs[verb].machine
                        ? ARGV(verbs[verb].verb, "hostile", "m1", verbs[verb].option)
                        : ARGV(verbs[verb].verb, "hostile"),
            .user = people.ruth};
        refused_by_keeper("ruth, with sven's uid", &call);
    }
}

/* Root is answered by the gate itself: it has xwadm, and is told so. */
static void root_calls(void)
{
    for (size_t verb = 0; verb < VERBS; verb++) {
        struct proxy_count before = proxy_count();
        const struct drive_call call = {.argv = verbs[verb].machine
                                                    ? ARGV(verbs[verb].verb, "hostile", "m1")
                                                    : ARGV(verbs[verb].verb, "hostile"),
                                        .user = people.root};
        exits("root", &call, XW_EXIT_REFUSED);
        if (proxy_count().connections != before.connections)
            fail("root's %s reached libvirt", verbs[verb].verb);
    }
}

/* --- the positive side: each verb on one's own world, and that the proxy sees it ------------- */

/* Runs it and requires exit 0; `changes` is whether libvirt must have been asked for a change. */
static void own(const struct drive_user *user, bool changes, const char *const argv[])
{
    struct proxy_count before = proxy_count();

    allowed(argv[1], &(struct drive_call){.argv = argv, .user = user, .patience = 60});
    if ((proxy_count().mutating != before.mutating) != changes)
        fail("%s: %lu calls that change something", argv[1],
             proxy_count().mutating - before.mutating);
}

/* A viewer who leaves at once: the console's two records. */
static void own_console(const struct drive_user *user, const char *lab)
{
    int ends[2];
    struct drive_result result;

    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) < 0)
        abort();
    close(ends[1]);
    drive_run(&(struct drive_call){.argv = ARGV("console", lab, "m1"),
                                   .user = user,
                                   .viewer = ends[0],
                                   .tracer = &recorder},
              &result);
    close(ends[0]);
    tried(1);
    if (result.code != 0 || !strstr(result.out, "\nopen\n") || result.audit_count != 2 ||
        !strstr(result.audit[0], "phase=open") || !strstr(result.audit[1], "phase=close"))
        fail("console: %d, %zu records: %.200s", result.code, result.audit_count, result.out);
    drive_free(&result);
}

void whole_path(const struct drive_user *user, const char *lab)
{
    own(user, false, ARGV("status", lab));
    own(user, true, ARGV("start", lab, "m1"));
    own(user, true, ARGV("reboot", lab, "m1"));
    own(user, true, ARGV("reboot", lab, "m1", "--force"));
    own_console(user, lab);
    own(user, true, ARGV("revert", lab, "m1"));
    own(user, true, ARGV("stop", lab, "m1"));
    own(user, false, ARGV("revert", lab, "m1"));
    own(user, false, ARGV("stop", lab, "m1", "--force"));
}

static void own_worlds(void)
{
    whole_path(people.alice, "hostile");
    whole_path(people.bob, "lab10");
    whole_path(people.gail, "hostile");
    whole_path(people.tina, "hostile:bob");
    whole_path(people.tina, "hostile:@blue");
}

/* --- E2 --------------------------------------------------------------------------------------- */

static bool runs(const char *domain)
{
    char uri[] = "qemu:///system";

    return COMMAND("sh", "-c", "virsh -q -c \"$1\" domstate \"$2\" | grep -qx running", "sh", uri,
                   domain) == 0;
}

static void similar_names(void)
{
    char uuid[64] = "";
    char domain[128];
    FILE *file = fopen("/tmp/uuid-name", "re");
    const char *const variants[] = {"lab",   "lab1 ", "LAB1",  "Lab1",   "lab01",
                                    "lab-1", "lab1-", "lab11", "lab100", "ab1"};

    for (size_t i = 0; i < sizeof(variants) / sizeof(variants[0]); i++)
        refused(
            variants[i],
            &(struct drive_call){.argv = ARGV("start", variants[i], "m1"), .user = people.alice},
            XW_EXIT_REFUSED);
    refused("lab10 of alice",
            &(struct drive_call){.argv = ARGV("start", "lab10", "m1"), .user = people.alice},
            XW_EXIT_REFUSED);
    refused("lab1 of bob",
            &(struct drive_call){.argv = ARGV("start", "lab1", "m1"), .user = people.bob},
            XW_EXIT_REFUSED);
    /* A machine of alice's is named as bob's domain's UUID. */
    if (!file || fscanf(file, "%63s", uuid) != 1)
        fail("there is no machine named as a UUID");
    if (file)
        fclose(file);
    own(people.alice, true, ARGV("start", "uuids", uuid));
    snprintf(domain, sizeof(domain), "xw:uuids:alice:%s", uuid);
    if (runs("xw:hostile:bob:m1") || !runs(domain))
        fail("alice's machine named as the UUID of bob's: the wrong one was started");
    own(people.alice, true, ARGV("stop", "uuids", uuid, "--force"));
}

/* --- E3 --------------------------------------------------------------------------------------- */

struct remaking {
    bool again;
    bool done;
};

static struct drive_order remake(void *data, pid_t pid, size_t index,
                                 const struct drive_syscall *call)
{
    struct remaking *remaking = data;

    (void)pid;
    (void)index;
    if (call->number == SYS_sendmsg && !remaking->done) {
        remaking->done = true;
        MUST("xwadm", "destroy", "lab1", "--user", "alice", "--yes");
        if (remaking->again)
            MUST("xwadm", "deploy", "lab1", "--user", "alice");
    }
    return (struct drive_order){DRIVE_GO_ON, 0};
}

static void made_anew(void)
{
    struct remaking gone = {false, false};
    struct remaking back = {true, false};
    const struct drive_tracer destroys = {.at = remake, .data = &gone};
    const struct drive_tracer remakes = {.at = remake, .data = &back};
    struct drive_call call = {.argv = ARGV("start", "lab1", "m1"), .user = people.alice};
    struct drive_result result;

    call.tracer = &destroys;
    drive_run(&call, &result);
    tried(1);
    if (result.code != XW_EXIT_REFUSED || !gone.done || runs("xw:lab1:alice:m1"))
        fail("destroyed meanwhile: exit %d: %.200s", result.code, result.out);
    drive_free(&result);
    MUST("xwadm", "deploy", "lab1", "--user", "alice");
    call.tracer = &remakes;
    drive_run(&call, &result);
    tried(1);
    if (result.code != 0 || !back.done || !runs("xw:lab1:alice:m1"))
        fail("made anew meanwhile: exit %d: %.200s", result.code, result.out);
    drive_free(&result);
    own(people.alice, true, ARGV("stop", "lab1", "m1", "--force"));
}

/* --- E6 --------------------------------------------------------------------------------------- */

/* Both calls give one answer by one sequence of calls. */
static void indistinguishable(const struct drive_user *user, const char *const foreign[],
                              const char *const missing[])
{
    struct drive_result left;
    struct drive_result right;
    struct drive_call call = {.argv = foreign, .user = user, .tracer = &recorder};
    char lines[2][DRIVE_TEXT + 64];

    drive_run(&call, &left);
    call.argv = missing;
    drive_run(&call, &right);
    tried(1);
    char *first = signature(&left, false);
    char *second = signature(&right, false);
    unsigned int differs = signature_difference(first, second);
    if (differs) {
        signature_line(first, differs, lines[0], sizeof(lines[0]));
        signature_line(second, differs, lines[1], sizeof(lines[1]));
        fail("%s %s and %s are told apart by a system call: %s | %s", foreign[1], foreign[2],
             missing[2], lines[0], lines[1]);
    }
    const char *said = without_id(&left);
    const char *says = without_id(&right);
    if (!said || !says || strcmp(said, says) != 0 || left.code != XW_EXIT_REFUSED ||
        right.code != XW_EXIT_REFUSED || strcmp(left.err, right.err) != 0)
        fail("%s %s and %s have two answers: %d %.200s | %d %.200s", foreign[1], foreign[2],
             missing[2], left.code, left.out, right.code, right.out);
    free(first);
    free(second);
    drive_free(&left);
    drive_free(&right);
}

static void foreign_and_missing(void)
{
    const struct drive_user *const users[] = {people.alice, people.eve, people.tina, people.oscar};

    for (size_t i = 0; i < sizeof(users) / sizeof(users[0]); i++) {
        for (size_t verb = 0; verb < VERBS; verb++) {
            const char *name = verbs[verb].verb;
            const char *option = verbs[verb].option;
            if (verbs[verb].machine)
                indistinguishable(users[i], ARGV(name, "lab10", "m1", option),
                                  ARGV(name, "lab99", "m1", option));
            else
                indistinguishable(users[i], ARGV(name, "lab10"), ARGV(name, "lab99"));
        }
        indistinguishable(users[i], ARGV("status", "other:alice"), ARGV("status", "othe9:alice"));
        indistinguishable(users[i], ARGV("worlds", "other"), ARGV("worlds", "othe9"));
        indistinguishable(users[i], ARGV("deploy", "other:bob"), ARGV("deploy", "othe9:bob"));
        /* A lab that is closed is none either, to whom it isn't theirs. */
        indistinguishable(users[i], ARGV("start", "late", "m1"), ARGV("start", "lat9", "m1"));
    }
    /* Worlds of others, to a student and to a team's member; and to who may know what there is. */
    indistinguishable(people.alice, ARGV("start", "hostile:bob", "m1"),
                      ARGV("start", "hostile:nob", "m1"));
    indistinguishable(people.gail, ARGV("start", "hostile:@red", "m1"),
                      ARGV("start", "hostile:@rot", "m1"));
    indistinguishable(people.hank, ARGV("status", "hostile:bob"), ARGV("status", "hostile:nob"));
    indistinguishable(people.hank, ARGV("extend", "hostile:bob", "0"),
                      ARGV("extend", "hostil9:bob", "0"));
    control(people.alice);
}

const struct test suite_ownership[] = {
    {"T-E1 every verb, every target, everybody", matrix},
    {"T-E1 what instructors alone may ask", instructors_verbs},
    {"T-E1 the lists", the_lists},
    {"T-E1 a uid that was another's", reused_uid},
    {"T-E1 root is sent to xwadm", root_calls},
    {"T-E1 each verb on one's own world", own_worlds},
    {"T-E2 lab1 and lab10, and a machine named as a UUID", similar_names},
    {"T-E3 a world destroyed, or made anew, between look-up and act", made_anew},
    {"T-E6 foreign and missing: one answer, the same system calls", foreign_and_missing},
    {NULL, NULL},
};
