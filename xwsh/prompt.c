#include "xwsh/prompt.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "common/clock.h"
#include "xwsh/commands.h"
#include "xwsh/gate.h"
#include "xwsh/password.h"
#include "xwsh/pump.h"
#include "xwsh/target.h"
#include "xwsh/tty.h"
#include "xwsh/when.h"

enum { OPERAND_SIZE = 2 * XW_COMMAND_MAX };

struct prompt {
    const struct xw_session *session; /* ours, with .quiet set */
    struct xw_settings settings;
    int64_t quiet;             /* how long no key came on a console */
    char world[XW_WORLD_SIZE]; /* "" on the list of worlds */
    struct xw_model model;     /* what is listed */
    bool leaving;
};

static size_t listed(const struct prompt *prompt)
{
    return *prompt->world ? prompt->model.machine_count : prompt->model.world_count;
}

/* ", closes in 3 h" behind what a lab's world is; nothing for one that is always open. */
static void when_of(const struct prompt *prompt, const char *lab, char text[XW_WHEN_SIZE + 2])
{
    char when[XW_WHEN_SIZE];

    xw_when_text(xw_model_window(&prompt->model, lab), xw_clock_now(), when);
    snprintf(text, XW_WHEN_SIZE + 2, "%s%s", *when ? ", " : "", when);
}

static void show_worlds(const struct prompt *prompt)
{
    printf("\nYour worlds:\n");
    for (size_t i = 0; i < prompt->model.world_count; i++) {
        const struct xw_world *world = &prompt->model.worlds[i];
        char title[XW_SAFE_SIZE(XW_TITLE_MAX)];
        char when[XW_WHEN_SIZE + 2];
        when_of(prompt, world->address, when);
        xw_safe_text(prompt->session->charset, world->title, title, sizeof(title));
        printf("%3zu  %s, %lu of %lu machines running%s: %s\n", i + 1, world->address,
               world->running, world->machines, when, title);
    }
    if (prompt->model.world_count == 0)
        puts("  none yet; they appear by themselves when a course gives you a lab.");
    for (size_t i = 0; i < prompt->model.lab_count; i++)
        printf("You look after %s: 'list --lab %s' shows all its worlds.\n",
               prompt->model.labs[i].lab, prompt->model.labs[i].lab);
    puts("Type a number to open a world; 'start 1' to start its machines; 'help'; 'quit'.");
}

static void show_machines(const struct prompt *prompt)
{
    char when[XW_WHEN_SIZE + 2];

    when_of(prompt, prompt->world, when);
    printf("\nThe machines of %s%s:\n", prompt->world, when);
    for (size_t i = 0; i < prompt->model.machine_count; i++) {
        const struct xw_machine *machine = &prompt->model.machines[i];
        char text[XW_ADDRESSES_MAX];
        char addresses[XW_SAFE_SIZE(XW_ADDRESSES_MAX)];
        xw_safe_text(prompt->session->charset, xw_machine_addresses(machine, text), addresses,
                     sizeof(addresses));
        printf("%3zu  %s, %s, %lu MiB, %s\n", i + 1, machine->name, xw_state_name(machine->state),
               machine->memory, addresses);
    }
    if (xw_model_suspended(&prompt->model))
        puts(XW_SUSPENDED_TEXT ".");
    puts("Type a number for a machine's console; start, stop, reboot or revert with a\n"
         "number, a name or 'all'; Enter to look again; 'back'; 'help'; 'quit'.");
}

/* Asks for the list anew and shows it. */
static void reload(struct prompt *prompt)
{
    struct xw_request request = {.verb = *prompt->world ? XW_VERB_STATUS : XW_VERB_LIST};
    struct xw_model fresh = {0};
    struct xw_error err = {0};

    if (*prompt->world)
        xw_request_set_world(&request, prompt->world);
    enum xw_exit code = xw_gate_run(prompt->session->signal_fd, &request, &fresh, NULL, NULL, &err);
    if (code != XW_EXIT_OK) {
        xw_session_complain(prompt->session, err.text);
        xw_model_clear(&fresh);
        if (code == XW_EXIT_REFUSED)
            prompt->world[0] = '\0';
        return;
    }
    xw_model_replace(&prompt->model, &fresh);
    if (*prompt->world)
        show_machines(prompt);
    else
        show_worlds(prompt);
}

/* The name behind a number of the list, or NULL where it isn't one. */
static const char *numbered(const struct prompt *prompt, const char *word)
{
    unsigned long number = 0;

    if (xw_number(word, listed(prompt), &number) < 0 || number == 0)
        return NULL;
    return *prompt->world ? prompt->model.machines[number - 1].name
                          : prompt->model.worlds[number - 1].address;
}

/* Makes a target of what a person may type for it here: 2, web, web,client, all. */
static const char *resolve(const struct prompt *prompt, const char *word, char *buffer)
{
    struct xw_request request = {0};
    const char *name = numbered(prompt, word);

    if (!*prompt->world)
        return name ? name : word;
    if (strcmp(word, "all") == 0 && !xw_model_machine(&prompt->model, word))
        return prompt->world;
    bool machines = xw_request_set_machines(&request, word) == 0 && !request.whole_world &&
                    xw_model_machine(&prompt->model, request.machines[0]);
    if (!name && !machines)
        return word;
    snprintf(buffer, OPERAND_SIZE, "%s/%s", prompt->world, machines ? word : name);
    return buffer;
}

static void run_command(const struct prompt *prompt, const struct xw_words *words)
{
    const char *word[XW_WORDS_MAX + 1];
    char buffer[OPERAND_SIZE];
    size_t count = words->count;
    bool resolved = false;
    const struct xw_command *command = xw_command_find(words->word[0]);
    bool takes_target = command && command->operands_min > 0;

    for (size_t i = 0; i < count; i++) {
        word[i] = words->word[i];
        if (i == 0 || !takes_target || word[i][0] == '-' || resolved)
            continue;
        word[i] = resolve(prompt, word[i], buffer);
        resolved = true;
    }
    if (takes_target && command->verb == XW_VERB_STATUS && !resolved && *prompt->world)
        word[count++] = prompt->world;
    xw_commands_run(prompt->session, count, word);
}

/* A number alone opens a world, or a machine's console. */
static void choose(struct prompt *prompt, const char *name)
{
    char target[XW_WORLD_SIZE + XW_NAME_SIZE];

    if (!*prompt->world) {
        snprintf(prompt->world, sizeof(prompt->world), "%s", name);
        reload(prompt);
        return;
    }
    snprintf(target, sizeof(target), "%s/%s", prompt->world, name);
    xw_commands_run(prompt->session, 2, (const char *const[]){"console", target});
}

static bool is_number(const char *word)
{
    return *word && strspn(word, "0123456789") == strlen(word);
}

static void obey(struct prompt *prompt, const char *line)
{
    struct xw_words words;
    struct xw_error err = {0};

    if (xw_words_split(line, &words, &err) < 0) {
        xw_session_complain(prompt->session, err.text);
        return;
    }
    const char *first = words.count > 0 ? words.word[0] : "";
    if (words.count == 0) {
        reload(prompt);
    } else if (strcmp(first, "quit") == 0 || strcmp(first, "exit") == 0) {
        prompt->leaving = true;
    } else if (strcmp(first, "back") == 0) {
        prompt->world[0] = '\0';
        reload(prompt);
    } else if (words.count == 1 && is_number(first)) {
        const char *name = numbered(prompt, first);
        if (name)
            choose(prompt, name);
        else
            puts("That number is not in the list; press Enter to see the list.");
    } else {
        run_command(prompt, &words);
    }
}

/* What can be done to clear a screen whose cursor can't be placed: what stood there moves out. */
static void push_away(void)
{
    int rows;
    int columns;

    xw_tty_size(STDOUT_FILENO, &rows, &columns);
    for (int i = 0; i < rows; i++)
        putchar('\n');
}

/* Returns when it is unlocked, or with leaving set. Nothing that was typed meanwhile is read later.
 */
static void lock(struct prompt *prompt)
{
    const struct xw_session *session = prompt->session;
    char ignored[XW_COMMAND_MAX];
    int rc = -EACCES;

    push_away();
    while (rc != 0 && rc != -EPIPE) {
        struct xw_error err = {0};
        rc = xw_tty_read_secret(session->signal_fd, "Locked. Enter to unlock, ^C to leave.", -1,
                                ignored, sizeof(ignored));
        explicit_bzero(ignored, sizeof(ignored));
        if (rc == -EINTR || rc == -EPIPE)
            break;
        rc = xw_password_prove(session, &prompt->settings, prompt->settings.user, &err);
        if (rc < 0)
            xw_session_complain(session, err.text);
    }
    prompt->leaving = rc != 0;
    if (!prompt->leaving)
        reload(prompt);
}

/* One line, or the lock where none comes in time or none came on a console. */
static void turn(struct prompt *prompt)
{
    char line[XW_COMMAND_MAX];
    char text[XW_WORLD_SIZE + 3];
    int64_t limit = prompt->settings.lock_ms;

    snprintf(text, sizeof(text), "%s> ", *prompt->world ? prompt->world : "worlds");
    int rc =
        limit > 0 && prompt->quiet >= limit
            ? -ETIMEDOUT
            : xw_tty_read_line_until(prompt->session->signal_fd, text, false,
                                     limit > 0 ? xw_pump_now() + limit : -1, line, sizeof(line));
    prompt->quiet = 0;
    if (rc == 0)
        obey(prompt, line);
    else if (rc == -ETIMEDOUT)
        lock(prompt);
    else if (rc == -EMSGSIZE)
        xw_session_complain(prompt->session, "that line is too long");
    else
        putchar('\n');
    prompt->leaving = prompt->leaving || rc == -EPIPE;
}

enum xw_exit xw_prompt_run(const struct xw_session *session, const struct xw_settings *settings)
{
    struct xw_session own = *session;
    struct prompt prompt = {.session = &own, .settings = *settings};

    own.quiet = &prompt.quiet;
    if (session->prepared != XW_PREPARED_READY)
        xw_session_complain(session, xw_prepared_text(session->prepared));
    reload(&prompt);
    while (!prompt.leaving)
        turn(&prompt);
    xw_model_clear(&prompt.model);
    return XW_EXIT_OK;
}
