#include "tests/hostile/layers.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PAGE "docs/layers.md"

static bool had(struct outcome outcome)
{
    return outcome.what == HAD;
}

bool layers_gained(const struct row *row, enum column column)
{
    int notes = row->attempt->notes;

    return had(row->cell[column]) && !(notes & DISTURBS) &&
           ((notes & ITS_UID) || !had(row->student));
}

const char *layers_word(const struct row *row, enum column column)
{
    struct outcome outcome = row->cell[column];
    bool permitted = had(row->cell[PERMISSIONS_ALONE]);

    switch (outcome.what) {
    case KILLED:
        return "seccomp";
    case REFUSED_BY_KEEPER:
        return "the keeper";
    case REFUSED:
        return !permitted ? "permissions" : row->flag.what == REFUSED ? "the flag" : "Landlock";
    case HAD:
        return layers_gained(row, column)       ? "**nothing**"
               : row->attempt->notes & DISTURBS ? "nothing (disturbs)"
                                                : "as its student";
    default:
        return "broken";
    }
}

static const char *part_name(int part)
{
    return part == IN_GATE ? "gate" : part == IN_READER ? "reader" : "relay";
}

static void write_row(char *line, size_t size, int part, const struct row *row)
{
    size_t used = (size_t)snprintf(line, size, "| %s |", row->attempt->words);

    for (enum column column = WITH_ALL; column < COLUMNS; column++) {
        if (column == WITHOUT_FLAG && part != IN_GATE)
            continue;
        used += (size_t)snprintf(line + used, size - used, " %s |", layers_word(row, column));
    }
    snprintf(line + used, size - used, "\n");
}

/* Goes to the line behind the part's heading; NULL without one. */
static FILE *open_page(int part)
{
    char wanted[64];
    char line[1024];
    FILE *page = fopen(PAGE, "re");

    snprintf(wanted, sizeof(wanted), "<!-- %s -->\n", part_name(part));
    while (page && fgets(line, sizeof(line), page)) {
        if (strcmp(line, wanted) == 0)
            return page;
    }
    if (page)
        fclose(page);
    return NULL;
}

/* The next line of the page that isn't about what this kernel lacks; "" at the end. */
static void next_line(FILE *page, const struct row *rows, size_t count, char *line, int size)
{
    bool skipped = true;

    while (skipped) {
        skipped = false;
        if (!fgets(line, size, page) || strncmp(line, "<!--", 4) == 0) {
            *line = '\0';
            return;
        }
        for (size_t i = 0; i < count; i++) {
            size_t length = strlen(rows[i].attempt->words);
            skipped = skipped || (!rows[i].here && strncmp(line, "| ", 2) == 0 &&
                                  strncmp(line + 2, rows[i].attempt->words, length) == 0 &&
                                  strncmp(line + 2 + length, " |", 2) == 0);
        }
    }
}

void layers_compare(int part, const struct row *rows, size_t count)
{
    char line[1024];
    char wanted[1024];
    FILE *page = open_page(part);

    if (!page)
        fail(PAGE " has no table of the %s", part_name(part));
    for (int i = 0; page && i < 2; i++) /* the heading */
        next_line(page, rows, 0, line, sizeof(line));
    for (size_t i = 0; i < count; i++) {
        if (!rows[i].here) {
            printf("# not on this kernel: %s\n", rows[i].attempt->words);
            continue;
        }
        write_row(wanted, sizeof(wanted), part, &rows[i]);
        printf("#%s %s", part_name(part), wanted);
        if (!page)
            continue;
        next_line(page, rows, count, line, sizeof(line));
        if (strcmp(line, wanted) != 0)
            fail(PAGE " says otherwise (tests/hostile/layers writes it anew): %.300s", line);
    }
    if (page) {
        next_line(page, rows, count, line, sizeof(line));
        if (*line)
            fail(PAGE " says more: %.300s", line);
        fclose(page);
    }
}
