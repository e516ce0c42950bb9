/* <term.h> makes macros of words like lines and columns: hence a file of its own, and it last. */
#include "xwsh/tty.h"

#include <unistd.h>

#include <curses.h>

#include <term.h>

bool xw_tty_is_capable(const char *term)
{
    int reason = 0;

    if (!*term || setupterm(term, STDOUT_FILENO, &reason) != OK)
        return false;
    bool capable = cursor_address && clear_screen && !hard_copy && !generic_type;
    del_curterm(cur_term);
    return capable;
}
