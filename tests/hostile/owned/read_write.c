/* Harmless ones of the reader's calls over the read-write socket, where they must succeed. */
#include <stdio.h>

#include "tests/hostile/owned/reader_calls.h"

static void report(int peer, const char *text)
{
    (void)peer;
    fputs(text, stdout);
}

int main(void)
{
    reader_calls(-1, "qemu:///system", true, report);
    return 0;
}
