#include "xwadm/patience.h"

#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

#include "common/exitcode.h"

enum { SECONDS = 60 };

/* Only what signal-safety(7) allows. */
static void give_up(int number)
{
    static const char text[] =
        "\nxwadm: nothing has moved for a minute: libvirt doesn't answer, or another command holds "
        "a world. What is done is kept; the same command goes on with it\n";

    (void)number;
    if (write(STDERR_FILENO, text, sizeof(text) - 1) < 0)
        _exit(XW_EXIT_TRY_AGAIN);
    _exit(XW_EXIT_TRY_AGAIN);
}

void xw_patience_begin(void)
{
    const struct sigaction action = {.sa_handler = give_up};

    if (sigaction(SIGALRM, &action, NULL) < 0)
        abort();
    alarm(SECONDS);
}

void xw_patience_end(void)
{
    alarm(0);
}
