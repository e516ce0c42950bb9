#include "xwsh/render.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include <vterm.h>

/* What libvterm keeps of a cell, twice, and what it keeps besides: strings as long as the input. */
enum { CELL = 2 * 48, BESIDES = 2 << 20, ALIGNMENT = 16, REPLY_SIZE = 64 };

/* Of a control sequence; and what cancels one. */
enum { DIGITS_MAX = 4, PARAMETERS_MAX = 16, CANCEL = 0x18, SUBSTITUTE = 0x1a };

struct memory {
    char *next;
    size_t left;
};

/* Nothing is given back: the process ends. */
static void *take(size_t size, void *data)
{
    struct memory *memory = data;
    size_t taken = (size + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
    void *at = memory->next;

    if (taken < size || taken > memory->left)
        return NULL;
    memory->next += taken;
    memory->left -= taken;
    return memset(at, 0, size);
}

static void give_back(void *at, void *data)
{
    (void)at;
    (void)data;
}

size_t xw_render_memory(int rows, int columns)
{
    return (size_t)rows * (size_t)columns * CELL + (size_t)(rows + columns) * CELL + BESIDES;
}

/* What libvterm answers, while we are the ones who ask. */
struct reply {
    size_t used;
    char text[REPLY_SIZE];
};

static void take_reply(const char *bytes, size_t count, void *data)
{
    struct reply *reply = data;

    if (count < sizeof(reply->text) - reply->used) {
        memcpy(reply->text + reply->used, bytes, count);
        reply->used += count;
        reply->text[reply->used] = '\0';
    }
}

static void ignore_reply(const char *bytes, size_t count, void *data)
{
    (void)bytes;
    (void)count;
    (void)data;
}

static void write_text(VTerm *terminal, const char *text)
{
    vterm_input_write(terminal, text, strlen(text));
}

/*
 * What the guest wrote, on its way to libvterm, which isn't given all of it. Strings (OSC, DCS and
 * their like) have nothing that is seen: title, clipboard, questions. And libvterm 0.1.4 reads
 * behind the end of some, writes behind its list of 16 parameters, is led astray by numbers near
 * 2^31, and repeats for ever a character that there is not.
 */
struct input {
    enum { TEXT, ESCAPE, SEQUENCE, STRING } state;
    int digits;      /* of the parameter so far */
    int parameters;  /* before this one */
    bool begun;      /* ESC has been passed on */
    bool printed;    /* the last byte was a character of ASCII */
    bool repeatable; /* there was one before the sequence */
    char *out;
};

static void pass(struct input *input, char byte)
{
    *input->out++ = byte;
}

/* Ends a sequence that is none: to libvterm, too, whatever it makes of what it was given. */
static void cancel(struct input *input)
{
    input->state = TEXT;
    pass(input, CANCEL);
}

/* A byte after ESC, which is passed on with it; between it and a "[" libvterm takes others. */
static void follow_escape(struct input *input, char byte)
{
    if (byte && strchr("]PX^_", byte)) {
        cancel(input);
        input->state = STRING;
        return;
    }
    if (!input->begun)
        pass(input, '\x1b');
    pass(input, byte);
    input->begun = byte >= ' ' && byte < '0';
    input->state = input->begun ? ESCAPE : byte == '[' ? SEQUENCE : TEXT;
    input->digits = input->parameters = 0;
}

static void follow_sequence(struct input *input, char byte)
{
    bool digit = byte >= '0' && byte <= '9';
    bool next = byte == ';' || byte == ':';
    bool ends = byte >= '@' && byte <= '~';

    input->digits = digit ? input->digits + 1 : 0;
    input->parameters += next;
    if ((digit && input->digits > DIGITS_MAX) ||
        ((digit || next) && input->parameters >= PARAMETERS_MAX))
        return;
    if (byte == 'b' && !input->repeatable) {
        cancel(input);
        return;
    }
    pass(input, byte);
    if (ends)
        input->state = TEXT;
}

static void follow(struct input *input, char byte)
{
    bool plain = byte >= ' ' && byte <= '~';
    bool text = input->state == TEXT;

    /* A control character within a sequence would be obeyed; hardly anybody sends one. */
    if (!plain && (input->state == ESCAPE || input->state == SEQUENCE))
        cancel(input);
    if (byte == '\x1b') {
        input->repeatable = text && input->printed;
        input->state = ESCAPE;
        input->begun = false;
    } else if (input->state == STRING) {
        input->state = byte == '\a' || byte == CANCEL || byte == SUBSTITUTE ? TEXT : STRING;
    } else if (input->state == ESCAPE) {
        follow_escape(input, byte);
    } else if (input->state == SEQUENCE) {
        follow_sequence(input, byte);
    } else {
        pass(input, byte);
    }
    input->printed = text && plain;
}

/* Gives libvterm what it may have; out has room for twice as many bytes. */
static void write_guest(VTerm *terminal, const char *bytes, size_t count, char *out)
{
    struct input input = {.out = out};

    for (size_t i = 0; i < count; i++)
        follow(&input, bytes[i]);
    vterm_input_write(terminal, out, (size_t)(input.out - out));
}

/* A decimal number; *text is moved behind it. */
static int read_number(const char **text)
{
    int number = 0;

    while (**text >= '0' && **text <= '9' && number < 100000)
        number = number * 10 + *(*text)++ - '0';
    return number;
}

/* DECRQM: "ESC [ ? MODE $ p" is answered with "ESC [ ? MODE ; 1 $ y" where it is set. */
static bool is_set(VTerm *terminal, const char *question)
{
    struct reply reply = {0};

    vterm_output_set_callback(terminal, take_reply, &reply);
    write_text(terminal, question);
    vterm_output_set_callback(terminal, ignore_reply, NULL);
    const char *value = strchr(reply.text, ';');
    return value && value[1] == '1';
}

/* DECRQSS of DECSTBM: answered with "DCS 1 $ r TOP ; BOTTOM r ST". */
static void take_margins(VTerm *terminal, int rows, struct xw_screen *screen)
{
    struct reply reply = {0};

    screen->bottom = rows;
    vterm_output_set_callback(terminal, take_reply, &reply);
    write_text(terminal, "\x1bP$qr\x1b\\");
    vterm_output_set_callback(terminal, ignore_reply, NULL);
    const char *at = strstr(reply.text, "$r");
    if (!at)
        return;
    at += 2;
    int top = read_number(&at);
    if (*at++ != ';')
        return;
    screen->top = top - 1;
    screen->bottom = read_number(&at);
}

/* What the keypad's 0 would send tells whether it has another meaning. */
static bool has_keypad_mode(VTerm *terminal)
{
    struct reply reply = {0};

    vterm_output_set_callback(terminal, take_reply, &reply);
    vterm_keyboard_key(terminal, VTERM_KEY_KP_0, VTERM_MOD_NONE);
    vterm_output_set_callback(terminal, ignore_reply, NULL);
    return reply.used > 0 && reply.text[0] != '0';
}

static struct xw_colour colour_of(const VTermColor *from)
{
    if (VTERM_COLOR_IS_DEFAULT_FG(from) || VTERM_COLOR_IS_DEFAULT_BG(from))
        return (struct xw_colour){.kind = XW_COLOUR_DEFAULT};
    if (VTERM_COLOR_IS_INDEXED(from))
        return (struct xw_colour){.kind = XW_COLOUR_INDEXED, .red = from->indexed.idx};
    return (struct xw_colour){
        .kind = XW_COLOUR_RGB, from->rgb.red, from->rgb.green, from->rgb.blue};
}

static uint8_t attribute_if(bool has, enum xw_attribute attribute)
{
    return has ? (uint8_t)attribute : 0;
}

static void take_cell(const VTermScreen *from, VTermPos at, struct xw_cell *cell)
{
    VTermScreenCell is = {0};

    if (!vterm_screen_get_cell(from, at, &is))
        return;
    cell->columns = is.chars[0] == UINT32_MAX ? 0 : (uint8_t)is.width;
    for (int i = 0; i < XW_CELL_CHARACTERS && is.chars[i] && cell->columns > 0; i++)
        cell->characters[i] = is.chars[i];
    cell->pen.attributes = (uint8_t)(attribute_if(is.attrs.bold, XW_ATTRIBUTE_BOLD) |
                                     attribute_if(is.attrs.italic, XW_ATTRIBUTE_ITALIC) |
                                     attribute_if(is.attrs.underline, XW_ATTRIBUTE_UNDERLINE) |
                                     attribute_if(is.attrs.blink, XW_ATTRIBUTE_BLINK) |
                                     attribute_if(is.attrs.reverse, XW_ATTRIBUTE_REVERSE) |
                                     attribute_if(is.attrs.strike, XW_ATTRIBUTE_STRIKE));
    cell->pen.foreground = colour_of(&is.fg);
    cell->pen.background = colour_of(&is.bg);
}

static void take_page(VTerm *terminal, int rows, int columns, struct xw_cell *cells,
                      struct xw_cursor *cursor)
{
    const VTermScreen *from = vterm_obtain_screen(terminal);
    VTermPos at;

    for (at.row = 0; at.row < rows; at.row++) {
        for (at.col = 0; at.col < columns; at.col++)
            take_cell(from, at, &cells[at.row * columns + at.col]);
    }
    vterm_state_get_cursorpos(vterm_obtain_state(terminal), &at);
    *cursor = (struct xw_cursor){.row = at.row, .column = at.col};
}

/* Whether one more character would go to the next line. The page has been taken. */
static bool would_wrap(VTerm *terminal, int columns)
{
    VTermPos before;
    VTermPos after;

    vterm_state_get_cursorpos(vterm_obtain_state(terminal), &before);
    if (before.col != columns - 1)
        return false;
    write_text(terminal, "x");
    vterm_state_get_cursorpos(vterm_obtain_state(terminal), &after);
    return after.col != before.col;
}

static bool pen_has(const VTermState *state, VTermAttr attribute)
{
    VTermValue value = {0};

    return vterm_state_get_penattr(state, attribute, &value) && value.number != 0;
}

static void take_pen(const VTermState *state, struct xw_pen *pen)
{
    VTermValue value = {0};

    pen->attributes =
        (uint8_t)(attribute_if(pen_has(state, VTERM_ATTR_BOLD), XW_ATTRIBUTE_BOLD) |
                  attribute_if(pen_has(state, VTERM_ATTR_ITALIC), XW_ATTRIBUTE_ITALIC) |
                  attribute_if(pen_has(state, VTERM_ATTR_UNDERLINE), XW_ATTRIBUTE_UNDERLINE) |
                  attribute_if(pen_has(state, VTERM_ATTR_BLINK), XW_ATTRIBUTE_BLINK) |
                  attribute_if(pen_has(state, VTERM_ATTR_REVERSE), XW_ATTRIBUTE_REVERSE) |
                  attribute_if(pen_has(state, VTERM_ATTR_STRIKE), XW_ATTRIBUTE_STRIKE));
    if (vterm_state_get_penattr(state, VTERM_ATTR_FOREGROUND, &value))
        pen->foreground = colour_of(&value.color);
    if (vterm_state_get_penattr(state, VTERM_ATTR_BACKGROUND, &value))
        pen->background = colour_of(&value.color);
}

static void take_modes(VTerm *terminal, int rows, struct xw_screen *screen)
{
    screen->cursor_keys = is_set(terminal, "\x1b[?1$p");
    screen->stays = !is_set(terminal, "\x1b[?7$p");
    screen->hidden = !is_set(terminal, "\x1b[?25$p");
    screen->paste = is_set(terminal, "\x1b[?2004$p");
    screen->keypad = has_keypad_mode(terminal);
    take_margins(terminal, rows, screen);
    take_pen(vterm_obtain_state(terminal), &screen->pen);
}

static int take_property(VTermProp property, VTermValue *value, void *data)
{
    struct xw_screen *screen = data;

    if (property == VTERM_PROP_ALTSCREEN)
        screen->alternate = value->boolean != 0;
    return 1;
}

void xw_render(const char *bytes, size_t count, int rows, int columns, struct xw_screen *screen,
               void *memory, size_t size)
{
    struct memory all = {memory, size};
    VTermAllocatorFunctions functions = {take, give_back};
    VTerm *terminal = vterm_new_with_allocator(rows, columns, &functions, &all);
    VTermScreen *emulated = vterm_obtain_screen(terminal);
    static const VTermScreenCallbacks callbacks = {.settermprop = take_property};
    const size_t page = (size_t)rows * (size_t)columns;
    char *filtered = take(2 * count, &all);

    if (!filtered)
        abort();
    vterm_set_utf8(terminal, 1);
    vterm_output_set_callback(terminal, ignore_reply, NULL);
    vterm_screen_set_callbacks(emulated, &callbacks, screen);
    vterm_screen_enable_altscreen(emulated, 1);
    vterm_screen_set_damage_merge(emulated, VTERM_DAMAGE_SCREEN);
    vterm_screen_reset(emulated, 1);
    write_guest(terminal, bytes, count, filtered);
    /* CAN: whatever is unfinished stays so. */
    write_text(terminal, "\x18");
    take_modes(terminal, rows, screen);
    enum xw_page shown = screen->alternate ? XW_PAGE_ALTERNATE : XW_PAGE_MAIN;
    take_page(terminal, rows, columns, screen->cells + shown * page, &screen->cursors[shown]);
    screen->cursors[shown].wraps = would_wrap(terminal, columns);
    if (!screen->alternate)
        return;
    vterm_screen_set_callbacks(emulated, NULL, NULL);
    write_text(terminal, "\x1b[?1049l");
    take_page(terminal, rows, columns, screen->cells, &screen->cursors[XW_PAGE_MAIN]);
}
