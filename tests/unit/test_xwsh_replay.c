/* links: xwsh/render.c xwsh/draw.c xwsh/replay.c xwsh/history.c xwsh/pump.c xwsh/guest.c xwsh/escape.c xwsh/tty.c xwsh/signals.c xwsh/safe_text.c common/error.c */
/*
 * The last screen: what a guest's output is rendered to, what of it is drawn, that a terminal then
 * shows it with the cursor and the modes that the guest believes in, and that a guest can neither
 * get a byte of its own there nor keep its student from the console.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <fcntl.h>
#include <locale.h>
#include <signal.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "tests/unit/rendered.h"
#include "xwsh/history.h"
#include "xwsh/replay.h"
#include "xwsh/tty.h"

enum { ROWS = 6, COLUMNS = 20 };

static const char *const no_words = "";

static struct xw_screen *render(const char *bytes)
{
    return xw_test_render(bytes, strlen(bytes), ROWS, COLUMNS);
}

/* A row of a page as text: '_' for the right half of a wide character. */
static const char *row_of(const struct xw_screen *screen, enum xw_page page, int row)
{
    static char text[COLUMNS + 1];
    const struct xw_cell *cells = screen->cells + ((int)page * ROWS + row) * COLUMNS;
    int length = 0;

    for (int i = 0; i < COLUMNS; i++) {
        uint32_t code = cells[i].characters[0];
        text[i] = (char)(cells[i].columns == 0 ? '_'
                         : code == 0           ? ' '
                         : code < 0x7f         ? (char)code
                                               : '?');
        length = text[i] == ' ' ? length : i + 1;
    }
    text[length] = '\0';
    return text;
}

static void rows_are(const struct xw_screen *screen, enum xw_page page, const char *const *rows)
{
    for (int i = 0; i < ROWS; i++)
        assert_string_equal(row_of(screen, page, i), rows[i] ? rows[i] : "");
}

static void cursor_is(const struct xw_screen *screen, enum xw_page page, int row, int column)
{
    assert_int_equal(screen->cursors[page].row, row);
    assert_int_equal(screen->cursors[page].column, column);
}

/* What a terminal shows that is given the drawing of what the guest wrote. */
static struct xw_screen *draw_again(const struct xw_screen *screen, const char *words)
{
    char *text = xw_draw(screen, ROWS, COLUMNS, XW_CHARSET_UTF8, words);

    assert_non_null(text);
    const char *foreign = xw_test_foreign(text);
    if (foreign)
        fail_msg("foreign: %s", foreign + 1);
    struct xw_screen *drawn = render(text);
    free(text);
    return drawn;
}

/* What the guest wrote shows on a terminal as it would have, had the terminal been there. */
static struct xw_screen *shows_the_same(const char *bytes)
{
    struct xw_screen *screen = render(bytes);
    struct xw_screen *drawn = draw_again(screen, no_words);

    assert_int_equal(screen->alternate, drawn->alternate);
    assert_int_equal(screen->hidden, drawn->hidden);
    assert_int_equal(screen->cursor_keys, drawn->cursor_keys);
    assert_int_equal(screen->keypad, drawn->keypad);
    assert_int_equal(screen->paste, drawn->paste);
    assert_int_equal(screen->stays, drawn->stays);
    assert_int_equal(screen->top, drawn->top);
    assert_int_equal(screen->bottom, drawn->bottom);
    assert_memory_equal(&screen->pen, &drawn->pen, sizeof(screen->pen));
    for (int page = 0; page <= screen->alternate; page++) {
        assert_int_equal(screen->cursors[page].row, drawn->cursors[page].row);
        assert_int_equal(screen->cursors[page].column, drawn->cursors[page].column);
        assert_int_equal(screen->cursors[page].wraps, drawn->cursors[page].wraps);
    }
    for (int i = 0; i < (1 + screen->alternate) * ROWS * COLUMNS; i++)
        assert_true(xw_test_same_cell(&screen->cells[i], &drawn->cells[i]));
    free(screen);
    return drawn;
}

static void text_and_cursor(void **state)
{
    struct xw_screen *screen = render("one\r\ntwo\tx\r\nlogin: ");

    (void)state;
    rows_are(screen, XW_PAGE_MAIN, (const char *const[ROWS]){"one", "two     x", "login:"});
    cursor_is(screen, XW_PAGE_MAIN, 2, 7);
    free(screen);
    free(shows_the_same("one\r\ntwo\tx\r\nlogin: "));
    free(shows_the_same(""));
    free(shows_the_same("1\r\n2\r\n3\r\n4\r\n5\r\n6\r\n7\r\n$ "));
    free(shows_the_same("\x1b[3;4Hmiddle\x1b[1;2H"));
    /* The last column, with the next character in the next line and without. */
    struct xw_screen *drawn = shows_the_same("12345678901234567890");
    assert_true(drawn->cursors[XW_PAGE_MAIN].wraps);
    free(drawn);
    drawn = shows_the_same("12345678901234567890\x1b[1;20H");
    assert_false(drawn->cursors[XW_PAGE_MAIN].wraps);
    free(drawn);
    free(shows_the_same("123456789012345678\xe4\xb8\xad"));
    free(shows_the_same("\x1b[6;1H12345678901234567890"));
}

static void attributes_and_colours(void **state)
{
    static const char bytes[] = "\x1b[1;31mred\x1b[0;4;94mblue\x1b[0;38;5;200;48;2;1;2;3mmany"
                                "\x1b[0;3;5;7;9mall\x1b[0m\r\n\x1b[44m\x1b[K\x1b[7;92m";
    struct xw_screen *screen = render(bytes);

    (void)state;
    assert_int_equal(screen->cells[0].pen.attributes, XW_ATTRIBUTE_BOLD);
    assert_int_equal(screen->cells[0].pen.foreground.kind, XW_COLOUR_INDEXED);
    assert_int_equal(screen->cells[0].pen.foreground.red, 1);
    assert_int_equal(screen->cells[3].pen.attributes, XW_ATTRIBUTE_UNDERLINE);
    assert_int_equal(screen->cells[3].pen.foreground.red, 12);
    assert_int_equal(screen->cells[7].pen.foreground.red, 200);
    assert_int_equal(screen->cells[7].pen.background.kind, XW_COLOUR_RGB);
    assert_int_equal(screen->cells[7].pen.background.blue, 3);
    assert_int_equal(screen->cells[11].pen.attributes, XW_ATTRIBUTE_ITALIC | XW_ATTRIBUTE_BLINK |
                                                           XW_ATTRIBUTE_REVERSE |
                                                           XW_ATTRIBUTE_STRIKE);
    assert_int_equal(screen->cells[COLUMNS].pen.background.red, 4);
    assert_int_equal(screen->pen.attributes, XW_ATTRIBUTE_REVERSE);
    assert_int_equal(screen->pen.foreground.red, 10);
    assert_int_equal(screen->pen.background.red, 4);
    free(screen);
    free(shows_the_same(bytes));
    free(shows_the_same("\x1b[?5hreverse"));
}

static void wide_and_combined(void **state)
{
    struct xw_screen *screen = render("a\xe4\xb8\xad"
                                      "b e\xcc\x81!");

    (void)state;
    assert_string_equal(row_of(screen, XW_PAGE_MAIN, 0), "a?_b e!");
    assert_int_equal(screen->cells[1].columns, 2);
    assert_int_equal(screen->cells[5].characters[1], 0x301);
    free(screen);
    struct xw_screen *drawn = shows_the_same("a\xe4\xb8\xad"
                                             "b e\xcc\x81!");
    assert_int_equal(drawn->cells[5].characters[1], 0x301);
    free(drawn);
    /* More combined than a cell holds; halves that were written over, deleted, moved. */
    free(shows_the_same("e\xcc\x81\xcc\x82\xcc\x83\xcc\x84\xcc\x85\xcc\x86\xcc\x87\xcc\x88."));
    free(shows_the_same("\xe4\xb8\xad\x1b[1;2Hx\r\n\xe4\xb8\xad\x1b[2;1Hx\r\n\xe4\xb8\xad"
                        "y\x1b[3;1H\x1b[P\x1b[4;19H\xe4\xb8\xad\x1b[4;1H\x1b[@\x1b[5;1H"));
}

static void an_alternate_screen(void **state)
{
    static const char bytes[] = "$ vi x\r\n\x1b[?1049h\x1b[?1h\x1b=\x1b[?2004h\x1b[?25l\x1b[2J"
                                "\x1b[1;5r\x1b[Htext\r\n~\x1b[6;1H\x1b[7mx: 1\x1b[0m\x1b[1;3H";
    struct xw_screen *screen = render(bytes);

    (void)state;
    assert_true(screen->alternate && screen->cursor_keys && screen->keypad && screen->paste &&
                screen->hidden && !screen->stays);
    assert_int_equal(screen->top, 0);
    assert_int_equal(screen->bottom, 5);
    rows_are(screen, XW_PAGE_ALTERNATE,
             (const char *const[ROWS]){"text", "~", NULL, NULL, NULL, "x: 1"});
    rows_are(screen, XW_PAGE_MAIN, (const char *const[ROWS]){"$ vi x"});
    cursor_is(screen, XW_PAGE_ALTERNATE, 0, 2);
    cursor_is(screen, XW_PAGE_MAIN, 1, 0);
    assert_true(xw_draw_touches(screen, ROWS));
    /* Words have no place on it; they are under it. */
    struct xw_screen *drawn = draw_again(screen, "Connected.\n");
    rows_are(drawn, XW_PAGE_ALTERNATE,
             (const char *const[ROWS]){"text", "~", NULL, NULL, NULL, "x: 1"});
    cursor_is(drawn, XW_PAGE_ALTERNATE, 0, 2);
    rows_are(drawn, XW_PAGE_MAIN, (const char *const[ROWS]){"Connected."});
    cursor_is(drawn, XW_PAGE_MAIN, 1, 0);
    free(drawn);
    free(screen);
    free(shows_the_same(bytes));
    /* Left again. */
    drawn = shows_the_same("$ vi x\r\n\x1b[?1049hgone\x1b[?1049l$ ");
    rows_are(drawn, XW_PAGE_MAIN, (const char *const[ROWS]){"$ vi x", "$"});
    free(drawn);
}

static void modes(void **state)
{
    static const char *const each[] = {"\x1b[?1h",  "\x1b=",     "\x1b[?2004h", "\x1b[?7l",
                                       "\x1b[?25l", "\x1b[2;4r", "\x1b[31m"};

    (void)state;
    for (size_t i = 0; i < sizeof(each) / sizeof(each[0]); i++) {
        struct xw_screen *screen = shows_the_same(each[i]);
        assert_true(xw_draw_touches(screen, ROWS));
        free(screen);
    }
    struct xw_screen *plain = render("\x1b[1mtext\x1b[0m \x1b[?1h\x1b[?1l\x1b=\x1b>");
    assert_false(xw_draw_touches(plain, ROWS));
    free(plain);
}

/* Between what is above the cursor and the cursor's line, which keeps its row if there is room. */
static void words(void **state)
{
    struct xw_screen *screen = render("1\r\n2\r\n3\r\n4\r\n5\r\n$ ls");
    struct xw_screen *drawn = draw_again(screen, "Connected.\nAlso here: bob.\n");

    (void)state;
    rows_are(drawn, XW_PAGE_MAIN,
             (const char *const[ROWS]){"3", "4", "5", "Connected.", "Also here: bob.", "$ ls"});
    cursor_is(drawn, XW_PAGE_MAIN, 5, 4);
    free(drawn);
    free(screen);
    screen = render("1\r\n2\r\n$ ls");
    drawn = draw_again(screen, "Connected.\n");
    rows_are(drawn, XW_PAGE_MAIN, (const char *const[ROWS]){"2", "Connected.", "$ ls"});
    cursor_is(drawn, XW_PAGE_MAIN, 2, 4);
    free(drawn);
    free(screen);
    /* No room above. */
    screen = render("$ ls\r\nbelow\x1b[1;5H");
    drawn = draw_again(screen, "Connected.\n");
    rows_are(drawn, XW_PAGE_MAIN, (const char *const[ROWS]){"Connected.", "$ ls", "below"});
    cursor_is(drawn, XW_PAGE_MAIN, 1, 4);
    free(drawn);
    free(screen);
    screen = render("1\r\n2\r\n3\r\n4\r\n5\r\n6\x1b[1;2H");
    drawn = draw_again(screen, "Connected.\n");
    rows_are(drawn, XW_PAGE_MAIN, (const char *const[ROWS]){"1", "2", "3", "4", "5", "6"});
    cursor_is(drawn, XW_PAGE_MAIN, 0, 1);
    free(drawn);
    free(screen);
    /* Longer than the window: cut, in one line. */
    screen = render("\r\n\r\n$ ");
    drawn = draw_again(screen, "Connected to firewall/web. Press a key.\n");
    assert_string_equal(row_of(drawn, XW_PAGE_MAIN, 2), "$");
    free(drawn);
    free(screen);
}

/* T-H7: nothing of it is in the drawing, whose text is there. */
static void hostile_sequences(void **state)
{
    static const char *const each[] = {"\x1b[c",
                                       "\x1b[>c",
                                       "\x1b[=c",
                                       "\x1b[5n",
                                       "\x1b[6n",
                                       "\x1b[?6n",
                                       "\x05",
                                       "\x1bZ",
                                       "\x1bP$qm\x1b\\",
                                       "\x1b[?1$p",
                                       "\x1b[18t",
                                       "\x1b[21t",
                                       "\x1b]0;x\x07",
                                       "\x1b]2;x\x1b\\",
                                       "\x1b]52;c;?\x07",
                                       "\x1b]52;c;eA==\x1b\\",
                                       "\x1b]11;?\x07",
                                       "\x1b]4;1;?\x07",
                                       "\x1b[?1000h",
                                       "\x1b[?1003h\x1b[?1006h",
                                       "\x1b[?1004h",
                                       "\x1b[>4;2m",
                                       "\x1b[=1u",
                                       "\x1b_x\x1b\\",
                                       "\x1b^x\x1b\\",
                                       "\x1bXx\x1b\\",
                                       "\x1b[x",
                                       "\x1b[4i",
                                       "\x1b[?2026h",
                                       "\x1b#8\x1b[2J\x1b[H",
                                       "\x1b]8;;http://x\x07",
                                       "\x9b"
                                       "6n"};

    (void)state;
    for (size_t i = 0; i < sizeof(each) / sizeof(each[0]); i++) {
        char bytes[128];
        snprintf(bytes, sizeof(bytes), "%splain text", each[i]);
        struct xw_screen *screen = render(bytes);
        struct xw_screen *drawn = draw_again(screen, no_words);
        assert_non_null(strstr(row_of(drawn, XW_PAGE_MAIN, 0), "plain text"));
        char *text = xw_draw(screen, ROWS, COLUMNS, XW_CHARSET_UTF8, no_words);
        assert_null(strstr(text, each[i]));
        free(text);
        free(screen);
        free(drawn);
    }
}

/* What libvterm 0.1.4 dies of, or never ends with. */
static void what_libvterm_can_not_take(void **state)
{
    static char long_string[9000];
    char parameters[200] = "\x1b[1";
    struct xw_screen *screen;

    (void)state;
    for (int i = 0; i < 60; i++)
        strcat(parameters, ";1");
    strcat(parameters, "mtext");
    free(shows_the_same(parameters));
    /* What libvterm takes for the same. */
    static char between[sizeof(parameters) + 2] = "\x1b ";
    strcat(between, parameters + 1);
    free(shows_the_same(between));
    free(shows_the_same("\x1b[999999999;999999999H\x1b[2147483647C\x1b[99999999999999999999Btext"));
    screen = shows_the_same("ab\x1b[2147483646C");
    cursor_is(screen, XW_PAGE_MAIN, 0, COLUMNS - 1);
    free(screen);
    free(shows_the_same("\x1b[9999b\x1b[1;1H\x1b[99999999btext"));
    free(shows_the_same("\x1b[999999999L\x1b[999999999M\x1b[999999999@\x1b[999999999P"
                        "\x1b[999999999S\x1b[999999999T\x1b[999999999Xtext"));
    screen = shows_the_same("ab\x1b[3bc");
    assert_string_equal(row_of(screen, XW_PAGE_MAIN, 0), "abbbbc");
    free(screen);
    memset(long_string, 'x', sizeof(long_string) - 1);
    memcpy(long_string, "\x1b]0;", 4);
    screen = shows_the_same(long_string);
    assert_string_equal(row_of(screen, XW_PAGE_MAIN, 0), "");
    free(screen);
}

static void malformed_and_hidden_text(void **state)
{
    static const char bytes[] = "\xc3(\xa0\xff\xf4\x90\x80\x80\xed\xa0\x80 \xc2\x9b"
                                "6n \xe2\x80\xae\xe2\x80\x8b \xef\xbf\xbf end";
    struct xw_screen *screen = render(bytes);
    char *text = xw_draw(screen, ROWS, COLUMNS, XW_CHARSET_UTF8, no_words);

    (void)state;
    assert_null(xw_test_foreign(text));
    assert_null(strstr(text, "\xc2\x9b"));
    assert_null(strstr(text, "\xe2\x80\xae"));
    free(text);
    free(screen);
    /* A terminal without UTF-8 gets none: some of its bytes would be control characters there. */
    screen = render("\xda\x9b"
                    "6n \xe4\xb8\xad \x1b(0lqkx\x1b(B e\xcc\x81.");
    text = xw_draw(screen, ROWS, COLUMNS, XW_CHARSET_ASCII, no_words);
    for (const char *at = text; *at; at++)
        assert_true((unsigned char)*at < 0x7f);
    struct xw_screen *drawn = render(text);
    assert_string_equal(row_of(drawn, XW_PAGE_MAIN, 0), "?6n ?? +-+| e.");
    free(drawn);
    free(text);
    free(screen);
}

/* A screen that comes from a process that a guest has taken over. */
static void a_screen_of_anything(void **state)
{
    size_t size = xw_screen_size(ROWS, COLUMNS);
    struct xw_screen *screen = malloc(size);

    (void)state;
    for (unsigned int seed = 1; seed < 300; seed++) {
        srand(seed);
        for (size_t i = 0; i < size; i++)
            ((unsigned char *)screen)[i] =
                (unsigned char)(seed % 3 ? rand() : 0xff - (int)seed % 7);
        for (int charset = 0; charset < 2; charset++) {
            char *text = xw_draw(screen, ROWS, COLUMNS, (enum xw_charset)charset, "Words.\n");
            assert_non_null(text);
            assert_null(xw_test_foreign(text));
            free(text);
        }
        (void)xw_draw_is_blank(screen, ROWS, COLUMNS);
        (void)xw_draw_touches(screen, ROWS);
    }
    free(screen);
}

static void where_a_sequence_is_unfinished(void **state)
{
    static const struct {
        const char *bytes;
        size_t rest;
    } cases[] = {{"text", 0},
                 {"text\x1b", 1},
                 {"text\x1b[", 2},
                 {"text\x1b[1;3", 5},
                 {"text\x1b[1;31m", 0},
                 {"\x1b[m$ ", 0},
                 {"\x1b(", 2},
                 {"\x1b(B", 0},
                 {"\x1b]0;title", 0},
                 {"\x1b[?25", 5},
                 {"\x1b[!", 3},
                 {"x\xe4", 1},
                 {"x\xe4\xb8", 2},
                 {"x\xe4\xb8\xad", 0},
                 {"x\xf0\x9f\x98", 3},
                 {"\x80\x80\x80", 0},
                 {"x\xff", 0},
                 {"x\xc3\xa9", 0},
                 {"", 0}};
    char spaces[200] = "\x1b[";

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        size_t count = strlen(cases[i].bytes);
        assert_int_equal(xw_replay_whole(cases[i].bytes, count), count - cases[i].rest);
    }
    memset(spaces + 2, '1', sizeof(spaces) - 2);
    assert_int_equal(xw_replay_whole(spaces, sizeof(spaces)), sizeof(spaces));
}

/* --- the process ----------------------------------------------------------------------------- */

static int make(const char *bytes, size_t count, int rows, int columns, struct xw_replay *replay)
{
    return xw_replay_make(bytes, count, rows, columns, XW_CHARSET_UTF8, "Words.\n", "Blank.\n",
                          replay);
}

static void it_is_rendered_elsewhere(void **state)
{
    struct xw_replay replay;

    (void)state;
    assert_int_equal(make("login: ", 7, 24, 80, &replay), 0);
    assert_non_null(strstr(replay.text, "Words.\r\n"));
    assert_non_null(strstr(replay.text, "login:"));
    assert_false(replay.touches || replay.alternate);
    free(replay.text);
    assert_int_equal(make("\r\n \r\n", 5, 24, 80, &replay), 0);
    assert_non_null(strstr(replay.text, "Blank.\r\n"));
    free(replay.text);
    assert_int_equal(make("\x1b[?1049hvi", 10, 24, 80, &replay), 0);
    assert_true(replay.touches && replay.alternate);
    free(replay.text);
    /* The largest window that is believed, and one that is too small. */
    assert_int_equal(make("login: ", 7, XW_TTY_ROWS_MAX, XW_TTY_COLUMNS_MAX, &replay), 0);
    free(replay.text);
    assert_int_equal(make("login: ", 7, 2, 8, &replay), 0);
    free(replay.text);
    assert_int_equal(make("login: ", 7, 1, 80, &replay), -ENOTSUP);
    assert_int_equal(make("login: ", 7, 24, 7, &replay), -ENOTSUP);
}

static int64_t milliseconds(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* Work for longer than anybody waits: each line makes the whole of a large window move. */
static void it_takes_too_long(void **state)
{
    static char bytes[65536];
    struct xw_replay replay;
    int64_t began = milliseconds();

    (void)state;
    for (size_t i = 0; i + 8 <= sizeof(bytes); i += 8)
        memcpy(bytes + i, "\x1b[1;1H\x1bM", 8);
    int rc = make(bytes, sizeof(bytes), XW_TTY_ROWS_MAX, XW_TTY_COLUMNS_MAX, &replay);
    assert_true(rc == -ETIMEDOUT || rc == -EPROTO);
    assert_in_range(milliseconds() - began, 500, 4 * XW_REPLAY_MS);
}

/* --- the stream ------------------------------------------------------------------------------ */

/* Shows a history of `count` of which the bytes come; what the terminal got is in `shown`. */
static char shown[65536];

static int show(const char *bytes, size_t count, struct xw_pump *pump, int *other)
{
    static const struct xw_session session = {.charset = XW_CHARSET_UTF8};
    int ends[2];
    int terminal[2];
    int saved = dup(STDOUT_FILENO);

    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, ends), 0);
    assert_int_equal(pipe2(terminal, O_NONBLOCK), 0);
    assert_int_equal(send(ends[0], bytes, strlen(bytes), 0), strlen(bytes));
    *pump = (struct xw_pump){.socket = ends[1]};
    *other = ends[0];
    fflush(stdout);
    dup2(terminal[1], STDOUT_FILENO);
    close(terminal[1]);
    if (strlen(bytes) < count)
        shutdown(ends[0], SHUT_WR);
    char *taken = malloc(count + 1);
    assert_non_null(taken);
    int rc = xw_history_show(&session, pump, taken, count, "Words.\n", "Blank.\n");
    free(taken);
    dup2(saved, STDOUT_FILENO);
    close(saved);
    ssize_t n = read(terminal[0], shown, sizeof(shown) - 1);
    shown[n > 0 ? n : 0] = '\0';
    close(terminal[0]);
    return rc;
}

static void the_stream_goes_on(void **state)
{
    static struct xw_pump pump;
    char next[8] = "";
    int other;

    (void)state;
    assert_int_equal(show("$ live", 2, &pump, &other), 0);
    assert_non_null(strstr(shown, "$"));
    assert_null(strstr(shown, "live"));
    assert_int_equal(pump.passed_over, 0);
    assert_false(pump.guest.touched);
    /* Not a byte of what follows has been taken. */
    assert_int_equal(recv(pump.socket, next, sizeof(next), MSG_DONTWAIT), 4);
    assert_string_equal(next, "live");
    close(pump.socket);
    close(other);
    /* What is unfinished comes last, as it came. */
    assert_int_equal(show("$ \x1b[1;3", 7, &pump, &other), 0);
    assert_string_equal(shown + strlen(shown) - 5, "\x1b[1;3");
    assert_true(pump.guest.touched);
    close(pump.socket);
    close(other);
    assert_int_equal(show("\x1b[?1049hvi", 10, &pump, &other), 0);
    assert_true(pump.guest.touched && pump.guest.alternate);
    close(pump.socket);
    close(other);
}

static void history_that_does_not_come(void **state)
{
    static struct xw_pump pump;
    int other;

    (void)state;
    assert_int_equal(show("short", 100, &pump, &other), -ETIMEDOUT);
    assert_int_equal(pump.passed_over, 95);
    assert_string_equal(shown, "");
    close(pump.socket);
    close(other);
}

/* Where history is not shown, what it has is passed over and no more than that. */
static void history_that_is_passed_over(void **state)
{
    static struct xw_pump pump;
    int ends[2];
    int terminal[2];
    int saved = dup(STDOUT_FILENO);

    (void)state;
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, ends), 0);
    assert_int_equal(pipe2(terminal, O_NONBLOCK), 0);
    pump = (struct xw_pump){.socket = ends[1], .passed_over = 10};
    fflush(stdout);
    dup2(terminal[1], STDOUT_FILENO);
    assert_int_equal(send(ends[0], "\x1b[?1h", 5, 0), 5);
    enum xw_pump_end first = xw_pump_from_guest(&pump);
    assert_int_equal(send(ends[0], "67890live", 9, 0), 9);
    enum xw_pump_end second = xw_pump_from_guest(&pump);
    dup2(saved, STDOUT_FILENO);
    close(saved);
    close(terminal[1]);
    assert_true(first == XW_PUMP_GOES_ON && second == XW_PUMP_GOES_ON);
    ssize_t n = read(terminal[0], shown, sizeof(shown));
    assert_int_equal(n, 4);
    assert_memory_equal(shown, "live", 4);
    assert_false(pump.guest.touched);
    close(terminal[0]);
    close(ends[0]);
    close(ends[1]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(text_and_cursor),
        cmocka_unit_test(attributes_and_colours),
        cmocka_unit_test(wide_and_combined),
        cmocka_unit_test(an_alternate_screen),
        cmocka_unit_test(modes),
        cmocka_unit_test(words),
        cmocka_unit_test(hostile_sequences),
        cmocka_unit_test(what_libvterm_can_not_take),
        cmocka_unit_test(malformed_and_hidden_text),
        cmocka_unit_test(a_screen_of_anything),
        cmocka_unit_test(where_a_sequence_is_unfinished),
        cmocka_unit_test(it_is_rendered_elsewhere),
        cmocka_unit_test(it_takes_too_long),
        cmocka_unit_test(the_stream_goes_on),
        cmocka_unit_test(history_that_does_not_come),
        cmocka_unit_test(history_that_is_passed_over),
    };

    /* As xwsh has it (signals.c). */
    signal(SIGCHLD, SIG_IGN);
    setlocale(LC_CTYPE, "C.UTF-8");
    return cmocka_run_group_tests(tests, NULL, NULL);
}
