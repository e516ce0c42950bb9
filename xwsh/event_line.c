/* The lines of a stream of events, read. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "xwsh/events.h"
#include "xwsh/message_fields.h"
#include "xwsh/message_machine.h"

int xw_event_parse(char *line, struct xw_event *event)
{
    char *field[XW_FIELDS_MAX];

    *event = (struct xw_event){.kind = XW_EVENT_CHANGED};
    if (strcmp(line, "changed") == 0)
        return 0;
    event->kind = XW_EVENT_LOST;
    if (strcmp(line, "lost") == 0)
        return 0;
    event->kind = XW_EVENT_STATE;
    if (!xw_fields_split(line, field, 5, false) || strcmp(field[0], "state") != 0 ||
        !xw_name_ok(field[1]) || !xw_owner_ok(field[2]) || !xw_name_ok(field[3]) ||
        xw_message_state(field[4], &event->state) < 0)
        return -EBADMSG;
    snprintf(event->lab, sizeof(event->lab), "%s", field[1]);
    snprintf(event->owner, sizeof(event->owner), "%s", field[2]);
    snprintf(event->machine, sizeof(event->machine), "%s", field[3]);
    return 0;
}
