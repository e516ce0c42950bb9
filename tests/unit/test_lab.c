/* links: common/error.c common/lines.c common/names.c common/record.c xwhelper/keeper/plan.c xwsh/suggest.c xwadm/address.c xwadm/buffer.c xwadm/lab_access.c xwadm/lab_addresses.c xwadm/lab_compile.c xwadm/lab_read.c xwadm/lab_take.c xwadm/lab_times.c xwadm/lab_write.c xwadm/local_time.c xwadm/problems.c xwadm/tree.c */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "xwadm/lab.h"
#include "xwadm/lab_compile.h"
#include "xwadm/tree.h"

#define ID "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

static const char good[] = "xworlds: 1\n"
                           "title: A firewall between two segments\n"
                           "description: |\n"
                           "  Two lines,\n"
                           "  the second with ä.\n"
                           "access:\n"
                           "  students: [cs530]\n"
                           "  instructors: [cs530-ta]\n"
                           "limits: {memory: 4096, machines: 30, vcpus: 40}\n"
                           "segments: [outside, inside]\n"
                           "machines:\n"
                           "  router:\n"
                           "    image: tiny\n"
                           "    memory: 256\n"
                           "    vcpus: 2\n"
                           "    order: 1\n"
                           "    forward: true\n"
                           "    interfaces:\n"
                           "      - segment: outside\n"
                           "        address: 10.1.0.1/24\n"
                           "      - segment: inside\n"
                           "        address: fd00:0:0::1/64\n"
                           "  web:\n"
                           "    image: tiny\n"
                           "    gateway: fd00::1\n"
                           "    interfaces: [{segment: inside, address: fd00::2/64}, "
                           "{segment: outside}]\n"
                           "  alone:\n"
                           "    image: debian\n"
                           "    graphics: true\n"
                           "copy-limit: off\n";

static const char good_lines[] = "xworlds-lab 1\n"
                                 "student 7 14 cs530\n"
                                 "instructor 8 17 cs530-ta\n"
                                 "title A firewall between two segments\n"
                                 "most-machines 30\n"
                                 "most-memory 4096\n"
                                 "most-vcpus 40\n"
                                 "copy-limit 0\n"
                                 "segment outside\n"
                                 "segment inside\n"
                                 "machine router\n"
                                 "image 13 12 tiny\n"
                                 "memory 14 13 256\n"
                                 "vcpus 2\n"
                                 "order 1\n"
                                 "gateway -\n"
                                 "forward 1\n"
                                 "interface outside 10.1.0.1/24\n"
                                 "interface inside fd00::1/64\n"
                                 "machine web\n"
                                 "image 24 12 tiny\n"
                                 "memory 23 3 0\n"
                                 "vcpus 1\n"
                                 "order 10\n"
                                 "gateway fd00::1\n"
                                 "forward 0\n"
                                 "interface inside fd00::2/64\n"
                                 "interface outside -\n"
                                 "machine alone\n"
                                 "image 28 12 debian\n"
                                 "memory 27 3 0\n"
                                 "vcpus 1\n"
                                 "order 10\n"
                                 "gateway -\n"
                                 "forward 0\n"
                                 "graphics 1\n"
                                 "end\n";

static const char good_access[] = "xworlds-access 1\n"
                                  "lab firewall\n"
                                  "title A firewall between two segments\n"
                                  "student 2001\n"
                                  "instructor 2002\n"
                                  "machine router\n"
                                  "machine web\n"
                                  "machine alone\n"
                                  "end\n";

static const char good_plan[] = "xworlds-plan 1\n"
                                "lab firewall\n"
                                "most-machines 30\n"
                                "most-memory 4096\n"
                                "most-vcpus 40\n"
                                "copy-limit 0\n"
                                "segment outside\n"
                                "segment inside\n"
                                "machine router\n"
                                "image tiny " ID "\n"
                                "memory 256\n"
                                "vcpus 2\n"
                                "order 1\n"
                                "gateway -\n"
                                "forward 1\n"
                                "interface outside 10.1.0.1/24\n"
                                "interface inside fd00::1/64\n"
                                "machine web\n"
                                "image tiny " ID "\n"
                                "memory 128\n"
                                "vcpus 1\n"
                                "order 10\n"
                                "gateway fd00::1\n"
                                "forward 0\n"
                                "interface inside fd00::2/64\n"
                                "interface outside -\n"
                                "machine alone\n"
                                "image debian " ID "\n"
                                "memory 512\n"
                                "vcpus 1\n"
                                "order 10\n"
                                "gateway -\n"
                                "forward 0\n"
                                "graphics 1\n"
                                "end\n";

/* --- From YAML to lines ----------------------------------------------------------------------- */

static void good_file(void **state)
{
    XW_AUTO_BUFFER out = {0};

    (void)state;
    xw_lab_translate(good, strlen(good), &out);
    assert_false(out.failed);
    assert_string_equal(out.text, good_lines);
}

static void good_file_with_other_line_ends(void **state)
{
    XW_AUTO_BUFFER out = {0};
    XW_AUTO_BUFFER source = {0};

    (void)state;
    for (const char *at = good; *at; at++)
        xw_buffer_append(&source, *at == '\n' ? "\r\n" : at, *at == '\n' ? 2 : 1);
    xw_lab_translate(source.text, source.length, &out);
    assert_string_equal(out.text, good_lines);
}

/* A lab of one machine, into which an error is put: a line of it is exchanged. */
static const char small[] = "xworlds: 1\n"                               /* 1 */
                            "title: T\n"                                 /* 2 */
                            "access: {students: [s]}\n"                  /* 3 */
                            "segments: [a, b]\n"                         /* 4 */
                            "machines:\n"                                /* 5 */
                            "  m:\n"                                     /* 6 */
                            "    image: tiny\n"                          /* 7 */
                            "    interfaces:\n"                          /* 8 */
                            "    - {segment: a, address: 10.0.0.1/24}\n" /* 9 */
                            "  n:\n"                                     /* 10 */
                            "    image: tiny\n"                          /* 11 */
                            "    interfaces:\n"                          /* 12 */
                            "    - {segment: a, address: 10.0.0.2/24}\n" /* 13 */
                            "description: D\n";                          /* 14 */

struct mistake {
    unsigned int line;       /* of small, which is exchanged */
    const char *replacement; /* without its newline; NULL: the line is left out */
    const char *problem;     /* "LINE COLUMN " and a part of the text; exactly one is expected */
    const char *hint;        /* another part of it */
};

static const struct mistake mistakes[] = {
    /* Keys. */
    {1, NULL, "1 1 ", "lacks \"xworlds\"; add `xworlds: 1`"},
    {2, NULL, "1 1 ", "lacks \"title\""},
    {3, NULL, "1 1 ", "lacks \"access\""},
    {2, "titel: T\ntitle: T", "2 1 ", "no key \"titel\"; did you mean \"title\"?"},
    {2, "title: T\nzzzzzzzz: T", "3 1 ", "known are xworlds, title, description"},
    {2, "title: T\ntitle: U", "3 1 ", "\"title\" is there twice, first in line 2"},
    {2, "title: T\n? [a]\n: b", "3 3 ", "a key must be a word"},
    {3, "access: {students: [s], student: [t]}", "3 25 ", "did you mean \"students\"?"},
    {3, "access: {instructors: [s]}", "3 9 ", "access lacks \"students\""},
    {3, "access: {instructor-users: [s]}", "3 9 ", "or `users: [USER]`"},
    {3, "access: {users: []}", "3 17 ",
     "users names nobody, so nobody could use the lab; name one, "
     "like [dave]"},
    {3, "access: {teams: [], users: []}", "3 28 ", "users names nobody"},
    {3, "access: {users: dave}", "3 17 ",
     "users is a word; it must be a list of users, like [dave]"},
    {3, "access: {users: [[a]]}", "3 18 ",
     "a user is a list; it must be the name of a user of this "
     "host"},
    {3, "access: {users: [a], instructor-users: {a: b}}", "3 40 ", "instructor-users is a mapping"},
    {3, "access: {users: [a], instructor-user: [b]}", "3 22 ",
     "did you mean \"instructor-users\"?"},
    {3, "access: {user: [a], students: [b]}", "3 10 ", "did you mean \"users\"?"},
    {7, "    img: tiny\n    image: tiny", "7 5 ", "a machine has no key \"img\""},
    {7, "    memory: 64", "6 3 ", "the machine \"m\" lacks \"image\""},
    {9, "    - {address: 10.0.0.1/24}", "9 7 ", "an interface lacks \"segment\""},
    {9, "    - {segment: a, adress: x}", "9 20 ", "did you mean \"address\"?"},
    {7, "    image: tiny\n    <<: {memory: 3}", "8 5 ", "no key \"<<\""},
    /* Version. */
    {1, "xworlds: 2", "1 10 ", "must be a number from 1 to 1"},
    {1, "xworlds: one", "1 10 ", "must be a number"},
    {1, "xworlds: \"1\"", "1 10 ", "without quotes"},
    /* Types. */
    {2, "title: [T]", "2 8 ", "title is a list; it must be one line of text"},
    {2, "title:", "2 7 ", "title is empty"},
    {2, "title: {a: b}", "2 8 ", "title is a mapping"},
    {3, "access: [s]", "3 9 ", "access is a list; it must be a mapping"},
    {3, "access: {teams: []}", "3 17 ", "teams names no group, so nobody could use the lab"},
    {3, "access: {students: [], teams: []}", "3 20 ", "students names no group"},
    {3, "access: {students: [s], teams: t}", "3 32 ", "teams is a word; it must be a list"},
    {3, "access: {students: [s], teams: [[t]]}", "3 33 ", "a group is a list"},
    {3, "access: {students: [s], team: [t]}", "3 25 ", "did you mean \"teams\"?"},
    {3, "access: {students: s}", "3 20 ", "students is a word; it must be a list of groups"},
    {3, "access: {students: []}", "3 20 ", "names no group"},
    {3, "access: {students: [[s]]}", "3 21 ", "a group is a list"},
    {3, "access: {students: [\"\"]}", "3 21 ", "a group is empty"},
    {4, "segments: a", "4 11 ", "segments is a word; it must be a list of names"},
    {7, "    image: [tiny]", "7 12 ", "the image is a list; it must be a name"},
    {7, "    image: tiny\n    interfaces: []", "9 5 ", "\"interfaces\" is there twice"},
    {7, "    image: tiny\n    interfaces: a\n    vcpus: 1\n  o:\n    image: tiny", "8 17 ",
     "interfaces is a word; it must be a list of mappings"},
    {9, "    - a", "9 7 ", "an interface is a word; it must be a mapping"},
    {14, "description: [D]", "14 14 ", "description is a list; it must be text"},
    /* Names. */
    {4, "segments: [a, b, A]", "4 18 ", "the segment \"A\" is not a name; use small letters"},
    {4, "segments: [a, b, a]", "4 18 ", "the segment \"a\" is there twice"},
    {4, "segments: [a, b, \"x\\ny\"]", "4 18 ", "is not a name"},
    {7, "    image: ../tiny", "7 12 ", "the image \"../tiny\" is not a name"},
    {7, "    image: /etc/passwd", "7 12 ", "is not a name"},
    {6, "  M:", "6 3 ", "the machine \"M\" is not a name"},
    {6, "  \"x' y\":", "6 3 ", "is not a name"},
    {6, "  aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa:", "6 3 ", "at most 32"},
    {9, "    - {segment: c}", "9 17 ", "has no segment \"c\"; add it to \"segments\""},
    {4, "segments: [a, inside]\n#", "", NULL},
    {9, "    - {segment: bb}", "9 17 ", "did you mean \"b\"?"},
    /* Numbers and words. */
    {7, "    image: tiny\n    memory: 128M", "8 13 ", "a number from 16 to 1048576"},
    {7, "    image: tiny\n    memory: 15", "8 13 ", "from 16"},
    {7, "    image: tiny\n    memory: 1048577", "8 13 ", "to 1048576"},
    {7, "    image: tiny\n    memory: -1", "8 13 ", "must be a number"},
    {7, "    image: tiny\n    memory: 0x80", "8 13 ", "must be a number"},
    {7, "    image: tiny\n    memory: 99999999999999999999", "8 13 ", "must be a number"},
    {7, "    image: tiny\n    memory: [128]", "8 13 ", "must be a number"},
    {7, "    image: tiny\n    memory:", "8 12 ", "must be a number"},
    {7, "    image: tiny\n    vcpus: 0", "8 12 ", "from 1 to 64"},
    {7, "    image: tiny\n    vcpus: 65", "8 12 ", "from 1 to 64"},
    {7, "    image: tiny\n    order: 1001", "8 12 ", "from 0 to 1000"},
    {7, "    image: tiny\n    forward: yes", "8 14 ", "true or false"},
    {7, "    image: tiny\n    forward: \"true\"", "8 14 ", "without quotes"},
    {7, "    image: tiny\n    forward: 1", "8 14 ", "true or false"},
    {7, "    image: tiny\n    graphics: vga", "8 15 ", "true or false"},
    /* Limits. */
    {4, "segments: [a, b]\nlimits: 5", "5 9 ", "limits is a word; it must be a mapping"},
    {4, "segments: [a, b]\nlimits: {machine: 5}", "5 10 ", "did you mean \"machines\"?"},
    {4, "segments: [a, b]\nlimits: {machines: 0}", "5 20 ", "a number from 1 to 65536"},
    {4, "segments: [a, b]\nlimits: {machines: 65537}", "5 20 ", "a number from 1 to 65536"},
    {4, "segments: [a, b]\nlimits: {memory: 15}", "5 18 ", "a number from 16 to 1073741824"},
    {4, "segments: [a, b]\nlimits: {vcpus: none}", "5 17 ", "a number from 1 to 65536"},
    {4, "segments: [a, b]\ncopy-limit: 0", "5 13 ",
     "copy-limit (in MiB, or off) must be a number from 1 to 4096"},
    {4, "segments: [a, b]\ncopy-limit: never", "5 13 ", "a number from 1 to 4096"},
    {4, "segments: [a, b]\ncopy-limits: off", "5 1 ", "did you mean \"copy-limit\"?"},
    {5, "limits: {memory: 64}\nmachines:\n  o: {image: tiny, memory: 65}", "7 28 ",
     "\"o\" could never start: \"limits\" gives the whole lab 64 MiB"},
    {5, "limits: {vcpus: 1}\nmachines:\n  o: {image: tiny, vcpus: 2}", "7 3 ",
     "\"o\" could never start: \"limits\" gives the whole lab 1 vcpus"},
    /* Addresses. */
    {9, "    - {segment: b, address: 10.1.0.1}", "9 29 ", "the prefix is missing"},
    {9, "    - {segment: b, address: 10.1.0.256/24}", "9 29 ", "this is not an address"},
    {9, "    - {segment: b, address: 10.1.0/24}", "9 29 ", "this is not an address"},
    {9, "    - {segment: b, address: web/24}", "9 29 ", "this is not an address"},
    {9, "    - {segment: b, address: 10.1.0.1/33}", "9 29 ", "from 1 to 32"},
    {9, "    - {segment: b, address: 10.1.0.1/0}", "9 29 ", "from 1 to 32"},
    {9, "    - {segment: b, address: 10.1.0.1/}", "9 29 ", "from 1 to 32"},
    {9, "    - {segment: b, address: \"fd00::1/129\"}", "9 29 ", "from 1 to 128"},
    {9, "    - {segment: b, address: 10.1.0.0/24}", "9 29 ", "the subnet's own address"},
    {9, "    - {segment: b, address: 10.1.0.255/24}", "9 29 ", "broadcast"},
    {9, "    - {segment: b, address: 127.0.0.1/8}", "9 29 ", "no single machine"},
    {9, "    - {segment: b, address: 224.0.0.1/8}", "9 29 ", "no single machine"},
    {9, "    - {segment: b, address: 0.0.0.1/8}", "9 29 ", "no single machine"},
    {9, "    - {segment: b, address: \"::1/64\"}", "9 29 ", "no single machine"},
    {9, "    - {segment: b, address: \"ff02::1/64\"}", "9 29 ", "no single machine"},
    {9, "    - {segment: b, address: \"::ffff:10.1.0.1/64\"}", "9 29 ", "no single machine"},
    {9, "    - {segment: b, address: \"fd00::/64\"}", "9 29 ", "the subnet's own address"},
    {13, "    - {segment: a, address: 10.0.0.1/24}", "13 29 ",
     "the address 10.0.0.1 is that of machine \"m\" already (line 9)"},
    {13, "    - {segment: b, address: 10.0.0.1/24}", "13 29 ", "is that of machine \"m\""},
    {13, "    - {segment: a, address: 10.0.1.2/24}", "13 29 ",
     "is not in 10.0.0.0/24, the subnet of segment \"a\" (line 9)"},
    {13, "    - {segment: a, address: 10.0.0.2/25}", "13 29 ", "is not in 10.0.0.0/24"},
    {7, "    image: tiny\n    gateway: 10.0.0.2/24", "8 14 ", "write the address alone"},
    {7, "    image: tiny\n    gateway: router", "8 14 ", "this is not an address"},
    {7, "    image: tiny\n    gateway: 10.0.0.1", "8 14 ", "is the machine itself"},
    {7, "    image: tiny\n    gateway: 10.0.1.1", "8 14 ", "in no subnet of this machine"},
    /* What may harm a terminal or a reader of records. */
    {2, "title: \"a\\x1b[31mb\"", "2 8 ", "a control character"},
    {2, "title: \"a\\nb\"", "2 8 ", "a line end"},
    {2, "title: \"a\\0b\"", "2 8 ", "NUL"},
    {2, "title: \"a\\x9bb\"", "2 8 ", "a control character"},
    {2, "title: \"a\\u202eb\"", "2 8 ", "direction of text"},
    {2, "title: a\x1b[31m", "2 9 ", "0x1b"},
    {2, "title: a\xc3(", "2 9 ", "0xc3"},
    {2, "title: ä\xc3(", "2 9 ", "0xc3"},
    {2, "title: a\xc0\xaf", "2 9 ", "0xc0"},
    {2,
     "title: a\xe2\x80\xae"
     "b",
     "2 9 ", "0xe2"},
    {2, "title: a\rb", "2 9 ", "0x0d"},
    {14, "description: \"a\\x1bb\"", "14 14 ", "a control character"},
    {3, "access: {students: [\"a\\nb\"]}", "3 21 ", "a line end"},
    /* YAML that has no place in a lab file. */
    {2, "title: &x T", "2 8 ", "anchors (&x) are not allowed"},
    {2, "title: *x", "2 8 ", "aliases (*x) are not allowed"},
    {2, "title: !!str T", "2 8 ", "tags (tag:yaml.org,2002:str) are not allowed"},
    {2, "title: !include /etc/shadow", "2 8 ", "tags (!include) are not allowed"},
    {14, "description: D\n---\nxworlds: 1", "15 1 ", "a second document"},
    {2, "title: [T", "3 7 ", "this is not YAML"},
    {2, "\ttitle: T", "2 1 ", "this is not YAML"},
    {2, "title: \"T", "", "this is not YAML"},
    {2, "title: @T", "2 8 ", "this is not YAML"},
    {7, "   image: tiny", "", "this is not YAML"},
};

/* Writes small with one line exchanged. */
static void write_with(const struct mistake *mistake, struct xw_buffer *source)
{
    const char *at = small;

    for (unsigned int line = 1; *at; line++) {
        size_t length = strcspn(at, "\n") + 1;
        if (line != mistake->line)
            xw_buffer_append(source, at, length);
        else if (mistake->replacement)
            xw_buffer_add(source, "%s\n", mistake->replacement);
        at += length;
    }
}

static size_t count_of(const char *text, const char *part)
{
    size_t count = 0;

    for (; (text = strstr(text, part)); text += strlen(part))
        count++;
    return count;
}

static void small_file_is_right(void **state)
{
    XW_AUTO_BUFFER out = {0};

    (void)state;
    xw_lab_translate(small, strlen(small), &out);
    assert_int_equal(count_of(out.text, "\nerror "), 0);
    assert_int_equal(count_of(out.text, "\nmachine "), 2);
}

static void each_mistake_once(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(mistakes) / sizeof(mistakes[0]); i++) {
        const struct mistake *mistake = &mistakes[i];
        XW_AUTO_BUFFER source = {0};
        XW_AUTO_BUFFER out = {0};
        char expected[64];
        write_with(mistake, &source);
        xw_lab_translate(source.text, source.length, &out);
        if (!mistake->hint) {
            assert_int_equal(count_of(out.text, "\nerror "), 0);
            continue;
        }
        snprintf(expected, sizeof(expected), "\nerror %s", mistake->problem);
        if (count_of(out.text, "\nerror ") != 1 || !strstr(out.text, expected) ||
            !strstr(out.text, mistake->hint))
            fail_msg("%s\nexpected: %s… %s\nfound: %s", source.text, expected + 1, mistake->hint,
                     out.text);
        /* A file with errors gives no lab. */
        assert_int_equal(count_of(out.text, "\nmachine "), 0);
        assert_int_equal(count_of(out.text, "\ntitle "), 0);
    }
}

static void all_mistakes_at_once(void **state)
{
    static const char source[] = "xworlds: 1\n"
                                 "title: \"\"\n"
                                 "access: {students: [x], teachers: [y]}\n"
                                 "segments: [A]\n"
                                 "machines:\n"
                                 "  m: {image: tiny, memory: 1, vcpus: 0, frward: true}\n"
                                 "  n: {gateway: x}\n";
    static const char *const places[] = {"2 8",  "3 25", "4 12", "6 28",
                                         "6 38", "6 41", "7 3",  "7 16"};
    XW_AUTO_BUFFER out = {0};
    const char *at;

    (void)state;
    xw_lab_translate(source, strlen(source), &out);
    at = out.text;
    /* In the order of the file. */
    for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++) {
        char expected[32];
        snprintf(expected, sizeof(expected), "\nerror %s ", places[i]);
        at = strstr(at, expected);
        if (!at)
            fail_msg("no error at %s: %s", places[i], out.text);
    }
    assert_int_equal(count_of(out.text, "\nerror "), sizeof(places) / sizeof(places[0]));
    /* What the parent has to look up, it learns all the same. */
    assert_non_null(strstr(out.text, "\nstudent 3 21 x\n"));
    assert_non_null(strstr(out.text, "\nimage 6 14 tiny\n"));
}

static void expect_one(const char *source, size_t length, const char *place, const char *hint)
{
    XW_AUTO_BUFFER out = {0};
    char expected[64];

    xw_lab_translate(source, length, &out);
    assert_false(out.failed);
    snprintf(expected, sizeof(expected), "\nerror %s ", place);
    if (count_of(out.text, "\nerror ") != 1 || !strstr(out.text, expected) ||
        !strstr(out.text, hint))
        fail_msg("expected %s %s, found: %s", place, hint, out.text);
}

static void files_that_are_nothing(void **state)
{
    (void)state;
    expect_one("", 0, "1 1", "empty");
    expect_one("\n\n# only a comment\n", 19, "1 1", "empty");
    expect_one("word", 4, "1 1", "the file is a word; it must be a mapping");
    expect_one("- a\n- b\n", 8, "1 1", "the file is a list");
    expect_one("a\0b", 3, "1 2", "0x00");
    expect_one("\xef\xbb\xbfxworlds: 1\n", 14, "1 1", "0xef");
    expect_one("\xff\xfex\0", 4, "1 1", "0xff");
    expect_one("x\n\0", 3, "2 1", "0x00");
}

static void too_deep(void **state)
{
    char source[4096];

    (void)state;
    for (size_t depth = 20; depth < sizeof(source); depth += 1000) {
        memset(source, '[', depth);
        expect_one(source, depth, "1 13", "nested too deeply");
        memset(source, '{', depth);
        expect_one(source, depth, "1 13", "nested too deeply");
    }
}

static void too_large(void **state)
{
    char *source = malloc(XW_SOURCE_MAX + 1);

    (void)state;
    assert_non_null(source);
    memset(source, '#', XW_SOURCE_MAX + 1);
    expect_one(source, XW_SOURCE_MAX + 1, "1 1", "larger than 1 MiB");
    /* A comment of exactly 1 MiB is read, and is no lab. */
    expect_one(source, XW_SOURCE_MAX, "1 1", "empty");
    /* A megabyte of list items. */
    for (size_t i = 0; i < XW_SOURCE_MAX; i += 2)
        memcpy(source + i, i == 0 ? "[1" : ",1", 2);
    expect_one(source, XW_SOURCE_MAX, "1 40000", "too many values");
    /* A title of a megabyte. */
    memset(source, 'a', XW_SOURCE_MAX);
    memcpy(source, "title: ", 7);
    XW_AUTO_BUFFER out = {0};
    xw_lab_translate(source, XW_SOURCE_MAX, &out);
    assert_non_null(strstr(out.text, "title is longer than 200 bytes"));
    assert_true(out.length < 4096);
    free(source);
}

/* Each level names the one before nine times: 9^9 values, if anybody followed. */
static void alias_bomb(void **state)
{
    XW_AUTO_BUFFER source = {0};
    XW_AUTO_BUFFER out = {0};

    (void)state;
    xw_buffer_add(&source, "a0: &a0 x\n");
    for (int level = 1; level < 10; level++) {
        xw_buffer_add(&source, "a%d: &a%d [", level, level);
        for (int i = 0; i < 9; i++)
            xw_buffer_add(&source, "%s*a%d", i ? "," : "", level - 1);
        xw_buffer_add(&source, "]\n");
    }
    xw_lab_translate(source.text, source.length, &out);
    assert_false(out.failed);
    assert_non_null(strstr(out.text, "aliases (*a0) are not allowed"));
    assert_non_null(strstr(out.text, "anchors (&a1) are not allowed"));
    /* Bounded, and it says that there are more. */
    assert_int_equal(count_of(out.text, "\nerror "), XW_PROBLEMS_MAX);
    assert_int_equal(count_of(out.text, "\nmore "), 1);
}

static void cycle(void **state)
{
    static const char source[] = "xworlds: &x\n  a: *x\n";
    XW_AUTO_BUFFER out = {0};

    (void)state;
    xw_lab_translate(source, strlen(source), &out);
    assert_non_null(strstr(out.text, "\nerror 1 10 anchors (&x)"));
    assert_non_null(strstr(out.text, "\nerror 2 6 aliases (*x)"));
}

/* One more than possible, of everything. */
static void too_many(void **state)
{
    XW_AUTO_BUFFER source = {0};
    XW_AUTO_BUFFER out = {0};

    (void)state;
    xw_buffer_add(&source, "xworlds: 1\ntitle: T\naccess:\n  students: [");
    for (int i = 0; i <= XW_GROUPS_PER_LAB_MAX; i++)
        xw_buffer_add(&source, "%sg%d", i ? "," : "", i);
    xw_buffer_add(&source, "]\n  teams: [");
    for (int i = 0; i <= XW_GROUPS_PER_LAB_MAX; i++)
        xw_buffer_add(&source, "%st%d", i ? "," : "", i);
    xw_buffer_add(&source, "]\nsegments: [");
    for (int i = 0; i <= XW_SEGMENTS_MAX; i++)
        xw_buffer_add(&source, "%ss%d", i ? "," : "", i);
    xw_buffer_add(&source, "]\nmachines:\n");
    for (int i = 0; i <= XW_MACHINES_MAX; i++)
        xw_buffer_add(&source, "  m%d: {image: tiny}\n", i);
    xw_lab_translate(source.text, source.length, &out);
    assert_int_equal(count_of(out.text, "\nerror "), 4);
    assert_non_null(strstr(out.text, "students: at most 32 groups"));
    assert_non_null(strstr(out.text, "teams: at most 32 groups"));
    assert_non_null(strstr(out.text, "at most 64 segments"));
    assert_non_null(strstr(out.text, "at most 64 machines"));
}

static void too_many_interfaces(void **state)
{
    XW_AUTO_BUFFER source = {0};
    XW_AUTO_BUFFER out = {0};

    (void)state;
    xw_buffer_add(&source, "xworlds: 1\ntitle: T\naccess: {students: [s]}\nsegments: [s0]\n"
                           "machines:\n  m:\n    image: tiny\n    interfaces:\n");
    for (int i = 0; i <= XW_INTERFACES_MAX; i++)
        xw_buffer_add(&source, "    - {segment: s0}\n");
    xw_lab_translate(source.text, source.length, &out);
    assert_int_equal(count_of(out.text, "\nerror "), 1);
    assert_non_null(strstr(out.text, "\nerror 25 7 a machine has at most 16 interfaces"));
}

/* Any piece of a good file is a file to survive. */
static void every_cut(void **state)
{
    (void)state;
    for (size_t length = 0; length < strlen(good); length++) {
        XW_AUTO_BUFFER out = {0};
        xw_lab_translate(good, length, &out);
        assert_false(out.failed);
        assert_true(out.length > 0);
        assert_int_equal(strncmp(out.text, "xworlds-lab 1\n", 14), 0);
        assert_string_equal(out.text + out.length - 5, "\nend\n");
    }
}

/* --- From lines to records -------------------------------------------------------------------- */

static int fake_group(const char *name, gid_t *gid, struct xw_error *err)
{
    static const struct {
        const char *name;
        gid_t gid;
    } groups[] = {{"cs530", 2001}, {"cs530-ta", 2002}, {"blue", 2003},         {"red", 2004},
                  {"Cyan", 2005},  {"wheel", 0},       {"domain users", 3000}, {"same", 2001}};

    for (size_t i = 0; i < sizeof(groups) / sizeof(groups[0]); i++) {
        if (strcmp(groups[i].name, name) == 0) {
            *gid = groups[i].gid;
            return 0;
        }
    }
    return strcmp(name, "broken") == 0 ? xw_fail(err, -EIO, "no answer") : -ENOENT;
}

static int fake_user(const char *name, uid_t *uid, struct xw_error *err)
{
    static const struct {
        const char *name;
        uid_t uid;
    } users[] = {{"dave", 1005},  {"tina", 1006},    {"zoe", 1001},  {"twin", 1005}, {"root", 0},
                 {"daemon", 999}, {"nobody", 65534}, {"blue", 1007}, {"first", 1000}};

    for (size_t i = 0; i < sizeof(users) / sizeof(users[0]); i++) {
        if (strcmp(users[i].name, name) == 0) {
            *uid = users[i].uid;
            return 0;
        }
    }
    return strcmp(name, "broken") == 0 ? xw_fail(err, -EIO, "no answer") : -ENOENT;
}

static int fake_image(const char *name, char *id, unsigned int *memory_min, struct xw_error *err)
{
    if (strcmp(name, "changed") == 0)
        return xw_fail(err, -ESTALE, "the image has changed");
    if (strcmp(name, "tiny") != 0 && strcmp(name, "debian") != 0)
        return -ENOENT;
    memcpy(id, ID, sizeof(ID));
    *memory_min = strcmp(name, "debian") == 0 ? 512 : 64;
    return 0;
}

static const char *const fake_images[] = {"debian", "tiny"};

static const struct xw_lab_lookup lookup = {.group = fake_group,
                                            .user = fake_user,
                                            .image = fake_image,
                                            .images = fake_images,
                                            .image_count = 2};

/* Large, so not on the stack; freed after each use. */
static struct xw_lab_compiled compiled;
static struct xw_problems problems;

static int compile(const char *lines)
{
    memset(&problems, 0, sizeof(problems));
    return xw_lab_compile("firewall", lines, strlen(lines), &lookup, &compiled, &problems, NULL);
}

static void forget(void)
{
    xw_buffer_free(&compiled.access_text);
    xw_buffer_free(&compiled.plan_text);
}

static void good_lines_compile(void **state)
{
    (void)state;
    assert_int_equal(compile(good_lines), 0);
    assert_string_equal(compiled.access_text.text, good_access);
    assert_string_equal(compiled.plan_text.text, good_plan);
    assert_int_equal(compiled.plan.machine_count, 3);
    assert_int_equal(compiled.access.student_count, 1);
    forget();
}

static void groups_are_sorted_and_once(void **state)
{
    (void)state;
    assert_int_equal(compile("xworlds-lab 1\nstudent 1 1 domain users\nstudent 1 2 same\n"
                             "student 1 3 cs530\ntitle T\nmachine m\nimage 1 1 tiny\n"
                             "memory 1 1 0\nvcpus 1\norder 0\ngateway -\nforward 0\nend\n"),
                     0);
    assert_int_equal(compiled.access.student_count, 2);
    assert_int_equal(compiled.access.students[0], 2001);
    assert_int_equal(compiled.access.students[1], 3000);
    forget();
}

#define MACHINE                                                                                    \
    "title T\nmachine m\nimage 1 1 tiny\nmemory 1 1 0\nvcpus 1\norder 0\ngateway -\nforward "      \
    "0\nend\n"

static void teams_with_and_without_students(void **state)
{
    static const char both[] = "xworlds: 1\ntitle: T\naccess:\n  students: [cs530]\n"
                               "  teams: [red, blue]\n  instructors: [cs530-ta]\n"
                               "machines: {m: {image: tiny}}\n";
    XW_AUTO_BUFFER out = {0};

    (void)state;
    xw_lab_translate(both, strlen(both), &out);
    assert_non_null(strstr(out.text, "student 4 14 cs530\nteam 5 11 red\nteam 5 16 blue\n"
                                     "instructor 6 17 cs530-ta\n"));
    assert_int_equal(compile(out.text), 0);
    assert_non_null(strstr(compiled.access_text.text,
                           "\nstudent 2001\nteam 2003\nteam 2004\ninstructor 2002\n"));
    assert_int_equal(compiled.access.team_count, 2);
    forget();
    assert_int_equal(compile("xworlds-lab 1\nteam 1 1 blue\n" MACHINE), 0);
    assert_int_equal(compiled.access.student_count, 0);
    assert_int_equal(compiled.access.team_count, 1);
    assert_int_equal(compiled.access.teams[0], 2003);
    forget();
}

/* Single users, beside groups or alone; a group and a user of one name are two. */
static void single_users(void **state)
{
    static const char source[] = "xworlds: 1\ntitle: T\naccess:\n  students: [cs530]\n"
                                 "  users: [tina, dave, zoe, dave]\n  teams: [blue]\n"
                                 "  instructors: [cs530-ta]\n  instructor-users: [tina, blue]\n"
                                 "machines: {m: {image: tiny}}\n";
    static const char alone[] = "xworlds: 1\ntitle: T\naccess: {users: [first]}\n"
                                "machines: {m: {image: tiny}}\n";
    XW_AUTO_BUFFER out = {0};
    XW_AUTO_BUFFER second = {0};

    (void)state;
    xw_lab_translate(source, strlen(source), &out);
    assert_non_null(strstr(out.text, "student 4 14 cs530\nuser 5 11 tina\nuser 5 17 dave\n"
                                     "user 5 23 zoe\nuser 5 28 dave\nteam 6 11 blue\n"
                                     "instructor 7 17 cs530-ta\ninstructor-user 8 22 tina\n"
                                     "instructor-user 8 28 blue\n"));
    assert_int_equal(compile(out.text), 0);
    assert_non_null(strstr(compiled.access_text.text,
                           "\nstudent 2001\nuser 1001 zoe\nuser 1005 dave\nuser 1006 tina\n"
                           "team 2003\ninstructor 2002\ninstructor-user 1006 tina\n"
                           "instructor-user 1007 blue\nmachine m\n"));
    assert_int_equal(compiled.access.user_count, 3);
    assert_string_equal(compiled.access.users[1].name, "dave");
    forget();
    xw_lab_translate(alone, strlen(alone), &second);
    assert_int_equal(compile(second.text), 0);
    assert_non_null(strstr(compiled.access_text.text, "\ntitle T\nuser 1000 first\nmachine m\n"));
    forget();
}

/* Who can't be named, where that is said, and what to do about it. */
static void users_who_cannot_be_named(void **state)
{
    static const struct {
        const char *line;
        const char *said;
    } cases[] = {
        {"user 3 4 nosuch\n", "this host has no user \"nosuch\"; make the account with adduser(8), "
                              "or correct the name"},
        {"instructor-user 3 4 nosuch\n", "this host has no user \"nosuch\"; make the account"},
        {"user 3 4 cs530\n", "this host has no user \"cs530\", but a group of that name; name "
                             "groups in \"students\""},
        {"instructor-user 3 4 cs530-ta\n", "but a group of that name; name groups in "
                                           "\"instructors\""},
        {"student 3 4 dave\n", "this host has no group \"dave\", but a user of that name; name "
                               "single users in \"users\""},
        {"team 3 4 dave\n", "name single users in \"users\""},
        {"instructor 3 4 tina\n", "name single users in \"instructor-users\""},
        {"user 3 4 root\n", "the user \"root\" is root, who has xwadm(8) and no worlds; name a "
                            "person"},
        {"instructor-user 3 4 root\n", "is root, who has xwadm(8)"},
        {"user 3 4 daemon\n", "\"daemon\" is a system user; name an account of a person"},
        {"user 3 4 nobody\n", "\"nobody\" is a system user"},
        {"user 3 4 broken\n", "the user \"broken\" can't be looked up: no answer"},
        {"user 3 4 Dave\n", "\"Dave\" can't be a user of a lab: that takes a name of small "
                            "letters, digits, - and _, at most 32"},
        {"user 3 4 @blue\n", "can't be a user of a lab"},
        {"user 3 4 -x\n", "can't be a user of a lab"},
        {"user 3 4 a23456789012345678901234567890123\n", "can't be a user of a lab"},
        {"user 2 4 dave\nuser 3 4 twin\n",
         "the users \"dave\" and \"twin\" have one uid; name one"},
    };
    char lines[512];

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        snprintf(lines, sizeof(lines), "xworlds-lab 1\nstudent 1 1 cs530\n%s" MACHINE,
                 cases[i].line);
        assert_int_equal(compile(lines), -EINVAL);
        assert_int_equal(problems.count, 1);
        assert_true(problems.items[0].at.line == 3 && problems.items[0].at.column == 4);
        if (!strstr(problems.items[0].text, cases[i].said))
            fail_msg("%s: %s", cases[i].line, problems.items[0].text);
        forget();
    }
}

/* A child that has been taken over may name more than the file can. */
static void more_users_than_there_can_be(void **state)
{
    XW_AUTO_BUFFER lines = {0};

    (void)state;
    xw_buffer_add(&lines, "xworlds-lab 1\n");
    for (int i = 0; i <= XW_USERS_PER_LAB_MAX; i++)
        xw_buffer_add(&lines, "user 1 1 dave\n");
    assert_int_equal(compile(lines.text), -EBADMSG);
    forget();
}

/* A group with a record of its own must have a name that can stand there. */
static void names_of_teams_and_instructors(void **state)
{
    static const char *const wrong[] = {"team 3 4 Cyan\n", "team 3 4 domain users\n",
                                        "team 3 4 a234567890123456789012345678901\n"
                                        "team 3 4 a2345678901234567890123456789012\n",
                                        "instructor 3 4 Cyan\n"};
    char lines[512];

    (void)state;
    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
        snprintf(lines, sizeof(lines), "xworlds-lab 1\nstudent 1 1 domain users\n%s" MACHINE,
                 wrong[i]);
        assert_int_equal(compile(lines), -EINVAL);
        assert_int_equal(problems.items[0].at.line, 3);
        const char *last = problems.items[problems.count - 1].text;
        if (!strstr(last, "that takes a name of small letters, digits, - and _, at most 31"))
            fail_msg("%s: %s", wrong[i], last);
        forget();
    }
}

/* What the parent finds is told together with what the child has found, in the file's order. */
static void unknown_names_are_told(void **state)
{
    static const char lines[] = "xworlds-lab 1\n"
                                "error 5 1 wrong; right\n"
                                "student 3 4 nosuch\n"
                                "student 3 8 wheel\n"
                                "instructor 4 4 broken\n"
                                "image 9 12 tinny\n"
                                "memory 9 3 0\n"
                                "image 12 12 nothing-like-it\n"
                                "memory 12 3 0\n"
                                "image 15 12 debian\n"
                                "memory 16 13 128\n"
                                "image 19 12 changed\n"
                                "memory 19 3 128\n"
                                "end\n";
    static const struct {
        unsigned int line, column;
        const char *part;
    } expected[] = {
        {3, 4, "no group \"nosuch\""},
        {3, 8, "root's own"},
        {4, 4, "can't be looked up: no answer"},
        {5, 1, "wrong; right"},
        {9, 12, "did you mean \"tiny\"?"},
        {12, 12, "xwadm image add"},
        {16, 13, "128 MiB of memory are too few for the image \"debian\"; give it at least 512"},
        {19, 12, "the image has changed"},
    };

    (void)state;
    assert_int_equal(compile(lines), -EINVAL);
    assert_int_equal(problems.count, sizeof(expected) / sizeof(expected[0]));
    for (size_t i = 0; i < problems.count; i++) {
        assert_int_equal(problems.items[i].at.line, expected[i].line);
        assert_int_equal(problems.items[i].at.column, expected[i].column);
        if (!strstr(problems.items[i].text, expected[i].part))
            fail_msg("%s", problems.items[i].text);
    }
    assert_null(compiled.access_text.text);
    forget();
}

/* A child that has been taken over may send anything. */
static void hostile_lines(void **state)
{
#define HEAD "xworlds-lab 1\nstudent 1 1 cs530\ntitle T\n"
#define TAIL "memory 1 1 64\nvcpus 1\norder 0\ngateway -\nforward 0\nend\n"
    static const char *const wrong[] = {
        "",
        "xworlds-lab 1\n",
        "xworlds-lab 1\nend\n",
        "xworlds-lab 2\nend\n",
        HEAD "end\n",
        HEAD "machine m\nimage 1 1 tiny\n" TAIL "machine n\n",
        HEAD "machine ../m\nimage 1 1 tiny\n" TAIL,
        HEAD "machine m\n" TAIL,
        HEAD "machine m\nimage 1 1 tiny\nimage 1 1 tiny\n" TAIL,
        HEAD "image 1 1 tiny\nmachine m\n" TAIL,
        HEAD "machine m\nimage tiny " ID "\n" TAIL,
        HEAD "machine m\nimage 1 tiny\n" TAIL,
        HEAD "machine m\nimage -1 1 tiny\n" TAIL,
        HEAD "machine m\nimage 1 1 tiny\nmemory 1 1 64x\n",
        HEAD "machine m\nimage 1 1 tiny\nmemory 1 1 99999999\n",
        HEAD "lab other\nmachine m\nimage 1 1 tiny\n" TAIL,
        HEAD "machine m\nimage 1 1 tiny\n" TAIL "end\n",
        HEAD "machine m\nimage 1 1 tiny\ninterface a -\n" TAIL,
        HEAD "unknown x\nend\n",
        HEAD "machine m\r\nimage 1 1 tiny\n" TAIL,
        "xworlds-lab 1\nstudent 1 1 cs530\nmachine m\nimage 1 1 tiny\n" TAIL,
        "xworlds-lab 1\ntitle T\nmachine m\nimage 1 1 tiny\n" TAIL,
        "xworlds-lab 1\nerror 1 1 \x1b[2J\nend\n",
        "xworlds-lab 1\nerror 1 1 \xc2\x9b"
        "2J\nend\n",
        "xworlds-lab 1\nmore 1\nend\n"
        "x",
    };

    (void)state;
    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
        int rc = compile(wrong[i]);
        if (rc != -EBADMSG)
            fail_msg("%d for: %s", rc, wrong[i]);
        forget();
    }
    assert_int_equal(compile(HEAD "machine m\nimage 1 1 tiny\n" TAIL), 0);
    forget();
}

/* A lab within all limits can still be too large for one record. */
static void plan_too_large(void **state)
{
    XW_AUTO_BUFFER lines = {0};
    struct xw_error err = {0};

    (void)state;
    xw_buffer_add(&lines, "xworlds-lab 1\nstudent 1 1 cs530\ntitle T\nsegment %032d\n", 0);
    for (int i = 0; i < XW_MACHINES_MAX; i++) {
        xw_buffer_add(&lines, "machine m%d\nimage 1 1 tiny\n", i);
        xw_buffer_add(&lines, "memory 1 1 64\nvcpus 1\norder 0\ngateway -\nforward 0\n");
        for (int j = 0; j < XW_INTERFACES_MAX; j++)
            xw_buffer_add(&lines, "interface %032d fd00:1111:2222:3333:4444:5555:%x:%x/64\n", 0,
                          i + 1, j + 1);
    }
    xw_buffer_add(&lines, "end\n");
    memset(&problems, 0, sizeof(problems));
    assert_int_equal(
        xw_lab_compile("firewall", lines.text, lines.length, &lookup, &compiled, &problems, &err),
        -EFBIG);
    assert_non_null(strstr(err.text, "split it into several labs"));
    forget();
}

/* --- Addresses -------------------------------------------------------------------------------- */

static void addresses(void **state)
{
    struct xw_address a, b;
    char text[XW_ADDRESS_SIZE];

    (void)state;
    assert_null(xw_address_read("10.1.2.3/20", true, &a));
    xw_address_write_subnet(&a, text);
    assert_string_equal(text, "10.1.0.0/20");
    xw_address_write(&a, true, text);
    assert_string_equal(text, "10.1.2.3/20");
    assert_null(xw_address_read("10.1.15.254", false, &b));
    assert_true(xw_address_in_subnet(&a, &b));
    assert_null(xw_address_read("10.1.16.1", false, &b));
    assert_false(xw_address_in_subnet(&a, &b));
    assert_null(xw_address_read("FD00:0:0::1/64", true, &a));
    xw_address_write(&a, true, text);
    assert_string_equal(text, "fd00::1/64");
    assert_false(xw_address_in_subnet(&a, &b));
    assert_null(xw_address_read("10.0.0.0/31", true, &a));
    assert_null(xw_address_read("10.0.0.1/32", true, &a));
    assert_null(xw_address_read("fd00::/127", true, &a));
    assert_false(xw_address_same(&(struct xw_address){0}, &(struct xw_address){0}));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(good_file),
        cmocka_unit_test(good_file_with_other_line_ends),
        cmocka_unit_test(small_file_is_right),
        cmocka_unit_test(each_mistake_once),
        cmocka_unit_test(all_mistakes_at_once),
        cmocka_unit_test(files_that_are_nothing),
        cmocka_unit_test(too_deep),
        cmocka_unit_test(too_large),
        cmocka_unit_test(alias_bomb),
        cmocka_unit_test(cycle),
        cmocka_unit_test(too_many),
        cmocka_unit_test(too_many_interfaces),
        cmocka_unit_test(every_cut),
        cmocka_unit_test(good_lines_compile),
        cmocka_unit_test(groups_are_sorted_and_once),
        cmocka_unit_test(teams_with_and_without_students),
        cmocka_unit_test(single_users),
        cmocka_unit_test(users_who_cannot_be_named),
        cmocka_unit_test(more_users_than_there_can_be),
        cmocka_unit_test(names_of_teams_and_instructors),
        cmocka_unit_test(unknown_names_are_told),
        cmocka_unit_test(hostile_lines),
        cmocka_unit_test(plan_too_large),
        cmocka_unit_test(addresses),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
