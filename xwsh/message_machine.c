#include "xwsh/message_machine.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "xwsh/message_fields.h"

enum { NUMBER_MAX = 1 << 30 };

static const char *const state_names[XW_STATE_COUNT] = {
    [XW_STATE_OFF] = "off",
    [XW_STATE_STARTING] = "starting",
    [XW_STATE_RUNNING] = "running",
    [XW_STATE_PAUSED] = "paused",
    [XW_STATE_DISK_FULL] = "disk-full",
    [XW_STATE_SUSPENDED] = "suspended",
    [XW_STATE_STOPPING] = "stopping",
    [XW_STATE_CRASHED] = "crashed",
    [XW_STATE_MISSING] = "missing",
};

const char *xw_state_name(enum xw_state state)
{
    return state_names[state];
}

int xw_message_state(const char *word, enum xw_state *state)
{
    for (int i = 0; i < XW_STATE_COUNT; i++) {
        if (strcmp(state_names[i], word) == 0) {
            *state = (enum xw_state)i;
            return 0;
        }
    }
    return -EBADMSG;
}

int xw_message_segment(char *line, struct xw_segment *segment)
{
    char *field[XW_FIELDS_MAX];

    if (!xw_fields_split(line, field, 2, false) || !xw_name_ok(field[1]))
        return -EBADMSG;
    snprintf(segment->name, sizeof(segment->name), "%s", field[1]);
    return 0;
}

/* One of a machine's interfaces, "SEGMENT=ADDRESS". */
static bool parse_link(char *text, struct xw_link *link)
{
    char *address = strchr(text, '=');

    if (!address)
        return false;
    *address++ = '\0';
    if (strcmp(address, "-") == 0)
        address = "";
    else if (*address == '\0')
        return false;
    return xw_name_ok(text) && xw_fields_copy(link->segment, sizeof(link->segment), text) &&
           xw_fields_copy(link->address, sizeof(link->address), address);
}

/* All of them, joined by commas; "-" for none. */
static bool parse_links(char *text, struct xw_machine *machine)
{
    if (strcmp(text, "-") == 0)
        return true;
    while (text) {
        char *comma = strchr(text, ',');
        if (comma)
            *comma++ = '\0';
        if (machine->link_count == XW_LINKS_MAX)
            return false;
        if (!parse_link(text, &machine->links[machine->link_count++]))
            return false;
        text = comma;
    }
    return true;
}

int xw_message_machine(char *line, struct xw_machine *machine)
{
    char *field[XW_FIELDS_MAX];

    if (!xw_fields_split(line, field, 7, false) || !xw_name_ok(field[1]) ||
        !xw_owner_ok(field[2]) || !xw_name_ok(field[3]) ||
        xw_message_state(field[4], &machine->state) < 0 ||
        xw_number(field[5], NUMBER_MAX, &machine->memory) < 0 || !parse_links(field[6], machine))
        return -EBADMSG;
    snprintf(machine->lab, sizeof(machine->lab), "%s", field[1]);
    snprintf(machine->owner, sizeof(machine->owner), "%s", field[2]);
    snprintf(machine->name, sizeof(machine->name), "%s", field[3]);
    return 0;
}
