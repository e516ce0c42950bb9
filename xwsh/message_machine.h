/* The lines of the protocol about the segments and machines of a world, read. */
#ifndef XW_XWSH_MESSAGE_MACHINE_H
#define XW_XWSH_MESSAGE_MACHINE_H

#include "xwsh/model.h"

/* Both cut the line up. Return 0, or -EBADMSG where it is none of theirs. */
int xw_message_segment(char *line, struct xw_segment *segment);
int xw_message_machine(char *line, struct xw_machine *machine);

/* The state that a word of the protocol names. Returns 0 or -EBADMSG. */
int xw_message_state(const char *word, enum xw_state *state);

#endif
