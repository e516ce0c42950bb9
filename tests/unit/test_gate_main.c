/* links: common/access.c common/request.c common/names.c common/record.c common/lines.c common/error.c */
/*
 * The gate's main(): what it takes for a request, whom it asks the keeper for, what it says and
 * what it leaves in the record. Its identity, its talk and its filter have tests of their own and
 * are the test's here; the records are real.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#define main gate_main
int gate_main(int argc, char *argv[]);
#include "xwhelper/gate/main.c"
#undef main

#include <signal.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "tests/unit/lab_records.h"

enum { ALICE = 1001, STUDENTS = 2001, OTHERS = 2002, BLUE = 2004, TEACHERS = 2005, RED = 2006 };
enum { KEEPER = 41, AUDIT = 42 };

#define USAGE   "error the gate was not asked in its own form; see xwsh(1)\nend 2\n"
#define REFUSED "error " XW_REFUSED_TEXT "\nend 3\n"
#define NO_KEEPER                                                                                  \
    "error the lab's keeper is not answering; try again in a moment, and tell your instructor if " \
    "it stays so\nend 75\n"
#define FIRST       "xworlds 1 00017f80a5feff10\n"
#define VIEWER_GONE 77
#define VIEWER_SIZE 4711 /* of the file that stands for it */

/* What is seen of one gate. */
struct seen {
    char said[1024];   /* without the first line */
    char first[64];    /* that line */
    char steps[256];   /* in which order it did what matters */
    char line[256];    /* what the keeper was sent */
    char records[512]; /* the audit's, one a line */
    int viewer;        /* that was sent along, or -1 */
    char viewer_is;    /* what it is then: v the one that was given, e standard error, - neither */
    bool viewer_open;  /* descriptor 3, when the keeper is listened to */
    unsigned int deadline;
};
static struct seen *seen;

/* What is so while it runs. */
static struct {
    uid_t uid;
    gid_t group;
    gid_t second_group; /* or 0 */
    int keeper;         /* what connecting gives */
    int send_rc;        /* what sending gives */
    bool opens;         /* the keeper says `open` */
    int keeper_code;
    bool without_viewer; /* descriptor 3 is closed */
    ssize_t no_random;   /* what getrandom() gives instead of all bytes; 0: all */
    time_t now;
} so;

static void step(const char *name)
{
    strcat(seen->steps, name);
    strcat(seen->steps, " ");
}

/* --- what it calls --------------------------------------------------------------------------- */

void xw_gate_sanitize(int argc, char *const argv[], int keep)
{
    step("sanitize");
    assert_true(argc >= 1 && argv[0] && keep == 4);
}

void xw_gate_caller(struct xw_caller *caller)
{
    static gid_t groups[2];

    groups[0] = so.group;
    groups[1] = so.second_group;
    *caller =
        (struct xw_caller){.uid = so.uid, .groups = groups, .group_count = so.second_group ? 2 : 1};
}

int xw_gate_connect_and_drop(uid_t student)
{
    step("connect");
    if (student != so.uid)
        abort();
    return so.keeper;
}

bool xw_policy_enter(const struct xw_policy *policy)
{
    step("filter");
    return policy == &xw_gate_policy;
}

const struct xw_policy xw_gate_policy;

int audit_open(void)
{
    step("audit");
    return AUDIT;
}

void xw_gate_terminal(char terminal[64])
{
    strcpy(terminal, "pts/7");
}

uint64_t xw_gate_clock(void)
{
    static uint64_t now;

    return now += 1000;
}

time_t xw_clock_now(void)
{
    return so.now;
}

void xw_gate_audit(const struct xw_gate_log *log, uid_t caller, const struct xw_request *request,
                   const char *phase, bool allowed, int code, uint64_t since)
{
    size_t used = strlen(seen->records);

    step("record");
    if (log->fd != AUDIT || caller != so.uid || !log->landlock || strcmp(log->terminal, "pts/7"))
        abort();
    snprintf(seen->records + used, sizeof(seen->records) - used, "%s %s %s/%s %s %d %llu\n", phase,
             xw_verb_info(request->verb)->name, request->lab, request->owner,
             allowed ? "allow" : "refuse", code, (unsigned long long)since);
}

void xw_gate_say(const char *format, ...)
{
    va_list args;
    char *to = seen->first[0] ? seen->said : seen->first;
    size_t size = to == seen->said ? sizeof(seen->said) : sizeof(seen->first);
    size_t used = strlen(to);

    va_start(args, format);
    vsnprintf(to + used, size - used - 1, format, args);
    va_end(args);
    strcat(to, "\n");
}

static char what_is(int viewer)
{
    struct stat info;
    struct stat errors;

    if (fstat(viewer, &info) < 0 || fstat(STDERR_FILENO, &errors) < 0)
        return '-';
    if (info.st_size == VIEWER_SIZE)
        return 'v';
    return info.st_dev == errors.st_dev && info.st_ino == errors.st_ino ? 'e' : '-';
}

int xw_gate_send(int keeper, const struct xw_request *request, int viewer)
{
    char line[XW_LINE_MAX];

    step("send");
    if (keeper != KEEPER || xw_request_format(request, line) < 0)
        abort();
    snprintf(seen->line, sizeof(seen->line), "%.255s", line);
    seen->viewer = viewer;
    seen->viewer_is = what_is(viewer);
    return so.send_rc;
}

int xw_gate_pass_on(int keeper, unsigned int deadline, void (*opened)(void *), void *data)
{
    step("listen");
    if (keeper != KEEPER)
        abort();
    seen->deadline = deadline;
    seen->viewer_open = fcntl(VIEWER, F_GETFD) >= 0;
    if (so.opens)
        opened(data);
    return so.keeper_code;
}

ssize_t getrandom(void *buffer, size_t size, unsigned int flags)
{
    static const unsigned char bytes[] = {0x00, 0x01, 0x7f, 0x80, 0xa5, 0xfe, 0xff, 0x10};

    /* Flags could make it return before the kernel has any. */
    if (size != sizeof(bytes) || flags != 0)
        abort();
    memcpy(buffer, bytes, size);
    return so.no_random ? so.no_random : (ssize_t)size;
}

/* --- one gate -------------------------------------------------------------------------------- */

/* Runs it with arguments, of which `words` are split at spaces; its code, or 128 + the signal. */
static int run(const char *words)
{
    char copy[256];
    char *argv[16] = {(char[]){"xwhelper"}};
    int argc = 1;
    char *rest = NULL;
    int status;

    memset(seen, 0, sizeof(*seen));
    seen->viewer = VIEWER_GONE;
    snprintf(copy, sizeof(copy), "%s", words);
    for (char *word = strtok_r(copy, " ", &rest); word; word = strtok_r(NULL, " ", &rest))
        argv[argc++] = word;
    fflush(NULL);
    pid_t pid = fork();
    if (pid == 0) {
        signal(SIGABRT, SIG_DFL);
        int given = memfd_create("viewer", 0);
        if (ftruncate(given, VIEWER_SIZE) < 0 || dup2(given, VIEWER) != VIEWER)
            _exit(100);
        if (given != VIEWER)
            close(given);
        if (so.without_viewer)
            close(VIEWER);
        _exit(gate_main(argc, argv));
    }
    assert_int_equal(waitpid(pid, &status, 0), pid);
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

static int make_records(void **state)
{
    (void)state;
    seen = mmap(NULL, sizeof(*seen), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (seen == MAP_FAILED || xw_test_records_begin() < 0)
        return -1;
    put(XW_OWNERS_DIR "/1001",
        "xworlds-owner 1\nuid 1001\nname alice\nlab fw\nlab other\nlab gone\nlab timed\nend\n");
    put(XW_OWNERS_DIR "/1003", "xworlds-owner 1\nuid 1003\n");
    xw_test_lab_access("fw", STUDENTS, "");
    xw_test_lab_access("other", OTHERS, "");
    xw_test_lab_access("foreign", STUDENTS, "closes 5\n");
    xw_test_lab_access("timed", STUDENTS, "opens 1000\ncloses 2000\ngrace 300\n");
    xw_test_lab_access("teams", STUDENTS, "team 2004\nteam 2006\ninstructor 2005\n");
    xw_test_lab_access("timedteam", STUDENTS, "team 2004\ncloses 2000\n");
    xw_test_lab_access("taught", STUDENTS, "instructor 2005\ncloses 2000\n");
    put(XW_OWNERS_DIR "/1004", "xworlds-owner 1\nuid 1004\nname carol\nlab teams\nend\n");
    put(XW_OWNERS_DIR "/g2004", "xworlds-owner 1\ngid 2004\nname @blue\nlab teams\n"
                                "lab timedteam\nuntil 3000\nend\n");
    put(XW_OWNERS_DIR "/g2005",
        "xworlds-owner 1\ngid 2005\nname @ta\ninstructs teams\ninstructs taught\nend\n");
    put(XW_OWNERS_DIR "/g2006", "xworlds-owner 1\ngid 2006\nname @red\nlab teams\nend\n");
    put(XW_OWNERS_DIR "/g2007", "xworlds-owner 1\ngid 2007\n");
    xw_test_lab_access("named", OTHERS, "user 1008 dave\ninstructor-user 1009 uma\n");
    xw_test_lab_access("namesake", OTHERS, "user 1008 dan\ninstructor-user 1009 una\n");
    put(XW_OWNERS_DIR "/1008",
        "xworlds-owner 1\nuid 1008\nname dave\nlab named\nlab namesake\nend\n");
    put(XW_OWNERS_DIR "/1009", "xworlds-owner 1\nuid 1009\nname uma\ninstructs named\n"
                               "instructs namesake\nend\n");
    return 0;
}

static int begin(void **state)
{
    (void)state;
    memset(&so, 0, sizeof(so));
    so.uid = ALICE;
    so.group = STUDENTS;
    so.keeper = KEEPER;
    return 0;
}

/* Without the id at its end. */
static void assert_sent(const char *line)
{
    size_t length = strlen(line);

    assert_int_equal(strlen(seen->line), length + XW_REQUEST_ID_LEN + 1);
    assert_memory_equal(seen->line, line, length);
    /* The same id that xwsh was told. */
    assert_memory_equal(seen->first, "xworlds 1 ", 10);
    assert_memory_equal(seen->line + length, seen->first + 10, XW_REQUEST_ID_LEN + 1);
    assert_true(strspn(seen->first + 10, "0123456789abcdef") == XW_REQUEST_ID_LEN);
}

/* --- tests ----------------------------------------------------------------------------------- */

static void what_is_asked_of_the_keeper(void **state)
{
    static const struct {
        const char *words;
        const char *line;
        const char *record;
        unsigned int deadline;
    } cases[] = {
        {"list", "1 list - alice - - ", "request list /alice allow 5 1000\n", 10},
        {"status fw", "1 status fw alice - - ", "request status fw/alice allow 5 1000\n", 10},
        {"start fw *", "1 start fw alice * - ", "request start fw/alice allow 5 1000\n", 120},
        {"start fw web,client", "1 start fw alice web,client - ",
         "request start fw/alice allow 5 1000\n", 120},
        {"stop fw web --force", "1 stop fw alice web force ",
         "request stop fw/alice allow 5 1000\n", 180},
        {"stop fw web", "1 stop fw alice web - ", "request stop fw/alice allow 5 1000\n", 180},
        {"reboot fw web --force", "1 reboot fw alice web force ",
         "request reboot fw/alice allow 5 1000\n", 180},
        {"revert fw client", "1 revert fw alice client - ",
         "request revert fw/alice allow 5 1000\n", 120},
        {"revert fw client checkpoint=works", "1 revert fw alice client checkpoint=works ",
         "request revert fw/alice allow 5 1000\n", 120},
        {"checkpoints fw web", "1 checkpoints fw alice web - ",
         "request checkpoints fw/alice allow 5 1000\n", 10},
        {"checkpoint-create fw * checkpoint=a:61",
         "1 checkpoint-create fw alice * checkpoint=a:61 ",
         "request checkpoint-create fw/alice allow 5 1000\n", 600},
        {"checkpoint-delete fw web checkpoint=a", "1 checkpoint-delete fw alice web checkpoint=a ",
         "request checkpoint-delete fw/alice allow 5 1000\n", 120},
    };

    (void)state;
    so.keeper_code = 5;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        assert_int_equal(run(cases[i].words), 5);
        assert_sent(cases[i].line);
        assert_string_equal(seen->said, "");
        assert_string_equal(seen->records, cases[i].record);
        assert_int_equal(seen->deadline, cases[i].deadline);
        assert_int_equal(seen->viewer, -1);
        assert_false(seen->viewer_open);
        /* The audit's socket before the identity goes, the filter before the first argument. */
        assert_string_equal(seen->steps, "sanitize audit connect filter send listen record ");
    }
}

static void a_console(void **state)
{
    (void)state;
    so.opens = true;
    assert_int_equal(run("console fw web"), 0);
    assert_sent("1 console fw alice web - ");
    assert_int_equal(seen->viewer, VIEWER);
    assert_int_equal(seen->viewer_is, 'v');
    /* Its own copy is closed before the guest can say anything. */
    assert_false(seen->viewer_open);
    assert_string_equal(seen->records, "open console fw/alice allow 0 1000\n"
                                       "close console fw/alice allow 0 2000\n");
    /* One that does not open is a request like others. */
    so.opens = false;
    so.keeper_code = 1;
    assert_int_equal(run("console fw web"), 1);
    assert_string_equal(seen->records, "request console fw/alice allow 1 1000\n");
    /* `open` means nothing where there is no console. */
    so.opens = true;
    assert_int_equal(run("status fw"), 1);
    assert_string_equal(seen->records, "request status fw/alice allow 1 1000\n");
}

/* A stream of events goes as a console does, and has one record, with how long it was. */
static void a_stream_of_events(void **state)
{
    (void)state;
    so.opens = true;
    assert_int_equal(run("events"), 0);
    assert_sent("1 events - alice - - ");
    assert_int_equal(seen->viewer, VIEWER);
    assert_int_equal(seen->viewer_is, 'v');
    assert_false(seen->viewer_open);
    assert_string_equal(seen->records, "request events /alice allow 0 1000\n");
    assert_int_equal(run("events fw"), 2);
}

/* Nothing that is opened later may be taken for the viewer's end. */
static void without_a_viewer(void **state)
{
    (void)state;
    so.without_viewer = true;
    assert_int_equal(run("console fw web"), 0);
    assert_int_equal(seen->viewer, VIEWER);
    assert_int_equal(seen->viewer_is, 'e');
    assert_int_equal(run("status fw"), 0);
    assert_sent("1 status fw alice - - ");
}

static void what_is_not_its_form(void **state)
{
    static const char *const words[] = {
        "",
        "lists",
        "list fw",
        "list --force",
        "status",
        "status fw web",
        "start",
        "start fw",
        "start --force",
        "start fw web --force",
        "stop fw --force",
        "start fw web client",
        "console fw",
        "console fw web --force",
        "prepare",
        "prepare alice",
        "revert fw web --force",
        "worlds",
        "worlds fw web",
        "grants",
        "extend teams:carol",
        "extend teams:carol x",
        "extend teams:carol -1",
        "extend teams:carol 253402300800",
        "extend teams:carol 5 --force",
        "deploy",
        "deploy teams:carol web",
        "revert fw web works",
        "revert fw web checkpoint=works more",
        "revert fw web checkpoint=works:61",
        "start fw web checkpoint=works",
        "checkpoints fw web checkpoint=works",
        "checkpoints fw",
        "checkpoint-create fw web",
        "checkpoint-create fw checkpoint=works",
        "checkpoint-create fw web checkpoint=works:6",
        "checkpoint-delete fw web",
        "checkpoint-delete fw web checkpoint=works:61",
        "--force",
    };

    (void)state;
    for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
        assert_int_equal(run(words[i]), 2);
        assert_string_equal(seen->said, USAGE);
        assert_memory_equal(seen->records, "malformed ", 10);
        assert_non_null(strstr(seen->records, " refuse 2 1000\n"));
        assert_null(strstr(seen->steps, "send"));
    }
}

static void what_is_refused(void **state)
{
    static const char *const words[] = {
        "revert fw web checkpoint=Works",
        "revert none web checkpoint=works",
        "checkpoint-create fw web checkpoint=../a",
        "checkpoint-delete fw none checkpoint=a",
        "checkpoints other web",
        "status none",
        "status other",
        "status foreign",
        "status Fw",
        "status ../fw",
        "start fw none",
        "start fw web,web",
        "start fw web,",
        "start fw Web",
        "console fw *",
        "console fw web,client",
        "console fw none",
        "start other web",
        "revert fw ,",
        "stop foreign web --force",
        "status gone",
    };

    (void)state;
    for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
        assert_int_equal(run(words[i]), 3);
        assert_string_equal(seen->said, REFUSED);
        assert_memory_equal(seen->records, "request ", 8);
        assert_non_null(strstr(seen->records, " refuse 3 1000\n"));
        assert_null(strstr(seen->steps, "send"));
    }
    /* A name beyond the grammar gets into no record, and not in part into the request. */
    assert_int_equal(run("status fw;x"), 3);
    assert_string_equal(seen->records, "request status / refuse 3 1000\n");
    so.group = OTHERS;
    assert_int_equal(run("status fw"), 3);
    assert_int_equal(run("status other"), 0);
}

static void who_has_no_world(void **state)
{
    (void)state;
    so.uid = 1002;
    assert_int_equal(run("list"), 0);
    assert_string_equal(seen->said, "end 0\n");
    assert_string_equal(seen->records, "request list /_nobody allow 0 1000\n");
    assert_null(strstr(seen->steps, "send"));
    assert_int_equal(run("status fw"), 3);
    assert_string_equal(seen->said, REFUSED);
    assert_int_equal(run("list fw"), 2);
    assert_int_equal(run("start fw Web"), 3);
    /* A record that can't be read is not the same as none. */
    so.uid = 1003;
    assert_int_equal(run("list"), 3);
    assert_string_equal(seen->said, REFUSED);
    assert_string_equal(seen->records, "request list /_nobody refuse 3 1000\n");
}

/* Whose world it is: as named, or the caller's own, or that of the only team that has one. */
static void whose_world(void **state)
{
    static const struct {
        uid_t uid;
        gid_t first, second;
        const char *words;
        const char *line; /* NULL: refused by the gate */
        const char *record;
    } cases[] = {
        {1002, BLUE, 0, "status teams", "1 status teams @blue - - ", "status teams/@blue allow"},
        {1002, BLUE, 0, "status teams:@blue", "1 status teams @blue - - ",
         "status teams/@blue allow"},
        {1002, BLUE, 0, "start teams *", "1 start teams @blue * - ", "start teams/@blue allow"},
        {1002, BLUE, 0, "list", "1 list - - - - ", "list / allow"},
        {1004, STUDENTS, BLUE, "list", "1 list - carol - - ", "list /carol allow"},
        {1004, STUDENTS, BLUE, "status teams", "1 status teams carol - - ",
         "status teams/carol allow"},
        {1004, STUDENTS, BLUE, "status teams:carol", "1 status teams carol - - ",
         "status teams/carol allow"},
        {1004, STUDENTS, BLUE, "status teams:@blue", "1 status teams @blue - - ",
         "status teams/@blue allow"},
        {1004, STUDENTS, BLUE, "console timedteam web", "1 console timedteam @blue web - ",
         "console timedteam/@blue allow"},
        /* Two teams: one has to be named. */
        {1002, BLUE, RED, "status teams", NULL, "status teams/ refuse"},
        {1002, BLUE, RED, "status teams:@red", "1 status teams @red - - ",
         "status teams/@red allow"},
        {1004, BLUE, RED, "status teams", NULL, "status teams/carol refuse"},
        /* Others'. */
        {1002, BLUE, 0, "status teams:carol", NULL, "status teams/carol refuse"},
        {1002, BLUE, 0, "status teams:@red", NULL, "status teams/@red refuse"},
        {1002, BLUE, 0, "status teams:blue", NULL, "status teams/blue refuse"},
        {1002, BLUE, 0, "status teams:nobody", NULL, "status teams/nobody refuse"},
        {1002, BLUE, 0, "status fw", NULL, "status fw/ refuse"},
        {1002, STUDENTS, 0, "status teams:@blue", NULL, "status teams/@blue refuse"},
        {1002, STUDENTS, 0, "checkpoints teams:@blue *", NULL, "checkpoints teams/@blue refuse"},
        {ALICE, STUDENTS, 0, "status fw:bob", NULL, "status fw/bob refuse"},
        {ALICE, STUDENTS, 0, "status fw:alice", "1 status fw alice - - ", "status fw/alice allow"},
        {ALICE, STUDENTS, 0, "start fw:@alice web", NULL, "start fw/@alice refuse"},
        /* What a group's record says must be so for the lab, too, and it must be there. */
        {1002, 2007, 0, "status teams", NULL, "status teams/_nobody refuse"},
        {1002, TEACHERS, 0, "status fw", NULL, "status fw/ refuse"},
        {1003, BLUE, 0, "status teams:@blue", NULL, "status teams/@blue refuse"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        so.uid = cases[i].uid;
        so.group = cases[i].first;
        so.second_group = cases[i].second;
        int code = run(cases[i].words);
        if (code != (cases[i].line ? 0 : 3) || !strstr(seen->records, cases[i].record))
            fail_msg("%zu, %s: %d, %s", i, cases[i].words, code, seen->records);
        if (cases[i].line)
            assert_sent(cases[i].line);
        else
            assert_string_equal(seen->said, REFUSED);
        assert_int_equal(strstr(seen->steps, "send") != NULL, cases[i].line != NULL);
    }
}

/* A team's window is told as its world's. */
static void a_teams_window(void **state)
{
    (void)state;
    so.uid = 1002;
    so.group = BLUE;
    so.now = 2999;
    assert_int_equal(run("start timedteam web"), 0);
    so.now = 3000;
    assert_int_equal(run("start timedteam web"), 4);
    assert_string_equal(
        seen->said, "window timedteam:@blue closed 0 3000 3000\nerror " XW_CLOSED_TEXT "\nend 4\n");
    assert_int_equal(run("status timedteam"), 0);
}

/* Who looks after a lab asks for any world of it, and what is asked of all; in no other lab. */
static void an_instructor(void **state)
{
    static const struct {
        const char *words;
        const char *line; /* NULL: refused by the gate */
        const char *record;
    } cases[] = {
        {"status teams:carol", "1 status teams carol - - ", "status teams/carol allow"},
        {"status teams:nobody", "1 status teams nobody - - ", "status teams/nobody allow"},
        {"start taught:@blue web", "1 start taught @blue web - ", "start taught/@blue allow"},
        {"stop teams:carol * --force", "1 stop teams carol * force ", "stop teams/carol allow"},
        {"checkpoint-create teams:carol * checkpoint=a",
         "1 checkpoint-create teams carol * checkpoint=a ", "checkpoint-create teams/carol allow"},
        {"checkpoints teams:@blue *", "1 checkpoints teams @blue * - ",
         "checkpoints teams/@blue allow"},
        {"console taught:carol web", "1 console taught carol web - ", "console taught/carol allow"},
        {"worlds teams", "1 worlds teams - - - ", "worlds teams/ allow"},
        {"grants taught", "1 grants taught - - - ", "grants taught/ allow"},
        {"extend teams:carol 5", "1 extend teams carol - 5 ", "extend teams/carol allow"},
        {"extend teams:@blue 0", "1 extend teams @blue - 0 ", "extend teams/@blue allow"},
        {"deploy teams:nobody", "1 deploy teams nobody - - ", "deploy teams/nobody allow"},
        {"list", "1 list - - - - ", "list / allow"},
        {"status teams", NULL, "status teams/ refuse"},
        {"status fw:alice", NULL, "status fw/alice refuse"},
        {"start fw:alice web", NULL, "start fw/alice refuse"},
        {"start teams:carol none", NULL, "start teams/carol refuse"},
        {"worlds fw", NULL, "worlds fw/ refuse"},
        {"worlds none", NULL, "worlds none/ refuse"},
        {"worlds teams:carol", NULL, "worlds teams/carol refuse"},
        {"grants other", NULL, "grants other/ refuse"},
        {"extend fw:alice 5", NULL, "extend fw/alice refuse"},
        {"deploy fw:alice", NULL, "deploy fw/alice refuse"},
        {"deploy Teams:alice", NULL, "deploy / refuse"},
    };
    static const char *const others[] = {"worlds teams", "grants teams", "extend teams:carol 5",
                                         "extend teams:@blue 5", "deploy teams:@blue"};

    (void)state;
    so.uid = 1002;
    so.group = TEACHERS;
    so.now = 9000;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        int code = run(cases[i].words);
        if (code != (cases[i].line ? 0 : 3) || !strstr(seen->records, cases[i].record))
            fail_msg("%s: %d, %s", cases[i].words, code, seen->records);
        if (cases[i].line)
            assert_sent(cases[i].line);
        else
            assert_string_equal(seen->said, REFUSED);
    }
    /* Neither a student's nor a team's. */
    for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++) {
        so.uid = 1004;
        so.group = STUDENTS;
        so.second_group = BLUE;
        assert_int_equal(run(others[i]), 3);
        assert_string_equal(seen->said, REFUSED);
        assert_null(strstr(seen->steps, "send"));
    }
}

/* Whom a lab names has it without any group, by uid and name. */
static void users_who_are_named(void **state)
{
    static const struct {
        uid_t uid;
        const char *words;
        const char *line; /* NULL: refused by the gate */
    } cases[] = {
        {1008, "list", "1 list - dave - - "},
        {1008, "status named", "1 status named dave - - "},
        {1008, "start named web", "1 start named dave web - "},
        {1008, "status namesake", NULL},
        {1008, "status named:uma", NULL},
        {1008, "worlds named", NULL},
        {1008, "deploy named:dave", NULL},
        {1009, "list", "1 list - uma - - "},
        {1009, "worlds named", "1 worlds named - - - "},
        {1009, "status named:dave", "1 status named dave - - "},
        {1009, "deploy named:uma", "1 deploy named uma - - "},
        {1009, "status named", NULL},
        {1009, "worlds namesake", NULL},
        {1009, "status fw:alice", NULL},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        so.uid = cases[i].uid;
        so.group = 100;
        if (run(cases[i].words) != (cases[i].line ? 0 : 3))
            fail_msg("%u: %s: %s", (unsigned int)so.uid, cases[i].words, seen->said);
        if (cases[i].line)
            assert_sent(cases[i].line);
        else
            assert_string_equal(seen->said, REFUSED);
    }
}

/* The gate says by itself what the time forbids, and when it would not (T-E7). */
static void outside_of_the_window(void **state)
{
    static const char *const words[] = {"start timed *", "stop timed web --force",
                                        "reboot timed web", "revert timed web",
                                        "console timed web"};
    static const struct {
        time_t now;
        const char *said; /* NULL: it goes to the keeper */
    } times[] = {
        {999, "window timed before 1000 2000 2300\nerror " XW_NOT_OPEN_TEXT "\nend 4\n"},
        {1000, NULL},
        {1999, NULL},
        {2000, "window timed grace 1000 2000 2300\nerror " XW_CLOSED_TEXT "\nend 4\n"},
        {2300, "window timed closed 1000 2000 2300\nerror " XW_CLOSED_TEXT "\nend 4\n"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(times) / sizeof(times[0]); i++) {
        so.now = times[i].now;
        for (size_t k = 0; k < sizeof(words) / sizeof(words[0]); k++) {
            assert_int_equal(run(words[k]), times[i].said ? 4 : 0);
            assert_string_equal(seen->said, times[i].said ? times[i].said : "");
            assert_int_equal(strstr(seen->steps, "send") != NULL, times[i].said == NULL);
            assert_non_null(strstr(seen->records, times[i].said ? "timed/alice refuse 4 1000\n"
                                                                : "timed/alice allow 0 1000\n"));
        }
        assert_int_equal(run("status timed"), 0);
        assert_int_equal(run("list"), 0);
        assert_int_equal(run("start fw web"), 0);
        /* What isn't hers has no time. */
        assert_int_equal(run("start timed none"), 3);
        assert_string_equal(seen->said, REFUSED);
        assert_int_equal(run("start foreign web"), 3);
        assert_string_equal(seen->said, REFUSED);
    }
}

static void without_a_keeper(void **state)
{
    (void)state;
    so.keeper = -ENOENT;
    assert_int_equal(run("list"), 75);
    assert_string_equal(seen->said, NO_KEEPER);
    assert_string_equal(seen->records, "request list /alice allow 75 1000\n");
    assert_null(strstr(seen->steps, "send"));
    so.keeper = KEEPER;
    so.send_rc = -EIO;
    assert_int_equal(run("list"), 75);
    assert_string_equal(seen->said, NO_KEEPER);
    assert_null(strstr(seen->steps, "listen"));
    /* It turned the gate away before the line was sent: what it said is listened to. */
    so.send_rc = -EPIPE;
    so.keeper_code = 75;
    assert_int_equal(run("list"), 75);
    assert_string_equal(seen->said, "");
    assert_non_null(strstr(seen->steps, "listen"));
}

static void root_is_sent_away(void **state)
{
    (void)state;
    so.uid = 0;
    assert_int_equal(run("list"), 3);
    assert_string_equal(seen->said, "error root has xwadm(8); this is for students\nend 3\n");
    assert_string_equal(seen->steps, "sanitize ");
    assert_string_equal(seen->first, FIRST);
}

/* An id that could be that of another request would join the wrong records: then rather none. */
static void without_random_bytes(void **state)
{
    static const struct {
        uid_t uid;
        const char *words;
    } cases[] = {{ALICE, "list"}, {ALICE, "lists"}, {0, "list"}};
    static const ssize_t short_of[] = {-1, 7};

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        so.uid = cases[i].uid;
        for (size_t k = 0; k < sizeof(short_of) / sizeof(short_of[0]); k++) {
            so.no_random = short_of[k];
            assert_int_equal(run(cases[i].words), 128 + SIGABRT);
            assert_string_equal(seen->first, "");
            assert_string_equal(seen->records, "");
            assert_null(strstr(seen->steps, "send"));
        }
        so.no_random = 0;
        run(cases[i].words);
        assert_string_equal(seen->first, FIRST);
    }
}

#define IN_ORDER(test) cmocka_unit_test_setup(test, begin)

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_ORDER(what_is_asked_of_the_keeper),
        IN_ORDER(a_console),
        IN_ORDER(a_stream_of_events),
        IN_ORDER(without_a_viewer),
        IN_ORDER(what_is_not_its_form),
        IN_ORDER(what_is_refused),
        IN_ORDER(who_has_no_world),
        IN_ORDER(whose_world),
        IN_ORDER(a_teams_window),
        IN_ORDER(an_instructor),
        IN_ORDER(users_who_are_named),
        IN_ORDER(outside_of_the_window),
        IN_ORDER(without_a_keeper),
        IN_ORDER(root_is_sent_away),
        IN_ORDER(without_random_bytes),
    };

    return cmocka_run_group_tests(tests, make_records, NULL);
}
