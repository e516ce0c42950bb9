#include "xwsh/print.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/cleanup.h"
#include "common/clock.h"
#include "xwsh/checkpoint.h"
#include "xwsh/tty.h"
#include "xwsh/when.h"
#include "xwsh/world_topology.h"

enum { COLUMNS_MAX = 8, CELL_SIZE = XW_SAFE_SIZE(XW_ADDRESSES_MAX) };

struct row {
    char cell[COLUMNS_MAX][CELL_SIZE];
};

struct table {
    const char *const *heading; /* "" leaves the column out of the table for people */
    int columns;
    size_t rows;
    void (*fill)(const struct xw_session *session, const struct xw_model *model, size_t index,
                 struct row *row);
};

static void fill_world(const struct xw_session *session, const struct xw_model *model, size_t index,
                       struct row *row)
{
    const struct xw_world *world = &model->worlds[index];

    snprintf(row->cell[0], CELL_SIZE, "%s", world->address);
    snprintf(row->cell[1], CELL_SIZE, "%s", world->owner);
    snprintf(row->cell[2], CELL_SIZE, "%lu", world->machines);
    snprintf(row->cell[3], CELL_SIZE, "%lu", world->running);
    xw_safe_text(xw_session_out_charset(session), world->title, row->cell[4], CELL_SIZE);
}

/* For people: the window in words, and the title, which may be long, behind it. */
static void fill_world_shown(const struct xw_session *session, const struct xw_model *model,
                             size_t index, struct row *row)
{
    const struct xw_window *window = xw_model_window(model, model->worlds[index].address);
    char when[XW_WHEN_SIZE];

    fill_world(session, model, index, row);
    memcpy(row->cell[5], row->cell[4], CELL_SIZE);
    xw_when_text(window, xw_clock_now(), when);
    snprintf(row->cell[4], CELL_SIZE, "%s", when);
}

static void fill_time(time_t when, char *cell)
{
    char text[XW_RFC3339_SIZE];

    xw_when_rfc3339(when, text);
    snprintf(cell, CELL_SIZE, "%s", when ? text : "-");
}

/* For programs: the state and the times behind all that there was before. */
static void fill_world_plain(const struct xw_session *session, const struct xw_model *model,
                             size_t index, struct row *row)
{
    const struct xw_window *window = xw_model_window(model, model->worlds[index].address);

    fill_world(session, model, index, row);
    snprintf(row->cell[5], CELL_SIZE, "%s",
             xw_window_word(window ? window->state : XW_WINDOW_OPEN));
    fill_time(window ? window->opens : 0, row->cell[6]);
    fill_time(window ? window->closes : 0, row->cell[7]);
}

/* What has not been used since it was made, or isn't known, has no time. */
static void fill_member(const struct xw_session *session, const struct xw_model *model,
                        size_t index, struct row *row)
{
    const struct xw_world *world = &model->worlds[index];
    char when[XW_WHEN_SIZE];

    fill_world_shown(session, model, index, row);
    memcpy(row->cell[5], row->cell[4], CELL_SIZE);
    xw_when_date(world->last_use, xw_clock_now(), when);
    snprintf(row->cell[4], CELL_SIZE, "%s", world->last_use ? when : "-");
}

static void fill_member_plain(const struct xw_session *session, const struct xw_model *model,
                              size_t index, struct row *row)
{
    fill_world_plain(session, model, index, row);
    fill_time(model->worlds[index].last_use, row->cell[4]);
}

static void fill_machine(const struct xw_session *session, const struct xw_model *model,
                         size_t index, struct row *row)
{
    const struct xw_machine *machine = &model->machines[index];
    char addresses[XW_ADDRESSES_MAX];

    snprintf(row->cell[0], CELL_SIZE, "%s", machine->name);
    snprintf(row->cell[1], CELL_SIZE, "%s", xw_state_name(machine->state));
    snprintf(row->cell[2], CELL_SIZE, "%lu%s", machine->memory, session->out_tty ? " MiB" : "");
    xw_safe_text(xw_session_out_charset(session), xw_machine_addresses(machine, addresses),
                 row->cell[3], CELL_SIZE);
}

/* Times are UTC and say so, as everything that the lab records. */
static void fill_saved(const struct xw_session *session, const struct xw_model *model, size_t index,
                       struct row *row)
{
    const struct xw_saved *saved = &model->saved[index];

    snprintf(row->cell[0], CELL_SIZE, "%s", saved->machine);
    snprintf(row->cell[1], CELL_SIZE, "%s", saved->name);
    fill_time(saved->made, row->cell[2]);
    snprintf(row->cell[3], CELL_SIZE, "%s", saved->memory ? "memory" : "disk");
    if (session->out_tty)
        xw_checkpoint_size(saved->size, row->cell[4]);
    else
        snprintf(row->cell[4], CELL_SIZE, "%lu", saved->size);
    xw_safe_text(xw_session_out_charset(session), saved->text, row->cell[5], CELL_SIZE);
}

static void print_plain(const struct xw_session *session, const struct xw_model *model,
                        const struct table *table)
{
    struct row row;

    for (size_t i = 0; i < table->rows; i++) {
        table->fill(session, model, i, &row);
        for (int j = 0; j < table->columns; j++)
            printf("%s%c", row.cell[j], j == table->columns - 1 ? '\n' : '\t');
    }
}

static void print_aligned_row(const struct table *table, const int *width, const char *const *cell)
{
    for (int j = 0; j < table->columns; j++) {
        if (!*table->heading[j])
            continue;
        bool last = j == table->columns - 1;
        printf("%s%*s%s", cell[j], last ? 0 : width[j] - xw_safe_columns(cell[j]), "",
               last ? "\n" : "  ");
    }
}

static void print_aligned(const struct xw_session *session, const struct xw_model *model,
                          const struct table *table)
{
    int width[COLUMNS_MAX];
    struct row row;

    for (int j = 0; j < table->columns; j++)
        width[j] = xw_safe_columns(table->heading[j]);
    for (size_t i = 0; i < table->rows; i++) {
        table->fill(session, model, i, &row);
        for (int j = 0; j < table->columns; j++) {
            int columns = xw_safe_columns(row.cell[j]);
            width[j] = columns > width[j] ? columns : width[j];
        }
    }
    print_aligned_row(table, width, table->heading);
    for (size_t i = 0; i < table->rows; i++) {
        const char *cell[COLUMNS_MAX];
        table->fill(session, model, i, &row);
        for (int j = 0; j < table->columns; j++)
            cell[j] = row.cell[j];
        print_aligned_row(table, width, cell);
    }
}

static void print_table(const struct xw_session *session, const struct xw_model *model,
                        const struct table *table)
{
    if (session->out_tty)
        print_aligned(session, model, table);
    else
        print_plain(session, model, table);
}

static bool has_several_owners(const struct xw_model *model)
{
    for (size_t i = 1; i < model->world_count; i++) {
        if (strcmp(model->worlds[i].owner, model->worlds[0].owner) != 0)
            return true;
    }
    return false;
}

void xw_print_worlds(const struct xw_session *session, const struct xw_model *model)
{
    const char *heading[] = {"WORLD",   has_several_owners(model) ? "OWNER" : "", "MACHINES",
                             "RUNNING", model->window_count > 0 ? "WHEN" : "",    "TITLE"};
    const struct table shown = {heading, 6, model->world_count, fill_world_shown};
    const struct table plain = {heading, 8, model->world_count, fill_world_plain};

    if (model->world_count == 0 && session->out_tty)
        puts("You have no worlds yet. They appear by themselves when a course gives you a lab.");
    else
        print_table(session, model, session->out_tty ? &shown : &plain);
}

void xw_print_members(const struct xw_session *session, const struct xw_model *model)
{
    const char *heading[] = {"WORLD",   "OWNER",    "MACHINES",
                             "RUNNING", "LAST USE", model->window_count > 0 ? "WHEN" : ""};
    const struct table shown = {heading, model->window_count > 0 ? 6 : 5, model->world_count,
                                fill_member};
    const struct table plain = {heading, 8, model->world_count, fill_member_plain};

    if (model->world_count == 0 && session->out_tty)
        puts("This lab has no worlds yet. 'prepare LAB USER' makes one before its owner logs in.");
    else
        print_table(session, model, session->out_tty ? &shown : &plain);
}

/* When the lab opens or closes: no line of the table, so beside it where programs read that. */
static void print_when(const struct xw_session *session, const struct xw_model *model,
                       const char *lab)
{
    char when[XW_WHEN_SIZE];

    xw_when_text(xw_model_window(model, lab), xw_clock_now(), when);
    if (*when)
        fprintf(session->out_tty ? stdout : stderr, "%s: %s\n", lab, when);
}

/* Which of the machines have a graphical console. */
static void print_screens(const struct xw_model *model)
{
    const char *before = "With a screen ('help vnc'): ";

    for (size_t i = 0; i < model->machine_count; i++) {
        if (!model->machines[i].graphics)
            continue;
        printf("%s%s", before, model->machines[i].name);
        before = ", ";
    }
    if (*before == ',')
        putchar('\n');
}

void xw_print_machines(const struct xw_session *session, const struct xw_model *model,
                       const char *lab)
{
    static const char *const heading[] = {"MACHINE", "STATE", "MEMORY", "ADDRESSES"};
    const struct table table = {heading, 4, model->machine_count, fill_machine};

    print_when(session, model, lab);
    print_table(session, model, &table);
    if (session->out_tty && xw_model_suspended(model))
        puts(XW_SUSPENDED_TEXT);
    if (session->out_tty)
        print_screens(model);
}

/* The drawing as lines, which the caller frees. NULL without memory, or where it is too wide. */
static char *draw_lines(const struct xw_session *session, const struct xw_model *model)
{
    struct xw_drawing drawing;
    char *text = NULL;
    int rows;
    int columns;

    xw_tty_size(STDOUT_FILENO, &rows, &columns);
    int rc = xw_world_draw(model, session->charset, columns, &drawing);
    if (rc == 0 && session->out_tty && drawing.picture.columns > columns)
        fprintf(stderr, "Drawn, this takes %d columns; in words:\n", drawing.picture.columns);
    else if (rc == 0)
        text = xw_picture_lines(&drawing.picture);
    xw_drawing_free(&drawing);
    return text;
}

int xw_print_topology(const struct xw_session *session, const struct xw_model *model,
                      const char *lab, bool plain)
{
    XW_AUTO_FREE char *text = NULL;

    print_when(session, model, lab);
    if (!plain && (session->capable || !session->out_tty))
        text = draw_lines(session, model);
    if (!text)
        text = xw_world_describe(model, xw_session_out_charset(session));
    if (!text)
        return -ENOMEM;
    fputs(text, stdout);
    return 0;
}

void xw_print_checkpoints(const struct xw_session *session, const struct xw_model *model)
{
    static const char *const heading[] = {"MACHINE", "CHECKPOINT", "MADE", "OF", "SIZE", "TEXT"};
    const struct table table = {heading, 6, model->saved_count, fill_saved};

    if (model->saved_count == 0 && session->out_tty)
        puts("There is no checkpoint yet; 'help checkpoint' shows how to make one.");
    else
        print_table(session, model, &table);
}

void xw_progress_clear(struct xw_progress *progress)
{
    if (progress->columns > 0)
        fprintf(stderr, "\r%*s\r", progress->columns, "");
    progress->columns = 0;
}

void xw_progress_show(struct xw_progress *progress, const char *subject, const char *text)
{
    const struct xw_session *session = progress->session;
    char line[XW_ERROR_TEXT_MAX];
    char safe[XW_SAFE_SIZE(XW_ERROR_TEXT_MAX)];
    char fitted[sizeof(safe)];
    int rows;
    int columns;

    if (!session->err_tty)
        return;
    snprintf(line, sizeof(line), "%s: %s", subject, text);
    xw_safe_text(session->charset, line, safe, sizeof(safe));
    if (!session->capable) {
        fprintf(stderr, "%s\n", safe);
        return;
    }
    xw_tty_size(STDERR_FILENO, &rows, &columns);
    xw_progress_clear(progress);
    progress->columns = xw_safe_fit(session->charset, safe, columns - 1, fitted, sizeof(fitted));
    fputs(fitted, stderr);
}

/* One line about who may: of three fields, the last of any length. */
static void print_grant(const struct xw_session *session, const char *role, const char *name,
                        const char *rest)
{
    const enum xw_charset charset = xw_session_out_charset(session);
    char safe_name[XW_SAFE_SIZE(XW_GROUP_NAME_SIZE)];
    size_t size = XW_SAFE_SIZE(strlen(rest));
    char *safe = malloc(size);

    xw_safe_text(charset, name, safe_name, sizeof(safe_name));
    if (safe)
        xw_safe_text(charset, rest, safe, size);
    printf(session->out_tty ? "%-15s  %-16s  %s\n" : "%s\t%s\t%s\n", role, safe_name,
           safe ? safe : "");
    free(safe);
}

void xw_print_grants(const struct xw_session *session, const struct xw_model *model,
                     const char *lab, const struct xw_group_view *groups)
{
    char when[XW_WHEN_SIZE];

    print_when(session, model, lab);
    if (session->out_tty)
        print_grant(session, "ROLE", "WHO", "MEMBERS");
    for (size_t i = 0; i < model->grant_count; i++) {
        const bool words = session->out_tty && *model->grants[i].user;
        print_grant(session, xw_grant_role_word(model->grants[i].role), groups[i].name,
                    !words               ? groups[i].members
                    : *groups[i].members ? "named in the lab's file"
                                         : "named in the lab's file, but that account is gone");
    }
    for (size_t i = 0; i < model->extension_count; i++) {
        const struct xw_extension *extension = &model->extensions[i];
        if (session->out_tty)
            xw_when_date(extension->until, xw_clock_now(), when);
        else
            xw_when_rfc3339(extension->until, when);
        print_grant(session, "extended", extension->owner, when);
    }
}
