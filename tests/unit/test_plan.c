/* links: common/error.c common/lines.c common/names.c common/record.c xwhelper/keeper/plan.c */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/unit/private_root.h"
#include "tests/unit/record_lines.h"
#include "xwhelper/keeper/plan.h"

#define PLACE "/var/lib"
#define ID    "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

static const char good[] = "xworlds-plan 1\n"
                           "lab firewall\n"
                           "segment outside\n"
                           "machine router\n"
                           "image tiny " ID "\n"
                           "memory 128\n"
                           "vcpus 1\n"
                           "order 1\n"
                           "gateway -\n"
                           "forward 1\n"
                           "interface outside 10.1.0.1/24\n"
                           "end\n";

/* Large; one is enough for all tests. */
static struct xw_plan plan;

/* A machine may have no interface or several: here it must have the one. */
static int parse(const char *text, size_t length)
{
    int rc = xw_plan_parse(text, length, &plan, NULL);

    if (rc < 0)
        return rc;
    return plan.machine_count == 1 && plan.machines[0].interface_count == 1 ? 0 : -1;
}

static void plan_is_read(void **state)
{
    static const char text[] = "xworlds-plan 1\nlab firewall\nsegment outside\nsegment inside\n"
                               "machine router\nimage tiny " ID "\nmemory 128\nvcpus 2\norder 0\n"
                               "gateway -\nforward 1\ngraphics 1\n"
                               "interface outside 10.1.0.1/24\n"
                               "interface inside -\ninterface inside fd00::1/64\n"
                               "machine web\nimage debian-12 " ID "\nmemory 1048576\nvcpus 64\n"
                               "order 1000\ngateway fd00::1\nforward 0\nend\n";
    (void)state;
    assert_int_equal(xw_plan_parse(text, strlen(text), &plan, NULL), 0);
    assert_string_equal(plan.lab, "firewall");
    assert_int_equal(plan.segment_count, 2);
    assert_string_equal(plan.segments[1], "inside");
    assert_int_equal(plan.machine_count, 2);
    const struct xw_plan_machine *router = &plan.machines[0];
    assert_string_equal(router->name, "router");
    assert_string_equal(router->image, "tiny");
    assert_string_equal(router->image_id, ID);
    assert_int_equal(router->memory, 128);
    assert_int_equal(router->vcpus, 2);
    assert_int_equal(router->order, 0);
    assert_string_equal(router->gateway, "");
    assert_true(router->forward);
    assert_int_equal(router->interface_count, 3);
    assert_string_equal(router->interfaces[0].address, "10.1.0.1/24");
    assert_string_equal(router->interfaces[1].segment, "inside");
    assert_string_equal(router->interfaces[1].address, "");
    const struct xw_plan_machine *web = xw_plan_machine(&plan, "web");
    assert_ptr_equal(web, &plan.machines[1]);
    assert_string_equal(web->gateway, "fd00::1");
    assert_false(web->forward);
    assert_true(router->graphics);
    assert_false(web->graphics);
    assert_int_equal(web->interface_count, 0);
    assert_null(xw_plan_machine(&plan, "we"));
    assert_null(xw_plan_machine(&plan, ""));
}

static void the_limit_of_copies_is_read(void **state)
{
    static const struct {
        const char *lines;
        unsigned int limit;
        int rc;
    } rows[] = {
        {"", XW_COPY_LIMIT_DEFAULT, 0},
        {"copy-limit 0\n", 0, 0},
        {"copy-limit 4096\n", 4096, 0},
        {"suspend-after 0\ncopy-limit 1\n", 1, 0},
        {"copy-limit 4097\n", 0, -EBADMSG},
        {"copy-limit off\n", 0, -EBADMSG},
        {"copy-limit 1\nsuspend-after 0\n", 0, -EBADMSG},
        {"copy-limit 1\ncopy-limit 1\n", 0, -EBADMSG},
    };
    char text[XW_TEST_TEXT_MAX];

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        snprintf(text, sizeof(text), "xworlds-plan 1\nlab firewall\n%s%s", rows[i].lines,
                 strstr(good, "segment"));
        assert_int_equal(xw_plan_parse(text, strlen(text), &plan, NULL), rows[i].rc);
        assert_int_equal(plan.copy_limit, rows[i].limit);
    }
}

static void limits_are_read(void **state)
{
    static const char head[] = "xworlds-plan 1\nlab firewall\n";
    char text[XW_TEST_TEXT_MAX];
    static const struct {
        const char *lines;
        struct xw_limits limits;
        int rc;
    } rows[] = {
        {"", {0}, 0},
        {"most-machines 1\n", {.machines = 1}, 0},
        {"most-memory 1073741824\n", {.memory = 1073741824}, 0},
        {"most-vcpus 65536\n", {.vcpus = 65536}, 0},
        {"most-machines 65536\nmost-memory 1\nmost-vcpus 1\n", {65536, 1, 1, 0}, 0},
        {"most-vcpus 1\nmost-checkpoints 160\n", {.vcpus = 1, .checkpoints = 160}, 0},
        {"most-checkpoints 0\n", {0}, -EBADMSG},
        {"most-checkpoints 161\n", {0}, -EBADMSG},
        {"most-checkpoints 1\nmost-vcpus 1\n", {0}, -EBADMSG},
        {"most-machines 0\n", {0}, -EBADMSG},
        {"most-machines 65537\n", {0}, -EBADMSG},
        {"most-memory 0\n", {0}, -EBADMSG},
        {"most-memory 1073741825\n", {0}, -EBADMSG},
        {"most-vcpus 0\n", {0}, -EBADMSG},
        {"most-vcpus 65537\n", {0}, -EBADMSG},
        {"most-vcpus none\n", {0}, -EBADMSG},
        /* In this order, once. */
        {"most-memory 1\nmost-machines 1\n", {0}, -EBADMSG},
        {"most-vcpus 1\nmost-vcpus 1\n", {0}, -EBADMSG},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        snprintf(text, sizeof(text), "%s%s%s", head, rows[i].lines, good + strlen(head));
        assert_int_equal(xw_plan_parse(text, strlen(text), &plan, NULL), rows[i].rc);
        assert_int_equal(plan.limits.machines, rows[i].limits.machines);
        assert_int_equal(plan.limits.memory, rows[i].limits.memory);
        assert_int_equal(plan.limits.vcpus, rows[i].limits.vcpus);
        assert_int_equal(plan.limits.checkpoints, rows[i].limits.checkpoints);
    }
}

static void every_line_counts(void **state)
{
    (void)state;
    xw_test_each_line(parse, good);
}

static void every_byte_counts(void **state)
{
    (void)state;
    xw_test_each_byte(parse, good);
}

/* Replaces one line of the good plan. */
static int parse_with(const char *line, const char *replacement)
{
    char text[XW_TEST_TEXT_MAX];
    const char *at = strstr(good, line);

    assert_non_null(at);
    snprintf(text, sizeof(text), "%.*s%s%s", (int)(at - good), good, replacement,
             at + strlen(line));
    return xw_plan_parse(text, strlen(text), &plan, NULL);
}

static void values_that_are_not(void **state)
{
    static const struct {
        const char *line;
        const char *replacement;
    } wrong[] = {
        {"xworlds-plan 1", "xworlds-plan 2"},
        {"lab firewall", "lab Firewall"},
        {"segment outside", "segment ../outside"},
        {"segment outside\n", "segment outside\nsegment outside\n"},
        {"machine router", "machine xw:router"},
        {"image tiny " ID, "image tiny"},
        {"image tiny " ID, "image tiny " ID "0"},
        {"image tiny " ID, "image tiny " ID " "},
        {"image tiny " ID, "image ../tiny " ID},
        {"image tiny 0123", "image tiny 012G"},
        {"image tiny 0123456789abcdef", "image tiny 0123456789ABCDEF"},
        {"memory 128", "memory 0"},
        {"memory 128", "memory 1048577"},
        {"memory 128", "memory 0128"},
        {"memory 128", "memory 128M"},
        {"vcpus 1", "vcpus 0"},
        {"vcpus 1", "vcpus 65"},
        {"order 1", "order 1001"},
        {"order 1", "order -1"},
        {"gateway -", "gateway"},
        {"gateway -", "gateway router"},
        {"gateway -", "gateway 10.1.0.1/24"},
        {"gateway -", "gateway 10.1.0.01"},
        {"gateway -", "gateway 10.1.0"},
        {"gateway -", "gateway 256.1.0.1"},
        {"gateway -", "gateway FD00::1"},
        {"gateway -", "gateway fd00:0::1"},
        {"gateway -", "gateway fe80::1%lo"},
        {"forward 1", "forward 2"},
        {"forward 1", "forward true"},
        {"forward 1", "forward 1\ngraphics"},
        {"forward 1", "forward 1\ngraphics 2"},
        {"forward 1", "forward 1\ngraphics true"},
        {"forward 1", "graphics 1\nforward 1"},
        {"forward 1", "forward 1\ngraphics 1\ngraphics 1"},
        {"interface outside 10.1.0.1/24", "interface inside 10.1.0.1/24"},
        {"interface outside 10.1.0.1/24", "interface outside"},
        {"interface outside 10.1.0.1/24", "interface outside 10.1.0.1"},
        {"interface outside 10.1.0.1/24", "interface outside 10.1.0.1/"},
        {"interface outside 10.1.0.1/24", "interface outside 10.1.0.1/0"},
        {"interface outside 10.1.0.1/24", "interface outside 10.1.0.1/33"},
        {"interface outside 10.1.0.1/24", "interface outside 10.1.0.1/024"},
        {"interface outside 10.1.0.1/24", "interface outside 10.1.0.1/24/24"},
        {"interface outside 10.1.0.1/24", "interface outside fd00::1/129"},
        {"interface outside 10.1.0.1/24", "interface outside fd00::0:1/64"},
        {"interface outside 10.1.0.1/24", "interface outside 10.1.0.1/24 x"},
        {"interface outside 10.1.0.1/24", "interface outside \"><x/24"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
        if (parse_with(wrong[i].line, wrong[i].replacement) != -EBADMSG)
            fail_msg("taken: %s", wrong[i].replacement);
        assert_int_equal(plan.machine_count, 0);
    }
    static const char twice[] = "machine router\nimage tiny " ID "\nmemory 1\nvcpus 1\norder 1\n"
                                "gateway -\nforward 0\nmachine router\n";
    assert_int_equal(parse_with("machine router\n", twice), -EBADMSG);
    assert_int_equal(parse_with("10.1.0.1/24", "fd00::1/128"), 0);
    assert_int_equal(parse_with("10.1.0.1/24", "-"), 0);
    assert_int_equal(parse_with("forward 1", "forward 1\ngraphics 0"), 0);
    assert_false(plan.machines[0].graphics);
}

/* Writes a plan of so many segments, machines and interfaces of each. */
static char *write_large(size_t segments, size_t machines, size_t interfaces)
{
    char *text = NULL;
    size_t length = 0;
    FILE *out = open_memstream(&text, &length);

    assert_non_null(out);
    fprintf(out, "xworlds-plan 1\nlab firewall\n");
    for (size_t i = 0; i < segments; i++)
        fprintf(out, "segment s%zu\n", i);
    for (size_t i = 0; i < machines; i++) {
        fprintf(out,
                "machine m%zu\nimage tiny " ID "\nmemory 1\nvcpus 1\norder 0\ngateway -\n"
                "forward 0\n",
                i);
        for (size_t j = 0; j < interfaces; j++)
            fprintf(out, "interface s0 -\n");
    }
    fprintf(out, "end\n");
    fclose(out);
    return text;
}

static int parse_large(size_t segments, size_t machines, size_t interfaces)
{
    char *text = write_large(segments, machines, interfaces);
    int rc = xw_plan_parse(text, strlen(text), &plan, NULL);

    free(text);
    return rc;
}

static void limits_of_counts(void **state)
{
    (void)state;
    assert_int_equal(parse_large(XW_SEGMENTS_MAX, XW_MACHINES_MAX, XW_INTERFACES_MAX), 0);
    assert_int_equal(plan.machines[XW_MACHINES_MAX - 1].interface_count, XW_INTERFACES_MAX);
    assert_int_equal(parse_large(XW_SEGMENTS_MAX + 1, 1, 0), -EBADMSG);
    assert_int_equal(parse_large(1, XW_MACHINES_MAX + 1, 0), -EBADMSG);
    assert_int_equal(parse_large(1, 1, XW_INTERFACES_MAX + 1), -EBADMSG);
    assert_int_equal(parse_large(1, 0, 0), -EBADMSG);
    assert_int_equal(parse_large(0, 1, 1), -EBADMSG);
    assert_int_equal(parse_large(0, 1, 0), 0);
}

static const char *wrong_with_large(size_t segments, size_t machines, size_t interfaces)
{
    static struct xw_error err;
    char *text = write_large(segments, machines, interfaces);

    err = (struct xw_error){0};
    xw_plan_parse(text, strlen(text), &plan, &err);
    free(text);
    return err.text;
}

static void what_is_too_much_is_told(void **state)
{
    (void)state;
    assert_non_null(strstr(wrong_with_large(XW_SEGMENTS_MAX + 1, 1, 0), "segments"));
    assert_non_null(strstr(wrong_with_large(1, XW_MACHINES_MAX + 1, 0), "there are more than"));
    assert_non_null(
        strstr(wrong_with_large(1, 1, XW_INTERFACES_MAX + 1), "the machine has more than"));
    assert_non_null(strstr(wrong_with_large(1, 0, 0), "a line \"machine\" must be here"));
}

static int enter_place(void **state)
{
    (void)state;
    return xw_test_private_root(PLACE) < 0 || chdir(PLACE) < 0 ? -1 : 0;
}

static void make_file(const char *name, const char *text)
{
    int fd = open(name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0640);

    assert_true(fd >= 0);
    assert_int_equal(write(fd, text, strlen(text)), strlen(text));
    close(fd);
}

static void plans_of_a_lab(void **state)
{
    struct xw_error err = {0};

    (void)state;
    assert_int_equal(mkdir("labs", 0750), 0);
    assert_int_equal(mkdir("labs/firewall", 0750), 0);
    assert_int_equal(mkdir("labs/other", 0750), 0);
    assert_int_equal(symlink("firewall", "labs/link"), 0);
    assert_int_equal(mkdir("labs/broken", 0750), 0);
    assert_int_equal(mkdir("labs/empty", 0750), 0);
    make_file("labs/broken/plan", "xworlds-plan 1\nlab broken\n");
    make_file("labs/file", "");
    make_file("labs/firewall/plan", good);
    make_file("labs/other/plan", good);
    int fd = open("labs", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    assert_int_equal(xw_plan_read(fd, "firewall", &plan, &err), 0);
    assert_int_equal(xw_plan_read(fd, "other", &plan, &err), -EBADMSG);
    assert_int_equal(plan.machine_count, 0);
    assert_non_null(strstr(err.text, "labs/other/plan is about another lab"));
    assert_int_equal(xw_plan_read(fd, "broken", &plan, &err), -EBADMSG);
    assert_non_null(strstr(err.text, "labs/broken/plan, line 3: "));
    assert_int_equal(xw_plan_read(fd, "file", &plan, &err), -EPERM);
    assert_int_equal(xw_plan_read(fd, "link", &plan, &err), -EPERM);
    assert_int_equal(xw_plan_read(fd, "missing", &plan, &err), -ENOENT);
    assert_int_equal(xw_plan_read(fd, "empty", &plan, &err), -ENOENT);
    assert_int_equal(xw_plan_read(fd, "../labs/firewall", &plan, &err), -ENOENT);
    close(fd);
}

int main(void)
{
    const struct CMUnitTest texts[] = {
        cmocka_unit_test(plan_is_read),      cmocka_unit_test(the_limit_of_copies_is_read),
        cmocka_unit_test(limits_are_read),   cmocka_unit_test(every_line_counts),
        cmocka_unit_test(every_byte_counts), cmocka_unit_test(values_that_are_not),
        cmocka_unit_test(limits_of_counts),  cmocka_unit_test(what_is_too_much_is_told),
    };
    const struct CMUnitTest files[] = {cmocka_unit_test(plans_of_a_lab)};
    int failed = cmocka_run_group_tests(texts, NULL, NULL);

    return failed + cmocka_run_group_tests(files, enter_place, NULL);
}
