/* links: xwsh/lines.c */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "xwsh/lines.h"

struct pipes {
    int ends[2];
    struct xw_lines lines;
};

static int set_up(void **state)
{
    static struct pipes pipes;

    pipes = (struct pipes){0};
    *state = &pipes;
    return pipe2(pipes.ends, O_CLOEXEC | O_NONBLOCK);
}

static int tear_down(void **state)
{
    struct pipes *pipes = *state;

    close(pipes->ends[0]);
    if (pipes->ends[1] >= 0)
        close(pipes->ends[1]);
    return 0;
}

static void put(struct pipes *pipes, const char *bytes, size_t size)
{
    assert_int_equal(write(pipes->ends[1], bytes, size), size);
    assert_int_equal(xw_lines_fill(&pipes->lines, pipes->ends[0]), 0);
}

static void end_input(struct pipes *pipes)
{
    close(pipes->ends[1]);
    pipes->ends[1] = -1;
    assert_int_equal(xw_lines_fill(&pipes->lines, pipes->ends[0]), 0);
    assert_true(pipes->lines.at_end);
}

static void gives_whole_lines(void **state)
{
    struct pipes *pipes = *state;
    char *line = NULL;

    put(pipes, "one\n\ntw", 7);
    assert_int_equal(xw_lines_next(&pipes->lines, &line), 1);
    assert_string_equal(line, "one");
    assert_int_equal(xw_lines_next(&pipes->lines, &line), 1);
    assert_string_equal(line, "");
    assert_int_equal(xw_lines_next(&pipes->lines, &line), 0);
    assert_int_equal(xw_lines_fill(&pipes->lines, pipes->ends[0]), 0);
    assert_false(pipes->lines.at_end);
    put(pipes, "o\n", 2);
    assert_int_equal(xw_lines_next(&pipes->lines, &line), 1);
    assert_string_equal(line, "two");
    end_input(pipes);
    assert_int_equal(xw_lines_next(&pipes->lines, &line), 0);
}

static void refuses_a_line_that_is_cut_off(void **state)
{
    struct pipes *pipes = *state;
    char *line = NULL;

    put(pipes, "end 0", 5);
    end_input(pipes);
    assert_int_equal(xw_lines_next(&pipes->lines, &line), -EBADMSG);
}

static void refuses_nul(void **state)
{
    struct pipes *pipes = *state;
    char *line = NULL;

    put(pipes, "end\0 0\n", 7);
    assert_int_equal(xw_lines_next(&pipes->lines, &line), -EBADMSG);
}

static void is_bounded(void **state)
{
    struct pipes *pipes = *state;
    char text[XW_LINE_MAX];
    char *line = NULL;

    memset(text, 'x', sizeof(text));
    text[sizeof(text) - 1] = '\n';
    put(pipes, text, sizeof(text));
    assert_int_equal(xw_lines_next(&pipes->lines, &line), 1);
    assert_int_equal(strlen(line), XW_LINE_MAX - 1);
    text[sizeof(text) - 1] = 'x';
    put(pipes, text, sizeof(text));
    assert_int_equal(xw_lines_next(&pipes->lines, &line), -EMSGSIZE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(gives_whole_lines, set_up, tear_down),
        cmocka_unit_test_setup_teardown(refuses_a_line_that_is_cut_off, set_up, tear_down),
        cmocka_unit_test_setup_teardown(refuses_nul, set_up, tear_down),
        cmocka_unit_test_setup_teardown(is_bounded, set_up, tear_down)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
